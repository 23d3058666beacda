"""Write the county into its folder; no clock enters the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from shapely import LineString, Polygon

from gis_data.make_county.plan import NOTICE, to_degrees

__all__ = ["as_written", "write_layers"]

MULTI = {"communities", "towns", "grids_last_year"}


def as_written(layers: Mapping[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Bring layers to EPSG:4490 with rounded coordinates, and repeat a vertex as drawing programs do."""
    return {name: _repeat_a_vertex(to_degrees(frame), name) for name, frame in layers.items()}


def _repeat_a_vertex(frame: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    """Repeat a vertex in the first outline, street and building."""
    if layer not in {"communities", "streets", "buildings"}:
        return frame
    first = frame.geometry.iloc[0]
    coordinates = shapely.get_coordinates(first)
    doubled = np.insert(coordinates, 1, coordinates[1], axis=0)
    geometry = frame.geometry.tolist()
    geometry[0] = LineString(doubled) if first.geom_type == "LineString" else Polygon(doubled)
    return frame.set_geometry(gpd.GeoSeries(geometry, crs=frame.crs))


@contextmanager
def clockless() -> Iterator[None]:
    """Keep the clock out of GeoPackages."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-01-01T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def write_layers(path: Path, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    """Write layers into one GeoPackage, which is made anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with clockless():
        for name, frame in layers.items():
            pyogrio.write_dataframe(
                frame,
                path,
                layer=name,
                driver="GPKG",
                append=path.exists(),
                promote_to_multi=name in MULTI,
                layer_options={"DESCRIPTION": NOTICE, "SPATIAL_INDEX": "NO"},
                layer_metadata={"notice": NOTICE},
            )
