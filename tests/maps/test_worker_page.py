"""A worker's page: what its data hold and leave out, its shell, and what it says of a position."""

from __future__ import annotations

import gzip
import json
import math
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from toy_plan import EAST, HOSTILE, WEST, draw_toy_plan, place

from app.geo.datum import wgs84_to_gcj02
from app.maps.assets import read_page_part
from app.maps.worker_page import (
    WorkerAddresses,
    describe_area,
    draw_service_worker,
    draw_worker_page,
    worker_assets,
)

ADDRESSES = WorkerAddresses(
    "/m", "/m/area", "/m/people", "/m/notes", "/m/link", "/sign-in", "/sign-out", "/m/offline.js"
)
NOTHING = pd.DataFrame({"grid_code": [], "name": [], "households": [], "kind": [], "metres": []})

NO_BARRIERS = gpd.GeoDataFrame({"kind": [], "name": []}, geometry=[], crs="EPSG:4490")


def describe(plan, own_codes, **tables):
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    grids = plan.grids.assign(community=plan.grids["community_code"].map(names), buildings=float("nan"))
    own = grids[grids["grid_code"].isin(own_codes)]
    rest = grids[~grids["grid_code"].isin(own_codes)]
    about = {"name": "第1版", "published": "2026-11-01", "basis": "常住户"}
    tables = {"compounds": NOTHING, "facilities": NOTHING, "barriers": NO_BARRIERS, **tables}
    return describe_area(own, rest, plan.borders, plan.streets, tables.pop("barriers"), plan=about, **tables)


def test_an_area_tells_each_neighbour_by_what_lies_between(toy_plan):
    area = describe(toy_plan, [f"{WEST}002"])
    assert area["grids"][0]["borders"] == {
        f"{WEST}001": "程阁老巷",
        f"{WEST}004": "人民路",
        f"{EAST}001": "中山路",
    }


def test_neighbours_without_a_drawn_border_are_told_by_the_line_of_the_community():
    plan = draw_toy_plan()
    within = plan.borders["left_grid"].str[:12] == plan.borders["right_grid"].str[:12]
    bare = type(plan)(plan.grids, plan.units, plan.borders[within], plan.communities, plan.streets, plan.about)
    assert describe(bare, [f"{WEST}002"])["grids"][0]["borders"][f"{EAST}001"] == "社区界"


def test_rivers_and_railways_are_told_with_their_names(toy_plan):
    pond = shapely.box(*place(100, 100), *place(150, 150))
    rail = shapely.LineString([place(0, 200), place(400, 200)])
    barriers = gpd.GeoDataFrame(
        {"kind": ["water", "rail", "wall"], "name": ["镜湖", "宁芜线", "院墙"]},
        geometry=[pond, rail, rail],
        crs="EPSG:4490",
    )
    area = describe(toy_plan, [f"{EAST}001"], barriers=barriers)
    assert [name for name, *_ in area["water"]["names"]] == ["小河", "镜湖"]  # a border of the plan, and a lake
    assert len(area["water"]["areas"]) == 1
    assert {name for name, *_ in area["rail"]["names"]} == {"宁芜线"}
    assert "院墙" not in json.dumps(area, ensure_ascii=False)


def test_what_is_unknown_stays_unknown_and_tables_keep_to_their_grid(toy_plan):
    compounds = pd.DataFrame(
        {"grid_code": [f"{WEST}002", f"{WEST}001"], "name": ["西里花园", "别家"], "households": [90, 1]}
    )
    grid = describe(toy_plan, [f"{WEST}002"], compounds=compounds)["grids"][0]
    assert grid["buildings"] is None
    assert grid["compounds"] == [["西里花园", 90]]


def test_the_shell_asks_only_for_its_own_files_and_holds_no_inline_script():
    page = draw_worker_page(ADDRESSES, language="zh", datum=HOSTILE["markup"])
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sorted(set(addresses) - {"data:,"}) == sorted(asset.address for asset in worker_assets())
    before, settings, after = re.split(r'(?<=id="settings">)(.*?)(?=</script>)', page, flags=re.DOTALL)[:3]
    assert not re.search(r"<script(?![^>]*(src=|application/json))|\son\w+=|style=", before + after)
    assert HOSTILE["markup"] not in page
    assert json.loads(settings)["datum"] == HOSTILE["markup"]


def test_the_first_load_is_light(toy_plan):
    parts = [asset.content for asset in worker_assets()]
    parts += [draw_worker_page(ADDRESSES, language="zh").encode(), draw_service_worker(ADDRESSES).encode()]
    parts.append(json.dumps(describe(toy_plan, [f"{WEST}002"]), ensure_ascii=False).encode())
    assert sum(len(gzip.compress(part)) for part in parts) <= 150_000


def test_the_service_worker_keeps_shell_and_area_and_never_people():
    script = draw_service_worker(ADDRESSES)
    settings = json.loads(re.match(r"const SETTINGS = (\{.*?\});\n", script)[1])
    assert settings["shell"] == [asset.address for asset in worker_assets()]
    assert (settings["area"], settings["page"]) == ("/m/area", "/m")
    assert "people" not in script.replace("names, phones", "")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_word_the_scripts_ask_for_is_there(language):
    words = json.loads(read_page_part("worker/words.json"))
    assert set(words["zh"]) == set(words["en"])
    scripts = "".join(asset.content.decode() for asset in worker_assets() if asset.address.endswith(".js"))
    asked = set(re.findall(r'\bsay\(\s*"(\w+)"', scripts)) | set(
        re.findall(r'data-word="(\w+)"', read_page_part("worker/worker.html"))
    )
    assert asked
    assert asked <= set(words[language])


@pytest.fixture(scope="module")
def scripts(browser, tmp_path_factory):
    """Open a page that holds nothing but the script that measures."""
    file = tmp_path_factory.mktemp("where") / "where.html"
    file.write_text(f"<!DOCTYPE html><meta charset=utf-8><script>{read_page_part('worker/where.js')}</script>", "utf-8")
    return browser.open(file)


def ring(*corners):
    return [[lat, lon] for lon, lat in (place(*corner) for corner in corners)]


# An own grid of 400 by 300 m with a court of 100 by 100 m in it, and a neighbour to the east.
OWN = {
    "name": "own",
    "outline": [[ring((0, 0), (400, 0), (400, 300), (0, 300)), ring((200, 100), (300, 100), (300, 200), (200, 200))]],
}
NEXT = {"name": "next", "outline": [[ring((400, 0), (700, 0), (700, 300), (400, 300))]]}


def locate(scripts, x_m, y_m, accuracy):
    lon, lat = place(x_m, y_m)
    asked = json.dumps([{"place": [lat, lon], "accuracy": accuracy}, [OWN], [NEXT]])
    named = "({ grid, ...rest }) => ({ ...rest, grid: grid && grid.name })"
    return scripts.run(f"({named})(jiexiang.locate(...{asked}))")


@pytest.mark.parametrize(
    ("x_m", "y_m", "grid", "own", "metres"),
    [
        (50, 150, "own", True, 50),
        (390, 150, "own", True, 10),
        (150, 150, "own", True, 50),  # the court is nearer than the edge
        (250, 150, None, False, 50),  # in the court: in no grid, its edge 50 m away
        (420, 150, "next", False, 20),
        (-200, 150, None, False, 200),
    ],
)
def test_a_position_is_told_by_grid_and_metres_to_the_edge(scripts, x_m, y_m, grid, own, metres):
    answer = locate(scripts, x_m, y_m, 5)
    assert (answer["grid"], answer["own"]) == (grid, own)
    assert answer["metres"] == pytest.approx(metres, abs=1.5)


def test_a_position_near_the_edge_is_not_called_sure_and_a_coarse_one_is_called_poor(scripts):
    assert locate(scripts, 50, 150, 12)["sure"]
    assert not locate(scripts, 390, 150, 12)["sure"]
    assert locate(scripts, 50, 150, 120)["poor"]
    assert not locate(scripts, 50, 150, 40)["poor"]


@pytest.mark.parametrize(("lon", "lat"), [(118.78, 32.04), (104.998, 30.298), (87.6, 43.8), (126.6, 45.8)])
def test_positions_in_gcj02_are_carried_back(scripts, lon, lat):
    shifted = wgs84_to_gcj02(np.array([[lon, lat]]))[0]
    back = scripts.run(f"jiexiang.fromGcj02([{float(shifted[1])}, {float(shifted[0])}])")
    metres = math.hypot((back[0] - lat) * 111_320, (back[1] - lon) * 111_320 * math.cos(math.radians(lat)))
    assert metres < 0.1
