"""Kills at random moments: nothing by halves, nothing acknowledged lost, and the service comes back by itself."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from drill import DEEDS, KILLS, running_drill
from soak import soak

from app.store.cluster import explain_missing

SEED = 20261126


@pytest.fixture(scope="module")
def drill(tmp_path_factory):
    if missing := explain_missing(tmp_path_factory.mktemp("none") / "data"):
        pytest.skip(f"no PostGIS here: {' '.join(missing)}")
    with running_drill(SEED) as running:
        yield running


ROUNDS = [
    ("assign", "backend"),
    ("assign", "postgres"),
    ("publish", "backend"),
    ("publish", "postgres"),
    ("upload", "worker"),
    ("upload", "postgres"),
    ("import", "command"),
    ("backup", "command"),
    ("assign", "supervisor"),
    ("publish", "everything"),
]


def test_ten_kills_lose_nothing_and_leave_nothing_by_halves(drill):
    for deed, kind in ROUNDS:
        drill.round(deed, kind)
    told = drill.outcome
    print(told)  # noqa: T201  shown where it fails
    assert told.faults == []
    assert told.kills >= 8  # a command may have ended before it was to be killed
    assert told.acknowledged > 20


def test_rounds_cover_every_deed():
    assert {deed for deed, _ in ROUNDS} == set(DEEDS)
    assert {kind for _, kind in ROUNDS} <= set(KILLS)


@pytest.mark.long
def test_a_thousand_kills_lose_nothing():
    """`JIEXIANG_KILLS` and `JIEXIANG_SEED` say how many and which; `JIEXIANG_REPORT` names a file for the outcome."""
    seed = int(os.environ.get("JIEXIANG_SEED") or SEED)
    wanted = int(os.environ.get("JIEXIANG_KILLS") or 1_000)
    with running_drill(seed) as drill:
        while drill.outcome.kills < wanted:
            drill.round(drill.chance.choice(DEEDS), drill.chance.choice(KILLS))
            if report := os.environ.get("JIEXIANG_REPORT"):  # as it goes: a long run may be cut short
                told = {"seed": seed, "day": f"{datetime.now(UTC):%Y-%m-%d}", **asdict(drill.outcome)}
                Path(report).write_text(json.dumps(told, indent=1) + "\n")
            assert drill.outcome.faults == []


@pytest.mark.long
def test_a_soak_grows_in_nothing():
    """Half of what it can do, with publications, for an hour or `JIEXIANG_SOAK_SECONDS`.

    What it can do is measured first, by as many look-ups as one client gets answered. Then the last quarter of the time
    is compared with the second (the first is for warming up): memory of all processes together may be 5 % and 20 MB
    more, connections of the database no more, the median of the latencies a quarter and 2 ms more.
    """
    seconds = float(os.environ.get("JIEXIANG_SOAK_SECONDS") or 3600)
    with running_drill(SEED) as drill:
        parts = soak(drill, seconds)
    print(parts)  # noqa: T201  shown where it fails, and wanted where it does not
    second, last = parts[1], parts[3]
    assert drill.outcome.faults == []
    assert last.memory_mb <= second.memory_mb * 1.05 + 20
    assert last.connections <= second.connections
    assert last.median_ms <= second.median_ms * 1.25 + 2
