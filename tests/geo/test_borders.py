"""Borders over open ground are drawn straight, and pass no dwelling to the other side."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from app.geo.borders import OPEN, STAYS, Stretch, border_stretches, straighten_borders

GROUND = shapely.box(0, 0, 300, 200)
NONE = np.array([], dtype=object)
LANE = 0.4


def geometries(*shapes: BaseGeometry) -> np.ndarray:
    return np.array(shapes, dtype=object)


def halves(ground: BaseGeometry, border: BaseGeometry) -> np.ndarray:
    """What a border cuts a ground into, from west to east; its ends stand on the edge to within two centimetres."""
    ends = shapely.points(shapely.get_coordinates(border)[[0, -1]])
    to_edge = shapely.shortest_line(ends, ground.boundary)
    whole = shapely.union_all([ground.boundary, border, *to_edge], grid_size=0.001)
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(whole)))
    pieces = pieces[shapely.area(pieces) > 1]
    return pieces[np.argsort(shapely.get_x(shapely.centroid(pieces)))]


def stretch(points: list[tuple[float, float]], price: list[float] | None = None) -> Stretch:
    return Stretch(0, 1, np.array(points, float), np.full(len(points) - 1, OPEN) if price is None else np.array(price))


def drawn(
    points: list[tuple[float, float]],
    dwellings: np.ndarray = NONE,
    *,
    ground: BaseGeometry = GROUND,
    price: list[float] | None = None,
) -> shapely.LineString:
    grids = halves(ground, shapely.LineString(points))
    [after] = straighten_borders([stretch(points, price)], grids, geometries(ground.boundary), dwellings)
    return shapely.LineString(after.xy)


def sides(ground: BaseGeometry, border: BaseGeometry, dwellings: np.ndarray) -> list[bool]:
    """For each dwelling whether it lies on the side of the western edge; the border runs right across."""
    west = halves(ground, border)[0]
    return shapely.contains(west, shapely.centroid(dwellings)).tolist()


# Straightening


def test_without_dwellings_the_border_is_one_straight_line():
    line = drawn([(150, 0), (160, 40), (140, 80), (165, 120), (150, 200)])
    assert len(line.coords) == 2
    assert line.length == pytest.approx(200, abs=0.05)


def test_a_bend_is_kept_where_a_dwelling_stands_in_the_way():
    """The dwelling lies east of the border, which has to go round it in the west."""
    house = geometries(shapely.box(130, 90, 170, 110))
    line = drawn([(150, 0), (150, 60), (120, 80), (120, 120), (150, 140), (150, 200)], house)
    assert line.distance(house[0]) > 0.5
    assert sides(GROUND, line, house) == [False]
    assert line.length < 215


def test_a_straightened_border_keeps_clear_of_walls():
    """The straight line would pass 30 cm beside the house: the border keeps about half a metre."""
    house = geometries(shapely.box(150.3, 90, 170, 110))
    line = drawn([(150, 0), (120, 100), (150, 200)], house)
    assert line.distance(house[0]) >= 0.4
    assert line.length < 200.5


def test_a_dwelling_as_a_point_stays_on_its_side_too():
    point = geometries(shapely.Point(150, 100))
    line = drawn([(150, 0), (150, 60), (120, 80), (120, 120), (150, 140), (150, 200)], point)
    assert sides(GROUND, line, point) == [False]


def test_an_end_slides_along_the_outline_to_where_the_border_is_shortest():
    houses = geometries(shapely.box(10, 10, 30, 30), shapely.box(260, 10, 280, 30))
    line = drawn([(150, 0), (60, 90), (60, 200)], houses)
    assert line.length == pytest.approx(200, abs=0.05)


def test_an_end_does_not_slide_round_a_corner_to_meet_the_other():
    """Nobody lives in the west, and it stays ground all the same."""
    assert drawn([(40, 0), (60, 100), (40, 200)]).length == pytest.approx(200, abs=0.05)


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
    hole = shapely.Polygon(ring)
    [after] = straighten_borders([stretch(ring)], geometries(GROUND - hole, hole), geometries(GROUND.boundary), NONE)
    assert after.xy.tolist() == np.array(ring, float).tolist()


def test_a_border_leaves_a_lane_early_where_that_saves_more_than_the_lane_does():
    """Up a lane, then back over open ground beyond the last house: the border turns off as soon as it has passed it."""
    house = geometries(shapely.box(40, 20, 60, 80))
    line = drawn([(100, 0), (100, 150), (0, 100)], house, price=[LANE, OPEN])
    assert shapely.LineString([(100, 0), (100, 60)]).within(line.buffer(0.01))
    assert line.length < 185


def test_a_border_follows_a_lane_to_its_end_where_it_goes_straight_on():
    ahead = [(100.0, 0.0), (100.0, 120.0), (100.0, 200.0)]
    assert drawn(ahead, price=[LANE, OPEN]).equals(shapely.LineString(ahead))


def test_a_fixed_border_is_not_left():
    fixed_then_open = [(100.0, 0.0), (100.0, 150.0), (0.0, 100.0)]
    line = drawn(fixed_then_open, price=[STAYS, OPEN])
    assert shapely.LineString(fixed_then_open[:2]).within(line.buffer(0.01))


def test_no_grid_is_left_hanging_by_a_hair():
    """Pulled straight, the border would pass 30 cm from the corner of the bay and cut the western grid in two."""
    ground = shapely.Polygon([(0, 0), (300, 0), (300, 200), (0, 200), (0, 110), (149.7, 100), (0, 90)])
    houses = geometries(shapely.box(20, 20, 40, 30), shapely.box(20, 170, 40, 180), shapely.box(250, 90, 260, 100))
    bowed = [(150.0, 0.0), (180.0, 60.0), (180.0, 140.0), (150.0, 200.0)]
    west = halves(ground, drawn(bowed, houses, ground=ground))[0]
    bodies = shapely.area(shapely.get_parts(west.buffer(-1.0)))
    assert (bodies > 200).sum() == 1


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
    assert after.length <= before.length + 0.03
    assert sides(GROUND, after, houses) == sides(GROUND, before, houses)
    assert not shapely.intersects(houses, after).any()
    assert GROUND.buffer(0.03).covers(after)


def test_edges_are_joined_into_stretches_in_a_fixed_order():
    edges = np.array([[0, 0, 1, 0], [1, 0, 2, 0], [2, 0, 3, 1], [9, 9, 8, 9], [5, 5, 6, 6]], float)
    pair = np.array([[0, 1], [0, 1], [0, 1], [0, 1], [1, 2]])
    price = np.array([OPEN, LANE, OPEN, OPEN, OPEN])
    stretches = border_stretches(edges, pair, price)
    assert [(one.left, one.right, len(one.price)) for one in stretches] == [(0, 1, 3), (0, 1, 1), (1, 2, 1)]
    assert sorted(stretches[0].runs) == [(0, 1), (2, 3)]
    order = [3, 1, 4, 0, 2]
    shuffled = border_stretches(edges[order], pair[order], price[order])
    for one, other in zip(stretches, shuffled, strict=True):
        assert shapely.LineString(one.xy).normalize() == shapely.LineString(other.xy).normalize()


# Junctions

WEST, NORTH, EAST = shapely.box(0, 0, 100, 100), shapely.box(0, 100, 300, 200), shapely.box(100, 0, 300, 100)
PAIRS = [(0, 1), (0, 2), (1, 2)]
ENDS = [(0, 100), (100, 0), (300, 100)]


def relaxed(dwellings: np.ndarray = NONE, *, price: float = OPEN) -> list[shapely.LineString]:
    """Three borders that meet in a T; nothing to slide their outer ends on."""
    three = [
        Stretch(*pair, np.array([end, (100, 100)], float), np.array([price if end != (100, 0) else OPEN]))
        for pair, end in zip(PAIRS, ENDS, strict=True)
    ]
    after = straighten_borders(three, geometries(WEST, NORTH, EAST), NONE, dwellings)
    return [shapely.LineString(one.xy) for one in after]


def junction(lines: list[shapely.LineString]) -> shapely.Point:
    [point] = shapely.get_parts(shapely.intersection_all(lines))
    return point


def test_a_junction_moves_to_where_three_borders_are_shortest():
    lines = relaxed()
    place = junction(lines)
    assert sum(line.length for line in lines) < 500 - 5
    angles = np.degrees([np.arctan2(line.coords[0][1] - place.y, line.coords[0][0] - place.x) for line in lines])
    assert np.allclose(np.diff(np.sort(angles)), 120, atol=3)  # Fermat's point


def test_a_junction_passes_no_dwelling():
    """South of the junction's line stands a house that belongs to the east and would come to the north."""
    house = geometries(shapely.box(101, 90, 110, 98))
    lines = relaxed(house)
    east = shapely.get_parts(shapely.polygonize([*lines, shapely.LineString([(300, 100), (300, 0), (100, 0)])]))
    assert shapely.contains(shapely.union_all(east), house[0])
    assert not any(line.intersects(house[0]) for line in lines)


def test_a_junction_on_a_street_stays():
    assert junction(relaxed(price=LANE)).equals(shapely.Point(100, 100))
