"""The made-up county as a plan that needs no division: every community is one grid."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from app.files.inputs import read_layers
from app.geo.plan import Plan
from tests.conftest import ROOT

COUNTY = ROOT / "gis_data" / "county"
LAYERS = COUNTY / "county.gpkg"


def draw_county() -> Plan:
    """Draw it from the outlines of the county's communities, with the households that its layer tells."""
    layers, _ = read_layers({"communities": f"{LAYERS}:communities"})
    table = layers.communities.sort_values("community_code", kind="stable").reset_index(drop=True)
    codes = table["community_code"].to_numpy(object)
    outlines = [shapely.MultiPolygon(shapely.get_parts(shape).tolist()) for shape in table.geometry]
    count = len(table)
    own = {"households": table["households"].astype(np.int64), "community_code": codes}
    grids = {
        "grid_code": [f"{code}001" for code in codes],
        "name": ["第1网格"] * count,
        "kind": ["general"] * count,
        **own,
        "reason": [""] * count,
        "reason_code": [""] * count,
    }
    units = {"unit_id": [f"{code}-1" for code in codes], "grid_code": grids["grid_code"], **own}
    homes = {**own, "name": table["name"].to_numpy(object), "grids": np.ones(count, np.int64)}
    borders = {"left_grid": [], "right_grid": [], "barrier": [], "name": [], "length_m": np.zeros(0)}
    return Plan(
        grids=_frame(grids, outlines),
        units=_frame(units, outlines),
        borders=_frame(borders, []),
        communities=_frame(homes, outlines),
        streets=_frame({"highway": ["residential"], "name": [""]}, [shapely.LineString([(105, 30), (105, 30.001)])]),
        about={"software": "jiexiang", "version": "0", "seed": 0, "share": 0.25, "household_basis": "常住户"},
    )


def _frame(columns, shapes) -> gpd.GeoDataFrame:
    geometry = gpd.GeoSeries(shapes, crs="EPSG:4490", dtype=object if not shapes else None)
    frame = gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4490")
    texts = {name: "str" for name in frame if name != "geometry" and frame[name].dtype == object}
    return frame.astype(texts)
