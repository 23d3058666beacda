"""Large calls: looked up in a thread, two at a time, so that others are answered meanwhile and memory is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from app.api.memory import give_back

__all__ = ["LargeCalls"]

AT_ONCE = 2
GIVE_BACK_SECONDS = 1.0

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class LargeCalls:
    """The large calls of a worker; whoever comes while two are at work waits."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)

    async def run(self, work: Callable[Asked, Answer], *asked: Asked.args, **options: Asked.kwargs) -> Answer:
        """Do the work in its turn, and give back the memory that it took.

        One who no longer waits frees no place: a thread cannot be ended, and works on.
        """
        working = asyncio.create_task(self._work(partial(work, *asked, **options)))
        working.add_done_callback(lambda done: done.cancelled() or done.exception())  # told to whoever waits
        return await asyncio.shield(working)

    async def _work(self, work: Callable[[], Answer]) -> Answer:
        async with self._places:
            try:
                return await asyncio.to_thread(work)
            finally:
                asyncio.get_running_loop().call_later(GIVE_BACK_SECONDS, give_back)  # when the answer has left too
