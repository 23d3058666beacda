"""Ways on foot for the service: measured in another process, one at a time, once for each state of the store."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from app.api.errors import NotYet, TooMany
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
USUAL_SECONDS = 30.0
"""What the first measurement is thought to take; after it, what the last one took."""
LEAST_SECONDS = 2.0
END_SECONDS = 5.0
"""How long one waits for a process that was killed."""
MODULE = "app.jobs.stored_walks"


class Walks:
    """Asks for measurements and keeps what came of them, by key; a key names the state of the store too."""

    def __init__(
        self, database_url: str, *, patience: float = PATIENCE_SECONDS, longest: float = LONGEST_SECONDS
    ) -> None:
        self.database_url = database_url
        self.patience, self.longest = patience, longest
        self._kept: dict[Hashable, Any] = {}
        """What was found, or the UsageError that says why nothing can be."""
        self._running: dict[Hashable, asyncio.Task[Any]] = {}
        self._begun: dict[Hashable, float] = {}
        self._turn = asyncio.Lock()
        self._usual = USUAL_SECONDS

    async def ask(self, key: Hashable, task: str) -> Any:
        """Return what was measured; `task` is a `WalkTask` in JSON.

        Raises
        ------
        UsageError
            Nothing can be measured.
        NotYet
            It takes longer than one waits; ask again.
        TooMany
            Enough is being measured.
        """
        if key not in self._kept:
            running = self._begin(key, task)
            done, _ = await asyncio.wait([running], timeout=self.patience)
            if not done:
                raise NotYet(
                    "步行距离正在测算，请稍后再试",
                    "ways on foot are being measured; ask again later",
                    retry_seconds=self.seconds_left(key),
                )
            return running.result()
        return self._tell(key)

    def look(self, key: Hashable, task: str) -> Any:
        """Return what was measured, without waiting: what was not is begun, if there is room for it.

        Raises
        ------
        UsageError
            Nothing can be measured.
        NotYet, TooMany
            It is not there yet; ask again.
        """
        if key not in self._kept:
            self._begin(key, task)
            left = self.seconds_left(key)
            raise NotYet("步行覆盖正在测算", "ways on foot are being measured", retry_seconds=left)
        return self._tell(key)

    def _tell(self, key: Hashable) -> Any:
        """Return what is kept; why nothing could be measured is raised anew, or it would grow with each raising."""
        kept = self._kept[key]
        if isinstance(kept, UsageError):
            raise UsageError(*kept.args)
        return kept

    def seconds_left(self, key: Hashable) -> float:
        """Tell in how many seconds a measurement may be done: those before it, and what is left of its own."""
        now = time.monotonic()
        ahead = list(self._running)
        place = ahead.index(key) if key in ahead else len(ahead) - 1
        first = min((self._begun[one] for one in ahead if one in self._begun), default=now)
        return max(LEAST_SECONDS, (place + 1) * self._usual - (now - first))

    def _begin(self, key: Hashable, task: str) -> asyncio.Task[Any]:
        running = self._running.get(key)
        if running is None:
            if len(self._running) >= MOST_WAITING:
                raise TooMany(
                    "正在测算别的步行距离，请稍后再试",
                    "other ways are being measured; try again later",
                    retry_seconds=self.seconds_left(next(iter(self._running))),
                )
            running = asyncio.create_task(self._measure(key, task))
            running.add_done_callback(lambda done: done.cancelled() or done.exception())  # told to whoever waits
            self._running[key] = running
        return running

    async def close(self) -> None:
        """End what is being measured."""
        for running in list(self._running.values()):
            running.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _measure(self, key: Hashable, task: str) -> Any:
        try:
            async with self._turn:
                self._begun[key] = time.monotonic()
                found = await self._run(task)
                self._usual = time.monotonic() - self._begun[key]
            self._keep(key, found)
            return found
        except UsageError as error:
            self._keep(key, error)
            raise
        finally:
            del self._running[key]
            self._begun.pop(key, None)

    def _keep(self, key: Hashable, found: Any) -> None:
        self._kept[key] = found
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    async def _run(self, task: str) -> Any:
        root = Path(__file__).parents[2]
        path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
        environ = {**os.environ, "DATABASE_URL": self.database_url, "PYTHONPATH": path}
        environ.pop("DATABASE_URL_FILE", None)
        pipe = asyncio.subprocess.PIPE
        starting = asyncio.create_task(
            asyncio.create_subprocess_exec(
                *(sys.executable, "-m", MODULE), env=environ, stdin=pipe, stdout=pipe, stderr=pipe
            )
        )
        try:
            process = await asyncio.shield(starting)  # one that is given up while it starts is never heard of again
            async with asyncio.timeout(self.longest):
                out, said = await process.communicate(task.encode())
        finally:
            process = await starting
            if process.returncode is None:
                process.kill()
                with contextlib.suppress(TimeoutError):  # its pipes may be told late of its end; it is gone anyhow
                    async with asyncio.timeout(END_SECONDS):
                        await process.wait()
        if process.returncode:
            log.error("ways on foot could not be measured: %s", said.decode(errors="replace").strip()[-2000:])
            raise StoreUnavailable("步行距离没有算成，请查看日志", "ways could not be measured; see the log")
        told = json.loads(out)
        if "refused" in told:
            raise UsageError(told["refused"])
        return told["found"]
