"""Rooms of communities, the papers they count on, who shares them, and what the ledger says of the communities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import any_, delete, exists, func, insert, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

from app.geo.assessment import Community
from app.geo.rooms import Room
from app.store.areas import COUNTY, Area, bound
from app.store.changes import NewChange, record_changes
from app.store.places import read_codes
from app.store.tables import (
    communities,
    in_force,
    ledger_communities,
    plan_communities,
    room_evidence,
    room_shares,
    rooms,
    towns,
)

__all__ = ["MOST_ROOMS", "read_judged", "read_rooms", "replace_rooms"]

MOST_ROOMS = 1_000_000

SAME = (
    *("name", "kind", "area_m2", "office_m2", "service_m2", "elder_m2", "activity_m2", "measured_m2", "in_use"),
    *("converted", "temporary", "below_ground", "address", "storey", "acquisition", "owner", "sharing_words", "remark"),
)
"""Columns that bear the name of the field of `Room`."""


async def replace_rooms(
    connection: AsyncConnection, judged: Sequence[Community], new: Sequence[Room], homes: Mapping[str, int]
) -> None:
    """Replace the ledger of rooms by another, whole; `homes` tells the ids of its communities."""
    await connection.execute(delete(rooms))
    await connection.execute(delete(ledger_communities))
    told = [
        {"community_id": homes[one.code], "settlement": one.settlement, "households": one.households} for one in judged
    ]
    if told:
        await connection.execute(insert(ledger_communities), told)
    if new:
        written = insert(rooms).returning(rooms.c.id, sort_by_parameter_order=True)
        ids = (await connection.execute(written, [_row(one, homes) for one in new])).scalars().all()
        pairs = list(zip(ids, new, strict=True))
        shares = [
            {"room_id": number, "community_id": homes[code], "share": share}
            for number, one in pairs
            for code, share in one.shares.items()
        ]
        papers = [
            {
                "room_id": number,
                "kind": one.evidence,
                "words": one.evidence_words,
                "number": one.evidence_number,
                "dated": one.evidence_on,
                "valid_until": one.lease_until,
                "file_name": one.evidence_file,
            }
            for number, one in pairs
            if one.evidence or one.evidence_words or one.evidence_number or one.lease_until or one.evidence_file
        ]
        for table, listed in ((room_shares, shares), (room_evidence, papers)):
            if listed:
                await connection.execute(insert(table), listed)
    await record_changes(connection, [NewChange("rooms.replaced", 0, details={"rooms": len(new)})])


def _row(one: Room, homes: Mapping[str, int]) -> dict[str, Any]:
    own = {name: getattr(one, name) for name in SAME}
    codes = {"room_code": one.room_id, "community_id": homes[one.community_code]}
    return {**own, **codes, "used_by": one.user, "ledger_row": one.row}


async def read_rooms(
    connection: AsyncConnection,
    *,
    on: date,
    area: Area = COUNTY,
    code: str | None = None,
    after: str = "",
    most: int = MOST_ROOMS,
) -> list[Room]:
    """Read the rooms that the communities of an area use, by code, as the ledger had them.

    Whoever shares a room sees it, wherever it lies. `on` is the day whose codes communities bear; `code` names
    one room.
    """
    codes = await read_codes(connection, on=on)
    question = (
        select(rooms, room_evidence)
        .outerjoin(room_evidence, room_evidence.c.room_id == rooms.c.id)
        .where(rooms.c.room_code > after)
        .order_by(rooms.c.room_code)
        .limit(most)
    )
    if code is not None:
        question = question.where(rooms.c.room_code == code)
    if area != COUNTY:
        share = exists().where(room_shares.c.room_id == rooms.c.id, bound(area, room_shares.c.community_id))
        question = question.where(or_(bound(area, rooms.c.community_id), share))
    found = (await connection.execute(question)).all()
    ids = [int(row[0]) for row in found]
    of = room_shares.c
    wanted = select(of.room_id, of.community_id, of.share).where(of.room_id == any_(literal(ids, ARRAY(BigInteger))))
    shares: dict[int, dict[str, float | None]] = {}
    for room_id, community_id, share_of in await connection.execute(wanted.order_by(of.room_id, of.community_id)):
        shares.setdefault(room_id, {})[codes[community_id]] = share_of
    width = len(rooms.c)
    return [
        _room(
            dict(zip(rooms.c.keys(), row[:width], strict=True)),
            dict(zip(room_evidence.c.keys(), row[width:], strict=True)),
            codes,
            shares,
        )
        for row in found
    ]


def _room(
    row: Mapping[str, Any], paper: Mapping[str, Any], codes: Mapping[int, str], shares: Mapping[int, dict[str, Any]]
) -> Room:
    return Room(
        **{name: row[name] for name in SAME},
        room_id=row["room_code"],
        community_code=codes[row["community_id"]],
        shares=shares.get(row["id"], {}),
        user=row["used_by"],
        row=row["ledger_row"],
        evidence=paper["kind"] or "",
        evidence_words=paper["words"] or "",
        evidence_number=paper["number"] or "",
        evidence_on=paper["dated"],
        evidence_file=paper["file_name"] or "",
        lease_until=paper["valid_until"],
    )


async def read_judged(connection: AsyncConnection, *, on: date, area: Area = COUNTY) -> list[Community]:
    """Read the communities that are judged on a day, by code: those of the ledger, and those with a plan in force.

    Households are those of the plan in force, else those that were taken in with the ledger.
    """
    codes = await read_codes(connection, on=on)
    day = literal(on)
    here = (in_force.c.community_id == communities.c.id) & in_force.c.valid.contains(day)
    drawn = (plan_communities.c.plan_id == in_force.c.plan_id) & (plan_communities.c.community_id == communities.c.id)
    question = (
        select(
            communities.c.id,
            func.coalesce(func.nullif(plan_communities.c.name, ""), communities.c.name),
            func.coalesce(plan_communities.c.households, ledger_communities.c.households),
            func.coalesce(ledger_communities.c.settlement, ""),
            towns.c.name,
        )
        .join(towns, towns.c.id == communities.c.town_id)
        .outerjoin(in_force, here)
        .outerjoin(plan_communities, drawn)
        .outerjoin(ledger_communities, ledger_communities.c.community_id == communities.c.id)
        .where(
            or_(in_force.c.id.is_not(None), ledger_communities.c.community_id.is_not(None)),
            bound(area, communities.c.id),
        )
    )
    judged = [
        Community(codes[number], name, None if count is None else float(count), settlement, town)
        for number, name, count, settlement, town in await connection.execute(question)
        if number in codes
    ]
    return sorted(judged, key=lambda one: one.code)
