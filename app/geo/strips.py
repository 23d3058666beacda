"""Long narrow parts of grids where nobody lives, and whether another grid could have them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.census import Census, households_in
from app.geo.layers import Layers
from app.geo.measures import ON_BARRIER_M
from app.geo.rules import Rules
from app.geo.streets import BarrierLines, collect_barriers
from app.geo.survey import Survey, Zone, lonlat, polygons_only

__all__ = ["STRIP_HALF_M", "Strip", "find_strips"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]

STRIP_HALF_M = 7.0
STRIP_M2 = 600.0
STRIP_LONG_M = 60.0
TOUCH_M = 0.05
JOINED_M = 4.0
"""A grid that a strip touches by less is not where it belongs: it would hang there by a neck."""
BETWEEN_SHARE = 0.2
"""A strip lies along what takes this much of its outline."""


@dataclass(frozen=True)
class Strip:
    """A part of a grid less than 14 m wide where nobody lives.

    `homes` are the grids beside it in which it would be a strip no more, the one with the longest common border first;
    `between` says what it lies along: 'outline' for that of the community, or a class of `Rules.hard_barriers`.
    """

    grid: int
    place: tuple[float, float]
    long_m: float
    wide_m: float
    homes: tuple[int, ...]
    between: tuple[str, ...]


def find_strips(survey: Survey, census: Census, layers: Layers, rules: Rules) -> list[Strip]:
    """Find long parts of grids less than 14 m wide where nobody lives, unless the community is as narrow there."""
    parts, row_of = shapely.get_parts(_narrow_parts(survey.grids), return_index=True)
    large = shapely.area(parts) > STRIP_M2
    parts, row_of = parts[large], row_of[large]
    corners = shapely.get_coordinates(shapely.get_exterior_ring(shapely.oriented_envelope(parts))).reshape(-1, 5, 2)
    long_m = np.hypot(*np.diff(corners[:, :3], axis=1).transpose(2, 0, 1)).max(axis=1, initial=0.0)
    narrow_homes = np.append(_narrow_parts(survey.communities), shapely.Polygon())
    of_home = shapely.area(shapely.intersection(parts, narrow_homes[survey.grid_community[row_of]]))
    own = of_home <= shapely.area(parts) / 2
    strips = []
    for zone, rows, _, points in census.located:
        mine = np.flatnonzero(np.isin(row_of, zone.grids) & (long_m > STRIP_LONG_M) & own)
        mine = mine[households_in(parts[mine], points, census.households[rows]) == 0]
        if not len(mine):
            continue
        lines = collect_barriers(zone.in_metres(layers.streets), zone.in_metres(layers.barriers), rules.hard_barriers)
        for k in mine.tolist():
            part, row = parts[k], int(row_of[k])
            hard = _hard_lines(lines, part)
            [there] = lonlat(np.array([shapely.point_on_surface(part)]), zone.crs)
            homes = _homes(survey, zone, part, row, shapely.union_all([line for _, line in hard]))
            wide = float(part.area / long_m[k])
            strips.append(
                Strip(row, there, float(long_m[k]), wide, tuple(homes), tuple(_along(survey, part, row, hard)))
            )
    return strips


def _narrow_parts(shapes: Geometries) -> Geometries:
    """Cut from shapes what is less than 14 m wide."""
    opened = shapely.buffer(shapely.buffer(shapes, -STRIP_HALF_M), STRIP_HALF_M + 0.01)
    return polygons_only(shapely.difference(shapes, opened))


def _hard_lines(lines: BarrierLines, part: shapely.Geometry) -> list[tuple[str, shapely.Geometry]]:
    """Hard barriers by or in a part of a grid, class by class."""
    near = (lines.hard != "") & shapely.dwithin(lines.geometry, part, ON_BARRIER_M)
    return [
        (str(kind), shapely.union_all(lines.geometry[near & (lines.hard == kind)]))
        for kind in np.unique(lines.hard[near])
    ]


def _homes(survey: Survey, zone: Zone, part: shapely.Geometry, row: int, hard: shapely.Geometry) -> list[int]:
    """Find the grids beside a strip, not across a hard barrier, in which most of it would be narrow no more."""
    near = zone.grids[STRtree(survey.grids[zone.grids]).query(part, predicate="dwithin", distance=TOUCH_M)]
    near = np.sort(near[(near != row) & (survey.grid_group[near] == survey.grid_group[row])])
    touching = shapely.intersection(shapely.boundary(part), shapely.buffer(survey.grids[near], TOUCH_M))
    metres = shapely.length(shapely.difference(touching, shapely.buffer(hard, ON_BARRIER_M)))
    together = shapely.union(survey.grids[near], shapely.buffer(part, TOUCH_M))
    this_side = shapely.difference(together, shapely.buffer(hard, TOUCH_M))
    narrow = shapely.area(shapely.intersection(_narrow_parts(this_side), part))
    fit = np.flatnonzero((metres > JOINED_M) & (narrow < part.area / 2))
    return [int(near[k]) for k in fit[np.argsort(-metres[fit], kind="stable")]]


def _along(survey: Survey, part: shapely.Geometry, row: int, hard: list[tuple[str, shapely.Geometry]]) -> Iterable[str]:
    """Yield what a strip lies along."""
    edge, home = shapely.boundary(part), survey.grid_community[row]
    rims = [("outline", shapely.boundary(survey.communities[home]), TOUCH_M)] if home >= 0 else []
    rims += [(kind, line, ON_BARRIER_M) for kind, line in hard]
    for kind, line, reach in rims:
        if shapely.intersection(edge, shapely.buffer(line, reach)).length > BETWEEN_SHARE * edge.length:
            yield kind
