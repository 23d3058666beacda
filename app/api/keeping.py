"""Work that goes on for as long as a worker lives: where it fails, that is said, and it begins again.

A task that nobody awaits ends without a word, and the worker would go on answering from what it left behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

__all__ = ["keeping"]

log = logging.getLogger("jiexiang.keeping")

AGAIN_SECONDS = 1.0

Work = Callable[[], Awaitable[None]]


@asynccontextmanager
async def keeping(works: Mapping[str, Work]) -> AsyncIterator[None]:
    """Have works done while the block runs, by the names they have in the log; at its end they are cancelled."""
    tasks = [asyncio.create_task(_keep(name, work), name=name) for name, work in works.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep(name: str, work: Work) -> None:
    me = asyncio.current_task()
    while True:
        try:
            await work()
        except asyncio.CancelledError:  # from us; or from a driver whose connection was cut
            if me is None or me.cancelling():
                raise
            log.exception("%s was interrupted from within and begins again", name)
        except Exception:
            log.exception("%s failed and begins again", name)
        else:
            log.error("%s ended by itself and begins again", name)
        await asyncio.sleep(AGAIN_SECONDS)
