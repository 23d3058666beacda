"""A layer from a web map is found by how it fits the streets, and taken once it is declared."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from county import faults, notes, only_fault

from app.files.datums import parse_datums
from app.files.inputs import read_layers
from app.files.plans import read_grids
from app.geo.datum import from_plain
from app.geo.errors import InputError, UsageError
from app.geo.offsets import find_misplaced

ROOT = Path(__file__).parents[2]
TOWN = ROOT / "gis_data" / "town" / "town.gpkg"
SHARED = ROOT.parent / "shared" / "data"
LAYERS = ("communities", "streets", "buildings", "barriers")


def place(name: str) -> Path:
    ours = ROOT / "gis_data" / name / f"{name}.gpkg"
    file = ours if ours.is_file() else SHARED / name / f"{name}.gpkg"
    if not file.is_file():
        pytest.skip(f"{name} is read from {file}, which is not here")
    return file


def sources_of(file: Path) -> dict[str, str]:
    return {layer: f"{file}:{layer}" for layer in LAYERS}


def plant(folder: Path, sources: Mapping[str, str], layer: str, datum: str) -> dict[str, str]:
    """Write a layer as a web map would give it, and name it in place of the true one."""
    file, _, name = sources[layer].rpartition(":")
    frame = pyogrio.read_dataframe(file, layer=name)
    shapes = shapely.transform(frame.geometry.to_numpy(), lambda xy: from_plain(xy, datum))
    planted = frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs))
    planted.to_file(folder / f"{layer}.gpkg", layer=layer, driver="GPKG")
    return {**sources, layer: f"{folder / f'{layer}.gpkg'}:{layer}"}


@pytest.mark.parametrize("name", ["town", "county", "nanjing", "guixi"])
def test_layers_that_fit_raise_no_alarm(name):
    _, report = read_layers(sources_of(place(name)), as_is=True)
    assert "datum_doubted" not in notes(report)


PLANTED = [
    *itertools.product(("town", "nanjing", "guixi"), ("buildings", "communities", "streets"), ("gcj02", "bd09")),
    ("county", "communities", "gcj02"),  # whose outlines follow hills more than streets
    ("county", "streets", "bd09"),
]


@pytest.mark.parametrize(("name", "layer", "datum"), PLANTED)
def test_a_planted_layer_is_found_and_the_option_is_told(tmp_path, name, layer, datum):
    fault = only_fault(plant(tmp_path, sources_of(place(name)), layer, datum), as_is=True, mend=True)
    assert fault.kind == "datum_undeclared"
    assert fault.source.endswith(f":{layer}")
    assert f"--datum {layer}={datum}" in fault.remedy


def test_the_layer_from_a_web_map_that_the_county_has_is_found():
    county = place("county")
    sources = sources_of(county) | {"compounds": str(county.parent / "dirt" / "compounds_amap.geojson")}
    fault = only_fault(sources, as_is=True)
    assert fault.kind == "datum_undeclared"
    assert "--datum compounds=gcj02" in fault.remedy


def test_grids_drawn_on_a_web_map_are_found_and_taken_once_declared(tmp_path):
    """Outlines of the communities stand for grids that somebody drew."""
    layers, _ = read_layers(sources_of(place("town")))
    beside = {"streets": layers.streets, "buildings": layers.buildings}
    sources = plant(tmp_path, {**sources_of(TOWN), "grids": f"{TOWN}:communities"}, "grids", "gcj02")
    with pytest.raises(InputError) as caught:
        read_grids(sources["grids"], layers.communities, beside=beside)
    assert [fault.kind for fault in caught.value.faults] == ["datum_undeclared"]
    assert "--datum grids=gcj02" in caught.value.faults[0].remedy
    grids, told = read_grids(sources["grids"], layers.communities, beside=beside, datums={"grids": "gcj02"})
    assert "datum_lifted" in {note.kind for note in told}
    outlines = layers.communities.geometry.to_numpy()
    assert shapely.hausdorff_distance(grids.geometry.to_numpy(), outlines).max() * 111_320 < 0.01


def test_the_distance_told_is_that_of_the_shift(tmp_path):
    sources = sources_of(place("town"))
    frames = {layer: pyogrio.read_dataframe(TOWN, layer=layer).to_crs(4490) for layer in ("streets", "buildings")}
    shapes = frames["buildings"].geometry.to_numpy()
    moved = shapely.transform(shapes, lambda xy: from_plain(xy, "gcj02"))
    frames["buildings"] = frames["buildings"].set_geometry(gpd.GeoSeries(moved, crs=4490))
    [found] = find_misplaced(frames, {})
    (lon, lat), (east, north) = (shapely.get_coordinates(s[0])[0] for s in (shapes, moved))
    metres = np.hypot((east - lon) * np.cos(np.radians(lat)), north - lat) * 111_320
    assert found.layer == "buildings"
    assert found.offset_m == pytest.approx(metres, rel=0.02)
    assert found.misfit_then < 0.01 < 0.1 < found.misfit_now
    assert sources


def test_a_declared_layer_is_lifted_to_where_it_belongs(tmp_path):
    sources = sources_of(place("town"))
    planted = plant(tmp_path, sources, "buildings", "bd09")
    layers, report = read_layers(planted, datums={"buildings": "bd09"})
    truly, _ = read_layers(sources)
    assert notes(report)["datum_lifted"] == len(layers.buildings)
    assert report.datums == {"buildings": "bd09"}
    gap = shapely.hausdorff_distance(layers.buildings.geometry.to_numpy(), truly.buildings.geometry.to_numpy())
    assert gap.max() * 111_320 < 0.001


def test_two_layers_that_fit_each_other_but_not_the_rest_are_both_told(tmp_path):
    sources = sources_of(place("town"))
    planted = plant(tmp_path, plant(tmp_path, sources, "buildings", "gcj02"), "communities", "bd09")
    told = {fault.source.rpartition(":")[2]: fault.remedy for fault in faults(planted)}
    assert "--datum buildings=gcj02" in told["buildings"]
    assert "--datum communities=bd09" in told["communities"]


def test_a_layer_declared_by_mistake_is_found_too():
    fault = only_fault(sources_of(place("town")), datums={"buildings": "gcj02"})
    assert fault.kind == "datum_undeclared"
    assert "--datum buildings=wgs84" in fault.remedy


def test_who_insists_on_wgs84_is_taken_at_his_word(tmp_path):
    planted = plant(tmp_path, sources_of(place("town")), "buildings", "gcj02")
    _, report = read_layers(planted, datums={"buildings": "wgs84"})
    assert notes(report)["datum_doubted"] == 1


def test_datums_are_read_by_layer_however_they_are_written():
    assert parse_datums(["buildings=GCJ-02", "special-sites=bd09"]) == {"buildings": "gcj02", "special_sites": "bd09"}


@pytest.mark.parametrize("option", ["buildings", "roofs=gcj02", "buildings=mars", "=gcj02"])
def test_an_option_that_names_no_layer_or_datum_is_refused_with_an_example(option):
    with pytest.raises(UsageError, match="buildings=gcj02"):
        parse_datums([option])


def test_a_layer_is_in_one_datum():
    with pytest.raises(UsageError, match="declared twice"):
        parse_datums(["buildings=gcj02", "buildings=bd09"])
