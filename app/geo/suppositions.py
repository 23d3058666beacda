"""What might be added: another room, another project; and what that would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.geo.assessment import Assessment, Change, Community, add_households, assess, compare
from app.geo.projects import Phase
from app.geo.rooms import Counting, Room
from app.geo.standards import Standard

__all__ = ["Supposition", "suppose"]


@dataclass(frozen=True)
class Supposition:
    """A room of so many m², or a project of so many households that brings so many m²; taken as evidenced, in use."""

    community_code: str
    area_m2: float = 0.0
    households: float | None = None
    """None where it is a room alone."""


def suppose(
    suppositions: Sequence[Supposition],
    communities: Sequence[Community],
    rooms: Sequence[Room],
    phases: Sequence[Phase],
    standards: Sequence[Standard],
    *,
    as_of: date,
    counting: Counting | None = None,
) -> tuple[Assessment, tuple[Change, ...]]:
    """Judge everything with what might be added, and tell which communities that changes."""
    before = assess(communities, rooms, phases, standards, as_of=as_of, counting=counting)
    more_rooms, more_phases = _make(suppositions, as_of)
    after = assess(
        add_households(communities, more_phases),
        (*rooms, *more_rooms),
        (*phases, *more_phases),
        standards,
        as_of=as_of,
        counting=counting,
    )
    return after, compare(before, after)


def _make(suppositions: Sequence[Supposition], as_of: date) -> tuple[list[Room], list[Phase]]:
    rooms, phases = [], []
    for number, one in enumerate(suppositions, 1):
        name, code, area = f"假设 {number}", one.community_code, one.area_m2
        if area:
            rooms.append(
                Room(name, code, name, "service_station", area, evidence="title", evidence_number=name, in_use=True)
            )
        if one.households is not None:
            phases.append(
                Phase(
                    *(name, name, "", code, one.households, as_of, "启用", area, area, area),
                    combined=True,
                    title_number=name,
                    receiver=name,
                )
            )
    return rooms, phases
