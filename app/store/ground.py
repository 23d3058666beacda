"""What people walk on and cannot walk across, in the whole county, and the homes beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Table, delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geo.crs import DEGREES
from app.store.changes import NewChange, record_changes
from app.store.connect import copy_rows
from app.store.drawn import Box
from app.store.published import read_published
from app.store.tables import SRID, barriers, buildings, facilities, footways, in_force, plan_communities

__all__ = ["Ground", "read_frame", "read_ground", "replace_ground"]

FOOTWAYS = ("highway", "name", "bridge", "tunnel", "layer")
BARRIERS = ("kind", "name", "bridge", "tunnel")


async def replace_ground(connection: AsyncConnection, ways: gpd.GeoDataFrame, bars: gpd.GeoDataFrame) -> None:
    """Replace streets, lanes and paths, and what bars the way to them, by others, whole."""
    for table, columns, frame in ((footways, FOOTWAYS, ways), (barriers, BARRIERS, bars)):
        await connection.execute(delete(table))
        shapes = shapely.set_srid(shapely.force_2d(frame.geometry.to_numpy()), SRID)
        wkb = shapely.to_wkb(shapes, byte_order=1, include_srid=True)
        values = [frame[name].tolist() for name in columns]
        rows = ((position, *row) for position, row in enumerate(zip(*values, wkb, strict=True)))
        await copy_rows(connection, table.name, ["position", *columns, "geometry"], rows)
    details = {"footways": len(ways), "barriers": len(bars)}
    await record_changes(connection, [NewChange("ground.replaced", 0, details=details)])


@dataclass(frozen=True)
class Ground:
    """Everything that ways on foot are measured by, on a day; frames in EPSG:4490.

    `communities` and `grids` are those in force (community_code, grid_code), `footways` and `barriers` as they were
    taken in, `homes` buildings with households (building_id, households, persons), `facilities` those whose place is
    known (facility_code, name, facility_class).
    """

    communities: gpd.GeoDataFrame
    grids: gpd.GeoDataFrame
    footways: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    homes: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame


async def read_frame(connection: AsyncConnection, box: Box) -> gpd.GeoDataFrame:
    """Read water and railways that meet a box, which maps draw: `kind`, `name`."""
    envelope = func.ST_MakeEnvelope(*(float(bound) for bound in box), SRID)
    question = (
        select(barriers.c.kind, barriers.c.name, func.ST_AsBinary(barriers.c.geometry, "NDR"))
        .where(barriers.c.kind.in_(("water", "rail")), func.ST_Intersects(barriers.c.geometry, envelope))
        .order_by(barriers.c.position)
    )
    return _frame((await connection.execute(question)).all(), {"kind": object, "name": object})


async def read_ground(connection: AsyncConnection, *, on: date) -> Ground:
    """Read what ways on foot are measured by."""
    flags = {"bridge": bool, "tunnel": bool}
    streets = {"highway": object, "name": object, **flags, "layer": np.int64}
    homes = {"building_code": object, "households": np.float64, "persons": np.float64}
    lived_in = await _read(connection, buildings, homes, order=buildings.c.building_code)
    lived_in = lived_in[lived_in["households"] > 0].reset_index(drop=True)
    places = {"facility_code": object, "name": object, "kind": object}
    here = plan_communities.c.community_id == in_force.c.community_id
    held = (
        select(plan_communities.c.community_code, func.ST_AsBinary(plan_communities.c.geometry, "NDR"))
        .join(in_force, (plan_communities.c.plan_id == in_force.c.plan_id) & here)
        .where(in_force.c.valid.contains(literal(on)))
        .order_by(plan_communities.c.community_code)
    )
    drawn = [(one.grid_code, one.wkb) for one in await read_published(connection, on)]
    return Ground(
        _frame((await connection.execute(held)).all(), {"community_code": object}),
        _frame(drawn, {"grid_code": object}),
        await _read(connection, footways, streets, order=footways.c.position),
        await _read(connection, barriers, {"kind": object, "name": object, **flags}, order=barriers.c.position),
        lived_in.rename(columns={"building_code": "building_id"}),
        (await _read(connection, facilities, places, order=facilities.c.facility_code)).rename(
            columns={"kind": "facility_class"}
        ),
    )


async def _read(connection: AsyncConnection, table: Table, kinds: Mapping[str, Any], *, order: Any) -> gpd.GeoDataFrame:
    columns = [table.c[name] for name in kinds]
    question = select(*columns, func.ST_AsBinary(table.c.geometry, "NDR")).where(table.c.geometry.is_not(None))
    return _frame((await connection.execute(question.order_by(order))).all(), kinds)


def _frame(rows: Sequence[Any], kinds: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Make a frame of rows whose last value is a shape."""
    data = {
        name: np.array([row[place] for row in rows], dtype=kind) for place, (name, kind) in enumerate(kinds.items())
    }
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = list(shapely.from_wkb([row[-1] for row in rows]))
    return gpd.GeoDataFrame(pd.DataFrame(data), geometry=gpd.GeoSeries(shapes, crs=DEGREES), crs=DEGREES)
