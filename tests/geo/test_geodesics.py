"""A path pulled taut is the shortest that leaves every obstacle on its side."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.geodesics import cut_triangles, pull_taut

GROUND = shapely.box(0, 0, 100, 60)


def pulled(points: list[tuple[float, float]], *holes: shapely.Polygon) -> shapely.LineString:
    free = GROUND - shapely.union_all(list(holes))
    return shapely.LineString(pull_taut(np.array(points, float), cut_triangles(free)))


def test_without_obstacles_a_path_becomes_straight():
    line = pulled([(5, 5), (30, 50), (50, 10), (95, 55)])
    assert line.length == pytest.approx(np.hypot(90, 50))


def test_a_path_bends_at_the_corners_of_what_it_goes_round():
    line = pulled([(5, 30), (50, 55), (95, 30)], shapely.box(40, 20, 60, 40))
    assert line.equals(shapely.LineString([(5, 30), (40, 40), (60, 40), (95, 30)]))


def test_an_obstacle_stays_on_its_side_though_the_other_way_round_is_shorter():
    line = pulled([(5, 30), (50, 58), (95, 30)], shapely.box(40, 10, 60, 50))
    assert line.equals(shapely.LineString([(5, 30), (40, 50), (60, 50), (95, 30)]))
    assert pulled([(5, 30), (50, 2), (95, 30)], shapely.box(40, 10, 60, 50)).bounds[1] == 10


def test_a_loop_that_goes_round_nothing_is_undone():
    assert pulled([(5, 30), (60, 30), (60, 50), (40, 50), (40, 20), (95, 30)]).length == pytest.approx(90)


def test_a_path_whose_ends_meet_is_a_point():
    assert len(pull_taut(np.array([[5.0, 5.0], [30.0, 30.0], [5.0, 5.0]]), cut_triangles(GROUND))) == 1


def test_a_path_that_starts_on_the_side_of_a_triangle_is_straight_too():
    assert pulled([(50, 0), (50, 30), (50, 60)]).length == pytest.approx(60)
    assert pulled([(0, 0), (50, 30), (100, 60)]).length == pytest.approx(np.hypot(100, 60))


@st.composite
def mazes(draw: st.DrawFn) -> tuple[list[tuple[float, float]], list[shapely.Polygon]]:
    """A winding path from edge to edge, and houses that it misses."""
    steps = draw(st.integers(3, 10))
    ys = draw(st.lists(st.integers(3, 57), min_size=steps, max_size=steps))
    points = list(zip(np.linspace(1, 99, steps).tolist(), map(float, ys), strict=True))
    corners = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=14, unique=True))
    houses = [shapely.box(10 * x + 2, 10 * y + 2, 10 * x + 8, 10 * y + 8) for x, y in corners]
    path = shapely.LineString(points)
    return points, [house for house in houses if house.distance(path) > 0.5]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(mazes())
def test_no_way_is_longer_than_the_path_nor_runs_through_an_obstacle_nor_passes_it_on_the_other_side(town):
    points, houses = town
    before, after = shapely.LineString(points), pulled(points, *houses)
    assert after.length <= before.length + 1e-9
    assert all(shapely.intersection(after, house.buffer(-1e-6)).length == 0 for house in houses)
    frame = [(99.0, 60.0), (1.0, 60.0)]
    above = [shapely.Polygon([*line.coords, *frame]).buffer(0) for line in (before, after)]
    for house in houses:
        centre = shapely.centroid(house)
        assert above[0].contains(centre) == above[1].contains(centre)
