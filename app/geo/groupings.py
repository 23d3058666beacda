"""Pieces of a table grouped into grids within the band: runs of rows by dynamic programming, else exactly by CP-SAT."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from app.geo.rules import Rules

__all__ = ["Grouping", "group_pieces"]

Indices = NDArray[np.int64]

MOST_VARIABLES = 4_000
"""Larger models (pieces × grids) are not solved in any time worth waiting for."""

WORK = 4.0
"""Limit in the solver's deterministic time for one community; not seconds."""

POLISH = 0.5
"""The same for keeping neighbours in the table together once the band is kept."""


@dataclass(frozen=True)
class Grouping:
    """Which grid each piece is in, numbered by first appearance, and whether no grouping has fewer out of the band."""

    grid: Indices
    numbers: int
    proven: bool


@dataclass(frozen=True)
class _Task:
    households: Indices
    persons: NDArray[np.float64]
    wholes: Indices
    links: Indices
    low: int
    high: int
    most_persons: float
    """Infinite where not every piece states its persons."""
    asked: tuple[int, int] | None

    @property
    def total(self) -> int:
        return int(self.households.sum())

    def out_of_band(self, grid: Indices) -> int:
        """Count the grids outside the band."""
        load = np.bincount(grid, weights=self.households)
        heads = np.bincount(grid, weights=self.persons) if math.isfinite(self.most_persons) else np.zeros(len(load))
        return int(((load < self.low) | (load > self.high) | (heads > self.most_persons)).sum())


def group_pieces(
    households: Indices, persons: NDArray[np.float64], wholes: Indices, links: Indices, rules: Rules
) -> Grouping:
    """Group pieces into grids with as few as can be outside the band.

    Pieces of one whole stand beside each other; a grid has an unbroken run of them or none. Everything else may go with
    anything, but what stands together in the table is kept together where that keeps the band too.

    Parameters
    ----------
    links
        0 where a whole begins, else the harm in cutting before the piece (1 between groups, 2 between buildings).
    """
    known = bool(len(persons)) and not np.isnan(persons).any()
    task = _Task(
        households,
        persons,
        wholes,
        links,
        rules.min_households,
        rules.max_households,
        float(rules.max_persons) if known else math.inf,
        rules.grids,
    )
    runs = _best_runs(task)
    out = task.out_of_band(runs)
    if out <= _unavoidable(task):
        return Grouping(runs, int(runs.max()) + 1, True)
    spent, certain = 0.0, True
    for most_out in range(_unavoidable(task), out):
        for parts in _numbers(task, most_out):
            if spent >= WORK or len(households) * parts > MOST_VARIABLES:
                certain = False
                continue
            grid, none, used = _solve(task, parts, most_out, WORK - spent)
            spent += used
            if grid is not None:
                return Grouping(_by_first(grid), parts, certain)
            certain = certain and none
    return Grouping(runs, int(runs.max()) + 1, certain)


def _unavoidable(task: _Task) -> int:
    """Count the grids that are outside the band whatever is done: of pieces above it, or of a total too small."""
    heavy = int((task.households > task.high).sum())
    fewest, most = math.ceil(task.total / task.high), task.total // task.low
    return max(heavy, int(fewest > most))


def _numbers(task: _Task, most_out: int) -> list[int]:
    """List the numbers of grids that may do, the one nearest to the middle of the band first."""
    if most_out == 0:
        few, many = math.ceil(task.total / task.high), task.total // task.low
    else:
        few, many = 1, task.total // task.low + most_out
    few = max(few, 1)
    if task.asked is not None:
        few, many = max(few, task.asked[0]), min(many, task.asked[1])
    middle = task.total / ((task.low + task.high) / 2)
    return sorted(range(few, min(many, len(task.households)) + 1), key=lambda n: (abs(n - middle), n))


def _best_runs(task: _Task) -> Indices:
    """Cut the row of pieces into runs: fewest out of the band, least beyond it, fewest and mildest cuts, most even."""
    n = len(task.households)
    load = np.concatenate([[0], np.cumsum(task.households)])
    heads = np.concatenate([[0.0], np.cumsum(np.nan_to_num(task.persons))])
    few, most = task.asked or (0, 0)
    layers = min(most, n) if task.asked else 0
    middle = (task.low + task.high) / 2
    nothing = (math.inf, math.inf, math.inf, math.inf)
    best: list[list[tuple[float, ...]]] = [[nothing] * (n + 1) for _ in range(layers + 1)]
    cut: list[list[int]] = [[-1] * (n + 1) for _ in range(layers + 1)]
    best[0][0] = (0.0, 0.0, 0.0, 0.0)
    for end in range(1, n + 1):
        for start in range(end - 1, -1, -1):
            size = int(load[end] - load[start])
            if size > 2 * task.high and start < end - 1 and not task.asked:
                break
            crowded = heads[end] - heads[start] > task.most_persons
            beyond = max(task.low - size, size - task.high, 0)
            harm = float(task.links[start]) if start else 0.0
            cost = (float(beyond > 0 or crowded), float(beyond), harm, (size - middle) ** 2)
            for layer in range(layers + 1) if not layers else range(layers):
                before = best[layer][start]
                if before[0] == math.inf:
                    continue
                after = tuple(a + b for a, b in zip(before, cost, strict=True))
                there = layer + 1 if layers else 0
                if after < best[there][end]:
                    best[there][end] = after
                    cut[there][end] = start
    layer = min(range(min(few, layers), layers + 1), key=lambda k: best[k][n]) if layers else 0
    grid = np.zeros(n, np.int64)
    end, number = n, 0
    while end > 0:
        start = cut[layer][end]
        grid[start:end] = number
        end, number = start, number + 1
        layer = layer - 1 if layers else 0
    return number - 1 - grid


def _solve(task: _Task, parts: int, most_out: int, work: float) -> tuple[Indices | None, bool, float]:
    """Look for a grouping; returns it, whether there is none for sure, and the deterministic time it took."""
    n = len(task.households)
    weights = task.households.tolist()
    model = cp_model.CpModel()
    x = [[model.new_bool_var(f"x{u}_{g}") for g in range(parts)] for u in range(n)]
    out = [model.new_bool_var(f"out{g}") for g in range(parts)]
    excess = []
    for g in range(parts):
        load = sum(weights[u] * x[u][g] for u in range(n))
        beyond = model.new_int_var(0, task.total, f"beyond{g}")
        model.add(load >= task.low).only_enforce_if(out[g].negated())
        model.add(load <= task.high).only_enforce_if(out[g].negated())
        model.add(beyond >= task.low - load)
        model.add(beyond >= load - task.high)
        if math.isfinite(task.most_persons):
            heads = sum(int(task.persons[u]) * x[u][g] for u in range(n))
            model.add(heads <= int(task.most_persons)).only_enforce_if(out[g].negated())
        model.add_bool_or([x[u][g] for u in range(n)])
        excess.append(beyond)
    model.add(sum(out) <= most_out)
    for u in range(n):
        model.add_exactly_one(x[u])
        for g in range(parts):  # grids are alike: one opens only after the one before it
            model.add_bool_or([x[u][g].negated(), *(x[v][g - 1] for v in range(u))]) if g else None
    apart = []
    for u in range(1, n):
        parted = model.new_bool_var(f"apart{u}")
        for g in range(parts):
            model.add_implication(x[u][g], x[u - 1][g]).only_enforce_if(parted.negated())
        apart.append((1 + 2 * int(task.links[u])) * parted)
    for whole in np.unique(task.wholes).tolist():
        own = np.flatnonzero(task.wholes == whole).tolist()
        for g in range(parts) if len(own) > 2 else ():
            opens = []
            for before, u in itertools.pairwise(own):
                opened = model.new_bool_var(f"opens{u}_{g}")
                model.add_bool_or([x[u][g].negated(), x[before][g], opened])
                opens.append(opened)
            model.add(sum(opens) + x[own[0]][g] <= 1)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = work
    status = solver.solve(model)
    spent = max(solver.response_proto.deterministic_time, 1e-3)
    if status == cp_model.INFEASIBLE:
        return None, True, spent
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None, False, spent
    grid = _read_grid(solver, x)
    for u in range(n):  # what keeps the band is found; now for one that parts fewer neighbours
        for g in range(parts):
            model.add_hint(x[u][g], int(grid[u]) == g)
    model.minimize(1000 * sum(excess) + sum(apart))
    solver.parameters.max_deterministic_time = POLISH
    if solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        grid = _read_grid(solver, x)
    return grid, False, spent + solver.response_proto.deterministic_time


def _read_grid(solver: cp_model.CpSolver, x: list[list[cp_model.IntVar]]) -> Indices:
    return np.array([next(g for g, var in enumerate(row) if solver.boolean_value(var)) for row in x], np.int64)


def _by_first(grid: Indices) -> Indices:
    """Return the same with grids numbered by the first piece that is in them."""
    known: dict[int, int] = {}
    return np.array([known.setdefault(number, len(known)) for number in grid.tolist()], np.int64)
