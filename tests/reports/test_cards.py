"""网格责任卡: what a card says and does not, that it is small enough to send, and the same each time."""

from __future__ import annotations

import io

import pytest
from matplotlib.image import imread

from app.reports import fonts
from app.reports.cards import CARD_WIDTH, LARGEST_CARD, CardMaker, CardWords, print_card, print_cards
from app.reports.codes import qr_modules
from app.reports.ledgers import NOBODY
from app.reports.sketches import texts_of
from tests.maps.toy_plan import HOSTILE, draw_toy_plan


def texts(plan, dwellings, roster, row=1, **words):
    return "\n".join(texts_of(CardMaker(plan, dwellings, roster, CardWords(**words)).draw(row)))


def test_a_card_says_what_the_grid_is_who_works_there_and_what_lies_beside(plan, dwellings, roster):
    said = texts(plan, dwellings, roster, effective="2026年12月1日")
    facts = (
        "第2网格",
        "西里社区",
        "320199001001002",
        "东至 中山路",
        "388 户（估算）",
        "专职网格员：贾雨村",
        "监督电话 12345",
    )
    assert [fact for fact in facts if fact not in said] == []
    assert "第1网格（甄士隐）" in said  # the neighbour, with who leads it
    assert "1号院：1栋、2栋" in said
    assert "2026年12月1日" in said


def test_telephones_are_printed_only_when_asked_for(plan, dwellings, roster):
    assert "19900000002" not in texts(plan, dwellings, roster)
    assert "贾雨村 19900000002" in texts(plan, dwellings, roster, phones=True)


def test_without_buildings_or_staff_there_is_room_to_write(plan):
    said = texts(plan, None, NOBODY)
    assert "小区楼栋" not in said
    assert "网格长：" in said


def test_a_card_is_as_wide_as_a_phone_shows_and_small_enough_to_send(plan, dwellings, roster):
    content = print_card(CardMaker(plan, dwellings, roster, CardWords(address="https://grid.example/m")).draw(1))
    assert len(content) <= LARGEST_CARD
    tall, wide = imread(io.BytesIO(content), format="jpg").shape[:2]
    assert wide == CARD_WIDTH
    assert tall > 1.5 * wide


def test_the_code_leads_to_the_grid_and_is_left_out_without_an_address(plan, dwellings, roster):
    assert qr_modules("https://grid.example/1").shape == qr_modules("https://grid.example/2").shape
    assert (qr_modules("https://grid.example/1") != qr_modules("https://grid.example/2")).any()
    assert "扫码" in texts(plan, dwellings, roster, address="https://grid.example/{code}")
    assert "扫码" not in texts(plan, dwellings, roster)


def test_the_same_plan_gives_the_same_bytes(dwellings, roster):
    one, other = (
        print_cards(CardMaker(draw_toy_plan(), dwellings, roster, CardWords()), {"card": 1}) for _ in range(2)
    )
    assert set(one) == {"card.jpg", "card.pdf"}
    assert one == other


@pytest.mark.parametrize("name", list(HOSTILE.values()))
def test_hostile_names_are_drawn_as_text(name, dwellings, roster):
    plan = draw_toy_plan(grid=name, community=name, street=name)
    said = texts(plan, dwellings, roster, row=0)
    assert fonts.printable(name)[:16] in said
    assert not fonts.lacking(said)
