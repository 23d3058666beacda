"""The exact solver: what it finds keeps the band in one piece each, and what it rules out does not exist."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_search import contiguous, grids_of, lattice, least_out_of_band

from app.geo.partition import UnitGraph
from app.geo.prove import MOST_VARIABLES, Exact, best_division

LOW, HIGH = 300, 500


def solve(
    graph: UnitGraph, numbers: list[int], *, most_out: int = 0, work: float = 5.0, max_persons: float = math.inf
) -> Exact:
    return best_division(graph, numbers, LOW, HIGH, max_persons, most_out=most_out, work=work)


def out_of_band(graph: UnitGraph, assignment: np.ndarray) -> int:
    loads = np.bincount(assignment, graph.households)
    return int(((loads < LOW) | (loads > HIGH)).sum())


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(2, 4),
    st.lists(st.integers(0, 420), min_size=3, max_size=9),
    st.sets(st.integers(0, 17), max_size=3),
)
def test_the_solver_agrees_with_brute_force(columns: int, households: list[int], missing: set[int]):
    """It finds a division with as few grids out of the band as there is, and shows that none has fewer."""
    graph = lattice(columns, households, tuple(missing))
    assume(contiguous(graph, frozenset(range(len(graph)))))
    least = least_out_of_band(graph)
    every = list(range(1, len(graph) + 1))
    found = solve(graph, every, most_out=least)
    assert found.assignment is not None
    assert out_of_band(graph, found.assignment) <= least
    assert all(contiguous(graph, grid) for grid in grids_of(graph, found.assignment))
    if least:
        fewer = solve(graph, every, most_out=least - 1)
        assert fewer.assignment is None
        assert fewer.none_exists


def test_grids_are_in_one_piece_where_the_numbers_alone_would_pair_the_ends():
    """Two heavy ends and two light middles: only neighbours may go together, so 250 and 50, twice."""
    graph = lattice(4, [250, 50, 50, 250])
    found = solve(graph, [2])
    assert found.assignment is not None
    assert found.assignment[0] == found.assignment[1] != found.assignment[2] == found.assignment[3]


def test_ends_that_would_have_to_go_together_are_proven_apart():
    graph = lattice(3, [160, 480, 160])  # the ends make 320 only together
    found = solve(graph, [1, 2, 3])
    assert found.assignment is None
    assert found.none_exists


def test_a_light_unit_may_be_a_grid_that_is_out_of_the_band():
    graph = lattice(2, [200, 480])
    assert solve(graph, [2], most_out=1).assignment is not None
    assert solve(graph, [2], most_out=0).none_exists


def test_ends_go_together_where_what_lies_between_them_goes_too():
    """The two lightest would be the first guess for a grid; with the middle one they are one."""
    ring = lattice(3, [145, 10, 145, 400, 400, 400], missing=(6,))
    found = solve(ring, [4])
    assert found.assignment is not None
    assert found.assignment[0] == found.assignment[1] == found.assignment[2]


def test_short_borders_hold_no_grid_together():
    graph = lattice(2, [200, 200], missing=(0,))
    assert solve(graph, [1]).none_exists


def test_locked_units_keep_their_grids():
    graph = lattice(4, [100] * 8, locked={0: 1, 7: 0})
    found = solve(graph, [2])
    assert found.assignment is not None
    assert found.assignment[[0, 7]].tolist() == [1, 0]


def test_too_many_persons_put_a_grid_out_of_the_band():
    graph = lattice(4, [100] * 8)
    crowded = UnitGraph(**{**vars(graph), "persons": np.full(8, 700.0)})
    assert solve(crowded, [2], max_persons=2_800).assignment is not None
    assert solve(crowded, [2], max_persons=2_799).none_exists


def test_out_of_work_nothing_is_claimed():
    graph = lattice(6, [137 + 31 * (u % 5) for u in range(36)])
    found = solve(graph, [9, 10, 11], work=1e-6)
    assert found.assignment is None
    assert not found.none_exists


@pytest.mark.parametrize("numbers", [[200], [2, 200]])
def test_a_model_too_large_to_solve_settles_nothing(numbers: list[int]):
    """590 households make no two grids of 300, but of two hundred grids nothing is known."""
    graph = lattice(25, [1] * 590)
    assert len(graph) * 200 > MOST_VARIABLES
    found = solve(graph, numbers)
    assert found.assignment is None
    assert not found.none_exists


def test_the_same_question_has_the_same_answer():
    graph = lattice(5, [137 + 31 * (u % 5) for u in range(20)])
    one, other = solve(graph, [8, 9, 10]), solve(graph, [8, 9, 10])
    assert one.assignment is not None
    assert (one.assignment == other.assignment).all()
    assert one.spent == other.spent
