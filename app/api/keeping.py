"""Work that goes on for as long as a worker lives: where it fails, that is said, and it begins again.

A task that nobody awaits ends without a word, and the worker would go on answering from what it left behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager

__all__ = ["keeping"]

log = logging.getLogger("jiexiang.keeping")

AGAIN_SECONDS = 1.0
MOST_CANCELLATIONS = 5

Work = Callable[[], Awaitable[None]]


@asynccontextmanager
async def keeping(works: Mapping[str, Work]) -> AsyncIterator[None]:
    """Have works done while the block runs, by the names they have in the log; at its end they are cancelled.

    They are cancelled until they end, for a while: a driver may swallow a cancellation that comes with the end of its
    connection, and a worker that waited for ever would hold the service's address.
    """
    tasks = [asyncio.create_task(_keep(name, work), name=name) for name, work in works.items()]
    try:
        yield
    finally:
        await _end(tasks)


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    left = set(tasks)
    for _ in range(MOST_CANCELLATIONS):
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
        if not left:
            return
    log.error("%s cannot be ended", ", ".join(sorted(task.get_name() for task in left)))


async def _keep(name: str, work: Work) -> None:
    me = asyncio.current_task()
    while me is not None and not me.cancelling():
        try:
            await work()
        except asyncio.CancelledError:  # from us; or from a driver whose connection was cut
            if me.cancelling():
                raise
            log.exception("%s was interrupted from within and begins again", name)
        except Exception:
            log.exception("%s failed and begins again", name)
        else:
            if not me.cancelling():
                log.error("%s ended by itself and begins again", name)
        await asyncio.sleep(AGAIN_SECONDS)
