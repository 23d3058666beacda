"""Which grid each unit goes to: special sites by themselves, the rest by the search, under the order of precedence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.arrangement import add_up, join_faces, union_by
from app.geo.graph import Borders, build_graph, second_moments
from app.geo.ground import CommunityTask, Ground
from app.geo.measures import STREET_CLASSES
from app.geo.rules import Rules
from app.geo.search import Division, Effort, divide_graph
from app.geo.units import Units
from app.geo.walks import farthest_walks

__all__ = ["Allotment", "allot_units"]

COMPOUND_CUT = 0.5
"""A metre of border inside a compound costs this much more."""
GROUP_CUT = 1.5
"""A metre of border inside a residents' group costs this much more."""
EASED = (0.4, 0.15)
"""Borders cost this much of what they usually do when grids have to be rounder to shorten the longest way."""
FIXED_CROSSING = 50.0
"""A grid pays this for each metre inside it of a border that was given as fixed."""


@dataclass(frozen=True)
class Allotment:
    """Where the units go.

    Attributes
    ----------
    grid
        Grid of each unit, numbered from 0, the general grids first, shape (units,).
    general
        Number of general grids.
    division
        What the search says of the general grids.
    persons
        Persons in each unit, NaN where the buildings do not say.
    asked
        Fewest and most grids that were asked for, None where the households decide.
    walks
        Metres from the middle of each general grid to its farthest dwelling; empty where no limit was given.
    fewer
        Allotments to one grid fewer that promise to save borders.
    """

    grid: NDArray[np.int64]
    general: int
    division: Division
    persons: NDArray[np.float64]
    asked: tuple[int, int] | None
    walks: NDArray[np.float64]
    fewer: tuple[Allotment, ...] = ()


def allot_units(
    task: CommunityTask, ground: Ground, units: Units, rules: Rules, effort: Effort, rng: np.random.Generator
) -> Allotment:
    """Give every unit to a grid: each special site is one, the rest is searched."""
    count = len(units.households)
    counts = _Counts.of(task, units, rules)
    members = np.flatnonzero(units.site < 0)
    row_of = np.full(count, -1)
    row_of[members] = np.arange(len(members))
    inside = np.asarray((row_of[units.borders.pair] >= 0).all(axis=1))
    origin = shapely.get_coordinates(shapely.centroid(ground.outline))[0]
    moments = second_moments(units.plane.faces, origin)
    moments = np.column_stack([add_up(units.unit, column, count) for column in moments.T])
    bounds = _bounds(rules, task)

    def divide(ease: float, bounds: tuple[int, int] | None) -> Division:
        """Divide with the cost of borders made smaller by a factor, so that the shape of grids counts more."""
        graph = build_graph(
            Borders(
                row_of[units.borders.pair[inside]],
                units.borders.length[inside],
                units.borders.cost[inside] * ease,
                units.borders.hard[inside],
                units.borders.fixed[inside],
            ),
            moments[members],
            units.households[members],
            np.nan_to_num(counts.persons[members]),
            counts.workload[members],
            extra=_precedence(units, inside),
            locked=_seeded(units, ground)[members],
            region=_regions(units)[members],
            bridges=_bridges(units, ground, members),
        )
        return divide_graph(
            graph,
            low=rules.min_households,
            high=rules.max_households,
            max_persons=float(rules.max_persons) if np.isfinite(counts.persons).any() else math.inf,
            bounds=bounds,
            effort=effort,
            prove=rules.prove,
            rng=rng,
        )

    division = divide(1.0, bounds)
    walks = np.empty(0)
    if rules.max_walk_m is not None:
        division, walks = _within_walk(division, divide, bounds, units, ground, row_of, rules.max_walk_m)

    def allot(division: Division, fewer: tuple[Allotment, ...] = ()) -> Allotment:
        grid = np.full(count, -1, np.int64)
        grid[members] = division.assignment
        for k, site in enumerate(np.unique(units.site[units.site >= 0])):
            grid[units.site == site] = division.parts + k
        return Allotment(grid, division.parts, division, counts.persons, bounds, walks, fewer)

    fewer = division.fewer if rules.max_walk_m is None else ()
    others = (replace(division, assignment=one, parts=int(one.max()) + 1, fewer=()) for one in fewer)
    return allot(division, tuple(map(allot, others)))


def _within_walk(
    division: Division,
    divide: Callable[[float, tuple[int, int] | None], Division],
    bounds: tuple[int, int] | None,
    units: Units,
    ground: Ground,
    row_of: NDArray[np.int64],
    most_m: float,
) -> tuple[Division, NDArray[np.float64]]:
    """Look for a division in which nobody walks farther than the limit: rounder grids first, then one grid more.

    The band comes first; of divisions that keep it equally, the one with the fewest grids whose farthest dwelling is
    too far, then the one with the least that is too far.
    """
    households = ground.dwellings.households
    at_home = np.flatnonzero((units.home >= 0) & (households > 0))
    at_home = at_home[row_of[units.home[at_home]] >= 0]
    places = shapely.get_coordinates(ground.dwellings.anchor[at_home])
    streets = ground.around.geometry[np.isin(ground.around.barrier, STREET_CLASSES)]

    def walk(found: Division) -> NDArray[np.float64]:
        grid = found.assignment[row_of[units.home[at_home]]]
        return farthest_walks(places, households[at_home], grid, found.parts, streets)

    def key(found: Division, walks: NDArray[np.float64]) -> tuple[int, int, float]:
        over = np.maximum(walks - most_m, 0)
        return found.out_of_band, int((over > 0).sum()), float(over.sum())

    best = division, walk(division)
    tries = [(ease, bounds) for ease in EASED]
    tries += [] if bounds is not None else [(EASED[0], (division.parts + 1, division.parts + 1))]
    for ease, within in tries:
        if key(*best)[1] == 0:
            break
        found = divide(ease, within)
        walks = walk(found)
        if key(found, walks) < key(*best):
            best = found, walks
    return best


@dataclass(frozen=True)
class _Counts:
    persons: NDArray[np.float64]
    workload: NDArray[np.float64]

    @classmethod
    def of(cls, task: CommunityTask, units: Units, rules: Rules) -> _Counts:
        count = len(units.households)
        counted = (units.home >= 0) & (task.buildings["claimed_by"] == task.code).to_numpy()
        persons = task.buildings["persons"].to_numpy(float)
        known = np.isfinite(persons[counted]).any()
        added = add_up(units.home[counted], np.nan_to_num(persons[counted]), count)
        workload = np.zeros(count)
        if rules.workload:
            amounts = np.nan_to_num(task.buildings["workload"].to_numpy(float)[counted])
            workload = add_up(units.home[counted], amounts, count)
        return cls(added if known else np.full(count, np.nan), workload)


def _bounds(rules: Rules, task: CommunityTask) -> tuple[int, int] | None:
    """Fewest and most grids: as ruled, or as many as the community has posts."""
    if rules.grids is not None:
        return rules.grids
    if math.isfinite(task.posts) and task.posts >= 1:
        return round(task.posts), round(task.posts)
    return None


def _seeded(units: Units, ground: Ground) -> NDArray[np.int64]:
    """Lock the unit under each seed into a grid of its own."""
    locked = np.full(len(units.households), -1, np.int64)
    if len(ground.seeds):
        seed, face = STRtree(units.plane.faces).query(shapely.point_on_surface(ground.seeds), predicate="intersects")
        for unit in units.unit[face[np.argsort(seed, kind="stable")]]:
            if locked[unit] < 0 and units.site[unit] < 0:
                locked[unit] = int(locked.max()) + 1
    return locked


def _precedence(units: Units, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Further cost of cutting a pair: fixed borders want to be borders, compounds and groups do not want one inside."""
    pair, length = units.borders.pair[inside], units.borders.length[inside]
    a, b = pair.T
    one_compound = (units.compound[a] == units.compound[b]) & (units.compound[a] >= 0)
    one_group = (units.group[a] == units.group[b]) & (units.group[a] >= 0)
    together = COMPOUND_CUT * length * one_compound + GROUP_CUT * length * one_group
    return np.asarray(together - FIXED_CROSSING * units.borders.fixed[inside])


def _regions(units: Units) -> NDArray[np.int64]:
    """Give each inhabited region between hard barriers a number; units without households get -1."""
    borders = units.borders
    soft = borders.hard < 0.5 * borders.length
    region = join_faces(len(units.households), borders.pair[soft])
    lived = units.households > 0
    numbered = np.full(len(lived), -1, np.int64)
    numbered[lived] = np.unique(region[lived], return_inverse=True)[1]
    return numbered


def _bridges(units: Units, ground: Ground, members: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs that join the parts of a community in parts: the nearest units of each two, as a tree."""
    parts = shapely.get_parts(ground.outline)
    if len(parts) < 2:
        return np.empty((0, 2), np.int64)
    shapes = union_by(units.plane.faces, units.unit)[members]
    unit, part = STRtree(parts).query(shapely.point_on_surface(shapes), predicate="intersects")
    home = np.zeros(len(members), np.int64)
    home[unit] = part
    joined, waiting = {int(home[0])}, set(home.tolist()) - {int(home[0])}
    pairs = []
    while waiting:
        inside, outside = (np.flatnonzero(np.isin(home, sorted(side))) for side in (joined, waiting))
        (source, target), distance = STRtree(shapes[inside]).query_nearest(
            shapes[outside], return_distance=True, all_matches=False
        )
        k = int(np.argmin(distance))
        pairs.append((int(inside[target[k]]), int(outside[source[k]])))
        part = int(home[outside[source[k]]])
        joined.add(part)
        waiting.remove(part)
    return np.array(pairs, np.int64)
