"""Phone numbers, for the roles that need them and for nobody else; and whose were told, for the audit."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.api.areas import Caller
from app.api.frontdoor import ANSWERED

__all__ = ["TELLING", "Telling", "note_phone", "told_phone"]


@dataclass
class Telling:
    """What one request tells: how many phone numbers, and of which grids or people."""

    phones: int = 0
    of: set[str] = field(default_factory=set)


TELLING = "jiexiang.telling"
"""Under which it stands in the scope of the request, from the first phone number on."""


def told_phone(caller: Caller, phone: str, of: str) -> dict[str, str]:
    """Return the member `phone` of an answer, or none; `of` is the grid or the person that it belongs to."""
    if not caller.sees_phones:
        return {}
    note_phone(phone, of)
    return {"phone": phone}


def note_phone(phone: str, of: str) -> None:
    """Note that a phone number is told, without the number."""
    scope = ANSWERED.get()
    if phone and scope is not None:
        telling = scope.get(TELLING)
        if telling is None:
            telling = scope[TELLING] = Telling()
        telling.phones += 1
        telling.of.add(of)
