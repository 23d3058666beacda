"""Parameters that several routes share, read once: a day, a box, a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from starlette.requests import Request

from app.api.board import Board
from app.api.bodies import Day
from app.api.errors import BadRequest, Wrong
from app.api.points import CHINA, read_number
from app.api.routing import Parameter
from app.api.service import service_of

__all__ = [
    "AFTER",
    "AT",
    "BBOX",
    "LIMIT",
    "MOST_ROWS",
    "At",
    "board_of",
    "link_next",
    "read_box",
    "read_day",
    "read_limit",
    "read_text",
]

MOST_ROWS = 1_000
USUAL_ROWS = 100
Box = tuple[float, float, float, float]

AT = Parameter("at", "哪一天；默认今天 on which day; today where it is not said", {"type": "string", "format": "date"})
At = Annotated[Day | None, Query(description=AT.words)]
"""The same for routes whose parameters FastAPI reads."""
LIMIT = Parameter(
    "limit",
    "一页几条 how many on a page",
    {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS},
    10,
)
AFTER = Parameter(
    "after", "从哪个编码之后开始；见 links the code to begin after; see links", {"type": "string", "maxLength": 100}
)
BBOX = Parameter(
    "bbox",
    "西,南,东,北；一个点也可以 west,south,east,north",
    {"type": "string"},
    "120.0,30.0,120.1,30.1",
)


def read_day(query: Mapping[str, str], name: str = "at") -> date | None:
    """Return the day of a query, or None where it names none.

    Raises
    ------
    BadRequest
        It is no date.
    """
    text = query.get(name)
    if text is None:
        return None
    try:
        if len(text) != len("2026-01-31"):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        wrong = Wrong(f"query.{name}", "请写成 2026-01-31", "write it as 2026-01-31")
        raise BadRequest("日期读不懂", "the date cannot be read", [wrong]) from None


async def board_of(request: Request, query: Mapping[str, str]) -> Board:
    """Return what holds on the day that a query names, or today."""
    boards = service_of(request).boards
    day = read_day(query)
    return boards.current if day is None else await boards.on(day)


def read_limit(query: Mapping[str, str], *, usual: int = USUAL_ROWS, most: int = MOST_ROWS) -> int:
    """Return how many are wanted at most.

    Raises
    ------
    BadRequest
        It is no number from 1 to `most`.
    """
    text = query.get("limit", str(usual))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        wrong = Wrong("query.limit", f"应是 1 到 {most} 的整数", f"must be a whole number from 1 to {most}")
        raise BadRequest("有参数读不懂", "some parameters cannot be read", [wrong])
    return int(text)


def read_text(query: Mapping[str, str], parameter: Parameter) -> str | None:
    """Return the text of a parameter, or None where it is not given.

    Raises
    ------
    BadRequest
        It is longer than the parameter may be.
    """
    text, most = query.get(parameter.name), int(parameter.schema["maxLength"])
    if text is not None and len(text) > most:
        wrong = Wrong(f"query.{parameter.name}", f"最多 {most} 个字", f"{most} signs at most")
        raise BadRequest("有参数过长", "some parameters are too long", [wrong])
    return text


def read_box(query: Mapping[str, str]) -> Box | None:
    """Return the box of a query: west, south, east, north; a point or a line is a box too.

    Raises
    ------
    BadRequest
        It is not four numbers in their order within China.
    """
    text = query.get("bbox")
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != len(CHINA):
        wrong = Wrong("query.bbox", "应是四个数：西,南,东,北", "must be four numbers: west,south,east,north")
        raise BadRequest("范围读不懂", "the box cannot be read", [wrong])
    west, south, east, north = (read_number("bbox", part) for part in parts)
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        wrong = Wrong("query.bbox", "西须不大于东，南须不大于北，单位为度", "west ≤ east and south ≤ north, in degrees")
        raise BadRequest("范围读不懂", "the box cannot be read", [wrong])
    return west, south, east, north


def link_next(path: str, query: Mapping[str, str], after: str) -> str:
    """Return the address of the next page."""
    return f"{path}?{urlencode({**query, 'after': after})}"
