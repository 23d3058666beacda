"""A page's shapes are the plan's: outlines to a fifth of a metre, streets and units to half of one, nothing torn."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from packed import lines_of, outlines_of, read_page, unpack
from toy_plan import draw_toy_plan

from app.maps.plan_page import draw_plan
from app.maps.plan_shapes import LINE_STEPS_PER_DEGREE, column_plan_shapes, pack_units
from app.maps.shapes import STEPS_PER_DEGREE

OFF_DEGREES = 2.5e-6
"""Two steps of an arc that was simplified, and half a step of rounding."""

LINES_OFF_DEGREES = 8e-6
"""The same on the coarser grid of lines."""


@pytest.fixture(scope="module")
def page(toy_plan):
    return read_page(draw_plan(toy_plan))


def test_outlines_are_those_of_the_plan(toy_plan, page):
    for level in ("grids", "communities"):
        for area, outline in zip(page[level], getattr(toy_plan, level).geometry, strict=True):
            (ring,) = area["rings"]
            assert shapely.hausdorff_distance(shapely.Polygon(ring), outline) <= OFF_DEGREES


def test_borders_and_outlines_of_communities_run_on_the_vertices_of_grids(toy_plan, page):
    places = {tuple(point) for grid in page["grids"] for ring in grid["rings"] for point in ring.tolist()}
    drawn = [ring for one in page["communities"] for ring in one["rings"]]
    drawn += [line for lines in page["borders"].values() for line in lines]
    kept = {tuple(point) for line in drawn for point in line.tolist()} - places
    assert len(kept) <= 2  # where a border of several kinds changes its kind along one side


def test_a_community_that_is_not_its_grids_keeps_its_own_outline(toy_plan):
    wider = shapely.buffer(toy_plan.communities.geometry.to_numpy(), 0.001, join_style="mitre")
    plan = replace(toy_plan, communities=toy_plan.communities.set_geometry(wider, crs=toy_plan.communities.crs))
    for area, outline in zip(read_page(draw_plan(plan))["communities"], wider, strict=True):
        assert shapely.hausdorff_distance(shapely.Polygon(area["rings"][0]), outline) <= OFF_DEGREES


def test_streets_are_those_of_the_plan(toy_plan, page):
    drawn = shapely.union_all([shapely.LineString(line) for lines in page["streets"].values() for line in lines])
    kept = toy_plan.streets[toy_plan.streets["highway"] != "construction"].geometry.union_all()
    assert drawn.buffer(LINES_OFF_DEGREES).contains(kept)
    assert kept.buffer(LINES_OFF_DEGREES).contains(drawn)


def test_units_are_drawn_by_their_own_borders_and_those_of_grids(toy_plan):
    units = toy_plan.units.geometry
    joined = [shapely.union_all(units[toy_plan.units["grid_code"] == code]) for code in toy_plan.grids["grid_code"]]
    plan = replace(toy_plan, grids=toy_plan.grids.set_geometry(joined, crs=toy_plan.grids.crs))
    own = [line / LINE_STEPS_PER_DEGREE for line in lines_of(unpack(pack_units(plan))[1], "unit")]
    arcs = [line / STEPS_PER_DEGREE for line in lines_of(column_plan_shapes(plan)[1], "arc")]
    inner, borders = (shapely.union_all([shapely.LineString(line) for line in lines]) for lines in (own, arcs))
    assert shapely.union(inner, borders).buffer(LINES_OFF_DEGREES).contains(shapely.union_all(units.boundary))
    assert inner.intersection(borders.buffer(LINES_OFF_DEGREES)).length < inner.length / 20


def test_grids_that_cross_themselves_are_drawn_as_they_are():
    plan = draw_toy_plan()
    bow = shapely.Polygon([(118.78, 32.04), (118.79, 32.05), (118.79, 32.04), (118.78, 32.05)])
    outlines = [shapely.MultiPolygon([bow]), *plan.grids.geometry[1:]]
    columns = column_plan_shapes(replace(plan, grids=plan.grids.set_geometry(outlines, crs=plan.grids.crs)))[1]
    steps = np.rint(shapely.get_coordinates(bow) * STEPS_PER_DEGREE).astype(int)
    found = {frozenset(map(tuple, pair)) for pair in pairwise(outlines_of(columns)[0].tolist())}
    assert found == {frozenset(map(tuple, pair)) for pair in pairwise(steps.tolist())}
