"""Buildings of the county, with counts of households and persons, never a row about anybody who lives there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import COUNTY, Area, bound
from app.store.changes import NewChange, record_changes
from app.store.connect import copy_rows
from app.store.tables import SRID, buildings

__all__ = ["Building", "read_buildings", "replace_buildings"]

COLUMNS = ("building_code", "community_id", "name", "compound", "residents_group", "households", "persons", "geometry")


@dataclass(frozen=True)
class Building:
    """A building; `wkb` is its shape, polygon or point, in EPSG:4490."""

    building_code: str
    community_id: int | None
    name: str
    compound: str
    residents_group: str
    households: int
    persons: float | None
    wkb: bytes


async def replace_buildings(connection: AsyncConnection, new: Sequence[Building]) -> dict[str, int]:
    """Replace the buildings of the county by new ones, whole; return their ids by code."""
    await connection.execute(delete(buildings))
    rows = [
        (
            one.building_code,
            one.community_id,
            one.name,
            one.compound,
            one.residents_group,
            one.households,
            one.persons,
            shapely.to_wkb(shapely.set_srid(shapely.from_wkb(one.wkb), SRID), byte_order=1, include_srid=True),
        )
        for one in new
    ]
    await copy_rows(connection, buildings.name, COLUMNS, rows)
    await record_changes(connection, [NewChange("buildings.replaced", 0, details={"buildings": len(new)})])
    found = await connection.execute(select(buildings.c.building_code, buildings.c.id))
    return {str(row[0]): int(row[1]) for row in found}


async def read_buildings(connection: AsyncConnection, *, area: Area = COUNTY) -> list[Building]:
    """Read the buildings of an area, by code."""
    of = buildings.c
    counts = (of.name, of.compound, of.residents_group, of.households, of.persons)
    question = select(of.building_code, of.community_id, *counts, func.ST_AsBinary(of.geometry, "NDR"))
    if area != COUNTY:
        question = question.where(bound(area, of.community_id))
    return [Building(*row) for row in await connection.execute(question.order_by(of.building_code))]
