"""Who asks, and which part of the county that one may see: the one place where areas are bounded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from app.store.areas import Area
from app.store.links import Link
from app.store.users import User

__all__ = [
    "HOLDER",
    "ROLES_WITH_ASSIGNMENTS",
    "ROLES_WITH_NOTES",
    "ROLES_WITH_PHONES",
    "ROLES_WITH_PLANS",
    "Caller",
    "area_holds",
    "area_key",
    "caller_of",
    "holder_of",
]

ROLES_WITH_PHONES = frozenset({"county", "town", "community", "worker"})
"""Who needs to call a grid's people; other systems and planners see no phone numbers."""
ROLES_WITH_PLANS = frozenset({"county", "planner"})
"""Who may hand in plans and take them through their steps."""
ROLES_WITH_ASSIGNMENTS = frozenset({"county", "town", "community"})
"""Who may say which person works where."""
ROLES_WITH_NOTES = frozenset({"county", "planner", "town", "community"})
"""Who reads and deals with what people in the field say of borders."""
HOLDER = "holder"
"""The role of whoever holds a link to one grid: sees it without phones, and nothing else of the service."""


def area_holds(area: Area, *, town_id: int | None, community_id: int | None, grid_id: int | None) -> bool:
    """Tell whether something lies in an area, as `app.store.areas.bound_grid` asks the database."""
    match area.scope:
        case "county":
            return True
        case "town":
            return town_id == area.id
        case "community":
            return community_id == area.id
        case _:
            return grid_id == area.id


def area_key(area: Area) -> str:
    """Return a short text that is the same for the same area, for tags."""
    return f"{area.scope}{area.id or ''}"


@dataclass(frozen=True)
class Caller:
    """Who asks: a person who signed in, a system with a key or the holder of a link; in what role, and where.

    `name` stands in logs and in records of what was changed: of an account, a key or a link, never a person's.
    """

    kind: Literal["user", "key", "link"]
    id: int
    name: str
    role: str
    area: Area
    person_id: int | None = None

    @property
    def sees_phones(self) -> bool:
        """Whether phone numbers are shown."""
        return self.role in ROLES_WITH_PHONES

    @cached_property
    def label(self) -> str:
        """Return what stands in records: `user:li` or `key:12345-hotline`."""
        return f"{self.kind}:{self.name}"


def holder_of(link: Link) -> Caller:
    """Return the holder of a link as one who asks, by what of the link is no secret."""
    return Caller("link", link.id, link.prefix, HOLDER, Area("grid", link.grid_id))


def caller_of(user: User) -> Caller:
    """Return an account as one who asks."""
    return Caller("user", user.id, user.name, user.role, user.area, user.person_id)
