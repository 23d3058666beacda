"""Shortest ways round obstacles: a line pulled taut as a string would be, with each obstacle left on its side."""

from __future__ import annotations

import numba
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app.geo.arrangement import GRID_M, vertex_keys

__all__ = ["Triangles", "cut_triangles", "pull_taut", "taut"]

Points = NDArray[np.float64]
Triangles = NDArray[np.float64]
"""Sides that two triangles have in common, as x0, y0, x1, y1; shape (m, 4)."""

AT_END_M = 1e-6


def cut_triangles(free: BaseGeometry) -> Triangles:
    """Cut polygons into triangles between their vertices, without any further ones, and return their common sides."""
    corners = shapely.get_coordinates(shapely.constrained_delaunay_triangles(free)).reshape(-1, 4, 2)[:, :3]
    return _common_sides(vertex_keys(corners))


def _common_sides(corners: NDArray[np.int64]) -> Triangles:
    """List the sides that triangles have in common, from lower to higher end and in that order.

    `corners` are whole millimetres, shape (n, 3, 2).
    """
    if not len(corners):
        return np.empty((0, 4))
    low = corners.reshape(-1, 2).min(axis=0)
    height = int(corners[..., 1].max()) - int(low[1]) + 1
    packed = (corners[..., 0] - low[0]) * height + corners[..., 1] - low[1]
    places, of = np.unique(packed, return_inverse=True)
    of = of.reshape(-1, 3)
    start, end = of.ravel(), of[:, [1, 2, 0]].ravel()
    sides, times = np.unique(np.minimum(start, end) * len(places) + np.maximum(start, end), return_counts=True)
    both = np.column_stack(np.divmod(sides[times > 1], len(places)))
    xy = np.stack(np.divmod(places, height), axis=1) + low
    return np.asarray(xy[both].reshape(-1, 4) * GRID_M)


def pull_taut(path: Points, triangles: Triangles) -> Points:
    """Return the shortest way between the ends of a path that can be had from it by pulling.

    The sides of triangles that the path crosses, without those that it crosses to and fro, are the gates through which
    any such way goes, and the funnel algorithm finds the shortest one through them (Lee and Preparata 1984,
    doi:10.1002/net.3230140304).

    Parameters
    ----------
    path
        Vertices of a path inside the ground that was cut into triangles, shape (n, 2); whatever is a hole of that
        ground is an obstacle.
    """
    return np.asarray(taut(np.ascontiguousarray(path), triangles))


@numba.njit(cache=True, error_model="numpy")
def taut(path: Points, triangles: Triangles) -> Points:
    """Do what `pull_taut` does, for compiled code."""
    return _funnel(path[0], path[-1], _gates(path, triangles))


@numba.njit(cache=True, error_model="numpy")
def _gates(path: Points, edges: Triangles) -> Points:
    """List the edges that a path has to cross, each as its left and its right end; shape (k, 2, 2).

    A point on an edge counts as left of it, always, so that a path through a vertex crosses a consistent set.
    """
    m, last = len(edges), len(path) - 1
    before = np.empty(m, np.bool_)
    for e in range(m):
        before[e] = _is_left(edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3], path[0, 0], path[0, 1])
    kept = np.empty((last * m, 2), np.int64)
    crossed, share = np.empty(m, np.int64), np.empty(m)
    count = 0
    for k in range(last):
        x, y = path[k, 0], path[k, 1]
        dx, dy = path[k + 1, 0] - x, path[k + 1, 1] - y
        found = 0
        for e in range(m):
            ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
            after = _is_left(ax, ay, bx, by, path[k + 1, 0], path[k + 1, 1])
            if before[e] != after:
                before[e] = after
                if (dx * (ay - y) - dy * (ax - x) >= 0) != (dx * (by - y) - dy * (bx - x) >= 0):
                    rx, ry = bx - ax, by - ay
                    along = ((ax - x) * ry - (ay - y) * rx) / (dx * ry - dy * rx)
                    at = found  # in the order in which they are crossed
                    while at > 0 and share[at - 1] > along:
                        share[at], crossed[at] = share[at - 1], crossed[at - 1]
                        at -= 1
                    share[at], crossed[at] = along, e
                    found += 1
        for j in range(found):
            e = crossed[j]
            cx, cy = x + share[j] * dx, y + share[j] * dy
            from_start = np.hypot(cx - path[0, 0], cy - path[0, 1])
            if min(from_start, np.hypot(cx - path[last, 0], cy - path[last, 1])) < AT_END_M:
                continue
            if count and kept[count - 1, 0] == e:
                count -= 1
            else:
                kept[count, 0] = e
                kept[count, 1] = dx * (edges[e, 1] - y) - dy * (edges[e, 0] - x) >= 0
                count += 1
    ends = np.empty((count, 2, 2))
    for j in range(count):
        e, first = kept[j, 0], 0 if kept[j, 1] else 1
        ends[j, first] = edges[e, :2]
        ends[j, 1 - first] = edges[e, 2:]
    return ends


@numba.njit(cache=True)
def _is_left(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> bool:
    return bool((bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0)


@numba.njit(cache=True)
def _funnel(start: Points, goal: Points, gates: Points) -> Points:
    """Find the shortest way from start to goal through gates in their order."""
    n = len(gates)
    sides = np.empty((n + 1, 2, 2))
    sides[:n] = gates
    sides[n, 0] = goal
    sides[n, 1] = goal
    way = np.empty((n + 3, 2))
    way[0] = start
    bends, at_left, at_right, k = 1, -1, -1, 0
    apex, left, right = (start[0], start[1]), (start[0], start[1]), (start[0], start[1])
    while k <= n:
        ahead_left, ahead_right = (sides[k, 0, 0], sides[k, 0, 1]), (sides[k, 1, 0], sides[k, 1, 1])
        if _turn(apex, right, ahead_right) >= 0:  # the right side narrows the funnel
            if right == apex or _turn(apex, left, ahead_right) < 0:
                right, at_right = ahead_right, k
            else:  # it meets the left side: the way bends there
                apex, k = left, at_left + 1
                left, right, at_right = apex, apex, at_left
                way[bends, 0], way[bends, 1] = apex
                bends += 1
                continue
        if _turn(apex, left, ahead_left) <= 0:
            if left == apex or _turn(apex, right, ahead_left) > 0:
                left, at_left = ahead_left, k
            else:
                apex, k = right, at_right + 1
                left, right, at_left = apex, apex, at_right
                way[bends, 0], way[bends, 1] = apex
                bends += 1
                continue
        k += 1
    if way[bends - 1, 0] != goal[0] or way[bends - 1, 1] != goal[1]:
        way[bends] = goal
        bends += 1
    return way[:bends]


@numba.njit(cache=True)
def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
