"""Facilities as points, and the ledger of rooms behind them: areas, papers, leases, shares, faults."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_data.make_county.county import County
from gis_data.make_county.plan import layer
from gis_data.make_county.tables import as_table

__all__ = ["AS_OF", "ROOM_COLUMNS", "Premises", "fit_out"]

AS_OF = "2026-01-15"  # the day on which leases and findings of truth.json hold
ROOM_COLUMNS = (
    *(
        "序号",
        "街道(乡镇)",
        "社区编码",
        "社区",
        "城乡类型",
        "户数",
        "用房编号",
        "用房名称",
        "设施类别",
        "坐落",
        "楼层",
        "建筑面积(㎡)",
    ),
    *(
        "办公面积",
        "服务面积",
        "养老面积",
        "居民活动面积",
        "取得方式",
        "产权单位",
        "使用单位",
        "证据类型",
        "证号(合同号)",
        "租期至",
    ),
    *("共用社区及分摊比例", "计入面积", "现场实测面积", "是否投用", "备注"),
)
WORDS = {
    "service_station": "社区服务站",
    "clinic": "卫生服务站",
    "elder_care": "养老服务站",
    "kindergarten": "幼儿园",
    "police": "警务室",
    "canteen": "社区食堂",
    "activity": "文化活动中心",
}
LEDGER_WORDS = {**WORDS, "elder_care": "养老服务用房", "activity": "居民活动用房"}
COUNTED = ("service_station", "elder_care", "activity", "canteen")
EVERY = {
    "service_station": 1,
    "clinic": 1,
    "elder_care": 2,
    "activity": 2,
    "police": 2,
    "kindergarten": 2,
    "canteen": 4,
}
OFFICE_M2, PER_100_M2 = 300.0, 30.0
SEEDED = {  # what is seeded, and in how many communities
    "missing_300": 9,
    "missing_30_per_100": 12,
    "no_evidence": 6,
    "lease_expired": 4,
    "lease_ending": 3,
    "vacated": 2,
    "basement": 2,
    "temporary": 1,
    "area_missing": 1,
    "measured_differs": 4,
}
SHARED = (("agreement", 0.6), ("agreement", 0.55), ("households", None))
SETTLEMENT = {"111": "城市", "112": "城市", "121": "镇区", "220": "乡村"}
PAPERS = ("不动产权证", "移交协议", "无偿使用协议", "产权单位证明", "实测报告")
WAYS = {
    "不动产权证": "自建",
    "移交协议": "配建移交",
    "无偿使用协议": "无偿使用",
    "产权单位证明": "共建",
    "实测报告": "置换",
}


@dataclass
class Premises:
    """The layer of facilities in metres, the ledger of rooms, and what stands in truth.json about them."""

    facilities: gpd.GeoDataFrame
    rooms: pd.DataFrame
    communities: dict[str, dict[str, object]]
    seeded: dict[str, list[str]] = field(default_factory=dict)


def fit_out(county: County, towns: dict[str, str], rng: np.random.Generator) -> Premises:
    """Give every community its facilities and rooms; some too small, some without papers, some shared."""
    communities = county.layers["communities"]
    plot = _seed(communities, rng)
    spots = _spots(county)
    points: list[tuple[object, ...]] = []
    rows: list[dict[str, object]] = []
    columns = ["community_code", "name", "urban_rural_code", "town_code", "households"]
    for number, (code, name, kind, town, households) in enumerate(
        communities[columns].itertuples(index=False, name=None)
    ):
        rural = kind == "220"
        classes = [one for one, every in EVERY.items() if number % every == 0 and not (rural and one == "canteen")]
        places = _choose(spots[code], len(classes), rng)
        stem = name.removesuffix("社区")
        areas = _areas(households, classes, plot.get(code, ""), kind, rng)
        for serial, (one, (point, address)) in enumerate(zip(classes, places, strict=True), 1):
            facility_id, title = f"F{code[6:]}{serial:02d}", f"{stem}{WORDS[one]}"
            points.append((facility_id, title, one, code, address, point))
            common = {
                "街道(乡镇)": towns[town],
                "社区编码": code,
                "社区": name,
                "城乡类型": SETTLEMENT[kind],
                "户数": households,
            }
            room = {
                **common,
                "用房编号": facility_id,
                "用房名称": title,
                "设施类别": LEDGER_WORDS[one],
                "坐落": address,
            }
            if one != "kindergarten":
                rows.append({**room, **_room(one, areas.get(one, 60.0), rng)})
        _spoil(rows, code, plot.get(code, ""), rng)
    seeded: dict[str, list[str]] = {}
    for code, what in sorted(plot.items()):
        seeded.setdefault(what, []).append(code)
    seeded["shared"] = _share_rooms(rows, communities, plot)
    for number, row in enumerate(rows, 1):
        row["序号"] = number
    rooms = as_table(rows, ROOM_COLUMNS)
    facilities = layer(points, ["facility_id", "name", "facility_class", "community_code", "address"])
    return Premises(facilities, rooms, _judge(rooms, communities), seeded)


def _seed(communities: gpd.GeoDataFrame, rng: np.random.Generator) -> dict[str, str]:
    """Choose which community has which fault; none has two."""
    plot: dict[str, str] = {}
    for what, count in SEEDED.items():
        free = communities[~communities.community_code.isin(plot)]
        if what == "missing_300":
            free = free[free.urban_rural_code != "220"]
        for code in sorted(rng.choice(free.community_code, count, replace=False).tolist()):
            plot[code] = what
    return plot


def _spots(county: County) -> dict[str, list[tuple[shapely.Point, str]]]:
    """List where a facility may be: ground floors of lived-in buildings, by community."""
    buildings, communities = county.layers["buildings"], county.layers["communities"]
    lived = buildings[(buildings.households > 0) & (buildings.address != "")]
    points = shapely.point_on_surface(lived.geometry.to_numpy())
    tree, addresses = shapely.STRtree(points), lived.address.to_numpy(object)
    return {
        code: [(points[k], addresses[k]) for k in np.sort(tree.query(outline, predicate="contains"))]
        for code, outline in zip(communities.community_code, communities.geometry, strict=True)
    }


def _choose(
    spots: list[tuple[shapely.Point, str]], count: int, rng: np.random.Generator
) -> list[tuple[shapely.Point, str]]:
    """Choose places for facilities: the first near the middle of where people live, the others anywhere."""
    xy = np.array([(point.x, point.y) for point, _ in spots])
    first = int(np.argmin(((xy - np.median(xy, axis=0)) ** 2).sum(axis=1)))
    others = rng.choice(len(spots), count, replace=False).tolist()
    chosen = [first, *(k for k in others if k != first)][:count]
    return [spots[k] for k in chosen]


def _areas(households: int, classes: list[str], fault: str, kind: str, rng: np.random.Generator) -> dict[str, float]:
    """Share the countable area among the rooms that count: enough unless something is seeded."""
    need = max(PER_100_M2 * households / 100, OFFICE_M2 if kind != "220" else 0.0)
    total = need * float(rng.uniform(1.04, 1.45))
    if fault == "missing_300":
        total = float(rng.uniform(110, 285))
    elif fault == "missing_30_per_100":
        low = OFFICE_M2 + 8 if need > OFFICE_M2 * 1.15 else need * 0.5
        total = float(rng.uniform(low, max(need * 0.92, low + 1)))
    elif fault in ("vacated", "basement", "temporary", "lease_expired", "no_evidence"):
        total = need * float(rng.uniform(1.04, 1.2))
    mine = [one for one in COUNTED if one in classes]
    weights = np.array([3.0 if one == "service_station" else 1.0 for one in mine])
    shares = weights / weights.sum() * total
    return {one: round(float(share), 1) for one, share in zip(mine, shares, strict=True)}


def _room(kind: str, area: float, rng: np.random.Generator) -> dict[str, object]:
    paper = PAPERS[int(rng.integers(0, len(PAPERS)))]
    year = int(rng.integers(2009, 2025))
    row: dict[str, object] = {
        "楼层": "1层" if rng.random() < 0.7 else "1-2层",
        "建筑面积(㎡)": area,
        "取得方式": WAYS[paper],
        "产权单位": "镇街资产办" if paper != "产权单位证明" else "子虚县供销社",
        "使用单位": "社区居委会",
        "证据类型": paper,
        "证号(合同号)": f"子虚({year})第{int(rng.integers(1000, 99999)):05d}号",
        "是否投用": "是",
    }
    activity = round(area * float(rng.uniform(0.61, 0.7)), 1)
    if kind == "service_station":
        office = round(area * 0.15, 1)
        row |= {"办公面积": office, "服务面积": round(area - office - activity, 1), "居民活动面积": activity}
    elif kind == "elder_care":
        row |= {"养老面积": area, "居民活动面积": activity}
    elif kind == "activity":
        row |= {"居民活动面积": area}
    elif kind == "canteen":
        row |= {"服务面积": round(area - activity, 1), "居民活动面积": activity}
    return row


def _spoil(rows: list[dict[str, object]], code: str, fault: str, rng: np.random.Generator) -> None:
    """Put the seeded fault on the main room of a community."""
    main = next(row for row in rows if row["社区编码"] == code and row["设施类别"] == WORDS["service_station"])
    if fault == "no_evidence":
        main |= {"证据类型": "", "证号(合同号)": "", "备注": "证件遗失，正在补办"}
    elif fault in ("lease_expired", "lease_ending"):
        until = "2025-09-30" if fault == "lease_expired" else "2026-05-31"
        main |= {"取得方式": "租赁", "证据类型": "租赁合同", "证号(合同号)": f"ZL2022-{code[-6:]}", "租期至": until}
        main["产权单位"] = "子虚县安居物业服务有限公司"
    elif fault == "vacated":
        main |= {"是否投用": "否", "备注": "已腾退，待移交"}
    elif fault == "basement":
        main |= {"楼层": "地下一层", "备注": "未改造"}
    elif fault == "temporary":
        main |= {"备注": "临时建筑"}
    elif fault == "area_missing":
        main |= {"建筑面积(㎡)": "", "办公面积": "", "服务面积": "", "居民活动面积": "", "备注": "面积待测"}
    elif fault == "measured_differs":
        main["现场实测面积"] = round(float(str(main["建筑面积(㎡)"])) * float(rng.uniform(0.82, 0.92)), 1)


def _share_rooms(rows: list[dict[str, object]], communities: gpd.GeoDataFrame, plot: dict[str, str]) -> list[str]:
    """Let pairs of neighbours share the station of the first: by agreement, or by households where none was made."""
    shared = []
    free = communities[(communities.urban_rural_code == "111") & ~communities.community_code.isin(plot)]
    names = dict(zip(free.community_code, free.name, strict=True))
    outlines = dict(zip(free.community_code, free.geometry, strict=True))
    used: set[str] = set()
    for how, share in SHARED:
        pairs = (
            (a, b) for a in names for b in names if a < b and not {a, b} & used and outlines[a].touches(outlines[b])
        )
        pair = next(pairs, None)
        if pair is None:
            break
        used |= set(pair)
        owner, guest = pair
        row = next(one for one in rows if one["社区编码"] == owner and one["设施类别"] == WORDS["service_station"])
        if how == "agreement" and share is not None:
            words = f"{names[owner]}{share * 100:.0f}%、{names[guest]}{(1 - share) * 100:.0f}%"
        else:
            words = f"{names[owner]}、{names[guest]}"
        row["共用社区及分摊比例"] = words
        shared.append(str(row["用房编号"]))
    return shared


def _judge(rooms: pd.DataFrame, communities: gpd.GeoDataFrame) -> dict[str, dict[str, object]]:
    """Count what counts, by the rules as planners apply them, without the software's own code."""
    households = dict(zip(communities.community_code, communities.households, strict=True))
    code_of = dict(zip(communities.name, communities.community_code, strict=True))
    kind = dict(zip(communities.community_code, communities.urban_rural_code, strict=True))
    counted = dict.fromkeys(households, 0.0)
    pending = dict.fromkeys(households, 0.0)
    unknown: set[str] = set()
    for row in rooms.to_dict("records"):
        code = str(row["社区编码"])
        if row["设施类别"] not in {LEDGER_WORDS[one] for one in COUNTED}:
            continue
        out = row["是否投用"] == "否" or row["楼层"] == "地下一层" or row["备注"] == "临时建筑"
        out |= row["证据类型"] == "租赁合同" and str(row["租期至"]) < AS_OF
        if row["建筑面积(㎡)"] == "":
            unknown.add(code)
            continue
        for user, share in _shares(str(row["共用社区及分摊比例"]), code, code_of, households).items():
            area = float(row["建筑面积(㎡)"]) * share
            if not out:
                (counted if row["证据类型"] else pending)[user] += area
    findings: dict[str, dict[str, object]] = {}
    for code in sorted(households):
        asked = {"NAT-30": PER_100_M2 * households[code] / 100}
        if kind[code] != "220":
            asked["COUNTY-300"] = OFFICE_M2
        have, might = round(counted[code], 2), round(counted[code] + pending[code], 2)
        missing = {rule: round(need - have, 2) for rule, need in sorted(asked.items()) if have < need}
        worst = max(asked.values())
        status = "达标"
        if missing:
            status = "数据不足" if code in unknown else "待核实" if might >= worst else "不达标"
        findings[code] = {
            "counted_m2": have,
            "pending_m2": round(pending[code], 2),
            "missing_m2": missing,
            "status": status,
        }
    return findings


def _shares(text: str, code: str, code_of: dict[str, str], households: dict[str, int]) -> dict[str, float]:
    if not text:
        return {code: 1.0}
    parts = text.split("、")
    if "%" in text:
        return {code_of[part[:-3]]: float(part[-3:-1]) / 100 for part in parts}
    codes = [code_of[part] for part in parts]
    total = sum(households[one] for one in codes)
    return {one: households[one] / total for one in codes}
