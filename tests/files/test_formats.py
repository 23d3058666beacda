"""Every format that offices and the open world keep layers in: OpenStreetMap, GeoParquet, tables with coordinates."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from county import CODES, buildings, communities, frames, notes, only_fault, streets, write

from app.files.inputs import read_layers

OSM = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
{nodes}
<way id="10"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/><tag k="name" v="人民路"/>
  <tag k="bridge" v="yes"/><tag k="layer" v="1"/></way>
<way id="11"><nd ref="2"/><nd ref="3"/><tag k="highway" v="footway"/></way>
<way id="12"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building" v="apartments"/>
  <tag k="building:levels" v="6"/><tag k="name" v="甲&quot;座&quot;"/><tag k="addr:street" v="人民路"/>
  <tag k="addr:housenumber" v="3号"/></way>
<way id="13"><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="2"/><tag k="building" v="no"/></way>
<way id="14"><nd ref="2"/><nd ref="3"/><tag k="railway" v="rail"/></way>
<way id="15"><nd ref="2"/><nd ref="3"/><tag k="railway" v="abandoned"/></way>
<way id="16"><nd ref="2"/><nd ref="4"/><tag k="waterway" v="river"/><tag k="name" v="小河"/></way>
<way id="17"><nd ref="1"/><nd ref="3"/><tag k="barrier" v="wall"/></way>
<way id="18"><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="2"/><tag k="natural" v="water"/></way>
<way id="19"><nd ref="1"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="landuse" v="residential"/>
  <tag k="name" v="桃园"/></way>
<way id="20"><nd ref="1"/><nd ref="2"/><nd ref="4"/><nd ref="1"/><tag k="amenity" v="school"/>
  <tag k="name" v="小学"/></way>
</osm>"""


@pytest.fixture
def osm(tmp_path: Path) -> Path:
    """Write a map of four nodes inside the drawn county."""
    corners = communities().to_crs(4326).total_bounds
    west, south, east, north = corners
    places = [(0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.6)]
    nodes = [
        f'<node id="{k}" lon="{west + x * (east - west):.7f}" lat="{south + y * (north - south):.7f}"/>'
        for k, (x, y) in enumerate(places, 1)
    ]
    (tmp_path / "map.osm").write_text(OSM.format(nodes="\n".join(nodes)), "utf-8")
    return tmp_path / "map.osm"


def read_osm(folder: Path, osm: Path, *layers: str):
    sources = write(folder, {"communities": communities()})
    return read_layers({**sources, **{layer: str(osm) for layer in layers}})


def test_streets_are_ways_with_a_class(tmp_path, osm):
    layers, report = read_osm(tmp_path, osm, "streets")
    assert layers.streets[["highway", "name", "bridge", "layer"]].to_numpy().tolist() == [
        ["primary", "人民路", True, 1],
        ["footway", "", False, 0],
    ]
    assert notes(report)["osm_mapped"] == 2


def test_buildings_are_areas_with_levels_and_address_whose_households_are_modelled(tmp_path, osm):
    layers, report = read_osm(tmp_path, osm, "buildings")
    [building] = layers.buildings.to_dict("records")
    assert (building["building_id"], building["name"], building["address"]) == ("12", '甲"座"', "人民路3号")
    assert layers.household_basis == "估算"
    assert building["households"] > 0
    assert notes(report)["households_modelled"] == 1


def test_barriers_are_rails_in_use_water_and_walls(tmp_path, osm):
    layers, _ = read_osm(tmp_path, osm, "barriers")
    assert sorted(layers.barriers["kind"]) == ["railway", "wall", "water", "waterway"]
    assert set(layers.barriers["name"]) == {"", "小河"}


def test_compounds_and_special_sites_are_taken_when_asked_for(tmp_path, osm):
    layers, _ = read_osm(tmp_path, osm, "compounds", "special_sites")
    assert list(layers.compounds["name"]) == ["桃园"]
    assert layers.special_sites[["name", "kind"]].to_numpy().tolist() == [["小学", "school"]]


def varint(number: int) -> bytes:
    more, low = number >> 7, number & 0x7F
    return bytes([low | 0x80]) + varint(more) if more else bytes([low])


def field(number: int, value: int | bytes) -> bytes:
    """Encode a field of a protocol buffer."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def blob(kind: bytes, content: bytes) -> bytes:
    body = field(1, content)
    head = field(1, kind) + field(3, len(body))
    return len(head).to_bytes(4, "big") + head + body


def test_pbf_is_read_as_well_as_xml(tmp_path, osm):
    west, south, east, north = communities().to_crs(4326).total_bounds
    places = [(west + x * (east - west), south + x * (north - south)) for x in (0.3, 0.6)]
    nodes = b"".join(
        field(1, field(1, zigzag(k)) + field(8, zigzag(round(lat * 1e7))) + field(9, zigzag(round(lon * 1e7))))
        for k, (lon, lat) in enumerate(places, 1)
    )
    words = field(1, b"") + b"".join(field(1, word.encode()) for word in ("highway", "primary", "name", "人民路"))
    refs = varint(zigzag(1)) + varint(zigzag(1))  # each from the one before
    way = field(1, 10) + field(2, bytes([1, 3])) + field(3, bytes([2, 4])) + field(8, refs)
    data = field(1, words) + field(2, nodes) + field(2, field(3, way))
    header = field(4, b"OsmSchema-V0.6")
    (tmp_path / "map.osm.pbf").write_bytes(blob(b"OSMHeader", header) + blob(b"OSMData", data))
    layers, _ = read_osm(tmp_path, tmp_path / "map.osm.pbf", "streets")
    assert layers.streets[["highway", "name"]].to_numpy().tolist() == [["primary", "人民路"]]
    assert layers.streets.geometry[0].length == pytest.approx(shapely.LineString(places).length, abs=1e-6)


def test_pbf_that_is_cut_off_is_refused(tmp_path):
    (tmp_path / "map.osm.pbf").write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7c" + bytes(20))
    fault = only_fault({**write(tmp_path, {"communities": communities()}), "streets": str(tmp_path / "map.osm.pbf")})
    assert fault.kind in ("damaged", "layer_empty")


def test_a_map_has_no_communities(osm):
    fault = only_fault({"communities": str(osm)})
    assert fault.kind == "osm_without_layer"
    assert "buildings" in fault.remedy


def test_a_map_without_what_is_asked_for_says_so(tmp_path, osm):
    text = osm.read_text("utf-8").replace('k="building" v="apartments"', 'k="building" v="no"')
    osm.write_text(text, "utf-8")
    fault = only_fault({**write(tmp_path, {"communities": communities()}), "buildings": str(osm)})
    assert fault.kind == "layer_empty"


def test_other_xml_is_no_map(tmp_path):
    (tmp_path / "a.osm").write_text("<kml/>", "utf-8")
    assert only_fault({"communities": str(tmp_path / "a.osm")}).kind == "pretends"


@pytest.mark.parametrize("suffix", ["parquet", "geoparquet"])
def test_geoparquet_gives_the_same_layers(tmp_path, suffix):
    sources = {}
    for name, frame in frames().items():
        frame.to_parquet(tmp_path / f"{name}.{suffix}")
        sources[name] = str(tmp_path / f"{name}.{suffix}")
    layers, report = read_layers(sources)
    truly, _ = read_layers(write(tmp_path, frames()))
    for name in ("communities", "streets", "buildings", "barriers"):
        got, wanted = getattr(layers, name), getattr(truly, name)
        assert got.drop(columns="geometry").equals(wanted.drop(columns="geometry"))
        assert (shapely.hausdorff_distance(got.geometry.to_numpy(), wanted.geometry.to_numpy()) < 1e-9).all()
    assert set(report.digests) == set(sources)


def test_geoparquet_without_a_stated_system_is_in_degrees_as_the_format_says(tmp_path):
    communities().to_crs(4326).to_parquet(tmp_path / "c.parquet")
    table = pq.read_table(tmp_path / "c.parquet")
    about = json.loads(table.schema.metadata[b"geo"])
    del about["columns"]["geometry"]["crs"]
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(about).encode()}), tmp_path / "c.parquet")
    layers, _ = read_layers({"communities": str(tmp_path / "c.parquet")})
    assert list(layers.communities["community_code"]) == list(CODES)
    about["columns"]["geometry"]["crs"] = None
    pq.write_table(table.replace_schema_metadata({b"geo": json.dumps(about).encode()}), tmp_path / "c.parquet")
    assert only_fault({"communities": str(tmp_path / "c.parquet")}).kind == "crs_missing"


def test_parquet_that_is_cut_off_plain_or_disguised_is_refused(tmp_path):
    communities().to_parquet(tmp_path / "c.parquet")
    whole = (tmp_path / "c.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:-20])
    pq.write_table(pa.table({"a": [1]}), tmp_path / "plain.parquet")
    shutil.copy(tmp_path / "c.parquet", tmp_path / "c.gpkg")
    (tmp_path / "t.parquet").write_bytes(b"hello")
    kinds = {name: only_fault({"communities": str(tmp_path / name)}).kind for name in ("cut.parquet", "plain.parquet")}
    assert kinds == {"cut.parquet": "damaged", "plain.parquet": "parquet_without_geometry"}
    assert only_fault({"communities": str(tmp_path / "c.gpkg")}).kind == "pretends"
    assert only_fault({"communities": str(tmp_path / "t.parquet")}).kind == "pretends"


def points() -> list[tuple[float, float]]:
    return [(shape.x, shape.y) for shape in buildings().centroid.to_crs(4490)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("header", ["楼栋名称,户数,经度,纬度", "name,households,lon,lat"])
def test_a_csv_with_degrees_is_a_layer_of_points_in_any_encoding(tmp_path, header, encoding):
    lines = [header, *(f"程阁老巷{k}号,{k},{x:.7f},{y:.7f}" for k, (x, y) in enumerate(points(), 1))]
    (tmp_path / "b.csv").write_bytes("\n".join(lines).encode(encoding))
    layers, report = read_layers(
        {**write(tmp_path, {"communities": communities()}), "buildings": str(tmp_path / "b.csv")}
    )
    assert layers.buildings["households"].tolist() == list(range(1, 17))
    assert layers.buildings["name"][0] == "程阁老巷1号"
    assert layers.buildings.geometry[0].distance(shapely.Point(points()[0])) < 1e-6
    assert notes(report)["table_degrees"] == 16
    assert "numbers_as_text" not in notes(report)


def test_wkt_in_a_csv_may_be_any_shape(tmp_path):
    lines = ["highway;wkt", *(f"primary;{shape.wkt}" for shape in streets().to_crs(4490).geometry)]
    (tmp_path / "s.csv").write_text("\n".join(lines), "utf-8")
    layers, _ = read_layers({**write(tmp_path, {"communities": communities()}), "streets": str(tmp_path / "s.csv")})
    assert list(layers.streets.geom_type) == ["LineString", "LineString"]


def test_an_xlsx_with_degrees_is_a_layer_and_its_faults_name_the_row(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["楼栋底账"])
    sheet.append(["楼栋编号", "户数", "经度", "纬度"])
    for k, (x, y) in enumerate(points(), 1):
        sheet.append([f"L{k}", k, x, y])
    book.save(tmp_path / "b.xlsx")
    sources = {**write(tmp_path, {"communities": communities()}), "buildings": f"{tmp_path / 'b.xlsx'}:Sheet"}
    layers, _ = read_layers(sources)
    assert layers.buildings["building_id"].tolist() == [f"L{k}" for k in range(1, 17)]
    sheet["B5"] = "若干"
    book.save(tmp_path / "b.xlsx")
    fault = only_fault(sources)
    assert (fault.kind, fault.feature) == ("number_text", "row 5")
    sheet["B5"], sheet["C6"] = 3, "118°46′"
    book.save(tmp_path / "b.xlsx")
    fault = only_fault(sources)
    assert (fault.kind, fault.feature) == ("coordinate_text", "row 6 C 经度")


def test_a_code_that_a_spreadsheet_rounded_is_refused_in_a_layer_too(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["楼栋编号", "户数", "经度", "纬度"])
    book.active.append([320106001001001001, 3, *points()[0]])
    book.save(tmp_path / "b.xlsx")
    fault = only_fault({**write(tmp_path, {"communities": communities()}), "buildings": str(tmp_path / "b.xlsx")})
    assert (fault.kind, fault.feature) == ("code_number", "row 2")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("楼栋名称,户数\n一号,3\n", "table_without_place"),
        ("户数,经度,纬度\n3,390100,3545100\n", "table_metres"),
        ("户数,wkt\n3,POINT(\n", "wkt_text"),
        ("户数,经度,纬度\n3,118.78,\n", "geometry_missing"),
        ("甲,乙\n3,4\n", "header_missing"),
        ("户数,经度,纬度\n", "layer_empty"),
    ],
)
def test_a_table_that_is_no_layer_is_refused_in_words(tmp_path, text, kind):
    (tmp_path / "b.csv").write_text(text, "utf-8")
    fault = only_fault({**write(tmp_path, {"communities": communities()}), "buildings": str(tmp_path / "b.csv")})
    assert fault.kind == kind
