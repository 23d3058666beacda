"""Divisions under every circumstance: parts, holes, tiny places, points, other systems, caps, barriers, seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from drawn_towns import HOME, Divided, broken_promises, divide, draw_layers, in_metres, rows_of_slabs
from geopandas.testing import assert_geodataframe_equal

from app.files.inputs import read_layers
from app.geo.division import divide_community, prepare_tasks
from app.geo.ground import lay_out
from app.geo.layers import Layers
from app.geo.rules import Rules

GROUND = shapely.box(0, 0, 400, 300)
SLABS = rows_of_slabs(GROUND)  # 7 in each of 9 rows


def general_grids(divided: Divided) -> np.ndarray:
    return in_metres(divided.plan.grids.query("kind == 'general'"))


def in_band(divided: Divided, rules: Rules | None = None) -> bool:
    rules = rules or Rules()
    return all(rules.min_households <= count <= rules.max_households for count in divided.counts)


def frames_of(layers: Layers) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    for field in fields(layers):
        if isinstance(frame := getattr(layers, field.name), gpd.GeoDataFrame):
            yield field.name, frame


# Odd communities


def test_a_community_in_parts_has_a_grid_that_holds_a_whole_part_more():
    """The eastern part has 80 households: they go with a grid of the western part, which stays one piece there."""
    part = shapely.box(600, 100, 700, 200)
    homes = [*SLABS, *rows_of_slabs(part)[:2]]
    divided = divide(draw_layers(shapely.MultiPolygon([GROUND, part]), buildings=homes, households=20))
    assert broken_promises(divided) == {}
    assert sum(divided.counts) == 20 * len(homes)
    assert in_band(divided)
    grids = general_grids(divided)
    [holder] = grids[shapely.intersects(grids, part)]
    assert holder.intersection(part).area == pytest.approx(part.area)
    assert shapely.get_num_geometries(holder) == 2


def test_parts_that_can_be_divided_by_themselves_share_no_grid():
    part = shapely.box(900, 0, 1300, 300)
    homes = [*SLABS, *rows_of_slabs(part)]
    divided = divide(draw_layers(shapely.MultiPolygon([GROUND, part]), buildings=homes, households=25))
    assert broken_promises(divided) == {}
    assert in_band(divided)
    assert set(shapely.get_num_geometries(general_grids(divided))) == {1}


def test_three_small_parts_are_one_grid():
    parts = [shapely.box(x, 0, x + 120, 100) for x in (0, 300, 900)]
    homes = [slab for part in parts for slab in rows_of_slabs(part)]
    divided = divide(draw_layers(shapely.MultiPolygon(parts), buildings=homes, households=400 // len(homes)))
    assert len(divided.counts) == 1
    assert broken_promises(divided) == {}


def test_a_community_around_another_one():
    inner = shapely.box(150, 100, 250, 200)
    homes = {HOME: GROUND - inner, "510000000002": inner}
    divided = divide(draw_layers(homes, buildings=SLABS, households=40))
    assert broken_promises(divided) == {}
    assert shapely.coverage_is_valid(divided.plan.grids.geometry.to_numpy())
    assert sum(divided.counts) == 40 * len(SLABS)


def test_communities_that_meet_in_a_corner():
    homes = {HOME: shapely.box(0, 0, 300, 300), "510000000002": shapely.box(300, 300, 600, 600)}
    slabs = [slab for home in homes.values() for slab in rows_of_slabs(home)]
    divided = divide(draw_layers(homes, buildings=slabs, households=25))
    assert broken_promises(divided) == {}
    assert in_band(divided)


@pytest.mark.parametrize(
    "ground", [shapely.box(0, 0, 4, 3), shapely.Polygon([(0, 0), (30, 0), (15, 20)]), shapely.box(0, 0, 300, 5)]
)
def test_a_tiny_community_is_one_grid(ground):
    divided = divide(draw_layers(ground, buildings=[ground.representative_point().buffer(1)], households=3))
    assert divided.counts == [3]
    assert divided.plan.grids["reason_code"].tolist() == ["total_indivisible"]
    assert broken_promises(divided) == {}


def test_a_community_where_nobody_lives_is_one_empty_grid():
    street = ("tertiary", "中街", shapely.LineString([(200, -50), (200, 350)]))
    divided = divide(draw_layers(GROUND, streets=[street]))
    assert divided.counts == [0]
    assert divided.plan.grids["reason_code"].tolist() == ["total_indivisible"]
    assert broken_promises(divided) == {}


def test_buildings_without_households_count_nothing_and_may_be_cut_by_streets():
    street = ("tertiary", "中街", shapely.LineString([(200, -50), (200, 350)]))
    factory = shapely.box(150, 100, 250, 200)
    divided = divide(draw_layers(GROUND, buildings=[factory], households=0, streets=[street]))
    assert divided.counts == [0]
    assert broken_promises(divided) == {}


def test_a_community_without_streets_is_divided_over_open_ground():
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=30))
    assert broken_promises(divided) == {}
    assert in_band(divided)
    assert set(divided.plan.borders["barrier"]) == {"open"}


def test_a_building_above_the_maximum_is_a_grid_with_its_reason():
    households = [30] * (len(SLABS) - 1) + [612]
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=households))
    assert broken_promises(divided) == {}
    heavy = divided.plan.grids.query("households > 500")
    assert heavy["reason_code"].tolist() == ["unit_too_heavy"]
    assert "612" in heavy["reason"].iloc[0]
    assert in_band(replace(divided, plan=replace(divided.plan, grids=divided.plan.grids.query("households <= 500"))))


# Dwellings as points


def test_dwellings_as_points():
    points = [slab.centroid for slab in SLABS]
    divided = divide(draw_layers(GROUND, buildings=points, households=30))
    assert broken_promises(divided) == {}
    assert in_band(divided)
    assert sum(divided.counts) == 30 * len(points)


def test_many_points_at_one_place_are_one_unit():
    """Forty flats of one tower, geocoded to its door: 600 households that no border parts."""
    tower = [shapely.Point(200, 150)] * 40
    others = [slab.centroid for slab in SLABS if slab.distance(tower[0]) > 40]
    divided = divide(draw_layers(GROUND, buildings=[*tower, *others], households=15))
    assert broken_promises(divided) == {}
    heavy = divided.plan.grids.query("households > 500")
    assert heavy["reason_code"].tolist() == ["proven_infeasible"]  # no building is too heavy by itself
    assert heavy["reason"].str.contains("同一位置的40栋楼即有600户").all()


def test_points_and_footprints_together():
    mixed = [slab if k % 3 else slab.centroid for k, slab in enumerate(SLABS)]
    divided = divide(draw_layers(GROUND, buildings=mixed, households=30))
    assert broken_promises(divided) == {}
    assert in_band(divided)


# Whatever the inputs' order, system and place


def test_the_order_of_rows_does_not_matter():
    homes = {HOME: GROUND, "510000000002": shapely.box(400, 0, 800, 300)}
    slabs = rows_of_slabs(shapely.box(0, 0, 800, 300))
    streets = [
        ("tertiary", "中街", shapely.LineString([(200, -50), (220, 350)])),
        ("residential", "横街", shapely.LineString([(-10, 150), (810, 160)])),
        ("service", "小巷", shapely.LineString([(-10, 75), (300, 75)])),
    ]
    compounds = {"甲": shapely.box(3, 3, 118, 130), "乙": shapely.box(240, 170, 390, 290)}
    households = np.arange(len(slabs)) % 40 + 10
    layers = draw_layers(homes, buildings=slabs, households=households, streets=streets, compounds=compounds)
    order = np.random.default_rng(5)
    shuffled = {
        name: frame.iloc[order.permutation(len(frame))].reset_index(drop=True) for name, frame in frames_of(layers)
    }
    plan, again = divide(layers).plan, divide(replace(layers, **shuffled)).plan
    assert len(plan.grids) > 6
    for frame, same in ((plan.grids, again.grids), (plan.units, again.units), (plan.borders, again.borders)):
        pd.testing.assert_frame_equal(pd.DataFrame(frame.to_wkb()), pd.DataFrame(same.to_wkb()))


def test_the_seed_changes_a_plan_and_nothing_else_does():
    layers = draw_layers(GROUND, buildings=SLABS, households=30)
    every = [divide(layers, seed=seed) for seed in range(4)]  # some end at the same division
    first, *others = (divided.plan.grids.to_wkb() for divided in every)
    assert any(not first.equals(other) for other in others)
    assert all(broken_promises(divided) == {} for divided in every)


def test_what_was_handed_in_is_left_as_it_was():
    layers = draw_layers(
        GROUND,
        buildings=SLABS,
        households=30,
        streets=[("tertiary", "中街", shapely.LineString([(200, -50), (200, 350)]))],
        compounds={"大院": shapely.box(3, 3, 118, 130)},
        seeds=[shapely.Point(50, 50)],
    )
    before = {name: frame.copy(deep=True) for name, frame in frames_of(layers)}
    task = prepare_tasks(layers, Rules())[0]
    task_before = task.buildings.copy(deep=True)
    divide_community(task, Rules(), seed=0)
    assert_geodataframe_equal(task.buildings, task_before)
    for name, frame in frames_of(layers):
        assert_geodataframe_equal(frame, before[name])


@pytest.mark.parametrize(
    ("epsg", "corner"),
    [
        (3857, (11_610_000, 3_570_000)),  # Chengdu, metres stretched by 1.16
        (32650, (680_000, 3_550_000)),  # Nanjing, UTM
        (27700, (530_000, 180_000)),  # London, another datum
        (2326, (835_000, 818_000)),  # Hong Kong
        (32719, (345_000, 6_297_000)),  # Santiago, south and west
    ],
)
def test_a_place_in_any_system_is_divided_and_keeps_its_outline(tmp_path: Path, epsg: int, corner: tuple[int, int]):
    """Written as files, read and divided: outlines straight in their own system are covered exactly."""

    def placed(shapes: list[shapely.Geometry]) -> gpd.GeoSeries:
        return gpd.GeoSeries(shapely.transform(np.array(shapes, dtype=object), lambda xy: xy + corner), crs=epsg)

    ground = shapely.Polygon([(0, 0), (420, 13), (411, 307), (-7, 290)])
    slabs = rows_of_slabs(ground)
    street = shapely.LineString([(200, -50), (215, 350)])
    written = {
        "communities": gpd.GeoDataFrame({"community_code": [HOME]}, geometry=placed([ground])),
        "streets": gpd.GeoDataFrame({"highway": ["tertiary"]}, geometry=placed([street])),
        "buildings": gpd.GeoDataFrame({"households": [30] * len(slabs)}, geometry=placed(slabs)),
    }
    for name, frame in written.items():
        frame.to_file(tmp_path / "town.gpkg", layer=name, driver="GPKG")
    layers, _ = read_layers({name: f"{tmp_path / 'town.gpkg'}:{name}" for name in written})
    divided = divide(layers)
    assert broken_promises(divided) == {}
    assert in_band(divided)
    assert sum(divided.counts) == 30 * len(slabs)
    assert divided.card.values["on_barrier"] > 0.2


# Numbers of grids, seeds, posts


@pytest.mark.parametrize("grids", [(4, 4), (5, 5), (4, 6)])
def test_as_many_grids_as_asked_for(grids: tuple[int, int]):
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=30), Rules(grids=grids))
    assert grids[0] <= len(divided.counts) <= grids[1]
    assert broken_promises(divided) == {}


def test_more_grids_than_the_band_allows_say_what_was_asked():
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=30), Rules(grids=(8, 8)))
    assert len(divided.counts) == 8
    assert set(divided.plan.grids["reason_code"]) == {"proven_infeasible"}
    assert divided.plan.grids["reason"].str.contains("要求分8个网格").all()
    assert broken_promises(divided) == {}


def test_one_grid_for_each_post():
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=30, posts=4))
    assert len(divided.counts) == 4


def test_each_seed_lies_in_a_grid_of_its_own():
    seeds = [shapely.Point(x, y) for x in (60, 330) for y in (50, 250)]
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=30, seeds=seeds))
    holders = [int(np.flatnonzero(shapely.intersects(general_grids(divided), seed))[0]) for seed in seeds]
    assert len(set(holders)) == 4
    assert broken_promises(divided) == {}


def test_seeds_as_areas():
    seeds = [shapely.box(20, 20, 120, 120), shapely.box(250, 150, 380, 280)]
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=30, seeds=seeds))
    grids = general_grids(divided)
    holders = [int(np.argmax(shapely.intersects(grids, shapely.point_on_surface(seed)))) for seed in seeds]
    assert holders[0] != holders[1]


# Barriers and fixed borders


def crossed_by(divided: Divided, line: shapely.LineString) -> np.ndarray:
    """The general grids that have more than a corner on both sides of a line right across the town."""
    sides = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all([GROUND.boundary, line]))))
    shares = shapely.area(shapely.intersection(general_grids(divided)[:, None], sides[None, :]))
    return np.flatnonzero((shares > 500).sum(axis=1) > 1)


LINE = shapely.LineString([(55.5, -10), (55.5, 310)])
"""Between the first and the second of seven columns of ten slabs, where grids would rather reach across."""


@pytest.mark.parametrize("kind", ["railway", "waterway"])
def test_no_grid_lies_on_both_sides_of_a_hard_barrier(kind: str):
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=36, barriers=[(kind, "", LINE)]))
    assert crossed_by(divided, LINE).size == 0
    assert in_band(divided)
    assert broken_promises(divided) == {}


def test_what_the_rules_do_not_list_is_no_hard_barrier():
    layers = draw_layers(GROUND, buildings=SLABS, households=36, barriers=[("railway", "", LINE)])
    for rules, held in ((Rules(), True), (Rules(hard_barriers=frozenset()), False)):
        [task] = prepare_tasks(layers, rules)
        assert (lay_out(task, rules).lines.hard != "").any() == held


def test_main_streets_may_be_made_hard_barriers():
    layers = draw_layers(GROUND, buildings=SLABS, households=36, streets=[("primary", "大道", LINE)])
    rules = Rules(hard_barriers=frozenset({"river", "railway", "motorway", "main street"}))
    divided = divide(layers, rules)
    assert crossed_by(divided, LINE).size == 0
    assert in_band(divided)


def test_a_barrier_is_crossed_by_one_grid_where_the_band_needs_it():
    """250 households west of the railway cannot be a grid by themselves."""
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=25, barriers=[("railway", "", LINE)]))
    assert crossed_by(divided, LINE).size == 1
    assert in_band(divided)
    assert broken_promises(divided) == {}


def test_a_fixed_border_is_a_border():
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=36, fixed=[LINE]))
    assert crossed_by(divided, LINE).size == 0
    assert broken_promises(divided) == {}


def test_a_fixed_border_that_ends_inside_is_a_border_as_far_as_it_goes():
    line = shapely.LineString([(55.5, -10), (55.5, 200)])
    divided = divide(draw_layers(GROUND, buildings=SLABS, households=36, fixed=[line]))
    edges = shapely.union_all(shapely.boundary(general_grids(divided)))
    assert edges.buffer(0.1).covers(shapely.LineString([(55.5, 0), (55.5, 200)]))


# Persons and workload


def test_persons_above_the_limit_make_more_grids():
    """1,512 households would be four grids; 9,450 persons at 2,500 a grid cannot be."""
    layers = draw_layers(GROUND, buildings=SLABS, households=24, persons=[150.0] * len(SLABS))
    divided = divide(layers)
    assert sum(divided.counts) == 24 * len(SLABS)
    over = divided.plan.grids["persons"] > 2500
    assert over.sum() == 0 or (divided.plan.grids.loc[over, "reason_code"] != "").all()
    assert divided.card.values["over_persons"] == 0


def test_persons_are_unknown_where_no_building_says():
    grids = divide(draw_layers(GROUND, buildings=SLABS, households=30)).plan.grids
    assert grids["persons"].isna().all()


@pytest.mark.parametrize("seed", range(3))
def test_workload_is_shared_alike_where_borders_cost_the_same(seed: int):
    """All elderly live in the west of a square for two grids: they share them if one lies south of the other."""
    ground = shapely.box(0, 0, 300, 300)
    slabs = rows_of_slabs(ground, slab=(12, 12), step=(30, 30))
    workload = [20.0 if slab.bounds[0] < 150 else 1.0 for slab in slabs]
    layers = draw_layers(ground, buildings=slabs, households=9, workload=workload)
    divided = divide(layers, Rules(workload="elderly"), seed=seed)
    centres = shapely.centroid(np.array(slabs, dtype=object))
    one, other = (np.array(workload)[shapely.contains(grid, centres)].sum() for grid in general_grids(divided))
    assert abs(one - other) < 0.15 * (one + other)
    assert in_band(divided)


# Communities that do not quite fit


def test_communities_that_overlap_a_little_count_each_dwelling_once():
    """They overlap by 3 m, which is left as it is; the dwelling there counts in the community of the lower code."""
    homes = {HOME: shapely.box(0, 0, 203, 300), "510000000002": shapely.box(200, 0, 400, 300)}
    between = shapely.box(200.5, 140, 202.5, 150)
    slabs = [*(slab for slab in SLABS if slab.bounds[2] < 200 or slab.bounds[0] > 203), between]
    divided = divide(draw_layers(homes, buildings=slabs, households=20))
    counts = divided.plan.grids.groupby("community_code")["households"].sum()
    assert counts.sum() == 20 * len(slabs)
    west = sum(slab.bounds[2] < 203 for slab in slabs)
    assert counts[HOME] == 20 * west


def test_a_dwelling_across_the_border_of_two_communities_counts_where_its_inner_point_lies():
    homes = {HOME: shapely.box(0, 0, 200, 300), "510000000002": shapely.box(200, 0, 400, 300)}
    across = shapely.box(180, 140, 205, 150)
    slabs = [*(slab for slab in SLABS if slab.bounds[2] < 175 or slab.bounds[0] > 210), across]
    divided = divide(draw_layers(homes, buildings=slabs, households=20))
    counts = divided.plan.grids.groupby("community_code")["households"].sum()
    assert counts[HOME] == 20 * sum(slab.centroid.x < 200 for slab in slabs)
    assert broken_promises(divided) == {}
