"""After how many failures a name is locked, and for how long: names of accounts, and by the same rule all others.

Whoever tries a name that is no account's must be answered as if it were one. Failures of accounts stand in the
database; those of other names would fill it, and are remembered in the memory of each worker.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["CLOCK_MINUTES", "LOCK_MINUTES", "MOST_FAILURES", "Failures", "Strangers"]

MOST_FAILURES = 5
LOCK_MINUTES = 15
CLOCK_MINUTES = 60
"""How far the clock may be set back before what was to end later is taken for the work of a clock that was wrong."""
MOST_REMEMBERED = 20_000


@dataclass(frozen=True)
class Failures:
    """How often in a row a name has failed, and until when it is locked, or was."""

    count: int = 0
    locked_until: datetime | None = None

    def locked(self, now: datetime) -> bool:
        """Tell whether the name is locked; a lock that a wrong clock has set further ahead does not count."""
        longest = timedelta(minutes=LOCK_MINUTES + CLOCK_MINUTES)
        return self.locked_until is not None and now < self.locked_until <= now + longest

    def one_more(self, now: datetime) -> Failures:
        """Return what one more failure makes of these; after a lock they are counted anew."""
        count = (0 if self.locked_until is not None else self.count) + 1
        return Failures(count, now + timedelta(minutes=LOCK_MINUTES) if count >= MOST_FAILURES else None)


class Strangers:
    """Remembers the failures of names that are no account's, as many as there is room for."""

    def __init__(self) -> None:
        self._failures: dict[bytes, Failures] = {}

    def failures(self, name: str) -> Failures:
        """Return how a name has failed."""
        return self._failures.get(_digest(name), Failures())

    def remember(self, name: str, failures: Failures) -> None:
        """Remember how a name has failed, in the place of the one that was tried the longest ago."""
        self._failures.pop(_digest(name), None)  # put back as the newest
        if len(self._failures) >= MOST_REMEMBERED:
            del self._failures[next(iter(self._failures))]
        self._failures[_digest(name)] = failures


def _digest(name: str) -> bytes:
    return hashlib.blake2s(name.encode()).digest()
