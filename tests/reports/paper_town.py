"""The toy plan of two communities with three dwellings in each of its general grids, for everything on paper."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from app.geo.layers import Layers
from app.geo.plan import Plan

for _folder in ("geo", "maps"):
    sys.path.insert(0, str(Path(__file__).parents[1] / _folder))

from toy_plan import draw_toy_plan  # noqa: E402  found there
from toy_town import make_layers  # noqa: E402

__all__ = ["draw_toy_plan", "layers_of"]


def layers_of(plan: Plan, *names: str) -> Layers:
    """Put three dwellings into each general grid: two of a compound, one by itself; `names` replaces all names."""
    rows = []
    for number, grid in enumerate(plan.grids.itertuples(index=False)):
        if grid.kind == "special":
            continue
        west, south, east, north = grid.geometry.bounds
        halves = (grid.households // 2, grid.households // 4)
        for place, households in enumerate((*halves, grid.households - sum(halves))):
            x, y = west + (east - west) * (0.3 + 0.2 * place), south + (north - south) * 0.55
            rows.append(
                {
                    "building_id": f"{number}-{place}",
                    "households": float(households),
                    "persons": np.nan,
                    "compound": f"{number}号院" if place < 2 else "",
                    "group": "",
                    "name": f"{place + 1}栋",
                    "address": f"东街{number}号",
                    "geometry": shapely.box(x - 5e-5, y - 5e-5, x + 5e-5, y + 5e-5),
                }
            )
    buildings = gpd.GeoDataFrame(rows, crs=plan.grids.crs)
    if names:
        taken = [names[row % len(names)] for row in range(len(buildings))]
        buildings = buildings.assign(name=taken, compound=taken, address=taken)
    return replace(
        make_layers(),
        communities=plan.communities[["community_code", "name", "geometry"]].assign(town_code="", town="虚构镇"),
        streets=plan.streets.assign(bridge=False, tunnel=False, layer=0),
        buildings=buildings,
        household_basis="常住户",
    )
