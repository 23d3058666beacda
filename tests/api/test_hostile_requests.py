"""Whatever the OpenAPI document allows and more, as each role, against a scratch database: answered as it promises.

Every check of schemathesis is on: statuses, content types, headers and schemas as documented; what the document refuses
is refused, what it allows is taken; no method that it does not name, no answer without a key, nothing found that was
deleted. `tests/api/schemathesis.toml` names what is left out, and why.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from live_service import AREAS, fill

from app.store.connect import open_store

SEED = "20261126"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
BODIES = Path(__file__).with_name("schemathesis_hooks.py")
HERE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Running:
    """A service in a process of its own, and a key of every role."""

    address: str
    keys: dict[str, str]
    log: Path


@pytest.fixture(scope="module")
def running(postgis, tmp_path_factory) -> Iterator[Running]:
    """Run the service over a scratch database."""
    log = tmp_path_factory.mktemp("hostile") / "log"
    with postgis.database() as settings, socket.socket() as listener, log.open("wb") as written:
        keys = asyncio.run(_fill(settings))
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = [sys.executable, "-m", "uvicorn", "app.api.server:create_worker", "--factory", "--fd"]
        options = [str(listener.fileno()), "--no-access-log", "--no-proxy-headers", "--log-level", "warning"]
        environ = {
            **os.environ,
            "DATABASE_URL": settings.database_url,
            "JIEXIANG_REQUESTS_PER_SECOND": "0",
            "PYTHONPATH": str(HERE),
        }
        with subprocess.Popen(
            [*command, *options], env=environ, pass_fds=[listener.fileno()], stderr=written
        ) as process:
            try:
                _await(f"{address}/health/ready")
                yield Running(address, keys, log)
            finally:
                process.terminate()


async def _fill(settings) -> dict[str, str]:
    async with open_store(settings.database_url, settings) as store:
        keys, _, _ = await fill(store)
    return keys


def _await(address: str) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def ask_everything(running: Running, role: str, phases: str, *, examples: int = 1, methods: Sequence[str] = ()) -> str:
    """Let schemathesis ask everything as a role, or only by some methods.

    Return what it has against the answers, or nothing.
    """
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIGURATION, "run"]
    options = ["--seed", SEED, "--max-examples", str(examples), "--no-color", "--workers", "1"]
    limits = ["--phases", phases, "--request-timeout", "60", "--warnings", "off"]
    limits += [part for method in methods for part in ("--include-method", method)]
    key = ["--header", f"Authorization: Bearer {running.keys[role]}"]
    done = subprocess.run(
        [*command, f"{running.address}/openapi.json", *options, *limits, *key],
        capture_output=True,
        text=True,
        timeout=3600,
        cwd=running.log.parent,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(BODIES)},
    )
    assert "Test cases:" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout[-8000:] if done.returncode else ""


@pytest.mark.parametrize(
    ("role", "phases", "methods"),
    [("county", "coverage", ("POST", "DELETE")), ("worker", "examples,fuzzing,stateful", ())],
)
def test_every_answer_is_as_the_document_has_it(running, role, phases, methods):
    """At every edge what may be changed, as one who may change most; at random all, as one who may see least."""
    told = ask_everything(running, role, phases, methods=methods)
    assert not told, told


@pytest.mark.long
@pytest.mark.parametrize("role", AREAS)
def test_every_answer_to_any_role_is_as_the_document_has_it(running, role):
    told = ask_everything(running, role, "examples,coverage,fuzzing,stateful", examples=15)
    assert not told, told


def test_nothing_that_was_asked_was_a_fault_of_ours(running):
    assert '"level":"error"' not in running.log.read_text().replace('": "', '":"')
