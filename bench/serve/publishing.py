"""Look-ups while another plan is published: errors, and answers that are still the old ones a second later."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import urllib.request
from datetime import date

from app.settings import StoreSettings
from bench.serve.asking import Measured, measure
from bench.serve.county import SIDE, SOUTH, STEP, WEST, draw_county
from bench.serve.filled import publish_next
from bench.serve.servers import Server

RENEWED = "新{}网格"
LOOK_SECONDS = 0.02
SECONDS = 12.0
LATE_SECONDS = 1.0


def ask_while_publishing(server: Server, settings: StoreSettings, script: str, key: str) -> tuple[Measured, int, float]:
    """Return what wrk told meanwhile, how many answers were stale a second after, and when the first new one came."""
    seen: list[tuple[float, str]] = []
    over = threading.Event()
    told: list[Measured] = []
    watching = threading.Thread(target=_watch, args=(server, key, seen, over))
    asking = threading.Thread(target=lambda: told.append(measure(server, script, SECONDS)))
    for thread in (watching, asking):
        thread.start()
    time.sleep(1.0)
    committed = asyncio.run(publish_next(settings, draw_county(named=RENEWED), date(2026, 6, 1)))
    asking.join()
    time.sleep(LATE_SECONDS + 0.5)
    over.set()
    watching.join()
    new = [at for at, name in seen if name.startswith("新")]
    stale = sum(at > committed + LATE_SECONDS and not name.startswith("新") for at, name in seen)
    return told[0], stale, (min(new) - committed if new else float("inf"))


def _watch(server: Server, key: str, seen: list[tuple[float, str]], over: threading.Event) -> None:
    middle = SIDE // 2 * STEP + STEP / 2
    address = f"{server.address}/locate?lon={WEST + middle}&lat={SOUTH + middle}"
    asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {key}"})  # noqa: S310  our own
    while not over.is_set():
        began = time.perf_counter()  # what is asked before the second is over may still be old
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            seen.append((began, json.load(answer)["grid"]["name"]))
        time.sleep(LOOK_SECONDS)
