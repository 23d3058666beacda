"""What changed, in the order of commits and without gaps, however many write at once.

Numbers come from a row of `counters`, not from a sequence: whoever takes a number holds that row until its transaction
ends, so the next number is given only after this one is committed, and one that is rolled back is given again. A reader
who has seen number n has therefore seen every number before it. Writers record their changes last, so that they wait
for each other only at the end.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import COUNTY, Area, bound_grid
from app.store.connect import CONNECT_SECONDS, Store, translating
from app.store.errors import StoreUnavailable
from app.store.tables import changes, communities, counters

__all__ = [
    "CHANNEL",
    "Change",
    "NewChange",
    "Revisions",
    "changes_at_the_end",
    "listening",
    "read_changes",
    "read_revisions",
    "record_changes",
]

CHANNEL = "jiexiang_changes"
MOST = 1000
FAMILIES = {
    "plan": "plans",
    "assignment": "assignments",
    **dict.fromkeys(("facilities", "rooms", "projects", "standards", "buildings", "ground"), "facilities"),
}
"""Which number of `Revisions` a change moves on, by the first word of its kind."""


@dataclass(frozen=True)
class NewChange:
    """A change that is about to be recorded: `kind` as in `plan.published`, `assignment.created`."""

    kind: str
    subject_id: int
    community_id: int | None = None
    grid_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """A change that was committed."""

    number: int
    at: datetime
    kind: str
    subject_id: int
    town_id: int | None
    community_id: int | None
    grid_id: int | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Revisions:
    """Numbers of the last change of all, of plans, of assignments, and of what facilities and homes are judged by.

    They are what ETags are made of, and what is computed is kept by.
    """

    changes: int
    plans: int
    assignments: int
    facilities: int = 0


_HELD: ContextVar[tuple[AsyncConnection, list[NewChange]] | None] = ContextVar("held", default=None)


@asynccontextmanager
async def changes_at_the_end(connection: AsyncConnection) -> AsyncIterator[None]:
    """Hold back what is recorded in the block and record it all at its end.

    Whoever records a change keeps everybody else from recording one until the transaction ends; a transaction of many
    deeds shall not do so from its first deed on.
    """
    news: list[NewChange] = []
    held = _HELD.set((connection, news))
    try:
        yield
    finally:
        _HELD.reset(held)
    await record_changes(connection, news)


async def record_changes(connection: AsyncConnection, news: Sequence[NewChange]) -> int:
    """Record what this transaction changed, as its last deed, and tell listeners once it is committed.

    Returns
    -------
    The number of the last change; 0 within `changes_at_the_end`.
    """
    held = _HELD.get()
    if held is not None and held[0] is connection:
        held[1].extend(news)
        return 0
    if not news:
        return (await read_revisions(connection)).changes
    taken = update(counters).where(counters.c.name == "changes").values(number=counters.c.number + len(news))
    last = int((await connection.execute(taken.returning(counters.c.number))).scalar_one())
    wanted = {one.community_id for one in news if one.community_id is not None}
    found = await connection.execute(
        select(communities.c.id, communities.c.town_id).where(communities.c.id.in_(sorted(wanted)))
    )
    towns = {row.id: row.town_id for row in found}
    rows = [
        {
            "number": last - len(news) + position,
            "kind": one.kind,
            "subject_id": one.subject_id,
            "town_id": towns.get(one.community_id) if one.community_id is not None else None,
            "community_id": one.community_id,
            "grid_id": one.grid_id,
            "details": dict(one.details),
        }
        for position, one in enumerate(news, start=1)
    ]
    await connection.execute(insert(changes), rows)
    families = sorted({FAMILIES[word] for word in (one.kind.split(".")[0] for one in news) if word in FAMILIES})
    if families:
        await connection.execute(update(counters).where(counters.c.name.in_(families)).values(number=last))
    await connection.execute(select(func.pg_notify(CHANNEL, json.dumps({"number": last, "families": families}))))
    return last


async def read_changes(
    connection: AsyncConnection, since: int, *, area: Area = COUNTY, most: int = MOST
) -> list[Change]:
    """Read the changes after number `since` in an area, oldest first, at most `most`."""
    wanted = (
        select(
            changes.c.number,
            changes.c.at,
            changes.c.kind,
            changes.c.subject_id,
            changes.c.town_id,
            changes.c.community_id,
            changes.c.grid_id,
            changes.c.details,
        )
        .where(changes.c.number > since, bound_grid(area, changes.c.community_id, changes.c.grid_id, whole=True))
        .order_by(changes.c.number)
        .limit(most)
    )
    return [Change(**row._mapping) for row in await connection.execute(wanted)]  # noqa: SLF001  its public name


async def read_revisions(connection: AsyncConnection) -> Revisions:
    """Read how far things have come."""
    found = await connection.execute(select(counters.c.name, counters.c.number))
    numbers = {row.name: int(row.number) for row in found}
    return Revisions(*(numbers[name] for name in ("changes", "plans", "assignments", "facilities")))


@asynccontextmanager
async def listening(store: Store) -> AsyncIterator[AsyncIterator[int]]:
    """Give an iterator over the numbers of changes as they are committed, beginning with the present one.

    It takes a connection of its own beside the pool's. Numbers may be skipped where several come at once; what they
    stand for is read by `read_changes`.

    Raises
    ------
    StoreUnavailable
        The database does not answer, or the connection was lost: what happened meanwhile is unknown, so begin again.
    """
    with translating():
        rights = {"role": store.role} if store.role else {}
        connection = await asyncpg.connect(store.url, timeout=CONNECT_SECONDS, server_settings=rights)
    heard: asyncio.Queue[int | None] = asyncio.Queue()

    def hear(_connection: Any, _pid: int, _channel: str, payload: str) -> None:
        heard.put_nowait(int(json.loads(payload)["number"]))

    async def numbers() -> AsyncIterator[int]:
        while True:
            number = await heard.get()
            while not heard.empty() and number is not None:
                number = heard.get_nowait()
            if number is None:
                raise StoreUnavailable("与数据库的连接断开了", "the connection to the database was lost")
            yield number

    try:
        with translating():
            connection.add_termination_listener(lambda _connection: heard.put_nowait(None))
            await connection.add_listener(CHANNEL, hear)
            present = await connection.fetchval("SELECT number FROM counters WHERE name = 'changes'")
            heard.put_nowait(int(present))
        yield numbers()
    finally:
        with translating():
            await connection.close(timeout=CONNECT_SECONDS)
