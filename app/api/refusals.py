"""How many refusals of nobody known are written down: some a minute from each address, some more in all.

The others are counted, and the next one that is written tells how many they were, so that neither the disk is filled
nor an attempt forgotten. Every one has its line in the log of requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from app.api.peers import counted_as
from app.api.rates import Rates
from app.store.audit import Entry

__all__ = ["Refusals"]

PER_MINUTE_FROM_ONE = 20
PER_MINUTE_IN_ALL = 60


class Refusals:
    """Takes a refusal for the audit, or counts it; each worker does so by itself."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._from_one = Rates(PER_MINUTE_FROM_ONE / 60, PER_MINUTE_FROM_ONE, clock=clock)
        self._in_all = Rates(PER_MINUTE_IN_ALL / 60, PER_MINUTE_IN_ALL, clock=clock)
        self._unwritten = 0

    def admit(self, entry: Entry) -> Entry | None:
        """Return an entry as it is to be written, telling how many before it were not; None for one more of these."""
        if self._from_one.take(counted_as(entry.source)) or self._in_all.take(""):
            self._unwritten += 1
            return None
        unwritten, self._unwritten = self._unwritten, 0
        return replace(entry, details={**entry.details, "unwritten": unwritten}) if unwritten else entry
