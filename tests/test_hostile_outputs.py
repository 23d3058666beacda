"""One list of hostile names through every output: nothing runs, nothing breaks out, nothing is lost without a word.

Papers (docx, xlsx, PDF) are in `tests/reports/test_hostile.py`, cards in `tests/reports/test_cards.py`, what browsers
do in `tests/desk`, `tests/pages` and `tests/maps/test_in_chromium.py`.
"""

from __future__ import annotations

import csv
import html
import io
import json
import logging
import os
import re
import sqlite3
from collections import Counter
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import openpyxl
import pandas as pd
import pyogrio
import pytest

from app.api.logs import JsonLines, RequestLog
from app.files.delimited import write_csv
from app.files.exports import FORMATS, export_plan
from app.geo.errors import InputError
from app.geo.plan import Plan
from app.maps.plan_page import draw_plan as draw_page
from app.maps.served_pages import Cell, Figure, Frame, Table, draw_overview, draw_sign_in
from app.reports.tables import Column
from app.reports.tables import Table as Columns
from app.reports.texts import file_name
from app.reports.workbooks import Sheet, make_workbook
from tests.hostile_names import NAMES
from tests.store.drawn_plans import draw_plan

UNWRITABLE = {"gpkg": {"controls"}, "kml": {"controls", "return", "header", "entities"}}
"""Names that formats have no way to hold: they are refused in words, with the row."""
PLAIN = {key: name for key, name in NAMES.items() if key not in UNWRITABLE["kml"]}
NULLED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def named(names: dict[str, str]) -> Plan:
    """Draw a plan whose grids and borders bear the names, each once or more."""
    texts = list(names.values())
    plan = draw_plan([1, 2], bands=max(2, (len(texts) + 1) // 2))
    for frame, column in ((plan.grids, "name"), (plan.grids, "sides_east"), (plan.borders, "name")):
        frame[column] = [texts[row % len(texts)] for row in range(len(frame))]
    return plan


# -- pages ------------------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """Counts the elements of a page as a browser would make them, and what in them would run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.running: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        self.elements[tag] += 1
        self.running += [name for name, value in attrs if name.startswith("on") or "script:" in (value or "")]


def test_no_name_leaves_the_data_of_a_plan_s_page():
    quiet = draw_page(named({"quiet": "甲"}))
    page = draw_page(named(NAMES))
    assert Tags(page).elements == Tags(quiet).elements
    assert Tags(page).running == []


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_no_name_leaves_the_text_of_a_page_of_tables(name):
    frame = Frame(user=name, links=(("overview", "/"),))
    table = Table("t", name, (name,), ((Cell(name, address="/plan"),),), note=name)
    for page in (
        draw_overview(frame, name, [Figure(name, name, name, "/plan")], table),
        draw_sign_in(frame, next_page=name, name=name, fault=name),
    ):
        tags = Tags(page)
        assert not tags.elements.keys() & {"img", "svg", "iframe", "b"}
        assert tags.running == []
        assert tags.elements["script"] == page.count("<script src=")
        assert " ".join(name.split()) in " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


# -- tables -----------------------------------------------------------------------------------------------------------


def test_no_cell_of_a_csv_is_taken_for_a_formula():
    written = write_csv(pd.DataFrame({"名称": list(NAMES.values()), "=1+1": "乙"}))
    [head, *rows] = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert head == ["名称", "'=1+1"]
    assert len(rows) == len(NAMES)
    for (cell, _), name in zip(rows, NAMES.values(), strict=True):
        assert not re.match(r"[\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]", cell)
        assert NULLED.sub("\ufffd", name) in (cell, cell.removeprefix("'"))


def test_no_cell_of_a_workbook_is_a_formula_or_a_link():
    columns = Columns("试", (Column("名称", "text", 20), Column("编码", "code", 20)))
    rows = pd.DataFrame({"名称": list(NAMES.values()), "编码": list(NAMES.values())})
    book = openpyxl.load_workbook(io.BytesIO(make_workbook([Sheet(columns, rows, "上", ["下"])])))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert len(cells) > 4 * len(NAMES) - 8
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert [cell.value for cell in cells if cell.hyperlink is not None] == []


# -- layers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FORMATS)
def test_every_name_comes_back_from_an_export_as_it_was(kind, tmp_path):
    plan = named(PLAIN)
    files = export_plan(plan, tmp_path, kind).files
    path = next(file for file in files if "grids" in file.name or file.name.startswith("plan"))
    if kind == "geoparquet":
        held = pd.read_parquet(path, columns=["name"])["name"].tolist()
    else:
        layer = {"gpkg": "grids", "kml": None}.get(kind, path.stem)
        layer = layer or next(one for one, _ in pyogrio.list_layers(path) if "网格" in one)
        frame = pyogrio.read_dataframe(path, layer=layer, read_geometry=False)
        held = frame["Name" if kind == "kml" else "name"].fillna("").tolist()
    if kind == "shapefile":  # 254 bytes at most, without blanks around; what is cut stands in a table beside it
        assert [one.removesuffix("…") for one in held] == [
            name.strip(" ")[: len(one.removesuffix("…"))] for one, name in zip(held, plan.grids["name"], strict=True)
        ]
    else:
        assert held == plan.grids["name"].tolist()


@pytest.mark.parametrize("kind", sorted(set(FORMATS) - {"geoparquet"}))
def test_what_a_format_cannot_hold_is_refused_with_its_row(kind, tmp_path):
    for key in UNWRITABLE.get(kind, UNWRITABLE["gpkg"]):
        with pytest.raises(InputError) as caught:
            export_plan(named({"quiet": "甲", key: NAMES[key]}), tmp_path, kind)
        fault = caught.value.faults[0]
        assert (fault.kind, fault.feature) == ("not_in_format", "#2")
        assert list(tmp_path.iterdir()) == []


def test_geojson_is_json_and_kml_is_xml_whatever_the_names(tmp_path):
    export_plan(named(PLAIN), tmp_path, "geojson")
    export_plan(named(PLAIN), tmp_path, "kml")
    for path in tmp_path.glob("*.geojson"):
        json.loads(path.read_text("utf-8"))
    ET.parse(tmp_path / FORMATS["kml"])  # noqa: S314  our own file
    assert b"<script" not in (tmp_path / FORMATS["kml"]).read_bytes().lower()


def test_no_name_is_a_statement_to_a_geopackage(tmp_path):
    export_plan(named(PLAIN), tmp_path, "gpkg")
    with sqlite3.connect(tmp_path / FORMATS["gpkg"]) as held:
        assert held.execute("SELECT count(*) FROM grids").fetchone()[0] >= len(PLAIN)
    held.close()


# -- names of files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_file_can_be_called_so_anywhere_and_lies_where_it_should(name, tmp_path):
    called = file_name(name)
    path = tmp_path / f"330482001001003 {called}.jpg"
    path.write_bytes(b"")
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert not re.search(r'[\x00-\x1f\\/:*?"<>|.\s]|[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]', called)
    assert called.strip("_ ") or called == "_"
    assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)", called)
    assert len(os.fsencode(path.name)) <= 255


# -- logs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_line_of_the_log_stays_one_line_of_json(name):
    stream = io.StringIO()
    RequestLog(stream).line("GET", name, 200, 0.1, 7, "0123456789abcdef", f"user:{name}")
    [line] = stream.getvalue().splitlines()
    told = json.loads(line)
    assert (told["route"], told["caller"], told["status"]) == (name, f"user:{name}", 200)
    record = logging.LogRecord("jiexiang.api", logging.ERROR, "", 0, "%s", (name,), None)
    written = JsonLines().format(record)
    assert len(written.split("\n")) == 1
    assert json.loads(written)["message"] == name


def test_the_list_has_what_each_output_fears():
    assert len(set(NAMES.values())) == len(NAMES) > 30
