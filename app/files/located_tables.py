"""Tables with coordinates, CSV or xlsx, as layers: two columns of degrees, or one of WKT."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from app.files.contents import Source, Table
from app.files.messages import Findings
from app.files.sheets import Sheet, column_key, read_sheet
from app.geo.crs import DEGREES
from app.geo.layers import Contract

__all__ = ["open_table", "read_located"]

LONGITUDE = ("经度", "东经", "lon", "lng", "long", "longitude", "x")
LATITUDE = ("纬度", "北纬", "lat", "latitude", "y")
WKT = ("wkt", "the_geom", "geom", "geometry", "几何", "图形", "空间信息")
FIFTEEN_DIGITS = 10**15
"""From here on a spreadsheet keeps no digit beyond the fifteenth."""


def open_table(path: Path, wished: str, contract: Contract, findings: Findings) -> Source:
    """Read a table that has columns of coordinates.

    Raises
    ------
    InputError
        If it cannot be read, or has no coordinates.
    """
    known = {name for field in contract.fields for name in (field.name, *field.aliases.split())}
    sheet = read_sheet(path, wished, known | {*LONGITUDE, *LATITUDE, *WKT}, findings)
    if not sheet.rows:
        raise findings.stop("layer_empty")
    places = _places(sheet)
    if not places:
        raise findings.stop("table_without_place", columns="、".join(name for name in sheet.columns if name))
    names = tuple(name for place, name in enumerate(sheet.columns) if name and place not in places)
    return Source(path, "table", sheet.name, names, names, "", DEGREES, sheet)


def _places(sheet: Sheet) -> tuple[int, ...]:
    """Return the column of WKT, or those of longitude and latitude; none where there are not both."""
    keys = [column_key(name) for name in sheet.columns]

    def first(names: Collection[str]) -> int | None:
        return next((keys.index(name) for name in names if name in keys), None)

    wkt, lon, lat = first(WKT), first(LONGITUDE), first(LATITUDE)
    if wkt is not None:
        return (wkt,)
    return () if lon is None or lat is None else (lon, lat)


def read_located(source: Source, columns: Collection[str], findings: Findings) -> Table:
    """Make shapes of the coordinates of a table, and return some of its columns.

    Raises
    ------
    InputError
        With the rows whose coordinates cannot be read.
    """
    sheet = source.sheet
    assert sheet is not None, "a table is read as it is opened"  # noqa: S101  open_table has seen to it
    places = _places(sheet)
    make = _from_wkt if len(places) == 1 else _from_degrees
    shapes = make(sheet, places, findings)
    findings.settle()
    findings.note("table_degrees", len(shapes))
    read = {name: _column(sheet, sheet.columns.index(name)) for name in columns}
    return Table(shapes, read, source.crs, measured=False, numbers=tuple(row.number for row in sheet.rows))


def _column(sheet: Sheet, place: int) -> np.ndarray:
    """Return a column as text, numbers and None; a number that has lost its last digits as a spreadsheet shows it."""
    cells = [row.values[place] if place < len(row.values) else None for row in sheet.rows]
    plain = [
        f"{cell:.5E}"
        if isinstance(cell, int) and abs(cell) >= FIFTEEN_DIGITS
        else cell
        if cell is None or isinstance(cell, str | int | float)
        else str(cell)
        for cell in cells
    ]
    return np.array([*plain, None], dtype=object)[:-1]


def _from_degrees(sheet: Sheet, places: tuple[int, ...], findings: Findings) -> np.ndarray:
    xy = np.full((len(sheet.rows), 2), np.nan)
    for axis, place in enumerate(places):
        cells = _column(sheet, place)
        strange = [row for row, cell in enumerate(cells) if cell is not None and _degrees(cell) is None]
        labels = [f"row {row.number} {sheet.letter(place)} {sheet.columns[place]}" for row in sheet.rows]
        findings.refuse_rows("coordinate_text", strange, labels, partial(_value_of, cells))
        xy[:, axis] = [_degrees(cell) if _degrees(cell) is not None else np.nan for cell in cells]
    known = np.isfinite(xy).all(axis=1)
    if known.any() and (np.abs(xy[known]) > 180).any(axis=1).mean() > 0.5:
        raise findings.stop("table_metres", x=float(np.median(xy[known, 0])), y=float(np.median(xy[known, 1])))
    shapes = np.full(len(xy), None, dtype=object)
    shapes[known] = shapely.points(xy[known])
    return shapes


def _value_of(cells: np.ndarray, row: int) -> dict[str, str]:
    return {"value": str(cells[row])[:40]}


def _degrees(cell: Any) -> float | None:
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None


def _from_wkt(sheet: Sheet, places: tuple[int, ...], findings: Findings) -> np.ndarray:
    texts = _column(sheet, places[0])
    shapes = shapely.from_wkt([text if isinstance(text, str) else None for text in texts], on_invalid="ignore")
    strange = [row for row, text in enumerate(texts) if text is not None and shapes[row] is None]
    labels = [f"row {row.number} {sheet.letter(places[0])} {sheet.columns[places[0]]}" for row in sheet.rows]
    findings.refuse_rows("wkt_text", strange, labels, partial(_value_of, texts))
    return np.array([*shapes, None], dtype=object)[:-1]
