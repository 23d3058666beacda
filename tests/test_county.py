"""The made-up county is what its README and truth.json say, its script still makes it, and it can be divided."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from app.files.inputs import read_layers
from app.files.projects import read_projects
from app.files.rooms import read_rooms
from app.files.standards import read_standards
from app.geo.assessment import Assessment, Community, assess
from app.geo.errors import InputError
from app.geo.promises import HARD_PROMISES
from gis_data.make_county.dirt import shift_to_gcj02
from gis_data.make_county.folder import HEALTH_COLUMNS, write_county
from gis_data.make_county.plan import NOTICE
from tests.conftest import ROOT

FOLDER = ROOT / "gis_data" / "county"
COUNTY = FOLDER / "county.gpkg"
SCORECARD = ROOT.parent / "shared" / "tools" / "scorecard.py"
TRUTH = json.loads((FOLDER / "truth.json").read_text("utf-8"))
LAYERS = tuple(name for name, _ in pyogrio.list_layers(COUNTY))
DIVIDED = ("communities", "streets", "buildings", "barriers", "compounds", "special_sites", "groups")
NETS = tuple(net for net, facts in TRUTH["nets"].items() if facts["relation"] != "table")


def read_table(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{name}.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")


def dirt(kind: str) -> dict:
    [one] = [one for one in TRUTH["dirt"] if one["kind"] == kind]
    return one


@pytest.fixture(scope="module")
def layers() -> dict[str, gpd.GeoDataFrame]:
    return {name: gpd.read_file(COUNTY, layer=name) for name in LAYERS}


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("remade")
    write_county(folder)
    return folder


# --- the script and the files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [f"county.gpkg:{name}" for name in LAYERS] + [f"nets.gpkg:{name}" for name in NETS])
def test_the_script_makes_the_shipped_layer(file: str, remade: Path) -> None:
    path, _, name = file.partition(":")
    shipped, fresh = gpd.read_file(FOLDER / path, layer=name), gpd.read_file(remade / path, layer=name)
    pd.testing.assert_frame_equal(shipped.drop(columns="geometry"), fresh.drop(columns="geometry"))
    # Another GEOS may round a crossing differently: 1e-6 degrees is ten centimetres.
    apart = [shapely.hausdorff_distance(a, b) for a, b in zip(shipped.geometry, fresh.geometry, strict=True)]
    assert max(apart) < 1e-6


@pytest.mark.parametrize(
    "file",
    ["staff.csv", "rooms.csv", "projects.csv", "aliases.csv", "truth.json", "communities.xlsx", "net_health.xlsx"],
)
def test_the_script_makes_the_shipped_file_byte_by_byte(file: str, remade: Path) -> None:
    assert (FOLDER / file).read_bytes() == (remade / file).read_bytes()


@pytest.mark.parametrize("file", sorted(path.name for path in (FOLDER / "dirt").glob("*.*json")))
def test_the_script_makes_the_shipped_dirt(file: str, remade: Path) -> None:
    assert gpd.read_file(FOLDER / "dirt" / file).equals(gpd.read_file(remade / "dirt" / file))


def test_the_county_takes_less_than_ten_megabytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 10_000_000


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_says_that_it_is_made_up(name: str) -> None:
    assert pyogrio.read_info(COUNTY, layer=name)["layer_metadata"]["notice"] == NOTICE


def test_the_readme_counts_every_layer(layers: dict[str, gpd.GeoDataFrame]) -> None:
    text = (FOLDER.parent / "README.md").read_text("utf-8").partition("# 乌有镇")[0]
    stated = {name: int(count) for name, count in re.findall(r"^\| `(\w+)` \| (\d+) \|", text, re.MULTILINE)}
    assert stated == {name: len(frame) for name, frame in layers.items()}


def test_the_readme_describes_every_part_of_truth() -> None:
    text = (FOLDER.parent / "README.md").read_text("utf-8")
    for part in TRUTH:
        assert f"`{part}" in text, part


# --- its size ---------------------------------------------------------------------------------------------------------


def test_the_county_has_the_size_of_a_real_one(layers: dict[str, gpd.GeoDataFrame]) -> None:
    communities = layers["communities"]
    urban = communities[communities.urban_rural_code == "111"]
    assert (len(communities), len(urban)) == (81, 22)
    assert urban.persons.sum() == 22 * 9237
    assert communities.persons.sum() - urban.persons.sum() == 59 * 3409
    assert communities.households.sum() == pytest.approx(154_000, rel=0.01)
    assert len(layers["buildings"]) > 20_000


def test_buildings_add_up_to_their_communities(layers: dict[str, gpd.GeoDataFrame]) -> None:
    communities, buildings = layers["communities"], layers["buildings"]
    spots = shapely.point_on_surface(buildings.geometry.to_numpy())
    row, building = shapely.STRtree(spots).query(communities.geometry.to_numpy(), predicate="contains")
    for column in ("households", "persons"):
        sums = np.bincount(row, buildings[column].to_numpy(float)[building], len(communities))
        assert sums.tolist() == communities[column].tolist()


def test_communities_share_every_vertex_and_shapes_are_valid(layers: dict[str, gpd.GeoDataFrame]) -> None:
    assert shapely.is_empty(shapely.coverage_invalid_edges(layers["communities"].geometry.to_numpy())).all()
    assert {name: int((~frame.geometry.is_valid).sum()) for name, frame in layers.items()} == dict.fromkeys(LAYERS, 0)


def test_a_building_is_told_by_its_address_and_name(layers: dict[str, gpd.GeoDataFrame]) -> None:
    lived_in = layers["buildings"][layers["buildings"].households > 0]
    assert not lived_in.duplicated(["address", "name"]).any()
    assert lived_in.address.str.fullmatch(r".+\d+号").all()


def test_compounds_with_management_and_owners_committees(layers: dict[str, gpd.GeoDataFrame]) -> None:
    compounds = layers["compounds"]
    managed = compounds.property_managed == "yes"
    assert (managed.sum(), (compounds.owners_committee == "yes").sum()) == (22, 11)
    assert managed.tolist() == (compounds.property_company != "").tolist()


def test_staff_are_475_of_whom_a_third_take_no_grid(layers: dict[str, gpd.GeoDataFrame]) -> None:
    staff = read_table("staff")
    paid = staff[staff["人员类别"] != "其他"]
    urban = set(layers["communities"].community_code[layers["communities"].urban_rural_code == "111"])
    people = paid.groupby("人员编号").first()
    assert (people["社区编码"].isin(urban).sum(), (~people["社区编码"].isin(urban)).sum()) == (336, 139)
    assert (people["网格编码"] == "").mean() == pytest.approx(1 / 3, abs=0.1)
    assert staff["联系电话"].str.fullmatch(r"1990000\d{4}").all()


def test_the_ledger_has_its_party_bodies_budgets_and_merged_head() -> None:
    sheet = openpyxl.load_workbook(FOLDER / "communities.xlsx").active
    rows = list(sheet.iter_rows(min_row=4, values_only=True))
    names = [sheet.cell(3, column).value or sheet.cell(2, column).value for column in range(1, sheet.max_column + 1)]
    table = pd.DataFrame(rows, columns=names)
    assert table["类型"].value_counts().to_dict() == {"党总支": 56, "党支部": 16, "党委": 9}
    assert table["年度预算"].value_counts().to_dict() == {100_000: 59, 120_000: 22}
    assert "A2:A3" in {str(area) for area in sheet.merged_cells.ranges}
    assert table["社区编码"].str.fullmatch(r"999902\d{6}").all()


# --- what is wrong on purpose -----------------------------------------------------------------------------------------


def test_dual_carriageways_and_the_roundabout_are_there(layers: dict[str, gpd.GeoDataFrame]) -> None:
    streets = layers["streets"]
    assert set(streets.name[streets.oneway == "yes"]) == set(dirt("dual_carriageway")["what"])
    assert set(dirt("roundabout")["what"]) <= set(streets.name)


def test_dead_end_lanes_end_on_no_street(layers: dict[str, gpd.GeoDataFrame]) -> None:
    lanes = layers["streets"].set_index("name")
    for name in dirt("dead_ends")["what"]:
        assert name in lanes.index
    assert len(dirt("dead_ends")["what"]) >= 5


def test_the_superblock_has_no_street_inside(layers: dict[str, gpd.GeoDataFrame]) -> None:
    [name] = dirt("superblock")["what"]
    area = layers["compounds"].set_index("name").geometry[name]
    assert not layers["streets"].geometry.intersects(area).any()
    assert layers["buildings"].households[layers["buildings"]["compound"] == name].sum() == 1900


def test_one_building_holds_620_households_and_some_straddle_streets(layers: dict[str, gpd.GeoDataFrame]) -> None:
    buildings = layers["buildings"]
    assert buildings.loc[buildings.households.idxmax(), ["name", "households"]].tolist() == ["开元公寓", 620]
    across = buildings[buildings.building_id.isin(dirt("straddling_buildings")["what"])]
    assert {"胜利路骑楼", "人民商场"} <= set(across.name)


def test_one_community_lies_in_two_parts_two_have_odd_totals(layers: dict[str, gpd.GeoDataFrame]) -> None:
    communities = layers["communities"].set_index("community_code")
    parts = communities.geometry.map(shapely.get_num_geometries)
    assert parts[parts > 1].index.tolist() == dirt("exclave")["what"]
    odd = [communities.households[code] for kind in ("small_community", "odd_community") for code in dirt(kind)["what"]]
    assert odd == [250, 550]


def test_last_years_grids_gape_and_overlap_where_truth_says(layers: dict[str, gpd.GeoDataFrame]) -> None:
    old, communities = layers["grids_last_year"].to_crs(4544), layers["communities"].to_crs(4544)
    second, first = old.sindex.query(old.geometry, predicate="overlaps")
    codes = old.grid_code.to_numpy()
    shared = shapely.area(shapely.intersection(old.geometry.to_numpy()[first], old.geometry.to_numpy()[second]))
    over = {codes[one] for one in first[shared > 1]}
    assert over == set(TRUTH["last_year"]["overlap"])
    missing = communities.geometry.union_all().difference(old.geometry.union_all())
    beside = old[old.grid_code.isin(TRUTH["last_year"]["gap"])].geometry
    assert missing.area > 1000
    assert (beside.distance(missing) < 1).all()


def test_every_grid_of_the_staff_list_is_there_and_three_have_nobody(layers: dict[str, gpd.GeoDataFrame]) -> None:
    staff = read_table("staff")
    held = set(staff["网格编码"]) - {""}
    assert set(layers["grids_last_year"].grid_code) - held == set(TRUTH["staff"]["grids_without_worker"])
    twice = staff[staff["网格编码"] != ""].groupby("人员编号").size()
    assert sorted(twice[twice > 1].index) == sorted(TRUTH["staff"]["workers_on_two_grids"])


def test_nine_nets_disagree() -> None:
    nets = {name: gpd.read_file(FOLDER / "nets.gpkg", layer=name) for name in NETS}
    table = openpyxl.load_workbook(FOLDER / "net_health.xlsx").active
    assert len(nets) + 1 == len(TRUTH["nets"]) == 9
    assert len({len(frame) for frame in nets.values()}) == len(nets)
    assert tuple(table.cell(2, column).value for column in (1, 2, 3)) == HEALTH_COLUMNS


@pytest.mark.parametrize("net", NETS)
def test_nets_disagree_as_truth_counts_it(net: str, layers: dict[str, gpd.GeoDataFrame]) -> None:
    facts, frame = TRUTH["nets"][net], gpd.read_file(FOLDER / "nets.gpkg", layer=net)
    buildings = layers["buildings"][layers["buildings"].households > 0]
    spots = buildings.set_geometry(
        gpd.GeoSeries(shapely.point_on_surface(buildings.geometry.to_numpy()), buildings.index, crs=4490)
    )
    inside = spots.sindex.query(frame.to_crs(4490).geometry, predicate="contains")[1]
    assert (
        buildings.households.sum() - buildings.households.iloc[np.unique(inside)].sum() == facts["households_in_none"]
    )
    cut = {"same": 0, "merged": 0, "coarse": 0, "partial": 0}.get(facts["relation"])
    assert facts["old_grids_cut"] == cut if cut is not None else facts["old_grids_cut"] > 50


# --- the dirt that lies beside it, as our own readers see it ----------------------------------------------------------


def with_streets(file: str) -> dict[str, str]:
    return {
        "communities": str(FOLDER / "dirt" / file),
        "streets": f"{COUNTY}:streets",
        "buildings": f"{COUNTY}:buildings",
    }


def test_the_gbk_shapefile_is_read_as_it_is_meant(layers: dict[str, gpd.GeoDataFrame]) -> None:
    assert not (FOLDER / "dirt" / "communities_gbk.cpg").exists()
    read, _ = read_layers(with_streets("communities_gbk.shp"))
    assert sorted(read.communities["name"]) == sorted(layers["communities"].name)


def test_outlines_that_gape_and_overlap_are_refused_with_their_codes() -> None:
    with pytest.raises(InputError) as refused:
        read_layers(with_streets("communities_gap_overlap.geojson"))
    said = "\n".join(fault.say("zh") for fault in refused.value.faults)
    for code in (*dirt("gap")["what"], *dirt("overlap")["what"]):
        assert code in said


def test_the_compounds_from_a_map_service_lie_where_gcj02_puts_them(layers: dict[str, gpd.GeoDataFrame]) -> None:
    amap = gpd.read_file(FOLDER / "dirt" / "compounds_amap.geojson")
    true = shapely.get_coordinates(shapely.centroid(layers["compounds"].geometry.to_numpy()))
    shifted = shapely.get_coordinates(shapely.centroid(amap.geometry.to_numpy()))
    assert np.abs(shift_to_gcj02(true) - shifted).max() < 1e-6
    metres = (shifted - true) * [96_000, 111_000]
    assert np.hypot(*metres.T).mean() == pytest.approx(450, abs=100)


def test_pending_codes_are_pending() -> None:
    pending = gpd.read_file(FOLDER / "dirt" / "communities_pending.geojson")
    assert set(pending["社区编码"]) == {"待赋码"}
    assert len(pending) == len(dirt("pending_codes")["what"])


# --- rooms and projects, judged by the software -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def assessment(layers: dict[str, gpd.GeoDataFrame]) -> Assessment:
    settlement = {"111": "urban", "112": "urban", "121": "town", "220": "rural"}
    communities = {
        row.community_code: Community(
            row.community_code, row.name, float(row.households), settlement[row.urban_rural_code]
        )
        for row in layers["communities"].itertuples(index=False)
    }
    day = pd.Timestamp(TRUTH["as_of"]).date()
    rooms = read_rooms(str(FOLDER / "rooms.csv"), communities=communities, as_of=day).rooms
    phases = read_projects(str(FOLDER / "projects.csv"), communities=communities).phases
    return assess(list(communities.values()), rooms, phases, read_standards(), as_of=day)


def test_every_shortfall_of_rooms_is_found_and_nothing_else(assessment: Assessment) -> None:
    found = {
        one.community.code: {
            "counted_m2": pytest.approx(one.counted_m2, abs=0.1),
            "pending_m2": pytest.approx(one.pending_m2, abs=0.1),
            "missing_m2": pytest.approx(
                {each.standard.id: each.shortfall for each in one.findings if not each.advisory and each.shortfall},
                abs=0.1,
            ),
            "status": one.status,
        }
        for one in assessment.communities
    }
    assert TRUTH["rooms"]["communities"] == found


def test_every_project_that_owes_rooms_is_found_and_no_other(assessment: Assessment) -> None:
    owing = {one.project_id: one.shortfall_m2 for one in assessment.projects if one.shortfall_m2}
    assert owing == pytest.approx(TRUTH["projects"]["missing_50_per_100_m2"])
    unsigned = [one.project_id for one in assessment.projects if one.status == "待核实"]
    assert unsigned == TRUTH["projects"]["without_papers"]


# --- the division -----------------------------------------------------------------------------------------------------


def options() -> list[str]:
    return [part for layer in DIVIDED for part in (f"--{layer.replace('_', '-')}", f"{COUNTY}:{layer}")]


def expected(codes: set[str] | None = None) -> list[tuple[str, str]]:
    return sorted(
        (one["community_code"], one["reason_code"])
        for one in TRUTH["division"]["exceptions"]
        if codes is None or one["community_code"] in codes
        for _ in range(one["grids"])
    )


def exceptions(plan: Path) -> list[tuple[str, str]]:
    grids = gpd.read_file(plan, layer="grids")
    out = grids[grids.reason_code != ""]
    return sorted(zip(out.community_code, out.reason_code, strict=True))


def test_a_corner_of_the_county_is_divided_as_truth_expects(jiexiang_here, tmp_path: Path) -> None:
    """A village with an exclave and the one around it, the two with odd totals, and half a town."""
    chosen = {*dirt("exclave")["what"], *dirt("small_community")["what"], *dirt("odd_community")["what"]}
    chosen |= {dirt("exclave")["why"].split()[-1], "999902108001"}
    only = [part for code in sorted(chosen) for part in ("--only", code)]
    done = jiexiang_here("split", *options(), *only, "--out", tmp_path / "out", "--workers", "1")
    assert done.exit_code == 0, done.output
    assert exceptions(tmp_path / "out" / "plan.gpkg") == expected(chosen)


@pytest.fixture(scope="session")
def divided(jiexiang, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county") / "out"
    command = Path(sys.executable).with_name("jiexiang")
    subprocess.run([command, "split", *options(), "--out", folder], check=True, capture_output=True, timeout=1200)
    return folder


@pytest.mark.long
def test_the_county_keeps_every_hard_promise_and_99_of_100_grids_in_the_band(divided: Path) -> None:
    promises = json.loads((divided / "run.json").read_text("utf-8"))["promises"]
    assert {name: promises[name] for name in HARD_PROMISES if promises[name]} == {}
    assert promises["in_band_divisible"] >= 0.99


@pytest.mark.long
def test_every_exception_of_the_county_is_expected_with_its_reason(divided: Path) -> None:
    assert exceptions(divided / "plan.gpkg") == expected()


@pytest.mark.long
@pytest.mark.skipif(not SCORECARD.is_file(), reason="the independent scorecard is not beside the repository")
def test_the_independent_scorecard_agrees_on_the_county(divided: Path, tmp_path: Path) -> None:
    layers = [
        part
        for layer in ("communities", "streets", "buildings", "barriers", "compounds", "special_sites")
        for part in (f"--{layer.replace('_', '-')}", f"{COUNTY}:{layer}")
    ]
    card = tmp_path / "card.json"
    command = [sys.executable, SCORECARD, divided / "plan.gpkg", *layers, "--json", card]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    assert json.loads(card.read_text("utf-8"))["in_band_divisible"] >= 0.99
