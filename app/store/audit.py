"""Who did or saw what: rows that can only be added, each sealed together with the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables import audit, counters

__all__ = ["Entry", "Sealed", "read_audit", "seal", "write_audit"]

FIRST_HASH = bytes(32)


@dataclass(frozen=True)
class Entry:
    """One thing that somebody did or saw, from where, and what came of it; no personal data of anybody else."""

    actor_kind: str
    """user, key, cli, or '' for nobody known."""
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


async def write_audit(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Add entries, in their order, to the end of the chain. Writers wait for each other until they commit."""
    if not entries:
        return
    taken = update(counters).where(counters.c.name == "audit").values(number=counters.c.number + len(entries))
    last = int((await connection.execute(taken.returning(counters.c.number))).scalar_one())
    newest = select(audit.c.hash).order_by(audit.c.number.desc()).limit(1)
    previous = await connection.scalar(newest) or FIRST_HASH
    now = (await connection.execute(select(func.clock_timestamp()))).scalar_one().astimezone(UTC)
    rows = []
    for number, entry in enumerate(entries, start=last - len(entries) + 1):
        sealed = seal(number, now, entry, previous)
        rows.append(
            {
                "number": number,
                "at": now,
                **asdict(entry),
                "details": dict(entry.details),
                "previous_hash": previous,
                "hash": sealed,
            }
        )
        previous = sealed
    await connection.execute(insert(audit), rows)


def seal(number: int, at: datetime, entry: Entry, previous: bytes) -> bytes:
    """Return the SHA-256 of an entry and the hash before it."""
    words = [number, at.astimezone(UTC).isoformat(), asdict(entry), previous.hex()]
    return hashlib.sha256(json.dumps(words, sort_keys=True, ensure_ascii=True).encode()).digest()


async def read_audit(connection: AsyncConnection, *, after: int = 0, most: int = 1000) -> list[Sealed]:
    """Read entries in their order, beginning after a number."""
    question = select(audit).where(audit.c.number > after).order_by(audit.c.number).limit(most)
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
