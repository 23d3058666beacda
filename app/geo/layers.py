"""What a county hands in: the contract of every input layer, and the checked layers together."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd

__all__ = ["Layers"]


@dataclass(frozen=True)
class Layers:
    """Checked inputs, in EPSG:4490 longitude/latitude, with the columns of their contracts.

    Outlines of communities are densified to at most 100 m in the CRS in which they came, so that *straight* keeps its
    meaning. Frames have a plain RangeIndex in the order of the file. `compounds`, `special_sites`, `groups`, `barriers`,
    `fixed_borders` and `seeds` may be empty frames; they are never None.
    """

    communities: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    compounds: gpd.GeoDataFrame
    special_sites: gpd.GeoDataFrame
    groups: gpd.GeoDataFrame
    fixed_borders: gpd.GeoDataFrame
    seeds: gpd.GeoDataFrame
    household_basis: str
    """户籍户, 常住户, 住宅套数 or 估算."""
