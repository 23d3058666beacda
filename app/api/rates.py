"""How often one may ask: buckets that fill with time, one a caller, in the memory of each worker.

Each worker counts for itself, so with several workers somebody may get through that many times the limit; what must
hold exactly (the lock of an account) stands in the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Rates"]

MOST_REMEMBERED = 20_000


class Rates:
    """Grants `burst` at once and `per_second` from then on to everybody; without limit where `per_second` is 0."""

    def __init__(self, per_second: float, burst: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.burst = burst
        self.clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, who: str) -> float:
        """Take one; return 0 where it is granted, else in how many seconds it will be."""
        if not self.per_second:
            return 0.0
        now = self.clock()
        left, at = self._left.pop(who, (self.burst, now))  # put back as the newest
        left = min(self.burst, left + (now - at) * self.per_second)
        granted = left >= 1
        if len(self._left) >= MOST_REMEMBERED:  # the one that has asked for nothing for longest
            del self._left[next(iter(self._left))]
        self._left[who] = left - granted, now
        return 0.0 if granted else (1 - left) / self.per_second

    def give_back(self, who: str) -> None:
        """Give back what was taken and turned out to be harmless."""
        if who in self._left:
            left, at = self._left[who]
            self._left[who] = min(self.burst, left + 1), at
