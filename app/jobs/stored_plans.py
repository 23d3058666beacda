"""A plan of the store as a file, for jobs that read files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.files.plans import write_plan
from app.geo.plan import Plan
from app.jobs.database import work_in
from app.settings import StoreSettings
from app.store.connect import Store
from app.store.plans import export_plan

__all__ = ["plan_file"]


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
            return await export_plan(connection, int(plan.name))

    content = work_in(settings, work)
    with tempfile.TemporaryDirectory(prefix="jiexiang-plan-") as folder:
        file = Path(folder) / "plan.gpkg"
        write_plan(content, file)
        yield file
