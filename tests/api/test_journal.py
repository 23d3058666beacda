"""What is written down of what is asked: every change and every phone number told, once, at once or soon after."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from live_service import ELSEWHERE, FIRST, PASSWORD, SECOND, SINCE, live_service, point_in

from app.api.journal import MOST_WAITING
from app.api.refusals import PER_MINUTE_FROM_ONE, Refusals
from app.store.audit import Entry, read_audit
from app.store.errors import StoreUnavailable
from app.store.links import add_link, prefix_of
from app.store.places import find_grids


@pytest.fixture(scope="module")
def live(postgis):
    with postgis.database() as settings, live_service(settings) as service:
        yield service


@pytest.fixture
def news(live):
    """Return a function that gives what was written since the test began."""

    async def read(store, after=0):
        async with store.reading() as connection:
            return await read_audit(connection, after=after, most=100_000)

    live.runner.run(live.service.journal.flush())
    before = len(live.run(read))

    def entries(*, flush=True):
        if flush:
            live.runner.run(live.service.journal.flush())
        return [one.entry for one in live.run(lambda store: read(store, before))]

    return entries


def test_a_change_is_written_down_before_it_is_answered(live, news):
    asked = {"person_id": live.people["S2"], "grid_code": FIRST, "role": "专职网格员", "since": "2026-02-01"}
    made = live.asking("county").post("/assignments", json=asked)
    assert made.status_code == 201
    [entry] = news(flush=False)
    assert (entry.actor_kind, entry.actor, entry.action, entry.result) == ("key", "county", "POST /assignments", "ok")
    ended = live.asking("county").post(f"/assignments/{made.json()['id']}/end", json={"on": "2026-02-01"})
    assert ended.status_code == 200
    assert news(flush=False)[1].subject == f"number={made.json()['id']}"


def test_a_change_that_was_refused_is_written_down_with_its_result(live, news):
    assert live.asking("planner").post("/assignments/1/end", json={"on": "2026-02-01"}).status_code == 403
    [entry] = news(flush=False)
    assert (entry.actor, entry.result) == ("planner", "403")


READINGS = {
    "/people": ("county", 3),
    "/people/1": ("county", 2),
    "/assignments": ("county", 2),
    "/assignments/1": ("county", 1),
    f"/grids/{SECOND}/neighbours": ("county", 1),
    "/locate?lon={lon}&lat={lat}": ("county", 1),
    "/locate?address=阳光花园3栋1单元": ("county", 1),
    "/m/people": ("worker", 1),
}


@pytest.mark.parametrize("path", READINGS)
def test_every_reading_of_a_phone_is_one_entry_with_how_many_and_of_whom_but_no_number(live, news, path):
    role, phones = READINGS[path]
    lon, lat = point_in(1, 1)
    client = live.asking(role)
    told = client.get(path.format(lon=lon, lat=lat))
    assert told.status_code == 200
    assert told.text.count("1380000000") == phones
    [entry] = news()
    assert entry.details["phones"] == phones
    assert entry.details["of"]
    assert "13800" not in repr(entry)
    assert entry.actor == role


def test_many_points_are_one_entry_with_every_grid(live, news):
    points = [point_in(1, 1), point_in(2, 1), point_in(1, 1)]
    assert live.asking("county").post("/locate", json={"points": points}).status_code == 200
    [entry] = news()
    assert entry.details == {"phones": 2, "of": sorted([FIRST, ELSEWHERE])}


@pytest.mark.parametrize("path", ["/people", "/assignments", "/grids", f"/grids/{FIRST}", "/locate?lon=105&lat=30"])
def test_whoever_sees_no_phones_leaves_nothing(live, news, path):
    assert live.asking("system").get(path).status_code == 200
    assert news() == []


def test_an_answer_that_one_has_already_tells_nothing_again(live, news):
    told = live.asking("county").get("/people")
    assert live.asking("county").get("/people", headers={"If-None-Match": told.headers["etag"]}).status_code == 304
    assert len(news()) == 1


def test_a_reading_is_written_within_a_quarter_of_a_second(live, news):
    live.asking("county").get("/people")
    live.runner.run(asyncio.sleep(0.3))
    assert len(news(flush=False)) == 1


def test_signing_in_is_written_down_and_so_is_a_failure(live, news):
    client = live.asking("")
    assert client.post("/session", json={"name": "u-planner", "password": "wrong horse 9"}).status_code == 401
    assert client.post("/session", json={"name": "u-planner", "password": PASSWORD}).status_code == 201
    assert [(one.actor, one.result) for one in news(flush=False)] == [("", "401"), ("u-planner", "ok")]


@pytest.mark.parametrize("operation", ["DELETE /session", "POST /sign-out"])
def test_signing_out_is_written_down_once_with_who_did(live, news, operation):
    headers = sign_in(live, "u-planner")
    method, _, path = operation.partition(" ")
    assert live.asking("").request(method, path, headers=headers).status_code in (204, 303)
    assert live.asking("").post("/sign-out", headers=headers).status_code == 303  # nothing is left that could end
    signed_in, out = news(flush=False)
    assert (out.actor_kind, out.actor, out.action, out.result) == ("user", "u-planner", operation, "ok")
    assert signed_in.actor_id == out.actor_id


def test_a_key_that_ends_the_session_of_a_cookie_leaves_its_owner(live, news):
    headers = sign_in(live, "u-planner")
    assert live.asking("county").delete("/session", headers=headers).status_code == 204
    assert [one.actor for one in news()] == ["u-planner", "u-planner"]


def test_a_link_that_is_opened_is_written_down_by_its_prefix_and_so_is_the_session_that_ends(live, news):
    token = make_link(live)
    headers = sign_in(live, "u-planner")
    assert live.asking("").post("/m/link", json={"token": token}, headers=headers).status_code == 204
    live.asking("").inner.cookies.clear()
    written = news(flush=False)[1:]
    assert [(one.actor_kind, one.actor) for one in written] == [("user", "u-planner"), ("link", prefix_of(token))]
    assert {(one.action, one.result) for one in written} == {("POST /m/link", "ok")}
    assert token.rpartition("_")[2] not in repr(written)
    assert live.asking("").get("/me", headers=headers).status_code == 401


def test_links_that_are_refused_are_written_down_and_fill_no_disk(live, news):
    live.service.journal.refusals = Refusals(clock=lambda: 100.0)
    for _ in range(PER_MINUTE_FROM_ONE + 5):
        assert live.asking("").post("/m/link", json={"token": "jxl_000000000000_x"}).status_code == 401
    assert [(one.actor, one.action, one.result) for one in news()] == [
        ("", "POST /m/link", "401")
    ] * PER_MINUTE_FROM_ONE


def sign_in(live, name):
    """Return the headers of a session that somebody has begun."""
    answer = live.asking("").post("/session", json={"name": name, "password": PASSWORD})
    live.asking("").inner.cookies.clear()
    return {"Cookie": answer.headers["set-cookie"].split(";")[0]}


def make_link(live):
    """Return the token of a new link."""

    async def make(store):
        async with store.writing() as connection:
            grids = await find_grids(connection, [FIRST])
            return await add_link(connection, grids[FIRST], expires_at=datetime.now(UTC) + timedelta(days=1))

    return live.run(make)


def test_who_is_unknown_cannot_fill_the_audit(live, news):
    client = live.asking("")
    assert client.post("/assignments", json={}).status_code == 401
    assert client.post("/no/such/address", json={}).status_code == 404
    assert client.delete("/session").status_code == 401
    assert client.post("/sign-out").status_code == 303
    assert news() == []


def test_whoever_tries_no_password_cannot_fill_the_audit_at_the_form_either(live, news):
    live.service.journal.refusals = Refusals(clock=lambda: 100.0)
    client = live.asking("")
    for _ in range(PER_MINUTE_FROM_ONE + 30):
        assert client.post("/session", json={"nonsense": 1}).status_code == 400
    assert [one.result for one in news()] == ["400"] * PER_MINUTE_FROM_ONE
    assert client.post("/session", json={"name": "u-planner", "password": "wrong horse 9"}).status_code == 401
    assert news()[-1].result == "401"


def test_the_county_searches_the_audit_and_that_is_written_down(live, news):
    live.asking("county").get("/people")
    news()
    told = live.asking("county").get("/audit", params={"action": "/people", "limit": 1})
    assert told.status_code == 200
    [entry] = told.json()["entries"]
    assert entry["details"]["phones"] == 3
    assert news()[-1].action == "GET /audit"
    assert (
        live.asking("county")
        .get("/audit", params={"of": FIRST, "since": SINCE.isoformat() + "T00:00:00Z"})
        .json()["entries"]
    )


def test_the_county_searches_the_audit_by_the_prefix_of_a_key(live, news):
    live.asking("planner").get("/plans")
    live.asking("county").get("/people")
    news()
    prefix = live.keys["county"].split("_")[1]
    entries = live.asking("county").get("/audit", params={"key": prefix}).json()["entries"]
    assert entries[0]["action"] == "GET /people"
    assert {(one["actor_kind"], one["actor"]) for one in entries} == {("key", "county")}
    assert len({one["actor_id"] for one in entries}) == 1
    assert live.asking("county").get("/audit", params={"key": "000000000000"}).status_code == 404
    assert live.asking("county").get("/audit", params={"key": live.keys["county"]}).status_code == 400


@pytest.mark.parametrize("role", ["planner", "town", "community", "worker", "system"])
def test_nobody_else_reads_the_audit_and_who_tries_is_written_down(live, news, role):
    assert live.asking(role).get("/audit").status_code == 403
    assert [one.result for one in news()] == ["403"]


def test_nothing_is_answered_unseen_when_too_much_waits(live):
    journal = live.service.journal
    waiting, journal._waiting = journal._waiting, [Entry("", None, "", "x")] * MOST_WAITING
    try:
        refused = live.asking("county").get("/people")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
        with pytest.raises(StoreUnavailable):
            journal.note(Entry("", None, "", "x"))
        assert live.asking("system").get("/people").status_code == 200
    finally:
        journal._waiting = waiting


def test_hostile_words_do_not_hold_up_the_audit(live, news):
    from app.api.journal import _clean

    assert _clean("a\x00b\ud800" + "x" * 1000)[:4] == "a\ufffdb?"
    live.service.journal.note(Entry("user", 1, "x", "POST /x", _clean("\x00\ud800")))
    assert news()[-1].subject == "\ufffd?"


def test_the_head_lies_outside_the_database_soon_after_the_start(live):
    until = time.monotonic() + 5
    while not (live.service.journal.folder / "heads.jsonl").exists() and time.monotonic() < until:
        live.runner.run(asyncio.sleep(0.05))
    assert (live.service.journal.folder / "heads.jsonl").read_text().count("hash") >= 1
