"""How far people walk from the middle of a grid, on drawn streets."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from app.geo.walks import farthest_walks


def walk(places, streets=(), households=None, grid=None) -> list[float]:
    count = len(places)
    return farthest_walks(
        np.array(places, float),
        np.ones(count) if households is None else np.array(households, float),
        np.zeros(count, np.int64) if grid is None else np.array(grid),
        1 if grid is None else max(grid) + 1,
        np.array([shapely.LineString(street) for street in streets], dtype=object),
    ).tolist()


def test_without_streets_a_way_is_a_third_longer_than_the_straight_line():
    assert walk([(0, 0), (200, 0)]) == pytest.approx([130])


def test_along_a_street_a_way_is_as_long_as_the_street():
    """The middle lies at (100, 50), 50 m from the street; both doors stand on it."""
    street = [(0, 0), (0, 100), (200, 100), (200, 0)]
    assert walk([(0, 0), (200, 0), (100, 150)], [street]) == pytest.approx([50 + 100 + 100])


def test_streets_that_meet_are_one_network():
    assert walk([(0, 0), (200, 0)], [[(0, 0), (100, 0)], [(100, 0), (200, 0)]]) == pytest.approx([100])


def test_where_no_street_leads_people_walk_straight_on():
    far = [[(5000, 5000), (5100, 5000)]]
    assert walk([(0, 0), (200, 0)], far) == pytest.approx([130])
    apart = [[(0, 0), (100, 0)], [(110, 50), (200, 50)]]
    assert walk([(0, 0), (200, 50)], apart)[0] == pytest.approx(1.3 * np.hypot(100, 25), rel=0.01)


def test_the_middle_goes_with_the_households():
    assert walk([(0, 0), (300, 0)], households=[2, 1]) == pytest.approx([260])


def test_each_grid_is_walked_by_itself_and_nobody_walks_in_an_empty_one():
    assert walk([(0, 0), (200, 0), (900, 0)], grid=[0, 0, 2]) == pytest.approx([130, 0, 0])
