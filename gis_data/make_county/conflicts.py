"""How far the nets disagree with last year's grids, counted in households by where the buildings stand."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import shapely
from shapely import STRtree

__all__ = ["count_conflicts"]


def count_conflicts(
    layers: Mapping[str, gpd.GeoDataFrame], nets: Mapping[str, gpd.GeoDataFrame]
) -> dict[str, dict[str, int]]:
    """Count for each net its grids, households in none of them and in several, and last year's grids that it cuts.

    Parameters
    ----------
    layers, nets
        As the GeoPackages hold them.
    """
    lived = layers["buildings"][layers["buildings"].households > 0]
    households = lived.households.to_numpy()
    spots = shapely.point_on_surface(lived.geometry.to_numpy())
    old = _homes(spots, layers["grids_last_year"])
    return {net: _count(_homes(spots, frame), old, households, len(frame)) for net, frame in nets.items()}


def _homes(spots: np.ndarray, grids: gpd.GeoDataFrame) -> list[tuple[str, ...]]:
    """Return for each place the codes of the grids that it lies in, in order."""
    codes = grids.grid_code.to_numpy(object)
    homes: list[list[str]] = [[] for _ in spots]
    grid, spot = STRtree(spots).query(grids.geometry.to_numpy(), predicate="contains")
    for g, s in zip(grid.tolist(), spot.tolist(), strict=True):
        homes[s].append(codes[g])
    return [tuple(sorted(home)) for home in homes]


def _count(
    homes: list[tuple[str, ...]], old: list[tuple[str, ...]], households: np.ndarray, grids: int
) -> dict[str, int]:
    held = np.array([len(home) for home in homes])
    parts: dict[str, set[str]] = {}
    for before, now in zip(old, homes, strict=True):
        if before:
            parts.setdefault(before[0], set()).add(now[0] if now else "")
    return {
        "grids": grids,
        "households_in_none": int(households[held == 0].sum()),
        "households_in_several": int(households[held > 1].sum()),
        "old_grids_cut": sum(len(part) > 1 for part in parts.values()),
    }
