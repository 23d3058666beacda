"""Standards, rooms, projects and facilities over a real PostGIS: what is found, for whom, and what is not kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import shapely
from live_service import point_in

from app.files.standards import read_standards
from app.geo.assessment import Community
from app.geo.projects import Phase
from app.geo.rooms import Room
from app.store.facilities import Facility, replace_facilities
from app.store.places import find_communities
from app.store.projects import replace_projects
from app.store.rooms import replace_rooms
from app.store.standards import replace_standards
from tests.store.drawn_plans import community_code

HERE, THERE = community_code(1), community_code(2)
PAPER = {"evidence": "title", "evidence_number": "甲1", "in_use": True}
ROOMS = [
    Room("R1", HERE, "一站", "service_station", 280.0, **PAPER),
    Room("R2", HERE, "中心", "service_station", 100.0, shares={HERE: 0.1, THERE: 0.9}, **PAPER),
    Room("R3", THERE, "二站", "service_station", 250.0, evidence="lease", evidence_number="租3", in_use=True,
         lease_until=date(2029, 12, 31)),
    Room("R4", THERE, "租房", "service_station", 90.0, evidence="lease", evidence_number="租1", in_use=True,
         lease_until=date(2027, 1, 31)),
    Room("R5", THERE, "诊所", "clinic", 50.0, **PAPER),
]  # fmt: skip
PHASES = [
    Phase("P1", "新苑", "一期", HERE, 400.0, date(2024, 1, 1), "验收", 200.0, 150.0),
    Phase("P1", "新苑", "二期", HERE, 200.0, date(2024, 1, 1), "方案", 100.0),
    Phase("P2", "东苑", "", THERE, 100.0, date(2024, 1, 1), "方案", 60.0),
]


@pytest.fixture(scope="module")
def ledgers(live):
    async def fill(store):
        async with store.writing() as connection:
            homes = await find_communities(connection, [HERE, THERE])
            await replace_standards(connection, read_standards())
            judged = [Community(code, "", None, "urban") for code in (HERE, THERE)]
            await replace_rooms(connection, judged, ROOMS, homes)
            await replace_projects(connection, PHASES, homes)
            point = shapely.to_wkb(shapely.Point(point_in(1, 1)))
            await replace_facilities(
                connection,
                [
                    Facility(f"F{number}", "站", kind, homes[code], "", None, {}, point)
                    for number, (kind, code) in enumerate(
                        (("service_station", HERE), ("clinic", THERE), ("clinic", HERE))
                    )
                ],
            )

    live.run(fill)
    live.until_renewed()
    return live


def get(live, role, address, expected=200, **query):
    answer = live.asking(role).get(address, params=query)
    assert answer.status_code == expected, answer.text
    return answer.json()


def test_communities_stand_as_the_judge_finds_them(ledgers):
    told = get(ledgers, "county", "/standards", at="2026-06-01")
    here, there = told["communities"]
    assert (here["counted_m2"], here["status"], here["shortfall_m2"]) == (290.0, "不达标", 10.0)
    assert (there["counted_m2"], there["status"]) == (430.0, "达标")
    assert here["households"] == 800.0
    assert told["summary"] == {"不达标": 1, "数据不足": 0, "待核实": 0, "达标": 1}
    assert here["binding"] in {one["id"] for one in told["standards"]}
    assert here["remedy"]
    assert here["responsible"]
    assert (here["rank_by_shortfall"], there["rank_by_shortfall"]) == (1, None)
    reasons = {room["room_id"]: room["reason"] for room in there["rooms"]}
    assert reasons == {"R2": "计入", "R3": "计入", "R4": "计入", "R5": "该类用房不计入"}


def test_a_lease_that_ends_is_a_shortfall_from_the_next_day_on(ledgers):
    [_, there] = get(ledgers, "county", "/standards", at="2027-01-31")["communities"]
    assert there["counted_m2"] == 430.0
    [_, there] = get(ledgers, "county", "/standards", at="2027-02-01")["communities"]
    assert (there["counted_m2"], there["status"]) == (340.0, "达标")


def test_pages_and_statuses_of_standards(ledgers):
    first = get(ledgers, "county", "/standards", limit=1)
    assert [one["community_code"] for one in first["communities"]] == [HERE]
    second = get(ledgers, "county", "/standards", limit=1, after=first["after"])
    assert ([one["community_code"] for one in second["communities"]], second["after"]) == ([THERE], None)
    only = get(ledgers, "county", "/standards", status="不达标")
    assert [one["community_code"] for one in only["communities"]] == [HERE]
    assert ledgers.asking("county").get("/standards", params={"status": "好"}).status_code == 400


def test_what_has_not_changed_is_not_sent_again(ledgers):
    answer = ledgers.asking("county").get("/standards")
    again = ledgers.asking("county").get("/standards", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(("role", "codes"), [("town", [HERE, THERE]), ("community", [HERE]), ("neighbour", [THERE])])
def test_who_is_bound_to_an_area_sees_its_communities_alone(ledgers, role, codes):
    told = get(ledgers, role, "/standards")
    assert [one["community_code"] for one in told["communities"]] == codes
    assert sum(told["summary"].values()) == len(codes)
    assert {one["community_code"] for one in told["projects"]} == set(codes)


def test_a_place_among_those_that_miss_something_is_told_within_the_area_alone(ledgers):
    """In the county the other community misses more; who is bound to one learns nothing of that."""
    day = "2030-06-01"
    [here, there] = get(ledgers, "county", "/standards", at=day)["communities"]
    assert (here["rank_by_shortfall"], there["rank_by_shortfall"]) == (2, 1)
    [here] = get(ledgers, "community", "/standards", at=day)["communities"]
    assert (here["rank_by_shortfall"], here["rank_by_households"]) == (1, 1)
    assert get(ledgers, "community", f"/standards/{HERE}", at=day)["rank_by_shortfall"] == 1
    assert get(ledgers, "county", f"/standards/{HERE}", at=day)["rank_by_shortfall"] == 2


def test_what_lies_elsewhere_is_not_found(ledgers):
    for address in (f"/standards/{THERE}", "/rooms/R3", "/projects/P2", "/facilities/F1", "/standards/none"):
        get(ledgers, "community", address, expected=404)
    for address in (f"/standards/{THERE}", "/rooms/R3", "/projects/P2", "/facilities/F1"):
        get(ledgers, "county", address)
        assert ledgers.asking("").get(address).status_code == 401


def test_a_shared_room_is_shown_to_all_who_share_it_each_with_its_own_count(ledgers):
    told = get(ledgers, "community", "/rooms")
    assert [one["room_id"] for one in told["rooms"]] == ["R1", "R2"]
    [mine] = told["rooms"][1]["counts"]
    assert (mine["community_code"], mine["counted_m2"]) == (HERE, 10.0)
    both = get(ledgers, "county", "/rooms/R2")
    assert {one["community_code"]: one["counted_m2"] for one in both["counts"]} == {HERE: 10.0, THERE: 90.0}
    assert both["evidence"]["number"] == "甲1"
    assert sum(both["shares"].values()) == 1.0


def test_pages_of_rooms_and_facilities_go_on_where_the_last_one_ended(ledgers):
    seen, after = [], ""
    while after is not None:
        told = get(ledgers, "county", "/rooms", limit=2, after=after)
        seen += [one["room_id"] for one in told["rooms"]]
        after = told["after"]
    assert seen == ["R1", "R2", "R3", "R4", "R5"]
    address, found = "/facilities?limit=2", []
    while address:
        told = ledgers.asking("county").get(address).json()
        found += [one["id"] for one in told["features"]]
        address = next((link["href"] for link in told["links"]), None)
    assert found == ["F0", "F1", "F2"]


def test_facilities_of_a_class_are_points_with_their_community(ledgers):
    told = get(ledgers, "county", "/facilities", **{"class": "clinic"})
    assert [(one["id"], one["properties"]["community_code"]) for one in told["features"]] == [
        ("F1", THERE),
        ("F2", HERE),
    ]
    assert told["features"][0]["geometry"] == {"type": "Point", "coordinates": list(point_in(1, 1))}


def test_projects_are_judged_phase_by_phase(ledgers):
    one = get(ledgers, "county", "/projects/P1")
    assert (one["required_m2"], one["given_m2"], one["shortfall_m2"]) == (300.0, 250.0, 50.0)
    assert [phase["given_so_far_m2"] for phase in one["phases"]] == [150.0, 250.0]
    assert [one["project_id"] for one in get(ledgers, "county", "/projects")["projects"]] == ["P1", "P2"]


def test_a_what_if_tells_what_would_change_and_keeps_nothing(ledgers):
    before = get(ledgers, "county", "/standards")
    asked = {"rooms": [{"community_code": HERE, "area_m2": 20}], "at": "2026-06-01"}
    told = ledgers.asking("county").post("/standards/what-if", json=asked).json()
    [change] = told["changes"]
    assert (change["before"]["status"], change["after"]["status"]) == ("不达标", "达标")
    assert change["after"]["counted_m2"] == 310.0
    project = {"projects": [{"community_code": THERE, "households": 600, "area_m2": 100}]}
    told = ledgers.asking("county").post("/standards/what-if", json=project).json()
    assert told["projects"][0]["shortfall_m2"] == 200.0
    assert told["changes"][0]["after"]["households"] == 1400.0
    assert get(ledgers, "county", "/standards") == before


@pytest.mark.parametrize(
    ("role", "asked", "status"),
    [
        ("county", {}, 400),
        ("county", {"rooms": [{"community_code": HERE, "area_m2": 0}]}, 400),
        ("county", {"rooms": [{"community_code": HERE, "area_m2": "约300平"}]}, 400),
        ("county", {"rooms": [{"community_code": HERE}]}, 400),
        ("county", {"rooms": [{"community_code": HERE, "area_m2": 5, "kind": "x"}]}, 400),
        ("county", {"projects": [{"community_code": HERE, "households": -1}]}, 400),
        ("county", {"rooms": [{"community_code": "nowhere", "area_m2": 5}]}, 404),
        ("community", {"rooms": [{"community_code": THERE, "area_m2": 5}]}, 404),
        ("", {"rooms": [{"community_code": HERE, "area_m2": 5}]}, 401),
    ],
)
def test_what_cannot_be_supposed_is_refused(ledgers, role, asked, status):
    assert ledgers.asking(role).post("/standards/what-if", json=asked).status_code == status


def test_a_new_ledger_is_judged_at_once(ledgers):
    async def renew(store, rooms):
        async with store.writing() as connection:
            homes = await find_communities(connection, [HERE, THERE])
            judged = [Community(code, "", None, "urban") for code in (HERE, THERE)]
            await replace_rooms(connection, judged, rooms, homes)

    larger = [replace(ROOMS[0], area_m2=400.0), *ROOMS[1:]]
    ledgers.run(lambda store: renew(store, larger))
    assert get(ledgers, "county", f"/standards/{HERE}")["counted_m2"] == 410.0
    ledgers.run(lambda store: renew(store, ROOMS))
    assert get(ledgers, "county", f"/standards/{HERE}")["counted_m2"] == 290.0
