"""Where two communities disagree: strips with their people, and lines that settle it, each adding up."""

from __future__ import annotations

import pytest
import shapely
from toy_town import EAST, WEST, make_layers, place

from app.geo.disputes import Disputed, settle_disputes

#   two communities overlap from x = 380 to 460; a street runs at x = 400, two dwellings of 200 stand at 440
STRIP = shapely.box(380, 0, 460, 400)
WAYS = [
    ("tertiary", "界路", shapely.LineString([(400, -60), (400, 460)])),
    ("primary", "横路", shapely.LineString([(0, 200), (800, 200)])),
]


def settle(**layers):
    homes = {WEST: shapely.box(0, 0, 460, 400), EAST: shapely.box(380, 0, 800, 400)}
    town = make_layers(communities=homes, streets=layers.pop("streets", WAYS), **layers)
    disputed = [Disputed("重叠", (0, 1), 80.0, 32_000.0, place(STRIP))]
    (dispute,) = settle_disputes(disputed, town.communities, town.streets, town.compounds, town.buildings)
    return dispute


def test_a_strip_knows_who_lives_on_it():
    dispute = settle()
    assert (dispute.first, dispute.second, dispute.households) == (0, 1, 400)
    assert len(dispute.strips[0].buildings) == 2


def test_the_lines_to_choose_are_the_one_there_is_the_street_along_it_and_whole_compounds():
    dispute = settle(compounds={"东院": shapely.box(430, 20, 560, 380)})
    assert [(one.kind, one.name) for one in dispute.candidates] == [
        ("existing", ""),
        ("street", "界路"),
        ("compound", "东院"),
    ]


def test_what_falls_to_either_side_adds_up():
    dispute = settle(compounds={"东院": shapely.box(430, 20, 560, 380)})
    for candidate in dispute.candidates:
        assert candidate.first[1] + candidate.second[1] == dispute.households
    existing, street, compound = dispute.candidates
    assert (existing.first[1], existing.second[1]) == (400, 0)
    assert (street.first[1], street.second[1]) == (0, 400)
    assert (compound.first[1], compound.second[1]) == (0, 400)


def test_the_line_along_a_street_lies_on_it():
    street = settle().candidates[1]
    assert street.line.length > 0
    assert street.line.hausdorff_distance(place(shapely.LineString([(400, 0), (400, 400)]))) < 1e-5  # a metre


def test_a_street_that_only_crosses_settles_nothing():
    assert [one.kind for one in settle(streets=WAYS[1:]).candidates] == ["existing"]


def test_without_streets_and_compounds_there_is_only_what_there_is():
    assert [one.kind for one in settle(streets=[]).candidates] == ["existing"]


@pytest.mark.parametrize("taken", [(0, 1), (1, 0)])
def test_whom_the_software_takes_it_for_decides_the_line_there_is(taken):
    homes = {WEST: shapely.box(0, 0, 380, 400), EAST: shapely.box(460, 0, 800, 400)}
    town = make_layers(communities=homes)
    gap = [Disputed("空白", taken, 80.0, 32_000.0, place(STRIP))]
    (dispute,) = settle_disputes(gap, town.communities, town.streets, town.compounds, town.buildings)
    assert (dispute.candidates[0].first[1] > 0) == (taken[0] == 0)
