"""Small counts below the community: who may see them, and what others are told instead. The one place that decides.

A count under ten of a grid or a spot tells of single homes. Those who work there see it; systems do not. Where one grid
of a community is withheld, the next smallest is withheld with it, or the total of the community would tell the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.api.areas import Caller

__all__ = ["LEAST", "sees_small_counts", "tell_grids", "tell_places"]

LEAST = 10
ROLES = frozenset({"county", "planner", "town", "community", "worker"})
COUNTS = (
    *("households", "households_within", "share", "persons", "persons_within", "persons_share"),
    *("households_in_circle", "over_claimed"),
)


def sees_small_counts(caller: Caller) -> bool:
    """Tell whether somebody may see small counts of the own area."""
    return caller.role in ROLES


def tell_grids(
    caller: Caller, rows: Sequence[Mapping[str, Any]], community_of: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return shares of coverage of grids as somebody may see them; `withheld` marks those without numbers."""
    if sees_small_counts(caller):
        return [dict(row) for row in rows]
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, row in enumerate(rows):
        group = (community_of.get(row["code"], ""), row["facility_class"], row["within_m"])
        groups.setdefault(group, []).append(place)
    small = {place for place, row in enumerate(rows) if _is_small(row)}
    for places in groups.values():
        hidden = [place for place in places if place in small]
        others = [place for place in places if place not in small]
        if len(hidden) == 1 and others:
            small.add(min(others, key=lambda place: rows[place]["households"]))
    return [_withhold(row, COUNTS) if place in small else dict(row) for place, row in enumerate(rows)]


def tell_places(
    caller: Caller, rows: Iterable[Mapping[str, Any]], counts: Sequence[str], *, whole: bool = True
) -> list[dict[str, Any]]:
    """Return places with counts as somebody may see them; not `whole` are those that reach beyond the own area."""
    open_to = sees_small_counts(caller) and whole
    return [
        dict(row) if open_to or not any(_few(row[name]) for name in counts) else _withhold(row, counts) for row in rows
    ]


def _is_small(row: Mapping[str, Any]) -> bool:
    """Tell whether any count of a row, or what two of them leave between them, is small."""
    households, persons = row["households"], row["persons"]
    counts = [households, row["households_within"], households - row["households_within"]]
    counts += [row["households_in_circle"], row["over_claimed"]]
    if persons is not None and row["persons_within"] is not None:
        counts += [persons, row["persons_within"], persons - row["persons_within"]]
    return any(_few(count) for count in counts)


def _few(count: float | None) -> bool:
    return count is not None and 0 < count < LEAST


def _withhold(row: Mapping[str, Any], counts: Sequence[str]) -> dict[str, Any]:
    return {**row, **dict.fromkeys(counts), "withheld": True}
