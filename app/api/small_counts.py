"""Small counts below the community: who may see them, and what others are told instead. The one place that decides.

A count under ten of a grid, a building or a spot tells of single homes. Those who work there see it; systems and
holders of links do not. Whatever they are told of homes and people is told in tens, and nothing under ten: of grids
and units, of shares within a walk, of blind spots, and of whole communities and the county too; what standards make
of households is reckoned from tens. A total told to the last home would tell, beside the grids, one that is withheld;
and two totals, of two versions or of two walks, would tell the one building between them. In tens they differ by
nothing or by ten, whatever it holds. Hundreds of such totals would still tell something, so `app.api.coverage` lets
them walk the usual distances alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from app.api.areas import Caller
from app.store.findings import KeptFinding, Ledgers

__all__ = [
    "LEAST",
    "sees_small_counts",
    "tell_count",
    "tell_feature",
    "tell_ledgers",
    "tell_recorded",
    "tell_rows",
    "tell_shares",
    "tell_units",
]

LEAST = 10
MOST_REMEMBERED = 1_000
ROLES = frozenset({"county", "planner", "town", "community", "worker"})
SHARES = {"share": ("households_within", "households"), "persons_share": ("persons_within", "persons")}
"""Shares, each with the part and the whole that it is of."""
COUNTS = (*SHARES["share"], *SHARES["persons_share"], "households_in_circle", "over_claimed")


def sees_small_counts(caller: Caller) -> bool:
    """Tell whether somebody may see small counts of the own area."""
    return caller.role in ROLES


def tell_shares(caller: Caller, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return shares of coverage as somebody may see them: reckoned from the counts that are told."""
    told = tell_rows(caller, rows, COUNTS)
    if not sees_small_counts(caller):
        for row in told:
            row |= {name: _divide(row[part], row[whole]) for name, (part, whole) in SHARES.items()}
    return told


def tell_rows(
    caller: Caller, rows: Iterable[Mapping[str, Any]], counts: Sequence[str], *, whole: bool = True
) -> list[dict[str, Any]]:
    """Return rows with counts as somebody may see them; `withheld` marks those of which a count is not told.

    Not `whole` are rows that reach beyond the own area: nobody bound to it works there.
    """
    if sees_small_counts(caller) and whole:
        return [dict(row) for row in rows]
    return [_tell_row(row, counts) for row in rows]


def tell_count(caller: Caller, count: float | None) -> float | None:
    """Return a count as somebody may see it: as it is, or in tens and none of those under ten."""
    return count if sees_small_counts(caller) else _in_tens(count)


def tell_feature(caller: Caller, feature: bytes) -> bytes:
    """Return a grid or a community, as PostGIS has written it, as somebody may see it.

    Its shape is not read. The reason of a grid outside the band names its number of households, so it goes too.
    """
    if sees_small_counts(caller):
        return feature
    head, mark, rest = feature.partition(b',"properties":')
    return b"%b%b%b}" % (head, mark, _tell_properties(rest[:-1]))


@lru_cache(maxsize=MOST_REMEMBERED)
def _tell_properties(written: bytes) -> bytes:
    properties = json.loads(written)
    properties = _tell_row(properties, [name for name in ("households", "persons") if name in properties])
    if properties.get("reason"):
        properties["reason"] = ""
    return json.dumps(properties, ensure_ascii=False, separators=(",", ":")).encode()


def tell_units(caller: Caller, collection: bytes) -> bytes:
    """Return a FeatureCollection of units as somebody may see it."""
    if sees_small_counts(caller):
        return collection
    told = json.loads(collection)
    for feature in told["features"]:
        feature["properties"] = _tell_row(feature["properties"], ["households"])
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def tell_ledgers(caller: Caller, held: Ledgers) -> Ledgers:
    """Return what is judged as somebody may know it, communities and projects with their households as they are told.

    Those of fewer than ten households are judged as ones of which none are known.
    """
    if sees_small_counts(caller):
        return held
    return replace(
        held,
        communities=[replace(one, households=_in_tens(one.households)) for one in held.communities],
        phases=[replace(one, households=_in_tens(one.households)) for one in held.phases],
    )


def tell_recorded(caller: Caller, recorded: KeptFinding) -> dict[str, float | None]:
    """Return the areas of a finding of before; they were reckoned from exact households, so others get none."""
    told = {name: getattr(recorded, name) for name in ("required", "counted", "pending", "shortfall")}
    return told if sees_small_counts(caller) else dict.fromkeys(told)


def _tell_row(row: Mapping[str, Any], counts: Sequence[str]) -> dict[str, Any]:
    told = {name: _in_tens(row[name]) for name in counts}
    withheld = any(count is None and row[name] is not None for name, count in told.items())
    return {**row, **told, **({"withheld": True} if withheld else {})}


def _in_tens(count: float | None) -> float | None:
    if not count:
        return count
    return None if count < LEAST else round(count, -1)


def _divide(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else round(part / whole, 4)
