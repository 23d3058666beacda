"""Put a plan of the store in force, or end it; and give a plan of the store back as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from app.files.plans import write_plan
from app.geo.plan import Plan
from app.jobs.audit import of_command
from app.jobs.database import work_in
from app.settings import StoreSettings
from app.store import plans as stored_plans
from app.store import publication
from app.store.audit import write_audit
from app.store.connect import Store
from app.store.plans import Act
from app.store.publication import Published, Withdrawn

__all__ = ["plan_file", "publish", "withdraw"]


def publish(settings: StoreSettings, plan_id: int, *, effective: date, act: Act) -> Published:
    """Put a plan in force from a day on, steps skipped as the settings say.

    Raises
    ------
    StoreError
        What is against it.
    """

    async def work(store: Store) -> Published:
        async with store.writing() as connection:
            done = await publication.publish(
                connection, plan_id, effective=effective, act=act, skippable=settings.skipped_steps
            )
            await write_audit(connection, [of_command("publish", f"plan {plan_id}")])
            return done

    return work_in(settings, work)


def withdraw(settings: StoreSettings, plan_id: int, *, on: date, act: Act, again: int | None) -> Withdrawn:
    """End a plan's validity on a day; with `again`, another plan holds again.

    Raises
    ------
    StoreError
        What is against it.
    """

    async def work(store: Store) -> Withdrawn:
        async with store.writing() as connection:
            done = await publication.withdraw(connection, plan_id, on=on, act=act, again=again)
            await write_audit(connection, [of_command("withdraw", f"plan {plan_id}")])
            return done

    return work_in(settings, work)


@contextmanager
def plan_file(plan: Path, settings: StoreSettings) -> Iterator[Path]:
    """Give the file of a plan while the block runs: as named, or of the plan of the store that a number names.

    Coordinates are those that were imported, to the last bit.

    Raises
    ------
    StoreError
        The store has no plan of this number, or there is no store.
    """
    if plan.exists() or not plan.name.isdecimal() or plan.parent != Path():
        yield plan
        return

    async def work(store: Store) -> Plan:
        async with store.reading() as connection:
            return await stored_plans.export_plan(connection, int(plan.name))

    content = work_in(settings, work)
    with tempfile.TemporaryDirectory(prefix="jiexiang-plan-") as folder:
        file = Path(folder) / "plan.gpkg"
        write_plan(content, file)
        yield file
