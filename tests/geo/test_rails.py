"""Ends of a border slide along the line on which they stand while that shortens it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.ops import substring

from app.geo.geodesics import cut_triangles
from app.geo.rails import Rail, tighten

FREE = cut_triangles(shapely.box(0, 0, 100, 100))
EDGE = shapely.LineString([(0, 0), (100, 0)])


def tightened(run: list[tuple[float, float]], *rails: Rail | None) -> tuple[np.ndarray, list[float]]:
    first, last = rails
    return tighten(np.array(run, float), (first, last), FREE)


def test_an_end_slides_to_the_foot_of_the_perpendicular():
    path, places = tightened([(20, 0), (50, 50), (60, 80)], Rail(EDGE, 20.0, 0.0), None)
    assert places == [pytest.approx(60), 0.0]
    assert path == pytest.approx(np.array([[60, 0], [60, 80]]))


def test_an_end_without_a_rail_stays():
    path, _ = tightened([(20, 0), (50, 50), (60, 80)], None, None)
    assert path.tolist() == [[20, 0], [60, 80]]


@pytest.mark.parametrize(("price", "place"), [(0.2, 0.0), (0.9, 80.0)])
def test_a_lane_is_left_early_only_where_that_saves_its_charge(price: float, place: float):
    """The border leaves the lane at (90, 0); at 0.2 a metre, leaving it earlier saves 1.2 m, and 3 m are asked."""
    lane = shapely.LineString([(90, 0), (10, 0)])
    assert tightened([(90, 0), (90, 60)], Rail(lane, 0.0, price), None)[1] == [pytest.approx(place), 0.0]


def test_an_end_does_not_slide_round_a_corner_to_a_nearer_place():
    """Nearest to (50, 30) is a point round two corners, past a place 42 m away."""
    bent = shapely.LineString([(40, 10), (0, 10), (0, 40), (50, 40)])
    path, places = tightened([(40, 10), (50, 30)], Rail(bent, 0.0, 0.0), None)
    assert places[0] == 0.0
    assert path.tolist() == [[40, 10], [50, 30]]


@st.composite
def places_on_lines(draw: st.DrawFn) -> tuple[shapely.LineString, float, float]:
    steps = draw(st.lists(st.tuples(st.integers(1, 9), st.integers(-9, 9)), min_size=1, max_size=6))
    line = shapely.LineString(np.cumsum([(0, 0), *steps], axis=0))
    shares = draw(st.tuples(st.integers(0, 16), st.integers(0, 16)))
    return line, *(line.length * share / 16 for share in shares)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(places_on_lines())
def test_the_way_along_a_rail_is_that_part_of_the_line(case):
    line, start, end = case
    way = Rail(line, start, 0.0).walk(end)
    if start == end:
        assert len(way) == 0
        return
    part = shapely.get_coordinates(substring(line, start, end))
    assert way == pytest.approx(part[1:])
