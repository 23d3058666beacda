"""Lines on which borders may run: what is a street on the ground, what is hard, how ends meet and are carried on."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from app.geo.arrangement import noded
from app.geo.rules import Rules
from app.geo.streets import BarrierLines, carry_on_dead_ends, collect_barriers, pieces_within

GROUND = shapely.box(0, 0, 200, 200)
HARD = Rules().hard_barriers
ACROSS = shapely.LineString([(0, 100), (200, 100)])


def streets(*rows: tuple[str, BaseGeometry], tunnel: bool = False) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"highway": [kind for kind, _ in rows], "name": [f"{k}路" for k in range(len(rows))], "tunnel": tunnel},
        geometry=[line for _, line in rows],
        crs=4544,
    ).astype({"tunnel": bool})


def barriers(*rows: tuple[str, BaseGeometry], tunnel: bool = False) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"kind": [kind for kind, _ in rows], "name": "", "tunnel": tunnel},
        geometry=[line for _, line in rows],
        crs=4544,
    ).astype({"tunnel": bool})


def collected(ways: gpd.GeoDataFrame, stops: gpd.GeoDataFrame, hard: frozenset[str] = HARD) -> list[tuple[str, str]]:
    lines: BarrierLines = collect_barriers(ways, stops, hard)
    return list(zip(lines.barrier.tolist(), lines.hard.tolist(), strict=True))


# What is a line


@pytest.mark.parametrize(
    ("highway", "barrier", "hard"),
    [
        ("motorway", "motorway", "motorway"),
        ("快速路", "motorway", "motorway"),
        ("primary", "primary", ""),
        ("trunk_link", "trunk", ""),
        ("次干路", "secondary", ""),
        ("residential", "street", ""),
        ("footway", "lane", ""),
        ("街巷", "lane", ""),
    ],
)
def test_classes_of_streets(highway: str, barrier: str, hard: str):
    assert collected(streets((highway, ACROSS)), barriers()) == [(barrier, hard)]


@pytest.mark.parametrize("highway", ["construction", "proposed", "corridor", "elevator", "platform"])
def test_what_is_no_street_on_the_ground_is_left_out(highway: str):
    assert collected(streets((highway, ACROSS)), barriers()) == []


def test_tunnels_divide_nobody():
    assert collected(streets(("primary", ACROSS), tunnel=True), barriers(("railway", ACROSS), tunnel=True)) == []


def test_main_streets_are_hard_only_where_the_rules_say_so():
    assert collected(streets(("primary", ACROSS)), barriers(), HARD | {"main street"}) == [("primary", "main street")]


@pytest.mark.parametrize(
    ("kind", "shape", "expected"),
    [
        ("railway", ACROSS, ("rail", "railway")),
        ("waterway", ACROSS, ("water", "river")),
        ("wall", ACROSS, ("wall", "")),
        ("hedge", ACROSS, ("wall", "")),
        ("water", shapely.box(50, 50, 90, 90), ("water", "")),  # a pond
        ("water", shapely.box(20, 20, 190, 190), ("water", "river")),  # a lake
    ],
)
def test_kinds_of_barriers(kind: str, shape: BaseGeometry, expected: tuple[str, str]):
    assert collected(streets(), barriers((kind, shape))) == [expected]


def test_water_with_a_river_in_it_is_hard_on_its_banks():
    banks = shapely.box(0, 90, 200, 110)
    assert collected(streets(), barriers(("water", banks), ("waterway", ACROSS))) == [("water", "river")] * 2


def test_areas_become_their_outlines():
    lines = collect_barriers(streets(), barriers(("water", shapely.box(50, 50, 90, 90))), HARD)
    assert shapely.length(lines.geometry).tolist() == [160]


# Inside the outline


def test_pieces_keep_the_row_of_their_line():
    pieces, rows = pieces_within(
        np.array([shapely.LineString([(-50, 50), (250, 50)]), shapely.LineString([(100, -50), (100, 250)])]), GROUND
    )
    total = [float(shapely.length(pieces[rows == k]).sum()) for k in (0, 1)]
    assert total == pytest.approx([200, 200])


def test_a_street_along_the_outline_is_the_outline():
    pieces, _ = pieces_within(np.array([shapely.LineString([(-50, 2), (250, 2)])], dtype=object), GROUND)
    assert len(pieces) == 0


def test_a_street_that_meets_the_outline_reaches_it():
    pieces, _ = pieces_within(np.array([shapely.LineString([(100, -50), (100, 100)])], dtype=object), GROUND)
    assert shapely.union_all(pieces).distance(shapely.Point(100, 0)) == 0


def test_a_street_outside_is_left_out():
    pieces, _ = pieces_within(np.array([shapely.LineString([(-50, 300), (250, 300)])], dtype=object), GROUND)
    assert len(pieces) == 0


# Dead ends


def carried(*lines: list[tuple[float, float]], buildings: tuple[BaseGeometry, ...] = ()) -> list[BaseGeometry]:
    drawn = noded(np.array([shapely.LineString(line) for line in lines], dtype=object))
    return carry_on_dead_ends(drawn, GROUND, np.array(buildings, dtype=object)).tolist()


def test_a_dead_end_is_carried_straight_on_to_the_next_line():
    [link] = carried([(0, 100), (200, 100)], [(50, 200), (50, 150)])
    assert link.equals(shapely.LineString([(50, 150), (50, 100)]))


def test_a_dead_end_is_carried_on_to_the_outline():
    [link] = carried([(100, 200), (100, 60)])
    assert link.equals(shapely.LineString([(100, 60), (100, 0)]))


def test_a_dead_end_is_not_carried_far():
    assert carried([(100, 200), (100, 100)]) == []  # a hundred metres to go


def test_no_dead_end_is_carried_on_through_a_building():
    assert carried([(100, 200), (100, 60)], buildings=(shapely.box(80, 20, 120, 40),)) == []


def test_a_building_beside_the_way_does_not_stop_it():
    assert len(carried([(100, 200), (100, 60)], buildings=(shapely.box(101, 20, 120, 40),))) == 1


def test_a_small_gap_is_closed_whatever_the_heading():
    """The lane ends 4 m beside a street that it runs along: it meets it."""
    [link] = carried([(0, 100), (200, 100)], [(50, 200), (50, 140), (90, 104), (110, 104)])
    assert link.length == pytest.approx(4)


def test_a_gap_is_not_closed_through_a_building():
    wall = shapely.box(100, 101, 120, 103)
    assert carried([(0, 100), (200, 100)], [(50, 200), (50, 140), (90, 104), (110, 104)], buildings=(wall,)) == []


def test_both_ends_of_a_lane_in_a_block_are_carried_on():
    links = carried([(60, 100), (140, 100)])
    assert sorted(link.length for link in links) == pytest.approx([60, 60])


def test_lines_that_meet_need_no_link():
    assert carried([(0, 100), (200, 100)], [(50, 200), (50, 100)]) == []


def test_the_heading_is_that_of_the_last_ten_metres():
    """A lane that turns in its last metre goes on where it came from, not sideways."""
    [link] = carried([(100, 200), (100, 61), (101, 60)])
    assert link.coords[-1][0] == pytest.approx(101, abs=7)
    assert link.coords[-1][1] == 0
