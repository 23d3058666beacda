"""Every failure that Jiexiang reports, as one tree.

JiexiangError
├── InputError        what was handed in cannot be used: a list of faults, each with its remedy
├── UsageError        options that contradict each other
└── DivisionError     a community could not be divided although its input was sound
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["DivisionError", "Fault", "InputError", "JiexiangError", "UsageError"]


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where it is, what it is, and what to do about it.

    `feature` names the row by its code or, where it has none, by its number counted from 1; it is empty where the fault
    concerns the whole layer.
    """

    source: str
    feature: str
    fact: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.source}, {self.feature}" if self.feature else self.source
        return f"{where}: {self.fact}. {self.remedy}"


class JiexiangError(Exception):
    """Base of every error raised on purpose."""


class InputError(JiexiangError):
    """Inputs that cannot be used; all faults of a file are collected before it is raised."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class UsageError(JiexiangError):
    """Options that cannot be followed together."""


class DivisionError(JiexiangError):
    """A community that could not be divided."""
