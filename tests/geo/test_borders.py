"""Borders over open ground are drawn straight, and pass no dwelling to the other side."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from app.geo.borders import Chain, open_chains, relax_junctions, straighten

GROUND = shapely.box(0, 0, 300, 200)
NONE = np.array([], dtype=object)


def geometries(*shapes: BaseGeometry) -> np.ndarray:
    return np.array(shapes, dtype=object)


def drawn(
    points: list[tuple[float, float]],
    dwellings: np.ndarray = NONE,
    *,
    ground: BaseGeometry = GROUND,
    anchored: np.ndarray | None = None,
) -> shapely.LineString:
    rails = geometries(ground.boundary) if anchored is None else anchored
    return straighten(Chain(0, 1, shapely.LineString(points)), ground, rails, dwellings)


def sides(ground: BaseGeometry, border: BaseGeometry, dwellings: np.ndarray) -> list[bool]:
    """For each dwelling whether it lies on the side of the western edge; the border runs right across."""
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all([ground.boundary, border]))))
    west = pieces[np.argmin(shapely.get_coordinates(shapely.centroid(pieces))[:, 0])]
    return shapely.contains(west, shapely.centroid(dwellings)).tolist()


# Straightening


def test_without_dwellings_the_border_is_one_straight_line():
    line = drawn([(150, 0), (160, 40), (140, 80), (165, 120), (150, 200)])
    assert len(line.coords) == 2
    assert line.length == pytest.approx(200)


def test_a_bend_is_kept_where_a_dwelling_stands_in_the_way():
    """The dwelling lies east of the border, which has to go round it in the west."""
    house = geometries(shapely.box(130, 90, 170, 110))
    line = drawn([(150, 0), (150, 60), (120, 80), (120, 120), (150, 140), (150, 200)], house)
    assert line.distance(house[0]) > 0.5
    assert sides(GROUND, line, house) == [False]
    assert line.length < 215


def test_a_straightened_border_keeps_clear_of_walls():
    """The straight line would pass 30 cm beside the house: the border keeps 80."""
    house = geometries(shapely.box(150.3, 90, 170, 110))
    line = drawn([(150, 0), (120, 100), (150, 200)], house)
    assert line.distance(house[0]) >= 0.79
    assert line.length < 200.5


def test_a_dwelling_as_a_point_stays_on_its_side_too():
    point = geometries(shapely.Point(150, 100))
    line = drawn([(150, 0), (150, 60), (120, 80), (120, 120), (150, 140), (150, 200)], point)
    assert sides(GROUND, line, point) == [False]


def test_an_end_slides_along_the_outline_to_where_the_border_is_shortest():
    houses = geometries(shapely.box(10, 10, 30, 30), shapely.box(260, 10, 280, 30))
    line = drawn([(150, 0), (60, 90), (60, 200)], houses)
    assert line.length == pytest.approx(200)


def test_an_end_does_not_slide_round_a_corner_to_meet_the_other():
    """Nobody lives in the west, and it stays ground all the same."""
    assert drawn([(40, 0), (60, 100), (40, 200)]).length == pytest.approx(200)


def test_an_end_that_stands_on_nothing_stays():
    line = drawn([(150, 100), (140, 150), (150, 200)], anchored=geometries(shapely.LineString([(0, 200), (300, 200)])))
    assert line.coords[0] == (150, 100)


def test_no_end_slides_round_a_corner_past_a_dwelling():
    """The shortest way from edge to edge cuts a corner off, where somebody lives: it must stay beyond the house."""
    house = geometries(shapely.box(20, 20, 60, 32))
    line = drawn([(0, 150), (150, 150), (150, 0)], house, ground=shapely.box(0, 0, 300, 300))
    assert line.distance(house[0]) > 0.5
    assert sides(shapely.box(0, 0, 300, 300), line, house) == [True]
    assert line.length < 200


def test_a_border_does_not_leave_the_ground_of_its_two_grids():
    bay = GROUND - shapely.box(0, 80, 140, 120)
    line = drawn([(100, 0), (150, 60), (150, 140), (100, 200)], ground=bay)
    assert bay.buffer(0.03).covers(line)


def test_a_closed_border_stays():
    ring = [(100, 50), (200, 50), (200, 150), (100, 150), (100, 50)]
    assert drawn(ring).equals(shapely.LineString(ring))


@st.composite
def crossings(draw: st.DrawFn) -> tuple[list[tuple[float, float]], np.ndarray]:
    """A winding border from edge to edge, and houses that it misses."""
    steps = draw(st.integers(3, 14))
    xs = draw(st.lists(st.integers(40, 260), min_size=steps, max_size=steps))
    points = list(zip(map(float, xs), np.linspace(0, 200, steps).tolist(), strict=True))
    corners = draw(st.lists(st.tuples(st.integers(0, 28), st.integers(0, 18)), max_size=16, unique=True))
    houses = geometries(*(shapely.box(10 * x + 1, 10 * y + 1, 10 * x + 9, 10 * y + 8) for x, y in corners))
    return points, houses[shapely.distance(houses, shapely.LineString(points)) > 1] if len(houses) else houses


@settings(max_examples=120, deadline=None, derandomize=True)
@given(crossings())
def test_no_dwelling_changes_sides_and_no_border_grows(town):
    points, houses = town
    before = shapely.LineString(points)
    after = drawn(points, houses)
    assert after.is_simple
    assert after.length <= before.length + 1e-6
    assert sides(GROUND, after, houses) == sides(GROUND, before, houses)
    assert not shapely.intersects(houses, after).any()
    assert GROUND.buffer(0.03).covers(after)


# Stretches


def test_edges_are_joined_into_stretches_in_a_fixed_order():
    edges = np.array([[0, 0, 1, 0], [1, 0, 2, 0], [2, 0, 3, 1], [9, 9, 8, 9], [5, 5, 6, 6]], float)
    pair = np.array([[0, 1], [0, 1], [0, 1], [0, 1], [1, 2]])
    chains = open_chains(edges, pair)
    assert [(chain.left, chain.right, chain.line.length > 3) for chain in chains] == [
        (0, 1, True),
        (0, 1, False),
        (1, 2, False),
    ]
    shuffled = open_chains(edges[[3, 1, 4, 0, 2]], pair[[3, 1, 4, 0, 2]])
    assert [chain.line.normalize() for chain in shuffled] == [chain.line.normalize() for chain in chains]


# Junctions

WEST, NORTH, EAST = shapely.box(0, 0, 100, 100), shapely.box(0, 100, 300, 200), shapely.box(100, 0, 300, 100)
THREE = [shapely.LineString([end, (100, 100)]) for end in ((0, 100), (100, 0), (300, 100))]
PAIRS = [(0, 1), (0, 2), (1, 2)]


def relaxed(dwellings: np.ndarray = NONE, others: np.ndarray = NONE) -> list[shapely.LineString]:
    return relax_junctions(list(THREE), PAIRS, geometries(WEST, NORTH, EAST), dwellings, others)


def junction(lines: list[shapely.LineString]) -> shapely.Point:
    [point] = shapely.get_parts(shapely.intersection_all(lines))
    return point


def test_a_junction_moves_to_where_three_borders_are_shortest():
    lines = relaxed()
    place = junction(lines)
    total = sum(line.length for line in lines)
    assert total < sum(line.length for line in THREE) - 5
    angles = np.degrees([np.arctan2(line.coords[0][1] - place.y, line.coords[0][0] - place.x) for line in lines])
    assert np.allclose(np.diff(np.sort(angles)), 120, atol=3)  # Fermat's point


def test_a_junction_passes_no_dwelling():
    """South of the junction's line stands a house that belongs to the east and would come to the west."""
    house = geometries(shapely.box(101, 93, 110, 99))
    place = junction(relaxed(house))
    assert (place.x, place.y) == (100, 100)


def test_a_junction_on_a_street_stays():
    street = geometries(shapely.LineString([(-10, 100), (310, 100)]))
    assert junction(relaxed(others=street)).equals(shapely.Point(100, 100))
