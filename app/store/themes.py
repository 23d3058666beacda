"""What planners see beside what is in force: columns of ledgers as themes (专题图), and grids of before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geo.crs import DEGREES
from app.store.areas import COUNTY, Area, bound, bound_grid
from app.store.changes import NewChange, record_changes
from app.store.connect import copy_rows
from app.store.tables import SRID, old_grids, theme_values, themes

__all__ = ["OldGrid", "Theme", "ThemeValue", "read_old_grids", "read_themes", "replace_old_grids", "replace_themes"]


OLD = ("grid_code", "name", "verdict", "findings")


@dataclass(frozen=True)
class ThemeValue:
    """What a ledger says of one grid, community or compound; a compound has its outline in EPSG:4490 with it."""

    code: str
    name: str
    value: str | float | None
    community_id: int | None
    grid_id: int | None = None
    wkb: bytes | None = None


@dataclass(frozen=True)
class Theme:
    """A column of a ledger: its heading, of what it has a row, and the file that it came from."""

    title: str
    level: Literal["grid", "area", "community"]
    source: str
    values: tuple[ThemeValue, ...]


@dataclass(frozen=True)
class OldGrid:
    """A grid that was there before; drawn by hand, so it may gape or overlap.

    `verdict` is the class of its checkup (体检) in `app.maps.change_views`, None where it was not checked.
    """

    grid_code: str
    name: str
    community_id: int | None
    wkb: bytes
    verdict: int | None = None
    findings: str = ""


async def replace_themes(connection: AsyncConnection, new: Sequence[Theme]) -> None:
    """Replace the themes by others, whole."""
    await connection.execute(delete(themes))
    rows: list[tuple[Any, ...]] = []
    for position, one in enumerate(new):
        row = {"position": position, "title": one.title, "level": one.level, "source": one.source}
        await connection.execute(insert(themes).values(row))
        for place, held in enumerate(one.values):
            text, number = (None, held.value) if isinstance(held.value, float) else (held.value, None)
            told = (held.code, held.name, text, number, held.community_id, held.grid_id)
            rows.append((position, place, *told, None if held.wkb is None else _located(held.wkb)))
    columns = ["theme", "place", "code", "name", "words", "number", "community_id", "grid_id", "geometry"]
    await copy_rows(connection, theme_values.name, columns, rows)
    await record_changes(connection, [NewChange("themes.replaced", 0, details={"themes": len(new)})])


async def read_themes(connection: AsyncConnection, *, area: Area = COUNTY) -> list[Theme]:
    """Read the themes, of each what lies in an area."""
    of = theme_values.c
    told = (of.code, of.name, of.number, of.words, of.community_id, of.grid_id)
    read = []
    for theme in (await connection.execute(select(themes).order_by(themes.c.position))).all():
        here = bound_grid(area, of.community_id, of.grid_id) if theme.level == "grid" else bound(area, of.community_id)
        question = select(*told, func.ST_AsBinary(of.geometry, "NDR")).where(of.theme == theme.position, here)
        values = tuple(
            ThemeValue(code, name, number if number is not None else words, *places)
            for code, name, number, words, *places in await connection.execute(question.order_by(of.place))
        )
        read.append(Theme(theme.title, theme.level, theme.source, values))
    return read


async def replace_old_grids(connection: AsyncConnection, new: Sequence[OldGrid]) -> None:
    """Replace the grids that were there before by others, whole."""
    await connection.execute(delete(old_grids))
    told = [(one.grid_code, one.name, one.community_id, one.verdict, one.findings, _located(one.wkb)) for one in new]
    columns = ["position", "grid_code", "name", "community_id", "verdict", "findings", "geometry"]
    await copy_rows(connection, old_grids.name, columns, ((place, *row) for place, row in enumerate(told)))
    await record_changes(connection, [NewChange("old_grids.replaced", 0, details={"grids": len(new)})])


async def read_old_grids(connection: AsyncConnection, *, area: Area = COUNTY) -> gpd.GeoDataFrame:
    """Read the grids that were there before in the communities of an area: grid_code, name, verdict, findings."""
    of = old_grids.c
    told = [of[name] for name in OLD]
    question = select(*told, func.ST_AsBinary(of.geometry, "NDR")).order_by(of.position)
    if area != COUNTY:
        question = question.where(bound(area, of.community_id))
    rows = (await connection.execute(question)).all()
    shapes = gpd.GeoSeries([shapely.from_wkb(row[-1]) for row in rows], crs=DEGREES)
    named = {name: [row[place] for row in rows] for place, name in enumerate(OLD)}
    return gpd.GeoDataFrame(pd.DataFrame(named, dtype=object), geometry=shapes, crs=DEGREES)


def _located(wkb: bytes) -> bytes:
    shape = shapely.set_srid(shapely.force_2d(shapely.from_wkb(wkb)), SRID)
    located: bytes = shapely.to_wkb(shape, byte_order=1, include_srid=True)
    return located
