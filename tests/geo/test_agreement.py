"""Joining what partitions agree on loses none of them, and changes neither the parts of a partition nor its energy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_annealing import charge, steps, towns, usual
from test_search import contiguous, grids_of, lattice

from app.geo.agreement import join_agreed
from app.geo.growth import grow
from app.geo.partition import Energy, UnitGraph


@usual
@given(towns(), st.integers(2, 5), st.integers(1, 4), st.integers(0, 99))
def test_a_partition_found_among_joined_units_is_one_of_the_units(graph: UnitGraph, parts: int, runs: int, seed: int):
    parts = min(parts, len(graph))
    energy = Energy(300, 500, 1_200.0, workload=50.0)
    starts = [grow(graph, parts, np.random.default_rng([seed, run])) for run in range(runs)]
    joined, coarse = join_agreed(graph, starts)
    for start in starts:
        of_joined = np.full(len(coarse), -1, np.int64)
        of_joined[joined] = start
        assert (of_joined[joined] == start).all()  # none of them is lost
        assignment, _, _, value = steps(coarse, of_joined, parts, energy, seed=seed)
        assert value == pytest.approx(charge(graph, assignment[joined], energy), rel=1e-6, abs=1e-3)
        grids = grids_of(graph, assignment[joined])
        assert len(grids) == parts
        assert all(contiguous(graph, grid) for grid in grids)


def test_only_what_all_keep_together_is_joined():
    """
    ```
    0 0 1 1  and  0 0 1 1  leave three units of 400, 300 and 100 households
    0 0 1 1       0 0 0 1
    ```
    """
    graph = lattice(4, [100] * 8)
    joined, coarse = join_agreed(graph, [np.array([0, 0, 1, 1, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 0, 0, 0, 1])])
    pieces = [np.flatnonzero(joined == unit).tolist() for unit in range(len(coarse))]
    assert sorted(pieces) == [[0, 1, 4, 5], [2, 3, 7], [6]]
    assert coarse.households.tolist() == [100 * len(piece) for piece in pieces]


def test_units_of_different_regions_and_units_that_no_border_holds_together_stay_apart():
    """One grid of two regions, in the first of which no border links the western column to the others."""
    graph = lattice(3, [100] * 6, missing=(0, 6), locked={4: 0})
    joined, coarse = join_agreed(replace(graph, region=np.array([0, 0, 0, 0, 0, 1], np.int64)), [np.zeros(6, np.int64)])
    pieces = [np.flatnonzero(joined == unit).tolist() for unit in range(len(coarse))]
    assert sorted(pieces) == [[0, 3], [1, 2, 4], [5]]
    assert coarse.region[joined].tolist() == [0, 0, 0, 0, 0, 1]
    assert coarse.locked[joined].tolist() == [-1, 0, 0, -1, 0, -1]
