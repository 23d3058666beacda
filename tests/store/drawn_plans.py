"""Plans drawn with a ruler: a row of communities, each cut into horizontal bands, numbered from the north.

+----001---+----001---+
|          |          |
+----002---+----002---+
|          |          |
+----------+----------+
  ...1001    ...1002
"""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd
import shapely

from app.geo.plan import Plan

WEST, SOUTH, SIDE = 105.0, 30.0, 0.005
TOWN = "999901001"
DEGREES = "EPSG:4490"


def community_code(number: int, county: str = TOWN) -> str:
    return f"{county}{number:03d}"


def grid_code(community: int, grid: int, county: str = TOWN) -> str:
    return f"{community_code(community, county)}{grid:03d}"


def draw_plan(
    communities: Sequence[int] = (1, 2), *, bands: int = 2, county: str = TOWN, gap: float = 0.0, note: str = ""
) -> Plan:
    """Draw communities, numbered from the west, each in `bands` grids; with `gap` degrees missing above the last."""
    grids, units, borders, outlines = [], [], [], []
    edges = [SOUTH + SIDE * (1 - band / bands) for band in range(bands + 1)]
    for number in communities:
        west, east = WEST + SIDE * (number - 1), WEST + SIDE * number
        code = community_code(number, county)
        outline = shapely.box(west, SOUTH, east, SOUTH + SIDE)
        outlines.append(
            {
                "community_code": code,
                "name": f"第{number}社区",
                "grids": bands,
                "households": 400 * bands,
                "in_band": bands,
                "divisible": True,
                "cost": 12.5,
                "message": "",
                "geometry": shapely.MultiPolygon([outline]),
            }
        )
        for band in range(bands):
            north, south = edges[band], edges[band + 1]
            last = band == bands - 1
            shape = shapely.MultiPolygon([shapely.box(west, south, east, north - (gap if last else 0.0))])
            own = {"grid_code": grid_code(number, band + 1, county), "community_code": code, "households": 400}
            grids.append(
                {
                    "grid_code": own["grid_code"],
                    "name": f"第{band + 1}网格",
                    "kind": "general",
                    "community_code": code,
                    "households": 400,
                    "persons": float("nan") if band else 1000.5,
                    "area_m2": 0.1 + 0.2,
                    **{f"sides_{side}": "" for side in ("east", "south", "west", "north")},
                    "reason": note,
                    "reason_code": "",
                    "geometry": shape,
                }
            )
            units.append({"unit_id": f"{own['grid_code']}-1", **own, "kind": "block", "geometry": shape})
            if not last:
                line = shapely.MultiLineString([[(west, south), (east, south)]])
                right = grid_code(number, band + 2, county)
                names = {"left_grid": own["grid_code"], "right_grid": right, "barrier": "street", "name": "长街"}
                borders.append({**names, "length_m": 480.1, "geometry": line})
    streets = [
        {"highway": "residential", "name": "长街", "geometry": shapely.LineString([(WEST, SOUTH), (WEST, 30.01)])}
    ]
    return Plan(
        grids=_frame(grids),
        units=_frame(units)[["unit_id", "grid_code", "community_code", "households", "kind", "geometry"]],
        borders=_frame(borders),
        communities=_frame(outlines),
        streets=_frame(streets),
        about={
            "software": "jiexiang",
            "version": "0",
            "seed": 7,
            "share": 0.25,
            "household_basis": "常住户",
            "note": note,
        },
    )


def _frame(rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    table = pd.DataFrame(rows)
    texts = {name: "str" for name in table if table[name].dtype == object and name != "geometry"}
    return gpd.GeoDataFrame(table.astype(texts), geometry="geometry", crs=DEGREES)
