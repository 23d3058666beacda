"""Objections, codes, towns, buildings, addresses, facilities, the audit: what was put in comes out, or is refused."""

from __future__ import annotations

from datetime import date

import pytest
import shapely
from drawn_plans import draw_plan, grid_code
from sqlalchemy import text

from app.store.addresses import (
    Address,
    Alias,
    add_aliases,
    read_address_mark,
    read_addresses,
    read_aliases,
    replace_addresses,
)
from app.store.areas import Area
from app.store.audit import Entry, read_audit, seal, write_audit
from app.store.buildings import Building, read_buildings, replace_buildings
from app.store.errors import Conflict, NotFound, Refused
from app.store.facilities import Facility, read_facilities, replace_facilities
from app.store.objections import NewObjection, add_objection, read_objections, reply
from app.store.places import find_communities, find_grids, give_code, name_towns, read_towns
from app.store.plans import take_step
from tests.store.conftest import CLERK, EVERY_STEP, take_in

SUMMER = date(2026, 6, 1)
NOTICE = (date(2026, 3, 1), date(2026, 3, 7))


def test_an_objection_needs_a_public_notice_and_is_answered_once(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        new = NewObjection("张", "我家应在第二网格", place=(105.001, 30.001))
        async with store.writing() as connection:
            with pytest.raises(Conflict, match="公示"):
                await add_objection(connection, plan_id, new)
            await take_step(connection, plan_id, "public_notice", CLERK, skippable=EVERY_STEP, notice=NOTICE)
            number = await add_objection(connection, plan_id, new)
            with pytest.raises(Refused):
                await add_objection(connection, plan_id, NewObjection("张", "  "))
            await reply(connection, number, "已采纳", by="王", adopted=True)
            with pytest.raises(Conflict):
                await reply(connection, number, "again", by="王", adopted=False)
            with pytest.raises(NotFound):
                await reply(connection, 99, "x", by="王", adopted=False)
        async with store.reading() as connection:
            [kept] = await read_objections(connection, plan_id)
        assert (kept.author, kept.longitude, kept.latitude, kept.reply, kept.adopted) == (
            *("张", 105.001, 30.001, "已采纳", True),
        )

    within(go)


def test_official_codes_come_later_are_dated_and_belong_to_one(within):
    async def go(store):
        await take_in(store, draw_plan(county="待赋码-"))
        async with store.writing() as connection:
            first, second = (await find_communities(connection, ["待赋码-001", "待赋码-002"])).values()
            grids = await find_grids(connection, [grid_code(1, 1, "待赋码-")])
            await give_code(connection, Area("community", first), "民政", "999901001077", since=None)
            await give_code(connection, Area("grid", *grids.values()), "综治码", "G77", since=SUMMER)
            await give_code(connection, Area("community", first), "民政", "999901001078", since=SUMMER)
            await give_code(connection, Area("community", first), "城管码", "C1", since=None)
            assert (await find_communities(connection, ["999901001078"])) == {"999901001078": first}
            assert (await find_grids(connection, ["G77"])).keys() == {"G77"}
        with pytest.raises(Conflict, match="另一社区"):
            async with store.writing() as connection:
                await give_code(connection, Area("community", second), "民政", "999901001078", since=SUMMER)
        with pytest.raises(NotFound):
            async with store.writing() as connection:
                await give_code(connection, Area("grid", 99), "民政", "x", since=None)

    within(go)


def test_towns_are_known_by_the_codes_of_their_communities_and_named_later(within):
    async def go(store):
        await take_in(store, draw_plan())
        async with store.writing() as connection:
            await name_towns(connection, {"999901001": "乌有镇"})
            assert [(town.code, town.name) for town in await read_towns(connection)] == [("999901001", "乌有镇")]
            assert await read_towns(connection, area=Area("community", 99)) == []

    within(go)


def test_buildings_and_facilities_come_back_as_they_were(within):
    shape = shapely.to_wkb(shapely.box(105, 30, 105.0001, 30.0001), byte_order=1)
    point = shapely.to_wkb(shapely.Point(105.1, 30.1), byte_order=1)

    async def go(store):
        await take_in(store, draw_plan())
        async with store.writing() as connection:
            [home] = (await find_communities(connection, ["999901001001"])).values()
            houses = [
                Building("1", home, "1号楼", "花园", "", 24, 60.5, shape),
                Building("2", None, "", "", "一组", 1, None, point),
            ]
            rooms = [Facility("F1", "服务站", "service", home, "长街1号", 320.5, {"floors": 2}, point)]
            rooms += [Facility("F2", "待查", "", None, "", None)]
            for _ in range(2):  # the second time replaces the first
                ids = await replace_buildings(connection, houses)
                await replace_facilities(connection, rooms)
            assert ids.keys() == {"1", "2"}
        async with store.reading() as connection:
            assert await read_buildings(connection) == houses
            assert await read_buildings(connection, area=Area("community", home)) == houses[:1]
            assert await read_facilities(connection) == rooms
            assert await read_facilities(connection, area=Area("community", home)) == rooms[:1]

    within(go)


def test_addresses_and_other_names_come_back_and_every_change_of_them_shows(within):
    one = Address("花园小区", "3", "2", "长街", "18", 105.00000000001, 30.1, standard_code="S1")

    async def go(store):
        async with store.writing() as connection:
            marks = [await read_address_mark(connection)]
            await replace_addresses(connection, [one])
            marks.append(await read_address_mark(connection))
            await replace_addresses(connection, [one])
            marks.append(await read_address_mark(connection))
            await add_aliases(connection, [Alias("compound", "老花园", "花园小区"), Alias("road", "老街", "长街")])
            marks.append(await read_address_mark(connection))
            await add_aliases(connection, [Alias("road", "老街", "长街")])
            assert len(set(marks)) == 4
        async with store.reading() as connection:
            assert await read_addresses(connection) == [one]
            assert [alias.alias for alias in await read_aliases(connection)] == ["老花园", "老街"]

    within(go)


def test_the_audit_is_a_chain_that_can_only_grow(within):
    entries = [Entry("user", 1, "li", "phone.read", f"person {number}", details={"n": 0.1}) for number in range(3)]

    async def go(store):
        async with store.writing() as connection:
            await write_audit(connection, entries[:2])
        async with store.writing() as connection:
            await write_audit(connection, entries[2:])
        async with store.reading() as connection:
            kept = await read_audit(connection)
        assert [row.entry for row in kept] == entries
        assert [row.number for row in kept] == [1, 2, 3]
        previous = bytes(32)
        for row in kept:
            assert row.hash == seal(row.number, row.at, row.entry, previous)
            assert row.previous_hash == previous
            previous = row.hash
        for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
            with pytest.raises(Refused, match="只能追加"):
                async with store.writing() as connection:
                    await connection.execute(text(statement))

    within(go)
