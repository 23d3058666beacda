"""People who work in the grids: staff, not residents, of whom no row is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import COUNTY, Area, bound
from app.store.changes import NewChange, record_changes
from app.store.errors import NotFound
from app.store.tables import assignments, communities, people

__all__ = ["NewPerson", "Person", "add_people", "leave", "read_people", "read_person"]


@dataclass(frozen=True)
class NewPerson:
    """A member of staff to be taken in; the same staff code again renews the entry."""

    staff_code: str
    name: str
    phone: str = ""
    post: str = ""
    community_id: int | None = None


@dataclass(frozen=True)
class Person:
    """A member of staff. `phone` is whole: whoever shows it masks it by role and has the reading audited."""

    id: int
    staff_code: str
    name: str
    phone: str
    post: str
    community_id: int | None
    left_on: date | None


async def add_people(connection: AsyncConnection, staff: Sequence[NewPerson]) -> dict[str, int]:
    """Take in staff, or renew what is known of them; return their ids by staff code."""
    if not staff:
        return {}
    rows = [
        {
            "staff_code": one.staff_code,
            "name": one.name,
            "phone": one.phone,
            "post": one.post,
            "community_id": one.community_id,
        }
        for one in sorted(staff, key=lambda one: one.staff_code)
    ]
    new = insert(people).values(rows)
    renewed = {name: new.excluded[name] for name in ("name", "phone", "post", "community_id")}
    done = new.on_conflict_do_update(index_elements=["staff_code"], set_=renewed)
    found = (await connection.execute(done.returning(people.c.id, people.c.staff_code, people.c.community_id))).all()
    await record_changes(connection, [NewChange("person.renewed", row.id, row.community_id) for row in found])
    return {row.staff_code: int(row.id) for row in found}


async def leave(connection: AsyncConnection, person_id: int, *, on: date) -> int:
    """Let a person leave: `on` is the first day without, assignments end with it. Return how many were ended.

    Raises
    ------
    NotFound
        There is no such person.
    """
    gone = update(people).where(people.c.id == person_id).values(left_on=on).returning(people.c.community_id)
    row = (await connection.execute(gone)).one_or_none()
    if row is None:
        raise NotFound(f"没有编号为 {person_id} 的人员", f"there is no person {person_id}")
    mine = (assignments.c.person_id == person_id) & assignments.c.valid.contains(on)
    cut = func.daterange(func.lower(assignments.c.valid), on)
    begun = mine & (func.lower(assignments.c.valid) < on)
    ended = (
        await connection.execute(
            update(assignments).where(begun).values(valid=cut).returning(assignments.c.id, assignments.c.grid_id)
        )
    ).all()
    news = [NewChange("assignment.ended", one.id, row.community_id, one.grid_id) for one in ended]
    await record_changes(connection, [*news, NewChange("person.left", person_id, row.community_id)])
    return len(ended)


async def read_people(
    connection: AsyncConnection, *, area: Area = COUNTY, after: str = "", most: int = 100
) -> list[Person]:
    """Read a page of the staff of an area, by staff code, beginning after one."""
    question = _staff(area).where(people.c.staff_code > after).order_by(people.c.staff_code).limit(most)
    return [Person(*row) for row in await connection.execute(question)]


async def read_person(connection: AsyncConnection, person_id: int, *, area: Area = COUNTY) -> Person:
    """Read one member of staff.

    Raises
    ------
    NotFound
        There is no such person in the area.
    """
    row = (await connection.execute(_staff(area).where(people.c.id == person_id))).one_or_none()
    if row is None:
        raise NotFound(f"没有编号为 {person_id} 的人员", f"there is no person {person_id}")
    return Person(*row)


def _staff(area: Area) -> Select[Any]:
    """Select staff of an area: who belongs to it, or works in a grid of it."""
    wanted = ("id", "staff_code", "name", "phone", "post", "community_id", "left_on")
    question = select(*[people.c[name] for name in wanted])
    if area.scope == "county":
        return question
    if area.scope == "grid":
        at_work = select(assignments.c.person_id).where(assignments.c.grid_id == area.id)
        return question.where(people.c.id.in_(at_work))
    homes = select(communities.c.id).where(bound(area, communities.c.id))
    return question.where(people.c.community_id.in_(homes))
