"""The plane cut by lines: faces that share every edge vertex by vertex, and who lies on either side of each edge."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

__all__ = [
    "GRID_M",
    "Arrangement",
    "add_up",
    "arrange",
    "arrange_noded",
    "cut_edges",
    "join_faces",
    "noded",
    "union_by",
    "vertex_keys",
]

GRID_M = 0.001
"""Everything is noded on a grid of one millimetre, so that overlay cannot fail for want of precision."""


@dataclass(frozen=True)
class Arrangement:
    """Faces of an outline cut by lines, and their edges.

    Attributes
    ----------
    faces
        Polygons that tile the outline, shape (n,).
    edges
        Straight edges as x0, y0, x1, y1 on the grid, shape (m, 4).
    sides
        The two faces of each edge, shape (m, 2); -1 is outside the outline.
    """

    faces: NDArray[np.object_]
    edges: NDArray[np.float64]
    sides: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.float64]:
        """Length of each edge in metres."""
        return np.hypot(self.edges[:, 2] - self.edges[:, 0], self.edges[:, 3] - self.edges[:, 1])

    @property
    def middles(self) -> NDArray[np.object_]:
        """Middle of each edge as points."""
        return np.asarray(shapely.points((self.edges[:, :2] + self.edges[:, 2:]) / 2))


def noded(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    """Cut lines where they meet, on the millimetre grid, each piece once."""
    parts = shapely.get_parts(shapely.union_all(lines, grid_size=GRID_M))
    return np.asarray(parts[shapely.get_dimensions(parts) == 1], dtype=object)


def arrange(lines: NDArray[np.object_], outline: BaseGeometry) -> Arrangement:
    """Cut the outline by lines into faces that tile it.

    Parameters
    ----------
    lines
        Lines of any kind, in metres; what dangles or lies outside cuts nothing.
    outline
        Polygon or MultiPolygon.
    """
    return arrange_noded(noded(np.append(lines, shapely.boundary(outline))), outline)


def arrange_noded(pieces: NDArray[np.object_], outline: BaseGeometry) -> Arrangement:
    """Do what `arrange` does with lines that are noded already, the boundary of the outline among them."""
    faces = shapely.get_parts(shapely.polygonize(pieces))
    if not len(faces):
        return Arrangement(faces, np.empty((0, 4)), np.empty((0, 2), np.int64))
    shapely.prepare(outline)
    centre = shapely.point_on_surface(faces)
    inside = shapely.intersects(outline, centre)
    faces, centre = faces[inside], shapely.get_coordinates(centre[inside])
    faces = faces[np.lexsort((centre[:, 0], centre[:, 1]))]
    edges, sides = cut_edges(faces)
    return Arrangement(faces, edges, sides)


def add_up(row: NDArray[np.int64], amount: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Add the amounts of each row; returns shape (count,)."""
    return np.asarray(np.bincount(row, weights=amount, minlength=count), dtype=np.float64)


def vertex_keys(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return coordinates as whole millimetres, by which equal vertices are known."""
    return np.round(xy / GRID_M).astype(np.int64)


def cut_edges(polygons: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """List the edges of polygons that fit vertex by vertex, each once, with the polygon on either side (-1: none)."""
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    same = ring_of[1:] == ring_of[:-1]
    start, end = xy[:-1][same], xy[1:][same]
    face = owner[part_of[ring_of[:-1][same]]]
    low, high = vertex_keys(start), vertex_keys(end)
    swap = (low[:, 0] > high[:, 0]) | ((low[:, 0] == high[:, 0]) & (low[:, 1] > high[:, 1]))
    key = np.where(swap[:, None], np.hstack([high, low]), np.hstack([low, high]))
    order = np.lexsort(key.T[::-1])
    sorted_key, sorted_face = key[order], face[order]
    fresh = np.append(True, (sorted_key[1:] != sorted_key[:-1]).any(axis=1)) if len(key) else np.empty(0, bool)
    group = np.cumsum(fresh) - 1
    first = np.flatnonzero(fresh)
    sides = np.full((len(first), 2), -1, np.int64)
    sides[:, 0] = sorted_face[first]
    second = first + 1
    paired = (second < len(group)) & (np.append(group, -1)[second] == np.arange(len(first)))
    sides[paired, 1] = sorted_face[second[paired]]
    return sorted_key[first] * GRID_M, sides


def join_faces(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give faces that pairs connect the same number, in the order of their first face; returns shape (count,)."""
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, group = connected_components(links, directed=False)
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return np.asarray(rank[inverse])


def union_by(faces: NDArray[np.object_], group: NDArray[np.int64]) -> NDArray[np.object_]:
    """Join faces of the same number into one geometry each, exactly along their edges."""
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(int(group.max()) + 2))
    return np.array(
        [shapely.coverage_union_all(faces[order[i:j]]) for i, j in pairwise(bounds)],
        dtype=object,
    )
