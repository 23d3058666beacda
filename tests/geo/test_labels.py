"""Labels stand inside, names follow their street, and neighbours are found across small gaps."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from app.geo.labels import find_label_places, measure_shared, name_streets


def frame(*geometries):
    return np.array(geometries, dtype=object)


def test_label_stands_in_the_roomiest_part():
    bent = Polygon([(0, 0), (0.01, 0), (0.01, 0.001), (0.001, 0.001), (0.001, 0.01), (0, 0.01)])
    outline = MultiPolygon(
        [shapely.transform(bent, lambda xy: xy + np.array([118, 32])), box(118.1, 32, 118.12, 32.02)]
    )
    ((lon, lat, room_m),) = find_label_places(frame(outline))
    assert lon == pytest.approx(118.11, abs=2e-4)
    assert 32.005 < lat < 32.015
    assert room_m == pytest.approx(0.01 * 111_320 * np.cos(np.radians(32.01)), rel=0.02)


@pytest.mark.parametrize("corner", [(118.0, 32.0), (120.0, 50.0)])
def test_label_of_a_bent_grid_stands_inside(corner):
    bent = Polygon([(0, 0), (0.01, 0), (0.01, 0.001), (0.001, 0.001), (0.001, 0.01), (0, 0.01)])
    bent = shapely.transform(bent, lambda xy: xy + corner)
    ((lon, lat, _),) = find_label_places(frame(MultiPolygon([bent])))
    assert bent.contains(Point(lon, lat))


def test_no_polygons_no_places():
    assert find_label_places(frame()) == []


@pytest.mark.parametrize(
    ("end", "angle"), [((0.01, 0), 0), ((-0.01, 0), 0), ((0, 0.01), 90), ((0, -0.01), 90), ((0.01, -0.01), -45)]
)
def test_names_follow_their_street_and_are_never_upside_down(end, angle):
    line = LineString([(118, 0), (118 + end[0], end[1])])
    found = name_streets(frame("中山路"), frame(line))
    assert len(found) == round(line.length * 111_320 / 500)
    for name, lon, lat, turned, reach_m in found:
        assert name == "中山路"
        assert turned == pytest.approx(angle, abs=0.2)
        assert Point(lon, lat).distance(line) < 2e-6
        assert 400 <= reach_m <= 490


def test_a_street_in_pieces_is_named_as_one():
    pieces = [LineString([(118 + at / 1000, 32), (118 + (at + 1) / 1000, 32)]) for at in range(5)]
    assert len(name_streets(np.array(["一路"] * 5, dtype=object), frame(*pieces))) == 1


def test_a_name_keeps_to_the_straight_part_of_a_bend():
    bend = LineString([(118, 32), (118.001, 32), (118.001, 32.001), (118.002, 32.001)])
    ((_, _, _, _, reach_m),) = name_streets(frame("弯路"), frame(bend))
    assert reach_m < 130


def test_streets_without_a_name_or_too_short_for_one_stay_silent():
    short = LineString([(118, 32), (118.0002, 32)])
    assert name_streets(np.array(["", "短巷"], dtype=object), frame(LineString([(118, 32), (119, 32)]), short)) == []


METRE = 1 / 111_320


def test_sides_are_shared_across_small_gaps_but_corners_and_wide_gaps_are_not():
    side = 200 * METRE
    west, north = box(0, 0, side, side), box(0, side, side, 2 * side)
    east = box(side + 3 * METRE, 0, 2 * side, side)  # gapes by 3 m
    corner = box(side, side, 2 * side, 2 * side)  # meets west at a corner
    far = box(2 * side + 8 * METRE, 0, 3 * side, side)  # gapes by 8 m
    shared = measure_shared(frame(west, north, east, corner, far))
    assert set(shared) == {(0, 1), (0, 2), (1, 3), (2, 3)}
    assert shared[0, 1] == pytest.approx(200, abs=12)
    assert set(measure_shared(frame(west, north, east), {(0, 1)})) == {(0, 2)}


def test_nothing_shares_nothing():
    assert measure_shared(frame()) == {}
