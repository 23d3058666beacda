"""Which grids hold many points: read and looked up in portions, told from parts that are written once for a plan.

A hundred thousand points take no more room than their numbers and the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app.api.areas import Caller
from app.api.board import Board
from app.api.errors import BadRequest, TooLarge, Wrong
from app.api.phones import note_phone
from app.api.points import MOST_POINTS, PointsAsked, read_points
from app.api.wordings import word
from app.geo.lookup import NOWHERE
from app.store.areas import COUNTY

__all__ = ["NDJSON", "answer_lines", "answer_points", "tell_grid", "unreadable"]

NDJSON = "application/x-ndjson"
PORTION = 10_000
SHOWN = 20

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]


class LineAsked(BaseModel):
    """One point of a stream; `id` comes back as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str | int | None = None
    lon: Annotated[float, Field(allow_inf_nan=False)]
    lat: Annotated[float, Field(allow_inf_nan=False)]


_POINTS = TypeAdapter(PointsAsked)
_LINES = TypeAdapter(list[LineAsked])


def answer_points(board: Board, body: bytes, caller: Caller) -> bytes:
    """Tell the code of the grid of each point, and once what is told of each of these grids."""
    xy, told_distances = _read(body)
    rows = np.concatenate([_find(board, part, caller) for part in _portions(xy)] or [np.zeros(0, np.int64)])
    codes = board.written_codes
    named = np.unique(rows[rows != NOWHERE]).tolist()
    grids = b",".join([b"%b:{%b}" % (codes[row], tell_grid(board, row, phones=caller.sees_phones)) for row in named])
    parts = [
        b'{"day":"%b","found":%d,"results":[' % (str(board.day).encode(), int((rows != NOWHERE).sum())),
        b",".join([codes[row] for row in rows.tolist()]),
        b'],"grids":{%b}' % grids,
    ]
    if told_distances:
        distances = _distances(board, rows, xy)
        told = b",".join([b"null" if one != one else b"%.1f" % one for one in distances.tolist()])
        parts.append(b',"distances_to_border_m":[%b]' % told)
    return b"".join([*parts, b"}"])


def _read(body: bytes) -> tuple[Numbers, bool]:
    """Return the points of a body, and whether distances are wanted; what was read is let go with the numbers taken."""
    try:
        asked = _POINTS.validate_json(body)
    except ValidationError as error:
        raise unreadable(error) from error
    return read_points(np.array(asked.points, dtype=np.float64).reshape(-1, 2), asked.datum), asked.distances


def answer_lines(board: Board, body: bytes, caller: Caller) -> bytes:
    """Tell the grid of each point of a stream of lines, line by line."""
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) > MOST_POINTS:
        raise TooLarge(f"一次最多 {MOST_POINTS:,} 个点", f"at most {MOST_POINTS:,} points at a time")
    return b"".join(
        _answer_portion(board, lines[first : first + PORTION], first, caller) for first in range(0, len(lines), PORTION)
    )


def _answer_portion(board: Board, lines: Sequence[bytes], first: int, caller: Caller) -> bytes:
    try:
        asked = _LINES.validate_json(b"[%b]" % b",".join(lines))
    except ValidationError as error:
        raise unreadable(error, "lines", first) from error
    if len(asked) != len(lines):
        raise BadRequest("一行只能有一个点", "a line holds one point")
    xy = np.array([(one.lon, one.lat) for one in asked], dtype=np.float64).reshape(-1, 2)
    xy = read_points(xy, "cgcs2000", first=first)
    told = board.written_lines
    rows = _find(board, xy, caller).tolist()
    return b"".join([b"{%b%b}\n" % (_tell_id(one.id), told[row]) for one, row in zip(asked, rows, strict=True)])


def _tell_id(number: str | int | None) -> bytes:
    return b"" if number is None else b'"id":%b,' % json.dumps(number, ensure_ascii=False).encode()


def tell_grid(board: Board, row: int, *, phones: bool) -> bytes:
    """Return what is told of the grid of a row, and note whose phone number that is."""
    if phones:
        grid = board.grids[row]
        lead = board.leads.get(grid.grid_id)
        if lead is not None:
            note_phone(lead.phone, grid.grid_code)
    return board.tell(row, phones=phones)


def _portions(xy: Numbers) -> Iterator[Numbers]:
    return (xy[first : first + PORTION] for first in range(0, len(xy), PORTION))


def _find(board: Board, xy: Numbers, caller: Caller) -> Rows:
    """Return the row of each point, `NOWHERE` outside the area."""
    rows = board.index.find_points(xy)
    if caller.area == COUNTY:
        return rows
    seen = [row for row in np.unique(rows).tolist() if board.holds(caller.area, row)]
    return np.where(np.isin(rows, seen), rows, NOWHERE)


def _distances(board: Board, rows: Rows, xy: Numbers) -> Numbers:
    distances = np.full(len(rows), np.nan)
    [inside] = np.nonzero(rows != NOWHERE)
    for first in range(0, len(inside), PORTION):
        part = inside[first : first + PORTION]
        distances[part] = board.index.distances_to_borders_m(rows[part], xy[part])
    return distances


def unreadable(error: ValidationError, whole: str = "body", first: int = 0) -> BadRequest | TooLarge:
    """Turn what pydantic has to say into a problem; too long a list is too large, not wrong.

    `first` is the number of the first line that it saw.
    """
    said = error.errors(include_url=False, include_input=False)
    for one in said:
        if one["type"] == "too_long" and len(one["loc"]) == 1:
            most = one["ctx"]["max_length"]
            return TooLarge(f"一次最多 {most:,} 个", f"at most {most:,} at a time")
    wrong = [Wrong(_place(whole, first, one["loc"]), word(one), one["msg"]) for one in said[:SHOWN]]
    return BadRequest("内容读不懂", "the body cannot be read", wrong)


def _place(whole: str, first: int, where: Sequence[int | str]) -> str:
    if first and where and isinstance(where[0], int):
        where = (where[0] + first, *where[1:])
    return ".".join(map(str, (whole, *where)))
