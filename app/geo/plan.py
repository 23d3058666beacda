"""What a plan is: grids, what they are made of and bounded by, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd

from app.geo.rules import Rules

__all__ = ["Plan", "told_about"]


@dataclass(frozen=True)
class Plan:
    """A division of communities into grids, in EPSG:4490, polygons as MultiPolygon, columns as the plan file has them.

    `streets` are carried along so that a map needs nothing but the plan; `about` is the one row of layer `plan`.
    """

    grids: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    about: Mapping[str, str | int | float]


def told_about(plan: Plan) -> Mapping[str, str | int | float]:
    """Return what a plan says of itself, with the usual band and no basis where an older one says nothing."""
    usual = {"min_households": Rules.min_households, "max_households": Rules.max_households}
    return {**usual, "household_basis": "", "software": "", "version": "", **plan.about}
