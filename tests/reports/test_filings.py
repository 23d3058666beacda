"""The papers of an approval say what the plan says, leave blanks where nobody told, and are laid out as papers are."""

from __future__ import annotations

import io
from dataclasses import replace

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Pt

from app.geo.lineage import trace_lineage
from app.reports.filings import Case, write_account, write_notice, write_record, write_request
from app.reports.ledgers import list_grids, list_noticed


@pytest.fixture
def case(plan, layers, dwellings):
    old = plan.grids.assign(grid_code=[f"旧{k // 2}" for k in range(6)]).dissolve(by="grid_code", as_index=False)
    lineage = trace_lineage(old, plan.grids, plan.communities, layers.buildings)
    return Case(plan, list_grids(plan, dwellings), "虚构镇", "虚构镇人民政府", lineage=lineage)


def text_of(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_a_request_names_what_is_asked_and_ends_as_requests_do(case):
    text = text_of(write_request(case))
    assert text.startswith("关于虚构镇网格划分调整的请示\n××县（市、区）人民政府：")
    assert "街巷定界、规模适度、无缝覆盖、动态调整" in text
    assert "原有网格3个，调整后6个" in text
    assert "以上方案，妥否，请批示。" in text


def test_every_reason_stands_in_the_account(case):
    text = text_of(write_account(case))
    for reason in case.plan.grids["reason"]:
        assert reason in text
    assert "没有重新核验" in text


def test_a_notice_has_its_parts_in_order(case):
    text = text_of(write_notice(case))
    parts = [
        "关于虚构镇网格划分（调整）方案的公示",
        "一、调整情况",
        "二、各网格情况",
        "三、公示期",
        "四、意见反馈",
        "附件：1.",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "东至程阁老巷" in text
    assert "公示意见采纳情况表" in text


def test_a_notice_tells_of_no_single_homes(case):
    ledger = case.grids.assign(户数=[9, *case.grids["户数"][1:]])
    text = text_of(write_notice(replace(case, grids=ledger)))
    assert "不足10户" in text
    assert "\n9\n" not in text
    noticed = list_noticed(ledger)
    assert noticed["户数"].isna().tolist() == [True] + [False] * 5
    assert not {"网格长联系电话", "专职网格员", "专职网格员联系电话", "包联干部", "人口"} & set(noticed.columns)


def test_a_record_leaves_blank_what_nobody_knows(case):
    document = docx.Document(io.BytesIO(write_record(case)))
    cells = {row.cells[0].text: row.cells[1].text for row in document.tables[0].rows}
    assert cells["网格总数"] == "6个（综合网格5个，专属网格1个）"
    assert cells["批复机关及文号"] == cells["批复日期"] == ""


def test_papers_are_laid_out_by_the_standard_of_official_papers(case):
    document = docx.Document(io.BytesIO(write_request(case)))
    section, title, body = document.sections[0], document.paragraphs[0], document.paragraphs[2]
    sizes = [section.page_width, section.page_height, section.top_margin, section.left_margin]
    assert [round(size.mm) for size in sizes] == [210, 297, 37, 28]
    fonts = [part.runs[0].element.rPr.rFonts.get(qn("w:eastAsia")) for part in (title, body)]
    assert fonts == ["方正小标宋简体", "仿宋_GB2312"]
    assert (title.runs[0].font.size, body.runs[0].font.size) == (Pt(22), Pt(16))
    assert body.paragraph_format.first_line_indent == Pt(32)


@pytest.mark.parametrize("write", [write_request, write_account, write_notice, write_record])
def test_the_same_case_is_the_same_bytes(case, write):
    assert write(case) == write(case)
