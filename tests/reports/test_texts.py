"""Texts for documents hold nothing that XML cannot, on one line, and never seem whole when they are not."""

from __future__ import annotations

import math

import pytest

from app.reports.texts import LONGEST_CELL, clean, file_name, is_formula, join_names


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("a\x00b\x1f", "a\ufffdb\ufffd"),
        ("半个\ud83d字", "半个\ufffd字"),
        ("两\r\n行\t字", "两 行 字"),
        (None, ""),
        (math.nan, ""),
        (412, "412"),
        ("长" * 40_000, "长" * LONGEST_CELL + "…"),
    ],
)
def test_text_is_made_fit(given, text):
    assert clean(given) == text


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", " =1", "＝1", "\ufeff=1"])
def test_what_a_spreadsheet_would_run_is_known(text):
    assert is_formula(text)


def test_a_file_name_leads_nowhere():
    assert file_name("../etc/passwd:*?<>|") == "etc_passwd"
    assert file_name("\x00") not in ("", ".", "..")


def test_many_names_are_counted():
    assert join_names(["甲", "乙", "丙"], 2) == "甲、乙等3处"
