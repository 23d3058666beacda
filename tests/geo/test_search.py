"""The search against brute force: the band is kept wherever some contiguous division keeps it, and proofs are true."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.partition import UnitGraph
from app.geo.search import Effort, divide_graph, grid_numbers

LOW, HIGH = 300, 500
LITTLE = Effort(runs=2, steps=300)


def lattice(
    columns: int, households: list[int], missing: tuple[int, ...] = (), locked: dict[int, int] | None = None
) -> UnitGraph:
    """Units of 100 m by 100 m in rows, each bordering those beside, above and below it; `missing` borders do not link.

    ```
    0 1 2
    3 4 5      the border of u and u + 1 has number 2u, that of u and u + columns number 2u + 1
    ```
    """
    n = len(households)
    pairs = []
    for u in range(n):
        if (u + 1) % columns and u + 1 < n:
            pairs.append((2 * u, u, u + 1))
        if u + columns < n:
            pairs.append((2 * u + 1, u, u + columns))
    row = np.array([a for _, a, _ in pairs] + [b for _, _, b in pairs], np.int64)
    other = np.array([b for _, _, b in pairs] + [a for _, a, _ in pairs], np.int64)
    link = np.tile([number not in missing for number, _, _ in pairs], 2)
    order = np.lexsort((other, row))
    x, y = 100.0 * (np.arange(n) % columns) + 50, -100.0 * (np.arange(n) // columns) - 50
    area = np.full(n, 1e4)
    fixed = np.full(n, -1, np.int64)
    for unit, part in (locked or {}).items():
        fixed[unit] = part
    return UnitGraph(
        np.array(households, float), np.zeros(n), np.zeros(n),
        area, area * x, area * y, area * (x * x + y * y) + 1e8 / 6,
        np.searchsorted(row[order], np.arange(n + 1)).astype(np.int64), other[order],
        np.full(len(row), 40.0), link[order], fixed, np.full(n, -1, np.int64),
    )  # fmt: skip


def contiguous(graph: UnitGraph, members: frozenset[int]) -> bool:
    reached, frontier = set(), [min(members)]
    while frontier:
        u = frontier.pop()
        if u in reached:
            continue
        reached.add(u)
        row = slice(graph.start[u], graph.start[u + 1])
        frontier += [
            int(v) for v, linked in zip(graph.neighbour[row], graph.link[row], strict=True) if linked and v in members
        ]
    return reached == members


def least_out_of_band(graph: UnitGraph) -> int:
    """Try every contiguous division into any number of grids; only for a handful of units."""
    n = len(graph)
    pieces: dict[int, list[tuple[frozenset[int], int]]] = {u: [] for u in range(n)}
    for size in range(1, n + 1):
        for chosen in itertools.combinations(range(n), size):
            members = frozenset(chosen)
            if contiguous(graph, members):
                load = graph.households[list(chosen)].sum()
                pieces[chosen[0]].append((members, int(not LOW <= load <= HIGH)))

    def least(left: frozenset[int], limit: float) -> float:
        if not left:
            return 0
        best = limit
        for members, out in pieces[min(left)]:
            if out < best and members <= left:
                best = min(best, out + least(left - members, best - out))
        return best

    return int(least(frozenset(range(n)), math.inf))


def divide(graph: UnitGraph, bounds: tuple[int, int] | None = None, effort: Effort = LITTLE):
    return divide_graph(
        graph,
        low=LOW,
        high=HIGH,
        max_persons=math.inf,
        bounds=bounds,
        effort=effort,
        prove=True,
        rng=np.random.default_rng(1),
    )


def grids_of(graph: UnitGraph, assignment: np.ndarray) -> list[frozenset[int]]:
    return [frozenset(np.flatnonzero(assignment == g).tolist()) for g in range(int(assignment.max()) + 1)]


small_towns = st.tuples(
    st.integers(2, 4),
    st.lists(st.integers(0, 420), min_size=3, max_size=9),
    st.sets(st.integers(0, 17), max_size=3),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(small_towns)
def test_no_division_has_fewer_grids_out_of_the_band_than_ours_says_it_proves(town):
    columns, households, missing = town
    graph = lattice(columns, households, tuple(missing))
    whole = contiguous(graph, frozenset(range(len(graph))))
    if not whole:
        return  # `build_graph` never hands over ground in pieces
    division = divide(graph)
    grids = grids_of(graph, division.assignment)
    assert all(contiguous(graph, grid) for grid in grids)
    out = sum(not LOW <= graph.households[list(grid)].sum() <= HIGH for grid in grids)
    assert division.out_of_band == out
    assert out >= least_out_of_band(graph)
    if division.proven:
        assert out == least_out_of_band(graph)
    if least_out_of_band(graph) == 0:
        assert out == 0


def test_a_remainder_too_light_for_a_grid_is_not_called_the_least_where_one_grid_would_be():
    graph = lattice(3, [200, 600, 200])
    division = divide(graph)
    assert not division.proven or division.out_of_band == least_out_of_band(graph) == 1


def test_a_unit_above_the_band_takes_a_grid_and_the_rest_keeps_it():
    graph = lattice(3, [620, 150, 200, 180, 170, 160])
    division = divide(graph)
    loads = sorted(graph.households[list(grid)].sum() for grid in grids_of(graph, division.assignment))
    assert loads[-1] == 620
    assert all(LOW <= load <= HIGH for load in loads[:-1])
    assert division.proven


@pytest.mark.parametrize("bounds", [(2, 2), (3, 3), (2, 3), (5, 5)])
def test_the_number_of_grids_asked_for_is_given(bounds):
    graph = lattice(4, [100] * 12)
    assert bounds[0] <= divide(graph, bounds).parts <= bounds[1]


def test_grids_that_cannot_keep_the_band_are_made_alike():
    graph = lattice(4, [100] * 12)
    division = divide(graph, (2, 2))
    loads = [graph.households[list(grid)].sum() for grid in grids_of(graph, division.assignment)]
    assert max(loads) - min(loads) <= 100


def test_seeds_lie_in_grids_of_their_own():
    graph = lattice(4, [100] * 12, locked={0: 0, 1: 1, 11: 2})
    division = divide(graph)
    assert len({int(division.assignment[unit]) for unit in (0, 1, 11)}) == 3


def test_no_barrier_is_crossed_where_another_number_of_grids_crosses_none():
    graph = lattice(3, [245] * 6)
    islands = UnitGraph(**{**vars(graph), "region": np.array([0, 1, 2, 0, 1, 2], np.int64)})
    division = divide(islands, effort=Effort())
    held = {(int(g), int(r)) for g, r in zip(division.assignment, islands.region, strict=True)}
    assert division.out_of_band == 0
    assert len(held) == division.parts == 3


def test_the_same_seed_gives_the_same_division():
    graph = lattice(6, [70 + 13 * (u % 7) for u in range(36)])
    assert (divide(graph).assignment == divide(graph).assignment).all()


@pytest.mark.parametrize(
    ("households", "numbers"),
    [(250, [1]), (400, [1]), (550, [1]), (600, [2]), (1600, [4, 5]), (1_000, [2, 3])],
)
def test_numbers_of_grids_worth_trying(households, numbers):
    assert grid_numbers(households, LOW, HIGH, None) == numbers
