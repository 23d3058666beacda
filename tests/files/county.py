"""A drawn county of four communities, and its files on disk."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from app.files.inputs import ReadReport, read_layers
from app.geo.errors import Fault, InputError
from app.geo.layers import Layers

#   y      0        600       1200 m
# 1200     +---------+---------+
#          |   C03   ║   C04   |      ║ a river bed (barrier), = a main street, every community 360 000 m²,
#  600     +=========+=========+      four buildings of 100 households each, 40 m inside the corners
#          |   C01   ║   C02   |
#    0     +---------+---------+
EAST, NORTH = 390_000.0, 3_545_000.0
CODES = ("320199001001", "320199001002", "320199001003", "320199001004")
ZONE = 4549


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Draw a rectangle in metres of the drawing."""
    return shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)


def line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in points])


def point(x: float, y: float) -> shapely.Point:
    return shapely.Point(EAST + x, NORTH + y)


OUTLINES = (box(0, 0, 600, 600), box(600, 0, 1200, 600), box(0, 600, 600, 1200), box(600, 600, 1200, 1200))


def communities(*outlines: shapely.Geometry, **columns: object) -> gpd.GeoDataFrame:
    outlines = outlines or OUTLINES
    named = {
        "community_code": CODES[: len(outlines)],
        "name": ["甲社区", "乙社区", "丙社区", "丁社区"][: len(outlines)],
    }
    return gpd.GeoDataFrame(named | columns, geometry=list(outlines), crs=ZONE)


def streets(*lines: shapely.Geometry, **columns: object) -> gpd.GeoDataFrame:
    lines = lines or (line((0, 600), (1200, 600)), line((300, 0), (300, 1200)))
    named = {"highway": ["primary", "街巷"][: len(lines)] or [], "name": ["人民路", "程阁老巷"][: len(lines)]}
    return gpd.GeoDataFrame(named | columns, geometry=list(lines), crs=ZONE)


def buildings(**columns: object) -> gpd.GeoDataFrame:
    corners = [(x + dx, y + dy) for x in (0, 600) for y in (0, 600) for dx in (40, 540) for dy in (40, 540)]
    shapes = [box(x, y, x + 20, y + 20) for x, y in corners]
    return gpd.GeoDataFrame({"households": [100] * len(shapes)} | columns, geometry=shapes, crs=ZONE)


def barriers() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"kind": ["river"], "name": ["小河"]}, geometry=[line((600, 0), (600, 1200))], crs=ZONE)


def frames(**others: gpd.GeoDataFrame) -> dict[str, gpd.GeoDataFrame]:
    """Return the four layers everybody has, some replaced or added."""
    whole = {"communities": communities(), "streets": streets(), "buildings": buildings(), "barriers": barriers()}
    return whole | others


def write(folder: Path, layers: Mapping[str, gpd.GeoDataFrame], name: str = "county.gpkg") -> dict[str, str]:
    """Write layers to one GeoPackage and return the sources."""
    for layer, frame in layers.items():
        frame.to_file(folder / name, layer=layer, driver="GPKG")
    return {layer: f"{folder / name}:{layer}" for layer in layers}


def save_shapefile(frame: gpd.GeoDataFrame, path: Path, encoding: str = "UTF-8") -> None:
    """Write a Shapefile; that names of columns are cut is meant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.write_dataframe(frame, path, encoding=encoding)


def read(folder: Path, layers: Mapping[str, gpd.GeoDataFrame] | None = None, **options) -> tuple[Layers, ReadReport]:
    return read_layers(write(folder, frames() if layers is None else layers), **options)


def faults(sources: Mapping[str, str], **options) -> list[Fault]:
    """Read what has to be refused, and return why."""
    with pytest.raises(InputError) as caught:
        read_layers(sources, **options)
    for fault in caught.value.faults:
        assert all((fault.fact, fault.remedy, fault.fact_en, fault.remedy_en))
        assert "{" not in fault.say("zh") + fault.say("en")
    return list(caught.value.faults)


def only_fault(sources: Mapping[str, str], **options) -> Fault:
    found = faults(sources, **options)
    assert len(found) == 1, [str(fault) for fault in found]
    return found[0]


def notes(report: ReadReport) -> dict[str, int]:
    """Return how often each kind of thing was noted."""
    for note in report.notes:
        assert "{" not in note.say("zh") + note.say("en")
    return {note.kind: note.count for note in report.notes}
