"""Addresses of other systems that are told of changes: in order, at least once, tried again with growing pauses."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import COUNTY, Area
from app.store.errors import NotFound
from app.store.tables import counters, webhooks

__all__ = [
    "Due",
    "Webhook",
    "add_webhook",
    "claim_due",
    "note_delivery",
    "note_failure",
    "read_webhooks",
    "remove_webhook",
]

SECRET_BYTES = 32
LONGEST_PAUSE_SECONDS = 3600
LONGEST_ERROR = 200


@dataclass(frozen=True)
class Webhook:
    """An address without its secret; `delivered` is the number of the last change that it has acknowledged."""

    id: int
    url: str
    area: Area
    delivered: int
    failures: int
    next_attempt_at: datetime
    last_error: str
    created_by: str


@dataclass(frozen=True)
class Due:
    """An address that is to be told of what came after `delivered`, and the secret that signs it."""

    id: int
    url: str
    area: Area
    delivered: int
    secret: bytes


async def add_webhook(
    connection: AsyncConnection, url: str, *, area: Area = COUNTY, created_by: str = ""
) -> tuple[int, str]:
    """Add an address, which hears of everything from now on; return its number and its secret, this once."""
    secret = secrets.token_hex(SECRET_BYTES)
    newest = select(counters.c.number).where(counters.c.name == "changes").scalar_subquery()
    row: dict[str, Any] = {
        "url": url,
        "secret": secret.encode(),
        "scope": area.scope,
        "scope_id": area.id,
        "delivered": newest,
        "created_by": created_by,
    }
    made = await connection.execute(insert(webhooks).values(row).returning(webhooks.c.id))
    return int(made.scalar_one()), secret


async def read_webhooks(connection: AsyncConnection) -> list[Webhook]:
    """Read every address, the oldest first."""
    of = webhooks.c
    wanted = (of.id, of.url, of.scope, of.scope_id, of.delivered, of.failures, of.next_attempt_at, of.last_error)
    rows = await connection.execute(select(*wanted, of.created_by).order_by(of.id))
    return [Webhook(row[0], row[1], Area(row[2], row[3]), *row[4:]) for row in rows]


async def remove_webhook(connection: AsyncConnection, number: int) -> None:
    """Remove an address.

    Raises
    ------
    NotFound
        There is none of this number.
    """
    done = await connection.execute(delete(webhooks).where(webhooks.c.id == number))
    if done.rowcount == 0:
        raise NotFound(f"没有编号为 {number} 的推送地址", f"there is no webhook {number}")


async def claim_due(connection: AsyncConnection) -> Due | None:
    """Hold an address that has something to hear until the transaction ends; None where there is none free."""
    longest = func.now() + timedelta(seconds=LONGEST_PAUSE_SECONDS)  # further ahead lies what a wrong clock has set
    newest = select(counters.c.number).where(counters.c.name == "changes").scalar_subquery()
    of = webhooks.c
    question = (
        select(of.id, of.url, of.scope, of.scope_id, of.delivered, of.secret)
        .where(~of.disabled, of.delivered < newest, or_(of.next_attempt_at <= func.now(), of.next_attempt_at > longest))
        .order_by(of.next_attempt_at, of.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = (await connection.execute(question)).one_or_none()
    return None if row is None else Due(row.id, row.url, Area(row.scope, row.scope_id), row.delivered, row.secret)


async def note_delivery(connection: AsyncConnection, number: int, delivered: int) -> None:
    """Note that an address has acknowledged everything up to a change."""
    values = {"delivered": delivered, "failures": 0, "last_error": "", "next_attempt_at": func.now()}
    await connection.execute(update(webhooks).where(webhooks.c.id == number).values(values))


async def note_failure(connection: AsyncConnection, number: int, error: str) -> None:
    """Note that an address did not acknowledge; the pause doubles each time, up to an hour."""
    failures = webhooks.c.failures + 1
    pause = func.least(func.power(2, failures), LONGEST_PAUSE_SECONDS) * timedelta(seconds=1)
    values = {"failures": failures, "last_error": error[:LONGEST_ERROR], "next_attempt_at": func.now() + pause}
    await connection.execute(update(webhooks).where(webhooks.c.id == number).values(values))
