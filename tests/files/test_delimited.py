"""CSV opens in a spreadsheet with its Chinese and its digits, and runs nothing."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from app.files.delimited import neutralise, write_csv


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_ledger_is_utf8_with_its_mark():
    content = write_csv(pd.DataFrame({"户数": [412, None], "名称": ["第一网格", 'a,"b"\n']}))
    assert content.startswith(b"\xef\xbb\xbf")
    assert cells(content) == [["户数", "名称"], ["412", "第一网格"], ["", 'a,"b"\n']]


@pytest.mark.parametrize("text", ["=1+1", "+cmd|'/C calc'!A0", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_what_begins_like_a_formula_is_made_text(text):
    assert neutralise(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+3.5", "5号楼", "", "第一网格"])
def test_what_does_not_stays(text):
    assert neutralise(text) == text


def test_long_codes_keep_their_digits():
    assert cells(write_csv(pd.DataFrame({"编码": ["999901001001001"]})))[1][0].strip() == "999901001001001"
