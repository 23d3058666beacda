"""Households where nobody counted them: modelled from floor area, and scaled to what is known of a community."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.files.messages import Findings, listed
from app.geo.crs import metric_crs, project

__all__ = ["FLOOR_AREA_PER_HOUSEHOLD_M2", "areas_m2", "communities_of", "model_households", "scale_households"]

Shapes = NDArray[np.object_]
Numbers = NDArray[np.float64]

FLOOR_AREA_PER_HOUSEHOLD_M2 = 105.0

SMALL_FOOTPRINT_M2 = 200.0
SMALL_LEVELS, LEVELS = 3.0, 6.0
"""Assumed where levels are unknown: self-built houses have about three floors; six is the walk-up slab, the highest
that may be built without a lift (GB 50096), and what most housing of the last century is."""

UNKNOWN_USE = {"", "yes", "building", "是"}
DWELLINGS = {
    *("residential", "apartments", "house", "detached", "semidetached_house", "terrace", "dormitory", "bungalow"),
    *("farm", "cabin", "villa", "ger", "houseboat", "static_caravan"),
}
DWELLING_WORDS = ("住", "公寓", "宿舍", "民房", "民居", "居民", "自建房", "农房", "别墅")
OTHER_WORDS = ("非", "住院")
"""Chinese uses that contain a word for dwelling and are none: 非居住, 住院部."""


def model_households(
    shapes: Shapes, uses: Sequence[str] | None, levels: Numbers, floor_areas: Numbers, findings: Findings
) -> Numbers:
    """Return estimated households, not rounded: floor area, or footprint times levels, by 105 m² each.

    Where a use is stated, only dwellings and buildings of unknown use have households.

    Parameters
    ----------
    shapes
        Buildings in longitude/latitude.
    levels, floor_areas
        NaN where unknown.

    Raises
    ------
    InputError
        If there are points without floor area.
    """
    dwelling = np.ones(len(shapes), bool) if uses is None else np.array([_may_be_dwelling(use) for use in uses], bool)
    sizeless = dwelling & np.isnan(floor_areas) & (shapely.get_dimensions(shapes) == 0)
    if sizeless.any():
        raise findings.stop(
            "households_unknown",
            reason=f"{int(sizeless.sum()):,} 个点没有建筑面积",
            reason_en=f"{int(sizeless.sum()):,} points have no floor area",
        )
    footprints = areas_m2(shapes)
    assumed = np.where(footprints < SMALL_FOOTPRINT_M2, SMALL_LEVELS, LEVELS)
    by_footprint = footprints * np.where(np.isnan(levels), assumed, levels)
    findings.note("households_modelled", int(dwelling.sum()))
    findings.note("levels_assumed", int((dwelling & np.isnan(levels) & np.isnan(floor_areas)).sum()))
    floor_area = np.where(np.isnan(floor_areas), by_footprint, floor_areas)
    return np.where(dwelling, floor_area / FLOOR_AREA_PER_HOUSEHOLD_M2, 0.0)


def _may_be_dwelling(use: str) -> bool:
    use = use.strip().casefold()
    if use in UNKNOWN_USE or use in DWELLINGS:
        return True
    return any(word in use for word in DWELLING_WORDS) and not any(word in use for word in OTHER_WORDS)


def areas_m2(shapes: Shapes) -> Numbers:
    """Return areas of shapes in longitude/latitude, each measured in the 3-degree zone of its place."""
    areas = np.zeros(len(shapes))
    bounds = shapely.bounds(shapes)
    zones = np.floor((bounds[:, 0] + bounds[:, 2]) / 6 + 0.5)
    for zone in np.unique(zones):
        areas[zones == zone] = shapely.area(project(shapes[zones == zone], metric_crs(3.0 * zone)))
    return areas


def communities_of(points: Shapes, outlines: Shapes) -> NDArray[np.int64]:
    """Return the position of the first outline that each point lies in or on, -1 where there is none."""
    outline, point = STRtree(points).query(outlines, predicate="intersects")
    order = np.argsort(-outline, kind="stable")
    first = np.full(len(points), -1, dtype=np.int64)
    first[point[order]] = outline[order]
    return first


def scale_households(
    modelled: Numbers, community: NDArray[np.int64], totals: Numbers, codes: Sequence[str], findings: Findings
) -> Numbers:
    """Return whole households: a community's known total shared out by largest remainder, else each rounded.

    Parameters
    ----------
    modelled
        Estimates of buildings, which may be fractions.
    community
        Position of each building's community in `totals` and `codes`, -1 for none.
    totals
        Households of communities, NaN where unknown.
    """
    households = np.floor(modelled + 0.5)
    scaled, unborne = 0, []
    for position in np.flatnonzero(np.isfinite(totals)).tolist():
        mine = np.flatnonzero(community == position)
        weight = float(modelled[mine].sum())
        if weight > 0:
            households[mine] = _share_out(int(totals[position]), modelled[mine] / weight)
            scaled += 1
        elif totals[position] > 0:
            unborne.append(codes[position])
    findings.note("households_scaled", scaled)
    findings.note("total_without_dwellings", len(unborne), features=listed(unborne))
    return households


def _share_out(total: int, shares: Numbers) -> Numbers:
    """Share a whole number out by largest remainder, ties to the first."""
    quotas = total * shares
    whole = np.floor(quotas)
    left = total - int(whole.sum())
    whole[np.argsort(-(quotas - whole), kind="stable")[:left]] += 1
    return whole
