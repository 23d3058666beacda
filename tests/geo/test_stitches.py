"""Stitching gives both sides each other's vertices and moves none."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely

from app.geo.stitches import stitch


def test_both_sides_get_each_others_vertices():
    left = np.array([shapely.box(0, 0, 1, 0.5), shapely.box(0, 0.5, 1, 1)])
    right = np.array([shapely.MultiPolygon([shapely.box(1, 0, 2, 0.25)]), shapely.box(1, 0.25, 2, 1)])
    assert not shapely.coverage_is_valid([*left, *shapely.get_parts(right)])
    ours, theirs = stitch(left, right)
    assert shapely.coverage_is_valid([*ours, *shapely.get_parts(theirs)])
    assert theirs[0].geom_type == "MultiPolygon"
    for before, after in zip([*left, *right], [*ours, *theirs], strict=True):
        assert shapely.equals(before, after)
        kept = {tuple(xy) for xy in shapely.get_coordinates(before)}
        assert kept <= {tuple(xy) for xy in shapely.get_coordinates(after)}


def test_what_needs_nothing_is_returned_as_it_is():
    left, right = np.array([shapely.box(0, 0, 1, 1)]), np.array([shapely.box(1, 0, 2, 1), shapely.box(5, 5, 6, 6)])
    ours, theirs = stitch(left, right)
    assert ours[0] is left[0]
    assert theirs[0] is right[0]
    assert theirs[1] is right[1]


def test_vertices_come_in_order_along_an_edge_whichever_way_it_runs():
    heights = [0.0, 0.1, 0.35, 0.6, 1.0]
    right = np.array([shapely.box(1, low, 2, high) for low, high in pairwise(heights)])
    for left in (shapely.box(0, 0, 1, 1), shapely.reverse(shapely.box(0, 0, 1, 1))):
        ours, _ = stitch(np.array([left]), right)
        assert shapely.is_valid(ours[0])
        assert len(shapely.get_coordinates(ours[0])) == len(shapely.get_coordinates(left)) + 3


def test_holes_are_stitched_too():
    ring = shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2))
    inside = np.array([shapely.box(1, 1, 2, 1.5), shapely.box(1, 1.5, 2, 2)])
    ours, theirs = stitch(np.array([ring]), inside)
    assert shapely.coverage_is_valid([*ours, *theirs])


def test_inputs_are_left_alone():
    left, right = np.array([shapely.box(0, 0, 1, 1)]), np.array([shapely.box(1, 0.5, 2, 1)])
    before = shapely.to_wkb(left).tolist()
    stitch(left, right)
    assert shapely.to_wkb(left).tolist() == before
