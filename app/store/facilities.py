"""Community facilities: where they are, whose they are, how large they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import COUNTY, Area, bound
from app.store.changes import NewChange, record_changes
from app.store.tables import SRID, facilities

__all__ = ["Facility", "read_facilities", "replace_facilities"]


@dataclass(frozen=True)
class Facility:
    """A facility; `extra` holds what this version has no column for, `wkb` its place in EPSG:4490 if it is known."""

    facility_code: str
    name: str
    kind: str
    community_id: int | None
    address: str
    floor_area_m2: float | None
    extra: Mapping[str, Any] = field(default_factory=dict)
    wkb: bytes | None = None


async def replace_facilities(connection: AsyncConnection, new: Sequence[Facility]) -> None:
    """Replace the facilities of the county by new ones, whole."""
    await connection.execute(delete(facilities))
    rows = [
        {
            "facility_code": one.facility_code,
            "name": one.name,
            "kind": one.kind,
            "community_id": one.community_id,
            "address": one.address,
            "floor_area_m2": one.floor_area_m2,
            "extra": dict(one.extra),
            "geometry": None if one.wkb is None else WKBElement(one.wkb, srid=SRID),
        }
        for one in new
    ]
    if rows:
        await connection.execute(insert(facilities), rows)
    await record_changes(connection, [NewChange("facilities.replaced", 0, details={"facilities": len(rows)})])


async def read_facilities(
    connection: AsyncConnection,
    *,
    area: Area = COUNTY,
    code: str | None = None,
    kind: str | None = None,
    after: str = "",
    most: int | None = None,
) -> list[Facility]:
    """Read the facilities of an area, by code: all, or a page; of one class, or the one that bears a code."""
    of = facilities.c
    about = (of.name, of.kind, of.community_id, of.address, of.floor_area_m2, of.extra)
    question = select(of.facility_code, *about, func.ST_AsBinary(of.geometry, "NDR")).where(of.facility_code > after)
    if area != COUNTY:
        question = question.where(bound(area, of.community_id))
    for column, wanted in ((of.facility_code, code), (of.kind, kind)):
        if wanted is not None:
            question = question.where(column == wanted)
    return [Facility(*row) for row in await connection.execute(question.order_by(of.facility_code).limit(most))]
