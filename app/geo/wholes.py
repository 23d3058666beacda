"""Compounds and residents' groups that more than one grid holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.census import Census, households_in
from app.geo.crs import project
from app.geo.rules import Rules
from app.geo.survey import Survey, lonlat, polygons_only

__all__ = ["Whole", "cut_wholes", "name_wholes"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]

CUT_SHARE = 0.05
"""A grid with less of a compound than this does not cut it."""


@dataclass(frozen=True)
class Whole:
    """Something that should stay in one grid: its name, its households, and the grids that hold it, largest first."""

    name: str
    households: float
    grids: tuple[int, ...]
    place: tuple[float, float]


def cut_wholes(
    survey: Survey,
    census: Census,
    drawn: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    *,
    area_column: str,
    building_column: str,
) -> list[Whole]:
    """Find the compounds, or groups, of a community that two or more of its grids hold, each once.

    They are known by areas, by a column of the buildings, or both.

    Parameters
    ----------
    survey, census
        The grids, and the households that the buildings give them.
    drawn
        Areas in EPSG:4490; may be empty.
    buildings
        As `Layers` describes them.
    area_column, building_column
        Where areas and buildings have the name.
    """
    names = drawn[area_column].to_numpy(object) if len(drawn) else np.empty(0, dtype=object)
    areas = _cut_areas(survey, census, np.asarray(drawn.geometry.array, dtype=object), names)
    return list(_each_once([*areas, *_cut_lists(survey, census, buildings, building_column)]))


def name_wholes(
    survey: Survey,
    census: Census,
    drawn: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
    rules: Rules,
    *,
    area_column: str,
    building_column: str,
) -> NDArray[np.object_]:
    """Name the compound, or group, of at most the maximum in which each building is, '' where it is in none.

    Names are told apart by community, areas of one name from each other.
    """
    names = np.full(len(buildings), "", dtype=object)
    if building_column in buildings:
        names = buildings[building_column].to_numpy(object).astype(object)
    areas = np.asarray(drawn.geometry.array, dtype=object)
    for zone, rows, _, points in census.located:
        near = zone.rows_near(areas)
        building, area = STRtree(project(polygons_only(areas[near]), zone.crs)).query(points, predicate="intersects")
        for k, row in zip(rows[building].tolist(), near[area].tolist(), strict=True):
            names[k] = names[k] or f"{drawn[area_column].iloc[row]} {row}"
    community = np.append(survey.grid_group, -1)[census.grid_of]
    names = np.array([f"{home} {name}" if name else "" for home, name in zip(community, names, strict=True)], object)
    total = pd.Series(census.households).groupby(names).transform("sum").to_numpy(float)
    return np.where(total <= rules.max_households, names, "")


def _cut_areas(survey: Survey, census: Census, drawn: Geometries, names: NDArray[np.object_]) -> Iterable[Whole]:
    """Find areas of which two or more grids of a community hold over 5 %."""
    for zone, rows, _, points in census.located:
        near = zone.rows_near(drawn)
        shapes = project(polygons_only(drawn[near]), zone.crs)
        households = households_in(shapes, points, census.households[rows])
        area, grid = STRtree(survey.grids[zone.grids]).query(shapes, predicate="intersects")
        grid = zone.grids[grid]
        common = shapely.intersection(shapes[area], survey.grids[grid])
        share = shapely.area(common) / np.maximum(shapely.area(shapes[area]), 1)
        order = np.lexsort((survey.grid_codes[grid].astype(str), -share, survey.grid_group[grid], area))
        order = order[share[order] > CUT_SHARE]
        steps = (np.diff(area[order]) != 0) | (np.diff(survey.grid_group[grid[order]]) != 0)
        for held in np.split(order, np.flatnonzero(steps) + 1):
            if len(held) > 1:
                [spot] = lonlat(np.array([shapely.point_on_surface(common[held[1]])]), zone.crs)
                k = int(area[held[0]])
                name = str(names[near[k]])
                yield Whole(name, float(households[k]), tuple(grid[held].tolist()), spot)


def _cut_lists(survey: Survey, census: Census, buildings: gpd.GeoDataFrame, column: str) -> Iterable[Whole]:
    """Find names of buildings of a community that two or more grids hold with over 5 % of the households each."""
    if not len(buildings) or column not in buildings:
        return
    named = (buildings[column].to_numpy(object) != "") & (census.households > 0) & (census.grid_of >= 0)
    rows = np.flatnonzero(named)
    held = pd.DataFrame(
        {
            "group": survey.grid_group[census.grid_of[rows]],
            "name": buildings[column].to_numpy(object)[rows].astype(str),
            "grid": census.grid_of[rows],
            "households": census.households[rows],
            "building": rows,
        }
    )
    for (_, name), whole in held.groupby(["group", "name"], sort=True):
        total = float(whole["households"].sum())
        by_grid = whole.groupby("grid")["households"].sum()
        by_grid = by_grid[by_grid > CUT_SHARE * total].sort_values(ascending=False, kind="stable")
        if len(by_grid) > 1:
            there = whole.loc[whole["grid"] == by_grid.index[1], "building"]
            point = shapely.point_on_surface(buildings.geometry.array[int(there.iloc[0])])
            grids = tuple(int(row) for row in by_grid.index)
            yield Whole(str(name), total, grids, (round(point.x, 6), round(point.y, 6)))


def _each_once(wholes: Iterable[Whole]) -> Iterable[Whole]:
    """Drop a list of buildings where the area of the same name is already told in one of its grids."""
    told: set[tuple[str, int]] = set()
    for whole in wholes:
        if not whole.name or not any((whole.name, grid) in told for grid in whole.grids):
            told |= {(whole.name, grid) for grid in whole.grids}
            yield whole
