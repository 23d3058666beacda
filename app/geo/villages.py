"""Natural villages 自然村: clusters of dwellings, and the names that points give them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import STRtree

__all__ = ["cluster_dwellings", "name_by_points"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]

GAP_M = 60.0
"""Dwellings nearer than this to each other belong to one village."""
REACH_M = 300.0
"""A point names the dwellings of a village that comes this near."""


def cluster_dwellings(points: Geometries) -> Indices:
    """Give each village a number: dwellings that follow each other at less than 60 m are of one.

    Parameters
    ----------
    points
        One for each dwelling, in metres.
    """
    a, b = STRtree(points).query(points, predicate="dwithin", distance=GAP_M)
    links = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(points), len(points)))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def name_by_points(dwellings: Geometries, points: Geometries, names: NDArray[np.object_]) -> NDArray[np.object_]:
    """Name dwellings by the points that villages or villagers' groups are given as; '' where none is near.

    A point names the whole village in or by which it stands; where a village has several, each dwelling takes the
    nearest of them.
    """
    named = np.full(len(dwellings), "", dtype=object)
    if not len(points) or not len(dwellings):
        return named
    village = cluster_dwellings(dwellings)
    point, dwelling = STRtree(dwellings).query_nearest(points, max_distance=REACH_M, all_matches=False)
    for number in np.unique(village[dwelling]).tolist():
        rows = np.flatnonzero(village == number)
        here = np.unique(point[village[dwelling] == number])
        nearest = STRtree(points[here]).query_nearest(dwellings[rows], all_matches=False)[1]
        named[rows] = names[here[nearest]]
    return named
