"""Ledgers of where people live, row by row: every fault with its sheet, row and column, nothing guessed.

The columns are those of 《楼栋归属明细表》; of any other table, those that its header names.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pandas as pd

from app.files.columns import match_columns
from app.files.messages import MOST_LISTED, Findings, Note, listed
from app.files.sheets import SHEET_SUFFIXES, UNCALCULATED, Row, Sheet, read_sheet
from app.files.sources import content_digest
from app.geo.building_labels import building_key
from app.geo.codes import read_numeral
from app.geo.layers import HOUSEHOLD_BASES, LEDGER, PENDING, UNSTATED

__all__ = ["Ledger", "read_dwelling_ledger"]

NAMES = ("community", "town", "compound", "village", "group", "building", "section")
TOTAL_WORDS = ("合计", "总计", "小计", "共计")
REMARK_WORDS = ("填表", "制表", "审核", "说明", "备注", "注:", "注：", "单位负责", "填报", "联系")
DITTO = {"同上", "同前", "〃", "″", '"', "''", "“", "”", "同左"}
PLACEHOLDERS = {
    "无",
    "待定",
    "不详",
    "未知",
    "暂无",
    "-",
    "--",
    "—",
    "——",
    "/",
    "\\",
    "?",
    "？",
    "??",
    "xx",
    "xxx",
    "某",
    "空",
}
LONGEST_NAME = 40
MOST_HOUSEHOLDS = 20_000
MOST_PERSONS_A_HOUSEHOLD = 20
ERROR_VALUE = re.compile(r"#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)", re.IGNORECASE)
PLAIN_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
SPREADSHEET_NUMBER = re.compile(r"\d+(\.\d+)?[eE]\+?\d+|\d+\.0+")
WHOLE_DIGITS = 1e15
"""From here on a spreadsheet keeps no digit beyond the fifteenth."""

CHINA = (73.0, 3.0, 136.0, 54.0)
RANGE_OF_BUILDINGS = re.compile(r"(\d+)\s*(?:号楼|号|栋|幢)?\s*[-~—至到]+\s*(\d+)\s*(?:号楼|栋|幢|号)")
LIST_OF_BUILDINGS = re.compile(r"\d+\s*(?:号楼|号|栋|幢|楼)?\s*[、,，;；]\s*\d+")


@dataclass(frozen=True)
class Ledger:
    """Where people live, as a table: text is '' and a number NaN where it is not known.

    `rows` has row (its number in the sheet), community_code (official or internal), community, town, compound (or
    natural village), group, building, section, address, building_id, address_code, households, persons, longitude,
    latitude, and what else the contract `LEDGER` names.
    """

    rows: pd.DataFrame
    household_basis: str
    notes: tuple[Note, ...]
    source: str
    digest: str


@dataclass
class _Desk:
    """The faults of a sheet in the order of its rows; past the first few of a kind they are counted."""

    findings: Findings
    sheet: Sheet
    places: Mapping[str, int]
    """The column of each field."""
    told: Counter[str] = field(default_factory=Counter)
    last: dict[str, dict[str, Any]] = field(default_factory=dict)

    def refuse(self, kind: str, at: int, under: str, **facts: Any) -> None:
        """Tell a fault of a cell."""
        self.told[kind] += 1
        if self.told[kind] <= MOST_LISTED:
            place = self.places.get(under, self.places["community"])
            self.findings.refuse(kind, f"row {at} {self.sheet.letter(place)} {self.sheet.columns[place]}", **facts)
        else:
            self.last[kind] = facts

    def settle(self) -> None:
        """Count what was not listed, and raise what was found."""
        for kind, facts in self.last.items():
            self.findings.refuse_more(kind, self.told[kind] - MOST_LISTED, **facts)
        self.findings.settle()


def read_dwelling_ledger(
    spec: str,
    *,
    told: Mapping[str, Mapping[str, str]] | None = None,
    household_basis: str = "",
    communities: Mapping[str, str] | None = None,
) -> Ledger:
    """Read a ledger by the contract `LEDGER` from `FILE` or `FILE:SHEET`, CSV or xlsx.

    Parameters
    ----------
    told
        Columns by layer and field, from `app.files.columns.parse_columns`.
    household_basis
        What households count, where the ledger does not say.
    communities
        Names by code of the communities there are, where those are known.

    Raises
    ------
    InputError
        With every fault, each with its row and column.
    """
    findings = Findings("ledger", spec)
    path, wished = _locate(spec, findings)
    named = {column for columns in (told or {}).values() for column in columns.values()}
    known = {alias for one in LEDGER.fields for alias in (one.name, *one.aliases.split())} | named
    sheet = read_sheet(path, wished, known, findings)
    if sheet.name:
        findings.source = f"{path}:{sheet.name}"
    matched = match_columns(LEDGER, [name for name in sheet.columns if name], told or {}, household_basis, findings)
    findings.settle()
    desk = _Desk(findings, sheet, {name: sheet.columns.index(column) for name, column in matched.items()})
    rows = [row for row in sheet.rows if not _is_remark(row)]
    entries = _read_rows(rows, desk)
    if not entries and not findings.faults:
        raise findings.stop("table_empty")
    findings.note("lines_skipped", len(sheet.rows) - len(entries))
    filled = sum(len(row.merged & set(desk.places.values())) for row in rows)
    findings.note("merged_filled", filled)
    _check_names(entries, desk)
    _check_buildings(entries, desk)
    _check_communities(entries, desk, communities)
    basis = _settle_basis(entries, matched, household_basis, desk)
    desk.settle()
    findings.note("basis_unstated", int(basis == UNSTATED))
    return Ledger(_frame(entries, findings), basis, tuple(findings.notes), findings.source, content_digest(path))


def _locate(spec: str, findings: Findings) -> tuple[Path, str]:
    path, sheet = Path(spec), ""
    if not path.exists() and ":" in spec:
        file, _, sheet = spec.rpartition(":")
        path = Path(file)
    if path.is_dir():
        raise findings.stop("folder")
    if not path.is_file():
        raise findings.stop("file_missing")
    if path.suffix.lower() == ".xls":
        raise findings.stop("workbook_old_or_locked")
    if path.suffix.lower() not in SHEET_SUFFIXES:
        raise findings.stop("table_unknown", suffix=path.suffix)
    return path, sheet


def _is_remark(row: Row) -> bool:
    """Tell whether a row is a line of words below a table: one cell, which opens as signatures and notes do."""
    given = [value for place, value in enumerate(row.values) if value is not None and place not in row.merged]
    return len(given) == 1 and str(given[0]).strip().startswith(REMARK_WORDS)


def _read_rows(rows: Sequence[Row], desk: _Desk) -> list[dict[str, Any]]:
    """Read rows of data; totals are compared with what stands above them and left out."""
    entries: list[dict[str, Any]] = []
    total = since = 0.0
    for row in rows:
        words = [str(value).strip() for value in row.values if isinstance(value, str)]
        if words and words[0].startswith(TOTAL_WORDS):
            given = _value(row, desk.places["households"])
            if isinstance(given, int | float) and given not in (total, since):
                desk.refuse("total_differs", row.number, "households", value=f"{given:g}", sum=f"{total:g}")
            since = 0.0
            continue
        repeated = sum(_value(row, place) == desk.sheet.columns[place] for place in desk.places.values())
        if repeated >= 2:
            desk.refuse("header_repeated", row.number, "community")
            continue
        entry = _read_row(row, desk)
        total += entry["households"] or 0
        since += entry["households"] or 0
        entries.append(entry)
    return entries


def _value(row: Row, place: int) -> Any:
    return row.values[place] if place < len(row.values) else None


def _read_row(row: Row, desk: _Desk) -> dict[str, Any]:
    entry: dict[str, Any] = {"row": row.number}
    for one in LEDGER.fields:
        place = desk.places.get(one.name)
        value = _value(row, place) if place is not None else None
        merged = place is not None and place in row.merged
        entry[one.name] = _read_cell(one.name, one.kind, value, row.number, merged, desk)
    entry["compound"] = entry["compound"] or entry["village"]
    if not entry["community"]:
        desk.refuse("row_community_missing", row.number, "community")
    if not any(entry[name] for name in ("compound", "group", "building", "address")):
        desk.refuse("row_place_missing", row.number, "compound")
    if entry["section"] and not entry["building"]:
        desk.refuse("section_without_building", row.number, "section")
    _check_numbers(entry, row, desk)
    _check_place(entry, row, desk)
    return entry


def _read_cell(name: str, kind: str, value: Any, row: int, merged: bool, desk: _Desk) -> Any:
    """Return text, a number or a code, '' or None where there is none; tell what it cannot be."""
    nothing = "" if kind in ("text", "code") else None
    spoilt = _spoilt(value)
    if spoilt:
        desk.refuse(spoilt, row, name, value=value)
        return nothing
    if value is None:
        return nothing
    if kind == "text":
        return _read_name(name, value, row, desk) if name in NAMES else str(value).strip()
    if kind == "code":
        return _read_code(name, value, row, desk)
    if name in ("longitude", "latitude"):
        return _read_coordinate(name, value, row, desk)
    if merged:
        desk.refuse("households_merged", row, name, field=desk.sheet.columns[desk.places[name]])
        return None
    return _read_number(name, value, row, desk)


def _spoilt(value: Any) -> str:
    if value is UNCALCULATED:
        return "cell_uncalculated"
    if isinstance(value, datetime | date | time):
        return "cell_date"
    if isinstance(value, bool):
        return "cell_flag"
    if isinstance(value, str) and ERROR_VALUE.fullmatch(value.strip()):
        return "cell_error"
    return ""


def _read_name(name: str, value: Any, row: int, desk: _Desk) -> str:
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    shown = re.sub(r"[\x00-\x1f\x7f\u2028\u2029]", "␣", text)
    if shown != text:
        desk.refuse("text_control", row, name, value=shown)
    elif "\ufffd" in text or "锟斤拷" in text or re.search(r"[À-ÿ]{3}", text):
        desk.refuse("text_garbled", row, name, value=text)
    elif text in DITTO:
        desk.refuse("text_ditto", row, name, value=text)
    elif text.casefold() in PLACEHOLDERS:
        desk.refuse("text_placeholder", row, name, value=text)
    elif len(text) > LONGEST_NAME:
        desk.refuse("text_long", row, name, count=len(text))
    elif name == "building" and _names_several(text):
        desk.refuse("building_several", row, name, value=text)
    return text


def _names_several(text: str) -> bool:
    plain = unicodedata.normalize("NFKC", text)
    span = RANGE_OF_BUILDINGS.search(plain)
    return bool(LIST_OF_BUILDINGS.search(plain)) or (span is not None and int(span[2]) > int(span[1]))


def _read_code(name: str, value: Any, row: int, desk: _Desk) -> str:
    if isinstance(value, int | float) and abs(value) >= WHOLE_DIGITS:
        desk.refuse("code_digits_lost", row, name, value=f"{value:.0f}")
        return ""
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    if SPREADSHEET_NUMBER.fullmatch(text):
        desk.refuse("code_number", row, name, field=desk.sheet.columns[desk.places[name]], value=text)
        return ""
    if name == "community_code":
        if text.startswith(PENDING):
            return ""
        if not re.fullmatch(r"[0-9]{12}", text):
            desk.refuse("code_form", row, name, value=text)
    return text


def _read_number(name: str, value: Any, row: int, desk: _Desk) -> float | None:
    label = desk.sheet.columns[desk.places[name]]
    if isinstance(value, int | float):
        number = float(value)
    else:
        text = unicodedata.normalize("NFKC", str(value)).strip()
        if not PLAIN_NUMBER.fullmatch(text):
            kind, facts = _why_no_number(text)
            desk.refuse(kind, row, name, field=label, value=str(value).strip(), **facts)
            return None
        number = float(text.replace(",", ""))
    if number < 0:
        desk.refuse("number_negative", row, name, field=label, value=f"{number:g}")
    elif number != int(number):
        desk.refuse("number_fraction", row, name, field=label, value=f"{number:g}")
    elif number > MOST_HOUSEHOLDS * (MOST_PERSONS_A_HOUSEHOLD if name == "persons" else 1):
        desk.refuse("number_huge", row, name, value=f"{number:.0f}")
    else:
        return number
    return None


def _why_no_number(text: str) -> tuple[str, dict[str, str]]:
    """Say what text is that is no number: with a unit, approximate, a range, a sum, Chinese, or anything else."""
    if unit := re.fullmatch(r"(\d+)\s*(户|人|家|套|口|间)", text):
        return "number_unit", {"meant": unit[1]}
    if re.fullmatch(r"(约|大约|近|大概)?\s*\d+\s*(多|余|左右|上下|以上)?\s*(户|人)?", text):
        return "number_about", {}
    if re.fullmatch(r"\d+\s*[-~—至到]+\s*\d+\s*(户|人)?", text):
        return "number_range", {}
    if re.fullmatch(r"=?\d+(\s*\+\s*\d+)+", text):
        return "number_sum", {"meant": str(sum(int(part) for part in re.findall(r"\d+", text)))}
    number = read_numeral(text.rstrip("户人"))
    return ("number_chinese", {"meant": str(number)}) if number else ("number_text", {})


def _read_coordinate(name: str, value: Any, row: int, desk: _Desk) -> float | None:
    try:
        return float(str(value).strip())
    except ValueError:
        desk.refuse("coordinate_text", row, name, value=value)
        return None


def _check_numbers(entry: dict[str, Any], row: Row, desk: _Desk) -> None:
    households, persons = entry["households"], entry["persons"]
    if households is None and _value(row, desk.places["households"]) is None:
        label = desk.sheet.columns[desk.places["households"]]
        desk.refuse("households_missing", row.number, "households", field=label)
    if households and persons and persons > MOST_PERSONS_A_HOUSEHOLD * households:
        facts = {"value": f"{persons:.0f}", "households": f"{households:.0f}", "most": MOST_PERSONS_A_HOUSEHOLD}
        desk.refuse("persons_many", row.number, "persons", **facts)


def _check_place(entry: dict[str, Any], row: Row, desk: _Desk) -> None:
    x, y = entry["longitude"], entry["latitude"]
    if x is None and y is None:
        return
    west, south, east, north = CHINA
    if x is None or y is None:
        given = "latitude" if x is None else "longitude"
        missing = "longitude" if x is None else "latitude"
        if desk.places.get(missing) is None or _value(row, desk.places[missing]) is None:
            desk.refuse("coordinate_half", row.number, given)
    elif not (west <= x <= east and south <= y <= north):
        swapped = west <= y <= east and south <= x <= north
        desk.refuse("coordinate_swapped" if swapped else "coordinate_abroad", row.number, "longitude", x=x, y=y)


def _check_names(entries: Iterable[dict[str, Any]], desk: _Desk) -> None:
    """Look for one code with two names, and one name with two codes."""
    by_code: dict[str, dict[str, Any]] = {}
    by_name: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        code, name = entry["community_code"], entry["community"]
        if not code or not name:
            continue
        first = by_code.setdefault(code, entry)
        if first["community"] != name:
            facts = {"value": code, "row": first["row"], "other": first["community"], "name": name}
            desk.refuse("code_two_names", entry["row"], "community", **facts)
            continue
        first = by_name.setdefault((entry["town"], name), entry)
        if first["community_code"] != code:
            facts = {"value": code, "row": first["row"], "other": first["community_code"], "name": name}
            desk.refuse("name_two_codes", entry["row"], "community_code", **facts)


def _check_buildings(entries: Sequence[dict[str, Any]], desk: _Desk) -> None:
    """Look for households that would count twice, and for buildings that nobody named."""
    named = {_whole(entry) for entry in entries if entry["building"]}
    first: dict[tuple[str, ...], dict[str, Any]] = {}
    spelt: dict[tuple[str, ...], dict[str, Any]] = {}
    for entry in entries:
        row, whole = entry["row"], _whole(entry)
        if entry["compound"] and not entry["building"] and not entry["section"] and whole in named:
            desk.refuse("row_building_missing", row, "building", compound=entry["compound"])
            continue
        key = (*whole, entry["building"], entry["section"], entry["address"])
        if key in first:
            desk.refuse("row_repeated", row, "building", row=first[key]["row"])
            continue
        first[key] = entry
        if not entry["building"]:
            continue
        other = spelt.setdefault((*whole, building_key(entry["building"])), entry)
        if other is entry:
            continue
        if other["building"] != entry["building"]:
            facts = {"value": entry["building"], "row": other["row"], "other": other["building"]}
            desk.refuse("building_respelt", row, "building", **facts)
        elif bool(other["section"]) != bool(entry["section"]):
            desk.refuse("building_and_sections", row, "section", value=entry["building"], row=other["row"])


def _whole(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return (entry["town"], entry["community"], entry["compound"], entry["group"])


def _check_communities(entries: Iterable[dict[str, Any]], desk: _Desk, there_are: Mapping[str, str] | None) -> None:
    """Look for communities that the layer of communities does not have; give the others its code."""
    if there_are is None:
        return
    code_of = {name: code for code, name in there_are.items()}
    for entry in entries:
        code, name = entry["community_code"], entry["community"]
        if code in there_are or (not code and name in code_of):
            entry["community_code"] = code or code_of[name]
        elif name:
            near = difflib.get_close_matches(name, list(code_of), n=1)
            hint = (f"，是不是 {near[0]}？", f"; is it {near[0]}?") if near else ("", "")
            shown = f"{name}（{code}）" if code else name
            desk.refuse("community_absent", entry["row"], "community", value=shown, hint=hint[0], hint_en=hint[1])


def _settle_basis(
    entries: Iterable[dict[str, Any]], matched: Mapping[str, str], household_basis: str, desk: _Desk
) -> str:
    """Find what households count: as told, as the ledger says in every row, or as the name of its column says."""
    first = ""
    for entry in entries:
        said = entry["household_basis"]
        first = first or said
        if said and said != first:
            desk.refuse("basis_mixed", entry["row"], "household_basis", value=said, other=first)
    column = matched["households"]
    by_name = next((basis for basis, names in HOUSEHOLD_BASES.items() if column in names.split()), UNSTATED)
    return household_basis or first or by_name


def _frame(entries: Sequence[dict[str, Any]], findings: Findings) -> pd.DataFrame:
    rows = pd.DataFrame(entries)
    towns = rows.groupby("community")["town"].nunique()
    pending = rows["community_code"] == ""
    internal = [
        f"{PENDING}-{town}{name}" if towns[name] > 1 else f"{PENDING}-{name}"
        for town, name in zip(rows["town"], rows["community"], strict=True)
    ]
    coded = rows.loc[~pending].drop_duplicates("community").set_index("community")["community_code"]
    # a community that states its code in some rows has it in all
    codes = [
        code or (coded.get(name, own) if towns[name] == 1 else own)
        for code, name, own in zip(rows["community_code"], rows["community"], internal, strict=True)
    ]
    rows["community_code"] = codes
    waiting = sorted({code for code in codes if code.startswith(PENDING)})
    findings.note("codes_pending", len(waiting), features=listed(waiting))
    numbers = ["households", "persons", "longitude", "latitude"]
    rows[numbers] = rows[numbers].astype(float)
    stated = rows["persons"].notna()
    findings.note("no_persons", int((~stated).sum()) if stated.any() else 0)
    return rows.drop(columns=["village", "household_basis"])
