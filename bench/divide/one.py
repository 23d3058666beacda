"""Run one peer on one place in a process of its own; `python -m bench.divide.one` prints what it measured as JSON.

The clock starts when the layers are in memory and stops when the grids are; reading and writing lie outside.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from bench.divide.places import Place

__all__ = ["Measured", "run_peer"]

Result = TypeVar("Result")


@dataclass(frozen=True)
class Measured:
    """What one peer did on one place."""

    seconds: list[float]
    """One number a repetition, by the clock on the wall."""
    cpu_seconds: list[float]
    """The same in processor time of this process, which other work on the machine disturbs less;
    empty with workers, whose time it does not hold."""
    proof_seconds: float
    """What the search for proofs of infeasibility added; only this project looks for any."""
    failures: list[str]
    """Communities on which the peer failed."""


def run_peer(peer: str, place: Place, out: Path, *, repeats: int, workers: int, proofs: bool) -> Measured:
    """Divide a place as often as asked, and write the last result."""
    if peer == "ours":
        return _run_ours(place, out, repeats, workers, proofs=proofs)
    from bench.divide.peers import PEERS, divide, divide_on_workers

    frames = place.read()
    if workers > 1:
        with divide_on_workers(frames, peer, workers) as divide_once:
            seconds, cpu_seconds, (grids, failures) = _timed(divide_once, repeats)
    else:
        seconds, cpu_seconds, (grids, failures) = _timed(lambda: divide(frames, PEERS[peer]), repeats)
    grids.to_file(out, layer="grids", driver="GPKG")
    return Measured(seconds, cpu_seconds if workers == 1 else [], 0.0, failures)


def _run_ours(place: Place, out: Path, repeats: int, workers: int, *, proofs: bool) -> Measured:
    from bench.divide import ours

    layers = ours.read(place)
    ours.warm(layers)
    seconds, cpu_seconds, (plan, failures) = _timed(lambda: ours.divide(layers, workers, prove=False), repeats)
    proof_seconds = 0.0
    if proofs:
        with_proofs, _, (plan, failures) = _timed(lambda: ours.divide(layers, workers, prove=True), 1)
        proof_seconds = max(0.0, with_proofs[0] - min(seconds))
    ours.write(plan, out)
    return Measured(seconds, cpu_seconds if workers == 1 else [], proof_seconds, failures)


def _timed(function: Callable[[], Result], repeats: int) -> tuple[list[float], list[float], Result]:
    seconds, cpu_seconds = [], []
    for _ in range(repeats):
        began, cpu_began = time.perf_counter(), time.process_time()
        result = function()
        seconds.append(time.perf_counter() - began)
        cpu_seconds.append(time.process_time() - cpu_began)
    return seconds, cpu_seconds, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer")
    parser.add_argument("place", help="the fields of a place as JSON")
    parser.add_argument("out", type=Path)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--no-proofs", dest="proofs", action="store_false")
    given = parser.parse_args()
    place = Place(**json.loads(given.place))
    measured = run_peer(given.peer, place, given.out, repeats=given.repeats, workers=given.workers, proofs=given.proofs)
    print(json.dumps(asdict(measured)))


if __name__ == "__main__":
    main()
