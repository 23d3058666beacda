"""What new projects owe, by stage and by phase."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.geo.projects import Phase, judge_projects
from tests.geo.test_standards import NATION

TODAY = date(2026, 7, 1)
RULE = replace(NATION, id="COUNTY-50", threshold=50, level="project", valid_from=None, valid_until=None, build="new")
PHASE = Phase("P1", "新苑", "", "510100001001", 800, date(2024, 3, 1), "移交", 420, 410, 405, receiver="东街社区")


def judge(*phases, standards=(RULE,)):
    (one,) = judge_projects(phases, standards, as_of=TODAY)
    return one


def test_a_project_owes_fifty_square_metres_a_hundred_planned_households():
    one = judge(PHASE)
    assert (one.required_m2, one.given_m2, one.shortfall_m2, one.status) == (400.0, 405, 0.0, "达标")
    assert judge(replace(PHASE, handed_over_m2=380)).shortfall_m2 == 20.0


@pytest.mark.parametrize(
    ("stage", "given"), [("规划条件", 420), ("方案", 420), ("竣工", 410), ("验收", 410), ("启用", 405)]
)
def test_what_counts_follows_the_stage(stage, given):
    assert judge(replace(PHASE, stage=stage, title_number="X")).given_m2 == given


def test_the_rule_of_the_day_of_the_planning_conditions_applies():
    older = replace(RULE, id="OLD", threshold=30, valid_until=date(2023, 12, 31))
    newer = replace(RULE, id="NEW", valid_from=date(2024, 1, 1))
    assert judge(PHASE, standards=(older, newer)).standard.id == "NEW"
    assert judge(replace(PHASE, conditions_on=date(2023, 5, 1)), standards=(older, newer)).required_m2 == 240.0


def test_phases_are_met_together_and_an_early_one_waits_for_a_later():
    early = replace(PHASE, phase="一期", households=400, handed_over_m2=100, planned_m2=100)
    late = replace(PHASE, phase="二期", households=400, stage="方案", planned_m2=300)
    one = judge(early, late)
    assert [phase.status for phase in one.phases] == ["待后期", "达标"]
    assert (one.required_m2, one.given_m2, one.status, one.stage) == (400.0, 400.0, "达标", "方案")
    short = judge(early, replace(late, planned_m2=200))
    assert [phase.status for phase in short.phases] == ["不达标", "不达标"]


def test_a_project_without_households_or_area_is_no_data():
    assert judge(replace(PHASE, households=None)).status == "数据不足"
    assert judge(replace(PHASE, handed_over_m2=None)).status == "数据不足"
    assert judge(replace(PHASE, households=None)).shortfall_m2 is None


def test_rooms_handed_over_without_paper_are_to_be_verified():
    assert judge(replace(PHASE, receiver="")).status == "待核实"
    assert judge(replace(PHASE, stage="登记")).status == "待核实"
    assert judge(replace(PHASE, stage="登记", title_number="X1")).status == "达标"


def test_scattered_rooms_are_flagged():
    assert "未集中配建" in judge(replace(PHASE, combined=False)).words
