"""Divide all of Wuhan, four million households, by this project and by METIS, with two workers.

python -m bench.divide.wuhan [--cache FOLDER] [--sizes 50,200,800,all] [--peers metis,ours] [--workers 2]
                               [--limit MINUTES]

The table is written anew after each size, so that a run that is stopped has said what it knows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyogrio

from bench.divide.__main__ import RESULTS, STREETS, report
from bench.divide.places import Place
from bench.divide.processes import run_alone
from bench.divide.scores import score
from bench.divide.table import Row
from bench.divide.wuhan_inputs import SIZES, build_wuhan, wuhan_place

GIB = 1024.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.divide.wuhan", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "wuhan", help="where inputs are kept"
    )
    parser.add_argument("--streets", type=Path, default=STREETS)
    parser.add_argument("--sizes", default=",".join(map(str, (*SIZES, "all"))))
    parser.add_argument("--peers", default="metis,ours")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--score", default="all", help="sizes to score: scoring all of Wuhan takes a minute or two")
    parser.add_argument("--limit", type=float, default=60.0, help="minutes after which one peer on one size is stopped")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    sizes, scored = given.sizes.split(","), set(given.score.split(","))
    if not all(wuhan_place(given.cache, size).present for size in sizes):
        if not given.streets.exists():
            sys.exit(f"{given.streets} is not on this machine: give --streets FILE.parquet")
        print(f"building the inputs in {given.cache} …", file=sys.stderr, flush=True)
        build_wuhan(given.streets, given.cache)
    given.results.mkdir(parents=True, exist_ok=True)
    rows = []
    for size in sizes:
        place = wuhan_place(given.cache, size)
        facts = count(place)
        for peer in given.peers.split(","):
            print(f"{place.name}: {peer} …", file=sys.stderr, flush=True)
            out = given.cache / f"{place.name}_{peer}_plan.gpkg"
            out.unlink(missing_ok=True)
            run = run_alone(peer, place, out, workers=given.workers, proofs=False, limit_s=60 * given.limit)
            rows.append(Row(place.name, peer, run, score(place, out) if size in scored else {}, facts))
            if peer == "metis":  # as most people would run it
                alone = run_alone(peer, place, out, workers=1, proofs=False, limit_s=60 * given.limit)
                rows.append(Row(place.name, "metis, one process", alone, {}, facts))
        report(rows, "wuhan", given.results, explain(rows))


def count(place: Place) -> dict[str, int]:
    """Count communities and households."""
    path = place.communities.rpartition(":")[0]
    households = pyogrio.read_dataframe(path, layer="buildings", columns=["households"], read_geometry=False).households
    communities = pyogrio.read_info(path, layer="communities")["features"]
    return {"communities": int(communities), "households": int(households.sum()), "buildings": len(households)}


def explain(rows: list[Row]) -> str:
    """Say sizes, memory, the ratio to METIS, and how seconds grow with households."""
    lines = []
    for row in rows:
        facts = f"{row.facts['communities']} communities, {row.facts['households']:,} households"
        memory = f"{row.run.peak_all_mib / GIB:.2f} GiB in all, {row.run.peak_one_mib / GIB:.2f} GiB in one process"
        lines.append(f"- {row.place}, {row.peer}: {facts}; {memory}.")
    for peer in dict.fromkeys(row.peer for row in rows):
        sized = [row for row in rows if row.peer == peer and row.place != "wuhan_all"]
        grown = [(row.facts["households"], row.seconds) for row in sized if row.seconds]
        if len(grown) > 1:
            lines.append(f"- {peer}: seconds grow with households to the power of {exponent(grown):.2f}.")
    return "\n".join(lines)


def exponent(pairs: list[tuple[int, float]]) -> float:
    """Fit seconds = a × households^b and return b."""
    households, seconds = np.log(np.array(pairs, float)).T
    return float(np.polyfit(households, seconds, 1)[0])


if __name__ == "__main__":
    main()
