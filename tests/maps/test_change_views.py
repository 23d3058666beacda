"""Views of a plan against what was there before: every grid has what became of it, and its households by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from app.geo.lineage import Flow, GridRoll, Lineage
from app.maps.change_views import view_changes, view_checkup


def roll(codes):
    names = np.array([f"{code}网格" for code in codes], dtype=object)
    return GridRoll(
        np.array(list(codes), dtype=object), names, np.array(["1"] * len(codes), dtype=object), np.zeros(len(codes))
    )


@pytest.fixture
def lineage():
    """Old A stays as a, old B keeps b but gives 120 households to the new c and 3 to a."""
    flows = (
        Flow(0, 0, "保留", (), 0.0),
        Flow(1, 1, "拆分", (), 0.0),
        Flow(1, 2, "拆分", (4, 5), 120.0),
        Flow(1, 0, "边界微调", (6,), 3.0),
    )
    return Lineage(roll("AB"), roll("abc"), np.array([0, 1]), flows, np.zeros(0, dtype=np.int64))


def test_each_grid_has_the_class_of_what_became_of_it(lineage):
    view = view_changes(lineage)
    assert {code: view.classes[place].label for code, place in view.class_of.items()} == {
        "a": "保留（不变）",
        "b": "由拆分而来",
        "c": "由拆分而来",
    }


def test_households_that_come_and_go_are_told_with_where_from(lineage):
    texts = view_changes(lineage).texts
    assert texts["a"] == "保留，承接“A网格”，自“B网格”转入 3 户"
    assert texts["b"] == "拆分，承接“B网格”，转出 123 户"
    assert texts["c"] == "拆分，自“B网格”转入 120 户"


def test_all_that_moved_is_told_once(lineage):
    assert "123 户" in view_changes(lineage).note


def test_a_checkup_tells_faults_of_shape_from_those_of_number():
    rows = pd.DataFrame(
        {
            "网格编码": ["", "1", "2", "3"],
            "户数结论": ["", "达标", "超限", "达标"],
            "未覆盖重叠": [np.nan, np.nan, np.nan, "重叠 12 ㎡"],
            "边界与图形": [np.nan] * 4,
            "被拆分小区": [np.nan] * 4,
            "编码与归属": [np.nan] * 4,
            "人员问题": [np.nan, np.nan, "无人", np.nan],
            "结论": ["", "正常", "需整改", "需整改"],
        }
    )
    view = view_checkup(rows, "需整改")
    assert [view.class_of[code] for code in "123"] == [0, 1, 2]
    assert view.texts["2"] == "超限；无人"
