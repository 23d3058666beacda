"""A county for the bench: 81 communities, 900 grids of 32 to 570 vertices that fit without a gap, 100,000 buildings."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from app.geo.plan import Plan
from app.store.buildings import Building

SIDE, COMMUNITIES, BUILDINGS = 30, 9, 100_000
WEST, SOUTH, STEP = 120.0, 30.0, 0.01
CODE = "330482"
CRS = "EPSG:4490"


def draw_county(
    seed: int = 3,
    *,
    named: str = "第{}网格",
    side: int = SIDE,
    communities: int = COMMUNITIES,
    step: float = STEP,
    edges: int | None = None,
) -> Plan:
    """Draw the grids on a lattice whose edges wander, each edge once for both of its neighbours.

    Parameters
    ----------
    side, communities
        How many grids and communities lie along a side.
    edges
        Edges of each side of a grid; where it is not said, from 8 in the middle of the county to 142 in its corners.
    """
    rng = np.random.default_rng(seed)
    nodes = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1), indexing="ij"), axis=-1) * step
    nodes = nodes + rng.uniform(-0.15, 0.15, nodes.shape) * step + (WEST, SOUTH)

    def wander(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        return _wander(start, end, rng, edges or _edges_at((start + end) / 2))

    across = {(i, j): wander(nodes[i, j], nodes[i + 1, j]) for i in range(side) for j in range(side + 1)}
    along = {(i, j): wander(nodes[i, j], nodes[i, j + 1]) for i in range(side + 1) for j in range(side)}
    rows: list[dict[str, Any]] = []
    serials: dict[str, int] = {}
    for i in range(side):
        for j in range(side):
            ring = np.concatenate(
                [across[i, j][:-1], along[i + 1, j][:-1], across[i, j + 1][::-1][:-1], along[i, j][::-1]]
            )
            where = i * communities // side, j * communities // side
            code = f"{CODE}{where[0] + 1:03}{where[1] + 1:03}"
            serials[code] = serials.get(code, 0) + 1
            rows.append(
                {
                    "grid_code": f"{code}{serials[code]:03}",
                    "name": named.format(serials[code]),
                    "kind": "general",
                    "community_code": code,
                    "households": 400,
                    "persons": 1100.0,
                    "area_m2": 1e6,
                    **{f"sides_{side}": "人民路" for side in ("east", "south", "west", "north")},
                    "reason": "",
                    "reason_code": "",
                    "geometry": shapely.MultiPolygon([shapely.Polygon(ring)]),
                }
            )
    grids = gpd.GeoDataFrame(rows, crs=CRS)
    outlines = []
    for code, part in grids.groupby("community_code"):
        outline = shapely.coverage_union_all(part.geometry.to_numpy())
        whole = outline if outline.geom_type == "MultiPolygon" else shapely.MultiPolygon([outline])
        counts = {"grids": len(part), "households": 400 * len(part), "in_band": len(part)}
        told = {"divisible": True, "cost": 1.0, "message": ""}
        outlines.append({"community_code": code, "name": f"社区{code[-6:]}", **counts, **told, "geometry": whole})
    units = grids[["grid_code", "community_code", "households", "geometry"]].assign(kind="block")
    units.insert(0, "unit_id", units["grid_code"] + "-1")
    line = shapely.MultiLineString([across[0, 0]])
    border = {"left_grid": rows[0]["grid_code"], "right_grid": rows[1]["grid_code"], "barrier": "street", "name": ""}
    return Plan(
        grids=grids,
        units=units,
        borders=gpd.GeoDataFrame([{**border, "length_m": 1.0, "geometry": line}], crs=CRS),
        communities=gpd.GeoDataFrame(outlines, crs=CRS),
        streets=gpd.GeoDataFrame(
            [{"highway": "residential", "name": "", "geometry": shapely.LineString(across[0, 0])}], crs=CRS
        ),
        about={"software": "bench", "version": "0", "seed": seed, "household_basis": "常住户"},
    )


def draw_buildings(seed: int = 4) -> list[Building]:
    """Draw small squares all over the county."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform((WEST, SOUTH), (WEST + SIDE * STEP, SOUTH + SIDE * STEP), (BUILDINGS, 2))
    shapes = shapely.to_wkb(shapely.box(*xy.T, *(xy + 1e-4).T), byte_order=1)
    return [Building(f"B{row:06}", None, "", "", "", 4, 11.0, shape) for row, shape in enumerate(shapes)]


def _edges_at(place: np.ndarray) -> int:
    half = SIDE * STEP / 2
    aside = place - (WEST + half, SOUTH + half)
    return 8 + round(134 * min(1.0, float((aside**2).sum()) / (2 * (half - STEP) ** 2)))


def _wander(start: np.ndarray, end: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """Return a line between two nodes that wanders aside, the less the nearer a node."""
    steps = np.linspace(0, 1, count + 1)[:, None]
    line = start + (end - start) * steps
    across = np.array([start[1] - end[1], end[0] - start[0]])
    line[1:-1] += across * (rng.uniform(-0.06, 0.06, (count - 1, 1)) * np.sin(np.pi * steps[1:-1]) ** 2)
    return line
