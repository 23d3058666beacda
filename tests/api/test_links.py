"""Links to one grid over a real PostGIS: what a holder sees, and that it ends."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from live_service import ELSEWHERE, FIRST, SECOND

from app.store.areas import find_area
from app.store.links import add_link, read_links, revoke_link


def make_link(live, *, days=1.0, grid=FIRST):
    async def make(store):
        async with store.writing() as connection:
            area = await find_area(connection, grid)
            until = datetime.now(UTC) + timedelta(days=days)
            return await add_link(connection, area.id, expires_at=until, created_by="test")

    return live.run(make)


def revoke(live, token):
    async def end(store):
        async with store.writing() as connection:
            await revoke_link(connection, token.split("_")[1])

    live.run(end)


def open_link(live, token, **headers):
    answer = live.asking("").post("/m/link", json={"token": token}, headers=headers)
    live.asking("").inner.cookies.clear()
    return answer


def ask(live, token, method, address, **options):
    cookie = open_link(live, token).headers["set-cookie"].split(";")[0]
    return live.asking("").request(method, address, headers={"Cookie": cookie}, **options)


def test_a_token_is_exchanged_for_a_cookie_that_ends_with_the_link(live):
    answer = open_link(live, make_link(live))
    assert answer.status_code == 204
    parts = set(answer.headers["set-cookie"].split("; "))
    assert {"HttpOnly", "SameSite=strict"} <= parts
    [age] = [int(part.removeprefix("Max-Age=")) for part in parts if part.startswith("Max-Age=")]
    assert 86_000 < age <= 86_400


def test_the_holder_sees_the_own_grid_and_no_phone(live):
    token = make_link(live)
    area = ask(live, token, "GET", "/m/area").json()
    assert [grid["code"] for grid in area["grids"]] == [FIRST]
    people = ask(live, token, "GET", "/m/people").json()["people"]
    assert people == {FIRST: [{"name": "李明", "role": "网格长"}]}


@pytest.mark.parametrize("address", ["/me", "/grids", f"/grids/{FIRST}", "/people", "/assignments", "/boundary-notes"])
def test_the_holder_sees_nothing_else(live, address):
    assert ask(live, make_link(live), "GET", address).status_code == 401


def test_the_holder_may_say_that_a_border_is_wrong(live):
    note = {"id": "from-a-link", "grid_code": FIRST, "text": "不对", "noted_at": "2026-11-20T00:00:00Z"}
    place = {"lon": 105.0025, "lat": 30.004}
    assert ask(live, make_link(live), "POST", "/m/notes", json={**note, **place}).status_code == 201
    beyond = {**note, **place, "grid_code": SECOND}
    assert ask(live, make_link(live), "POST", "/m/notes", json=beyond).status_code == 404


def test_a_link_that_is_revoked_is_refused_within_a_second(live):
    token = make_link(live)
    cookie = open_link(live, token).headers["set-cookie"].split(";")[0]
    assert live.asking("").get("/m/area", headers={"Cookie": cookie}).status_code == 200
    revoke(live, token)
    time.sleep(1.0)
    assert live.asking("").get("/m/area", headers={"Cookie": cookie}).status_code == 401
    assert open_link(live, token).status_code == 401


def test_a_link_that_has_expired_or_never_was_is_refused(live):
    good = make_link(live)
    for token in (make_link(live, days=-1), good[:-1], good.replace("jxl_", "jx_"), "jxl_", "jxl__", "jxl_é_x"):
        assert open_link(live, token).status_code == 401


def test_another_site_opens_no_link(live):
    assert open_link(live, make_link(live), **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_links_are_listed_without_their_secrets(live):
    token = make_link(live, grid=ELSEWHERE)

    async def listed(store):
        async with store.reading() as connection:
            return await read_links(connection)

    newest = live.run(listed)[0]
    assert (newest.prefix, newest.grid_code) == (token.split("_")[1], ELSEWHERE)
    assert token.split("_", 2)[2] not in str(newest)
