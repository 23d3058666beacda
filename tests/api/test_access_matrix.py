"""The access matrix: every operation × every caller × inside and outside the area; a route without expectation fails.

    town 1 (999901001)        town 2
    +---001---+---001---+     +---001---+       community 1 holds FIRST and SECOND, community 2 ELSEWHERE;
    +---002---+---002---+     +---002---+       AWAY lies in community 3 of town 2, plan 2, where 吴远 works
    comm. 1    comm. 2         comm. 3

`pytest tests/api/test_access_matrix.py -k printed` shows it as a table.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
import shapely
from live_service import CLERK, ELSEWHERE, EVERY_STEP, FIRST, PASSWORD, SECOND, SINCE, Live, live_service, point_in
from sqlalchemy import text

from app.api.base_map import Tile
from app.api.identity import COOKIE
from app.files.standards import read_standards
from app.geo.assessment import Community
from app.geo.projects import Phase
from app.geo.rooms import Room
from app.settings import BaseMapSettings
from app.store.areas import find_area
from app.store.assignments import NewAssignment, assign, read_assignments
from app.store.errors import StoreUnavailable
from app.store.facilities import Facility, replace_facilities
from app.store.keys import add_key, revoke_key
from app.store.links import add_link
from app.store.notes import NewNote, add_note
from app.store.objections import NewObjection, add_objection
from app.store.papers import NewPaper, file_paper
from app.store.people import NewPerson, add_people
from app.store.places import find_communities, find_grids, name_towns
from app.store.plans import import_plan, take_step
from app.store.projects import replace_projects
from app.store.publication import publish
from app.store.rooms import replace_rooms
from app.store.standards import replace_standards
from app.store.users import NewUser, add_user, set_disabled
from tests.store.drawn_plans import TOWN, community_code, draw_plan, grid_code

TOWN_2 = "999901002"
AWAY, AWAY_HOME = grid_code(3, 1, county=TOWN_2), community_code(3, county=TOWN_2)

ROLES = {
    "county": ("county", ""),
    "planner": ("planner", ""),
    "town": ("town", TOWN),
    "community": ("community", community_code(1)),
    "worker": ("worker", FIRST),
    "system": ("system", TOWN),
}
"""Callers with a key: role, and the code of the area."""
HOLDER = "holder"
HELD = frozenset({"GET /m/area", "GET /m/people", "POST /m/notes"})
"""Who holds a link to one grid, and all that one may ask; to the rest of the service such a one is a stranger."""
STRANGERS = ("nobody", "revoked", "expired", "disabled", "locked")
"""Callers who are nobody (any more): without anything, with a key or a session that does not hold."""
CALLERS = [*ROLES, HOLDER, *STRANGERS]
ALL = frozenset(ROLES)
PEOPLE = ALL - {"system"}
COUNTY = frozenset({"county"})
PLANNERS = frozenset({"county", "planner"})
READERS = frozenset({"county", "planner", "town", "community"})
ASSIGNERS = frozenset({"county", "town", "community"})

PHONES = {"S1": "13800000001", "S2": "13800000002", "S3": "13800000003", "S4": "13800000004"}
SEEN_PHONES = {
    "county": {"S1", "S2", "S3", "S4"},
    "planner": set(),
    "town": {"S1", "S2", "S3"},
    "community": {"S1", "S2"},
    "worker": {"S1"},
    "system": set(),
    HOLDER: set(),
}
"""Whose phone each may see anywhere at all."""


@dataclass(frozen=True)
class Expected:
    """What is expected of one operation.

    `may` are the roles that are not refused. `public` says that strangers are answered too, `absent` that it answers
    nobody here, where the county has no sign-in of its own, `measured` that the first who asks may have to come again.
    `query` and `body` ask for something within the area, written with the names of `Things`; `outside` is the status
    where path, query or body name something beyond it, or None where an operation names nothing.
    """

    may: frozenset[str] = ALL
    public: bool = False
    absent: bool = False
    measured: bool = False
    stranger: int = 401
    query: str = ""
    body: Mapping[str, Any] | bytes | None = None
    form: Mapping[str, str] | None = None
    kind: str = ""
    outside: int | None = None


DRAFT = {"step": "reviewed"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GEOPACKAGE = "application/geopackage+sqlite3"
ANY_FILE = "application/octet-stream"
ASSIGNED = {"person_id": "{person}", "grid_code": "{grid}", "role": "兼职网格员", "since": "2033-01-01"}
NOTE = {
    "id": "matrix-{grid}",
    "grid_code": "{grid}",
    "text": "试",
    "lon": "{lon}",
    "lat": "{lat}",
    "noted_at": "2026-01-31T08:00:00Z",
}

EXPECTED: Mapping[str, Expected] = {
    # look-ups answer beyond the area as they answer of the sea: that nothing is there
    "GET /locate": Expected(query="lon={lon}&lat={lat}", outside=200),
    "POST /locate": Expected(body={"points": [["{lon}", "{lat}"]]}, outside=200),
    "POST /locate/workbook": Expected(body=b"PK", kind=XLSX),
    "GET /grids": Expected(query="community={community}", outside=200),
    "GET /grids/{code}": Expected(outside=404),
    "GET /grids/{code}/sides": Expected(outside=404),
    "GET /grids/{code}/neighbours": Expected(outside=404),
    "GET /grids/{code}/units": Expected(outside=404),
    "GET /communities": Expected(),
    "GET /communities/{code}": Expected(outside=404),
    "GET /towns": Expected(),
    "GET /people": Expected(),
    "GET /people/{person_id}": Expected(outside=404),
    "GET /assignments": Expected(query="history=true"),
    "GET /assignments/{number}": Expected(outside=404),
    "POST /assignments": Expected(ASSIGNERS, body=ASSIGNED, outside=404),
    "POST /assignments/{number}/end": Expected(ASSIGNERS, body={"on": "2090-01-01"}, outside=404),
    "POST /assignments/{number}/move": Expected(
        ASSIGNERS, body={"grid_code": "{grid}", "on": "2089-01-01"}, outside=404
    ),
    "GET /changes": Expected(query="limit=1000"),
    "GET /webhooks": Expected(COUNTY),
    "POST /webhooks": Expected(COUNTY, body={"url": "http://127.0.0.1:9/"}),
    "DELETE /webhooks/{number}": Expected(COUNTY),
    "GET /plans": Expected(),
    "POST /plans": Expected(PLANNERS, body=b"no plan", kind=GEOPACKAGE),
    "GET /plans/{number}": Expected(outside=404),
    "GET /plans/{number}/file": Expected(PLANNERS, outside=404),
    "GET /plans/{number}/comparison": Expected(PLANNERS, query="old={other_plan}", outside=404),
    "DELETE /plans/{number}": Expected(PLANNERS, outside=404),
    "POST /plans/{number}/steps": Expected(PLANNERS, body=DRAFT, outside=404),
    "POST /plans/{number}/publication": Expected(PLANNERS, body={"effective": "2027-01-01"}, outside=404),
    "POST /plans/{number}/withdrawal": Expected(PLANNERS, body={"on": "2098-01-01", "why": "试"}, outside=404),
    "GET /plans/{number}/papers": Expected(PLANNERS, outside=404),
    "POST /plans/{number}/papers": Expected(PLANNERS, query="name=pi.pdf", body=b"%PDF", kind=ANY_FILE, outside=404),
    "GET /plans/{number}/papers/{paper}": Expected(PLANNERS, outside=404),
    "GET /plans/{number}/objections": Expected(PLANNERS, outside=404),
    "POST /plans/{number}/objections": Expected(PLANNERS, body={"text": "不同意"}, outside=404),
    "POST /objections/{number}/reply": Expected(PLANNERS, body={"reply": "已阅", "adopted": False}, outside=404),
    "GET /standards": Expected(),
    "GET /standards/{community}": Expected(outside=404),
    "POST /standards/what-if": Expected(
        body={"rooms": [{"community_code": "{community}", "area_m2": 10.0}]}, outside=404
    ),
    "GET /rooms": Expected(),
    "GET /rooms/{code}": Expected(outside=404),
    "GET /projects": Expected(),
    "GET /projects/{code}": Expected(outside=404),
    "GET /facilities": Expected(),
    "GET /facilities/{code}": Expected(outside=404),
    "GET /coverage": Expected(measured=True),
    "GET /tiles/{layer}/{z}/{x}/{y}": Expected(),
    "GET /site": Expected(PLANNERS, measured=True),
    "GET /me": Expected(),
    "GET /me/grids": Expected(),
    "DELETE /session": Expected(),
    "GET /m/area": Expected(),
    "GET /m/people": Expected(),
    "POST /m/notes": Expected(PEOPLE, body=NOTE, outside=404),
    "GET /boundary-notes": Expected(READERS),
    "POST /boundary-notes/{number}/handled": Expected(READERS, body={"outcome": "已核"}, outside=404),
    "GET /metrics": Expected(),
    "GET /audit": Expected(may=COUNTY),
    # pages lead those who are nobody to the form
    "GET /": Expected(PEOPLE, stranger=303),
    "GET /gaps": Expected(PEOPLE, stranger=303),
    "GET /plan": Expected(PEOPLE, stranger=303),
    "GET /notes": Expected(READERS, stranger=303),
    "POST /notes/{number}": Expected(READERS, stranger=303, form={"outcome": "已核"}, outside=404),
    # what anybody gets: no data
    "GET /m": Expected(public=True),
    "GET /m/offline.js": Expected(public=True),
    "GET /static/{digest}/{name}": Expected(public=True),
    "GET /sign-in": Expected(public=True),
    "GET /sign-in/county": Expected(public=True, absent=True),
    "GET /sign-in/county/return": Expected(public=True, absent=True),
    "POST /sign-in": Expected(public=True, form={"name": "u-none", "password": "x"}),
    "POST /sign-out": Expected(public=True),
    "POST /m/link": Expected(public=True, body={"token": "none"}),
    "POST /session": Expected(public=True, body={"name": "u-none", "password": "x"}),
    "GET /health/live": Expected(public=True),
    "GET /health/ready": Expected(public=True),
    "GET /docs": Expected(public=True),
    "GET /openapi.json": Expected(public=True),
}


@dataclass(frozen=True)
class Things:
    """What requests name: one of each, which lies in the area or beyond."""

    grid: str
    community: str
    point: tuple[float, float]
    person: int
    assignment: int
    plan: int
    note: int
    other_plan: int
    objection: int
    paper: int
    static: str

    def fill(self, operation: str, value: Any) -> Any:
        """Write the names of things into a path, a query or a body."""
        if isinstance(value, str):
            if value in ("{lon}", "{lat}"):
                return self.point[value == "{lat}"]
            if value == "{person}":
                return self.person
            return value.format(**self.names(operation))
        if isinstance(value, Mapping):
            return {name: self.fill(operation, one) for name, one in value.items()}
        return [self.fill(operation, one) for one in value] if isinstance(value, list) else value

    def names(self, operation: str) -> dict[str, Any]:
        """Return what each name of a path or query stands for in an operation."""
        digest, _, name = self.static.removeprefix("/static/").partition("/")
        number = next((number for word, number in self._numbers().items() if f" /{word}/" in operation), 10**6)
        return {
            "code": self._codes(operation),
            "grid": self.grid,
            "community": self.community,
            "lon": self.point[0],
            "lat": self.point[1],
            "person_id": self.person,
            "number": number,
            "other_plan": self.other_plan,
            "paper": self.paper,
            "layer": 0,
            "z": 1,
            "x": 0,
            "y": 0,
            "digest": digest,
            "name": name,
        }

    def _codes(self, operation: str) -> str:
        marks = {"/rooms/": "R", "/projects/": "P", "/facilities/": "F"}
        for word, mark in marks.items():
            if word in operation:
                return f"{mark}{self.community}"
        return self.community if "/communities/" in operation else self.grid

    def _numbers(self) -> dict[str, int]:
        known = {"assignments": self.assignment, "plans": self.plan, "objections": self.objection, "notes": self.note}
        return {**known, "boundary-notes": self.note}


@dataclass
class Surveyed:
    """A service with two towns, who asks, and what lies inside and outside the area of each."""

    live: Live
    headers: dict[str, dict[str, str]]
    inside: dict[str, Things]
    outside: dict[str, Things]
    operations: list[str]
    cells: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def ask(self, caller: str, operation: str, things: Things, **headers: str) -> httpx.Response:
        """Make the request of an operation as somebody."""
        expected = EXPECTED[operation]
        method, _, path = operation.partition(" ")
        query = things.fill(operation, expected.query)
        address = things.fill(operation, path) + (f"?{query}" if query else "")
        options: dict[str, Any] = {"headers": {**self.headers[caller], **headers}}
        if isinstance(expected.body, bytes):
            options["content"] = expected.body
            options["headers"]["Content-Type"] = expected.kind
        elif expected.body is not None:
            options["json"] = things.fill(operation, expected.body)
        if expected.form is not None:
            options["data"] = dict(expected.form)
        client = self.live.asking("")
        answer = client.request(method, address, **options)
        client.inner.cookies.clear()
        return answer


def list_operations(application: Any) -> list[str]:
    """List every operation that the application answers, documented or not."""
    listed = {
        f"{method} {route.path}" for route in application.router.routes for method in route.methods if method != "HEAD"
    }
    return sorted(listed)


async def _settle(store: Any, keys: dict[str, str]) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Add the second town, and callers whose keys and accounts do not hold; return people, assignments, plans."""
    async with store.writing() as connection:
        plan = draw_plan([3], county=TOWN_2, note="远处")
        away_plan = await import_plan(connection, plan, act=CLERK, title="远处的方案")
    async with store.writing() as connection:
        await publish(connection, away_plan, effective=SINCE, act=CLERK, skippable=EVERY_STEP)
        await name_towns(connection, {TOWN_2: "远山乡"})
    async with store.writing() as connection:
        homes = await find_communities(connection, [AWAY_HOME])
        people = await add_people(connection, [NewPerson("S4", "吴远", PHONES["S4"], "", homes[AWAY_HOME])])
        numbers = {}
        grids = await find_grids(connection, [FIRST, SECOND, ELSEWHERE, AWAY])
        staff = await connection.execute(text("SELECT staff_code, id FROM people"))
        people = {row.staff_code: row.id for row in staff}
        await assign(connection, NewAssignment(people["S2"], grids[SECOND], "专职网格员", SINCE))
        await assign(connection, NewAssignment(people["S4"], grids[AWAY], "网格长", SINCE))
        held = {one.person_id: one.id for one in await read_assignments(connection, on=date(2026, 6, 1), most=None)}
        for code, grid_id in grids.items():
            new = NewNote(f"{code}-note", grid_id, f"{code} 处有误", 105.0, 30.0, None, datetime.now(UTC))
            numbers[code], _ = await add_note(connection, new, author="user:wang")
    for name, towns in (("noticed", [1]), ("compared", [1, 2])):
        async with store.writing() as connection:
            numbers[name] = await import_plan(connection, draw_plan(towns, bands=3, note=name), act=CLERK, title=name)
    async with store.writing() as connection:
        days = (date(2026, 2, 1), date(2026, 2, 8))
        await take_step(connection, numbers["noticed"], "public_notice", CLERK, skippable=EVERY_STEP, notice=days)
        last_year = await connection.scalar(text("SELECT min(id) FROM plans"))
        numbers["paper"] = (await file_paper(connection, last_year, NewPaper("批复.pdf", b"%PDF-1.7"), by="")).id
        numbers["objection"] = await add_objection(connection, numbers["noticed"], NewObjection("赵某", "划错了", None))
    await _fill_ledgers(store)
    async with store.writing() as connection:
        for name, (role, code) in ROLES.items():
            keys[name] = await add_key(connection, f"matrix-{name}", await find_area(connection, code), role=role)
        week = datetime.now(UTC) + timedelta(days=7)
        keys[HOLDER] = await add_link(connection, grids[FIRST], expires_at=week)
        keys["revoked"] = await add_key(connection, "revoked", await find_area(connection, ""), role="county")
        past = datetime.now(UTC) - timedelta(seconds=1)
        keys["expired"] = await add_key(
            connection, "expired", await find_area(connection, ""), role="county", expires_at=past
        )
        await revoke_key(connection, keys["revoked"].split("_")[1])
        for name in ("disabled", "locked"):
            await add_user(connection, NewUser(f"u-{name}", PASSWORD, "county", await find_area(connection, "")))
    return people, {code: held[number] for code, number in people.items()}, {**numbers, "away": away_plan}


async def _fill_ledgers(store: Any) -> None:
    """Give every community a room, a project and a facility, whose codes end with its own."""
    codes = [community_code(1), community_code(2), AWAY_HOME]
    paper = {"evidence": "title", "evidence_number": "甲1", "in_use": True}
    place = shapely.to_wkb(shapely.Point(point_in(1, 1)))
    async with store.writing() as connection:
        homes = await find_communities(connection, codes)
        await replace_standards(connection, read_standards())
        judged = [Community(code, "", None, "urban") for code in codes]
        rooms = [Room(f"R{code}", code, "一站", "service_station", 280.0, **paper) for code in codes]
        await replace_rooms(connection, judged, rooms, homes)
        phases = [Phase(f"P{code}", "新苑", "", code, 100.0, date(2024, 1, 1), "方案", 60.0) for code in codes]
        await replace_projects(connection, phases, homes)
        placed = [Facility(f"F{code}", "站", "clinic", homes[code], "", None, {}, place) for code in codes]
        await replace_facilities(connection, placed)


@pytest.fixture(scope="module")
def surveyed(postgis) -> Iterator[Surveyed]:
    with postgis.database() as settings, live_service(settings) as live:
        keys: dict[str, str] = {}
        people, held, plans = live.run(lambda store: _settle(store, keys))
        live.until_renewed()
        application = live.application.app  # within the front door
        application.state.service = replace(live.service, base_map=_Picture())
        live.service.walks.ask = _measuring  # measuring takes a process and seconds; who may ask is decided without
        headers = {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}
        headers[HOLDER] = {"Cookie": headers[HOLDER]["Authorization"].replace("Bearer ", f"{COOKIE}=")}
        headers |= {"nobody": {}, "disabled": _shut_out(live), "locked": _lock(live)}
        page = live.asking("").get("/sign-in").text
        shared = {
            "objection": plans["objection"],
            "other_plan": plans["compared"],
            "paper": plans["paper"],
            "static": page[page.index("/static/") :].split('"')[0],
        }
        here = Things(
            FIRST, community_code(1), point_in(1, 1), people["S1"], held["S1"], live.plan_id, plans[FIRST], **shared
        )
        second = Things(
            SECOND, community_code(2), point_in(1, 2), people["S2"], held["S2"], plans["away"], plans[SECOND], **shared
        )
        beside = Things(
            ELSEWHERE,
            community_code(2),
            point_in(2, 1),
            people["S3"],
            held["S3"],
            plans["away"],
            plans[ELSEWHERE],
            **shared,
        )
        away = Things(AWAY, AWAY_HOME, point_in(3, 1), people["S4"], held["S4"], plans["away"], plans[AWAY], **shared)
        outside = {"town": away, "community": beside, "worker": second, "system": away, HOLDER: second}
        yield Surveyed(live, headers, dict.fromkeys((*ROLES, HOLDER), here), outside, list_operations(application))


class _Picture:
    """A base map with one picture everywhere; how tiles are fetched is tested by itself."""

    settings = BaseMapSettings(("",))

    async def read(self, *_: int) -> Tile:
        return Tile(b"", "image/png")


async def _measuring(*_: Any) -> Any:
    raise StoreUnavailable("正在测算", "being measured")


def _session_of(live: Live, name: str) -> dict[str, str]:
    answer = live.asking("").post("/session", json={"name": name, "password": PASSWORD})
    live.asking("").inner.cookies.clear()
    return {"Cookie": answer.headers["set-cookie"].split(";")[0]} if "set-cookie" in answer.headers else {}


def _shut_out(live: Live) -> dict[str, str]:
    """Return the session of somebody who has been shut out since."""
    cookie = _session_of(live, "u-disabled")
    assert cookie

    async def shut_out(store: Any) -> None:
        async with store.writing() as connection:
            number = await connection.scalar(text("SELECT id FROM users WHERE name = 'u-disabled'"))
            await set_disabled(connection, number, disabled=True)

    live.run(shut_out)
    return cookie


def _lock(live: Live) -> dict[str, str]:
    """Return what somebody whose account is locked gets from the right password: nothing."""
    for _ in range(5):
        live.asking("").post("/session", json={"name": "u-locked", "password": "wrong password 1"})
    return _session_of(live, "u-locked")


# -- the matrix -------------------------------------------------------------------------------------------------------


def test_every_operation_has_an_expectation_and_every_expectation_an_operation(surveyed):
    missing = sorted(set(surveyed.operations) - set(EXPECTED))
    stale = sorted(set(EXPECTED) - set(surveyed.operations))
    assert not missing, f"say in EXPECTED who may ask for: {missing}"
    assert not stale, f"no such operation any more: {stale}"


def test_every_documented_operation_is_among_them(surveyed):
    document = surveyed.live.application.app.openapi()
    documented = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert documented <= set(surveyed.operations)


def _survey(surveyed: Surveyed, caller: str) -> list[str]:
    """Ask for everything as somebody, and return what is not as expected."""
    wrong = []
    for operation in sorted(set(surveyed.operations) & set(EXPECTED)):
        expected = EXPECTED[operation]
        where = {"inside": surveyed.inside.get(caller, surveyed.inside["county"])}
        if expected.outside is not None and caller in surveyed.outside:
            where["outside"] = surveyed.outside[caller]
        for place, things in where.items():
            status = surveyed.ask(caller, operation, things).status_code
            surveyed.cells[caller, operation, place] = status
            stands = "nobody" if caller == HOLDER and operation not in HELD else caller
            if not _holds(expected, stands, place, status, numbered="{number}" in operation):
                wrong.append(f"{caller} {operation} {place}: {status}")
    return wrong


def _holds(expected: Expected, caller: str, place: str, status: int, *, numbered: bool) -> bool:
    if expected.measured and status == 503:
        return caller in expected.may
    if status >= 500 or status in (405, 422):
        return False
    if expected.absent:
        return status == 404
    if expected.public:
        return caller in ROLES or status in (200, 201, 303, 401, 429)
    if caller in STRANGERS:
        return status == expected.stranger
    if caller != HOLDER and caller not in expected.may:
        return status in (403, 404) if place == "outside" else status == 403
    if place == "outside":
        return status == expected.outside
    allowed = status not in (401, 403)  # a draft may be gone, or a day taken: that is no matter of access
    return allowed and (status != 404 or (numbered and caller == "county"))


@pytest.mark.parametrize("caller", CALLERS)
def test_everybody_gets_what_the_table_says(surveyed, caller):
    assert _survey(surveyed, caller) == []


@pytest.mark.parametrize("caller", ["town", "community", "worker", "system", HOLDER])
def test_no_answer_tells_of_what_lies_beyond(surveyed, caller):
    for operation in surveyed.operations:
        if operation not in EXPECTED or EXPECTED[operation].public:
            continue
        for things in (surveyed.inside[caller], surveyed.outside[caller]):
            told = surveyed.ask(caller, operation, things).text
            for asked in (things.grid, things.community):  # what one has asked for oneself is no news
                told = told.replace(asked, "")
            for secret in (TOWN_2, "远山乡", "吴远", "远处"):
                assert secret not in told, (operation, secret)


@pytest.mark.parametrize("caller", SEEN_PHONES)
def test_no_answer_tells_a_phone_that_is_none_of_ones_business(surveyed, caller):
    hidden = {PHONES[code] for code in PHONES if code not in SEEN_PHONES[caller]}
    for operation in surveyed.operations:
        if operation not in EXPECTED or not operation.startswith("GET "):
            continue
        for things in {id(one): one for one in (surveyed.inside[caller], *surveyed.outside.values())}.values():
            told = surveyed.ask(caller, operation, things).text
            assert not [phone for phone in hidden if phone in told], operation


def test_counts_are_counts_of_the_area(surveyed):
    def count(caller: str) -> int:
        return surveyed.live.asking("").get("/grids", headers=surveyed.headers[caller]).json()["numberMatched"]

    assert [count(caller) for caller in ("county", "town", "system", "community", "worker")] == [6, 4, 4, 2, 1]


def test_the_tag_of_one_caller_never_answers_another(surveyed):
    """A 304 tells somebody that what another has seen is the same; so it must be the same."""
    for operation in surveyed.operations:
        if not operation.startswith("GET ") or operation not in EXPECTED or operation == "GET /metrics":
            continue
        answers = {caller: surveyed.ask(caller, operation, surveyed.inside[caller]) for caller in ROLES}
        for other, theirs in answers.items():
            if theirs.status_code != 200 or "etag" not in theirs.headers:
                continue
            for caller, mine in answers.items():
                tag = theirs.headers["etag"]
                again = surveyed.ask(caller, operation, surveyed.inside[caller], **{"If-None-Match": tag})
                if again.status_code == 304:
                    assert mine.content == theirs.content, (operation, caller, other)


def test_what_depends_on_the_caller_is_kept_by_no_shared_cache(surveyed):
    for operation in surveyed.operations:
        expected = EXPECTED.get(operation)
        if expected is None or expected.public:
            continue
        answer = surveyed.ask("county", operation, surveyed.inside["county"])
        if answer.status_code not in (204, 503):
            kept = answer.headers.get("cache-control", "")
            alike = operation.startswith("GET /tiles/")  # the same picture for everybody; a browser may keep it
            assert kept in ("no-store", "private, no-cache") or (alike and kept.startswith("private, ")), operation


def test_the_matrix_is_printed(surveyed, capsys):
    """Print what was measured: one line an operation, one column a caller, `inside/outside` where there is both."""
    for caller in CALLERS:
        if (caller, "GET /me", "inside") not in surveyed.cells:
            _survey(surveyed, caller)
    lines = ["operation".ljust(34) + "".join(caller.ljust(11) for caller in CALLERS)]
    for operation in surveyed.operations:
        row = []
        for caller in CALLERS:
            seen = [surveyed.cells.get((caller, operation, place)) for place in ("inside", "outside")]
            row.append("/".join(str(one) for one in seen if one is not None).ljust(11))
        lines.append(operation.ljust(34) + "".join(row).rstrip())
    printed = "\n".join(lines)
    with capsys.disabled():
        sys.stdout.write(f"\n{printed}\n")
    assert all(operation in printed for operation in surveyed.operations)
