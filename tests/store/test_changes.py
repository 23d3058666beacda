"""Changes: in the order of commits, without gaps, none missed and none told twice; bounded by area; heard at once."""

from __future__ import annotations

import asyncio

import pytest
from drawn_plans import draw_plan

from app.store.areas import Area
from app.store.changes import (
    NewChange,
    changes_at_the_end,
    listening,
    read_changes,
    read_revisions,
    record_changes,
)
from app.store.places import find_communities, find_grids
from tests.store.conftest import put_in_force, take_in

WRITERS = 50


def test_a_reader_among_fifty_writers_misses_nothing_and_hears_nothing_twice(within):
    async def write(store, writer: int) -> int:
        written = 0
        for turn in range(4):
            try:
                async with store.writing() as connection:
                    news = [NewChange("test.change", writer * 100 + turn * 10 + part) for part in range(1 + writer % 3)]
                    await record_changes(connection, news)
                    await asyncio.sleep(0.001 * (writer % 5))
                    if (writer + turn) % 7 == 0:
                        raise RuntimeError("never mind")
                written += len(news)
            except RuntimeError:
                pass
        return written

    async def read(store, seen: list[int], subjects: list[int], done: asyncio.Event) -> None:
        since = 0
        while True:
            last_round = done.is_set()
            async with store.reading() as connection:
                news = await read_changes(connection, since, most=7)
            seen += [change.number for change in news]
            subjects += [change.subject_id for change in news]
            since = seen[-1] if seen else 0
            if last_round and not news:
                return
            await asyncio.sleep(0)

    async def go(store):
        seen, subjects, done = [], [], asyncio.Event()
        reader = asyncio.create_task(read(store, seen, subjects, done))
        written = sum(await asyncio.gather(*[write(store, writer) for writer in range(WRITERS)]))
        done.set()
        await reader
        assert seen == list(range(1, written + 1))
        assert len(set(subjects)) == written
        async with store.reading() as connection:
            assert (await read_revisions(connection)).changes == written

    within(go)


def test_a_publication_is_told_once_for_each_community_and_moves_the_revision(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan((1, 2)))
        async with store.reading() as connection:
            before = await read_revisions(connection)
        done = await put_in_force(store, plan_id)
        async with store.reading() as connection:
            news = await read_changes(connection, before.changes)
            after = await read_revisions(connection)
        assert [(change.kind, change.subject_id) for change in news] == [("plan.published", plan_id)] * 2
        assert len({change.community_id for change in news}) == 2
        assert after.plans == after.changes == done.revision == before.changes + 2

    within(go)


def test_an_area_hears_of_itself_alone(within):
    async def go(store):
        await put_in_force(store, await take_in(store, draw_plan((1, 2))))
        async with store.writing() as connection:
            communities = await find_communities(connection, ["999901001001", "999901001002"])
            first, second = communities.values()
            grids = await find_grids(connection, ["999901001001001", "999901001001002"])
            mine, other = grids["999901001001001"], grids["999901001001002"]
            since = (await read_revisions(connection)).changes
            for community, grid in ((first, mine), (first, other), (second, None), (first, None)):
                await record_changes(connection, [NewChange("test.change", 1, community, grid)])
            everything = await read_changes(connection, since)
            assert [change.number - since for change in everything] == [1, 2, 3, 4]

            async def heard(area: Area) -> list[int]:
                return [change.number - since for change in await read_changes(connection, since, area=area)]

            assert await heard(Area("community", first)) == [1, 2, 4]
            assert await heard(Area("community", second)) == [3]
            assert await heard(Area("grid", mine)) == [1, 4]
            assert await heard(Area("town", everything[0].town_id)) == [1, 2, 3, 4]
            assert await heard(Area("town", 99)) == []

    within(go)


def test_a_listener_hears_the_present_and_each_commit_and_no_rollback(within):
    async def go(store):
        async with listening(store) as numbers:
            assert await anext(numbers) == 0
            with pytest.raises(RuntimeError):
                async with store.writing() as connection:
                    await record_changes(connection, [NewChange("test.change", 1)])
                    raise RuntimeError
            async with store.writing() as connection:
                await record_changes(connection, [NewChange("test.change", 2), NewChange("test.change", 3)])
            assert await asyncio.wait_for(anext(numbers), 5) == 2

    within(go)


def test_a_transaction_of_many_deeds_holds_nobody_up_before_its_end(within):
    async def go(store):
        begun, other_done = asyncio.Event(), asyncio.Event()

        async def many():
            async with store.writing() as connection, changes_at_the_end(connection):
                assert await record_changes(connection, [NewChange("person.renewed", 1)]) == 0
                begun.set()
                await asyncio.wait_for(other_done.wait(), 5)
                await record_changes(connection, [NewChange("person.renewed", 2)])

        async def other():
            await begun.wait()
            async with store.writing() as connection:
                await record_changes(connection, [NewChange("person.renewed", 3)])
            other_done.set()

        await asyncio.gather(many(), other())
        async with store.reading() as connection:
            assert [one.subject_id for one in await read_changes(connection, 0)] == [3, 1, 2]

    within(go)
