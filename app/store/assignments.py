"""Who is responsible for which grid, in what role, from when to when (人员配备).

The database itself refuses two leads of one grid on one day, the same thing twice, and a third grid of one worker.
Writers about the same person or grid wait for each other, so that adjacency is judged on what is committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, any_, delete, exists, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import COUNTY, Area, bound_grid
from app.store.changes import NewChange, record_changes
from app.store.errors import Conflict, NotAdjacent, NotFound, Refused
from app.store.tables import ASSIGNMENT_ROLES, WORKER_ROLES, assignments, grids, in_force, people, plan_grids

__all__ = [
    "Assignment",
    "NewAssignment",
    "assign",
    "end_assignment",
    "hold_off_assignments",
    "hold_off_publication",
    "move_assignment",
    "read_assignment",
    "read_assignments",
]

ASSIGNING = 0x4A580004
"""Number of the lock that keeps those who assign and those who let grids vanish apart."""
ADJACENT_DEGREES = 1e-7
SHARED_DEGREES = 1e-5
FIRST_DAY, LAST_DAY = date(1949, 10, 1), date(2199, 12, 31)


@dataclass(frozen=True)
class NewAssignment:
    """Somebody for a grid; `until` is the first day on which it no longer holds, None where nobody knows."""

    person_id: int
    grid_id: int
    role: str
    since: date
    until: date | None = None
    document_number: str = ""


@dataclass(frozen=True)
class Assignment:
    """Somebody at a grid. `phone` is whole: whoever shows it masks it by role and has the reading audited."""

    id: int
    person_id: int
    person: str
    phone: str
    grid_id: int
    community_id: int
    role: str
    since: date
    until: date | None
    document_number: str


async def assign(connection: AsyncConnection, new: NewAssignment, *, actor: str = "") -> int:
    """Assign a person to a grid and return the assignment's id.

    Raises
    ------
    NotFound
        There is no such person or grid.
    Conflict
        The grid has a lead on some of these days, the person works in two grids then, or in one that is not adjacent.
    Refused
        The role is unknown, or the dates are impossible.
    """
    if new.role not in ASSIGNMENT_ROLES:
        raise Refused(f"没有“{new.role}”这一职务：可用 {'、'.join(ASSIGNMENT_ROLES)}", f"there is no role “{new.role}”")
    _check_days(new.since, new.until)
    await _hold(connection, new.person_id, new.grid_id)
    await _refuse_vanished(connection, new)
    community_id = await connection.scalar(select(grids.c.community_id).where(grids.c.id == new.grid_id))
    person = (await connection.execute(select(people.c.left_on).where(people.c.id == new.person_id))).one_or_none()
    if community_id is None:
        raise NotFound(f"没有编号为 {new.grid_id} 的网格", f"there is no grid {new.grid_id}")
    if person is None:
        raise NotFound(f"没有编号为 {new.person_id} 的人员", f"there is no person {new.person_id}")
    if person.left_on is not None and (new.until is None or new.until > person.left_on):
        raise Conflict(f"此人已于 {person.left_on} 离岗", f"this person left on {person.left_on}")
    seat = await _find_seat(connection, new) if new.role in WORKER_ROLES else None
    row = {
        "person_id": new.person_id,
        "grid_id": new.grid_id,
        "role": new.role,
        "seat": seat,
        "valid": Range(new.since, new.until),
        "document_number": new.document_number,
        "created_by": actor,
    }
    made = await connection.execute(insert(assignments).values(row).returning(assignments.c.id))
    number = int(made.scalar_one())
    details = {"role": new.role, "since": new.since.isoformat()}
    await record_changes(connection, [NewChange("assignment.created", number, int(community_id), new.grid_id, details)])
    return number


async def end_assignment(connection: AsyncConnection, number: int, *, on: date, area: Area = COUNTY) -> None:
    """End an assignment: `on` is the first day on which it no longer holds. One that has not begun is deleted.

    Raises
    ------
    NotFound
        There is no such assignment in the area.
    Conflict
        It ends before that day already.
    """
    _check_days(on, None)
    held = await read_assignment(connection, number, area=area)
    await _hold(connection, held.person_id, held.grid_id)
    held = await read_assignment(connection, number, area=area)
    if held.until is not None and held.until <= on:
        raise Conflict(f"这项配备到 {held.until} 为止，已先结束", f"this assignment ends on {held.until} already")
    mine = assignments.c.id == number
    if held.since >= on:
        await connection.execute(delete(assignments).where(mine))
        kind = "assignment.deleted"
    else:
        await connection.execute(update(assignments).where(mine).values(valid=Range(held.since, on)))
        kind = "assignment.ended"
    details = {"role": held.role, "on": on.isoformat()}
    await record_changes(connection, [NewChange(kind, number, held.community_id, held.grid_id, details)])


async def move_assignment(
    connection: AsyncConnection, number: int, *, to_grid: int, on: date, actor: str = "", area: Area = COUNTY
) -> int:
    """Move a person to another grid in the same role from a day on; return the new assignment's id.

    Raises
    ------
    NotFound, Conflict
        As `end_assignment` and `assign` have it; then nothing is moved.
    """
    held = await read_assignment(connection, number, area=area)
    await _hold(connection, held.person_id, held.grid_id, to_grid)
    await end_assignment(connection, number, on=on, area=area)
    new = NewAssignment(held.person_id, to_grid, held.role, max(on, held.since), held.until, held.document_number)
    return await assign(connection, new, actor=actor)


async def read_assignment(connection: AsyncConnection, number: int, *, area: Area = COUNTY) -> Assignment:
    """Read one assignment.

    Raises
    ------
    NotFound
        There is no such assignment in the area.
    """
    row = (await connection.execute(_assignments(area).where(assignments.c.id == number))).one_or_none()
    if row is None:
        raise NotFound(f"没有编号为 {number} 的人员配备", f"there is no assignment {number}")
    return Assignment(*row)


async def read_assignments(
    connection: AsyncConnection,
    *,
    on: date | None = None,
    grid_ids: Sequence[int] | None = None,
    person_id: int | None = None,
    person_ids: Sequence[int] | None = None,
    area: Area = COUNTY,
    after: int = 0,
    most: int | None = 1000,
) -> list[Assignment]:
    """Read assignments of an area by id: those of one day, or the whole history where none is given."""
    question = _assignments(area).where(assignments.c.id > after)
    if on is not None:
        question = question.where(assignments.c.valid.contains(literal(on)))
    if grid_ids is not None:
        question = question.where(assignments.c.grid_id == any_(literal(list(grid_ids), ARRAY(BigInteger))))
    among = person_ids if person_id is None else [person_id]
    if among is not None:
        question = question.where(assignments.c.person_id == any_(literal(list(among), ARRAY(BigInteger))))
    question = question.order_by(assignments.c.id).limit(most)
    return [Assignment(*row) for row in await connection.execute(question)]


def _assignments(area: Area) -> Select[Any]:
    return (
        select(
            assignments.c.id,
            assignments.c.person_id,
            people.c.name,
            people.c.phone,
            assignments.c.grid_id,
            grids.c.community_id,
            assignments.c.role,
            func.lower(assignments.c.valid),
            func.upper(assignments.c.valid),
            assignments.c.document_number,
        )
        .join(people, people.c.id == assignments.c.person_id)
        .join(grids, grids.c.id == assignments.c.grid_id)
        .where(bound_grid(area, grids.c.community_id, assignments.c.grid_id))
    )


def _check_days(since: date, until: date | None) -> None:
    if not FIRST_DAY <= since <= LAST_DAY or (until is not None and not since < until <= LAST_DAY):
        raise Refused(
            f"日期不可能：{since} 至 {until or '今后'}。请填 {FIRST_DAY} 至 {LAST_DAY} 之间、先起后止的日期",
            f"impossible dates: {since} to {until or 'open'}. They lie in order between {FIRST_DAY} and {LAST_DAY}",
        )


async def hold_off_publication(connection: AsyncConnection) -> None:
    """Keep grids from vanishing until this transaction ends; many may do so at once, a publication waits for them.

    It must come before the first change is recorded: whoever publishes takes the two in this order.
    """
    await connection.execute(select(func.pg_advisory_xact_lock_shared(ASSIGNING)))


async def hold_off_assignments(connection: AsyncConnection) -> None:
    """Wait for those who assign at this moment, and let others wait until this transaction ends."""
    await connection.execute(select(func.pg_advisory_xact_lock(ASSIGNING)))


async def _refuse_vanished(connection: AsyncConnection, new: NewAssignment) -> None:
    """Refuse days on which the grid, which was in force before, is in force no more.

    Raises
    ------
    Conflict
        Another plan, without this grid, holds there from a day before the assignment's end.
    """
    home = select(grids.c.community_id).where(grids.c.id == new.grid_id).scalar_subquery()
    has_it = exists().where(plan_grids.c.plan_id == in_force.c.plan_id, plan_grids.c.grid_id == new.grid_id)
    here = (in_force.c.community_id == home, ~func.isempty(in_force.c.valid))
    last = select(func.max(func.lower(in_force.c.valid))).where(*here, has_it).scalar_subquery()
    began = func.lower(in_force.c.valid)
    during = in_force.c.valid.overlaps(literal(Range(new.since, new.until), DATERANGE))
    gone = await connection.scalar(select(func.min(began)).where(*here, ~has_it, began > last, during))
    if gone is not None:
        raise Conflict(
            f"这个网格自 {gone} 起已不存在：请改派其他网格，或把结束日期定在此前",
            f"this grid is no more from {gone} on: choose another, or an end before that day",
        )


async def _hold(connection: AsyncConnection, person_id: int, *grid_ids: int) -> None:
    """Let writers about the same person or grids come one after the other; always the person first, grids in order."""
    await hold_off_publication(connection)
    await connection.execute(select(people.c.id).where(people.c.id == person_id).with_for_update())
    held = select(grids.c.id).where(grids.c.id.in_(grid_ids)).order_by(grids.c.id).with_for_update()
    await connection.execute(held)


async def _find_seat(connection: AsyncConnection, new: NewAssignment) -> int:
    """Choose which of a worker's two seats this grid takes; the second only beside the first."""
    rows = (
        await connection.execute(
            select(assignments.c.grid_id, assignments.c.seat).where(
                assignments.c.person_id == new.person_id,
                assignments.c.seat.is_not(None),
                assignments.c.valid.overlaps(literal(Range(new.since, new.until), DATERANGE)),
            )
        )
    ).all()
    for row in rows:
        if row.grid_id != new.grid_id and not await _adjacent(connection, row.grid_id, new.grid_id, new.since):
            raise NotAdjacent(
                "一人两格须是相邻网格：此人同期负责的网格与它不相邻",
                "one person may work in two grids only where they are adjacent, and these are not",
            )
    free = {1, 2} - {row.seat for row in rows}
    return min(free) if free else 1  # the database will say which days are taken


async def _adjacent(connection: AsyncConnection, one: int, other: int, day: date) -> bool:
    """Tell whether two grids share a metre of border or more; a corner is not enough."""
    here, there = (_shape_of(grid_id, day).scalar_subquery() for grid_id in (one, other))
    shared = func.ST_Intersection(func.ST_Boundary(here), func.ST_Buffer(there, ADJACENT_DEGREES))
    return bool(await connection.scalar(select(func.ST_Length(shared) > SHARED_DEGREES)))


def _shape_of(grid_id: int, day: date) -> Select[Any]:
    """Select a grid's shape: that in force on a day or, before any is, that of the newest plan."""
    holds = exists().where(
        in_force.c.plan_id == plan_grids.c.plan_id,
        in_force.c.community_id == plan_grids.c.community_id,
        in_force.c.valid.contains(literal(day)),
    )
    shape = select(plan_grids.c.geometry).where(plan_grids.c.grid_id == grid_id)
    return shape.order_by(holds.desc(), plan_grids.c.plan_id.desc()).limit(1)
