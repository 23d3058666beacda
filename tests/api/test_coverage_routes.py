"""Coverage and siting over a real PostGIS: measured in another process, told by area and role."""

from __future__ import annotations

import asyncio
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from live_service import ELSEWHERE, FIRST, SECOND

from app.api.areas import Caller
from app.api.errors import NotYet, problem_response
from app.api.small_counts import tell_shares
from app.api.walks import USUAL_SECONDS, Walks
from app.geo.errors import UsageError
from app.jobs.stored_walks import WalkTask, measure_stored
from app.store.areas import COUNTY
from app.store.buildings import Building, replace_buildings
from app.store.facilities import Facility, replace_facilities
from app.store.ground import read_ground, replace_ground
from app.store.places import find_communities
from tests.store.drawn_plans import SIDE, SOUTH, WEST, community_code

HERE, THERE = community_code(1), community_code(2)
STEP = SIDE / 4
STATION = {"class": "service_station", "metres": "500"}


def frame(rows):
    return gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4490")


def draw_streets():
    """A net of streets every 120 m over both communities."""
    east, north = WEST + 2 * SIDE, SOUTH + SIDE
    lines = [shapely.LineString([(WEST, SOUTH + k * STEP), (east, SOUTH + k * STEP)]) for k in range(5)]
    lines += [shapely.LineString([(WEST + k * STEP, SOUTH), (WEST + k * STEP, north)]) for k in range(9)]
    return frame(
        [
            {"highway": "residential", "name": f"{k}巷", "bridge": False, "tunnel": False, "layer": 0, "geometry": line}
            for k, line in enumerate(lines)
        ]
    )


def draw_home(x, y, homes):
    """Draw fifty households beside a street; three in the south-east corner."""
    count = 3 if (x, y) == (7, 0) else 50
    point = shapely.Point(WEST + (x + 0.5) * STEP, SOUTH + (y + 0.45) * STEP)
    return Building(f"B{x}{y}", homes[HERE if x < 4 else THERE], "", "", "", count, 120.0, shapely.to_wkb(point))


@pytest.fixture(scope="module")
def walked(live):
    line = shapely.LineString([(WEST, 29.9), (WEST, 29.95)])
    wall = [{"kind": "wall", "name": "", "bridge": False, "tunnel": False, "geometry": line}]

    async def fill(store):
        async with store.writing() as connection:
            homes = await find_communities(connection, [HERE, THERE])
            await replace_ground(connection, draw_streets(), frame(wall))
            await replace_buildings(connection, [draw_home(x, y, homes) for x in range(8) for y in range(4)])
            at = shapely.to_wkb(shapely.Point(WEST + STEP, SOUTH + 3.1 * STEP))
            await replace_facilities(
                connection, [Facility("F1", "站", "service_station", homes[HERE], "", None, {}, at)]
            )

    live.run(fill)
    live.until_renewed()
    return live


def ask(live, role, address="/coverage", **query):
    """Ask until it is measured: on a busy machine the first who ask are told to come again."""
    answer = live.asking(role).get(address, params=query)
    for _ in range(20):
        if answer.status_code != 503:
            break
        answer = live.asking(role).get(address, params=query)
    return answer


def test_shares_are_those_that_the_command_measures(walked):
    async def measure(store):
        async with store.reading() as connection:
            held = await read_ground(connection, on=walked.service.boards.current.day)
        everything = measure_stored(WalkTask("", (300.0, 500.0, 1000.0)), held)
        return everything, measure_stored(WalkTask("", (500.0,), "service_station"), held)

    expected, one = json.loads(json.dumps(walked.run(measure)))
    for level in ("county", "community", "grid"):
        told = ask(walked, "county", level=level).json()
        assert told["shares"] == [row for row in expected["shares"] if row["level"] == level]
        assert sum(row["households"] for row in told["shares"] if row["within_m"] == 300) == 31 * 50 + 3
    assert told["facilities"] == expected["facilities"]
    assert told["blind_spots"] is None
    told = ask(walked, "county", **STATION).json()
    assert told["shares"] == [row for row in one["shares"] if row["level"] == "community"]
    spots = told["blind_spots"]["features"]
    assert len(spots) == len(one["blind_spots"]) > 0
    missed = sum(spot["properties"]["households"] for spot in spots)
    assert missed == sum(row["households"] - row["households_within"] for row in told["shares"])
    assert {one["geometry"]["type"] for one in spots} == {"Polygon"}


def test_coverage_grows_with_the_distance_and_one_distance_is_that_alone(walked):
    told = ask(walked, "county", level="county").json()["shares"]
    covered = [row["households_within"] for row in told]
    assert covered == sorted(covered)
    [one] = ask(walked, "county", level="county", metres=500, **{"class": "service_station"}).json()["shares"]
    assert one == told[1]
    [other] = ask(walked, "county", level="county", metres=400).json()["shares"]
    assert told[0]["households_within"] <= other["households_within"] <= told[1]["households_within"]
    assert ask(walked, "county", **{"class": "nothing"}).json()["shares"] == []


def test_who_is_bound_to_an_area_sees_no_other(walked):
    told = ask(walked, "community").json()
    assert {row["code"] for row in told["shares"]} == {HERE}
    assert ask(walked, "community", level="county").json()["shares"] == []
    assert {row["code"] for row in ask(walked, "worker", level="grid").json()["shares"]} == {FIRST}
    assert {row["code"] for row in ask(walked, "neighbour", level="grid").json()["shares"]} == {ELSEWHERE}
    spots = ask(walked, "neighbour", **STATION).json()["blind_spots"]["features"]
    assert spots
    for feature in spots:
        assert feature["properties"]["community_codes"] == [THERE]
    assert ask(walked, "").status_code == 401


def test_sites_are_told_to_those_who_see_the_county(walked):
    answer = ask(walked, "county", "/site", k=2, metres=300)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["proven"]
    assert len(told["sites"]) == 2
    assert told["covered_households"] <= told["uncovered_households"]
    first = told["sites"][0]
    assert WEST <= first["longitude"] <= WEST + 2 * SIDE
    assert sum(one["adds"] for one in told["sites"]) == told["covered_households"]
    assert ask(walked, "town", "/site").status_code == 403


@pytest.mark.parametrize(
    ("address", "query"),
    [
        ("/coverage", {"metres": "5"}),
        ("/coverage", {"metres": "nan"}),
        ("/coverage", {"level": "house"}),
        ("/coverage", {"klass": "clinic"}),
        ("/site", {"k": 0}),
        ("/site", {"k": 11}),
        ("/site", {"class": "spaceport"}),
    ],
)
def test_what_cannot_be_measured_is_refused(walked, address, query):
    assert ask(walked, "county", address, **query).status_code == 400


def row(code, households, within, *, persons=None):
    return {
        "level": "grid",
        "code": code,
        "facility_class": "clinic",
        "within_m": 500.0,
        "households": households,
        "households_within": within,
        "share": within / households,
        "persons": persons,
        "persons_within": None,
        "persons_share": None,
        "households_in_circle": within,
        "over_claimed": 0.0,
    }


def test_shares_are_told_to_systems_as_counts_in_tens_give_them():
    rows = [row("a", 404.0, 397.0), row("b", 300.0, 4.0, persons=9)]
    a, b = tell_shares(Caller("key", 1, "hotline", "system", COUNTY), rows)
    assert (a["households"], a["households_within"], a["share"], a["households_in_circle"]) == (400, 400, 1.0, 400)
    assert (b["households"], b["households_within"], b["share"], b["persons"]) == (300, None, None, None)
    assert [one.get("withheld", False) for one in (a, b)] == [False, True]
    assert tell_shares(Caller("user", 2, "wang", "county", COUNTY), rows) == rows


COUNTED = {
    *("households", "households_within", "persons", "persons_within", "households_in_circle", "over_claimed", "homes"),
    *("by_gate_households", "adds", "uncovered_households", "covered_households", "out_of_reach_households"),
}


def counts_in(told):
    """Yield every count of homes or people in an answer, wherever it stands."""
    if isinstance(told, list):
        for one in told:
            yield from counts_in(one)
    elif isinstance(told, dict):
        for name, one in told.items():
            if name in COUNTED and one is not None:
                yield name, one
            yield from counts_in(one)


@pytest.mark.parametrize("level", ["county", "community", "grid"])
def test_a_system_is_told_shares_of_every_walk_in_tens(walked, level):
    """The smallest home is of three households, the others of fifty."""
    seen = {}
    for role in ("county", "system"):
        asked = [ask(walked, role, level=level, **{**STATION, "metres": metres}).json() for metres in (300, 500, 1000)]
        seen[role] = [count for told in asked for count in counts_in(told)]
    assert any(count % 10 for _, count in seen["county"])
    assert {name for name, _ in seen["system"]} >= {"households", "households_within"}
    assert [(name, count) for name, count in seen["system"] if count % 10] == []


@pytest.mark.parametrize("path", ["/coverage", "/site"])
def test_a_system_walks_no_metre_further_until_one_more_home_is_reached(walked, path):
    for metres in (499, 501, 300.5):
        refused = ask(walked, "system", path, **{**STATION, "metres": metres})
        assert refused.status_code == 403
        assert refused.json()["detail"] == "系统密钥只能查步行 300、500、1000 米"
    assert ask(walked, "county", path, **{**STATION, "metres": 300.5}).status_code == 200


def test_a_system_is_told_in_tens_what_another_facility_would_reach(walked):
    told = ask(walked, "system", "/site", k=2, metres=300).json()
    assert {name for name, _ in counts_in(told)} >= {"uncovered_households", "covered_households", "adds"}
    assert [(name, count) for name, count in counts_in(told) if count % 10] == []


def test_a_system_sees_no_small_count_of_a_spot_or_a_home(walked):
    told = ask(walked, "system", level="grid").json()
    hidden = {one["code"] for one in told["shares"] if one.get("withheld")}
    assert {one["code"] for one in told["shares"]} == {FIRST, SECOND, ELSEWHERE, ELSEWHERE[:-1] + "2"}
    spots = ask(walked, "system", **STATION).json()["blind_spots"]["features"]
    for one in [*told["shares"], *(feature["properties"] for feature in spots)]:
        assert one["households"] is None or one["households"] >= 10
    assert told["isolated"] == []
    assert hidden == hidden & {FIRST, SECOND, ELSEWHERE, ELSEWHERE[:-1] + "2"}


def test_the_answer_says_when_to_come_again(walked):
    told = problem_response(NotYet("正在测算", "being measured", retry_seconds=41.2), "1")
    assert (told.status_code, told.headers["retry-after"]) == (503, "42")


def test_one_who_looks_is_told_how_long_it_takes_and_of_what_cannot_be_measured_once(walked):
    task = {"on": "2026-06-01", "within_m": [500.0], "facility_class": "spaceport"}

    async def go():
        walks = Walks(walked.service.walks.database_url, patience=120.0)
        with pytest.raises(NotYet):
            walks.look("key", json.dumps(task))
        with pytest.raises(UsageError):
            await walks.ask("key", "the one that runs is waited for")
        depths = []
        for _ in range(3):
            with pytest.raises(UsageError, match="spaceport") as told_again:
                walks.look("key", "no task at all")
            depths.append(len(told_again.traceback))
        assert len(set(depths)) == 1, "what is kept grows with each telling"
        with pytest.raises(NotYet) as told:
            walks.look("other", json.dumps(task))
        assert told.value.retry_seconds == USUAL_SECONDS  # none has been measured yet
        await walks.close()

    asyncio.run(go())


def test_one_who_does_not_wait_finds_it_done_later_and_a_slow_one_is_ended(walked):
    task = json.dumps({"on": "2026-06-01", "within_m": [500.0], "facility_class": "", "more": 0})
    url = walked.service.walks.database_url

    async def go():
        hasty = Walks(url, patience=0.01)
        with pytest.raises(NotYet) as told:
            await hasty.ask("key", task)
        assert told.value.retry_seconds == USUAL_SECONDS
        hasty.patience = 60.0
        found = await hasty.ask("key", task)
        assert await hasty.ask("key", "no task at all") is found
        slow = Walks(url, longest=0.01)
        with pytest.raises(TimeoutError):
            await slow.ask("key", task)
        closed = Walks(url, patience=0.01)
        with pytest.raises(NotYet):
            await closed.ask("key", task)
        await closed.close()
        assert not closed._running
        return found

    found = asyncio.run(go())
    assert np.isclose(
        sum(one["share"] for one in found["shares"] if one["level"] == "county"), found["shares"][0]["share"]
    )


def test_a_store_without_streets_says_what_is_missing(live):
    async def empty(store):
        async with store.reading() as connection:
            return await read_ground(connection, on=walked_day(live))

    held = live.run(empty)
    bare = type(held)(
        held.communities, held.grids, held.footways.iloc[:0], *(held.barriers, held.homes, held.facilities)
    )
    with pytest.raises(UsageError, match="没有导入道路"):
        measure_stored(WalkTask("", (500.0,)), bare)


def walked_day(live):
    return live.service.boards.current.day
