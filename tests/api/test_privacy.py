"""What nobody learns: small counts, residents, tracks; neither from answers nor from pages, logs or tables."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from urllib.parse import quote

import httpx
import pytest
from live_service import CLERK, EVERY_STEP, FIRST, SINCE, Live, live_service, point_in

from app.api.areas import Caller
from app.api.logs import JsonLines, RequestLog, set_up_logging
from app.api.openid import OpenId
from app.api.small_counts import tell_count
from app.files.standards import read_standards
from app.geo.assessment import Community
from app.geo.projects import Phase
from app.geo.rooms import Room
from app.geo.standards import PER_100_HOUSEHOLDS
from app.settings import OidcSettings
from app.store.areas import COUNTY
from app.store.findings import assess_stored, record_findings
from app.store.places import find_communities
from app.store.plans import import_plan
from app.store.projects import replace_projects
from app.store.publication import publish
from app.store.rooms import replace_rooms
from app.store.standards import replace_standards
from app.store.tables import metadata
from tests.store.drawn_plans import community_code, draw_plan, grid_code

SYSTEM, TOWN_CLERK = (Caller("key", 1, role, role, COUNTY) for role in ("system", "town"))
SMALL, LARGE = grid_code(3, 1), grid_code(3, 2)


@pytest.fixture(scope="module")
def counted(postgis) -> Iterator[Live]:
    """Run a service with a community of two grids, one of 7 households, the other of 413; and another beside it."""

    async def fill(store):
        plan = draw_plan([3, 4], note="本网格 7 户")
        for layer in (plan.grids, plan.units):
            layer["households"] = [7, 413, 400, 400]
        plan.grids["persons"] = [18.0, 1204.0, 1200.0, 1200.0]
        plan.communities["households"] = [420, 800]
        async with store.writing() as connection:
            number = await import_plan(connection, plan, act=CLERK, title="小")
        async with store.writing() as connection:
            await publish(connection, number, effective=SINCE, act=CLERK, skippable=EVERY_STEP)

    with postgis.database() as settings, live_service(settings) as live:
        live.run(fill)
        live.until_renewed()
        yield live


def test_counts_are_told_in_tens_and_none_under_ten_to_those_who_do_not_work_there():
    assert [tell_count(SYSTEM, count) for count in (None, 0, 1, 9, 10, 14, 413)] == [None, 0, None, None, 10, 10, 410]
    assert [tell_count(TOWN_CLERK, count) for count in (None, 0, 1, 9, 413)] == [None, 0, 1, 9, 413]


def test_what_two_versions_differ_by_tells_of_no_home():
    """A unit of 1 to 9 households goes from one grid to another: the difference is 0 or 10, whatever it was."""
    for before in range(300, 320):
        for moved in range(1, 10):
            difference = tell_count(SYSTEM, before) - tell_count(SYSTEM, before - moved)
            assert difference in (0, 10)


def test_what_a_total_leaves_may_be_anything_below_ten():
    for small in range(1, 10):
        for large in range(400, 410):
            left = small + large - tell_count(SYSTEM, large)
            assert -5 < left < 15
    fits = {
        small for small in range(1, 10) if 409 in {tell_count(SYSTEM, 413 - small) + rest for rest in range(-5, 15)}
    }
    assert fits == set(range(1, 10))


@pytest.mark.parametrize(
    "address",
    [f"/grids/{SMALL}", "/grids?limit=1000", f"/grids?community={community_code(3)}",
     f"/grids?bbox={point_in(3, 1)[0]},{point_in(3, 1)[1]},{point_in(3, 1)[0]},{point_in(3, 1)[1]}"],
)  # fmt: skip
def test_a_small_grid_is_withheld_however_it_is_asked_for(counted, address):
    def find(role: str) -> dict:
        told = counted.asking(role).get(address).json()
        return next(one["properties"] for one in told.get("features", [told]) if one["id"] == SMALL)

    assert (find("county")["households"], find("town")["households"]) == (7, 7)
    assert "7 户" in find("county")["reason"]
    seen = find("system")
    assert (seen["households"], seen["persons"], seen["reason"], seen["withheld"]) == (None, 20, "", True)


def test_units_are_withheld_as_grids_are(counted):
    def counts(role: str) -> list[float | None]:
        return [
            one["properties"]["households"]
            for code in (SMALL, LARGE)
            for one in counted.asking(role).get(f"/grids/{code}/units").json()["features"]
        ]

    assert counts("county") == [7, 413]
    assert counts("system") == [None, 410]


OURS, BESIDE = community_code(3), community_code(4)
PAPER = {"evidence": "title", "evidence_number": "甲1", "in_use": True}


async def keep_ledgers(store) -> None:
    """Take in rooms, one of them shared by households, new projects and a standard by households; record findings."""
    [county] = [one for one in read_standards() if one.id == "COUNTY-300"]
    others = [one for one in read_standards() if one.level == "project"]
    by_households = replace(
        county, id="OURS-50", metric=PER_100_HOUSEHOLDS, threshold=50.0, unit="m2/100hh", code_prefix=OURS
    )
    rooms = [
        Room("R1", OURS, "一站", "service_station", 150.0, **PAPER),
        Room("R2", OURS, "合用", "service_station", 90.0, shares={OURS: None, BESIDE: None}, **PAPER),
    ]
    projects = [
        Phase("P1", "新苑", "", OURS, 413.0, date(2024, 1, 1), "方案", 100.0),
        Phase("P2", "小苑", "", OURS, 7.0, date(2024, 1, 1), "方案", 10.0),
    ]
    async with store.writing() as connection:
        homes = await find_communities(connection, [OURS, BESIDE])
        await replace_standards(connection, [*others, by_households])
        await replace_rooms(connection, [Community(code, "", None, "urban") for code in homes], rooms, homes)
        await replace_projects(connection, projects, homes)
        await record_findings(connection, await assess_stored(connection, on=SINCE), plan_id=None)


@pytest.fixture(scope="module")
def renewed(counted) -> Live:
    """Put a second version in force: one building of three households is gone from the large grid."""

    async def fill(store):
        plan = draw_plan([3, 4], note="本网格 7 户")
        for layer in (plan.grids, plan.units):
            layer["households"] = [7, 410, 400, 400]
        plan.grids["persons"] = [18.0, 1196.0, 1200.0, 1200.0]
        plan.communities["households"] = [417, 800]
        async with store.writing() as connection:
            number = await import_plan(connection, plan, act=CLERK, title="小，又一版")
        async with store.writing() as connection:
            await publish(connection, number, effective=date(2026, 7, 1), act=CLERK, skippable=EVERY_STEP)
        await keep_ledgers(store)

    counted.run(fill)
    counted.until_renewed()
    return counted


COUNTED = frozenset({"households", "persons"})


def counts_in(told) -> list[float]:
    """Return every count of homes or people in an answer, in order."""
    if isinstance(told, list):
        return [count for one in told for count in counts_in(one)]
    if not isinstance(told, dict):
        return []
    here = [one for name, one in told.items() if name in COUNTED and one is not None]
    return here + [count for one in told.values() for count in counts_in(one)]


@pytest.mark.parametrize(
    "address",
    [f"/grids/{LARGE}", "/grids?limit=1000", f"/grids/{LARGE}/units", f"/grids/{LARGE}/neighbours",
     f"/communities/{OURS}", "/communities", "/towns", "/standards", f"/standards/{OURS}"],
)  # fmt: skip
def test_two_versions_that_differ_by_one_building_do_not_tell_of_it(renewed, address):
    def ask(role: str, day: str) -> list[float]:
        return counts_in(renewed.asking(role).get(address, params={"at": day}).json())

    before, after = (ask("system", day) for day in ("2026-06-30", "2026-07-01"))
    assert [count % 10 for count in (*before, *after)] == [0] * (len(before) + len(after))
    assert {one - other for one, other in zip(before, after, strict=True)} <= {0, 10}
    if before:  # the county sees it: there is something to tell
        assert ask("county", "2026-06-30") != ask("county", "2026-07-01")


def stand(live: Live, role: str, address: str, day: str, room_m2: int = 0) -> dict:
    """Ask how communities stand on a day, or would with another room; leave out the day itself."""
    client = live.asking(role)
    if room_m2:
        rooms = [{"community_code": OURS, "area_m2": room_m2}]
        told = client.post("/standards/what-if", json={"rooms": rooms, "at": day}).json()
    else:
        told = client.get(address, params={"at": day}).json()
    return {name: one for name, one in told.items() if name != "as_of"}


@pytest.mark.parametrize("address", ["/standards", f"/standards/{OURS}", "/rooms", "/rooms/R2"])
def test_nothing_that_is_reckoned_from_households_tells_of_the_building(renewed, address):
    """What is required and missing, shares by households, words and places: all of it from tens."""
    before, after = (stand(renewed, "system", address, day) for day in ("2026-06-30", "2026-07-01"))
    assert before == after
    before, after = (stand(renewed, "county", address, day) for day in ("2026-06-30", "2026-07-01"))
    assert before != after


def test_no_supposed_room_finds_out_the_households_by_what_would_do(renewed):
    """The community of 420 lacks 29.02 m² of 210, that of 417 only 27.66 m²: a room of 28 would tell them apart."""
    turned = set()
    for room_m2 in range(25, 33):
        before, after = (stand(renewed, "system", "", day, room_m2) for day in ("2026-06-30", "2026-07-01"))
        assert before == after
        exact = (stand(renewed, "county", "", day, room_m2) for day in ("2026-06-30", "2026-07-01"))
        turned.add(len({one["changes"][0]["after"]["status"] for one in exact}))
    assert turned == {1, 2}


def test_new_projects_are_told_in_tens_with_what_they_owe(renewed):
    def owed(role: str) -> list[list[tuple]]:
        client = renewed.asking(role)
        told = [
            client.get("/projects").json()["projects"],
            [client.get(f"/projects/{code}").json() for code in ("P1", "P2")],
            client.get("/standards").json()["projects"],
            client.get(f"/standards/{OURS}").json()["projects"],
        ]
        return [
            [
                (one["households"], one["required_m2"], one["shortfall_m2"], one["phases"][0]["owed_so_far_m2"])
                for one in projects
            ]
            for projects in told
        ]

    assert owed("county") == [[(413.0, 206.5, 106.5, 206.5), (7.0, 3.5, 0.0, 3.5)]] * 4
    assert owed("system") == [[(410.0, 205.0, 105.0, 205.0), (None, None, None, None)]] * 4


def test_findings_of_before_are_told_without_the_areas_that_come_of_exact_households(renewed):
    areas = ("required", "counted", "pending", "shortfall")

    def recorded(role: str) -> list[dict]:
        return renewed.asking(role).get(f"/standards/{OURS}").json()["recorded"]

    [exact] = [one for one in recorded("county") if one["standard"] == "OURS-50"]
    [told] = [one for one in recorded("system") if one["standard"] == "OURS-50"]
    assert exact["required"] in (208.5, 210.0)
    assert told == {**exact, **dict.fromkeys(areas)}


def test_what_changed_is_told_without_any_count(renewed):
    for role in ("county", "system"):
        told = renewed.asking(role).get("/changes?limit=1000").json()["changes"]
        published = [one for one in told if one["kind"] == "plan.published"]
        assert len(published) >= 2
        assert all(set(one["details"]) == {"plan_id", "effective"} for one in published)


@pytest.mark.parametrize("role", ["system", "town", "community", "worker"])
def test_nobody_bound_to_a_part_or_outside_lays_two_versions_side_by_side(renewed, role):
    assert renewed.asking(role).get("/plans/2/comparison?old=1").status_code == 403


@pytest.mark.parametrize("address", ["/", "/plan", "/gaps"])
def test_pages_which_tell_every_count_are_not_for_systems(counted, address):
    assert counted.asking("system").get(address).status_code == 403
    assert counted.asking("town").get(address).status_code == 200


def test_the_total_of_a_community_does_not_tell_the_grid_that_is_withheld():
    """Of two grids one holds 1 to 9 households: whatever the total and the other are told as, eight of these fit."""
    fits: dict[tuple[float, float], set[int]] = {}
    for small in range(1, 10):
        for large in range(300, 501):
            fits.setdefault((tell_count(SYSTEM, small + large), tell_count(SYSTEM, large)), set()).add(small)
    told_far_from_the_ends = {key: found for key, found in fits.items() if 310 <= key[1] <= 490}
    assert min(len(found) for found in told_far_from_the_ends.values()) >= 8


def test_the_tag_of_one_who_sees_more_answers_nobody_who_sees_less(counted):
    for address in (f"/grids/{SMALL}", "/grids", f"/grids/{SMALL}/units"):
        tag = counted.asking("planner").get(address).headers["etag"]
        again = counted.asking("system").get(address, headers={"If-None-Match": tag})
        assert again.status_code == 200


def test_no_table_and_no_route_is_about_residents_tracks_or_how_people_use_it(counted):
    words = re.compile(
        r"resident(?!s_group)|identity_?card|id_?card|birth|nation|track|trail|check_?in|clock_?in|attendance|online|usage|"
        r"score|points_earned|ranking|visit|heartbeat|居民信息|身份证|轨迹|打卡|签到|积分|在线时长|排名"
    )
    columns = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    document = counted.application.app.openapi()
    paths = set(document["paths"])
    names = {
        parameter["name"]
        for item in document["paths"].values()
        for operation in item.values()
        for parameter in operation.get("parameters", [])
    }
    assert columns
    assert not [name for name in sorted({*columns, *paths, *names}) if words.search(name)]


def test_no_place_of_a_worker_is_kept_but_of_a_note_given_on_purpose(counted):
    places = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if column.name in ("lon", "lat", "place", "position", "location", "latitude", "longitude")
    }
    assert not [place for place in places if place.split(".")[0] in ("users", "sessions", "people", "assignments")]


def test_no_line_of_the_log_holds_what_was_asked_or_told(counted, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(counted.application, "log", RequestLog(stream))
    monkeypatch.setattr(sys, "stderr", stream)
    lon, lat = point_in(1, 1)
    client = counted.asking("county")
    addresses = [
        f"/locate?lon={lon}&lat={lat}", "/locate?address=阳光花园3栋", f"/grids/{FIRST}", "/people", "/assignments",
        f"/people/{counted.people['S1']}", f"/grids?bbox={lon},{lat},{lon},{lat}", "/changes", "/plans",
        "/nothing/13800000001",
        "/locate?lon=李明&lat=1", "/m/people", "/m/area", "/boundary-notes",
    ]  # fmt: skip
    for address in addresses:
        client.get(address)
    client.post("/locate", json={"points": [[lon, lat]]})
    client.post("/locate", json={"addresses": ["阳光花园3栋"]})
    client.post("/session", json={"name": "李明", "password": "13800000001"})
    written = stream.getvalue()
    assert len(written.splitlines()) >= len(addresses)
    for secret in ("李明", "何芳", "138", f"{lon}", f"{lat}", "阳光", "bbox", "lon=", FIRST, "?"):
        assert secret not in re.sub(r'"(at|request_id|ms|bytes)":("[^"]*"|[\d.]+)', "", written), secret
    assert all(json.loads(line)["route"].startswith(("/", "(")) for line in written.splitlines())


LON, LAT = point_in(1, 1)
SAID = (
    *("李明", "何芳", "13800000001", "110101199003078888", "阳光花园3栋", f"{LON}", f"{LAT}", FIRST),
    "a-secret-code-of-the-way",
)
"""What must not be found in any line: names, a phone, an identity number, an address, a place, a grid, a code."""


MEASURED = frozenset({"/coverage", "/site"})
"""What takes a process of its own where nothing is wrong with the question."""


def list_routes(application) -> list[tuple[str, str]]:
    """List every method of every route, documented or not."""
    return sorted((method, route.path) for route in application.router.routes for method in route.methods)


def ask_with(client, method: str, path: str, said: str):
    """Ask a route with something personal in its path, its query, its headers and its body, as JSON and as a form."""
    address = re.sub(r"\{[^}]+\}", quote(said, safe=""), path)
    asked = ("name", "address", "lon", "lat", "code", "state", "error", "next", "of", "actor", "community", "at")
    sent = ("name", "password", "text", "token", "grid_code", "person_id", "why", "next")
    headers = {"Referer": f"https://county.example/{quote(said)}", "User-Agent": quote(said)}
    if path not in MEASURED:
        yield client.request(method, address, headers=headers)
    yield client.request(method, address, params=dict.fromkeys(asked, said), headers=headers)
    if method not in ("GET", "HEAD"):
        yield client.request(method, address, json=dict.fromkeys(sent, said), headers=headers)
        yield client.request(method, address, data=dict.fromkeys(sent, said), headers=headers)


@pytest.mark.parametrize("role", ["county", ""])
def test_no_line_of_any_route_holds_what_was_asked(counted, role, monkeypatch, caplog):
    """Pages, the form to sign in and the county's entrance as well, which answers nobody here."""
    caplog.set_level(logging.DEBUG)
    stream = io.StringIO()
    monkeypatch.setattr(counted.application, "log", RequestLog(stream))
    application = counted.application.app
    settings = OidcSettings("http://127.0.0.1:9", "jiexiang", "a secret of the client")

    async def entrance() -> OpenId:
        return OpenId(settings, "https://jiexiang.example", httpx.AsyncClient(trust_env=False))

    served = application.state.service
    application.state.service = replace(served, openid=counted.runner.run(entrance()))
    client, routes = counted.asking(role), list_routes(application)
    try:
        answers = [
            answer
            for number, (method, path) in enumerate(routes)
            for answer in ask_with(client, method, path, SAID[number % len(SAID)])
        ]
    finally:
        application.state.service = served
    client.inner.cookies.clear()
    lines = stream.getvalue().splitlines()
    assert len(lines) == len(answers) > 2 * len(routes) - len(MEASURED)
    asked = {json.loads(line)["route"] for line in lines}
    assert asked >= {path for _, path in routes if path != "/openapi.json"}
    formatter = JsonLines()
    kept = [record for record in caplog.records if record.levelno >= logging.INFO and record.name != "httpx"]
    written = "\n".join([*lines, *(formatter.format(record) for record in kept)])
    written = re.sub(r'"(at|request_id|ms|bytes)":("[^"]*"|[\d.]+)', "", written)
    for said in SAID:
        assert said not in written
        assert quote(said) not in written


def test_libraries_that_ask_others_write_no_address_of_theirs(monkeypatch):
    """An address of a webhook may hold a token of the other side."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    set_up_logging()
    assert not any(logging.getLogger(name).isEnabledFor(logging.INFO) for name in ("httpx", "httpcore", "asyncpg"))
