"""Views, search, permalink and ruler of the plan's page, in a real browser."""

from __future__ import annotations

import pytest
from toy_plan import EAST, HOSTILE, WEST, place

from app.maps.plan_page import Place
from app.maps.views import View, ViewClass, view_band


@pytest.fixture
def views(toy_plan):
    """Return a view of grids, and one of communities of which the eastern one has no data."""
    classes = (ViewClass("达标", "#a6d8e7", "✓"), ViewClass("不达标", "#e9a08a", "✗"))
    rooms = View("rooms", "社区用房", "community", classes, {WEST: 1}, {WEST: "缺 42 ㎡"}, "300 ㎡，2026-11-01")
    return [view_band(toy_plan.grids, 300, 500), rooms]


@pytest.fixture
def desk(show, toy_plan, views):
    return show(toy_plan, views=views, places=[Place("小区", "西里花园", *place(500, 450))])


def fills(page):
    """Return the fill of every grid; a hatch is no text."""
    return page.run(
        """(() => {
            const fills = [];
            jiexiang.shown.map.eachLayer((layer) => {
                if (layer instanceof L.Path && layer.options.stroke === false)
                    fills.push(typeof layer.options.fillColor === "string" ? layer.options.fillColor : "hatch");
            });
            return fills;
        })()"""
    )


def legend(page):
    return page.run("document.querySelector('#legend').textContent")


def choose(page, name):
    page.run(f"document.querySelector('#view-{name}').click()")


def column(page, number):
    rows = "document.querySelectorAll('#content tbody tr:first-child')"
    return page.run(f"Array.from({rows}, row => row.cells[{number}].textContent)")


def test_without_views_there_is_no_choice(show, toy_plan):
    assert show(toy_plan).run("document.querySelector('#views').hidden")


def test_a_view_of_communities_fills_their_grids_and_hatches_what_has_no_data(desk):
    choose(desk, "rooms")
    assert sorted(fills(desk)) == sorted(["#e9a08a"] * 3 + ["hatch"] * 3)  # the special grid of the west is hatched too
    assert "✗ 不达标（1）" in legend(desk)
    assert "✓ 达标（0）" in legend(desk)
    assert "无数据（1）" in legend(desk)
    assert "300 ㎡，2026-11-01" in legend(desk)


def test_the_table_beside_the_map_tells_the_view(desk):
    choose(desk, "rooms")
    assert column(desk, 1) == ["缺 42 ㎡", "无数据"]
    choose(desk, "band")
    assert len(column(desk, 0)) == 6
    assert column(desk, 2).count("专属网格（不设户数规模）") == 1


def test_every_view_has_its_say_where_a_community_is_open(desk):
    desk.run("document.querySelector('#content .pick').click()")
    assert "缺 42 ㎡" in desk.run("document.querySelector('#content dl').textContent")


def test_search_finds_compounds_and_coordinates_in_either_order(desk):
    def find(text):
        return desk.run(
            f"""(() => {{
                const field = document.querySelector("#find");
                field.value = {text!r};
                field.dispatchEvent(new Event("input"));
                return Array.from(document.querySelectorAll(".found button"), (one) => one.textContent);
            }})()"""
        )

    assert find("花园") == ["小区 西里花园"]
    lon, lat = (round(value, 5) for value in place(500, 450))
    assert find(f"{lon}, {lat}") == find(f"{lat} {lon}") == [f"坐标 {lon}, {lat}"]
    assert find("0, 0") == []
    desk.run("document.querySelector('#find').value = '花园'")
    find("花园")
    desk.run("document.querySelector('.found button').click()")
    centre = desk.run("(({ lat, lng }) => [lng, lat])(jiexiang.shown.map.getCenter())")
    assert centre == pytest.approx([lon, lat], abs=1e-4)


def test_the_address_tells_what_is_shown_and_shows_it_again(desk, show, toy_plan, views):
    choose(desk, "rooms")
    desk.run(f"void jiexiang.shown.map.setView([{place(900, 450)[1]}, {place(900, 450)[0]}], 17, {{ animate: false }})")
    desk.run("document.querySelectorAll('#content .pick')[1].click()")
    address = desk.run("location.hash.slice(1)")
    assert "view=rooms" in address
    assert f"open={EAST}" in address
    again = show(toy_plan, views=views, address=address)
    assert again.run("document.querySelector('#view-rooms').checked")
    assert again.run("document.querySelector('#heading').textContent") == desk.run(
        "document.querySelector('#heading').textContent"
    )
    where = "(({ lat, lng }) => [lat, lng, jiexiang.shown.map.getZoom()])(jiexiang.shown.map.getCenter())"
    assert again.run(where) == pytest.approx(desk.run(where), abs=1e-4)


def test_a_spoilt_address_shows_the_overview(show, toy_plan):
    page = show(toy_plan, address="view=nothing&open=<img>&lat=x&zoom=99")
    assert page.run("document.querySelector('#heading').textContent") == "社区网格划分图"
    assert page.complaints == []


def test_the_ruler_measures_metres_and_stops(desk):
    desk.run("document.querySelector('[aria-label=测距]').click()")
    for x_m in (100, 400):
        lon, lat = place(x_m, 450)
        desk.run(f"void jiexiang.shown.map.fire('click', {{ latlng: L.latLng({lat}, {lon}) }})")
    metres = desk.run("document.querySelector('#length').textContent")
    assert int(metres.split()[0]) == pytest.approx(300, abs=3)
    desk.press("Escape")
    assert desk.run("document.querySelector('#length').hidden")


def test_hostile_views_and_places_are_shown_as_they_are_and_never_run(show, toy_plan):
    for text in HOSTILE.values():
        view = View("odd", text, "community", (ViewClass(text, "#a6d8e7", "✓"),), {WEST: 0}, {WEST: text}, text)
        page = show(toy_plan, views=[view], places=[Place(text, text, *place(500, 450))])
        choose(page, "odd")
        assert text in legend(page)
        assert page.run("window.hit") is None
        assert page.complaints == []


def test_on_paper_the_map_and_its_legend_are_left(desk):
    desk.call("Emulation.setEmulatedMedia", media="print")
    shown = "getComputedStyle(document.querySelector('{}')).display"
    assert desk.run(shown.format(".panel")) == "none"
    assert desk.run(shown.format("#legend")) != "none"
    assert desk.run(shown.format(".folium-map")) != "none"
