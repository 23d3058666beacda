"""Files as they also come in: a GBK Shapefile, a layer in GCJ-02, outlines that gape and overlap, pending codes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from gis_data.make_county.plan import DIGITS, EASTING, NORTHING, ZONE
from gis_data.make_county.write import clockless

__all__ = ["GAPING_TOWN", "PENDING", "PENDING_TOWN", "shift_to_gcj02", "write_dirt"]

GAPING_TOWN = "999902103"
PENDING_TOWN = "999902002"  # newly set up: three of its communities have no code yet
PENDING = 3
GAP_M, OVERLAP_M = 18.0, 22.0
MAJOR_AXIS_M, ECCENTRICITY2 = 6378245.0, 0.00669342162296594323  # of the ellipsoid that GCJ-02 is defined on


def shift_to_gcj02(lonlat: np.ndarray) -> np.ndarray:
    """Shift longitude and latitude as map services in China do (the public formula)."""
    x, y = lonlat[:, 0] - 105.0, lonlat[:, 1] - 35.0

    def waves(t: np.ndarray, parts: tuple[tuple[float, float], ...]) -> np.ndarray:
        return sum((size * np.sin(t * rate * np.pi) for size, rate in parts), np.zeros(len(t))) * 2 / 3

    common = waves(x, ((20.0, 6.0), (20.0, 2.0)))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + common
    north += waves(y, ((20.0, 1.0), (40.0, 1 / 3))) + waves(y, ((160.0, 1 / 12), (320.0, 1 / 30)))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + common
    east += waves(x, ((20.0, 1.0), (40.0, 1 / 3))) + waves(x, ((150.0, 1 / 12), (300.0, 1 / 30)))
    latitude = np.radians(lonlat[:, 1])
    bend = 1 - ECCENTRICITY2 * np.sin(latitude) ** 2
    d_lat = np.degrees(north * bend * np.sqrt(bend) / (MAJOR_AXIS_M * (1 - ECCENTRICITY2)))
    d_lon = np.degrees(east * np.sqrt(bend) / (MAJOR_AXIS_M * np.cos(latitude)))
    return np.column_stack([lonlat[:, 0] + d_lon, lonlat[:, 1] + d_lat])


def write_dirt(
    folder: Path, layers: Mapping[str, gpd.GeoDataFrame], metres: Mapping[str, gpd.GeoDataFrame]
) -> dict[str, list[str]]:
    """Write the files and return what was done to which features.

    Parameters
    ----------
    layers, metres
        Layers of `county.gpkg`, in degrees as written and in metres as drawn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_gbk(folder, metres["communities"])
    _write_json(folder / "compounds_amap.geojson", _amap(layers["compounds"]))
    gaping, told = _gape(layers["communities"])
    _write_json(folder / "communities_gap_overlap.geojson", gaping)
    pending = layers["communities"][layers["communities"].town_code == PENDING_TOWN].head(PENDING)
    renamed = pending.assign(社区编码="待赋码", 名称=pending.name, 城乡分类=pending.urban_rural_code)
    _write_json(folder / "communities_pending.geojson", renamed[["社区编码", "名称", "城乡分类", "geometry"]])
    return {**told, "pending": sorted(pending.community_code)}


def _write_json(path: Path, frame: gpd.GeoDataFrame) -> None:
    path.unlink(missing_ok=True)
    plain = frame.set_crs(None, allow_override=True).set_crs("EPSG:4326")
    pyogrio.write_dataframe(plain, path, driver="GeoJSON", layer_options={"COORDINATE_PRECISION": str(DIGITS)})


def _write_gbk(folder: Path, communities: gpd.GeoDataFrame) -> None:
    """Write a Shapefile in GBK without the file that would say so, the number of the zone before its eastings."""
    moved = shapely.transform(
        communities.geometry.to_numpy(), lambda xy: np.round(xy + np.array([EASTING + 35e6, NORTHING]), 2)
    )
    frame = gpd.GeoDataFrame(
        {
            "社区编码": communities.community_code,
            "社区名称": communities.name,
            "城乡分类": communities.urban_rural_code,
            "户数": communities.households,
        },
        geometry=moved,
        crs="EPSG:4523",
    )
    path = folder / "communities_gbk.shp"
    for old in folder.glob("communities_gbk.*"):
        old.unlink()
    with clockless():
        pyogrio.write_dataframe(
            frame, path, driver="ESRI Shapefile", encoding="GBK", layer_options={"DBF_DATE_LAST_UPDATE": "2026-01-01"}
        )
    path.with_suffix(".cpg").unlink(missing_ok=True)


def _amap(compounds: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Take the compounds from a map service: names only, shifted, and nothing says so."""
    shifted = shapely.transform(compounds.geometry.to_numpy(), lambda xy: np.round(shift_to_gcj02(xy), DIGITS))
    return gpd.GeoDataFrame({"name": compounds.name}, geometry=shifted, crs="EPSG:4326")


def _gape(communities: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, list[str]]]:
    """Draw the communities of a town as two offices would: one pair gapes, one overlaps."""
    mine = communities[communities.town_code == GAPING_TOWN].reset_index(drop=True)
    flat = mine.to_crs(ZONE)
    shapes = flat.geometry.to_list()
    pairs = [
        (a, b)
        for a in range(len(shapes))
        for b in range(a + 1, len(shapes))
        if shapes[a].boundary.intersection(shapes[b].boundary.buffer(0.05)).length > 400
    ]
    (a, b) = pairs[0]
    (c, d) = next(pair for pair in pairs if not {a, b} & set(pair))
    shapes[a] = max(shapely.get_parts(shapes[a].difference(shapes[b].buffer(GAP_M))), key=lambda part: part.area)
    shapes[c] = shapely.union_all([shapes[c], shapes[d].intersection(shapes[c].buffer(OVERLAP_M))])
    codes = mine.community_code
    spoilt = flat.set_geometry(gpd.GeoSeries(shapes, crs=ZONE)).to_crs("EPSG:4490")
    rounded = shapely.transform(spoilt.geometry.to_numpy(), lambda xy: np.round(xy, DIGITS))
    told = {"gap": [codes[a], codes[b]], "overlap": [codes[c], codes[d]]}
    return spoilt.set_geometry(gpd.GeoSeries(rounded, crs="EPSG:4490")), told
