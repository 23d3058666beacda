"""Migrations make the tables that the code knows, go down to nothing and up again, and one runs at a time."""

from __future__ import annotations

import asyncio
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from app.store.connect import open_store
from app.store.errors import Conflict
from app.store.migrate import migrate, newest_revision, read_revision, run_migrations
from app.store.tables import metadata

CATALOGUE = """
SELECT 'column', attrelid::regclass || '.' || attname,
    concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid))
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid AND relkind = 'r' AND relnamespace = 'public'::regnamespace
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped AND attrelid::regclass::text <> ALL (:foreign)
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> ALL (:foreign)
UNION ALL SELECT 'index', indexname, indexdef
FROM pg_indexes WHERE schemaname = 'public' AND tablename <> ALL (:foreign)
ORDER BY 1, 2, 3
"""
BEFORE = "0002"
"""The revision before the one that made rooms and projects."""
FOREIGN = ["spatial_ref_sys", "geometry_columns", "geography_columns", "alembic_version", "-"]


async def read_catalogue(connection) -> list[tuple[str, str, str]]:
    return [tuple(row) for row in await connection.execute(text(CATALOGUE), {"foreign": FOREIGN})]


def _ours(_thing, name, kind, _reflected, _other):
    return not (kind == "table" and name in FOREIGN)


def test_migrations_go_up_down_and_up_again(postgis):
    async def go(settings):
        async with open_store(settings.database_url, settings) as store:
            assert await migrate(store)
            async with store.reading() as connection:
                first = await read_catalogue(connection)
                assert await read_revision(connection) == newest_revision()
            async with store.writing() as connection:
                await run_migrations(connection, "base")
                assert await read_catalogue(connection) == []
                functions = (
                    "SELECT count(*) FROM pg_proc WHERE proname IN ('keep_plan', 'keep_plan_content', 'append_only')"
                )
                assert await connection.scalar(text(functions)) == 0
            assert await migrate(store)
            assert not await migrate(store)
            async with store.reading() as connection:
                assert await read_catalogue(connection) == first

    with postgis.database(model=None) as settings:
        asyncio.run(go(settings))


def test_the_newest_revision_goes_down_to_the_one_before_and_leaves_what_is_there(postgis):
    async def go(settings):
        async with open_store(settings.database_url, settings) as store:
            async with store.writing() as connection:
                await run_migrations(connection, BEFORE)
                assert await read_revision(connection) == BEFORE
                tables = await connection.scalar(text("SELECT count(*) FROM pg_tables WHERE tablename = 'rooms'"))
                assert tables == 0
                assert await connection.scalar(text("SELECT count(*) FROM counters")) == 4
            assert await migrate(store)

    with postgis.database() as settings:
        asyncio.run(go(settings))


def test_a_migration_beside_readers_locks_nothing_that_they_read(postgis):
    async def go(settings):
        async with open_store(settings.database_url, settings) as store:
            async with store.writing() as connection:
                await run_migrations(connection, BEFORE)
                await connection.execute(text("INSERT INTO towns (code) SELECT n::text FROM generate_series(1, 50) n"))
                await connection.execute(
                    text(
                        "INSERT INTO communities (town_id, name) "
                        "SELECT towns.id, n::text FROM towns, generate_series(1, 400) n"
                    )
                )
            async with store.reading() as reader:
                assert await reader.scalar(text("SELECT count(*) FROM communities")) == 20_000
                started = time.monotonic()
                assert await migrate(store)  # while the reader still holds its transaction open
                took = time.monotonic() - started
            async with store.reading() as connection:
                assert await connection.scalar(text("SELECT count(*) FROM communities")) == 20_000
            assert took < 10

    with postgis.database() as settings:
        asyncio.run(go(settings))


def test_migrations_and_code_mean_the_same_tables(postgis, store_settings):
    async def go(migrated, made):
        async with open_store(migrated.database_url, migrated) as store, store.reading() as connection:
            of_migrations = await read_catalogue(connection)
            differences = await connection.run_sync(
                lambda sync: compare_metadata(
                    MigrationContext.configure(sync, opts={"include_object": _ours}), metadata
                )
            )
            assert differences == []
        async with open_store(made.database_url, made) as store, store.writing() as connection:
            await connection.execute(text("CREATE EXTENSION postgis"))
            await connection.execute(text("CREATE EXTENSION btree_gist"))
            await connection.run_sync(metadata.create_all)
            assert await read_catalogue(connection) == of_migrations

    with postgis.database(model=None) as made:
        asyncio.run(go(store_settings, made))


def test_many_who_migrate_at_once_do_it_once(postgis):
    async def go(settings):
        async with open_store(settings.database_url, settings) as store:
            assert sorted(await asyncio.gather(*[migrate(store) for _ in range(5)])) == [False] * 4 + [True]

    with postgis.database(model=None) as settings:
        asyncio.run(go(settings))


def test_a_database_of_a_newer_version_is_refused(store_settings):
    async def go():
        async with open_store(store_settings.database_url, store_settings) as store:
            async with store.writing() as connection:
                await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
            with pytest.raises(Conflict, match="9999"):
                await migrate(store)

    asyncio.run(go())
