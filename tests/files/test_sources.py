"""A file is opened for what it holds: missing, cut off, damaged, disguised or ambiguous ones are refused with words."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from county import CODES, OUTLINES, buildings, communities, faults, frames, only_fault, save_shapefile, streets, write

from app.files.inputs import read_layers
from app.geo.errors import InputError


def refused(path: Path | str, **options):
    """The one fault of a communities file."""
    return only_fault({"communities": str(path)}, **options)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    communities().to_file(tmp_path / "communities.gpkg", driver="GPKG")
    return tmp_path / "communities.gpkg"


@pytest.fixture
def shapefile(tmp_path: Path) -> Path:
    short = communities().rename(columns={"community_code": "code"})
    save_shapefile(short, tmp_path / "communities.shp")
    return tmp_path / "communities.shp"


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson", "json", "fgb"])
def test_every_format_gives_the_same_communities(tmp_path, suffix):
    frame = communities().rename(columns={"community_code": "code"}).to_crs(4490)
    driver = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "fgb": "FlatGeobuf"}.get(suffix, "GeoJSON")
    options = {"COORDINATE_PRECISION": "15", "RFC7946": "NO"} if driver == "GeoJSON" else {}
    frame.to_file(tmp_path / f"c.{suffix}", driver=driver, engine="pyogrio", **options)
    layers, _ = read_layers({"communities": str(tmp_path / f"c.{suffix}")})
    read = layers.communities.sort_values("community_code", ignore_index=True)
    assert list(read["community_code"]) == list(CODES)
    assert list(read["name"]) == ["甲社区", "乙社区", "丙社区", "丁社区"]
    for shape, drawn in zip(read.geometry, frame.geometry, strict=True):
        assert shapely.hausdorff_distance(shape, drawn) < 1e-12


def test_a_missing_file_is_named(tmp_path):
    fault = refused(tmp_path / "没有.gpkg")
    assert (fault.kind, fault.fact) == ("file_missing", "文件不存在")
    assert "没有.gpkg" in fault.source


def test_a_missing_file_with_a_layer_is_the_same_fault(tmp_path):
    assert refused(f"{tmp_path / 'no.gpkg'}:communities").kind == "file_missing"


def test_a_folder_is_no_file(tmp_path):
    assert refused(tmp_path).kind == "folder"


def test_a_file_name_with_a_colon_is_a_file_first(tmp_path, package):
    shutil.copy(package, tmp_path / "a:b.gpkg")
    layers, _ = read_layers({"communities": str(tmp_path / "a:b.gpkg")})
    assert len(layers.communities) == 4


def test_an_unsupported_format_is_named_with_those_that_are(tmp_path):
    (tmp_path / "c.kml").write_text("<kml/>")
    fault = refused(tmp_path / "c.kml")
    assert fault.kind == "format_unknown"
    assert ".kml" in fault.fact
    assert "GeoPackage" in fault.remedy


VRT = '<OGRVRTDataSource><OGRVRTLayer name="c"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("c.geojson", VRT.format("communities.gpkg").encode(), "XML"),
        ("c.gpkg", VRT.format("communities.gpkg").encode(), "XML"),
        ("c.gpkg", json.dumps({"type": "FeatureCollection", "features": []}).encode(), "JSON"),
        ("c.shp", b"PK\x03\x04" + bytes(200), "压缩包"),
        ("c.fgb", b"%PDF-1.7" + bytes(200), "PDF"),
        ("c.gpkg", b"\x00\x01\x02" * 99, "不是这种格式"),
    ],
)
def test_a_file_that_pretends_to_be_another_format_is_refused(tmp_path, package, name, content, found):
    (tmp_path / name).write_bytes(content)
    fault = refused(tmp_path / name)
    assert fault.kind == "pretends"
    assert found in fault.fact


@pytest.mark.parametrize("name", ["c.shp", "c.geojson", "c.fgb", "c.dat"])
def test_a_geopackage_under_another_name_is_refused(tmp_path, package, name):
    shutil.copy(package, tmp_path / name)
    fault = refused(tmp_path / name)
    assert fault.kind == "pretends"
    assert "GeoPackage" in fault.fact


def test_a_plain_sqlite_database_is_no_geopackage(tmp_path):
    with closing(sqlite3.connect(tmp_path / "c.gpkg")) as database:
        database.execute("CREATE TABLE communities (code TEXT)")
        database.commit()
    fault = refused(tmp_path / "c.gpkg")
    assert fault.kind == "pretends"
    assert "SQLite" in fault.fact


def test_another_json_is_no_geojson(tmp_path):
    topology = {"type": "Topology", "objects": {"c": {"type": "GeometryCollection", "geometries": []}}, "arcs": []}
    (tmp_path / "c.geojson").write_text(json.dumps(topology))
    assert refused(tmp_path / "c.geojson").kind == "pretends"
    (tmp_path / "c.geojson").write_text('{"type": "nothing"}')
    assert refused(tmp_path / "c.geojson").kind == "pretends"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.75, 0.99])
def test_a_truncated_geopackage_says_how_much_is_missing(tmp_path, package, share):
    content = package.read_bytes()
    (tmp_path / "cut.gpkg").write_bytes(content[: int(len(content) * share)])
    fault = refused(tmp_path / "cut.gpkg")
    assert fault.kind == "truncated"
    assert f"{len(content):,}" in fault.fact
    assert f"{int(len(content) * share):,}" in fault.fact


def test_a_geopackage_damaged_within_is_refused(tmp_path, package):
    content = bytearray(package.read_bytes())
    content[4096:12288] = bytes(8192)
    (tmp_path / "hurt.gpkg").write_bytes(content)
    assert refused(tmp_path / "hurt.gpkg").kind == "damaged"


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb", ".shp"])
def test_an_empty_file_is_cut_off(tmp_path, suffix):
    (tmp_path / f"c{suffix}").touch()
    assert refused(tmp_path / f"c{suffix}").kind == "truncated"


@pytest.mark.parametrize(("suffix", "driver"), [("geojson", "GeoJSON"), ("fgb", "FlatGeobuf")])
def test_a_cut_geojson_or_flatgeobuf_is_damaged(tmp_path, suffix, driver):
    path = tmp_path / f"c.{suffix}"
    communities().to_crs(4490).to_file(path, driver=driver)
    path.write_bytes(path.read_bytes()[:-60])
    assert refused(path).kind == "damaged"


@pytest.mark.parametrize("suffix", [".shx", ".dbf"])
def test_a_shapefile_without_a_part_is_refused(shapefile, suffix):
    shapefile.with_suffix(suffix).unlink()
    fault = refused(shapefile)
    assert fault.kind == "part_missing"
    assert suffix in fault.fact


def test_a_shapefile_without_prj_has_no_reference_system(shapefile):
    shapefile.with_suffix(".prj").unlink()
    fault = refused(shapefile)
    assert fault.kind == "prj_missing"
    assert ".prj" in fault.fact
    assert "坐标系" in fault.fact


def test_all_missing_parts_are_told_together(shapefile):
    for suffix in (".shx", ".prj"):
        shapefile.with_suffix(suffix).unlink()
    assert [fault.kind for fault in faults({"communities": str(shapefile)})] == ["part_missing", "prj_missing"]


def test_parts_in_capitals_are_found(shapefile):
    for suffix in (".shx", ".dbf", ".prj", ".cpg"):
        shapefile.with_suffix(suffix).rename(shapefile.with_suffix(suffix.upper()))
    layers, _ = read_layers({"communities": str(shapefile)})
    assert layers.communities["name"][0] == "甲社区"


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
def test_a_truncated_part_of_a_shapefile_is_refused(shapefile, suffix):
    part = shapefile.with_suffix(suffix)
    part.write_bytes(part.read_bytes()[:-40])
    assert refused(shapefile).kind == "truncated"


def test_a_layer_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    sources = write(tmp_path, frames())
    fault = only_fault(sources | {"barriers": f"{tmp_path / 'county.gpkg'}:rivers"})
    assert fault.kind == "layer_missing"
    assert "rivers" in fault.fact
    assert "communities、streets、buildings、barriers" in fault.fact


def test_of_several_layers_one_has_to_be_named(tmp_path):
    write(tmp_path, frames())
    fault = refused(tmp_path / "county.gpkg")
    assert fault.kind == "layers_several"
    assert "communities、streets、buildings、barriers" in fault.fact


def test_a_table_without_geometries_is_refused(tmp_path):
    pyogrio.write_dataframe(pd.DataFrame({"code": ["1"]}), tmp_path / "t.gpkg", layer="t")
    assert refused(f"{tmp_path / 't.gpkg'}:t").kind == "layer_without_geometry"


def test_a_table_beside_one_layer_does_not_make_it_ambiguous(package):
    pyogrio.write_dataframe(pd.DataFrame({"code": ["1"]}), package, layer="t")
    assert len(read_layers({"communities": str(package)})[0].communities) == 4


@pytest.mark.parametrize("layer", ["communities", "streets", "buildings", "barriers"])
def test_an_empty_layer_is_refused(tmp_path, layer):
    whole = frames()
    sources = write(tmp_path, whole | {layer: whole[layer].iloc[:0]})
    fault = only_fault(sources)
    assert fault.kind == "layer_empty"
    assert fault.source.endswith(f":{layer}")


@pytest.mark.parametrize("srs_id", [0, -1, 99999])
def test_a_geopackage_without_reference_system_is_refused(package, srs_id):
    with closing(sqlite3.connect(package)) as database:
        database.execute("UPDATE gpkg_geometry_columns SET srs_id = ?", (srs_id,))
        database.execute("UPDATE gpkg_contents SET srs_id = ?", (srs_id,))
        database.commit()
    fault = refused(package)
    assert fault.kind == "crs_missing"
    assert "坐标系" in fault.fact


def test_a_local_engineering_system_is_refused(shapefile):
    shapefile.with_suffix(".prj").write_text('LOCAL_CS["工地",UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]', "utf-8")
    assert refused(shapefile).kind == "crs_unusable"


def test_geojson_in_gbk_is_refused(tmp_path):
    frame = communities().to_crs(4490)
    frame.to_file(tmp_path / "c.geojson", driver="GeoJSON")
    text = (tmp_path / "c.geojson").read_text("utf-8")
    (tmp_path / "c.geojson").write_bytes(text.encode("gbk"))
    fault = refused(tmp_path / "c.geojson")
    assert fault.kind == "encoding"
    assert "UTF-8" in fault.fact


def test_geojson_in_utf16_is_refused(tmp_path):
    (tmp_path / "c.geojson").write_bytes('{"type": "FeatureCollection"}'.encode("utf-16"))
    assert refused(tmp_path / "c.geojson").kind == "encoding"


def test_a_byte_order_mark_before_geojson_is_passed_over(tmp_path):
    path = tmp_path / "c.geojson"
    communities().to_crs(4490).to_file(path, driver="GeoJSON")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_layers({"communities": str(path)})[0].communities) == 4


def test_text_of_a_geopackage_that_is_not_utf8_is_refused(package):
    with closing(sqlite3.connect(package)) as database:
        database.execute("DROP TRIGGER IF EXISTS trigger_none")
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE communities SET name = CAST(x'CCC0CFE9' AS TEXT) WHERE fid = 2")
        database.commit()
    assert refused(package).kind == "encoding"


def test_text_stored_in_a_number_column_of_a_geopackage_is_seen(tmp_path):
    sources = write(tmp_path, frames())
    with closing(sqlite3.connect(tmp_path / "county.gpkg")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute("UPDATE buildings SET households = '约350户' WHERE fid = 3")
        database.commit()
    fault = only_fault(sources)
    assert (fault.kind, fault.feature) == ("number_text", "#3")
    assert "约350户" in fault.fact


def test_the_digest_is_what_sha256sum_says(package):
    _, report = read_layers({"communities": str(package)})
    assert report.digests["communities"] == hashlib.sha256(package.read_bytes()).hexdigest()


def test_the_digest_does_not_depend_on_the_name_but_on_every_part(tmp_path, shapefile):
    first = read_layers({"communities": str(shapefile)})[1].digests
    for part in tmp_path.glob("communities.*"):
        shutil.copy(part, part.with_name(f"other{part.suffix}"))
    assert read_layers({"communities": str(tmp_path / "other.shp")})[1].digests == first
    table = tmp_path / "other.dbf"
    table.write_bytes(table.read_bytes().replace("甲".encode(), "戊".encode()))
    assert read_layers({"communities": str(tmp_path / "other.shp")})[1].digests != first


def test_a_file_that_may_not_be_read_is_refused_with_the_reason(package):
    package.chmod(0)
    try:
        package.read_bytes()
    except PermissionError:
        assert refused(package).kind == "file_unreadable"
    else:
        pytest.skip("this user may read every file, so no file can be unreadable")
    finally:
        package.chmod(0o600)


def test_nothing_is_read_from_the_web(tmp_path):
    with pytest.raises(InputError) as caught:
        read_layers({"communities": "/vsicurl/https://example.org/c.gpkg"})
    assert caught.value.faults[0].kind == "file_missing"


def test_faults_of_several_files_come_together(tmp_path):
    sources = write(tmp_path, frames())
    gpd.GeoDataFrame({"kind": ["river"]}, geometry=[shapely.Point(0, 0)]).set_crs(4490).to_file(tmp_path / "b.gpkg")
    sources |= {"streets": str(tmp_path / "none.gpkg"), "barriers": str(tmp_path / "b.gpkg")}
    found = faults(sources)
    assert [(fault.kind, Path(fault.source).name) for fault in found] == [
        ("file_missing", "none.gpkg"),
        ("geometry_type", "b.gpkg"),
    ]


def test_the_drawn_county_itself_is_sound(tmp_path):
    layers, report = read_layers(write(tmp_path, frames()))
    assert len(OUTLINES) == len(layers.communities)
    assert (len(layers.streets), len(layers.buildings)) == (len(streets()), len(buildings()))
    assert {note.kind for note in report.notes} == {"basis_unstated"}
