"""Codes and names of grids: fifteen digits, numbered as one reads a map, and 第一网格 in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.geo.errors import DivisionError

__all__ = ["GridLabel", "chinese_numeral", "grid_code", "grid_number", "label_grids", "number_grids", "read_numeral"]

HIGHEST_SERIAL = 999
DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class GridLabel:
    """Code and name of a grid."""

    code: str
    name: str


def number_grids(points: NDArray[np.float64], heights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Order grids as one reads a map: rows from north to south, in each row from west to east.

    DB11 and CJ/T 349-2010 ask for 从西向东、由北至南 (左→右、上→下), which is the order of reading: west to east runs
    within a row, north to south over the rows. A row is what lies less than half the usual height of a grid south of
    its northernmost grid, so that a small step between neighbours opens no new row.

    Parameters
    ----------
    points
        A point in each grid, x east and y north, in metres; shape (n, 2).
    heights
        Extent of each grid from south to north, in metres.

    Returns
    -------
    The rows of the grids in the order of their numbers.
    """
    tolerance = float(np.median(heights)) / 2 if len(heights) else 0.0
    southward = np.lexsort((points[:, 0], -points[:, 1]))
    order: list[int] = []
    while len(southward):
        top = points[southward[0], 1]
        in_row = points[southward, 1] > top - tolerance
        in_row[0] = True
        row = southward[in_row]
        order += row[np.lexsort((-points[row, 1], points[row, 0]))].tolist()
        southward = southward[~in_row]
    return np.array(order, dtype=np.int64)


def grid_code(community_code: str, serial: int) -> str:
    """Compose a grid code: the 12 digits of the community and 3 of the serial number.

    A community whose code is still pending (待赋码) gives its internal code, a hyphen and the serial number.

    Raises
    ------
    DivisionError
        If the serial number has more than three digits.
    """
    if not 1 <= serial <= HIGHEST_SERIAL:
        raise DivisionError(
            f"社区 {community_code} 的网格序号 {serial} 超出三位数字（1–{HIGHEST_SERIAL}），请先拆分社区"
        )
    official = re.fullmatch(r"[0-9]{12}", community_code) is not None
    return f"{community_code}{'' if official else '-'}{serial:03d}"


def label_grids(
    community_code: str,
    points: NDArray[np.float64],
    heights: NDArray[np.float64],
    sites: Sequence[str | None],
) -> tuple[GridLabel, ...]:
    """Give the grids of a community their codes and names, general grids first, then special ones.

    Parameters
    ----------
    community_code
        Twelve digits, or an internal code while the official one is pending.
    points, heights
        As `number_grids` takes them.
    sites
        For a special grid the name of its site ('' where it has none), None for a general grid.

    Raises
    ------
    DivisionError
        If the community has more than 999 grids.
    """
    special = np.array([site is not None for site in sites], bool)
    order = number_grids(points, heights)
    order = np.concatenate([order[~special[order]], order[special[order]]])
    labels = [GridLabel("", "")] * len(sites)
    for serial, row in enumerate(order.tolist(), start=1):
        code = grid_code(community_code, serial)
        site = sites[row]
        number = chinese_numeral(serial)
        if site is None:
            name = f"第{number}网格"
        elif not site:
            name = f"第{number}专属网格"
        else:
            name = site if site.endswith("专属网格") else f"{site}专属网格"
        labels[row] = GridLabel(code, name)
    return tuple(labels)


def chinese_numeral(number: int) -> str:
    """Write a number from 1 to 999 in Chinese: 三, 十, 二十一, 一百零五.

    Raises
    ------
    ValueError
        If the number is outside 1–999.
    """
    if not 1 <= number <= HIGHEST_SERIAL:
        raise ValueError(f"{number} is not within 1–{HIGHEST_SERIAL}")
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    words = f"{DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        words += "十" if tens == 1 and not hundreds else f"{DIGITS[tens]}十"
    elif hundreds and ones:
        words += "零"
    return words + (DIGITS[ones] if ones else "")


def read_numeral(text: str) -> int | None:
    """Read a number from 1 to 999 in Chinese or Arabic digits, half or full width; None where it is none."""
    if re.fullmatch(r"\d{1,3}", text):
        return int(text) or None
    match = re.fullmatch(
        r"(?:([一二三四五六七八九两])百)?(零)?(?:([一二三四五六七八九])?(十))?([一二三四五六七八九])?", text
    )
    if not text or match is None:
        return None
    hundreds, _, tens, ten, ones = match.groups()
    digit = {word: value for value, word in enumerate(DIGITS)} | {"两": 2}
    number = 100 * digit.get(hundreds or "零", 0) + (10 * digit.get(tens or "一", 1) if ten else 0)
    return (number + digit.get(ones or "零", 0)) or None


def grid_number(name: str) -> int | None:
    """Read the N of 第N网格 in a name, whatever code or community stands before it; None where it has none."""
    match = re.search(r"第([0-9０-９零一二三四五六七八九十百两]+)(?:专属|综合)?网格$", name.strip())
    return read_numeral(match.group(1)) if match else None
