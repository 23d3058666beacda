"""Kills at random moments: nothing by halves, nothing acknowledged lost, and the service comes back by itself."""

from __future__ import annotations

import json
import os
import statistics
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from drill import DEEDS, KILLS, Drill, running_drill
from served import Served, folder_for_service, service_in
from soak import PUBLISH_SECONDS, Soak, soak

SEED = 20261126
ROUNDS = [
    ("assign", "backend", ""),
    ("publish", "postgres", "backend"),
    ("upload", "worker", ""),
    ("import", "postgres", ""),
    ("ledger", "command", ""),
    ("backup", "command", ""),
    ("assign", "supervisor", ""),
    ("publish", "everything", "postgres"),
]


def test_ten_kills_lose_nothing_and_leave_nothing_by_halves():
    with running_drill(SEED) as drill:
        for deed, kind, again in ROUNDS:
            print(drill.round(deed, kind, again))  # noqa: T201  shown where it fails
    told = drill.outcome
    assert told.faults == []
    assert told.kills >= 7  # a command may have ended, and a database not have begun, before it was to be killed
    assert told.acknowledged > 10


def test_rounds_cover_every_deed():
    assert {deed for deed, _, _ in ROUNDS} == set(DEEDS)
    assert {kind for _, kind, _ in ROUNDS} <= set(KILLS)
    assert len(ROUNDS) + sum(again != "" for _, _, again in ROUNDS) == 10


@pytest.mark.long
def test_a_thousand_kills_lose_nothing():
    """`JIEXIANG_KILLS` and `JIEXIANG_SEED` say how many and which, `JIEXIANG_MINUTES` how long at most.

    `JIEXIANG_REPORT` names a file for what they have come to, which is renewed round by round: a long run may be cut
    short. Beside it, with `.log`, lies a line for each round.
    """
    seed = int(os.environ.get("JIEXIANG_SEED") or SEED)
    wanted = int(os.environ.get("JIEXIANG_KILLS") or 1_000)
    over = time.monotonic() + 60 * float(os.environ.get("JIEXIANG_MINUTES") or "inf")
    report = os.environ.get("JIEXIANG_REPORT")
    with running_drill(seed) as drill:
        while drill.outcome.kills < wanted and time.monotonic() < over and not drill.outcome.faults:
            line = drill.any_round()
            if report:
                write_report(Path(report), seed, drill, line)
    assert drill.outcome.faults == []
    assert drill.outcome.kills >= wanted, "the time was over before"


def write_report(path: Path, seed: int, drill: Drill, line: str) -> None:
    at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    told = asdict(drill.outcome)
    waits = sorted(told.pop("recoveries"))
    told["recovery"] = (
        {
            "median": round(statistics.median(waits), 1),
            "of 100 the 99th": round(waits[int(len(waits) * 0.99)], 1),
            "longest": round(waits[-1], 1),
        }
        if waits
        else {}
    )
    path.write_text(json.dumps({"seed": seed, "until": at, "load": os.getloadavg(), **told}, indent=1) + "\n")
    with path.with_suffix(".log").open("a") as log:
        log.write(f"{at} {line}\n")
        log.writelines(f"{at} FAULT {fault}\n" for fault in told["faults"])


@pytest.mark.long
def test_a_soak_grows_in_nothing():
    """Half of what it can do, with publications, for an hour or `JIEXIANG_SOAK_SECONDS`.

    The last quarter of the time is compared with the second (the first is for warming up): memory may be 5 % and 20 MB
    more, connections of the database and open files no more than one for each worker, the median of the latencies a
    quarter and 2 ms more. `JIEXIANG_REPORT` names a file for what was measured.
    """
    seconds = float(os.environ.get("JIEXIANG_SOAK_SECONDS") or 3600)
    with folder_for_service() as folder, service_in(Served(folder, extra={"JIEXIANG_REQUESTS_PER_SECOND": "0"})) as one:
        told = soak(one, seconds, tell=write_soak)
        workers = one.workers
    print(told)  # noqa: T201  shown where it fails
    second, last = told.parts[1], told.parts[3]
    assert set(told.statuses) == {200, 201}
    assert told.publications >= seconds / PUBLISH_SECONDS / 2
    assert last.memory_mb <= second.memory_mb * 1.05 + 20
    assert last.database_mb <= second.database_mb * 1.05 + 20
    assert last.connections <= second.connections + workers
    assert last.files <= second.files + workers
    assert last.median_ms <= second.median_ms * 1.25 + 2


def write_soak(told: Soak) -> None:
    if report := os.environ.get("JIEXIANG_REPORT"):
        about = {"until": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}", "load": os.getloadavg()}
        measured = vars(told) | {"parts": [asdict(part) for part in told.parts]}
        Path(report).write_text(json.dumps(about | measured, indent=1) + "\n")
