"""A process of `jiexiang serve` with a plan, rooms and addresses in it, and a browser at a desk and on a phone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from app.files.standards import read_standards
from app.geo.assessment import Community
from app.geo.plan import Plan
from app.geo.rooms import Room
from app.store.addresses import Address, replace_addresses
from app.store.areas import find_area
from app.store.buildings import Building, replace_buildings
from app.store.connect import AsyncConnection, Store, open_store
from app.store.facilities import Facility, replace_facilities
from app.store.ground import replace_ground
from app.store.notes import NewNote, add_note
from app.store.places import find_communities, find_grids, name_towns
from app.store.plans import Act, import_plan
from app.store.publication import publish
from app.store.rooms import replace_rooms
from app.store.standards import replace_standards
from app.store.themes import Theme, ThemeValue, replace_themes
from app.store.users import NewUser, add_user
from tests.browsing import run_browser, run_serve
from tests.maps.toy_plan import EAST, HOSTILE, WEST, draw_toy_plan, place

AXE = (Path(__file__).parents[1] / "pages" / "axe" / "axe.min.js").read_text("utf-8")
PASSWORD = "correct horse 9"  # noqa: S105  of an account that lives for a test
EVERY_STEP = frozenset({"reviewed", "public_notice", "approved"})
FLAGS = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
"""No other host is found, whatever a page asks for."""
DRAWN = ".leaflet-control-scale-line"
"""What the map gets last; a page under our policy cannot be asked by a script that comes as text."""

SCREENS = {"desk": (1440, 900), "phone": (390, 844)}


@dataclass
class Seen:
    """An open page, what it asked for and what it complained of."""

    context: BrowserContext
    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """Return what axe finds wrong by WCAG 2.2 A and AA, serious or worse."""
        self.page.evaluate(AXE)
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = self.page.evaluate("(tags) => axe.run(document, { runOnly: tags })", tags)
        return [
            f"{one['id']}: {node['html'][:200]}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]


LAST_YEAR = f"{EAST}009"
"""The one grid that the eastern community had last year."""
NOTE = HOSTILE["markup"]


def draw_last_year(plan: Plan) -> Plan:
    """Return the plan with one grid in place of the two of the eastern community."""
    east = plan.grids["community_code"] == EAST
    whole = (
        plan.grids[east]
        .iloc[:1]
        .assign(
            grid_code=LAST_YEAR,
            name="东里网格",
            households=852,
            reason="共852户",
            geometry=[shapely.MultiPolygon([shapely.union_all(plan.grids.geometry[east])])],
        )
    )
    renamed = {f"{EAST}00{number}": LAST_YEAR for number in (1, 2)}
    borders = plan.borders.replace({"left_grid": renamed, "right_grid": renamed})
    return replace(
        plan,
        grids=gpd.GeoDataFrame(pd.concat([plan.grids[~east], whole], ignore_index=True), crs=plan.grids.crs),
        units=plan.units.replace({"grid_code": renamed}),
        borders=borders[borders["left_grid"] != borders["right_grid"]].reset_index(drop=True),
        communities=plan.communities.assign(grids=[4, 1], in_band=[3, 0]),
    )


async def fill_ground(connection: AsyncConnection, plan: Plan, homes: dict[str, int]) -> None:
    """Put houses of 20 households every 100 m, the plan's streets, a stream and two facilities into the store."""
    flags = {"bridge": False, "tunnel": False}
    stream = {"kind": ["water"], "name": ["小河"], **flags}
    barriers = gpd.GeoDataFrame(stream, geometry=[plan.borders.geometry[8]], crs=plan.grids.crs)
    await replace_ground(connection, plan.streets.assign(layer=0, **flags), barriers)
    houses = [(x, y) for x in range(50, 1200, 100) for y in range(50, 600, 100)]
    buildings = [
        Building(
            f"B{x}-{y}", homes[WEST if x < 700 else EAST], "", "阳光花园" if x > 1000 else "", "", 20, 50.0, at(x, y)
        )
        for x, y in houses
    ]
    await replace_buildings(connection, buildings)
    kinds = (("F1", "西里服务站", "service_station", at(100, 320)), ("F2", HOSTILE["quotes"], "clinic", at(690, 500)))
    await replace_facilities(
        connection, [Facility(code, name, kind, homes[WEST], "", None, {}, wkb) for code, name, kind, wkb in kinds]
    )


def theme_of_communities(homes: dict[str, int]) -> Theme:
    """Return a theme that says nothing of the eastern community."""
    return Theme("党组织", "community", "社区台账.xlsx", (ThemeValue(WEST, "", HOSTILE["quotes"], homes[WEST]),))


def theme_of_compounds(homes: dict[str, int]) -> Theme:
    """Return a theme of one compound, which has its outline with it."""
    outline = shapely.to_wkb(shapely.box(*place(1010, 100), *place(1190, 500)))
    value = ThemeValue("C1", HOSTILE["markup"], "有物业", homes[EAST], wkb=outline)
    return Theme("物业管理", "area", "小区.gpkg", (value,))


def at(x_m: float, y_m: float) -> bytes:
    """Return a point of the drawing as bytes."""
    return shapely.to_wkb(shapely.Point(place(x_m, y_m)))


async def fill(store: Store) -> None:
    """Put the toy town into the store, with hostile names, last year's grids, rooms, ground, a note and accounts."""
    plan = draw_toy_plan(community=HOSTILE["markup"], grid=HOSTILE["template"], street=HOSTILE["quotes"])
    for one, title, day in ((draw_last_year(plan), "去年的方案", date(2025, 1, 1)), (plan, NOTE, date(2026, 1, 1))):
        async with store.writing() as connection:
            number = await import_plan(connection, one, act=Act("clerk"), title=title)
        async with store.writing() as connection:
            await publish(connection, number, effective=day, act=Act("clerk"), skippable=EVERY_STEP)
    async with store.writing() as connection:
        await name_towns(connection, {WEST[:9]: HOSTILE["quotes"]})
        homes = await find_communities(connection, [WEST, EAST])
        await fill_ground(connection, plan, homes)
        await replace_themes(connection, [theme_of_communities(homes), theme_of_compounds(homes)])
        grids = await find_grids(connection, [f"{EAST}001"])
        new = NewNote("a-phone-1", grids[f"{EAST}001"], NOTE, *place(900, 400), 12.0, datetime(2026, 11, 1, tzinfo=UTC))
        await add_note(connection, new, author="user:worker")
    async with store.writing() as connection:
        homes = await find_communities(connection, [WEST, EAST])
        await replace_standards(connection, read_standards())
        paper = {"evidence": "title", "evidence_number": HOSTILE["markup"], "in_use": True}
        rooms = [
            Room("R1", WEST, HOSTILE["template"], "service_station", 280.0, **paper),
            Room("R2", EAST, "东里用房", "service_station", 900.0, **paper),
        ]
        judged = [Community(code, "", None, "urban") for code in (WEST, EAST)]
        await replace_rooms(connection, judged, rooms, homes)
        await replace_addresses(
            connection, [Address("阳光花园", "3栋", "", "", "", *place(900, 450), community_id=homes[EAST])]
        )
        await add_user(connection, NewUser("planner", PASSWORD, "planner", await find_area(connection, "")))
        await add_user(connection, NewUser("west", PASSWORD, "community", await find_area(connection, WEST)))


@pytest.fixture(scope="session")
def address(postgis, tmp_path_factory) -> Iterator[str]:
    """Run the service as a county does, and return its address."""
    with postgis.database() as settings:

        async def go() -> None:
            async with open_store(settings.database_url, settings) as store:
                await fill(store)

        asyncio.run(go())
        environ = {**os.environ, "DATABASE_URL": settings.database_url, "JIEXIANG_PLAIN_HTTP": "1"}
        log = tmp_path_factory.mktemp("serve") / "log"
        with run_serve(environ, log) as address:
            yield address


@pytest.fixture(scope="module")
def browser(address) -> Iterator[Browser]:
    """Run a browser for a module: while it runs, nothing else may run a loop in this process."""
    with run_browser(FLAGS) as running:
        yield running


@pytest.fixture(scope="module")
def signed_in(address, browser) -> Callable[[str], dict[str, object]]:
    """Return a function that gives the state of a browser in which somebody has signed in by the form."""
    return cache(lambda name: sign_in(address, browser, name))


def sign_in(address: str, browser: Browser, name: str) -> dict[str, object]:
    """Sign in by the form."""
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}/plan")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("form.sign-in button[type=submit]")
    page.wait_for_selector(DRAWN)
    state = {"cookies": context.storage_state()["cookies"], "origins": []}
    context.close()
    return state


def tell(said: ConsoleMessage) -> str:
    """Return what the browser said and of which address: of a failed request it tells that nowhere else."""
    return f"{said.text} {said.location['url']}"


@pytest.fixture
def see(address, browser, signed_in) -> Iterator:
    """Return a function that opens a page of the service on a screen."""
    opened = []

    def see(path: str, screen: str = "desk", name: str = "planner") -> Seen:
        width, height = SCREENS[screen]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=screen == "phone",
            is_mobile=screen == "phone",
            locale="zh-CN",
            reduced_motion="reduce",
            storage_state=signed_in(name),
        )
        context.set_default_timeout(8_000)
        opened.append(context)
        seen = Seen(context, context.new_page())
        context.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("console", lambda said: said.type in ("error", "warning") and seen.complaints.append(tell(said)))
        seen.page.on("pageerror", lambda fault: seen.complaints.append(str(fault)))
        seen.page.goto(address + path)
        if path.startswith("/plan"):
            seen.page.wait_for_selector(DRAWN)
        return seen

    yield see
    for context in opened:
        context.close()
