"""Papers stay with the step of a plan that they belong to, with their hash, and nobody changes them."""

from __future__ import annotations

import hashlib

import pytest
from drawn_plans import draw_plan
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from app.store.connect import open_store
from app.store.errors import Conflict, NotFound, Refused
from app.store.papers import LARGEST_PAPER, NewPaper, file_paper, read_paper, read_papers
from app.store.plans import delete_draft, take_step
from app.store.roles import SERVICE_ROLE
from app.store.tables import plan_papers
from tests.store.conftest import CLERK, EVERY_STEP, take_in

APPROVAL = NewPaper("关于网格划分方案的批复.pdf", b"%PDF-1.7 \x00\xff" * 100)


async def reviewed(store) -> int:
    plan_id = await take_in(store, draw_plan())
    async with store.writing() as connection:
        await take_step(connection, plan_id, "reviewed", CLERK)
    return plan_id


def test_a_paper_comes_back_as_it_was_with_its_hash_and_its_step(within):
    async def go(store):
        plan_id = await reviewed(store)
        async with store.writing() as connection:
            kept = await file_paper(connection, plan_id, APPROVAL, by="王")
            early = await file_paper(connection, plan_id, NewPaper("草案.docx", b"x"), by="王", step="draft")
        async with store.reading() as connection:
            return kept, early, await read_papers(connection, plan_id), await read_paper(connection, plan_id, kept.id)

    kept, early, listed, (name, content) = within(go)
    assert (name, content) == (APPROVAL.name, APPROVAL.content)
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    assert (kept.step, kept.size, early.step) == ("reviewed", len(content), "draft")
    assert listed == [kept, early]


@pytest.mark.parametrize(
    "new",
    [
        NewPaper("空.pdf", b""),
        NewPaper("大.pdf", bytes(LARGEST_PAPER + 1)),
        NewPaper("../批复.pdf", b"x"),
        NewPaper("批\u202efdp.exe", b"x"),
        NewPaper("批\n复.pdf", b"x"),
        NewPaper(" . ", b"x"),
        NewPaper("长" * 201, b"x"),
    ],
    ids=["empty", "large", "path", "turned", "line", "dots", "long"],
)
def test_what_is_no_paper_is_refused(within, new):
    async def go(store):
        plan_id = await reviewed(store)
        with pytest.raises(Refused):
            async with store.writing() as connection:
                await file_paper(connection, plan_id, new, by="王")
        async with store.reading() as connection:
            assert await read_papers(connection, plan_id) == []

    within(go)


def test_a_paper_is_filed_once_with_a_step_that_was_taken(within):
    async def go(store):
        plan_id = await reviewed(store)
        async with store.writing() as connection:
            await file_paper(connection, plan_id, APPROVAL, by="王")
        with pytest.raises(Conflict, match="批复"):
            async with store.writing() as connection:
                await file_paper(connection, plan_id, NewPaper("批复 (2).pdf", APPROVAL.content), by="王")
        with pytest.raises(Conflict, match="approved"):
            async with store.writing() as connection:
                await file_paper(connection, plan_id, APPROVAL, by="王", step="approved")
        with pytest.raises(NotFound):
            async with store.writing() as connection:
                await file_paper(connection, plan_id + 1, APPROVAL, by="王")

    within(go)


def test_the_paper_of_another_plan_is_not_found(within):
    async def go(store):
        plan_id, other = await reviewed(store), await take_in(store, draw_plan(note="another"))
        async with store.writing() as connection:
            kept = await file_paper(connection, plan_id, APPROVAL, by="王")
        async with store.reading() as connection:
            with pytest.raises(NotFound):
                await read_paper(connection, other, kept.id)

    within(go)


@pytest.mark.parametrize(
    "deed", [update(plan_papers).values(content=b"other"), delete(plan_papers)], ids=["changed", "removed"]
)
def test_the_service_can_neither_change_nor_remove_a_paper(within, store_settings, deed):
    async def go(store):
        plan_id = await reviewed(store)
        async with store.writing() as connection:
            await file_paper(connection, plan_id, APPROVAL, by="王")
        async with open_store(store_settings.database_url, store_settings) as again, again.writing() as connection:
            await connection.execute(text(f"SET LOCAL ROLE {SERVICE_ROLE}"))
            with pytest.raises(DBAPIError, match="permission denied"):
                await connection.execute(deed)

    within(go)


def test_papers_go_with_a_draft_that_is_deleted(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        async with store.writing() as connection:
            await file_paper(connection, plan_id, APPROVAL, by="王")
        async with store.writing() as connection:
            await delete_draft(connection, plan_id)
        async with store.reading() as connection:
            assert await connection.scalar(select(func.count()).select_from(plan_papers)) == 0

    within(go)


def test_a_step_may_be_skipped_and_its_papers_not(within):
    async def go(store):
        plan_id = await take_in(store, draw_plan())
        async with store.writing() as connection:
            await take_step(connection, plan_id, "approved", CLERK, skippable=EVERY_STEP)
        with pytest.raises(Conflict, match="reviewed"):
            async with store.writing() as connection:
                await file_paper(connection, plan_id, APPROVAL, by="王", step="reviewed")

    within(go)
