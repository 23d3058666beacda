"""What was found on a day, under a plan: kept as it was, whatever the ledgers say later."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geo.assessment import Assessment, Community, assess
from app.geo.projects import Phase
from app.geo.rooms import Room
from app.geo.standards import Standard
from app.store.areas import COUNTY, Area, bound
from app.store.places import find_communities
from app.store.projects import read_phases
from app.store.rooms import read_judged, read_rooms
from app.store.standards import read_standards
from app.store.tables import findings

__all__ = ["KeptFinding", "Ledgers", "assess_stored", "read_findings", "read_ledgers", "record_findings"]


@dataclass(frozen=True)
class KeptFinding:
    """A finding as it was recorded; areas in m², None where unknown."""

    plan_id: int | None
    as_of: date
    at: datetime
    standard: str
    required: float | None
    counted: float | None
    pending: float
    shortfall: float | None
    status: str
    advisory: bool
    binding: bool
    words: str


@dataclass(frozen=True)
class Ledgers:
    """Everything that is judged, and by what."""

    communities: list[Community]
    rooms: list[Room]
    phases: list[Phase]
    standards: list[Standard]


async def read_ledgers(connection: AsyncConnection, *, on: date) -> Ledgers:
    """Read what is judged on a day, of the whole county: rooms are shared across its areas."""
    return Ledgers(
        await read_judged(connection, on=on),
        await read_rooms(connection, on=on),
        await read_phases(connection, on=on),
        await read_standards(connection),
    )


async def assess_stored(connection: AsyncConnection, *, on: date) -> Assessment:
    """Judge what lies in the store as of a day."""
    held = await read_ledgers(connection, on=on)
    given = (held.communities, held.rooms, held.phases, held.standards)
    return await asyncio.to_thread(assess, *given, as_of=on)


async def record_findings(
    connection: AsyncConnection, found: Assessment, *, plan_id: int | None, homes: Mapping[str, int] | None = None
) -> int:
    """Keep what was found, under the plan that it goes with; return how many findings there are."""
    codes = [one.community.code for one in found.communities]
    known = homes if homes is not None else await find_communities(connection, codes)
    rows = [
        {
            "plan_id": plan_id,
            "as_of": found.as_of,
            "community_id": known[one.community.code],
            "standard_code": finding.standard.id,
            "required": finding.required,
            "counted": finding.counted,
            "pending": finding.pending,
            "shortfall": finding.shortfall,
            "status": finding.status,
            "advisory": finding.advisory,
            "binding": finding is one.binding,
            "words": finding.words,
        }
        for one in found.communities
        for finding in one.findings
    ]
    if rows:
        await connection.execute(insert(findings), rows)
    return len(rows)


async def read_findings(
    connection: AsyncConnection, community_code: str, *, area: Area = COUNTY, most: int = 1000
) -> list[KeptFinding]:
    """Read what was found in a community, the newest first."""
    homes = await find_communities(connection, [community_code])
    of = findings.c
    columns = (of.required, of.counted, of.pending, of.shortfall, of.status, of.advisory, of.binding, of.words)
    question: Select[Any] = (
        select(of.plan_id, of.as_of, of.at, of.standard_code, *columns)
        .where(of.community_id == homes.get(community_code, -1), bound(area, of.community_id))
        .order_by(of.at.desc(), of.id)
        .limit(most)
    )
    return [KeptFinding(*row) for row in await connection.execute(question)]
