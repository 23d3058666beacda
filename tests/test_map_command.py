"""`jiexiang map` with all it can be given: the views and layers stand in the page, and bad ledgers leave no page."""

from __future__ import annotations

import re
import shutil

import geopandas as gpd
import pytest
from shapely import Point

from tests.conftest import TOWN
from tests.maps.packed import read_page


@pytest.fixture(scope="module")
def ledgers(demonstration, tmp_path_factory):
    """Write what a town would keep: rooms, staff, facilities, a theme; and take the plan itself for last year's."""
    folder = tmp_path_factory.mktemp("ledgers")
    communities = gpd.read_file(demonstration.folder / "plan.gpkg", layer="communities")
    codes, names = list(communities["community_code"]), list(communities["name"])
    grids = gpd.read_file(demonstration.folder / "plan.gpkg", layer="grids")
    rooms = ["社区编码,社区,户数,用房名称,设施类别,建筑面积(㎡),证据类型,证号(合同号),是否投用"]
    rooms.append(f"{codes[0]},{names[0]},1500,甲用房,社区服务站,900,不动产权证,1号,是")
    rooms.append(f"{codes[1]},{names[1]},1500,乙用房,社区服务站,40,不动产权证,2号,是")
    (folder / "rooms.csv").write_text("\n".join(rooms), "utf-8")
    staff = ["人员编号,社区编码,网格编码,姓名,角色,联系电话,上岗日期"]
    staff.append(f"S1,{codes[0]},{grids['grid_code'][0]},李明,专职网格员,19900000000,2026-01-01")
    (folder / "staff.csv").write_text("\n".join(staff), "utf-8")
    (folder / "theme.csv").write_text(f"社区,户数,党组织\n{names[0]},1,党委\n没有的社区,1,党委\n", "utf-8")
    middle = communities.geometry.iloc[0].representative_point()
    there = gpd.GeoDataFrame(
        {"name": ["镜花服务站"], "facility_class": ["社区服务站"]}, geometry=[Point(middle.x, middle.y)], crs=4490
    )
    there.to_file(folder / "facilities.gpkg")
    return folder


@pytest.fixture(scope="module")
def order(demonstration, ledgers):
    layers = ("communities", "streets", "buildings", "barriers", "compounds")
    options = [part for layer in layers for part in (f"--{layer}", f"{TOWN}:{layer}")]
    plan = demonstration.folder / "plan.gpkg"
    return [
        *("map", plan, *options, "--before", plan, "--staff-before", ledgers / "staff.csv"),
        *("--rooms", ledgers / "rooms.csv", "--facilities", ledgers / "facilities.gpkg", "--sites", "1"),
        *("--theme", f"{ledgers / 'theme.csv'}:党组织", "--as-of", "2026-11-23"),
    ]


@pytest.fixture(scope="module")
def page(order, jiexiang_here, tmp_path_factory):
    """Return the data of the page, and what was said while it was drawn."""
    file = tmp_path_factory.mktemp("map") / "map.html"
    result = jiexiang_here(*order, "--out", file)
    assert result.exit_code == 0, result.output
    return read_page(file.read_text("utf-8")), result.output


def test_no_page_names_those_who_work_there(page):
    """A page goes to whoever opens it: of a ledger of staff it has how many, and nobody's name or telephone."""
    assert "1990000" not in str(page[0])
    assert "李明" not in str(page[0])


def test_every_file_brings_its_view(page):
    views = {view["id"]: view for view in page[0]["views"]}
    assert list(views) == [
        *("band", "borders", "posts", "changes", "standards", "walk-service_station", "staff", "theme-1")
    ]
    statuses = [view["label"] for view in views["standards"]["classes"]]
    judged = sorted(statuses[place] for place in views["standards"]["classOf"] if place >= 0)
    assert judged == ["不达标", "达标"]


def test_a_plan_against_itself_changes_nothing(page):
    changes = next(view for view in page[0]["views"] if view["id"] == "changes")
    assert set(changes["classOf"]) <= {-1, 0}
    assert 0 in changes["classOf"]
    assert "共 0 户" in changes["note"]


def test_water_railways_old_outlines_blind_spots_and_sites_are_layers(page):
    layers = {one["id"]: one for one in page[0]["overlays"]}
    assert {"water", "old", "blind", "sites"} <= set(layers)
    assert layers["water"]["areas"] or layers["water"]["lines"]
    assert layers["water"]["shown"]
    assert not layers["sites"]["shown"]
    assert [label[0] for label in layers["sites"]["labels"]] == ["1"]


def test_search_knows_compounds_and_facilities(page):
    kinds = {place[0] for place in page[0]["places"]}
    assert kinds == {"小区", "设施"}


def test_rows_that_name_nothing_on_the_map_are_told(page):
    assert "党组织：1 行说的网格、社区、小区不在图上" in page[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--theme", "{folder}/theme.csv:没有"], "没有“没有”这一列"),
        (["--staff-before", "{folder}/staff.csv"], "--before"),
        (["--before", "{plan}"], "--buildings"),
        (["--facilities", "{folder}/facilities.gpkg"], "--streets"),
        (["--rooms", "{folder}/theme.csv", "--as-of", "yesterday"], "--as-of"),
    ],
)
def test_what_cannot_be_used_is_told_and_leaves_no_page(jiexiang_here, demonstration, ledgers, tmp_path, options, said):
    plan = demonstration.folder / "plan.gpkg"
    told = [option.format(folder=ledgers, plan=plan) for option in options]
    result = jiexiang_here("map", plan, "--out", tmp_path / "map.html", *told)
    assert result.exit_code == 2
    assert said in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_plan_of_communities_that_overlap_is_shown_as_it_is(jiexiang_here, demonstration, tmp_path):
    """As `split --as-is` has written it; the outlines are corrected where they come from, not in the plan."""
    plan = shutil.copy(demonstration.folder / "plan.gpkg", tmp_path)
    communities = gpd.read_file(plan, layer="communities")
    wider = communities.geometry.to_crs(32648).buffer(12).to_crs(communities.crs)
    communities.set_geometry(wider.where(communities.index == 0, communities.geometry)).to_file(
        plan, layer="communities"
    )
    assert jiexiang_here("map", plan, "--out", tmp_path / "map.html").exit_code == 0
    refused = jiexiang_here("map", plan, "--communities", f"{plan}:communities", "--out", tmp_path / "other.html")
    assert refused.exit_code == 2
    assert "--as-is" in refused.output


@pytest.fixture(scope="module")
def stick(order, jiexiang_here, tmp_path_factory):
    """Return the folder that --all writes."""
    folder = tmp_path_factory.mktemp("stick") / "pages"
    result = jiexiang_here(*order, "--all", "--out", folder)
    assert result.exit_code == 0, result.output
    return folder


def test_all_pages_lead_to_each_other_by_names_alone(stick):
    pages = {page.name: page.read_text("utf-8") for page in stick.iterdir()}
    assert set(pages) == {"index.html", "plan.html", "facilities.html", "checkup.html"}
    links = {link for page in pages.values() for link in re.findall(r'href="([^"#]*)', page) if link}
    links.discard("data:,")  # no icon is asked for
    assert links <= set(pages)
    assert '"home":"index.html"' in pages["plan.html"]


def test_exported_facilities_give_the_evidence_and_say_that_they_cannot_compute(stick):
    page = (stick / "facilities.html").read_text("utf-8")
    assert "乙用房" in page
    assert "不能试算" in page
    assert "<form" not in page


def test_pages_are_written_all_or_none(order, jiexiang_here, tmp_path):
    (tmp_path / "facilities.html").write_text("mine", "utf-8")
    result = jiexiang_here(*order, "--all", "--out", tmp_path)
    assert result.exit_code == 2
    assert [page.name for page in tmp_path.iterdir()] == ["facilities.html"]
