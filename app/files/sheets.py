"""Tables as offices keep them: CSV in any encoding, xlsx with titles, merged cells and headers of two rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from app.files.messages import Findings

__all__ = ["HEADER_WITHIN", "SHEET_SUFFIXES", "UNCALCULATED", "Extent", "Row", "Sheet", "column_key", "read_sheet"]

SHEET_SUFFIXES = (".csv", ".xlsx", ".xlsm")
WORKBOOK_ERRORS = (InvalidFileException, KeyError, ValueError, TypeError, ParseError, zipfile.BadZipFile, EOFError)

FORMULA = re.compile(rb"<f[ >/]")

MACHINE_SHEET = "数据"
"""The sheet for programs in the workbooks that we write ourselves; of several that fit it is the one meant."""

MOST_BYTES = 400 << 20
"""An office's workbook unpacks to far less; more is an accident or an attack."""

HEADER_WITHIN = 15
"""Rows from the top among which a header stands: titles and units come first."""

FEWEST_KNOWN = 2
"""Names that a row has to know to be a header."""


@dataclass(frozen=True)
class Extent:
    """How much of a workbook's sheet is read: rows that hold something, and columns; what holds more is refused."""

    rows: int
    columns: int


SPREADSHEET = Extent(rows=1_048_576, columns=16_384)
"""What a sheet can have in Excel and in WPS; rows that it numbers beyond are a mistake or an attack."""


class _Uncalculated:
    """A formula whose value nobody saved."""

    def __str__(self) -> str:
        return "（公式）"


UNCALCULATED = _Uncalculated()


@dataclass(frozen=True)
class Row:
    """A row by its number in the sheet, counted from 1, with its values from the first column on."""

    number: int
    values: tuple[Any, ...]
    merged: frozenset[int] = frozenset()
    """Columns whose value was filled in from the first row of a merged cell."""


@dataclass(frozen=True)
class Sheet:
    """A table with the names of its columns and the rows below them.

    Names stand for empty ones as '', and that of a column under a heading of two rows is the lower one where it is
    known by itself, else both.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str = ""
    """Of a CSV."""

    def letter(self, column: int) -> str:
        """Return the letters over a column."""
        return str(get_column_letter(column + 1))


def column_key(text: str) -> str:
    """Return a name of a column as it is compared: without regard to case, width, spaces and line breaks."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(plain.split()).casefold()


def read_sheet(
    path: Path,
    wished: str,
    known: Collection[str],
    findings: Findings,
    *,
    fewest: int = FEWEST_KNOWN,
    extent: Extent = SPREADSHEET,
) -> Sheet:
    """Read the sheet that `wished` names, or the only one whose header has at least `fewest` names that are `known`.

    Raises
    ------
    InputError
        If the file is no table, damaged, in an unknown encoding, or none or several of its sheets fit; if a sheet of a
        workbook holds more than `extent` has room for.
    """
    keys = {column_key(name) for name in known}
    if path.suffix.lower() == ".csv":
        sheet = _headed("", list(_csv_rows(path, findings)), [], keys, fewest)
        if sheet is None:
            raise findings.stop("header_missing", known="、".join(sorted(known)[:8]))
        return sheet
    return _read_workbook(path, wished, keys, known, findings, fewest, extent)


def _csv_rows(path: Path, findings: Findings) -> Iterator[Row]:
    text, codec = _decode(path.read_bytes(), findings)
    if codec == "gb18030":
        findings.note("csv_gbk", 1)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",\t;", key=first.count)
    try:
        for row in (reader := csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)):
            yield Row(reader.line_num, tuple(_unquoted(value) if value.strip() else None for value in row))
    except csv.Error as error:
        raise findings.stop("damaged", reason=error) from error


def _unquoted(text: str) -> str:
    """Return text without the mark that keeps a spreadsheet from taking it for a formula."""
    return text[1:] if text.startswith(("'=", "'+", "'-", "'@")) else text


def _decode(content: bytes, findings: Findings) -> tuple[str, str]:
    """Turn the bytes of a CSV into text: by its mark, else as UTF-8, else as GB18030, which contains GBK."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    marked = next((codec for mark, codec in marks if content.startswith(mark)), None)
    for codec in (marked,) if marked else ("utf-8", "gb18030"):
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, codec
    raise findings.stop("encoding", reason="既不是 UTF-8 也不是 GB18030", reason_en="neither UTF-8 nor GB18030")


def _read_workbook(
    path: Path, wished: str, keys: set[str], known: Collection[str], findings: Findings, fewest: int, extent: Extent
) -> Sheet:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise findings.stop("workbook_old_or_locked")
    if not head.startswith(b"PK"):
        raise findings.stop("pretends", suffix=path.suffix, found="不是工作簿", found_en="is no workbook")
    try:
        with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features that we do not read
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise findings.stop("workbook_huge", mib=MOST_BYTES >> 20)
            parts = _sheet_parts(archive)
            names = _named(wished, list(parts), findings)
            fitting = []
            for name in names:
                rows, merges = _read_workbook_sheet(path, archive, name, parts[name], findings, extent)
                with closing(rows):
                    top = list(islice(rows, HEADER_WITHIN + 1))
                    sheet = _headed(name, top, merges, keys, fewest)
                    if sheet is not None:  # what else the workbook holds is not read to its end
                        sheet = _headed(name, [*top, *rows], merges, keys, fewest)
                if sheet is not None:
                    fitting.append(sheet)
    except WORKBOOK_ERRORS as error:
        raise findings.stop("damaged", reason=error) from error
    if not fitting:
        raise findings.stop("header_missing", known="、".join(sorted(known)[:8]))
    ours = [sheet for sheet in fitting if sheet.name == MACHINE_SHEET]
    if len(fitting) > 1 and not ours:
        raise findings.stop("layers_several", layers="、".join(sheet.name for sheet in fitting))
    return (ours or fitting)[0]


def _named(wished: str, names: Sequence[str], findings: Findings) -> Sequence[str]:
    if wished and wished not in names:
        raise findings.stop("layer_missing", layer=wished, layers="、".join(names))
    return [wished] if wished else names


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the name of each visible sheet with the part of the archive that holds it."""
    with Path(str(archive.filename)).open("rb") as opened:  # it leaves open what it refuses
        book = openpyxl.load_workbook(opened, read_only=True)
        try:
            names = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
        finally:
            book.close()
    index = archive.read("xl/workbook.xml").decode("utf-8")
    links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8")
    target = {
        _attribute(link, "Id"): _attribute(link, "Target")
        for link in re.findall(r"<(?:\w+:)?Relationship [^>]*>", links)
    }
    parts = {}
    for name, entry in zip(list(book.sheetnames), re.findall(r"<(?:\w+:)?sheet [^>]*>", index), strict=False):
        file = target.get(_attribute(entry, r"\w+:id"), "")
        if name in names:
            parts[name] = file.lstrip("/") if file.startswith("/") else f"xl/{file}"
    return parts


def _attribute(element: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', element)
    return found[1] if found else ""


def _read_workbook_sheet(
    path: Path, archive: zipfile.ZipFile, name: str, part: str, findings: Findings, extent: Extent
) -> tuple[Generator[Row], list[Any]]:
    """Return the rows of a sheet, with the values that were saved with its formulas, and its merged cells."""
    xml = archive.read(part) if part in archive.namelist() else b""
    merges = [
        range_boundaries(reference.decode("ascii"))
        for reference in re.findall(rb'<(?:\w+:)?mergeCell [^>]*ref="([A-Z]+\d+:[A-Z]+\d+)"', xml)
    ]
    rows = _workbook_rows(path, name, findings, extent, data_only=True)
    if FORMULA.search(xml):
        rows = _mark_uncalculated(rows, _workbook_rows(path, name, findings, extent, data_only=False))
    return rows, merges


def _workbook_rows(path: Path, name: str, findings: Findings, extent: Extent, *, data_only: bool) -> Generator[Row]:
    """Read the rows about the header as they are, and of those below whatever holds something."""
    count = 0
    with path.open("rb") as opened:
        book = openpyxl.load_workbook(opened, read_only=True, data_only=data_only)
        try:
            sheet = book[name]
            sheet.reset_dimensions()  # some programs write a wrong extent, which would cut the table off
            beyond = SPREADSHEET.rows + 1  # openpyxl makes up every row that is missing before one with a number
            for number, cells in enumerate(sheet.iter_rows(values_only=True, max_row=beyond), 1):
                if number == beyond:
                    raise findings.stop("sheet_rows", most=SPREADSHEET.rows)
                if not cells and number > HEADER_WITHIN + 1:
                    continue
                values = [None if isinstance(value, str) and not value.strip() else value for value in cells]
                width = next((place for place in range(len(values), 0, -1) if values[place - 1] is not None), 0)
                if width > extent.columns:
                    raise findings.stop("sheet_columns", most=extent.columns)
                count += width > 0
                if count > extent.rows:
                    raise findings.stop("sheet_rows", most=extent.rows)
                if number <= HEADER_WITHIN + 1:  # a header of two rows may end there
                    yield Row(number, tuple(values[: extent.columns]))
                elif width:
                    yield Row(number, tuple(values[:width]))
        finally:
            book.close()


def _mark_uncalculated(saved: Generator[Row], formulas: Generator[Row]) -> Generator[Row]:
    """Give the rows with their saved values, and a mark wherever a formula has none; a row may hold nothing else."""
    with closing(saved), closing(formulas):
        behind = next(saved, None)
        for row in formulas:
            while behind is not None and behind.number < row.number:
                behind = next(saved, None)
            values = behind.values if behind is not None and behind.number == row.number else ()
            marked = (
                UNCALCULATED if value is None and isinstance(formula, str) and formula.startswith("=") else value
                for value, formula in zip_longest(values, row.values)
            )
            yield Row(row.number, tuple(marked))


def _headed(name: str, rows: Sequence[Row], merges: Sequence[Any], keys: set[str], fewest: int) -> Sheet | None:
    """Find the header of one row or two, and the rows below it; None where no row knows enough names."""
    for place, row in enumerate(rows[:HEADER_WITHIN]):
        if len({value for value in row.values if value is not None}) < fewest:
            continue  # a title
        upper = _spread(row, merges)
        below = rows[place + 1] if place + 1 < len(rows) else Row(row.number + 1, ())
        lower = _lower_header(row, below, upper)
        columns = _names(upper, lower, keys)
        if sum(column_key(column) in keys for column in columns) >= fewest:
            first = place + (2 if lower else 1)
            body = [one for one in rows[first:] if any(value is not None for value in one.values)]
            return Sheet(name, tuple(columns), tuple(_fill_merged(body, merges)))
    return None


def _spread(row: Row, merges: Sequence[Any]) -> list[Any]:
    """Return the cells of a row with a heading over several columns repeated in each."""
    values = list(row.values)
    for west, top, east, _ in merges:
        if top == row.number and east > west and west <= len(values):
            values += [None] * (east - len(values))
            values[west - 1 : east] = [values[west - 1]] * (east - west + 1)
    return values


def _lower_header(row: Row, below: Row, upper: Sequence[Any]) -> dict[int, str]:
    """Return the lower names of a header of two rows; they stand only under headings that span columns."""
    spanned = {
        place
        for place, value in enumerate(upper)
        if value is not None and (value in (upper[place - 1] if place else None, *(upper[place + 1 : place + 2])))
    }
    if not spanned:  # a CSV knows no merged cells: a heading is followed by nothing
        following = {place for place, value in enumerate(row.values) if value is None and place}
        spanned = following | {place - 1 for place in following}
    lower = {place: str(value) for place, value in enumerate(below.values) if value is not None}
    if not lower or not set(lower) <= spanned or not all(isinstance(below.values[place], str) for place in lower):
        return {}
    return lower


def _names(upper: Sequence[Any], lower: dict[int, str], keys: set[str]) -> list[str]:
    heading = ""
    names = []
    for place in range(max([len(upper), *(place + 1 for place in lower)])):
        over = upper[place] if place < len(upper) else None
        heading = str(over).strip() if over is not None else heading if place in lower else ""
        under = lower.get(place, "").strip()
        names.append(under if column_key(under) in keys else f"{heading}{under}")
    return [re.sub(r"\s+", "", name) for name in names]


def _fill_merged(rows: Sequence[Row], merges: Sequence[Any]) -> Iterator[Row]:
    """Give every row of a cell that was merged downwards the value of the first; rows come in their order."""
    waiting = sorted((merge for merge in merges if merge[3] > merge[1]), key=itemgetter(1), reverse=True)
    first = {row.number: row.values for row in rows}
    open_at: dict[int, tuple[int, int]] = {}  # by the column: no two merged cells of a sheet share one cell
    for row in rows:
        while waiting and waiting[-1][1] < row.number:
            west, top, _, bottom = waiting.pop()
            open_at[west] = (top, bottom)
        open_at = {west: (top, bottom) for west, (top, bottom) in open_at.items() if bottom >= row.number}
        values, merged = list(row.values), set()
        for west, (top, _) in open_at.items():
            above = first.get(top, ())
            if west <= len(above) and above[west - 1] is not None:
                values += [None] * (west - len(values))
                values[west - 1] = above[west - 1]
                merged.add(west - 1)
        yield replace(row, values=tuple(values), merged=frozenset(merged))
