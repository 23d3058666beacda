"""Where there is no telling nobody is accused: shapes that have nothing to do with the streets, or are too few."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from app.geo.offsets import find_misplaced

WEST, SOUTH = 118.78, 32.04


def streets() -> gpd.GeoDataFrame:
    """Draw eleven streets each way, 100 m apart as degrees go."""
    ticks = np.arange(11) * 0.001
    lines = [shapely.LineString([(WEST, SOUTH + t), (WEST + 0.01, SOUTH + t)]) for t in ticks]
    lines += [shapely.LineString([(WEST + t, SOUTH), (WEST + t, SOUTH + 0.01)]) for t in ticks]
    columns = {"highway": ["residential"] * len(lines), "tunnel": [False] * len(lines)}
    return gpd.GeoDataFrame(columns, geometry=lines, crs=4490)


def scattered(seed: int, count: int) -> gpd.GeoDataFrame:
    xy = np.random.default_rng(seed).uniform((WEST, SOUTH), (WEST + 0.01, SOUTH + 0.01), (count, 2))
    return gpd.GeoDataFrame(geometry=shapely.points(xy), crs=4490)


@pytest.mark.parametrize("seed", range(10))
def test_buildings_scattered_at_random_accuse_nobody(seed):
    assert find_misplaced({"streets": streets(), "buildings": scattered(seed, 300)}, {}) == []


def test_few_buildings_accuse_nobody():
    assert find_misplaced({"streets": streets(), "buildings": scattered(1, 20)}, {}) == []


def test_nothing_is_told_without_streets():
    assert find_misplaced({"buildings": scattered(1, 300)}, {}) == []
    assert find_misplaced({"streets": streets().iloc[:0], "buildings": scattered(1, 300)}, {}) == []
