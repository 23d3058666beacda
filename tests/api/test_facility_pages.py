"""The page of facilities over a real PostGIS: what each area sees, and what the form computes."""

from __future__ import annotations

import html
import re

import pytest
from live_service import PASSWORD

from app.files.standards import read_standards
from app.geo.assessment import Community
from app.geo.rooms import Room
from app.store.places import find_communities
from app.store.rooms import replace_rooms
from app.store.standards import replace_standards
from tests.maps.packed import read_page
from tests.maps.toy_plan import HOSTILE
from tests.store.drawn_plans import community_code

HERE, THERE = community_code(1), community_code(2)
PAPER = {"evidence": "title", "evidence_number": "甲1", "in_use": True}
ROOMS = [
    Room("R1", HERE, "一站", "service_station", 280.0, **PAPER),
    Room("R2", THERE, HOSTILE["markup"], "service_station", 900.0, **PAPER),
]


@pytest.fixture(scope="module", autouse=True)
def ledgers(live):
    async def fill(store):
        async with store.writing() as connection:
            homes = await find_communities(connection, [HERE, THERE])
            await replace_standards(connection, read_standards())
            judged = [Community(code, "", None, "urban") for code in (HERE, THERE)]
            await replace_rooms(connection, judged, ROOMS, homes)

    live.run(fill)


def get(live, user, address):
    """Return the text of a page as somebody sees it."""
    form = {"name": f"u-{user}", "password": PASSWORD, "next": "/"}
    answer = live.asking("").post("/sign-in", data=form)
    live.asking("").inner.cookies.clear()
    return live.asking("").get(address, headers={"Cookie": answer.headers["set-cookie"].split(";")[0]})


def test_every_room_is_there_with_its_paper_and_hostile_names_are_text(live):
    page = get(live, "county", "/gaps").text
    assert "一站" in page
    assert "甲1" in page
    assert HOSTILE["markup"] in html.unescape(page)
    assert "<img" not in page


def test_an_area_sees_its_own_communities_only(live):
    page = get(live, "community", "/gaps").text
    assert f'id="c{HERE}"' in page
    assert THERE not in page


def test_the_form_computes_what_a_room_more_would_change_and_keeps_nothing(live):
    page = get(live, "county", f"/gaps?community={HERE}&area=40").text
    told = re.search(r'class="told" role="status">([^<]+)<', page)[1]
    assert "计入面积由 280 ㎡ 增至 320 ㎡" in told
    assert "计入面积由 280" in get(live, "county", f"/gaps?community={HERE}&area=40").text


@pytest.mark.parametrize("area", ["-1", "x", "nan", "1e99"])
def test_an_area_that_is_none_is_told(live, area):
    assert "看不懂" in get(live, "county", f"/gaps?community={HERE}&area={area}").text


def test_nobody_computes_for_a_community_beyond_the_own_area(live):
    assert "请选择一个社区" in get(live, "community", f"/gaps?community={THERE}&area=40").text


def test_the_overview_and_the_map_show_how_rooms_stand(live):
    assert re.search(r'href="/gaps">\s*<span class="label">社区用房达标', get(live, "county", "/").text)
    plan = get(live, "county", "/plan").text
    assert "standards" in {view["id"] for view in read_page(plan)["views"]}
    assert "connect-src &#x27;self&#x27;" in plan or "connect-src 'self'" in plan


def test_a_worker_is_led_to_the_own_grids(live):
    assert get(live, "worker", "/gaps").headers["location"] == "/m"
