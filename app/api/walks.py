"""Ways on foot for the service: measured in another process, one at a time, once for each state of the store."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from app.api.errors import TooMany
from app.geo.errors import UsageError
from app.store.errors import StoreUnavailable

__all__ = ["Walks"]

log = logging.getLogger("jiexiang.walks")

MOST_KEPT = 12
MOST_WAITING = 3
PATIENCE_SECONDS = 25.0
"""How long one who asks waits; what was begun goes on, and is there for the next."""
LONGEST_SECONDS = 180.0
"""A measurement that takes longer is ended."""
MODULE = "app.jobs.stored_walks"


class Walks:
    """Asks for measurements and keeps what came of them, by key; a key names the state of the store too."""

    def __init__(
        self, database_url: str, *, patience: float = PATIENCE_SECONDS, longest: float = LONGEST_SECONDS
    ) -> None:
        self.database_url = database_url
        self.patience, self.longest = patience, longest
        self._kept: dict[Hashable, Any] = {}
        self._running: dict[Hashable, asyncio.Task[Any]] = {}
        self._turn = asyncio.Lock()

    async def ask(self, key: Hashable, task: str) -> Any:
        """Return what was measured; `task` is a `WalkTask` in JSON.

        Raises
        ------
        UsageError
            Nothing can be measured.
        TimeoutError
            It takes longer than one waits; ask again.
        TooMany
            Enough is being measured.
        """
        if key in self._kept:
            return self._kept[key]
        running = self._running.get(key)
        if running is None:
            if len(self._running) >= MOST_WAITING:
                raise TooMany("正在测算别的步行距离，请稍后再试", "other ways are being measured; try again later")
            running = asyncio.create_task(self._measure(key, task))
            running.add_done_callback(lambda done: done.cancelled() or done.exception())  # told to whoever waits
            self._running[key] = running
        return await asyncio.wait_for(asyncio.shield(running), self.patience)

    async def close(self) -> None:
        """End what is being measured."""
        for running in list(self._running.values()):
            running.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _measure(self, key: Hashable, task: str) -> Any:
        try:
            async with self._turn:
                found = await self._run(task)
            self._kept[key] = found
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            return found
        finally:
            del self._running[key]

    async def _run(self, task: str) -> Any:
        root = Path(__file__).parents[2]
        path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
        environ = {**os.environ, "DATABASE_URL": self.database_url, "PYTHONPATH": path}
        environ.pop("DATABASE_URL_FILE", None)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", MODULE), env=environ, stdin=pipe, stdout=pipe, stderr=pipe
        )
        try:
            async with asyncio.timeout(self.longest):
                out, said = await process.communicate(task.encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            log.error("ways on foot could not be measured: %s", said.decode(errors="replace").strip()[-2000:])
            raise StoreUnavailable("步行距离没有算成，请查看日志", "ways could not be measured; see the log")
        told = json.loads(out)
        if "refused" in told:
            raise UsageError(told["refused"])
        return told["found"]
