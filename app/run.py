"""Run one function over many communities, in a loop or on several processes, with the same results either way."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

from app.geo.errors import JiexiangError
from app.outcomes import Failure, Outcome

__all__ = ["run_tasks"]

TASKS_WORTH_A_PROCESS = 6
"""A process takes some seconds to start; fewer communities than this are sooner divided without it."""

Task = TypeVar("Task")
Value = TypeVar("Value")


def run_tasks(
    function: Callable[[Task], Value],
    tasks: Sequence[Task],
    *,
    workers: int | None = None,
    on_outcome: Callable[[int, Outcome[Value]], None] | None = None,
) -> list[Outcome[Value]]:
    """Give every task to `function` and return the outcomes in the order of the tasks.

    A task that raises becomes an outcome that holds a `Failure`; the others go on. So does one whose process dies under
    it (killed for want of memory, say). `on_outcome` hears of each task's number and outcome as it ends. With more than
    one worker, `function`, tasks and values travel between processes and must be picklable. An interrupt ends the
    processes at once and is raised again. Where the number of workers is left open, as many processes are started as
    there are cores, and as the tasks are worth.
    """
    outcomes: dict[int, Outcome[Value]] = {}

    def record(number: int, outcome: Outcome[Value]) -> None:
        outcomes[number] = outcome
        if on_outcome is not None:
            on_outcome(number, outcome)

    if workers is None:
        workers = min(len(os.sched_getaffinity(0)), len(tasks) // TASKS_WORTH_A_PROCESS)
    workers = min(workers, len(tasks))
    if workers <= 1:
        for number, task in enumerate(tasks):
            record(number, _attempt(function, task))
    else:
        _spread(function, tasks, workers, record)
    return [outcomes[number] for number in range(len(tasks))]


def _attempt(function: Callable[[Task], Value], task: Task) -> Outcome[Value]:
    began = time.perf_counter()
    value: Value | Failure
    try:
        value = function(task)
    except JiexiangError as error:
        value = Failure(str(error))
    except Exception as error:  # noqa: BLE001  whatever a community does must not stop the others; nothing is lost of it
        value = Failure(f"{type(error).__name__}: {error}", traceback.format_exc())
    return Outcome(value, time.perf_counter() - began)


class _Worker:
    """One process and the number of the task it holds."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        # Spawned, not forked: a fork of a process that runs threads (numba, OR-tools) may hang.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(theirs, function), daemon=True)
        # Born with interrupts blocked: at a terminal they reach every process, and only the parent shall answer.
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()  # so that the pipe ends when the process does
        self.number = -1

    def give(self, number: int, task: Any) -> None:
        self.number = number
        with contextlib.suppress(ConnectionError):  # it has just died: reading its pipe will say so
            self.pipe.send(task)

    def end(self) -> None:
        self.process.terminate()
        self.process.join()
        self.pipe.close()


def _work(pipe: Connection, function: Callable[[Any], Any]) -> None:
    while True:
        try:
            task = pipe.recv()
        except EOFError:  # the parent is gone
            return
        outcome = _attempt(function, task)
        try:
            message = pickle.dumps(outcome)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            failure = Failure(f"{type(error).__name__}: {error}", traceback.format_exc())
            message = pickle.dumps(Outcome(failure, outcome.seconds))
        pipe.send_bytes(message)


def _spread(
    function: Callable[[Task], Value],
    tasks: Sequence[Task],
    workers: int,
    record: Callable[[int, Outcome[Value]], None],
) -> None:
    waiting = deque(enumerate(tasks))
    crew: list[_Worker] = []
    try:
        for _ in range(workers):
            crew.append(_Worker(function))
            crew[-1].give(*waiting.popleft())
        while crew:
            for pipe in wait([worker.pipe for worker in crew]):
                worker = next(worker for worker in crew if worker.pipe is pipe)
                try:
                    record(worker.number, pickle.loads(worker.pipe.recv_bytes()))  # noqa: S301  from our own process
                except (EOFError, ConnectionError):
                    worker.process.join()
                    fact = f"处理它的进程意外终止（退出码 {worker.process.exitcode}），可能是内存不足"
                    record(worker.number, Outcome(Failure(fact), 0.0))
                    crew.remove(worker)
                    worker.end()
                    if waiting:
                        crew.append(_Worker(function))
                        crew[-1].give(*waiting.popleft())
                    continue
                if waiting:
                    worker.give(*waiting.popleft())
                else:
                    crew.remove(worker)
                    worker.end()
    finally:
        for worker in crew:
            worker.end()
