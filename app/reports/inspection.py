"""Sheets to take along 现场核查表: one for each community with declared, evidenced and measured area side by side."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from app.geo.assessment import Assessment, CommunityFinding
from app.geo.rooms import EVIDENCE_KINDS, RoomCount
from app.reports.room_ledger import row_height
from app.reports.texts import clean, file_name, is_formula
from app.reports.workbooks import SAVED_AT

__all__ = ["write_inspection"]

HEAD = ("序号", "用房名称", "坐落", "申报面积", "有证面积", "实测面积", "相差", "超过 5%", "证据材料", "核查意见")
WIDTHS = (5, 18, 16, 10, 10, 10, 9, 8, 24, 16)
DIFFERS = 0.05
SPARE_ROWS = 3
"""Empty rows, for rooms that are found and stand in no ledger."""

PHOTO_ROWS = 9
A4_PAPER = 9
FONT, TITLE_FONT = "仿宋", "黑体"


def write_inspection(assessment: Assessment) -> bytes:
    """Write a workbook with a sheet for each community; the same assessment is the same bytes."""
    held = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(held, options)
    book.set_properties({"title": "现场核查表", "author": "", "created": SAVED_AT.replace(tzinfo=None)})
    looks = _make_looks(book)
    taken: set[str] = set()
    for one in assessment.communities:
        _write_sheet(book.add_worksheet(_sheet_name(one, taken)), one, assessment, looks)
    if not assessment.communities:
        book.add_worksheet("现场核查表")
    book.close()
    return held.getvalue()


def _sheet_name(one: CommunityFinding, taken: set[str]) -> str:
    """Name the sheet as its community, with its code where the name alone would do for two."""
    name = file_name(one.community.name).replace("'", "_")[:15]
    if name.casefold() in taken:
        name = f"{name}{one.community.code}"[:31]
    taken.add(name.casefold())
    return name


def _make_looks(book: Workbook) -> dict[str, Format]:
    cell = {"font_name": FONT, "font_size": 11, "border": 1, "valign": "vcenter", "text_wrap": True}
    bold = {"font_name": TITLE_FONT, "bold": True}
    return {
        "title": book.add_format({**bold, "font_size": 18, "align": "center", "valign": "vcenter"}),
        "plain": book.add_format({"font_name": FONT, "font_size": 11, "valign": "vcenter", "text_wrap": True}),
        "head": book.add_format({**cell, **bold, "align": "center", "bg_color": "#E8EEF4"}),
        "text": book.add_format({**cell, "num_format": "@"}),
        "quoted": book.add_format({**cell, "num_format": "@", "quote_prefix": True}),
        "area": book.add_format({**cell, "num_format": "0.00"}),
        "share": book.add_format({**cell, "num_format": "+0.0%;-0.0%;0.0%"}),
        "flag": book.add_format({**cell, **bold, "align": "center", "font_color": "#C00000"}),
        "box": book.add_format({**cell, "align": "center", "valign": "top", "font_color": "#808080"}),
    }


def _write_sheet(page: Worksheet, one: CommunityFinding, assessment: Assessment, looks: dict[str, Format]) -> None:
    last = len(HEAD) - 1
    for place, width in enumerate(WIDTHS):
        page.set_column(place, place, width)
    page.set_row(0, 30)
    page.merge_range(0, 0, 0, last, clean(f"{one.community.name}办公和服务用房现场核查表"), looks["title"])
    households = "户数不明" if one.community.households is None else f"{one.community.households:,.0f} 户"
    day = assessment.as_of.isoformat()
    about = f"社区编码：{one.community.code}　{households}　资料截至：{day}　初步结论：{one.status}"
    page.merge_range(1, 0, 1, last, clean(about), looks["plain"])
    words = "；".join(finding.words for finding in one.findings if not finding.advisory)
    page.merge_range(2, 0, 2, last, clean(words), looks["plain"])
    page.set_row(2, 34)
    for place, name in enumerate(HEAD):
        page.write_string(3, place, name, looks["head"])
    row = 4
    for number, count in enumerate(one.rooms, 1):
        _write_room(page, row, number, count, looks)
        row += 1
    for _ in range(SPARE_ROWS):
        for place in range(len(HEAD)):
            page.write_blank(row, place, None, looks["text"])
        _write_difference(page, row, None, looks)
        row += 1
    half = last // 2
    page.merge_range(row, 0, row + PHOTO_ROWS, half, "照片（外观、门牌）", looks["box"])
    page.merge_range(row, half + 1, row + PHOTO_ROWS, last, "照片（室内、使用情况）", looks["box"])
    row += PHOTO_ROWS + 1
    for words in (
        "核查结论：□ 达标　□ 不达标　□ 待核实　　说明：",
        "核查人（签字）：　　　　　　　　社区负责人（签字）：　　　　　　　　核查日期：　　　年　　月　　日",
    ):
        page.merge_range(row, 0, row, last, words, looks["text"])
        page.set_row(row, 30)
        row += 1
    page.set_landscape()
    page.set_paper(A4_PAPER)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
    page.fit_to_pages(1, 1)
    page.hide_gridlines(2)


def _write_room(page: Worksheet, row: int, number: int, count: RoomCount, looks: dict[str, Format]) -> None:
    room = count.room
    evidenced = room.area_m2 if room.evidence in EVIDENCE_KINDS else 0.0
    paper = " ".join(part for part in (room.evidence_words or "无", room.evidence_number) if part)
    share = f"（{count.share_words}）" if count.share_words else ""
    remark = "；".join(part for part in (count.reason_words if count.reason else "", *count.warnings) if part)
    cells: tuple[Any, ...] = (str(number), room.name + share, room.address, room.area_m2, evidenced, room.measured_m2)
    for place, value in enumerate(cells):
        _write_cell(page, row, place, value, looks)
    _write_difference(page, row, count, looks)
    _write_cell(page, row, 8, paper, looks)
    _write_cell(page, row, 9, remark, looks)
    page.set_row(row, row_height((*cells, "", "", paper, remark), WIDTHS))


def _write_cell(page: Worksheet, row: int, place: int, value: Any, looks: dict[str, Format]) -> None:
    if isinstance(value, float):
        page.write_number(row, place, value, looks["area"])
        return
    text = clean(value)
    if text:
        page.write_string(row, place, text, looks["quoted"] if is_formula(text) else looks["text"])
    else:
        page.write_blank(row, place, None, looks["area"])


def _write_difference(page: Worksheet, row: int, count: RoomCount | None, looks: dict[str, Format]) -> None:
    """Write how far measured and declared area differ, and the flag, live: the measured one is filled in on site."""
    room = count.room if count else None
    today: float | str = ""
    if room is not None and room.area_m2 and room.measured_m2 is not None:
        today = (room.measured_m2 - room.area_m2) / room.area_m2
    here = row + 1
    page.write_formula(
        row, 6, f'=IF(OR(D{here}="",D{here}=0,F{here}=""),"",(F{here}-D{here})/D{here})', looks["share"], today
    )
    flag = "超过" if isinstance(today, float) and abs(today) > DIFFERS else ""
    page.write_formula(row, 7, f'=IF(G{here}="","",IF(ABS(G{here})>{DIFFERS},"超过",""))', looks["flag"], flag)
