"""A superior's own workbook filled by a saved mapping: as it was but for the figures, or refused by the cell."""

from __future__ import annotations

import io
import json
import shutil
import subprocess

import openpyxl
import pytest
from openpyxl.chart import BarChart
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from app.geo.errors import UsageError
from app.reports.templates import fill_template, learn_mapping, read_mapping, write_mapping
from tests.conftest import ROOT

COUNTY = ROOT / "gis_data" / "county"
TRUTH = json.loads((COUNTY / "truth.json").read_text("utf-8"))
MARKS = {"C3": "{county.communities}", "C4": "{county.met}", "C5": "{county.missed}", "E3": "{county.as_of}"}
LIST = {
    "A10": "{missing.number}",
    "B10": "{missing.community_code}",
    "C10": "{missing.name}",
    "D10": "{missing.shortfall_m2}",
}


def draw_template():
    """Draw a form with merged cells, styles, formulas, and a list that ends above a line to sign."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "季报"
    sheet.merge_cells("A1:E1")
    sheet["A1"] = "社区用房情况季报"
    sheet["A1"].font = Font(name="黑体", size=18, bold=True)
    sheet.merge_cells("A3:B3")
    sheet["A3"], sheet["A4"], sheet["A5"], sheet["A6"] = "社区数", "达标", "不达标", "达标率"
    sheet["D3"] = "核查日期"
    sheet["C6"] = "=C4/C3"
    sheet["C6"].number_format = "0.0%"
    for place, words in (("A9", "序号"), ("B9", "社区编码"), ("C9", "社区"), ("D9", "缺口\n（㎡）")):
        sheet[place] = words
        sheet[place].fill = PatternFill("solid", fgColor="FFDDEEFF")
    thin = Side(style="thin")
    sheet["D10"].border = Border(left=thin, right=thin, top=thin, bottom=thin)
    sheet["D10"].number_format = "#,##0.00"
    sheet["C10"].alignment = Alignment(wrap_text=True)
    sheet["A60"], sheet["D60"] = "合计", "=SUM(D10:D59)"
    sheet.column_dimensions["C"].width = 33.0
    sheet.print_title_rows = "9:9"
    book.create_sheet("说明")["A1"] = "此表由社工部下发"
    return book


def mark(book):
    for place, words in {**MARKS, **LIST}.items():
        book["季报"][place] = words
    return book


def save(book, file):
    book.save(file)
    return file


@pytest.fixture(scope="module")
def check(jiexiang_here, tmp_path_factory):
    folder = tmp_path_factory.mktemp("check") / "out"
    ledgers = ("--rooms", COUNTY / "rooms.csv", "--projects", COUNTY / "projects.csv", "--as-of", TRUTH["as_of"])
    assert jiexiang_here("check", *ledgers, "--out", folder).exit_code == 1
    return folder


@pytest.fixture
def learnt(jiexiang_here, tmp_path):
    """Return a template with a mapping beside it."""
    template = save(draw_template(), tmp_path / "季报.xlsx")
    marked = save(mark(draw_template()), tmp_path / "marked.xlsx")
    done = jiexiang_here("fill", template, "--mapping", "q", "--learn", marked, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["cells"] == 8
    assert (tmp_path / "季报.q.toml").exists()
    return template


@pytest.fixture
def fill(jiexiang_here, check, tmp_path):
    def run(template, *options):
        return jiexiang_here(
            "fill", template, "--mapping", "q", "--check", check, "--out", tmp_path / "done.xlsx", *options
        )

    return run


def test_figures_stand_in_their_cells_and_the_rest_is_as_it_was(fill, learnt, tmp_path, check):
    done = fill(learnt)
    assert done.exit_code == 0, done.output
    ours, theirs = (openpyxl.load_workbook(file)["季报"] for file in (tmp_path / "done.xlsx", learnt))
    record = json.loads((check / "check.json").read_text("utf-8"))
    statuses = [one["status"] for one in record["communities"]]
    assert [ours[place].value for place in ("C3", "C4", "C5", "E3")] == [
        81, statuses.count("达标"), statuses.count("不达标"), TRUTH["as_of"]
    ]  # fmt: skip
    missing = {one["community_code"]: one for one in record["communities"] if one["shortfall_m2"]}
    rows = [[ours.cell(10 + k, column).value for column in range(1, 5)] for k in range(len(missing))]
    assert [row[0] for row in rows] == list(range(1, len(missing) + 1))
    assert {row[1]: row[3] for row in rows} == {code: one["shortfall_m2"] for code, one in missing.items()}
    assert [row[1] for row in rows] == record["by_shortfall"]
    assert ours.cell(10 + len(missing), 1).value is None
    filled = {*MARKS, *(f"{column}{row}" for column in "ABCD" for row in range(10, 10 + len(missing)))}
    for row in theirs.iter_rows():
        for cell in row:
            if cell.coordinate not in filled:
                assert ours[cell.coordinate].value == cell.value
                assert repr(ours[cell.coordinate].font) == repr(cell.font)
                assert repr(ours[cell.coordinate].fill) == repr(cell.fill)
    assert ours.merged_cells.ranges == theirs.merged_cells.ranges
    assert ours.column_dimensions["C"].width == 33.0
    assert ours.print_title_rows == theirs.print_title_rows
    assert (ours["B10"].data_type, ours["B10"].number_format) == ("s", "@")
    assert (ours["D11"].number_format, ours["D11"].border.left.style) == ("#,##0.00", "thin")
    assert ours["C6"].value == "=C4/C3"


def test_formulas_of_the_template_calculate_from_what_was_filled_in(fill, learnt, tmp_path, check):
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed (libreoffice-calc)")
    assert fill(learnt).exit_code == 0
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx"]
    subprocess.run(
        [*command, "--outdir", tmp_path / "lo", tmp_path / "done.xlsx"], check=True, capture_output=True, timeout=240
    )
    sheet = openpyxl.load_workbook(tmp_path / "lo" / "done.xlsx", data_only=True)["季报"]
    record = json.loads((check / "check.json").read_text("utf-8"))
    expected = sum(one["shortfall_m2"] or 0.0 for one in record["communities"])
    assert sheet["D60"].value == pytest.approx(expected)
    assert sheet["C6"].value == pytest.approx(sheet["C4"].value / 81)


def change(template, place, value, sheet="季报"):
    book = openpyxl.load_workbook(template)
    book[sheet][place] = value
    book.save(template)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("A5", "待核实", "季报!C5：季报!A5 应为“不达标”，现为“待核实”"),
        ("D9", None, "季报!D10：季报!D9 应为“缺口（㎡）”，现为“空”"),
        ("C4", "=C3-C5", "季报!C4：是公式"),
        ("D3", "填报日期", "季报!E3：季报!D3"),
    ],
)
def test_a_mapping_that_no_longer_fits_is_refused_by_the_cell(fill, learnt, tmp_path, place, value, words):
    change(learnt, place, value)
    done = fill(learnt)
    assert done.exit_code == 2
    assert words in done.output.replace("\n", "")
    assert not (tmp_path / "done.xlsx").exists()


def test_a_list_that_does_not_fit_or_meets_merged_cells_is_refused_by_the_cell(fill, learnt, tmp_path):
    mapping = tmp_path / "季报.q.toml"
    mapping.write_text(mapping.read_text("utf-8").replace("last_row = 59", "last_row = 12"), "utf-8")
    done = fill(learnt)
    assert "季报!A10" in done.output
    assert "放不下" in done.output
    book = openpyxl.load_workbook(learnt)
    book["季报"].merge_cells("B11:C11")
    book.save(learnt)
    mapping.write_text(mapping.read_text("utf-8").replace("last_row = 12", "last_row = 59"), "utf-8")
    assert "季报!C11：在合并单元格里" in fill(learnt).output


def test_a_missing_sheet_a_broken_mapping_and_a_bad_name_are_refused(fill, learnt, tmp_path, jiexiang_here):
    mapping = tmp_path / "季报.q.toml"
    good = mapping.read_text("utf-8")
    for bad, words in (
        (good.replace('sheet = "季报"', 'sheet = "年报"'), "没有这个工作表"),
        (good.replace("county.met", "county.secrets"), "没有 county.secrets"),
        ("[[cell", "读不懂"),
        ("", "读不懂"),
    ):
        mapping.write_text(bad, "utf-8")
        done = fill(learnt)
        assert (done.exit_code, words in done.output) == (2, True), done.output
    mapping.write_bytes(b"\xff\xfe\x00")
    assert fill(learnt).exit_code == 2
    assert jiexiang_here("fill", learnt, "--mapping", "../q", "--out", tmp_path / "x.xlsx").exit_code == 2
    assert jiexiang_here("fill", learnt, "--mapping", "nobody", "--out", tmp_path / "x.xlsx").exit_code == 2
    assert jiexiang_here("fill", tmp_path / "none.xlsx", "--mapping", "q", "--out", tmp_path / "x.xlsx").exit_code == 2


def test_a_template_that_would_lose_something_or_is_none_is_refused(fill, learnt):
    book = openpyxl.load_workbook(learnt)
    book["季报"].add_chart(BarChart(), "G1")
    book.save(learnt)
    done = fill(learnt)
    assert done.exit_code == 2
    assert "xl/charts" in done.output
    learnt.write_bytes(b"PK\x03\x04 no workbook")
    assert fill(learnt).exit_code == 2


def test_what_lies_there_already_is_kept_unless_told_otherwise(fill, learnt, tmp_path):
    (tmp_path / "done.xlsx").write_text("mine")
    assert fill(learnt).exit_code == 2
    assert (tmp_path / "done.xlsx").read_text() == "mine"
    assert fill(learnt, "--force").exit_code == 0


def test_text_from_outside_is_never_a_formula():
    known = {"county": ["as_of"], "communities": ["name", "community_code"]}
    book = openpyxl.Workbook()
    for column, words in enumerate(("社区", "编码"), 1):
        book.active.cell(1, column, words)
    plain, marked = io.BytesIO(), io.BytesIO()
    book.save(plain)
    book.active["A2"], book.active["B2"] = "{communities.name}", "{communities.community_code}"
    book.save(marked)
    mapped = learn_mapping(marked.getvalue(), plain.getvalue(), known, frozenset({"county"}))
    assert read_mapping(write_mapping(mapped), known) == mapped
    hostile = [
        {"name": '=HYPERLINK("http://x","y")', "community_code": "007"},
        {"name": "@SUM(A1)", "community_code": "0"},
    ]
    done = fill_template(plain.getvalue(), mapped, {"communities": hostile}, codes=frozenset({"community_code"}))
    sheet = openpyxl.load_workbook(io.BytesIO(done)).active
    assert [(sheet[place].data_type, sheet[place].quotePrefix) for place in ("A2", "A3")] == [("s", True)] * 2
    assert [sheet[place].value for place in ("B2", "B3")] == ["007", "0"]


@pytest.mark.parametrize(
    ("marks", "words"),
    [({"C3": "{county.nothing}"}, "没有 county.nothing"), ({"A20": "{county.met}"}, None), ({}, "没有标记")],
)
def test_marks_that_cannot_be_learnt_are_refused(marks, words):
    known = {"county": ["met"]}
    blank, marked = openpyxl.Workbook(), openpyxl.Workbook()
    for place, value in marks.items():
        marked.active[place] = value
    files = []
    for book in (marked, blank):
        held = io.BytesIO()
        book.save(held)
        files.append(held.getvalue())
    with pytest.raises(UsageError, match=words or "没有文字"):
        learn_mapping(*files, known, frozenset({"county"}))
