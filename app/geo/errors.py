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

    `feature` names the row by its code or, where it has none, by `#` and its number counted from 1; a row of a ledger
    by `row ` and its number in the file, a cell with its column as well (`row 12 F 户数`); it is empty where the fault
    concerns the whole layer. `fact` and `remedy` are what users read first (Chinese), `fact_en` and `remedy_en` say the
    same in English; `kind` is a short key that never changes, for programs and tests.
    """

    source: str
    feature: str
    fact: str
    remedy: str
    kind: str = ""
    fact_en: str = ""
    remedy_en: str = ""

    def say(self, language: str = "zh") -> str:
        """Say the fault in one line, in Chinese (`zh`) or English (`en`)."""
        if language == "zh" and self.fact_en:
            feature = _name_feature(self.feature, "第 {} 个要素", "第 {} 行", "{} 列“{}”")
            return f"{self.source}{'，' if feature else ''}{feature}：{self.fact}。{self.remedy}。"
        feature = _name_feature(self.feature, "feature {}", "row {}", "column {} “{}”")
        where = f"{self.source}, {feature}" if feature else self.source
        return f"{where}: {self.fact_en or self.fact}. {self.remedy_en or self.remedy}."

    def __str__(self) -> str:
        return self.say()


def _name_feature(feature: str, by_number: str, by_row: str, by_column: str) -> str:
    if feature.startswith("#"):
        return by_number.format(feature[1:])
    if feature.startswith("row "):
        row, *column = feature[4:].split(" ", 2)
        return " ".join([by_row.format(row), *([by_column.format(*column)] if len(column) == 2 else [])])
    return feature


class JiexiangError(Exception):
    """Base of every error raised on purpose."""


class InputError(JiexiangError):
    """Inputs that cannot be used; the faults of all files are collected before it is raised."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.faults)

    def say(self, language: str = "zh") -> str:
        """Say every fault on a line of its own, in Chinese (`zh`) or English (`en`)."""
        return "\n".join(fault.say(language) for fault in self.faults)

    def __str__(self) -> str:
        return self.say()


class UsageError(JiexiangError):
    """Options that cannot be followed together."""


class DivisionError(JiexiangError):
    """A community that could not be divided."""
