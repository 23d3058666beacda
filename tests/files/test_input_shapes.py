"""Shapes that cannot be used are refused where they lie; what can be tidied is tidied and counted."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing

import geopandas as gpd
import numpy as np
import pytest
import shapely
from county import (
    CODES,
    EAST,
    NORTH,
    OUTLINES,
    box,
    buildings,
    communities,
    frames,
    line,
    notes,
    only_fault,
    point,
    read,
    streets,
    write,
)

from app.files.inputs import read_layers

BOW_TIE = shapely.Polygon([(390_700, 3_545_100), (390_800, 3_545_200), (390_800, 3_545_100), (390_700, 3_545_200)])


def with_outline(row: int, shape: shapely.Geometry | None) -> dict[str, gpd.GeoDataFrame]:
    shapes = [*OUTLINES[:row], shape, *OUTLINES[row + 1 :]]
    return frames(communities=communities(*shapes))


def spoilt_square() -> shapely.Polygon:
    """The second community with two neighbouring corners in the wrong order."""
    (a, b, c, d, _) = OUTLINES[1].exterior.coords
    return shapely.Polygon([a, c, b, d])


@pytest.mark.parametrize(("shape", "kind"), [(None, "geometry_missing"), (shapely.Polygon(), "geometry_empty")])
def test_a_community_without_geometry_is_refused_by_its_code(tmp_path, shape, kind):
    fault = only_fault(write(tmp_path, with_outline(2, shape)))
    assert (fault.kind, fault.feature) == (kind, CODES[2])


@pytest.mark.parametrize("layer", ["streets", "buildings", "barriers"])
def test_a_missing_geometry_is_refused_in_every_layer(tmp_path, layer):
    whole = frames()
    shapes = list(whole[layer].geometry)
    shapes[-1] = None
    spoilt = whole[layer].set_geometry(gpd.GeoSeries(shapes, crs=whole[layer].crs))
    fault = only_fault(write(tmp_path, whole | {layer: spoilt}))
    assert (fault.kind, fault.feature) == ("geometry_missing", f"#{len(shapes)}")


def test_a_self_intersection_is_refused_with_its_place(tmp_path):
    fault = only_fault(write(tmp_path, with_outline(1, spoilt_square())))
    assert (fault.kind, fault.feature) == ("geometry_invalid", CODES[1])
    assert "自相交，位于 118.84" in fault.fact
    assert "--mend" in fault.remedy
    assert "Self-intersection at 118.84" in fault.fact_en


def test_self_intersections_are_mended_when_asked_and_said(tmp_path):
    bow = gpd.GeoDataFrame({"name": ["蝶苑", "好苑"]}, geometry=[BOW_TIE, box(50, 50, 250, 250)], crs=4549)
    sources = write(tmp_path, frames(compounds=bow))
    assert only_fault(sources).kind == "geometry_invalid"
    layers, report = read_layers(sources, mend=True)
    assert layers.compounds.is_valid.all()
    assert layers.compounds.geometry[0].geom_type == "MultiPolygon"
    assert layers.compounds.to_crs(4549).area[0] == pytest.approx(5000, rel=1e-6)
    found = notes(report)
    assert (found["polygons_mended"], found["mending_made_parts"], found["mending_lost_area"]) == (1, 1, 1)
    assert report.mended is None


def test_mended_outlines_come_back_with_the_report(tmp_path):
    spike = [(EAST + 1200, NORTH + 300), (EAST + 1250, NORTH + 300), (EAST + 1200, NORTH + 300)]
    (a, b, c, d, _) = OUTLINES[1].exterior.coords
    spiked = shapely.Polygon([a, *spike, b, c, d])
    assert not spiked.is_valid
    layers, report = read(tmp_path, with_outline(1, spiked), mend=True)
    assert report.mended is not None
    assert list(report.mended["community_code"]) == list(CODES)
    assert report.mended.geometry.equals(layers.communities.geometry)
    assert report.mended.is_valid.all()


def test_a_polygon_of_which_mending_leaves_nothing_is_refused(tmp_path):
    flat = shapely.Polygon([(391_000, 3_545_100), (391_100, 3_545_100), (391_050, 3_545_100)])
    site = gpd.GeoDataFrame({"name": ["学校"]}, geometry=[flat], crs=4549)
    fault = only_fault(write(tmp_path, frames(special_sites=site)), mend=True)
    assert (fault.kind, fault.feature) == ("geometry_beyond_mending", "#1")


@pytest.mark.parametrize(
    ("layer", "shapes", "found", "expected"),
    [
        ("communities", [line((0, 0), (9, 9))], "线", "面"),
        ("streets", [box(0, 0, 50, 50)], "面", "线"),
        ("buildings", [line((0, 0), (9, 9))], "线", "面或点"),
        ("barriers", [point(50, 50)], "点", "线或面"),
        ("compounds", [point(50, 50)], "点", "面"),
    ],
)
def test_a_layer_of_the_wrong_kind_is_refused_as_a_whole(tmp_path, layer, shapes, found, expected):
    columns = {
        "communities": {"community_code": ["1"]},
        "streets": {"highway": ["primary"]},
        "barriers": {"kind": ["wall"]},
    }
    wrong = gpd.GeoDataFrame(
        columns.get(layer, {"households": [3]} if layer == "buildings" else {"name": ["x"]}), geometry=shapes, crs=4549
    )
    fault = only_fault(write(tmp_path, frames(**{layer: wrong})))
    assert (fault.kind, fault.feature) == ("geometry_type", "")
    assert f"图形类型是{found}，应为{expected}" in fault.fact


def test_one_feature_of_the_wrong_kind_is_refused_by_its_row(tmp_path):
    mixed = streets(line((0, 600), (1200, 600)), point(5, 5))
    mixed.to_file(tmp_path / "s.geojson", driver="GeoJSON")
    sources = write(tmp_path, frames()) | {"streets": str(tmp_path / "s.geojson")}
    fault = only_fault(sources)
    assert (fault.kind, fault.feature) == ("geometry_type", "#2")


def test_a_ring_of_two_points_is_refused_by_its_row(tmp_path):
    feature = '{{"type":"Feature","properties":{{"code":"{}"}},"geometry":{{"type":"Polygon","coordinates":[{}]}}}}'
    good, bad = "[[118.0,32.0],[118.01,32.0],[118.01,32.01],[118.0,32.0]]", "[[118.02,32.0],[118.03,32.0]]"
    features = [feature.format("a", good), feature.format("b", bad)]
    (tmp_path / "c.geojson").write_text(f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}')
    fault = only_fault({"communities": str(tmp_path / "c.geojson")})
    assert (fault.kind, fault.feature) == ("geometry_broken", "#2")
    assert "环未闭合、顶点太少" in fault.fact


def test_a_coordinate_that_is_no_number_is_refused(tmp_path):
    with np.errstate(invalid="ignore"):
        broken = shapely.from_wkt("LINESTRING (390000 3545600, nan 3545600, 391200 3545600)")
    fault = only_fault(write(tmp_path, frames(streets=streets(broken, line((300, 0), (300, 1200))))))
    assert (fault.kind, fault.feature) == ("geometry_broken", "#1")


def test_heights_are_dropped_and_counted(tmp_path):
    high = buildings().set_geometry(shapely.force_3d(buildings().geometry.array, 12.0), crs=4549)
    layers, report = read(tmp_path, frames(buildings=high))
    assert not layers.buildings.has_z.any()
    assert notes(report)["z_dropped"] == 16


def test_measures_are_dropped_and_counted(tmp_path):
    sources = write(tmp_path, frames())
    plain = read_layers(sources)[0].streets.geometry
    ends = [(EAST, NORTH + 600), (EAST + 1200, NORTH + 600)]
    measured = struct.pack("<bII", 1, 2002, 2) + b"".join(struct.pack("<3d", x, y, 7.0) for x, y in ends)
    with closing(sqlite3.connect(tmp_path / "county.gpkg")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        (stored,) = database.execute("SELECT geom FROM streets WHERE fid = 1").fetchone()
        database.execute("UPDATE streets SET geom = ? WHERE fid = 1", (stored[:40] + measured,))
        database.execute("UPDATE gpkg_geometry_columns SET m = 2 WHERE table_name = 'streets'")
        database.commit()
    layers, report = read_layers(sources)
    assert layers.streets.geometry.geom_equals_exact(plain, 1e-12).all()
    assert notes(report)["z_dropped"] == 2


def test_repeated_vertices_are_removed_and_counted(tmp_path):
    twice = line((0, 600), (500, 600), (500, 600), (500, 600), (1200, 600))
    layers, report = read(tmp_path, frames(streets=streets(twice, line((300, 0), (300, 1200)))))
    assert len(layers.streets.geometry[0].coords) == 3
    assert notes(report)["repeated_vertices"] == 1


def test_streets_of_several_parts_are_taken_apart_and_counted(tmp_path):
    double = shapely.MultiLineString([line((0, 600), (500, 600)), line((600, 600), (1200, 600))])
    whole = frames(streets=streets(double, line((300, 0), (300, 1200))))
    layers, report = read(tmp_path, whole)
    assert list(layers.streets.geom_type) == ["LineString"] * 3
    assert list(layers.streets["name"]) == ["人民路", "人民路", "程阁老巷"]
    assert list(layers.streets.index) == [0, 1, 2]
    assert notes(report)["parts_taken_apart"] == 1


def test_lines_of_no_length_are_left_out_and_counted(tmp_path):
    dot = line((300, 0), (300, 0))
    layers, report = read(tmp_path, frames(streets=streets(line((0, 600), (1200, 600)), dot)))
    assert list(layers.streets["name"]) == ["人民路"]
    assert notes(report)["no_length"] == 1


def test_multi_polygons_of_one_part_become_polygons_and_others_stay_whole(tmp_path):
    both = communities(
        shapely.MultiPolygon([OUTLINES[0]]), shapely.MultiPolygon([OUTLINES[1], box(2000, 0, 2300, 300)])
    )
    layers, _ = read(tmp_path, frames(communities=both))
    assert list(layers.communities.geom_type) == ["Polygon", "MultiPolygon"]


def test_a_multi_point_of_one_point_is_a_building_and_of_two_is_none(tmp_path):
    places = [
        shapely.MultiPoint([(390_100, 3_545_100)]),
        shapely.MultiPoint([(390_100, 3_545_100), (390_200, 3_545_100)]),
    ]
    towers = gpd.GeoDataFrame({"households": [5, 5]}, geometry=places, crs=4549)
    fault = only_fault(write(tmp_path, frames(buildings=towers)))
    assert (fault.kind, fault.feature) == ("geometry_type", "#2")
    (tmp_path / "county.gpkg").unlink()
    layers, _ = read(tmp_path, frames(buildings=towers.iloc[:1]))
    assert list(layers.buildings.geom_type) == ["Point"]


def relabelled(frame: gpd.GeoDataFrame, crs: object) -> gpd.GeoDataFrame:
    return frame.set_crs(crs, allow_override=True)


def swapped(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry(shapely.transform(frame.geometry.array, lambda xy: xy[:, ::-1]), crs=frame.crs)


@pytest.mark.parametrize("layer", ["communities", "streets", "buildings", "barriers"])
def test_metres_declared_as_degrees_are_refused(tmp_path, layer):
    whole = frames()
    fault = only_fault(write(tmp_path, whole | {layer: relabelled(whole[layer], 4490)}))
    assert (fault.kind, fault.feature) == ("crs_metres_as_degrees", "")
    assert "坐标却像米" in fault.fact


@pytest.mark.parametrize("layer", ["communities", "streets", "buildings", "barriers"])
def test_degrees_declared_as_metres_are_refused(tmp_path, layer):
    whole = frames()
    fault = only_fault(write(tmp_path, whole | {layer: relabelled(whole[layer].to_crs(4490), 4549)}))
    assert (fault.kind, fault.feature) == ("crs_degrees_as_metres", "")
    assert "坐标却像经纬度" in fault.fact


@pytest.mark.parametrize("code", [4326, 4490])
@pytest.mark.parametrize("layer", ["communities", "streets", "buildings", "barriers"])
def test_latitude_before_longitude_is_refused_as_swapped(tmp_path, layer, code):
    whole = frames()
    fault = only_fault(write(tmp_path, whole | {layer: swapped(whole[layer].to_crs(code))}))
    assert (fault.kind, fault.feature) == ("axes_swapped", "")
    assert "写反" in fault.fact


@pytest.mark.parametrize("layer", ["communities", "streets"])
def test_north_before_east_in_a_projection_is_refused_as_swapped(tmp_path, layer):
    whole = frames()
    fault = only_fault(write(tmp_path, whole | {layer: swapped(whole[layer])}))
    assert fault.kind == "axes_swapped"


def test_swapped_degrees_that_both_could_be_latitudes_show_beside_the_communities(tmp_path):
    """In Kashgar (76°E 39°N) latitude before longitude is a place too, in the Arctic sea."""
    kashgar = {name: frame.translate(0, 0) for name, frame in frames().items()}
    moved = {
        name: frames()[name].to_crs(4490).set_geometry(shapes.to_crs(4490).translate(-42.0, 7.4), crs=4490)
        for name, shapes in kashgar.items()
    }
    moved["streets"] = swapped(moved["streets"]).set_crs(4326, allow_override=True)
    fault = only_fault(write(tmp_path, moved))
    assert (fault.kind, fault.source.endswith(":streets")) == ("axes_swapped", True)


def test_a_zone_number_before_the_easting_is_recognised(tmp_path):
    numbered = communities().translate(39_000_000, 0)
    fault = only_fault(write(tmp_path, {"communities": communities().set_geometry(numbered, crs=4549)}))
    assert fault.kind == "crs_wrong_zone"
    assert "带号 39" in fault.fact
    assert "EPSG:4527" in fault.fact


@pytest.mark.parametrize(
    ("declared", "shift", "hint"),
    [
        (4527, 0, "EPSG:4548"),  # a zone of 3 degrees with its number, data without
        (4498, 0, "EPSG:4509"),  # a zone of 6 degrees with its number, data without
        (4509, 20_000_000, "EPSG:4498"),  # and the other way
        (4526, 39_000_000, "EPSG:4527"),  # numbered both, but not by the same zone
    ],
)
def test_a_zone_number_in_the_data_or_in_the_system_alone_is_told_with_the_right_one(tmp_path, declared, shift, hint):
    drawn = communities().translate(shift, 0)
    fault = only_fault(write(tmp_path, {"communities": communities().set_geometry(drawn, crs=declared)}))
    assert fault.kind == "crs_wrong_zone"
    assert hint in fault.fact


def test_one_feature_far_off_is_refused_by_its_row(tmp_path):
    whole = frames()
    shapes = [*whole["buildings"].geometry[:4], box(9e7, 9e7, 9.1e7, 9.1e7), *whole["buildings"].geometry[5:]]
    strayed = whole["buildings"].set_geometry(gpd.GeoSeries(shapes, crs=4549))
    fault = only_fault(write(tmp_path, whole | {"buildings": strayed}))
    assert (fault.kind, fault.feature) == ("coordinate_outside", "#5")


def test_barriers_may_be_lines_and_polygons(tmp_path):
    both = gpd.GeoDataFrame(
        {"kind": ["河流", "湖"]}, geometry=[line((600, 0), (600, 1200)), box(700, 700, 800, 800)], crs=4549
    )
    both.to_file(tmp_path / "b.geojson", driver="GeoJSON")
    layers, _ = read_layers(write(tmp_path, frames()) | {"barriers": str(tmp_path / "b.geojson")})
    assert list(layers.barriers.geom_type) == ["LineString", "Polygon"]
    assert list(layers.barriers["kind"]) == ["waterway", "water"]
