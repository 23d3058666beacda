"""Urban, town and rural communities: which profile, which band, villages kept together, ways kept short."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from drawn_towns import broken_promises, cut_units, divide, draw_layers, rows_of_slabs

from app.geo.errors import UsageError
from app.geo.ground import prepare_tasks
from app.geo.layers import Layers
from app.geo.rules import Rules, profile_of
from app.geo.villages import cluster_dwellings

FIELDS = shapely.box(0, 0, 900, 300)
WEST, EAST = shapely.box(20, 60, 260, 240), shapely.box(620, 60, 860, 240)
HOUSES = [*rows_of_slabs(WEST), *rows_of_slabs(EAST)]
IN_WEST = len(rows_of_slabs(WEST))


def of_class(layers: Layers, code: str) -> Layers:
    return replace(layers, communities=layers.communities.assign(urban_rural_code=code))


def villages(households: float = 20, *, code: str = "220", **more) -> Layers:
    """Two villages of so many slabs each, with 360 m of fields between them and no street."""
    return of_class(draw_layers(FIELDS, buildings=HOUSES, households=households, **more), code)


@pytest.mark.parametrize(
    ("code", "profile"),
    [
        ("111", "urban"),
        ("112", "urban"),
        ("121", "town"),
        ("122", "town"),
        ("123", "town"),
        ("210", "rural"),
        ("220", "rural"),
        ("", "urban"),
    ],
)
def test_the_class_in_the_statistics_chooses_the_profile(code: str, profile: str):
    assert profile_of(code) == profile
    assert Rules().for_class(code).profile == profile


def test_one_profile_may_be_ruled_for_all():
    assert Rules(profile="town").for_class("220").profile == "town"


def test_only_a_profile_that_is_named_has_a_band_of_its_own():
    rules = Rules(bands=(("rural", 200, 400),))
    assert [
        (rules.for_class(code).min_households, rules.for_class(code).max_households) for code in ("220", "111")
    ] == [
        (200, 400),
        (300, 500),
    ]


@pytest.mark.parametrize(
    "wrong", [{"profile": "suburb"}, {"bands": (("suburb", 1, 2),)}, {"bands": (("rural", 3, 2),)}]
)
def test_what_is_no_profile_and_what_is_no_band_is_refused(wrong):
    with pytest.raises(UsageError):
        Rules(**wrong)


def test_the_band_of_a_profile_is_kept_and_checked():
    """560 households cannot keep 300–500; two grids of 280 keep 200–400."""
    layers = villages(280 / IN_WEST)
    assert divide(layers).card.values["in_band"] == 0
    divided = divide(layers, Rules(bands=(("rural", 200, 400),)))
    assert divided.counts == [280, 280]
    assert divided.card.values["in_band"] == 1
    assert broken_promises(divided) == {}


def test_the_band_of_a_profile_does_not_reach_others():
    divided = divide(villages(280 / IN_WEST, code="111"), Rules(bands=(("rural", 200, 400),)))
    assert divided.counts == [560]


@pytest.mark.parametrize(("code", "word"), [("111", "城区"), ("121", "镇区"), ("220", "农村")])
def test_a_reason_says_which_profile_it_is_measured_by(code: str, word: str):
    [reason] = divide(villages(4, code=code)).plan.grids["reason"]
    assert f"低于{word}下限300户" in reason


def test_dwellings_that_follow_each_other_are_one_village():
    points = shapely.points([(0, 0), (50, 0), (100, 0), (400, 0), (440, 30)])
    assert cluster_dwellings(points).tolist() == [0, 0, 0, 1, 1]


def test_villages_and_the_land_nearest_to_them_belong_together_in_the_country():
    cut = cut_units(villages(), Rules().for_class("220"))
    of_house = cut.units.group[cut.units.home]
    assert len(np.unique(of_house[:IN_WEST])) == len(np.unique(of_house[IN_WEST:])) == 1
    assert of_house[0] != of_house[-1]
    assert (cut.units.group >= 0).all()


def test_in_a_town_nobody_takes_clusters_for_villages():
    assert (cut_units(villages(code="111"), Rules().for_class("111")).units.group == -1).all()


def test_a_group_that_was_handed_in_comes_before_the_cluster():
    split = {"一组": shapely.box(20, 60, 140, 240), "二组": shapely.box(140, 60, 260, 240)}
    cut = cut_units(villages(8, groups=split), Rules().for_class("220"))
    assert len(np.unique(cut.units.group[cut.units.home[:IN_WEST]])) == 2


def test_points_name_the_villages_in_which_they_stand():
    layers = villages(groups={"张家湾": shapely.Point(140, 150), "李家坝": shapely.Point(740, 150)})
    [task] = prepare_tasks(layers, Rules())
    assert task.buildings["group"].tolist() == ["张家湾"] * IN_WEST + ["李家坝"] * (len(HOUSES) - IN_WEST)
    assert not len(task.groups)
    assert broken_promises(divide(layers)) == {}


def test_two_points_in_one_village_share_it_by_nearness():
    layers = villages(groups={"上院": shapely.Point(30, 150), "下院": shapely.Point(250, 150)})
    [task] = prepare_tasks(layers, Rules())
    named = task.buildings["group"].to_numpy()
    assert set(named[:IN_WEST]) == {"上院", "下院"}
    assert set(named[IN_WEST:]) == {""}  # no point stands near that village


def test_a_building_keeps_the_group_that_it_names():
    names = ["王家"] * len(HOUSES)
    layers = villages(groups={"张家湾": shapely.Point(140, 150)}, group=names)
    assert prepare_tasks(layers, Rules())[0].buildings["group"].tolist() == names


def test_the_longest_way_may_count_more_than_borders():
    """
    A main street 1,400 m long is the cheapest border there is, but leaves two strips of that length; nobody walks
    farther than 550 m if the grids lie side by side.
    """
    halves = [*rows_of_slabs(shapely.box(0, 0, 1400, 150)), *rows_of_slabs(shapely.box(0, 150, 1400, 300))]
    layers = draw_layers(
        shapely.box(0, 0, 1400, 300),
        buildings=halves,
        households=3,
        streets=[("primary", "长街", shapely.LineString([(-50, 150), (1450, 150)]))],
    )
    freely, shortly = divide(layers), divide(layers, Rules(max_walk_m=550))
    assert "长街" in set(freely.plan.borders["name"])
    assert "长街" not in set(shortly.plan.borders["name"])
    assert broken_promises(shortly) == {}
    assert "不超过550米" in shortly.plan.communities["message"].iloc[0]


def test_a_way_that_stays_too_long_is_said():
    message = divide(villages(), Rules(max_walk_m=50)).plan.communities["message"].iloc[0]
    assert message.startswith("最远步行超过50米：第一网格")
