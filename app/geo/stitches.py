"""Give polygons on two sides of a common border each other's vertices; none is moved."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

__all__ = ["stitch"]

Geometries = NDArray[np.object_]

ON_EDGE_DEGREES = 1e-9
"""A vertex this close to an edge (a tenth of a millimetre) stands on it."""


def stitch(ours: Geometries, theirs: Geometries) -> tuple[Geometries, Geometries]:
    """Return both sides with the vertices of the other where they stand on an edge of its own.

    Polygons and multipolygons in degrees; those that need nothing are returned as they are.
    """
    return _with_vertices(ours, _vertices_near(theirs, ours)), _with_vertices(theirs, _vertices_near(ours, theirs))


def _vertices_near(shapes: Geometries, others: Geometries) -> NDArray[np.float64]:
    """Return the vertices of shapes that lie on a line of the others."""
    coordinates = np.unique(shapely.get_coordinates(shapes), axis=0)
    points = shapely.points(coordinates)
    hit, _ = STRtree(points).query(shapely.boundary(others), predicate="dwithin", distance=ON_EDGE_DEGREES)[::-1]
    found: NDArray[np.float64] = coordinates[np.unique(hit)]
    return found


def _with_vertices(shapes: Geometries, vertices: NDArray[np.float64]) -> Geometries:
    if not len(vertices):
        return shapes
    points = shapely.points(vertices)
    done = shapes.copy()
    near, row = STRtree(shapely.boundary(shapes)).query(points, predicate="dwithin", distance=ON_EDGE_DEGREES)
    for number in np.unique(row).tolist():
        done[number] = _insert(shapes[number], vertices[np.unique(near[row == number])])
    return done


def _insert(shape: shapely.Geometry, vertices: NDArray[np.float64]) -> shapely.Geometry:
    own = {tuple(xy) for xy in shapely.get_coordinates(shape).tolist()}
    new = np.array([xy for xy in vertices.tolist() if tuple(xy) not in own]).reshape(-1, 2)
    if not len(new):
        return shape
    parts = [
        shapely.Polygon(_ring(part.exterior, new), [_ring(hole, new) for hole in part.interiors])
        for part in shapely.get_parts(shape)
    ]
    return shapely.MultiPolygon(parts) if shape.geom_type == "MultiPolygon" else parts[0]


def _ring(ring: shapely.LinearRing, vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put vertices into the edges on which they stand, in the order in which they come along each."""
    corners: NDArray[np.float64] = shapely.get_coordinates(ring)
    edges = shapely.linestrings(np.stack([corners[:-1], corners[1:]], axis=1))
    near, edge = STRtree(edges).query(shapely.points(vertices), predicate="dwithin", distance=ON_EDGE_DEGREES)
    if not len(near):
        return corners
    along = shapely.line_locate_point(edges[edge], shapely.points(vertices[near]))
    order = np.lexsort((along, edge))
    near, edge = near[order], edge[order]
    first = np.unique(near, return_index=True)[1]  # a vertex beside a corner is near two edges
    keep = np.zeros(len(near), bool)
    keep[first] = True
    return np.insert(corners, edge[keep] + 1, vertices[near[keep]], axis=0)
