"""The runner: the same outcomes in a loop and on processes, failures recorded, interrupts prompt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.geo.errors import DivisionError
from app.outcomes import Failure
from app.run import TASKS_WORTH_A_PROCESS, run_tasks


def halve(number: int) -> int:
    if number % 2:
        raise DivisionError(f"{number} is odd")
    return number // 2


def invert(number: int) -> float:
    return 1 / number


def die_on_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def return_a_lambda(number: int) -> object:
    return lambda: number


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_outcomes_come_in_the_order_of_the_tasks_whatever_the_workers(workers):
    outcomes = run_tasks(halve, [8, 6, 3, 2], workers=workers)
    assert [outcome.value for outcome in outcomes] == [4, 3, Failure("3 is odd"), 1]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_unexpected_failure_keeps_its_traceback_and_stops_no_other(workers):
    first, second, third = run_tasks(invert, [1, 0, 2], workers=workers)
    assert (first.value, third.value) == (1.0, 0.5)
    assert second.value.message == "ZeroDivisionError: division by zero"
    assert "in invert" in second.value.trace


def test_a_killed_process_fails_only_its_own_task():
    outcomes = run_tasks(die_on_three, [1, 2, 3, 4, 5, 6], workers=2)
    values = [outcome.value for outcome in outcomes]
    assert values[:2] + values[3:] == [1, 2, 4, 5, 6]
    assert "退出码 -9" in values[2].message


def test_a_value_that_cannot_travel_is_a_failure():
    first, second = run_tasks(return_a_lambda, [1, 2], workers=2)
    assert isinstance(first.value, Failure)
    assert isinstance(second.value, Failure)


def test_every_outcome_is_announced_once_with_its_number():
    heard = []
    run_tasks(halve, [4, 3, 2], workers=2, on_outcome=lambda number, outcome: heard.append((number, outcome.value)))
    assert sorted(heard, key=lambda item: item[0]) == [(0, 2), (1, Failure("3 is odd")), (2, 1)]


def test_no_task_gives_no_outcome():
    assert run_tasks(halve, [], workers=4) == []


def process_number(task: int) -> int:
    return os.getpid()


def test_few_tasks_are_run_without_starting_processes():
    few = run_tasks(process_number, range(TASKS_WORTH_A_PROCESS))
    assert {outcome.value for outcome in few} == {os.getpid()}


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="only one core may be used here")
def test_many_tasks_are_spread_over_the_cores():
    many = run_tasks(process_number, range(2 * TASKS_WORTH_A_PROCESS))
    assert os.getpid() not in {outcome.value for outcome in many}


SLEEPERS = """
import os, time
from app.run import run_tasks

def sleep(seconds):
    print(os.getpid(), flush=True)
    time.sleep(seconds)

if __name__ == "__main__":
    try:
        run_tasks(sleep, [60, 60], workers=2)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def test_an_interrupt_ends_the_processes_at_once_and_quietly(tmp_path: Path):
    script = tmp_path / "sleepers.py"
    script.write_text(SLEEPERS)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        workers = [int(process.stdout.readline()), int(process.stdout.readline())]
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
        out, err = process.communicate(timeout=20)
    assert out == "interrupted\n"
    assert err == ""
    assert time.monotonic() - began < 5
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
