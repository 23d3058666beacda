"""How far people walk: from the middle of each grid to its farthest dwelling, along streets where there are any."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from shapely import STRtree

from app.geo.arrangement import noded

__all__ = ["farthest_walks"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

REACH_M = 300.0
"""A street this near is what people take."""
DETOUR = 1.3
"""Where no street leads, a way is this much longer than the straight line."""


def farthest_walks(dwellings: Numbers, households: Numbers, grid: Indices, grids: int, streets: Geometries) -> Numbers:
    """Measure the way from the middle of each grid to its farthest dwelling, in metres; 0 for a grid without any.

    The middle is the household-weighted mean of the dwellings. People walk to the nearest street, along streets, and
    from the street to the door; where streets are far away, or do not lead there, straight on with a detour.

    Parameters
    ----------
    dwellings
        Coordinates in metres, shape (n, 2); only those with households count.
    grid
        Grid of each, -1 for none.
    streets
        Lines on the ground.
    """
    farthest = np.zeros(grids)
    lines = noded(streets) if len(streets) else np.empty(0, dtype=object)
    net = _Net.of(lines) if len(lines) else None
    for number in range(grids):
        rows = np.flatnonzero((grid == number) & (households > 0))
        if len(rows):
            middle = np.average(dwellings[rows], axis=0, weights=households[rows])
            straight = np.hypot(*(dwellings[rows] - middle).T)
            ways = DETOUR * straight
            if net is not None:
                along = net.ways(middle, dwellings[rows])
                ways = np.where(np.isfinite(along), np.maximum(along, straight), ways)
            farthest[number] = ways.max()
    return farthest


class _Net:
    """Streets as a graph, with what is needed to step on it anywhere along a street."""

    def __init__(self, lines: Geometries, ends: Indices, nodes: int) -> None:
        self.lines, self.tree, self.ends = lines, STRtree(lines), ends
        self.length = shapely.length(lines)
        self.graph = coo_array((self.length, (ends[:, 0], ends[:, 1])), shape=(nodes, nodes)).tocsr()

    @classmethod
    def of(cls, lines: Geometries) -> _Net:
        """Make the graph of noded lines."""
        first, last = (shapely.get_coordinates(shapely.get_point(lines, k)) for k in (0, -1))
        node = np.unique(np.round(np.concatenate([first, last]), 2), axis=0, return_inverse=True)[1].ravel()
        return cls(lines, node.reshape(2, -1).T.astype(np.int64), int(node.max()) + 1)

    def _step_on(self, places: Numbers) -> tuple[Indices, Numbers, Numbers]:
        """Nearest street of each place (-1 if far), the way to it, and the place along it."""
        points = shapely.points(places)
        place, line = self.tree.query_nearest(points, max_distance=REACH_M, all_matches=False)
        street = np.full(len(points), -1, np.int64)
        street[place] = line
        near = street >= 0
        off, at = np.zeros(len(points)), np.zeros(len(points))
        off[near] = shapely.distance(points[near], self.lines[street[near]])
        at[near] = shapely.line_locate_point(self.lines[street[near]], points[near])
        return street, off, at

    def ways(self, start: Numbers, places: Numbers) -> Numbers:
        """Measure the way from one place to others along streets; infinite where no street leads there."""
        (origin,), (off,), (at,) = self._step_on(start[None, :])
        street, offs, ats = self._step_on(places)
        if origin < 0:
            return np.full(len(places), np.inf)
        both = dijkstra(self.graph, directed=False, indices=self.ends[origin])
        from_ends = np.minimum(both[0] + at, both[1] + self.length[origin] - at)
        a, b = self.ends[street].T
        way = np.minimum(from_ends[a] + ats, from_ends[b] + self.length[street] - ats)
        way = np.where(street == origin, np.minimum(way, np.abs(ats - at)), way)
        return np.asarray(np.where(street >= 0, way + off + offs, np.inf))
