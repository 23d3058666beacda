"""Overview, map and facilities in a real browser over the real service, at a desk and on a phone."""

from __future__ import annotations

import re
import shutil
import subprocess
from urllib.parse import urlsplit

import pytest

from tests.desk.conftest import DRAWN, LAST_YEAR, NOTE
from tests.maps.toy_plan import EAST, HOSTILE, WEST

EVERYWHERE = [(path, screen) for path in ("/", "/plan", "/gaps", "/notes") for screen in ("desk", "phone")]


@pytest.mark.parametrize(("path", "screen"), EVERYWHERE)
def test_a_page_asks_no_other_host_complains_of_nothing_and_hostile_names_do_not_run(see, address, path, screen):
    seen = see(path, screen)
    assert {urlsplit(one).netloc for one in seen.requests if not one.startswith("data:")} == {urlsplit(address).netloc}
    assert seen.complaints == []
    assert seen.page.evaluate("window.hit") is None
    if path != "/plan":
        assert HOSTILE["markup"] in seen.page.inner_text("main")


@pytest.mark.parametrize("path", ["/", "/plan", "/gaps", "/notes", "/docs", "/sign-in"])
def test_a_page_leaves_no_browser_to_look_for_an_icon_that_is_not_there(see, path):
    seen = see(path)
    assert seen.page.get_attribute("link[rel=icon]", "href") == "data:,"
    assert seen.complaints == []


@pytest.mark.parametrize(("path", "screen"), EVERYWHERE)
def test_axe_finds_nothing_serious_at_rest(see, path, screen):
    assert see(path, screen).violations() == []


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_axe_finds_nothing_serious_with_panels_open(see, screen):
    plan = see(f"/plan#open={EAST}001&view=standards", screen)
    plan.page.evaluate("document.querySelector('#key').open = true")
    assert plan.violations() == []
    gaps = see("/gaps", screen)
    gaps.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert gaps.violations() == []


@pytest.mark.parametrize("path", ["/", "/gaps", "/notes"])
def test_nothing_on_a_phone_is_wider_than_the_screen(see, path):
    assert see(path, "phone").page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_permalink_opens_what_it_says(see):
    seen = see(f"/plan#view=standards&open={EAST}")
    assert seen.page.is_checked("#view-standards")
    assert seen.page.inner_text("#heading") == "东里社区"


def test_a_figure_of_the_overview_leads_to_its_list_and_map(see):
    seen = see("/")
    seen.page.click("a[href='/plan#view=band'] >> nth=0")
    seen.page.wait_for_selector(".leaflet-control-scale-line")
    assert seen.page.is_checked("#view-band")


def test_an_address_is_found_by_the_keyboard_alone(see):
    seen = see("/plan")
    seen.page.focus("#find")
    seen.page.keyboard.type("阳光花园三幢")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector(".found .pick:has-text('阳光花园3栋')")
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_url(f"**open={EAST}001**")
    assert seen.complaints == []


def test_a_table_sorts_by_the_keyboard(see):
    seen = see("/gaps")
    heads = "#communities ~ .wide thead th"
    first = f"{heads} >> nth=3 >> button"
    seen.page.focus(first)
    seen.page.keyboard.press("Enter")
    column = "rows => rows.map((row) => Number(row.cells[3].dataset.value))"
    rows = "#communities ~ .wide >> nth=0 >> tbody tr"
    assert seen.page.locator(rows).evaluate_all(column) == [280, 900]
    seen.page.keyboard.press("Enter")
    assert seen.page.locator(rows).evaluate_all(column) == [900, 280]
    assert seen.page.get_attribute(f"{heads} >> nth=3", "aria-sort") == "descending"


def test_the_what_if_form_is_answered_on_the_page(see):
    seen = see("/gaps")
    seen.page.select_option("#community", WEST)
    seen.page.fill("#area", "50")
    seen.page.click("form.row button")
    assert "由 280 ㎡ 增至 330 ㎡" in seen.page.inner_text(".told")


@pytest.mark.parametrize(("path", "said"), [("/plan", "网格边界依据"), ("/gaps", "东里用房"), ("/", "人员缺口")])
def test_a_page_prints(see, tmp_path, path, said):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed, so the print cannot be read: apt-get install poppler-utils")
    seen = see(path)
    seen.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    seen.page.pdf(path=tmp_path / "page.pdf", print_background=True)
    text = subprocess.run(["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert said in text.replace("\n", "")


@pytest.fixture
def measured(see):
    """Wait until ways on foot are measured, as one does who opens the page again."""
    seen = see("/gaps")
    for _ in range(120):
        if seen.page.locator("#coverage").count():
            return
        seen.page.wait_for_timeout(500)
        seen.page.reload()
    raise TimeoutError(seen.page.inner_text(".told"))


def open_key(seen):
    seen.page.evaluate("document.querySelector('#key').open = true")


def test_the_overview_leads_to_coverage_and_the_map_to_its_blind_spots(see, measured):
    overview = see("/")
    figure = overview.page.locator("a[href='/plan#view=walk-service_station']")
    assert figure.locator(".value").inner_text().endswith("%")
    figure.click()
    overview.page.wait_for_selector(DRAWN)
    assert overview.page.is_checked("#view-walk-service_station")
    assert overview.page.is_checked("#show-over-blind")
    assert overview.page.is_checked("#show-over-sites")
    open_key(overview)
    assert "服务盲区：社区服务站 500 米内没有" in overview.page.inner_text("#key")
    assert "%" in overview.page.inner_text("#content td >> nth=1")


def test_the_page_of_facilities_lists_coverage_blind_spots_and_sites_of_the_class_one_chooses(see, measured):
    seen = see("/gaps")
    tables = seen.page.locator("main").inner_text()
    assert "建议选址：社区服务站" in tables
    assert "服务盲区：社区服务站 500 米内没有" in tables
    seen.page.select_option("#class", "clinic")
    seen.page.select_option("#within", "300")
    seen.page.click("form[action='/gaps#walking'] button")
    for _ in range(120):
        if seen.page.locator("#blind-spots").count():
            break
        seen.page.wait_for_timeout(500)
        seen.page.reload()
    assert seen.page.inner_text("#blind-spots") == "服务盲区：卫生服务站 300 米内没有"
    seen.page.click("#blind-spots ~ .wide a >> nth=0")
    seen.page.wait_for_selector(DRAWN)
    assert seen.page.is_checked("#view-walk-clinic")


def test_the_plan_is_held_against_last_year_and_only_what_changed_is_listed(see):
    seen = see("/plan#view=changes")
    rows = seen.page.locator("#content tbody")
    assert rows.count() == 2
    assert rows.locator(".under").all_inner_texts() == [f"{EAST}001", f"{EAST}002"]
    assert seen.page.is_checked("#show-over-old")
    open_key(seen)
    assert "改变网格归属的共" in seen.page.inner_text("#legend")
    assert "由拆分而来（2）" in seen.page.inner_text("#legend")


def test_a_column_of_a_ledger_is_a_view_with_a_class_for_what_nobody_filled_in(see):
    seen = see("/plan#view=theme-1")
    open_key(seen)
    legend = seen.page.inner_text("#legend")
    assert f"{HOSTILE['quotes'].split()[0]}" in legend
    assert "空白（没有，或未填）（1）" in legend
    assert "来源：社区台账.xlsx" in legend
    compounds = see("/plan#view=theme-2")
    assert HOSTILE["markup"] in compounds.page.inner_text("#content table")
    assert compounds.page.evaluate("window.hit") is None


def test_a_permalink_keeps_the_layers_that_were_switched(see, measured):
    seen = see("/plan#view=walk-service_station")
    open_key(seen)
    seen.page.uncheck("#show-over-blind")
    seen.page.uncheck("#show-streets")
    seen.page.check("#show-over-notes")
    link = seen.page.url
    again = see(link[link.index("/plan") :])
    shown = {
        name: again.page.is_checked(f"#show-{name}") for name in ("over-blind", "streets", "over-notes", "over-sites")
    }
    assert shown == {"over-blind": False, "streets": False, "over-notes": True, "over-sites": True}
    assert again.page.url == link


def test_a_note_is_shown_on_the_map_and_dealt_with_once(see):
    seen = see("/notes")
    assert NOTE in seen.page.inner_text("#waiting ~ section")
    seen.page.click(".border-note a")
    seen.page.wait_for_selector(DRAWN)
    assert seen.page.is_checked("#show-over-notes")
    seen.page.goto(seen.page.url.split("/plan")[0] + "/notes")
    late = see("/notes")
    for one in (seen, late):
        one.page.fill(".border-note input", "现场核实，边界无误")
        one.page.click(".border-note button")
    assert seen.page.inner_text("#waiting ~ p") == "没有待处理的意见"
    assert "现场核实，边界无误" in seen.page.inner_text("#done ~ ul")
    assert "已处理" in late.page.inner_text(".fault")


def test_compounds_facilities_and_coordinates_are_found_on_the_served_map(see):
    seen = see("/plan")
    for typed, found in (
        ("阳光", "小区 阳光花园"),
        ("西里服", "设施 西里服务站"),
        ("118.785, 32.043", "坐标 118.785, 32.043"),
    ):
        seen.page.fill("#find", typed)
        assert seen.page.inner_text(".found .pick >> nth=0") == found


def test_views_tables_and_figures_speak_english_where_asked(see, measured):
    chinese = re.compile("[\u4e00-\u9fff]")
    seen = see("/plan?lang=en#view=posts")
    open_key(seen)
    told = [seen.page.inner_text(place) for place in ("#legend", "#layers", "#content thead")]
    told += seen.page.locator("#views label:not(:has([id^=view-theme]))").all_inner_texts()  # headings of ledgers stay
    assert [text for text in told if chinese.search(text)] == []
    for path in ("/?lang=en", "/gaps?lang=en"):
        page = see(path).page
        told = page.locator("thead, .figures .label, h2, .bar nav, form.row label").all_inner_texts()
        assert [text for text in told if chinese.search(text)] == []


def test_the_pages_stand_in_one_row_on_a_phone(see):
    page = see("/", "phone").page
    tops = page.locator(".bar nav a, .bar button").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().top)"
    )
    assert max(tops) - min(tops) < 2


def test_who_is_bound_to_a_community_sees_its_own_alone(see, measured):
    seen = see("/plan#view=changes", name="west")
    assert EAST not in seen.page.content()
    assert LAST_YEAR not in seen.page.content()
    assert "有物业" not in seen.page.content()
    assert seen.page.locator("#show-over-notes").count() == 0
    assert seen.page.locator("#show-over-sites").count() == 0
    gaps = see("/gaps", name="west").page.content()
    assert EAST not in gaps
    assert "建议选址" not in gaps
    assert "没有待处理的意见" in see("/notes", name="west").page.inner_text("main")
