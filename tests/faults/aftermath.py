"""What must be true after a kill, asked of the database itself: nothing acknowledged lost, nothing there by halves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg

from app.settings import StoreSettings
from app.store.audit_archive import read_heads
from app.store.audit_check import check_audit
from app.store.connect import open_store

if TYPE_CHECKING:
    from drill import Drill

__all__ = ["RULES", "look"]

PATIENCE_SECONDS = 60.0

RULES = {
    "plans with another number of grids, communities, units or borders than they were made with": """
        SELECT count(*) FROM plans WHERE (4, 2, 4, 2) <> (
            (SELECT count(*) FROM plan_grids WHERE plan_id = plans.id),
            (SELECT count(*) FROM plan_communities WHERE plan_id = plans.id),
            (SELECT count(*) FROM plan_units WHERE plan_id = plans.id),
            (SELECT count(*) FROM plan_borders WHERE plan_id = plans.id))""",
    "plans in force in one community alone": """
        SELECT count(*) FROM (
            SELECT FROM in_force WHERE NOT isempty(valid) GROUP BY plan_id HAVING count(*) <> 2) AS halves""",
    "published plans without a day or a step": """
        SELECT count(*) FROM plans WHERE status = 'published' AND (effective IS NULL
            OR NOT EXISTS (SELECT FROM plan_steps WHERE plan_id = plans.id AND step = 'published'))""",
    "plans in force that are not published": """
        SELECT count(*) FROM in_force JOIN plans ON plans.id = plan_id WHERE status <> 'published'""",
    "gaps in the changes": "SELECT coalesce(max(number), 0) - count(*) FROM changes",
    "changes beyond their counter or behind it": """
        SELECT number - (SELECT coalesce(max(number), 0) FROM changes) FROM counters WHERE name = 'changes'""",
    "assignments without their change": """
        SELECT count(*) FROM assignments WHERE NOT EXISTS (
            SELECT FROM changes WHERE kind = 'assignment.created' AND subject_id = assignments.id)""",
    "changes without their assignment": """
        SELECT count(*) FROM changes WHERE kind = 'assignment.created' AND NOT EXISTS (
            SELECT FROM assignments WHERE id = subject_id)""",
    "more or fewer assignments than the audit knows of": """
        SELECT (SELECT count(*) FROM assignments)
            - (SELECT count(*) FROM audit WHERE action = 'POST /assignments' AND result = 'ok')""",
    "more or fewer publications than the audit knows of, beside the first": """
        SELECT (SELECT count(*) - 1 FROM plans WHERE status = 'published')
            - (SELECT count(*) FROM audit WHERE action = 'POST /plans/{number}/publication' AND result = 'ok')""",
    "ledgers of which a part is there": """
        SELECT count(*) FROM (SELECT FROM rooms GROUP BY name HAVING count(*) <> 5) AS halves""",
    "ledgers beside each other": "SELECT greatest(count(DISTINCT name) - 1, 0) FROM rooms",
}
"""What there must be none of."""


def look(drill: Drill, *, whole: bool) -> list[str]:
    """Return what is wrong; the whole audit is recomputed only where that is wanted."""

    async def go() -> list[str]:
        url = drill.served.url
        try:
            connection = await _connect(url)
        except (OSError, asyncpg.PostgresError) as error:
            return [f"the database is not there: {error!r}\n{drill.served.log()}"]
        try:
            found = [one async for one in _faults(drill, connection)]
        finally:
            await connection.close()
        if whole:
            found += await _faults_of_audit(drill, url)
        return found

    return asyncio.run(go())


async def _connect(url: str) -> asyncpg.Connection:
    """Connect, also where the service took a last change by a connection that outlived the database's first process."""
    over = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await asyncpg.connect(url)
        except (OSError, asyncpg.PostgresError):
            if time.monotonic() > over:
                raise
            await asyncio.sleep(0.1)


async def _faults(drill: Drill, connection: asyncpg.Connection) -> AsyncIterator[str]:
    for words, question in RULES.items():
        if found := await connection.fetchval(question):
            yield f"{words}: {found}"
    rows = await connection.fetch("SELECT id, person_id, lower(valid) FROM assignments")
    kept = {row[0]: (row[1], row[2].isoformat()) for row in rows}
    lost = sorted(number for number, told in drill.assigned.items() if kept.get(number) != told)
    if lost:
        yield f"acknowledged assignments are lost: {lost}"
    plans = {row[0]: row[1] for row in await connection.fetch("SELECT id, status FROM plans")}
    if lost := sorted(drill.known - plans.keys()):
        yield f"acknowledged plans are lost: {lost}"
    if lost := sorted(number for number in drill.published if plans.get(number) != "published"):
        yield f"acknowledged publications are lost: {lost}"
    mark = await connection.fetchval("SELECT min(name) FROM rooms") or ""
    if mark not in drill.ledgers:
        yield f"the ledger {mark!r} is there, of {sorted(drill.ledgers)} the first was acknowledged"


async def _faults_of_audit(drill: Drill, url: str) -> list[str]:
    folder = drill.served.folder
    async with open_store(url, StoreSettings(url, folder)) as store, store.reading() as reading:
        kept = folder / "data" / "audit"
        report = await check_audit(reading, kept, None, read_heads(kept))
        return [f"audit: {english}" for _, english in report.faults]
