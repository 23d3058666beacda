"""Why a grid lies outside the band: a code that arithmetic or a solver bears out, and a sentence with its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from app.geo.measures import divisible
from app.geo.rules import PROFILES, Rules

__all__ = ["Circumstances", "Reason", "explain"]


@dataclass(frozen=True)
class Reason:
    """`code` is '' inside the band; `text` then is '' too."""

    code: str
    text: str


@dataclass(frozen=True)
class Circumstances:
    """What the reason of a grid outside the band rests on.

    Attributes
    ----------
    total, grids
        Households and general grids of the whole community.
    asked
        Fewest and most grids that were asked for, None where the households decide.
    proven
        Whether no division of the units has fewer grids outside the band.
    """

    total: int
    grids: int
    asked: tuple[int, int] | None
    proven: bool


def explain(
    households: int,
    persons: float,
    heaviest: int,
    what_is_heaviest: str,
    building: int,
    around: Circumstances,
    rules: Rules,
) -> Reason:
    """Explain a general grid's number of households, or of persons where those are known and too many.

    Parameters
    ----------
    persons
        NaN where they are not known.
    heaviest, what_is_heaviest
        Households of the grid's heaviest unit that is never split, and what it is in words.
    building
        Households of the largest building in that unit: dwellings at one place may be too many only together.
    """
    low, high, total = rules.min_households, rules.max_households, around.total
    crowded = persons > rules.max_persons
    if low <= households <= high and not crowded:
        return Reason("", "")
    size = f"本网格{households}户"
    if not low <= households <= high:
        whose = PROFILES.get(rules.profile, "")
        size += f"，{f'超过{whose}上限{high}' if households > high else f'低于{whose}下限{low}'}户"
    if crowded:
        size += f"，人口{persons:.0f}人，超过{rules.max_persons}人"
    if heaviest > high:
        code = "unit_too_heavy" if building > high else "proven_infeasible"
        return Reason(code, f"{size}：其中{what_is_heaviest}即有{heaviest}户，不可再分")
    if not low <= households <= high and not divisible(total, rules):
        if total < low:
            why = f"社区共{total}户，不足一个网格的下限{low}户"
        else:
            most = total // low
            why = f"社区共{total}户，分{most}个网格则平均超过{high}户，分{most + 1}个则平均不足{low}户"
        return Reason("total_indivisible", f"{size}：{why}")
    if around.asked is not None and not low * around.grids <= total <= high * around.grids:
        fewest, most = around.asked
        asked = f"{fewest}" if fewest == most else f"{fewest}–{most}"
        return Reason(
            "proven_infeasible",
            f"{size}：社区共{total}户，要求分{asked}个网格，分成{around.grids}个平均{total / around.grids:.0f}户，"
            f"不在{low}–{high}户之间",
        )
    kept = "在不拆分楼栋、小区和居民小组的前提下"
    if around.proven:
        return Reason("proven_infeasible", f"{size}：社区共{total}户，{kept}，经精确求解，超限网格数已是最少")
    return Reason("not_found", f"{size}：社区共{total}户，{kept}，未找到全部在{low}–{high}户之间的划法")
