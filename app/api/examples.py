"""Examples of the OpenAPI document, made up like everything in `gis_data`."""

from __future__ import annotations

from typing import Any

__all__ = [
    "CHANGES",
    "COMMUNITIES",
    "COMMUNITY",
    "COMPARISON",
    "FEATURE",
    "FEATURES",
    "NEIGHBOURS",
    "PLAN",
    "SIDES",
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
TOWNS = {"towns": [{"town_code": "330482001", "name": "城关街道", "communities": 6, "grids": 31}]}


def answer(example: Any, media: str = "application/json") -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that answers with such a thing."""
    return {200: {"content": {media: {"example": example, "schema": {"type": "object"}}}}}
