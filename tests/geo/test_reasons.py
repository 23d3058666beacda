"""Reasons outside the band: the code that holds, and a sentence that names the numbers."""

from __future__ import annotations

import math

import pytest

from app.geo.reasons import Circumstances, Reason, explain
from app.geo.rules import Rules


def reason(
    households: int,
    *,
    persons: float = math.nan,
    heaviest: int = 60,
    building: int | None = None,
    total: int = 1_600,
    grids: int = 4,
    asked: tuple[int, int] | None = None,
    proven: bool = True,
    rules: Rules | None = None,
) -> Reason:
    largest = heaviest if building is None else building
    around = Circumstances(total, grids, asked, proven)
    return explain(households, persons, heaviest, "一栋楼", largest, around, rules or Rules())


@pytest.mark.parametrize("households", [300, 400, 500])
def test_inside_the_band_there_is_nothing_to_explain(households: int):
    assert reason(households) == Reason("", "")


@pytest.mark.parametrize(("households", "words"), [(299, "低于下限300户"), (501, "超过上限500户")])
def test_every_reason_names_the_households_and_the_limit(households: int, words: str):
    for told in (
        reason(households, heaviest=600),
        reason(households, total=560, grids=1),
        reason(households, asked=(9, 9), grids=9),
        reason(households),
        reason(households, proven=False),
    ):
        assert told.text.startswith(f"本网格{households}户，{words}：")


def test_a_building_above_the_maximum():
    told = reason(620, heaviest=612)
    assert told.code == "unit_too_heavy"
    assert "一栋楼即有612户，不可再分" in told.text


def test_a_building_of_just_the_maximum_is_no_reason():
    assert reason(620, heaviest=500).code != "unit_too_heavy"


def test_dwellings_at_one_place_that_are_too_many_only_together():
    """No building exceeds the maximum, so none may be blamed; that they cannot be parted is certain all the same."""
    told = reason(620, heaviest=612, building=15)
    assert told.code == "proven_infeasible"
    assert "612户，不可再分" in told.text


def test_a_total_below_the_band():
    told = reason(280, total=280, grids=1)
    assert told.code == "total_indivisible"
    assert told.text == "本网格280户，低于下限300户：社区共280户，不足一个网格的下限300户"


def test_a_total_between_one_grid_and_two():
    told = reason(560, total=560, grids=1)
    assert told.code == "total_indivisible"
    assert "分1个网格则平均超过500户，分2个则平均不足300户" in told.text


def test_a_total_that_can_be_divided_is_never_called_indivisible():
    for total in range(300, 5_000):
        low, high = math.ceil(total / 500), total // 300
        code = reason(290, total=total).code
        assert (code == "total_indivisible") == (low > high), total


def test_a_number_of_grids_that_was_asked_for():
    told = reason(200, asked=(8, 8), grids=8)
    assert told.code == "proven_infeasible"
    assert "要求分8个网格，分成8个平均200户，不在300–500户之间" in told.text
    assert "要求分7–9个网格" in reason(200, asked=(7, 9), grids=8).text


def test_a_number_of_grids_that_suits_the_band_is_no_reason():
    assert "要求分" not in reason(290, asked=(4, 4), grids=4).text


def test_proven_and_not_found_are_told_apart():
    assert reason(290).code == "proven_infeasible"
    assert "经精确求解，超限网格数已是最少" in reason(290).text
    assert reason(290, proven=False).code == "not_found"
    assert "未找到" in reason(290, proven=False).text


def test_too_many_persons():
    told = reason(400, persons=2_610.0)
    assert told.code == "proven_infeasible"
    assert told.text.startswith("本网格400户，人口2610人，超过2500人：")
    assert reason(400, persons=2_500.0) == Reason("", "")
    assert "人口2610人" in reason(520, persons=2_610.0).text


def test_the_limits_are_those_of_the_rules():
    assert reason(290, rules=Rules(100, 300)) == Reason("", "")
    assert "超过上限300户" in reason(310, rules=Rules(100, 300)).text
