"""Lineage: moves add up, the most households keep their grid, and each word of the comparison means what it says."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_town import EAST, WEST, make_grids, make_layers

from app.geo.lineage import CHANGES, MINOR_SHARE, Lineage, carry_codes, match_grids, trace_lineage

#   the town of toy_town: grids 1 to 4 are strips of 200 m, each with two dwellings of 200 households
STRIPS = [shapely.box(x, 0, x + 200, 400) for x in (0, 200, 400, 600)]


def trace(old=None, new=None, **layers) -> Lineage:
    town = make_layers(**layers)
    return trace_lineage(
        make_grids() if old is None else old, make_grids() if new is None else new, town.communities, town.buildings
    )


def told(lineage: Lineage) -> list[tuple[int, int, str, float]]:
    return [(flow.old, flow.new, flow.change, flow.households) for flow in lineage.flows]


def test_the_same_grids_are_all_kept():
    assert told(trace()) == [(k, k, "保留", 0.0) for k in range(4)]


def test_a_border_moved_without_households_is_an_adjustment():
    moved = [shapely.box(0, 0, 230, 400), shapely.box(230, 0, 400, 400), *STRIPS[2:]]
    assert told(trace(new=make_grids(moved)))[:2] == [(0, 0, "边界微调", 0.0), (1, 1, "边界微调", 0.0)]


def test_a_border_drawn_by_a_shaky_hand_is_the_same_border():
    shaky = [shapely.box(0, 0, 203, 400), shapely.box(203, 0, 400, 400), *STRIPS[2:]]
    assert [flow.change for flow in trace(new=make_grids(shaky)).flows] == ["保留"] * 4


def test_a_grid_cut_in_two_is_split_and_the_larger_part_goes_on():
    halves = [shapely.box(0, 0, 200, 200), shapely.box(0, 200, 200, 400), *STRIPS[1:]]
    new = make_grids(halves, homes=(WEST, WEST, WEST, EAST, EAST), households=[100, 300, 400, 400, 400])
    lineage = trace(new=new, households=[100.0, 300.0] + [200.0] * 6)
    assert told(lineage)[:2] == [(0, 1, "拆分", 0.0), (0, 0, "拆分", 100.0)]
    assert lineage.moved_households == 100


def test_a_grid_that_goes_into_another_is_merged():
    new = make_grids([shapely.box(0, 0, 400, 400), *STRIPS[2:]], homes=(WEST, EAST, EAST), households=[800, 400, 400])
    lineage = trace(new=new, households=[200.0, 200.0, 50.0, 50.0] + [200.0] * 4)
    assert told(lineage)[:2] == [(0, 0, "合并", 0.0), (1, 0, "合并", 100.0)]


def test_dwellings_that_were_in_a_gap_come_from_nowhere():
    old = make_grids([STRIPS[0], *STRIPS[2:]], homes=(WEST, EAST, EAST), households=[400] * 3)
    lineage = trace(old=old)
    assert (-1, 1, "新增", 400.0) in told(lineage)


def test_a_grid_without_dwellings_that_is_gone_is_dropped():
    old = make_grids(
        [*STRIPS, shapely.box(180, 180, 220, 220)], homes=(WEST, WEST, EAST, EAST, WEST), households=[0] * 5
    )
    assert (4, -1, "撤销", 0.0) in told(trace(old=old))


def test_dwellings_in_two_old_grids_come_from_the_lower_code():
    old = make_grids([shapely.box(0, 0, 400, 400), *STRIPS[1:]])
    lineage = trace(old=old)
    assert lineage.old.households.tolist() == [800, 0, 400, 400]
    assert lineage.moved_households == 400


def test_grids_without_dwellings_carry_on_where_most_ground_is_common():
    town = {"households": [0.0] * 4 + [200.0] * 4}
    assert trace(**town).carried_by.tolist() == [0, 1, 2, 3]


@st.composite
def divisions(draw):
    """Two divisions of up to a dozen dwellings, -1 for a dwelling in no grid."""
    size, olds, news = draw(st.integers(1, 14)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    old_of = draw(st.lists(st.integers(-1, olds - 1), min_size=size, max_size=size))
    new_of = draw(st.lists(st.integers(-1, news - 1), min_size=size, max_size=size))
    households = draw(st.lists(st.integers(0, 90), min_size=size, max_size=size))
    return np.array(old_of), np.array(new_of), np.array(households, float), olds, news


@given(divisions())
def test_no_other_matching_keeps_more_households(division):
    old_of, new_of, households, olds, news = division
    shared = np.zeros((olds, news))
    inside = (old_of >= 0) & (new_of >= 0)
    np.add.at(shared, (old_of[inside], new_of[inside]), households[inside])
    totals = [np.bincount(of[of >= 0], households[of >= 0], count) for of, count in ((old_of, olds), (new_of, news))]
    carried = match_grids(old_of, new_of, households, *totals, {})
    major = shared >= MINOR_SHARE * np.minimum(totals[0][:, None], totals[1][None, :])
    allowed = np.where(major, shared, 0)
    best = max(
        sum(allowed[one, other] for one, other in enumerate(order[:olds]) if other < news)
        for order in permutations(range(max(olds, news)))
    )
    kept = [(one, int(other)) for one, other in enumerate(carried) if other >= 0]
    assert len({other for _, other in kept}) == len(kept)
    assert sum(shared[pair] for pair in kept) == pytest.approx(best)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(1, 7), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(0, 300), min_size=8, max_size=8),
)
def test_moves_add_up(old_cuts, new_cuts, households):
    def cut(places):
        edges = [0, *sorted(100 * place for place in places), 800]
        strips = [shapely.box(west, 0, east, 400) for west, east in pairwise(edges)]
        return make_grids(strips, homes=[WEST] * len(strips), households=[0] * len(strips))

    lineage = trace(cut(old_cuts), cut(new_cuts), households=[float(number) for number in households])
    moved = [building for flow in lineage.flows for building in flow.buildings]
    assert len(moved) == len(set(moved))
    assert lineage.moved_households == sum(households[row] for row in moved)
    for roll, end in ((lineage.old, "old"), (lineage.new, "new")):
        rows = {getattr(flow, end) for flow in lineage.flows}
        assert rows >= set(range(len(roll.codes)))
        for row in range(len(roll.codes)):
            away = sum(flow.households for flow in lineage.flows if getattr(flow, end) == row)
            kept = [flow for flow in lineage.flows if getattr(flow, end) == row and not flow.buildings]
            assert away <= roll.households[row]
            assert away == roll.households[row] or len(kept) == 1
    assert {flow.change for flow in lineage.flows} <= set(CHANGES)


def test_codes_go_with_the_households_and_no_code_is_used_twice():
    swapped = make_grids([STRIPS[1], STRIPS[0], STRIPS[2], STRIPS[3]])
    codes, names = carry_codes(trace(new=swapped))
    assert codes == [f"{WEST}002", f"{WEST}001", f"{EAST}001", f"{EAST}002"]
    assert names[:2] == ["第2网格", "第1网格"]


def test_a_new_grid_takes_a_number_that_was_never_given():
    quarters = [shapely.box(0, 0, 200, 200), shapely.box(0, 200, 200, 400), *STRIPS[1:]]
    new = make_grids(quarters, homes=(WEST, WEST, WEST, EAST, EAST), households=[0] * 5)
    codes, names = carry_codes(trace(new=new, households=[300.0, 100.0] + [200.0] * 6))
    assert codes[:3] == [f"{WEST}001", f"{WEST}003", f"{WEST}002"]
    assert names[1] == "第三网格"
