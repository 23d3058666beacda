"""Bring a database to this version's tables: Alembic's migrations, which come with the package."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.connect import Store
from app.store.errors import Conflict, StoreUnavailable
from app.store.roles import give_rights

__all__ = ["migrate", "newest_revision", "read_revision", "run_migrations"]

MIGRATING = 0x4A580001
"""Number of the lock that only one process at a time may migrate under."""
LEAST_POSTGIS = (3, 3)
LOCK_MILLISECONDS = 1000
"""A migration waits no longer than this for a table: readers queue behind it."""


async def migrate(store: Store) -> bool:
    """Make or renew the tables; whoever comes second waits. Return whether there was anything to do.

    Raises
    ------
    StoreUnavailable
        The database has no PostGIS of at least 3.3, or does not answer.
    Conflict
        It was written by a newer version of this software.
    """
    async with store.writing() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
        await connection.execute(
            text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": str(LOCK_MILLISECONDS)}
        )
        await connection.execute(text("SELECT set_config('statement_timeout', '0', true)"))
        await _need_postgis(connection)
        present = await read_revision(connection)
        if present == newest_revision():
            return False
        known = {script.revision for script in _scripts().walk_revisions()}
        if present is not None and present not in known:
            raise Conflict(
                f"数据库由更新版本的街巷写成（{present}）：请升级软件",
                f"the database was written by a newer version ({present}): upgrade the software",
            )
        await run_migrations(connection, "head")
        await give_rights(connection)
        return True


async def run_migrations(connection: AsyncConnection, target: str) -> None:
    """Go up to a revision, or down to it where it lies below (`base` is nothing at all)."""
    await connection.run_sync(_run, target)


def _run(connection: Connection, target: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    present = MigrationContext.configure(connection).get_current_revision()
    below = {script.revision for script in _scripts().iterate_revisions(present, "base")} if present else set()
    if target == "base" or target in below:
        command.downgrade(config, target)
    else:
        command.upgrade(config, target)


async def read_revision(connection: AsyncConnection) -> str | None:
    """Return the revision of the tables that are there; None where there are none."""
    return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def newest_revision() -> str:
    """Return the revision that this version of the software needs."""
    return str(_scripts().get_current_head())


async def _need_postgis(connection: AsyncConnection) -> None:
    for name in ("postgis", "btree_gist"):
        there = await connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = :name"), {"name": name})
        able = await connection.scalar(text("SELECT 1 FROM pg_available_extensions WHERE name = :name"), {"name": name})
        if not there and not able:
            raise StoreUnavailable(
                f"数据库服务器没有 {name}：请在其上安装 postgresql-NN-postgis-3 和 postgresql-contrib",
                f"the database server has no {name}: install postgresql-NN-postgis-3 and postgresql-contrib there",
            )
    await connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
    await connection.execute(text("CREATE EXTENSION IF NOT EXISTS btree_gist"))
    version = str(await connection.scalar(text("SELECT postgis_lib_version()")))
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_POSTGIS:
        raise StoreUnavailable(
            f"PostGIS {version} 太旧：需要 3.3 或更高", f"PostGIS {version} is too old: 3.3 is needed"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
