"""Grids, communities and units as GeoJSON that PostGIS writes: the bytes go to the caller as they are.

Coordinates have nine decimals (a tenth of a millimetre), which two grids share on a common border. Pages are cut before
their shapes are written, and go on after the last code of the page before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, any_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import COUNTY, Area, bound
from app.store.errors import NotFound
from app.store.published import grids_on, shape_on
from app.store.tables import (
    SRID,
    communities,
    in_force,
    plan_borders,
    plan_communities,
    plan_grids,
    plan_units,
    towns,
)

__all__ = [
    "DECIMALS",
    "Neighbour",
    "Page",
    "read_community",
    "read_features",
    "read_grid",
    "read_grids",
    "read_neighbours",
    "read_units",
]

DECIMALS = 9
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Page:
    """A FeatureCollection as bytes, how many it holds, and the code to go on after ('' at the end)."""

    geojson: bytes
    count: int
    after: str


@dataclass(frozen=True)
class Neighbour:
    """A grid beside a grid, and what runs between them."""

    grid_id: int
    grid_code: str
    name: str
    barrier: str
    street: str
    length_m: float | None


def _properties() -> Mapping[str, ColumnElement[Any]]:
    of_grid = {
        name: plan_grids.c[name]
        for name in (
            *("grid_code", "name", "kind", "households", "persons", "area_m2"),
            *("sides_east", "sides_south", "sides_west", "sides_north", "reason", "reason_code"),
        )
    }
    return {
        "grid_id": plan_grids.c.grid_id,
        **of_grid,
        "community_code": plan_communities.c.community_code,
        "community_name": plan_communities.c.name,
        "town_code": towns.c.code,
        "town_name": towns.c.name,
        "plan_id": plan_grids.c.plan_id,
        "valid_from": func.lower(in_force.c.valid),
    }


def _feature(identity: ColumnElement[Any], shape: ColumnElement[Any], properties: Any) -> ColumnElement[Any]:
    """Write one feature as text: the shape's own text is not parsed again."""
    return func.concat(
        '{"type":"Feature","id":',
        func.to_json(identity),
        ',"geometry":',
        func.ST_AsGeoJSON(shape, DECIMALS, 0),
        ',"properties":',
        cast(properties, Text),
        "}",
    )


def _object(properties: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    pairs = [part for name, column in properties.items() for part in (literal(name, Text), column)]
    return func.json_build_object(*pairs)


async def read_grid(connection: AsyncConnection, code: str, on: date, *, area: Area = COUNTY) -> bytes:
    """Read one grid in force on a day as a GeoJSON feature.

    Raises
    ------
    NotFound
        No grid in the area bears this code that day.
    """
    day = literal(on)
    feature = _feature(plan_grids.c.grid_code, shape_on(day), _object(_properties()))
    found = await connection.scalar(grids_on(day, feature, area=area).where(plan_grids.c.grid_code == code))
    if found is None:
        raise NotFound(f"{on} 没有编码为 {code} 的网格", f"no grid has the code {code} on {on}")
    return str(found).encode()


async def read_features(connection: AsyncConnection, codes: Sequence[str], on: date) -> dict[str, bytes]:
    """Read grids in force on a day as GeoJSON features, by code; those that are not in force are missing."""
    day = literal(on)
    feature = _feature(plan_grids.c.grid_code, shape_on(day), _object(_properties()))
    among = plan_grids.c.grid_code == any_(literal(list(codes), ARRAY(Text)))
    rows = await connection.execute(grids_on(day, plan_grids.c.grid_code, feature).where(among))
    return {str(code): str(text).encode() for code, text in rows}


async def read_grids(
    connection: AsyncConnection,
    on: date,
    *,
    area: Area = COUNTY,
    community_code: str = "",
    box: Box | None = None,
    after: str = "",
    most: int = 100,
) -> Page:
    """Read a page of the grids in force on a day, by code.

    Parameters
    ----------
    box
        West, south, east and north in degrees; a point or a line will do. Grids that touch it are read.
    after
        The code after which to begin.
    """
    day = literal(on)
    chosen = grids_on(day, *[column.label(name) for name, column in _properties().items()], area=area)
    chosen = chosen.add_columns(shape_on(day).label("shape")).where(plan_grids.c.grid_code > after)
    if community_code:
        chosen = chosen.where(plan_communities.c.community_code == community_code)
    if box is not None:
        corners = [func.ST_Point(x, y, SRID) for x, y in (box[:2], box[2:])]
        looked_into = func.ST_Envelope(func.ST_MakeLine(*corners))  # a point or a line where the box is flat
        chosen = chosen.where(func.ST_Intersects(plan_grids.c.geometry, looked_into))
    page = chosen.order_by(plan_grids.c.grid_code).limit(most + 1).subquery()
    return await _read_page(connection, page, page.c.grid_code, _properties(), most)


async def _read_page(
    connection: AsyncConnection, page: Any, key: Any, properties: Mapping[str, Any], most: int
) -> Page:
    """Write the rows of a sub-query that was cut to one more than a page."""
    feature = _feature(key, page.c.shape, _object({name: page.c[name] for name in properties}))
    numbered = select(feature.label("feature"), key.label("key"), func.row_number().over(order_by=key).label("row"))
    rows = numbered.subquery()
    kept = rows.c.row <= most
    row = (
        await connection.execute(
            select(
                func.string_agg(rows.c.feature, aggregate_order_by(literal(",", Text), rows.c.row)).filter(kept),
                func.count(),
                func.max(rows.c.key).filter(kept),
            )
        )
    ).one()
    features, found, last = row
    geojson = f'{{"type":"FeatureCollection","features":[{features or ""}]}}'.encode()
    return Page(geojson, min(int(found), most), str(last) if int(found) > most else "")


async def read_community(connection: AsyncConnection, code: str, on: date, *, area: Area = COUNTY) -> bytes:
    """Read one community as a GeoJSON feature, as the plan in force on a day draws it.

    Raises
    ------
    NotFound
        No community in the area bears this code that day.
    """
    day = literal(on)
    properties = {
        "community_id": plan_communities.c.community_id,
        "community_code": plan_communities.c.community_code,
        "name": plan_communities.c.name,
        "town_code": towns.c.code,
        "town_name": towns.c.name,
        "grids": plan_communities.c.grids,
        "households": plan_communities.c.households,
        "plan_id": plan_communities.c.plan_id,
        "valid_from": func.lower(in_force.c.valid),
    }
    question = (
        select(_feature(plan_communities.c.community_code, plan_communities.c.geometry, _object(properties)))
        .join(
            in_force,
            (in_force.c.plan_id == plan_communities.c.plan_id)
            & (in_force.c.community_id == plan_communities.c.community_id),
        )
        .join(communities, communities.c.id == plan_communities.c.community_id)
        .join(towns, towns.c.id == communities.c.town_id)
        .where(
            in_force.c.valid.contains(day),
            plan_communities.c.community_code == code,
            bound(area, plan_communities.c.community_id),
        )
    )
    found = await connection.scalar(question)
    if found is None:
        raise NotFound(f"{on} 没有编码为 {code} 的社区", f"no community has the code {code} on {on}")
    return str(found).encode()


async def read_neighbours(connection: AsyncConnection, code: str, on: date, *, area: Area = COUNTY) -> list[Neighbour]:
    """Read the grids with which a grid shares a border inside its community, by code, each with its barriers.

    Raises
    ------
    NotFound
        No grid in the area bears this code that day.
    """
    day = literal(on)
    plan_id = await connection.scalar(
        grids_on(day, plan_grids.c.plan_id, area=area).where(plan_grids.c.grid_code == code)
    )
    if plan_id is None:
        raise NotFound(f"{on} 没有编码为 {code} 的网格", f"no grid has the code {code} on {on}")
    other = func.coalesce(func.nullif(plan_borders.c.left_grid, code), plan_borders.c.right_grid)
    question = (
        select(
            plan_grids.c.grid_id,
            plan_grids.c.grid_code,
            plan_grids.c.name,
            plan_borders.c.barrier,
            plan_borders.c.name.label("street"),
            plan_borders.c.length_m,
        )
        .join(plan_grids, (plan_grids.c.plan_id == plan_borders.c.plan_id) & (plan_grids.c.grid_code == other))
        .where(
            plan_borders.c.plan_id == plan_id,
            (plan_borders.c.left_grid == code) | (plan_borders.c.right_grid == code),
        )
        .order_by(plan_grids.c.grid_code, plan_borders.c.position)
    )
    return [Neighbour(*row) for row in await connection.execute(question)]


async def read_units(connection: AsyncConnection, code: str, on: date, *, area: Area = COUNTY) -> bytes:
    """Read the units of a grid in force on a day as a GeoJSON FeatureCollection.

    Raises
    ------
    NotFound
        No grid in the area bears this code that day.
    """
    day = literal(on)
    grid = (
        await connection.execute(
            grids_on(day, plan_grids.c.plan_id, plan_grids.c.grid_id, area=area).where(plan_grids.c.grid_code == code)
        )
    ).one_or_none()
    if grid is None:
        raise NotFound(f"{on} 没有编码为 {code} 的网格", f"no grid has the code {code} on {on}")
    properties = {name: plan_units.c[name] for name in ("unit_id", "kind", "households")}
    feature = _feature(plan_units.c.unit_id, plan_units.c.geometry, _object(properties))
    question = select(func.string_agg(feature, aggregate_order_by(literal(",", Text), plan_units.c.position))).where(
        plan_units.c.plan_id == grid.plan_id, plan_units.c.grid_id == grid.grid_id
    )
    features = await connection.scalar(question)
    return f'{{"type":"FeatureCollection","features":[{features or ""}]}}'.encode()
