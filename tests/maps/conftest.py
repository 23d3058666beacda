"""The toy plan and a real browser to look at its page."""

from __future__ import annotations

import pytest
from chromium import Browser, find_chromium
from toy_plan import draw_toy_plan

from app.geo.plan import Plan
from app.maps.plan_page import draw_plan


@pytest.fixture(scope="session")
def toy_plan() -> Plan:
    return draw_toy_plan()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory):
    if find_chromium() is None:
        pytest.skip("Chromium is not installed, so the page cannot be opened: apt-get install chromium")
    with Browser(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def show(browser, tmp_path):
    """Draw a plan, write it to disk and open it from there."""

    def show(plan, *, language="zh", attribution="", views=(), places=(), address="", **screen):
        file = tmp_path / "plan.html"
        text = draw_plan(plan, language=language, attribution=attribution, views=views, places=places)
        file.write_text(text, "utf-8")
        page = browser.open(file, address=address, **screen)
        page.wait_for("window.jiexiang && jiexiang.shown")
        return page

    return show
