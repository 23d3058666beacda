"""Columns as people filled them in, turned into codes, numbers and flags; what cannot be is refused row by row."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.files.messages import Findings

__all__ = ["read_codes", "read_estimates", "read_flags", "read_levels", "read_numbers", "read_texts", "refuse_garbled"]

Column = NDArray[Any]

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
SPREADSHEET_NUMBER = re.compile(r"\d+(\.\d+)?[eE]\+?\d+|\d+\.0*")
MISSING_WORDS = {"", "nan", "null", "none", "<null>", "na", "n/a"}
NO_WORDS = {"", "no", "n", "false", "f", "0", "none", "null", "nan", "否", "无", "不是"}
MISREADINGS = (("latin-1", "gb2312"), ("latin-1", "utf-8"), ("cp1252", "utf-8"), ("gb18030", "utf-8"))
"""What text is often taken for, and what it is."""

LEAST_GARBLED = 2
"""Different texts that have to turn into Chinese before we call them garbled: one may do so by chance."""

EXACT_INTEGERS = 2.0**53


def refuse_garbled(values: Column, field: str, findings: Findings) -> None:
    """Refuse text that was once read in a wrong encoding and saved so: all of it turns into Chinese when undone."""
    texts = sorted({text for text in read_texts(values) if not text.isascii()})
    if len(texts) < LEAST_GARBLED:
        return
    for wrong, right in MISREADINGS:
        meant = [_undo(text, wrong, right) for text in texts]
        if all(meant):
            findings.refuse("garbled", field=field, value=texts[0], meant=meant[0], wrong=wrong, right=right)
            return


def _undo(text: str, wrong: str, right: str) -> str:
    """Return what a text was before it was misread; '' where that is not Chinese."""
    try:
        meant = text.encode(wrong).decode(right)
    except UnicodeError:
        return ""
    foreign = [char for char in meant if not char.isascii()]
    return meant if foreign and all("\u3000" <= char <= "\u9fff" or char > "\ufeff" for char in foreign) else ""


def read_texts(values: Column) -> NDArray[np.object_]:
    """Return text, stripped; '' where there is none."""
    return np.array([_text(value) for value in values.tolist()], dtype=object)


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()


def read_codes(values: Column, field: str, labels: Sequence[str], findings: Findings) -> NDArray[np.object_]:
    """Return codes as text with every digit; '' where there is none.

    A number column is taken where all its values are whole; what a spreadsheet rounded (3.2E+14) is refused.
    """
    codes = read_texts(values)
    spoilt = [
        row
        for row, (code, value) in enumerate(zip(codes, values.tolist(), strict=True))
        if SPREADSHEET_NUMBER.fullmatch(code) or (isinstance(value, float) and _has_lost_digits(value))
    ]
    findings.refuse_rows("code_number", spoilt, labels, lambda row: {"field": field, "value": values[row]})
    findings.note("codes_trimmed", sum(isinstance(value, str) and value != value.strip() for value in values))
    return codes


def _has_lost_digits(value: float) -> bool:
    return not math.isnan(value) and (not value.is_integer() or abs(value) >= EXACT_INTEGERS)


def read_numbers(
    values: Column,
    field: str,
    labels: Sequence[str],
    findings: Findings,
    *,
    whole: bool = False,
    missing: Literal["unknown", "refuse", "zero"] = "unknown",
) -> NDArray[np.float64]:
    """Return numbers from 0 up; a missing one stays NaN, is refused, or counts as 0.

    Text that is nothing but a number is taken and counted; any other text, negative numbers, infinities and, where
    numbers have to be `whole`, fractions are refused.
    """
    if values.dtype.kind in "iuf":
        numbers = values.astype(np.float64)
    else:
        numbers, strange = _parse(values)
        findings.refuse_rows("number_text", strange, labels, lambda row: {"field": field, "value": values[row]})
        as_text = sum(isinstance(value, str) for value in values[np.isfinite(numbers)])
        findings.note("numbers_as_text", as_text, field=field)
        numbers[strange] = 0.0  # refused already

    def value_of(row: int) -> dict[str, str]:
        return {"field": field, "value": f"{numbers[row]:g}"}

    finite = np.isfinite(numbers)
    findings.refuse_rows("number_infinite", np.flatnonzero(np.isinf(numbers)), labels, value_of)
    findings.refuse_rows("number_negative", np.flatnonzero(finite & (numbers < 0)), labels, value_of)
    if whole:
        fraction = finite & (numbers > 0) & (numbers != np.floor(numbers))
        findings.refuse_rows("number_fraction", np.flatnonzero(fraction), labels, value_of)
    empty = np.flatnonzero(np.isnan(numbers))
    if missing == "refuse":
        findings.refuse_rows("number_missing", empty, labels, lambda _: {"field": field})
    elif missing == "zero":
        findings.note("missing_as_zero", len(empty), field=field)
        numbers[empty] = 0.0
    return numbers


def _parse(values: Column) -> tuple[NDArray[np.float64], list[int]]:
    """Return the numbers that texts are, NaN where one is missing, and the rows that are something else."""
    numbers = np.full(len(values), np.nan)
    strange = []
    for row, value in enumerate(values.tolist()):
        if isinstance(value, int | float) and not isinstance(value, bool):
            numbers[row] = value
            continue
        text = unicodedata.normalize("NFKC", _text(value))
        if NUMBER.fullmatch(text):
            numbers[row] = float(text)
        elif text.casefold() not in MISSING_WORDS:
            strange.append(row)
    return numbers, strange


def read_estimates(values: Column, field: str, findings: Findings) -> NDArray[np.float64]:
    """Return numbers to estimate with: NaN where one is missing, and, counted, where it is no number above 0."""
    numbers = values.astype(np.float64) if values.dtype.kind in "iuf" else _parse(values)[0]
    given = np.array([text.casefold() not in MISSING_WORDS for text in read_texts(values)], dtype=bool)
    usable = np.isfinite(numbers) & (numbers > 0)
    findings.note("estimate_unreadable", int((given & ~usable).sum()), field=field)
    return np.where(usable, numbers, np.nan)


def read_flags(values: Column) -> NDArray[np.bool_]:
    """Return yes or no: anything but nothing and the words for no is yes (`viaduct`, `building_passage`, 是, T, 1)."""
    return np.array([text.casefold() not in NO_WORDS for text in read_texts(values)], dtype=bool)


def read_levels(values: Column, field: str, findings: Findings) -> NDArray[np.int64]:
    """Return whole numbers of any sign; 0 where one is missing, and, counted, where it cannot be read."""
    if values.dtype.kind in "iuf":
        return np.nan_to_num(values.astype(np.float64)).astype(np.int64)
    texts = read_texts(values)
    readable = [re.fullmatch(r"[+-]?\d{1,3}(\.0*)?", text) is not None for text in texts]
    findings.note(
        "layer_unreadable",
        sum(not fits and text.casefold() not in MISSING_WORDS for text, fits in zip(texts, readable, strict=True)),
        field=field,
    )
    return np.array(
        [int(float(text)) if fits else 0 for text, fits in zip(texts, readable, strict=True)], dtype=np.int64
    )
