"""Examples of the OpenAPI document, made up like everything in `gis_data`."""

from __future__ import annotations

from typing import Any

__all__ = [
    "CHANGED",
    "CHANGES",
    "COMMUNITIES",
    "COMMUNITY",
    "COMPARISON",
    "COVERAGE",
    "FACILITIES",
    "FACILITY",
    "FEATURE",
    "FEATURES",
    "NEIGHBOURS",
    "PAPER",
    "PLAN",
    "PROJECT",
    "PROJECTS",
    "ROOM",
    "ROOMS",
    "SIDES",
    "SITES",
    "STANDARD",
    "STANDARDS",
    "TOWNS",
    "UNITS",
    "answer",
]

_RING = [[120.0, 30.0], [120.01, 30.0], [120.0, 30.01], [120.0, 30.0]]
_SHAPE = {"type": "MultiPolygon", "coordinates": [[_RING]]}

FEATURE = {
    "type": "Feature",
    "id": "330482001001003",
    "geometry": _SHAPE,
    "properties": {
        "grid_id": 3,
        "grid_code": "330482001001003",
        "name": "第3网格",
        "kind": "general",
        "households": 412,
        "sides_east": "人民路",
        "community_code": "330482001001",
        "plan_id": 1,
        "valid_from": "2026-01-01",
    },
}
FEATURES = {
    "type": "FeatureCollection",
    "numberMatched": 1,
    "numberReturned": 1,
    "links": [],
    "features": [FEATURE],
}
UNITS = {"type": "FeatureCollection", "features": []}
SIDES = {"grid_code": "330482001001003", "east": "人民路", "south": "中山河", "west": "幸福巷", "north": "解放街"}
NEIGHBOURS = {
    "neighbours": [
        {
            "grid_code": "330482001001004",
            "name": "第4网格",
            "borders": [{"barrier": "secondary street", "street": "人民路", "length_m": 412.3}],
            "lead": {"name": "李明", "role": "网格长"},
        }
    ]
}
COMMUNITY = {
    "type": "Feature",
    "id": "330482001001",
    "geometry": _SHAPE,
    "properties": {"community_code": "330482001001", "name": "东门社区", "grids": 5, "households": 2034},
}
COMMUNITIES = {
    "communities": [
        {
            "community_code": "330482001001",
            "name": "东门社区",
            "town_code": "330482001",
            "town_name": "城关街道",
            "grids": 5,
        }
    ]
}
PLAN = {
    "id": 1,
    "title": "2026 年网格划分方案",
    "status": "published",
    "digest": "9f2c…",
    "about": {"household_basis": "常住户"},
    "created_by": "user:wang",
    "created_at": "2026-01-01T09:00:00+08:00",
    "effective": "2026-02-01",
    "withdrawn_on": None,
    "communities": 81,
}
PAPER = {
    "id": 3,
    "step": "approved",
    "name": "关于网格划分方案的批复.pdf",
    "size": 182044,
    "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "filed_at": "2026-01-20T09:00:00+08:00",
    "filed_by": "user:wang",
}
CHANGES = {
    "changes": [
        {
            "number": 42,
            "at": "2026-02-01T09:00:00+08:00",
            "kind": "assignment.created",
            "subject_id": 17,
            "community_code": "330482001001",
            "grid_code": "330482001001003",
            "details": {"role": "网格长", "since": "2026-02-01"},
        }
    ],
    "last": 42,
}
COMPARISON = {
    "moved_households": 37.0,
    "households": 154_000.0,
    "counted_by": "buildings",
    "flows": [
        {"old_grid": "330482001001003", "new_grid": "330482001001004", "change": "边界微调", "households": 37.0},
    ],
}
_FINDING = {
    "standard": "COUNTY-300",
    "required": 300.0,
    "counted": 214.5,
    "pending": 0.0,
    "shortfall": 85.5,
    "status": "不达标",
    "advisory": False,
    "words": "COUNTY-300 社区办公和服务用房不少于300 ㎡：应有 300.00 ㎡，计入 214.50 ㎡，缺 85.50 ㎡",
}
_COUNTED = {
    "community_code": "330482001001",
    "share": 1.0,
    "counted_m2": 214.5,
    "pending_m2": 0.0,
    "left_out_m2": 0.0,
    "reason": "计入",
    "warnings": [],
}
STANDARD = {
    "community_code": "330482001001",
    "name": "东门社区",
    "households": 2034.0,
    "status": "不达标",
    "binding": "COUNTY-300",
    "shortfall_m2": 85.5,
    "counted_m2": 214.5,
    "remedy": "通过购买、置换、租赁或共建增加 85.50 ㎡",
    "responsible": "县委社会工作部、民政局",
    "rank_by_shortfall": 1,
    "rank_by_households": 2,
    "findings": [_FINDING],
    "rooms": [{"room_id": "F1", "name": "东门社区服务站", **_COUNTED}],
}
PROJECT = {
    "project_id": "XM001",
    "name": "云栖府",
    "community_code": "330482001001",
    "standard": "COUNTY-50",
    "households": 640.0,
    "required_m2": 320.0,
    "given_m2": 332.8,
    "shortfall_m2": 0.0,
    "status": "达标",
    "stage": "启用",
}
PROJECTS = {"as_of": "2026-11-26", "projects": [PROJECT], "after": None}
STANDARDS = {
    "as_of": "2026-11-26",
    "standards": [{"id": "COUNTY-300", "words": "COUNTY-300 社区办公和服务用房不少于300 ㎡", "level": "community"}],
    "summary": {"不达标": 1, "数据不足": 0, "待核实": 0, "达标": 0},
    "communities": [STANDARD],
    "projects": [PROJECT],
    "after": None,
}
CHANGED = {
    "as_of": "2026-11-26",
    "changes": [{"before": STANDARD, "after": {**STANDARD, "status": "达标", "counted_m2": 304.5}}],
    "projects": [],
}
ROOM = {
    "room_id": "F1",
    "community_code": "330482001001",
    "name": "东门社区服务站",
    "kind": "service_station",
    "area_m2": 214.5,
    "evidence": {"kind": "title", "words": "不动产权证", "number": "0004227", "file_name": "0004227.pdf"},
    "shares": {},
    "counts": [_COUNTED],
}
ROOMS = {"as_of": "2026-11-26", "rooms": [ROOM], "after": None}
FACILITY = {
    "type": "Feature",
    "id": "F1",
    "geometry": {"type": "Point", "coordinates": [120.0, 30.0]},
    "properties": {"facility_code": "F1", "name": "东门社区服务站", "class": "service_station"},
}
FACILITIES = {"type": "FeatureCollection", "numberReturned": 1, "links": [], "features": [FACILITY]}
COVERAGE = {
    "day": "2026-11-26",
    "metres_a_minute": 60.0,
    "within_m": [500.0],
    "facilities": [{"facility_class": "service_station", "facilities": 81, "isolated": 0}],
    "level": "community",
    "shares": [
        {
            "level": "community",
            "code": "330482001001",
            "facility_class": "service_station",
            "within_m": 500.0,
            "households": 2034.0,
            "households_within": 1711.0,
            "share": 0.8412,
            "persons": 5329.0,
            "persons_within": 4483.0,
            "persons_share": 0.8412,
            "households_in_circle": 1902.0,
            "over_claimed": 191.0,
        }
    ],
    "blind_spots": {"type": "FeatureCollection", "features": []},
    "by_gate_households": 0.0,
    "isolated": [],
}
SITES = {
    "class": "service_station",
    "within_m": 500.0,
    "candidates": 812,
    "uncovered_households": 4120.0,
    "covered_households": 903.0,
    "out_of_reach_households": 12.0,
    "gap": 0.0,
    "proven": True,
    "sites": [
        {
            "number": 1,
            "name": "人民路与中山路",
            "kind": "corner",
            "households": 903.0,
            "adds": 903.0,
            "longitude": 120.0,
            "latitude": 30.0,
        }
    ],
    "alone": [],
}
TOWNS = {"towns": [{"town_code": "330482001", "name": "城关街道", "communities": 6, "grids": 31}]}


def answer(example: Any, media: str = "application/json") -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that answers with such a thing."""
    return {200: {"content": {media: {"example": example, "schema": {"type": "object"}}}}}
