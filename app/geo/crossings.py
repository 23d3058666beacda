"""Grids that lie on both sides of a river, a railway or another hard barrier, and why one of them has to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.census import Census
from app.geo.layers import Layers
from app.geo.measures import ON_BARRIER_M, divisible
from app.geo.rules import Rules
from app.geo.streets import collect_barriers
from app.geo.strips import STRIP_HALF_M
from app.geo.survey import Survey, lonlat

__all__ = ["Crossing", "crossed_barriers"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

BARRIER_HALF_M = 0.05
BODY_M2 = 200.0
JOINED_M = 1.0
"""Lines of a barrier this close are one barrier: the tracks of a railway, the arms of a river."""


@dataclass(frozen=True)
class Crossing:
    """A grid with households on both sides of a hard barrier.

    `hard` is the class of the barrier as in `Rules.hard_barriers`; `way` the name of the street that leads across, ''
    where it has none, None where none is known; `inside` tells whether it crosses within the grid; `place` is longitude
    and latitude of that crossing within the grid, or of the barrier where it is nearest to those beyond.
    `households_beyond` live on the lesser side, `straight_m` from those on the other, `walk_m` by way of the street.
    """

    grid: int
    hard: str
    name: str
    way: str | None
    inside: bool
    place: tuple[float, float]
    straight_m: float
    walk_m: float | None
    households_beyond: float
    need: Need | None
    partners: tuple[int, ...]
    """Other grids of the community with households on the lesser side."""


@dataclass(frozen=True)
class Need:
    """Why a grid has to cross: a side whose households cannot be divided within the band by themselves.

    `by_strip` where that side hangs together with more on the same side of the barrier, but only by ground less than
    14 m wide without a street, on which a grid would be a strip. `elsewhere` are the other households of the community.
    """

    households: float
    elsewhere: float
    by_strip: bool


@dataclass(frozen=True)
class _Homes:
    """Dwellings with households in a zone: inner points in metres, households, and the grid that holds each."""

    points: Geometries
    households: Numbers
    grid: Indices

    def middle(self, rows: Indices) -> shapely.Geometry:
        """Find the point in the middle of the households of some dwellings."""
        weight = self.households[rows] / self.households[rows].sum()
        return shapely.Point((shapely.get_coordinates(self.points[rows]) * weight[:, None]).sum(axis=0))


@dataclass(frozen=True)
class _Ways:
    """Streets that are no tunnels, in metres."""

    shapes: Geometries
    names: NDArray[np.object_]
    tree: STRtree

    def near(self, shape: shapely.Geometry) -> Indices:
        """Find the streets within reach of a border."""
        return np.sort(self.tree.query(shape, predicate="dwithin", distance=ON_BARRIER_M))


def crossed_barriers(survey: Survey, census: Census, layers: Layers, rules: Rules) -> list[Crossing]:
    """Find grids with households on both sides of a hard barrier; a street across a river joins its banks.

    Parts of a grid that lie apart are not held against each other: what parts them is no barrier.
    """
    crossings = []
    for zone, rows, _, points in census.located:
        streets, barriers = zone.in_metres(layers.streets), zone.in_metres(layers.barriers)
        lines = collect_barriers(streets, barriers, rules.hard_barriers)
        hard = np.flatnonzero(lines.hard != "")
        ways = _ways(streets)
        lived_in = census.households[rows] > 0
        homes = _Homes(points[lived_in], census.households[rows][lived_in], census.grid_of[rows][lived_in])
        dwellings = STRtree(homes.points)

        grid, line = STRtree(lines.geometry[hard]).query(survey.grids[zone.grids], predicate="intersects")
        grid, line = zone.grids[grid], hard[line]
        met = pd.DataFrame({"grid": grid, "hard": lines.hard[line], "line": line}).sort_values(["grid", "hard", "line"])
        for (row, kind), meeting in met.groupby(["grid", "hard"], sort=True):
            mine = meeting["line"].to_numpy()
            same = lines.geometry[hard[lines.hard[hard] == kind]]
            for part in shapely.get_parts(survey.grids[row]):
                reach = shapely.buffer(part, ON_BARRIER_M)  # what crosses on the border counts for both of its grids
                barrier = shapely.intersection(shapely.union_all(lines.geometry[mine]), reach)
                near = ways.shapes[ways.near(part)]
                banks = _banks(part, barrier, near if kind == "river" else near[:0])
                bank, dwelling = dwellings.query(banks, predicate="intersects")
                own = homes.grid[dwelling] == row
                bank, dwelling = bank[own], dwelling[own]
                lived = np.bincount(bank, weights=homes.households[dwelling], minlength=len(banks))
                if (lived > 0).sum() < 2:
                    continue
                main, lesser = np.argsort(-lived, kind="stable")[:2].tolist()
                beyond, rest = dwelling[bank == lesser], dwelling[bank == main]
                ends = homes.middle(beyond), homes.middle(rest)
                way, spot, inside = _way_across(barrier, same, ways, (banks[lesser], banks[main]), ends)
                need, partners = _need(survey, int(row), homes, (beyond, rest), same, ways, kind == "river", rules)
                here = (
                    spot
                    if spot is not None and inside
                    else shapely.get_point(shapely.shortest_line(barrier, ends[0]), 0)
                )
                [there] = lonlat(np.array([here]), zone.crs)
                crossings.append(
                    Crossing(
                        grid=int(row),
                        hard=str(kind),
                        name=next((str(name) for name in sorted(lines.name[mine].astype(str)) if name), ""),
                        way=way,
                        inside=inside,
                        place=there,
                        straight_m=float(shapely.distance(*ends)),
                        walk_m=None if spot is None else _walk(ends, np.array([spot]))[0],
                        households_beyond=float(lived[lesser]),
                        need=need,
                        partners=partners,
                    )
                )
    return _no_more_than_needed(survey, crossings, rules)


def _no_more_than_needed(survey: Survey, crossings: list[Crossing], rules: Rules) -> list[Crossing]:
    """Let a side explain one crossing, the one of most households, where one is enough to divide both sides."""
    served: set[tuple[int, str, Need]] = set()
    needed: dict[int, Need | None] = {}
    for k in sorted(range(len(crossings)), key=lambda k: (-crossings[k].households_beyond, k)):
        crossing = crossings[k]
        if crossing.need is not None and _one_is_enough(crossing.need, rules):
            key = int(survey.grid_community[crossing.grid]), crossing.hard, crossing.need
            needed[k] = None if key in served else crossing.need
            served.add(key)
    return [replace(crossing, need=needed.get(k, crossing.need)) for k, crossing in enumerate(crossings)]


def _one_is_enough(need: Need, rules: Rules) -> bool:
    """Tell whether grids of one side, grids of the rest and a single grid of both can all be within the band."""
    low, high = rules.min_households, rules.max_households
    for here in range(int(need.households // low) + 1):
        for there in range(int(need.elsewhere // low) + 1):
            fewest = max(need.households - high * here, 0) + max(need.elsewhere - high * there, 0)
            most = need.households - low * here + need.elsewhere - low * there
            if fewest <= high and most >= low:
                return True
    return False


def _ways(streets: gpd.GeoDataFrame) -> _Ways:
    ways = streets[~streets["tunnel"].to_numpy(bool)]
    shapes = ways.geometry.to_numpy()
    return _Ways(shapes, ways["name"].to_numpy(object), STRtree(shapes))


def _banks(shape: shapely.Geometry, barrier: shapely.Geometry, ways: Geometries) -> Geometries:
    """Cut a grid along lines; pieces that a way joins are one bank."""
    pieces = np.asarray(shapely.get_parts(shapely.difference(shape, shapely.buffer(barrier, BARRIER_HALF_M))))
    # a bridge on the border joins the banks of the grids on either side
    return _joined(pieces, _roads(ways, shapely.buffer(shape, ON_BARRIER_M)))


def _roads(ways: Geometries, ground: shapely.Geometry) -> Geometries:
    """Streets within some ground, those that meet as one."""
    inside = shapely.intersection(shapely.union_all(ways), ground)
    return np.asarray(shapely.get_parts(shapely.union_all(shapely.buffer(shapely.get_parts(inside), ON_BARRIER_M))))


def _joined(pieces: Geometries, roads: Geometries) -> Geometries:
    """Unite the pieces that a road joins."""
    if len(pieces) < 2 or not len(roads):
        return pieces
    road, piece = STRtree(pieces).query(roads, predicate="intersects")
    bank = np.arange(len(pieces))
    for k in np.unique(road).tolist():
        joined = np.unique(bank[piece[road == k]])
        bank[np.isin(bank, joined)] = joined[0]
    return np.array([shapely.union_all(pieces[bank == k]) for k in np.unique(bank)], dtype=object)


def _way_across(
    barrier: shapely.Geometry,
    same: Geometries,
    ways: _Ways,
    banks: tuple[shapely.Geometry, shapely.Geometry],
    ends: tuple[shapely.Geometry, shapely.Geometry],
) -> tuple[str | None, shapely.Geometry | None, bool]:
    """Choose the street across a barrier by which it is least far from end to end, one with a name first.

    Streets that join the two banks within the grid come before those elsewhere.

    Parameters
    ----------
    barrier
        What of the barrier lies within the grid.
    same
        All lines of that class.
    ways, banks, ends
        Streets, the two sides of the grid, and the middle of the households on each.

    Returns
    -------
    Its name, where it crosses, and whether that is within the grid.
    """
    near = ways.near(shapely.union_all(banks))
    roads = _roads(ways.shapes[near], shapely.buffer(shapely.union_all(banks), ON_BARRIER_M))
    both = roads[np.all([shapely.intersects(roads, bank) for bank in banks], axis=0)]
    for rows, line, ground in (
        (near, barrier, shapely.union_all(both)),
        (np.arange(len(ways.shapes)), shapely.union_all(_whole_barrier(barrier, same)), None),
    ):
        rows = rows[shapely.intersects(ways.shapes[rows], line)]
        spots, k = shapely.get_parts(shapely.intersection(ways.shapes[rows], line), return_index=True)
        crossing = shapely.get_dimensions(spots) == 0
        if ground is not None:
            crossing &= shapely.intersects(spots, ground)
        spots, names = spots[crossing], ways.names[rows[k[crossing]]]
        if len(spots):
            nameless = np.array([not name for name in names], bool)
            first = int(np.lexsort((_walk(ends, spots), nameless))[0])
            return str(names[first]), spots[first], ground is not None
    return None, None, False


def _walk(ends: tuple[shapely.Geometry, shapely.Geometry], spots: Geometries) -> Numbers:
    return np.asarray(shapely.distance(spots, ends[0]) + shapely.distance(spots, ends[1]))


def _whole_barrier(barrier: shapely.Geometry, same: Geometries) -> Geometries:
    """Lines that hang together with a barrier."""
    tree = STRtree(same)
    found = np.unique(tree.query(barrier, predicate="dwithin", distance=JOINED_M))
    while True:
        more = np.unique(tree.query(same[found], predicate="dwithin", distance=JOINED_M)[1])
        if len(more) == len(found):
            return np.asarray(same[found])
        found = more


def _need(
    survey: Survey,
    row: int,
    homes: _Homes,
    banks: tuple[Indices, Indices],
    same: Geometries,
    ways: _Ways,
    bridged: bool,
    rules: Rules,
) -> tuple[Need | None, tuple[int, ...]]:
    """Find a side of the community that cannot be divided by itself; and the other grids on the first bank's side.

    Parameters
    ----------
    banks
        Rows of the dwellings of the grid on either side.
    same
        All lines of the barrier's class.
    bridged
        Whether streets join the sides of the barrier.
    """
    home = survey.grid_community[row]
    if home < 0:
        return None, ()
    outline = survey.communities[home]
    citizens = np.flatnonzero(survey.grid_community[homes.grid] == home)
    across = ways.shapes[ways.near(outline)]
    sides = _banks(
        outline, shapely.union_all(same[shapely.intersects(same, outline)]), across if bridged else across[:0]
    )
    side, citizen = STRtree(homes.points[citizens]).query(sides, predicate="intersects")
    side_of = np.full(len(homes.points), -1, dtype=np.int64)
    side_of[citizens[citizen]] = side
    partners = np.unique(homes.grid[(side_of == side_of[banks[0][0]]) & (homes.grid != row)])

    total = np.bincount(side, weights=homes.households[citizens[citizen]], minlength=len(sides))
    own = np.unique(side_of[np.concatenate(banks)])
    alone = [float(total[k]) for k in own[own >= 0].tolist() if not divisible(total[k], rules)]
    everybody = float(homes.households[citizens].sum())
    if alone:
        return Need(min(alone), everybody - min(alone), by_strip=False), tuple(partners.tolist())
    for bank in banks:
        around = np.unique(side_of[bank])
        bodies = np.concatenate([_bodies(sides[k], across) for k in around[around >= 0]])
        settlers = citizens[np.isin(side_of[citizens], around)]
        body = STRtree(bodies).query_nearest(homes.points[settlers], all_matches=False)[1]
        held = np.bincount(body, weights=homes.households[settlers], minlength=len(bodies))
        mine = held[np.unique(body[np.isin(settlers, bank)])]
        if not any(divisible(float(households), rules) for households in mine):
            return Need(float(mine.max()), everybody - float(mine.max()), by_strip=True), tuple(partners.tolist())
    return None, tuple(partners.tolist())


def _bodies(side: shapely.Geometry, ways: Geometries) -> Geometries:
    """Parts of a side that hang together by ground at least 14 m wide, or by a street."""
    cores = shapely.get_parts(shapely.buffer(side, -STRIP_HALF_M))
    cores = cores[shapely.area(cores) > BODY_M2]
    if not len(cores):
        return np.array([side], dtype=object)
    return _joined(shapely.buffer(cores, STRIP_HALF_M), _roads(ways, shapely.buffer(side, -BARRIER_HALF_M)))
