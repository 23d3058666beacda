"""What people walk on and cannot walk across, in the whole county, and the homes beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geo.crs import DEGREES
from app.store.changes import NewChange, record_changes
from app.store.connect import copy_rows
from app.store.tables import SRID, barriers, buildings, facilities, footways

__all__ = ["read_barriers", "read_footways", "read_homes", "read_walked_to", "replace_ground"]

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


async def read_footways(connection: AsyncConnection) -> gpd.GeoDataFrame:
    """Read what people walk on: highway, name, bridge, tunnel, layer."""
    kinds = {"highway": object, "name": object, "bridge": bool, "tunnel": bool, "layer": np.int64}
    return await _read(connection, footways, kinds, order=footways.c.position)


async def read_barriers(connection: AsyncConnection) -> gpd.GeoDataFrame:
    """Read what bars the way: kind, name, bridge, tunnel."""
    kinds = {"kind": object, "name": object, "bridge": bool, "tunnel": bool}
    return await _read(connection, barriers, kinds, order=barriers.c.position)


async def read_homes(connection: AsyncConnection) -> gpd.GeoDataFrame:
    """Read the buildings with households: building_code, households, persons."""
    kinds = {"building_code": object, "households": np.float64, "persons": np.float64}
    homes = await _read(connection, buildings, kinds, order=buildings.c.building_code)
    return homes[homes["households"] > 0].rename(columns={"building_code": "building_id"}).reset_index(drop=True)


async def read_walked_to(connection: AsyncConnection) -> gpd.GeoDataFrame:
    """Read the facilities whose place is known: facility_code, name, kind as facility_class."""
    kinds = {"facility_code": object, "name": object, "kind": object}
    there = await _read(connection, facilities, kinds, order=facilities.c.facility_code)
    return there.rename(columns={"kind": "facility_class"})


async def _read(connection: AsyncConnection, table: Table, kinds: dict[str, Any], *, order: Any) -> gpd.GeoDataFrame:
    columns = [table.c[name] for name in kinds]
    question = select(*columns, func.ST_AsBinary(table.c.geometry, "NDR")).where(table.c.geometry.is_not(None))
    rows: Sequence[Any] = (await connection.execute(question.order_by(order))).all()
    data = {
        name: np.array([row[place] for row in rows], dtype=kind) for place, (name, kind) in enumerate(kinds.items())
    }
    shapes = np.empty(len(rows), dtype=object)
    shapes[:] = list(shapely.from_wkb([row[-1] for row in rows]))
    table_of = pd.DataFrame(data, columns=list(kinds))
    return gpd.GeoDataFrame(table_of, geometry=gpd.GeoSeries(shapes, crs=DEGREES), crs=DEGREES)
