"""Overview, map and facilities in a real browser over the real service, at a desk and on a phone."""

from __future__ import annotations

import shutil
import subprocess
from urllib.parse import urlsplit

import pytest

from tests.maps.toy_plan import EAST, HOSTILE, WEST

EVERYWHERE = [(path, screen) for path in ("/", "/plan", "/gaps") for screen in ("desk", "phone")]


@pytest.mark.parametrize(("path", "screen"), EVERYWHERE)
def test_a_page_asks_no_other_host_complains_of_nothing_and_hostile_names_do_not_run(see, address, path, screen):
    seen = see(path, screen)
    assert {urlsplit(one).netloc for one in seen.requests if not one.startswith("data:")} == {urlsplit(address).netloc}
    assert seen.complaints == []
    assert seen.page.evaluate("window.hit") is None
    if path != "/plan":
        assert HOSTILE["markup"] in seen.page.inner_text("main")


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


@pytest.mark.parametrize("path", ["/", "/gaps"])
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


@pytest.mark.parametrize(("path", "said"), [("/plan", "网格边界依据"), ("/gaps", "东里用房"), ("/", "无人负责的网格")])
def test_a_page_prints(see, tmp_path, path, said):
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed, so the print cannot be read: apt-get install poppler-utils")
    seen = see(path)
    seen.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    seen.page.pdf(path=tmp_path / "page.pdf", print_background=True)
    text = subprocess.run(["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert said in text.replace("\n", "")
