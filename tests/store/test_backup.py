"""Copies of the store: private, proven, whole; a damaged one changes nothing, and what was there before is kept."""

from __future__ import annotations

import asyncio
import stat

import asyncpg
import pytest
from drawn_plans import draw_plan
from sqlalchemy import text

from app.geo.errors import UsageError
from app.store.backup import back_up, restore
from app.store.connect import open_store
from app.store.errors import Conflict, StoreError
from app.store.plans import read_plans
from tests.store.conftest import put_in_force, take_in


def databases(postgis) -> set[str]:
    async def go():
        connection = await asyncpg.connect(postgis.url_of("postgres"))
        names = {row[0] for row in await connection.fetch("SELECT datname FROM pg_database")}
        await connection.close()
        return names

    return asyncio.run(go())


@pytest.fixture
def filled(within, store_settings, tmp_path):
    """Return the file of a copy of a store with one plan in force, and what it holds."""

    async def go(store):
        await put_in_force(store, await take_in(store, draw_plan()))

    within(go)
    file = tmp_path / "copy.dump"
    return file, asyncio.run(back_up(store_settings.database_url, file))


def test_a_copy_is_private_proven_and_leaves_no_scratch_database(filled, postgis):
    file, count = filled
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (count["plan_grids"][0], count["plans"][0]) == (4, 1)
    assert not any("proof" in name for name in databases(postgis))


def test_nothing_is_overwritten(filled, store_settings):
    file, _ = filled
    before = file.read_bytes()
    with pytest.raises(UsageError, match="已存在"):
        asyncio.run(back_up(store_settings.database_url, file))
    assert file.read_bytes() == before


def test_a_copy_that_cannot_be_made_leaves_no_file(store_settings, tmp_path):
    file = tmp_path / "copy.dump"
    with pytest.raises(StoreError):
        asyncio.run(back_up(store_settings.database_url.replace("/t", "/nothing_", 1), file))
    assert not file.exists()


def test_a_restored_store_is_that_of_the_copy_and_takes_new_plans(filled, postgis, store_settings):
    file, count = filled

    async def go(settings):
        assert await restore(settings.database_url, file, force=False) == count
        async with open_store(settings.database_url, settings) as store:
            await take_in(store, draw_plan(note="later"))
            async with store.reading() as connection:
                assert [plan.status for plan in await read_plans(connection)] == ["draft", "published"]
            with pytest.raises(StoreError, match="不可更改"):
                async with store.writing() as connection:
                    await connection.execute(text("UPDATE plan_grids SET name = 'x'"))

    with postgis.database() as settings:
        asyncio.run(go(settings))
        name = settings.database_url.partition("?")[0].rpartition("/")[2]
        [before] = [one for one in databases(postgis) if one.startswith(f"{name}_before")]
        postgis.run(f"DROP DATABASE {before}")


def test_a_filled_store_is_only_replaced_by_force(filled, store_settings):
    file, _ = filled
    with pytest.raises(Conflict, match="--force"):
        asyncio.run(restore(store_settings.database_url, file, force=False))


def test_a_damaged_copy_changes_nothing(filled, postgis, store_settings, within):
    file, _ = filled
    for damage in (file.read_bytes()[: file.stat().st_size // 2], b"no copy at all"):
        bad = file.with_name("bad.dump")
        bad.write_bytes(damage)
        with pytest.raises(StoreError, match="pg_restore"):
            asyncio.run(restore(store_settings.database_url, bad, force=True))

    async def go(store):
        async with store.reading() as connection:
            assert len(await read_plans(connection)) == 1

    within(go)
    assert not any("_new_" in name for name in databases(postgis))
