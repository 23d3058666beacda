"""Where words on a map stand: in the roomiest place of a polygon, along a street, and who is whose neighbour."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from app.geo.crs import METRES_PER_DEGREE

__all__ = ["find_label_places", "measure_shared", "name_streets"]

GAP_M = 5.0
"""Outlines of neighbouring communities may gape or overlap by as much and still be neighbours."""


def find_label_places(polygons: NDArray[np.object_]) -> list[tuple[float, float, float]]:
    """Find the roomiest place in each polygon: longitude, latitude and metres to the nearest edge."""
    if not len(polygons):
        return []
    parts, owner = shapely.get_parts(polygons, return_index=True)
    order = np.lexsort((-shapely.area(parts), owner))
    largest = parts[order[np.searchsorted(owner[order], np.arange(len(polygons)))]]
    squeeze = np.cos(np.radians(shapely.get_coordinates(shapely.centroid(largest))[:, 1]))
    plane = [shapely.transform(part, lambda xy, s=s: xy * (s, 1.0)) for part, s in zip(largest, squeeze, strict=True)]
    width = np.sqrt(shapely.area(plane))
    # A hundredth of the width is closer than an eye can tell.
    circles = shapely.maximum_inscribed_circle(plane, tolerance=np.maximum(width / 100, 1e-7))
    places = shapely.get_coordinates(circles)[::2]
    radius_m = shapely.length(circles) * METRES_PER_DEGREE
    return [
        (round(float(x / s), 6), round(float(y), 6), round(float(r), 1))
        for (x, y), s, r in zip(places, squeeze, radius_m, strict=True)
    ]


def measure_shared(
    outlines: NDArray[np.object_], known: Collection[tuple[int, int]] = ()
) -> dict[tuple[int, int], float]:
    """Measure in metres how far each pair of polygons runs side by side, gaps and overlaps of `GAP_M` allowed.

    The first of a pair comes first in the frame. Pairs that meet only at a corner are left out, as are `known` ones.
    """
    if not len(outlines):
        return {}
    squeeze = float(np.cos(np.radians(np.mean(shapely.bounds(outlines)[:, [1, 3]]))))
    scale = np.array([squeeze, 1.0]) * METRES_PER_DEGREE
    plane = shapely.transform(outlines, lambda xy: xy * scale)
    first, second = shapely.STRtree(plane).query(plane, predicate="dwithin", distance=GAP_M)
    wanted = [
        one < other and (one, other) not in known for one, other in zip(first.tolist(), second.tolist(), strict=True)
    ]
    first, second = first[wanted], second[wanted]
    boxes = shapely.bounds(plane)
    low = np.maximum(boxes[first, :2], boxes[second, :2]) - GAP_M
    high = np.minimum(boxes[first, 2:], boxes[second, 2:]) + GAP_M
    near = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    edges = shapely.boundary(plane)
    strips = shapely.buffer(shapely.intersection(edges[second], near), GAP_M, quad_segs=2)
    lengths = shapely.length(shapely.intersection(shapely.intersection(edges[first], near), strips))
    pairs = zip(first.tolist(), second.tolist(), lengths.tolist(), strict=True)
    return {(one, other): length_m for one, other, length_m in sorted(pairs) if length_m > 4 * GAP_M}


def name_streets(
    names: NDArray[np.object_], lines: NDArray[np.object_], every_m: float = 500.0
) -> list[tuple[str, float, float, float, float]]:
    """Find straight stretches on which a street's name can stand, about one in `every_m` metres.

    Returns
    -------
    Name, longitude, latitude, direction in degrees (0 east, 90 north, within ±90) and length of the stretch in metres.
    """
    found: list[tuple[str, float, float, float, float]] = []
    for name in sorted({str(name) for name in names if name}):
        own = shapely.get_parts(shapely.line_merge(shapely.union_all(lines[names == name])))
        for line in own:
            squeeze = float(np.cos(np.radians(line.centroid.y)))
            scale = (squeeze * METRES_PER_DEGREE, METRES_PER_DEGREE)
            plane = shapely.transform(line, lambda xy, scale=scale: xy * scale)
            for middle in _middles(plane.length, every_m):
                x, y, angle, reach_m = _straight_stretch(plane, middle)
                if reach_m >= 30:
                    lon, lat = round(x / scale[0], 6), round(y / scale[1], 6)
                    found.append((name, lon, lat, round(angle, 1), round(reach_m)))
    return found


def _middles(length_m: float, every_m: float) -> list[float]:
    count = max(1, round(length_m / every_m))
    return [length_m * (number + 0.5) / count for number in range(count)]


def _straight_stretch(line: Any, middle: float) -> tuple[float, float, float, float]:
    """Lengthen a stretch about a place on a line while it stays straight enough for a name of the same length."""
    best = (0.0, 0.0, 0.0, 0.0)
    for half in (15.0, 30.0, 60.0, 120.0, 240.0):
        start, end = max(0.0, middle - half), min(line.length, middle + half)
        (x1, y1), (x2, y2) = (line.interpolate(at).coords[0] for at in (start, end))
        chord = float(np.hypot(x2 - x1, y2 - y1))
        if chord < 0.97 * (end - start) or chord <= best[3]:
            break
        angle = float(np.degrees(np.arctan2(y2 - y1, x2 - x1)))
        angle = angle - 180 if angle > 90 else angle + 180 if angle <= -90 else angle
        best = ((x1 + x2) / 2, (y1 + y2) / 2, angle, chord)
    return best
