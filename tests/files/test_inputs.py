"""Layers are read together: one form, one judgement, one report, and the same for every way they may come."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from county import (
    CODES,
    barriers,
    box,
    buildings,
    communities,
    faults,
    frames,
    line,
    notes,
    only_fault,
    point,
    read,
    streets,
    write,
)

from app.files.inputs import INPUT_LAYERS, read_layers
from app.geo.crs import DEGREES, metric_crs, project
from app.geo.errors import UsageError

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def test_frames_have_the_columns_of_their_contracts_whether_given_or_not(tmp_path):
    for layers, _ in (read(tmp_path, {"communities": communities()}), read(tmp_path)):
        for layer in INPUT_LAYERS:
            frame = getattr(layers, layer)
            assert frame.crs == DEGREES
            assert isinstance(frame.index, pd.RangeIndex)
            assert not frame.geometry.has_z.any()
        assert list(layers.communities.columns) == [
            *("community_code", "name", "urban_rural_code", "town_code", "town", "households", "persons", "posts"),
            "geometry",
        ]
        assert list(layers.streets.columns) == ["highway", "name", "bridge", "tunnel", "layer", "geometry"]
        assert list(layers.buildings.columns) == [
            *("building_id", "households", "persons", "compound", "group", "name"),
            *("sections", "address", "address_code", "property_company", "built", "workload", "geometry"),
        ]
        assert list(layers.barriers.columns) == ["kind", "name", "bridge", "tunnel", "geometry"]
        assert list(layers.compounds.columns) == ["compound_id", "name", "geometry"]
        assert list(layers.groups.columns) == ["group", "geometry"]
        assert list(layers.seeds.columns) == ["name", "geometry"]
        assert layers.streets["bridge"].dtype == bool
        assert layers.streets["layer"].dtype == np.int64
        assert layers.buildings["households"].dtype == float


def test_unknown_text_is_empty_and_unknown_numbers_are_nan(tmp_path):
    layers, _ = read(tmp_path, frames(buildings=buildings(name=[None, "1幢"] * 8)))
    assert list(layers.buildings["name"][:2]) == ["", "1幢"]
    assert layers.buildings["persons"].isna().all()
    assert (layers.communities["town_code"] == "").all()


def test_outlines_are_densified_in_their_own_reference_system(tmp_path):
    layers, _ = read(tmp_path)
    outlines = project(layers.communities.geometry.to_numpy(), metric_crs(120))
    for outline in outlines:
        runs = np.hypot(*np.diff(shapely.get_coordinates(outline), axis=0).T)
        assert runs.max() <= 100.001
    drawn = communities().geometry.to_numpy()
    assert (shapely.hausdorff_distance(outlines, drawn) < 1e-6).all()


@pytest.mark.parametrize("crs", [4326, 4490, 4528, 32650, 3857])
def test_layers_in_different_reference_systems_come_together(tmp_path, crs):
    layers, report = read(tmp_path, frames(streets=streets().to_crs(crs), buildings=buildings().to_crs(crs)))
    plain, _ = read(tmp_path)
    for layer in ("streets", "buildings"):
        got, wanted = getattr(layers, layer).geometry, getattr(plain, layer).geometry
        assert (shapely.hausdorff_distance(got.to_numpy(), wanted.to_numpy()) < 1e-8).all()
    assert set(notes(report)) == {"basis_unstated"}


@pytest.mark.parametrize(("crs", "datum"), [(2385, "Xian 1980"), (2437, "Beijing 1954"), (4610, "Xian 1980")])
def test_a_layer_on_a_datum_with_a_secret_shift_is_refused_with_advice(tmp_path, crs, datum):
    old = streets().to_crs(crs) if crs == 4610 else streets().set_crs(crs, allow_override=True)
    fault = only_fault(write(tmp_path, frames(streets=old)))
    assert fault.kind == "datum_secret"
    assert datum in fault.fact
    assert "测绘部门" in fault.remedy


def test_communities_whose_code_is_pending_get_an_internal_one_by_their_name(tmp_path):
    pending = communities(community_code=[CODES[0], "待赋码", "待赋码", "待赋码-丁"])
    layers, report = read(tmp_path, frames(communities=pending))
    assert list(layers.communities["community_code"]) == [CODES[0], "待赋码-乙社区", "待赋码-丙社区", "待赋码-丁"]
    assert notes(report)["codes_pending"] == 2


def test_layers_that_share_a_secret_datum_are_refused_each(tmp_path):
    old = {name: frame.set_crs(2385, allow_override=True) for name, frame in frames().items()}
    assert [fault.kind for fault in faults(write(tmp_path, old))] == ["datum_secret"] * 4


def test_a_layer_that_brings_its_own_parameters_is_taken(tmp_path):
    crs = "+proj=tmerc +lon_0=117 +x_0=500000 +ellps=krass +towgs84=0,0,0,0,0,0,0 +units=m +no_defs"
    layers, _ = read(tmp_path, frames(streets=streets().to_crs(crs)))
    assert len(layers.streets) == 2


@pytest.mark.parametrize("layer", ["streets", "buildings", "barriers"])
def test_a_layer_that_lies_elsewhere_is_refused_with_its_distance(tmp_path, layer):
    whole = frames()
    away = whole[layer].set_geometry(whole[layer].translate(0, 50_000), crs=4549)
    fault = only_fault(write(tmp_path, whole | {layer: away}))
    assert (fault.kind, fault.feature) == ("elsewhere", "")
    assert "相距约 50" in fault.fact


def test_a_layer_in_the_neighbouring_zone_is_recognised(tmp_path):
    wrong = streets().set_crs(4548, allow_override=True)
    fault = only_fault(write(tmp_path, frames(streets=wrong)))
    assert fault.kind == "elsewhere"
    assert "经度相差约 3°" in fault.fact
    assert "带" in fault.fact


def test_streets_far_outside_are_left_out_and_counted_and_near_ones_kept(tmp_path):
    roads = streets(
        line((0, 600), (1200, 600)),
        line((0, -60), (1200, -60)),
        line((0, -400), (1200, -400)),
        highway=["primary", "secondary", "tertiary"],
        name=["人民路", "南环路", "远路"],
    )
    layers, report = read(tmp_path, frames(streets=roads))
    assert list(layers.streets["name"]) == ["人民路", "南环路"]
    assert notes(report)["outside"] == 1


def test_words_for_streets_and_barriers_are_kept_or_unified_and_unknown_ones_counted(tmp_path):
    roads = streets(*streets().geometry, highway=["主干路", "羊肠小道"])
    walls = gpd.GeoDataFrame(
        {"kind": ["河流", "rail", "fence", "cliff"]},
        geometry=[line((600, 0), (600, k)) for k in (9, 19, 29, 39)],
        crs=4549,
    )
    layers, report = read(tmp_path, frames(streets=roads, barriers=walls))
    assert list(layers.streets["highway"]) == ["主干路", "羊肠小道"]
    assert list(layers.barriers["kind"]) == ["waterway", "railway", "wall", "cliff"]
    texts = [note.text for note in report.notes if note.kind == "words_unknown"]
    assert ["羊肠小道×1" in texts[0], "cliff×1" in texts[1]] == [True, True]


def test_a_workload_is_read_from_the_column_that_is_named(tmp_path):
    layers, report = read(tmp_path, frames(buildings=buildings(老人=[3.5, None] * 8)), workload="老人")
    assert layers.buildings["workload"].tolist() == [3.5, 0.0] * 8
    assert notes(report)["missing_as_zero"] == 8
    assert read(tmp_path)[0].buildings["workload"].isna().all()


def test_a_workload_that_is_not_there_is_refused(tmp_path):
    fault = only_fault(write(tmp_path, frames()), workload="老人")
    assert fault.kind == "column_unknown"
    assert "“老人”" in fault.fact


def test_building_ids_are_kept_where_they_are_unique_and_numbered_elsewhere(tmp_path):
    layers, _ = read(tmp_path, frames(buildings=buildings(osm_id=[f"w{k}" for k in range(16)])))
    assert list(layers.buildings["building_id"])[:2] == ["w0", "w1"]
    layers, report = read(tmp_path, frames(buildings=buildings(osm_id=["w1"] * 16)))
    assert layers.buildings["building_id"].is_unique
    assert notes(report)["ids_replaced"] == 15


def test_every_layer_may_be_given(tmp_path):
    plot = box(30, 30, 260, 260)
    more = {
        "compounds": gpd.GeoDataFrame({"小区名称": ["金陵花园"]}, geometry=[plot], crs=4549),
        "special_sites": gpd.GeoDataFrame(
            {"名称": ["一中"], "类型": ["学校"]}, geometry=[box(700, 700, 800, 800)], crs=4549
        ),
        "groups": gpd.GeoDataFrame({"居民小组": ["一组"]}, geometry=[plot], crs=4549),
        "fixed_borders": gpd.GeoDataFrame(geometry=[line((0, 300), (600, 300))], crs=4549),
        "seeds": gpd.GeoDataFrame({"网格名称": ["第1网格"]}, geometry=[point(100, 100)], crs=4549),
    }
    layers, report = read(tmp_path, frames(**more))
    assert list(layers.compounds["name"]) == ["金陵花园"]
    assert list(layers.special_sites["kind"]) == ["学校"]
    assert list(layers.groups["group"]) == ["一组"]
    assert len(layers.fixed_borders) == 1
    assert list(layers.seeds["name"]) == ["第1网格"]
    assert set(report.features) == {*frames(), *more}


def test_the_order_of_the_file_is_kept(tmp_path):
    shuffled = communities().iloc[[2, 0, 3, 1]]
    layers, _ = read(tmp_path, {"communities": shuffled})
    assert list(layers.communities["community_code"]) == [CODES[k] for k in (2, 0, 3, 1)]


def test_reading_twice_gives_the_same_to_the_last_bit(tmp_path):
    sources = write(tmp_path, frames())
    one, two = read_layers(sources), read_layers(sources)
    for layer in frames():
        assert getattr(one[0], layer).to_wkb().equals(getattr(two[0], layer).to_wkb())
    assert one[1].notes == two[1].notes
    assert one[1].digests == two[1].digests


def test_reading_leaves_the_file_as_it_is(tmp_path):
    sources = write(tmp_path, frames())
    before = (tmp_path / "county.gpkg").read_bytes()
    read_layers(sources)
    assert (tmp_path / "county.gpkg").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["county.gpkg"]


def test_faults_of_all_layers_come_in_one_error_in_both_languages(tmp_path):
    whole = frames(
        communities=communities(community_code=["a", "a", "b", "c"]),
        streets=streets().rename(columns={"highway": "x"}),
        buildings=buildings(households=[-1] + [1] * 15),
    )
    sources = write(tmp_path, whole) | {"barriers": str(tmp_path / "none.shp")}
    found = faults(sources)
    assert [fault.kind for fault in found] == ["code_duplicate", "column_missing", "number_negative", "file_missing"]
    assert [fault.source.rpartition(":")[2] for fault in found][:3] == ["communities", "streets", "buildings"]


@pytest.mark.parametrize(
    ("sources", "options", "word"),
    [
        ({"streets": "s.gpkg"}, {}, "--communities"),
        ({"communities": "c.gpkg", "rivers": "r.gpkg"}, {}, "rivers"),
        ({"communities": "c.gpkg"}, {"household_basis": "户"}, "户籍户"),
    ],
)
def test_orders_that_cannot_be_followed_are_refused(sources, options, word):
    with pytest.raises(UsageError, match=word):
        read_layers(sources, **options)


@pytest.mark.parametrize(("place", "communities_there"), [("nanjing", 19), ("guixi", 20)])
def test_real_places_are_read_without_a_fault(place, communities_there):
    path = DATA / place / f"{place}.gpkg"
    if not path.exists():
        pytest.skip(f"the real place {place} is not beside this repository")
    layers, report = read_layers(
        {layer: f"{path}:{layer}" for layer in ("communities", "streets", "buildings", "barriers")}
    )
    assert len(layers.communities) == communities_there
    assert layers.communities.is_valid.all()
    assert len(barriers()) <= len(layers.barriers)
    assert report.mended is None


@pytest.mark.long
def test_two_million_vertices_are_read(tmp_path):
    across, along = 24, 834
    x = np.linspace(0, 600 * across, across * along + 1)
    wavy = [np.column_stack([x, 600 * k + 40 * np.sin(x / 97 + k)]) for k in range(across + 1)]
    outlines = [
        shapely.Polygon(np.concatenate([low[a : a + along + 1], high[a : a + along + 1][::-1]]))
        for low, high in pairwise(wavy)
        for a in range(0, across * along, along)
    ]
    moved = [shapely.affinity.translate(shapely.segmentize(outline, 0.47), 390_000, 3_545_000) for outline in outlines]
    assert shapely.get_num_coordinates(moved).sum() > 2_000_000
    codes = [f"c{k:04}" for k in range(len(moved))]
    frame = gpd.GeoDataFrame({"community_code": codes}, geometry=moved, crs=4549)
    layers, report = read(tmp_path, {"communities": frame})
    assert list(layers.communities["community_code"]) == codes
    assert layers.communities.is_valid.all()
    assert report.notes == ()
