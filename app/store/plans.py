"""Plans and their lives: imported as drafts, taken through the steps of approval, listed, asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geo.plan import Plan
from app.store.areas import COUNTY, Area, bound
from app.store.changes import NewChange, record_changes
from app.store.contents import digest_plan, list_columns, read_content, write_content
from app.store.errors import Conflict, NotFound, Refused
from app.store.places import COUNTY_DIGITS, make_communities, make_grids, read_county_prefixes, town_code_of
from app.store.places import UNKNOWN_TOWN as UNKNOWN
from app.store.tables import PLAN_STEPS, plan_communities, plan_steps, plans

__all__ = [
    "Act",
    "PlanRecord",
    "StepTaken",
    "delete_draft",
    "export_plan",
    "import_plan",
    "lock_plan",
    "read_plan_record",
    "read_plans",
    "read_steps",
    "record_step",
    "take_step",
]

IMPORTING = 0x4A580002
"""Number of the lock under which plans are imported, one after the other: they make communities and grids."""


@dataclass(frozen=True)
class Act:
    """Who does something to a plan, on what paper, and why."""

    actor: str
    unit: str = ""
    document_number: str = ""
    why: str = ""


@dataclass(frozen=True)
class PlanRecord:
    """A plan without its content."""

    id: int
    title: str
    status: str
    digest: str
    about: Mapping[str, Any]
    created_by: str
    created_at: datetime
    effective: date | None
    withdrawn_on: date | None
    communities: int
    """How many it covers."""


@dataclass(frozen=True)
class StepTaken:
    """One step in the life of a plan; `notice` are the first and last day of a public notice."""

    step: str
    at: datetime
    actor: str
    unit: str
    document_number: str
    why: str
    notice: tuple[date, date] | None


async def import_plan(
    connection: AsyncConnection,
    plan: Plan,
    *,
    act: Act,
    title: str = "",
    town_codes: Mapping[str, str] | None = None,
) -> int:
    """Take in a plan as a draft and return its id.

    Its communities and grids are known by their codes; those that are new are made. Whoever calls has checked its
    promises; they are checked again when it is published.

    Raises
    ------
    Conflict
        The same content has been imported before, or it is the plan of another county.
    Refused
        Its layers contradict each other.
    """
    await connection.execute(select(func.pg_advisory_xact_lock(IMPORTING)))
    digest = digest_plan(plan)
    before = await connection.scalar(select(plans.c.id).where(plans.c.digest == digest))
    if before is not None:
        raise Conflict(f"这个方案已经导入过，编号 {before}", f"this plan has been imported already, as plan {before}")
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    homes = dict(zip(plan.grids["grid_code"], plan.grids["community_code"], strict=True))
    _refuse_contradictions(plan, names, homes)
    await _refuse_another_county(connection, list(names))
    communities = await make_communities(connection, names, town_codes=town_codes or {})
    grids = await make_grids(connection, {code: communities[home] for code, home in homes.items()})
    row = {
        "title": title,
        "digest": digest,
        "about": dict(plan.about),
        "columns": list_columns(plan),
        "created_by": act.actor,
    }
    plan_id = int((await connection.execute(insert(plans).values(row).returning(plans.c.id))).scalar_one())
    await write_content(connection, plan_id, plan, communities=communities, grids=grids)
    await record_step(connection, plan_id, "draft", act)
    await record_changes(connection, [NewChange("plan.imported", plan_id)])
    return plan_id


def _refuse_contradictions(plan: Plan, names: Mapping[str, str], homes: Mapping[str, str]) -> None:
    if len(names) < len(plan.communities) or len(homes) < len(plan.grids):
        raise Refused("方案里有重复的社区编码或网格编码", "community or grid codes are repeated in the plan")
    strange = sorted({*homes.values(), *plan.units["community_code"]} - set(names))
    if strange:
        raise Refused(f"方案里没有社区 {strange[0]}", f"the plan has no community {strange[0]}")
    lost = sorted(set(plan.units["grid_code"]) - set(homes))
    if lost:
        raise Refused(f"方案里没有网格 {lost[0]}", f"the plan has no grid {lost[0]}")


async def _refuse_another_county(connection: AsyncConnection, codes: list[str]) -> None:
    known = await read_county_prefixes(connection)
    given = {code[:COUNTY_DIGITS] for code in codes if town_code_of(code) != UNKNOWN}
    if known and given and not known & given:
        raise Conflict(
            f"这是另一个县区的方案：编码以 {'、'.join(sorted(given))} 开头，库里是 {'、'.join(sorted(known))}",
            f"it is the plan of another county: codes begin with {', '.join(sorted(given))}, "
            f"those in the store with {', '.join(sorted(known))}",
        )


async def export_plan(connection: AsyncConnection, plan_id: int) -> Plan:
    """Return a plan's content as it was imported, to the last bit.

    Raises
    ------
    NotFound
        There is no such plan.
    """
    found = (
        await connection.execute(select(plans.c.columns, plans.c.about).where(plans.c.id == plan_id))
    ).one_or_none()
    if found is None:
        raise _no_plan(plan_id)
    return await read_content(connection, plan_id, found.columns, found.about)


async def delete_draft(connection: AsyncConnection, plan_id: int) -> None:
    """Delete a plan that is still a draft.

    Raises
    ------
    NotFound, Refused
        There is no such plan, or it is no draft any more.
    """
    await lock_plan(connection, plan_id)
    await connection.execute(delete(plans).where(plans.c.id == plan_id))
    await record_changes(connection, [NewChange("plan.deleted", plan_id)])


async def read_plans(connection: AsyncConnection, *, area: Area = COUNTY) -> list[PlanRecord]:
    """Read the plans that touch an area, the newest first."""
    seen = select(plan_communities.c.plan_id).where(bound(area, plan_communities.c.community_id))
    question = _records().order_by(plans.c.id.desc())
    if area != COUNTY:
        question = question.where(plans.c.id.in_(seen))
    return [PlanRecord(*row) for row in await connection.execute(question)]


async def read_plan_record(connection: AsyncConnection, plan_id: int, *, area: Area = COUNTY) -> PlanRecord:
    """Read one plan without its content.

    Raises
    ------
    NotFound
        There is no such plan in the area.
    """
    seen = select(plan_communities.c.plan_id).where(bound(area, plan_communities.c.community_id))
    question = _records().where(plans.c.id == plan_id)
    if area != COUNTY:
        question = question.where(plans.c.id.in_(seen))
    row = (await connection.execute(question)).one_or_none()
    if row is None:
        raise _no_plan(plan_id)
    return PlanRecord(*row)


def _records() -> Any:
    covered = select(func.count()).where(plan_communities.c.plan_id == plans.c.id).scalar_subquery()
    wanted = ("id", "title", "status", "digest", "about", "created_by", "created_at", "effective", "withdrawn_on")
    return select(*[plans.c[name] for name in wanted], covered)


async def read_steps(connection: AsyncConnection, plan_id: int) -> list[StepTaken]:
    """Read the steps that a plan has taken, in their order."""
    wanted = ("step", "at", "actor", "unit", "document_number", "why", "notice")
    question = select(*[plan_steps.c[name] for name in wanted]).where(plan_steps.c.plan_id == plan_id)
    rows = await connection.execute(question.order_by(plan_steps.c.id))
    return [StepTaken(**{**row._mapping, "notice": _days(row.notice)}) for row in rows]  # noqa: SLF001  its public name


def _days(notice: Range[date] | None) -> tuple[date, date] | None:
    if notice is None or notice.lower is None or notice.upper is None:
        return None
    return notice.lower, date.fromordinal(notice.upper.toordinal() - 1)


async def take_step(
    connection: AsyncConnection,
    plan_id: int,
    step: str,
    act: Act,
    *,
    skippable: frozenset[str] = frozenset(),
    notice: tuple[date, date] | None = None,
) -> None:
    """Take a plan to its next step before publication: reviewed, public_notice or approved.

    Parameters
    ----------
    skippable
        Steps that need not be taken.
    notice
        The first and last day of the public notice; needed for that step and for no other.

    Raises
    ------
    NotFound
        There is no such plan.
    Conflict
        A step before it has not been taken, or the plan is past it.
    Refused
        The step is none of these, or its dates are missing or impossible.
    """
    if step not in PLAN_STEPS[1:4]:
        raise Refused(f"没有这一步：{step}", f"there is no such step: {step}")
    if (notice is not None) != (step == "public_notice"):
        raise Refused(
            "公示须有起止日期，其他步骤没有", "a public notice needs its first and last day, other steps none"
        )
    if notice is not None and notice[1] < notice[0]:
        raise Refused(f"公示止于 {notice[1]}，早于起始的 {notice[0]}", "the public notice ends before it begins")
    status = await lock_plan(connection, plan_id)
    require_steps(status, step, skippable)
    await connection.execute(update(plans).where(plans.c.id == plan_id).values(status=step))
    await record_step(connection, plan_id, step, act, notice=notice)
    await record_changes(connection, [NewChange(f"plan.{step}", plan_id)])


def require_steps(status: str, step: str, skippable: frozenset[str]) -> None:
    """Refuse a step that the plan is past, or before which one is missing.

    Raises
    ------
    Conflict
        As said.
    """
    here, there = PLAN_STEPS.index(status), PLAN_STEPS.index(step)
    if there <= here:
        raise Conflict(f"方案已到 {status}，不能再 {step}", f"the plan is {status} already and cannot be {step} again")
    missing = [name for name in PLAN_STEPS[here + 1 : there] if name not in skippable]
    if missing:
        raise Conflict(f"还没有经过 {'、'.join(missing)}", f"it has not been {', '.join(missing)} yet")


async def record_step(
    connection: AsyncConnection, plan_id: int, step: str, act: Act, *, notice: tuple[date, date] | None = None
) -> None:
    """Write down that a step was taken."""
    days = Range(notice[0], notice[1], bounds="[]") if notice else None
    row = {"actor": act.actor, "unit": act.unit, "document_number": act.document_number, "why": act.why}
    await connection.execute(insert(plan_steps).values(plan_id=plan_id, step=step, notice=days, **row))


async def lock_plan(connection: AsyncConnection, plan_id: int) -> str:
    """Hold a plan until the transaction ends and return its status.

    Raises
    ------
    NotFound
        There is no such plan.
    """
    status = await connection.scalar(select(plans.c.status).where(plans.c.id == plan_id).with_for_update())
    if status is None:
        raise _no_plan(plan_id)
    return str(status)


def _no_plan(plan_id: int) -> NotFound:
    return NotFound(f"没有编号为 {plan_id} 的方案", f"there is no plan {plan_id}")
