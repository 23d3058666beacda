"""Styles for QGIS: every column has its Chinese name, and grids are drawn by the band of their plan."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from test_plans import draw_plan

from app.files.qgis import STYLED, write_style


def style_of(layer: str, minimum: int = 300, maximum: int = 500) -> ET.Element:
    columns = list(getattr(draw_plan(), layer).columns.drop("geometry"))
    return ET.fromstring(write_style(layer, columns, minimum, maximum))  # noqa: S314  our own words


@pytest.mark.parametrize("layer", STYLED)
def test_every_column_of_a_plan_has_a_chinese_name(layer):
    columns = list(getattr(draw_plan(), layer).columns.drop("geometry"))
    aliases = {alias.get("field"): alias.get("name") for alias in style_of(layer).iter("alias")}
    assert list(aliases) == columns
    assert all(not name.isascii() for name in aliases.values())


def test_grids_are_told_apart_by_the_band_of_their_plan():
    filters = [rule.get("filter") for rule in style_of("grids", 160, 255).iter("rule")]
    assert any('"households" > 255' in text for text in filters)
    assert any('"households" < 160' in text for text in filters)
    assert not any("300" in text for text in filters)


def test_every_kind_of_border_is_drawn():
    filters = " ".join(rule.get("filter") for rule in style_of("borders").iter("rule"))
    for barrier in ("primary", "secondary", "tertiary", "street", "lane", "rail", "water", "wall", "open"):
        assert f"'{barrier}'" in filters


def test_units_are_shown_only_near_by():
    assert style_of("units").get("hasScaleBasedVisibilityFlag") == "1"
