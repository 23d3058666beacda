"""New residential projects, phase by phase, as their ledger has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geo.projects import Phase
from app.store.areas import COUNTY, Area, bound
from app.store.changes import NewChange, record_changes
from app.store.places import read_codes
from app.store.tables import project_phases, projects

__all__ = ["read_phases", "replace_projects"]

SAME = (
    *("phase", "households", "conditions_on", "contract_on", "stage", "planned_m2", "built_m2", "handed_over_m2"),
    *("developer", "combined", "title_number", "receiver", "handed_over_on", "declared_rule", "trouble"),
)
"""Columns that bear the name of the field of `Phase`."""


async def replace_projects(connection: AsyncConnection, new: Sequence[Phase], homes: Mapping[str, int]) -> None:
    """Replace the ledger of projects by another, whole; `homes` tells the ids of its communities."""
    await connection.execute(delete(projects))
    ordered = sorted(new, key=lambda one: one.project_id)  # stable: phases stay in the ledger's order
    for code, group in groupby(ordered, key=lambda one: one.project_id):
        phases = list(group)
        own = {"project_code": code, "community_id": homes[phases[0].community_code], "name": phases[0].name}
        number = (await connection.execute(insert(projects).values(own).returning(projects.c.id))).scalar_one()
        rows = [
            {
                **{name: getattr(one, name) for name in SAME},
                "project_id": number,
                "position": position,
                "ledger_row": one.row,
            }
            for position, one in enumerate(phases)
        ]
        await connection.execute(insert(project_phases), rows)
    count = len({one.project_id for one in new})
    await record_changes(connection, [NewChange("projects.replaced", 0, details={"projects": count})])


async def read_phases(connection: AsyncConnection, *, on: date, area: Area = COUNTY) -> list[Phase]:
    """Read the phases of the projects of an area, by project, in the order of the ledger."""
    codes = await read_codes(connection, on=on)
    of = project_phases.c
    question = (
        select(
            projects.c.project_code,
            projects.c.name,
            projects.c.community_id,
            of.ledger_row,
            *[of[name] for name in SAME],
        )
        .join(project_phases, of.project_id == projects.c.id)
        .where(bound(area, projects.c.community_id))
        .order_by(projects.c.project_code, of.position)
    )
    return [
        Phase(project_id=code, name=name, community_code=codes[home], row=row, **dict(zip(SAME, same, strict=True)))
        for code, name, home, row, *same in await connection.execute(question)
    ]
