"""Pages over a real PostGIS: who is let in, what each shows, and that the files they ask for are there."""

from __future__ import annotations

import re

import pytest
from live_service import ELSEWHERE, FIRST, PASSWORD, SECOND

from tests.maps.packed import read_page

FILES = re.compile(r'(?:src|href)="(/static/[^"]+)"')


def sign_in(live, user, password=PASSWORD, then="/plan"):
    """Send the form, and return the answer; the cookie is the client's from then on, so take it away again."""
    answer = live.asking("").post("/sign-in", data={"name": user, "password": password, "next": then})
    live.asking("").inner.cookies.clear()
    return answer


def cookie(live, user):
    value = sign_in(live, user).headers["set-cookie"].split(";")[0]
    return {"Cookie": value}


@pytest.mark.parametrize("address", ["/", "/plan"])
def test_nobody_in_particular_is_led_to_the_form_and_back(live, address):
    answer = live.asking("").get(address)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={address}")
    form = live.asking("").get(answer.headers["location"])
    assert form.status_code == 200
    assert f'name="next" value="{address}"' in form.text


def test_the_form_lets_in_with_a_cookie_that_no_script_and_no_other_site_gets(live):
    answer = sign_in(live, "u-county")
    assert (answer.status_code, answer.headers["location"]) == (303, "/plan")
    assert {"HttpOnly", "SameSite=strict"} <= set(answer.headers["set-cookie"].split("; "))


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", ""])
def test_the_form_leads_to_no_other_site(live, then):
    assert sign_in(live, "u-county", then=then).headers["location"] == "/"


def test_a_wrong_password_is_told_on_the_page_as_a_failure(live):
    answer = sign_in(live, "u-planner", "not this one")
    assert answer.status_code == 401
    assert "用户名或密码不对" in answer.text
    assert 'value="u-planner"' in answer.text
    assert "not this one" not in answer.text


def test_another_site_can_sign_nobody_in_or_out(live):
    other = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    form = {"name": "u-county", "password": PASSWORD}
    assert live.asking("").post("/sign-in", data=form, headers=other).status_code == 403
    assert live.asking("").post("/sign-out", headers={**other, **cookie(live, "u-county")}).status_code == 403


def test_who_signs_out_is_out(live):
    mine = cookie(live, "u-town")
    assert live.asking("").get("/plan", headers=mine).status_code == 200
    assert live.asking("").post("/sign-out", headers=mine).status_code == 303
    assert live.asking("").get("/plan", headers=mine).status_code == 303


def test_the_overview_counts_what_is_in_force_in_the_area(live):
    county = live.asking("").get("/", headers=cookie(live, "u-county")).text
    community = live.asking("").get("/", headers=cookie(live, "u-community")).text
    count = re.compile(r'<span class="label">网格</span>\s*<span class="value">(\d+)</span>')
    assert (count.search(county)[1], count.search(community)[1]) == ("4", "2")
    assert "城关街道" in county
    assert re.search(r'人员缺口</span>\s*<span class="value">2<', county)


def test_a_worker_is_led_to_the_own_grids(live):
    answer = live.asking("").get("/", headers=cookie(live, "u-worker"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/m")


def test_the_map_holds_the_area_and_nothing_beyond(live):
    county = live.asking("").get("/plan", headers=cookie(live, "u-county"))
    community = live.asking("").get("/plan", headers=cookie(live, "u-community"))
    everything, own = (str(read_page(page.text)) for page in (county, community))
    assert all(code in everything for code in (FIRST, SECOND, ELSEWHERE))
    assert SECOND in own
    assert ELSEWHERE not in own
    again = live.asking("").get("/plan", headers={**cookie(live, "u-county"), "If-None-Match": county.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("address", ["/sign-in", "/", "/plan", "/m"])
def test_every_file_that_a_page_asks_for_is_there_for_ever(live, address):
    page = live.asking("").get(address, headers=cookie(live, "u-county"))
    files = FILES.findall(page.text)
    assert files
    for file in files:
        answer = live.asking("").get(file)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


def test_other_files_are_not_there(live):
    assert live.asking("").get("/static/0123456789abcdef/plan.js").status_code == 404
    assert live.asking("").get("/static/..%2f..%2fsettings.py/x").status_code == 404


def test_pages_of_the_service_allow_nothing_of_other_sites(live):
    for address in ("/sign-in", "/m"):
        policy = live.asking("").get(address).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


def test_the_area_of_a_worker_tells_no_people(live):
    told = live.asking("worker").get("/m/area")
    area = told.json()
    assert [grid["code"] for grid in area["grids"]] == [FIRST]
    assert SECOND in {grid["code"] for grid in area["neighbours"]}
    assert "李明" not in told.text
    assert "1380000" not in told.text
    again = live.asking("worker").get("/m/area", headers={"If-None-Match": told.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_people_are_told_with_phones_only_within_the_area_and_never_kept(live):
    answer = live.asking("worker").get("/m/people")
    people = answer.json()["people"]
    assert people[FIRST] == [{"name": "李明", "role": "网格长", "phone": "13800000001"}]
    assert people[ELSEWHERE] == [{"name": "周强", "role": "网格长"}]  # the neighbour by name, not by phone
    assert answer.headers["cache-control"] == "no-store"


def test_the_area_needs_somebody_and_may_be_empty(live):
    assert live.asking("").get("/m/area").status_code == 401
    assert live.asking("").get("/m/people").status_code == 401
    assert live.asking("system").get("/m/area").json()["grids"] == []


def test_the_service_worker_may_answer_for_the_page(live):
    answer = live.asking("").get("/m/offline.js")
    assert answer.headers["service-worker-allowed"] == "/m"
    assert answer.headers["content-type"].startswith("text/javascript")
