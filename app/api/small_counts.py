"""Small counts below the community: who may see them, and what others are told instead. The one place that decides.

A count under ten of a grid or a spot tells of single homes. Those who work there see it; systems do not. Where one grid
of a community is withheld, the next smallest is withheld with it, or the total of the community would tell the first.
Counts that stand one by one are told in tens: what two versions or neighbouring questions differ by tells of nobody;
and what the total of the community leaves for a grid that is withheld is anything below ten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.api.areas import Caller

__all__ = ["LEAST", "sees_small_counts", "tell_count", "tell_feature", "tell_grids", "tell_places", "tell_units"]

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


def tell_count(caller: Caller, count: float | None) -> float | None:
    """Return a count as somebody may see it: as it is, or in tens and none of those under ten."""
    if not count or sees_small_counts(caller):
        return count
    return None if count < LEAST else round(count, -1)


def tell_feature(caller: Caller, feature: bytes) -> bytes:
    """Return a grid or unit, as PostGIS has written it, as somebody may see it.

    Its shape is not read. The reason of a grid outside the band names its number of households, so it goes too.
    """
    if sees_small_counts(caller):
        return feature
    head, mark, rest = feature.partition(b',"properties":')
    properties = json.loads(rest[:-1])
    counts = {name: tell_count(caller, properties[name]) for name in ("households", "persons") if name in properties}
    if any(count is None and properties[name] is not None for name, count in counts.items()):
        counts["withheld"] = True
    properties |= counts
    if properties.get("reason"):
        properties["reason"] = ""
    return head + mark + json.dumps(properties, ensure_ascii=False, separators=(",", ":")).encode() + b"}"


def tell_units(caller: Caller, collection: bytes) -> bytes:
    """Return a FeatureCollection of units as somebody may see it."""
    if sees_small_counts(caller):
        return collection
    told = json.loads(collection)
    for feature in told["features"]:
        properties = feature["properties"]
        count = tell_count(caller, properties["households"])
        withheld = {"withheld": True} if count is None and properties["households"] is not None else {}
        feature["properties"] = {**properties, "households": count, **withheld}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


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
