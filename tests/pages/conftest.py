"""A process of `jiexiang serve` over a database of its own, and phones with a real browser to look at its pages."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from app.settings import StoreSettings
from app.store.areas import find_area
from app.store.assignments import NewAssignment, assign
from app.store.connect import Store, open_store
from app.store.keys import add_key
from app.store.links import add_link, revoke_link
from app.store.people import NewPerson, add_people
from app.store.places import find_communities, find_grids
from app.store.plans import Act, import_plan
from app.store.publication import publish
from app.store.users import NewUser, add_user
from tests.browsing import run_browser, run_serve
from tests.maps.toy_plan import EAST, HOSTILE, WEST, draw_toy_plan
from tests.store.drawn_plans import community_code, draw_plan, grid_code

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
PASSWORD = "correct horse 9"  # noqa: S105  of accounts that live for a test
SINCE = date(2026, 1, 1)
EVERY_STEP = frozenset({"reviewed", "public_notice", "approved"})
MINE, BESIDE = f"{WEST}002", f"{EAST}001"
ODD = "320199002"
PLAIN_HOST = "grid.example"
FLAGS = ("--no-sandbox", f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
"""No other host is found, whatever a page asks for."""


@dataclass
class Served:
    """The running service: its address, a key of the county, and a link to the worker's grid."""

    address: str
    settings: StoreSettings
    key: str
    token: str

    def asking(self) -> httpx.Client:
        """Return a client that may see the whole county."""
        return httpx.Client(base_url=self.address, headers={"Authorization": f"Bearer {self.key}"})

    def do(self, work) -> None:
        """Change something in the store; in a thread of its own, for the browser's driver has a loop in this one."""

        async def go() -> None:
            async with open_store(self.settings.database_url, self.settings) as store, store.writing() as connection:
                await work(connection)

        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: asyncio.run(go())).result()

    def revoke(self) -> None:
        """Revoke the link."""
        self.do(lambda connection: revoke_link(connection, self.token.split("_")[1]))


@dataclass
class Phone:
    """A page on a phone, and what it asked for and complained of."""

    context: BrowserContext
    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, name: str = "worker") -> None:
        """Fill in the form, as a person does; what the console said before, that nobody is signed in, is forgotten."""
        self.page.wait_for_selector("#password")
        self.complaints.clear()
        self.page.fill("#name", name)
        self.page.fill("#password", PASSWORD)
        self.page.click("form.sign-in button[type=submit]")

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def wait_for_keeping(self) -> None:
        """Wait until the service worker has taken over and kept the area."""
        limit = "new Promise((end) => setTimeout(end, 5000))"
        self.page.evaluate(f"Promise.race([navigator.serviceWorker.ready, {limit}]).then(() => true)")
        self.page.reload()
        self.page.wait_for_selector("#sheet h2")
        for _ in range(100):
            if "/m/area" in self.kept():
                return
            self.page.wait_for_timeout(50)
        raise TimeoutError("the area is not kept")

    def kept(self) -> dict[str, str]:
        """Return what Cache Storage holds, text by path."""
        return self.page.evaluate(
            """async () => {
                const kept = {};
                for (const name of await caches.keys()) {
                    const cache = await caches.open(name);
                    for (const request of await cache.keys())
                        kept[new URL(request.url).pathname] = await (await cache.match(request)).text();
                }
                return kept;
            }"""
        )

    def stand(self, lon: float, lat: float, accuracy: float) -> str:
        """Stand somewhere, ask where one is, and return the answer."""
        self.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": accuracy})
        self.page.click("#locate")
        self.page.wait_for_selector("#answer[data-kind]:not([data-kind=''])")
        return self.text("#answer")

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


async def fill(store: Store) -> tuple[str, str]:
    """Put two communities with their workers into the store, and one whose every name is hostile."""
    odd = draw_plan((1,), county=ODD)
    odd.communities["name"] = HOSTILE["markup"]
    odd.grids["name"] = [HOSTILE["quotes"], HOSTILE["template"]]
    odd.grids["sides_east"] = HOSTILE["markup"]
    odd.borders["name"] = HOSTILE["jinja"]
    odd.streets["name"] = HOSTILE["markup"]
    for plan in (draw_toy_plan(), odd):
        async with store.writing() as connection:
            number = await import_plan(connection, plan, act=Act("clerk"), title="去年的方案")
        async with store.writing() as connection:
            await publish(connection, number, effective=SINCE, act=Act("clerk"), skippable=EVERY_STEP)
    async with store.writing() as connection:
        homes = await find_communities(connection, [WEST, EAST, community_code(1, ODD)])
        grids = await find_grids(connection, [MINE, BESIDE, grid_code(1, 1, ODD)])
        staff = [
            NewPerson("S1", "甄士隐", "19900000001", "", homes[WEST]),
            NewPerson("S2", "贾雨村", "19900000002", "", homes[EAST]),
            NewPerson("S3", HOSTILE["markup"], "19900000003", "", homes[community_code(1, ODD)]),
        ]
        people = await add_people(connection, staff)
        for code, grid in (("S1", MINE), ("S2", BESIDE), ("S3", grid_code(1, 1, ODD))):
            await assign(connection, NewAssignment(people[code], grids[grid], "网格长", SINCE))
        for name, grid, person in (("worker", MINE, "S1"), ("odd", grid_code(1, 1, ODD), "S3")):
            area = await find_area(connection, grid)
            await add_user(connection, NewUser(name, PASSWORD, "worker", area, person_id=people[person]))
        until = datetime.now(UTC) + timedelta(days=1)
        token = await add_link(connection, grids[MINE], expires_at=until)
        return await add_key(connection, "county", await find_area(connection, ""), role="county"), token


@pytest.fixture(scope="module")
def served(postgis, tmp_path_factory) -> Iterator[Served]:
    with postgis.database() as settings:

        async def go() -> tuple[str, str]:
            async with open_store(settings.database_url, settings) as store:
                return await fill(store)

        key, token = asyncio.run(go())
        environ = {**os.environ, "DATABASE_URL": settings.database_url, "JIEXIANG_PLAIN_HTTP": "1"}
        log = tmp_path_factory.mktemp("serve") / "log"
        with run_serve(environ, log) as address:
            yield Served(address, settings, key, token)
        assert token.split("_", 2)[2] not in log.read_text()


@pytest.fixture(scope="module")
def browser(served) -> Iterator[Browser]:
    with run_browser(FLAGS) as running:
        yield running


@pytest.fixture(scope="module")
def signed_in(served, browser) -> dict[str, object]:
    """Return the state of a browser in which the worker has signed in by the form."""
    with a_phone(browser) as phone:
        phone.page.goto(f"{served.address}/m")
        phone.sign_in()
        phone.page.wait_for_selector("#sheet h2")
        return {"cookies": phone.context.storage_state()["cookies"], "origins": []}


@contextmanager
def a_phone(browser: Browser, **options: object) -> Iterator[Phone]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        locale="zh-CN",
        reduced_motion="reduce",
        permissions=["geolocation"],
        **options,
    )
    try:
        context.set_default_timeout(8_000)
        phone = Phone(context, context.new_page())
        context.on("request", lambda request: phone.requests.append(request.url))
        phone.page.on("console", lambda said: said.type in ("error", "warning") and phone.complaints.append(said.text))
        phone.page.on("pageerror", lambda fault: phone.complaints.append(str(fault)))
        yield phone
    finally:
        context.close()


@pytest.fixture
def phone(browser) -> Iterator[Phone]:
    """Return a phone on which nobody has signed in."""
    with a_phone(browser) as one:
        yield one


@pytest.fixture
def mine(served, browser, signed_in) -> Iterator[Phone]:
    """Return a phone that shows the worker's grid."""
    with a_phone(browser, storage_state=signed_in) as one:
        one.page.goto(f"{served.address}/m")
        one.page.wait_for_selector("#sheet h2")
        yield one
