"""What people who walk a grid say of its border: one point, given on purpose, and a sentence; no tracks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from geoalchemy2 import WKTElement
from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import Area, bound_grid
from app.store.errors import Conflict, NotFound, Refused
from app.store.tables import SRID, boundary_notes, grids

__all__ = ["LONGEST_NOTE", "MOST_OPEN", "NewNote", "Note", "add_note", "count_notes", "handle_note", "read_notes"]

LONGEST_NOTE = 300
MOST_OPEN = 200
"""Notes of one author that may wait for an answer at a time."""


@dataclass(frozen=True)
class NewNote:
    """A note as a phone sends it; `phone_id` is the phone's own number for it, the same each time it is sent."""

    phone_id: str
    grid_id: int
    text: str
    longitude: float
    latitude: float
    accuracy_m: float | None
    """How good the position is; None where the place was pointed at on the map."""
    noted_at: datetime
    """What the phone's clock said."""


@dataclass(frozen=True)
class Note:
    """A note as it was received, and what came of it."""

    id: int
    grid_id: int
    author: str
    text: str
    longitude: float
    latitude: float
    accuracy_m: float | None
    noted_at: datetime
    received_at: datetime
    outcome: str
    handled_by: str
    handled_at: datetime | None


async def add_note(connection: AsyncConnection, new: NewNote, *, author: str) -> tuple[int, bool]:
    """Keep a note and return its id and whether it is new: what a phone sends twice is kept once.

    Raises
    ------
    Refused
        It says nothing, or too much; or too many notes of the author wait already.
    """
    text = new.text.strip()
    if not 0 < len(text) <= LONGEST_NOTE:
        raise Refused(f"意见须有 1 到 {LONGEST_NOTE} 个字", f"a note has 1 to {LONGEST_NOTE} characters")
    of = boundary_notes.c
    known = select(of.id).where(of.author == author, of.phone_id == new.phone_id)
    held = await connection.scalar(known)
    if held is not None:
        return int(held), False
    waiting = select(func.count()).where(of.author == author, of.handled_at.is_(None))
    if (await connection.scalar(waiting) or 0) >= MOST_OPEN:
        raise Refused(
            f"已有 {MOST_OPEN} 条意见待处理，处理后再提交",
            f"{MOST_OPEN} notes wait already; send more when they are dealt with",
        )
    row = {
        "phone_id": new.phone_id,
        "grid_id": new.grid_id,
        "author": author,
        "text": text,
        "geometry": WKTElement(f"POINT({new.longitude!r} {new.latitude!r})", srid=SRID),
        "accuracy_m": new.accuracy_m,
        "noted_at": new.noted_at,
    }
    added = insert(boundary_notes).values(row).on_conflict_do_nothing().returning(of.id)
    number = await connection.scalar(added)
    if number is not None:
        return int(number), True
    return int((await connection.execute(known)).scalar_one()), False  # sent twice at the same moment


async def read_notes(
    connection: AsyncConnection,
    *,
    area: Area,
    handled: bool | None = None,
    after: int = 0,
    most: int = 100,
    newest: bool = False,
) -> list[Note]:
    """Read the notes of an area in the order in which they came, or the newest first; `handled` or not, or all."""
    order = boundary_notes.c.id.desc() if newest else boundary_notes.c.id
    question = _notes(area).where(boundary_notes.c.id > after).order_by(order).limit(most)
    if handled is not None:
        question = question.where(boundary_notes.c.handled_at.is_not(None) == handled)
    return [Note(*row) for row in await connection.execute(question)]


async def count_notes(connection: AsyncConnection, *, area: Area, handled: bool) -> int:
    """Count the notes of an area that are dealt with, or wait."""
    mine = _notes(area).where(boundary_notes.c.handled_at.is_not(None) == handled)
    return int(await connection.scalar(select(func.count()).select_from(mine.subquery())) or 0)


async def handle_note(connection: AsyncConnection, number: int, outcome: str, *, by: str, area: Area) -> None:
    """Write down what came of a note, once.

    Raises
    ------
    NotFound
        There is none in the area.
    Conflict
        It has been dealt with.
    Refused
        Nothing is written of what came of it.
    """
    outcome = outcome.strip()
    if not outcome:
        raise Refused("请写明处理结果", "write what came of the note")
    mine = boundary_notes.c.id == number
    row = (await connection.execute(_notes(area).where(mine).with_for_update(of=boundary_notes))).one_or_none()
    if row is None:
        raise NotFound(f"没有编号为 {number} 的边界意见", f"there is no note {number}")
    if row.handled_at is not None:
        raise Conflict(f"边界意见 {number} 已处理", f"note {number} has been dealt with")
    values = {"outcome": outcome, "handled_by": by, "handled_at": func.now()}
    await connection.execute(update(boundary_notes).where(mine).values(values))


def _notes(area: Area) -> Select[Any]:
    of = boundary_notes.c
    place = (func.ST_X(of.geometry), func.ST_Y(of.geometry))
    result = (of.outcome, of.handled_by, of.handled_at)
    question = select(
        of.id, of.grid_id, of.author, of.text, *place, of.accuracy_m, of.noted_at, of.received_at, *result
    )
    return question.join(grids, grids.c.id == of.grid_id).where(bound_grid(area, grids.c.community_id, of.grid_id))
