"""Growth gives a first partition that annealing can start from."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from test_annealing import towns, usual
from test_search import contiguous, grids_of, lattice

from app.geo.growth import grow
from app.geo.partition import UnitGraph


@usual
@given(towns(), st.integers(2, 6), st.integers(0, 99))
def test_growth_gives_each_part_a_unit_and_one_piece(graph: UnitGraph, parts: int, seed: int):
    parts = min(parts, len(graph))
    assignment = grow(graph, parts, np.random.default_rng(seed))
    assert set(assignment.tolist()) == set(range(parts))
    assert all(contiguous(graph, grid) for grid in grids_of(graph, assignment))


def test_the_same_generator_grows_the_same_parts():
    graph = lattice(6, [70 + 13 * (u % 7) for u in range(36)])
    first, again = (grow(graph, 7, np.random.default_rng(3)) for _ in range(2))
    assert (first == again).all()
