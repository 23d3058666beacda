"""Shortest ways round obstacles: a line pulled taut as a string would be, with each obstacle left on its side."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app.geo.arrangement import cut_edges

__all__ = ["Triangles", "cut_triangles", "pull_taut"]

Points = NDArray[np.float64]
Triangles = NDArray[np.float64]
"""Sides that two triangles have in common, as x0, y0, x1, y1; shape (m, 4)."""

AT_END_M = 1e-6


def cut_triangles(free: BaseGeometry) -> Triangles:
    """Cut polygons into triangles between their vertices, without any further ones, and return their common sides."""
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(free))
    edges, sides = cut_edges(triangles)
    return np.asarray(edges[sides.min(axis=1) >= 0])


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
    return _funnel(path[0], path[-1], _gates(path, triangles))


def _gates(path: Points, edges: Triangles) -> Points:
    """List the edges that a path has to cross, each as its left and its right end; shape (k, 2, 2).

    A point on an edge counts as left of it, always, so that a path through a vertex crosses a consistent set.
    """
    a, b = edges[:, :2], edges[:, 2:]
    run = b - a
    side = _cross(run, path[:, None] - a) >= 0
    step, start = np.diff(path, axis=0)[:, None], path[:-1, None]
    left_a, left_b = _cross(step, a - start) >= 0, _cross(step, b - start) >= 0
    segment, edge = np.nonzero((side[:-1] != side[1:]) & (left_a != left_b))
    along = path[segment + 1] - path[segment]
    share = _cross(a[edge] - path[segment], run[edge]) / _cross(along, run[edge])
    crossing = path[segment] + share[:, None] * along
    at_end = np.minimum(np.hypot(*(crossing - path[0]).T), np.hypot(*(crossing - path[-1]).T)) < AT_END_M
    kept: list[tuple[int, bool]] = []
    for k in np.lexsort((share, segment)):
        e = int(edge[k])
        if at_end[k]:
            continue
        if kept and kept[-1][0] == e:
            kept.pop()
        else:
            kept.append((e, bool(left_a[segment[k], e])))
    ends = edges[[e for e, _ in kept]].reshape(-1, 2, 2)
    turned = ~np.array([left for _, left in kept], bool)
    ends[turned] = ends[turned][:, ::-1]
    return ends


def _cross(a: Points, b: Points) -> NDArray[np.float64]:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _funnel(start: Points, goal: Points, gates: Points) -> Points:
    """Find the shortest way from start to goal through gates in their order."""
    lefts = [*map(tuple, gates[:, 0].tolist()), tuple(goal.tolist())]
    rights = [*map(tuple, gates[:, 1].tolist()), tuple(goal.tolist())]
    apex = left = right = tuple(start.tolist())
    way, at_left, at_right, k = [apex], -1, -1, 0
    while k < len(lefts):
        if _turn(apex, right, rights[k]) >= 0:  # the right side narrows the funnel
            if right == apex or _turn(apex, left, rights[k]) < 0:
                right, at_right = rights[k], k
            else:  # it meets the left side: the way bends there
                apex, k = left, at_left + 1
                left, right, at_right = apex, apex, at_left
                way.append(apex)
                continue
        if _turn(apex, left, lefts[k]) <= 0:
            if left == apex or _turn(apex, right, lefts[k]) > 0:
                left, at_left = lefts[k], k
            else:
                apex, k = right, at_right + 1
                left, right, at_left = apex, apex, at_right
                way.append(apex)
                continue
        k += 1
    if way[-1] != lefts[-1]:
        way.append(lefts[-1])
    return np.array(way)


def _turn(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
