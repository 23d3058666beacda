"""Points in grids: the same answer one by one and together, borders to the lowest code, metres that are metres."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj import Geod

from app.geo.lookup import NOWHERE, GridIndex, index_grids, metres_of_degree

# Nine grids in rows of three, each 0.01° wide, of two communities; the south-west corner is at 120°E 30°N.
#
#   B7 B8 B9        community B is handed in first,
#   B4 B5 B6        but A has the lower code
#   A1 A2 A3
WEST, SOUTH, STEP = 120.0, 30.0, 0.01


def square(column: int, row: int) -> shapely.Polygon:
    return shapely.box(WEST + column * STEP, SOUTH + row * STEP, WEST + (column + 1) * STEP, SOUTH + (row + 1) * STEP)


@pytest.fixture(scope="module")
def names() -> list[tuple[str, str]]:
    return [("B", f"B{3 * row + column + 1}") for row in (2, 1) for column in range(3)] + [
        ("A", f"A{column + 1}") for column in range(3)
    ]


@pytest.fixture(scope="module")
def index(names) -> GridIndex:
    squares = [square(column, row) for row in (2, 1) for column in range(3)] + [square(c, 0) for c in range(3)]
    return index_grids(squares, [community for community, _ in names], [grid for _, grid in names])


def name_at(index, names, row):
    return names[index.order[row]][1]


@pytest.mark.parametrize(
    ("longitude", "latitude", "grid"),
    [
        (120.005, 30.005, "A1"),
        (120.025, 30.025, "B9"),
        (120.01, 30.005, "A1"),  # between A1 and A2
        (120.005, 30.01, "A1"),  # between A1 and B4: the lower community
        (120.02, 30.02, "B5"),  # where B5, B6, B8 and B9 meet
        (120.0, 30.0, "A1"),  # the outermost corner
    ],
)
def test_a_point_is_in_one_grid_and_a_border_belongs_to_the_lowest_code(index, names, longitude, latitude, grid):
    assert name_at(index, names, index.find_point(longitude, latitude)) == grid
    assert name_at(index, names, index.find_points(np.array([[longitude, latitude]]))[0]) == grid


def test_many_points_at_once_are_found_as_one_by_one(index):
    xy = np.random.default_rng(5).uniform([119.995, 29.995], [120.035, 30.035], (2000, 2))
    xy[:500] = np.round(xy[:500], 2)  # on borders and corners
    together = index.find_points(xy)
    assert together.tolist() == [index.find_point(*point) for point in xy]
    assert NOWHERE in together
    assert set(together) == set(range(-1, 9))


def test_the_distance_to_the_border_agrees_with_the_ellipsoid(index):
    row = index.find_point(120.015, 30.014)
    _, _, down = Geod(ellps="GRS80").inv(120.015, 30.014, 120.015, 30.01)
    assert index.distance_to_border_m(row, 120.015, 30.014) == pytest.approx(down, rel=1e-4)
    row = index.find_point(120.018, 30.015)
    _, _, across = Geod(ellps="GRS80").inv(120.018, 30.015, 120.02, 30.015)
    assert index.distance_to_border_m(row, 120.018, 30.015) == pytest.approx(across, rel=1e-4)


def test_on_a_border_the_distance_is_nothing(index):
    assert index.distance_to_border_m(index.find_point(120.01, 30.005), 120.01, 30.005) == pytest.approx(0, abs=1e-6)


def test_outside_the_nearest_grid_is_told_in_metres(index, names):
    assert index.find_point(120.005, 29.99) == NOWHERE
    nearest = index.find_nearest(120.005, 29.99)
    assert nearest is not None
    assert name_at(index, names, nearest.row) == "A1"
    assert nearest.distance_m == pytest.approx(Geod(ellps="GRS80").inv(120.005, 29.99, 120.005, 30.0)[2], rel=1e-4)


def test_nearest_is_measured_in_metres_not_in_degrees():
    # The first lies 0.0110° to the north (1,230 m), the second 0.0115° to the east (920 m at 44°N).
    north, east = shapely.box(125.0, 44.011, 125.01, 44.02), shapely.box(125.0115, 43.99, 125.02, 44.0005)
    index = index_grids([north, east], ["A", "B"], ["A1", "B1"])
    nearest = index.find_nearest(125.0, 44.0)
    assert nearest is not None
    assert nearest.row == 1


def test_of_several_equally_near_the_lowest_code_is_named():
    index = index_grids([square(0, 0), square(0, 0)], ["B", "A"], ["B1", "A1"])
    nearest = index.find_nearest(119.99, 30.005)
    assert nearest is not None
    assert index.order[nearest.row] == 1


def test_an_index_of_nothing_finds_nothing():
    index = index_grids([], [], [])
    assert index.find_point(120, 30) == NOWHERE
    assert index.find_points(np.array([[120.0, 30.0]])).tolist() == [NOWHERE]
    assert index.find_nearest(120, 30) is None


def test_holes_are_no_part_of_a_grid_but_their_edges_are_border():
    ring = shapely.box(120, 30, 120.03, 30.03).difference(shapely.box(120.01, 30.01, 120.02, 30.02))
    index = index_grids([shapely.MultiPolygon([ring])], ["A"], ["A1"])
    assert index.find_point(120.015, 30.015) == NOWHERE
    _, across = metres_of_degree(30.015)
    assert index.distance_to_border_m(0, 120.015, 30.009) == pytest.approx(0.001 * across, rel=1e-3)


def test_what_was_handed_in_is_not_changed(index):
    given = [square(0, 0)]
    index_grids(given, ["A"], ["A1"])
    assert not shapely.is_prepared(given[0])
