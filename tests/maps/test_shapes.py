"""Geometries in a page are those of the plan to 1e-6 degrees."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon, box

from app.maps.shapes import STEPS_PER_DEGREE, encode_lines, encode_polygons


def decode(flat):
    return np.cumsum(np.reshape(flat, (-1, 2)), axis=0) / STEPS_PER_DEGREE


def frame(*geometries):
    return np.array(geometries, dtype=object)


degrees = st.tuples(st.floats(73, 135), st.floats(3, 54))


@given(st.lists(degrees, min_size=2, max_size=30, unique=True))
@settings(max_examples=50, deadline=None)
def test_lines_read_back_to_half_a_step(points):
    lines = encode_lines(frame(LineString(points)))
    kept = np.rint(np.array(points) * STEPS_PER_DEGREE)
    kept = kept[np.r_[True, np.diff(kept, axis=0).any(axis=1)]]
    if len(kept) < 2:
        assert lines == []
    else:
        assert np.abs(decode(lines[0]) * STEPS_PER_DEGREE - kept).max() < 0.01


def test_parts_and_holes_stay_apart():
    outline = MultiPolygon([Polygon(box(0, 0, 4, 4).exterior, [box(1, 1, 2, 2).exterior]), box(5, 5, 6, 6)])
    ((first, second),) = encode_polygons(frame(outline))
    rebuilt = [Polygon(decode(first[0]), [decode(first[1])]), Polygon(decode(second[0]))]
    assert MultiPolygon(rebuilt).equals(outline)


def test_parts_too_small_to_be_seen_are_left_out():
    outline = MultiPolygon([box(0, 0, 1, 1), box(2, 2, 2 + 1e-8, 2 + 1e-8)])
    ((only,),) = encode_polygons(frame(outline))
    assert Polygon(decode(only[0])).equals(box(0, 0, 1, 1))


def test_empty_parts_of_multilines_are_passed_over():
    assert encode_lines(frame(MultiLineString([[(0, 0), (0, 1)], [(1, 0), (1, 1)]]), MultiLineString())) == [
        [0, 0, 0, STEPS_PER_DEGREE],
        [STEPS_PER_DEGREE, 0, 0, STEPS_PER_DEGREE],
    ]
