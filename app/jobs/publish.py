"""Put a plan of the store in force, or end it; and give a plan of the store back as a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from app.files.plans import write_plan
from app.geo.plan import Plan
from app.jobs.database import work_in
from app.output import refuse_to_overwrite, write_whole
from app.settings import StoreSettings
from app.store import plans as stored_plans
from app.store import publication
from app.store.connect import Store
from app.store.plans import Act
from app.store.publication import Published, Withdrawn

__all__ = ["export_stored", "publish", "withdraw"]


def publish(settings: StoreSettings, plan_id: int, *, effective: date, act: Act) -> Published:
    """Put a plan in force from a day on, steps skipped as the settings say.

    Raises
    ------
    StoreError
        What is against it.
    """

    async def work(store: Store) -> Published:
        async with store.writing() as connection:
            return await publication.publish(
                connection, plan_id, effective=effective, act=act, skippable=settings.skipped_steps
            )

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
            return await publication.withdraw(connection, plan_id, on=on, act=act, again=again)

    return work_in(settings, work)


def export_stored(settings: StoreSettings, plan_id: int, file: Path, *, force: bool) -> None:
    """Write a plan of the store as the file it was, coordinates to the last bit.

    Raises
    ------
    UsageError, StoreError
        Nothing is written then.
    """
    refuse_to_overwrite(file.parent, [file.name], force=force)

    async def work(store: Store) -> Plan:
        async with store.reading() as connection:
            return await stored_plans.export_plan(connection, plan_id)

    plan = work_in(settings, work)
    with write_whole(file.parent, [file.name], force=force) as part:
        write_plan(plan, part / file.name)
