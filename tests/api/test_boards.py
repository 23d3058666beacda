"""Boards that are held against the store, whatever their numbers say."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from live_service import fill, point_in

from app.api import boards as module
from app.api.boards import KeptBoards
from app.geo.lookup import NOWHERE
from app.store.connect import open_store
from app.store.errors import StoreUnavailable


@pytest.fixture
def settings(postgis, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.2)
    with postgis.database() as given:
        yield given


@asynccontextmanager
async def boards_of(settings) -> AsyncIterator[tuple[KeptBoards, asyncpg.Connection]]:
    """Keep boards of a small county in force, beside a connection that may do anything to its tables."""
    async with open_store(settings.database_url, settings) as store:
        await fill(store)
        boards = KeptBoards(store)
        keeping = asyncio.create_task(boards.run())
        owner = await asyncpg.connect(settings.database_url)
        try:
            await until(lambda: grids_of(boards) == 4)
            yield boards, owner
        finally:
            await owner.close()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)


def grids_of(boards: KeptBoards) -> int | None:
    """Return how many grids are on today's board; None where it does not count."""
    try:
        return len(boards.current.grids)
    except StoreUnavailable:
        return None


async def until(true) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  nobody tells of what is not in force any more
            await asyncio.sleep(0.02)


def test_what_is_changed_behind_the_numbers_is_seen_at_the_next_look_and_said(settings, caplog):
    async def go() -> None:
        async with boards_of(settings) as (boards, owner):
            before = boards.current
            with caplog.at_level(logging.ERROR, "jiexiang.boards"):
                await owner.execute(
                    "DELETE FROM in_force WHERE community_id = (SELECT min(community_id) FROM in_force)"
                )
                await until(lambda: grids_of(boards) == 2)
            assert boards.current.revisions == before.revisions
            assert boards.current.index.find_point(*point_in(1, 1)) == NOWHERE

    asyncio.run(go())
    [told] = {record.getMessage().partition(":")[0] for record in caplog.records}
    assert told == "what is in memory is not what is in force, though nothing was told"


def test_a_store_that_contradicts_itself_is_not_answered_from(settings, caplog):
    async def go() -> None:
        async with boards_of(settings) as (boards, owner):
            await owner.execute("ALTER TABLE communities DROP CONSTRAINT fk_communities_town_id")
            with caplog.at_level(logging.ERROR, "jiexiang.boards"):
                await owner.execute("UPDATE communities SET town_id = 999 WHERE id = (SELECT min(id) FROM communities)")
                await owner.execute("UPDATE counters SET number = number + 1 WHERE name IN ('changes', 'plans')")
                await until(lambda: grids_of(boards) is None)
            await owner.execute("UPDATE communities SET town_id = (SELECT min(id) FROM towns)")
            await until(lambda: grids_of(boards) == 4)

    asyncio.run(go())
    assert "the store contradicts itself about what is in force" in {
        record.getMessage().partition(":")[0] for record in caplog.records
    }


def test_where_looks_do_not_end_what_is_in_memory_counts_for_a_time_only(settings, monkeypatch):
    monkeypatch.setattr(module, "STALE_SECONDS", 0.5)
    monkeypatch.setattr(module, "LONGEST_RENEWAL_SECONDS", 3.0)

    async def go() -> None:
        async with boards_of(settings) as (boards, owner):
            async with owner.transaction():
                await owner.execute("LOCK TABLE counters IN ACCESS EXCLUSIVE MODE")
                began = time.monotonic()
                await until(lambda: grids_of(boards) is None)
                assert time.monotonic() - began < 3.0  # before the look is given up
                await asyncio.sleep(3.5)
                assert grids_of(boards) is None
            await until(lambda: grids_of(boards) == 4)

    asyncio.run(go())


def test_boards_end_at_the_moment_they_hear_something(settings):
    """With `asyncio.wait_for` of Python 3.11 one that was told of a change and cancelled at once went on for ever."""

    async def go() -> None:
        async with boards_of(settings) as (boards, _):
            keeping = asyncio.create_task(boards.run())
            await asyncio.sleep(0.5)
            boards._heard.set()
            keeping.cancel()
            done, _ = await asyncio.wait({keeping}, timeout=5)
            assert done

    asyncio.run(go())
