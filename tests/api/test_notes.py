"""Notes on borders over a real PostGIS: taken once, within one's own grids, and dealt with by those who plan."""

from __future__ import annotations

import pytest
from live_service import ELSEWHERE, FIRST, PASSWORD, point_in

from tests.maps.packed import read_page

LON, LAT = point_in(1, 1)
NOTE = {
    "id": "0b0f5b0e-3f1c-4b0a-9a53-0d6f2b1f7c55",
    "grid_code": FIRST,
    "text": "这栋楼应属第2网格",
    "lon": LON,
    "lat": LAT,
    "accuracy_m": 12.0,
    "noted_at": "2026-11-20T08:00:00+08:00",
}


def send(live, role="worker", **changes):
    return live.asking(role).post("/m/notes", json={**NOTE, **changes})


def notes_of(live, role, **query):
    return live.asking(role).get("/boundary-notes", params=query).json()["notes"]


def cookie(live, user):
    answer = live.asking("").post("/sign-in", data={"name": user, "password": PASSWORD})
    live.asking("").inner.cookies.clear()
    return {"Cookie": answer.headers["set-cookie"].split(";")[0]}


def test_a_note_that_is_sent_twice_is_kept_once(live):
    first, again = send(live), send(live)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    [held] = [note for note in notes_of(live, "county") if note["id"] == first.json()["id"]]
    assert (held["grid_code"], held["text"], held["accuracy_m"]) == (FIRST, NOTE["text"], 12.0)
    assert (held["longitude"], held["latitude"]) == (LON, LAT)
    assert held["author"] == "key:worker"


def test_the_same_number_of_another_phone_is_another_note(live):
    assert send(live).json() != send(live, "community").json()


def test_a_note_holds_to_the_own_grids(live):
    assert send(live, grid_code=ELSEWHERE, id="elsewhere-1").status_code == 404
    assert send(live, grid_code="999", id="elsewhere-2").status_code == 404
    assert send(live, "system", id="elsewhere-3").status_code == 403
    assert send(live, "", id="elsewhere-4").status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": ""},
        {"text": "  "},
        {"text": "长" * 301},
        {"lon": LON + 0.05},
        {"lat": 95.0},
        {"id": "x"},
        {"noted_at": "yesterday"},
        {"noted_at": "2026-11-20T08:00:00"},
        {"accuracy_m": -1},
        {"track": [[LON, LAT]]},
    ],
)
def test_what_is_no_note_is_refused(live, wrong):
    answer = send(live, **{"id": "refused-note", **wrong})
    assert answer.status_code == 400
    assert "refused-note" not in str(notes_of(live, "county"))


def test_a_note_from_another_site_is_refused(live):
    headers = {**cookie(live, "u-worker"), "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    note = {**NOTE, "id": "cross-site"}
    assert live.asking("").post("/m/notes", json=note, headers=headers).status_code == 403


def test_planners_see_the_notes_of_their_area_and_workers_none(live):
    send(live)
    assert notes_of(live, "community")
    assert notes_of(live, "town")
    assert live.asking("worker").get("/boundary-notes").status_code == 403
    assert live.asking("system").get("/boundary-notes").status_code == 403


def test_a_note_is_dealt_with_once_and_by_those_of_its_area(live):
    number = send(live, id="to-be-handled").json()["id"]
    address = f"/boundary-notes/{number}/handled"
    assert live.asking("neighbour").post(address, json={"outcome": "x"}).status_code == 403
    assert live.asking("community").post("/boundary-notes/999999/handled", json={"outcome": "x"}).status_code == 404
    done = live.asking("community").post(address, json={"outcome": "已核实，下次调整"})
    assert done.status_code == 200
    assert live.asking("county").post(address, json={"outcome": "x"}).status_code == 409
    [held] = [note for note in notes_of(live, "county", handled=True) if note["id"] == number]
    assert (held["outcome"], held["handled_by"]) == ("已核实，下次调整", "key:community")
    assert number not in [note["id"] for note in notes_of(live, "county", handled=False)]


@pytest.mark.parametrize("blank", ["", "   ", "\u3000", "\x1c"])
def test_no_note_is_closed_with_nothing_written(live, blank):
    number = send(live, id="closed-with-blanks").json()["id"]
    asked = live.asking("community").post(f"/boundary-notes/{number}/handled", json={"outcome": blank})
    form = live.asking("").post(f"/notes/{number}", data={"outcome": blank}, headers=cookie(live, "u-community"))
    assert {asked.status_code, form.status_code} <= {400, 409}
    assert number in [note["id"] for note in notes_of(live, "county", handled=False)]


@pytest.mark.parametrize(("path", "most"), [("/notes", "note_pages.MOST_LISTED"), ("/plan", "map_page.MOST_NOTES")])
def test_how_many_notes_wait_is_counted_beyond_those_that_are_shown(live, monkeypatch, path, most):
    send(live, id="counted-note-1")
    send(live, id="counted-note-2")
    waiting = len(notes_of(live, "county", handled=False))
    monkeypatch.setattr(f"app.api.{most}", 1)
    page = live.asking("").get(path, headers=cookie(live, "u-county"))
    told = page.text if path == "/notes" else str(read_page(page.text))
    assert waiting > 1
    if path == "/notes":
        assert f'<span class="status">{waiting}</span>' in told
        assert "这里列出最早的 1 条" in told
    else:
        assert f"边界意见（待处理 {waiting} 条，图上是最早的 1 条）" in told


def test_long_lists_are_told_page_by_page(live):
    send(live, id="page-one-1")
    send(live, id="page-one-2")
    first = live.asking("county").get("/boundary-notes", params={"limit": 1}).json()
    rest = live.asking("county").get("/boundary-notes", params={"after": first["after"]}).json()
    assert len(first["notes"]) == 1
    assert first["notes"][0]["id"] < rest["notes"][0]["id"]
    assert rest["after"] is None


def test_nobody_fills_the_store_with_notes(live, monkeypatch):
    from app.store import notes

    monkeypatch.setattr(notes, "MOST_OPEN", 0)
    assert send(live, id="one-too-many").status_code == 409
