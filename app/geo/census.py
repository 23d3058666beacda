"""Households by grid as the buildings have them, and buildings and compounds that a border cuts."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.counting import counting_points
from app.geo.crs import project
from app.geo.places import Finding, Place, grid_place, plain
from app.geo.rules import Rules
from app.geo.survey import Statements, Survey, Zone, lonlat, polygons_only

__all__ = ["Census", "check_buildings", "check_compounds", "check_counts", "count_households", "households_in"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

CRUMB_M2 = 1.0
TOUCH_M = 0.01
"""A dwelling this close to a border may be counted on either side."""
CUT_DWELLING = 0.01
CUT_OTHER = 0.05
CUT_COMPOUND = 0.05
HOME_COMPOUND = 0.95


@dataclass(frozen=True)
class Census:
    """Households by grid as the buildings have them.

    `grid_of` is the grid in which each building counts, -1 for none; `located` holds, zone by zone, rows of buildings,
    their shapes and their inner points in metres.
    """

    counted: Numbers
    """What the buildings say, or the grid itself where its buildings stand on a border."""
    recount: Numbers
    slack: Numbers
    """Households of dwellings on a border of the grid."""
    grid_of: Indices
    households: Numbers
    located: list[tuple[Zone, Indices, Geometries, Geometries]]


def count_households(survey: Survey, statements: Statements, buildings: gpd.GeoDataFrame) -> Census:
    """Count each dwelling where a point inside it lies; on a border in the lowest community code, then grid code."""
    shapes = np.asarray(buildings.geometry.array, dtype=object)
    households = buildings["households"].to_numpy(dtype=float) if len(buildings) else np.empty(0)
    order = np.lexsort((survey.grid_codes.astype(str), survey.grid_group))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    located, found, holders = [], [], []
    for zone in survey.zones:
        rows = zone.rows_near(shapes)
        sound = _sound_buildings(shapes[rows])
        here, points = project(sound, zone.crs), project(counting_points(sound), zone.crs)
        located.append((zone, rows, here, points))
        grid, building = STRtree(points).query(survey.grids[zone.grids], predicate="dwithin", distance=TOUCH_M)
        found.append(rows[building])
        holders.append(zone.grids[grid])
    building, grid = np.concatenate([*found, []]).astype(np.int64), np.concatenate([*holders, []]).astype(np.int64)
    touching = np.bincount(building, minlength=len(shapes))[building] > 1
    slack = _sums(grid[touching], households[building[touching]], len(survey.grids))
    best = np.full(len(shapes), len(order), dtype=np.int64)
    np.minimum.at(best, building, rank[grid])
    grid_of = np.append(order, -1)[best]
    inside = grid_of >= 0
    recount = _sums(grid_of[inside], households[inside], len(survey.grids))
    stated = statements.households
    if not len(buildings):
        counted = np.nan_to_num(stated) if stated is not None else recount
    elif stated is None:
        counted = recount
    else:
        counted = np.where((slack > 0) & ~np.isnan(stated), stated, recount)
    return Census(counted, recount, slack, grid_of, households, located)


def _sound_buildings(shapes: Geometries) -> Geometries:
    """Footprints made valid where they are not; points stay points."""
    sound = shapes.copy()
    broken = ~shapely.is_valid(shapes)
    sound[broken] = polygons_only(shapes[broken])
    return sound


def check_counts(survey: Survey, statements: Statements, census: Census, with_buildings: bool) -> Finding:
    """Find dwellings of a community that are in no grid, and grids that do not say what their buildings say."""
    if not with_buildings:
        return Finding({"lost_households": None, "wrong_count": None}, [])
    lost, places = 0.0, []
    for zone, rows, _, points in census.located:
        dwelling = census.households[rows] > 0
        outlines = survey.communities[zone.communities]
        home, building = STRtree(points[dwelling]).query(outlines, predicate="intersects")
        out = census.grid_of[rows[dwelling][building]] < 0
        building, home = building[out], home[out]
        building, first = np.unique(building, return_index=True)
        home = zone.communities[home[first]]
        households, spots = census.households[rows[dwelling][building]], points[dwelling][building]
        lost += float(households.sum())
        for community in np.unique(home):
            mine = home == community
            largest = np.argmax(np.where(mine, households, -1))
            x, y = lonlat(spots[[largest]], zone.crs)[0]
            number, sum_ = int(mine.sum()), float(households[mine].sum())
            words = (
                f"{number} 栋共 {plain(sum_)} 户不在任何网格内",
                f"{number} buildings of {plain(sum_)} households in no grid",
            )
            places.append(Place("lost_households", str(survey.community_codes[community]), x, y, sum_, *words))
    stated = statements.households
    if stated is None:
        return Finding({"lost_households": lost, "wrong_count": None}, places)
    stated = np.where(np.isnan(stated), census.recount, stated)  # a grid that says nothing says nothing wrong
    difference = np.abs(census.recount - stated)
    wrong = np.flatnonzero(difference > 0.5 + census.slack)
    off = abs(census.recount.sum() - stated.sum()) > 0.5 * len(stated)
    for row in wrong.tolist():
        here, said = plain(census.recount[row]), plain(stated[row])
        words = f"网格写 {said} 户，楼栋合计 {here} 户", f"the grid says {said} households, its buildings {here}"
        places.append(grid_place(survey, "wrong_count", row, *words, amount=float(difference[row])))
    if off and not len(wrong):
        here, said = plain(census.recount.sum()), plain(stated.sum())
        words = f"各网格合计 {said} 户，楼栋合计 {here} 户", f"all grids say {said} households, the buildings {here}"
        places.append(grid_place(survey, "wrong_count", 0, *words))
    return Finding({"lost_households": lost, "wrong_count": len(wrong) + int(off)}, places)


def check_buildings(survey: Survey, census: Census) -> Finding:
    """Find dwellings with over 1 % in a second grid of their community, other buildings with over 5 % in two grids."""
    if not len(census.households):
        return Finding({"buildings_cut": None, "other_buildings_cut": None}, [])
    dwelling = census.households > 0
    cut_dwellings: dict[int, Place] = {}
    cut_others: dict[int, Place] = {}
    for zone, rows, shapes, _ in census.located:
        grid, building = STRtree(shapes).query(survey.grids[zone.grids], predicate="intersects")
        several = np.bincount(building, minlength=len(shapes))[building] > 1
        building, grid = building[several], zone.grids[grid[several]]
        common = shapely.intersection(shapes[building], survey.grids[grid])
        areas = shapely.area(shapes[building])
        shares = shapely.area(common) / np.maximum(areas, CRUMB_M2)
        building = rows[building]
        first = census.grid_of[building]
        order = np.lexsort((survey.grid_codes[grid].astype(str), -shares, building))
        in_second = (first >= 0) & (survey.grid_group[grid] == survey.grid_group[first]) & (grid != first)
        cut = dwelling[building] & in_second & (areas > CRUMB_M2) & (shares > CUT_DWELLING)
        for k in order[cut[order]].tolist():
            words = int(first[k]), int(grid[k]), common[k], float(shares[k])
            cut_dwellings.setdefault(int(building[k]), _cut_place(survey, "buildings_cut", zone, *words))
        held = ~dwelling[building] & (shares > CUT_OTHER)
        cut = held & (np.bincount(building[held], minlength=len(dwelling))[building] > 1)
        _, largest, whose = np.unique(building[order[cut[order]]], return_index=True, return_inverse=True)
        for k, top in zip(order[cut[order]].tolist(), order[cut[order]][largest[whose]].tolist(), strict=True):
            if k != top:
                words = int(grid[top]), int(grid[k]), common[k], float(shares[k])
                cut_others.setdefault(int(building[k]), _cut_place(survey, "other_buildings_cut", zone, *words))
    places = [place for cut in (cut_dwellings, cut_others) for _, place in sorted(cut.items())]
    return Finding({"buildings_cut": len(cut_dwellings), "other_buildings_cut": len(cut_others)}, places)


def _cut_place(
    survey: Survey, promise: str, zone: Zone, first: int, second: int, common: shapely.Geometry, share: float
) -> Place:
    x, y = lonlat(np.array([shapely.point_on_surface(common)]), zone.crs)[0]
    codes = str(survey.grid_codes[first]), str(survey.grid_codes[second])
    zh = f"{'住宅楼' if promise == 'buildings_cut' else '建筑'}被边界切开，{share:.0%} 在网格 {codes[1]}"
    en = f"a {'dwelling' if promise == 'buildings_cut' else 'building'} is cut: {share:.0%} of it lies in {codes[1]}"
    return Place(promise, codes[0], x, y, float(share), zh, en)


def check_compounds(
    survey: Survey, census: Census, compounds: gpd.GeoDataFrame, rules: Rules, with_buildings: bool
) -> Finding:
    """Find compounds of at most the maximum, lying in one community, with over 5 % in each of several grids."""
    if not len(compounds):
        return Finding({"compounds_split": None}, [])
    drawn = np.asarray(compounds.geometry.array, dtype=object)
    split: dict[int, Place] = {}
    for zone, rows, _, points in census.located:
        near = zone.rows_near(drawn)
        shapes = project(polygons_only(drawn[near]), zone.crs)
        sizes = np.maximum(shapely.area(shapes), CRUMB_M2)
        outlines = survey.communities[zone.communities]
        compound, home = STRtree(outlines).query(shapes, predicate="intersects")
        at_home = shapely.area(shapely.intersection(shapes[compound], outlines[home])) / sizes[compound]
        whole = np.zeros(len(shapes), bool)
        whole[compound[at_home >= HOME_COMPOUND]] = True
        households = households_in(shapes, points, census.households[rows])
        if with_buildings:
            whole &= households <= rules.max_households
        compound, grid = STRtree(survey.grids[zone.grids]).query(shapes, predicate="intersects")
        order = np.lexsort((grid, compound))
        compound, grid = compound[order], zone.grids[grid[order]]
        common = shapely.intersection(shapes[compound], survey.grids[grid])
        held = whole[compound] & (shapely.area(common) / sizes[compound] > CUT_COMPOUND)
        several = np.bincount(compound[held], minlength=len(shapes)) > 1
        for k in np.flatnonzero(several).tolist():
            parts = np.flatnonzero(held & (compound == k))
            parts = parts[np.argsort(-shapely.area(common[parts]), kind="stable")]
            codes = [str(survey.grid_codes[row]) for row in grid[parts]]
            x, y = lonlat(np.array([shapely.point_on_surface(common[parts[1]])]), zone.crs)[0]
            name = str(compounds["name"].iloc[near[k]]) if "name" in compounds else ""
            title = name or str(near[k] + 1)
            zh = f"小区“{title}”（{plain(households[k])} 户）被分在网格 {'、'.join(codes)}"
            en = f"compound “{title}” of {plain(households[k])} households is held by grids {', '.join(codes)}"
            split.setdefault(int(near[k]), Place("compounds_split", codes[0], x, y, len(codes), zh, en))
    return Finding({"compounds_split": len(split)}, [place for _, place in sorted(split.items())])


def households_in(shapes: Geometries, points: Geometries, households: Numbers) -> Numbers:
    """Sum the households whose point lies in each shape."""
    inside, shape = STRtree(shapes).query(points, predicate="intersects")
    return _sums(shape, households[inside], len(shapes))


def _sums(rows: Indices, amounts: Numbers, length: int) -> Numbers:
    return np.bincount(rows, weights=amounts, minlength=length).astype(float)
