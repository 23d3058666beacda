"""Assignments: one lead a grid, two adjacent grids a worker, possible dates, and nothing else, however many write."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from drawn_plans import draw_plan, grid_code
from sqlalchemy import text

from app.store.areas import Area
from app.store.assignments import (
    NewAssignment,
    assign,
    end_assignment,
    move_assignment,
    read_assignment,
    read_assignments,
)
from app.store.changes import read_changes, read_revisions
from app.store.errors import Conflict, NotFound, Refused
from app.store.people import NewPerson, add_people, leave, read_people, read_person
from app.store.places import find_communities, find_grids
from tests.store.conftest import NEW_YEAR, put_in_force, take_in

SUMMER, AUTUMN = date(2026, 6, 1), date(2026, 9, 1)
LEAD, FULL_TIME, PART_TIME, PARTY = "网格长", "专职网格员", "兼职网格员", "网格党组织书记"


async def settle(store, staff: int = 3, bands: int = 3) -> tuple[list[int], list[int]]:
    """Put a community of bands in force, take in staff; return ids of people, and of grids from the north."""
    await put_in_force(store, await take_in(store, draw_plan((1, 3), bands=bands)))
    async with store.writing() as connection:
        home = (await find_communities(connection, ["999901001001"]))["999901001001"]
        new = [NewPerson(f"S{number}", f"人{number}", "13800000000", "社工", home) for number in range(staff)]
        people = await add_people(connection, new)
        codes = [grid_code(1, band + 1) for band in range(bands)]
        grids = await find_grids(connection, codes)
    return [people[f"S{number}"] for number in range(staff)], [grids[code] for code in codes]


async def give(store, person: int, grid: int, role: str, since: date = NEW_YEAR, until: date | None = None) -> int:
    async with store.writing() as connection:
        return await assign(connection, NewAssignment(person, grid, role, since, until), actor="clerk")


def test_an_assignment_is_read_back_and_heard_of(within):
    async def go(store):
        [person, *_], [grid, *_] = await settle(store)
        before = None
        async with store.reading() as connection:
            before = await read_revisions(connection)
        number = await give(store, person, grid, LEAD, until=SUMMER)
        async with store.reading() as connection:
            held = await read_assignment(connection, number)
            last = (await read_changes(connection, before.changes))[-1]
            after = await read_revisions(connection)
            assert await read_assignments(connection, on=SUMMER) == []
            assert await read_assignments(connection, on=date(2026, 5, 31), grid_ids=[grid]) == [held]
        assert (held.person, held.role, held.since, held.until) == ("人0", LEAD, NEW_YEAR, SUMMER)
        assert (last.kind, last.subject_id, last.grid_id) == ("assignment.created", number, grid)
        assert (after.assignments, after.plans) == (last.number, before.plans)

    within(go)


def test_a_grid_has_one_lead_at_a_time_and_the_next_may_follow_on_the_day(within):
    async def go(store):
        people, grids = await settle(store)
        await give(store, people[0], grids[0], LEAD, until=SUMMER)
        with pytest.raises(Conflict, match="已有网格长"):
            await give(store, people[1], grids[0], LEAD, since=date(2026, 5, 31))
        await give(store, people[1], grids[0], LEAD, since=SUMMER)
        await give(store, people[2], grids[0], FULL_TIME)

    within(go)


def test_of_many_who_appoint_a_lead_at_once_one_succeeds(within):
    async def go(store):
        people, grids = await settle(store, staff=8)
        outcomes = await asyncio.gather(
            *[give(store, person, grids[0], LEAD) for person in people], return_exceptions=True
        )
        assert sum(isinstance(outcome, int) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 7, outcomes

    within(go)


def test_the_database_itself_refuses_a_second_lead_and_a_third_grid(within):
    insertion = (
        "INSERT INTO assignments (person_id, grid_id, role, seat, valid) "
        "VALUES (:person, :grid, :role, :seat, daterange('2026-01-01', NULL))"
    )

    async def go(store):
        people, grids = await settle(store)
        for rows, word in (
            ([(people[0], grids[0], LEAD, None), (people[1], grids[0], LEAD, None)], "网格长"),
            ([(people[0], grids[0], FULL_TIME, 1), (people[0], grids[1], PART_TIME, 1)], "两个网格"),
            ([(people[0], grids[0], PARTY, None), (people[0], grids[0], PARTY, None)], "同一职务"),
        ):
            with pytest.raises(Conflict, match=word):
                async with store.writing() as connection:
                    for person, grid, role, seat in rows:
                        values = {"person": person, "grid": grid, "role": role, "seat": seat}
                        await connection.execute(text(insertion), values)

    within(go)


def test_a_worker_may_hold_two_grids_if_they_are_adjacent_and_never_three(within):
    async def go(store):
        people, (north, middle, south) = await settle(store)
        await give(store, people[0], north, FULL_TIME)
        with pytest.raises(Conflict, match="相邻"):
            await give(store, people[0], south, FULL_TIME)
        await give(store, people[0], middle, PART_TIME)
        with pytest.raises(Conflict):
            await give(store, people[0], south, PART_TIME)
        await give(store, people[0], south, LEAD)  # a lead is no worker's seat

    within(go)


def test_of_many_grids_given_to_one_worker_at_once_two_are_kept(within):
    async def go(store):
        people, grids = await settle(store, bands=3)
        tries = [give(store, people[0], grid, role) for grid in grids for role in (FULL_TIME, PART_TIME)]
        outcomes = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(isinstance(outcome, int) for outcome in outcomes) == 2
        assert all(isinstance(outcome, (int, Conflict)) for outcome in outcomes), outcomes

    within(go)


@pytest.mark.parametrize(
    ("since", "until", "role"),
    [
        (SUMMER, SUMMER, LEAD),
        (SUMMER, NEW_YEAR, LEAD),
        (date(1026, 1, 1), None, LEAD),
        (date(2926, 1, 1), None, LEAD),
        (NEW_YEAR, date(9999, 1, 1), LEAD),
        (NEW_YEAR, None, "网格王"),
    ],
)
def test_impossible_dates_and_roles_are_refused(within, since, until, role):
    async def go(store):
        people, grids = await settle(store)
        with pytest.raises(Refused):
            await give(store, people[0], grids[0], role, since, until)
        async with store.reading() as connection:
            assert await read_assignments(connection) == []

    within(go)


def test_people_and_grids_that_are_not_there_are_told(within):
    async def go(store):
        people, grids = await settle(store)
        with pytest.raises(NotFound, match="网格"):
            await give(store, people[0], 999, LEAD)
        with pytest.raises(NotFound, match="人员"):
            await give(store, 999, grids[0], LEAD)
        async with store.reading() as connection:
            with pytest.raises(NotFound):
                await read_person(connection, 999)

    within(go)


def test_ending_keeps_the_history_and_what_never_began_is_deleted(within):
    async def go(store):
        people, grids = await settle(store)
        begun = await give(store, people[0], grids[0], LEAD)
        coming = await give(store, people[1], grids[1], LEAD, since=AUTUMN)
        async with store.writing() as connection:
            await end_assignment(connection, begun, on=SUMMER)
            await end_assignment(connection, coming, on=SUMMER)
        async with store.writing() as connection:
            with pytest.raises(Conflict):
                await end_assignment(connection, begun, on=AUTUMN)
            with pytest.raises(NotFound):
                await end_assignment(connection, coming, on=SUMMER)
        async with store.reading() as connection:
            assert [(one.id, one.until) for one in await read_assignments(connection)] == [(begun, SUMMER)]

    within(go)


def test_a_move_is_whole_or_not_at_all(within):
    async def go(store):
        people, grids = await settle(store)
        number = await give(store, people[0], grids[0], LEAD)
        await give(store, people[1], grids[1], LEAD)
        with pytest.raises(Conflict):
            async with store.writing() as connection:
                await move_assignment(connection, number, to_grid=grids[1], on=SUMMER)
        async with store.reading() as connection:
            assert (await read_assignment(connection, number)).until is None
        async with store.writing() as connection:
            moved = await move_assignment(connection, number, to_grid=grids[2], on=SUMMER)
        async with store.reading() as connection:
            held = await read_assignment(connection, moved)
            assert (held.grid_id, held.since, (await read_assignment(connection, number)).until) == (
                *(grids[2], SUMMER, SUMMER),
            )

    within(go)


def test_an_area_bounds_what_is_read(within):
    async def go(store):
        people, grids = await settle(store)
        number = await give(store, people[0], grids[0], LEAD)
        async with store.reading() as connection:
            elsewhere = (await find_communities(connection, ["999901001003"]))["999901001003"]
            for area, seen in (
                (Area(), True),
                (Area("grid", grids[0]), True),
                (Area("grid", grids[1]), False),
                (Area("community", elsewhere), False),
            ):
                assert bool(await read_assignments(connection, area=area)) is seen
                if not seen:
                    with pytest.raises(NotFound):
                        await read_assignment(connection, number, area=area)
            assert [person.name for person in await read_people(connection, area=Area("grid", grids[0]))] == ["人0"]
            assert await read_people(connection, area=Area("community", elsewhere)) == []

    within(go)


def test_who_leaves_is_assigned_no_more(within):
    async def go(store):
        people, grids = await settle(store)
        await give(store, people[0], grids[0], LEAD)
        async with store.writing() as connection:
            assert await leave(connection, people[0], on=SUMMER) == 1
        with pytest.raises(Conflict, match="离岗"):
            await give(store, people[0], grids[0], LEAD, since=AUTUMN)

    within(go)


def test_who_is_assigned_while_a_plan_is_published_does_not_keep_a_grid_that_vanishes(within):
    """One assigns and holds the transaction open, another publishes without the grid: one waits for the other."""

    async def go(store):
        await put_in_force(store, await take_in(store, draw_plan(bands=3)))
        fewer = await take_in(store, draw_plan(bands=2))
        async with store.writing() as connection:
            [home] = (await find_communities(connection, ["999901001001"])).values()
            staff = [NewPerson(f"V{n}", f"人{n}", "", "", home) for n in range(2)]
            people = await add_people(connection, staff)
            grids = await find_grids(connection, [grid_code(1, 3)])
        gone = grids[grid_code(1, 3)]

        async def assign_slowly():
            async with store.writing() as connection:
                await assign(connection, NewAssignment(people["V0"], gone, "兼职网格员", date(2026, 6, 1)))
                publishing.set()
                await asyncio.sleep(0.3)

        async def publish_meanwhile():
            await publishing.wait()
            return await put_in_force(store, fewer, date(2026, 7, 1))

        publishing = asyncio.Event()
        _, done = await asyncio.gather(assign_slowly(), publish_meanwhile())
        assert done.ended_assignments == 1
        async with store.reading() as connection:
            [held] = await read_assignments(connection, person_id=people["V0"])
            assert held.until == date(2026, 7, 1)
        with pytest.raises(Conflict, match="2026-07-01"):
            async with store.writing() as connection:
                await assign(connection, NewAssignment(people["V1"], gone, "兼职网格员", date(2026, 6, 1)))
        async with store.writing() as connection:  # its time is not over yet in June
            new = NewAssignment(people["V1"], gone, "兼职网格员", date(2026, 6, 1), date(2026, 7, 1))
            await assign(connection, new)

    within(go)
