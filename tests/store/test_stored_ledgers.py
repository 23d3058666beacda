"""Ledgers of rooms and projects in the store: what goes in comes out, and SQL written by hand adds up to the same."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import date

import pytest
from county_plan import COUNTY, LAYERS, draw_county
from sqlalchemy import text

from app.files.plans import write_plan
from app.files.projects import read_projects
from app.files.rooms import read_rooms
from app.files.standards import read_standards
from app.geo.standards import choose_standards
from app.store.areas import Area, find_area
from app.store.changes import read_revisions
from app.store.connect import open_store
from app.store.findings import assess_stored, read_findings
from app.store.projects import read_phases
from app.store.rooms import read_judged
from app.store.rooms import read_rooms as read_stored_rooms
from app.store.standards import read_standards as read_stored_standards
from app.store.standards import replace_standards

TRUTH = json.loads((COUNTY / "truth.json").read_text("utf-8"))
DAY = date.fromisoformat(TRUTH["as_of"])

BY_HAND = """
WITH households AS (
    SELECT community_id, coalesce(plan_communities.households, ledger_communities.households) AS households
    FROM ledger_communities LEFT JOIN plan_communities USING (community_id)
), parts AS (
    SELECT rooms.id AS room_id, rooms.community_id, 1.0::float8 AS share
    FROM rooms WHERE NOT EXISTS (SELECT 1 FROM room_shares WHERE room_id = rooms.id)
    UNION ALL
    SELECT room_id, community_id, coalesce(
        share, households / sum(households) FILTER (WHERE share IS NULL) OVER (PARTITION BY room_id)
            * (1 - coalesce(sum(share) OVER (PARTITION BY room_id), 0)))
    FROM room_shares JOIN households USING (community_id)
)
SELECT code, round(sum(round((rooms.area_m2 * share)::numeric, 2)), 2)::float8 AS area
FROM rooms JOIN parts ON parts.room_id = rooms.id JOIN room_evidence ON room_evidence.room_id = rooms.id
JOIN community_codes ON community_codes.community_id = parts.community_id
WHERE rooms.kind NOT IN ('clinic', 'police') AND in_use AND NOT temporary AND (converted OR NOT below_ground)
    AND room_evidence.kind <> '' AND NOT (room_evidence.kind = 'lease' AND valid_until < :day)
    AND rooms.area_m2 IS NOT NULL
GROUP BY code
"""


@pytest.fixture(scope="module")
def county(postgis, jiexiang_here, tmp_path_factory):
    """Give settings of a store into which the county was imported as people type it."""
    plan = tmp_path_factory.mktemp("county") / "plan.gpkg"
    write_plan(draw_county(), plan)
    ledgers = ("--rooms", COUNTY / "rooms.csv", "--projects", COUNTY / "projects.csv", "--as-of", TRUTH["as_of"])
    layers = ("--facilities", f"{LAYERS}:facilities", "--streets", f"{LAYERS}:streets")
    with postgis.database() as settings, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", settings.database_url)
        done = jiexiang_here("import", plan, *ledgers, *layers, "--barriers", f"{LAYERS}:barriers", "--json")
        assert done.exit_code == 0, done.output
        yield settings, json.loads(done.stdout)


@pytest.fixture
def asked(county):
    """Return a function that reads in the county's store."""

    def run(question):
        async def go():
            async with open_store(county[0].database_url, county[0]) as store, store.reading() as connection:
                return await question(connection)

        return asyncio.run(go())

    return run


def test_what_was_taken_in_is_told(county):
    told = county[1]
    assert (told["communities"], told["facilities"], told["streets"]) == (81, 336, 2280)
    assert told["projects"] == len({one.project_id for one in from_files()[1]})
    assert told["rooms"] == len(from_files()[0].rooms)


def from_files():
    rooms = read_rooms(str(COUNTY / "rooms.csv"), communities={}, as_of=DAY)
    known = {one.code: one for one in rooms.communities}
    return rooms, read_projects(str(COUNTY / "projects.csv"), communities=known).phases


def test_rooms_and_projects_come_out_as_they_went_in(asked):
    rooms, phases = from_files()
    stored = asked(lambda connection: read_stored_rooms(connection, on=DAY))
    assert stored == sorted(rooms.rooms, key=lambda one: one.room_id)
    assert asked(lambda connection: read_phases(connection, on=DAY)) == sorted(phases, key=lambda one: one.project_id)
    judged = asked(lambda connection: read_judged(connection, on=DAY))
    assert [(one.code, one.name, one.households, one.settlement) for one in judged] == [
        (one.code, one.name, one.households, one.settlement) for one in rooms.communities
    ]


def test_what_is_found_in_the_store_is_every_seeded_shortfall_and_nothing_else(asked):
    found = asked(lambda connection: assess_stored(connection, on=DAY))
    missing = {
        one.community.code: {
            "counted_m2": one.counted_m2,
            "pending_m2": one.pending_m2,
            "missing_m2": {
                finding.standard.id: finding.shortfall
                for finding in one.findings
                if finding.shortfall and not finding.advisory
            },
            "status": one.status,
        }
        for one in found.communities
    }
    assert missing == TRUTH["rooms"]["communities"]
    owed = {one.project_id: one.shortfall_m2 for one in found.projects if one.shortfall_m2}
    assert owed == TRUTH["projects"]["missing_50_per_100_m2"]


def test_areas_that_count_are_those_of_sql_written_by_hand(asked):
    found = asked(lambda connection: assess_stored(connection, on=DAY))

    async def by_hand(connection):
        return {row.code: row.area for row in await connection.execute(text(BY_HAND), {"day": DAY})}

    expected = asked(by_hand)
    counted = {one.community.code: one.counted_m2 for one in found.communities if one.counted_m2}
    assert counted == pytest.approx(expected, abs=0.011)
    assert sum(counted.values()) == pytest.approx(sum(expected.values()), abs=0.05)


def test_findings_are_kept_under_their_plan_and_day(asked, county):
    code = "999902001001"
    kept = asked(lambda connection: read_findings(connection, code))
    assert {(one.plan_id, one.as_of) for one in kept} == {(county[1]["plan_id"], DAY)}
    assert [one.standard for one in kept if one.binding] != []
    assert sum(one.binding for one in kept) == 1
    assert county[1]["findings"] > 81


def test_who_shares_a_room_sees_it_and_others_do_not(asked):
    rooms = asked(lambda connection: read_stored_rooms(connection, on=DAY))
    shared = next(one for one in rooms if len(one.shares) > 1)

    async def seen_by(connection, code):
        area = await find_area(connection, code)
        return {one.room_id for one in await read_stored_rooms(connection, on=DAY, area=area)}

    for code in shared.shares:
        assert shared.room_id in asked(lambda connection, code=code: seen_by(connection, code))
    others = {one.community_code for one in rooms} - set(shared.shares)
    assert shared.room_id not in asked(lambda connection: seen_by(connection, min(others)))
    assert asked(lambda connection: read_judged(connection, on=DAY, area=Area("community", 10**9))) == []


def test_pages_of_rooms_join_to_all_of_them(asked):
    rooms = asked(lambda connection: read_stored_rooms(connection, on=DAY))
    seen, after = [], ""
    while page := asked(lambda connection, after=after: read_stored_rooms(connection, on=DAY, after=after, most=70)):
        seen += page
        after = page[-1].room_id
    assert seen == rooms


def test_standards_come_out_as_they_went_in(within):
    standards = choose_standards(read_standards(), off=["NAT-30"])

    async def go(store):
        async with store.writing() as connection:
            before = (await read_revisions(connection)).facilities
            await replace_standards(connection, standards)
        async with store.reading() as connection:
            return before, (await read_revisions(connection)).facilities, await read_stored_standards(connection)

    before, after, stored = within(go)
    assert tuple(stored) == standards
    assert after > before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "没有要导入的内容"),
        (("--rooms", COUNTY / "rooms.csv"), "没有生效的方案"),
        (("--staff", COUNTY / "staff.csv", "--rooms", COUNTY / "rooms.csv"), "只能更新"),
    ],
)
def test_without_a_plan_only_ledgers_of_known_communities_are_renewed(
    jiexiang_here, store_settings, monkeypatch, options, words
):
    monkeypatch.setenv("DATABASE_URL", store_settings.database_url)
    done = jiexiang_here("import", *options)
    assert done.exit_code == 2
    assert words in done.output


def test_ledgers_are_renewed_without_a_new_plan_whole_or_not_at_all(
    county, jiexiang_here, monkeypatch, asked, tmp_path
):
    monkeypatch.setenv("DATABASE_URL", county[0].database_url)
    before = asked(lambda connection: read_stored_rooms(connection, on=DAY))
    broken = tmp_path / "rooms.csv"
    lines = (COUNTY / "rooms.csv").read_text("utf-8-sig").splitlines()
    broken.write_text("\n".join([*lines[:3], lines[3].replace("是", "约300平")]), "utf-8-sig")
    assert jiexiang_here("import", "--rooms", broken, "--as-of", TRUTH["as_of"]).exit_code == 2
    assert asked(lambda connection: read_stored_rooms(connection, on=DAY)) == before
    done = jiexiang_here("import", "--rooms", COUNTY / "rooms.csv", "--as-of", TRUTH["as_of"], "--json")
    assert done.exit_code == 0, done.output
    assert asked(lambda connection: read_stored_rooms(connection, on=DAY)) == before
    assert os.environ["DATABASE_URL"] == county[0].database_url
