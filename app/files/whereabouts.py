"""Where a layer lies beside the communities: what is near is kept, a layer that lies elsewhere is refused."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.files.messages import Findings
from app.geo.crs import METRES_PER_DEGREE

__all__ = ["keep_near", "refuse_elsewhere"]

NEAR_M = 100.0
"""What lies farther from every community is ignored; streets nearby may name a side."""


def keep_near(frame: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, findings: Findings) -> gpd.GeoDataFrame:
    """Keep what lies in or near communities; refuse a layer of which nothing does."""
    near = refuse_elsewhere(frame, communities, findings)
    if not near.any():
        return frame
    findings.note("outside", int((~near).sum()))
    return frame[near].reset_index(drop=True)


def refuse_elsewhere(frame: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, findings: Findings) -> NDArray[np.bool_]:
    """Tell what lies in or near communities; where nothing does, say what is likely wrong."""
    outlines, shapes = communities.geometry.to_numpy(), frame.geometry.to_numpy()
    near = _near(shapes, outlines)
    if not near.any():
        _say_where(shapes, outlines, findings)
    return near


def _near(shapes: NDArray[np.object_], outlines: NDArray[np.object_]) -> NDArray[np.bool_]:
    latitude = min(float(np.abs(shapely.bounds(outlines)[:, [1, 3]]).max()), 89.0)
    reach = NEAR_M / (METRES_PER_DEGREE * np.cos(np.radians(latitude)))
    _, hit = STRtree(shapes).query(outlines, predicate="dwithin", distance=reach)
    near = np.zeros(len(shapes), bool)
    near[hit] = True
    return near


def _say_where(shapes: NDArray[np.object_], outlines: NDArray[np.object_], findings: Findings) -> None:
    west, south, east, north = shapely.total_bounds(shapes)
    lon, lat = (west + east) / 2, (south + north) / 2
    if _near(shapely.transform(shapes, lambda xy: xy[:, ::-1]), outlines).any():
        findings.refuse("axes_swapped", x=lon, y=lat)
        return
    west, south, east, north = shapely.total_bounds(outlines)
    home_lon, home_lat = (west + east) / 2, (south + north) / 2
    zones_off = (lon - home_lon) / 3
    hint = hint_en = ""
    if abs(lat - home_lat) < 0.3 and round(zones_off) != 0 and abs(zones_off - round(zones_off)) < 0.1:
        hint = f"，经度相差约 {abs(round(zones_off)) * 3}°，像是投影带弄错了"
        hint_en = f", {abs(round(zones_off)) * 3}° of longitude apart: its projection zone may be wrong"
    findings.refuse(
        "elsewhere", lon=lon, lat=lat, km=_distance_km(lon, lat, home_lon, home_lat), hint=hint, hint_en=hint_en
    )


def _distance_km(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    a, b = np.radians([lon, lat]), np.radians([other_lon, other_lat])
    half = np.sin((b[1] - a[1]) / 2) ** 2 + np.cos(a[1]) * np.cos(b[1]) * np.sin((b[0] - a[0]) / 2) ** 2
    return float(2 * 6371.0 * np.arcsin(np.sqrt(half)))
