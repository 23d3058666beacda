"""What requests share, in bodies and queries: nothing unknown, no text without end, days and moments as written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

__all__ = [
    "LARGEST",
    "NO_NULL",
    "SAYS_SOMETHING",
    "WHOLE",
    "Body",
    "Day",
    "Latitude",
    "Line",
    "Longitude",
    "Moment",
    "Number",
    "together",
]

LARGEST = 2**53 - 1
"""The largest whole number that every reader of JSON and of our OpenAPI document takes for what it is."""

FIRST_MOMENT, LAST_MOMENT = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""A day within what Python can write in UTC: every zone can write them."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(_DAY.pattern + r"[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")


def _written_day(given: Any) -> Any:
    """Refuse what pydantic would take for a day too: seconds since 1970."""
    if not (isinstance(given, str) and _DAY.fullmatch(given)):
        raise PydanticCustomError("day_as_written", "write it as 2026-01-31")
    return given


def _written_moment(given: Any) -> Any:
    """Refuse a moment that does not say where the clock stood."""
    if not (isinstance(given, str) and _MOMENT.fullmatch(given)):
        raise PydanticCustomError("moment_as_written", "write it with its zone, as in 2026-01-31T08:00:00Z")
    return given


def _moment_anywhere(moment: datetime) -> datetime:
    """Refuse a moment that in another zone lies before the first year or after the last."""
    if not FIRST_MOMENT <= moment <= LAST_MOMENT:
        raise PydanticCustomError("moment_beyond", "it lies beyond the years 1 to 9999")
    return moment


def _whole(given: Any) -> Any:
    """Take 3.0 for 3, which JSON Schema does not tell apart."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


NO_NULL = r"^[^\x00]*$"
"""Of every text that somebody sends: a null character is refused at the door."""

SAYS_SOMETHING = r"^[^\x00]*\S[^\x00]*$"
"""The pattern of a text that is more than blanks."""

Line = Annotated[str, Field(max_length=500, pattern=NO_NULL)]
"""A line of text: a name, a document's number, a reason."""

Day = Annotated[date, BeforeValidator(_written_day), Field(strict=False, examples=["2026-01-31"])]
"""A whole day, written 2026-01-31."""

Moment = Annotated[
    datetime,
    BeforeValidator(_written_moment),
    AfterValidator(_moment_anywhere),
    Field(strict=False, examples=["2026-01-31T08:00:00Z"]),
]
"""A moment with its offset from UTC, written as RFC 3339 has it."""

WHOLE = BeforeValidator(_whole)
"""Beside an `int`: takes one that somebody's JSON writes as 3.0 too."""

Number = Annotated[int, Field(ge=1, le=LARGEST), WHOLE]
"""A permanent internal number."""


Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, examples=[120.0])]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, examples=[30.0])]


def together(first: str, second: str, kind: str) -> dict[str, Any]:
    """Return what a schema says of two members of which none comes without the other."""
    both, neither = ({name: {"type": told} for name in (first, second)} for told in (kind, "null"))
    return {"anyOf": [{"required": [first, second], "properties": both}, {"properties": neither}]}


class Body(BaseModel):
    """Base of every body."""

    model_config = ConfigDict(extra="forbid", strict=True)
