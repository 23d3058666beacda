"""Large calls: two at a time, others answered meanwhile; what a worker brings along."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import numpy as np

from app.api import many_points
from app.api.large_calls import AT_ONCE, LargeCalls

DIVISION = {"numba", "ortools", "scipy", "matplotlib", "docx", "openpyxl", "xlsxwriter", "cryptography"}
"""What dividing, drawing on paper, workbooks and the county's own sign-in need, and look-ups do not: 170 MB."""


def test_two_are_at_work_at_a_time_and_the_loop_goes_on():
    at_work, most, lock = 0, 0, threading.Lock()

    def work(number: int) -> int:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.05)
        with lock:
            at_work -= 1
        return number

    async def ask() -> tuple[list[int], int]:
        calls, turns = LargeCalls(), 0
        waiting = asyncio.gather(*(calls.run(work, number) for number in range(6)))
        while not waiting.done():
            turns += 1
            await asyncio.sleep(0.005)
        return await waiting, turns

    answers, turns = asyncio.run(ask())
    assert answers == list(range(6))
    assert most == AT_ONCE
    assert turns > 5


def test_one_who_no_longer_waits_frees_no_place():
    at_work, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.2)
        with lock:
            at_work -= 1

    async def ask() -> None:
        calls = LargeCalls()
        for _ in range(3):
            impatient = [asyncio.create_task(calls.run(work)) for _ in range(AT_ONCE)]
            await asyncio.sleep(0.02)
            for one in impatient:
                one.cancel()
        await calls.run(work)

    asyncio.run(ask())
    assert most == AT_ONCE


def test_a_worker_does_not_bring_along_what_divides():
    told = "import sys, app.api.server; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.split()
    assert "shapely" in loaded
    assert not DIVISION & set(loaded)


def test_portions_change_nothing(county, monkeypatch):
    xy = np.random.default_rng(5).uniform([119.99, 29.99], [120.04, 30.04], (700, 2)).round(3).tolist()
    lines = "".join(f'{{"id":{number},"lon":{x},"lat":{y}}}\n' for number, (x, y) in enumerate(xy))
    asked = (
        {"json": {"points": xy, "distances": True}},
        {"content": lines, "headers": {"Content-Type": many_points.NDJSON}},
    )
    whole = [county.post("/locate", **one).content for one in asked]
    monkeypatch.setattr(many_points, "PORTION", 64)
    assert [county.post("/locate", **one).content for one in asked] == whole


def test_what_is_wrong_in_a_later_portion_bears_its_own_number(county, monkeypatch):
    monkeypatch.setattr(many_points, "PORTION", 2)
    header = {"Content-Type": many_points.NDJSON}
    good = '{"lon":120.005,"lat":30.005}\n'
    unread = county.post("/locate", content=good * 5 + '{"lon":"x","lat":30}', headers=header)
    assert unread.json()["errors"][0]["where"] == "lines.5.lon"
    swapped = county.post("/locate", content=good * 5 + '{"lon":30,"lat":120}', headers=header)
    assert swapped.json()["errors"][0]["where"] == "points.5"


def test_a_line_holds_one_point(county):
    two = '{"lon":120.005,"lat":30.005},{"lon":120.005,"lat":30.005}'
    answer = county.post("/locate", content=two, headers={"Content-Type": many_points.NDJSON})
    assert answer.status_code == 400
