"""A superior's own workbook, filled: cells are mapped once by name, and filled again each quarter.

A mapping is learnt from a copy of the template in which somebody wrote `{county.communities}` into cells and
`{communities.name}` into the first row of a list. It keeps the words that stand beside and above each of those cells;
where the template no longer says the same there, it is refused by the name of the cell. Merged cells, styles, widths
and formulas stay as they are; formulas are calculated when the workbook is opened.
"""

from __future__ import annotations

import io
import json
import re
import tomllib
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import openpyxl
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from app.geo.errors import UsageError
from app.reports.texts import clean, is_formula

__all__ = ["Mapped", "fill_template", "learn_mapping", "read_mapping", "write_mapping"]

MARK = re.compile(r"\{([a-z_]+)\.([a-z0-9_]+)\}")
LOST = ("xl/charts/", "xl/media/", "xl/pivotTables/", "xl/vbaProject", "xl/externalLinks/", "xl/activeX/")
"""Parts that would not survive being written again; a template that has them is refused rather than robbed."""
MOST_BYTES = 64 * 2**20
LOOK_BACK = 30
"""So many cells to the left and above are looked at for a word that names a cell."""

Rows = Sequence[Mapping[str, Any]]
Values = Mapping[str, Rows]
"""Rows by the name of their list; a list of one row is a set of single figures."""


@dataclass(frozen=True)
class Mapped:
    """A cell and what goes into it; `labels` are the words by which the template is recognised, by cell."""

    sheet: str
    cell: str
    name: str
    """LIST.FIELD"""
    labels: Mapping[str, str]
    last_row: int = 0
    """Of a list: the last row that is free for it; 0 for a single figure."""


def learn_mapping(
    marked: bytes, template: bytes, known: Mapping[str, Sequence[str]], singles: frozenset[str]
) -> tuple[Mapped, ...]:
    """Learn a mapping from a marked copy of a template; `known` tells the fields of every list.

    Raises
    ------
    UsageError
        A workbook cannot be read, no cell is marked, or a mark names what nobody knows.
    """
    copy_book, book = _open(marked, "标记过的副本"), _open(template, "模板")
    found = []
    for sheet in copy_book.worksheets:
        if sheet.title not in book.sheetnames:
            raise UsageError(f"模板里没有工作表“{sheet.title}” (the template has no such sheet)")
        marks = [(cell, match) for cell, match in _marks(sheet)]
        for cell, match in marks:
            where = f"{sheet.title}!{cell.coordinate}"
            listed, field = match[1], match[2]
            if field not in known.get(listed, ()):
                names = "、".join(f"{one}.…" for one in known) if listed not in known else "、".join(known[listed])
                raise UsageError(f"{where}：没有 {listed}.{field}；可用 {names} (no such value)")
            last = 0 if listed in singles else _last_free(book[sheet.title], cell, [one.row for one, _ in marks])
            labels = _labels(book[sheet.title], cell, {one.coordinate for one, _ in marks})
            if not labels:
                raise UsageError(f"{where}：左边和上边都没有文字，认不出这个单元格 (no word beside or above it)")
            found.append(Mapped(sheet.title, cell.coordinate, f"{listed}.{field}", labels, last))
    if not found:
        raise UsageError("副本里没有标记，例如 {county.communities} (no cell of the copy is marked)")
    return tuple(found)


def _marks(sheet: Worksheet) -> Iterator[tuple[Cell, re.Match[str]]]:
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, Cell) and isinstance(cell.value, str) and (match := MARK.fullmatch(cell.value.strip())):
                yield cell, match


def _labels(sheet: Worksheet, cell: Cell, marked: set[str]) -> dict[str, str]:
    """Return the nearest words to the left of a cell and above it, by the cells in which they stand."""
    ways = (
        [(cell.row, cell.column - step) for step in range(1, min(LOOK_BACK, cell.column - 1) + 1)],
        [(cell.row - step, cell.column) for step in range(1, min(LOOK_BACK, cell.row - 1) + 1)],
    )
    labels = {}
    for way in ways:
        for row, column in way:
            place = _anchor(sheet, row, column)
            value = sheet[place].value
            if isinstance(value, str) and value.strip() and not value.startswith("=") and place not in marked:
                labels[place] = _squeeze(value)
                break
    return labels


def _anchor(sheet: Worksheet, row: int, column: int) -> str:
    """Return the cell that holds what is shown at a place: of merged cells the first."""
    place = f"{get_column_letter(column)}{row}"
    for merged in sheet.merged_cells.ranges:
        if place in merged:
            return f"{get_column_letter(merged.min_col)}{merged.min_row}"
    return place


def _last_free(sheet: Worksheet, cell: Cell, rows: Sequence[int]) -> int:
    """Return the last row below the first of a list before somebody has written something in its column."""
    below = [row for row in rows if row > cell.row]
    end = min([*below, sheet.max_row + 1])
    for row in range(cell.row + 1, end):
        if sheet.cell(row, cell.column).value is not None:
            return row - 1
    return end - 1 if end <= sheet.max_row else 0x100000


def write_mapping(mapped: Sequence[Mapped]) -> str:
    """Write a mapping as TOML."""
    lines = ["# 单元格对应关系 which value goes into which cell; labels are how the template is recognised"]
    for one in mapped:
        labels = ", ".join(f"{place} = {json.dumps(text, ensure_ascii=False)}" for place, text in one.labels.items())
        lines += [
            "",
            "[[cell]]",
            f"sheet = {json.dumps(one.sheet, ensure_ascii=False)}",
            f'cell = "{one.cell}"',
            f'value = "{one.name}"',
            f"labels = {{ {labels} }}",
            *([f"last_row = {one.last_row}"] if one.last_row else []),
        ]
    return "\n".join(lines) + "\n"


def read_mapping(text: str, known: Mapping[str, Sequence[str]]) -> tuple[Mapped, ...]:
    """Read a mapping.

    Raises
    ------
    UsageError
        It is no mapping, or names what nobody knows.
    """
    try:
        entries = tomllib.loads(text)["cell"]
        mapped = tuple(
            Mapped(
                str(one["sheet"]), str(one["cell"]), str(one["value"]), dict(one["labels"]), int(one.get("last_row", 0))
            )
            for one in entries
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"对应关系读不懂：{error}；请用 --learn 重新建立 (the mapping cannot be read)") from error
    for one in mapped:
        listed, _, field = one.name.partition(".")
        if field not in known.get(listed, ()) or not re.fullmatch(r"[A-Z]{1,3}[1-9]\d{0,6}", one.cell):
            raise UsageError(f"{one.sheet}!{one.cell}：没有 {one.name} (the mapping names what is not known)")
    return mapped


def fill_template(template: bytes, mapped: Sequence[Mapped], values: Values, *, codes: frozenset[str]) -> bytes:
    """Fill a template; the fields of `codes` are written as text and keep every digit.

    Raises
    ------
    UsageError
        The mapping no longer fits: named are all cells where it does not.
    """
    book = _open(template, "模板")
    misfits = [words for one in mapped if (words := _misfit(book, one, values))]
    if misfits:
        raise UsageError(
            "对应关系与模板不再相符，请核对模板，或用 --learn 重新建立 (the mapping no longer fits the template)：\n"
            + "\n".join(misfits)
        )
    for one in mapped:
        listed, _, field = one.name.partition(".")
        sheet, first = book[one.sheet], book[one.sheet][one.cell]
        rows = values[listed] if one.last_row else values[listed][:1]
        for step, row in enumerate(rows):
            cell = sheet.cell(first.row + step, first.column)
            if step:
                _dress_like(cell, first)
            _write(cell, row.get(field), code=field in codes)
    book.calculation.fullCalcOnLoad = True
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _misfit(book: Workbook, one: Mapped, values: Values) -> str:
    """Say why a mapped cell no longer fits; '' where it does."""
    where = f"{one.sheet}!{one.cell}"
    if one.sheet not in book.sheetnames:
        return f"{where}：没有这个工作表 (no such sheet)"
    sheet = book[one.sheet]
    for place, text in one.labels.items():
        value = sheet[place].value
        if not isinstance(value, str) or _squeeze(value) != text:
            now = "空" if value is None else clean(value)
            return f"{where}：{one.sheet}!{place} 应为“{text}”，现为“{now}” (another word stands there)"
    rows = len(values[one.name.partition(".")[0]]) if one.last_row else 1
    first = sheet[one.cell]
    if one.last_row and first.row + rows - 1 > one.last_row:
        free = one.last_row - first.row + 1
        return f"{where}：{rows} 行放不下，只有 {free} 行空行，请在模板里插入行 (too few free rows)"
    for step in range(rows):
        cell = sheet.cell(first.row + step, first.column)
        if isinstance(cell, MergedCell):
            return f"{one.sheet}!{cell.coordinate}：在合并单元格里，不是其左上角 (inside merged cells)"
        if cell.data_type == "f":
            return f"{one.sheet}!{cell.coordinate}：是公式，不会改写 (a formula stands there)"
    return ""


def _dress_like(cell: Cell, first: Cell) -> None:
    """Give a further row of a list the looks of the first, where it has none of its own."""
    if not cell.has_style:
        for name in ("font", "border", "fill", "alignment", "protection", "number_format"):
            setattr(cell, name, copy(getattr(first, name)))


def _write(cell: Cell, value: Any, *, code: bool) -> None:
    """Write a value: numbers as numbers, everything else as text that is never a formula."""
    if value is None or value == "":
        cell.value = None
        return
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not code:
        cell.value = value
        return
    text = clean("是" if value is True else "否" if value is False else value)
    cell.value = text
    cell.data_type = "s"
    if code:
        cell.number_format = "@"
    if is_formula(text):
        cell.quotePrefix = True


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", clean(text))


def _open(content: bytes, called: str) -> Workbook:
    """Open a workbook that can be written again without losing anything.

    Raises
    ------
    UsageError
        It cannot.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
        if sum(part.file_size for part in parts) > MOST_BYTES:
            raise UsageError(f"{called}太大 (too large)")
        lost = sorted({part.filename for part in parts if part.filename.startswith(LOST)})
        if lost:
            raise UsageError(
                f"{called}里有图片、图表、宏或数据透视表（{lost[0]}），重写会丢失；请另存为不含这些的 xlsx "
                "(it has pictures, charts, macros or pivot tables, which would be lost)"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of extensions that openpyxl does not know
            return openpyxl.load_workbook(io.BytesIO(content))
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, EOFError) as error:
        raise UsageError(f"{called}不是 xlsx，或已损坏 (no xlsx, or damaged)：{error}") from error
