"""Notices held against a drawn neighbourhood."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbourhood import GRIDS, NAMES, line, look

from app.geo.notices import read_notice
from app.geo.sides import describe_sides
from app.geo.sides_check import check_notice

EAST, SOUTH, WEST, NORTH = range(4)
AROUND = look(
    ("primary", "中山南路", line((-100, 0), (500, 0))),
    ("lane", "", line((200, -20), (200, 320))),
    ("water", "内秦淮河", line((402, -100), (402, 400))),
    ("street", "西段街", line((-50, 300), (120, 300))),
    ("street", "东段街", line((120, 300), (450, 300))),
    ("street", "远方路", line((-100, 900), (500, 900))),
    places={"奥园小区": shapely.box(5, 5, 195, 100)},
)


def check(text: str, row: int = 0, around=AROUND):
    return check_notice(read_notice(text), row, np.array(GRIDS, dtype=object), NAMES, around)


def test_a_true_notice_agrees_on_every_side():
    sides = check("东至通中山南路的无名巷，南至中山南路中线，西至社区边界，北至西段街、东段街")
    assert [side.verdict for side in sides] == ["agrees"] * 4
    assert [side.share for side in sides] == pytest.approx([1, 1, 1, 1], abs=0.06)


def test_part_of_a_side_is_told_with_its_share():
    north = check("北至东段街")[NORTH]
    assert north.verdict == "partly"
    assert north.share == pytest.approx(0.4, abs=0.06)
    assert north.ours == "西段街中线、东段街中线"


def test_most_of_a_side_is_enough():
    assert check("北至西段街")[NORTH].verdict == "agrees"


def test_a_name_of_another_side_is_not_found_and_said_where_it_is():
    side = check("东至中山南路，南至西段街")[EAST]
    assert side.verdict == "not_found"
    assert side.notes[0][0] == "“中山南路”不在东侧，在南侧"


def test_a_name_that_lies_away_is_not_found_and_said_how_far():
    side = check("北至远方路")[NORTH]
    assert side.verdict == "not_found"
    assert "距该侧约600米" in side.notes[0][0]


def test_a_name_that_nobody_knows_is_said_with_the_nearest_one():
    side = check("南至中山北路")[SOUTH]
    assert side.verdict == "unknown"
    assert side.notes[0][0] == "图上没有“中山北路”，名称最接近的是“中山南路”"


def test_one_unknown_name_among_known_ones_is_no_silent_pass():
    side = check("南至中山南路、凤凰台")[SOUTH]
    assert side.share == pytest.approx(1, abs=0.06)
    assert side.verdict == "partly"
    assert "凤凰台" in side.notes[0][0]


def test_a_known_name_that_bounds_nothing_is_no_silent_pass():
    assert check("南至中山南路、远方路")[SOUTH].verdict == "partly"


def test_a_side_that_is_not_told_is_missing():
    sides = check("东至无名巷，南至中山南路，北至西段街")
    assert [side.verdict for side in sides] == ["agrees", "agrees", "missing", "agrees"]


def test_the_order_of_the_sides_does_not_matter():
    assert check("东至无名巷，西至社区边界，南至中山南路，北至西段街") == check(
        "东至无名巷，南至中山南路，西至社区边界，北至西段街"
    )


def test_a_name_within_other_words_is_used_and_said():
    side = check("南至中山南路张吾祥湾")[SOUTH]
    assert side.verdict == "partly"
    assert "按其中的“中山南路”核对" in side.notes[0][0]


def test_a_centreline_that_is_not_the_border_is_said():
    kerb = look(("street", "解放街", line((-50, 310), (450, 310))))
    assert check("北至解放街", around=kerb)[NORTH].verdict == "agrees"
    side = check("北至解放街中线", around=kerb)[NORTH]
    assert side.verdict == "partly"
    assert side.notes[0][0] == "边界不在“解放街”中线上，相距约10米"


def test_what_is_said_to_be_included_has_to_lie_inside():
    text = "南至中山南路（含奥园小区）"
    assert check(text)[SOUTH].verdict == "agrees"
    assert check(text, row=1)[SOUTH].notes[0][0] == "“奥园小区”不在本网格内"


def test_open_ground_is_not_where_a_lane_runs():
    side = check("东至与第二网格之间空地")[EAST]
    assert side.verdict == "not_found"
    assert check("东至与第二网格之间空地", around=look())[EAST].verdict == "agrees"


def test_a_nameless_lane_told_by_something_far_away_is_said():
    side = check("东至通远方路的无名巷")[EAST]
    assert side.verdict == "partly"
    assert "距“远方路”约" in side.notes[0][0]


def test_words_for_any_river_or_railway_are_understood():
    rail = look(("rail", "", line((-100, 300), (500, 300))))
    assert check("东至河道", row=1)[EAST].verdict == "agrees"
    assert check("北至铁路", around=rail)[NORTH].verdict == "agrees"
    assert check("北至铁路")[NORTH].verdict == "not_found"


STREETS = st.lists(
    st.tuples(
        st.sampled_from(["primary", "street", "lane", "rail", "water", "wall"]),
        st.sampled_from(["", "甲路", "乙路", "丙巷", "丁河"]),
        st.lists(st.tuples(st.integers(-50, 450), st.integers(-50, 350)), min_size=2, max_size=3, unique=True),
    ),
    max_size=8,
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(STREETS)
def test_what_we_write_ourselves_agrees(drawing):
    around = look(*((kind, name, line(*points)) for kind, name, points in drawing))
    described = describe_sides(np.array(GRIDS, dtype=object), NAMES, around)
    for row, sides in enumerate(described):
        assert [side.verdict for side in check(sides.sentence(), row, around)] == ["agrees"] * 4
