"""What routes of plans, changes and webhooks answer, for the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.document.answers import Answer

__all__ = [
    "Changes",
    "Compared",
    "ObjectionKept",
    "Objections",
    "PaperTold",
    "Papers",
    "PlanListed",
    "PlanPublished",
    "PlanTold",
    "PlanWithdrawn",
    "Plans",
    "Replied",
    "WebhookMade",
    "Webhooks",
]

Step = Literal["draft", "reviewed", "public_notice", "approved", "published", "withdrawn"]


class PlanListed(Answer):
    """A plan; `effective` and `withdrawn_on` are the first days on which it holds, and no longer does."""

    id: int
    title: str
    status: Step
    digest: str
    about: dict[str, Any]
    created_by: str
    created_at: datetime
    effective: date | None
    withdrawn_on: date | None
    communities: int


class Plans(Answer):
    """The plans that touch the area, the newest first."""

    plans: list[PlanListed]


class StepTold(Answer):
    """A step that a plan has taken; `notice` are the first and the last day of a public notice."""

    step: Step
    at: datetime
    actor: str
    unit: str
    document_number: str
    why: str
    notice: Annotated[list[date], Field(min_length=2, max_length=2)] | None


class PlanTold(PlanListed):
    """A plan with its steps."""

    steps: list[StepTold]


class PlanPublished(Answer):
    """What a publication came to."""

    plan_id: int
    effective: date
    communities: int
    grids: int
    ended_assignments: int
    revision: int


class PlanWithdrawn(Answer):
    """What a withdrawal came to."""

    plan_id: int
    on: date
    left_without: int
    replaced: int
    revision: int


class ObjectionTold(Answer):
    """An objection, and the reply; `adopted` is null until there is one."""

    id: int
    author: str
    text: str
    longitude: float | None
    latitude: float | None
    grid_id: int | None
    received_at: datetime
    reply: str
    replied_by: str
    replied_at: datetime | None
    adopted: bool | None


class Objections(Answer):
    """The objections to a plan."""

    objections: list[ObjectionTold]


class ObjectionKept(Answer):
    """The number under which an objection was kept."""

    id: int


class Replied(Answer):
    """An objection that was replied to."""

    id: int
    adopted: bool


class PaperTold(Answer):
    """A paper of a step."""

    id: int
    step: Step
    name: str
    size: int
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    filed_at: datetime
    filed_by: str


class Papers(Answer):
    """The papers of a plan."""

    papers: list[PaperTold]


class Flow(Answer):
    """What of an old grid became part of a new one; null where there was, or is, none."""

    old_grid: str | None
    new_grid: str | None
    change: str
    households: float


class Compared(Answer):
    """Two plans beside each other."""

    moved_households: float
    households: float
    counted_by: Literal["buildings", "units"]
    flows: list[Flow]


class ChangeTold(Answer):
    """A change, of which `kind` tells the thing and what became of it."""

    number: int
    at: datetime
    kind: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")]
    subject_id: int
    community_code: str | None
    grid_code: str | None
    details: dict[str, Any]


class Changes(Answer):
    """Changes in their order, and the number to ask with next time."""

    changes: list[ChangeTold]
    last: int


class Webhook(Answer):
    """An address that is told of changes, and how far it has come."""

    id: int
    url: str
    delivered: int
    failures: int
    next_attempt_at: datetime
    last_error: str


class Webhooks(Answer):
    """The addresses that are told of changes."""

    webhooks: list[Webhook]


class WebhookMade(Answer):
    """A new address, and the secret that signs what it is sent."""

    id: int
    url: str
    secret: str
