"""《社区边界确认单》: one sheet a pair with its map, strips, lines and signatures; none where all outlines fit."""

from __future__ import annotations

import io

import docx
import pytest

from app.geo.disputes import Disputed, settle_disputes
from app.reports import fonts
from app.reports.confirmations import draw_dispute, write_confirmations
from app.reports.sketches import texts_of


@pytest.fixture
def disputes(plan, layers):
    ground = [Disputed("重叠", (0, 1), 9.0, 100.0, plan.grids.geometry.iloc[1])]
    return settle_disputes(ground, layers.communities, layers.streets, layers.compounds, layers.buildings)


def text_of(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_a_sheet_has_a_map_the_strip_its_households_lines_and_signatures(disputes, layers, dwellings):
    content = write_confirmations(disputes, layers, dwellings)
    text = text_of(content)
    for words in ("甲方：西里社区", "乙方：东里社区", "重叠", "388", "1栋", "方案一", "其他", "签章", "备案"):
        assert words in text
    assert len(docx.Document(io.BytesIO(content)).inline_shapes) == 1


def test_outlines_that_fit_are_said_to_fit(layers, dwellings):
    text = text_of(write_confirmations((), layers, dwellings, small=(3, 120.0)))
    assert "2个社区（村）的界线相互吻合" in text
    assert "3处宽度不超过5米" in text


def test_a_line_between_two_towns_is_only_reported(disputes, layers, dwellings):
    from dataclasses import replace

    apart = replace(layers, communities=layers.communities.assign(town_code=["320199001", "320199002"]))
    text = text_of(write_confirmations(disputes, apart, dwellings))
    assert "以勘界成果为准" in text
    assert "方案一" not in text


def test_every_glyph_of_its_map_is_there(disputes, layers):
    assert not fonts.lacking("".join(texts_of(draw_dispute(disputes[0], layers))))


def test_the_same_disputes_are_the_same_bytes(disputes, layers, dwellings):
    assert write_confirmations(disputes, layers, dwellings) == write_confirmations(disputes, layers, dwellings)
