"""Publication and withdrawal: what is in force where, from which day, in one transaction under one lock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from geoalchemy2 import WKBElement
from sqlalchemy import ARRAY, BigInteger, all_, any_, delete, exists, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geo.crs import DEGREES
from app.geo.promises import PROMISE_WORDS, Scorecard
from app.geo.soundness import check_soundness
from app.geo.stitches import stitch
from app.store.assignments import hold_off_assignments
from app.store.changes import NewChange, record_changes
from app.store.errors import Conflict, NotFound, Refused
from app.store.findings import assess_stored, record_findings
from app.store.plans import Act, lock_plan, record_step, require_steps
from app.store.published import shape_on
from app.store.tables import SRID, assignments, grid_revisions, grids, in_force, plan_communities, plan_grids, plans

__all__ = ["Published", "Withdrawn", "publish", "withdraw"]

PUBLISHING = 0x4A580003
"""Number of the lock that a publication or a withdrawal holds until it is committed."""
MOST_PLACES = 5
NEAR_DEGREES = 1e-5
"""Communities this close to a plan's are looked at for borders that do not fit: about a metre."""
OVERLAP_DEGREES = 5e-5


@dataclass(frozen=True)
class Published:
    """What a publication came to."""

    plan_id: int
    effective: date
    communities: int
    grids: int
    ended_assignments: int
    """Of grids that the plan no longer has."""
    revision: int


@dataclass(frozen=True)
class Withdrawn:
    """What a withdrawal came to: in how many communities nothing is in force now, and in how many another plan."""

    plan_id: int
    on: date
    left_without: int
    replaced: int
    revision: int


async def publish(
    connection: AsyncConnection,
    plan_id: int,
    *,
    effective: date,
    act: Act,
    skippable: frozenset[str] = frozenset(),
) -> Published:
    """Put a plan in force from a day on, in the communities it covers and no others.

    What was in force there ends the day before. The grids are read back and every promise of cover and borders is
    checked again on the bytes that will be served, before anything changes.

    Parameters
    ----------
    skippable
        Steps of approval that need not have been taken.

    Raises
    ------
    NotFound
        There is no such plan.
    Conflict
        Somebody else is publishing at this moment; a step of approval is missing; or a plan that begins later is
        already in force, or will be, in one of the communities.
    Refused
        A promise is broken.
    """
    await _hold(connection)
    status = await lock_plan(connection, plan_id)
    require_steps(status, "published", skippable)
    covered = await _covered(connection, plan_id)
    await _refuse_unsound(connection, plan_id, covered, effective)
    await _put_in_force(connection, plan_id, covered, effective)
    values = {"status": "published", "effective": effective}
    await connection.execute(update(plans).where(plans.c.id == plan_id).values(values))
    await record_step(connection, plan_id, "published", act)
    await hold_off_assignments(connection)
    ended = await _end_assignments(connection, plan_id, covered, effective)
    await _record_findings(connection, plan_id, effective)
    count = await connection.scalar(select(func.count()).where(plan_grids.c.plan_id == plan_id))
    details = {"plan_id": plan_id, "effective": effective.isoformat()}
    news = [NewChange("plan.published", plan_id, one, details=details) for one in covered]
    revision = await record_changes(connection, [*ended, *news])
    return Published(plan_id, effective, len(covered), int(count or 0), len(ended), revision)


async def _record_findings(connection: AsyncConnection, plan_id: int, effective: date) -> None:
    """Keep how the communities of a plan stand by the standards on its first day, where rooms are known."""
    found = await assess_stored(connection, on=effective)
    mine = select(plan_communities.c.community_code).where(plan_communities.c.plan_id == plan_id)
    codes = set((await connection.execute(mine)).scalars())
    here = tuple(one for one in found.communities if one.community.code in codes)
    await record_findings(connection, replace(found, communities=here), plan_id=plan_id)


async def withdraw(
    connection: AsyncConnection, plan_id: int, *, on: date, act: Act, again: int | None = None
) -> Withdrawn:
    """End a plan's validity: `on` is the first day on which it no longer holds; not before it came into force.

    What it replaced stays replaced, unless `again` names an earlier plan: that one is then in force again from that day
    on, in those of its communities that are left without.

    Raises
    ------
    NotFound
        There is no such plan.
    Conflict
        Somebody else is publishing at this moment, or the plan is not in force that day or later.
    Refused
        That day lies before the first of its validity; `again` was never in force, or covers none of these communities.
    """
    await _hold(connection)
    if await lock_plan(connection, plan_id) != "published":
        raise Conflict(f"方案 {plan_id} 没有生效，不能废止", f"plan {plan_id} is not in force and cannot be withdrawn")
    mine = in_force.c.plan_id == plan_id
    beyond = func.upper_inf(in_force.c.valid) | (func.upper(in_force.c.valid) > on)
    found = await connection.execute(
        select(in_force.c.community_id, func.lower(in_force.c.valid))
        .where(mine, beyond, ~func.isempty(in_force.c.valid))
        .with_for_update()
    )
    begun = {int(community_id): first for community_id, first in found}
    freed = sorted(begun)
    if not freed:
        raise Conflict(
            f"方案 {plan_id} 到 {on} 已被其他方案全部取代", f"by {on}, plan {plan_id} is replaced by others everywhere"
        )
    first = min(begun.values())
    if on < first:
        raise Refused(
            f"方案 {plan_id} 自 {first} 起生效，废止日不能早于这一天",
            f"plan {plan_id} is in force from {first} on and cannot be withdrawn for an earlier day",
        )
    await connection.execute(delete(in_force).where(mine, func.lower(in_force.c.valid) >= on))
    await connection.execute(
        update(in_force).where(mine, beyond).values(valid=func.daterange(func.lower(in_force.c.valid), on))
    )
    values = {"status": "withdrawn", "withdrawn_on": on}
    await connection.execute(update(plans).where(plans.c.id == plan_id).values(values))
    await record_step(connection, plan_id, "withdrawn", act)
    replaced = [] if again is None else await _revive(connection, again, freed, on, act)
    details = {"plan_id": plan_id, "on": on.isoformat()}
    news = [NewChange("plan.withdrawn", plan_id, one, details=details) for one in freed]
    if again is not None:
        details = {"plan_id": again, "effective": on.isoformat()}
        news += [NewChange("plan.published", again, one, details=details) for one in replaced]
    revision = await record_changes(connection, news)
    return Withdrawn(plan_id, on, len(freed) - len(replaced), len(replaced), revision)


async def _revive(connection: AsyncConnection, again: int, freed: Sequence[int], on: date, act: Act) -> list[int]:
    if await lock_plan(connection, again) not in ("published", "withdrawn"):
        raise Refused(f"方案 {again} 从未生效", f"plan {again} was never in force")
    covered = [one for one in await _covered(connection, again) if one in set(freed)]
    if not covered:
        raise Refused(f"方案 {again} 不涉及这些社区", f"plan {again} covers none of these communities")
    await _refuse_unsound(connection, again, covered, on)
    await _put_in_force(connection, again, covered, on)
    await connection.execute(update(plans).where(plans.c.id == again).values(status="published", withdrawn_on=None))
    await record_step(connection, again, "published", act)
    return covered


async def _hold(connection: AsyncConnection) -> None:
    held = await connection.scalar(select(func.pg_try_advisory_xact_lock(PUBLISHING)))
    if not held:
        raise Conflict(
            "别人正在发布或废止方案，请稍后再试", "somebody else is publishing or withdrawing; try again later"
        )


async def _covered(connection: AsyncConnection, plan_id: int) -> list[int]:
    wanted = select(plan_communities.c.community_id).where(plan_communities.c.plan_id == plan_id)
    return sorted(int(row[0]) for row in await connection.execute(wanted))


async def _put_in_force(connection: AsyncConnection, plan_id: int, covered: Sequence[int], effective: date) -> None:
    among = in_force.c.community_id == any_(literal(list(covered), ARRAY(BigInteger)))
    rows = await connection.execute(
        select(in_force.c.plan_id, in_force.c.valid).where(among, ~func.isempty(in_force.c.valid)).with_for_update()
    )
    later = sorted({(row.valid.lower, row.plan_id) for row in rows if row.valid.lower > effective})
    if later:
        day, other = later[-1]
        raise Conflict(
            f"方案 {other} 自 {day} 起生效，晚于 {effective}：请改用 {day} 或之后的生效日期，或先废止它",
            f"plan {other} is in force from {day}, later than {effective}: choose that day or a later one, "
            "or withdraw that plan first",
        )
    open_then = in_force.c.valid.contains(literal(effective))
    same_day = func.lower(in_force.c.valid) == effective
    await connection.execute(delete(in_force).where(among, same_day))
    await connection.execute(
        update(in_force).where(among, open_then).values(valid=func.daterange(func.lower(in_force.c.valid), effective))
    )
    rows_new = [{"community_id": one, "plan_id": plan_id, "valid": Range(effective, None)} for one in covered]
    await connection.execute(insert(in_force), rows_new)


async def _end_assignments(
    connection: AsyncConnection, plan_id: int, covered: Sequence[int], effective: date
) -> list[NewChange]:
    """End the assignments to grids of these communities that the plan no longer has."""
    kept = select(plan_grids.c.grid_id).where(plan_grids.c.plan_id == plan_id)
    gone = select(grids.c.id).where(
        grids.c.community_id == any_(literal(list(covered), ARRAY(BigInteger))), grids.c.id.not_in(kept)
    )
    theirs = assignments.c.grid_id.in_(gone)
    back = (assignments.c.id, assignments.c.grid_id)
    after = delete(assignments).where(theirs, func.lower(assignments.c.valid) >= effective).returning(*back)
    during = (
        update(assignments)
        .where(theirs, assignments.c.valid.contains(literal(effective)))
        .values(valid=func.daterange(func.lower(assignments.c.valid), effective))
        .returning(*back)
    )
    homes = {
        row.id: row.community_id
        for row in await connection.execute(select(grids.c.id, grids.c.community_id).where(grids.c.id.in_(gone)))
    }
    news = []
    for kind, statement in (("assignment.deleted", after), ("assignment.ended", during)):
        for row in await connection.execute(statement):
            details = {"on": effective.isoformat(), "plan_id": plan_id}
            news.append(NewChange(kind, row.id, homes[row.grid_id], row.grid_id, details))
    return news


async def _refuse_unsound(connection: AsyncConnection, plan_id: int, covered: Sequence[int], effective: date) -> None:
    """Check the promises on the bytes that lie in the database, alone and beside what will be in force around it.

    Where only vertices are missing on a border with a neighbour, they are added on both sides, as revisions of the
    grids' shapes; no vertex is moved.
    """
    here = plan_communities.c.community_id == any_(literal(list(covered), ARRAY(BigInteger)))
    which = select(plan_communities.c.plan_id, plan_communities.c.community_id)
    which = which.where(plan_communities.c.plan_id == plan_id, here)
    communities, ours = await _read_drawn(connection, which, effective)
    if not len(communities):
        raise NotFound(f"方案 {plan_id} 没有内容", f"plan {plan_id} has no content")
    card = await asyncio.to_thread(check_soundness, ours, communities)
    if card.broken:
        raise _broken(plan_id, card)
    neighbours, theirs = await _read_drawn(connection, _around(plan_id, covered, effective), effective)
    if not len(theirs):
        return
    await asyncio.to_thread(_refuse_overlap, communities, neighbours)
    shapes = await asyncio.to_thread(stitch, ours.geometry.to_numpy(), theirs.geometry.to_numpy())
    sewn = [
        frame.set_geometry(gpd.GeoSeries(stitched, index=frame.index, crs=DEGREES))
        for frame, stitched in zip((ours, theirs), shapes, strict=True)
    ]
    all_grids, all_communities = (pd.concat(frames, ignore_index=True) for frames in (sewn, (communities, neighbours)))
    card = await asyncio.to_thread(check_soundness, all_grids, all_communities)
    if card.broken:
        raise _broken(plan_id, card)
    revised = [
        {
            "plan_id": int(grid.plan_id),
            "grid_id": int(grid.grid_id),
            "since": effective,
            "cause_id": plan_id,
            "geometry": WKBElement(shapely.to_wkb(grid.geometry, byte_order=1), srid=SRID),
        }
        for before, after in zip((ours, theirs), sewn, strict=True)
        for was, grid in zip(before.geometry, after.itertuples(), strict=True)
        if was is not grid.geometry and not shapely.equals_identical(was, grid.geometry)
    ]
    if revised:
        await connection.execute(insert(grid_revisions), revised)


def _refuse_overlap(communities: gpd.GeoDataFrame, neighbours: gpd.GeoDataFrame) -> None:
    """Refuse outlines that lie on what is in force beside them by more than about 5 m, as input layers are refused."""
    ours, theirs = communities.geometry.to_numpy(), neighbours.geometry.to_numpy()
    for there, here in shapely.STRtree(ours).query(theirs, predicate="intersects").T.tolist():
        common = shapely.intersection(ours[here], theirs[there])
        body = shapely.buffer(common, -OVERLAP_DEGREES / 2)
        if body.is_empty:
            continue
        x, y = shapely.get_coordinates(shapely.point_on_surface(body))[0]
        one, other = communities["community_code"].iloc[here], neighbours["community_code"].iloc[there]
        raise Refused(
            f"社区 {one} 与已生效的社区 {other} 重叠，位于 {x:.6f}, {y:.6f}：请改正边界，或把两个社区放进同一方案",
            f"community {one} overlaps {other}, which is in force, at {x:.6f}, {y:.6f}: mend the outlines, "
            "or publish both in one plan",
        )


def _around(plan_id: int, covered: Sequence[int], effective: date) -> Any:
    """Select what is in force that day in the communities beside those of a plan, as plan_id and community_id."""
    theirs, ours = plan_communities.alias(), plan_communities.alias()
    among = literal(list(covered), ARRAY(BigInteger))
    near = func.ST_DWithin(ours.c.geometry, theirs.c.geometry, NEAR_DEGREES)
    return (
        select(in_force.c.plan_id, in_force.c.community_id)
        .join(theirs, (theirs.c.plan_id == in_force.c.plan_id) & (theirs.c.community_id == in_force.c.community_id))
        .where(
            in_force.c.valid.contains(literal(effective)),
            in_force.c.community_id != all_(among),
            exists().where(ours.c.plan_id == plan_id, ours.c.community_id == any_(among), near),
        )
    )


async def _read_drawn(
    connection: AsyncConnection, which: Any, effective: date
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Read communities and grids of some (plan_id, community_id) as they are drawn that day, from the bytes kept."""
    chosen = which.subquery()
    of = plan_communities
    rows = await connection.execute(
        select(of.c.community_code, of.c.name, func.ST_AsBinary(of.c.geometry, "NDR"))
        .join(chosen, (chosen.c.plan_id == of.c.plan_id) & (chosen.c.community_id == of.c.community_id))
        .order_by(of.c.community_code)
    )
    communities = _frame(rows.all(), ["community_code", "name"])
    rows = await connection.execute(
        select(
            plan_grids.c.plan_id,
            plan_grids.c.grid_id,
            plan_grids.c.grid_code,
            plan_grids.c.name,
            of.c.community_code,
            func.ST_AsBinary(shape_on(literal(effective)), "NDR"),
        )
        .join(chosen, (chosen.c.plan_id == plan_grids.c.plan_id) & (chosen.c.community_id == plan_grids.c.community_id))
        .join(of, (of.c.plan_id == plan_grids.c.plan_id) & (of.c.community_id == plan_grids.c.community_id))
        .order_by(plan_grids.c.grid_code)
    )
    return communities, _frame(rows.all(), ["plan_id", "grid_id", "grid_code", "name", "community_code"])


def _frame(rows: Sequence[Any], columns: list[str]) -> gpd.GeoDataFrame:
    table = pd.DataFrame([tuple(row[:-1]) for row in rows], columns=columns)
    shapes = shapely.from_wkb([row[-1] for row in rows])
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(list(shapes), index=table.index, crs=DEGREES))


def _broken(plan_id: int, card: Scorecard) -> Refused:
    chinese = "；".join(f"{PROMISE_WORDS[name][0]} {card.values[name]:g}" for name in card.broken)
    english = "; ".join(f"{PROMISE_WORDS[name][1]} {card.values[name]:g}" for name in card.broken)
    spots = card.places[:MOST_PLACES]
    places = "、".join(f"{one.code}（{one.longitude:.6f}, {one.latitude:.6f}，{one.words_zh}）" for one in spots)
    spots_en = "; ".join(f"{one.code} ({one.longitude:.6f}, {one.latitude:.6f}: {one.words_en})" for one in spots)
    return Refused(
        f"方案 {plan_id} 违背承诺，未发布：{chinese}。位置：{places}。请改正方案后重新导入",
        f"plan {plan_id} breaks promises and was not published: {english}. Where: {spots_en}. "
        "Mend it and import it again",
    )
