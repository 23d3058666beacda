"""What a worker that serves a county holds in memory, after calls of a hundred thousand points."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from app.api.many_points import NDJSON
from bench.serve.__main__ import draw_points
from bench.serve.county import draw_county
from bench.serve.filled import fill
from bench.serve.servers import Server, run_ours

MOST_MB = 270
"""What a worker may hold when it has answered: it held 251 where it was measured, and libraries differ by some."""
MOST_MEANWHILE_MB = 350
"""What it may hold while two large calls are at work and others have been received."""
POINTS = 100_000


@pytest.fixture(scope="module")
def serving(postgis, tmp_path_factory) -> Iterator[tuple[Server, str]]:
    with postgis.database() as settings:
        filled = asyncio.run(fill(settings, draw_county(), buildings=False))
        with run_ours(settings.database_url, tmp_path_factory.mktemp("memory")) as server:
            yield server, filled.key


def test_a_worker_gives_back_what_large_calls_took(serving):
    server, key = serving
    points = draw_points(POINTS, 1).tolist()
    body = json.dumps({"points": points, "distances": True})
    lines = "".join(f'{{"id":{number},"lon":{x},"lat":{y}}}\n' for number, (x, y) in enumerate(points))
    headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"}
    with httpx.Client(base_url=server.address, headers=headers, timeout=120) as client, ThreadPoolExecutor(4) as four:

        def ask(content: str, kind: str = "application/json") -> int:
            answer = client.post("/locate", content=content, headers={"Content-Type": kind})
            return answer.text.count("330482") if answer.status_code == 200 else -1

        assert ask(lines, NDJSON) > 1.9 * POINTS  # some lie beyond the edge
        at_once = list(four.map(ask, [body] * 8))
        assert min(at_once) > 0.9 * POINTS
    time.sleep(1.5)
    now, most = server.memory_mb()
    assert now <= MOST_MB
    assert most <= MOST_MEANWHILE_MB
