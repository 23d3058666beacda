"""Why a grid lies outside the band: a code that arithmetic or a solver bears out, and a sentence with its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from app.geo.measures import divisible
from app.geo.rules import Rules

__all__ = ["Reason", "explain"]


@dataclass(frozen=True)
class Reason:
    """`code` is '' inside the band; `text` then is '' too."""

    code: str
    text: str


def explain(
    households: int,
    heaviest: int,
    heaviest_kind: str,
    total: int,
    grids: int,
    rules: Rules,
    *,
    proven: bool,
    fixed: bool,
) -> Reason:
    """Explain a general grid's number of households.

    Parameters
    ----------
    heaviest, heaviest_kind
        Households of the grid's heaviest unit that is never split, and what it is.
    total, grids
        Households and general grids of the whole community.
    proven
        Whether no division of the units has fewer grids outside the band.
    fixed
        Whether the number of grids was given.
    """
    low, high = rules.min_households, rules.max_households
    if low <= households <= high:
        return Reason("", "")
    size = f"本网格{households}户，{'超过上限' + str(high) if households > high else '低于下限' + str(low)}户"
    if heaviest > high:
        what = {"compound": "小区"}.get(heaviest_kind, "楼栋")
        return Reason("unit_too_heavy", f"{size}：其中一个{what}即有{heaviest}户，不可再分")
    if not divisible(total, rules):
        if total < low:
            why = f"社区共{total}户，不足一个网格的下限{low}户"
        else:
            most = total // low
            why = f"社区共{total}户，分{most}个网格则平均超过{high}户，分{most + 1}个则平均不足{low}户"
        return Reason("total_indivisible", f"{size}：{why}")
    if fixed and not low * grids <= total <= high * grids:
        return Reason(
            "proven_infeasible",
            f"{size}：社区共{total}户，按指定的{grids}个网格平均{total / grids:.0f}户，不在{low}–{high}户之间",
        )
    if proven:
        return Reason(
            "proven_infeasible",
            f"{size}：社区共{total}户，在不拆分楼栋、小区和居民小组的前提下，经精确求解，超限网格数已是最少",
        )
    return Reason(
        "not_found", f"{size}：社区共{total}户，在不拆分楼栋、小区和居民小组的前提下，未找到全部在{low}–{high}户之间的划法"
    )
