"""What people object during the public notice of a plan (公示意见), and what they were answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from geoalchemy2 import WKTElement
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.errors import Conflict, NotFound, Refused
from app.store.plans import lock_plan
from app.store.tables import SRID, objections

__all__ = ["NewObjection", "Objection", "add_objection", "read_objections", "reply"]


@dataclass(frozen=True)
class NewObjection:
    """An objection: who, what, and where, as a place in EPSG:4490 or a grid."""

    author: str
    text: str
    place: tuple[float, float] | None = None
    grid_id: int | None = None


@dataclass(frozen=True)
class Objection:
    """An objection as it was received, and the reply; `adopted` is None until one was given."""

    id: int
    author: str
    text: str
    longitude: float | None
    latitude: float | None
    grid_id: int | None
    received_at: datetime
    reply: str
    replied_by: str
    replied_at: datetime | None
    adopted: bool | None


async def add_objection(connection: AsyncConnection, plan_id: int, new: NewObjection) -> int:
    """Receive an objection to a plan under public notice and return its id.

    Raises
    ------
    NotFound
        There is no such plan or grid.
    Conflict
        The plan is not under public notice.
    Refused
        The objection says nothing.
    """
    if not new.text.strip():
        raise Refused("意见内容为空", "the objection says nothing")
    if await lock_plan(connection, plan_id) != "public_notice":
        raise Conflict(f"方案 {plan_id} 不在公示期", f"plan {plan_id} is not under public notice")
    row = {
        "plan_id": plan_id,
        "author": new.author,
        "text": new.text,
        "grid_id": new.grid_id,
        "geometry": WKTElement(f"POINT({new.place[0]!r} {new.place[1]!r})", srid=SRID) if new.place else None,
    }
    return int((await connection.execute(insert(objections).values(row).returning(objections.c.id))).scalar_one())


async def reply(connection: AsyncConnection, objection_id: int, text: str, *, by: str, adopted: bool) -> None:
    """Answer an objection, once.

    Raises
    ------
    NotFound
        There is no such objection.
    Conflict
        It has been answered.
    """
    mine = objections.c.id == objection_id
    row = (await connection.execute(select(objections.c.adopted).where(mine).with_for_update())).one_or_none()
    if row is None:
        raise NotFound(f"没有编号为 {objection_id} 的意见", f"there is no objection {objection_id}")
    if row.adopted is not None:
        raise Conflict(f"意见 {objection_id} 已答复", f"objection {objection_id} has been answered")
    values = {"reply": text, "replied_by": by, "replied_at": func.now(), "adopted": adopted}
    await connection.execute(update(objections).where(mine).values(values))


async def read_objections(connection: AsyncConnection, plan_id: int) -> list[Objection]:
    """Read the objections to a plan in the order in which they came."""
    of = objections.c
    x, y = func.ST_X(of.geometry), func.ST_Y(of.geometry)
    replied = (of.reply, of.replied_by, of.replied_at, of.adopted)
    question = select(of.id, of.author, of.text, x, y, of.grid_id, of.received_at, *replied)
    question = question.where(of.plan_id == plan_id).order_by(of.id)
    return [Objection(*row) for row in await connection.execute(question)]
