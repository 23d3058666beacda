"""Plans come in whole or not at all, go out as they came in, and take the steps of approval in order."""

from __future__ import annotations

from datetime import date

import pytest
import shapely
from drawn_plans import draw_plan
from sqlalchemy import func, select, text

from app.files.plans import read_plan, write_plan
from app.store.contents import LAYERS
from app.store.errors import Conflict, NotFound, Refused
from app.store.plans import Act, delete_draft, export_plan, read_plan_record, read_plans, read_steps, take_step
from app.store.tables import communities, grids, plan_grids, plans, towns
from tests.store.conftest import CLERK, EVERY_STEP, put_in_force, take_in


async def count(store, table) -> int:
    async with store.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(table))


def test_what_is_exported_is_what_was_imported_to_the_last_bit(within, demonstration, tmp_path):
    file = demonstration.folder / "plan.gpkg"

    async def go(store):
        plan_id = await take_in(store, read_plan(file))
        async with store.reading() as connection:
            return await export_plan(connection, plan_id)

    write_plan(within(go), tmp_path / "back.gpkg")
    assert (tmp_path / "back.gpkg").read_bytes() == file.read_bytes()


def test_coordinates_numbers_and_missing_numbers_survive(within):
    plan = draw_plan()
    odd = shapely.MultiPolygon([shapely.box(105 + 1e-13, 30 - 1e-13, 105.005, 30.0025)])
    plan.grids.loc[1, "geometry"] = odd

    async def go(store):
        plan_id = await take_in(store, plan)
        async with store.reading() as connection:
            return await export_plan(connection, plan_id)

    back = within(go)
    for name in LAYERS:
        there, here = getattr(plan, name), getattr(back, name)
        assert list(there.columns) == list(here.columns)
        assert (shapely.to_wkb(there.geometry.array) == shapely.to_wkb(here.geometry.array)).all()
        assert there.drop(columns="geometry").equals(here.drop(columns="geometry"))
    assert dict(back.about) == dict(plan.about)


def test_the_same_communities_and_grids_are_known_again(within):
    async def go(store):
        await take_in(store, draw_plan())
        before = await count(store, communities), await count(store, grids), await count(store, towns)
        await take_in(store, draw_plan(note="another"))
        return before, (await count(store, communities), await count(store, grids), await count(store, towns))

    before, after = within(go)
    assert before == after == (2, 4, 1)


def test_the_same_content_is_imported_once(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        with pytest.raises(Conflict, match=f"编号 {plan_id}"):
            await take_in(store, draw_plan())
        assert await count(store, plans) == 1

    within(go)


def test_the_plan_of_another_county_is_refused_and_nothing_is_written(within):
    async def go(store):
        await take_in(store, draw_plan())
        with pytest.raises(Conflict, match="888801"):
            await take_in(store, draw_plan(county="888801001"))
        assert (await count(store, plans), await count(store, communities)) == (1, 2)

    within(go)


def test_a_community_without_an_official_code_yet_is_taken_in(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan(county="待赋码-"))
        async with store.reading() as connection:
            record = await read_plan_record(connection, plan_id)
        assert (record.status, record.communities) == ("draft", 2)

    within(go)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda plan: plan.units.__setitem__("grid_code", "nobody"), "nobody"),
        (lambda plan: plan.grids.__setitem__("community_code", "nowhere"), "nowhere"),
        (lambda plan: plan.grids.__setitem__("grid_code", "same"), "重复"),
        (lambda plan: plan.grids.__setitem__("households", 1.5), "households"),
        (lambda plan: plan.grids.__setitem__("name", "a\0b"), "数据不合要求"),
        (lambda plan: plan.grids.__setitem__("kind", "round"), "数据不合要求"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_and_nothing_is_written(within, spoil, word):
    plan = draw_plan()
    spoil(plan)

    async def go(store):
        with pytest.raises(Refused, match=word):
            await take_in(store, plan)
        assert (await count(store, plans), await count(store, communities), await count(store, plan_grids)) == (0, 0, 0)

    within(go)


def test_the_steps_of_approval_are_taken_in_order_and_written_down(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        paper = Act("王", "民政局", "民〔2026〕7号", "扩容")
        days = date(2026, 3, 1), date(2026, 3, 7)
        async with store.writing() as connection:
            with pytest.raises(Conflict, match="reviewed"):
                await take_step(connection, plan_id, "approved", paper)
        async with store.writing() as connection:
            await take_step(connection, plan_id, "reviewed", paper)
            await take_step(connection, plan_id, "public_notice", paper, notice=days)
            with pytest.raises(Conflict):
                await take_step(connection, plan_id, "reviewed", paper)
        async with store.reading() as connection:
            steps = await read_steps(connection, plan_id)
            record = await read_plan_record(connection, plan_id)
        assert [step.step for step in steps] == ["draft", "reviewed", "public_notice"]
        assert (steps[1].actor, steps[1].unit, steps[1].document_number, steps[1].why) == (
            *("王", "民政局", "民〔2026〕7号", "扩容"),
        )
        assert steps[2].notice == days
        assert record.status == "public_notice"

    within(go)


def test_steps_are_skipped_where_the_settings_allow_it(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        async with store.writing() as connection:
            await take_step(connection, plan_id, "approved", CLERK, skippable=frozenset({"reviewed", "public_notice"}))

    within(go)


@pytest.mark.parametrize(
    ("step", "notice"),
    [
        ("published", None),
        ("dreamt", None),
        ("public_notice", None),
        ("reviewed", (date(2026, 1, 1), date(2026, 1, 2))),
        ("public_notice", (date(2026, 1, 2), date(2026, 1, 1))),
    ],
)
def test_impossible_steps_are_refused(within, step, notice):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        async with store.writing() as connection:
            with pytest.raises(Refused):
                await take_step(connection, plan_id, step, CLERK, skippable=EVERY_STEP, notice=notice)

    within(go)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE plan_grids SET name = 'x'",
        "DELETE FROM plan_units",
        "INSERT INTO plan_streets (plan_id, position, geometry) SELECT plan_id, 99, geometry FROM plan_streets",
        "UPDATE plan_borders SET geometry = ST_Translate(geometry, 1, 0)",
        "TRUNCATE plan_borders",
        "DELETE FROM plans",
        "UPDATE plans SET status = 'draft'",
        "UPDATE plans SET digest = 'x'",
        "UPDATE plan_steps SET actor = 'x'",
        "DELETE FROM changes",
        "UPDATE changes SET kind = 'x'",
    ],
)
def test_what_was_published_cannot_be_changed_even_by_hand(within, statement):
    async def go(store):
        await put_in_force(store, await take_in(store, draw_plan()))
        with pytest.raises(Refused):
            async with store.writing() as connection:
                await connection.execute(text(statement))

    within(go)


def test_a_draft_can_be_deleted_and_a_published_plan_cannot(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        async with store.writing() as connection:
            await delete_draft(connection, plan_id)
        assert (await count(store, plans), await count(store, plan_grids)) == (0, 0)
        plan_id = await take_in(store, draw_plan())
        await put_in_force(store, plan_id)
        with pytest.raises(Refused):
            async with store.writing() as connection:
                await delete_draft(connection, plan_id)

    within(go)


def test_a_plan_that_is_not_there_is_told(within):
    async def go(store):
        async with store.reading() as connection:
            for ask in (export_plan, read_plan_record):
                with pytest.raises(NotFound, match="77"):
                    await ask(connection, 77)
            assert await read_plans(connection) == []

    within(go)
