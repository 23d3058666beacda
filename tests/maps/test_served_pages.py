"""Sign-in and overview: words in both languages, links and forms as they should be, hostile values as text."""

from __future__ import annotations

import html
import re

import pytest
from toy_plan import HOSTILE

from app.maps.served_pages import Cell, Figure, Frame, Table, draw_overview, draw_sign_in, served_assets, served_words

LINKS = (("overview", "/"), ("plan", "/plan"))
TOWNS = Table("towns", "各街道", ("街道", "网格"), ((Cell("西里街道"), Cell("12", 12.0)),), frozenset({1}))


def text_of(page):
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def test_both_languages_have_the_same_words():
    assert set(served_words("zh")) == set(served_words("en"))


@pytest.mark.parametrize(("language", "tag", "heading"), [("zh", "zh-CN", "登录"), ("en", "en", "Sign in")])
def test_the_sign_in_page_speaks_the_language_asked_for(language, tag, heading):
    page = draw_sign_in(Frame(language), next_page="/plan")
    assert f'<html lang="{tag}">' in page
    assert f"<h1>{heading}</h1>" in page
    assert 'name="next" value="/plan"' in page


def test_the_entrance_of_the_county_is_offered_where_there_is_one():
    address = "/sign-in/county"
    assert f'<a href="{address}">用县统一身份认证登录</a>' in draw_sign_in(Frame(), next_page="/", entrance=address)
    assert address not in draw_sign_in(Frame(), next_page="/")


def test_no_form_carries_a_token_that_nobody_looks_at():
    """What keeps other sites out is the origin that a browser tells, and the strict cookie."""
    pages = [draw_sign_in(Frame(), next_page="/"), draw_overview(Frame(user="王一", links=LINKS), "", [], TOWNS)]
    hidden = [name for page in pages for name in re.findall(r'type="hidden" name="([^"]+)"', page)]
    assert hidden == ["next"]


def test_the_page_that_is_open_is_marked_and_no_other():
    page = draw_overview(Frame(here="/plan", links=LINKS), "", [], TOWNS)
    assert re.findall(r'href="([^"]+)" aria-current="page"', page) == ["/plan"]


def test_figures_lead_to_their_lists_and_towns_stand_in_the_table():
    figure = Figure("超限网格", "12", "共 400 个", "/plan#view=band", "△")
    page = draw_overview(Frame(links=LINKS, user="王一"), "2026年第1版", [figure], TOWNS)
    assert 'href="/plan#view=band"' in page
    assert {"超限网格", "12", "西里街道", "2026年第1版", "王一"} <= set(re.split(r"\s{2,}|\n", text_of(page)))


@pytest.mark.parametrize("hostile", HOSTILE.values())
def test_hostile_values_are_text(hostile):
    frame = Frame(user=hostile, links=LINKS)
    pages = [
        draw_overview(
            frame,
            hostile,
            [Figure(hostile, hostile, hostile, "/plan", hostile)],
            Table("t", hostile, (hostile,), ((Cell(hostile, address=hostile),),)),
        ),
        draw_sign_in(frame, next_page=hostile, name=hostile, fault=hostile),
    ]
    for page in pages:
        assert hostile.strip() in text_of(page)
        assert not re.search(r"<(img|svg)|<script(?! src)", page)


def test_the_style_is_asked_for_at_an_address_that_changes_with_it():
    style, *_ = served_assets()
    assert re.fullmatch(r"/static/[0-9a-f]{16}/served\.css", style.address)
    assert f'href="{style.address}"' in draw_sign_in(Frame(), next_page="/")
