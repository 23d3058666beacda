"""The offset datums of Chinese web maps: from WGS 84 or CGCS2000 to GCJ-02 (Amap, Tencent) and BD-09 (Baidu), and back.

Both are published only as the formulas that every library repeats; the state's own are not public. Other shifts (Xi'an
1980, Beijing 1954) are secret, and `app.geo.crs.has_secret_shift` tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = [
    "DATUMS",
    "Datum",
    "bd09_to_gcj02",
    "from_plain",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "lift_datum",
    "to_plain",
    "wgs84_to_gcj02",
]

Numbers = NDArray[np.float64]
Datum = Literal["wgs84", "gcj02", "bd09"]

DATUMS: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")
"""What a layer may be declared to be in; `wgs84` stands for CGCS2000 too, which differs by centimetres."""

KRASOVSKY_M, KRASOVSKY_E2 = 6_378_245.0, 0.006_693_421_622_965_943
"""The ellipsoid on which the formula rests."""

WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
"""Where the shift is applied; outside, every library leaves coordinates as they are."""

CLOSE_DEGREES = 1e-10
"""A hundredth of a millimetre, at which the inverse has arrived."""

MOST_ROUNDS = 30


def wgs84_to_gcj02(lonlat: Numbers) -> Numbers:
    """Shift rows of longitude and latitude by the formula of GCJ-02, hundreds of metres within China."""
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    x, y = lon - 105.0, lat - 35.0
    ripple = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north_m = (
        (-100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)))
        + (ripple + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
        + (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    )
    east_m = (
        (300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)))
        + (ripple + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
        + (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    )
    bend = 1.0 - KRASOVSKY_E2 * np.sin(np.radians(lat)) ** 2
    meridian_m = KRASOVSKY_M * (1.0 - KRASOVSKY_E2) / (bend * np.sqrt(bend))
    parallel_m = KRASOVSKY_M / np.sqrt(bend) * np.cos(np.radians(lat))
    shifted = np.column_stack([lon + np.degrees(east_m / parallel_m), lat + np.degrees(north_m / meridian_m)])
    inside = (lon >= WEST) & (lon <= EAST) & (lat >= SOUTH) & (lat <= NORTH)
    return np.where(inside[:, None], shifted, lonlat)


def gcj02_to_bd09(lonlat: Numbers) -> Numbers:
    """Shift rows of GCJ-02 longitude and latitude by Baidu's formula, about 900 m to the north-east."""
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    wave = np.pi * 3000.0 / 180.0
    radius = np.hypot(lon, lat) + 0.000_02 * np.sin(lat * wave)
    angle = np.arctan2(lat, lon) + 0.000_003 * np.cos(lon * wave)
    return np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])


def gcj02_to_wgs84(lonlat: Numbers) -> Numbers:
    """Undo `wgs84_to_gcj02` by iteration, to a hundredth of a millimetre."""
    return _invert(wgs84_to_gcj02, lonlat)


def bd09_to_gcj02(lonlat: Numbers) -> Numbers:
    """Undo `gcj02_to_bd09` by iteration, to a hundredth of a millimetre."""
    return _invert(gcj02_to_bd09, lonlat)


def _invert(shift: Callable[[Numbers], Numbers], lonlat: Numbers) -> Numbers:
    """Find what `shift` brings to `lonlat`: the shift varies so slowly that each round gains two digits."""
    guess = lonlat.astype(np.float64)
    for _ in range(MOST_ROUNDS):
        miss = shift(guess) - lonlat
        guess = guess - miss
        if not np.any(np.abs(miss) > CLOSE_DEGREES):
            break
    return guess


def _from_bd09(lonlat: Numbers) -> Numbers:
    return gcj02_to_wgs84(bd09_to_gcj02(lonlat))


def _into_bd09(lonlat: Numbers) -> Numbers:
    return gcj02_to_bd09(wgs84_to_gcj02(lonlat))


def _as_it_is(lonlat: Numbers) -> Numbers:
    return lonlat


_TO_PLAIN: Mapping[str, Callable[[Numbers], Numbers]] = MappingProxyType(
    {"wgs84": _as_it_is, "gcj02": gcj02_to_wgs84, "bd09": _from_bd09}
)
_FROM_PLAIN: Mapping[str, Callable[[Numbers], Numbers]] = MappingProxyType(
    {"wgs84": _as_it_is, "gcj02": wgs84_to_gcj02, "bd09": _into_bd09}
)


def to_plain(lonlat: Numbers, datum: Datum) -> Numbers:
    """Return rows of longitude and latitude of a datum in WGS 84, which is taken for CGCS2000."""
    return _TO_PLAIN[datum](lonlat)


def from_plain(lonlat: Numbers, datum: Datum) -> Numbers:
    """Return rows of longitude and latitude of WGS 84 in a datum."""
    return _FROM_PLAIN[datum](lonlat)


def lift_datum(frame: gpd.GeoDataFrame, datum: Datum) -> gpd.GeoDataFrame:
    """Return a frame in degrees of a datum in those of CGCS2000; equal vertices stay equal."""
    if datum == "wgs84" or not len(frame):
        return frame.copy()
    shapes = np.asarray(frame.geometry.array, dtype=object)
    lifted = shapely.transform(shapes, lambda xy: to_plain(xy, datum))
    return frame.set_geometry(gpd.GeoSeries(lifted, index=frame.index, crs=frame.crs))
