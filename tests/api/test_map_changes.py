"""What the served map says became of the grids before: for each area as it is, whatever came into force when."""

from __future__ import annotations

import re
from datetime import date

import pytest
import shapely
from live_service import CLERK, EVERY_STEP, PASSWORD

from app.store.buildings import Building, replace_buildings
from app.store.places import find_communities
from app.store.plans import import_plan
from app.store.publication import publish
from app.store.themes import OldGrid, replace_old_grids
from tests.maps.packed import read_page
from tests.store.drawn_plans import SIDE, SOUTH, WEST, community_code, draw_plan

MOVED = re.compile(r"改变网格归属的共 ([0-9,]+) 户；原有 (\d+) 个网格")
LATER = "999901002"
"""A second town, whose plan comes into force later."""


def draw_homes(number, home):
    """Draw fifty households north, and fifty south, in a community."""
    places = [(f"B{number}{row}", WEST + SIDE * (number - 0.5), SOUTH + SIDE * (row + 0.5) / 2) for row in range(2)]
    return [Building(code, home, "", "", "", 50, 120.0, shapely.to_wkb(shapely.Point(x, y))) for code, x, y in places]


def draw_old(number, home, verdict=None):
    """Draw the two grids that were there before, the same as those of today."""
    west = WEST + SIDE * (number - 1)
    halves = [(SOUTH + SIDE / 2, SOUTH + SIDE), (SOUTH, SOUTH + SIDE / 2)]
    return [
        OldGrid(f"旧{number}{row}", "", home, shapely.to_wkb(shapely.box(west, south, west + SIDE, north)), verdict)
        for row, (south, north) in enumerate(halves)
    ]


@pytest.fixture(scope="module")
def staged(live):
    """Put a second town in force after the first; the grids before are known of both."""

    async def fill(store):
        async with store.writing() as connection:
            later = await import_plan(connection, draw_plan([3], county=LATER), act=CLERK, title="第二批")
        async with store.writing() as connection:
            await publish(connection, later, effective=date(2026, 2, 1), act=CLERK, skippable=EVERY_STEP)
            codes = [community_code(1), community_code(2), community_code(3, LATER)]
            homes = await find_communities(connection, codes)
            known = [(number, homes[code]) for number, code in enumerate(codes, 1)]
            await replace_buildings(connection, [one for number, home in known for one in draw_homes(number, home)])
            await replace_old_grids(connection, [one for number, home in known for one in draw_old(number, home, 0)])

    live.run(fill)
    live.until_renewed()
    return live


def see(live, user):
    form = {"name": user, "password": PASSWORD}
    cookie = live.asking("").post("/sign-in", data=form).headers["set-cookie"].split(";")[0]
    live.asking("").inner.cookies.clear()
    return str(read_page(live.asking("").get("/plan", headers={"Cookie": cookie}).text))


def test_towns_that_follow_one_another_are_held_against_what_was_there_before_in_each(staged):
    assert MOVED.search(see(staged, "u-county")).groups() == ("0", "6")


def test_a_community_is_held_against_its_own_grids_before(staged):
    assert MOVED.search(see(staged, "u-community")).groups() == ("0", "2")


def test_whoever_is_bound_to_one_grid_is_told_of_no_household_that_moved(staged):
    assert not MOVED.search(see(staged, "u-worker"))
