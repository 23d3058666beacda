"""What the bodies of requests share: nothing unknown, no text without end, dates as dates."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Body", "Day", "Line", "Number"]

Line = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
"""A line of text: a name, a document's number, a reason."""

Day = Annotated[date, Field(strict=False, examples=["2026-01-31"])]
"""A whole day, written 2026-01-31."""

Number = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""A permanent internal number."""


class Body(BaseModel):
    """Base of every body."""

    model_config = ConfigDict(extra="forbid", strict=True)
