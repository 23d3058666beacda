"""A hit of the rejection check: what an official would refuse, where, and why it is so or what would mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import shapely

from app.geo.survey import Survey, Zone, lonlat

__all__ = ["BARRIER_WORDS", "REJECTION_WORDS", "Rejection", "Words", "explain", "make_hit", "place_of"]

Words = tuple[str, str]
"""The same in Chinese and English."""

REJECTION_WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "compound_cut": ("小区被拆分", "a compound is cut"),
        "group_cut": ("居民小组被拆分", "a residents' group is cut"),
        "barrier_crossed": ("网格跨越硬边界", "a grid lies on both sides of a hard barrier"),
        "zigzag": ("边界在楼间曲折", "a border zig-zags between buildings"),
        "neck": ("网格有细颈", "a grid has a thin neck"),
        "strip": ("孤立的狭长地带", "a narrow strip is orphaned"),
        "sides_untold": ("四至说不清", "the four sides cannot be told"),
    }
)
"""What is looked for, in Chinese and English, in the order of reports."""

BARRIER_WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "outline": ("社区界线", "the community's outline"),
        "river": ("河道", "a river"),
        "railway": ("铁路", "a railway"),
        "motorway": ("快速路", "a motorway"),
        "main street": ("主干道", "a main street"),
    }
)


@dataclass(frozen=True)
class Rejection:
    """What an official would refuse, where, and why it is so, or what would mend it.

    `kind` is a key of `REJECTION_WORDS`; `amount` is in households for cuts and crossings, in metres for the others;
    `name` is that of the compound, group or barrier, '' where there is none. What is explained has a reason, computed
    from the drawing or said by the plan; anything else has a remedy.
    """

    kind: str
    grid_codes: tuple[str, ...]
    longitude: float
    latitude: float
    amount: float
    name: str
    words_zh: str
    words_en: str
    explained: bool
    reason_zh: str
    reason_en: str
    remedy_zh: str
    remedy_en: str


def make_hit(
    survey: Survey,
    kind: str,
    rows: Iterable[int],
    there: tuple[float, float],
    amount: float,
    words: Words,
    remedy: Words,
    *,
    name: str = "",
) -> Rejection:
    """Make a hit that nothing explains yet."""
    codes = tuple(str(survey.grid_codes[row]) for row in rows)
    return Rejection(
        kind=kind,
        grid_codes=codes,
        longitude=there[0],
        latitude=there[1],
        amount=amount,
        name=name,
        words_zh=words[0],
        words_en=words[1],
        explained=False,
        reason_zh="",
        reason_en="",
        remedy_zh=remedy[0],
        remedy_en=remedy[1],
    )


def explain(hit: Rejection, reason: Words) -> Rejection:
    """Give a hit its reason; what is explained needs no remedy."""
    return replace(hit, explained=True, reason_zh=reason[0], reason_en=reason[1], remedy_zh="", remedy_en="")


def place_of(zone: Zone, spot: shapely.Geometry) -> tuple[float, float]:
    """Return longitude and latitude of a metric point."""
    [there] = lonlat(np.array([spot]), zone.crs)
    return there
