"""Geometries as short lists of whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["STEPS_PER_DEGREE", "encode_lines", "encode_polygons"]

STEPS_PER_DEGREE = 1_000_000
"""Pages keep 1e-6 degrees, about 0.1 m."""

type_id = shapely.GeometryType


def encode_polygons(geometries: NDArray[np.object_]) -> list[list[list[list[int]]]]:
    """Write polygons as parts, each of rings, each a flat list: x, y of the first vertex, then the steps to the next.

    Rings are not closed: the last vertex would repeat the first. Rings too small to be seen are left out.
    """
    encoded = []
    for geometry in geometries:
        parts = [
            [_encode(ring) for ring in (part.exterior, *part.interiors)]
            for part in shapely.get_parts(geometry)
            if part.geom_type == "Polygon"
        ]
        encoded.append([[ring for ring in rings if len(ring) >= 6] for rings in parts if len(rings[0]) >= 6])
    return encoded


def encode_lines(geometries: NDArray[np.object_]) -> list[list[int]]:
    """Write all parts of all lines one after the other, each a flat list like a ring."""
    parts = shapely.get_parts(geometries)
    lines = parts[shapely.get_type_id(parts) == type_id.LINESTRING]
    return [line for line in map(_encode, lines) if len(line) >= 4]


def _encode(line: Any) -> list[int]:
    steps = np.rint(shapely.get_coordinates(line) * STEPS_PER_DEGREE).astype(np.int64)
    if line.geom_type == "LinearRing":
        steps = steps[:-1]
    moves = np.diff(steps, axis=0)
    flat: list[int] = np.concatenate([steps[:1], moves[moves.any(axis=1)]]).ravel().tolist()
    return flat
