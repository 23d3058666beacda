"""What a worker does to stay small: memory of large calls goes back to the system when they end.

glibc keeps what it has freed: for each thread apart, and more the larger it was. Elsewhere nothing is done.
"""

from __future__ import annotations

import ctypes
from functools import cache

__all__ = ["give_back", "keep_small"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""`M_…` of `mallopt`."""
LARGE = 128 * 2**10
ARENAS = 2


@cache
def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None


def keep_small() -> None:
    """Have what is large lie apart, and few threads keep a store of their own; to be called before there are any."""
    library = _glibc()
    if library is not None:
        for parameter, value in ((_ARENA_MAX, ARENAS), (_MMAP_THRESHOLD, LARGE), (_TRIM_THRESHOLD, LARGE)):
            library.mallopt(parameter, value)


def give_back() -> None:
    """Give what is free back to the system."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)
