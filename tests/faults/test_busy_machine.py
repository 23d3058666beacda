"""A machine that stands still for a while: nothing that only waits for it is taken for dead."""

from __future__ import annotations

import os
import signal
import time

from served import until
from soak import LOOK_UP

STILL_SECONDS = 8.0


def test_workers_that_were_held_up_for_some_seconds_go_on(served):
    workers = served.worker_processes()
    assert len(workers) == served.workers
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(STILL_SECONDS)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    until(lambda: served.client.get("/locate", params=LOOK_UP).status_code == 200, seconds=60)
    assert served.worker_processes() == workers
