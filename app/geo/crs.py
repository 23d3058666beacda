"""Frames between the reference system they came in, degrees of CGCS2000, and the metres of the place.

Every axis pair is x before y (east or longitude first), whatever order an authority declares.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion

__all__ = [
    "DEGREES",
    "METRES_PER_DEGREE",
    "densify_outlines",
    "has_secret_shift",
    "metres_per_unit",
    "metric_crs",
    "project",
    "to_degrees",
    "unproject",
]

DEGREES = CRS.from_epsg(4490)
"""CGCS2000 longitude/latitude, in which everything is stored and exchanged."""

METRES_PER_DEGREE = 111_320.0
"""Length of a degree of the equator; of latitude nowhere more than 0.4 % above it."""

ZONES = range(25, 46)
"""The 3-degree Gauss–Krüger zones that have a code of their own (EPSG:4534 for zone 25 to EPSG:4554 for zone 45)."""

SAME_DATUMS = ("world geodetic system 1984", "wgs 84", "wgs_1984", "china 2000", "china_2000", "cgcs2000")
"""Names of datums that are taken for one another: they differ by centimetres."""

Geometries = NDArray[np.object_]
Numbers = NDArray[np.float64]


def densify_outlines(frame: gpd.GeoDataFrame, max_m: float = 100.0) -> gpd.GeoDataFrame:
    """Add vertices along the edges of polygons, in their own CRS, so that no edge is longer than `max_m` metres.

    Straight means straight in the CRS in which a layer came: an edge of 4 km differs by hundreds of square metres
    between longitude/latitude and a plane, so the vertices have to be there before anything is projected. Each edge is
    divided from its lower to its higher end (by x, then y), so two neighbours that share an edge get the same vertices
    to the last bit although they walk it in opposite directions. Vertices that exist are never moved.

    Parameters
    ----------
    frame
        Polygons and MultiPolygons, none missing or empty, in any CRS; geographic edges are measured in degrees of
        111,320 m.
    max_m
        The longest edge that is left as it is.
    """
    geometries = np.asarray(frame.geometry.array, dtype=object)
    if not len(geometries):
        return frame.copy()
    step = max_m / metres_per_unit(frame.crs)
    single = shapely.get_type_id(geometries) == shapely.GeometryType.POLYGON
    kind, xy, offsets = shapely.to_ragged_array(geometries, include_z=False)
    xy, first_of_ring = _divide_edges(xy, offsets[0], step)
    dense = shapely.from_ragged_array(kind, xy, (first_of_ring, *offsets[1:]))
    if kind == shapely.GeometryType.MULTIPOLYGON and single.any():
        dense[single] = shapely.get_geometry(dense[single], 0)
    return frame.set_geometry(gpd.GeoSeries(dense, index=frame.index, crs=frame.crs))


def _divide_edges(xy: Numbers, first_of_ring: NDArray[Any], step: float) -> tuple[Numbers, NDArray[Any]]:
    """Return the vertices of the rings with the added ones, and where each ring now starts."""
    start, end = xy, np.roll(xy, -1, axis=0)
    backwards = (end[:, 0] < start[:, 0]) | ((end[:, 0] == start[:, 0]) & (end[:, 1] < start[:, 1]))
    low = np.where(backwards[:, None], end, start)
    run = np.where(backwards[:, None], start, end) - low
    pieces = np.maximum(np.ceil(np.hypot(run[:, 0], run[:, 1]) / step).astype(np.int64), 1)
    pieces[first_of_ring[1:] - 1] = 1  # the closing vertex of a ring opens no edge
    first_of_edge = np.concatenate([[0], np.cumsum(pieces)])
    edge = np.repeat(np.arange(len(xy)), pieces)
    walked = np.arange(first_of_edge[-1]) - first_of_edge[edge]
    from_low = np.where(backwards[edge], pieces[edge] - walked, walked)
    dense = low[edge] + run[edge] * (from_low / pieces[edge])[:, None]
    dense[first_of_edge[:-1]] = xy
    return dense, first_of_edge[first_of_ring]


def metres_per_unit(crs: CRS) -> float:
    """Return the length of a unit of the CRS; of a degree, that of the equator."""
    if crs.is_geographic:
        return METRES_PER_DEGREE * math.degrees(crs.axis_info[0].unit_conversion_factor)
    return float(crs.axis_info[0].unit_conversion_factor)


def to_degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame in CGCS2000 longitude/latitude (EPSG:4490), without Z and M.

    Degrees of WGS 84 and CGCS2000 are taken as they are, and projected coordinates on either are only unprojected: the
    two differ by centimetres, and PROJ knows no shift between them. Any other datum goes to WGS 84 by the best
    operation PROJ has, and those numbers are taken; the state's own shift parameters are not public, so for Xi'an 1980
    and Beijing 1954 this may be off by a hundred metres, and `has_secret_shift` tells the caller to say so.
    """
    crs = frame.crs.to_2d()
    flat = frame.set_geometry(gpd.GeoSeries(shapely.force_2d(frame.geometry.array), index=frame.index, crs=crs))
    if _is_plain_degrees(crs):
        return flat.set_crs(DEGREES, allow_override=True)
    target = crs.geodetic_crs if _keeps_numbers(crs) and _is_plain_degrees(crs.geodetic_crs) else CRS.from_epsg(4326)
    return flat.to_crs(target).set_crs(DEGREES, allow_override=True)


def _keeps_numbers(crs: CRS) -> bool:
    """Tell whether the CRS rests on WGS 84 or CGCS2000, so that no datum shift is needed."""
    datum = crs.geodetic_crs.datum.name.lower() if crs.geodetic_crs is not None and crs.geodetic_crs.datum else ""
    return any(name in datum for name in SAME_DATUMS)


def has_secret_shift(crs: CRS) -> bool:
    """Tell whether the CRS rests on Xi'an 1980 or Beijing 1954, whose shifts to CGCS2000 are not public.

    One that brings its own parameters along (`+towgs84`) is no secret.
    """
    if crs.is_bound:
        return False
    name = crs.geodetic_crs.datum.name.lower() if crs.geodetic_crs is not None and crs.geodetic_crs.datum else ""
    return "xian" in name or "xi'an" in name or "beijing" in name


def _is_plain_degrees(crs: CRS) -> bool:
    """Longitude/latitude in degrees from Greenwich on WGS 84 or CGCS2000."""
    meridian = crs.prime_meridian.longitude if crs.prime_meridian else 0.0
    return bool(
        crs.is_geographic
        and _keeps_numbers(crs)
        and meridian == 0.0
        and math.isclose(crs.axis_info[0].unit_conversion_factor, math.pi / 180, rel_tol=1e-9)
    )


def metric_crs(longitude: float) -> CRS:
    """Return the 3-degree Gauss–Krüger zone of a longitude, in metres, false easting 500,000 m.

    Zones 25–45 (73.5°E to 136.5°E) are EPSG:4534 to EPSG:4554; elsewhere it is the same transverse Mercator on CGCS2000
    about the nearest meridian that is a multiple of three.
    """
    return _zone_crs(math.floor(longitude / 3 + 0.5))


@lru_cache(maxsize=128)
def _zone_crs(zone: int) -> CRS:
    if zone in ZONES:
        return CRS.from_epsg(4534 + zone - ZONES.start)
    zone_crs = ProjectedCRS(
        conversion=TransverseMercatorConversion(longitude_natural_origin=3.0 * zone, false_easting=500_000.0),
        geodetic_crs=DEGREES,
        name=f"CGCS2000 / 3-degree Gauss-Kruger CM {3 * zone}",
    )
    return CRS.from_wkt(zone_crs.to_wkt())  # a plain CRS, whose 2D form pyproj can make


def project(geometries: Geometries, crs: CRS) -> Geometries:
    """Return geometries in longitude/latitude as 2D geometries in metres of `crs`, one of `metric_crs`."""
    forward = _transformer(crs)
    return np.asarray(
        shapely.transform(geometries, lambda xy: np.column_stack(forward.transform(xy[:, 0], xy[:, 1], errcheck=True))),
        dtype=object,
    )


def unproject(xy: Numbers, crs: CRS) -> Numbers:
    """Return points in metres of `crs` (n rows of x, y) as rows of longitude, latitude."""
    lonlat = _transformer(crs).transform(xy[:, 0], xy[:, 1], direction="INVERSE", errcheck=True)
    return np.column_stack(lonlat).astype(np.float64)


@lru_cache(maxsize=256)
def _transformer(crs: CRS) -> Transformer:
    return Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
