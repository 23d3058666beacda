"""The steps of a job: announced as they go, timed for the record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["OnStep", "Steps"]

OnStep = Callable[[str, int, int], None]
"""Hears the name of a step, how much of it is done, and how much there is."""


class Steps:
    """The steps of a job: announced as they go, timed for the record."""

    def __init__(self, on_step: OnStep) -> None:
        self.on_step = on_step
        self.seconds: dict[str, float] = {}

    @contextmanager
    def take(self, name: str, *, of: int = 1) -> Iterator[Callable[[], None]]:
        """Announce a step of `of` parts; the block is given a function that tells of one part more."""
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            self.on_step(name, done, of)

        began = time.perf_counter()
        self.on_step(name, 0, of)
        yield advance
        self.on_step(name, of, of)
        self.seconds[name] = round(time.perf_counter() - began, 3)
