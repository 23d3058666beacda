"""One column of a ledger or layer with a row for each grid, community or compound: what a theme (专题图) shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from app.files.messages import Findings, listed
from app.files.sheets import SHEET_SUFFIXES, column_key, read_sheet
from app.files.sources import open_source, read_table
from app.files.values import NUMBER
from app.geo.crs import DEGREES

__all__ = ["ThemeColumn", "read_theme"]

KEYS: tuple[tuple[Literal["grid", "area", "community"], tuple[str, ...]], ...] = (
    ("grid", ("grid_code", "网格编码", "网格代码")),
    ("area", ("compound_id", "小区编码", "小区编号", "小区", "小区名称")),
    ("community", ("community_code", "社区编码", "社区代码", "村社区编码", "社区", "社区名称", "社区(村)", "行政村")),
)
"""Columns that say whose row it is; a table of grids names their communities too, so the smaller area comes first."""

OFTEN_BESIDE = {"序号", "户数", "人口", "街道(乡镇)", "街道", "网格名称", "名称"}
"""Columns by which the heading of a ledger is known as well."""

NAMES = ("name", "名称", "小区名称", "小区")
YES_NO = {"yes": "是", "true": "是", "no": "否", "false": "否"}
TITLES = {"property_managed": "物业管理", "owners_committee": "业主委员会", "built_year": "建成年份"}
"""Chinese for columns that maps of compounds often have."""

PERSONAL = re.compile(
    r"姓名|电话|手机|联系方式|身份证|(书记|网格长|网格员|负责人|联系人|干部)$|(^|_)(phone|mobile|id_card)"
)
NUMBERS_OF_PERSONS = re.compile(r"\D*(1[3-9]\d{9}|\d{17}[\dXx])\D*")
"""Telephones and identity numbers, whatever stands above them."""

SUMS = ("合计", "总计", "小计")


@dataclass(frozen=True)
class ThemeColumn:
    """A column by key, row by row."""

    title: str
    """Its full heading."""
    level: Literal["grid", "area", "community"]
    keys: tuple[str, ...]
    """Codes or names, as the ledger has them; each once."""
    values: tuple[Any, ...]
    names: tuple[str, ...] = ()
    shapes: tuple[Any, ...] = ()
    """Outlines in EPSG:4490, where the ledger is a layer."""
    source: str = ""
    """Name of the file it was read from."""


def read_theme(spec: str) -> ThemeColumn:
    """Read `FILE[:SHEET or LAYER]:COLUMN`; the end of a heading is enough where no other column ends so.

    Raises
    ------
    InputError
        The file cannot be read, has no such column or none that says whose rows they are, has two rows for one, or
        the column is about persons.
    """
    source, _, column = spec.rpartition(":")
    findings = Findings("theme", source or spec)
    if not source:
        raise findings.stop("theme_column", column=spec, columns="")
    path = Path(source) if Path(source).exists() else Path(source.rpartition(":")[0])
    read = _read_rows if path.suffix.lower() in SHEET_SUFFIXES else _read_layer
    theme = read(source, column, findings)
    _refuse_personal(theme, findings)
    return replace(theme, source=path.name)


def _refuse_personal(theme: ThemeColumn, findings: Findings) -> None:
    """Refuse a column of names, telephones or identity numbers; how many there are of a kind is nobody's name."""
    words = [value for value in theme.values if isinstance(value, str) and not NUMBER.fullmatch(value)]
    if words and PERSONAL.search(theme.title):
        raise findings.stop("theme_personal", column=theme.title, why="看标题 by its heading")
    if any(NUMBERS_OF_PERSONS.fullmatch(_text(value)) for value in theme.values):
        raise findings.stop("theme_personal", column=theme.title, why="有电话或证件号 it holds such numbers")


def _read_rows(source: str, column: str, findings: Findings) -> ThemeColumn:
    path, sheet = (Path(source), "") if Path(source).exists() else _split(source)
    if not path.is_file():
        raise findings.stop("file_missing")
    known = {name for _, names in KEYS for name in names} | OFTEN_BESIDE
    if path.suffix.lower() == ".csv":  # of a heading in two rows the lower one alone would become the title
        known.add(column)
    table = read_sheet(path, sheet, known, findings)
    at = _find(column, table.columns, findings)
    level, key = _find_key(table.columns, findings)
    rows = [row for row in table.rows if _text(_cell(row.values, key)) and not _is_sum(row.values)]
    keys = [_text(_cell(row.values, key)) for row in rows]
    _refuse_twice(keys, table.columns[key], [f"row {row.number}" for row in rows], findings)
    return ThemeColumn(table.columns[at], level, tuple(keys), tuple(_plain(_cell(row.values, at)) for row in rows))


def _read_layer(spec: str, column: str, findings: Findings) -> ThemeColumn:
    source = open_source(spec, findings)
    at = source.columns[_find(column, source.columns, findings)]
    level, key = _find_key(source.columns, findings)
    named = next((name for name in NAMES if name in source.columns), source.columns[key])
    table = read_table(source, {at, source.columns[key], named}, findings)
    keys = [_text(value) for value in table.columns[source.columns[key]]]
    _refuse_twice(keys, source.columns[key], [f"#{row + 1}" for row in range(len(keys))], findings)
    return ThemeColumn(
        TITLES.get(at, at),
        level,
        tuple(keys),
        tuple(map(_plain, table.columns[at])),
        tuple(_text(value) for value in table.columns[named]),
        tuple(_to_degrees(table.shapes, source.crs)),
    )


def _split(source: str) -> tuple[Path, str]:
    file, _, sheet = source.rpartition(":")
    return Path(file or source), sheet


def _to_degrees(shapes: NDArray[np.object_], crs: Any) -> NDArray[np.object_]:
    import geopandas as gpd

    degrees: NDArray[np.object_] = gpd.GeoSeries(shapely.force_2d(shapes), crs=crs).to_crs(DEGREES).to_numpy()
    return degrees


def _find(column: str, columns: Sequence[str], findings: Findings) -> int:
    """Return the column of that heading, or the only one whose heading ends so."""
    wanted = column_key(column)
    keys = [column_key(name) for name in columns]
    if wanted in keys:
        return keys.index(wanted)
    ending = [place for place, name in enumerate(keys) if wanted and name.endswith(wanted)]
    if len(ending) == 1:
        return ending[0]
    raise findings.stop("theme_column", column=column, columns="、".join(name for name in columns if name))


def _find_key(columns: Sequence[str], findings: Findings) -> tuple[Literal["grid", "area", "community"], int]:
    keys = [column_key(name) for name in columns]
    for level, names in KEYS:
        for name in map(column_key, names):
            if name in keys:
                return level, keys.index(name)
    raise findings.stop("theme_key", columns="、".join(name for name in columns if name))


def _refuse_twice(keys: Sequence[str], field: str, labels: Sequence[str], findings: Findings) -> None:
    rows: dict[str, list[str]] = {}
    for key, label in zip(keys, labels, strict=True):
        rows.setdefault(key, []).append(label.removeprefix("row "))
    for key, numbers in rows.items():
        if len(numbers) > 1:
            findings.refuse("code_duplicate", key, field=field, value=key, rows=listed(numbers))
    findings.settle()


def _cell(values: Sequence[Any], place: int) -> Any:
    return values[place] if place < len(values) else None


def _is_sum(values: Sequence[Any]) -> bool:
    return any(_text(value) in SUMS for value in values[:4])


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return f"{value:.0f}" if isinstance(value, float) and value == int(value) else str(value).strip()


def _plain(value: Any) -> Any:
    """Return text or a number, yes and no as words, and None for nothing."""
    if isinstance(value, bool | np.bool_ | str) and str(value).lower() in YES_NO:
        return YES_NO[str(value).lower()]
    if value is None or not str(value).strip() or (not isinstance(value, str) and pd.isna(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
