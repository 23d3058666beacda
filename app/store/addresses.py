"""Addresses of the county and the other names of its compounds and roads: what an address look-up is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geoalchemy2 import WKTElement
from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.changes import NewChange, record_changes
from app.store.tables import SRID, addresses, aliases

__all__ = [
    "Address",
    "Alias",
    "add_aliases",
    "read_address_mark",
    "read_addresses",
    "read_aliases",
    "replace_addresses",
]


@dataclass(frozen=True)
class Address:
    """An address as the county writes it, and its place in EPSG:4490; parts that it lacks are ''."""

    compound: str
    building: str
    unit: str
    road: str
    house_number: str
    longitude: float
    latitude: float
    standard_code: str = ""
    building_id: int | None = None
    community_id: int | None = None


@dataclass(frozen=True)
class Alias:
    """Another name of a compound or road (`kind`); one alias may stand for several."""

    kind: str
    alias: str
    name: str


async def replace_addresses(connection: AsyncConnection, new: Sequence[Address]) -> None:
    """Replace the address table by a new one, whole."""
    await connection.execute(delete(addresses))
    rows = [
        {
            "compound": one.compound,
            "building": one.building,
            "unit": one.unit,
            "road": one.road,
            "house_number": one.house_number,
            "standard_code": one.standard_code,
            "building_id": one.building_id,
            "community_id": one.community_id,
            "geometry": WKTElement(f"POINT({one.longitude!r} {one.latitude!r})", srid=SRID),
        }
        for one in new
    ]
    if rows:
        await connection.execute(insert(addresses), rows)
    await record_changes(connection, [NewChange("addresses.replaced", 0, details={"addresses": len(rows)})])


async def add_aliases(connection: AsyncConnection, new: Sequence[Alias]) -> None:
    """Add other names; those that are known already are left."""
    rows = [{"kind": one.kind, "alias": one.alias, "name": one.name} for one in new]
    if rows:
        await connection.execute(upsert(aliases).values(rows).on_conflict_do_nothing())
    await record_changes(connection, [NewChange("aliases.added", 0, details={"aliases": len(rows)})])


async def read_addresses(connection: AsyncConnection) -> list[Address]:
    """Read every address."""
    of = addresses.c
    place = (func.ST_X(of.geometry), func.ST_Y(of.geometry))
    parts: list[ColumnElement[Any]] = [of.compound, of.building, of.unit, of.road, of.house_number, *place]
    parts += [of.standard_code, of.building_id, of.community_id]
    question = select(*parts).order_by(of.id)
    return [Address(*row) for row in await connection.execute(question)]


async def read_aliases(connection: AsyncConnection) -> list[Alias]:
    """Read every other name."""
    question = select(aliases.c.kind, aliases.c.alias, aliases.c.name).order_by(aliases.c.id)
    return [Alias(*row) for row in await connection.execute(question)]


async def read_address_mark(connection: AsyncConnection) -> tuple[int, ...]:
    """Return numbers that differ whenever the addresses or the other names differ: rows are replaced, never changed."""
    newest = [select(func.coalesce(func.max(table.c.id), 0)).scalar_subquery() for table in (addresses, aliases)]
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in (addresses, aliases)]
    return tuple((await connection.execute(select(*newest, *counts))).one())
