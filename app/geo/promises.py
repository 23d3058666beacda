"""Recompute every promise of a division from the geometry, and say where one is broken."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.census import Census, check_buildings, check_compounds, check_counts, count_households, households_in
from app.geo.cover import check_codes, check_cover, check_forms, check_pieces, check_shapes
from app.geo.crs import project
from app.geo.edges import check_borders, check_edges, match_edges, measure_borders
from app.geo.layers import Layers
from app.geo.measures import (
    band_middle_grids,
    divisible,
    in_band,
)
from app.geo.places import Finding, Place, Value, grid_place, plain
from app.geo.rules import Rules
from app.geo.survey import Statements, Survey, polygons_only, read_statements, survey_grids

__all__ = ["HARD_PROMISES", "PROMISE_WORDS", "Place", "Scorecard", "check_promises"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

PROMISE_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "communities": ("社区数", "communities"),
        "grids": ("网格数", "grids"),
        "invalid": ("图形无效的网格", "grids whose geometry is invalid"),
        "gap_m2": ("未覆盖面积（㎡）", "area in no grid (m²)"),
        "spill_m2": ("越出社区面积（㎡）", "area outside the community (m²)"),
        "overlap_m2": ("网格重叠面积（㎡）", "area in two grids (m²)"),
        "multipart": ("不连片的网格", "grids not of one piece"),
        "necks": ("有细颈的网格", "grids with a hair-thin neck"),
        "edge_mismatch": ("社区内边线不一致的网格", "grids whose borders do not match within the community"),
        "edge_mismatch_between": ("社区间边线不一致的网格", "grids whose borders do not match between communities"),
        "duplicate_codes": ("重复的网格编码", "repeated grid codes"),
        "orphan_communities": ("没有网格的社区", "communities without a grid"),
        "unknown_community": ("所属社区不存在的网格", "grids of no known community"),
        "lost_households": ("未落入网格的户数", "households in no grid"),
        "wrong_count": ("户数与楼栋不符的网格", "grids whose households are not what the buildings say"),
        "buildings_cut": ("被边界切开的住宅楼", "dwellings cut by a border"),
        "other_buildings_cut": ("被边界切开的其他建筑", "other buildings cut by a border"),
        "false_special": ("没有专属场所依据的专属网格", "special grids that no special site fills"),
        "unexplained": ("超限而未说明原因的网格", "grids outside the band without a reason"),
        "false_reason": ("超限原因不成立的网格", "grids whose reason does not hold"),
        "compounds_split": ("被拆分的小区", "compounds held by more than one grid"),
        "in_band": ("户数在限内的网格占比", "share of grids within the band"),
        "not_found": ("未找到限内划法的网格", "grids for which no division within the band was found"),
        "grids_to_ideal": ("网格数与应有数之比", "grids to what the households ask for"),
        "divisible_communities": ("可在限内划分的社区", "communities divisible within the band"),
        "in_band_divisible": ("可划分社区中限内网格占比", "share within the band where divisible"),
        "in_band_households": ("限内网格的户数占比", "share of households in grids within the band"),
        "over_persons": ("人口超过上限的网格", "grids of more persons than the limit"),
        "max_dev": ("社区内户数最大偏差", "largest deviation within a community"),
        "mean_dev": ("社区内户数最大偏差的平均", "mean over communities of the largest deviation"),
        "cv": ("社区内户数变异系数", "mean coefficient of variation within a community"),
        "border_km": ("网格间边界长度（千米）", "border between grids (km)"),
        "on_barrier": ("沿街巷水路墙的边界占比", "share of border on a street, lane, rail, wall or water"),
        "cost": ("边界代价", "border cost"),
        "slivers": ("小于500㎡的网格", "grids under 500 m²"),
        "compact_mi": ("紧凑度（惯性矩）", "compactness by moment of inertia"),
        "compact_pp": ("紧凑度（周长）", "compactness by perimeter"),
    }
)
"""Every promise and score in the order of reports, in Chinese and English."""

HARD_PROMISES = (
    "unknown_community",
    "false_special",
    "false_reason",
    "gap_m2",
    "spill_m2",
    "overlap_m2",
    "multipart",
    "invalid",
    "edge_mismatch",
    "edge_mismatch_between",
    "duplicate_codes",
    "orphan_communities",
    "lost_households",
    "wrong_count",
    "unexplained",
    "buildings_cut",
    "compounds_split",
    "necks",
)
"""Promises that are kept only at 0."""

REASON_CODES = frozenset({"total_indivisible", "unit_too_heavy", "proven_infeasible", "not_found"})

CRUMB_M2 = 1.0
FILLED_SPECIAL = 0.5


@dataclass(frozen=True)
class Scorecard:
    """What a division keeps of its promises; None where one cannot be judged from what was given."""

    values: dict[str, Value]
    broken: tuple[str, ...]
    places: tuple[Place, ...]


def check_promises(grids: gpd.GeoDataFrame, layers: Layers, rules: Rules) -> Scorecard:
    """Check grids against every promise; trust nothing that they say of themselves.

    Grids drawn by hand may lack everything but their geometry: households are then counted from the buildings, and
    promises about reasons do not apply.

    Parameters
    ----------
    grids
        Of a plan file, or drawn by hand, in EPSG:4490.
    layers
        What was divided.
    rules
        The band.
    """
    survey = survey_grids(grids, layers.communities)
    statements = read_statements(grids)
    census = count_households(survey, statements, layers.buildings)
    special, special_finding = _check_special(survey, statements.special, layers.special_sites)
    shared_edges = match_edges(survey)
    bands = _Bands.of(survey, layers.communities, rules)
    findings = (
        check_codes(survey),
        check_shapes(survey),
        check_cover(survey),
        check_pieces(survey),
        check_edges(survey, shared_edges),
        check_counts(survey, statements, census, len(layers.buildings) > 0),
        check_buildings(survey, census),
        special_finding,
        check_compounds(survey, census, layers.compounds, rules, len(layers.buildings) > 0),
        _check_band(survey, statements, census, special, bands),
        _check_persons(survey, census, special, layers.buildings, rules),
        _check_reasons(survey, statements, census, special, layers, bands),
        check_borders(measure_borders(survey, shared_edges, layers.streets, layers.barriers)),
        check_forms(survey),
    )
    values: dict[str, Value] = {}
    for finding in findings:
        values |= finding.values
    return Scorecard(
        values={name: values[name] for name in PROMISE_WORDS},
        broken=tuple(name for name in HARD_PROMISES if values[name]),
        places=tuple(place for finding in findings for place in finding.places),
    )


@dataclass(frozen=True)
class _Bands:
    """The rules that hold for each community and each grid: profiles may have bands of their own."""

    of_community: list[Rules]
    of_grid: list[Rules]

    @classmethod
    def of(cls, survey: Survey, communities: gpd.GeoDataFrame, rules: Rules) -> _Bands:
        known = "urban_rural_code" in communities
        classes = communities["urban_rural_code"] if known else [""] * len(communities)
        of_community = [rules.for_class("" if pd.isna(code) else str(code)) for code in classes]
        return cls(of_community, [of_community[row] if row >= 0 else rules for row in survey.grid_community])

    def kept(self, counted: Numbers) -> NDArray[np.bool_]:
        """Tell which grids keep their band."""
        return np.array([in_band(count, rules) for count, rules in zip(counted, self.of_grid, strict=True)], bool)

    def divisible(self, totals: Sequence[float]) -> NDArray[np.bool_]:
        """Tell which communities can be divided within their band, units aside."""
        return np.array([divisible(total, rules) for total, rules in zip(totals, self.of_community, strict=True)], bool)


def _check_special(
    survey: Survey, stated: NDArray[np.bool_], sites: gpd.GeoDataFrame
) -> tuple[NDArray[np.bool_], Finding]:
    """Take as special only the grids that given sites fill by half."""
    filled = np.zeros(len(stated))
    shapes = np.asarray(sites.geometry.array, dtype=object)
    for zone in survey.zones:
        rows = zone.grids[stated[zone.grids]]
        if len(rows) and len(shapes):
            ground = shapely.union_all(project(polygons_only(shapes[zone.rows_near(shapes)]), zone.crs))
            areas = shapely.area(survey.grids[rows])
            filled[rows] = shapely.area(shapely.intersection(survey.grids[rows], ground)) / np.maximum(areas, CRUMB_M2)
    false = np.flatnonzero(stated & (filled < FILLED_SPECIAL)).tolist()
    places = []
    for row in false:
        share = f"{filled[row]:.0%}"
        words = f"专属网格只有 {share} 是专属场所", f"special, but special sites fill only {share} of it"
        places.append(grid_place(survey, "false_special", row, *words))
    return stated & (filled >= FILLED_SPECIAL), Finding({"false_special": len(false)}, places)


def _check_band(
    survey: Survey, statements: Statements, census: Census, special: NDArray[np.bool_], bands: _Bands
) -> Finding:
    general, counted = ~special, census.counted
    within = bands.kept(counted)
    totals = [float(counted[rows].sum()) for rows in survey.members()]
    able = bands.divisible(totals)
    in_able = general & (survey.grid_community >= 0) & np.append(able, False)[survey.grid_community]
    largest, spread = [], []
    for rows in survey.members():
        mine = counted[rows][general[rows]]
        if len(mine) > 1 and mine.mean() > 0:
            largest.append(np.abs(mine - mine.mean()).max() / mine.mean())
            spread.append(mine.std() / mine.mean())
    ideal = sum(band_middle_grids(*pair) for pair in zip(totals, bands.of_community, strict=True))
    values: dict[str, Value] = {
        "in_band": _share(within[general]),
        "in_band_divisible": _share(within[in_able]),
        "in_band_households": round(float(counted[general & within].sum() / max(counted[general].sum(), 1)), 4),
        "divisible_communities": int(able.sum()),
        "grids_to_ideal": round(float(general.sum() / ideal), 3) if ideal else None,
        "max_dev": round(float(np.max(largest)), 3) if largest else None,
        "mean_dev": round(float(np.mean(largest)), 3) if largest else None,
        "cv": round(float(np.mean(spread)), 3) if spread else None,
    }
    places = []
    for row in np.flatnonzero(general & ~within).tolist():
        zh, en = _band_words(counted[row], bands.of_grid[row])
        if statements.reasons is not None and statements.reasons[row]:
            zh, en = f"{zh}。原因：{statements.reasons[row]}", f"{en}. Reason: {statements.reasons[row]}"
        places.append(grid_place(survey, "in_band", row, zh, en, amount=float(counted[row])))
    return Finding(values, places)


def _check_persons(
    survey: Survey, census: Census, special: NDArray[np.bool_], buildings: gpd.GeoDataFrame, rules: Rules
) -> Finding:
    """Find general grids of more persons than the limit, where buildings state persons."""
    persons = buildings["persons"].to_numpy(dtype=float) if "persons" in buildings else np.empty(0)
    if np.isnan(persons).all():
        return Finding({"over_persons": None}, [])
    known = (census.grid_of >= 0) & ~np.isnan(persons)
    held = np.bincount(census.grid_of[known], weights=persons[known], minlength=len(survey.grids))
    places = []
    for row in np.flatnonzero(~special & (held > rules.max_persons)).tolist():
        there, over = plain(held[row]), plain(held[row] - rules.max_persons)
        words = (
            f"{there} 人，超过 {rules.max_persons} 人，多 {over} 人",
            f"{there} persons, {over} over {rules.max_persons}",
        )
        places.append(grid_place(survey, "over_persons", row, *words, amount=float(held[row])))
    return Finding({"over_persons": len(places)}, places)


def _band_words(households: float, rules: Rules) -> tuple[str, str]:
    low, high = rules.min_households, rules.max_households
    if households == 0:
        return f"空网格：没有住户（应为 {low}–{high} 户）", f"empty: no households (the band is {low}–{high})"
    if households < low:
        short = plain(low - households)
        return (
            f"{plain(households)} 户，不足 {low} 户，缺 {short} 户",
            f"{plain(households)} households, {short} under {low}",
        )
    over = plain(households - high)
    return (
        f"{plain(households)} 户，超过 {high} 户，多 {over} 户",
        f"{plain(households)} households, {over} over {high}",
    )


def _check_reasons(
    survey: Survey,
    statements: Statements,
    census: Census,
    special: NDArray[np.bool_],
    layers: Layers,
    bands: _Bands,
) -> Finding:
    """Find reasons that are missing, that do not name the households, or that arithmetic refutes."""
    if statements.reasons is None:
        return Finding(dict.fromkeys(("unexplained", "false_reason", "not_found")), [])
    counted, codes = census.counted, statements.reason_codes
    out = ~special & ~bands.kept(counted)
    explained = np.array(
        [
            _names_number(reason, households) and code in REASON_CODES
            for reason, code, households in zip(statements.reasons, codes, counted, strict=True)
        ],
        bool,
    )
    able = bands.divisible([float(counted[rows].sum()) for rows in survey.members()])
    in_able = (survey.grid_community >= 0) & np.append(able, False)[survey.grid_community]
    false = out & (codes == "total_indivisible") & in_able
    if len(layers.buildings):
        heaviest = _heaviest_units(survey, census, layers.compounds)
        false |= out & (codes == "unit_too_heavy") & (heaviest <= [rules.max_households for rules in bands.of_grid])
    places = []
    for row in np.flatnonzero(out & ~explained).tolist():
        zh, en = _band_words(counted[row], bands.of_grid[row])
        words = f"{zh}，未写明原因和原因代码", f"{en}, without a reason and its code"
        places.append(grid_place(survey, "unexplained", row, *words))
    for row in np.flatnonzero(false).tolist():
        zh, en = (
            ("社区总户数可在限内划分", "the community's total can be divided within the band")
            if codes[row] == "total_indivisible"
            else (
                f"没有超过 {bands.of_grid[row].max_households} 户的楼栋或小区",
                f"no building or compound exceeds {bands.of_grid[row].max_households}",
            )
        )
        words = f"原因 {codes[row]} 不成立：{zh}", f"{codes[row]} does not hold: {en}"
        places.append(grid_place(survey, "false_reason", row, *words))
    values: dict[str, Value] = {
        "unexplained": int((out & ~explained).sum()),
        "false_reason": int(false.sum()),
        "not_found": int((out & (codes == "not_found")).sum()),
    }
    return Finding(values, places)


def _names_number(reason: str, households: float) -> bool:
    """Tell whether a text names a number of households as a number of its own, thousands separated or not."""
    plain = re.sub(r"(?<=\d)[,,](?=\d{3})", "", reason)
    return re.search(rf"(?<!\d){int(households)}(?!\d)", plain) is not None


def _heaviest_units(survey: Survey, census: Census, compounds: gpd.GeoDataFrame) -> Numbers:
    """Find the households of the largest building or compound of each grid."""
    heaviest = np.zeros(len(survey.grids))
    inside = census.grid_of >= 0
    np.maximum.at(heaviest, census.grid_of[inside], census.households[inside])
    if not len(compounds):
        return heaviest
    drawn = np.asarray(compounds.geometry.array, dtype=object)
    for zone, rows, _, points in census.located:
        shapes = project(polygons_only(drawn[zone.rows_near(drawn)]), zone.crs)
        weight = households_in(shapes, points, census.households[rows])
        building, compound = STRtree(shapes).query(points, predicate="intersects")
        grid = census.grid_of[rows[building]]
        counts = (grid >= 0) & (census.households[rows[building]] > 0)
        np.maximum.at(heaviest, grid[counts], weight[compound[counts]])
    return heaviest


def _share(flags: NDArray[np.bool_]) -> float | None:
    return round(float(flags.mean()), 4) if len(flags) else None
