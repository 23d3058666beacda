"""What routes of people, assignments, sessions, notes and the audit answer, for the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from app.api.document.answers import Answer, sometimes

__all__ = [
    "AssignmentEnded",
    "AssignmentTold",
    "Assignments",
    "AuditPage",
    "MyGrids",
    "NoteHandled",
    "NoteKept",
    "Notes",
    "People",
    "PersonTold",
    "Role",
    "WhoAmI",
    "WorkerArea",
    "WorkerPeople",
]

Role = Literal["网格长", "专职网格员", "兼职网格员", "网格党组织书记"]
PHONE = "只给需要联系网格人员的角色 for roles that call the people of grids"


class PersonListed(Answer):
    """Somebody who works in the grids."""

    id: int
    staff_code: str
    name: str
    post: str
    left_on: date | None
    phone: str = sometimes(PHONE)


class People(Answer):
    """A page of people, and the staff code to begin the next after."""

    people: list[PersonListed]
    after: str | None


class AssignmentTold(Answer):
    """Who is responsible for which grid, in what role, from when to when."""

    id: int
    person_id: int
    person: str
    grid_code: str | None
    grid_name: str | None
    role: Role
    since: date
    until: date | None
    document_number: str
    phone: str = sometimes(PHONE)


class PersonTold(PersonListed):
    """Somebody, with the assignments of today."""

    assignments: list[AssignmentTold]


class Assignments(Answer):
    """A page of assignments, and the number to begin the next after."""

    assignments: list[AssignmentTold]
    after: int | None


class AssignmentEnded(Answer):
    """An assignment, and the first day on which it no longer holds."""

    id: int
    until: date


# -- who asks ---------------------------------------------------------------------------------------------------------


class AreaTold(Answer):
    """Which part of the county."""

    scope: Literal["county", "town", "community", "grid"]
    id: int | None


class WhoAmI(Answer):
    """The account, key or link that asks."""

    kind: Literal["user", "key", "link"]
    name: str
    display_name: str
    role: str
    area: AreaTold


class MyGrid(Answer):
    """A grid that one is assigned to."""

    grid_code: str
    name: str
    community_code: str
    community_name: str
    role: Role
    since: date
    until: date | None
    phone: str = sometimes(PHONE)


class MyGrids(Answer):
    """The grids that one is assigned to on a day."""

    day: date
    grids: list[MyGrid]


# -- a worker's page --------------------------------------------------------------------------------------------------


class WorkerArea(Answer):
    """The own grids and what is around them, packed for the page `/m`."""

    grids: list[dict[str, Any]]
    stepsPerDegree: float = sometimes("有网格时 where there are grids")  # noqa: N815  names of the page's scripts
    plan: dict[str, str] = sometimes("有网格时 where there are grids")
    basis: str = sometimes("有网格时 where there are grids")
    neighbours: list[dict[str, Any]] = sometimes("有网格时 where there are grids")
    streets: list[dict[str, Any]] = sometimes("有网格时 where there are grids")
    streetNames: list[list[Any]] = sometimes("有网格时 where there are grids")  # noqa: N815
    water: dict[str, Any] = sometimes("有网格时 where there are grids")
    rail: dict[str, Any] = sometimes("有网格时 where there are grids")


class WorkerPerson(Answer):
    """Somebody who works in a grid."""

    name: str
    role: Role
    phone: str = sometimes(PHONE)


class WorkerPeople(Answer):
    """Who works in which grid."""

    people: dict[str, list[WorkerPerson]]


# -- notes and the audit ----------------------------------------------------------------------------------------------


class NoteKept(Answer):
    """The number under which a note was kept."""

    id: int


class NoteTold(Answer):
    """A note on a border, and what came of it."""

    id: int
    grid_id: int
    grid_code: str | None
    grid_name: str | None
    author: str
    text: str
    longitude: float
    latitude: float
    accuracy_m: float | None
    noted_at: datetime
    received_at: datetime
    outcome: str
    handled_by: str
    handled_at: datetime | None


class Notes(Answer):
    """A page of notes, and the number to begin the next after."""

    notes: list[NoteTold]
    after: int | None


class NoteHandled(Answer):
    """A note, and what came of it."""

    id: int
    outcome: str


class AuditEntry(Answer):
    """Who did or saw what; `actor_kind` is empty for nobody known, `actor_id` tells keys of one name apart."""

    number: int
    at: datetime
    actor_kind: str
    actor_id: int | None
    actor: str
    action: str
    subject: str
    source: str
    result: str
    details: dict[str, Any]
    hash: str


class AuditPage(Answer):
    """Entries, newest first, and the number to begin the next page before."""

    entries: list[AuditEntry]
    before: int | None
