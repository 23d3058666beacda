"""Divide the same places by this project and its peers, side by side, and print one table.

python -m bench.divide [--places town,nanjing,guixi,houses] [--peers metis,skater,gerrychain,ours]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.divide.houses import build_houses, houses_place
from bench.divide.places import PLACES, ROOT, SHARED, Place
from bench.divide.processes import machine, run_alone
from bench.divide.scores import score
from bench.divide.table import Row, as_markdown
from bench.divide.wuhan_inputs import build_wuhan, wuhan_place

RESULTS = ROOT / "bench" / "results"
STREETS = SHARED / "data" / "wuhan" / "streets.parquet"
HOUSES = "houses"  # where every community has more than 500 units
ORDER = ("metis", "skater", "gerrychain", "ours")
SLOW = {"skater"}
LIMIT_S = 900.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.divide", description=__doc__.splitlines()[0])
    parser.add_argument("--places", default="town,nanjing,guixi,houses")
    parser.add_argument("--peers", default=",".join(ORDER))
    parser.add_argument(
        "--repeats", type=int, default=3, help="repetitions of each but the slow ones; their median counts"
    )
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "wuhan")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    given.results.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for place in find_places(given.places.split(","), given.cache):
            for peer in given.peers.split(","):
                out = Path(folder) / f"{place.name}_{peer}.gpkg"
                print(f"{place.name}: {peer} …", file=sys.stderr, flush=True)
                run = run_alone(peer, place, out, repeats=1 if peer in SLOW else given.repeats, limit_s=LIMIT_S)
                rows.append(Row(place.name, peer, run, score(place, out)))
    report(rows, "divide", given.results, explain(rows))


def find_places(names: list[str], cache: Path) -> Iterator[Place]:
    """Find places by name; one whose files are not here is left out, in words."""
    for name in names:
        place = houses_place(cache) if name == HOUSES else PLACES[name]
        if name == HOUSES and not place.present and STREETS.exists():
            first = wuhan_place(cache, 50)
            if not first.present:
                build_wuhan(STREETS, cache)
            build_houses(first, cache)
        if place.present:
            yield place
        else:
            print(f"{name} is left out: its files are not on this machine", file=sys.stderr)


def explain(rows: list[Row]) -> str:
    """Say what each ratio that was promised came to."""
    seconds = {(row.place, row.peer): row.seconds for row in rows}
    cost = {(row.place, row.peer): row.score.get("cost") for row in rows}
    lines = []
    for place in dict.fromkeys(row.place for row in rows):
        ours, metis, skater = (seconds.get((place, peer)) for peer in ("ours", "metis", "skater"))
        if ours and metis:
            limit = max(20 * metis, 10.0)
            lines.append(f"- {place}: dividing took {ours:.2f} s; the limit max(20 × METIS, 10 s) is {limit:.1f} s.")
        if ours and skater and place == HOUSES:
            lines.append(f"- {place}: SKATER took {skater / ours:.1f} times as long as this project.")
        ours_cost, metis_cost = cost.get((place, "ours")), cost.get((place, "metis"))
        if ours_cost and metis_cost:
            lines.append(f"- {place}: border cost is {ours_cost / metis_cost:.2f} of METIS's.")
    return "\n".join(lines)


def report(rows: list[Row], name: str, folder: Path, remarks: str) -> None:
    """Print the table, and keep it with its numbers under today's date."""
    today = datetime.now(UTC).date().isoformat()
    text = f"# {name}, {today}\n\nOne run on {machine()}.\n\n{as_markdown(rows)}\n{remarks}\n"
    print(text)
    (folder / f"{today}-{name}.md").write_text(text, encoding="utf-8")
    records = {"date": today, "machine": machine(), "rows": [row.as_record() for row in rows]}
    (folder / f"{today}-{name}.json").write_text(json.dumps(records, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
