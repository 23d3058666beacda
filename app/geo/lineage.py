"""Lineage 沿革: which new grid carries on which old one, and which households change their grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import STRtree

from app.geo.census import count_households
from app.geo.codes import chinese_numeral, grid_code, grid_number
from app.geo.crs import metric_crs, project
from app.geo.plan import Plan
from app.geo.survey import polygons_only, read_statements, survey_grids

__all__ = ["CHANGES", "Flow", "GridRoll", "Lineage", "carry_codes", "match_grids", "relabel_plan", "trace_lineage"]

Change = Literal["保留", "拆分", "合并", "新增", "撤销", "边界微调"]

CHANGES: tuple[Change, ...] = ("保留", "拆分", "合并", "新增", "撤销", "边界微调")
"""What may become of a grid, in the words of 《网格调整前后对照表》."""

MINOR_SHARE = 0.1
"""Less than this share of both grids only adjusts the border between them."""

SAME_GROUND_M = 5.0
"""Outlines nowhere farther apart than this are the same border, drawn by another hand."""

LEAST_COMMON = 0.5
"""Share of their common ground from which a grid without households carries on another."""

NOWHERE = -1

Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class GridRoll:
    """The grids of one division as rows of arrays: what they are called and what the buildings of today count there."""

    codes: NDArray[np.object_]
    names: NDArray[np.object_]
    communities: NDArray[np.object_]
    """Community code; '' where none holds the grid."""
    households: Numbers


@dataclass(frozen=True)
class Flow:
    """What goes from an old grid to a new one; -1 stands for ground that was, or is, in no grid.

    Where the new grid carries on the old one nobody moves: `buildings` is empty and `households` 0.
    """

    old: int
    new: int
    change: Change
    buildings: tuple[int, ...]
    """Rows of the dwellings that change their grid."""
    households: float


@dataclass(frozen=True)
class Lineage:
    """Old grids against new: each dwelling that changes its grid stands in exactly one flow."""

    old: GridRoll
    new: GridRoll
    carried_by: Indices
    """The new grid that carries on each old one, -1 for none."""
    flows: tuple[Flow, ...]
    old_of: Indices
    """The old grid in which each building counts, -1 for none."""

    @property
    def moved_households(self) -> float:
        """Households whose grid is another than the one that carries on their old grid."""
        return sum(flow.households for flow in self.flows)


def trace_lineage(
    old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame
) -> Lineage:
    """Compare two divisions by the buildings of today.

    Old grids may be drawn badly: with gaps (dwellings there come from nowhere), overlaps (they come from the lowest
    code, as everywhere), invalid outlines, or without codes (they are numbered).

    Parameters
    ----------
    old, new
        Grids in EPSG:4490, with grid_code, name and community_code where they are known.
    communities, buildings
        As `Layers` describes them.
    """
    surveys = [survey_grids(grids, communities) for grids in (old, new)]
    counts = [
        count_households(survey, read_statements(grids), buildings)
        for survey, grids in zip(surveys, (old, new), strict=True)
    ]
    rolls = [
        GridRoll(
            survey.grid_codes,
            survey.grid_names,
            np.append(survey.community_codes, "")[survey.grid_community],
            count.recount,
        )
        for survey, count in zip(surveys, counts, strict=True)
    ]
    old_of, new_of, households = counts[0].grid_of, counts[1].grid_of, counts[1].households
    old_ground, new_ground = (polygons_only(survey.grids_drawn) for survey in surveys)
    common = _common_ground(old_ground, new_ground)
    carried_by = match_grids(old_of, new_of, households, rolls[0].households, rolls[1].households, common)
    flows = _tell_flows(rolls[0], rolls[1], old_of, new_of, households, carried_by, (old_ground, new_ground))
    return Lineage(rolls[0], rolls[1], carried_by, tuple(flows), old_of)


def match_grids(
    old_of: Indices,
    new_of: Indices,
    households: Numbers,
    old_households: Numbers,
    new_households: Numbers,
    common: Mapping[tuple[int, int], float],
) -> Indices:
    """Let new grids carry on old ones so that the most households keep their grid: a maximum-weight matching.

    Pairs that share less than a tenth of both are no candidates: what goes between them adjusts a border. Ground in
    common decides only ties and grids without households, since all of it together never weighs a household.

    Parameters
    ----------
    old_of, new_of
        The grid of each building, -1 for none.
    households
        Of each building.
    old_households, new_households
        Of each grid.
    common
        Area in common over area of both, for pairs of an old and a new grid.

    Returns
    -------
    The new grid of each old one, -1 for none.
    """
    shared = _shared_households(old_of, new_of, households)
    weights = {
        (old, new): amount
        for (old, new), amount in shared.items()
        if amount >= MINOR_SHARE * min(old_households[old], new_households[new])
    }
    scale = 0.5 / (len(old_households) + len(new_households) + 1)
    for pair, share in common.items():
        empty = old_households[pair[0]] == 0 and new_households[pair[1]] == 0
        if pair in weights or (empty and share >= LEAST_COMMON):
            weights[pair] = weights.get(pair, 0.0) + scale * share
    carried_by = np.full(len(old_households), NOWHERE, dtype=np.int64)
    if not weights:
        return carried_by
    pairs = sorted(weights)
    rows, columns = (np.array(ends, dtype=np.int64) for ends in zip(*pairs, strict=True))
    values = np.array([weights[pair] for pair in pairs])
    olds, news = len(old_households), len(new_households)
    graph = coo_array((np.ones(len(pairs)), (rows, olds + columns)), shape=(olds + news, olds + news))
    _, part = connected_components(graph, directed=False)
    order = np.argsort(part[rows], kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(part[rows][order])) + 1):
        here_old, row = np.unique(rows[members], return_inverse=True)
        here_new, column = np.unique(columns[members], return_inverse=True)
        table = np.zeros((len(here_old), len(here_new)))
        table[row, column] = values[members]
        for one, other in zip(*linear_sum_assignment(table, maximize=True), strict=True):
            if table[one, other] > 0:
                carried_by[here_old[one]] = here_new[other]
    return carried_by


def _shared_households(old_of: Indices, new_of: Indices, households: Numbers) -> dict[tuple[int, int], float]:
    """Add up the households that each old grid shares with each new one; pairs without any are left out."""
    shared: dict[tuple[int, int], float] = {}
    inside = (old_of >= 0) & (new_of >= 0) & (households > 0)
    for old, new, amount in zip(
        old_of[inside].tolist(), new_of[inside].tolist(), households[inside].tolist(), strict=True
    ):
        shared[old, new] = shared.get((old, new), 0.0) + amount
    return shared


def _common_ground(old_ground: NDArray[np.object_], new_ground: NDArray[np.object_]) -> dict[tuple[int, int], float]:
    """Return the area in common over the area of both for each pair that has any; degrees do for a ratio."""
    one, other = STRtree(new_ground).query(old_ground, predicate="intersects")
    both = shapely.area(shapely.intersection(old_ground[one], new_ground[other]))
    whole = shapely.area(old_ground)[one] + shapely.area(new_ground)[other] - both
    shares = zip(one.tolist(), other.tolist(), both, whole, strict=True)
    return {(old, new): float(area / total) for old, new, area, total in shares if area > 0}


def _tell_flows(
    old: GridRoll,
    new: GridRoll,
    old_of: Indices,
    new_of: Indices,
    households: Numbers,
    carried_by: Indices,
    ground: tuple[NDArray[np.object_], NDArray[np.object_]],
) -> list[Flow]:
    members: dict[tuple[int, int], list[int]] = {}
    counts = (households > 0) & ((old_of >= 0) | (new_of >= 0))
    for building in np.flatnonzero(counts).tolist():
        members.setdefault((int(old_of[building]), int(new_of[building])), []).append(building)
    amounts = {pair: float(households[rows].sum()) for pair, rows in members.items()}
    carries_on = {int(there): row for row, there in enumerate(carried_by.tolist()) if there >= 0}
    kept = {(row, there) for there, row in carries_on.items()}
    leaving, coming = _major_parts(amounts, old, new, kept)
    flows = []
    for one, other in sorted({*amounts, *kept}):
        amount = amounts.get((one, other), 0.0)
        if (one, other) in kept:
            gone = float(old.households[one]) - amount
            come = float(new.households[other]) - amount
            same = gone == come == 0 and _is_same_ground(ground[0][one], ground[1][other])
            change = _what_became(gone, come, same=same, leaving=one in leaving, coming=other in coming)
            flows.append(Flow(one, other, change, (), 0.0))
            continue
        change = _what_moved(one, other, amount, old, new, carried_by, carries_on)
        flows.append(Flow(one, other, change, tuple(members[one, other]), amount))
    told_old, told_new = {flow.old for flow in flows}, {flow.new for flow in flows}
    flows += [Flow(row, NOWHERE, "撤销", (), 0.0) for row in range(len(old.codes)) if row not in told_old]
    flows += [Flow(NOWHERE, row, "新增", (), 0.0) for row in range(len(new.codes)) if row not in told_new]

    def place(flow: Flow) -> tuple[str, str, str, bool, str]:
        old_code = str(old.codes[flow.old]) if flow.old >= 0 else ""
        new_code = str(new.codes[flow.new]) if flow.new >= 0 else ""
        home = str(old.communities[flow.old] if flow.old >= 0 else new.communities[flow.new])
        return home, old_code or "￿", str(flow.old), (flow.old, flow.new) not in kept, new_code

    return sorted(flows, key=place)


def _major_parts(
    amounts: Mapping[tuple[int, int], float], old: GridRoll, new: GridRoll, kept: set[tuple[int, int]]
) -> tuple[set[int], set[int]]:
    """Find old grids of which a major part goes to another grid, and new grids to which one comes from another."""
    leaving, coming = set(), set()
    for (one, other), amount in amounts.items():
        if (one, other) in kept or one < 0 or other < 0:
            continue
        if amount >= MINOR_SHARE * old.households[one]:
            leaving.add(one)
        if amount >= MINOR_SHARE * new.households[other]:
            coming.add(other)
    return leaving, coming


def _what_became(gone: float, come: float, *, same: bool, leaving: bool, coming: bool) -> Change:
    """Say what became of an old grid that a new one carries on."""
    if same:
        return "保留"
    if leaving and (gone >= come or not coming):
        return "拆分"
    return "合并" if coming else "边界微调"


def _what_moved(
    one: int,
    other: int,
    amount: float,
    old: GridRoll,
    new: GridRoll,
    carried_by: Indices,
    carries_on: Mapping[int, int],
) -> Change:
    """Say what became of households that leave the grid that carries on theirs."""
    if one < 0:
        return "新增" if other not in carries_on else "边界微调"
    if other < 0:
        return "撤销"
    if carried_by[one] < 0:
        return "合并"
    if other not in carries_on or amount >= MINOR_SHARE * old.households[one]:
        return "拆分"
    return "合并" if amount >= MINOR_SHARE * new.households[other] else "边界微调"


def _is_same_ground(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Tell whether two outlines are nowhere farther apart than `SAME_GROUND_M`."""
    crs = metric_crs(float(shapely.centroid(other).x))
    metric = project(np.array([one, other], dtype=object), crs)
    between = shapely.symmetric_difference(*polygons_only(metric))
    return bool(shapely.is_empty(shapely.buffer(between, -SAME_GROUND_M / 2, join_style="mitre")))


def carry_codes(lineage: Lineage) -> tuple[list[str], list[str]]:
    """Give each new grid that carries on an old one its code and name, and the others codes that were never used.

    Returns
    -------
    Codes and names of the new grids in their order. Where an old grid has no code of its own, or lay in another
    community, the new one is numbered on; special grids keep the names that they have.
    """
    old, new = lineage.old, lineage.new
    used = pd.Series(old.codes).value_counts()
    codes, names = [""] * len(new.codes), [str(name) for name in new.names]
    for row, there in enumerate(lineage.carried_by.tolist()):
        code = str(old.codes[row])
        if there >= 0 and used[code] == 1 and code.startswith(str(new.communities[there])) and new.communities[there]:
            codes[there] = code
            names[there] = str(old.names[row]) or names[there]
    taken: dict[str, set[int]] = {}
    for code, home in zip([*old.codes, *codes], [*old.communities, *new.communities], strict=True):
        number = str(code).removeprefix(str(home)).lstrip("-")
        if number.isdecimal() and len(number) <= 3:
            taken.setdefault(str(home), set()).add(int(number))
    for row in [row for row, code in enumerate(codes) if not code]:
        home = str(new.communities[row])
        serial = max(taken.get(home, set()), default=0) + 1
        taken.setdefault(home, set()).add(serial)
        codes[row] = grid_code(home, serial)
        names[row] = _renumbered(names[row], serial)
    return codes, names


def _renumbered(name: str, serial: int) -> str:
    return f"第{chinese_numeral(serial)}网格" if grid_number(name) is not None else name


def relabel_plan(plan: Plan, codes: Sequence[str], names: Sequence[str]) -> Plan:
    """Return the plan with other codes and names of its grids, everywhere they stand."""
    new_of = dict(zip(plan.grids["grid_code"], codes, strict=True))
    return replace(
        plan,
        grids=plan.grids.assign(grid_code=list(codes), name=list(names)),
        units=plan.units.assign(grid_code=[new_of[code] for code in plan.units["grid_code"]]),
        borders=plan.borders.assign(
            left_grid=[new_of[code] for code in plan.borders["left_grid"]],
            right_grid=[new_of.get(code, code) for code in plan.borders["right_grid"]],
        ),
    )
