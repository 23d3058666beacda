"""What becomes of a task, and what a runner of tasks has to do: light, because every process loads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

__all__ = ["Failure", "Outcome", "RunTasks"]

Task = TypeVar("Task")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Failure:
    """Why a task gave no value; `trace` is empty where it was refused on purpose."""

    message: str
    trace: str = ""


@dataclass(frozen=True)
class Outcome(Generic[Value]):
    """What became of one task, and how long it took."""

    value: Value | Failure
    seconds: float


class RunTasks(Protocol):
    """Runs a function over tasks: `app.run.run_tasks`, or anything that keeps its promise."""

    def __call__(
        self,
        function: Callable[[Task], Value],
        tasks: Sequence[Task],
        *,
        workers: int | None,
        on_outcome: Callable[[int, Outcome[Value]], None],
    ) -> list[Outcome[Value]]:
        """Return the outcomes in the order of the tasks."""
        ...
