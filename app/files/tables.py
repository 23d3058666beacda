"""Ledgers of rooms and projects by their contracts: cells by field, each row with its number in the file."""

from __future__ import annotations

import contextlib
import math
import re
import unicodedata
from calendar import monthrange
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.files.columns import match_columns
from app.files.messages import Findings
from app.files.sheets import SHEET_SUFFIXES, Row, column_key, read_sheet
from app.files.values import NUMBER, read_codes, read_numbers, read_texts
from app.geo.assessment import Community
from app.geo.layers import Contract

__all__ = ["CommunityNames", "Ledger", "LedgerTable", "find_word", "read_date", "read_ledger"]

SUMS = ("合计", "总计", "小计")


@dataclass(frozen=True)
class Ledger:
    """The rows of a ledger: cells by field of its contract, the number of each row in the file, and its label."""

    columns: dict[str, NDArray[np.object_]]
    rows: tuple[int, ...]
    typed: bool
    """Numbers are numbers; in CSV everything is text."""

    @property
    def labels(self) -> list[str]:
        """Name the rows as faults do."""
        return [f"row {row}" for row in self.rows]


def read_ledger(contract: Contract, spec: str, findings: Findings, told: Mapping[str, Mapping[str, str]]) -> Ledger:
    """Read a ledger by its contract from a CSV or a workbook, of which `FILE:SHEET` names a sheet.

    Rows of sums and empty rows are left out. Fields that the file lacks have empty cells.

    Raises
    ------
    InputError
        With what is wrong with the file or its columns.
    """
    path, sheet_name = _locate(spec)
    if not path.exists():
        raise findings.stop("file_missing")
    if path.suffix.lower() not in SHEET_SUFFIXES:
        raise findings.stop("ledger_format", suffix=path.suffix)
    known = [name for field in contract.fields for name in (field.name, *field.aliases.split())]
    sheet = read_sheet(path, sheet_name, known, findings)
    matched = match_columns(contract, [name for name in sheet.columns if name], told, None, findings)
    findings.settle()
    body = [row for row in sheet.rows if _is_data(row)]
    if not body:
        raise findings.stop("ledger_empty")
    columns = {}
    for field in contract.fields:
        place = sheet.columns.index(matched[field.name]) if field.name in matched else None
        cells = [row.values[place] if place is not None and place < len(row.values) else None for row in body]
        columns[field.name] = np.array([*cells, None], dtype=object)[:-1]
    return Ledger(columns, tuple(row.number for row in body), typed=path.suffix.lower() != ".csv")


def _locate(spec: str) -> tuple[Path, str]:
    path = Path(spec)
    if path.exists() or ":" not in spec:
        return path, ""
    file, _, sheet = spec.rpartition(":")
    return Path(file), sheet


def _is_data(row: Row) -> bool:
    texts = [text for text in ("".join(str(cell).split()) for cell in row.values if cell is not None) if text]
    return bool(texts) and texts[0] not in SUMS


USE_WORDS = {
    **dict.fromkeys(("是", "已投用", "投用", "在用", "使用中", "已启用", "1", "true", "yes", "y"), True),
    **dict.fromkeys(
        ("否", "未投用", "未启用", "闲置", "空置", "腾退", "已腾退", "停用", "0", "false", "no", "n"), False
    ),
    **dict.fromkeys(("", "不详", "不明", "-"), None),
}

DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?( 00:00:00)?")
MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
FOREVER = {"长期", "永久", "无期限", "长期有效"}


def read_date(cell: Any) -> date | None:
    """Read a cell as a date, a month as its last day, 长期 as the end of days; None where it is empty.

    Raises
    ------
    ValueError
        It is no date.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = unicodedata.normalize("NFKC", str(cell if cell is not None else "")).strip()
    if not text or text in ("-", "/", "无", "—"):
        return None
    if text in FOREVER:
        return date.max
    with contextlib.suppress(ValueError):  # a thirteenth month
        if match := DATE.fullmatch(text):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := MONTH.fullmatch(text):
            return date(int(match[1]), int(match[2]), monthrange(int(match[1]), int(match[2]))[1])
    raise ValueError(text)


def find_word(said: str, words: Mapping[str, tuple[str, ...]]) -> str:
    """Find the key under which a word is known, by itself or by one of its synonyms; '' where it is not."""
    folded = column_key(said.strip())
    return next((key for key, known in words.items() if folded in (key, *map(column_key, known))), "")


class CommunityNames:
    """Codes of communities by code and by name, as far as a name is that of one alone."""

    def __init__(self, communities: Mapping[str, Community]) -> None:
        self.codes = set(communities)
        named = Counter(one.name for one in communities.values())
        self.by_name = {one.name: code for code, one in communities.items() if named[one.name] == 1}

    def find(self, said: str) -> str:
        """Find the code of a community by its code or name, with or without 社区 at its end; '' where there is none."""
        if said in self.codes:
            return said
        return (
            self.by_name.get(said) or self.by_name.get(said + "社区") or self.by_name.get(said.removesuffix("社区"), "")
        )


class LedgerTable:
    """The cells of a ledger, read by the kind of their field; what cannot be read is refused once, by its row."""

    def __init__(self, ledger: Ledger, contract: Contract, findings: Findings) -> None:
        self.rows, self.labels, self.findings = ledger.rows, ledger.labels, findings
        self.columns = ledger.columns
        self._numbers = {
            field.name: read_numbers(
                ledger.columns[field.name], field.aliases.split()[0], self.labels, findings, whole=field.kind == "whole"
            )
            for field in contract.fields
            if field.kind in ("whole", "amount")
        }
        if not ledger.typed:
            findings.notes[:] = [note for note in findings.notes if note.kind != "numbers_as_text"]
        self._texts = {
            field.name: read_codes(ledger.columns[field.name], field.aliases.split()[0], self.labels, findings)
            if field.kind == "code"
            else read_texts(ledger.columns[field.name])
            for field in contract.fields
        }
        self._names = {field.name: field.aliases.split()[0] for field in contract.fields}

    def given(self, field: str) -> bool:
        """Tell whether the ledger says anything in a column."""
        return any(self._texts[field])

    def text(self, field: str, k: int) -> str:
        """Return a cell as text, '' where it is empty."""
        return str(self._texts[field][k])

    def number(self, field: str, k: int) -> float | None:
        """Return a cell as a number, None where it is empty or was refused."""
        number = float(self._numbers[field][k])
        return None if math.isnan(number) or (number == 0 and self.refused(field, k)) else number

    def refused(self, field: str, k: int) -> bool:
        """Tell whether a number was refused: something stands there that is none."""
        text = self.text(field, k)
        return bool(text) and NUMBER.fullmatch(unicodedata.normalize("NFKC", text)) is None

    def date(self, field: str, k: int) -> date | None:
        """Return a cell as a date; one that cannot be read is refused."""
        try:
            return read_date(self.columns[field][k])
        except ValueError as error:
            self.findings.refuse("date_text", self.labels[k], field=self._names[field], value=error)
            return None

    def flag(self, field: str, k: int) -> bool | None:
        """Return yes or no, None where nobody says."""
        text = self.text(field, k).casefold()
        if text not in USE_WORDS:
            self.findings.refuse("word_unknown", self.labels[k], field=self._names[field], value=text, known="是、否")
        return USE_WORDS.get(text)

    def word(self, field: str, k: int, words: Mapping[str, tuple[str, ...]], *, otherwise: str = "") -> str:
        """Return the key of a word; one that nobody knows is refused."""
        text = self.text(field, k)
        key = find_word(text, words) if text else otherwise
        if not key:
            known = "、".join(synonyms[0] for synonyms in words.values())
            kind = "word_unknown" if text else "text_missing"
            self.findings.refuse(kind, self.labels[k], field=self._names[field], value=text, known=known)
        return key
