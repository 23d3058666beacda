"""《社区办公和服务用房核查台账》 with its summary, 《新建小区配建社区用房移交台账》 and the standards, as one workbook.

Areas that count, sums and shortfalls are live formulas, each with the value of today for readers that do not calculate.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from app.geo.assessment import Assessment, CommunityFinding
from app.geo.projects import STAGES, PhaseFinding, ProjectFinding
from app.geo.rooms import RoomCount
from app.geo.standards import Standard
from app.reports.tables import Column, Table
from app.reports.texts import clean, is_formula
from app.reports.workbooks import SAVED_AT

__all__ = ["PROJECT_LEDGER", "ROOM_LEDGER", "SUMMARY", "row_height", "write_room_ledger"]

ROOM_LEDGER = Table(
    "社区办公和服务用房核查台账",
    (
        Column("序号", "whole", 5),
        Column("街道(乡镇)", width=11),
        Column("社区", width=13),
        Column("城乡类型", width=7),
        Column("户数", "whole", 8),
        Column("用房名称", width=18),
        Column("坐落", width=16),
        Column("楼层", width=8),
        Column("建筑面积(㎡)", "amount", 10, total=True),
        Column("办公面积", "amount", 9, total=True),
        Column("服务面积", "amount", 9, total=True),
        Column("养老面积", "amount", 9, total=True),
        Column("居民活动面积", "amount", 9, total=True),
        Column("取得方式", width=10),
        Column("产权单位", width=14),
        Column("使用单位", width=12),
        Column("证据类型", width=12),
        Column("证号(合同号)", "code", 20),
        Column("租期至", "code", 11),
        Column("共用社区及分摊比例", width=20),
        Column("计入面积", "amount", 10, total=True),
        Column("现场实测面积", "amount", 10),
        Column("是否投用", width=7),
        Column("备注", width=30),
    ),
    frozen=3,
)

SUMMARY = Table(
    "核查汇总",
    (
        Column("社区", width=14),
        Column("用房处数", "whole", 8),
        Column("计入面积合计", "amount", 12, total=True),
        Column("最大单处", "amount", 10),
        Column("300㎡标准", "amount", 10),
        Column("缺口", "amount", 10, total=True),
        Column("每百户面积", "amount", 10),
        Column("活动面积占比", "amount", 10),
        Column("结论", width=26),
        Column("整改措施", width=34),
        Column("责任单位", width=20),
        Column("完成时限", width=11),
    ),
    frozen=1,
)

PROJECT_LEDGER = Table(
    "新建小区配建社区用房移交台账",
    (
        Column("项目名称", width=16),
        Column("开发单位", width=20),
        Column("所属社区", width=13),
        Column("出让合同日期", "code", 11),
        Column("适用标准", width=20),
        Column("规划户数", "whole", 8, total=True),
        Column("应配建面积", "amount", 10, total=True),
        Column("规划面积", "amount", 10, total=True),
        Column("竣工面积", "amount", 10, total=True),
        Column("已移交面积", "amount", 10, total=True),
        Column("缺口", "amount", 10, total=True),
        Column("当前阶段", width=9),
        Column("是否集中配建", width=8),
        Column("不动产权证号", "code", 20),
        Column("接收单位", width=12),
        Column("移交日期", "code", 11),
        Column("存在问题", width=30),
    ),
    frozen=1,
)

STANDARDS = Table(
    "适用标准",
    (
        Column("编号", width=14),
        Column("标准", width=56),
        Column("适用", width=10),
        Column("来源", width=44),
        Column("依据", width=12),
        Column("状态", width=8),
    ),
)

SETTLEMENTS = {"urban": "城市", "town": "镇", "rural": "乡村", "": ""}
STANDINGS = {"primary text": "原文", "secondary text": "转引", "unverified": "未核实"}
LEVELS = {"community": "社区", "project": "新建项目", "facility": "设施", "county": "全县"}
NO_DATA = "数据不足"
FLOOR = "COUNTY-300"

FONT, TITLE_FONT = "仿宋", "黑体"
A3_PAPER = 8
LINE_PT, MOST_LINES = 15.0, 12
TITLE_ROW, ABOVE_ROW, HEADER_ROW, FIRST_ROW = 0, 1, 2, 3

Live = tuple[str, float | None]
"""A formula and the value it has today."""


def write_room_ledger(assessment: Assessment, standards: Sequence[Standard]) -> bytes:
    """Write the workbook; the same assessment is the same bytes.

    Codes are text and keep every digit; nothing that came from outside is ever a formula.
    """
    held = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(held, options)
    book.set_properties({"title": ROOM_LEDGER.title, "author": "", "created": SAVED_AT.replace(tzinfo=None)})
    looks = _Looks(book)
    names = _label_communities(assessment.communities)
    day = f"核查日期：{assessment.as_of.isoformat()}"
    rooms = [count for one in assessment.communities for count in one.rooms]
    summary = [_summary_row(one, names, FIRST_ROW + k, len(rooms)) for k, one in enumerate(assessment.communities)]
    _write(book, SUMMARY, summary, f"{day}；计入面积等由“{ROOM_LEDGER.title}”汇总，修改台账后自动重算", looks)
    listed = [_room_row(count, assessment.communities, names, k) for k, count in enumerate(rooms)]
    _write(book, ROOM_LEDGER, listed, f"{day}；计入面积＝建筑面积×分摊比例，不计入的原因见备注", looks)
    if assessment.projects:
        pairs = [(project, phase) for project in assessment.projects for phase in _phases(project)]
        lines = [_project_row(project, phase, names, FIRST_ROW + k) for k, (project, phase) in enumerate(pairs)]
        _write(book, PROJECT_LEDGER, lines, f"{day}；分期项目逐期一行，按累计面积核对", looks)
    shown = sorted((one for one in standards), key=lambda one: (not one.enabled, one.id))
    _write(book, STANDARDS, [_standard_row(one, assessment) for one in shown], day, looks)
    book.close()
    return held.getvalue()


class _Looks:
    """The looks of cells."""

    def __init__(self, book: Workbook) -> None:
        cell = {"font_name": FONT, "font_size": 11, "border": 1, "valign": "vcenter", "text_wrap": True}
        bold = {"font_name": TITLE_FONT, "bold": True}
        kinds = {"code": "@", "text": "@", "whole": "0", "amount": "0.00"}
        self.title: Format = book.add_format({**bold, "font_size": 20, "align": "center", "valign": "vcenter"})
        self.above: Format = book.add_format({"font_name": FONT, "font_size": 11, "valign": "vcenter"})
        self.head: Format = book.add_format({**cell, **bold, "align": "center", "bg_color": "#E8EEF4"})
        self.cells = {kind: book.add_format({**cell, "num_format": form}) for kind, form in kinds.items()}
        self.share = book.add_format({**cell, "num_format": "0.0%"})
        self.words = book.add_format({**cell, "num_format": "@", "align": "center"})
        """For words where a number might stand."""
        self.quoted = book.add_format({**cell, "num_format": "@", "quote_prefix": True})
        self.total = book.add_format({**cell, **bold, "num_format": "#,##0.00"})
        self.total_whole = book.add_format({**cell, **bold, "num_format": "#,##0"})
        self.total_text = book.add_format({**cell, **bold, "align": "center"})


def _write(book: Workbook, table: Table, rows: Sequence[Sequence[Any]], above: str, looks: _Looks) -> None:
    page: Worksheet = book.add_worksheet(table.title[:31])
    last = len(table.columns) - 1
    page.set_row(TITLE_ROW, 34)
    page.merge_range(TITLE_ROW, 0, TITLE_ROW, last, table.title, looks.title)
    page.merge_range(ABOVE_ROW, 0, ABOVE_ROW, last, clean(above), looks.above)
    page.set_row(HEADER_ROW, 32)
    for place, column in enumerate(table.columns):
        page.set_column(place, place, column.width)
        page.write_string(HEADER_ROW, place, column.name, looks.head)
        for number, row in enumerate(rows):
            _write_cell(page, FIRST_ROW + number, place, column, row[place], looks)
    for number, row in enumerate(rows):
        page.set_row(FIRST_ROW + number, row_height(row, [column.width for column in table.columns]))
    _write_totals(page, table, rows, looks)
    page.freeze_panes(FIRST_ROW, table.frozen)
    page.autofilter(HEADER_ROW, 0, max(FIRST_ROW + len(rows) - 1, HEADER_ROW), last)
    page.set_landscape()
    page.set_paper(A3_PAPER)
    page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
    page.repeat_rows(HEADER_ROW)
    page.fit_to_pages(1, 0)
    page.set_footer("&C第 &P 页 共 &N 页")
    page.hide_gridlines(2)


def _write_cell(page: Worksheet, row: int, place: int, column: Column, value: Any, looks: _Looks) -> None:
    look = looks.share if column.name == "活动面积占比" else looks.cells[column.kind]
    if isinstance(value, tuple):
        formula, today = value
        page.write_formula(row, place, formula, look, "" if today is None else today)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        page.write_number(row, place, value, look)
    else:
        text = clean(value)
        if text:
            words = look if column.kind in ("code", "text") else looks.words
            page.write_string(row, place, text, looks.quoted if is_formula(text) else words)
        else:
            page.write_blank(row, place, None, look)


def row_height(cells: Sequence[Any], widths: Sequence[float]) -> float:
    """Return the points that the longest cell of a row needs once it is wrapped: Chinese is two characters wide."""
    lines = 1
    for value, width in zip(cells, widths, strict=True):
        if isinstance(value, str):
            wide = sum(2 if ord(character) > 255 else 1 for character in value)
            lines = max(lines, math.ceil(wide * 1.15 / max(width - 1, 1)))
    return LINE_PT * min(lines, MOST_LINES) + 3


def _write_totals(page: Worksheet, table: Table, rows: Sequence[Sequence[Any]], looks: _Looks) -> None:
    """Write 合计: live sums that follow the filter."""
    row = FIRST_ROW + len(rows)
    if not any(column.total for column in table.columns):
        return
    for place, column in enumerate(table.columns):
        if not column.total or not rows:
            page.write_string(row, place, "合计" if place == 0 else "", looks.total_text)
            continue
        letter = xlsxwriter.utility.xl_col_to_name(place)
        values = [one[place][1] if isinstance(one[place], tuple) else one[place] for one in rows]
        today = round(sum(value for value in values if isinstance(value, int | float)), 2)
        look = looks.total_whole if column.kind == "whole" else looks.total
        page.write_formula(row, place, f"=SUBTOTAL(109,{letter}{FIRST_ROW + 1}:{letter}{row})", look, today)


def _label_communities(communities: Sequence[CommunityFinding]) -> dict[str, str]:
    """Name communities so that no two have the same name: sums go by it."""
    seen = Counter(one.community.name for one in communities)
    return {
        one.community.code: one.community.name
        if seen[one.community.name] == 1
        else f"{one.community.name}（{one.community.code}）"
        for one in communities
    }


def _ledger_range(name: str, rooms: int) -> str:
    """Return the cells of a column of the ledger of rooms, for a formula on another sheet."""
    letter = xlsxwriter.utility.xl_col_to_name(ROOM_LEDGER.names.index(name))
    return f"'{ROOM_LEDGER.title}'!${letter}${FIRST_ROW + 1}:${letter}${FIRST_ROW + max(rooms, 1)}"


def _summary_row(one: CommunityFinding, names: dict[str, str], row: int, rooms: int) -> list[Any]:
    here = row + 1
    homes, counted = _ledger_range("社区", rooms), _ledger_range("计入面积", rooms)
    places = sum(count.counted_m2 > 0 for count in one.rooms)
    largest = one.main_site.counted_m2 if one.main_site else 0.0
    floor = next((finding for finding in one.findings if finding.standard.id == FLOOR), None)
    households = one.community.households
    per_100: Any = NO_DATA
    if households:
        per_100 = (f"=ROUND(C{here}/{households:g}*100,2)", one.per_100_households_m2)
    lacking: Any = NO_DATA if floor is not None else ""
    if floor is not None and floor.shortfall is not None:
        lacking = (f"=MAX(0,E{here}-C{here})", floor.shortfall)
    return [
        names[one.community.code],
        (f'=COUNTIFS({homes},A{here},{counted},">0")', places),
        (f"=SUMIFS({counted},{homes},A{here})", one.counted_m2),
        (f"=IFERROR(AGGREGATE(14,6,{counted}/({homes}=A{here}),1),0)", largest),
        floor.required if floor is not None else "不适用",
        lacking,
        per_100,
        NO_DATA if one.activity_share is None else one.activity_share,
        _verdict(one),
        one.remedy,
        one.responsible,
        "",
    ]


def _verdict(one: CommunityFinding) -> str:
    """Say the status, and by which standard where it is not met."""
    if one.status == "达标" or one.binding is None:
        return one.status
    missing = f" 缺 {one.binding.shortfall:,.2f} ㎡" if one.binding.shortfall else ""
    return f"{one.status}（{one.binding.standard.id}{missing}）"


def _room_row(
    count: RoomCount, communities: Sequence[CommunityFinding], names: dict[str, str], number: int
) -> list[Any]:
    room = count.room
    home = next(one.community for one in communities if one.community.code == count.community_code)
    row = FIRST_ROW + number + 1
    counted: Any = 0.0
    if count.area_unknown:
        counted = NO_DATA
    elif not count.reason:
        share = "" if count.share == 1 else f"*{count.share!r}"
        counted = (f"=ROUND(I{row}{share},2)", count.counted_m2)
    reason = count.reason_words if count.reason else ""
    if count.pending_m2:
        reason += f"（{count.pending_m2:,.2f} ㎡）"
    elif count.left_out_m2:
        reason += f"（{count.left_out_m2:,.2f} ㎡）"
    use = {True: "是", False: "否", None: ""}[room.in_use]
    until = "" if room.lease_until is None else "长期" if room.lease_until.year > 9000 else room.lease_until.isoformat()
    return [
        number + 1,
        home.town,
        names[home.code],
        SETTLEMENTS[home.settlement],
        home.households,
        room.name,
        room.address,
        room.storey,
        room.area_m2,
        room.office_m2,
        room.service_m2,
        room.elder_m2,
        room.activity_m2,
        room.acquisition,
        room.owner,
        room.user,
        room.evidence_words or "无",
        room.evidence_number,
        until,
        count.share_words if not room.sharing_words else f"{room.sharing_words}（{count.share_words}）",
        counted,
        room.measured_m2,
        use,
        "；".join(part for part in (reason, *count.warnings, room.remark) if part),
    ]


def _phases(project: ProjectFinding) -> Sequence[PhaseFinding | None]:
    return project.phases or (None,)


def _project_row(project: ProjectFinding, found: PhaseFinding | None, names: dict[str, str], row: int) -> list[Any]:
    if found is None:  # asked of the project as a whole
        areas = (project.required_m2, project.planned_m2, project.built_m2, project.handed_over_m2)
        begin = [project.name, "", names.get(project.community_code, project.community_code), "", ""]
        end = [project.shortfall_m2, project.stage, "", "", "", "", "；".join(project.words)]
        return [*begin, project.households, *areas, *end]
    phase, here = found.phase, row + 1
    stage = STAGES.index(phase.stage)
    given = "H" if stage <= 1 else "I" if stage <= 3 else "J"
    required: Any = NO_DATA
    lacking: Any = NO_DATA
    if project.standard is not None and found.required_m2 is not None:
        required = (f"=ROUND(F{here}*{project.standard.threshold:g}/100,2)", found.required_m2)
        area = {"H": phase.planned_m2, "I": phase.built_m2, "J": phase.handed_over_m2}[given]
        if area is not None:
            lacking = (f"=MAX(0,ROUND(G{here}-{given}{here},2))", round(max(found.required_m2 - area, 0.0), 2))
    status = "" if found.status == "达标" else found.status
    words = [*project.words] if len(project.phases) == 1 or found is project.phases[-1] else []
    return [
        f"{project.name} {phase.phase}".strip(),
        phase.developer,
        names.get(phase.community_code, phase.community_code),
        phase.contract_on.isoformat() if phase.contract_on else "",
        f"{project.standard.id} {project.standard.threshold:g} ㎡/百户" if project.standard else "无",
        phase.households if phase.households is not None else NO_DATA,
        required,
        phase.planned_m2,
        phase.built_m2,
        phase.handed_over_m2,
        lacking,
        phase.stage,
        {True: "是", False: "否", None: ""}[phase.combined],
        phase.title_number,
        phase.receiver,
        phase.handed_over_on.isoformat() if phase.handed_over_on else "",
        "；".join(part for part in (status, *words, phase.trouble) if part),
    ]


def _standard_row(one: Standard, assessment: Assessment) -> list[Any]:
    return [
        one.id,
        one.describe(assessment.as_of),
        LEVELS.get(one.level, one.level),
        f"{one.source}（{one.jurisdiction}）" if one.jurisdiction else one.source,
        STANDINGS.get(one.standing, one.standing),
        "启用" if one.enabled else "停用",
    ]
