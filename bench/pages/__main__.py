"""The page of a plan beside Folium's own, bytes and time to interactive in one run.

python -m bench.pages PLAN.gpkg [--libraries FOLDER] [--repeats 5]
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.server
import json
import os
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from app.files.plans import read_plan
from app.maps.plan_page import draw_plan, plan_assets
from bench.divide.processes import machine
from bench.pages.folium_page import draw_with_folium, fetch_libraries

RESULTS = Path(__file__).parents[1] / "results"
CHROMIUM = "/usr/bin/chromium"
AIMS = {"raw": 0.2, "gzip": 0.2, "idle_ms": 0.5, "quiet_ms": 0.5}
OURS, BARE, SERVED = "ours", "ours without units", "ours, served"
PEERS = ("Folium", "Folium, six decimals", "Folium, three layers", "Folium, three layers, six decimals")
LAST = {True: ".leaflet-control-scale-line", False: ".leaflet-control-layers"}
"""What stands on our page, and on Folium's, when everything else does."""
WATCH = """
window.busyUntil = 0;
new PerformanceObserver(list => {
  for (const task of list.getEntries()) window.busyUntil = Math.max(window.busyUntil, task.startTime + task.duration);
}).observe({type: "longtask", buffered: true});
const drawn = () => document.querySelector("LAST") && document.querySelector(".leaflet-pane canvas");
window.firstIdle = new Promise(tell => {
  const look = () => requestIdleCallback(() => drawn() ? tell(performance.now()) : look());
  window.addEventListener("load", look);
});
"""
"""Notes the first idle after load with everything drawn, and when the last task above 50 ms ended."""
QUIET_MS = 1500
"""How long to look for long tasks after the first idle."""


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder to this machine alone."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def open_once(browser: Browser, address: str, last: str) -> tuple[dict[str, float], list[str]]:
    """Open a page with nothing in any cache; return its times and what it asked for."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        page = context.new_page()
        page.add_init_script(WATCH.replace("LAST", last))
        asked: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        devtools = context.new_cdp_session(page)
        devtools.send("Performance.enable")
        page.goto(address)
        idle = page.evaluate("window.firstIdle")
        page.wait_for_timeout(QUIET_MS)
        busy = page.evaluate("window.busyUntil")
        metrics = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
        if faults:
            raise RuntimeError(f"{address} was not drawn: {faults}")
        times = {"idle_ms": idle, "quiet_ms": max(idle, busy), "core_ms": metrics["ThreadTime"] * 1000}
        return times, [url for url in asked if url.startswith("http")]
    finally:
        context.close()


def count_bytes(folder: Path, root: str, asked: list[str]) -> dict[str, int]:
    """Add up what a page consists of, as it lies and as a server would compress each file."""
    files = [folder / url.removeprefix(f"{root}/") for url in dict.fromkeys(asked) if not url.endswith("/favicon.ico")]
    bodies = [file.read_bytes() for file in files]
    return {
        "raw": sum(map(len, bodies)),
        "gzip": sum(len(gzip.compress(body, 6)) for body in bodies),
        "files": len(bodies),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__.splitlines()[0])
    parser.add_argument("plan", type=Path)
    parser.add_argument("--libraries", type=Path, default=Path(tempfile.gettempdir()) / "jiexiang-libraries")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    fetch_libraries(given.libraries)
    plan = read_plan(given.plan)
    bare = replace(plan, units=plan.units.iloc[:0])
    pages = {
        OURS: draw_plan(plan),
        BARE: draw_plan(bare),
        SERVED: draw_plan(bare, served=True),
        **{
            name: draw_with_folium(plan, whole="three" not in name, decimals=6 if "six" in name else None)
            for name in PEERS
        },
    }
    times: dict[str, list[dict[str, float]]] = {name: [] for name in pages}
    sizes: dict[str, dict[str, int]] = {}
    load = [round(os.getloadavg()[0], 1)]
    with tempfile.TemporaryDirectory() as kept, serving(Path(kept)) as root, sync_playwright() as playwright:
        folder = Path(kept)
        (folder / "libraries").symlink_to(given.libraries.resolve())
        for name in ("glyphicons_css", "awesome_rotate_css"):
            (given.libraries / name).touch()
        for asset in plan_assets():
            file = folder / asset.address.removeprefix("/")
            file.parent.mkdir(parents=True)
            file.write_bytes(asset.content)
        for number, text in enumerate(pages.values()):
            (folder / f"{number}.html").write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        for repeat in range(given.repeats + 1):
            for number, name in enumerate(pages):
                spent, asked = open_once(browser, f"{root}/{number}.html", LAST[name not in PEERS])
                if repeat:  # the first round warms the browser and the disk
                    times[name].append(spent)
                sizes[name] = count_bytes(folder, root, asked)
                print(f"{repeat} {name}: {spent['idle_ms']:.0f} ms", file=sys.stderr, flush=True)
        chromium = browser.version
        browser.close()
    load.append(round(os.getloadavg()[0], 1))
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "load": load,
        "chromium": chromium,
        "folium": version("folium"),
        "grids": len(plan.grids),
        "repeats": given.repeats,
        "pages": {
            name: sizes[name]
            | {key: round(statistics.median(one[key] for one in times[name])) for key in times[name][0]}
            for name in pages
        },
        "times": {name: [{key: round(value) for key, value in one.items()} for one in times[name]] for name in pages},
    }
    text = as_markdown(record)
    print(text)
    given.results.mkdir(parents=True, exist_ok=True)
    file = given.results / f"{record['date']}-pages"
    file.with_suffix(".md").write_text(text, encoding="utf-8")
    file.with_suffix(".json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def as_markdown(record: dict) -> str:
    """Make the page that is kept."""
    rows = [
        f"| {name} | {one['files']} | {one['raw'] / 1000:,.0f} | {one['gzip'] / 1000:,.0f} | {one['idle_ms']:,} "
        f"| {one['quiet_ms']:,} | {one['core_ms']:,} |"
        for name, one in record["pages"].items()
    ]
    ratios = []
    for peer in PEERS:
        ratio = {key: record["pages"][OURS][key] / record["pages"][peer][key] for key in AIMS}
        ratio_core = record["pages"][OURS]["core_ms"] / record["pages"][peer]["core_ms"]
        told = [f"{ratio[key]:.2f} {'✓' if ratio[key] <= aim else '✗'}" for key, aim in AIMS.items()]
        ratios.append(f"| {peer} | {' | '.join(told)} | {ratio_core:.2f} |")
    lines = [
        f"# pages, {record['date']}",
        "",
        (
            f"{record['grids']} grids; one run on {record['machine']}, load {record['load'][0]} at its beginning and "
            f"{record['load'][1]} at its end; Chromium {record['chromium']}, Folium {record['folium']}; medians of "
            f"{record['repeats']}, taking turns."
        ),
        "",
        "| page | files | kB | kB under gzip | first idle, ms | end of the last long task, ms | main thread, ms |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"`ours` of Folium's; the aims are {AIMS['raw']} of the bytes and {AIMS['idle_ms']} of the times:",
        "",
        "| beside | bytes | under gzip | first idle | last long task | main thread |",
        "|---|---|---|---|---|---|",
        *ratios,
        "",
        (
            "`Folium` has the layers, tooltips, popups and table of ours, as far as it has them: no search, no names "
            "on the map, no sorting, no permalink, no print. With three layers (grids with tooltip and popup, borders, "
            "streets) it lacks units, outlines of communities, names of streets and the table too. `ours, served` is "
            "what the service hands out, without units, its style and script beside it, which browsers keep."
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
