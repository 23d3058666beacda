"""A database that hangs or starts again under the service: 503 within bounds meanwhile, and all is well afterwards."""

from __future__ import annotations

import asyncio
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from aftermath import look
from served import Served, until
from soak import LOOK_UP

BOUND_SECONDS = 25.0
"""Ten for a connection of the pool, four for a statement, the rest for a busy machine; a request has 30 in all."""
CLIENTS = 24
BACK_SECONDS = 60.0
ASKED = (("GET", "/people"), ("GET", "/locate"), ("GET", "/plans"), ("GET", "/health/ready"))


@contextmanager
def locked(served: Served, table: str) -> Iterator[None]:
    """Hold a lock for which every reader of a table waits, while the block runs."""
    ready, over = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(served.url)
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")  # a name of ours
            ready.set()
            await asyncio.to_thread(over.wait)
        await connection.close()

    holding = threading.Thread(target=lambda: asyncio.run(hold()))
    holding.start()
    try:
        assert ready.wait(10)
        yield
    finally:
        over.set()
        holding.join()


def ask(served: Served, method: str, path: str) -> tuple[int, float, httpx.Headers]:
    """Ask over a connection of its own; status 0 where it is cut off."""
    began = time.monotonic()
    try:
        with httpx.Client(base_url=served.address, headers=served.headers, timeout=60) as client:
            answer = client.request(method, path, params=LOOK_UP if path == "/locate" else {})
    except httpx.TransportError:
        return 0, time.monotonic() - began, httpx.Headers()
    return answer.status_code, time.monotonic() - began, answer.headers


def test_when_every_connection_hangs_others_are_put_off_in_bounded_time(served, drill):
    with locked(served, "people"), ThreadPoolExecutor(CLIENTS) as threads:
        answers = list(threads.map(lambda _: ask(served, "GET", "/people"), range(CLIENTS)))
    assert {status for status, _, _ in answers} == {503}
    assert all("retry-after" in headers for _, _, headers in answers)
    assert max(seconds for _, seconds, _ in answers) < BOUND_SECONDS
    until(lambda: drill.assign(1) == 1, seconds=BACK_SECONDS)
    assert {ask(served, *asked)[0] for asked in ASKED} == {200}
    assert drill.outcome.faults == []
    assert look(drill, whole=False) == []


def restart(served: Served, mode: str) -> Callable[[], None]:
    """Return what restarts the database as its administrator would, by `pg_ctl`."""
    tool = max(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    home = served.folder / "data" / "postgres"
    words = [tool, "restart", "-D", home, "-m", mode, "-w", "-t", "30", "-l", served.folder / "data" / "postgres.log"]
    owner = home.stat()

    def go() -> None:  # what it says is of no interest: the service may start the database before it does
        subprocess.run(words, user=owner.st_uid, group=owner.st_gid, cwd="/", capture_output=True, timeout=90)

    return go


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_database_that_is_restarted_under_load_is_met_with_503_alone(served, drill, mode):
    over = threading.Event()
    seen: Counter[int] = Counter()
    lone: list[str] = []

    def keep_asking(place: int) -> None:
        while not over.is_set():
            status, _, headers = ask(served, *ASKED[place % len(ASKED)])
            seen[status] += 1
            if status == 503 and "retry-after" not in headers:
                lone.append(ASKED[place % len(ASKED)][1])

    asking = [threading.Thread(target=keep_asking, args=(place,)) for place in range(8)]
    for one in asking:
        one.start()
    try:
        drill.assign(3)
        restart(served, mode)()
        until(lambda: drill.assign(1) == 1, seconds=BACK_SECONDS)
        time.sleep(1.0)
    finally:
        over.set()
        for one in asking:
            one.join()
    assert set(seen) <= {200, 503}, seen
    assert lone == []
    assert drill.outcome.faults == []
    until(lambda: {ask(served, *asked)[0] for asked in ASKED} == {200}, seconds=BACK_SECONDS)
    assert look(drill, whole=True) == []
