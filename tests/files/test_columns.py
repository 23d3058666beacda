"""Columns are found under their own and their Chinese names; what is ambiguous or missing is refused by name."""

from __future__ import annotations

import pyogrio
import pytest
from county import buildings, communities, frames, only_fault, read, save_shapefile, streets, write

from app.files.columns import parse_columns
from app.files.inputs import read_layers
from app.geo.errors import UsageError
from app.geo.layers import CONTRACTS


@pytest.mark.parametrize("column", ["社区编码", "社区代码", "区划代码", "Code", "COMMUNITY_CODE", " 编码 ", "ＣＯＤＥ"])
def test_codes_are_found_under_their_names(tmp_path, column):
    frame = communities().rename(columns={"community_code": column})
    layers, _ = read(tmp_path, {"communities": frame})
    assert list(layers.communities["community_code"]) == list(communities()["community_code"])


def test_chinese_columns_of_every_layer_are_understood(tmp_path):
    layers, _ = read(
        tmp_path,
        frames(
            communities=communities().rename(columns={"community_code": "区划代码", "name": "社区名称"}),
            streets=streets().rename(columns={"highway": "道路等级", "name": "道路名称"}),
            buildings=buildings(人口=[250] * 16, 小区=["金陵花园"] * 16, 居民小组=["一组"] * 16).rename(
                columns={"households": "户数"}
            ),
        ),
    )
    assert list(layers.streets["highway"]) == ["primary", "街巷"]
    assert list(layers.streets["name"]) == ["人民路", "程阁老巷"]
    first = layers.buildings.iloc[0]
    assert (first["households"], first["persons"], first["compound"], first["group"]) == (100, 250, "金陵花园", "一组")


def test_the_own_name_wins_over_an_alias(tmp_path):
    layers, _ = read(tmp_path, {"communities": communities(名称=["x"] * 4, code=["1", "2", "3", "4"])})
    assert list(layers.communities["name"]) == ["甲社区", "乙社区", "丙社区", "丁社区"]


def test_two_aliases_are_refused_with_both_names(tmp_path):
    frame = communities(社区编码=["1", "2", "3", "4"]).rename(columns={"community_code": "区划代码"})
    fault = only_fault(write(tmp_path, {"communities": frame}))
    assert fault.kind == "column_ambiguous"
    assert "区划代码、社区编码" in fault.fact
    assert "communities.community_code=" in fault.remedy


def test_the_basis_of_households_chooses_among_their_columns(tmp_path):
    both = frames(buildings=buildings(户籍户数=[70] * 16).rename(columns={"households": "常住户数"}))
    assert only_fault(write(tmp_path, both)).kind == "column_ambiguous"
    (tmp_path / "county.gpkg").unlink()
    layers, _ = read(tmp_path, both, household_basis="户籍户")
    assert set(layers.buildings["households"]) == {70}
    assert layers.household_basis == "户籍户"


def test_the_name_of_the_column_says_the_basis(tmp_path):
    layers, report = read(tmp_path, frames(buildings=buildings().rename(columns={"households": "常住户数"})))
    assert layers.household_basis == "常住户"
    assert report.notes == ()


@pytest.mark.parametrize(
    ("layer", "field"), [("communities", "community_code"), ("streets", "highway"), ("barriers", "kind")]
)
def test_a_required_column_that_is_missing_is_refused_with_those_there_are(tmp_path, layer, field):
    whole = frames()
    fault = only_fault(write(tmp_path, whole | {layer: whole[layer].rename(columns={field: "甲乙丙"})}))
    assert (fault.kind, fault.feature) == ("column_missing", "")
    assert field in fault.fact
    assert "甲乙丙" in fault.fact
    assert f"--columns {layer}.{field}=" in fault.remedy


def test_a_column_may_be_told(tmp_path):
    frame = communities().rename(columns={"community_code": "bm", "name": "mc"})
    told = parse_columns(["communities.community_code=bm", "name=mc"])
    layers, _ = read(tmp_path, {"communities": frame}, columns=told)
    assert layers.communities["name"][0] == "甲社区"


def test_a_told_column_that_is_not_there_is_refused(tmp_path):
    sources = write(tmp_path, {"communities": communities()})
    fault = only_fault(sources, columns=parse_columns(["communities.name=mc"]))
    assert fault.kind == "column_unknown"
    assert "“mc”" in fault.fact


def test_a_column_told_for_all_layers_counts_where_it_exists(tmp_path):
    layers, _ = read(tmp_path, frames(streets=streets(lm=["甲路", "乙路"])), columns=parse_columns(["name=lm"]))
    assert list(layers.streets["name"]) == ["甲路", "乙路"]
    assert layers.communities["name"][0] == "甲社区"


def test_names_cut_to_ten_bytes_in_a_shapefile_are_understood(tmp_path):
    save_shapefile(communities(urban_rural_code=["111"] * 4), tmp_path / "c.shp")
    names = list(pyogrio.read_info(tmp_path / "c.shp")["fields"])
    assert names == ["community_", "name", "urban_rura"]
    layers, _ = read_layers({"communities": str(tmp_path / "c.shp")})
    assert list(layers.communities["urban_rural_code"]) == ["111"] * 4


def test_options_become_columns_by_layer(tmp_path):
    mapping = tmp_path / "columns.txt"
    mapping.write_text("# 我们的字段\nbuildings.households = 户\n\nname=mc # 名称\n", "utf-8")
    assert parse_columns([str(mapping), "streets.highway=dj"]) == {
        "buildings": {"households": "户"},
        "": {"name": "mc"},
        "streets": {"highway": "dj"},
    }


@pytest.mark.parametrize("option", ["nonsense=x", "streets.households=x", "rivers.name=x", "name=", "nofile.txt"])
def test_an_option_that_names_no_field_is_refused(option):
    with pytest.raises(UsageError, match="--columns"):
        parse_columns([option])


def test_no_alias_stands_for_two_fields_of_a_layer():
    for contract in CONTRACTS.values():
        names = [name for field in contract.fields for name in {field.name, *field.aliases.split()}]
        assert len(names) == len(set(names)), contract.layer
