"""Write tables as offices hand them round: CSV with a byte-order mark, workbooks with merged heads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter

__all__ = ["as_table", "write_csv", "write_workbook"]

NEVER = datetime(2026, 1, 1)  # noqa: DTZ001  workbooks know no zones


def as_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> pd.DataFrame:
    """Make a table with the columns in that order; what a row does not say is left empty."""
    return pd.DataFrame(
        [[row.get(column, "") for column in columns] for row in rows], columns=list(columns), dtype=object
    )


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table that Excel opens in Chinese."""
    path.write_bytes(b"\xef\xbb\xbf" + table.to_csv(index=False, lineterminator="\r\n").encode())


def write_workbook(
    path: Path, title: str, heads: Sequence[tuple[str, Sequence[str]]], rows: Sequence[Sequence[object]]
) -> None:
    """Write a ledger with a title and a head of two merged rows; codes stay text.

    Parameters
    ----------
    heads
        Groups of columns: the word over them ('' where the column is merged downwards) and their names.
    """
    raw = io.BytesIO()
    book = xlsxwriter.Workbook(raw, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False})
    book.set_properties({"title": title, "comments": "虚构数据 made-up data", "created": NEVER})
    sheet = book.add_worksheet("台账")
    big = book.add_format({"bold": True, "font_size": 16, "align": "center"})
    head = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "border": 1, "text_wrap": True})
    text = book.add_format({"border": 1, "num_format": "@"})
    number = book.add_format({"border": 1})
    width = sum(len(names) for _, names in heads)
    sheet.merge_range(0, 0, 0, width - 1, title, big)
    column = 0
    for over, names in heads:
        if over and len(names) > 1:
            sheet.merge_range(1, column, 1, column + len(names) - 1, over, head)
        for name in names:
            if over:
                sheet.write_string(2, column, name, head)
            else:
                sheet.merge_range(1, column, 2, column, name, head)
            column += 1
    for line, row in enumerate(rows, 3):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(line, column, value, text)
            else:
                sheet.write(line, column, value, number)
    sheet.freeze_panes(3, 2)
    book.close()
    path.write_bytes(_without_clock(raw.getvalue()))


def _without_clock(data: bytes) -> bytes:
    """Put every part of a workbook back with the same date, so that the same content gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), old.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()
