"""Work that must go on for as long as a worker lives."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from app.api import keeping as kept
from app.api.keeping import keeping


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(kept, "AGAIN_SECONDS", 0.0)


def run_until_third(deed, caplog) -> list[str]:
    """Keep a work going until it is begun for the third time, and return what the log has of it."""
    begun = 0

    async def go() -> None:
        third = asyncio.Event()

        async def work() -> None:
            nonlocal begun
            begun += 1
            if begun == 3:
                third.set()
                await asyncio.Event().wait()
            await deed()

        async with asyncio.timeout(5), keeping({"boards": work}):
            await third.wait()

    with caplog.at_level(logging.ERROR):
        asyncio.run(go())
    assert begun == 3
    return [record.getMessage() for record in caplog.records]


async def fail() -> None:
    raise ValueError("nobody foresaw this")


async def be_interrupted() -> None:
    raise asyncio.CancelledError


async def end() -> None:
    pass


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        (fail, "boards failed and begins again"),
        (be_interrupted, "boards was interrupted from within and begins again"),
        (end, "boards ended by itself and begins again"),
    ],
)
def test_work_that_ends_begins_again_and_that_is_said(deed, words, caplog):
    assert run_until_third(deed, caplog) == [words, words]


def test_at_the_end_every_work_is_cancelled_and_nothing_is_said(caplog):
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(asyncio.current_task().get_name())

    async def go() -> None:
        async with keeping({"journal": work, "boards": work}):
            await asyncio.sleep(0.01)

    asyncio.run(go())
    assert sorted(ended) == ["boards", "journal"]
    assert caplog.records == []


def test_work_that_swallows_a_cancellation_is_cancelled_again(monkeypatch, caplog):
    monkeypatch.setattr(kept, "AGAIN_SECONDS", 0.05)
    swallowed = 0

    async def work() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 3:
                    raise

    async def go() -> None:
        async with asyncio.timeout(5), keeping({"boards": work}):
            await asyncio.sleep(0.01)

    asyncio.run(go())
    assert swallowed == 3
    assert caplog.records == []


def test_what_cannot_be_ended_is_named_and_not_waited_for(monkeypatch, caplog):
    monkeypatch.setattr(kept, "AGAIN_SECONDS", 0.02)
    released = False

    async def work() -> None:
        while not released:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

    async def go() -> None:
        nonlocal released
        async with asyncio.timeout(5), keeping({"boards": work}):
            await asyncio.sleep(0.01)
        released = True

    asyncio.run(go())
    assert [record.getMessage() for record in caplog.records] == ["boards cannot be ended"]
