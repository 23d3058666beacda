"""What a plan is made of: frames in, rows in the database; rows out, the same frames to the last bit."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geo.crs import DEGREES
from app.geo.plan import Plan
from app.store.connect import copy_rows
from app.store.errors import Refused
from app.store.tables import SRID, plan_borders, plan_communities, plan_grids, plan_streets, plan_units

__all__ = ["LAYERS", "digest_plan", "list_columns", "read_content", "read_frame", "write_content"]

LAYERS: Mapping[str, Table] = {
    "communities": plan_communities,
    "grids": plan_grids,
    "units": plan_units,
    "borders": plan_borders,
    "streets": plan_streets,
}
KEYS = frozenset({"plan_id", "position", "extra", "geometry", "grid_id", "community_id"})
NAMED_BY_ID = {"units": ("grid_code", "community_code"), "grids": ("community_code",)}
"""Columns that are kept as the id of what they name."""

Columns = Mapping[str, Sequence[Sequence[str]]]


def list_columns(plan: Plan) -> dict[str, list[list[str]]]:
    """List name and kind of every column of every layer, in order."""
    frames = {name: getattr(plan, name) for name in LAYERS}
    return {
        name: [[str(column), _kind_of(frame[column])] for column in frame.columns if column != frame.geometry.name]
        for name, frame in frames.items()
    }


def digest_plan(plan: Plan) -> str:
    """Return the SHA-256 of a plan's content: the same for the same content, whatever file it came in."""
    digest = hashlib.sha256()
    digest.update(json.dumps([dict(plan.about), list_columns(plan)], sort_keys=True).encode())
    for name in LAYERS:
        frame = getattr(plan, name)
        for column in frame.columns.drop(frame.geometry.name):
            digest.update(json.dumps(_plain(frame[column])).encode())
        for wkb in shapely.to_wkb(frame.geometry.to_numpy(), byte_order=1):
            digest.update(wkb)
    return digest.hexdigest()


async def write_content(
    connection: AsyncConnection,
    plan_id: int,
    plan: Plan,
    *,
    communities: Mapping[str, int],
    grids: Mapping[str, int],
) -> None:
    """Write the content of a draft; `communities` and `grids` tell the ids of its codes.

    Raises
    ------
    Refused
        A value does not fit its column.
    """
    for name, table in LAYERS.items():
        columns = [column.name for column in table.columns]
        rows = _records(name, table, plan_id, getattr(plan, name), communities, grids)
        await copy_rows(connection, table.name, columns, rows)


async def read_content(connection: AsyncConnection, plan_id: int, columns: Columns, about: Mapping[str, Any]) -> Plan:
    """Read a plan's content back as it was imported."""
    frames = {name: await read_frame(connection, name, plan_id, columns[name]) for name in LAYERS}
    return Plan(**frames, about=dict(about))


async def read_frame(
    connection: AsyncConnection, layer: str, plan_id: int, columns: Sequence[Sequence[str]]
) -> gpd.GeoDataFrame:
    """Read one layer of a plan back as it was imported."""
    table = LAYERS[layer]
    named = [table.c[name] for name, _ in columns if name in table.c]
    question = select(
        *named, table.c.extra.label("extra_"), func.ST_AsBinary(table.c.geometry, "NDR").label("wkb")
    ).where(table.c.plan_id == plan_id)
    if "grid_code" in NAMED_BY_ID.get(layer, ()):
        question = question.add_columns(plan_grids.c.grid_code).outerjoin(
            plan_grids, (plan_grids.c.plan_id == table.c.plan_id) & (plan_grids.c.grid_id == table.c.grid_id)
        )
    if "community_code" in NAMED_BY_ID.get(layer, ()):
        question = question.add_columns(plan_communities.c.community_code).join(
            plan_communities,
            (plan_communities.c.plan_id == table.c.plan_id) & (plan_communities.c.community_id == table.c.community_id),
        )
    rows = [row._mapping for row in await connection.execute(question.order_by(table.c.position))]  # noqa: SLF001
    data = {
        name: _series([row[name] if name in row else row["extra_"].get(name) for row in rows], kind)
        for name, kind in columns
    }
    shapes = shapely.from_wkb([row["wkb"] for row in rows])
    return gpd.GeoDataFrame(data, geometry=gpd.GeoSeries(list(shapes), crs=DEGREES))


def _records(
    layer: str,
    table: Table,
    plan_id: int,
    frame: gpd.GeoDataFrame,
    communities: Mapping[str, int],
    grids: Mapping[str, int],
) -> Iterator[tuple[Any, ...]]:
    """Turn a layer into rows in the order of the table's columns; what the table has no column for goes to `extra`."""
    geometry = frame.geometry.name
    values = {str(name): _plain(frame[name]) for name in frame.columns if name != geometry}
    typed = {name for name in values if name in table.c and name not in KEYS}
    extra = [name for name in values if name not in typed and name not in NAMED_BY_ID.get(layer, ())]
    shapes = shapely.set_srid(shapely.force_2d(frame.geometry.to_numpy()), SRID)
    for position, wkb in enumerate(shapely.to_wkb(shapes, byte_order=1, include_srid=True)):
        row: dict[str, Any] = {name: _fit(table, name, values[name][position], layer) for name in typed}
        row |= {
            "plan_id": plan_id,
            "position": position,
            "geometry": wkb,
            "extra": json.dumps({name: values[name][position] for name in extra}, ensure_ascii=False),
        }
        if "community_code" in values:
            row["community_id"] = communities[values["community_code"][position]]
        if "grid_code" in values:
            row["grid_id"] = grids.get(values["grid_code"][position])
        yield tuple(row.get(column.name, _empty(column)) for column in table.columns)


def _fit(table: Table, name: str, value: Any, layer: str) -> Any:
    """Return a value as its column takes it."""
    kind = table.c[name].type.python_type
    if value is None:
        return _empty(table.c[name])
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Refused(f"方案的 {layer}.{name} 应为 {kind.__name__}，却是 {value!r}", f"{layer}.{name} is {value!r}")
    return value


def _empty(column: Any) -> Any:
    return "" if column.type.python_type is str else None


def _kind_of(column: pd.Series) -> str:
    return str(column.dtype) if column.dtype.kind in "biuf" else "str"


def _plain(column: pd.Series) -> list[Any]:
    """Return the values as plain Python; NaN is None."""
    if column.dtype.kind in "biu":
        return list(column.tolist())
    if column.dtype.kind == "f":
        return [None if math.isnan(value) else value for value in column.tolist()]
    return [str(value) for value in column]


def _series(values: list[Any], kind: str) -> pd.Series:
    if kind.startswith("float"):
        values = [math.nan if value is None else value for value in values]
    return pd.Series(values, dtype=kind)
