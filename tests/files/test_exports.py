"""Exports hold what the plan holds, in every format, whatever the texts; what does not fit is said."""

from __future__ import annotations

import csv
import struct
from dataclasses import replace

import geopandas as gpd
import pyogrio
import pytest
import shapely
from test_plans import draw_plan

from app.files.exports import DICTIONARY, FORMATS, export_names, export_plan
from app.files.plans import LAYERS
from app.geo.errors import InputError

READERS = {
    "geoparquet": gpd.read_parquet,
    "geojson": gpd.read_file,
    "flatgeobuf": gpd.read_file,
    "shapefile": gpd.read_file,
}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_file_that_is_promised_is_written_and_no_other(tmp_path, kind):
    export_plan(draw_plan(), tmp_path, kind)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(export_names(kind))


def as_parts(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape as parts in a fixed order, whichever way its rings ran and wherever they began."""
    many = {"Polygon": shapely.multipolygons, "LineString": shapely.multilinestrings}.get(shape.geom_type)
    return shapely.normalize(many([shape]) if many else shape)


@pytest.mark.parametrize("kind", READERS)
def test_what_is_exported_is_what_is_read_back(tmp_path, kind):
    plan = draw_plan()
    export_plan(plan, tmp_path, kind)
    for layer in LAYERS:
        written, read = getattr(plan, layer), READERS[kind](tmp_path / f"{layer}{FORMATS[kind]}")
        assert read.crs.to_epsg() == 4490
        if "name" in written:
            assert [name or "" for name in read["name"].astype(object).where(read["name"].notna(), "")] == [
                name.rstrip() if kind == "shapefile" else name for name in written["name"]
            ]
        for one, other in zip(written.geometry, read.geometry, strict=True):
            tolerance = 1e-9 if kind == "geojson" else 0
            assert shapely.equals_exact(as_parts(one), as_parts(other), tolerance=tolerance)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_plan_is_the_same_bytes(tmp_path, kind):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        export_plan(draw_plan(), tmp_path / name, kind)
    for name in export_names(kind):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def named(name: str):
    plan = draw_plan()
    return replace(plan, grids=plan.grids.assign(name=name, sides_north=""))


@pytest.mark.parametrize(("encoding", "codec"), [("gbk", "gbk"), ("utf-8", "utf-8")])
def test_the_bytes_of_a_shapefile_are_in_the_encoding_that_its_cpg_says(tmp_path, encoding, codec):
    export_plan(named("镜花社区第一网格"), tmp_path, "shapefile", encoding=encoding)
    assert (tmp_path / "grids.cpg").read_text().lower() == encoding
    content = (tmp_path / "grids.dbf").read_bytes()
    start, length = struct.unpack("<HH", content[8:12])
    assert "镜花社区第一网格".encode(codec) in content[start : start + length]


def test_names_of_columns_fit_a_shapefile_and_the_dictionary_explains_them(tmp_path):
    export_plan(draw_plan(), tmp_path, "shapefile")
    head, *rows = csv.reader((tmp_path / DICTIONARY).read_text("utf-8-sig").splitlines())
    explained = {(row[0], row[1]): row[2] for row in rows}
    for layer in LAYERS:
        names = list(pyogrio.read_info(tmp_path / f"{layer}.shp")["fields"])
        assert all(len(name.encode()) <= 10 for name in names)
        assert [explained[layer, name] for name in names] == list(getattr(draw_plan(), layer).columns.drop("geometry"))
    assert head == ["图层", "字段", "原字段名", "含义", "全文"]


def test_a_text_that_a_shapefile_cuts_stands_whole_in_the_dictionary(tmp_path):
    long = "很长的名称" * 60
    done = export_plan(named(long), tmp_path, "shapefile")
    assert done.texts_cut == 2
    assert long in (tmp_path / DICTIONARY).read_text("utf-8-sig")
    cut = gpd.read_file(tmp_path / "grids.shp")["name"][0]
    assert cut.endswith("…")
    assert long.startswith(cut[:-1])


def test_a_character_that_gbk_lacks_is_refused_with_its_place(tmp_path):
    with pytest.raises(InputError) as caught:
        export_plan(named("幸福😀小区"), tmp_path, "shapefile", encoding="gbk")
    assert caught.value.faults[0].kind == "not_in_gbk"
    assert "😀" in caught.value.faults[0].fact
    assert list(tmp_path.iterdir()) == []


def test_kml_shows_names(tmp_path):
    export_plan(named("镜花社区第一网格"), tmp_path, "kml")
    assert "镜花社区第一网格" in (tmp_path / "plan.kml").read_text("utf-8")


@pytest.mark.parametrize("kind", FORMATS)
def test_awkward_names_go_through_every_format(tmp_path, kind):
    export_plan(named("=1+1 <b>&\"' 😀 \u202e"), tmp_path, kind)


def test_a_file_that_does_not_hold_what_was_written_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("app.files.exports._read", lambda _path, _layer: (draw_plan().grids.geometry.to_numpy(), {}))
    with pytest.raises(OSError, match="does not hold what was written"):
        export_plan(draw_plan(), tmp_path, "geojson")
