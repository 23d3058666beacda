"""Grids from a table alone: everything once, counts add up, wholes stay whole, and the band as far as brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.building_labels import building_key, building_order, place_key
from app.geo.draft import cut_pieces, draft_community
from app.geo.rules import Rules

CODE = "320199001001"
USUAL = Rules()
SMALL = Rules(min_households=3, max_households=5)


def table(*rows: tuple) -> pd.DataFrame:
    """Make rows of compound, group, building, households; persons follow where they are given."""
    whole = [(*row, np.nan) if len(row) == 4 else row for row in rows]
    frame = pd.DataFrame(whole, columns=["compound", "group", "building", "households", "persons"])
    return frame.assign(section="", address="").astype({"households": float, "persons": float})


def draft(frame: pd.DataFrame, rules: Rules = USUAL):
    return draft_community(CODE, "甲社区", frame, rules)


def test_compounds_that_fit_stay_whole_and_their_grids_keep_the_band():
    rows = [(name, "", f"{k}栋", 55) for name in ("桃园", "梅园", "竹园", "兰园") for k in range(1, 5)]
    drafted = draft(table(*rows))
    assert [grid.households for grid in drafted.grids] == [440, 440]
    assert [grid.wholes for grid in drafted.grids] == [("桃园", "梅园"), ("竹园", "兰园")]
    assert drafted.cut == ()
    assert (drafted.divisible, drafted.in_band) == (True, 2)


def test_a_large_compound_is_cut_between_buildings_with_consecutive_numbers():
    frame = table(*[("桃园", "", f"{k}栋", 80) for k in (10, 2, 1, 3, 9, 4, 8, 5, 7, 6)])
    drafted = draft(frame)
    numbers = [[int(frame["building"][row][:-1]) for row in grid.rows] for grid in drafted.grids]
    assert numbers == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]
    assert drafted.cut == ("桃园",)


def test_a_large_village_is_cut_between_its_groups_first():
    rows = [("王庄", f"{group}组", f"{k}号", 30) for group in "一二三四" for k in range(7)]
    drafted = draft(table(*rows))
    assert [grid.households for grid in drafted.grids] == [420, 420]


def test_sections_of_one_building_are_never_parted_and_its_reason_says_so():
    frame = table(("高层", "", "1栋", 310), ("高层", "", "1栋", 310), ("高层", "", "2栋", 320)).assign(
        section=["1单元", "2单元", ""]
    )
    drafted = draft(frame)
    assert [grid.households for grid in drafted.grids] == [620, 320]
    heavy = drafted.grids[0].reason
    assert heavy.code == "unit_too_heavy"
    assert "高层1栋即有620户" in heavy.text


@pytest.mark.parametrize("total", [250, 550])
def test_a_total_that_cannot_be_divided_says_so(total):
    drafted = draft(table(("桃园", "", "", total // 2), ("梅园", "", "", total - total // 2)))
    assert {grid.reason.code for grid in drafted.grids} == {"total_indivisible"}
    assert not drafted.divisible


def test_the_band_is_kept_by_other_groupings_where_runs_of_rows_cannot():
    drafted = draft(table(("甲", "", "", 290), ("乙", "", "", 280), ("丙", "", "", 110), ("丁", "", "", 120)))
    assert drafted.in_band == len(drafted.grids) == 2


def test_where_no_grouping_keeps_the_band_that_is_proven():
    drafted = draft(table(("甲", "", "", 290), ("乙", "", "", 290), ("丙", "", "", 290)))
    reasons = {grid.reason.code for grid in drafted.grids}
    assert reasons == {"", "proven_infeasible"} or reasons == {"proven_infeasible"}
    assert drafted.divisible


def test_persons_are_kept_under_their_maximum_where_they_are_known():
    persons = [900.0, 900.0, 900.0, 100.0, 100.0, 100.0, 100.0, 100.0]
    drafted = draft(table(*[(f"{k}院", "", "", 100, heads) for k, heads in enumerate(persons)]))
    assert drafted.in_band == len(drafted.grids) == 2
    assert max(grid.persons for grid in drafted.grids) <= 2500


def test_the_number_of_grids_that_was_asked_for_is_kept():
    frame = table(*[("桃园", "", f"{k}栋", 100) for k in range(1, 13)])
    assert len(draft(frame, Rules(grids=(4, 4))).grids) == 4
    assert len(draft(frame, Rules(grids=(2, 2))).grids) == 2


def test_a_pending_community_gives_internal_codes():
    drafted = draft_community("待赋码-甲社区", "甲社区", table(("桃园", "", "", 400)), Rules())
    assert [grid.code for grid in drafted.grids] == ["待赋码-甲社区-001"]


rows_of_tables = st.lists(
    st.tuples(
        st.sampled_from(["", "甲", "乙", "丙"]),
        st.sampled_from(["", "一组", "二组"]),
        st.sampled_from(["1栋", "2栋", "3栋", "4栋"]),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda row: row[:3],
)


@given(rows_of_tables)
@settings(max_examples=60, deadline=None)
def test_every_row_is_in_one_grid_and_counts_add_up(rows):
    frame = table(*rows)
    drafted = draft(frame, SMALL)
    held = [row for grid in drafted.grids for row in grid.rows]
    assert sorted(held) == list(frame.index)
    assert sum(grid.households for grid in drafted.grids) == drafted.households == frame["households"].sum()
    for grid in drafted.grids:
        assert grid.households == frame.loc[list(grid.rows), "households"].sum()
        assert bool(grid.reason.code) == (not 3 <= grid.households <= 5)


@given(rows_of_tables)
@settings(max_examples=60, deadline=None)
def test_what_fits_stays_whole_and_what_is_cut_is_cut_into_runs(rows):
    frame = table(*rows)
    pieces = cut_pieces(frame, SMALL)
    assert sorted(row for piece in pieces for row in piece.rows) == list(frame.index)
    drafted = draft(frame, SMALL)
    number = {row: n for n, grid in enumerate(drafted.grids) for row in grid.rows}
    for piece in pieces:
        assert len({number[row] for row in piece.rows}) == 1
    for whole in {piece.whole for piece in pieces}:
        runs = [number[piece.rows[0]] for piece in pieces if piece.whole == whole]
        assert len([key for key, _ in itertools.groupby(runs)]) == len(set(runs))


@given(rows_of_tables)
@settings(max_examples=60, deadline=None)
def test_no_grouping_of_the_pieces_has_fewer_grids_out_of_the_band(rows):
    frame = table(*rows)
    drafted = draft(frame, SMALL)
    ours = len(drafted.grids) - drafted.in_band
    assert ours == min(out for out in brute_force(cut_pieces(frame, SMALL)))


def brute_force(pieces):
    """Yield the grids out of the band of every grouping in which each whole is cut into runs."""

    def partitions(k, grids):
        if k == len(pieces):
            yield grids
            return
        for grid in range(max(grids, default=-1) + 2):
            yield from partitions(k + 1, (*grids, grid))

    for grid in partitions(0, ()):
        broken = any(
            len([key for key, _ in itertools.groupby(run)]) != len(set(run))
            for whole in {piece.whole for piece in pieces}
            if (run := [g for g, piece in zip(grid, pieces, strict=True) if piece.whole == whole])
        )
        if not broken:
            load = np.bincount(grid, weights=[piece.households for piece in pieces])
            yield int(((load < 3) | (load > 5)).sum())


@given(rows_of_tables)
@settings(max_examples=20, deadline=None)
def test_the_same_table_gives_the_same_draft(rows):
    assert repr(draft(table(*rows), SMALL)) == repr(draft(table(*rows), SMALL))


@pytest.mark.parametrize("other", ["3幢", "三栋", "03栋", "３号楼", "3 栋", "3#"])
def test_spellings_of_a_building_are_one(other):
    assert building_key("3栋") == building_key(other)


def test_buildings_are_ordered_as_people_count():
    labels = ["10栋", "2栋", "B1座", "A10座", "A2座", "1栋", "十一栋"]
    assert sorted(labels, key=building_order) == ["1栋", "2栋", "10栋", "十一栋", "A2座", "A10座", "B1座"]


def test_spellings_of_a_compound_are_one():
    assert place_key("桃园小区") == place_key("桃园") == place_key(" 桃 园（小区）")
