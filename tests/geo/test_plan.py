"""Whole divisions of generated towns: every hard promise, the same plan from the same seed, no say for strangers."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from drawn_towns import HOME, broken_promises, divide, draw_layers, rows_of_slabs, towns
from hypothesis import HealthCheck, given, settings

from app.geo.division import assemble_plan, divide_community, prepare_tasks
from app.geo.layers import Layers
from app.geo.plan import Plan
from app.geo.rules import Rules

usual = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def as_text(plan: Plan) -> str:
    """Everything a plan says, to the last bit of its coordinates."""
    frames = (plan.grids, plan.units, plan.borders, plan.communities)
    return "\n".join(
        pd.DataFrame(frame.drop(columns="geometry")).to_csv() + "\n".join(shapely.to_wkb(frame.geometry, hex=True))
        for frame in frames
    )


def keeps_its_promises(layers: Layers) -> None:
    divided = divide(layers)
    assert broken_promises(divided) == {}
    assert shapely.is_valid(divided.plan.units.geometry.to_numpy()).all()
    grids = divided.plan.grids.groupby("community_code")["households"].sum()
    units = divided.plan.units.groupby("community_code")["households"].sum()
    assert (
        grids.to_dict()
        == units.to_dict()
        == divided.plan.communities.set_index("community_code")["households"].to_dict()
    )


@settings(usual, max_examples=15)
@given(towns())
def test_a_generated_town_keeps_every_hard_promise(layers):
    keeps_its_promises(layers)


@pytest.mark.long
@settings(usual, max_examples=120)
@given(towns())
def test_many_generated_towns_keep_every_hard_promise(layers):
    keeps_its_promises(layers)


@pytest.mark.parametrize("seed", [28, 52, 151])
def test_units_keep_their_ground_where_a_border_slides_away_from_a_wall(seed):
    community = shapely.Polygon([(0, 0), (340, 0), (293, 240), (-47, 240)])
    slabs = rows_of_slabs(community, slab=(24, 10), step=(30, 35))
    households = np.random.default_rng(seed).integers(0, 40, len(slabs)).astype(float)
    wall = ("wall", "", shapely.LineString([(-86, 7), (379, 41)]))
    keeps_its_promises(draw_layers(community, buildings=slabs, households=households, barriers=[wall]))


@settings(usual, max_examples=4)
@given(towns())
def test_the_same_seed_gives_the_same_plan(layers):
    assert as_text(divide(layers).plan) == as_text(divide(layers).plan)


def town_of_slabs(homes: dict[str, shapely.Geometry], **more: object) -> Layers:
    ground = shapely.union_all(list(homes.values()))
    return draw_layers(homes, buildings=rows_of_slabs(ground), households=36, **more)  # type: ignore[arg-type]


def test_a_community_that_touches_none_changes_no_other():
    near = {HOME: shapely.box(0, 0, 400, 300)}
    far = {"510000000009": shapely.box(5_000, 0, 5_300, 300)}
    alone, joined = divide(town_of_slabs(near)).plan, divide(town_of_slabs(near | far)).plan
    mine = joined.grids[joined.grids["community_code"] == HOME]
    assert mine.equals(alone.grids)


def test_the_order_of_communities_in_the_file_does_not_matter():
    homes = {HOME: shapely.box(0, 0, 400, 300), "510000000002": shapely.box(400, 0, 800, 300)}
    layers = town_of_slabs(homes)
    turned = replace(layers, communities=layers.communities.iloc[::-1].reset_index(drop=True))
    assert as_text(divide(layers).plan) == as_text(divide(turned).plan)


def test_borders_on_a_common_outline_end_on_vertices_of_both_communities():
    homes = {HOME: shapely.box(0, 0, 400, 300), "510000000002": shapely.box(400, 0, 800, 300)}
    street = [("residential", "横街", shapely.LineString([(0, 150), (400, 150)]))]
    plan = divide(town_of_slabs(homes, streets=street)).plan
    assert len(plan.grids) > 2
    flat = np.array([shape.geoms[0] for shape in plan.grids.geometry], dtype=object)
    assert shapely.is_empty(shapely.coverage_invalid_edges(flat)).all()


def test_vertices_of_the_outline_are_kept_to_the_last_bit():
    layers = town_of_slabs({HOME: shapely.Polygon([(0, 0), (400, 13), (411, 307), (-7, 290)])})
    plan = divide(layers).plan
    given_ones = {tuple(xy) for xy in shapely.get_coordinates(layers.communities.geometry.iloc[0]).tolist()}
    kept = {tuple(xy) for xy in shapely.get_coordinates(plan.grids.geometry.to_numpy()).tolist()}
    assert given_ones <= kept


@pytest.mark.parametrize("origin", [(-3.7, 40.4), (151.2, -33.9), (139.7, 35.7), (0.0, 0.1)])
def test_places_elsewhere_are_divided_too(origin):
    layers = draw_layers(
        shapely.box(0, 0, 400, 300), buildings=rows_of_slabs(shapely.box(0, 0, 400, 300)), households=30, origin=origin
    )
    divided = divide(layers)
    assert broken_promises(divided) == {}
    assert all(300 <= count <= 500 for count in divided.counts)


def test_persons_above_the_cap_are_kept_apart_or_said():
    ground = shapely.box(0, 0, 400, 300)
    slabs = rows_of_slabs(ground)
    layers = draw_layers(ground, buildings=slabs, households=36, persons=[250.0] * len(slabs))
    grids = divide(layers).plan.grids
    crowded = grids["persons"] > Rules().max_persons
    assert (grids.loc[crowded, "reason"].str.contains("人口")).all()
    assert grids["persons"].sum() == 250 * len(slabs)


def test_a_failed_neighbour_leaves_the_rest_of_the_plan_as_it_is():
    homes = {HOME: shapely.box(0, 0, 400, 300), "510000000009": shapely.box(5_000, 0, 5_300, 300)}
    layers = town_of_slabs(homes)
    first = divide_community(prepare_tasks(layers, Rules())[0], Rules(), seed=0)
    plan = assemble_plan([first], layers, {})
    assert isinstance(plan.grids, gpd.GeoDataFrame)
    assert set(plan.grids["community_code"]) == {HOME}
