"""The life of a plan in the store: listed, taken through the steps of approval with their papers, in force, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.geo.errors import UsageError
from app.jobs.audit import run_in_store
from app.jobs.database import work_in
from app.settings import StoreSettings
from app.store import plans, publication
from app.store.connect import AsyncConnection, Store
from app.store.objections import NewObjection, Objection, add_objection, read_objections
from app.store.objections import reply as reply_to
from app.store.papers import LARGEST_PAPER, NewPaper, Paper, file_paper, read_papers
from app.store.plans import Act, PlanRecord, StepTaken, read_plan_record, read_plans, read_steps
from app.store.publication import Published, Withdrawn

__all__ = [
    "PlanLife",
    "file_papers",
    "list_plans",
    "object_to",
    "publish",
    "reply",
    "show_plan",
    "take_step",
    "withdraw",
]


@dataclass(frozen=True)
class PlanLife:
    """A plan with all that has happened to it."""

    plan: PlanRecord
    steps: Sequence[StepTaken]
    papers: Sequence[Paper]
    objections: Sequence[Objection]


def list_plans(settings: StoreSettings) -> list[PlanRecord]:
    """Return the plans of the store, the newest first."""

    async def work(store: Store) -> list[PlanRecord]:
        async with store.reading() as connection:
            return await read_plans(connection)

    return work_in(settings, work)


def show_plan(settings: StoreSettings, plan_id: int) -> PlanLife:
    """Return one plan, its steps, its papers and what was objected to it.

    Raises
    ------
    StoreError
        There is no such plan.
    """

    async def work(store: Store) -> PlanLife:
        async with store.reading() as connection:
            return PlanLife(
                await read_plan_record(connection, plan_id),
                await read_steps(connection, plan_id),
                await read_papers(connection, plan_id),
                await read_objections(connection, plan_id),
            )

    return work_in(settings, work)


def take_step(
    settings: StoreSettings,
    plan_id: int,
    step: str,
    *,
    act: Act,
    notice: tuple[date, date] | None = None,
    papers: Sequence[Path] = (),
) -> list[Paper]:
    """Take a plan to its next step and file what papers belong to it, all or nothing; return the papers.

    Raises
    ------
    UsageError
        A paper cannot be read.
    StoreError
        What is against it.
    """
    new = [_read_paper(path) for path in papers]

    async def work(connection: AsyncConnection) -> list[Paper]:
        await plans.take_step(connection, plan_id, step, act, skippable=settings.skipped_steps, notice=notice)
        return [await file_paper(connection, plan_id, one, by=act.actor, step=step) for one in new]

    return run_in_store(settings, work, f"plan {step}", f"plan {plan_id}")


def file_papers(settings: StoreSettings, plan_id: int, papers: Sequence[Path], *, by: str) -> list[Paper]:
    """File papers with the newest step of a plan, all or none.

    Raises
    ------
    UsageError
        A paper cannot be read.
    StoreError
        What is against it.
    """
    new = [_read_paper(path) for path in papers]

    async def work(connection: AsyncConnection) -> list[Paper]:
        return [await file_paper(connection, plan_id, one, by=by) for one in new]

    return run_in_store(settings, work, "plan paper", f"plan {plan_id}")


def _read_paper(path: Path) -> NewPaper:
    """Read a paper; of one that is too large only as much as shows it.

    Raises
    ------
    UsageError
        As said.
    """
    try:
        with path.open("rb") as opened:
            return NewPaper(path.name, opened.read(LARGEST_PAPER + 1))
    except OSError as error:
        raise UsageError(f"{path}：附件读不了，{error.strerror} (the paper cannot be read)") from error


def object_to(settings: StoreSettings, plan_id: int, new: NewObjection) -> int:
    """Record an objection to a plan under public notice and return its number.

    Raises
    ------
    StoreError
        What is against it.
    """

    async def work(connection: AsyncConnection) -> int:
        return await add_objection(connection, plan_id, new)

    return run_in_store(settings, work, "plan objection", f"plan {plan_id}")


def reply(settings: StoreSettings, objection_id: int, text: str, *, by: str, adopted: bool) -> None:
    """Answer an objection, once.

    Raises
    ------
    StoreError
        What is against it.
    """

    async def work(connection: AsyncConnection) -> None:
        await reply_to(connection, objection_id, text, by=by, adopted=adopted)

    run_in_store(settings, work, "plan reply", f"objection {objection_id}")


def publish(settings: StoreSettings, plan_id: int, *, effective: date, act: Act) -> Published:
    """Put a plan in force from a day on, steps skipped as the settings say.

    Raises
    ------
    StoreError
        What is against it.
    """

    async def work(connection: AsyncConnection) -> Published:
        return await publication.publish(
            connection, plan_id, effective=effective, act=act, skippable=settings.skipped_steps
        )

    return run_in_store(settings, work, "publish", f"plan {plan_id}")


def withdraw(settings: StoreSettings, plan_id: int, *, on: date, act: Act, again: int | None) -> Withdrawn:
    """End a plan's validity on a day; with `again`, another plan holds again.

    Raises
    ------
    StoreError
        What is against it.
    """

    async def work(connection: AsyncConnection) -> Withdrawn:
        return await publication.withdraw(connection, plan_id, on=on, act=act, again=again)

    return run_in_store(settings, work, "withdraw", f"plan {plan_id}")
