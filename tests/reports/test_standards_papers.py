"""The workbook of rooms and projects, the sheets to take along, and the brief: columns, live formulas, no injection."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from datetime import date

import docx
import geopandas as gpd
import openpyxl
import pytest
import shapely

from app.files.standards import read_standards
from app.geo.assessment import Community, assess
from app.geo.projects import Phase
from app.geo.rooms import Room
from app.reports.inspection import write_inspection
from app.reports.room_ledger import PROJECT_LEDGER, ROOM_LEDGER, SUMMARY, write_room_ledger
from app.reports.standards_brief import write_brief
from tests.files.test_room_ledger import PROJECT_COLUMNS, ROOM_COLUMNS

TODAY = date(2026, 7, 1)
HOSTILE = '=HYPERLINK("http://x","点我")'
EAST = Community("510000000001", "东街社区", 1000.0, "town", "城关镇")
WEST = Community("510000000002", "西街社区", 800.0, "town", "城关镇")
ROOMS = (
    Room("R1", EAST.code, "服务站", "service_station", 260.0, activity_m2=200.0, evidence="title", in_use=True,
         evidence_words="不动产权证", evidence_number="007", measured_m2=240.0),
    Room("R2", EAST.code, HOSTILE, "service_station", 120.0, evidence="lease", in_use=True,
         lease_until=date(2026, 9, 1), evidence_number="@SUM(A1)",
         shares={EAST.code: 0.5, WEST.code: 0.5}, sharing_words="东街社区、西街社区"),
    Room("R3", WEST.code, "老站", "service_station", 90.0, in_use=True),
    Room("R4", WEST.code, "新站", "service_station", None, evidence="title", in_use=True),
)  # fmt: skip
PHASES = (
    Phase("P1", "新苑", "一期", EAST.code, 400, TODAY, "移交", 100, 100, 100, receiver="东街"),
    Phase("P1", "新苑", "二期", EAST.code, 400, TODAY, "方案", 300),
    Phase("P2", "旧苑", "", WEST.code, None, TODAY, "方案", 300),
)


@pytest.fixture(scope="module")
def assessment():
    return assess([EAST, WEST], ROOMS, PHASES, read_standards(), as_of=TODAY)


@pytest.fixture(scope="module")
def book(assessment):
    return write_room_ledger(assessment, read_standards())


def rows_of(content, sheet, *, values=True):
    page = openpyxl.load_workbook(io.BytesIO(content), data_only=values)[sheet]
    return [list(row) for row in page.iter_rows(min_row=3, values_only=True)]


def test_the_columns_are_exactly_those_that_offices_use(book):
    extra = {"社区编码", "用房编号", "设施类别", "项目编号", "规划条件日期", "分期"}
    assert rows_of(book, ROOM_LEDGER.title)[0] == [name for name in ROOM_COLUMNS if name not in extra]
    assert rows_of(book, PROJECT_LEDGER.title)[0] == [name for name in PROJECT_COLUMNS if name not in extra]
    assert rows_of(book, SUMMARY.title)[0] == [
        *("社区", "用房处数", "计入面积合计", "最大单处", "300㎡标准", "缺口", "每百户面积", "活动面积占比", "结论"),
        *("整改措施", "责任单位", "完成时限"),
    ]


def test_areas_sums_and_shortfalls_are_live_formulas(book):
    formulas = rows_of(book, SUMMARY.title, values=False)[1]
    assert formulas[2].startswith("=SUMIFS(")
    assert formulas[5] == "=MAX(0,E4-C4)"
    assert rows_of(book, ROOM_LEDGER.title, values=False)[2][20] == "=ROUND(I5*0.5,2)"
    assert rows_of(book, PROJECT_LEDGER.title, values=False)[1][6] == "=ROUND(F4*50/100,2)"


def test_each_formula_has_the_value_of_the_day_beside_it(book):
    east, west = rows_of(book, SUMMARY.title)[1:3]
    assert east[:7] == ["东街社区", 2, 320, 260, 300, 0, 32]
    assert west[:7] == ["西街社区", 1, 60, 60, 300, 240, 7.5]
    assert (east[8], west[8]) == ("达标", "数据不足（COUNTY-300 缺 240.00 ㎡）")


def test_what_nobody_knows_is_said_and_is_no_nought(book):
    unknown = rows_of(book, ROOM_LEDGER.title)[5]
    assert (unknown[5], unknown[8], unknown[20]) == ("新站", None, "数据不足")
    project = rows_of(book, PROJECT_LEDGER.title)[3]
    assert (project[5], project[6], project[10]) == ("数据不足", "数据不足", "数据不足")


def test_why_a_room_does_not_count_stands_beside_it_with_its_area(book):
    remarks = [row[23] for row in rows_of(book, ROOM_LEDGER.title)[1:-1]]
    assert "没有证据材料，待核实（90.00 ㎡）" in remarks[3]
    assert "实测与申报相差 -7.7%" in remarks[0]


def test_nothing_that_came_from_outside_is_a_formula_and_codes_keep_their_noughts(book):
    page = openpyxl.load_workbook(io.BytesIO(book))[ROOM_LEDGER.title]
    hostile, code, number = page["F5"], page["R5"], page["R4"]
    assert (hostile.value, hostile.data_type, hostile.quotePrefix) == (HOSTILE, "s", True)
    assert (code.value, code.data_type, code.quotePrefix) == ("@SUM(A1)", "s", True)
    assert (number.value, number.data_type) == ("007", "s")


def test_an_early_phase_waits_for_the_later_one(book):
    first, second = rows_of(book, PROJECT_LEDGER.title)[1:3]
    assert (first[0], first[10], first[16]) == ("新苑 一期", 100, "待后期")
    assert (second[10], second[16]) == (0, None)


def test_the_same_assessment_is_the_same_bytes(book, assessment):
    assert write_room_ledger(assessment, read_standards()) == book
    assert write_inspection(assessment) == write_inspection(assessment)
    assert write_brief(assessment, read_standards(), None) == write_brief(assessment, read_standards(), None)


def test_communities_of_one_name_are_not_added_together(assessment):
    twins = assess([EAST, replace(WEST, name=EAST.name)], ROOMS, (), read_standards(), as_of=TODAY)
    labels = [row[0] for row in rows_of(write_room_ledger(twins, ()), SUMMARY.title)[1:3]]
    assert labels == ["东街社区（510000000001）", "东街社区（510000000002）"]


def test_libreoffice_calculates_what_we_wrote(book, tmp_path):
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed (libreoffice-calc)")
    (tmp_path / "in.xlsx").write_bytes(book)
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "ods"]
    subprocess.run([*command, "--outdir", tmp_path, tmp_path / "in.xlsx"], check=True, capture_output=True, timeout=240)
    again = [*command[:-1], "xlsx:Calc MS Excel 2007 XML", "--outdir", tmp_path / "out", tmp_path / "in.ods"]
    subprocess.run(again, check=True, capture_output=True, timeout=240)
    calculated = (tmp_path / "out" / "in.xlsx").read_bytes()
    for sheet in (SUMMARY.title, ROOM_LEDGER.title, PROJECT_LEDGER.title):
        ours, theirs = rows_of(book, sheet), rows_of(calculated, sheet)
        for one, other in zip(ours, theirs, strict=False):
            assert [value or None for value in one] == pytest.approx([value or None for value in other[: len(one)]]), (
                sheet
            )


def test_a_sheet_to_take_along_has_declared_evidenced_and_measured_area_and_flags_the_difference(assessment):
    page = openpyxl.load_workbook(io.BytesIO(write_inspection(assessment)), data_only=True)["东街社区"]
    head = [cell.value for cell in page[4]]
    assert head[3:8] == ["申报面积", "有证面积", "实测面积", "相差", "超过 5%"]
    assert [cell.value for cell in page[5]][3:8] == [260, 260, 240, pytest.approx(-20 / 260), "超过"]
    words = [str(cell.value) for row in page.iter_rows() for cell in row if cell.value]
    assert any("照片" in word for word in words)
    assert any("核查人（签字）" in word for word in words)
    unproven = openpyxl.load_workbook(io.BytesIO(write_inspection(assessment)), data_only=True)["西街社区"]
    assert [cell.value for cell in unproven[6]][3:5] == [90, 0]


def test_the_brief_tells_counts_standards_and_shortfalls_with_a_map_where_outlines_are_known(assessment):
    outlines = gpd.GeoDataFrame(
        {"community_code": [EAST.code, WEST.code], "name": [EAST.name, WEST.name]},
        geometry=[shapely.box(104.0, 30.0, 104.01, 30.01), shapely.box(104.01, 30.0, 104.02, 30.01)],
        crs="EPSG:4490",
    )
    paper = docx.Document(io.BytesIO(write_brief(assessment, read_standards(), outlines)))
    text = "".join(paragraph.text for paragraph in paper.paragraphs)
    assert "核查社区2个" in text
    assert "期满沿用" in text
    assert len(paper.inline_shapes) == 1
    assert [cell.text for cell in paper.tables[0].rows[1].cells][:4] == ["西街社区", "800", "60.00", "240.00"]
    plain = docx.Document(io.BytesIO(write_brief(assessment, read_standards(), None)))
    assert not plain.inline_shapes
    assert any("未提供社区边界" in paragraph.text for paragraph in plain.paragraphs)
