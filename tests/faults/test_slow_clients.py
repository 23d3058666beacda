"""Clients that are slow, silent or gone: others are answered within time, and nothing is kept for them."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from served import Served, until
from soak import LOOK_UP

ANSWERED_SECONDS = 5.0
"""However busy the machine is."""
LET_GO_SECONDS = 75.0
"""The longest limit is 30 s for a whole request; the rest is for a busy machine."""
ESTABLISHED, CLOSE_WAIT = "01", "08"


def call(served: Served, *parts: bytes, room: int | None = None) -> socket.socket:
    """Open a connection, with little room for what comes back where that is wanted, and send something."""
    made = socket.socket()
    if room is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    made.connect(("127.0.0.1", served.port))
    made.sendall(b"".join(parts))
    return made


def head(served: Served, line: str, length: int | None = None, kind: str = "application/json") -> bytes:
    """Write the head of a request."""
    told = "" if length is None else f"Content-Length: {length}\r\nContent-Type: {kind}\r\n"
    return f"{line} HTTP/1.1\r\nHost: jiexiang\r\nAuthorization: Bearer {served.key}\r\n{told}\r\n".encode()


def connections(served: Served) -> int:
    """Return how many connections the service keeps, as the kernel knows them."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{served.port:04X}") and row[3] in (ESTABLISHED, CLOSE_WAIT) for row in rows)


@contextmanager
def dripping(sockets: list[socket.socket]) -> Iterator[None]:
    """Send a byte a second over each while the block runs."""
    over = threading.Event()

    def drip() -> None:
        while not over.wait(1.0):
            for one in sockets:
                with contextlib.suppress(OSError):
                    one.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def longest_answer(served: Served) -> float:
    longest = 0.0
    for _ in range(100):
        began = time.monotonic()
        assert served.client.get("/locate", params=LOOK_UP).status_code == 200
        longest = max(longest, time.monotonic() - began)
    return longest


def expect_nobody_is_held_up(served: Served, made: list[socket.socket], drip: list[socket.socket], kept: int) -> None:
    """Expect that others are answered beside such connections, and that all of these are let go."""
    with contextlib.ExitStack() as stack:
        for one in made:
            stack.enter_context(one)
        with dripping(drip):
            assert connections(served) >= kept + len(made)
            assert longest_answer(served) < ANSWERED_SECONDS
            until(lambda: connections(served) <= kept, seconds=LET_GO_SECONDS, every=0.5)


def test_clients_that_dawdle_over_what_they_want_hold_nobody_up_and_are_let_go(served):
    served.client.get("/locate", params=LOOK_UP)
    kept = connections(served)
    idle = [call(served) for _ in range(20)]
    heads = [call(served, b"GET /locate HTTP/1.1\r\nX-Slow: ") for _ in range(40)]
    nameless = b"POST /plans HTTP/1.1\r\nHost: jiexiang\r\nContent-Length: 1000\r\n\r\n"
    answered = [call(served, nameless) for _ in range(20)]
    expect_nobody_is_held_up(served, [*idle, *heads, *answered], [*heads, *answered], kept)


@pytest.mark.long
def test_clients_that_dawdle_over_a_body_or_read_nothing_hold_nobody_up_and_are_let_go(served):
    served.client.get("/locate", params=LOOK_UP)
    kept = connections(served)
    bodies = [call(served, head(served, "POST /assignments", 1000)) for _ in range(20)]
    many = json.dumps({"points": [[105.0025, 30.0002]] * 60_000, "distances": True}).encode()
    silent = [call(served, head(served, "POST /locate", len(many)), many, room=2048) for _ in range(3)]
    expect_nobody_is_held_up(served, [*bodies, *silent], bodies, kept)


def test_who_no_longer_waits_for_changes_leaves_the_place_to_others(served):
    newest = served.client.get("/changes", params={"limit": 1000}).json()["last"]
    asked = head(served, f"GET /changes?since={newest}&wait=25")
    gone = [call(served, asked) for _ in range(12)]
    time.sleep(1.0)  # they wait by now, as many as may
    for one in gone:
        one.close()

    def wait(_: int) -> int:
        with httpx.Client(base_url=served.address, headers=served.headers, timeout=30) as client:
            return client.get("/changes", params={"since": newest, "wait": 1}).status_code

    def nobody_is_refused() -> bool:
        with ThreadPoolExecutor(4) as threads:
            return set(threads.map(wait, range(4))) == {200}

    until(nobody_is_refused, seconds=8.0)


def test_an_upload_that_breaks_off_leaves_nothing_and_is_no_fault_of_ours(served):
    before = served.client.get("/plans").json()
    said = served.log_size()
    kind = "application/geopackage+sqlite3"
    for _ in range(3):
        call(served, head(served, "POST /plans", 1_000_000, kind), b"SQLite format 3\x00" * 30_000).close()
    until(lambda: not list((served.folder / "tmp").glob("jiexiang-upload-*")), seconds=10.0)
    assert served.client.get("/plans").json() == before
    lines = [json.loads(line) for line in served.log_since(said).splitlines()]
    ours = [line for line in lines if line["level"] == "error" or line.get("status", 0) >= 500]
    assert ours == []
