"""The jobs a county asks for, each from files to files: split, verify, map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Failure", "Outcome"]

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
