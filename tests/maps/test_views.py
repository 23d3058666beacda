"""Views: the class, the sign and the text of every code, and no data as a class of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.maps.facility_views import view_shares, view_shortfalls
from app.maps.themes import view_theme
from app.maps.views import view_band, view_borders, view_posts


def labels(view):
    """Return the label of the class of every code."""
    return {code: view.classes[place].label for code, place in view.class_of.items()}


def test_the_band_has_a_sign_on_either_side_and_special_grids_none():
    grids = pd.DataFrame(
        {"grid_code": list("abcd"), "kind": ["general"] * 3 + ["special"], "households": [299, 300, 501, 0]}
    )
    view = view_band(grids, 300, 500)
    assert labels(view) == {"a": "少于 300 户", "b": "300–500 户", "c": "多于 500 户"}
    assert [view.classes[view.class_of[code]].sign for code in "abc"] == ["▼", "", "▲"]
    assert view.texts["c"] == "多 1 户"


def test_posts_tell_missing_from_nobody_at_all():
    posts = pd.DataFrame({"grid_code": list("abc"), "needed": [1, 2, 1], "filled": [1, 1, 0]})
    assert labels(view_posts(posts)) == {"a": "配齐", "b": "有缺口", "c": "无人"}


def test_what_has_too_little_data_is_neither_passed_nor_failed():
    findings = pd.DataFrame(
        {"community_code": ["1", "2"], "status": ["不达标", "数据不足"], "text": ["缺 50 ㎡", "无户数"]}
    )
    view = view_shortfalls(findings, title="用房", note="")
    assert labels(view) == {"1": "不达标"}
    assert view.texts["2"] == "无户数"


def test_shares_fall_into_fifths_and_all_of_it_into_the_last():
    shares = pd.DataFrame({"code": list("abcd"), "share": [0.0, 0.2, 1.0, np.nan]})
    view = view_shares(shares, name="walk", title="", level="grid")
    assert labels(view) == {"a": "0–20%", "b": "20–40%", "c": "80–100%"}


def test_a_theme_of_few_numbers_has_a_class_for_each():
    ledger = pd.DataFrame({"code": list("abc"), "budget": ["100000", "120000", ""]})
    assert labels(view_theme(ledger, "budget", name="b", title="", level="community")) == {
        "a": "100,000",
        "b": "120,000",
    }


def test_a_theme_of_many_words_puts_the_rarest_together():
    words = [word for place, word in enumerate("甲乙丙丁戊己庚辛壬癸") for _ in range(20 - place)]
    ledger = pd.DataFrame({"code": [str(n) for n in range(len(words))], "kind": words})
    view = view_theme(ledger, "kind", name="k", title="", level="grid")
    assert [one.label for one in view.classes] == [*"甲乙丙丁戊己庚", "其他"]
    assert {labels(view)[code] for code, word in zip(ledger["code"], words, strict=True) if word in "辛壬癸"} == {
        "其他"
    }


@given(st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), min_size=1, max_size=60))
def test_a_larger_number_is_never_in_a_lower_class(figures):
    ledger = pd.DataFrame({"code": [str(n) for n in range(len(figures))], "figure": figures})
    view = view_theme(ledger, "figure", name="f", title="", level="grid")
    place = [view.class_of[str(n)] for n in range(len(figures))]
    order = np.argsort(figures, kind="stable")
    assert (np.diff(np.array(place)[order]) >= 0).all()
    assert set(place) == set(range(len(view.classes)))
    assert len(view.classes) <= 5


@pytest.mark.parametrize("figures", [[1.0, 1.0, 1.0], [0.0]])
def test_a_theme_of_one_number_has_one_class(figures):
    ledger = pd.DataFrame({"code": [str(n) for n in range(len(figures))], "figure": figures})
    assert len(view_theme(ledger, "figure", name="f", title="", level="grid").classes) == 1


def test_borders_are_told_by_what_they_run_on_and_classed_by_open_ground():
    grids = pd.DataFrame({"grid_code": ["a", "b"]})
    borders = pd.DataFrame(
        [("a", "b", "street", 300.0), ("a", "b", "open", 100.0), ("b", "elsewhere", "lane", 50.0)],
        columns=["left_grid", "right_grid", "barrier", "length_m"],
    )
    view = view_borders(grids, borders)
    assert view.texts == {"a": "支路、街 75%、空地 25%", "b": "支路、街 67%、空地 22%、巷 11%"}
    assert labels(view) == {"a": "不到三分之一", "b": "不到三分之一"}


def test_years_have_no_comma():
    ledger = pd.DataFrame({"code": list("abc"), "year": [2020, 2021, 2020]})
    assert labels(view_theme(ledger, "year", name="y", title="", level="community"))["a"] == "2020"


def test_an_empty_cell_of_a_theme_may_mean_that_there_is_none():
    view = view_theme(pd.DataFrame({"code": ["a"], "body": [None]}), "body", name="p", title="", level="community")
    assert view.class_of == {}
    assert view.missing == "空白（没有，或未填）"
