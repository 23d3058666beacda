"""Grids that lie on both sides of a river, a railway or another hard barrier."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.census import Census
from app.geo.crs import project
from app.geo.layers import Layers
from app.geo.measures import ON_BARRIER_M, divisible
from app.geo.rules import Rules
from app.geo.streets import collect_barriers
from app.geo.survey import Survey, Zone, lonlat

__all__ = ["Crossing", "crossed_barriers"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Crossing:
    """A grid with households on both sides of a hard barrier.

    `hard` is the class of the barrier as in `Rules.hard_barriers`; `way` the name of the street that leads across, ''
    where it has none, None where no street does; `place` longitude and latitude of that crossing, or of the middle of
    the barrier; `households_beyond` those on the lesser side; `side_alone` the households of a side of the community
    that cannot be divided within the band by itself, which is why a grid has to cross, None where each side can.
    """

    grid: int
    hard: str
    name: str
    way: str | None
    place: tuple[float, float]
    households_beyond: float
    side_alone: float | None


def crossed_barriers(survey: Survey, census: Census, layers: Layers, rules: Rules) -> list[Crossing]:
    """Find grids with households on both sides of a hard barrier; a street across a river joins its banks."""
    crossings = []
    for zone, rows, _, points in census.located:
        streets, barriers = _in_metres(layers.streets, zone), _in_metres(layers.barriers, zone)
        lines = collect_barriers(streets, barriers, rules.hard_barriers)
        hard = np.flatnonzero(lines.hard != "")
        ways = streets[~streets["tunnel"].to_numpy(bool)]
        way_shapes, way_names = ways.geometry.to_numpy(), ways["name"].to_numpy(object)
        way_tree = STRtree(way_shapes)
        lived_in = census.households[rows] > 0
        dwellings = STRtree(points[lived_in])
        households, home = census.households[rows][lived_in], census.grid_of[rows][lived_in]

        grid, line = STRtree(lines.geometry[hard]).query(survey.grids[zone.grids], predicate="intersects")
        grid, line = zone.grids[grid], hard[line]
        met = pd.DataFrame({"grid": grid, "hard": lines.hard[line], "line": line}).sort_values(["grid", "hard", "line"])
        for (row, kind), meeting in met.groupby(["grid", "hard"], sort=True):
            shape, mine = survey.grids[row], meeting["line"].to_numpy()
            near = np.sort(way_tree.query(shape, predicate="dwithin", distance=ON_BARRIER_M))
            reach = shapely.buffer(shape, ON_BARRIER_M)  # what crosses on the border counts for both of its grids
            barrier = shapely.intersection(shapely.union_all(lines.geometry[mine]), reach)
            banks = _banks(shape, barrier, way_shapes[near if kind == "river" else near[:0]])
            bank, dwelling = dwellings.query(banks, predicate="intersects")
            own = home[dwelling] == row
            lived = np.bincount(bank[own], weights=households[dwelling[own]], minlength=len(banks))
            if (lived > 0).sum() < 2:
                continue
            way, spot = _way_across(barrier, way_shapes[near], way_names[near])
            [there] = lonlat(np.array([spot]), zone.crs)
            name = next((str(name) for name in sorted(lines.name[mine].astype(str)) if name), "")
            beyond = float(np.sort(lived)[-2])
            alone = None
            community = survey.grid_community[row]
            if community >= 0:
                citizens = survey.grid_community[home] == community
                sides = _households_by_side(
                    survey.communities[community],
                    lines.geometry[hard[lines.hard[hard] == kind]],
                    points[lived_in][citizens],
                    households[citizens],
                    home[citizens] == row,
                )
                alone = next((side for side in sides if not divisible(side, rules)), None)
            crossings.append(Crossing(int(row), str(kind), name, way, there, beyond, alone))
    return crossings


def _households_by_side(
    community: shapely.Geometry,
    barriers: Geometries,
    points: Geometries,
    households: NDArray[np.float64],
    of_grid: NDArray[np.bool_],
) -> list[float]:
    """Sum the households of each side of a community on which a grid has some, fewest first."""
    barrier = shapely.union_all(barriers[shapely.intersects(barriers, community)])
    sides = _banks(community, barrier, np.empty(0, dtype=object))
    side, dwelling = STRtree(sides).query(points, predicate="intersects")[::-1]
    total = np.bincount(side, weights=households[dwelling], minlength=len(sides))
    return sorted(total[np.unique(side[of_grid[dwelling]])].tolist())


def _way_across(
    barrier: shapely.Geometry, ways: Geometries, names: NDArray[np.object_]
) -> tuple[str | None, shapely.Geometry]:
    """Choose the street that crosses a barrier nearest to its middle, one with a name first, and where it does."""
    middle = barrier.centroid
    met = shapely.intersection(ways, barrier)
    points, way = shapely.get_parts(met, return_index=True)
    crossing = (shapely.get_dimensions(points) == 0) & ~shapely.is_empty(points)
    points, way = points[crossing], way[crossing]
    if not len(points):
        longest = max(shapely.get_parts(barrier), key=lambda part: float(part.length))
        return None, shapely.line_interpolate_point(longest, 0.5, normalized=True)
    nameless = np.array([not name for name in names[way]], bool)
    first = int(np.lexsort((shapely.distance(points, middle), nameless))[0])
    return str(names[way[first]]), points[first]


def _banks(shape: shapely.Geometry, barrier: shapely.Geometry, ways: Geometries) -> Geometries:
    """Cut a grid along lines; pieces that a way joins are one bank."""
    pieces = shapely.get_parts(shapely.difference(shape, shapely.buffer(barrier, 0.05)))
    if len(pieces) < 2 or not len(ways):
        return np.asarray(pieces, dtype=object)
    # a bridge on the border joins the banks of the grids on either side
    inside = shapely.intersection(shapely.union_all(ways), shapely.buffer(shape, ON_BARRIER_M))
    roads = shapely.get_parts(shapely.union_all(shapely.buffer(shapely.get_parts(inside), ON_BARRIER_M)))
    road, piece = STRtree(pieces).query(roads, predicate="intersects")
    bank = np.arange(len(pieces))
    for k in np.unique(road).tolist():
        joined = np.unique(bank[piece[road == k]])
        bank[np.isin(bank, joined)] = joined[0]
    return np.array([shapely.union_all(pieces[bank == k]) for k in np.unique(bank)], dtype=object)


def _in_metres(frame: gpd.GeoDataFrame, zone: Zone) -> gpd.GeoDataFrame:
    shapes = np.asarray(frame.geometry.array, dtype=object)
    near = zone.rows_near(shapes)
    metric = gpd.GeoSeries(project(shapes[near], zone.crs), crs=zone.crs)
    return frame.iloc[near].reset_index(drop=True).set_geometry(metric)
