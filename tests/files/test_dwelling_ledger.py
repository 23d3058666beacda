"""Ledgers as offices keep them: two-row headers, merged cells, any encoding; and every kind of dirt by its cell."""

from __future__ import annotations

import datetime as dt
import tracemalloc
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from app.files import sheets
from app.files.columns import parse_columns
from app.files.dwelling_ledger import Ledger, read_dwelling_ledger
from app.files.messages import Findings
from app.geo.errors import Fault, InputError
from app.reports.tables import BUILDINGS
from app.reports.workbooks import Sheet, make_workbook

HEADER = ("社区", "社区编码", "小区", "楼栋", "单元", "户数", "人口", "经度", "纬度", "户数口径")
CODE = "320199001001"
GOOD = ("甲社区", CODE, "桃园", "1栋", "", 36, 90, 118.78, 32.04, "常住户")


def book(folder: Path, *rows, header=(HEADER,), merges=(), name="台账.xlsx", title="楼栋") -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = title
    for row in (*header, *rows):
        sheet.append(row)
    for merge in merges:
        sheet.merge_cells(merge)
    workbook.save(folder / name)
    return folder / name


def faults(path: Path | str, **options) -> list[Fault]:
    with pytest.raises(InputError) as caught:
        read_dwelling_ledger(str(path), **options)
    for fault in caught.value.faults:
        assert all((fault.fact, fault.remedy, fault.fact_en, fault.remedy_en))
        assert "{" not in fault.say("zh") + fault.say("en")
    return list(caught.value.faults)


def notes(ledger: Ledger) -> dict[str, int]:
    for note in ledger.notes:
        assert "{" not in note.say("zh") + note.say("en")
    return {note.kind: note.count for note in ledger.notes}


def changed(**values) -> tuple:
    """Return the good row with some cells changed, by the names of their columns."""
    return tuple(values.get(name, value) for name, value in zip(HEADER, GOOD, strict=True))


DIRT = {
    "row_community_missing": [changed(社区=None)],
    "row_place_missing": [changed(小区=None, 楼栋=None)],
    "row_building_missing": [GOOD, changed(楼栋=None, 户数=360, 人口=900)],
    "section_without_building": [changed(小区="梅园", 楼栋=None, 单元="2单元")],
    "households_missing": [changed(户数=None)],
    "cell_error": [changed(户数="#REF!")],
    "cell_uncalculated": [changed(户数="=12+24")],
    "cell_date": [changed(楼栋=dt.date(2024, 3, 5))],
    "cell_flag": [changed(户数=True)],
    "number_unit": [changed(户数="36户")],
    "number_about": [changed(户数="约36")],
    "number_range": [changed(户数="30-40")],
    "number_sum": [changed(户数="12+24")],
    "number_chinese": [changed(户数="三十六")],
    "number_text": [changed(户数="见附页")],
    "number_negative": [changed(户数=-36)],
    "number_fraction": [changed(户数=36.5)],
    "number_huge": [changed(户数=3_600_000)],
    "persons_many": [changed(户数=3, 人口=900)],
    "code_number": [changed(社区编码="3.2E+11")],
    "code_digits_lost": [changed(社区编码=3.20199001001e17)],
    "code_form": [changed(社区编码="32O199001001")],
    "code_two_names": [GOOD, changed(社区="乙社区", 楼栋="2栋")],
    "name_two_codes": [GOOD, changed(社区编码="320199001002", 楼栋="2栋")],
    "text_garbled": [changed(小区="锟斤拷园")],
    "text_control": [changed(小区="桃\n园")],
    "text_ditto": [changed(社区="同上")],
    "text_placeholder": [changed(小区="待定")],
    "text_long": [changed(小区="桃园小区（含原纺织厂宿舍及二期安置房，2019年物业更换，业主委员会尚未成立，门牌待核）")],
    "building_several": [changed(楼栋="1-5栋")],
    "building_respelt": [GOOD, changed(楼栋="01号楼")],
    "building_and_sections": [GOOD, changed(单元="1单元")],
    "row_repeated": [GOOD, GOOD],
    "header_repeated": [GOOD, HEADER],
    "total_differs": [GOOD, ("合计", "", "", "", "", 72)],
    "basis_mixed": [GOOD, changed(楼栋="2栋", 户数口径="户籍户")],
    "coordinate_half": [changed(纬度=None)],
    "coordinate_text": [changed(经度="118°46′48″")],
    "coordinate_abroad": [changed(经度=390_000, 纬度=3_545_000)],
    "coordinate_swapped": [changed(经度=32.04, 纬度=118.78)],
}
"""Every kind of dirt in a row, and rows that have it in the last one."""


def test_there_are_thirty_kinds_of_dirt_and_more():
    assert len(DIRT) >= 30


@pytest.mark.parametrize("kind", DIRT)
def test_each_kind_of_dirt_is_told_by_sheet_row_and_column_with_its_remedy(tmp_path, kind):
    rows = DIRT[kind]
    [fault] = faults(book(tmp_path, *rows))
    assert fault.kind == kind
    assert fault.source.endswith("台账.xlsx:楼栋")
    assert fault.feature.startswith(f"row {1 + len(rows)} ")
    assert f"第 {1 + len(rows)} 行 " in fault.say("zh")
    assert f"row {1 + len(rows)} column " in fault.say("en")


def test_a_ledger_of_thirty_kinds_of_dirt_gives_a_message_for_each_row(tmp_path):
    alone = [kind for kind, rows in DIRT.items() if len(rows) == 1]
    dirty = []
    for number, kind in enumerate(alone):
        row = list(DIRT[kind][0])
        if row[2] == "桃园":
            row[2] = f"桃园{number}"  # each row a compound of its own, so that none repeats another
        dirty.append(tuple(row))
    pairs = ["code_two_names", "building_respelt", "building_and_sections", "row_repeated", "header_repeated"]
    pairs += ["row_building_missing", "total_differs", "basis_mixed"]
    for number, kind in enumerate(pairs):
        for row in DIRT[kind]:
            own = list(row)
            if len(own) > 2 and own[2] == "桃园":
                own[2] = f"杏园{number}"
            dirty.append(tuple(own))
    found = faults(book(tmp_path, *dirty))
    told = {fault.kind for fault in found}
    assert told >= {*alone, *pairs} - {"basis_mixed"}
    assert len(told) >= 30
    assert len({fault.feature for fault in found}) >= 30


def test_the_message_names_column_and_heading(tmp_path):
    [fault] = faults(book(tmp_path, changed(户数="36户")))
    assert fault.feature == "row 2 F 户数"
    assert fault.say("zh").endswith("第 2 行 F 列“户数”：数字带了单位：“36户”。请只填数字 36。")


def test_many_of_one_kind_are_counted(tmp_path):
    found = faults(book(tmp_path, *[changed(楼栋=f"{k}栋", 户数="若干") for k in range(1, 21)]))
    assert [fault.kind for fault in found] == ["number_text"] * 5 + ["more"]
    assert "15" in found[-1].fact


def test_a_clean_ledger_is_read_whole(tmp_path):
    ledger = read_dwelling_ledger(str(book(tmp_path, GOOD, changed(楼栋="2栋", 单元="1单元", 户数="４０", 人口=None))))
    rows = ledger.rows
    assert list(rows["community_code"]) == [CODE, CODE]
    assert list(rows["building"]) == ["1栋", "2栋"]
    assert list(rows["households"]) == [36.0, 40.0]
    assert list(rows["row"]) == [2, 3]
    assert rows["persons"].isna().tolist() == [False, True]
    assert ledger.household_basis == "常住户"
    assert notes(ledger) == {"no_persons": 1}


def test_a_header_of_two_rows_under_a_title_is_found_and_merged_cells_are_filled(tmp_path):
    path = book(
        tmp_path,
        ("甲社区", "桃园", "1栋", 36, 90, "张三", "139"),
        (None, None, "2栋", 40, 99, "张三", "139"),
        ("乙社区", "梅园", "1栋", 20, 50, "李四", "138"),
        ("合计", None, None, 96, 239),
        ("填表人：王五",),
        header=(
            ("楼栋归属明细表",),
            ("社区", "小区", "楼栋", "规模", None, "网格员", None),
            (None, None, None, "户数", "人口", "姓名", "联系电话"),
        ),
        merges=("A1:G1", "A2:A3", "B2:B3", "C2:C3", "D2:E2", "F2:G2", "A4:A5", "B4:B5"),
    )
    ledger = read_dwelling_ledger(str(path))
    assert list(ledger.rows["community"]) == ["甲社区", "甲社区", "乙社区"]
    assert list(ledger.rows["compound"]) == ["桃园", "桃园", "梅园"]
    assert list(ledger.rows["persons"]) == [90.0, 99.0, 50.0]
    assert list(ledger.rows["row"]) == [4, 5, 6]
    assert notes(ledger)["merged_filled"] == 2
    assert notes(ledger)["lines_skipped"] == 2


def test_our_own_ledger_of_buildings_is_read_back(tmp_path):
    """What `app.reports` writes, the printed sheet and that for machines, is what is read here."""
    values = {
        "社区": "甲社区",
        "社区编码": CODE,
        "小区": "=桃园",
        "单元": "",
        "户数": 36,
        "人口": 90,
        "物业服务企业": "物业",
        "标准地址编码": "320106001001000123",
        "现网格": "第一网格",
        "现网格编码": f"{CODE}001",
        "原网格": "第二网格",
    }
    rows = pd.DataFrame(
        [{name: values.get(name, "") for name in BUILDINGS.names} | {"楼栋": f"{k}栋"} for k in range(1, 4)]
    )
    (tmp_path / "04.xlsx").write_bytes(make_workbook([Sheet(BUILDINGS, rows, above="单位：户", below=("说明：无",))]))
    ledger = read_dwelling_ledger(str(tmp_path / "04.xlsx"))
    assert ledger.source.endswith(":数据")
    printed = read_dwelling_ledger(f"{tmp_path / '04.xlsx'}:楼栋归属明细表")
    for read in (ledger.rows, printed.rows):
        assert list(read["building"]) == ["1栋", "2栋", "3栋"]
        assert list(read["compound"]) == ["=桃园"] * 3
        assert list(read["address_code"]) == ["320106001001000123"] * 3
        assert list(read["households"]) == [36.0] * 3
        assert list(read["grid"]) == ["第一网格"] * 3
    assert list(ledger.rows["grid_code"]) == [f"{CODE}001"] * 3
    assert list(ledger.rows["community_code"]) == [CODE] * 3


def change_sheet(path: Path, old: bytes, new: bytes) -> None:
    """Change what the first sheet of a workbook says."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def read_traced(path: Path) -> tuple[sheets.Sheet, int]:
    """Return the sheet of a ledger and the bytes that reading it took at most."""
    tracemalloc.start()
    try:
        return sheets.read_sheet(path, "", HEADER, Findings("dwellings", path.name)), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_rows_that_are_missing_cost_nothing(tmp_path):
    path = book(tmp_path, GOOD, ("社区", "x"), ("=1+1",))
    change_sheet(path, b'<row r="4">', b'<row r="1000000">')
    change_sheet(path, b'r="A4"', b'r="A1000000"')
    sheet, peak = read_traced(path)
    assert [row.number for row in sheet.rows] == [2, 3, 1_000_000]
    assert str(sheet.rows[-1].values[0]) == "（公式）"
    assert peak < 10_000_000


def test_a_sheet_without_a_header_is_not_read_to_its_end(tmp_path):
    path = book(tmp_path, GOOD)
    workbook = openpyxl.load_workbook(path)
    workbook.create_sheet("说明", 0).append(["填表说明"])
    workbook.save(path)
    change_sheet(path, b"</row></sheetData>", b'</row><row r="999999999"><c r="A1"><v>1</v></c></row></sheetData>')
    assert sheets.read_sheet(path, "", HEADER, Findings("dwellings", path.name)).name == "楼栋"


@pytest.mark.parametrize("row", [1_048_577, 10**9, 10**30])
def test_a_row_that_no_sheet_has_is_refused(tmp_path, row):
    path = book(tmp_path, GOOD, GOOD)
    change_sheet(path, b'<row r="3">', b'<row r="%d">' % row)
    assert [fault.kind for fault in faults(path)] == ["sheet_rows"]


def test_a_column_that_no_sheet_has_is_refused(tmp_path):
    path = book(tmp_path, GOOD)
    change_sheet(path, b'r="J2"', b'r="ZZZ2"')
    assert [fault.kind for fault in faults(path)] == ["sheet_columns"]


def test_a_merged_cell_down_to_the_last_row_costs_nothing(tmp_path):
    path = book(tmp_path, GOOD, (None, *GOOD[1:]), merges=["A2:A3"])
    change_sheet(path, b'ref="A2:A3"', b'ref="A2:A1048576"')
    sheet, peak = read_traced(path)
    assert [row.values[0] for row in sheet.rows] == ["甲社区", "甲社区"]
    assert peak < 10_000_000


def test_households_merged_over_rows_are_refused(tmp_path):
    path = book(tmp_path, GOOD, changed(楼栋="2栋", 户数=None), merges=("F2:F3",))
    [fault] = faults(path)
    assert (fault.kind, fault.feature) == ("households_merged", "row 3 F 户数")


def test_a_total_that_is_right_is_no_row(tmp_path):
    ledger = read_dwelling_ledger(
        str(book(tmp_path, GOOD, ("小计", "", "", "", "", 36), changed(楼栋="2栋"), ("合计",) + ("",) * 4 + (72,)))
    )
    assert len(ledger.rows) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_is_read_in_any_encoding(tmp_path, encoding):
    text = "社区,自然村,户数\n甲社区,王庄,120\n甲社区,李庄,㐂\n".replace("㐂", "200")
    (tmp_path / "台账.csv").write_bytes(text.encode(encoding))
    ledger = read_dwelling_ledger(str(tmp_path / "台账.csv"))
    assert list(ledger.rows["compound"]) == ["王庄", "李庄"]
    assert ("csv_gbk" in notes(ledger)) == (encoding == "gb18030")


def test_a_csv_with_semicolons_and_quoted_line_breaks_keeps_the_numbers_of_its_lines(tmp_path):
    (tmp_path / "台账.csv").write_text('社区;小区;户数\n甲;"桃\n园";12\n乙;梅园;约5\n', "utf-8")
    found = faults(tmp_path / "台账.csv")
    assert [(fault.kind, fault.feature) for fault in found] == [
        ("text_control", "row 3 B 小区"),
        ("number_about", "row 4 C 户数"),
    ]


def test_english_names_and_named_columns_do(tmp_path):
    (tmp_path / "l.csv").write_text("community,estate,flats\n甲,桃园,12\n", "utf-8")
    told = parse_columns(["ledger.compound=estate", "ledger.households=flats"])
    assert list(read_dwelling_ledger(str(tmp_path / "l.csv"), told=told).rows["compound"]) == ["桃园"]


def test_communities_without_a_code_get_an_internal_one(tmp_path):
    ledger = read_dwelling_ledger(
        str(book(tmp_path, changed(社区编码="待赋码"), changed(社区="乙社区", 社区编码=None)))
    )
    assert list(ledger.rows["community_code"]) == ["待赋码-甲社区", "待赋码-乙社区"]
    assert notes(ledger)["codes_pending"] == 2


def test_a_community_that_is_not_in_the_layer_is_told_with_the_nearest_name(tmp_path):
    there_are = {CODE: "甲社区", "320199001002": "梅园新村社区"}
    [fault] = faults(book(tmp_path, changed(社区="梅园新社区", 社区编码=None)), communities=there_are)
    assert fault.kind == "community_absent"
    assert "是不是 梅园新村社区" in fault.fact


def test_a_sheet_is_chosen_by_name_or_by_its_header(tmp_path):
    path = book(tmp_path, GOOD)
    workbook = openpyxl.load_workbook(path)
    workbook.create_sheet("说明", 0).append(("填表说明",))
    workbook.save(path)
    assert len(read_dwelling_ledger(str(path)).rows) == 1
    assert len(read_dwelling_ledger(f"{path}:楼栋").rows) == 1
    assert faults(f"{path}:没有")[0].kind == "layer_missing"
    assert faults(f"{path}:说明")[0].kind == "header_missing"
    copy = workbook.copy_worksheet(workbook["楼栋"])
    workbook.save(path)
    assert faults(path)[0].kind == "layers_several"
    copy.title = "数据"
    workbook.save(path)
    assert read_dwelling_ledger(str(path)).source.endswith(":数据")


def test_old_locked_damaged_and_other_files_are_refused_in_words(tmp_path):
    (tmp_path / "a.xls").write_bytes(b"")
    (tmp_path / "b.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(99))
    (tmp_path / "c.xlsx").write_bytes(b"PK\x03\x04" + bytes(99))
    (tmp_path / "d.xlsx").write_bytes(b"plain text")
    (tmp_path / "e.pdf").write_bytes(b"%PDF")
    with zipfile.ZipFile(tmp_path / "f.xlsx", "w") as archive:
        archive.writestr("nothing", "")
    kinds = [faults(tmp_path / name)[0].kind for name in ("a.xls", "b.xlsx", "c.xlsx", "d.xlsx", "e.pdf", "f.xlsx")]
    kinds.append(faults(tmp_path / "no.xlsx")[0].kind)
    assert kinds == [
        *("workbook_old_or_locked", "workbook_old_or_locked", "damaged", "pretends", "table_unknown", "damaged"),
        "file_missing",
    ]
