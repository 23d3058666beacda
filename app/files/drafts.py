"""Drafts on disk: who is in which grid, as tables that a spreadsheet opens, and as points where there are any."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from app.geo.attach import Attached, spread_m
from app.geo.draft import DraftCommunity

__all__ = [
    "ASSIGNMENT",
    "GRID_TABLE",
    "POINTS",
    "assignment_table",
    "grid_table",
    "point_frame",
    "write_table",
]

ASSIGNMENT, GRID_TABLE, POINTS = "楼栋归属明细表.csv", "网格台账.csv", "draft.gpkg"

FIELDS = {
    "社区": "community",
    "小区": "compound",
    "楼栋": "building",
    "单元": "section",
    "地址(门牌)": "address",
    "标准地址编码": "address_code",
    "户数": "households",
    "人口": "persons",
    "物业服务企业": "property_company",
    "建成年代": "built",
    "原网格": "old_grid",
    "现网格": "grid",
    "网格员": "worker",
    "备注": "remark",
    "楼栋编号": "building_id",
    "社区编码": "community_code",
    "原网格编码": "old_grid_code",
    "现网格编码": "grid_code",
    "居民小组": "group",
    "街道": "town",
    "经度": "longitude",
    "纬度": "latitude",
}
"""The columns of 《楼栋归属明细表》, the machine's copy, and what a draft needs beside them to be read again."""


def assignment_table(rows: pd.DataFrame, communities: Sequence[DraftCommunity], attached: Attached) -> pd.DataFrame:
    """Return 《楼栋归属明细表》: the rows of the ledger in their order, each with its grid and its place if known."""
    table = rows.copy()
    for community in communities:
        for grid in community.grids:
            table.loc[list(grid.rows), ["grid", "grid_code"]] = grid.name, grid.code
    places = attached.places.geometry.reindex(table.index)
    table["longitude"], table["latitude"] = places.x.round(7), places.y.round(7)
    return pd.DataFrame({name: table[field] for name, field in FIELDS.items()})


def grid_table(
    rows: pd.DataFrame, communities: Sequence[DraftCommunity], attached: Attached, household_basis: str
) -> pd.DataFrame:
    """Return 《网格台账》 as far as a draft knows it, with the households that are on the map."""
    lines: list[dict[str, Any]] = []
    for community in communities:
        for grid in community.grids:
            own = rows.loc[list(grid.rows)]
            there = [row for row in grid.rows if row in attached.places.index]
            mapped = int(rows.loc[there, "households"].sum())
            lines.append(
                {
                    "序号": len(lines) + 1,
                    "社区(村)": community.name,
                    "网格编码": grid.code,
                    "网格名称": grid.name,
                    "包含小区(自然村)": "、".join(grid.wholes),
                    "楼栋数": len(own[["compound", "group", "building", "address"]].drop_duplicates()),
                    "户数": grid.households,
                    "户数口径": household_basis,
                    "人口": grid.persons,
                    "是否超限": "是" if grid.reason.code else "否",
                    "超限原因": grid.reason.text,
                    "已落图户数": mapped,
                    "落图率": f"{mapped / grid.households:.0%}" if grid.households else "",
                    "已落图最远距离(米)": round(spread_m(attached.places.geometry.loc[there])),
                    "社区编码": community.code,
                }
            )
    return pd.DataFrame(lines)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV in UTF-8 with its mark, so that Excel and WPS read it; nothing in it runs as a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.columns)
        writer.writerows([_plain(value) for value in row] for row in table.itertuples(index=False))


def _plain(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def point_frame(table: pd.DataFrame, attached: Attached) -> gpd.GeoDataFrame:
    """Return the rows of 《楼栋归属明细表》 that are on the map as points with their grid."""
    mapped = table.loc[attached.places.index]
    columns = {
        "grid_code": mapped["现网格编码"],
        "grid_name": mapped["现网格"],
        "community_code": mapped["社区编码"],
        "compound": mapped["小区"],
        "building": mapped["楼栋"],
        "households": mapped["户数"],
        "by": attached.places["by"],
    }
    return gpd.GeoDataFrame(columns, geometry=attached.places.geometry).reset_index(drop=True)
