"""Lines midway between things: the middle of a dual carriageway, the open ground between buildings."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Delaunay
from shapely.geometry.base import BaseGeometry

__all__ = ["ridges_between"]


def ridges_between(
    things: NDArray[np.object_],
    labels: NDArray[np.int64],
    within: BaseGeometry,
    *,
    spacing_m: float,
    tolerance_m: float,
) -> BaseGeometry:
    """Draw the lines inside `within` that are equally far from things of different labels.

    The things are sampled every `spacing_m` metres and the edges of the samples' Voronoi diagram that separate two
    labels are joined, then simplified by `tolerance_m`: junctions, where three labels meet, stay where they are.

    Parameters
    ----------
    things
        Points, lines or polygons in a metric CRS, shape (n,).
    labels
        Label of each thing, shape (n,).
    within
        Polygon to which the lines are clipped.

    Returns
    -------
    A MultiLineString, empty where fewer than two labels are present.
    """
    if len(np.unique(labels)) < 2:
        return shapely.MultiLineString()
    outlines = np.where(shapely.get_dimensions(things) == 2, shapely.boundary(things), things)
    sampled = shapely.segmentize(outlines, spacing_m)
    xy, owner = shapely.get_coordinates(sampled, return_index=True)
    xy, first = np.unique(np.round(xy, 3), axis=0, return_index=True)
    label = labels[owner[first]]
    if len(np.unique(label)) < 2:
        return shapely.MultiLineString()
    origin = xy.mean(axis=0)
    west, south, east, north = shapely.bounds(within)
    reach = 4 * max(east - west, north - south, 100.0)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    frame = reach * np.column_stack([np.cos(angles), np.sin(angles)])  # far points keep every wanted edge finite
    label = np.append(label, np.full(len(frame), -1))
    segments = _edges_between(np.vstack([xy - origin, frame]), label)
    segments = segments[np.abs(segments).max(axis=(1, 2)) < reach] + origin
    if not len(segments):
        return shapely.MultiLineString()
    segments = np.round(segments, 4)
    segments = segments[(segments[:, 0] != segments[:, 1]).any(axis=1)]
    order = np.lexsort(segments.reshape(-1, 4).T)
    merged = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(segments[order])))
    lines = shapely.simplify(shapely.get_parts(merged), tolerance_m)
    shapely.prepare(within)
    inside = shapely.contains_properly(within, lines)
    clipped = shapely.get_parts(shapely.intersection(lines[~inside], within))
    clipped = clipped[shapely.get_type_id(clipped) == shapely.GeometryType.LINESTRING]
    return shapely.multilinestrings([*lines[inside], *clipped])


def _edges_between(xy: NDArray[np.float64], label: NDArray[np.int64]) -> NDArray[np.float64]:
    """Edges of the Voronoi diagram of points between two labels of 0 and more, shape (m, 2, 2).

    They join the centres of the circles round the two Delaunay triangles on either side of a pair of points; where four
    points lie on a circle, one has no length. Edges that reach infinity end there.
    """
    mesh = Delaunay(xy)
    triangle, corner = np.nonzero(mesh.neighbors > np.arange(len(mesh.simplices))[:, None])
    a, b = (label[mesh.simplices[triangle, (corner + step) % 3]] for step in (1, 2))
    apart = (a != b) & (a >= 0) & (b >= 0)
    pairs = np.column_stack([triangle[apart], mesh.neighbors[triangle[apart], corner[apart]]])
    used, place = np.unique(pairs, return_inverse=True)
    p, q, r = xy[mesh.simplices[used]].swapaxes(0, 1)
    q, r = q - p, r - p
    q2, r2 = (q**2).sum(axis=1), (r**2).sum(axis=1)
    twice = 2 * (q[:, 0] * r[:, 1] - q[:, 1] * r[:, 0])
    x, y = r[:, 1] * q2 - q[:, 1] * r2, q[:, 0] * r2 - r[:, 0] * q2
    with np.errstate(divide="ignore", invalid="ignore"):  # the centre of a flat triangle lies nowhere
        centre = p + np.column_stack([x, y]) / twice[:, None]
    ends = centre[place.reshape(-1, 2)]
    backwards = (ends[:, 0, 0] > ends[:, 1, 0]) | ((ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1]))
    ends[backwards] = ends[backwards][:, ::-1]
    return np.asarray(ends)
