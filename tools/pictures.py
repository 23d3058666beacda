"""Make the pictures in `maps/`: every page of the service over the made-up county, at a desk and on a phone.

    .venv/bin/python -m tools.pictures out/demo/plan.gpkg            # the plan that `jiexiang demo` has made
    .venv/bin/python -m tools.pictures out/demo/plan.gpkg --only changes --only notes

The county is put in force in a database that lasts as long as this runs, is served as `jiexiang demo` serves it, and
looked at with Debian's Chromium. Each picture has at most 150 kB.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from app.api.running import run_service
from app.jobs.demo_service import Account, Welcome, furnish
from app.settings import Settings, StoreSettings, read_settings

ROOT = Path(__file__).parents[1]
SCREENS = {"desk": (1440, 900), "phone": (390, 844)}
FLAGS = ("--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
DRAWN = ".leaflet-control-scale-line"
LARGEST = 150_000
PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Picture:
    """A page to be looked at: by whom, where, and what is done before."""

    name: str
    path: str
    role: str = "planner"
    wait: str = "main"
    click: str = ""


PICTURES = (
    Picture("sign-in", "/sign-in", role=""),
    Picture("overview", "/"),
    Picture("map", "/plan", wait=DRAWN),
    Picture("band", "/plan#view=band", wait=DRAWN),
    Picture("standards", "/plan#view=standards", wait=DRAWN),
    Picture("posts", "/plan#view=posts", wait=DRAWN),
    Picture("borders", "/plan#view=borders", wait=DRAWN),
    Picture("coverage", "/plan#view=walk-service_station", wait="#view-walk-service_station"),
    Picture("changes", "/plan#view=changes", wait=DRAWN),
    Picture("checkup", "/plan#view=checkup", wait=DRAWN),
    Picture("theme", "/plan#view=theme-1", wait=DRAWN),
    Picture("grid", "/plan#open={grid}", wait=DRAWN),
    Picture("facilities", "/gaps", wait="#coverage"),
    Picture("notes", "/notes"),
    Picture("worker", "/m", role="worker", wait="#sheet h2"),
    Picture("english", "/plan?lang=en#view=changes", wait=DRAWN),
)


class _DoneError(Exception):
    """Everything was looked at, and the service may end."""


def main() -> None:
    """Make the pictures that are asked for, all if none is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--only", action="append", choices=[one.name for one in PICTURES])
    parser.add_argument("--out", type=Path, default=ROOT / "maps")
    asked = parser.parse_args()
    chosen = [one for one in PICTURES if not asked.only or one.name in asked.only]
    settings = read_settings(os.environ, results_to_terminal=False, progress_to_terminal=False)
    with _folder() as folder:
        store = StoreSettings("", folder / "data")
        today = datetime.now().astimezone().date()
        welcome = furnish(asked.plan, ROOT / "gis_data" / "county", store, today=today, on_step=lambda *_: None)
        _serve(settings, welcome, chosen, asked.out)


@contextmanager
def _folder() -> Iterator[Path]:
    """Give a folder that the database's own user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-pictures-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(settings: Settings, welcome: Welcome, chosen: list[Picture], out: Path) -> None:
    def look(address: str) -> None:
        _send_note(address, welcome)
        with sync_playwright() as driver:
            program = shutil.which("chromium") or shutil.which("chromium-browser")
            browser = driver.chromium.launch(executable_path=program, args=list(FLAGS))
            for picture in chosen:
                for screen in SCREENS:
                    _take(browser, address, welcome, picture, screen, out)
            browser.close()
        raise _DoneError

    environ = {**os.environ, "JIEXIANG_PLAIN_HTTP": "1", "JIEXIANG_COUNTY": "子虚县"}
    try:
        run_service(
            replace(settings, store=welcome.settings),
            host="127.0.0.1",
            port=0,
            workers=1,
            on_ready=look,
            environ=environ,
        )
    except _DoneError:
        return


def _account(welcome: Welcome, role: str) -> Account:
    return next(one for one in welcome.accounts if one.role == role)


def _send_note(address: str, welcome: Welcome) -> None:
    """Say as the worker that a border looks wrong, so that there is something to be dealt with."""
    worker = _account(welcome, "worker")
    with httpx.Client(base_url=address) as client:
        client.post("/session", json={"name": worker.name, "password": worker.password}).raise_for_status()
        grid = client.get("/m/area").json()["grids"][0]["code"]
        lon, lat = welcome.place
        note = {
            "id": "picture-1",
            "grid_code": grid,
            "text": "巷口北侧两栋楼平时由隔壁网格在走访，边界似应移到巷子中线",
            "lon": lon,
            "lat": lat,
            "accuracy_m": 8.0,
            "noted_at": datetime.now().astimezone().isoformat(),
        }
        client.post("/m/notes", json=note, headers={"Origin": address}).raise_for_status()


def _take(browser: Browser, address: str, welcome: Welcome, picture: Picture, screen: str, out: Path) -> None:
    width, height = SCREENS[screen]
    phone = screen == "phone"
    context = browser.new_context(
        viewport={"width": width, "height": height},
        is_mobile=phone,
        has_touch=phone,
        locale="zh-CN",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    if picture.role:
        _sign_in(page, address, _account(welcome, picture.role))
    path = picture.path.format(grid=welcome.grid_code)
    page.goto(address + path)
    _wait(page, picture.wait)
    page.wait_for_timeout(600)
    _write(page.screenshot(), out / f"{picture.name}-{screen}.png")
    context.close()


def _wait(page: Page, wanted: str) -> None:
    """Wait for a part of the page; what is being measured is there when the page is opened again."""
    for _ in range(60):
        if page.locator(wanted).count():
            return
        page.wait_for_timeout(2000)
        page.reload()
    raise TimeoutError(wanted)


def _sign_in(page: Page, address: str, account: Account) -> None:
    page.goto(f"{address}/sign-in?next=/notes")
    page.fill("#name", account.name)
    page.fill("#password", account.password)
    page.click("form.sign-in button[type=submit]")
    page.wait_for_load_state()


def _write(png: bytes, file: Path) -> None:
    """Write a picture with as many colours as its size allows."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64, 32, 16):
        content = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(content, "PNG", optimize=True)
        if content.tell() <= LARGEST:
            file.write_bytes(content.getvalue())
            print(file.name, len(content.getvalue()) // 1000, "kB", colours)
            return
    raise ValueError(f"{file.name} is too large even in 16 colours")


if __name__ == "__main__":
    main()
