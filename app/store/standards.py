"""The standards by which rooms and projects are judged, as they were taken in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geo.standards import Standard
from app.store.changes import NewChange, record_changes
from app.store.tables import standards

__all__ = ["read_standards", "replace_standards"]

DAYS = ("valid_from", "valid_until")


async def replace_standards(connection: AsyncConnection, new: Sequence[Standard]) -> None:
    """Replace the standards in force by others, whole."""
    await connection.execute(delete(standards))
    rows = [
        {"standard_code": one.id, "position": position, "enabled": one.enabled, "facts": _plain(one)}
        for position, one in enumerate(new)
    ]
    if rows:
        await connection.execute(insert(standards), rows)
    enabled = [one.id for one in new if one.enabled]
    await record_changes(connection, [NewChange("standards.replaced", 0, details={"enabled": enabled})])


async def read_standards(connection: AsyncConnection) -> list[Standard]:
    """Read the standards, in the order in which they were given."""
    question = select(standards.c.standard_code, standards.c.enabled, standards.c.facts).order_by(standards.c.position)
    return [_standard(code, enabled, facts) for code, enabled, facts in await connection.execute(question)]


def _plain(one: Standard) -> dict[str, Any]:
    plain: dict[str, Any] = {
        field.name: getattr(one, field.name) for field in fields(one) if field.name not in ("id", "enabled")
    }
    plain |= {name: plain[name].isoformat() for name in DAYS if plain[name] is not None}
    return {**plain, "settlements": sorted(one.settlements), "replaces": list(one.replaces)}


def _standard(code: str, enabled: bool, facts: Mapping[str, Any]) -> Standard:
    read = {**facts, "settlements": frozenset(facts["settlements"]), "replaces": tuple(facts["replaces"])}
    read |= {name: date.fromisoformat(facts[name]) for name in DAYS if facts[name] is not None}
    return Standard(id=code, enabled=enabled, **read)
