"""Lines midway between things: the middle of a dual carriageway, the open ground between buildings."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi
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
    diagram = Voronoi(np.vstack([xy - origin, frame]))
    label = np.append(label, np.full(len(frame), -1))
    pairs = label[diagram.ridge_points]
    ends = np.array([v if len(v) == 2 else (-1, -1) for v in diagram.ridge_vertices])
    wanted = (pairs[:, 0] != pairs[:, 1]) & (pairs.min(axis=1) >= 0) & (ends.min(axis=1) >= 0)
    segments = diagram.vertices[ends[wanted]] + origin
    segments = segments[np.abs(segments - origin).max(axis=(1, 2)) < reach]
    if not len(segments):
        return shapely.MultiLineString()
    order = np.lexsort(segments.reshape(-1, 4).T)
    merged = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(np.round(segments[order], 4))))
    lines = shapely.simplify(shapely.get_parts(merged), tolerance_m)
    shapely.prepare(within)
    inside = shapely.contains_properly(within, lines)
    clipped = shapely.get_parts(shapely.intersection(lines[~inside], within))
    clipped = clipped[shapely.get_type_id(clipped) == shapely.GeometryType.LINESTRING]
    return shapely.multilinestrings([*lines[inside], *clipped])
