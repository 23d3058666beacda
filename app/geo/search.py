"""How many grids, and which units in each: restarts of annealing, then an exact solver where the band is missed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.geo.partition import Energy, UnitGraph, anneal, band_distance, grow
from app.geo.prove import best_division

__all__ = ["Division", "Effort", "divide_graph", "grid_numbers"]


OUT_OF_REACH = 0.9
"""Where a given number of grids puts their mean further out of the band than this, they are made alike instead."""
FULLEST = 0.625
"""Where in the band the mean of a community's grids may lie if that saves a grid (0 its low end, 1 its high end)."""


@dataclass(frozen=True)
class Effort:
    """How hard to look; counted in steps, never in seconds, so that results do not depend on the machine."""

    runs: int = 6
    alike: int = 2
    """Runs that end at the same energy are enough."""
    more_runs: int = 6
    steps_per_unit: int = 9000
    most_steps: int = 2_500_000
    prove_units: int = 260
    prove_work: float = 12.0


@dataclass(frozen=True)
class Division:
    """How the units are divided.

    Attributes
    ----------
    assignment
        Grid of each unit, shape (n,).
    proven
        Whether no division has fewer grids out of the band.
    fixed
        Whether the number of grids was given.
    """

    assignment: NDArray[np.int64]
    parts: int
    out_of_band: int
    proven: bool
    fixed: bool


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
    total = float(graph.households.sum())
    heavy = graph.households > high
    rest = total - float(graph.households[heavy].sum())
    extra = int(heavy.sum())
    shifted = None if bounds is None else (max(bounds[0] - extra, 0), max(bounds[1] - extra, 0))
    numbers = [k + extra for k in grid_numbers(rest, low, high, shifted)] if rest > 0 or not extra else [extra]
    seeds = int(graph.locked.max()) + 1 if len(graph) else 0
    if extra and bounds is None and rest < low:
        numbers = [extra]
    numbers = [k for k in (max(k, seeds) for k in numbers) if k <= len(graph)] or [min(max(numbers[0], 1), len(graph))]
    mean = total / numbers[0]
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
    best: tuple[int, float, float, NDArray[np.int64], int] | None = None
    for rank, parts in enumerate(numbers[:5]):
        again = 0
        runs = effort.runs if rank == 0 else max(effort.runs // 2, 1)
        for run in range(effort.runs + effort.more_runs):
            if run >= runs and (best is None or best[0] == 0 or rank > 1):
                break
            found = _one_run(graph, parts, energy, effort, scale, rng)
            same = best is not None and found[:2] == best[:2] and math.isclose(found[2], best[2], rel_tol=1e-4)
            again = again + 1 if same else 1 if best is None or found[:3] < best[:3] else again
            if best is None or found[:3] < best[:3]:
                best = found
            if parts == 1 or (again >= effort.alike and best[0] == 0):
                break
        if best is not None and best[0] == 0:
            break
    assert best is not None  # noqa: S101 - `numbers` is never empty
    out, _, _, assignment, parts = best
    if out == 0 or parts == 1:
        return Division(assignment, parts, out, out == 0 or len(numbers) == 1, bounds is not None)
    proven = False
    if prove and len(graph) <= effort.prove_units:
        exact = best_division(graph, numbers, low, high, max_persons, most_out=out - 1, work=effort.prove_work)
        if exact.assignment is not None:
            parts = int(exact.assignment.max()) + 1
            gentle = replace(energy, out_of_band=energy.out_of_band * 20, per_household=energy.per_household * 20)
            polished = anneal(
                graph,
                exact.assignment,
                parts,
                gentle,
                steps=_steps(graph, effort),
                hot=0.3 * scale,
                cold=0.01 * scale,
                rng=rng,
            )
            assignment, out = polished[0], polished[1]
        proven = exact.proven
    return Division(assignment, parts, out, proven, bounds is not None)


def _steps(graph: UnitGraph, effort: Effort) -> int:
    return min(effort.steps_per_unit * len(graph), effort.most_steps)


def _one_run(
    graph: UnitGraph, parts: int, energy: Energy, effort: Effort, scale: float, rng: np.random.Generator
) -> tuple[int, float, float, NDArray[np.int64], int]:
    start = grow(graph, parts, rng)
    if (start < 0).any() or len(np.unique(start)) < parts:
        start = _repair(graph, start, parts)
    if parts == 1:
        away = band_distance(graph.households.sum(keepdims=True), energy.low, energy.high)[0]
        return int(away > 0), float(away), 0.0, np.zeros(len(graph), np.int64), 1
    found, out, away, value = anneal(
        graph, start, parts, energy, steps=_steps(graph, effort), hot=3.0 * scale, cold=0.02 * scale, rng=rng
    )
    return out, away, value, found, parts


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
            raise ValueError(f"{before} units touch no other, so {parts} contiguous grids cannot cover them")
    return assignment
