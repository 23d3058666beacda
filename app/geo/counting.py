"""Where a building counts: one point inside it, the same for everybody who counts."""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from app.geo.crs import DEGREES

__all__ = ["counting_points"]


def counting_points(buildings: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the point at which each building counts, in longitude/latitude as the buildings are.

    It is the point on the surface of the footprint (the middle of the widest stretch at half its height) as drawn in
    the UTM zone of the building: which point that is depends on the plane in which it is sought, and this is the plane
    that other tools take by default. Only where a building straddles a line between communities does it matter. A
    building given as a point counts where it is.
    """
    points = np.asarray(buildings, dtype=object).copy()
    polygons = np.flatnonzero(shapely.get_dimensions(points) == 2)
    if not len(polygons):
        return points
    box = shapely.bounds(points[polygons])
    longitude, latitude = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    zone = np.clip(np.floor((longitude + 180) / 6).astype(np.int64) + 1, 1, 60) * np.where(latitude < 0, -1, 1)
    for number in np.unique(zone).tolist():
        rows = polygons[zone == number]
        plane = _plane(number)
        drawn = shapely.transform(points[rows], partial(_forward, plane))
        inside = shapely.get_coordinates(shapely.point_on_surface(drawn))
        points[rows] = shapely.points(*plane.transform(inside[:, 0], inside[:, 1], direction="INVERSE"))
    return points


def _forward(plane: Transformer, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack(plane.transform(lonlat[:, 0], lonlat[:, 1]))


@lru_cache(maxsize=16)
def _plane(zone: int) -> Transformer:
    """UTM zones of the south have negative numbers."""
    code = 32600 + zone if zone > 0 else 32700 - zone
    return Transformer.from_crs(DEGREES, CRS.from_epsg(code), always_xy=True)
