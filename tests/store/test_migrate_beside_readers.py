"""A database that is full is migrated while others read it: nobody waits for a table longer than a second."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import asyncpg
import shapely
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.store import migrate as migrating
from app.store.buildings import Building, replace_buildings
from app.store.connect import open_store
from tests.store.conftest import put_in_force, take_in
from tests.store.drawn_plans import draw_plan

BUILDINGS = 100_000
LONGEST = "1s"
TABLES = """
SELECT quote_ident(tablename) FROM pg_tables
WHERE schemaname = 'public' AND tablename NOT IN ('spatial_ref_sys', 'alembic_version')
"""
REVISIONS = [
    script.revision for script in reversed(list(ScriptDirectory.from_config(migrating._config()).walk_revisions()))
]


@contextmanager
def reading_all_the_time(url: str) -> Iterator[Counter[str]]:
    """Read every table, over and over, while the block runs; count what was read, and waited for in vain."""
    counted: Counter[str] = Counter()
    begun, over = threading.Event(), threading.Event()

    async def read() -> None:
        connection = await asyncpg.connect(url, server_settings={"lock_timeout": LONGEST})
        try:
            while not over.is_set():
                for [table] in await connection.fetch(TABLES):
                    try:
                        await connection.fetch(f"SELECT * FROM {table} LIMIT 1")  # noqa: S608  names of our own tables
                        counted["read"] += 1
                    except asyncpg.LockNotAvailableError:
                        counted[f"locked out of {table}"] += 1
                    except asyncpg.UndefinedTableError:  # gone since they were listed
                        counted["gone"] += 1
                begun.set()
        finally:
            await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(read()))
    thread.start()
    try:
        assert begun.wait(60)
        yield counted
    finally:
        over.set()
        thread.join()


def locked_out(counted: Counter[str]) -> list[str]:
    return [told for told in counted if told.startswith("locked out")]


async def until(seen: Callable[[], bool]) -> None:
    """Wait until something is seen."""
    for _ in range(600):
        if seen():
            return
        await asyncio.sleep(0.1)
    raise TimeoutError


async def fill(store) -> None:
    """Publish a plan with many buildings, in the newest tables."""
    plan_id = await take_in(store, draw_plan())
    await put_in_force(store, plan_id)
    shape = shapely.to_wkb(shapely.box(105, 30, 105.0001, 30.0001), byte_order=1)
    buildings = [Building(f"B{number}", None, "", "", "", 4, 11.0, shape) for number in range(BUILDINGS)]
    async with store.writing() as connection:
        await replace_buildings(connection, buildings)


async def go_to(store, revision: str) -> None:
    async with store.writing() as connection:
        await migrating.run_migrations(connection, revision)


def test_no_revision_locks_readers_out_of_a_full_database(postgis):
    async def go(settings):
        async with open_store(settings.database_url, settings) as store:
            await fill(store)
            await go_to(store, REVISIONS[0])
            with reading_all_the_time(settings.database_url) as counted:
                for revision in REVISIONS[1:]:
                    before = counted["read"]
                    await go_to(store, revision)
                    assert not locked_out(counted), revision
                    await until(lambda known=before: counted["read"] > known)
                await go_to(store, REVISIONS[0])
                assert await migrating.migrate(store)  # all of them in one transaction, as it is done
            assert not locked_out(counted)
            async with store.reading() as connection:
                assert await connection.scalar(text("SELECT count(*) FROM buildings")) == BUILDINGS
                assert await migrating.read_revision(connection) == REVISIONS[-1]

    with postgis.database() as settings:
        asyncio.run(go(settings))


def test_a_reader_that_is_locked_out_would_be_noticed(postgis):
    async def go(settings):
        async with open_store(settings.database_url, settings) as store:
            with reading_all_the_time(settings.database_url) as counted:
                async with store.writing() as connection:
                    await connection.execute(text("LOCK TABLE communities IN ACCESS EXCLUSIVE MODE"))
                    await until(lambda: bool(locked_out(counted)))
            assert locked_out(counted) == ["locked out of communities"]

    with postgis.database() as settings:
        asyncio.run(go(settings))
