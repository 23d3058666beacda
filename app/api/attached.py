"""Processes that end with whoever started them: a killed service leaves no workers behind that hold its address.

`python -m app.api.attached …` runs uvicorn so; its workers attach themselves.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

__all__ = ["end_with_parent"]

_SET_DEATH_SIGNAL = 1
"""`PR_SET_PDEATHSIG` of Linux' `prctl`; elsewhere nothing is attached."""


def end_with_parent() -> None:
    """Have the kernel tell this process to stop when the one that started it is gone."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it went in between
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    import uvicorn

    end_with_parent()
    uvicorn.main()
