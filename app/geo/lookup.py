"""Which grid holds a point: one point at once, many points together, and how far the border is.

A point on a border belongs to the lowest community code that touches it, then to the lowest grid code, as dwellings do.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["NOWHERE", "GridIndex", "Nearest", "index_grids", "metres_of_degree"]

_POINT = struct.Struct("<BIdd").pack
NOWHERE = -1
"""The row of a point that no grid holds."""

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]

EQUATOR_RADIUS_M = 6_378_137.0
FLATTENING = 1 / 298.257222101
"""The ellipsoid of CGCS2000."""


@dataclass(frozen=True)
class Nearest:
    """The grid nearest to a point outside all grids, by its row, and how far it is."""

    row: int
    distance_m: float


@dataclass(frozen=True, eq=False)
class GridIndex:
    """Grids in the order that decides ties, ready to be asked for points in longitude and latitude (CGCS2000).

    `order[row]` is the place that the grid of a row had in what was handed in; `borders` are in metres, by `scales`,
    the metres of a degree of longitude and of latitude at each grid. Many threads may ask at once.
    """

    polygons: NDArray[np.object_]
    order: Rows
    tree: shapely.STRtree
    borders: NDArray[np.object_]
    scales: Numbers

    def find_point(self, longitude: float, latitude: float) -> int:
        """Return the row of the grid that holds a point, or `NOWHERE`."""
        rows = self.tree.query(_point(longitude, latitude), predicate="intersects").tolist()
        return min(rows) if rows else NOWHERE

    def find_points(self, xy: Numbers) -> Rows:
        """Return for each point (rows of longitude, latitude) the row of the grid that holds it, or `NOWHERE`.

        Candidates come from the boxes, the prepared polygons decide: asking the tree for the relation itself would
        prepare the points instead, and takes three times as long.
        """
        found = np.full(len(xy), len(self.polygons), dtype=np.int64)
        points, rows = self.tree.query(shapely.points(xy))
        held = shapely.intersects_xy(self.polygons[rows], xy[points, 0], xy[points, 1])
        np.minimum.at(found, points[held], rows[held])
        found[found == len(self.polygons)] = NOWHERE
        return found

    def distance_to_border_m(self, row: int, longitude: float, latitude: float) -> float:
        """Return how many metres a point is from the border of a grid, 0 on it."""
        across, along = self.scales[row].tolist()
        return float(shapely.distance(self.borders[row], _point(longitude * across, latitude * along)))

    def distances_to_borders_m(self, rows: Rows, xy: Numbers) -> Numbers:
        """Return how many metres each point is from the border of the grid in its row.

        Measured in a plane true to scale at the middle latitude of the grid: off by less than a thousandth within a
        grid of ten kilometres.
        """
        return np.asarray(
            shapely.distance(self.borders[rows], shapely.points(xy * self.scales[rows])), dtype=np.float64
        )

    def find_nearest(self, longitude: float, latitude: float) -> Nearest | None:
        """Return the grid nearest to a point and its distance in metres, the first in order where several tie."""
        if not len(self.polygons):
            return None
        point = shapely.Point(longitude, latitude)
        first = self.tree.query_nearest(point, all_matches=False)
        reach = self._distances_m(first, longitude, latitude)[0]
        # Nearest in degrees is not nearest in metres; but nothing nearer lies outside a box of this reach.
        scale = metres_of_degree(latitude)
        box = shapely.box(
            *(np.array([longitude, latitude]) - 1.01 * reach / scale), *([longitude, latitude] + 1.01 * reach / scale)
        )
        rows = np.sort(self.tree.query(box))
        distances = self._distances_m(rows, longitude, latitude)
        best = int(distances.argmin())
        return Nearest(int(rows[best]), float(distances[best]))

    def _distances_m(self, rows: Rows, longitude: float, latitude: float) -> Numbers:
        distances = self.distances_to_borders_m(rows, np.full((len(rows), 2), (longitude, latitude)))
        inside = shapely.intersects_xy(self.polygons[rows], longitude, latitude)
        return np.where(inside, 0.0, distances)


def index_grids(
    polygons: Sequence[shapely.Geometry] | NDArray[np.object_],
    community_codes: Sequence[str],
    grid_codes: Sequence[str],
) -> GridIndex:
    """Put grids into an index; `community_codes` and `grid_codes` decide to whom a shared border belongs."""
    order = np.array(
        sorted(range(len(grid_codes)), key=lambda place: (community_codes[place], grid_codes[place])), dtype=np.int64
    )
    given = np.empty(len(grid_codes), dtype=object)
    given[:] = list(polygons)
    # Copies: a geometry is prepared in place, and those handed in are not ours to change.
    ours = np.array(shapely.from_wkb(shapely.to_wkb(given[order])), dtype=object).reshape(-1)
    shapely.prepare(ours)
    scales = _scales(ours)
    return GridIndex(ours, order, shapely.STRtree(ours), _metric_borders(ours, scales), scales)


def _scales(polygons: NDArray[np.object_]) -> Numbers:
    """Return the metres that a degree of longitude and one of latitude have in the middle of each grid."""
    bounds = shapely.bounds(polygons)
    return metres_of_degree((bounds[:, 1] + bounds[:, 3]) / 2)


def _metric_borders(polygons: NDArray[np.object_], scales: Numbers) -> NDArray[np.object_]:
    """Return the border of each grid in metres."""
    lines = shapely.boundary(polygons)
    xy, row = shapely.get_coordinates(lines, return_index=True)
    return np.asarray(shapely.set_coordinates(lines, xy * scales[row]), dtype=object)


def _point(x: float, y: float) -> shapely.Point:
    """Return a point; read from its bytes, it takes half as long as from its numbers."""
    return shapely.from_wkb(_POINT(1, 1, x, y))


def metres_of_degree(latitude: float | Numbers) -> Numbers:
    """Return the metres of a degree of longitude and of latitude at a latitude, as the last axis."""
    squared_eccentricity = FLATTENING * (2 - FLATTENING)
    phi = np.radians(latitude)
    narrowed = 1 - squared_eccentricity * np.sin(phi) ** 2
    across = EQUATOR_RADIUS_M / np.sqrt(narrowed)
    along = across * (1 - squared_eccentricity) / narrowed
    return np.stack([across * np.cos(phi), along], axis=-1) * (math.pi / 180)
