"""Publication: whole, checked again, its communities only; of two at once one wins; withdrawal revives nothing."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
import shapely
from drawn_plans import community_code, draw_plan, grid_code

from app.store.assignments import NewAssignment, assign, read_assignments
from app.store.errors import Conflict, NotFound, Refused
from app.store.people import NewPerson, add_people
from app.store.places import find_grids
from app.store.plans import read_plan_record
from app.store.publication import publish, withdraw
from app.store.published import next_turn, read_published
from tests.store.conftest import CLERK, EVERY_STEP, NEW_YEAR, put_in_force, take_in

SUMMER, AUTUMN, WINTER = date(2026, 6, 1), date(2026, 9, 1), date(2026, 12, 1)


async def in_force_on(store, day: date) -> dict[str, int]:
    """Return the plan of each community that has one that day."""
    async with store.reading() as connection:
        return {grid.community_code: grid.plan_id for grid in await read_published(connection, day)}


def test_a_published_plan_is_served_from_its_day_on_with_the_bytes_it_came_with(within):
    plan = draw_plan()

    async def go(store):
        done = await put_in_force(store, await take_in(store, plan), SUMMER)
        assert (done.communities, done.grids) == (2, 4)
        async with store.reading() as connection:
            assert await read_published(connection, date(2026, 5, 31)) == []
            assert await next_turn(connection, date(2026, 5, 31)) == SUMMER
            return await read_published(connection, SUMMER)

    served = within(go)
    assert [grid.wkb for grid in served] == list(shapely.to_wkb(plan.grids.geometry.array, byte_order=1))
    assert [grid.grid_code for grid in served] == list(plan.grids["grid_code"])


def test_publishing_replaces_only_the_communities_it_covers_and_any_past_day_can_be_asked_for(within):
    async def go(store):
        first = await take_in(store, draw_plan((1, 2, 3)))
        second = await take_in(store, draw_plan((2,), note="second"))
        await put_in_force(store, first)
        await put_in_force(store, second, SUMMER)
        one, two, three = (community_code(number) for number in (1, 2, 3))
        assert await in_force_on(store, date(2026, 5, 31)) == {one: first, two: first, three: first}
        assert await in_force_on(store, SUMMER) == {one: first, two: second, three: first}
        assert await in_force_on(store, date(2025, 12, 31)) == {}

    within(go)


def test_a_plan_with_a_broken_promise_is_refused_with_its_place_and_nothing_changes(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan(gap=0.0001))
        with pytest.raises(Refused, match=r"未覆盖面积.*99990100100") as told:
            await put_in_force(store, plan_id)
        assert "area in no grid" in told.value.english
        assert await in_force_on(store, NEW_YEAR) == {}
        async with store.reading() as connection:
            assert (await read_plan_record(connection, plan_id)).status == "draft"

    within(go)


def test_steps_that_are_missing_are_named(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        async with store.writing() as connection:
            with pytest.raises(Conflict, match="reviewed、public_notice、approved"):
                await publish(connection, plan_id, effective=NEW_YEAR, act=CLERK)
            with pytest.raises(NotFound):
                await publish(connection, 99, effective=NEW_YEAR, act=CLERK, skippable=EVERY_STEP)

    within(go)


def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told(within):
    async def go(store):
        plan_ids = [await take_in(store, draw_plan(note=str(number))) for number in range(2)]
        outcomes = await asyncio.gather(*[put_in_force(store, one) for one in plan_ids], return_exceptions=True)
        lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
        won = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
        assert (len(won), len(lost)) == (1, 1), outcomes
        assert "别人正在发布" in str(lost[0])
        assert set((await in_force_on(store, NEW_YEAR)).values()) == {won[0].plan_id}

    within(go)


def test_the_same_plan_is_published_once(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        await put_in_force(store, plan_id)
        with pytest.raises(Conflict):
            await put_in_force(store, plan_id, SUMMER)

    within(go)


def test_a_plan_cannot_begin_before_what_is_in_force(within):
    async def go(store):
        first, second = [await take_in(store, draw_plan(note=note)) for note in "ab"]
        await put_in_force(store, first, SUMMER)
        with pytest.raises(Conflict, match="2026-06-01"):
            await put_in_force(store, second, NEW_YEAR)

    within(go)


def test_a_plan_published_on_the_same_day_takes_the_place_of_the_other(within):
    async def go(store):
        first, second = [await take_in(store, draw_plan(note=note)) for note in "ab"]
        await put_in_force(store, first)
        await put_in_force(store, second)
        assert set((await in_force_on(store, NEW_YEAR)).values()) == {second}

    within(go)


def test_withdrawal_ends_validity_and_revives_nothing(within):
    async def go(store):
        first, second = [await take_in(store, draw_plan(note=note)) for note in "ab"]
        await put_in_force(store, first)
        await put_in_force(store, second, SUMMER)
        async with store.writing() as connection:
            done = await withdraw(connection, second, on=AUTUMN, act=CLERK)
        assert (done.left_without, done.replaced) == (2, 0)
        assert set((await in_force_on(store, date(2026, 8, 31))).values()) == {second}
        assert await in_force_on(store, AUTUMN) == {}
        assert set((await in_force_on(store, date(2026, 5, 31))).values()) == {first}
        async with store.writing() as connection:
            with pytest.raises(Conflict, match="没有生效"):
                await withdraw(connection, second, on=AUTUMN, act=CLERK)

    within(go)


def test_a_plan_is_not_withdrawn_for_a_day_before_it_came_into_force(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        await put_in_force(store, plan_id, SUMMER)
        async with store.writing() as connection:
            with pytest.raises(Refused, match=f"自 {SUMMER} 起生效"):
                await withdraw(connection, plan_id, on=SUMMER - timedelta(days=1), act=CLERK)
        async with store.writing() as connection:  # on that day itself it never holds
            assert (await withdraw(connection, plan_id, on=SUMMER, act=CLERK)).left_without == 2
        async with store.reading() as connection:
            assert await read_published(connection, SUMMER) == []

    within(go)


def test_withdrawal_may_name_the_plan_that_holds_again(within):
    async def go(store):
        first = await take_in(store, draw_plan((1, 2)))
        second = await take_in(store, draw_plan((2, 3), note="b"))
        await put_in_force(store, first)
        await put_in_force(store, second, SUMMER)
        async with store.writing() as connection:
            done = await withdraw(connection, second, on=AUTUMN, act=CLERK, again=first)
        assert (done.left_without, done.replaced) == (1, 1)
        assert await in_force_on(store, AUTUMN) == {community_code(1): first, community_code(2): first}
        async with store.writing() as connection:  # and it can be withdrawn like any other
            await withdraw(connection, first, on=WINTER, act=CLERK)
        assert await in_force_on(store, WINTER) == {}

    within(go)


def test_a_plan_that_never_held_cannot_hold_again(within):
    async def go(store):
        first, draft = await take_in(store, draw_plan()), await take_in(store, draw_plan(note="draft"))
        await put_in_force(store, first)
        with pytest.raises(Refused, match="从未生效"):
            async with store.writing() as connection:
                await withdraw(connection, first, on=SUMMER, act=CLERK, again=draft)
        assert set((await in_force_on(store, SUMMER)).values()) == {first}

    within(go)


def test_neighbours_get_each_others_vertices_and_none_is_moved(within):
    left, right = draw_plan((1,), bands=2), draw_plan((2,), bands=3)

    async def go(store):
        await put_in_force(store, await take_in(store, left))
        await put_in_force(store, await take_in(store, right), SUMMER)
        async with store.reading() as connection:
            return await read_published(connection, NEW_YEAR), await read_published(connection, SUMMER)

    before, after = within(go)
    assert [grid.wkb for grid in before] == list(shapely.to_wkb(left.grids.geometry.array, byte_order=1))
    shapes = shapely.from_wkb([grid.wkb for grid in after])
    assert shapely.coverage_is_valid(shapes)
    old = shapely.from_wkb([grid.wkb for grid in before])
    for was, now in zip(old, shapes[:2], strict=True):
        assert {tuple(xy) for xy in shapely.get_coordinates(was)} < {tuple(xy) for xy in shapely.get_coordinates(now)}
        assert shapely.equals(was, now)


def test_a_plan_that_overlaps_what_is_in_force_beside_it_is_refused(within):
    shifted = draw_plan((2,))
    for frame in (shifted.grids, shifted.communities):
        frame.geometry = frame.geometry.translate(-0.0005, 0)

    async def go(store):
        await put_in_force(store, await take_in(store, draw_plan((1,))))
        with pytest.raises(Refused, match="重叠"):
            await put_in_force(store, await take_in(store, shifted), SUMMER)

    within(go)


def test_assignments_to_grids_that_are_no_more_end_with_them(within):
    async def go(store):
        await put_in_force(store, await take_in(store, draw_plan(bands=3)))
        async with store.writing() as connection:
            people = await add_people(connection, [NewPerson("1", "甲"), NewPerson("2", "乙"), NewPerson("3", "丙")])
            ids = await find_grids(connection, [grid_code(1, 3), grid_code(1, 1)])
            gone, stays = ids[grid_code(1, 3)], ids[grid_code(1, 1)]
            await assign(connection, NewAssignment(people["1"], gone, "网格长", NEW_YEAR))
            await assign(connection, NewAssignment(people["2"], gone, "专职网格员", AUTUMN))
            await assign(connection, NewAssignment(people["3"], stays, "网格长", NEW_YEAR))
        done = await put_in_force(store, await take_in(store, draw_plan(bands=2)), SUMMER)
        assert done.ended_assignments == 2
        async with store.reading() as connection:
            left = {(one.person, one.until) for one in await read_assignments(connection)}
        assert left == {("甲", SUMMER), ("丙", None)}

    within(go)
