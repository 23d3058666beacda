"""How communities and new projects stand by the facility standards: what is asked, what counts, what is missing."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from app.api.bodies import Body, Day
from app.api.document.answers import answer
from app.api.document.examples import CHANGED, STANDARD, STANDARDS
from app.api.document.facilities import CommunityStanding, Standings, Supposed
from app.api.errors import BadRequest, NotHere, Wrong
from app.api.judging import judge, visible_codes
from app.api.queries import At
from app.api.routing import StrictRoute
from app.api.service import Asking, Serving, bytes_response, json_response, tag
from app.api.small_counts import tell_recorded
from app.geo.assessment import STATUSES, Assessment, CommunityFinding
from app.geo.findings import plain_community, plain_project, plain_standard
from app.geo.suppositions import Supposition, suppose
from app.store.findings import read_findings

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["设施达标 facility standards"])

Code = Annotated[str, Path(max_length=40, description="社区编码 code of the community")]
Amount = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
MOST_SUPPOSED = 100


class RoomSupposed(Body):
    """A room that a community might have, evidenced and in use."""

    community_code: Annotated[str, Field(max_length=40, examples=["330482001001"])]
    area_m2: Amount


class ProjectSupposed(Body):
    """A residential project that a community might get, and the rooms that it hands over."""

    community_code: Annotated[str, Field(max_length=40, examples=["330482001001"])]
    households: Amount
    area_m2: Amount | None = None


class WhatIf(Body):
    """What might be added, one thing at least; nothing of it is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": [one], "properties": {one: {"minItems": 1}}} for one in ("rooms", "projects")]
        }
    )

    at: Day | None = None
    rooms: Annotated[list[RoomSupposed], Field(max_length=MOST_SUPPOSED, default_factory=list)]
    projects: Annotated[list[ProjectSupposed], Field(max_length=MOST_SUPPOSED, default_factory=list)]


@router.get(
    "/standards", summary="设施达标核查 How communities stand by the standards", responses=answer(STANDARDS, Standings)
)
async def standards(
    request: Request,
    caller: Asking,
    service: Serving,
    at: At = None,
    status: Annotated[
        Literal["达标", "不达标", "待核实", "数据不足"] | None, Query(description="只要这种结论 only these")
    ] = None,
    after: Annotated[str, Query(max_length=40, description="从哪个社区编码之后 the code to begin after")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="一页几个社区 how many communities on a page")] = 100,
) -> Response:
    """List the communities of the area with what is required, counted and missing, and every room with its reason."""
    day = at or service.boards.current.day
    judged = await judge(service, day, caller)
    visible = set(await visible_codes(service, caller, judged, day))
    seen = judged.within(visible)
    mine = seen.communities
    counts = Counter(one.status for one in mine)
    wanted = [one for one in mine if one.community.code > after and status in (None, one.status)]
    page = wanted[:limit]
    ranks = _ranks(seen)
    told = {
        "as_of": day.isoformat(),
        "standards": [plain_standard(one, day) for one in judged.ledgers.standards if one.enabled],
        "summary": {one: counts[one] for one in STATUSES},
        "communities": [_tell(one, ranks) for one in page],
        "projects": [plain_project(one) for one in seen.projects],
        "after": page[-1].community.code if len(wanted) > limit else None,
    }
    content = bytes(json_response(told).body)
    return bytes_response(request, content, tag(caller.area, content))


@router.get(
    "/standards/{community}",
    summary="一个社区的达标情况 How one community stands",
    responses=answer(STANDARD, CommunityStanding),
)
async def standard(request: Request, caller: Asking, service: Serving, community: Code, at: At = None) -> Response:
    """Tell how a community stands, room by room, and what was recorded of it before."""
    day = at or service.boards.current.day
    judged = await judge(service, day, caller)
    seen = judged.within(set(await visible_codes(service, caller, judged, day)))
    found = _find(seen, community)
    async with service.store.reading() as connection:
        kept = await read_findings(connection, community, area=caller.area)
    recorded = [
        {
            "plan_id": one.plan_id,
            "as_of": one.as_of.isoformat(),
            "at": one.at.isoformat(),
            "standard": one.standard,
            **tell_recorded(caller, one),
            "status": one.status,
            "advisory": one.advisory,
            "binding": one.binding,
        }
        for one in kept
    ]
    projects = [plain_project(one) for one in seen.projects if one.community_code == community]
    told = {"as_of": day.isoformat(), **_tell(found, _ranks(seen)), "projects": projects, "recorded": recorded}
    content = bytes(json_response(told).body)
    return bytes_response(request, content, tag(caller.area, content))


@router.post(
    "/standards/what-if",
    summary="假如增加用房或项目 What another room or project would change",
    responses=answer(CHANGED, Supposed),
)
async def what_if(caller: Asking, service: Serving, asked: WhatIf) -> Response:
    """Judge the area with another room or project in it; nothing is kept."""
    if not asked.rooms and not asked.projects:
        wrong = Wrong("body.rooms", "请至少给出一处用房或一个项目", "name a room or a project at least")
        raise BadRequest("没有要假设的内容", "there is nothing to suppose", [wrong])
    day = asked.at or service.boards.current.day
    judged = await judge(service, day, caller)
    visible = set(await visible_codes(service, caller, judged, day))
    supposed = [Supposition(one.community_code, one.area_m2) for one in asked.rooms]
    supposed += [Supposition(one.community_code, one.area_m2 or 0.0, one.households) for one in asked.projects]
    for one in supposed:
        if one.community_code not in visible:
            raise NotHere(f"没有社区 {one.community_code}", f"there is no community {one.community_code}")
    held = judged.ledgers
    after, changes = suppose(supposed, held.communities, held.rooms, held.phases, held.standards, as_of=day)
    known = {one.project_id for one in judged.found.projects}
    told = {
        "as_of": day.isoformat(),
        "changes": [
            {"before": plain_community(one.before), "after": plain_community(one.after)}
            for one in changes
            if one.after.community.code in visible
        ],
        "projects": [plain_project(one) for one in after.projects if one.project_id not in known],
    }
    return json_response(told)


def _find(seen: Assessment, code: str) -> CommunityFinding:
    found = next((one for one in seen.communities if one.community.code == code), None)
    if found is None:
        raise NotHere(f"没有社区 {code} 的核查结论", f"nothing is known of a community {code}")
    return found


def _ranks(seen: Assessment) -> dict[str, tuple[int, int]]:
    """Return the places, among those that one sees, of communities that miss something.

    They are by what is missing, and by households. A place in the whole county would tell somebody bound to a community
    how many others miss more.
    """
    by_households = {one.community.code: place for place, one in enumerate(seen.by_households(), 1)}
    return {
        one.community.code: (place, by_households[one.community.code])
        for place, one in enumerate(seen.by_shortfall(), 1)
    }


def _tell(one: CommunityFinding, ranks: dict[str, tuple[int, int]]) -> dict[str, Any]:
    place, by_households = ranks.get(one.community.code, (None, None))
    return {**plain_community(one), "rank_by_shortfall": place, "rank_by_households": by_households}
