"""The area that a caller is bound to, and how a question is bounded by it: the one place that knows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.errors import NotFound
from app.store.tables import SCOPES, communities, community_codes, grid_codes, grids, towns

__all__ = ["COUNTY", "Area", "bound", "bound_grid", "find_area"]


@dataclass(frozen=True)
class Area:
    """A county, town, community or grid; `id` is its permanent internal number, none for the county."""

    scope: str = "county"
    id: int | None = None

    def __post_init__(self) -> None:
        if self.scope not in SCOPES or (self.scope == "county") != (self.id is None):
            raise ValueError(f"no area: {self.scope} {self.id}")


COUNTY = Area()


def bound(area: Area, community_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a community lies in the area, or has it within."""
    match area.scope:
        case "county":
            return true()
        case "town":
            return community_id.in_(select(communities.c.id).where(communities.c.town_id == area.id))
        case "community":
            return community_id == area.id
        case _:
            return community_id == select(grids.c.community_id).where(grids.c.id == area.id).scalar_subquery()


def bound_grid(
    area: Area, community_id: ColumnElement[int], grid_id: ColumnElement[int], *, whole: bool = False
) -> ColumnElement[bool]:
    """Return the condition that a grid lies in the area; with `whole`, also what concerns its whole community."""
    if area.scope != "grid":
        return bound(area, community_id)
    mine = grid_id == area.id
    return bound(area, community_id) & or_(mine, grid_id.is_(None)) if whole else mine


async def find_area(connection: AsyncConnection, code: str) -> Area:
    """Find the area of a code: of a town, a community or a grid; '' is the county.

    Raises
    ------
    NotFound
        Nothing bears this code.
    """
    if not code:
        return COUNTY
    for scope, column, wanted in (
        ("town", towns.c.id, towns.c.code == code),
        ("community", community_codes.c.community_id, community_codes.c.code == code),
        ("grid", grid_codes.c.grid_id, grid_codes.c.code == code),
    ):
        found = await connection.scalar(select(column).where(wanted).limit(1))
        if found is not None:
            return Area(scope, int(found))
    raise NotFound(f"没有编码为 {code} 的乡镇街道、社区或网格", f"no town, community or grid has the code {code}")
