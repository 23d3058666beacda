"""Requests that take too long are ended, and no others."""

from __future__ import annotations

import asyncio

import pytest

from app.api.deadlines import Deadlines


async def _sleep(deadlines: Deadlines, seconds: float, limit: float) -> str:
    with deadlines.within(limit):
        await asyncio.sleep(seconds)
    return "done"


def test_of_many_at_once_only_what_is_late_is_ended():
    async def ask():
        deadlines = Deadlines()
        asked = [_sleep(deadlines, 0.5, 0.1), _sleep(deadlines, 0.3, 30), _sleep(deadlines, 0, 0.1)]
        return await asyncio.gather(*asked, return_exceptions=True)

    late, slow, quick = asyncio.run(ask())
    assert isinstance(late, TimeoutError)
    assert [slow, quick] == ["done", "done"]


def test_deadlines_hold_in_one_loop_after_another():
    deadlines = Deadlines()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            asyncio.run(_sleep(deadlines, 5, 0.05))


def test_who_is_ended_by_somebody_else_is_not_late():
    async def ask():
        task = asyncio.create_task(_sleep(Deadlines(), 5, 30))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(ask())


def test_a_task_that_was_late_can_go_on():
    async def ask():
        deadlines = Deadlines()
        with pytest.raises(TimeoutError):
            await _sleep(deadlines, 5, 0.05)
        return await _sleep(deadlines, 0.2, 30)

    assert asyncio.run(ask()) == "done"
