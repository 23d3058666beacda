"""`check`, `coverage` and `site` as people type them."""

from __future__ import annotations

import json

import geopandas as gpd
import pytest
import shapely

from tests.conftest import TOWN
from tests.files.test_room_ledger import PROJECT, PROJECT_COLUMNS, ROOM, WEST, write
from tests.test_cli import draw_hamlet

DAY = ("--as-of", "2026-07-01")


@pytest.fixture
def ledgers(tmp_path):
    """Write a ledger of two rooms, of which one is too small, and of one project."""
    small = {**WEST, "建筑面积(㎡)": "120"}
    rooms = write(tmp_path / "rooms.csv", [{**ROOM, "建筑面积(㎡)": "400"}, small])
    return ["--rooms", rooms, "--projects", write(tmp_path / "projects.csv", [PROJECT], PROJECT_COLUMNS)]


def test_check_names_who_misses_what_by_which_standard_and_the_remedy(jiexiang_here, ledgers):
    done = jiexiang_here("check", *ledgers, *DAY)
    assert done.exit_code == 1
    assert "COUNTY-300 社区办公和服务用房不少于300 ㎡：应有 300.00 ㎡，计入 120.00 ㎡，缺 180.00 ㎡" in done.stdout
    assert "购买、置换、租赁或共建" in done.stdout
    assert "NAT-30" in done.stdout
    assert "期满沿用" in done.stdout


def test_check_gives_programs_every_figure_with_its_rule_its_room_and_its_paper(jiexiang_here, ledgers):
    record = json.loads(jiexiang_here("check", *ledgers, *DAY, "--json").stdout)
    east, west = record["communities"]
    assert (east["status"], west["status"], west["binding"], west["shortfall_m2"]) == (
        "达标",
        "不达标",
        "COUNTY-300",
        180.0,
    )
    (room,) = west["rooms"]
    assert (room["room_id"], room["row"], room["evidence"], room["evidence_number"]) == ("R2", 3, "不动产权证", "007")
    assert (record["projects"][0]["status"], record["projects"][0]["required_m2"]) == ("达标", 400.0)
    assert {one["id"] for one in record["standards"]} == {"COUNTY-300", "COUNTY-50", "NAT-30", "COMM-HH"}


def test_check_succeeds_only_where_everything_is_met_for_certain(jiexiang_here, tmp_path):
    met = write(tmp_path / "met.csv", [{**ROOM, "建筑面积(㎡)": "400"}])
    assert jiexiang_here("check", "--rooms", met, *DAY).exit_code == 0
    unproven = write(tmp_path / "unproven.csv", [{**ROOM, "建筑面积(㎡)": "400", "证据类型": ""}])
    assert jiexiang_here("check", "--rooms", unproven, *DAY).exit_code == 1


def test_check_asks_what_if(jiexiang_here, ledgers):
    record = json.loads(jiexiang_here("check", *ledgers, *DAY, "--json", "--what-if", "room:510000000002:200").stdout)
    (change,) = record["what_if"]
    assert (change["before"]["status"], change["after"]["status"]) == ("不达标", "达标")
    more = jiexiang_here("check", *ledgers, *DAY, "--json", "--what-if", "project:510000000001:1000:300")
    after = json.loads(more.stdout)["what_if"][0]["after"]
    assert (after["households"], after["counted_m2"]) == (2200.0, 700.0)


def test_check_switches_standards_on_and_off(jiexiang_here, ledgers):
    def ids(*options):
        record = json.loads(jiexiang_here("check", *ledgers, *DAY, "--json", *options).stdout)
        return {one["id"]: one["verified"] for one in record["standards"]}

    assert ids("--off", "NAT-30", "--on", "WZ-01") == {
        "COUNTY-300": True, "COUNTY-50": True, "COMM-HH": True, "WZ-01": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        ("--what-if", "room:510000000002:many"),
        ("--what-if", "room:999999999999:20"),
        ("--what-if", "house:510000000002:20"),
        ("--on", "NOBODY-1"),
        ("--count", "castle"),
        ("--as-of", "yesterday"),
    ],
)
def test_check_refuses_options_that_cannot_be_followed(jiexiang_here, ledgers, options):
    assert jiexiang_here("check", *ledgers, *options).exit_code == 2


def test_check_refuses_bad_rows_and_writes_nothing(jiexiang_here, tmp_path):
    bad = write(tmp_path / "rooms.csv", [{**ROOM, "建筑面积(㎡)": "约300平"}])
    done = jiexiang_here("check", "--rooms", bad, *DAY, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "第 2 行：建筑面积(㎡) 不是数字：“约300平”" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture
def hamlet(tmp_path):
    """Draw a hamlet with a service station in its south-west corner, and a word that nobody knows."""
    options = draw_hamlet(tmp_path / "hamlet.gpkg")
    spots = [shapely.Point(500_050, 3_353_590), shapely.Point(500_700, 3_353_800)]
    kinds = {"facility_class": ["社区服务站", "棋牌室"], "name": ["站", "棋"]}
    gpd.GeoDataFrame(kinds, geometry=spots, crs="EPSG:4544").to_file(tmp_path / "hamlet.gpkg", layer="facilities")
    return [*options, "--facilities", f"{tmp_path / 'hamlet.gpkg'}:facilities"]


def test_coverage_says_who_can_walk_there_and_what_a_circle_would_claim(jiexiang_here, hamlet, tmp_path):
    done = jiexiang_here("coverage", *hamlet, "--within", 300, "--within", 600, "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "棋牌室×1" in done.stdout
    record = json.loads((tmp_path / "out" / "coverage.json").read_text("utf-8"))
    county = [row for row in record["shares"] if row["level"] == "county"]
    assert [row["within_m"] for row in county] == [300, 600]
    assert 0 < county[0]["share"] < county[1]["share"] <= 1
    assert set(gpd.list_layers(tmp_path / "out" / "coverage.gpkg")["name"]) == {"blind_spots", "homes"}


def test_minutes_are_metres_by_the_speed_that_is_set(jiexiang_here, hamlet):
    record = json.loads(jiexiang_here("coverage", *hamlet, "--minutes", 5, "--speed", 80, "--json").stdout)
    assert record["within_m"] == [400]
    assert jiexiang_here("coverage", *hamlet, "--minutes", 5, "--within", 300).exit_code == 2


def test_the_same_coverage_is_the_same_bytes(jiexiang_here, hamlet, tmp_path):
    for name in ("one", "two"):
        assert jiexiang_here("coverage", *hamlet, "--out", tmp_path / name).exit_code == 0
    for file in ("coverage.gpkg", "coverage.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_coverage_of_classes_that_nobody_knows_is_refused_with_those_there_are(jiexiang_here, hamlet):
    done = jiexiang_here("coverage", *hamlet, "--class", "castle")
    assert done.exit_code == 2
    assert "棋牌室" in done.stderr


def test_site_names_where_another_station_helps_most_and_proves_it(jiexiang_here, hamlet, tmp_path):
    done = jiexiang_here("site", *hamlet, "-k", 1, "--within", 300, "--out", tmp_path / "out")
    assert done.exit_code == 0
    record = json.loads((tmp_path / "out" / "sites.json").read_text("utf-8"))
    assert record["proven"]
    assert record["sites"][0]["adds"] == record["alone"][0]["adds"] == record["covered_households"] > 0


def test_site_enlarges_what_is_there(jiexiang_here, hamlet):
    record = json.loads(jiexiang_here("site", *hamlet, "--enlarge", "棋牌室", "--json").stdout)
    assert (record["candidates"], record["sites"][0]["name"], record["sites"][0]["kind"]) == (1, "棋", "enlarged")


def test_the_made_up_town_can_be_walked(jiexiang_here, town_options, tmp_path):
    spots = gpd.read_file(TOWN, layer="special_sites")[["name", "geometry"]].assign(facility_class="clinic")
    spots.to_file(tmp_path / "spots.gpkg")
    layers = [
        part for name, value in zip(town_options[::2], town_options[1::2], strict=True)
        if name in ("--communities", "--streets", "--buildings", "--barriers") for part in (name, value)
    ]  # fmt: skip
    given = ("coverage", *layers, "--facilities", tmp_path / "spots.gpkg")
    closed = jiexiang_here(*given)
    assert "--assume-gates" in closed.stdout  # its compounds are walled, and nobody mapped their gates
    record = json.loads(jiexiang_here(*given, "--assume-gates", "--json").stdout)
    county = [row for row in record["shares"] if row["level"] == "county"]
    assert 0 < county[0]["households_within"] < county[-1]["households_within"] <= county[-1]["households"]
