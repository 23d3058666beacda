"""Serve the county by each in turn and measure under wrk: `python -m bench.serve [--peers FOLDER] [--seconds 5]`.

`FOLDER` is an environment of its own with the peers (`requirements-peers.txt`), which must not constrain ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from app.api.large_calls import GIVE_BACK_SECONDS
from app.settings import StoreSettings
from app.store.cluster import open_cluster
from bench.serve.asking import Measured, addresses, bodies, measure
from bench.serve.county import SIDE, SOUTH, STEP, WEST, draw_county
from bench.serve.filled import fill, set_out_for_others
from bench.serve.publishing import ask_while_publishing
from bench.serve.servers import Server, run_ours, run_pygeoapi, run_server, run_tipg, version_of
from bench.serve.table import as_markdown

TIPG, PYGEOAPI = "/collections/bench.grids/items", "/collections/grids/items"
BODIES = 4
BULK = {1_000: 16, 100_000: 2}
"""Points a call, and connections at a time."""
LEAST_SECONDS = {1_000: 3.0, 100_000: 15.0}
LEAST_SECONDS = {1_000: 3.0, 100_000: 15.0}
PORTION = 10_000


def scripts(codes: list[str], key: str) -> dict[tuple[str, str], str]:
    """Return what each is asked: case and server to a script of wrk."""
    box = "lon, lat, lon + 0.0000001, lat + 0.0000001"
    asked = {
        ("hello", "hello"): addresses("/hello", "id", codes),
        ("point", "ours"): addresses("/locate?lon=%.7f&lat=%.7f", "lon, lat", codes, key),
        ("point", "bare"): addresses("/point?lon=%.7f&lat=%.7f", "lon, lat", codes),
        ("point", "tipg"): addresses(TIPG + "?limit=1&bbox=%.7f,%.7f,%.7f,%.7f", box, codes),
        ("point", "pygeoapi"): addresses(PYGEOAPI + "?f=json&limit=1&bbox=%.7f,%.7f,%.7f,%.7f", box, codes),
        ("one grid", "ours"): addresses("/grids/%s", "code", codes, key),
        ("one grid", "bare"): addresses("/item?id=%d", "id", codes),
        ("one grid", "tipg"): addresses(TIPG + "/%d", "id", codes),
        ("one grid", "pygeoapi"): addresses(PYGEOAPI + "/%d?f=json", "id", codes),
    }
    for size in (10, 100):
        case = f"page of {size}"
        asked[case, "ours"] = addresses(f"/grids?limit={size}&after=%s", "code", codes[:780], key)
        asked[case, "bare"] = addresses(f"/page?limit={size}&after=%d", "id % 780", codes)
        asked[case, "tipg"] = addresses(TIPG + f"?limit={size}&offset=%d", "id % 780", codes)
        asked[case, "pygeoapi"] = addresses(PYGEOAPI + f"?f=json&limit={size}&offset=%d", "id % 780", codes)
    return asked


def draw_points(size: int, seed: int) -> np.ndarray:
    corner = WEST, SOUTH
    return np.random.default_rng(seed).uniform(corner, [one + SIDE * STEP for one in corner], (size, 2)).round(7)


def write_bodies(folder: Path, size: int) -> Path:
    """Write calls of so many points."""
    inside = folder / str(size)
    inside.mkdir()
    for number in range(1, BODIES + 1):
        (inside / str(number)).write_text(json.dumps({"points": draw_points(size, number).tolist()}))
    return inside


def shapely_alone(grids: np.ndarray, seconds: float) -> Callable[[int], float]:
    """Return what looks up points in this process, a call after the other, and tells how many a second."""
    shapely.prepare(grids)
    tree = shapely.STRtree(grids)

    def run(size: int) -> float:
        xy, done, began = draw_points(size, 1), 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            for first in range(0, size, PORTION):
                part = xy[first : first + PORTION]
                points, rows = tree.query(shapely.points(part))
                shapely.intersects_xy(grids[rows], *part[points].T)
            done += size
        return done / (time.perf_counter() - began)

    return run


def start(stack: ExitStack, url: str, folder: Path, peers: Path | None) -> dict[str, Server]:
    python = Path(sys.executable)
    started = {
        "ours": stack.enter_context(run_ours(url, folder)),
        "hello": stack.enter_context(run_server(python, "bench.serve.bare:hello", "/hello", {})),
        "bare": stack.enter_context(run_server(python, "bench.serve.bare:bare", "/item?id=1", {"DATABASE_URL": url})),
    }
    if peers:
        of_peers = peers.absolute() / "bin" / "python"
        started["tipg"] = stack.enter_context(run_tipg(of_peers, url))
        started["pygeoapi"] = stack.enter_context(run_pygeoapi(of_peers, url, folder))
    return started


def median(runs: list[Measured]) -> dict[str, float]:
    """Return the medians of several runs, and all their errors."""
    told = {
        name: statistics.median(getattr(run, name) for run in runs) for name in ("per_second", "p99_ms", "processor_us")
    }
    return {**told, "errors": sum(run.errors for run in runs)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=Path("bench/results"))
    given = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: sudo apt-get install -y wrk")
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-bench-"))
    folder.chmod(0o755)  # the database's user enters it
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = stack.enter_context(open_cluster(folder / "data")).url
        settings = StoreSettings(url, folder)
        plan = draw_county()
        filled = asyncio.run(fill(settings, plan))
        asyncio.run(set_out_for_others(settings))
        started = start(stack, url, folder, given.peers)
        record = run(started, settings, filled, plan, folder, given)
    if given.peers:
        python = given.peers.absolute() / "bin" / "python"
        record["versions"] = {name: version_of(python, name) for name in ("tipg", "pygeoapi")}
    text = as_markdown(record)
    print(text)
    given.results.mkdir(parents=True, exist_ok=True)
    file = given.results / f"{record['date']}-serve"
    file.with_suffix(".md").write_text(text, encoding="utf-8")
    file.with_suffix(".json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def run(
    started: dict[str, Server], settings: StoreSettings, filled: Any, plan: Any, folder: Path, given: argparse.Namespace
) -> dict[str, Any]:
    """Ask everything in turn, round after round."""
    asked = {one: script for one, script in scripts(filled.codes, filled.key).items() if one[1] in started}
    calls = {size: bodies(write_bodies(folder, size), BODIES, filled.key) for size in BULK}
    alone = shapely_alone(plan.grids.geometry.to_numpy(), given.seconds)
    results: dict[tuple[str, str], list[Measured]] = {one: [] for one in asked}
    bulk: dict[int, list[tuple[Measured, float]]] = {size: [] for size in BULK}
    load = [os.getloadavg()[0]]
    for number in range(given.rounds):
        print(f"round {number + 1} of {given.rounds}", file=sys.stderr)
        for (case, who), script in asked.items():
            results[case, who].append(measure(started[who], script, given.seconds))
        for size, script in calls.items():
            told = measure(started["ours"], script, max(given.seconds, LEAST_SECONDS[size]), connections=BULK[size])
            bulk[size].append((told, alone(size)))
        load.append(os.getloadavg()[0])
    time.sleep(GIVE_BACK_SECONDS + 1)
    memory = {who: server.memory_mb() for who, server in started.items()}
    under, stale, seconds = ask_while_publishing(started["ours"], settings, asked["point", "ours"], filled.key)
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores",
        "load": [round(one, 1) for one in (min(load), max(load))],
        "rounds": given.rounds,
        "seconds": given.seconds,
        "grids": len(plan.grids),
        "vertices": [int(pick(shapely.get_num_coordinates(plan.grids.geometry.to_numpy()))) for pick in (min, max)],
        "import_seconds": filled.import_seconds,
        "publish_seconds": filled.publish_seconds,
        "publish_processor_seconds": filled.publish_processor_seconds,
        "cases": [{"case": case, "who": who, **median(runs)} for (case, who), runs in results.items()],
        "bulk": [
            {
                "points": size,
                "per_second": size * statistics.median(told.per_second for told, _ in runs),
                "shapely_per_second": statistics.median(rate for _, rate in runs),
                "ratio": statistics.median(size * told.per_second / rate for told, rate in runs),
                "per_core_second": size * 1e6 / statistics.median(told.processor_us for told, _ in runs),
                "p99_ms": statistics.median(told.p99_ms for told, _ in runs),
                "errors": sum(told.errors for told, _ in runs),
            }
            for size, runs in bulk.items()
        ],
        "memory_mb": memory,
        "publication": {
            "per_second": under.per_second, "p99_ms": under.p99_ms, "errors": under.errors,
            "stale_after_a_second": stale, "seconds_to_new": seconds,
        },
    }  # fmt: skip


if __name__ == "__main__":
    main()
