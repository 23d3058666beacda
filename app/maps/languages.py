"""What pages say in the language of their reader: Chinese first, English beside it."""

from __future__ import annotations

from collections.abc import Callable

from app.geo.layers import FACILITY_CLASSES

__all__ = ["Say", "name_class", "speak", "translate"]

Say = Callable[[str, str], str]
"""Takes what is said in Chinese and in English, and returns one of the two."""

ENGLISH = {
    "达标": "met",
    "不达标": "not met",
    "待核实": "to be verified",
    "数据不足": "not enough data",
    "保留": "kept",
    "边界微调": "border adjusted",
    "拆分": "split",
    "合并": "merged",
    "新增": "new",
    "撤销": "dissolved",
    "主要街道": "main streets",
    "支路、街": "streets",
    "巷": "lanes",
    "铁路": "railway",
    "河流": "water",
    "围墙": "walls",
    "空地": "open ground",
    "其他": "others",
}
"""Words of findings that are single words; sentences of rules and ledgers stay as they were written."""


def speak(language: str) -> Say:
    """Return what chooses between the two languages."""
    return (lambda _, english: english) if language == "en" else (lambda chinese, _: chinese)


def translate(word: str, language: str) -> str:
    """Return a word of a finding in the language of the page; one that is not known stays as it is."""
    return ENGLISH.get(word, word) if language == "en" else word


def name_class(kind: str, language: str) -> str:
    """Return what a class of facilities is called."""
    return kind.replace("_", " ") if language == "en" else FACILITY_CLASSES.get(kind, kind)
