"""Walk from 100,000 homes to the nearest of 500 facilities of five classes, beside pandana, in one run.

python -m bench.walking [--walkers ours,scipy,pandana]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.divide.processes import machine
from bench.walking.places import make_town
from bench.walking.walkers import FARTHEST_M, WALKERS

RESULTS = Path(__file__).parents[1] / "results"
AIM = 15.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.walking", description=__doc__.splitlines()[0])
    parser.add_argument("--walkers", default=",".join(WALKERS))
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    town = make_town()
    asked = [name for name in given.walkers.split(",") if name != "pandana" or importlib.util.find_spec("pandana")]
    if len(asked) < len(given.walkers.split(",")):
        print("pandana is left out: it is not installed (make bench-setup)", file=sys.stderr)
    seconds, elapsed, found = {}, {}, {}
    for name in asked:
        began, began_cpu = time.perf_counter(), time.process_time()
        found[name] = WALKERS[name](town)
        seconds[name] = round(time.process_time() - began_cpu, 3)
        elapsed[name] = round(time.perf_counter() - began, 3)
        print(f"{name}: {seconds[name]:.2f} s of a core", file=sys.stderr, flush=True)
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "homes": len(town.homes),
        "nodes": len(town.footways.nodes),
        "edges": len(town.footways.start),
        "facilities": int(town.facilities.size),
        "classes": len(town.facilities),
        "core_seconds": seconds,
        "elapsed_seconds": elapsed,
        "largest_difference_m": differences(found),
    }
    text = as_markdown(record)
    print(text)
    given.results.mkdir(parents=True, exist_ok=True)
    file = given.results / f"{record['date']}-walking"
    file.with_suffix(".md").write_text(text, encoding="utf-8")
    file.with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def differences(found: dict[str, np.ndarray]) -> dict[str, float]:
    """Return how far others are from ours at most; pandana says its farthest where there is no way."""
    reference = np.minimum(found["ours"], FARTHEST_M) if "ours" in found else None
    others = [name for name in found if name in ("scipy", "pandana") and reference is not None]
    return {name: float(np.abs(np.minimum(found[name], FARTHEST_M) - reference).max()) for name in others}


def as_markdown(record: dict) -> str:
    """Make the page that is kept."""
    seconds, ours = record["core_seconds"], record["core_seconds"].get("ours")
    elapsed = record["elapsed_seconds"]
    rows = [
        f"| {name} | {spent:.2f} | {spent / ours:.1f} | {elapsed[name]:.2f} | {differs(record, name)} |" if ours else ""
        for name, spent in seconds.items()
    ]
    lines = [
        f"# walking, {record['date']}",
        "",
        (
            f"One run on {record['machine']}: {record['homes']:,} homes, {record['nodes']:,} crossings, "
            f"{record['edges']:,} streets, {record['facilities']} facilities of {record['classes']} classes; "
            "preprocessing included. Seconds of a core count, because other work ran beside."
        ),
        "",
        "| | seconds of a core | times ours | seconds that went by | largest difference, m |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]
    if ours and "pandana" in seconds:
        doors = seconds.get("ours door to door")
        lines.append(f"- pandana took {seconds['pandana'] / ours:.0f} times as long as ours (aim: {AIM:.0f}).")
        if doors:
            lines.append(
                f"- Door to door, with the street of each home found and distances along it exact, "
                f"pandana took {seconds['pandana'] / doors:.0f} times as long; it walks from crossing to crossing only."
            )
    return "\n".join(lines) + "\n"


def differs(record: dict, name: str) -> str:
    difference = record["largest_difference_m"].get(name)
    return "–" if difference is None else f"{difference:g}"


if __name__ == "__main__":
    main()
