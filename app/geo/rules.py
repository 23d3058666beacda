"""The street-and-lane rule as one frozen value: band, precedence, costs, and what differs by profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from app.geo.errors import UsageError

__all__ = ["PROFILES", "Rules", "profile_of"]

PROFILES: Mapping[str, str] = MappingProxyType({"urban": "城区", "town": "镇区", "rural": "农村"})
"""Kinds of communities that may be divided differently, with the word that reasons use."""


def profile_of(urban_rural_code: str) -> str:
    """Choose the profile of a community by its class in the statistics (城乡分类代码); urban where it has none.

    111 and 112 are urban, 121 to 123 town, 210 and 220 rural.
    """
    if urban_rural_code.startswith("2"):
        return "rural"
    return "town" if urban_rural_code.startswith("12") else "urban"


@dataclass(frozen=True)
class Rules:
    """What a division has to respect.

    The band of 300–500 households a grid and at most 2,500 persons are the working figures of urban 综合网格 (Haikou
    yearbook 2020; the definition repeated from GB/T 34300-2017). Border costs are per metre: open ground costs 1.
    """

    min_households: int = 300
    max_households: int = 500
    max_persons: int = 2500
    """Applied only to communities whose buildings state persons."""
    grids: tuple[int, int] | None = None
    """Fewest and most general grids a community may have; None lets the households decide."""
    hard_barriers: frozenset[str] = frozenset({"river", "railway", "motorway"})
    """Classes no general grid crosses unless nothing else keeps the band; `main street` may be added."""
    workload: str = ""
    """Column of the buildings whose sums are balanced within the band; households where empty."""
    prove: bool = True
    """Try to prove exactly that no division within the band exists before reporting that none was found."""
    profile: str = ""
    """urban, town or rural for every community; by its class in the statistics where empty."""
    bands: tuple[tuple[str, int, int], ...] = ()
    """Profile, fewest and most households, for profiles whose band differs."""
    max_walk_m: int | None = None
    """Farthest way from a grid's middle to a dwelling; where it is given, it counts more than borders."""

    def __post_init__(self) -> None:
        for low, high in ((self.min_households, self.max_households), *(band[1:] for band in self.bands)):
            if not 0 < low <= high:
                raise UsageError(
                    f"户数限 {low}–{high} 为空，请使 --min 不大于 --max，且都大于 0 "
                    f"the band {low}–{high} is empty: give --min below --max, both above 0"
                )
        if self.grids is not None and not 0 < self.grids[0] <= self.grids[1]:
            low, high = self.grids
            raise UsageError(
                f"网格数 {low}–{high} 不可能，请写 N 或 LOW-HIGH，且大于 0 "
                f"the number of grids {low}–{high} is impossible: give N or LOW-HIGH above 0"
            )
        unknown = sorted({self.profile, *(band[0] for band in self.bands)} - {"", *PROFILES})
        if unknown:
            raise UsageError(f"没有叫 {'、'.join(unknown)} 的分类：可用 {'、'.join(PROFILES)}")

    @property
    def target_households(self) -> float:
        """The middle of the band."""
        return (self.min_households + self.max_households) / 2

    def for_class(self, urban_rural_code: str) -> Rules:
        """Return the rules of a community of this class: its profile settled, the band of that profile in force."""
        profile = self.profile or profile_of(urban_rural_code)
        low, high = next(
            ((low, high) for name, low, high in self.bands if name == profile),
            (self.min_households, self.max_households),
        )
        return replace(self, profile=profile, min_households=low, max_households=high, bands=())
