"""What is in force on a day: every grid with its shape as bytes, for an index in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import COUNTY, Area, bound_grid
from app.store.tables import communities, grid_revisions, in_force, plan_communities, plan_grids, towns

__all__ = ["PublishedGrid", "grids_on", "next_turn", "read_held", "read_published", "shape_on"]


@dataclass(frozen=True)
class PublishedGrid:
    """A grid that is in force; `wkb` is its shape in EPSG:4490, to the last bit."""

    grid_id: int
    plan_id: int
    community_id: int
    town_id: int
    grid_code: str
    name: str
    kind: str
    households: int | None
    community_code: str
    community_name: str
    town_code: str
    town_name: str
    valid_from: date
    wkb: bytes


def shape_on(day: ColumnElement[date]) -> ColumnElement[Any]:
    """Return the shape of a row of `plan_grids` on a day: with the vertices that neighbours have added by then."""
    revised = (
        select(grid_revisions.c.geometry)
        .where(
            grid_revisions.c.grid_id == plan_grids.c.grid_id,
            grid_revisions.c.plan_id == plan_grids.c.plan_id,
            grid_revisions.c.since <= day,
        )
        .order_by(grid_revisions.c.since.desc(), grid_revisions.c.id.desc())
        .limit(1)
        .correlate(plan_grids)
        .scalar_subquery()
    )
    return func.coalesce(revised, plan_grids.c.geometry)


def grids_on(day: ColumnElement[date], *columns: ColumnElement[Any], area: Area = COUNTY) -> Select[Any]:
    """Select columns of the grids in force on a day, with their communities and towns, in an area."""
    here = (plan_communities.c.plan_id == plan_grids.c.plan_id) & (
        plan_communities.c.community_id == plan_grids.c.community_id
    )
    in_place = (in_force.c.plan_id == plan_grids.c.plan_id) & (in_force.c.community_id == plan_grids.c.community_id)
    return (
        select(*columns)
        .select_from(plan_grids)
        .join(in_force, in_place)
        .join(plan_communities, here)
        .join(communities, communities.c.id == plan_grids.c.community_id)
        .join(towns, towns.c.id == communities.c.town_id)
        .where(in_force.c.valid.contains(day), bound_grid(area, plan_grids.c.community_id, plan_grids.c.grid_id))
    )


async def read_published(connection: AsyncConnection, on: date) -> list[PublishedGrid]:
    """Read every grid in force on a day, by code."""
    day = literal(on)
    question = grids_on(
        day,
        plan_grids.c.grid_id,
        plan_grids.c.plan_id,
        plan_grids.c.community_id,
        communities.c.town_id,
        plan_grids.c.grid_code,
        plan_grids.c.name,
        plan_grids.c.kind,
        plan_grids.c.households,
        plan_communities.c.community_code,
        plan_communities.c.name.label("community_name"),
        towns.c.code.label("town_code"),
        towns.c.name.label("town_name"),
        func.lower(in_force.c.valid).label("valid_from"),
        func.ST_AsBinary(shape_on(day), "NDR").label("wkb"),
    )
    return [PublishedGrid(*row) for row in await connection.execute(question.order_by(plan_grids.c.grid_code))]


async def read_held(connection: AsyncConnection, on: date) -> frozenset[tuple[int, int]]:
    """Read which plan is in force in which community on a day, as pairs of their numbers, where it has any grid."""
    same = (plan_grids.c.plan_id == in_force.c.plan_id) & (plan_grids.c.community_id == in_force.c.community_id)
    question = select(in_force.c.plan_id, in_force.c.community_id).where(
        in_force.c.valid.contains(literal(on)), exists().where(same)
    )
    return frozenset((int(plan_id), int(home)) for plan_id, home in await connection.execute(question))


async def next_turn(connection: AsyncConnection, after: date) -> date | None:
    """Return the next day after `after` on which something comes into force or ends; None where nothing does."""
    begins, ends = func.lower(in_force.c.valid), func.upper(in_force.c.valid)
    days = (select(begins.label("day")).union(select(ends))).subquery()
    found = await connection.scalar(select(func.min(days.c.day)).where(days.c.day > after))
    return found if isinstance(found, date) else None
