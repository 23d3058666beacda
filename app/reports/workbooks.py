"""Ledgers as workbooks: a sheet to print, with a header of two rows and totals, and a sheet for machines."""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from app.reports.tables import Column, Table
from app.reports.texts import clean, is_formula

__all__ = ["MACHINE_SHEET", "SAVED_AT", "Sheet", "make_workbook"]

SAVED_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands for the time of writing in every workbook and document: the same inputs give the same bytes."""

MACHINE_SHEET = "数据"
"""The sheet with one header row and a unique name for each column."""

A3 = 8
LINE_POINTS = 14.5
MOST_LINES = 27
"""A row of a workbook is at most 409 points high."""
HEADER_ROWS = 2
FONT = "仿宋"
TITLE_FONT = "黑体"
SIGNING = (
    "填表单位：                    填表人：                    审核人：                    填表日期：    年   月   日"
)


@dataclass(frozen=True)
class Sheet:
    """A table to print, its rows, and what is said above and below it."""

    table: Table
    rows: pd.DataFrame
    above: str = ""
    below: Sequence[str] = field(default=())


@dataclass(frozen=True)
class _Formats:
    """The looks of cells; text that a spreadsheet could take for a formula is quoted by its format, not altered."""

    title: Format
    above: Format
    head: Format
    total: Format
    total_text: Format
    below: Format
    cells: Mapping[str, Format]
    quoted: Mapping[str, Format]


def make_workbook(sheets: Sequence[Sheet]) -> bytes:
    """Make a workbook of tables to print, and of the first one a copy for machines.

    Codes are text and keep every digit. Nothing that came from outside is ever a formula: text is written as text, and
    a cell that begins like a formula is marked as quoted, so that it stays text when somebody edits it.
    """
    held = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(held, options)
    book.set_properties({"title": sheets[0].table.title, "author": "", "created": SAVED_AT.replace(tzinfo=None)})
    looks = _make_formats(book)
    for sheet in sheets:
        _print_sheet(book.add_worksheet(sheet.table.title[:31]), sheet, looks)
    _machine_sheet(book.add_worksheet(MACHINE_SHEET), sheets[0], looks)
    book.close()
    return held.getvalue()


def _make_formats(book: Workbook) -> _Formats:
    cell = {"font_name": FONT, "font_size": 11, "border": 1, "valign": "vcenter", "text_wrap": True}
    kinds = {
        "code": {"num_format": "@", "align": "left"},
        "text": {"num_format": "@", "align": "left"},
        "whole": {"num_format": "0", "align": "right"},
        "amount": {"num_format": "0.00", "align": "right"},
    }
    bold = {"font_name": TITLE_FONT, "bold": True}
    return _Formats(
        title=book.add_format({**bold, "font_size": 22, "align": "center", "valign": "vcenter"}),
        above=book.add_format({"font_name": FONT, "font_size": 11, "align": "left", "valign": "vcenter"}),
        head=book.add_format({**cell, **bold, "align": "center", "bg_color": "#E8EEF4"}),
        total=book.add_format({**cell, **bold, "num_format": "#,##0", "align": "right"}),
        total_text=book.add_format({**cell, **bold, "align": "center"}),
        below=book.add_format(
            {"font_name": FONT, "font_size": 11, "align": "left", "valign": "top", "text_wrap": True}
        ),
        cells={kind: book.add_format({**cell, **look}) for kind, look in kinds.items()},
        quoted={
            kind: book.add_format({**cell, **look, "quote_prefix": True})
            for kind, look in kinds.items()
            if kind in ("code", "text")
        },
    )


def _print_sheet(page: Worksheet, sheet: Sheet, looks: _Formats) -> None:
    columns = [column for column in sheet.table.columns if column.printed]
    last = len(columns) - 1
    first_row = 2 + HEADER_ROWS
    total_row = first_row + len(sheet.rows)
    page.set_row(0, 36)
    page.merge_range(0, 0, 0, last, sheet.table.title, looks.title)
    page.merge_range(1, 0, 1, last, clean(sheet.above), looks.above)
    _write_header(page, columns, looks)
    for place, column in enumerate(columns):
        page.set_column(place, place, column.width)
        for number, value in enumerate(sheet.rows[column.name]):
            _write_cell(page, first_row + number, place, column, value, looks)
    for number, lines in enumerate(_lines_needed(columns, sheet.rows)):
        page.set_row(first_row + number, LINE_POINTS * lines + 4)
    _write_totals(page, columns, sheet.rows, first_row, total_row, looks)
    for number, text in enumerate([*sheet.below, SIGNING]):
        page.merge_range(total_row + 1 + number, 0, total_row + 1 + number, last, clean(text), looks.below)
        page.set_row(total_row + 1 + number, 20)
    page.freeze_panes(first_row, sheet.table.frozen)
    page.autofilter(first_row - 1, 0, max(total_row - 1, first_row - 1), last)
    page.set_landscape()
    page.set_paper(A3)
    page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
    page.repeat_rows(2, first_row - 1)
    page.fit_to_pages(1, 0)
    page.set_footer("&C第 &P 页 共 &N 页")
    page.center_horizontally()
    page.hide_gridlines(2)


def _lines_needed(columns: Sequence[Column], rows: pd.DataFrame) -> list[int]:
    """Count the lines that the longest text of each row takes in its column; a Chinese character is two digits wide."""
    needed = [1] * len(rows)
    for column in columns:
        if column.kind not in ("code", "text"):
            continue
        for number, value in enumerate(rows[column.name]):
            wide = sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in clean(value))
            needed[number] = max(needed[number], min(math.ceil(wide / max(column.width - 1.5, 1)), MOST_LINES))
    return needed


def _write_header(page: Worksheet, columns: Sequence[Column], looks: _Formats) -> None:
    """Write two rows: a group over its neighbours, or one name over both rows."""
    upper, lower = 2, 3
    page.set_row(upper, 22)
    page.set_row(lower, 30)
    place = 0
    while place < len(columns):
        group = columns[place].group
        end = place
        while group and end + 1 < len(columns) and columns[end + 1].group == group:
            end += 1
        if not group:
            page.merge_range(upper, place, lower, place, columns[place].name, looks.head)
        else:
            if end > place:
                page.merge_range(upper, place, upper, end, group, looks.head)
            else:
                page.write_string(upper, place, group, looks.head)
            for here in range(place, end + 1):
                page.write_string(lower, here, columns[here].label or columns[here].name, looks.head)
        place = end + 1


def _write_totals(
    page: Worksheet, columns: Sequence[Column], rows: pd.DataFrame, first_row: int, total_row: int, looks: _Formats
) -> None:
    """Write 合计: live sums that follow the filter, with the value of today for readers that do not calculate."""
    for place, column in enumerate(columns):
        if not column.total:
            page.write_string(total_row, place, "合计" if place == 0 else "", looks.total_text)
            continue
        known = pd.to_numeric(rows[column.name], errors="coerce").dropna()
        if not len(known):
            page.write_string(total_row, place, "", looks.total)
            continue
        letter = xlsxwriter.utility.xl_col_to_name(place)
        formula = f"=SUBTOTAL(109,{letter}{first_row + 1}:{letter}{total_row})"
        page.write_formula(total_row, place, formula, looks.total, float(known.sum()))


def _machine_sheet(page: Worksheet, sheet: Sheet, looks: _Formats) -> None:
    for place, column in enumerate(sheet.table.columns):
        page.set_column(place, place, max(column.width, 10))
        page.write_string(0, place, column.name, looks.head)
        for number, value in enumerate(sheet.rows[column.name]):
            _write_cell(page, 1 + number, place, column, value, looks)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, max(len(sheet.rows), 1), len(sheet.table.columns) - 1)
    page.set_landscape()
    page.set_paper(A3)
    page.repeat_rows(0)
    page.fit_to_pages(1, 0)


def _write_cell(page: Worksheet, row: int, place: int, column: Column, value: Any, looks: _Formats) -> None:
    look = looks.cells[column.kind]
    if column.kind in ("whole", "amount"):
        if value is None or pd.isna(value):
            page.write_blank(row, place, None, look)
        else:
            page.write_number(row, place, float(value), look)
        return
    text = clean(value)
    if not text:
        page.write_blank(row, place, None, look)
    else:
        page.write_string(row, place, text, looks.quoted[column.kind] if is_formula(text) else look)
