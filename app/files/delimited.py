"""Ledgers as CSV that a spreadsheet opens: UTF-8 with its mark, codes whole, nothing that runs."""

from __future__ import annotations

import csv
import io
import re

import pandas as pd

__all__ = ["neutralise", "write_csv"]

_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+\-]?\d+(\.\d+)?")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

LONGEST_KEPT = 11
"""Digits that a spreadsheet shows as they are; a longer code is written as text."""


def neutralise(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula; plain numbers stay as they are."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def write_csv(rows: pd.DataFrame) -> bytes:
    """Write rows under one header as CSV in UTF-8 with BOM.

    Texts that begin like a formula get an apostrophe in front, codes too long for a spreadsheet a tab behind, which
    readers trim and spreadsheets do not show.
    """
    held = io.StringIO(newline="")
    writer = csv.writer(held)
    writer.writerow([neutralise(str(name)) for name in rows.columns])
    for row in rows.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return held.getvalue().encode("utf-8-sig")


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    if isinstance(value, float | int):
        return f"{value:.15g}"
    text = neutralise(_UNPRINTABLE.sub("\ufffd", str(value)))
    return f"{text}\t" if text.isdecimal() and len(text) > LONGEST_KEPT else text
