"""Blocks of data: values and columns of whole numbers, packed into text that stands in a page as a few plain letters.

A block is base64 of zlib of: the length of the head (four bytes, little-endian), the head, the columns. The head is
JSON with `values` and, for each column, its name, how many numbers it has and of how many bytes each is. Numbers are
written with their sign last (0, -1, 1, -2, …: 0, 1, 2, 3, …), first the lowest bytes of all of them, then the next
ones: like stands beside like and compresses better. `pages/unpack.js` reads it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.maps.arcs import Steps

__all__ = ["line_columns", "pack", "point_columns"]

Column = NDArray[np.int64]


def pack(values: Any, columns: Mapping[str, ArrayLike]) -> str:
    """Pack values that JSON knows and columns of whole numbers, each of which fits 31 bits."""
    written = {name: _put_sign_last(np.asarray(column, dtype=np.int64)) for name, column in columns.items()}
    widths = {name: _count_bytes(column) for name, column in written.items()}
    head = json.dumps(
        {"values": values, "columns": [[name, len(column), widths[name]] for name, column in written.items()]},
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    ).encode()
    planes = [
        (column >> 8 * plane & 255).astype(np.uint8).tobytes()
        for name, column in written.items()
        for plane in range(widths[name])
    ]
    return base64.b64encode(zlib.compress(b"".join([len(head).to_bytes(4, "little"), head, *planes]), 9)).decode()


def line_columns(name: str, lines: Sequence[Steps]) -> dict[str, Column]:
    """Write lines as columns `nameX` and `nameY`, each vertex as the move from the one before, and `nameLength`.

    The first vertex of a line is the move from the last of the line before.
    """
    lengths = np.asarray([len(line) for line in lines], dtype=np.int64)
    return point_columns(name, np.concatenate(lines) if len(lines) else np.empty((0, 2))) | {f"{name}Length": lengths}


def point_columns(name: str, points: NDArray[Any]) -> dict[str, Column]:
    """Write points as columns `nameX` and `nameY`, each as the move from the one before."""
    moves = np.diff(np.asarray(points, dtype=np.int64).reshape(-1, 2), axis=0, prepend=0)
    return {f"{name}X": moves[:, 0], f"{name}Y": moves[:, 1]}


def _put_sign_last(numbers: Column) -> Column:
    return np.where(numbers < 0, -2 * numbers - 1, 2 * numbers)


def _count_bytes(column: Column) -> int:
    return max(1, -(-int(column.max(initial=0)).bit_length() // 8))
