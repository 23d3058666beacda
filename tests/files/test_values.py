"""Codes keep their digits, numbers are numbers, and anything else is refused in its row."""

from __future__ import annotations

import numpy as np
import pytest
from county import CODES, buildings, communities, faults, frames, notes, only_fault, read, streets, write
from hypothesis import given
from hypothesis import strategies as st

from app.files.messages import Findings
from app.files.values import read_codes, read_flags, read_levels, read_numbers


def with_households(values: list[object]) -> dict[str, object]:
    return frames(buildings=buildings(households=values))


def counted(value: object) -> list[object]:
    """Sixteen buildings, the third of which has this value."""
    return [100, 100, value, *([100] * 13)]


@pytest.mark.parametrize(
    ("value", "kind", "word"),
    [
        (-5, "number_negative", "-5"),
        (12.5, "number_fraction", "12.5"),
        (float("inf"), "number_infinite", "inf"),
        (float("nan"), "number_missing", "households"),
    ],
)
def test_bad_households_are_refused_in_their_row(tmp_path, value, kind, word):
    fault = only_fault(write(tmp_path, with_households(counted(value))))
    assert (fault.kind, fault.feature) == (kind, "#3")
    assert word in fault.fact
    assert fault.source.endswith("county.gpkg:buildings")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("约350户", "number_text"),
        ("1,200", "number_text"),
        ("-3", "number_negative"),
        ("2.5", "number_fraction"),
        ("NaN", "number_missing"),
        ("", "number_missing"),
        (None, "number_missing"),
    ],
)
def test_bad_households_in_a_text_column_are_refused_in_their_row(tmp_path, value, kind):
    texts = [value if text is value else str(text) for text in counted(value)]
    fault = only_fault(write(tmp_path, with_households(texts)))
    assert (fault.kind, fault.feature) == (kind, "#3")


def test_the_fault_says_the_row_the_words_and_the_remedy(tmp_path):
    fault = only_fault(write(tmp_path, with_households([str(n) for n in counted("约350户")])))
    assert fault.say("zh").endswith(
        "county.gpkg:buildings，第 3 个要素：households 不是数字：“约350户”。请只填数字，例如 350。"
    )
    assert fault.say("en").endswith(
        "county.gpkg:buildings, feature 3: households is not a number: “约350户”. Enter digits only, such as 350."
    )


def test_many_bad_rows_are_counted_after_the_first_few(tmp_path):
    found = faults(write(tmp_path, with_households([-1] * 16)))
    assert [fault.kind for fault in found] == ["number_negative"] * 5 + ["more"]
    assert "11" in found[-1].fact


def test_households_stored_as_text_are_read_and_counted(tmp_path):
    layers, report = read(tmp_path, with_households([" 100 "] * 15 + ["１２０"]))
    assert layers.buildings["households"].sum() == 1620
    assert notes(report)["numbers_as_text"] == 16


def test_missing_households_are_zero_when_mending_and_counted(tmp_path):
    layers, report = read(tmp_path, with_households(counted(float("nan"))), mend=True)
    assert layers.buildings["households"].sum() == 1500
    assert notes(report)["missing_as_zero"] == 1


def test_negative_households_are_refused_even_when_mending(tmp_path):
    assert only_fault(write(tmp_path, with_households(counted(-1))), mend=True).kind == "number_negative"


def test_several_faults_of_a_file_are_told_together(tmp_path):
    values = [100, -1, 2.5, *([100] * 13)]
    whole = with_households(values) | {"communities": communities(community_code=["1", "2", "2", None])}
    kinds = [fault.kind for fault in faults(write(tmp_path, whole))]
    assert kinds == ["code_missing", "code_duplicate", "number_negative", "number_fraction"]


def test_a_repeated_code_is_named_with_its_rows(tmp_path):
    fault = only_fault(write(tmp_path, {"communities": communities(community_code=["a", "b", "a", "c"])}))
    assert (fault.kind, fault.feature) == ("code_duplicate", "a")
    assert "第 1、3 个要素" in fault.fact


@pytest.mark.parametrize("missing", [None, "", "   "])
def test_a_missing_code_is_named_by_its_row(tmp_path, missing):
    fault = only_fault(write(tmp_path, {"communities": communities(community_code=["a", missing, "b", "c"])}))
    assert (fault.kind, fault.feature) == ("code_missing", "#2")
    assert "待赋码" in fault.remedy


def test_whole_number_codes_become_text_with_every_digit(tmp_path):
    layers, _ = read(tmp_path, {"communities": communities(community_code=[int(code) for code in CODES])})
    assert list(layers.communities["community_code"]) == list(CODES)


def test_float_codes_without_fraction_become_text_with_every_digit(tmp_path):
    layers, _ = read(tmp_path, {"communities": communities(community_code=[float(code) for code in CODES])})
    assert list(layers.communities["community_code"]) == list(CODES)


@pytest.mark.parametrize("code", ["3.2E+14", "3.20106E+11", "320106001001.0"])
def test_codes_that_a_spreadsheet_spoilt_are_refused(tmp_path, code):
    fault = only_fault(write(tmp_path, {"communities": communities(community_code=["a", "b", code, "c"])}))
    assert fault.kind == "code_number"
    assert code in fault.fact
    assert "文本" in fault.remedy


def test_codes_with_fractions_are_refused(tmp_path):
    found = faults(write(tmp_path, {"communities": communities(community_code=[1.5, 2.0, 3.0, 4.0])}))
    assert [fault.kind for fault in found] == ["code_number"]


def test_leading_zeros_survive_and_spaces_do_not(tmp_path):
    layers, report = read(tmp_path, {"communities": communities(community_code=["001", " 002", "003 ", "010"])})
    assert list(layers.communities["community_code"]) == ["001", "002", "003", "010"]
    assert notes(report)["codes_trimmed"] == 2


@pytest.mark.parametrize(
    ("word", "is_bridge"),
    [
        *((word, True) for word in ("yes", "viaduct", "T", "是", "1")),
        *((word, False) for word in ("no", "F", "否", "0", "", None)),
    ],
)
def test_flags_of_every_custom_are_read(tmp_path, word, is_bridge):
    layers, _ = read(tmp_path, frames(streets=streets(bridge=[word, "no"])))
    assert list(layers.streets["bridge"]) == [is_bridge, False]


def test_levels_of_streets_are_whole_numbers(tmp_path):
    layers, report = read(tmp_path, frames(streets=streets(layer=["-1", "上层"])))
    assert list(layers.streets["layer"]) == [-1, 0]
    assert notes(report)["layer_unreadable"] == 1


@pytest.mark.parametrize(
    ("wrong", "right"), [("latin-1", "gb2312"), ("latin-1", "utf-8"), ("cp1252", "utf-8"), ("gb18030", "utf-8")]
)
def test_names_that_were_saved_in_a_wrong_encoding_are_refused_with_what_they_mean(tmp_path, wrong, right):
    garbled = [name.encode(right).decode(wrong) for name in ("王家大院", "金龙新园", "和平里东", "石城社区")]
    fault = only_fault(write(tmp_path, frames(communities=communities(name=garbled))))
    assert (fault.kind, fault.feature) == ("garbled", "")
    assert "应为“" in fault.fact
    assert right in fault.remedy


@pytest.mark.parametrize("names", [["龙江社区", "石头城", "一", "Ａ座"], ["Crémieu", "Évêché", "Béthune", "ü"]])
def test_names_that_are_what_they_are_pass(tmp_path, names):
    layers, _ = read(tmp_path, frames(communities=communities(name=names)))
    assert list(layers.communities["name"]) == names


@given(st.lists(st.integers(0, 10**6), max_size=20))
def test_numbers_survive_as_numbers_and_as_text(numbers):
    findings = Findings("buildings", "b")
    as_numbers = read_numbers(np.array(numbers, dtype=np.int64), "n", ["x"] * len(numbers), findings, whole=True)
    as_text = read_numbers(np.array([str(n) for n in numbers], object), "n", ["x"] * len(numbers), findings, whole=True)
    assert as_numbers.tolist() == as_text.tolist() == numbers
    assert not findings.faults


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=8))
def test_any_text_is_read_or_refused_but_never_breaks(texts):
    column = np.array([*texts, None], object)[:-1]
    findings = Findings("buildings", "b")
    labels = [str(row) for row in range(len(texts))]
    assert len(read_numbers(column, "n", labels, findings)) == len(texts)
    assert len(read_flags(column)) == len(texts)
    assert len(read_levels(column, "layer", findings)) == len(texts)
    assert [code.strip() for code in read_codes(column, "code", labels, findings)] == [text.strip() for text in texts]
