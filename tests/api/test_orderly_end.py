"""A worker that ends writes down what it has told: nothing of the audit is lost without a word."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest

from app.api import journal, keeping, running
from app.api.metrics import Figures
from app.api.server import open_service
from app.settings import Settings, read_settings
from app.store.audit import Entry, read_audit
from app.store.connect import open_store

TOLD = Entry("user", 1, "li", "GET /people", details={"phones": 1})
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'audit'::regclass"


@dataclass(frozen=True)
class Ending:
    """A service of its own, which ends while somebody else holds the audit."""

    settings: Settings

    def run(self, end: Callable[[asyncio.Task[None], asyncpg.Connection], Awaitable[None]]) -> None:
        """Have a phone number told and the service end, and do something while it ends and the audit is locked."""

        async def go() -> None:
            owner = await asyncpg.connect(self.settings.store.database_url)
            opening = open_service(self.settings, Figures())
            service = await opening.__aenter__()
            await owner.execute("BEGIN; LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE")  # as the archive does
            service.journal.note(TOLD)
            await _until(owner, WAITING)
            works = [task for task in asyncio.all_tasks() if task.get_name() == "journal"]
            ending = asyncio.create_task(opening.__aexit__(None, None, None))
            await asyncio.wait(works, timeout=10)
            try:
                await end(ending, owner)
            finally:
                await owner.close()

        asyncio.run(go())

    def written(self) -> list[Entry]:
        async def go() -> list[Entry]:
            store = self.settings.store
            async with open_store(store.database_url, store) as opened, opened.reading() as connection:
                return [one.entry for one in await read_audit(connection)]

        return asyncio.run(go())


async def _until(connection: asyncpg.Connection, question: str) -> None:
    async with asyncio.timeout(10):
        while True:
            if await connection.fetchval(question):
                return
            await asyncio.sleep(0.01)


@pytest.fixture
def ending(store_settings, monkeypatch) -> Ending:
    monkeypatch.setattr(keeping, "AGAIN_SECONDS", 0.05)  # what is written is held up for longer than that
    settings = read_settings({}, results_to_terminal=False, progress_to_terminal=False)
    return Ending(replace(settings, store=store_settings))


def test_what_was_told_is_written_though_the_audit_is_held_up_at_the_end(ending):
    async def end(closing, owner) -> None:
        await owner.execute("ROLLBACK")
        await closing

    ending.run(end)
    assert ending.written() == [TOLD]


def test_an_end_that_is_interrupted_writes_it_all_the_same(ending):
    async def end(closing, owner) -> None:
        for _ in range(3):
            closing.cancel()
            await asyncio.sleep(0)
        await owner.execute("ROLLBACK")
        with contextlib.suppress(asyncio.CancelledError):
            await closing
        assert closing.cancelled()

    ending.run(end)
    assert ending.written() == [TOLD]


def test_what_cannot_be_written_at_the_end_is_counted_in_the_log(ending, monkeypatch, caplog):
    monkeypatch.setattr(journal, "CLOSE_SECONDS", 0.3)

    async def end(closing, _owner) -> None:
        async with asyncio.timeout(5):
            await closing

    with caplog.at_level(logging.ERROR):
        ending.run(end)
    assert "1 entries of the audit could not be written and are lost" in [one.getMessage() for one in caplog.records]
    assert ending.written() == []


def test_there_is_time_for_it_before_the_workers_are_killed():
    works = keeping.MOST_CANCELLATIONS * keeping.AGAIN_SECONDS
    last = journal.CLOSE_SECONDS + journal.GIVE_UP_SECONDS
    assert running.GRACE_SECONDS + works + last < running.STOP_SECONDS
    compose = (Path(__file__).parents[2] / "docker" / "compose.yaml").read_text("utf-8")
    service = compose.partition("  service:")[2]
    assert int(re.search(r"stop_grace_period: (\d+)s", service)[1]) > running.STOP_SECONDS
