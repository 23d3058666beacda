"""Phone numbers, for the roles that need them and for nobody else."""

from __future__ import annotations

from app.api.areas import Caller

__all__ = ["told_phone"]


def told_phone(caller: Caller, phone: str) -> dict[str, str]:
    """Return the member `phone` of an answer, or none."""
    return {"phone": phone} if caller.sees_phones else {}
