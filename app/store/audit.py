"""Who did or saw what: rows that can only be added, each sealed together with the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.keys import find_key_id
from app.store.tables import audit, audit_segments, counters

__all__ = ["FIRST_HASH", "Entry", "Head", "Sealed", "Wanted", "read_audit", "read_head", "seal", "write_audit"]

FIRST_HASH = bytes(32)

_OF_ENTRY = ("actor_kind", "actor_id", "actor", "action", "subject", "source", "result", "details")
_WRITTEN = ("number", "at", *_OF_ENTRY, "previous_hash", "hash")
_TAKE = (
    update(counters)
    .where(counters.c.name == "audit")
    .values(number=counters.c.number + bindparam("count"))
    .returning(counters.c.number)
)
_NOW_AND_NEWEST = "SELECT clock_timestamp(), (SELECT hash FROM audit ORDER BY number DESC LIMIT 1)"
"""Asked of the driver, and the rows copied by it: SQLAlchemy takes several times as long for each statement."""

_as_json = json.JSONEncoder(sort_keys=True).encode
"""What is sealed is written alike for ever: in the order of names, in ASCII."""


@dataclass(frozen=True)
class Entry:
    """One thing that somebody did or saw, from where, and what came of it; no personal data of anybody else."""

    actor_kind: str
    """user, key, link, cli, or '' for nobody known."""
    actor_id: int | None
    actor: str
    action: str
    subject: str = ""
    source: str = ""
    result: str = "ok"
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sealed:
    """An entry as it was kept."""

    number: int
    at: datetime
    entry: Entry
    previous_hash: bytes
    hash: bytes


@dataclass(frozen=True)
class Head:
    """How far the chain has come: its last number and hash, and how many rows there are, archived ones included."""

    number: int
    hash: bytes
    count: int


@dataclass(frozen=True)
class Wanted:
    """Which entries are looked for; what is None or '' does not matter."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    """Part of the name of an account or a key."""
    key: str = ""
    """The prefix of a key: several may have one name."""
    action: str = ""
    """Part of the action."""
    of: str = ""
    """A grid's code, or whatever else an entry tells that it is about."""


async def write_audit(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Add entries, in their order, to the end of the chain. Writers wait for each other until they commit."""
    if not entries:
        return
    last = int((await connection.execute(_TAKE, {"count": len(entries)})).scalar_one())
    driver: Any = (await connection.get_raw_connection()).driver_connection  # the transaction has begun by now
    now, newest = await driver.fetchrow(_NOW_AND_NEWEST)
    now, previous = now.astimezone(UTC), newest or FIRST_HASH
    rows = []
    for number, entry in enumerate(entries, start=last - len(entries) + 1):
        sealed = seal(number, now, entry, previous)
        told = {**vars(entry), "details": _as_json(entry.details)}
        rows.append((number, now, *[told[name] for name in _OF_ENTRY], previous, sealed))
        previous = sealed
    await driver.copy_records_to_table(audit.name, records=rows, columns=_WRITTEN)


def seal(number: int, at: datetime, entry: Entry, previous: bytes) -> bytes:
    """Return the SHA-256 of an entry and the hash before it."""
    words = [number, at.astimezone(UTC).isoformat(), vars(entry), previous.hex()]
    return hashlib.sha256(_as_json(words).encode()).digest()


async def read_audit(
    connection: AsyncConnection,
    *,
    after: int = 0,
    before: int | None = None,
    wanted: Wanted | None = None,
    most: int = 1000,
) -> list[Sealed]:
    """Read entries in their order, beginning after a number; with `before`, the last ones before it, newest first.

    Raises
    ------
    NotFound
        No key has the prefix that is wanted.
    """
    question = select(audit).where(audit.c.number > after).limit(most)
    if before is None:
        question = question.order_by(audit.c.number)
    else:
        question = question.where(audit.c.number < before).order_by(audit.c.number.desc())
    if wanted is not None:
        if wanted.since is not None:
            question = question.where(audit.c.at >= wanted.since)
        if wanted.until is not None:
            question = question.where(audit.c.at < wanted.until)
        for column, words in ((audit.c.actor, wanted.actor), (audit.c.action, wanted.action)):
            if words:
                question = question.where(column.contains(words, autoescape=True))
        if wanted.key:
            key_id = await find_key_id(connection, wanted.key)
            question = question.where(audit.c.actor_kind == "key", audit.c.actor_id == key_id)
        if wanted.of:
            question = question.where(audit.c.details.contains({"of": [wanted.of]}))
    return [
        Sealed(
            row.number,
            row.at,
            Entry(
                row.actor_kind,
                row.actor_id,
                row.actor,
                row.action,
                row.subject,
                row.source,
                row.result,
                row.details,
            ),
            row.previous_hash,
            row.hash,
        )
        for row in await connection.execute(question)
    ]


async def read_head(connection: AsyncConnection) -> Head:
    """Read how far the chain has come."""
    newest = select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
    row = (await connection.execute(newest)).one_or_none()
    live = await connection.scalar(select(func.count()).select_from(audit))
    lengths = func.coalesce(func.sum(audit_segments.c.last - audit_segments.c.first + 1), 0)
    archived = await connection.scalar(select(lengths))
    count = int(live or 0) + int(archived or 0)
    return Head(0, FIRST_HASH, count) if row is None else Head(row.number, row.hash, count)
