"""From checked layers to a plan: the main path of a division, community by community, and its assembly."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from app.geo.allot import Allotment, allot_units
from app.geo.blocks import cut_blocks
from app.geo.cells import WHOLE_BLOCK_HOUSEHOLDS, cut_cells
from app.geo.crs import DEGREES
from app.geo.describe import DescribedGrids, describe_grids
from app.geo.draw import border_cost, draw_as_cut, draw_grids
from app.geo.ground import CommunityTask, lay_out, prepare_tasks, with_middles
from app.geo.layers import Layers
from app.geo.plan import Plan
from app.geo.rules import Rules
from app.geo.seams import Seams, are_sound, match_seams, sew
from app.geo.search import Effort
from app.geo.units import MOST_UNITS, Units, form_units

__all__ = [
    "CommunityTask",
    "DividedCommunity",
    "assemble_plan",
    "divide_community",
    "prepare_tasks",
]


WORTH_A_GRID = 0.95
"""One grid fewer has to save this much of the borders: somebody has to look after the larger ones."""


@dataclass(frozen=True)
class DividedCommunity:
    """One community's part of a plan, in EPSG:4490, before its seams with its neighbours are matched."""

    code: str
    outline: shapely.Geometry
    grids: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    community: Mapping[str, str | int | float | bool]
    seams: Seams


def divide_community(task: CommunityTask, rules: Rules, *, seed: int, effort: Effort | None = None) -> DividedCommunity:
    """Divide one community into grids.

    The result depends on the task, the rules and the seed alone: the community's code seeds its own stream of random
    numbers, so no other community has a say.
    """
    rules = rules.for_class(task.urban_rural_code)
    rng = np.random.default_rng([seed, *hashlib.sha256(task.code.encode()).digest()[:8]])
    ground = lay_out(task, rules)
    blocks = cut_blocks(
        ground.lines.geometry,
        ground.lines.barrier,
        ground.outline,
        ground.dwellings.geometry,
        ground.dwellings.households > 0,
        np.concatenate([ground.compounds, ground.sites, ground.groups]),
    )
    light = min(WHOLE_BLOCK_HOUSEHOLDS, rules.max_households / 10)
    cells = cut_cells(ground.outline, blocks, ground.dwellings, ground.fixed, whole_block=light)
    for most_units in (MOST_UNITS, sys.maxsize):  # cells that were paired up come apart again where the band is missed
        units = form_units(
            ground,
            blocks,
            cells,
            with_middles(ground, blocks),
            task.buildings["compound"].to_numpy(object),
            task.buildings["group"].to_numpy(object),
            rules,
            most_units=most_units,
        )
        allotment = allot_units(task, ground, units, rules, effort or Effort(), rng)
        if not allotment.division.out_of_band or not units.paired:
            break
    allotment = _choose(units, allotment)
    drawing = draw_grids(ground, units, allotment.grid)
    described = describe_grids(task, ground, units, allotment, drawing, rules)
    if not _stay_sound(task, described):  # straightened so close to the outline that rounding tangles it
        drawing = draw_as_cut(units, allotment.grid)
        described = describe_grids(task, ground, units, allotment, drawing, rules)
    return DividedCommunity(task.code, task.outline, *described)


def _choose(units: Units, allotment: Allotment) -> Allotment:
    """Keep the allotment, or one with a grid fewer whose borders cost much less where the cells have them.

    Straightening takes as much from either, to 2 %, so neither is drawn for this.
    """
    best, least = allotment, WORTH_A_GRID * border_cost(draw_as_cut(units, allotment.grid), units)
    for fewer in allotment.fewer:
        cost = border_cost(draw_as_cut(units, fewer.grid), units)
        if cost < least:
            best, least = fewer, cost
    return best


def _stay_sound(task: CommunityTask, described: DescribedGrids) -> bool:
    grids, units, _, _, seams = described
    polygons = np.concatenate([grids.geometry.to_numpy(), units.geometry.to_numpy()])
    return are_sound(polygons, seams, task.outline)


def assemble_plan(divided: Sequence[DividedCommunity], layers: Layers, about: Mapping[str, str | int | float]) -> Plan:
    """Match the seams between communities and put their parts together, in the order of their codes.

    Communities that are missing from `divided` (they failed, or were not asked for) are missing from the plan.
    """
    parts = sorted(divided, key=lambda part: part.code)
    added = match_seams([part.seams for part in parts], [part.outline for part in parts])

    def sewn(frames: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
        done = [
            frame.set_geometry(gpd.GeoSeries(sew(frame.geometry.to_numpy(), extra), index=frame.index, crs=DEGREES))
            for frame, extra in zip(frames, added, strict=True)
        ]
        return gpd.GeoDataFrame(pd.concat(done, ignore_index=True), crs=DEGREES)

    rows = gpd.GeoDataFrame([part.community for part in parts], geometry=[part.outline for part in parts], crs=DEGREES)
    multi = [shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape]) for shape in rows.geometry]
    communities = rows.set_geometry(gpd.GeoSeries(multi, index=rows.index, crs=DEGREES))
    streets = layers.streets[["highway", "name", "geometry"]].reset_index(drop=True)
    return Plan(
        sewn([part.grids for part in parts]),
        sewn([part.units for part in parts]),
        gpd.GeoDataFrame(pd.concat([part.borders for part in parts], ignore_index=True), crs=DEGREES),
        communities,
        streets,
        dict(about),
    )
