"""The street-and-lane rule as one frozen value: band, precedence, costs."""

from __future__ import annotations

from dataclasses import dataclass

from app.geo.errors import UsageError

__all__ = ["Rules"]


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

    def __post_init__(self) -> None:
        if not 0 < self.min_households <= self.max_households:
            raise UsageError(
                f"the band {self.min_households}–{self.max_households} is empty: give --min below --max, both above 0"
            )
        if self.grids is not None and not 0 < self.grids[0] <= self.grids[1]:
            raise UsageError(
                f"the number of grids {self.grids[0]}–{self.grids[1]} is impossible: give N or LOW-HIGH above 0"
            )

    @property
    def target_households(self) -> float:
        """The middle of the band."""
        return (self.min_households + self.max_households) / 2
