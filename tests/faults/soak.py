"""Hours of mixed work at half of what the service can do, and what it takes of the machine meanwhile.

Clients keep a connection each and speak plain HTTP over it: they must cost little beside what they measure, since they
share its machine. What the service can do is measured first, with the same clients and the same mixture asked without
a pause; then each asks at its share of half of that. Where an answer comes late the next request is not made up for.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from served import Served, children

from app.store.connect import Store
from app.store.plans import Act, import_plan
from tests.store.drawn_plans import SIDE, SOUTH, WEST, draw_plan, grid_code

__all__ = ["Part", "Soak", "soak"]

CLIENTS = 8
WAITING = 2
"""How many clients let a request for changes wait."""
MEASURE_SECONDS = 15.0
PUBLISH_SECONDS = 20.0
LOOK_SECONDS = 5.0
LOOK_UP = {"lon": 105.0025, "lat": 30.0002}
"""A point in the small county."""
FIRST_DAY = date(2030, 1, 1)
FIRST_EFFECTIVE = date(2026, 2, 1)
MIXTURE = {"point": 60, "grid": 10, "page": 8, "points": 6, "people": 4, "changes": 4, "assignment": 3, "new": 5}
"""Of a hundred requests; `new` is a point that is asked for over a new connection."""


@dataclass(frozen=True)
class Part:
    """A part of the time: what was answered in it, and what it took."""

    minutes: float
    per_second: float
    median_ms: float
    late_ms: float
    """What 99 of 100 answers did not take."""
    memory_mb: float
    """Of all processes of the service, shared pages by halves; without PostgreSQL."""
    database_mb: float
    """Of all processes of PostgreSQL likewise."""
    connections: int
    """To the database, the most at a time."""
    files: int
    """Open files and sockets of the service, the most at a time."""


@dataclass
class Soak:
    """What a soak came to."""

    capacity: float
    """Requests a second without a pause."""
    wanted: float
    publications: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    parts: list[Part] = field(default_factory=list)


@dataclass
class _Seen:
    """What is seen between two looks back."""

    latencies: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)


def soak(served: Served, seconds: float, *, parts: int = 4, tell: Callable[[Soak], None] = lambda _told: None) -> Soak:
    """Ask for so long, publish now and then, and measure part by part; `tell` hears after each."""
    return asyncio.run(_soak(served, seconds, parts, tell))


async def _soak(served: Served, seconds: float, parts: int, tell: Callable[[Soak], None]) -> Soak:
    asked, statuses, seen = _requests(served), Counter(), _Seen()
    async with _asking(served, asked, statuses, seen, pause=0.0):
        await asyncio.sleep(MEASURE_SECONDS)
    capacity = len(seen.latencies) / MEASURE_SECONDS
    told = Soak(round(capacity, 1), round(capacity / 2, 1), statuses=statuses)
    async with _running(_publish(served, told), *(_wait_for_changes(served, statuses) for _ in range(WAITING))):
        for _ in range(parts):
            seen, began = _Seen(), time.monotonic()
            asking = _asking(served, asked, statuses, seen, pause=CLIENTS / told.wanted)
            async with asking, _running(_look(served, seen)):
                await asyncio.sleep(seconds / parts)
            told.parts.append(_part(seen, time.monotonic() - began))
            tell(told)
    return told


def _part(seen: _Seen, seconds: float) -> Part:
    ordered = sorted(seen.latencies)
    return Part(
        round(seconds / 60, 1),
        round(len(ordered) / seconds, 1),
        round(statistics.median(ordered) * 1000, 2),
        round(ordered[int(len(ordered) * 0.99)] * 1000, 1),
        round(statistics.median(seen.memory), 1),
        round(statistics.median(seen.database), 1),
        max(seen.connections),
        max(seen.files),
    )


# -- what is asked -----------------------------------------------------------------------------------------------


def _requests(served: Served) -> Iterator[tuple[bytes, bool]]:
    """Give one request after the other, and whether it takes a connection of its own."""
    chance = random.Random(1)  # noqa: S311  a mixture, no secret
    days, people = itertools.count(1), itertools.cycle(served.people)
    kinds, weights = list(MIXTURE), list(MIXTURE.values())

    def point() -> tuple[float, float]:
        return round(WEST + chance.random() * 2 * SIDE, 6), round(SOUTH + chance.random() * SIDE, 6)

    def written(kind: str) -> bytes:
        match kind:
            case "grid":
                code = grid_code(chance.randint(1, 2), chance.randint(1, 2))
                return write_request(served.key, "GET", f"/grids/{code}")
            case "page":
                return write_request(served.key, "GET", "/grids?limit=4")
            case "points":
                return write_request(served.key, "POST", "/locate", {"points": [point() for _ in range(100)]})
            case "people":
                return write_request(served.key, "GET", "/people?limit=8")
            case "changes":
                return write_request(served.key, "GET", "/changes?limit=10")
            case "assignment":
                since = FIRST_DAY + timedelta(days=next(days))
                asked = {
                    "person_id": next(people),
                    "grid_code": grid_code(1, 1),
                    "role": "兼职网格员",
                    "since": since.isoformat(),
                    "until": (since + timedelta(days=1)).isoformat(),
                }
                return write_request(served.key, "POST", "/assignments", asked)
            case _:
                longitude, latitude = point()
                return write_request(served.key, "GET", f"/locate?lon={longitude}&lat={latitude}")

    while True:
        kind = chance.choices(kinds, weights)[0]
        yield written(kind), kind == "new"


def write_request(key: str, method: str, path: str, content: object = None) -> bytes:
    body = b"" if content is None else json.dumps(content).encode()
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    head = f"{method} {path} HTTP/1.1\r\nHost: jiexiang\r\nAuthorization: Bearer {key}\r\n{kind}\r\n"
    return head.encode() + body


class _Line:
    """A connection that is opened when it is needed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes, *, afresh: bool = False) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        if afresh:
            await self.close()
        if self.open is None:
            self.open = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.open
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        return int(head[9:12]), await reader.readexactly(int(length))

    async def close(self) -> None:
        if self.open is not None:
            self.open[1].close()
            await self.open[1].wait_closed()
            self.open = None


@asynccontextmanager
async def _asking(
    served: Served, asked: Iterator[tuple[bytes, bool]], statuses: Counter[int], seen: _Seen, *, pause: float
) -> AsyncIterator[None]:
    """Let all clients ask while the block runs, each once in `pause` seconds."""

    async def client(place: int) -> None:
        line = _Line(served.port)
        due = time.monotonic() + pause * place / CLIENTS
        try:
            while True:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                request, afresh = next(asked)
                began = time.monotonic()
                status, _ = await line.ask(request, afresh=afresh)
                statuses[status] += 1
                seen.latencies.append(time.monotonic() - began)
                due = max(due + pause, began)
        finally:
            await line.close()

    async with _running(*(client(place) for place in range(CLIENTS))):
        yield


async def _wait_for_changes(served: Served, statuses: Counter[int]) -> None:
    """Ask for changes, let the request wait, and ask for those after."""
    line, since = _Line(served.port), 0
    try:
        while True:
            request = write_request(served.key, "GET", f"/changes?since={since}&limit=1000&wait=20")
            status, body = await line.ask(request)
            statuses[status] += 1
            since = json.loads(body)["last"]
    finally:
        await line.close()


async def _publish(served: Served, told: Soak) -> None:
    """Lay in a draft and have it published, again and again."""
    line = _Line(served.port)
    try:
        for count in itertools.count(1):
            number = await asyncio.to_thread(_lay_draft, served, count)
            day = FIRST_EFFECTIVE + timedelta(days=count)
            request = write_request(served.key, "POST", f"/plans/{number}/publication", {"effective": day.isoformat()})
            status, _ = await line.ask(request)
            told.statuses[status] += 1
            told.publications += 1
            await asyncio.sleep(PUBLISH_SECONDS)
    finally:
        await line.close()


def _lay_draft(served: Served, count: int) -> int:
    async def lay(store: Store) -> int:
        async with store.writing() as connection:
            return await import_plan(connection, draw_plan(note=f"soak {count}"), act=Act("clerk"))

    return served.within(lay)


# -- what it takes -----------------------------------------------------------------------------------------------


async def _look(served: Served, seen: _Seen) -> None:
    """Look at the processes now and then."""
    while True:
        postmaster = served.postmaster()
        service = family(served.process.pid, without=postmaster)
        database = family(postmaster)
        seen.memory.append(sum(map(_memory_mb, service)))
        seen.database.append(sum(map(_memory_mb, database)))
        seen.connections.append(len(served.backends()))
        seen.files.append(sum(map(_count_files, service)))
        await asyncio.sleep(LOOK_SECONDS)


def family(pid: int, *, without: int = 0) -> list[int]:
    """Return a process and all that descend from it, but one of them and its own."""
    return [pid, *(one for child in children(pid) if child != without for one in family(child, without=without))]


def _memory_mb(pid: int) -> float:
    """Return what a process holds, of what it shares its share."""
    try:
        rolled = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(rolled.partition("\nPss:")[2].split()[0]) / 1024


def _count_files(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except FileNotFoundError:
        return 0


@asynccontextmanager
async def _running(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Let works run that have no end; where one fails, so does the block."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
