"""Hours of mixed work at half of what the service can do, and what it takes of the machine meanwhile."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from drill import Drill
from served import children

__all__ = ["Part", "soak"]

PUBLISH_SECONDS = 20.0
LOOK_UP = {"lon": 105.0025, "lat": 30.0002}


@dataclass(frozen=True)
class Part:
    """A quarter of the time: medians of what was seen in it."""

    requests: int
    median_ms: float
    memory_mb: float
    connections: float


def soak(drill: Drill, seconds: float) -> list[Part]:
    """Ask at half of what one client can be answered, publish now and then, and measure in four parts."""
    pause = 1 / measure_rate(drill)
    return [_part(drill, seconds / 4, pause) for _ in range(4)]


def measure_rate(drill: Drill) -> float:
    """Return how many look-ups a second one client is answered."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < 3:
        drill.ask("GET", "/locate", 200, params=LOOK_UP)
        count += 1
    return count / 3


def _part(drill: Drill, seconds: float, pause: float) -> Part:
    began = published = time.monotonic()
    latencies, memory, connections = [], [], []
    while (now := time.monotonic()) - began < seconds:
        drill.ask("GET", "/locate", 200, params=LOOK_UP)
        latencies.append(time.monotonic() - now)
        if len(latencies) % 50 == 0:
            drill.assign(1)
            drill.ask("GET", "/people", 200)
            memory.append(sum(_memory_mb(pid) for pid in family(drill.served.process.pid, drill.served.postmaster())))
            connections.append(asyncio.run(_connections(drill.served.url())))
        if now - published > PUBLISH_SECONDS:
            drill.lay_drafts(1)
            drill.publish(1)
            published = now
        time.sleep(pause)
    return Part(len(latencies), statistics.median(latencies) * 1000, statistics.median(memory), max(connections))


def family(pid: int, without: int) -> list[int]:
    """Return a process and all that descend from it, but one of them and its own: PostgreSQL shares its memory."""
    return [pid, *(one for child in children(pid) if child != without for one in family(child, without))]


def _memory_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * 4096 / 2**20


async def _connections(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE usename = 'jiexiang_app'")
    finally:
        await connection.close()
