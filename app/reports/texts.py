"""Text as it may stand in a workbook or a document: no control characters, nothing that runs, nothing endless."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pandas as pd

__all__ = ["LONGEST_CELL", "clean", "file_name", "is_formula", "join_names", "plain"]

LONGEST_CELL = 32_000
"""Excel keeps 32,767 characters of a cell and drops a longer text whole."""

MOST_FILE_NAME_BYTES = 180
"""Of the 255 that file systems take."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAKS = re.compile("[\t\r\n\x85\u2028\u2029]+")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@＝＋－＠]")


def clean(value: Any) -> str:
    """Return a value as text that XML can hold, on one line; '' for what is unknown.

    Characters that no document can show become �, so that nobody takes the name for whole.
    """
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    text = _UNPRINTABLE.sub("\ufffd", _BREAKS.sub(" ", str(value)))
    return text if len(text) <= LONGEST_CELL else text[:LONGEST_CELL] + "…"


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet would take the text for a formula when somebody edits it or saves it as CSV."""
    return _FORMULA.match(text) is not None


def file_name(text: str) -> str:
    """Return a text as part of a file name that every system takes, and that reads as what it is.

    It has no separators, no dots, no signs that cannot be seen or turn the direction of writing, and is no name that
    Windows keeps for a device; it is cut between signs to the bytes that are left beside a code and an ending.
    """
    seen = "".join("_" if unicodedata.category(sign).startswith("C") else sign for sign in clean(text))
    safe = re.sub(r'[\\/:*?"<>|\s._]+', "_", seen).strip("_")
    kept = safe.encode()[:MOST_FILE_NAME_BYTES].decode(errors="ignore")
    return f"{kept}_" if _DEVICE.fullmatch(kept) else kept or "_"


def join_names(names: list[str], most: int = 0) -> str:
    """Name things one after the other; past the first `most`, where that is given, they are counted."""
    if most and len(names) > most:
        return f"{'、'.join(names[:most])}等{len(names)}处"
    return "、".join(names)


def plain(number: float) -> str:
    """Write a number without needless decimals."""
    return f"{number:.0f}" if abs(number - round(number)) < 0.05 else f"{number:.1f}"
