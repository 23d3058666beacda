"""How long something may take: one look at all that is under way, ten times a second.

A timer for each, as `asyncio.timeout` sets one, takes as long as finding the grid of a point.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Protocol, Self

__all__ = ["Deadline", "Deadlines", "Limited"]

LOOK_SECONDS = 0.1


class Limited(Protocol):
    """What has a limit of time, by the clock of the loop."""

    until: float

    def pass_by(self) -> None:
        """End it: it took too long."""


class Deadlines:
    """All that is under way and has a limit of time."""

    def __init__(self) -> None:
        self._waiting: set[Limited] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def within(self, seconds: float) -> Deadline:
        """Return a block (`with`) of the task at hand that may take so long, give or take a look.

        Raises
        ------
        TimeoutError
            At the end of the block: it took longer, and was cancelled.
        """
        return Deadline(self, seconds)

    def add(self, limited: Limited) -> None:
        """Look after it from now on."""
        self._waiting.add(limited)
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # nobody looks in this loop
            self._loop = loop
            loop.call_later(LOOK_SECONDS, self._look, loop)

    def remove(self, limited: Limited) -> None:
        """Look after it no longer."""
        self._waiting.discard(limited)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop:
            return
        now = loop.time()
        for late in [one for one in self._waiting if one.until <= now]:
            self._waiting.discard(late)
            late.pass_by()
        if self._waiting:
            loop.call_later(LOOK_SECONDS, self._look, loop)
        else:
            self._loop = None


class Deadline:
    """A block that may take so long and no longer."""

    def __init__(self, deadlines: Deadlines, seconds: float) -> None:
        self.deadlines = deadlines
        self.seconds = seconds
        self.until = 0.0
        self.passed = False
        self.cancelled_before = 0
        self.task: asyncio.Task[object] | None = None

    def __enter__(self) -> Self:
        self.task = asyncio.current_task()
        assert self.task is not None  # noqa: S101  a coroutine runs in a task
        self.cancelled_before = self.task.cancelling()
        self.until = asyncio.get_running_loop().time() + self.seconds
        self.deadlines.add(self)
        return self

    def pass_by(self) -> None:
        """End the block."""
        assert self.task is not None  # noqa: S101  it was entered
        self.passed = True
        self.task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.deadlines.remove(self)
        if self.passed and self.task is not None:
            alone = self.task.uncancel() <= self.cancelled_before  # nobody else has ended the task meanwhile
            if alone and kind is asyncio.CancelledError:
                raise TimeoutError from error
