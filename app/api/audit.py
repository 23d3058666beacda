"""The audit, for the county: who changed what, who read whose phone number; to ask for it is written down too."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.api.areas import Caller
from app.api.bodies import LARGEST, NO_NULL, Moment
from app.api.document.answers import answer
from app.api.document.examples import AUDIT
from app.api.document.staff import AuditPage
from app.api.errors import Forbidden
from app.api.routing import StrictRoute
from app.api.service import Asking, Serving, json_response
from app.store.areas import COUNTY
from app.store.audit import Sealed, Wanted, read_audit

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["运行 operation"])

When = Annotated[Moment | None, Query(description="时刻，须带时区 a moment, with its offset from UTC")]
Words = Annotated[str, Query(max_length=100, pattern=NO_NULL, description="其中的文字 words in it")]


@router.get("/audit", summary="审计记录 Who did or saw what", responses=answer(AUDIT, AuditPage))
async def entries(
    caller: Asking,
    service: Serving,
    since: When = None,
    until: When = None,
    actor: Words = "",
    key: Annotated[str, Query(max_length=100, pattern=NO_NULL, description="密钥前缀 the prefix of a key")] = "",
    action: Words = "",
    of: Annotated[str, Query(max_length=100, pattern=NO_NULL, description="网格编码 a grid's code")] = "",
    before: Annotated[int, Query(ge=1, le=LARGEST, description="从哪条之前 the number to begin before")] = LARGEST,
    limit: Annotated[int, Query(ge=1, le=1000, description="一页几条 how many on a page")] = 100,
) -> Response:
    """Search the audit, newest first; for the county alone."""
    _may_read(caller)
    wanted = Wanted(since, until, actor, key, action, of)
    async with service.store.reading() as connection:
        found = await read_audit(connection, before=before, wanted=wanted, most=limit)
    more = found[-1].number if len(found) == limit else None
    return json_response({"entries": [_tell(one) for one in found], "before": more})


def _may_read(caller: Caller) -> None:
    if caller.role != "county" or caller.area != COUNTY:
        raise Forbidden("审计记录只供县级查阅", "the audit is for the county alone")


def _tell(one: Sealed) -> dict[str, Any]:
    entry = one.entry
    return {
        "number": one.number,
        "at": one.at.isoformat(),
        "actor_kind": entry.actor_kind,
        "actor_id": entry.actor_id,
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "source": entry.source,
        "result": entry.result,
        "details": dict(entry.details),
        "hash": one.hash.hex(),
    }
