"""Facility standards 设施标准 as values: what each asks for, where and when it holds, and which one binds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

__all__ = [
    "ACTIVITY_SHARE",
    "AREA_METRICS",
    "COMMUNITY_SIZE",
    "LARGEST_SITE",
    "PER_100_HOUSEHOLDS",
    "Standard",
    "choose_standards",
    "in_force",
    "required_area",
]

PER_100_HOUSEHOLDS = "floor_area_per_100hh"
PER_COMMUNITY = "floor_area_per_community"
PER_PROJECT = "floor_area_per_project"
LARGEST_SITE = "floor_area_per_facility"
ACTIVITY_SHARE = "resident_activity_share"
COMMUNITY_SIZE = "households_per_community"
AREA_METRICS = frozenset({PER_100_HOUSEHOLDS, PER_COMMUNITY, PER_PROJECT, LARGEST_SITE})
"""Metrics that ask a community or a project for square metres of rooms."""

UNVERIFIED = "unverified"


@dataclass(frozen=True)
class Standard:
    """One standard, as a row of the shipped file or of a county's own."""

    id: str
    facility: str
    """The kind of facility in the words of the source."""
    part: str
    """What is measured: `rooms` all countable rooms of a community, `elder_care` or `activity` that part of them."""
    metric: str
    operator: str
    threshold: float
    unit: str
    level: str
    """community, project, facility, county, grid or tier"""
    settlements: frozenset[str]
    """urban, town, rural"""
    build: str
    """existing+new, new, existing, all …"""
    source: str
    standing: str
    """primary text, secondary text, or unverified"""
    threshold_max: float | None = None
    jurisdiction: str = ""
    """Name of the place; empty for the county that uses the software, or the whole country."""
    code_prefix: str | None = ""
    """Communities whose code begins so; None where the place has no code: it holds nowhere until one is given."""
    valid_from: date | None = None
    valid_until: date | None = None
    continued: bool = False
    """Past `valid_until` it is applied until replaced, and said to be continued 沿用."""
    replaces: tuple[str, ...] = ()
    """Ids of standards that this one takes the place of, beside those that ask for the same."""
    enabled: bool = False
    note: str = ""

    @property
    def verified(self) -> bool:
        """Whether somebody has read the text that it is quoted from."""
        return self.standing != UNVERIFIED

    def lapsed(self, on: date) -> bool:
        """Tell whether its period had ended on a day."""
        return self.valid_until is not None and on > self.valid_until

    def holds(self, code: str, settlement: str, on: date) -> bool:
        """Tell whether it holds for a place on a day; an unknown settlement ('') is taken for any."""
        return (
            self.code_prefix is not None
            and code.startswith(self.code_prefix)
            and (not settlement or settlement in self.settlements)
            and (self.valid_from is None or on >= self.valid_from)
            and (not self.lapsed(on) or self.continued)
        )

    def describe(self, on: date) -> str:
        """Say in Chinese what it asks for, and where it comes from if nobody has read that or its period is over."""
        doubts = [
            word
            for word, true in (("依据未核实", not self.verified), ("期满沿用", self.lapsed(on) and self.continued))
            if true
        ]
        asked = f"{self.id} {self.facility}{_OPERATORS[self.operator]}{self.threshold:g}"
        upper = f"–{self.threshold_max:g}" if self.threshold_max is not None else ""
        return f"{asked}{upper} {_UNITS.get(self.unit, self.unit)}" + (f"（{'，'.join(doubts)}）" if doubts else "")


_OPERATORS = {">=": "不少于", "<=": "不超过", "between": "介于", "~": "约"}
_UNITS = {"m2": "㎡", "m2/100hh": "㎡/百户", "hh": "户", "m": "米", "persons": "人"}


def in_force(
    standards: Iterable[Standard], *, level: str, code: str, settlement: str, on: date
) -> tuple[Standard, ...]:
    """Choose the standards of a level that are switched on and hold for a place on a day.

    Where several ask for the same (part and metric), that of the smallest place counts, then the latest: a local
    standard replaces the national one. So does one that names others in `replaces`.
    """
    holding = [one for one in standards if one.enabled and one.level == level and one.holds(code, settlement, on)]
    replaced = {name for one in holding for name in one.replaces}
    best: dict[tuple[str, str], Standard] = {}
    for one in sorted(holding, key=lambda one: one.id):
        subject = (one.part, one.metric)
        if one.id not in replaced and (subject not in best or _closeness(one) > _closeness(best[subject])):
            best[subject] = one
    return tuple(sorted(best.values(), key=lambda one: one.id))


def _closeness(standard: Standard) -> tuple[int, date]:
    return len(standard.code_prefix or ""), standard.valid_from or date.min


def required_area(standard: Standard, households: float | None) -> float | None:
    """Return the square metres that a standard asks of so many households; None where that cannot be told."""
    if standard.metric in (PER_COMMUNITY, PER_PROJECT, LARGEST_SITE):
        return standard.threshold
    if standard.metric != PER_100_HOUSEHOLDS or not households:
        return None
    return round(standard.threshold * households / 100, 2)


def choose_standards(
    standards: Sequence[Standard], *, on: Iterable[str] = (), off: Iterable[str] = ()
) -> tuple[Standard, ...]:
    """Switch standards on and off by id."""
    wanted, unwanted = set(on), set(off)
    return tuple(
        replace(one, enabled=(one.enabled or one.id in wanted) and one.id not in unwanted) for one in standards
    )
