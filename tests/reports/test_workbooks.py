"""Workbooks keep every digit, run nothing, add up, and are the same bytes each time."""

from __future__ import annotations

import io
import re
import zipfile

import openpyxl
import pandas as pd
import pytest

from app.reports.tables import Column, Table
from app.reports.workbooks import MACHINE_SHEET, Sheet, make_workbook

TABLE = Table(
    "试表",
    (
        Column("编码", "code", group="网格"),
        Column("名称", group="网格", label="叫法"),
        Column("户数", "whole", total=True),
        Column("内部号", "code", printed=False),
    ),
    frozen=1,
)
ROWS = pd.DataFrame(
    {
        "编码": ["999901001001001", "003", ""],
        "名称": ["=1+1", "-5号楼", None],
        "户数": [412, 88, None],
        "内部号": ["1", "2", "3"],
    }
)


@pytest.fixture(scope="module")
def book():
    return openpyxl.load_workbook(io.BytesIO(make_workbook([Sheet(TABLE, ROWS, "说明", ["附注"])])))


def test_codes_are_text_with_every_digit(book):
    cell = book[MACHINE_SHEET]["A2"]
    assert (cell.value, cell.data_type, cell.number_format) == ("999901001001001", "s", "@")
    assert book["试表"]["A6"].value == "003"


def test_what_looks_like_a_formula_is_text_and_quoted(book):
    for sheet, row in (("试表", 5), (MACHINE_SHEET, 2)):
        cell = book[sheet].cell(row, 2)
        assert (cell.value, cell.data_type, cell.quotePrefix) == ("=1+1", "s", True)


def test_the_only_formulas_are_our_own_sums():
    with zipfile.ZipFile(io.BytesIO(make_workbook([Sheet(TABLE, ROWS)]))) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    assert [formula for sheet in sheets for formula in re.findall("<f>(.*?)</f>", sheet)] == ["SUBTOTAL(109,C5:C7)"]


def test_the_printed_header_has_two_rows_with_groups_and_the_machine_one_with_unique_names(book):
    sheet = book["试表"]
    assert [sheet.cell(3, k).value for k in (1, 2, 3)] == ["网格", None, "户数"]
    assert [sheet.cell(4, k).value for k in (1, 2)] == ["编码", "叫法"]
    assert {str(merged) for merged in sheet.merged_cells.ranges} >= {"A3:B3", "C3:C4", "A1:C1"}
    assert [cell.value for cell in book[MACHINE_SHEET][1]] == ["编码", "名称", "户数", "内部号"]


def test_totals_are_live_and_have_the_value_of_today():
    content = make_workbook([Sheet(TABLE, ROWS)])
    live = openpyxl.load_workbook(io.BytesIO(content))["试表"]
    assert (live["A8"].value, live["C8"].value) == ("合计", "=SUBTOTAL(109,C5:C7)")
    assert openpyxl.load_workbook(io.BytesIO(content), data_only=True)["试表"]["C8"].value == 500


def test_the_sheet_prints_on_a3_with_its_header_on_every_page_and_stays_in_view(book):
    sheet = book["试表"]
    assert (int(sheet.page_setup.paperSize), sheet.page_setup.orientation) == (8, "landscape")
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in ((1, 0), (None, 0))
    assert sheet.print_title_rows == "$3:$4"
    assert sheet.freeze_panes == "B5"
    assert sheet.auto_filter.ref == "A4:C7"
    assert book[MACHINE_SHEET].freeze_panes == "A2"


def test_rows_are_as_high_as_their_longest_text():
    rows = ROWS.assign(名称=["很长的名称" * 30, "短", "短"])
    sheet = openpyxl.load_workbook(io.BytesIO(make_workbook([Sheet(TABLE, rows)])))["试表"]
    assert sheet.row_dimensions[5].height > 5 * sheet.row_dimensions[6].height


def test_the_same_rows_are_the_same_bytes():
    assert make_workbook([Sheet(TABLE, ROWS)]) == make_workbook([Sheet(TABLE, ROWS)])


def test_an_empty_ledger_is_a_form():
    sheet = openpyxl.load_workbook(io.BytesIO(make_workbook([Sheet(TABLE, ROWS.iloc[:0])])))["试表"]
    assert sheet["A5"].value == "合计"
