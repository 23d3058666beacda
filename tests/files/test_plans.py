"""The same plan is the same bytes, read back it is the same plan, and what is no plan is refused."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from county import OUTLINES, box, communities, frames, write

from app.files.inputs import read_layers
from app.files.plans import read_grids, read_plan, write_outlines, write_plan
from app.geo.errors import InputError
from app.geo.plan import Plan

ROOT = Path(__file__).parents[2]
LAYERS = ("grids", "units", "borders", "communities", "streets")


def draw_plan() -> Plan:
    """Draw two grids with awkward numbers and words."""
    code = "320199001001"
    west, east = shapely.box(118.1, 32.0, 118.1 + 1 / 3e3, 32.01), shapely.box(118.1 + 1 / 3e3, 32.0, 118.2, 32.01)
    middle = shapely.MultiLineString([[(118.1 + 1 / 3e3, 32.0), (118.1 + 1 / 3e3, 32.01)]])
    words = {"sides_east": ["路", "界"], "sides_south": ["", ""], "sides_west": ["", "'\"\\"], "sides_north": ["", "🏙"]}

    def frame(columns: dict, shapes: list) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(columns, geometry=shapes, crs=4490)

    return Plan(
        grids=frame(
            {
                "grid_code": [f"{code}001", f"{code}002"],
                "name": ["第1网格", "第2网格"],
                "kind": ["general", "special"],
                "community_code": [code, code],
                "households": [412, 0],
                "persons": [1000.5, np.nan],
                "area_m2": [0.1, 0.2],
                **words,
                "reason": ["", "共 412 户"],
                "reason_code": ["", "not_found"],
            },
            [shapely.MultiPolygon([west]), east],
        ),
        units=frame(
            {
                "unit_id": ["u1"],
                "grid_code": [f"{code}001"],
                "community_code": [code],
                "households": [412],
                "kind": ["block"],
            },
            [west],
        ),
        borders=frame(
            {
                "left_grid": [f"{code}001"],
                "right_grid": [f"{code}002"],
                "barrier": ["street"],
                "name": ["程阁老巷"],
                "length_m": [1108.7],
            },
            [middle],
        ),
        communities=frame(
            {
                "community_code": [code],
                "name": ["甲社区"],
                "grids": [2],
                "households": [412],
                "in_band": [1],
                "divisible": [True],
                "cost": [0.3],
                "message": [""],
            },
            [shapely.union(west, east)],
        ),
        streets=frame({"highway": ["primary"], "name": [""]}, [middle.geoms[0]]),
        about={"software": "jiexiang", "version": "0.1.0", "seed": 7, "household_basis": "估算", "target": 400.5},
    )


def test_a_plan_comes_back_as_it_was_to_the_last_bit(tmp_path):
    plan = draw_plan()
    write_plan(plan, tmp_path / "plan.gpkg")
    back = read_plan(tmp_path / "plan.gpkg")
    assert dict(back.about) == dict(plan.about)
    for layer in LAYERS:
        written, read = getattr(plan, layer), getattr(back, layer)
        assert read.crs.to_epsg() == 4490
        assert list(read.columns) == list(written.columns)
        assert read.drop(columns="geometry").astype(str).equals(written.drop(columns="geometry").astype(str))
        for one, other in zip(read.geometry, written.geometry, strict=True):
            assert shapely.get_coordinates(one).tolist() == shapely.get_coordinates(other).tolist()
    assert set(back.grids.geom_type) == {"MultiPolygon"}
    assert np.isnan(back.grids["persons"][1])
    assert back.communities["divisible"].dtype == bool


def test_the_layers_stand_in_a_fixed_order_and_the_plan_is_a_table(tmp_path):
    write_plan(draw_plan(), tmp_path / "plan.gpkg")
    listed = pyogrio.list_layers(tmp_path / "plan.gpkg").tolist()
    assert listed == [
        ["grids", "MultiPolygon"],
        ["units", "MultiPolygon"],
        ["borders", "MultiLineString"],
        ["communities", "MultiPolygon"],
        ["streets", "LineString"],
        ["plan", None],
        ["layer_styles", None],
    ]


def test_every_layer_has_a_style_that_qgis_takes_by_default(tmp_path):
    write_plan(draw_plan(), tmp_path / "plan.gpkg")
    with closing(sqlite3.connect(tmp_path / "plan.gpkg")) as database:
        rows = database.execute("SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles")
        styles = {layer: (column, default, qml) for layer, column, default, qml in rows}
        kinds = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents"))
        columns = dict(database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns"))
    assert set(styles) == set(LAYERS)
    assert all((column, default) == (columns[layer], 1) for layer, (column, default, _) in styles.items())
    assert kinds["layer_styles"] == kinds["plan"] == "attributes"


def test_layers_and_columns_have_chinese_names_in_the_file(tmp_path):
    plan = draw_plan()
    write_plan(plan, tmp_path / "plan.gpkg")
    with closing(sqlite3.connect(tmp_path / "plan.gpkg")) as database:
        titles = dict(database.execute("SELECT table_name, identifier FROM gpkg_contents"))
    assert titles["grids"] == "网格"
    assert all(title != table for table, title in titles.items())


def test_two_processes_write_the_same_bytes(tmp_path):
    script = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1])\n"
        "from test_plans import draw_plan, write_plan\n"
        "write_plan(draw_plan(), pathlib.Path(sys.argv[2]))\n"
    )
    for seed, zone in (("1", "UTC"), ("2", "Asia/Shanghai")):
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", script, str(Path(__file__).parent), str(tmp_path / f"{seed}.gpkg")]
        subprocess.run(command, env=environment, check=True)
    assert (tmp_path / "1.gpkg").read_bytes() == (tmp_path / "2.gpkg").read_bytes()


def test_another_plan_is_other_bytes(tmp_path):
    plan = draw_plan()
    write_plan(plan, tmp_path / "a.gpkg")
    write_plan(replace(plan, about={**plan.about, "seed": 8}), tmp_path / "b.gpkg")
    assert (tmp_path / "a.gpkg").read_bytes() != (tmp_path / "b.gpkg").read_bytes()


def test_the_clock_of_the_writer_goes_on_after_writing(tmp_path):
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2024-05-06T07:08:09.000Z"})
    write_plan(draw_plan(), tmp_path / "plan.gpkg")
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == "2024-05-06T07:08:09.000Z"
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def test_a_plan_without_borders_is_written(tmp_path):
    plan = draw_plan()
    write_plan(replace(plan, borders=plan.borders.iloc[:0]), tmp_path / "plan.gpkg")
    back = read_plan(tmp_path / "plan.gpkg")
    assert back.borders.empty
    assert list(back.borders.columns) == list(plan.borders.columns)


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "plan.gpkg").write_text("mine")
    with pytest.raises(FileExistsError):
        write_plan(draw_plan(), tmp_path / "plan.gpkg")
    assert (tmp_path / "plan.gpkg").read_text() == "mine"


def test_a_file_that_does_not_hold_what_was_written_is_told(tmp_path, monkeypatch):
    plan = draw_plan()
    other = replace(plan, grids=plan.grids.assign(households=[412, 1]))
    write_plan(other, tmp_path / "other.gpkg")
    monkeypatch.setattr("app.files.plans.read_plan", lambda _: read_plan(tmp_path / "other.gpkg"))
    with pytest.raises(OSError, match="grids does not hold what was written"):
        write_plan(plan, tmp_path / "plan.gpkg")


def test_a_missing_plan_is_refused(tmp_path):
    with pytest.raises(InputError) as caught:
        read_plan(tmp_path / "plan.gpkg")
    assert caught.value.faults[0].kind == "file_missing"


def test_a_geopackage_that_is_no_plan_is_refused_with_what_it_lacks(tmp_path):
    write(tmp_path, {"grids": communities().rename(columns={"community_code": "grid_code"})})
    with pytest.raises(InputError) as caught:
        read_plan(tmp_path / "county.gpkg")
    lacking = [fault.fact for fault in caught.value.faults]
    assert {fault.kind for fault in caught.value.faults} == {"not_a_plan"}
    assert len(lacking) == 5
    assert "缺少图层 units" in lacking[0]


def hand_drawn(**columns: object) -> gpd.GeoDataFrame:
    halves = [half for o in OUTLINES for half in (box_of(o, 0, 0.5), box_of(o, 0.5, 1))]
    return gpd.GeoDataFrame(columns, geometry=halves, crs=4549)


def box_of(outline: shapely.Geometry, start: float, end: float) -> shapely.Geometry:
    west, south, east, north = outline.bounds
    return shapely.box(west + (east - west) * start, south, west + (east - west) * end, north)


def county_outlines(folder: Path) -> gpd.GeoDataFrame:
    return read_layers(write(folder, {"communities": communities()}))[0].communities


def test_grids_drawn_by_hand_are_read_under_chinese_names(tmp_path):
    drawn = hand_drawn(网格编号=range(8), 网格名称=["第1网格", "第2网格"] * 4, 户数=[350] * 8, 社区编码=["x"] * 8)
    drawn.to_file(tmp_path / "g.gpkg", driver="GPKG")
    grids, found = read_grids(str(tmp_path / "g.gpkg"), county_outlines(tmp_path))
    assert list(grids.columns) == ["grid_code", "name", "community_code", "households", "geometry"]
    assert list(grids["grid_code"]) == [str(k) for k in range(8)]
    assert grids.crs.to_epsg() == 4490
    assert found == ()


def test_grids_that_are_only_drawn_are_read(tmp_path):
    hand_drawn().to_file(tmp_path / "g.geojson", driver="GeoJSON")
    grids, _ = read_grids(str(tmp_path / "g.geojson"), county_outlines(tmp_path))
    assert list(grids.columns) == ["geometry"]
    assert len(grids) == 8


def test_grids_of_a_plan_file_are_read_with_their_own_vertices(tmp_path):
    plan = draw_plan()
    write_plan(plan, tmp_path / "plan.gpkg")
    grids, _ = read_grids(str(tmp_path / "plan.gpkg"), plan.communities)
    assert list(grids["grid_code"]) == list(plan.grids["grid_code"])
    for one, other in zip(grids.geometry, plan.grids.geometry, strict=True):
        assert shapely.get_coordinates(one).tolist() == shapely.get_coordinates(other).tolist()


def test_invalid_grids_come_as_they_are_to_be_judged(tmp_path):
    (a, b, c, d, _) = OUTLINES[0].exterior.coords
    bow = gpd.GeoDataFrame({"网格编码": ["1"]}, geometry=[shapely.Polygon([a, c, b, d])], crs=4549)
    bow.to_crs(4490).to_file(tmp_path / "g.gpkg", driver="GPKG")
    grids, _ = read_grids(str(tmp_path / "g.gpkg"), county_outlines(tmp_path))
    assert not grids.is_valid.any()


def test_grids_that_lie_elsewhere_are_refused(tmp_path):
    away = hand_drawn().set_geometry(hand_drawn().translate(0, 90_000), crs=4549)
    away.to_file(tmp_path / "g.gpkg", driver="GPKG")
    with pytest.raises(InputError) as caught:
        read_grids(str(tmp_path / "g.gpkg"), county_outlines(tmp_path))
    assert caught.value.faults[0].kind == "elsewhere"


def test_households_of_drawn_grids_that_are_words_are_refused(tmp_path):
    hand_drawn(户数=["约350户"] * 8).to_file(tmp_path / "g.gpkg", driver="GPKG")
    with pytest.raises(InputError) as caught:
        read_grids(str(tmp_path / "g.gpkg"), county_outlines(tmp_path))
    assert caught.value.faults[0].kind == "number_text"


def test_mended_outlines_can_be_handed_in_again(tmp_path):
    overlapping = communities(OUTLINES[0], box(580, 0, 1200, 600), *OUTLINES[2:])
    sources = write(tmp_path, frames(communities=overlapping))
    layers, report = read_layers(sources, mend=True)
    write_outlines(report.mended, tmp_path / "mended.gpkg")
    again, report_again = read_layers(sources | {"communities": str(tmp_path / "mended.gpkg")})
    for one, other in zip(again.communities.geometry, layers.communities.geometry, strict=True):
        assert set(shapely.get_coordinates(one).ravel()) >= set(shapely.get_coordinates(other).ravel())
        assert shapely.hausdorff_distance(one, other) < 1e-12
    assert report_again.mended is None
