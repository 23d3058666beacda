"""Kills at random moments: nothing by halves, nothing acknowledged lost, and the service comes back by itself."""

from __future__ import annotations

import pytest
from drill import DEEDS, KILLS, running_drill

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
