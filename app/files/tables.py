"""Tables that people keep, CSV or xlsx: the header found, rows with their numbers in the file, cells as they are."""

from __future__ import annotations

import contextlib
import csv
import math
import re
import unicodedata
import zipfile
from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
from numpy.typing import NDArray
from openpyxl.utils.exceptions import InvalidFileException

from app.files.columns import match_columns
from app.files.messages import Findings
from app.files.values import NUMBER, read_codes, read_numbers, read_texts
from app.geo.assessment import Community
from app.geo.layers import Contract

__all__ = ["CommunityNames", "Ledger", "LedgerTable", "find_word", "read_date", "read_ledger"]

HEADER_WITHIN = 8
"""The header is looked for in so many rows: titles and units may stand above it."""

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


def read_ledger(contract: Contract, spec: str, findings: Findings, told: dict[str, dict[str, str]]) -> Ledger:
    """Read a ledger by its contract: CSV in UTF-8, with or without BOM, or GB18030; or an xlsx, of which `FILE:SHEET`.

    Rows of sums and empty rows are left out. Fields that the file lacks have empty cells.

    Raises
    ------
    InputError
        With what is wrong with the file or its columns.
    """
    path, sheet = _locate(spec)
    if not path.exists():
        raise findings.stop("file_missing")
    if path.suffix.lower() == ".csv":
        table = _read_csv(path, findings)
    elif path.suffix.lower() == ".xlsx":
        table = _read_xlsx(path, sheet, findings)
    else:
        raise findings.stop("ledger_format", suffix=path.suffix)
    known = {_key(name) for field in contract.fields for name in (field.name, *field.aliases.split())}
    header = max(
        range(min(len(table), HEADER_WITHIN)),
        key=lambda row: (sum(_key(_text(cell)) in known for cell in table[row]), -row),
        default=None,
    )
    if header is None:
        raise findings.stop("ledger_empty")
    names = [_text(cell) for cell in table[header]]
    matched = match_columns(contract, [name for name in names if name], told, None, findings)
    findings.settle()
    body = [(number, row) for number, row in enumerate(table[header + 1 :], header + 2) if _is_data(row)]
    if not body:
        raise findings.stop("ledger_empty")
    columns = {}
    for field in contract.fields:
        place = names.index(matched[field.name]) if field.name in matched else None
        cells = [row[place] if place is not None and place < len(row) else None for _, row in body]
        columns[field.name] = np.array([*cells, None], dtype=object)[:-1]
    return Ledger(columns, tuple(number for number, _ in body), typed=path.suffix.lower() != ".csv")


def _locate(spec: str) -> tuple[Path, str]:
    path = Path(spec)
    if path.exists() or ":" not in spec:
        return path, ""
    file, _, sheet = spec.rpartition(":")
    return Path(file), sheet


def _is_data(row: Sequence[Any]) -> bool:
    texts = [text for text in (_text(cell) for cell in row) if text]
    return bool(texts) and texts[0] not in SUMS


def _text(cell: Any) -> str:
    return "" if cell is None else re.sub(r"\s+", "", str(cell))


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _read_csv(path: Path, findings: Findings) -> list[list[Any]]:
    content = path.read_bytes()
    for codec in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(codec)
            break
        except UnicodeDecodeError as error:
            reason = f"不是 UTF-8 也不是 GB18030（{error.reason}）"
    else:
        raise findings.stop("encoding", reason=reason, reason_en="neither UTF-8 nor GB18030")
    if "\0" in text:
        raise findings.stop("pretends", suffix=path.suffix, found="不是文本", found_en="is no text")
    return [[cell.strip() or None for cell in row] for row in csv.reader(StringIO(text, newline=""))]


def _read_xlsx(path: Path, sheet: str, findings: Findings) -> list[list[Any]]:
    try:
        with closing(openpyxl.load_workbook(path, data_only=True)) as book:
            if sheet and sheet not in book.sheetnames:
                raise findings.stop("layer_missing", layer=sheet, layers="、".join(book.sheetnames))
            return [list(row) for row in (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise findings.stop("damaged", reason=error) from error


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
    folded = _key(said.strip())
    return next((key for key, known in words.items() if folded in (key, *map(_key, known))), "")


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
