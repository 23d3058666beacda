"""The audit from the command line: looked through, checked, archived; and what commands themselves leave in it."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from app.geo.errors import UsageError
from app.jobs.database import work_in
from app.settings import StoreSettings
from app.store import audit_archive
from app.store.audit import Entry, Head, Sealed, Wanted, read_audit, read_head, write_audit
from app.store.audit_archive import LEAST_DAYS, Segment, keep_head, make_key, read_heads, read_key
from app.store.audit_check import AuditReport, check_audit
from app.store.connect import AsyncConnection, Store

__all__ = ["Archived", "archive_audit", "list_audit", "note_head", "of_command", "run_in_store", "verify_audit"]

Value = TypeVar("Value")


@dataclass(frozen=True)
class Archived:
    """What was moved into the archive, if anything was old enough."""

    segment: Segment | None
    file: str


def of_command(action: str, subject: str = "", result: str = "ok") -> Entry:
    """Return the entry of a command, by whoever is signed in to this machine."""
    return Entry("cli", None, getpass.getuser(), action, subject, "cli", result)


def run_in_store(
    settings: StoreSettings, work: Callable[[AsyncConnection], Awaitable[Value]], action: str = "", subject: str = ""
) -> Value:
    """Do something in one transaction of the store, which is brought to this version first; an action is audited.

    Raises
    ------
    StoreError
        What the store has against it.
    """

    async def go(store: Store) -> Value:
        async with store.writing() as connection:
            done = await work(connection)
            if action:
                await write_audit(connection, [of_command(action, subject)])
            return done

    return work_in(settings, go)


def list_audit(settings: StoreSettings, wanted: Wanted, *, most: int) -> list[Sealed]:
    """Return the newest entries that are wanted, oldest first; that they were read is written down."""

    async def work(store: Store) -> list[Sealed]:
        async with store.writing() as connection:
            found = await read_audit(connection, before=2**63 - 1, wanted=wanted, most=most)
            await write_audit(connection, [of_command("audit list")])
        return found[::-1]

    return work_in(settings, work)


def verify_audit(settings: StoreSettings) -> AuditReport:
    """Walk the whole chain, through the archive, and compare it with what lies outside the database.

    Raises
    ------
    StoreError
        The database, the heads or the key cannot be read.
    """
    folder = settings.audit_folder
    heads = read_heads(folder)
    key = read_key(folder) if (folder / audit_archive.KEY).exists() else None

    async def work(store: Store) -> AuditReport:
        async with store.reading() as connection:
            return await check_audit(connection, folder, key, heads)

    return work_in(settings, work)


def archive_audit(settings: StoreSettings, *, days: int) -> Archived:
    """Move what is older than some days into a signed file of the archive.

    Raises
    ------
    UsageError
        Younger entries must stay.
    StoreError
        Nothing was moved.
    """
    if days < LEAST_DAYS:
        raise UsageError(f"审计记录至少在库里保存 {LEAST_DAYS} 天")
    folder = settings.audit_folder
    key = make_key(folder)
    before = datetime.now(UTC) - timedelta(days=days)

    async def work(store: Store) -> Segment | None:
        async with store.writing() as connection:
            segment = await audit_archive.archive(connection, folder, key, before=before)
            if segment is not None:
                await write_audit(connection, [of_command("audit archive", f"{segment.first}-{segment.last}")])
            return segment

    segment = work_in(settings, work)
    return Archived(segment, "" if segment is None else str(audit_archive.segment_file(folder, segment.first)))


def note_head(settings: StoreSettings) -> Head:
    """Write the head of the chain outside the database now, and return it."""

    async def work(store: Store) -> Head:
        async with store.reading() as connection:
            return await read_head(connection)

    head = keep_head(settings.audit_folder, lambda: work_in(settings, work), every=0)
    assert head is not None  # noqa: S101  every line is old enough
    return head
