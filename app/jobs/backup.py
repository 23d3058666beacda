"""Copy the whole store to a file, and put a copy in its place."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.geo.errors import UsageError
from app.jobs.audit import of_command
from app.jobs.database import open_database, work_in
from app.settings import StoreSettings
from app.store import backup
from app.store.audit import write_audit
from app.store.backup import Count
from app.store.connect import Store

__all__ = ["back_up", "restore"]


def back_up(settings: StoreSettings, file: Path) -> Count:
    """Write a proven copy of the store to a file that is not there yet.

    Raises
    ------
    UsageError, StoreError
        No file is left then.
    """
    if file.exists():
        raise UsageError(f"{file} 已存在：请换一个文件名")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"没有文件夹 {file.absolute().parent}")
    work_in(settings, _nothing)  # brings the store to this version, so that the copy is of one
    with open_database(settings) as named:
        count = asyncio.run(backup.back_up(named.database_url, file))
        work_in(named, lambda store: _note(store, "backup"))
    return count


def restore(settings: StoreSettings, file: Path, *, force: bool) -> Count:
    """Put a copy in the place of the store, and bring it to this version.

    Raises
    ------
    UsageError, StoreError
        The store is as it was.
    """
    if not file.is_file():
        raise UsageError(f"没有文件 {file}")
    with open_database(settings) as named:
        count = asyncio.run(backup.restore(named.database_url, file, force=force))
        work_in(named, lambda store: _note(store, "restore"))
    return count


async def _note(store: Store, action: str) -> None:
    async with store.writing() as connection:
        await write_audit(connection, [of_command(action)])


async def _nothing(_store: Store) -> None:
    """Leave it at the migration that every work begins with."""
