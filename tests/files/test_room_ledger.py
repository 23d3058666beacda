"""The ledgers of rooms and of projects: what is read, what is refused by its row, what is told."""

from __future__ import annotations

import csv
import io
from datetime import date

import openpyxl
import pytest

from app.files.projects import read_projects
from app.files.rooms import read_rooms
from app.files.tables import read_date
from app.geo.assessment import Community
from app.geo.errors import InputError

TODAY = date(2026, 7, 1)
ROOM_HEADER = (
    "序号,街道(乡镇),社区,城乡类型,户数,用房名称,坐落,楼层,建筑面积(㎡),办公面积,服务面积,养老面积,居民活动面积,取得方式,产权单位,使用单位,"
    "证据类型,证号(合同号),租期至,共用社区及分摊比例,计入面积,现场实测面积,是否投用,备注,社区编码,用房编号,设施类别"
)
PROJECT_HEADER = (
    "项目名称,开发单位,所属社区,出让合同日期,适用标准,规划户数,应配建面积,规划面积,竣工面积,已移交面积,缺口,当前阶段,是否集中配建,"
    "不动产权证号,接收单位,移交日期,存在问题,项目编号,社区编码,规划条件日期,分期"
)
ROOM_COLUMNS, PROJECT_COLUMNS = ROOM_HEADER.split(","), PROJECT_HEADER.split(",")
ROOM = {
    "街道(乡镇)": "城关镇",
    "社区": "东街社区",
    "城乡类型": "镇",
    "户数": "1200",
    "用房名称": "服务站",
    "建筑面积(㎡)": "320.5",
    "证据类型": "不动产权证",
    "证号(合同号)": "007",
    "是否投用": "是",
    "社区编码": "510000000001",
    "用房编号": "R1",
    "设施类别": "社区办公服务用房",
}
WEST = {**ROOM, "社区": "西街社区", "社区编码": "510000000002", "用房编号": "R2", "户数": "800"}
PROJECT = {
    "项目名称": "新苑",
    "项目编号": "P1",
    "社区编码": "510000000001",
    "规划户数": "800",
    "规划条件日期": "2024年3月1日",
    "当前阶段": "移交",
    "已移交面积": "400",
    "接收单位": "东街社区",
}


def write(path, rows, columns=ROOM_COLUMNS, encoding="utf-8"):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return str(path)


def rooms_of(path, rows, **options):
    return read_rooms(write(path / "rooms.csv", rows), communities={}, as_of=TODAY, **options)


def faults_of(path, *rows):
    with pytest.raises(InputError) as caught:
        rooms_of(path, rows)
    return [(fault.kind, fault.feature) for fault in caught.value.faults]


def test_a_room_is_read_with_codes_as_text_and_its_row(tmp_path):
    (room,) = rooms_of(tmp_path, [ROOM]).rooms
    assert (room.room_id, room.area_m2, room.evidence, room.evidence_number) == ("R1", 320.5, "title", "007")
    assert (room.kind, room.in_use, room.row, room.community_code) == ("service_station", True, 2, "510000000001")


def test_communities_come_from_the_ledger_where_no_layer_is_given(tmp_path):
    (one,) = rooms_of(tmp_path, [ROOM]).communities
    assert one == Community("510000000001", "东街社区", 1200.0, "town", "城关镇")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_every_encoding_that_offices_use(tmp_path, encoding):
    file = write(tmp_path / "rooms.csv", [ROOM], encoding=encoding)
    assert read_rooms(file, communities={}, as_of=TODAY).rooms[0].name == "服务站"


def test_xlsx_with_a_title_above_numbers_as_numbers_and_a_sum_below_is_read(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["社区办公和服务用房核查台账"])
    sheet.append(ROOM_COLUMNS)
    filled = {**ROOM, "建筑面积(㎡)": 320.5, "户数": 1200, "租期至": date(2027, 1, 31), "序号": 1}
    sheet.append([filled.get(name) for name in ROOM_COLUMNS])
    sheet.append(["合计", *[None] * 7, 320.5])
    book.save(tmp_path / "rooms.xlsx")
    (room,) = read_rooms(str(tmp_path / "rooms.xlsx"), communities={}, as_of=TODAY).rooms
    assert (room.area_m2, room.lease_until, room.row) == (320.5, date(2027, 1, 31), 3)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"建筑面积(㎡)": "约300平"}, "number_text"),
        ({"建筑面积(㎡)": "-20"}, "number_negative"),
        ({"设施类别": "棋牌室"}, "word_unknown"),
        ({"设施类别": ""}, "text_missing"),
        ({"租期至": "明年底"}, "date_text"),
        ({"租期至": "2026-02-30"}, "date_text"),
        ({"是否投用": "也许"}, "word_unknown"),
        ({"共用社区及分摊比例": "东街社区 60%、西街社区 50%"}, "shares_above_one"),
        ({"共用社区及分摊比例": "火星社区 60%"}, "share_text"),
        ({"社区编码": "", "社区": "火星社区"}, "community_unknown"),
        ({"户数": "一千二"}, "number_text"),
    ],
)
def test_every_bad_value_is_refused_by_its_row(tmp_path, changes, kind):
    assert faults_of(tmp_path, WEST, {**ROOM, **changes}) == [(kind, "row 3")]


def test_all_bad_rows_are_told_together_in_words(tmp_path):
    with pytest.raises(InputError) as caught:
        rooms_of(tmp_path, [{**ROOM, "建筑面积(㎡)": "约300平"}, {**WEST, "是否投用": "也许"}])
    first, second = caught.value.say().splitlines()
    assert "第 2 行：建筑面积(㎡) 不是数字：“约300平”" in first
    assert "第 3 行：是否投用 不认识" in second


def test_a_room_that_stands_twice_is_refused(tmp_path):
    assert faults_of(tmp_path, ROOM, ROOM) == [("row_duplicate", "row 3")]
    nameless = {**ROOM, "用房编号": ""}
    assert faults_of(tmp_path, nameless, nameless) == [("row_duplicate", "row 3")]


def test_households_that_change_from_row_to_row_are_refused(tmp_path):
    assert faults_of(tmp_path, ROOM, {**ROOM, "用房编号": "R9", "户数": "1300"}) == [("rows_disagree", "row 3")]


def test_a_missing_area_is_told_and_is_no_nought(tmp_path):
    ledger = rooms_of(tmp_path, [{**ROOM, "建筑面积(㎡)": ""}])
    assert ledger.rooms[0].area_m2 is None
    assert [(note.kind, "第 2 行" in note.text) for note in ledger.notes] == [("area_missing", True)]


def test_a_lease_that_has_ended_and_a_paper_nobody_knows_are_told(tmp_path):
    ended = {**ROOM, "证据类型": "租赁合同", "租期至": "2026-06-30"}
    assert [note.kind for note in rooms_of(tmp_path, [ended]).notes] == ["lease_ended"]
    strange = rooms_of(tmp_path, [{**ROOM, "证据类型": "口头答应"}])
    assert (strange.rooms[0].evidence, [note.kind for note in strange.notes]) == ("", ["evidence_unknown"])


@pytest.mark.parametrize(
    ("said", "shares"),
    [
        ("东街社区 60%、西街社区 40%", {"510000000001": 0.6, "510000000002": 0.4}),
        ("510000000001:0.25；510000000002:0.75", {"510000000001": 0.25, "510000000002": 0.75}),
        ("西街社区(40%)", {"510000000001": 0.6, "510000000002": 0.4}),
        ("西街", {"510000000001": None, "510000000002": None}),
        ("本社区60%", {"510000000001": 0.6}),
        ("30%", {"510000000001": 0.3}),
        ("无", {}),
    ],
)
def test_shares_are_read_as_people_write_them(tmp_path, said, shares):
    room = rooms_of(tmp_path, [{**ROOM, "共用社区及分摊比例": said}, WEST]).rooms[0]
    assert dict(room.shares) == pytest.approx(shares)


def test_a_shared_room_may_stand_in_a_row_for_each_community(tmp_path):
    rows = [{**ROOM, "共用社区及分摊比例": "60%"}, {**WEST, "用房编号": "R1", "共用社区及分摊比例": "40%"}]
    (room,) = rooms_of(tmp_path, rows).rooms
    assert dict(room.shares) == {"510000000001": 0.6, "510000000002": 0.4}
    assert faults_of(tmp_path, rows[0], {**rows[1], "建筑面积(㎡)": "99"}) == [("rows_disagree", "row 3")]
    assert faults_of(tmp_path, rows[0], {**rows[1], "共用社区及分摊比例": "50%"}) == [("shares_above_one", "row 2")]


def test_households_of_the_layer_win_and_the_difference_is_told(tmp_path):
    layer = {"510000000001": Community("510000000001", "东街社区", 1300.0, "urban")}
    ledger = read_rooms(write(tmp_path / "rooms.csv", [ROOM]), communities=layer, as_of=TODAY)
    assert ledger.communities[0].households == 1300.0
    assert [note.kind for note in ledger.notes] == ["households_differ"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "header_missing"),
        ("社区,建筑面积\n".encode(), "ledger_empty"),
        ("社区,户数\n东街,3\n".encode(), "column_missing"),
    ],
)
def test_an_empty_ledger_or_one_without_its_columns_is_refused(tmp_path, content, kind):
    (tmp_path / "rooms.csv").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_rooms(str(tmp_path / "rooms.csv"), communities={}, as_of=TODAY)
    assert caught.value.faults[0].kind == kind


@pytest.mark.parametrize(
    ("name", "kind"), [("rooms.xls", "ledger_format"), ("rooms.xlsx", "pretends"), ("no.csv", "file_missing")]
)
def test_a_file_that_is_no_ledger_is_refused(tmp_path, name, kind):
    if name != "no.csv":
        (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(InputError) as caught:
        read_rooms(str(tmp_path / name), communities={}, as_of=TODAY)
    assert caught.value.faults[0].kind == kind


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-06-30", date(2026, 6, 30)),
        ("2026/6/3", date(2026, 6, 3)),
        ("2026.6.30", date(2026, 6, 30)),
        ("2026年6月30日", date(2026, 6, 30)),
        (20260630, date(2026, 6, 30)),
        ("2026年2月", date(2026, 2, 28)),
        ("长期", date.max),
        ("", None),
    ],
)
def test_dates_are_read_as_people_write_them(cell, day):
    assert read_date(cell) == day


def projects_of(path, *rows):
    return read_projects(write(path / "projects.csv", rows, PROJECT_COLUMNS), communities={})


def test_a_project_is_read_with_the_day_of_its_conditions(tmp_path):
    (phase,) = projects_of(tmp_path, PROJECT).phases
    assert (phase.households, phase.conditions_on, phase.stage) == (800.0, date(2024, 3, 1), "移交")
    assert projects_of(tmp_path, {**PROJECT, "规划条件日期": "", "出让合同日期": "2023-05-01"}).phases[
        0
    ].conditions_on == (date(2023, 5, 1))


def test_a_project_without_households_is_told_and_is_no_nought(tmp_path):
    ledger = projects_of(tmp_path, {**PROJECT, "规划户数": ""})
    assert ledger.phases[0].households is None
    assert [note.kind for note in ledger.notes] == ["households_missing"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"当前阶段": "快了"}, "word_unknown"),
        ({"规划户数": "约800"}, "number_text"),
        ({"移交日期": "去年"}, "date_text"),
    ],
)
def test_every_bad_value_of_a_project_is_refused_by_its_row(tmp_path, changes, kind):
    with pytest.raises(InputError) as caught:
        projects_of(tmp_path, {**PROJECT, **changes})
    assert [(fault.kind, fault.feature) for fault in caught.value.faults] == [(kind, "row 2")]


def test_a_phase_that_stands_twice_is_refused_but_other_phases_are_not(tmp_path):
    assert len(projects_of(tmp_path, {**PROJECT, "分期": "一期"}, {**PROJECT, "分期": "二期"}).phases) == 2
    with pytest.raises(InputError) as caught:
        projects_of(tmp_path, PROJECT, PROJECT)
    assert caught.value.faults[0].kind == "row_duplicate"
