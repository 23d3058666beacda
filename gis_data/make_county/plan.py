"""The sheet the county is drawn on: plan coordinates in metres, how they are bent, and where they lie on the earth."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

__all__ = ["COUNTY", "NOTICE", "SEED", "ZONE", "Points", "at", "bend", "lay_out", "layer", "to_degrees", "wander"]

SEED = 20260102
COUNTY = "999902"
NOTICE = "虚构数据 made-up data: 子虚县 does not exist; drawn by gis_data/make_county"
ZONE = "EPSG:4544"
EASTING, NORTHING = 530_000.0, 3_366_000.0  # of the middle of the county town, in the 3-degree zone of 105°E
STEP_M = 80.0
DIGITS = 7  # of degrees: a centimetre

Points = Sequence[tuple[float, float]]


def bend(plan: np.ndarray) -> np.ndarray:
    """Move plan coordinates to where the county has them, in metres from its middle."""
    x, y = plan[:, 0], plan[:, 1]
    return np.column_stack(
        [
            x + 120 * np.sin(y / 1050 + 0.6) + 24 * np.sin((x + 0.7 * y) / 310) + 6 * np.sin((x + y) / 120),
            y + 130 * np.sin(x / 1180 + 1.1) + 22 * np.sin((y - 0.6 * x) / 290) + 5 * np.sin((x - y) / 110 + 2.0),
        ]
    )


def lay_out(points: Points | np.ndarray, step_m: float = STEP_M) -> LineString:
    """Bring a line of the plan onto the ground: densified and bent."""
    return shapely.transform(shapely.segmentize(LineString(points), step_m), bend)


def at(place: tuple[float, float]) -> Point:
    """Find a place of the plan on the ground."""
    return Point(bend(np.array([place], dtype=float))[0])


def wander(
    points: Points, rng: np.random.Generator, *, rough: float = 0.09, step_m: float = 150.0
) -> list[tuple[float, float]]:
    """Let a line wander between its points as roads, brooks and ridges do: midpoints are moved aside, ever less."""
    line = [np.asarray(point, float) for point in points]
    while True:
        lengths = [float(np.hypot(*(b - a))) for a, b in pairwise(line)]
        if max(lengths) <= step_m:
            return [(float(x), float(y)) for x, y in line]
        longer = [line[0]]
        for a, b, length in zip(line, line[1:], lengths, strict=False):
            if length > step_m:
                aside = np.array([a[1] - b[1], b[0] - a[0]]) * float(rng.uniform(-rough, rough))
                longer.append((a + b) / 2 + aside)
            longer.append(b)
        line = longer


def layer(rows: Sequence[tuple[object, ...]], columns: Sequence[str]) -> gpd.GeoDataFrame:
    """Make a frame on the ground of the county; the last column is the geometry."""
    frame = pd.DataFrame(rows, columns=[*columns, "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=ZONE)


def to_degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give longitude and latitude, rounded so that the last bits of a projection library do not show."""
    transformer = Transformer.from_crs(ZONE, "EPSG:4490", always_xy=True)

    def place(points: np.ndarray) -> np.ndarray:
        lon, lat = transformer.transform(points[:, 0] + EASTING, points[:, 1] + NORTHING)
        return np.round(np.column_stack([lon, lat]), DIGITS)

    degrees: list[BaseGeometry] = list(shapely.transform(frame.geometry.to_numpy(), place))
    return frame.set_geometry(gpd.GeoSeries(degrees, index=frame.index, crs="EPSG:4490")).reset_index(drop=True)
