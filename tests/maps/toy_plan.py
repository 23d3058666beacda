"""A drawn toy town of two communities and six grids, already divided."""

from __future__ import annotations

import geopandas as gpd
import shapely
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon

from app.geo.plan import Plan
from tests.hostile_names import NAMES

#        0        350        700            1200 m
#   600  +---------+----------+--------------+
#        |  西里1   lane  西里2  ║    东里1      |
#        |  412    |   388    ║    612 ▲     |
#   300  +-- secondary -------+              |
#        |3 special|          ║--water·rail·open-- 250
#        | school  wall 西里4   ║    东里2      |
#        |    0    |   455    ║    240 ▼     |
#     0  +---------+----------+--------------+
#                          primary
WEST, EAST = "320199001001", "320199001002"

HOSTILE = {kind: NAMES[kind] for kind in ("template", "markup", "quotes", "jinja")}
"""What a page would run: what browsers are shown."""


def place(x_m: float, y_m: float) -> tuple[float, float]:
    """Carry metres of the drawing to degrees."""
    return 118.78 + x_m / 94_400, 32.04 + y_m / 110_900


def area(*corners: tuple[float, float]) -> MultiPolygon:
    return MultiPolygon([Polygon([place(*corner) for corner in corners])])


def line(*corners: tuple[float, float]) -> LineString:
    return LineString([place(*corner) for corner in corners])


def draw_toy_plan(**names: str) -> Plan:
    """Draw the town above; `names` may give another name to a community, a grid, a street or a reason."""
    community = names.get("community", "西里社区")
    grid = names.get("grid", "第1网格")
    street = names.get("street", "中山路")
    reason = names.get("reason", "社区共852户，只能分成612户和240户")
    lane = [(350, 600), (345, 540), (360, 430), (350, 300)]
    outlines = [
        area((0, 300), (220, 300), *reversed(lane), (0, 600)),
        area((700, 300), (700, 600), *lane),
        area((0, 0), (220, 0), (220, 300), (0, 300)),
        area((220, 0), (700, 0), (700, 250), (700, 300), (350, 300), (220, 300)),
        area((700, 250), (1200, 250), (1200, 600), (700, 600), (700, 300)),
        area((700, 0), (1200, 0), (1200, 250), (700, 250)),
    ]
    crs = "EPSG:4490"
    grid_frame = gpd.GeoDataFrame(
        {
            "grid_code": [*(f"{WEST}00{n}" for n in (1, 2, 3, 4)), *(f"{EAST}00{n}" for n in (1, 2))],
            "name": [grid, "第2网格", "第3网格", "第4网格", "第1网格", "第2网格"],
            "kind": ["general", "general", "special", "general", "general", "general"],
            "community_code": [WEST] * 4 + [EAST] * 2,
            "households": [412, 388, 0, 455, 612, 240],
            "persons": [1030.0, 970.0, float("nan"), 1138.0, 1530.0, float("nan")],
            "area_m2": [105000.0, 105000.5, 66000.0, 144000.0, 175000.0, 125000.0],
            "sides_east": ["程阁老巷", street, "围墙", street, "社区东界", "社区东界"],
            "sides_south": ["人民路", "人民路", "社区南界", "社区南界", "小河、铁路", "社区南界"],
            "sides_west": ["社区西界", "程阁老巷", "社区西界", "围墙", street, street],
            "sides_north": ["社区北界", "社区北界", "人民路", "人民路", "社区北界", "小河、铁路"],
            "reason": ["", "", "", "", reason, reason],
            "reason_code": ["", "", "", "", "unit_too_heavy", "unit_too_heavy"],
        },
        geometry=outlines,
        crs=crs,
    )
    code = list(grid_frame["grid_code"])
    borders = [
        (0, 1, "lane", "程阁老巷", line(*lane)),
        (0, 2, "secondary", "人民路", line((0, 300), (220, 300))),
        (0, 3, "secondary", "人民路", line((220, 300), (350, 300))),
        (1, 3, "secondary", "人民路", line((350, 300), (700, 300))),
        (2, 3, "wall", "", line((220, 300), (220, 0))),
        (1, 4, "primary", street, line((700, 300), (700, 600))),
        (3, 4, "primary", street, line((700, 250), (700, 300))),
        (3, 5, "primary", street, line((700, 0), (700, 250))),
        (4, 5, "water", "小河", line((700, 250), (880, 250))),
        (4, 5, "rail", "", line((880, 250), (1050, 250))),
        (4, 5, "open", "", line((1050, 250), (1200, 250))),
    ]
    border_frame = gpd.GeoDataFrame(
        {
            "left_grid": [code[row[0]] for row in borders],
            "right_grid": [code[row[1]] for row in borders],
            "barrier": [row[2] for row in borders],
            "name": [row[3] for row in borders],
            "length_m": [row[4].length * 100_000 for row in borders],
        },
        geometry=[MultiLineString([row[4]]) for row in borders],
        crs=crs,
    )
    parts = [(unit, number) for number in range(6) for unit in _halves(grid_frame.geometry[number])]
    unit_frame = gpd.GeoDataFrame(
        {
            "unit_id": [f"u{place}" for place in range(len(parts))],
            "grid_code": [code[number] for _, number in parts],
            "community_code": [code[number][:12] for _, number in parts],
            "households": [grid_frame["households"][number] // 2 for _, number in parts],
            "kind": "block",
        },
        geometry=[unit for unit, _ in parts],
        crs=crs,
    )
    community_frame = gpd.GeoDataFrame(
        {
            "community_code": [WEST, EAST],
            "name": [community, "东里社区"],
            "grids": [4, 2],
            "households": [1255, 852],
            "in_band": [3, 0],
            "divisible": [True, False],
            "cost": [231.4, 265.0],
            "message": ["", "最大单元480户，总户数分不成规模内的网格"],
        },
        geometry=[MultiPolygon([shapely.union_all(members)]) for members in (outlines[:4], outlines[4:])],
        crs=crs,
    )
    streets = [
        ("primary", street, line((700, -80), (700, 680))),
        ("secondary", "人民路", line((-80, 300), (700, 300))),
        ("service", "程阁老巷", line(*lane)),
        ("residential", "东里街", line((700, 430), (950, 440), (1280, 430))),
        ("footway", "", line((480, 300), (480, 0))),
        ("construction", "未来路", line((900, 600), (900, 300))),
    ]
    street_frame = gpd.GeoDataFrame(
        {"highway": [row[0] for row in streets], "name": [row[1] for row in streets]},
        geometry=[row[2] for row in streets],
        crs=crs,
    )
    about = {
        "software": "jiexiang",
        "version": "0.1.0",
        "rules_digest": "00",
        "input_digests": "{}",
        "household_basis": "估算",
        "seed": 1,
        "min_households": 300,
        "max_households": 500,
    }
    return Plan(grid_frame, unit_frame, border_frame, community_frame, street_frame, about)


def _halves(outline: MultiPolygon) -> list[MultiPolygon]:
    west, south, east, north = outline.bounds
    middle = (west + east) / 2
    sides = (shapely.box(west, south, middle, north), shapely.box(middle, south, east, north))
    return [MultiPolygon([outline.intersection(side)]) for side in sides]
