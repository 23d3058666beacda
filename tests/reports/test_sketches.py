"""Printed maps: every glyph is there, neighbours differ, sheets are listed, the same plan is the same bytes."""

from __future__ import annotations

import io
import re

import pytest
from matplotlib.image import imread
from paper_town import draw_toy_plan

from app.files.plans import read_plan
from app.geo.errors import UsageError
from app.reports import fonts
from app.reports.sketches import Sketcher, print_jpg, print_pdf, texts_of


def test_every_glyph_of_a_real_plan_is_covered(demonstration):
    for _, sheet in Sketcher(read_plan(demonstration.folder / "plan.gpkg")).draw_all("乌有镇网格示意图"):
        texts = texts_of(sheet)
        assert texts
        assert not fonts.lacking("".join(texts))


def test_a_sheet_names_its_grids_with_households_and_sides(plan):
    texts = "\n".join(texts_of(Sketcher(plan).draw_community("320199001001")))
    assert "第2网格\n388户" in texts
    assert "东至中山路" in texts
    assert "编码 320199001001002" in texts


def test_grids_outside_the_band_are_marked_without_colour(plan):
    texts = texts_of(Sketcher(plan).draw_whole("图"))
    assert "第1网格\n612户▲" in texts
    assert "第2网格\n240户▼" in texts


def test_there_is_a_page_for_the_whole_and_one_for_each_community(plan):
    sheets = list(Sketcher(plan).draw_all("图"))
    assert len(sheets) == 3
    content = print_pdf((sheet for _, sheet in sheets), "图")
    assert len(re.findall(rb"/Type /Page\b", content)) == 3


def test_pages_are_a3(plan):
    content = print_pdf([Sketcher(plan).draw_whole("图")], "图")
    west, south, east, north = map(float, re.search(rb"/MediaBox \[([^\]]+)\]", content)[1].split())
    assert (east - west, north - south) == pytest.approx((1190.9, 841.7), abs=1)


def test_a_picture_shows_more_than_paper(plan):
    picture = imread(io.BytesIO(print_jpg(Sketcher(plan).draw_whole("图"), 40)), format="jpg")
    assert (picture < 200).any(axis=2).mean() > 0.05


def test_the_same_plan_is_the_same_bytes():
    one, other = (print_pdf([Sketcher(draw_toy_plan()).draw_whole("图")], "图") for _ in range(2))
    assert one == other


def test_no_time_is_told(plan):
    assert b"CreationDate" not in print_pdf([Sketcher(plan).draw_whole("图")], "图")


def test_what_the_font_lacks_is_shown_as_lacking():
    assert fonts.printable("小区😀") == "小区□"


def test_a_machine_without_the_font_is_told_what_to_install(monkeypatch):
    monkeypatch.setattr(fonts, "FAMILY", "Nowhere Sans")
    fonts._characters.cache_clear()
    try:
        with pytest.raises(UsageError, match="fonts-noto-cjk"):
            fonts.use_font(10)
    finally:
        fonts._characters.cache_clear()
