"""The made-up town is what its README says, and its script still makes it."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from gis_data.make_town import COMMUNITIES, LAYERS, NOTICE, build_town, write_town

FOLDER = Path(__file__).parents[1] / "gis_data"
TOWN = FOLDER / "town" / "town.gpkg"


@pytest.fixture(scope="module")
def layers() -> dict[str, gpd.GeoDataFrame]:
    return {name: gpd.read_file(TOWN, layer=name) for name in LAYERS}


@pytest.fixture(scope="module")
def made() -> dict[str, gpd.GeoDataFrame]:
    return build_town()


def readme_of_town() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8").partition("# 乌有镇")[2]


def households_within(layers: dict[str, gpd.GeoDataFrame], shape: shapely.Geometry) -> int:
    buildings = layers["buildings"]
    return int(buildings.households[shapely.within(shapely.point_on_surface(buildings.geometry.values), shape)].sum())


@pytest.mark.parametrize("name", LAYERS)
def test_script_makes_the_shipped_layer(
    name: str, layers: dict[str, gpd.GeoDataFrame], made: dict[str, gpd.GeoDataFrame]
) -> None:
    shipped, fresh = layers[name], made[name]
    assert list(shipped.columns) == list(fresh.columns)
    for column in shipped.columns.drop("geometry"):
        assert shipped[column].equals(fresh[column].astype(shipped[column].dtype)), column
    # Another GEOS may round a crossing differently: 1e-7 degrees is a centimetre.
    apart = [shapely.hausdorff_distance(a, b) for a, b in zip(shipped.geometry, fresh.geometry, strict=True)]
    assert max(apart) < 1e-7


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.gpkg", tmp_path / "second.gpkg"
    write_town(first)
    write_town(second)
    assert first.read_bytes() == second.read_bytes()


def test_file_is_small() -> None:
    assert TOWN.stat().st_size < 2_000_000


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_says_that_it_is_made_up(name: str) -> None:
    assert pyogrio.read_info(TOWN, layer=name)["layer_metadata"]["notice"] == NOTICE


def test_readme_counts_every_layer(layers: dict[str, gpd.GeoDataFrame]) -> None:
    stated = re.findall(r"^\| `(\w+)` \| (\d+) \|", readme_of_town(), re.MULTILINE)
    assert {name: int(count) for name, count in stated} == {name: len(frame) for name, frame in layers.items()}


def test_readme_states_households_of_every_community(layers: dict[str, gpd.GeoDataFrame]) -> None:
    text = readme_of_town()
    stated = {code: int(count) for code, count in re.findall(r"^\| (\d{12}) \| \S+ \| (\d+) \|", text, re.MULTILINE)}
    outlines = layers["communities"].set_index("community_code").geometry
    assert stated == {code: households_within(layers, shape) for code, shape in outlines.items()}
    assert f"Together {sum(stated.values())} households" in text
    assert len(stated) == len(COMMUNITIES) == 12


def test_neighbouring_outlines_share_every_vertex(layers: dict[str, gpd.GeoDataFrame]) -> None:
    edges = shapely.coverage_invalid_edges(layers["communities"].geometry.values)
    assert shapely.is_empty(edges).all()


def test_shapes_are_valid(layers: dict[str, gpd.GeoDataFrame]) -> None:
    assert {name: int((~frame.geometry.is_valid).sum()) for name, frame in layers.items()} == dict.fromkeys(LAYERS, 0)


def test_superblock_has_its_households_and_no_lane(layers: dict[str, gpd.GeoDataFrame]) -> None:
    compounds = layers["compounds"].set_index("name").geometry
    assert households_within(layers, compounds["华胥国际城"]) == 1900
    assert not layers["streets"].geometry.intersects(compounds["华胥国际城"]).any()


def test_one_building_is_heavier_than_any_grid(layers: dict[str, gpd.GeoDataFrame]) -> None:
    assert layers["buildings"].set_index("name").households["蓬莱公寓"] == layers["buildings"].households.max() == 620


def test_one_village_lies_in_two_parts(layers: dict[str, gpd.GeoDataFrame]) -> None:
    parts = layers["communities"].set_index("name").geometry.apply(shapely.get_num_geometries)
    assert parts[parts > 1].to_dict() == {"桃源村": 2}


def test_two_street_bridges_cross_the_river(layers: dict[str, gpd.GeoDataFrame]) -> None:
    barriers, streets = layers["barriers"], layers["streets"]
    river = barriers[barriers.kind == "waterway"].geometry.iloc[0]
    crossing = streets[streets.geometry.crosses(river)]
    assert set(crossing.name) == {"子虚大道", "南柯路"}
    assert (crossing.bridge == "yes").all()


def test_carriageways_of_the_avenue_run_eighteen_metres_apart(layers: dict[str, gpd.GeoDataFrame]) -> None:
    metric = layers["streets"].to_crs(4544)
    avenue = metric[(metric.name == "子虚大道") & (metric.bridge == "yes")].geometry.tolist()
    assert len(avenue) == 2
    assert avenue[0].distance(avenue[1]) == pytest.approx(18, abs=0.1)


def test_buildings_straddle_a_street_and_a_lane(layers: dict[str, gpd.GeoDataFrame]) -> None:
    buildings = layers["buildings"].set_index("name")
    streets = layers["streets"][layers["streets"].tunnel != "yes"]
    for name in ("骑楼", "过街楼", "水月商场"):
        assert streets.geometry.crosses(buildings.geometry[name]).any(), name


def test_no_two_buildings_overlap(layers: dict[str, gpd.GeoDataFrame]) -> None:
    shapes = layers["buildings"].geometry.values
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    assert np.count_nonzero(first < second) == 0


@pytest.mark.parametrize("name", ["communities", "streets", "buildings"])
def test_first_feature_repeats_a_vertex(name: str, layers: dict[str, gpd.GeoDataFrame]) -> None:
    first = layers[name].geometry.iloc[0]
    assert (
        len(shapely.get_coordinates(first)) == len(shapely.get_coordinates(shapely.remove_repeated_points(first))) + 1
    )
