"""The font of printed maps, and which characters it has."""

from __future__ import annotations

from functools import cache

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties

from app.geo.errors import UsageError
from app.reports.texts import clean

__all__ = ["FAMILY", "lacking", "printable", "use_font"]

FAMILY = "Noto Sans CJK SC"

LONGEST_LINE = 400
"""No sheet has room for more."""

UNKNOWN = "□"
"""Stands for a character that the font lacks, so that nobody takes the name for whole."""


def use_font(size: float, *, bold: bool = False) -> FontProperties:
    """Return the font at a size in points.

    Raises
    ------
    UsageError
        This machine does not have it.
    """
    _characters()
    return FontProperties(family=FAMILY, size=size, weight="bold" if bold else "regular")


def lacking(text: str) -> set[str]:
    """Return the characters of a text that the font cannot draw."""
    return {character for character in text if character != "\n" and ord(character) not in _characters()}


def printable(text: str) -> str:
    """Return a text on one line with □ for each character that the font cannot draw."""
    line = clean(text)
    line = line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
    for character in lacking(line):
        line = line.replace(character, UNKNOWN)
    return line


@cache
def _characters() -> frozenset[int]:
    try:
        path = font_manager.findfont(FontProperties(family=FAMILY), fallback_to_default=False)
    except ValueError as error:
        raise UsageError(
            f"没有中文字体 {FAMILY}，画不出网格示意图："
            "sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends fonts-noto-cjk'"
        ) from error
    return frozenset(font_manager.get_font(path).get_charmap())
