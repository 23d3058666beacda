"""Annealing keeps grids in one piece, tells the truth of them, and leaves locked units where they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_search import contiguous, grids_of, lattice

from app.geo.annealing import anneal
from app.geo.growth import grow
from app.geo.partition import Energy, UnitGraph, band_distance

BAND = Energy(300, 500, float("inf"))
usual = settings(max_examples=40, deadline=None, derandomize=True)


@st.composite
def towns(draw: st.DrawFn) -> UnitGraph:
    """Connected ground of 4 to 30 units; some borders are too short to link, some are wanted or dear."""
    columns, n = draw(st.integers(2, 6)), draw(st.integers(4, 30))
    households = draw(st.lists(st.integers(0, 260), min_size=n, max_size=n))
    rng = np.random.default_rng(draw(st.integers(0, 1_000)))
    graph = lattice(columns, households, tuple(rng.choice(2 * n, draw(st.integers(0, n // 2)), replace=False).tolist()))
    row = np.repeat(np.arange(n), np.diff(graph.start))
    price = rng.uniform(-30, 150, (n, n)) * (rng.random((n, n)) < 0.9)
    reached = {0}
    while True:  # let every unit be reached: `build_graph` hands over no ground in pieces
        near = [
            k for k, (u, v) in enumerate(zip(row, graph.neighbour, strict=True)) if u in reached and v not in reached
        ]
        if not near:
            break
        linked = [k for k in near if graph.link[k]] or near[:1]
        for k in linked:
            u, v = int(row[k]), int(graph.neighbour[k])
            graph.link[(row == u) & (graph.neighbour == v)] = True
            graph.link[(row == v) & (graph.neighbour == u)] = True
            reached.add(v)
    return replace(
        graph,
        cost=(price + price.T)[row, graph.neighbour],
        persons=np.asarray(households) * rng.uniform(2, 4, n).round(1),
        workload=rng.integers(0, 9, n).astype(float),
        region=np.where(rng.random(n) < 0.8, rng.integers(0, 3, n), -1),
    )


def steps(
    graph: UnitGraph, start: np.ndarray, parts: int, energy: Energy = BAND, *, number: int = 3_000, seed: int = 0
):
    rng = np.random.default_rng(seed)
    return anneal(graph, start, parts, energy, steps=number, hot=300.0, cold=1.0, rng=rng)


def charge(graph: UnitGraph, assignment: np.ndarray, energy: Energy) -> float:
    """The energy of a partition, added up from its definition."""
    row = np.repeat(np.arange(len(graph)), np.diff(graph.start))
    total = float(graph.cost[assignment[row] != assignment[graph.neighbour]].sum() / 2)
    parts = int(assignment.max()) + 1
    mean, mean_work = graph.households.sum() / parts, graph.workload.sum() / parts
    for part in range(parts):
        inside = assignment == part
        households, persons = graph.households[inside].sum(), graph.persons[inside].sum()
        away = max(energy.low - households, households - energy.high, 0)
        total += energy.out_of_band * (away > 0) + energy.per_household * away
        crowd = max(persons - energy.max_persons, 0)
        total += energy.out_of_band * (crowd > 0) + energy.per_household * crowd / 3
        total += energy.balance * ((households - mean) / mean) ** 2 if mean else 0
        total += energy.workload * ((graph.workload[inside].sum() - mean_work) / mean_work) ** 2 if mean_work else 0
        area, x, y, s = (moment[inside].sum() for moment in (graph.area, graph.sx, graph.sy, graph.s2))
        inertia = s - (x * x + y * y) / area
        total += energy.shape * (1 - area * area / (2 * np.pi * inertia))
        total += energy.crossing * len(set(graph.region[inside].tolist()) - {-1})
    return total


@usual
@given(towns(), st.integers(2, 6), st.integers(0, 99))
def test_annealing_never_tears_a_part_nor_empties_one(graph: UnitGraph, parts: int, seed: int):
    parts = min(parts, len(graph))
    start = grow(graph, parts, np.random.default_rng(seed))
    assignment, *_ = steps(graph, start, parts, seed=seed)
    assert set(assignment.tolist()) == set(range(parts))
    assert all(contiguous(graph, grid) for grid in grids_of(graph, assignment))


@usual
@given(towns(), st.integers(2, 5), st.integers(0, 99))
def test_annealing_tells_the_truth_of_what_it_found(graph: UnitGraph, parts: int, seed: int):
    """Its sums are kept from move to move; what it returns is what adding up from nothing gives."""
    parts = min(parts, len(graph))
    energy = Energy(300, 500, 1_200.0, workload=50.0)
    start = grow(graph, parts, np.random.default_rng(seed))
    assignment, out, away, value = steps(graph, start, parts, energy, seed=seed)
    households = np.bincount(assignment, graph.households)
    crowd = np.maximum(np.bincount(assignment, graph.persons) - 1_200, 0)
    distance = band_distance(households, 300, 500) + crowd
    assert out == (distance > 1e-6).sum()
    assert away == pytest.approx(distance.sum(), abs=1e-6)
    assert value == pytest.approx(charge(graph, assignment, energy), rel=1e-6, abs=1e-3)


@usual
@given(towns(), st.integers(2, 5), st.integers(0, 99))
def test_the_best_met_is_no_worse_than_the_start(graph: UnitGraph, parts: int, seed: int):
    parts = min(parts, len(graph))
    start = grow(graph, parts, np.random.default_rng(seed))
    before = band_distance(np.bincount(start, graph.households, parts), 300, 500)
    _, out, away, _ = steps(graph, start, parts, seed=seed)
    assert (out, away) <= ((before > 0).sum(), before.sum() + 1e-6)


@usual
@given(towns(), st.integers(0, 99))
def test_locked_units_stay_where_they_are(graph: UnitGraph, seed: int):
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(graph), min(3, len(graph)), replace=False)
    locked = np.full(len(graph), -1, np.int64)
    locked[chosen] = np.arange(len(chosen))
    graph = replace(graph, locked=locked)
    start = grow(graph, len(chosen), rng)
    assignment, *_ = steps(graph, start, len(chosen), seed=seed)
    for result in (start, assignment):
        assert (result[chosen] == locked[chosen]).all()


def test_a_unit_takes_along_what_only_it_holds():
    """The middle unit touches the other grid, and the eastern one hangs on it: neither can change grids alone.

    ```
    300─100─100        grids 0 0 0    one of 500 and one of 200,     0 1 1    300 and 400
     │   │          ->       0 1      where the band is 300 to 420:  0 1
     0  200
    ```
    """
    graph = lattice(3, [300, 100, 100, 0, 200], missing=(6,))
    assignment, out, *_ = steps(graph, np.array([0, 0, 0, 0, 1]), 2, Energy(300, 420, float("inf")))
    assert assignment.tolist() == [0, 1, 1, 0, 1]
    assert out == 0


def test_a_border_that_is_wanted_is_kept_and_one_that_is_dear_is_not():
    """Four units in a row as two grids: the cheapest cut is the one that pays."""
    graph = lattice(4, [200, 200, 200, 200])
    cheap = {(0, 1), (1, 0)}
    row = np.repeat(np.arange(4), np.diff(graph.start))
    pairs = list(zip(row.tolist(), graph.neighbour.tolist(), strict=True))
    cost = np.array([-200.0 if pair in cheap else 300.0 for pair in pairs])
    energy = Energy(100, 700, float("inf"), shape=0.0, balance=0.0)
    assignment, *_ = steps(replace(graph, cost=cost), np.array([0, 0, 1, 1]), 2, energy)
    assert assignment[0] != assignment[1] == assignment[2] == assignment[3]


def test_regions_are_not_mixed_without_need():
    graph = replace(lattice(4, [100] * 8), region=np.array([0, 0, 1, 1] * 2, np.int64))
    start = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assignment, *_ = steps(graph, start, 2)
    assert assignment.tolist() in ([0, 0, 1, 1] * 2, [1, 1, 0, 0] * 2)


def test_the_start_is_left_as_it_was():
    graph = lattice(4, [100] * 12)
    start = grow(graph, 3, np.random.default_rng(0))
    before = start.copy()
    steps(graph, start, 3)
    assert (start == before).all()


def test_the_same_generator_gives_the_same_partition():
    graph = lattice(6, [70 + 13 * (u % 7) for u in range(36)])
    start = grow(graph, 7, np.random.default_rng(3))
    assert (steps(graph, start, 7, seed=4)[0] == steps(graph, start, 7, seed=4)[0]).all()
