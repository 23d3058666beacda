"""Boards that are held against the store, whatever their numbers say."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

import asyncpg
import pytest
from live_service import fill, point_in

from app.api import boards as module
from app.api.board import Board
from app.api.boards import MOST_AWAITED_DAYS, KeptBoards
from app.api.errors import TooMany
from app.geo.lookup import NOWHERE
from app.store.changes import NewChange, record_changes
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


@dataclass
class Gate:
    """Holds back whoever reads another day than today, and counts the days that are read."""

    boards: KeptBoards
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    read: Counter[date] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        load = self.boards._load

        async def load_in_turn(day: date, before: Board | None) -> Board:
            self.read[day] += 1
            if day != self.boards.clock():
                await self.opened.wait()
            return await load(day, before)

        self.boards._load = load_in_turn


def test_a_change_is_known_although_other_days_are_being_read(settings, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 60.0)

    async def go() -> None:
        async with boards_of(settings) as (boards, _):
            gate, today = Gate(boards), boards.current.day
            days = [today - timedelta(days=number) for number in range(1, MOST_AWAITED_DAYS + 1)]
            asking = [asyncio.create_task(boards.on(day)) for day in days]
            await until(lambda: gate.read)
            async with boards.store.writing() as connection:
                number = await record_changes(connection, [NewChange("plan.published", 1)])
            await until(lambda: boards.current.revisions.changes == number)
            assert not any(one.done() for one in asking)
            gate.opened.set()
            told = await asyncio.gather(*asking)
            assert [board.day for board in told] == days
            assert {board.revisions for board in told} == {boards.current.revisions}

    asyncio.run(go())


def test_a_day_is_read_once_for_all_who_wait_and_few_days_are_waited_for(settings):
    async def go() -> None:
        async with boards_of(settings) as (boards, _):
            gate, today = Gate(boards), boards.current.day
            days = [today - timedelta(days=number) for number in range(1, MOST_AWAITED_DAYS + 1)]
            asking = [asyncio.create_task(boards.on(day)) for day in days for _ in range(3)]
            await until(lambda: gate.read)
            one_more = today + timedelta(days=1)
            with pytest.raises(TooMany) as told:
                async with asyncio.timeout(10):
                    await boards.on(one_more)
            assert told.value.retry_seconds >= 1
            asking[0].cancel()  # who no longer waits keeps nobody waiting
            gate.opened.set()
            await asyncio.wait(asking)
            assert [one.result().day for one in asking[1:]] == [day for day in days for _ in range(3)][1:]
            assert (await boards.on(one_more)).day == one_more
            assert gate.read == Counter({days[0]: 2, **dict.fromkeys([*days[1:], one_more], 1)})

    asyncio.run(go())
