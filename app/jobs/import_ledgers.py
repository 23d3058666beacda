"""Take ledgers of rooms and projects, and the standards they are judged by, into the store: whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from app.files.messages import Note
from app.files.projects import ProjectLedger, read_projects
from app.files.rooms import RoomLedger, read_rooms
from app.files.standards import read_standards
from app.geo.assessment import Community
from app.geo.errors import UsageError
from app.geo.standards import Standard
from app.jobs.audit import of_command
from app.jobs.database import work_in
from app.jobs.steps import OnStep, Steps
from app.settings import StoreSettings
from app.store import standards as stored_standards
from app.store.audit import write_audit
from app.store.connect import AsyncConnection, Store
from app.store.findings import assess_stored, record_findings
from app.store.places import find_communities
from app.store.projects import replace_projects
from app.store.rooms import read_judged, replace_rooms

__all__ = ["LedgersOrder", "LedgersRead", "LedgersTaken", "import_ledgers", "read_ledgers", "write_ledgers"]


@dataclass(frozen=True)
class LedgersOrder:
    """Ledgers to be taken in; '' for those that are not there."""

    as_of: date
    """The day of which findings are recorded, and on which leases are looked at."""
    rooms: str = ""
    projects: str = ""
    rules: tuple[Path, ...] = ()
    """A county's own standards; without, those in the store stay, or those that come with the software are taken."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to be taken in."""
        return not (self.rooms or self.projects or self.rules)


@dataclass(frozen=True)
class LedgersRead:
    """What was read, in the words of files."""

    rooms: RoomLedger | None
    projects: ProjectLedger | None
    standards: tuple[Standard, ...]
    own_standards: bool
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class LedgersTaken:
    """What was taken in, and how many findings were recorded."""

    rooms: int = 0
    projects: int = 0
    findings: int = 0
    notes: tuple[Note, ...] = field(default=(), compare=False)


def import_ledgers(order: LedgersOrder, settings: StoreSettings, *, on_step: OnStep) -> LedgersTaken:
    """Take ledgers in for the communities that the store knows: a new state of the rooms needs no new plan.

    Raises
    ------
    InputError
        A ledger cannot be used.
    StoreError
        The store refuses it.
    UsageError
        There is nothing to be taken in, or no community to take it in for.
    """
    if order.empty:
        raise UsageError("没有要导入的内容：请给出方案，或 --rooms、--projects、--rules (there is nothing to import)")
    steps = Steps(on_step)

    async def work(store: Store) -> LedgersTaken:
        async with store.writing() as connection:
            judged = {one.code: one for one in await read_judged(connection, on=order.as_of)}
            if not judged:
                raise UsageError(
                    f"{order.as_of} 没有生效的方案：请先导入并发布方案，或与方案一起导入 "
                    "(no plan is in force on that day: publish one, or import the ledgers with a plan)"
                )
            with steps.take("read"):
                read = read_ledgers(order, judged)
            with steps.take("write"):
                homes = await find_communities(connection, list(judged))
                taken = await write_ledgers(connection, order, read, homes, plan_id=None)
                await write_audit(connection, [of_command("import", "ledgers")])
                return taken

    return work_in(settings, work)


def read_ledgers(order: LedgersOrder, communities: Mapping[str, Community]) -> LedgersRead:
    """Read and check ledgers for communities that are known by code.

    Raises
    ------
    InputError
        With everything that cannot be used; a community that is not known among it.
    """
    standards = read_standards(*order.rules)
    rooms = read_rooms(order.rooms, communities=communities, as_of=order.as_of) if order.rooms else None
    known = {one.code: one for one in rooms.communities} if rooms else communities
    projects = read_projects(order.projects, communities=known) if order.projects else None
    notes = (*(rooms.notes if rooms else ()), *(projects.notes if projects else ()))
    return LedgersRead(rooms, projects, standards, bool(order.rules), notes)


async def write_ledgers(
    connection: AsyncConnection,
    order: LedgersOrder,
    read: LedgersRead,
    homes: Mapping[str, int],
    *,
    plan_id: int | None,
) -> LedgersTaken:
    """Write what was read in the place of what was there, and record what is found with it."""
    if read.own_standards or not await stored_standards.read_standards(connection):
        await stored_standards.replace_standards(connection, read.standards)
    if read.rooms is not None:
        await replace_rooms(connection, read.rooms.communities, read.rooms.rooms, homes)
    if read.projects is not None:
        await replace_projects(connection, read.projects.phases, homes)
    found = await assess_stored(connection, on=order.as_of)
    recorded = await record_findings(connection, found, plan_id=plan_id)
    phases = read.projects.phases if read.projects else ()
    projects = len({one.project_id for one in phases})
    return LedgersTaken(len(read.rooms.rooms) if read.rooms else 0, projects, recorded, read.notes)
