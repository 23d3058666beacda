"""The plan's page as people use it, in a real browser: by mouse, by finger, by keyboard, and with hostile names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toy_plan import HOSTILE, draw_toy_plan, place


@pytest.fixture
def desk(show, toy_plan):
    return show(toy_plan)


@pytest.fixture
def phone(show, toy_plan):
    return show(toy_plan, width=390, height=844, phone=True)


def click_map(page, x_m, y_m):
    lon, lat = place(x_m, y_m)
    x, y = page.run(
        f"""(() => {{
            const {{ map, view }} = jiexiang.shown;
            view.showWhole({{ animate: false }});
            const corner = map.getContainer().getBoundingClientRect();
            const point = map.latLngToContainerPoint([{lat}, {lon}]);
            return [corner.x + point.x, corner.y + point.y];
        }})()"""
    )
    page.click(x, y)


def heading(page):
    return page.run("document.querySelector('#heading').textContent")


def facts(page):
    pairs = page.run(
        "Array.from(document.querySelectorAll('#content dt'), dt => [dt.textContent, dt.nextSibling.textContent])"
    )
    return dict(pairs)


def rows(page):
    return page.run("Array.from(document.querySelectorAll('#content .pick'), pick => pick.textContent)")


def press_sort(page, label):
    page.run(f"Array.from(document.querySelectorAll('.sort')).find(one => one.textContent === {label!r}).click()")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_asks_for_nothing_and_complains_of_nothing(show, toy_plan, language):
    page = show(toy_plan, language=language)
    click_map(page, 100, 500)
    page.run("document.querySelectorAll('#layers input').forEach(box => box.click())")
    page.run("jiexiang.shown.map.setZoom(18, {animate: false}); 0")
    assert page.requests == []
    assert page.complaints == []


def test_click_on_a_grid_opens_it(desk):
    click_map(desk, 950, 500)
    assert heading(desk) == "第1网格"
    found = facts(desk)
    assert found["网格编码"] == "320199001002001"
    assert found["社区"] == "东里社区"
    assert found["户数"] == "612 户"
    assert found["人口"] == "1,530 人"
    assert found["面积"] == "175,000 平方米"
    assert found["超限原因"] == "社区共852户，只能分成612户和240户"
    assert desk.run("document.querySelector('#content .band').textContent") == "▲ 超限 112 户"
    sides = [(name, value) for name, value in found.items() if name.endswith("至")]
    assert sides == [("东至", "社区东界"), ("南至", "小河、铁路"), ("西至", "中山路"), ("北至", "社区北界")]


def test_a_grid_below_the_band_says_so_and_unknown_persons_stay_unknown(desk):
    click_map(desk, 950, 100)
    assert desk.run("document.querySelector('#content .band').textContent") == "▼ 不足 60 户"
    assert facts(desk)["人口"] == "未知"


def test_a_special_grid_has_no_band(desk):
    click_map(desk, 100, 100)
    assert heading(desk) == "第3网格"
    assert desk.run("Array.from(document.querySelectorAll('#content .tags span'), s => s.textContent)") == [
        "不设规模",
        "专属网格",
    ]


def test_neighbours_are_listed_by_shared_border_and_lead_on(desk):
    click_map(desk, 950, 100)
    assert rows(desk) == ["第1网格", "西里社区 第4网格"]
    assert desk.run("document.querySelector('.neighbours .under').textContent").startswith("小河（河流、水面），")
    desk.run("document.querySelectorAll('.neighbours .pick')[1].click()")
    assert facts(desk)["网格编码"] == "320199001001004"


def test_table_of_communities_sorts_both_ways(desk):
    assert rows(desk) == ["西里社区", "东里社区"]
    press_sort(desk, "户数")
    assert rows(desk) == ["东里社区", "西里社区"]
    assert desk.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "ascending"
    press_sort(desk, "户数")
    assert rows(desk) == ["西里社区", "东里社区"]
    assert desk.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "descending"
    press_sort(desk, "编码")
    assert rows(desk) == ["西里社区", "东里社区"]
    press_sort(desk, "可分")
    assert rows(desk) == ["东里社区", "西里社区"]


def test_table_shows_each_column_of_a_community(desk):
    cells = desk.run(
        "Array.from(document.querySelectorAll('tbody')[1].querySelectorAll('th > *, td'), c => c.textContent)"
    )
    assert cells == [
        "东里社区",
        "320199001002",
        "2",
        "852",
        "0",
        "否",
        "265",
        "最大单元480户，总户数分不成规模内的网格",
    ]


def test_row_of_a_community_zooms_to_it_and_lists_its_grids(desk):
    before = desk.run("jiexiang.shown.map.getZoom()")
    desk.run("document.querySelectorAll('tbody')[1].querySelector('.number').click()")
    desk.wait_for(f"jiexiang.shown.map.getZoom() > {before}")
    assert heading(desk) == "东里社区"
    assert rows(desk) == ["第1网格", "第2网格"]
    (west, south), (east, north) = place(700, 0), place(1200, 600)
    inside = f"jiexiang.shown.map.getBounds().contains([[{south}, {west}], [{north}, {east}]])"
    desk.wait_for(inside)
    assert desk.run("document.querySelectorAll('.band.above, .band.below').length") == 2


def test_everything_can_be_reached_by_keyboard(desk):
    def tab_to(condition):
        for _ in range(40):
            desk.press("Tab")
            if desk.run(f"document.activeElement.matches({condition!r})"):
                return
        raise AssertionError(f"no Tab leads to {condition}")

    tab_to("#find")
    tab_to(".sort")
    desk.press("Enter")
    assert desk.run("document.querySelectorAll('[aria-sort]').length") == 1
    tab_to(".pick")
    desk.press("Enter")
    assert heading(desk) == "东里社区"  # sorted by name
    assert desk.run("document.activeElement.id") == "heading"
    tab_to(".pick")
    desk.press("Enter")
    assert facts(desk)["网格编码"] == "320199001002001"
    desk.press("Escape")
    assert heading(desk) == "东里社区"
    desk.press("Escape")
    assert heading(desk) == "社区网格划分图"
    tab_to(".folium-map")


def test_search_keeps_communities_by_name_and_by_code_of_a_grid(desk):
    def search(text):
        desk.run(
            f"document.querySelector('#find').value = {text!r};"
            "document.querySelector('#find').dispatchEvent(new Event('input'));"
        )
        return desk.run("Array.from(document.querySelectorAll('tbody:not([hidden]) .pick'), p => p.textContent)")

    assert search("东里") == ["东里社区"]
    assert search("320199001001004") == ["西里社区"]
    assert search("没有") == []
    assert desk.run("document.querySelector('.nothing').textContent") == "没有符合的"
    assert search("") == ["西里社区", "东里社区"]


def test_layers_come_and_go(desk):
    def click(name):
        desk.run(f"document.querySelector('#show-{name}').click()")

    def drawn():
        desk.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
        return desk.run("document.querySelector('.leaflet-shapes-pane canvas').toDataURL()")

    boxes = "Array.from(document.querySelectorAll('#layers input'), box => box.checked)"
    assert desk.run(boxes) == [True, True, True, False]
    at_first = drawn()
    for name in ("communities", "streets"):
        click(name)
        assert drawn() != at_first
        click(name)
        assert drawn() == at_first
    click("units")
    desk.wait_for(f"document.querySelector('.leaflet-shapes-pane canvas').toDataURL() !== {at_first!r}")
    click("units")
    assert drawn() == at_first
    desk.run("document.querySelector('#show-labels').click()")
    assert desk.run("document.querySelectorAll('canvas.labels').length") == 0


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_are_shown_as_they_are_and_never_run(show, text):
    plan = draw_toy_plan(community=text, grid=text, street=text, reason=text)
    page = show(plan, attribution=text)
    assert rows(page)[0] == text
    assert page.run("document.querySelector('#attribution').textContent") == text
    page.run("document.querySelector('.pick').click()")
    assert heading(page) == text
    assert rows(page)[0] == text
    page.run("document.querySelector('.pick').click()")
    assert heading(page) == text
    click_map(page, 950, 100)
    assert facts(page)["超限原因"] == text
    assert facts(page)["西至"] == text
    page.run("jiexiang.shown.map.setZoom(18, {animate: false}); 0")
    assert page.run("window.hit") is None
    assert page.run("document.querySelectorAll('img, svg:not(.sample)').length") == 0
    assert page.requests == []
    assert page.complaints == []


def test_policy_of_the_page_forbids_other_hosts_and_foreign_scripts(desk):
    desk.run(
        "new Promise(done => Object.assign(new Image(), { onerror: done, src: 'http://127.0.0.1:9/' })).then(() => 1)"
    )
    desk.run("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.hit = 1' }))")
    assert desk.run("window.hit") is None
    assert len([complaint for complaint in desk.complaints if "Content Security Policy" in complaint]) == 2


def test_panel_of_a_phone_is_a_sheet_that_opens_and_folds(phone):
    height = "document.querySelector('#panel').offsetHeight"
    assert phone.run(height) < 100
    assert phone.run("document.querySelector('#fold').getAttribute('aria-expanded')") == "false"
    click_map(phone, 950, 500)
    assert heading(phone) == "第1网格"
    assert phone.run(height) > 400
    phone.run("document.querySelector('#fold').click()")
    assert phone.run(height) < 100
    assert phone.run("getComputedStyle(document.querySelector('#content')).visibility") == "hidden"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_wider_than_a_phone(show, toy_plan, language):
    phone = show(toy_plan, language=language, width=390, height=844, phone=True)
    phone.run("document.querySelector('#fold').click()")
    for part in ("html", "#content", ".table"):
        assert phone.run(f"document.querySelector({part!r}).scrollWidth") == 390


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_controls_are_large_enough_for_a_finger(request, screen):
    page = request.getfixturevalue(screen)
    page.run("document.querySelector('#key').open = true; document.querySelector('#fold').click()")
    small = page.run(
        """Array.from(document.querySelectorAll('button:not(.pick), summary, .toggle, .leaflet-bar a, #find'))
            .filter(one => one.offsetParent && (one.offsetHeight < 44 || one.offsetWidth < 44))
            .map(one => one.outerHTML)"""
    )
    assert small == []


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_text_is_large_and_dark_enough(request, screen):
    page = request.getfixturevalue(screen)
    page.run("document.querySelector('#key').open = true")
    if screen == "phone":
        page.run("document.querySelector('#fold').click()")
    faint = page.run(
        """(() => {
            const light = (colour) => {
                const parts = colour.match(/[\\d.]+/g).map(Number).slice(0, 3).map((part) => part / 255);
                const bend = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
                const [r, g, b] = parts.map(bend);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const behind = (element) => {
                for (let at = element; at; at = at.parentElement) {
                    const colour = getComputedStyle(at).backgroundColor;
                    if (!/, 0\\)$/.test(colour)) return colour;
                }
                return 'rgb(255, 255, 255)';
            };
            const found = [];
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (texts.nextNode()) {
                const element = texts.currentNode.parentElement;
                if (!texts.currentNode.data.trim() || !element.offsetParent) continue;
                const style = getComputedStyle(element);
                const [high, low] = [light(style.color), light(behind(element))].sort((a, b) => b - a);
                const contrast = (high + 0.05) / (low + 0.05);
                if (contrast < 4.5 || parseFloat(style.fontSize) < 14) {
                    found.push([texts.currentNode.data, contrast, style.fontSize]);
                }
            }
            return found;
        })()"""
    )
    assert faint == []


def test_labels_stand_on_the_map(desk):
    painted = desk.run(
        """(() => {
            const canvas = document.querySelector('canvas.labels');
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let [above, below] = [0, 0];
            for (let at = 0; at < data.length; at += 4) {
                if (data[at] === 0x8f && data[at + 1] === 0x1a && data[at + 2] === 0x14) above += 1;
                if (data[at] === 0x08 && data[at + 1] === 0x42 && data[at + 2] === 0x7f) below += 1;
            }
            return [above, below];
        })()"""
    )
    assert min(painted) > 50


def test_a_plan_without_units_offers_no_layer_of_them(show, toy_plan):
    page = show(replace(toy_plan, units=toy_plan.units.iloc[:0]))
    boxes = page.run("Array.from(document.querySelectorAll('#layers input'), box => box.id)")
    assert boxes == ["show-labels", "show-communities", "show-streets"]
