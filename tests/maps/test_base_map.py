"""A base map under the grids in a real browser: seen through the fills, credited, given up where it does not come."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page
from toy_plan import draw_toy_plan

from app.maps.plan_page import Tiles, draw_plan, plan_assets
from tests.browsing import run_browser

PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PRESENT = {asset.address: (asset.media_type, asset.content) for asset in plan_assets()}


@dataclass
class Served:
    """A server of a page and of its tiles, which come or don't."""

    address: str = ""
    tiles: bool = True


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    state = Served()
    tiles = Tiles(("/tiles/0/{z}/{x}/{y}", "/tiles/1/{z}/{x}/{y}"), 18, "天地图")
    page = draw_plan(draw_toy_plan(), served=True, tiles=tiles).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer the page, what it is made of, and tiles."""
            kind, content = PRESENT.get(self.path, ("text/html", page))
            if self.path.startswith("/tiles/"):
                kind, content = ("image/png", PICTURE) if state.tiles else ("application/problem+json", b"{}")
            self.send_response(503 if self.path.startswith("/tiles/") and not state.tiles else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.address = f"http://127.0.0.1:{server.server_address[1]}/"
        yield state
        server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with run_browser(["--no-sandbox"]) as running:
        yield running


@pytest.fixture
def page(chromium) -> Iterator[Page]:
    """Open a page that has kept nothing of another."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def opacities(page: Page) -> set[float]:
    """Return how much of the fills of grids is seen."""
    shown = "Object.values(jiexiang.shown.map._layers).filter(one => one.options.fill && !one.options.stroke)"
    return set(page.evaluate(f"{shown}.map(one => one.options.fillOpacity)"))


def test_tiles_lie_under_the_grids_are_credited_and_can_be_switched_off(page, served):
    served.tiles = True
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.address)
    page.wait_for_selector(".leaflet-tile-loaded")
    assert opacities(page) == {0.4}
    assert "天地图" in page.text_content("#attribution")
    assert page.is_checked("#show-base")
    assert {one.split("/tiles/")[1][0] for one in asked if "/tiles/" in one} == {"0", "1"}
    assert all(one.startswith(served.address) for one in asked)
    page.evaluate("document.getElementById('show-base').click()")
    assert opacities(page) == {1}
    assert page.query_selector(".leaflet-tile") is None


def test_where_no_tile_comes_the_map_shows_its_own_streets(page, served):
    served.tiles = False
    page.goto(served.address)
    page.wait_for_selector("#show-base:not(:checked)", state="attached")
    assert opacities(page) == {1}
    assert page.is_checked("#show-streets")
    assert page.query_selector(".leaflet-tile") is None


def test_without_a_base_map_there_is_no_switch_for_one(show, toy_plan):
    assert show(toy_plan).run("document.getElementById('show-base')") is None
