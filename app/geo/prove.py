"""Exact division of a small unit graph, and proof that none keeps the band: CP-SAT with contiguity cuts on demand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from app.geo.partition import UnitGraph

__all__ = ["Exact", "best_division"]

MOST_VARIABLES = 3_000
"""Larger models (units × grids) are not solved in any time worth waiting for."""


@dataclass(frozen=True)
class Exact:
    """What the solver found: an assignment with few enough grids out of the band, or certainty that there is none."""

    assignment: NDArray[np.int64] | None
    none_exists: bool
    spent: float
    """Deterministic time that it took."""


def best_division(
    graph: UnitGraph,
    numbers: Sequence[int],
    low: float,
    high: float,
    max_persons: float,
    *,
    most_out: int,
    work: float,
) -> Exact:
    """Look for a division with at most `most_out` grids out of the band, over every number of grids given.

    Contiguity is added as cuts while solutions break it (Validi, Buchanan and Lykhovyd 2022,
    doi:10.1287/opre.2021.2141, in its separator form): if two units of one grid are not joined inside it, some unit of
    a set that separates them has to be in it too.

    Parameters
    ----------
    numbers
        Numbers of grids, tried in this order; one that would make the model too large settles nothing.
    work
        Limit in the solver's deterministic time, for all numbers together; not seconds.
    """
    spent = 0.0
    certain = True
    for parts in numbers:
        if spent >= work or len(graph) * parts > MOST_VARIABLES:
            certain = False
            continue
        answer = _solve(graph, parts, low, high, max_persons, most_out, work - spent)
        spent += answer.spent
        if answer.assignment is not None:
            return Exact(answer.assignment, False, spent)
        certain = certain and answer.none_exists
    return Exact(None, certain, spent)


def _solve(
    graph: UnitGraph, parts: int, low: float, high: float, max_persons: float, most_out: int, work: float
) -> Exact:
    n = len(graph)
    households = np.round(graph.households).astype(int)
    persons = np.round(graph.persons).astype(int)
    total = int(households.sum())
    model = cp_model.CpModel()
    x = [[model.new_bool_var(f"x{u}_{g}") for g in range(parts)] for u in range(n)]
    out = [model.new_bool_var(f"out{g}") for g in range(parts)]
    for u in range(n):
        model.add_exactly_one(x[u])
        if graph.locked[u] >= 0:
            model.add(x[u][int(graph.locked[u])] == 1)
    loads = []
    for g in range(parts):
        load = model.new_int_var(0, total, f"load{g}")
        model.add(load == sum(int(households[u]) * x[u][g] for u in range(n)))
        model.add(load >= math.ceil(low)).only_enforce_if(out[g].negated())
        model.add(load <= math.floor(high)).only_enforce_if(out[g].negated())
        if math.isfinite(max_persons) and persons.any():
            model.add(sum(int(persons[u]) * x[u][g] for u in range(n)) <= int(max_persons)).only_enforce_if(
                out[g].negated()
            )
        model.add_bool_or([x[u][g] for u in range(n)])
        loads.append(load)
    model.add(sum(out) <= most_out)
    if not (graph.locked >= 0).any():  # grids are alike: the heaviest first
        for g in range(1, parts):
            model.add(loads[g] <= loads[g - 1])
    adjacency = [
        graph.neighbour[graph.start[u] : graph.start[u + 1]][graph.link[graph.start[u] : graph.start[u + 1]]].tolist()
        for u in range(n)
    ]
    for u in range(n):  # a unit below the band needs a neighbour in its grid: the first of the contiguity cuts
        if households[u] < low:
            for g in range(parts):
                model.add_bool_or([x[u][g].negated(), out[g], *(x[v][g] for v in adjacency[u])])
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    spent = 0.0
    while spent < work:
        solver.parameters.max_deterministic_time = work - spent
        status = solver.solve(model)
        spent += max(solver.response_proto.deterministic_time, 1e-3)
        if status == cp_model.INFEASIBLE:
            return Exact(None, True, spent)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Exact(None, False, spent)
        assignment = np.array([next(g for g in range(parts) if solver.boolean_value(x[u][g])) for u in range(n)])
        cuts = 0
        for g in range(parts):
            pieces = _pieces(assignment, g, adjacency)
            for piece in pieces[1:]:
                around = sorted({v for u in piece for v in adjacency[u]} - piece)
                a, b = min(piece), min(pieces[0])
                for every in range(parts):
                    model.add_bool_or([x[a][every].negated(), x[b][every].negated(), *(x[v][every] for v in around)])
                cuts += 1
        if not cuts:
            return Exact(assignment, False, spent)
    return Exact(None, False, spent)


def _pieces(assignment: NDArray[np.int64], part: int, adjacency: list[list[int]]) -> list[set[int]]:
    """List the connected pieces of a part, the largest first."""
    left = set(np.flatnonzero(assignment == part).tolist())
    pieces = []
    while left:
        frontier = [min(left)]
        piece = {frontier[0]}
        while frontier:
            for v in adjacency[frontier.pop()]:
                if v in left and v not in piece:
                    piece.add(v)
                    frontier.append(v)
        left -= piece
        pieces.append(piece)
    return sorted(pieces, key=lambda piece: (-len(piece), min(piece)))
