"""Each promise is kept by a clean plan and broken, alone where that can be, by a planted fault."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import geopandas as gpd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from toy_town import EAST, WEST, dwellings, make_grids, make_layers, place

from app.geo.promises import HARD_PROMISES, PROMISE_WORDS, check_promises
from app.geo.rules import Rules

WEST_1, WEST_2, EAST_3, EAST_4 = (f"{code}00{serial}" for code in (WEST, EAST) for serial in (1, 2))


def with_shape(grids: gpd.GeoDataFrame, row: int, shape: shapely.Geometry) -> gpd.GeoDataFrame:
    """The same grids with one drawn otherwise, in metres."""
    shapes = list(grids.geometry)
    shapes[row] = place(shape)
    return grids.set_geometry(gpd.GeoSeries(shapes, index=grids.index, crs=grids.crs))


def test_a_clean_plan_keeps_every_promise():
    card = check_promises(make_grids(), make_layers(), Rules())
    assert card.broken == ()
    assert {name: card.values[name] for name in HARD_PROMISES if card.values[name] is not None} == dict.fromkeys(
        set(HARD_PROMISES) - {"compounds_split"}, 0
    )
    assert card.values["compounds_split"] is None  # there are no compounds to judge by
    assert card.places == ()
    assert list(card.values) == list(PROMISE_WORDS)


def test_scores_of_the_clean_plan():
    values = check_promises(make_grids(), make_layers(), Rules()).values
    assert values["in_band"] == values["in_band_divisible"] == values["in_band_households"] == 1.0
    assert (values["grids"], values["communities"], values["divisible_communities"]) == (4, 2, 2)
    assert values["grids_to_ideal"] == 1.0
    assert values["border_km"] == pytest.approx(0.8, rel=0.01)
    assert values["on_barrier"] == pytest.approx(0.5, abs=0.001)  # one border on a tertiary street, one on open ground
    assert values["cost"] == pytest.approx(400 * 0.20 + 400 * 1.00, rel=0.01)
    assert values["compact_mi"] == pytest.approx(12 / (5 * math.pi), abs=0.002)  # 1 : 2 rectangles
    assert values["compact_pp"] == pytest.approx(4 * math.pi * 2 / 36, abs=0.002)
    assert (values["max_dev"], values["cv"], values["slivers"], values["not_found"]) == (0, 0, 0, 0)


def gap(grids):
    return with_shape(grids, 0, shapely.box(10, 0, 200, 400))


def spill(grids):
    return with_shape(grids, 0, shapely.box(-10, 0, 200, 400))


def overlap(grids):
    return with_shape(grids, 0, shapely.box(0, 0, 210, 400))


def island(grids):
    """A piece of the first grid inside the second, too small to be a body of its own."""
    block = shapely.box(295, 195, 305, 205)
    grids = with_shape(grids, 0, shapely.MultiPolygon([shapely.box(0, 0, 200, 400), block]))
    return with_shape(grids, 1, shapely.difference(shapely.box(200, 0, 400, 400), block))


def neck(grids):
    """The second grid reaches through the first, all but a metre."""
    tongue = shapely.box(1, 195, 200, 205)
    grids = with_shape(grids, 0, shapely.difference(shapely.box(0, 0, 200, 400), tongue))
    return with_shape(grids, 1, shapely.union(shapely.box(200, 0, 400, 400), tongue))


def spike(grids):
    return with_shape(
        grids, 0, shapely.Polygon([(0, 0), (200, 0), (200, 400), (0, 400), (0, 200), (50, 200), (0, 200)])
    )


def loose_vertex(grids):
    return with_shape(grids, 0, shapely.Polygon([(0, 0), (200, 0), (200, 200), (200, 400), (0, 400)]))


def loose_vertex_between(grids):
    return with_shape(grids, 1, shapely.Polygon([(200, 0), (400, 0), (400, 200), (400, 400), (200, 400)]))


def same_code(grids):
    return grids.assign(grid_code=[WEST_1, WEST_2, WEST_1, EAST_4])


def strangers(grids):
    return grids.assign(community_code=[WEST, WEST, "519999999999", "519999999999"])


def wrong_count(grids):
    return grids.assign(households=[400, 401, 400, 400])


def false_special(grids):
    return grids.assign(kind=["general", "general", "general", "special"])


@pytest.mark.parametrize(
    ("fault", "broken", "count", "code"),
    [
        (gap, {"gap_m2"}, 4000, WEST),
        (spill, {"spill_m2"}, 4000, WEST),
        (overlap, {"overlap_m2", "edge_mismatch"}, 4000, WEST_1),
        (island, {"multipart"}, 1, WEST_1),
        (neck, {"necks"}, 1, WEST_1),
        (spike, {"invalid"}, 1, WEST_1),
        (loose_vertex, {"edge_mismatch"}, 2, WEST_1),
        (loose_vertex_between, {"edge_mismatch_between"}, 2, WEST_2),
        (same_code, {"duplicate_codes"}, 1, WEST_1),
        (strangers, {"unknown_community", "orphan_communities", "gap_m2"}, 2, EAST_3),
        (wrong_count, {"wrong_count"}, 1, WEST_2),
        (false_special, {"false_special"}, 1, EAST_4),
    ],
)
def test_a_planted_fault_breaks_its_promise(fault: Callable, broken: set[str], count: float, code: str):
    card = check_promises(fault(make_grids()), make_layers(), Rules())
    assert set(card.broken) == broken
    promise = next(name for name in card.broken)
    assert card.values[promise] == pytest.approx(count, rel=0.01)
    assert code in {place.code for place in card.places if place.promise == promise}


def where(card, promise: str) -> list[tuple[str, int, int]]:
    """Grid or community and metres east and north of the town's corner, of every place of a promise."""
    origin, east = place(shapely.Point(0, 0)), place(shapely.Point(1, 1))
    return [
        (
            spot.code,
            round((spot.longitude - origin.x) / (east.x - origin.x)),
            round((spot.latitude - origin.y) / (east.y - origin.y)),
        )
        for spot in card.places
        if spot.promise == promise
    ]


def test_places_lie_where_the_fault_is():
    assert where(check_promises(gap(make_grids()), make_layers(), Rules()), "gap_m2") == [(WEST, 5, 200)]
    assert where(check_promises(spill(make_grids()), make_layers(), Rules()), "spill_m2") == [(WEST, -5, 200)]
    assert where(check_promises(overlap(make_grids()), make_layers(), Rules()), "overlap_m2") == [(WEST_1, 205, 200)]
    assert where(check_promises(island(make_grids()), make_layers(), Rules()), "multipart") == [(WEST_1, 300, 200)]
    [(code, x, y)] = where(check_promises(neck(make_grids()), make_layers(), Rules()), "necks")
    assert code == WEST_1
    assert x <= 2
    assert 193 <= y <= 207


def test_a_hole_as_small_as_a_hand_is_a_gap():
    pierced = shapely.box(0, 0, 200, 400) - shapely.box(100, 100, 100.03, 100.03)
    card = check_promises(with_shape(make_grids(), 0, pierced), make_layers(), Rules())
    assert card.broken == ("gap_m2",)
    assert where(card, "gap_m2") == [(WEST, 100, 100)]


def test_a_gap_thinner_than_two_centimetres_is_rounding():
    card = check_promises(with_shape(make_grids(), 0, shapely.box(0.003, 0, 200, 400)), make_layers(), Rules())
    assert "gap_m2" not in card.broken


def test_an_exclave_may_hold_a_second_piece():
    """A community in parts has a grid in parts: one piece in each part is whole."""
    parts = shapely.MultiPolygon([shapely.box(0, 0, 400, 400), shapely.box(0, 500, 100, 600)])
    layers = make_layers(communities={WEST: parts, EAST: shapely.box(400, 0, 800, 400)})
    grids = with_shape(
        make_grids(), 0, shapely.MultiPolygon([shapely.box(0, 0, 200, 400), shapely.box(0, 500, 100, 600)])
    )
    assert check_promises(grids, layers, Rules()).broken == ()
    torn = shapely.MultiPolygon(
        [shapely.box(0, 0, 200, 400), shapely.box(0, 500, 40, 600), shapely.box(60, 500, 100, 600)]
    )
    assert check_promises(with_shape(grids, 0, torn), layers, Rules()).values["multipart"] == 1


def test_a_dwelling_in_no_grid_is_lost():
    card = check_promises(with_shape(make_grids(), 0, shapely.box(70, 0, 200, 400)), make_layers(), Rules())
    assert card.values["lost_households"] == 400
    assert ("lost_households", WEST, 400.0) in {(spot.promise, spot.code, spot.amount) for spot in card.places}
    assert {"gap_m2", "lost_households", "wrong_count"} <= set(card.broken)


def test_a_dwelling_on_a_border_may_count_on_either_side():
    layers = make_layers(buildings=[*dwellings()[1:], shapely.Point(200, 100)])
    for households in ((400, 400, 400, 400), (200, 600, 400, 400)):
        card = check_promises(make_grids(households=households), layers, Rules(max_households=700))
        assert card.values["wrong_count"] == 0
        assert card.values["lost_households"] == 0


def test_dwellings_as_points_are_counted_and_never_cut():
    points = [shapely.centroid(shape) for shape in dwellings()]
    card = check_promises(make_grids(), make_layers(buildings=points), Rules())
    assert card.broken == ()
    assert (card.values["wrong_count"], card.values["buildings_cut"]) == (0, 0)


def test_a_cut_dwelling():
    shapes = [shapely.box(190, 100, 230, 120), *dwellings()[1:]]  # a quarter in the first grid, the rest in the second
    card = check_promises(
        make_grids(households=(200, 600, 400, 400)),
        make_layers(buildings=shapes),
        Rules(max_households=700, min_households=100),
    )
    assert card.broken == ("buildings_cut",)
    assert card.values["buildings_cut"] == 1
    [(code, x, y)] = where(card, "buildings_cut")
    assert (code, x) == (WEST_2, 195)
    assert 100 < y < 120


def test_another_building_cut_is_a_score():
    shapes = [*dwellings(), shapely.box(190, 100, 210, 120)]
    layers = make_layers(buildings=shapes, households=[200.0] * 8 + [0.0])
    card = check_promises(make_grids(), layers, Rules())
    assert card.broken == ()
    assert card.values["other_buildings_cut"] == 1


@pytest.mark.parametrize(("highest", "split"), [(500, 1), (350, 0)])
def test_a_cut_compound_counts_up_to_the_maximum(highest: int, split: int):
    layers = make_layers(compounds={"幸福家园": shapely.box(20, 20, 380, 80)})  # two dwellings, 400 households
    card = check_promises(make_grids(), layers, Rules(min_households=100, max_households=highest))
    assert card.values["compounds_split"] == split
    assert (["幸福家园" in spot.words_zh for spot in card.places if spot.promise == "compounds_split"]) == [
        True
    ] * split


def test_a_compound_in_two_communities_is_not_held_together():
    layers = make_layers(compounds={"两界村": shapely.box(300, 20, 500, 380)})
    assert check_promises(make_grids(), layers, Rules()).values["compounds_split"] == 0


OUT_OF_BAND = Rules(min_households=410, max_households=500)


def test_outside_the_band_a_reason_names_the_households():
    grids = make_grids()
    assert check_promises(grids, make_layers(), OUT_OF_BAND).values["unexplained"] == 4
    told = grids.assign(reason="全社区 800 户不可分，本网格 400 户", reason_code="total_indivisible")
    assert check_promises(told, make_layers(), OUT_OF_BAND).broken == ()
    other_number = grids.assign(reason="本网格 1400 户", reason_code="total_indivisible")
    assert check_promises(other_number, make_layers(), OUT_OF_BAND).values["unexplained"] == 4
    no_code = grids.assign(reason="本网格 400 户")
    assert check_promises(no_code, make_layers(), OUT_OF_BAND).values["unexplained"] == 4


def test_thousands_may_be_separated_in_a_reason():
    grids = make_grids(households=(1400, 400, 400, 400)).assign(reason="本网格 1,400 户", reason_code="not_found")
    layers = make_layers(households=[700.0, 700, 200, 200, 200, 200, 200, 200])
    assert check_promises(grids, layers, Rules()).values["unexplained"] == 0


def test_a_reason_that_arithmetic_refutes():
    divisible = Rules(min_households=450, max_households=800)
    grids = make_grids().assign(reason="400 户", reason_code="total_indivisible")
    assert check_promises(grids, make_layers(), divisible).broken == ("false_reason",)
    heavy = make_grids().assign(reason="400 户", reason_code="unit_too_heavy")
    assert check_promises(heavy, make_layers(), OUT_OF_BAND).values["false_reason"] == 4
    assert (
        check_promises(heavy, make_layers(), Rules(min_households=100, max_households=150)).values["false_reason"] == 0
    )


def test_a_heavy_compound_is_a_heavy_unit():
    rules = Rules(min_households=100, max_households=300)
    grids = make_grids().assign(reason="400 户", reason_code="unit_too_heavy")
    one = {"大院": shapely.box(20, 20, 80, 380)}
    assert check_promises(grids, make_layers(compounds=one), rules).values["false_reason"] == 3


def test_not_found_is_counted():
    grids = make_grids().assign(reason="400 户", reason_code="not_found")
    assert check_promises(grids, make_layers(), OUT_OF_BAND).values["not_found"] == 4


def test_a_special_grid_that_its_site_fills_has_no_band():
    layers = make_layers(sites={"第一中学": shapely.box(600, 0, 800, 300)}, households=[200.0] * 6 + [0, 0])
    grids = make_grids(households=(400, 400, 400, 0)).assign(kind=["general", "general", "general", "special"])
    card = check_promises(grids, layers, Rules())
    assert card.broken == ()
    assert card.values["in_band"] == 1.0


def test_grids_outside_the_band_are_places_with_their_reason():
    told = make_grids().assign(reason="本网格 400 户", reason_code="total_indivisible")
    places = [spot for spot in check_promises(told, make_layers(), OUT_OF_BAND).places if spot.promise == "in_band"]
    assert [spot.amount for spot in places] == [400] * 4
    assert "不足 410 户，缺 10 户" in places[0].words_zh
    assert "本网格 400 户" in places[0].words_zh


def test_persons_have_a_limit_where_they_are_known():
    layers = make_layers()
    assert check_promises(make_grids(), layers, Rules()).values["over_persons"] is None
    layers.buildings["persons"] = [1300.0, 1201, 1250, 1250, 9000, float("nan"), 1, 1]
    card = check_promises(make_grids(), layers, Rules())
    assert card.values["over_persons"] == 2
    assert [spot.code for spot in card.places] == [WEST_1, EAST_3]
    assert card.places[0].words_zh == "2501 人，超过 2500 人，多 1 人"


def test_hand_drawn_grids_need_only_their_shape():
    drawn = make_grids()[["geometry"]]
    card = check_promises(drawn, make_layers(), Rules())
    assert card.broken == ()
    assert [card.values[name] for name in ("wrong_count", "unexplained", "false_reason", "not_found")] == [None] * 4
    assert card.values["in_band"] == 1.0
    assert card.values["border_km"] == pytest.approx(0.8, rel=0.01)


def test_hand_drawn_grids_may_be_empty_of_people():
    shapes = [shapely.box(0, 0, 200, 400), shapely.box(200, 0, 300, 400), shapely.box(300, 0, 400, 400)]
    drawn = make_grids([*shapes, shapely.box(400, 0, 800, 400)], homes=(WEST, WEST, WEST, EAST))
    card = check_promises(drawn.drop(columns=["households", "reason", "kind"]), make_layers(), Rules())
    empty = [spot for spot in card.places if spot.words_zh.startswith("空网格")]
    assert [spot.code for spot in empty] == [f"{WEST}002"]
    assert card.values["in_band"] == 0.5


@pytest.mark.parametrize(
    "scrap",
    [
        None,
        shapely.Polygon(),
        shapely.LineString([(0, 0), (200, 400)]),
        shapely.Point(3, 3),
        shapely.Polygon([(0, 0), (200, 400), (200, 0), (0, 400)]),
        shapely.from_wkt("POLYGON ((0 0, inf 5, 200 0, 0 0))"),
        shapely.GeometryCollection([shapely.box(0, 0, 200, 400), shapely.LineString([(0, 0), (9, 9)])]),
    ],
)
def test_scraps_among_hand_drawn_grids_are_told_not_fatal(scrap):
    shapes = [scrap if scrap is None else place(scrap), *make_grids().geometry[1:]]
    drawn = make_grids().set_geometry(gpd.GeoSeries(shapes, crs=4490))
    card = check_promises(drawn, make_layers(), Rules())
    assert card.values["invalid"] == 1
    assert [spot.code for spot in card.places if spot.promise == "invalid"] == [WEST_1]


def test_a_grid_on_the_other_side_of_the_earth_is_told_not_fatal():
    shapes = [shapely.box(-70, 10, -69.9, 10.1), *make_grids().geometry[1:]]
    card = check_promises(make_grids().set_geometry(gpd.GeoSeries(shapes, crs=4490)), make_layers(), Rules())
    assert (card.values["invalid"], card.values["lost_households"]) == (1, 400)


def test_a_count_that_is_missing_is_not_wrong():
    card = check_promises(make_grids().assign(households=[400, float("nan"), 400, 400]), make_layers(), Rules())
    assert card.broken == ()
    assert card.values["in_band"] == 1.0


def test_no_grids_at_all():
    card = check_promises(make_grids().iloc[:0], make_layers(), Rules())
    assert card.broken == ("gap_m2", "orphan_communities", "lost_households")
    assert card.values["lost_households"] == 1600
    assert card.values["in_band"] is None


def test_without_streets_every_border_is_open():
    layers = make_layers()
    values = check_promises(make_grids(), replace(layers, streets=layers.streets.iloc[:0]), Rules()).values
    assert values["on_barrier"] == 0
    assert values["cost"] == pytest.approx(800, rel=0.01)


def test_without_buildings_the_grids_are_believed():
    layers = make_layers()
    card = check_promises(make_grids(), replace(layers, buildings=layers.buildings.iloc[:0]), Rules())
    assert card.broken == ()
    assert [card.values[name] for name in ("lost_households", "wrong_count", "buildings_cut")] == [None] * 3
    assert card.values["in_band"] == 1.0


def test_two_zones_are_measured_each_in_its_own():
    """The line between two 3-degree zones (103.5° E) runs between the communities."""
    origin = (103.5 - 400 / 95_966.0, 30.5)
    card = check_promises(make_grids(origin=origin), make_layers(origin=origin), Rules())
    assert card.broken == ()
    assert card.values["border_km"] == pytest.approx(0.8, rel=0.01)
    faulty = make_grids(origin=origin).assign(households=[400, 400, 399, 400])
    assert [spot.code for spot in check_promises(faulty, make_layers(origin=origin), Rules()).places] == [EAST_3]


def test_inputs_are_left_alone():
    grids, layers = make_grids(), make_layers()
    before, buildings = grids.copy(deep=True), layers.buildings.copy(deep=True)
    check_promises(gap(grids), layers, Rules())
    check_promises(grids, layers, Rules())
    assert_geodataframe_equal(grids, before)
    assert_geodataframe_equal(layers.buildings, buildings)


def test_every_promise_has_words_in_both_languages():
    assert set(HARD_PROMISES) < set(PROMISE_WORDS)
    assert all(zh and en for zh, en in PROMISE_WORDS.values())
