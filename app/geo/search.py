"""How many grids, and which units in each: short runs of annealing, mixed; an exact solver if need be."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.geo.agreement import join_agreed
from app.geo.annealing import anneal
from app.geo.arrangement import add_up
from app.geo.errors import DivisionError
from app.geo.growth import grow
from app.geo.partition import Energy, UnitGraph, band_distance
from app.geo.prove import best_division

__all__ = ["Division", "Effort", "divide_graph", "grid_numbers"]


OUT_OF_REACH = 0.9
"""Where a given number of grids puts their mean further out of the band than this, they are made alike instead."""
ALIKE = 0.003
"""Runs whose borders differ in cost by less than this part end alike."""
SAVED = 0.96
"""Part of the borders' foretold cost that they have to stay below."""
WITHIN_REACH = 1.05
"""Where half the runs have found nothing below this part of it, the others are not made."""
MILD = 0.15
"""Temperature, in parts of the scale, at which a good division is smoothed and not lost."""
FULL = 0.82
"""Where in the band the mean may lie if one grid fewer saves a good part of the borders."""
FULLEST = 0.625
"""Where in the band the mean of a community's grids may lie if that saves a grid (0 its low end, 1 its high end)."""


@dataclass(frozen=True)
class Effort:
    """How hard to look; counted in steps, never in seconds, so that results do not depend on the machine."""

    runs: int = 16
    alike: int = 5
    """Runs that end alike are enough."""
    more_runs: int = 6
    fewer_runs: int = 20
    """Runs with one grid fewer, to see whether that saves a good part of the borders."""
    fewer_units: int = 250
    """Larger graphs are not searched for that."""
    steps: int = 450
    """For each unit and grid of a graph with as many units as grids; see `_steps`."""
    fewest_steps: int = 10_000
    prove_units: int = 600
    prove_work: float = 12.0


@dataclass(frozen=True)
class Division:
    """How the units are divided.

    Attributes
    ----------
    assignment
        Grid of each unit, shape (n,).
    proven
        Whether no division into any number of grids that is allowed has fewer grids out of the band.
    fewer
        Assignments to one grid fewer, all in the band, that promise to save borders; whether they do shows when their
        borders are cut.
    """

    assignment: NDArray[np.int64]
    parts: int
    out_of_band: int
    proven: bool
    fewer: tuple[NDArray[np.int64], ...] = ()


@dataclass(frozen=True)
class _Found:
    """One run's end: grids out of the band, regions crossed into, households out of the band, what borders will cost.

    Shape and balance guide a run; between the ends of runs the borders decide.
    """

    out: int
    crossings: int
    away: float
    cost: float
    assignment: NDArray[np.int64]
    parts: int

    @property
    def key(self) -> tuple[int, int, float, float]:
        """What is compared, the most important first."""
        return self.out, self.crossings, self.away, self.cost


def grid_numbers(households: float, low: float, high: float, bounds: tuple[int, int] | None) -> list[int]:
    """List the numbers of grids worth trying, the nearest to the middle of the band first.

    Where no number of grids can keep the band, the one that comes nearest to it is the only one: a total between the
    band and twice its lower end stays one grid.
    """
    ideal = min(households / ((low + high) / 2), math.ceil(households / (low + FULLEST * (high - low))))
    fewest, most = max(1, math.ceil(households / high)), math.floor(households / low)
    if bounds is not None:
        inside = list(range(max(fewest, bounds[0]), min(most, bounds[1]) + 1))
        if not inside:
            nearest = min(max(round(ideal), bounds[0]), bounds[1])
            return [max(1, nearest)]
        return sorted(inside, key=lambda k: (abs(k - ideal), k))
    if fewest > most:
        return [max(1, min(fewest, most) if most >= 1 else 1)]
    return sorted(range(fewest, most + 1), key=lambda k: (abs(k - ideal), k))


def divide_graph(
    graph: UnitGraph,
    *,
    low: float,
    high: float,
    max_persons: float,
    bounds: tuple[int, int] | None,
    effort: Effort,
    prove: bool,
    rng: np.random.Generator,
) -> Division:
    """Divide a connected unit graph into contiguous grids.

    Units above the band take a grid each from the outset. The number of grids nearest to the middle of the band is
    tried first; others follow only where it leaves a grid out of the band.
    """
    numbers = _numbers_to_try(graph, low, high, bounds)
    total = float(graph.households.sum())
    mean = total / numbers[0]
    asked_low, asked_high = low, high
    if bounds is not None and len(numbers) == 1 and not OUT_OF_REACH * low <= mean <= high / OUT_OF_REACH:
        low, high = OUT_OF_REACH * mean, mean / OUT_OF_REACH  # the number given rules the band out: share alike
    scale = 0.4 * math.sqrt(float(graph.area.sum()) / numbers[0])
    energy = Energy(
        low,
        high,
        max_persons,
        out_of_band=2.5 * scale,
        per_household=0.1 * scale,
        balance=0.2 * scale,
        workload=0.5 * scale if graph.workload.any() else 0.0,
        shape=0.3 * scale,
        crossing=3.0 * scale,
    )
    best = _best_run(graph, numbers, energy, effort, scale, rng)
    out = _out_of_band(graph, best.assignment, asked_low, asked_high, max_persons)
    if out == 0 or not prove or len(graph) > effort.prove_units or (low, high) != (asked_low, asked_high):
        fewer = _one_grid_fewer(graph, best, energy, effort, scale, rng) if bounds is None else []
        return Division(best.assignment, best.parts, out, out == 0, tuple(one.assignment for one in fewer))
    assignment, proven, work = best.assignment, False, effort.prove_work
    while out:
        every = _numbers_to_prove(graph, asked_low, asked_high, bounds, out - 1, int(assignment.max()) + 1)
        exact = best_division(graph, every, asked_low, asked_high, max_persons, most_out=out - 1, work=work)
        work -= exact.spent
        if exact.assignment is None:
            proven = exact.none_exists
            break
        assignment = exact.assignment
        out = _out_of_band(graph, assignment, asked_low, asked_high, max_persons)
    else:
        proven = True
    if assignment is not best.assignment:
        assignment, out = _polish(graph, assignment, out, energy, effort, scale, rng)
    return Division(assignment, int(assignment.max()) + 1, out, proven)


def _numbers_to_try(graph: UnitGraph, low: float, high: float, bounds: tuple[int, int] | None) -> list[int]:
    """List the numbers of grids to search, the most promising first; each unit above the band takes a grid."""
    heavy = graph.households > high
    extra = int(heavy.sum())
    rest = float(graph.households[~heavy].sum())
    more = grid_numbers(rest, low, high, None) if rest >= low or not extra else [0]
    numbers = [k + extra for k in more]
    if bounds is None:
        fewest, most = max(1, int(graph.locked.max()) + 1), len(graph)
    else:
        if not extra:
            numbers = grid_numbers(rest, low, high, bounds)
        fewest, most = max(bounds[0], int(graph.locked.max()) + 1), max(bounds[1], int(graph.locked.max()) + 1)
    return list(dict.fromkeys(min(max(k, fewest), most, len(graph)) for k in numbers))


def _numbers_to_prove(
    graph: UnitGraph, low: float, high: float, bounds: tuple[int, int] | None, most_out: int, near: int
) -> list[int]:
    """List every number of grids that could leave at most `most_out` of them out of the band, the nearest first."""
    total = float(graph.households.sum())
    fewest = max(1, int(graph.locked.max()) + 1)
    if most_out == 0:
        fewest = max(fewest, math.ceil(total / high))
    most = min(len(graph), math.floor(total / low) + most_out)
    if bounds is not None:
        fewest, most = max(fewest, bounds[0]), min(most, max(bounds[1], fewest))
    return sorted(range(fewest, most + 1), key=lambda k: (abs(k - near), k))


def _best_run(
    graph: UnitGraph, numbers: list[int], energy: Energy, effort: Effort, scale: float, rng: np.random.Generator
) -> _Found:
    """Anneal from several starts, number of grids by number, until the band is kept and nothing is crossed."""
    best: _Found | None = None
    for rank, parts in enumerate(numbers[:5]):
        again = 0
        runs = effort.runs if rank == 0 else max(effort.runs // 2, 1)
        found: list[_Found] = []
        for run in range(effort.runs + effort.more_runs):
            if run >= runs and (best is None or best.key[:2] == (0, 0) or rank > 1):
                break
            one = _one_run(graph, parts, energy, effort, scale, rng)
            found.append(one)
            same = best is not None and one.key[:3] == best.key[:3]
            same = same and best is not None and math.isclose(one.cost, best.cost, rel_tol=ALIKE)
            better = best is None or one.key < best.key
            again = again + 1 if same else 1 if better else again
            if better:
                best = one
            enough = effort.alike if one.crossings == 0 else 2 * effort.alike
            if parts == 1 or (again >= enough and best is not None and best.out == 0):
                break
        if best is not None and parts > 1:
            best = min(best, _mix(graph, found, energy, effort, scale, rng), key=lambda one: one.key)
        if best is not None and best.out == 0 and (best.crossings == 0 or rank > 1):
            break
    if best is None:
        raise DivisionError("no number of grids to try")
    return best


def _mix(
    graph: UnitGraph, found: list[_Found], energy: Energy, effort: Effort, scale: float, rng: np.random.Generator
) -> _Found:
    """Search on among what the runs do not agree on, with half as many runs each time, and smooth the best."""
    best = min(found, key=lambda one: one.key)
    count = len(found) // 2
    while count:
        joined, coarse = join_agreed(graph, [one.assignment for one in found])
        if len(coarse) == best.parts:
            break
        start = np.empty(len(coarse), np.int64)
        start[joined] = best.assignment
        starts = [start, *(_start(coarse, best.parts, rng) for _ in range(count - 1))]
        found = [_go_on(coarse, one, best.parts, energy, effort, scale * _hot(graph) / 2, scale, rng) for one in starts]
        found = [replace(one, assignment=one.assignment[joined]) for one in found]
        best = min([best, *found], key=lambda one: one.key)
        count //= 2
    smooth = _go_on(graph, best.assignment, best.parts, energy, effort, MILD * scale, scale, rng)
    return min(best, smooth, key=lambda one: one.key)


def _one_grid_fewer(
    graph: UnitGraph, best: _Found, energy: Energy, effort: Effort, scale: float, rng: np.random.Generator
) -> list[_Found]:
    """Try one grid fewer where the mean stays in the band's upper part: it may follow the streets far better."""
    fewer = best.parts - 1
    fullest = energy.low + FULL * (energy.high - energy.low)
    hopeless = fewer < max(2, int(graph.locked.max()) + 1) or graph.households.sum() > fewer * fullest
    if best.out or hopeless or len(graph) > effort.fewer_units:
        return []
    found: list[_Found] = []
    for run in range(effort.fewer_runs):
        if 2 * run == effort.fewer_runs and not any(one.cost < WITHIN_REACH * best.cost for one in found):
            return []
        one = _one_run(graph, fewer, energy, effort, scale, rng)
        if one.key[:3] <= best.key[:3]:
            found.append(one)
    mixed = [_mix(graph, found, energy, effort, scale, rng)] if found else []
    return [one for one in mixed if one.key[:3] <= best.key[:3] and one.cost < SAVED * best.cost]


def _border_cost(graph: UnitGraph, assignment: NDArray[np.int64]) -> float:
    """Foretell what the borders of an assignment will cost when they are drawn."""
    unit = np.repeat(np.arange(len(graph)), np.diff(graph.start))
    return float(graph.cost[assignment[unit] != assignment[graph.neighbour]].sum()) / 2


def _polish(
    graph: UnitGraph,
    assignment: NDArray[np.int64],
    out: int,
    energy: Energy,
    effort: Effort,
    scale: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], int]:
    """Improve a solver's assignment, which knows only the band, without putting more grids out of it."""
    strict = energy._replace(out_of_band=energy.out_of_band * 20, per_household=energy.per_household * 20)
    polished, *_ = anneal(
        graph,
        assignment,
        int(assignment.max()) + 1,
        strict,
        steps=_steps(graph, int(assignment.max()) + 1, effort),
        hot=0.3 * scale,
        cold=0.01 * scale,
        rng=rng,
    )
    still = _out_of_band(graph, polished, energy.low, energy.high, energy.max_persons)
    return (polished, still) if still <= out else (assignment, out)


def _out_of_band(graph: UnitGraph, assignment: NDArray[np.int64], low: float, high: float, max_persons: float) -> int:
    parts = int(assignment.max()) + 1
    households, persons = add_up(assignment, graph.households, parts), add_up(assignment, graph.persons, parts)
    return int(((band_distance(households, low, high) > 0) | (persons > max_persons)).sum())


def _crossings(graph: UnitGraph, assignment: NDArray[np.int64]) -> int:
    """Count the further regions between hard barriers that grids reach into."""
    lived = graph.region >= 0
    held = np.zeros((int(assignment.max()) + 1, int(graph.region.max()) + 2), bool)
    held[assignment[lived], graph.region[lived]] = True
    return int(held.sum() - held.any(axis=1).sum())


def _steps(graph: UnitGraph, parts: int, effort: Effort) -> int:
    """Count the moves to try: borders grow in length with the root of both units and grids."""
    return max(round(effort.steps * math.sqrt(len(graph) * parts)), effort.fewest_steps)


def _one_run(
    graph: UnitGraph, parts: int, energy: Energy, effort: Effort, scale: float, rng: np.random.Generator
) -> _Found:
    if parts == 1:
        whole = np.zeros(len(graph), np.int64)
        away = float(band_distance(graph.households.sum(keepdims=True), energy.low, energy.high)[0])
        over = max(float(graph.persons.sum()) - energy.max_persons, 0.0)
        return _Found(int(away + over > 0), _crossings(graph, whole), away + over, 0.0, whole, 1)
    start = _start(graph, parts, rng)
    return _go_on(graph, start, parts, energy, effort, _hot(graph) * scale, scale, rng)


def _start(graph: UnitGraph, parts: int, rng: np.random.Generator) -> NDArray[np.int64]:
    start = grow(graph, parts, rng)
    return _repair(graph, start, parts) if (start < 0).any() or len(np.unique(start)) < parts else start


def _go_on(
    graph: UnitGraph, start: NDArray[np.int64], parts: int, energy: Energy, effort: Effort, hot: float, scale: float,
    rng: np.random.Generator,
) -> _Found:  # fmt: skip
    """Anneal from a start."""
    steps = _steps(graph, parts, effort)
    found, out, away, _ = anneal(graph, start, parts, energy, steps=steps, hot=hot, cold=0.05 * scale, rng=rng)
    return _Found(out, _crossings(graph, found), away, _border_cost(graph, found), found, parts)


def _hot(graph: UnitGraph) -> float:
    """Temperature, in parts of the scale, at which even the heavy units still change grids."""
    return max(1.0, 0.035 * float(np.quantile(graph.households, 0.9)))


def _repair(graph: UnitGraph, start: NDArray[np.int64], parts: int) -> NDArray[np.int64]:
    """Give units that growth did not reach to a neighbour's part."""
    assignment = start.copy()
    while (assignment < 0).any():
        before = int((assignment < 0).sum())
        for u in np.flatnonzero(assignment < 0):
            row = slice(graph.start[u], graph.start[u + 1])
            held = assignment[graph.neighbour[row][graph.link[row]]]
            if (held >= 0).any():
                assignment[u] = held[held >= 0][0]
        if int((assignment < 0).sum()) == before:
            raise DivisionError(f"有 {before} 个最小划分单元与其他单元不相接，无法划成 {parts} 个连片的网格")
    return assignment
