"""The rows of every ledger, from a plan, its buildings, those who work there and last year's grids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import STRtree

from app.geo.census import count_households
from app.geo.lineage import Flow, GridRoll, Lineage
from app.geo.plan import Plan
from app.geo.rules import Rules
from app.geo.survey import read_statements, survey_grids
from app.reports.tables import BUILDINGS, CHANGES, GRIDS, NOTICED, Table
from app.reports.texts import clean, join_names, plain

__all__ = [
    "FULL_TIME",
    "LEADER",
    "NOBODY",
    "PART_TIME",
    "Dwellings",
    "Roster",
    "grid_kind",
    "list_buildings",
    "list_changes",
    "list_grids",
    "list_noticed",
    "say_sides",
    "settle_dwellings",
]

LEADER, FULL_TIME, PART_TIME, OFFICIAL = "网格长", "专职网格员", "兼职网格员", "包联干部"

LEAST_NOTICED = 10
"""Households of a grid of which a public notice tells how many."""

MOST_BUILDINGS_NAMED = 40
"""Buildings of one compound that are named in 《对照表》; beyond it they are counted."""


@dataclass(frozen=True)
class Dwellings:
    """The buildings in which households live, each with the grid in which it counts.

    `rows` has a row a dwelling: building (its row in the layer), grid (row of the plan's grids), community_code,
    community, compound, label (unlike any other in its compound), households, persons and what else the layer says.
    """

    rows: pd.DataFrame

    def of_grid(self, grid: int) -> pd.DataFrame:
        """Return the dwellings of one grid."""
        return self.rows[self.rows["grid"] == grid]


@dataclass(frozen=True)
class Roster:
    """Who works in which grid: name, role and telephone by grid code.

    `rows` has the columns 网格编码, 姓名, 角色, 联系电话 of 《网格人员配备表》.
    """

    rows: pd.DataFrame

    def find(self, code: str, role: str) -> list[tuple[str, str]]:
        """Return name and telephone of those who have a role in a grid, in the order of the roster."""
        own = self.rows[(self.rows["网格编码"] == code) & (self.rows["角色"] == role)]
        return [(str(name), str(phone)) for name, phone in zip(own["姓名"], own["联系电话"], strict=True)]

    def holds_several(self, name: str, phone: str) -> bool:
        """Tell whether a person, known by name and telephone, has more than one grid."""
        own = self.rows[(self.rows["姓名"] == name) & (self.rows["联系电话"] == phone)]
        return bool(own["网格编码"].nunique() > 1)

    def names(self, code: str, *roles: str) -> str:
        """Return the names of those who have one of some roles in a grid."""
        return join_names([name for role in roles for name, _ in self.find(code, role)])


NOBODY = Roster(pd.DataFrame({name: pd.Series([], dtype=str) for name in ("网格编码", "姓名", "角色", "联系电话")}))


def settle_dwellings(
    grids: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, compounds: gpd.GeoDataFrame
) -> Dwellings:
    """Put every dwelling into its grid and its compound.

    A dwelling counts where a point inside it lies, as in every promise; its compound is the one it names, else the one
    that is drawn around it.

    Parameters
    ----------
    grids, communities
        Of a plan.
    buildings, compounds
        As `Layers` describes them.
    """
    survey = survey_grids(grids, communities)
    census = count_households(survey, read_statements(grids), buildings)
    rows = np.flatnonzero((census.households > 0) & (census.grid_of >= 0))
    grid = census.grid_of[rows]
    name_of = dict(zip(communities["community_code"], communities["name"], strict=True))
    codes = [str(grids["community_code"].iloc[row]) for row in grid]
    own = buildings.iloc[rows]
    frame = pd.DataFrame(
        {
            "building": rows,
            "grid": grid,
            "community_code": codes,
            "community": [clean(name_of.get(code, "")) for code in codes],
            "compound": _compounds_of(own, compounds),
            "building_id": _texts(own, "building_id"),
            "households": own["households"].to_numpy(float),
            "persons": own["persons"].to_numpy(float),
            **{
                name: _texts(own, name)
                for name in ("name", "group", "sections", "address", "address_code", "property_company", "built")
            },
        }
    )
    frame["label"] = _labels(frame)
    order = frame.assign(code=[str(grids["grid_code"].iloc[row]) for row in grid])
    order = order.sort_values(["community_code", "code", "compound", "building"], kind="stable")
    return Dwellings(frame.loc[order.index].reset_index(drop=True))


def _texts(frame: pd.DataFrame, column: str) -> list[str]:
    if column not in frame:
        return [""] * len(frame)
    return [clean(value).strip() for value in frame[column]]


def _compounds_of(buildings: gpd.GeoDataFrame, compounds: gpd.GeoDataFrame) -> list[str]:
    names = _texts(buildings, "compound")
    if not len(compounds) or not len(buildings):
        return names
    drawn = _texts(compounds, "name")
    points = shapely.point_on_surface(np.asarray(buildings.geometry.array, dtype=object))
    building, compound = STRtree(np.asarray(compounds.geometry.array, dtype=object)).query(points, "intersects")
    for row, around in sorted(zip(building.tolist(), compound.tolist(), strict=True)):
        names[row] = names[row] or drawn[around]
    return names


def _labels(frame: pd.DataFrame) -> list[str]:
    """Name each dwelling as no other in its compound: by its name without that of the compound, else by its number."""
    short = [
        name.removeprefix(compound).strip() or name
        for name, compound in zip(frame["name"], frame["compound"], strict=True)
    ]
    named = pd.Series(short, index=frame.index, dtype=str).where(frame["name"] != "", frame["building_id"])
    alike = pd.DataFrame({"home": frame["community_code"], "compound": frame["compound"], "name": named})
    twice = alike.duplicated(keep=False)
    return [
        f"{name}({number})" if again and name != number else str(name)
        for name, number, again in zip(named, frame["building_id"], twice, strict=True)
    ]


def grid_kind(kind: str) -> str:
    """Return the Chinese word for the kind of a grid."""
    return "专属网格" if kind == "special" or "专属" in kind else "综合网格"


def say_sides(grid: Any) -> str:
    """Say the four sides of a grid in the order east, south, west, north."""
    sides = (("东", grid.sides_east), ("南", grid.sides_south), ("西", grid.sides_west), ("北", grid.sides_north))
    return "，".join(f"{way}至{clean(side)}" for way, side in sides if clean(side))


def list_grids(
    plan: Plan, dwellings: Dwellings, roster: Roster = NOBODY, towns: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """List the grids of a plan as 《网格台账》: what nobody has told is left empty, to be filled in.

    Parameters
    ----------
    plan
        The plan.
    dwellings
        From `settle_dwellings`; may be empty.
    roster
        Who works where.
    towns
        The name of the street office or town by community code.
    """
    grids = plan.grids
    basis = clean(plan.about["household_basis"])
    name_of = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    homes = dwellings.rows
    whole = homes.groupby(["community_code", "compound"])["households"].sum()
    inside = dict(list(homes.groupby("grid")))
    rows: list[dict[str, Any]] = []
    for row in _order_of(grids):
        grid = grids.iloc[row]
        code, home = clean(grid.grid_code), str(grid.community_code)
        own = inside.get(row, homes.iloc[:0])
        leader, worker = roster.find(code, LEADER), roster.find(code, FULL_TIME)
        out = bool(clean(grid.reason))
        rows.append(
            {
                "序号": len(rows) + 1,
                "街道(乡镇)": clean((towns or {}).get(home, "")),
                "社区(村)": clean(name_of.get(home, "")),
                "网格编码": code,
                "网格名称": clean(grid["name"]),
                "网格类型": grid_kind(str(grid.kind)),
                "四至范围": say_sides(grid),
                "面积(㎡)": round(float(grid.area_m2)),
                "包含小区(自然村)": _places_in(own, whole),
                "楼栋数": len(own) if len(homes) else None,
                "户数": int(grid.households),
                "户数口径": basis,
                "人口": None if np.isnan(grid.persons) else round(float(grid.persons)),
                "网格长": join_names([name for name, _ in leader]),
                "网格长联系电话": join_names([phone for _, phone in leader if phone]),
                "专职网格员": join_names([name for name, _ in worker]),
                "专职网格员联系电话": join_names([phone for _, phone in worker if phone]),
                "兼职网格员数": len(roster.find(code, PART_TIME)) if len(roster.rows) else None,
                "包联干部": roster.names(code, OFFICIAL),
                "是否超限": "是" if out else "否",
                "超限原因": clean(grid.reason),
                "社区编码": home,
            }
        )
    return _in_columns(rows, GRIDS)


def list_noticed(ledger: pd.DataFrame) -> pd.DataFrame:
    """List of the rows of 《网格台账》 what everybody may read: a count of homes under ten tells of single ones."""
    rows = ledger[NOTICED.names].copy()
    few = (rows["户数"] > 0) & (rows["户数"] < LEAST_NOTICED)
    rows["户数"] = rows["户数"].astype(float).mask(few)
    rows["备注"] = rows["备注"].astype(object).mask(few, f"不足{LEAST_NOTICED}户")
    return rows


def _order_of(grids: gpd.GeoDataFrame) -> list[int]:
    """Return the rows of grids in the order of their communities and codes."""
    codes = [(str(home), str(code)) for home, code in zip(grids["community_code"], grids["grid_code"], strict=True)]
    return sorted(range(len(codes)), key=codes.__getitem__)


def _places_in(own: pd.DataFrame, whole: pd.Series) -> str:
    """Name the compounds of a grid, those of which it holds only a part as such, then its villagers' groups."""
    parts = own[own["compound"] != ""].groupby(["community_code", "compound"], sort=False)["households"].sum()
    names = [
        compound if amount >= whole[home, compound] else f"{compound}(部分)"
        for (home, compound), amount in parts.items()
    ]
    loose = own[own["compound"] == ""]
    names += sorted({group for group in loose["group"] if group})
    scattered = int((loose["group"] == "").sum())
    return join_names([*names, *([f"散楼{scattered}栋"] if scattered else [])])


def list_buildings(
    plan: Plan,
    dwellings: Dwellings,
    roster: Roster = NOBODY,
    lineage: Lineage | None = None,
) -> pd.DataFrame:
    """List the dwellings of a plan as 《楼栋归属明细表》.

    Parameters
    ----------
    plan, dwellings, roster
        As in `list_grids`.
    lineage
        Last year's grids against these.
    """
    grids, homes = plan.grids, dwellings.rows
    codes = [clean(grids["grid_code"].iloc[row]) for row in homes["grid"]]
    workers = {code: roster.names(code, FULL_TIME) or roster.names(code, LEADER) for code in set(codes)}
    old = [-1] * len(homes) if lineage is None else lineage.old_of[homes["building"]].tolist()
    frame = pd.DataFrame(
        {
            "社区": homes["community"],
            "小区": homes["compound"].where(homes["compound"] != "", homes["group"]),
            "楼栋": homes["label"],
            "单元": homes["sections"],
            "地址(门牌)": homes["address"],
            "标准地址编码": homes["address_code"],
            "户数": homes["households"],
            "人口": homes["persons"],
            "物业服务企业": homes["property_company"],
            "建成年代": homes["built"],
            "原网格": ["" if lineage is None or row < 0 else clean(lineage.old.names[row]) for row in old],
            "现网格": [clean(grids["name"].iloc[row]) for row in homes["grid"]],
            "网格员": [workers[code] for code in codes],
            "户数口径": clean(plan.about["household_basis"]),
            "楼栋编号": homes["building_id"],
            "社区编码": homes["community_code"],
            "原网格编码": ["" if lineage is None or row < 0 else clean(lineage.old.codes[row]) for row in old],
            "现网格编码": codes,
        }
    )
    return frame.reindex(columns=BUILDINGS.names)


def list_changes(
    lineage: Lineage,
    dwellings: Dwellings,
    names: Mapping[str, str],
    rules: Rules,
    before: Roster = NOBODY,
    after: Roster = NOBODY,
) -> pd.DataFrame:
    """List what became of every old grid as 《网格调整前后对照表》; households that change their grid add up in it.

    Parameters
    ----------
    lineage
        Last year's grids against the new ones.
    dwellings
        From `settle_dwellings`.
    names
        The name of each community by its code.
    rules
        The band, which explains some changes.
    before, after
        Who worked in the old grids, and who works in the new ones.
    """
    place = dwellings.rows.set_index("building")
    rows = []
    for flow in lineage.flows:
        old, new = lineage.old, lineage.new
        home = str(new.communities[flow.new] if flow.new >= 0 else old.communities[flow.old])
        old_code = clean(old.codes[flow.old]) if flow.old >= 0 else ""
        new_code = clean(new.codes[flow.new]) if flow.new >= 0 else ""
        rows.append(
            {
                "社区": clean(names.get(home, home)),
                "原网格编码": old_code,
                "原名称": clean(old.names[flow.old]) if flow.old >= 0 else "（未划入网格）",
                "原户数": float(old.households[flow.old]) if flow.old >= 0 else None,
                "调整方式": flow.change,
                "现网格编码": new_code,
                "现名称": clean(new.names[flow.new]) if flow.new >= 0 else "（不再设）",
                "现户数": float(new.households[flow.new]) if flow.new >= 0 else None,
                "涉及小区楼栋": _buildings_named(place.loc[[row for row in flow.buildings if row in place.index]]),
                "涉及户数": flow.households,
                "调整原因": _why(flow, old, rules),
                "网格员变化": _workers_changed(before, after, old_code, new_code),
            }
        )
    return _in_columns(rows, CHANGES)


def _buildings_named(moved: pd.DataFrame) -> str:
    """Name buildings compound by compound."""
    said = []
    for compound, part in moved.groupby("compound", sort=True):
        labels = sorted((str(label) for label in part["label"]), key=_as_read)
        listed = join_names(labels[:MOST_BUILDINGS_NAMED])
        listed += f"等{len(labels)}栋" if len(labels) > MOST_BUILDINGS_NAMED else ""
        said.append(f"{compound}（{listed}）" if compound else listed)
    return "；".join(said)


def _as_read(label: str) -> list[tuple[int, str]]:
    """Order 2栋 before 10栋."""
    return [(int(part) if part.isdecimal() else 0, part) for part in re.split(r"([0-9]{1,9})", label)]


def _why(flow: Flow, old: GridRoll, rules: Rules) -> str:
    """Say what figures alone explain; the rest of the reasons are the office's."""
    if flow.change == "新增":
        return "原未划入网格" if flow.buildings else ""
    households = float(old.households[flow.old])
    if flow.change == "拆分" and households > rules.max_households:
        return f"原网格{plain(households)}户，超过上限{rules.max_households}户"
    if flow.change == "合并" and households < rules.min_households:
        return f"原网格{plain(households)}户，低于下限{rules.min_households}户"
    return ""


def _workers_changed(before: Roster, after: Roster, old_code: str, new_code: str) -> str:
    one = before.names(old_code, LEADER, FULL_TIME) if old_code else ""
    other = after.names(new_code, LEADER, FULL_TIME) if new_code else ""
    if one == other:
        return "不变" if one else ""
    return f"{one or '无'}→{other or '待配'}"


def _in_columns(rows: Sequence[Mapping[str, Any]], table: Table) -> pd.DataFrame:
    """Return rows under every column of a table, in its order."""
    return pd.DataFrame(list(rows), columns=table.names)
