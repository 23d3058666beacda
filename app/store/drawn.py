"""What pages draw of what is in force on a day: grids, communities, borders and streets of an area, as frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geo.crs import DEGREES
from app.geo.plan import Plan
from app.store.areas import COUNTY, Area, bound
from app.store.published import grids_on, shape_on
from app.store.tables import (
    SRID,
    in_force,
    plan_borders,
    plan_communities,
    plan_grids,
    plan_streets,
    plans,
)

__all__ = ["Box", "read_before", "read_borders", "read_drawn", "read_newest", "read_streets"]

Box = tuple[float, float, float, float]
"""West, south, east and north in degrees."""

MARGIN_DEGREES = 0.002
"""Streets go on a little beyond the communities: about 200 m."""

_GRID = (
    *("grid_code", "name", "kind", "households", "persons", "area_m2"),
    *("sides_east", "sides_south", "sides_west", "sides_north", "reason", "reason_code"),
)
_COMMUNITY = ("community_code", "name", "grids", "households", "in_band", "divisible", "cost", "message")
_BORDER = ("left_grid", "right_grid", "barrier", "name", "length_m")


async def read_drawn(connection: AsyncConnection, on: date, *, area: Area = COUNTY) -> Plan:
    """Read what is in force in an area as one plan, whatever plans it came from; without units.

    `about` is that of the plan that came into force last, and empty where nothing is in force.
    """
    day = literal(on)
    columns = [plan_grids.c[name] for name in _GRID]
    grids = await _read_frame(
        connection,
        grids_on(day, *columns, plan_communities.c.community_code, _wkb(shape_on(day)), area=area).order_by(
            plan_grids.c.grid_code
        ),
    )
    communities = await _read_frame(
        connection,
        select(*(plan_communities.c[name] for name in _COMMUNITY), _wkb(plan_communities.c.geometry))
        .join(in_force, _in_place(plan_communities))
        .where(in_force.c.valid.contains(day), bound(area, plan_communities.c.community_id))
        .order_by(plan_communities.c.community_code),
    )
    borders = await read_borders(connection, on, list(grids["grid_code"]))
    west, south, east, north = communities.total_bounds if len(communities) else (0.0, 0.0, 0.0, 0.0)
    box = (west - MARGIN_DEGREES, south - MARGIN_DEGREES, east + MARGIN_DEGREES, north + MARGIN_DEGREES)
    about = await connection.scalar(
        select(plans.c.about)
        .join(in_force, in_force.c.plan_id == plans.c.id)
        .where(in_force.c.valid.contains(day), bound(area, in_force.c.community_id))
        .order_by(plans.c.effective.desc(), plans.c.id.desc())
        .limit(1)
    )
    units = gpd.GeoDataFrame({"unit_id": []}, geometry=[], crs=DEGREES)
    streets = await read_streets(connection, on, box)
    return Plan(grids, units, borders, communities, streets, dict(about or {}))


async def read_newest(connection: AsyncConnection, on: date, *, area: Area = COUNTY) -> tuple[str, date | None]:
    """Return the title of the plan that came into force last in an area, and the day since which it holds there."""
    question = (
        select(plans.c.title, func.lower(in_force.c.valid))
        .join(in_force, in_force.c.plan_id == plans.c.id)
        .where(in_force.c.valid.contains(literal(on)), bound(area, in_force.c.community_id))
        .order_by(func.lower(in_force.c.valid).desc(), plans.c.id.desc())
        .limit(1)
    )
    row = (await connection.execute(question)).one_or_none()
    return ("", None) if row is None else (str(row[0]), row[1])


async def read_before(connection: AsyncConnection, on: date, *, area: Area = COUNTY) -> gpd.GeoDataFrame:
    """Read the grids that were in force in an area on the day before the newest plan there, where there were any."""
    _, since = await read_newest(connection, on, area=area)
    day = literal((since or on) - timedelta(days=1))
    columns = (plan_grids.c.grid_code, plan_grids.c.name, plan_grids.c.kind, plan_communities.c.community_code)
    question = grids_on(day, *columns, _wkb(shape_on(day)), area=area)
    return await _read_frame(connection, question.order_by(plan_grids.c.grid_code))


async def read_borders(connection: AsyncConnection, on: date, codes: Sequence[str]) -> gpd.GeoDataFrame:
    """Read the borders between grids in force on a day of which at least one is among `codes`."""
    among = func.string_to_array(literal("\x1f".join(codes)), "\x1f")
    of = plan_borders.c
    question = (
        select(*(of[name] for name in _BORDER), _wkb(of.geometry))
        .where(
            of.plan_id.in_(select(in_force.c.plan_id).where(in_force.c.valid.contains(literal(on)))),
            (of.left_grid == func.any(among)) | (of.right_grid == func.any(among)),
        )
        .order_by(of.plan_id, of.position)
    )
    return await _read_frame(connection, question)


async def read_streets(connection: AsyncConnection, on: date, box: Box) -> gpd.GeoDataFrame:
    """Read the streets in a box that the plans in force on a day were drawn with; each once."""
    of = plan_streets.c
    question = (
        select(of.highway, of.name, _wkb(of.geometry))
        .where(
            of.plan_id.in_(select(in_force.c.plan_id).where(in_force.c.valid.contains(literal(on)))),
            func.ST_Intersects(of.geometry, func.ST_MakeEnvelope(*(float(bound) for bound in box), SRID)),
        )
        .order_by(of.plan_id, of.position)
    )
    frame = await _read_frame(connection, question)
    twice = pd.DataFrame({"name": frame["name"], "wkb": shapely.to_wkb(frame.geometry.to_numpy())}).duplicated()
    return frame[~twice.to_numpy()].reset_index(drop=True)


def _in_place(content: Any) -> ColumnElement[bool]:
    same: ColumnElement[bool] = (in_force.c.plan_id == content.c.plan_id) & (
        in_force.c.community_id == content.c.community_id
    )
    return same


def _wkb(shape: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.ST_AsBinary(shape, "NDR").label("wkb")


async def _read_frame(connection: AsyncConnection, question: Select[Any]) -> gpd.GeoDataFrame:
    result = await connection.execute(question)
    names = [name for name in result.keys() if name != "wkb"]  # noqa: SIM118  a result is no mapping
    rows: list[Mapping[str, Any]] = [row._mapping for row in result]  # noqa: SLF001  SQLAlchemy's documented way
    data = {name: [row[name] for row in rows] for name in names}
    frame = gpd.GeoDataFrame(
        data, geometry=gpd.GeoSeries(list(shapely.from_wkb([row["wkb"] for row in rows])), crs=DEGREES)
    )
    numbers = [name for name in ("persons", "households", "cost", "length_m") if name in frame]
    return frame.assign(**{name: pd.to_numeric(frame[name]) for name in numbers})
