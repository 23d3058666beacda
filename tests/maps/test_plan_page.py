"""The text of the plan's page: self-contained, in two languages, light enough, and only ever data as data."""

from __future__ import annotations

import ast
import copy
import json
import re
from html.parser import HTMLParser

import geopandas as gpd
import numpy as np
import pytest
import shapely
from packed import read_page
from shapely.geometry import MultiLineString, MultiPolygon
from toy_plan import EAST, HOSTILE, WEST, draw_toy_plan

from app.geo.errors import UsageError
from app.geo.plan import Plan
from app.maps.plan_page import LANGUAGES, PAGES, SCRIPTS, draw_plan, plan_assets

MAPS = PAGES.parent


class Links(HTMLParser):
    """Collects every attribute that can make a browser fetch something."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found += [
            (tag, name, value) for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}
        ]


@pytest.fixture(scope="module")
def page(toy_plan):
    return draw_plan(toy_plan)


def test_page_links_to_nothing_but_itself(page):
    assert Links(page).found == [("link", "href", "data:,"), ("a", "href", "#panel")]


def test_page_holds_no_address_a_browser_could_fetch(page):
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", page)
    assert not re.search(r"url\(\s*[\"']?(https?:|//)", page)
    assert not re.search(r"@import|sourceMappingURL", page)


def test_page_needs_no_jquery_bootstrap_or_icon_font(page):
    assert not re.search(r"jquery|bootstrap|font-?awesome|glyphicon", page, re.IGNORECASE)


@pytest.mark.parametrize(("language", "tag"), [("zh", "zh-CN"), ("en", "en")])
def test_page_says_its_language(toy_plan, language, tag):
    assert f'<html lang="{tag}">' in draw_plan(toy_plan, language=language)


def test_zoom_is_allowed(page):
    (viewport,) = re.findall(r'<meta name="viewport" content="([^"]*)"', page)
    assert viewport == "width=device-width, initial-scale=1"


def test_unknown_language_is_refused(toy_plan):
    with pytest.raises(UsageError, match="没有 'fr' 这种语言，可用 zh、en"):
        draw_plan(toy_plan, language="fr")


def test_the_same_plan_gives_the_same_page(page):
    assert draw_plan(draw_toy_plan()) == page


def test_plan_is_left_as_it_was():
    plan = draw_toy_plan()
    before = copy.deepcopy(plan)
    draw_plan(plan)
    for name in ("grids", "units", "borders", "communities", "streets"):
        assert getattr(plan, name).equals(getattr(before, name))
    assert plan.about == before.about


def test_grids_are_described_as_the_plan_has_them(page):
    grids = read_page(page)["grids"]
    assert [grid["households"] for grid in grids] == [412, 388, 0, 455, 612, 240]
    assert [grid["serial"] for grid in grids] == ["1", "2", "3", "4", "1", "2"]
    assert [grid["persons"] for grid in grids] == [1030, 970, None, 1138, 1530, None]
    assert [grid["code"][:12] for grid in grids] == [WEST] * 4 + [EAST] * 2
    sides = [grids[0][f"sides_{side}"] for side in ("east", "south", "west", "north")]
    assert sides == ["程阁老巷", "人民路", "社区西界", "社区北界"]


def test_neighbouring_grids_of_the_page_differ_in_colour(page):
    data = read_page(page)
    assert len(data["neighbours"]) == 11
    for left, right, *_ in data["neighbours"]:
        assert data["grids"][left]["colour"] != data["grids"][right]["colour"]


def test_neighbours_across_communities_differ_in_colour_without_a_border_row():
    plan = draw_toy_plan()
    inner = plan.borders[plan.borders["left_grid"].str[:12] == plan.borders["right_grid"].str[:12]].reset_index(
        drop=True
    )
    data = read_page(draw_plan(Plan(plan.grids, plan.units, inner, plan.communities, plan.streets, plan.about)))
    abroad = {(left, right) for left, right, barrier, *_ in data["neighbours"] if barrier == "community"}
    assert abroad == {(1, 4), (3, 4), (3, 5)}
    for left, right, *_ in data["neighbours"]:
        assert data["grids"][left]["colour"] != data["grids"][right]["colour"]


def test_streets_that_are_not_on_the_ground_are_left_out(page):
    data = read_page(page)
    assert set(data["streets"]) == {"primary", "secondary", "street", "lane"}
    assert set(data["streetNames"]) == {"中山路", "人民路", "东里街", "程阁老巷"}


def test_pending_and_foreign_codes_have_a_number_too():
    plan = draw_toy_plan()
    grids = plan.grids.assign(
        grid_code=["c1-001", "c1-010", "网格甲", *plan.grids["grid_code"][3:]],
        community_code=["c1", "c1", "c1", *plan.grids["community_code"][3:]],
    )
    data = read_page(draw_plan(Plan(grids, plan.units, plan.borders, plan.communities, plan.streets, plan.about)))
    assert [grid["serial"] for grid in data["grids"]][:4] == ["1", "10", "网格甲", "4"]
    assert data["grids"][0]["community"] == -1


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_stay_data(text):
    page = draw_plan(draw_toy_plan(community=text, grid=text, street=text, reason=text), attribution=text)
    data = read_page(page)
    assert data["communities"][0]["name"] == data["grids"][0]["name"] == data["grids"][4]["reason"] == text
    assert data["attribution"] == text
    assert text not in re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)


def test_plan_without_streets_units_or_inner_borders_is_drawn():
    plan = draw_toy_plan()
    page = draw_plan(
        Plan(
            plan.grids, plan.units.iloc[:0], plan.borders.iloc[:0], plan.communities, plan.streets.iloc[:0], plan.about
        )
    )
    data = read_page(page)
    assert (data["streets"], data["streetNames"], data["borders"]) == ({}, [], {})
    assert data["units"] == ""


# ---- Weight ----


def draw_county(side: int, vertices: int, units_per_grid: int) -> Plan:
    """Draw side × side grids with wavy borders of as many vertices a side, ten by ten to a community."""
    step = 0.006 / vertices
    chance = np.random.default_rng(1)  # what repeats compresses better than any town
    waves = 0.0003 * np.sin(np.arange(side * vertices + 1) / 3)
    wobbles = chance.uniform(-step / 10, step / 10, (side * vertices + 1, side * vertices + 1, 2))

    def at(column, row):
        x, y = wobbles[column, row]
        return 118 + column * step + waves[row] + x, 32 + row * step + waves[column] + y

    def edge(c1, r1, c2, r2):
        steps = range(vertices)
        return [at(c1 + np.sign(c2 - c1) * k, r1 + np.sign(r2 - r1) * k) for k in steps]

    v = vertices
    squares = [(c * v, r * v, c, r) for c in range(side) for r in range(side)]
    outlines = [
        MultiPolygon(
            [
                shapely.Polygon(
                    edge(x, y, x + v, y)
                    + edge(x + v, y, x + v, y + v)
                    + edge(x + v, y + v, x, y + v)
                    + edge(x, y + v, x, y)
                )
            ]
        )
        for x, y, _, _ in squares
    ]
    communities = [f"{320199000000 + c // 10 * 100 + r // 10}" for _, _, c, r in squares]
    codes = [
        f"{community}{c % 10 * 10 + r % 10 + 1:03d}"
        for community, (_, _, c, r) in zip(communities, squares, strict=True)
    ]
    pairs = [
        (i, j, edge(x + v, y, x + v, y + v))
        for i, (x, y, c, _) in enumerate(squares)
        for j in [i + side]
        if c + 1 < side
    ]
    pairs += [(i, i + 1, edge(x, y + v, x + v, y + v)) for i, (x, y, _, r) in enumerate(squares) if r + 1 < side]
    crs = "EPSG:4490"
    toy = draw_toy_plan()
    grids = gpd.GeoDataFrame(
        {
            "grid_code": codes,
            "name": "第一百二十三网格",
            "kind": "general",
            "community_code": communities,
            "households": 400,
        }
        | {"persons": 1000.0, "area_m2": 250000.0}
        | {f"sides_{side}": "人民路南侧道路中线" for side in ("east", "south", "west", "north")}
        | {"reason": "", "reason_code": ""},
        geometry=outlines,
        crs=crs,
    )
    units = gpd.GeoDataFrame(
        geometry=[shapely.affinity.scale(o, 0.3, 0.3) for o in outlines for _ in range(units_per_grid)], crs=crs
    )
    borders = gpd.GeoDataFrame(
        {"left_grid": [codes[i] for i, _, _ in pairs], "right_grid": [codes[j] for _, j, _ in pairs]}
        | {"barrier": "lane", "name": "人民路", "length_m": 500.0},
        geometry=[MultiLineString([line]) for _, _, line in pairs],
        crs=crs,
    )
    joined = grids.dissolve("community_code")
    outline = gpd.GeoDataFrame(
        {"community_code": joined.index, "name": "某某社区", "grids": 100, "households": 40000, "in_band": 100}
        | {"divisible": True, "cost": 1000.0, "message": ""},
        geometry=[MultiPolygon([hull]) for hull in joined.geometry.envelope],
        crs=crs,
    )
    return Plan(grids, units, borders, outline, toy.streets, toy.about)


def test_page_of_a_county_is_at_most_500_kb():
    plan = draw_county(side=23, vertices=40, units_per_grid=10)
    assert len(plan.grids) >= 500
    assert shapely.get_num_coordinates(plan.grids.geometry.array).sum() >= 80_000
    page = draw_plan(plan)
    assert len(page.encode()) <= 500_000


def test_units_are_left_out_where_they_would_be_too_heavy():
    assert read_page(draw_plan(draw_county(side=10, vertices=40, units_per_grid=20)))["units"] is None


@pytest.mark.long
def test_page_of_a_large_city_is_at_most_2_mb():
    page = draw_plan(draw_county(side=100, vertices=40, units_per_grid=3))
    data = read_page(page)
    assert len(data["grids"]) == 10_000
    assert data["units"] is None
    assert len(page.encode()) <= 2_000_000


# ---- Rules of the house ----

BANNED = {
    "Popup", "Tooltip", "GeoJsonPopup", "GeoJsonTooltip", "Marker", "CircleMarker", "Icon", "DivIcon", "Html",
    "Choropleth", "ColorMap", "LinearColormap", "StepColormap", "TileLayer", "LayerControl", "IFrame",
}  # fmt: skip


def test_nothing_of_folium_is_used_that_puts_data_into_markup_or_asks_other_hosts():
    used = set()
    for file in MAPS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                used.add(node.attr)
            elif isinstance(node, ast.ImportFrom | ast.Import):
                used |= {alias.name.rpartition(".")[2] for alias in node.names}
    assert used & BANNED == set()


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_never_turn_text_into_markup_or_code(script):
    text = (PAGES / script).read_text("utf-8")
    found = re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|bindPopup|bindTooltip|L\.popup"
        r"|L\.tooltip|DOMParser|createContextualFragment|setTimeout|fetch\(|XMLHttpRequest",
        text,
    )
    assert found == (["fetch("] if script == "locate.js" else [])  # addresses are known to the service alone


def test_every_script_and_style_of_the_folder_is_used():
    assert {file.name for file in PAGES.iterdir() if file.is_file()} == {
        *SCRIPTS,
        "plan.css",
        "plan.html",
        "words.json",
    }


def words_of(language):
    return json.loads((PAGES / "words.json").read_text("utf-8"))[language]


def flatten(words, before=""):
    for key, value in words.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{before}{key}.")
        else:
            yield before + key, value


def test_languages_say_the_same_things_with_the_same_gaps():
    gaps = [{key: sorted(re.findall(r"\{\w+\}", text)) for key, text in flatten(words_of(one))} for one in LANGUAGES]
    assert gaps[0] == gaps[1]


def test_scripts_use_every_word_and_no_other():
    text = "".join((PAGES / name).read_text("utf-8") for name in (*SCRIPTS, "plan.html"))
    known = set(words_of("zh"))
    said = set(re.findall(r"words\.(\w+)|say\(\"(\w+)\"|data-word=\"(\w+)\"", text))
    used = {word for found in said for word in found if word}
    quoted = {word for word in known if re.search(rf'"{word}"', text)}
    assert used <= known
    assert known - used - quoted == {"general", "special"} - quoted


def test_chinese_words_use_chinese_punctuation():
    assert [text for _, text in flatten(words_of("zh")) if re.search(r"[,:;()?!]", text)] == []


def test_a_served_page_asks_for_its_files_and_holds_no_script_but_its_start(toy_plan):
    page = draw_plan(toy_plan, served=True, home="/")
    style, script = plan_assets()
    assert re.findall(r'(?:src|href)="(/static[^"]+)"', page) == [style.address, script.address]
    assert "<style>" not in page
    assert len(re.findall(r"<script>", page)) == 1
    assert "script-src 'self' 'sha256-" in page
    assert len(page) < len(draw_plan(toy_plan)) / 5
