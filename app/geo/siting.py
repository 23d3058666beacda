"""Where another facility would help most: most households with k sites, or all with the fewest, exactly.

Church & ReVelle 1974 (maximal covering, MCLP) and Toregas, Swain, ReVelle & Bergman 1971 (set covering, LSCP), solved
to proven optimality by HiGHS where that closes within its nodes; where it does not, the gap is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, identity

from app.geo.coverage import Ground, Walk
from app.geo.crs import DEGREES
from app.geo.footways import stand_beside
from app.geo.walking import distances_between

__all__ = ["Choice", "Siting", "choose_fewest", "choose_sites", "site_facilities", "street_corners"]

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

MOST_NODES = 100_000
"""Nodes of the search tree: a budget in steps, so that the result does not depend on the machine."""

APART_M = 30.0
"""Of street corners closer together than this, one stands for all."""

BEST_ALONE = 3
"""So many single sites are shown with what each adds alone."""


@dataclass(frozen=True)
class Choice:
    """Sites that were chosen, by their numbers, and how sure it is that none are better.

    `gap` is how much better another choice might be at most, as a share; 0 is proven.
    """

    sites: tuple[int, ...]
    covered: float
    gap: float


@dataclass(frozen=True)
class Siting:
    """Where facilities should be.

    Attributes
    ----------
    sites
        Those chosen, best first: number, name, kind, households (all it reaches that were not covered before),
        adds (those that the sites before it do not reach), EPSG:4490.
    alone
        The three best single sites, in the same form; adds is what each adds alone.
    uncovered
        Households beyond the distance before.
    covered
        Those of them that the chosen sites reach.
    out_of_reach
        Those that no candidate reaches.
    gap
        As in `Choice`.
    candidates
        How many sites there were to choose from.
    """

    sites: gpd.GeoDataFrame
    alone: gpd.GeoDataFrame
    uncovered: float
    covered: float
    out_of_reach: float
    gap: float
    candidates: int


def choose_sites(reached: Sequence[Indices], weights: Numbers, count: int) -> Choice:
    """Choose `count` sites so that the weight of those they reach together is greatest (MCLP).

    Parameters
    ----------
    reached
        For each site the positions in `weights` that it reaches.
    """
    cover, merged = _merge(reached, weights)
    places, sites = cover.shape
    if not places or not sites or count < 1:
        return Choice((), 0.0, 0.0)
    count = min(count, sites)
    answer = milp(  # a place counts as reached (at most 1) as far as sites that reach it are chosen
        np.concatenate([np.zeros(sites), -merged]),
        integrality=np.concatenate([np.ones(sites), np.zeros(places)]),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(hstack([-cover, identity(places)]).tocsc(), -np.inf, 0),
            LinearConstraint(np.concatenate([np.ones(sites), np.zeros(places)])[None], 0, count),
        ],
        options={"node_limit": MOST_NODES, "mip_rel_gap": 0.0},
    )
    return _choice(answer, sites, lambda chosen: float(merged[cover[:, chosen].sum(axis=1) > 0].sum()))


def choose_fewest(reached: Sequence[Indices], weights: Numbers) -> Choice:
    """Choose the fewest sites that reach everybody whom any of them reaches (LSCP)."""
    cover, merged = _merge(reached, weights)
    places, sites = cover.shape
    if not places or not sites:
        return Choice((), 0.0, 0.0)
    answer = milp(
        np.ones(sites),
        integrality=np.ones(sites),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(cover.tocsc(), 1, np.inf)],
        options={"node_limit": MOST_NODES, "mip_rel_gap": 0.0},
    )
    return _choice(answer, sites, lambda _: float(merged.sum()))


def _choice(answer: Any, sites: int, covered_by: Callable[[Indices], float]) -> Choice:
    """Read what the solver found; where it found nothing within its nodes, nothing is chosen and nothing is proven."""
    if answer.x is None:
        return Choice((), 0.0, 1.0)
    chosen = np.flatnonzero(answer.x[:sites] > 0.5)
    gap = 0.0 if answer.status == 0 else float(answer.mip_gap or 1.0)
    return Choice(tuple(chosen.tolist()), covered_by(chosen), gap)


def _merge(reached: Sequence[Indices], weights: Numbers) -> tuple[csr_array, Numbers]:
    """Return who is reached by which site, rows that are alike as one with their weights together."""
    columns = np.repeat(np.arange(len(reached)), [len(rows) for rows in reached])
    rows = np.concatenate([np.array([], np.int64), *reached]).astype(np.int64)
    order = np.lexsort((columns, rows))
    rows, columns = rows[order], columns[order]
    alike: dict[bytes, int] = {}
    merged: list[float] = []
    members: list[Indices] = []
    for row, begin, end in _runs(rows):
        key = columns[begin:end].tobytes()
        if key not in alike:
            alike[key] = len(merged)
            merged.append(0.0)
            members.append(columns[begin:end])
        merged[alike[key]] += float(weights[row])
    first = np.concatenate([[0], np.cumsum([len(some) for some in members])]).astype(np.int64)
    every = np.concatenate([np.array([], np.int64), *members])
    return csr_array((np.ones(len(every)), every, first), shape=(len(merged), len(reached))), np.array(merged)


def _runs(rows: Indices) -> list[tuple[int, int, int]]:
    values, begin = np.unique(rows, return_index=True)
    bounds = pairwise([*begin.tolist(), len(rows)])
    return [(value, low, high) for value, (low, high) in zip(values.tolist(), bounds, strict=True)]


def street_corners(ground: Ground) -> gpd.GeoDataFrame:
    """Return the corners of streets on the ground as candidates: name, kind."""
    ways = ground.footways
    degree = np.bincount(np.concatenate([ways.start, ways.end]), minlength=len(ways.nodes))
    grounded = np.ones(len(ways.nodes), bool)
    grounded[np.concatenate([ways.start, ways.end])[np.tile(~ways.on_ground, 2)]] = False
    corners = ways.nodes[(degree >= 3) & grounded]
    cells = np.floor(corners / APART_M)
    _, first = np.unique(cells, axis=0, return_index=True)
    points = gpd.GeoSeries.from_xy(*corners[np.sort(first)].T, crs=ground.crs).to_crs(DEGREES)
    names = [f"路口 {number + 1}" for number in range(len(points))]
    return gpd.GeoDataFrame({"name": names, "kind": "street corner"}, geometry=points)


def site_facilities(
    ground: Ground,
    way_m: Numbers,
    candidates: gpd.GeoDataFrame,
    *,
    within_m: float,
    count: int | None,
    walk: Walk | None = None,
) -> Siting:
    """Choose sites for the households that are farther than a distance from every facility there is.

    Parameters
    ----------
    way_m
        Metres from each home of the ground to the nearest facility there is.
    candidates
        Points in EPSG:4490 with name and kind.
    count
        How many sites; None chooses the fewest that reach everybody who can be reached.
    """
    walk = walk or Walk()
    missed = way_m > within_m
    weights = np.where(missed, ground.homes["households"].to_numpy(), 0.0)
    places = stand_beside(
        candidates.geometry.to_crs(ground.crs).to_numpy(), ground.footways, ground.obstacles, reach_m=walk.reach_m
    )
    near = distances_between(ground.footways, ground.stands, places, limit_m=within_m)
    reached = [rows[missed[rows]] for rows, _ in near]
    useful = [number for number, rows in enumerate(reached) if len(rows)]
    kept = _not_dominated(useful, reached)
    some = [reached[number] for number in kept]
    choice = choose_fewest(some, weights) if count is None else choose_sites(some, weights, count)
    chosen = _by_what_they_add([kept[number] for number in choice.sites], reached, weights)
    alone = sorted(useful, key=lambda number: (-float(weights[reached[number]].sum()), number))[:BEST_ALONE]
    anywhere = np.unique(np.concatenate([np.array([], np.int64), *reached]))
    return Siting(
        _describe(candidates, chosen, reached, weights, together=True),
        _describe(candidates, alone, reached, weights, together=False),
        float(weights.sum()),
        choice.covered,
        float(weights.sum() - weights[anywhere].sum()),
        choice.gap,
        len(candidates),
    )


def _not_dominated(useful: Sequence[int], reached: Sequence[Indices]) -> list[int]:
    """Leave out sites that reach nobody whom an earlier site does not reach as well: same homes, one site."""
    seen: set[bytes] = set()
    kept = []
    for number in useful:
        key = reached[number].tobytes()
        if key not in seen:
            seen.add(key)
            kept.append(number)
    return kept


def _by_what_they_add(chosen: Sequence[int], reached: Sequence[Indices], weights: Numbers) -> list[int]:
    """Put the chosen sites in the order in which each adds most to those before it."""
    left, order = list(chosen), []
    covered = np.zeros(len(weights), bool)
    while left:
        best = max(left, key=lambda number: (float(weights[reached[number][~covered[reached[number]]]].sum()), -number))
        order.append(best)
        left.remove(best)
        covered[reached[best]] = True
    return order


def _describe(
    candidates: gpd.GeoDataFrame,
    numbers: Sequence[int],
    reached: Sequence[Indices],
    weights: Numbers,
    *,
    together: bool,
) -> gpd.GeoDataFrame:
    covered = np.zeros(len(weights), bool)
    adds = []
    for number in numbers:
        mine = reached[number]
        adds.append(float(weights[mine[~covered[mine]]].sum()))
        if together:
            covered[mine] = True
    frame = candidates.iloc[list(numbers)][["name", "kind", "geometry"]].reset_index(drop=True)
    frame.insert(0, "number", np.arange(1, len(frame) + 1))
    households = [float(weights[reached[number]].sum()) for number in numbers]
    return frame.assign(households=np.array(households, dtype=float), adds=np.array(adds, dtype=float))
