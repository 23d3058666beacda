"""A made-up province of 100,000 grids beside the county: `python -m bench.serve.province [--seconds 5]`.

Measured: how long it takes to fill and to start, what a worker holds, and point look-ups of both, in turn. The
province is put in force by hand: each of its counties would publish its own plan, as the county here does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from app.settings import StoreSettings
from app.store.cluster import open_cluster
from bench.serve.asking import Box, Measured, addresses, measure
from bench.serve.county import draw_county
from bench.serve.filled import fill
from bench.serve.servers import run_ours

SIDE, COMMUNITIES = 317, 50
"""Grids along a side, and communities: 100,489 grids of 2,500 communities."""
STEP = 0.005
EDGES = 16
"""Edges of each side of a grid."""
AIM = 0.7
COLUMNS = (
    *("", "grids", "taken in, s", "published, s", "started, s", "memory, MB (most)"),
    *("points/s (p99 ms)", "processor, µs", "errors"),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--results", type=Path, default=Path("bench/results"))
    given = parser.parse_args()
    communities = COMMUNITIES if given.side == SIDE else max(1, given.side // 3)
    plans = {
        "county": draw_county(),
        "province": draw_county(side=given.side, communities=communities, step=STEP, edges=EDGES),
    }
    record: dict = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": f"{os.cpu_count()} cores", "places": {}}
    results: dict[str, list[Measured]] = {name: [] for name in plans}
    with ExitStack() as stack:
        started, scripts = {}, {}
        for name, plan in plans.items():
            folder = Path(tempfile.mkdtemp(prefix=f"jiexiang-bench-{name}-"))
            folder.chmod(0o755)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            url = stack.enter_context(open_cluster(folder / "data")).url
            settings = StoreSettings(url, folder, statement_seconds=3600)
            filled = asyncio.run(fill(settings, plan, buildings=False, publishing=name == "county"))
            began = time.perf_counter()
            started[name] = stack.enter_context(run_ours(url, folder))
            record["places"][name] = {
                "grids": len(plan.grids),
                "import_seconds": filled.import_seconds,
                "publish_seconds": filled.publish_seconds,
                "start_seconds": time.perf_counter() - began,
            }
            west, south, east, north = plan.grids.total_bounds
            size = min(east - west, north - south) * 0.9
            box = Box(west + size * 0.05, south + size * 0.05, size)
            scripts[name] = addresses("/locate?lon=%.7f&lat=%.7f", "lon, lat", filled.codes[:900], filled.key, box)
        for script, server in zip(scripts.values(), started.values(), strict=True):
            measure(server, script, 1)  # what is prepared at the first question is no part of it
        for _ in range(given.rounds):
            for name, server in started.items():
                results[name].append(measure(server, scripts[name], given.seconds))
        for name, server in started.items():
            now, most = server.memory_mb()
            runs = results[name]
            record["places"][name] |= {
                "per_second": statistics.median(run.per_second for run in runs),
                "p99_ms": statistics.median(run.p99_ms for run in runs),
                "processor_us": statistics.median(run.processor_us for run in runs),
                "errors": sum(run.errors for run in runs),
                "memory_mb": now,
                "most_memory_mb": most,
            }
    record["load"] = round(os.getloadavg()[0], 1)
    text = as_markdown(record)
    print(text)
    file = given.results / f"{record['date']}-province"
    file.with_suffix(".md").write_text(text, encoding="utf-8")
    file.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def as_markdown(record: dict) -> str:
    """Make the page that is kept."""
    places = record["places"]
    rows = [
        f"| {name} | {one['grids']:,} | {one['import_seconds']:.0f} | {one['publish_seconds']:.0f} | "
        f"{one['start_seconds']:.0f} | {one['memory_mb']:.0f} ({one['most_memory_mb']:.0f}) | "
        f"{one['per_second']:,.0f} ({one['p99_ms']:.0f}) | {one['processor_us']:.0f} | {one['errors']} |"
        for name, one in places.items()
    ]
    ratio = places["province"]["per_second"] / places["county"]["per_second"]
    by_core = places["county"]["processor_us"] / places["province"]["processor_us"]
    return "\n".join(
        [
            f"# a province, {record['date']}",
            "",
            f"One run on {record['machine']} at a load of {record['load']}; one worker each, in turn.",
            "",
            f"| {' | '.join(COLUMNS)} |",
            f"|{'---|' * len(COLUMNS)}",
            *rows,
            "",
            f"- Look-ups of the province: {ratio:.2f} of the county's ({by_core:.2f} by the core; aim {AIM:g}).",
            "",
        ]
    )


if __name__ == "__main__":
    main()
