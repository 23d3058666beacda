"""Plans: handed in as files, taken through their steps, put in force, withdrawn.

What reads, checks and writes plans is imported when it is needed: a worker that only answers look-ups stays small.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from app.api.areas import ROLES_WITH_PLANS, Caller
from app.api.bodies import LARGEST, NO_NULL, Body, Day, Latitude, Line, Longitude, Number, together
from app.api.document.answers import answer
from app.api.document.examples import OBJECTION, PLAN, PLAN_WITH_STEPS, PUBLISHED, WITHDRAWN
from app.api.document.plans import (
    ObjectionKept,
    Objections,
    PlanListed,
    PlanPublished,
    Plans,
    PlanTold,
    PlanWithdrawn,
    Replied,
)
from app.api.errors import BadRequest, Forbidden, Unsupported, Wrong
from app.api.routing import StrictRoute
from app.api.service import Asking, Changing, Serving, json_response
from app.store.areas import COUNTY
from app.store.objections import NewObjection, add_objection, read_objections, reply
from app.store.plans import (
    Act,
    PlanRecord,
    StepTaken,
    delete_draft,
    export_plan,
    import_plan,
    read_plan_record,
    read_plans,
    read_steps,
    take_step,
)

__all__ = ["Id", "may_plan", "router"]

router = APIRouter(route_class=StrictRoute, tags=["划分方案 plans"])

Id = Annotated[int, Path(ge=1, le=LARGEST, description="方案编号 number of the plan")]
GEOPACKAGE = "application/geopackage+sqlite3"
UPLOAD_KINDS = (GEOPACKAGE, "application/octet-stream")
FILE_NAME = "plan.gpkg"


class StepAsked(Body):
    """A step before publication, on what paper, and why; a public notice has its first and last day."""

    model_config = ConfigDict(json_schema_extra=together("notice_from", "notice_to", "string"))

    step: Literal["reviewed", "public_notice", "approved"]
    unit: Line = ""
    document_number: Line = ""
    why: Line = ""
    notice_from: Day | None = None
    notice_to: Day | None = None


class PublicationAsked(Body):
    """The first day on which a plan holds."""

    effective: Day
    unit: Line = ""
    document_number: Line = ""
    why: Line = ""


class WithdrawalAsked(Body):
    """The first day on which a plan no longer holds; `again` names the plan that holds once more."""

    on: Day
    why: Line
    again: Number | None = None
    unit: Line = ""
    document_number: Line = ""


class ObjectionAsked(Body):
    """What somebody objects, and where."""

    model_config = ConfigDict(json_schema_extra=together("lon", "lat", "number"))

    author: Line = ""
    text: Annotated[str, Field(min_length=1, max_length=5000, pattern=NO_NULL)]
    lon: Longitude | None = None
    lat: Latitude | None = None


class ReplyAsked(Body):
    """What an objection is answered, and whether it is adopted."""

    reply: Annotated[str, Field(min_length=1, max_length=5000, pattern=NO_NULL)]
    adopted: bool


@router.get("/plans", summary="划分方案列表 Plans", responses=answer({"plans": [PLAN]}, Plans))
async def plans(caller: Asking, service: Serving) -> Response:
    """List the plans that touch the area, the newest first."""
    async with service.store.reading() as connection:
        listed = await read_plans(connection, area=caller.area)
    return json_response({"plans": [_tell(one) for one in listed]})


@router.post(
    "/plans",
    status_code=201,
    summary="上传方案 Hand in a plan",
    responses=answer(PLAN, PlanListed, status=201),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {GEOPACKAGE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def upload(
    request: Request,
    caller: Asking,
    changing: Changing,
    title: Annotated[str, Query(max_length=200, pattern=NO_NULL, description="名称 what to call it")] = "",
) -> Response:
    """Take in a plan file as a draft: read in a process of its own, whole or not at all."""
    from app.files.intake import take_in

    may_plan(caller)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in UPLOAD_KINDS:
        raise Unsupported(f"请用 {GEOPACKAGE} 直接发送文件", f"send the file itself as {GEOPACKAGE}")
    with tempfile.TemporaryDirectory(prefix="jiexiang-upload-") as folder:
        path = FilePath(folder) / FILE_NAME
        with path.open("wb") as opened:
            async for piece in request.stream():
                await asyncio.to_thread(opened.write, piece)
        plan = await asyncio.to_thread(take_in, path, name=FILE_NAME)
    async with changing() as connection:
        number = await import_plan(connection, plan, act=Act(caller.label), title=title)
        made = await read_plan_record(connection, number)
    return json_response(_tell(made), status_code=201, headers={"Location": f"/plans/{number}"})


@router.get("/plans/{number}", summary="一个方案 One plan", responses=answer(PLAN_WITH_STEPS, PlanTold))
async def plan(caller: Asking, service: Serving, number: Id) -> Response:
    """Tell one plan and the steps that it has taken."""
    async with service.store.reading() as connection:
        found = await read_plan_record(connection, number, area=caller.area)
        steps = await read_steps(connection, number)
    return json_response({**_tell(found), "steps": [_tell_step(one) for one in steps]})


@router.get(
    "/plans/{number}/file",
    summary="下载方案文件 The file of a plan",
    response_class=FileResponse,
    responses={200: {"content": {GEOPACKAGE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def file(caller: Asking, service: Serving, number: Id) -> Response:
    """Give a plan back as the file it was, coordinates to the last bit; for those who may see the whole county."""
    may_plan(caller)
    async with service.store.reading() as connection:
        content = await export_plan(connection, number)
    body = await asyncio.to_thread(_write, content)
    headers = {"Content-Disposition": f'attachment; filename="plan-{number}.gpkg"', "Cache-Control": "no-store"}
    return Response(body, headers=headers, media_type=GEOPACKAGE)


@router.delete("/plans/{number}", status_code=204, summary="删除草案 Delete a draft")
async def delete(caller: Asking, changing: Changing, number: Id) -> Response:
    """Delete a plan that is still a draft."""
    may_plan(caller)
    async with changing() as connection:
        await delete_draft(connection, number)
    return Response(status_code=204)


@router.post(
    "/plans/{number}/steps", summary="审核、公示、批复 Take a plan to its next step", responses=answer(PLAN, PlanListed)
)
async def step(caller: Asking, service: Serving, changing: Changing, number: Id, asked: StepAsked) -> Response:
    """Record that a plan was reviewed, put on public notice, or approved."""
    may_plan(caller)
    notice = _notice(asked)
    act = Act(caller.label, asked.unit, asked.document_number, asked.why)
    async with changing() as connection:
        await take_step(connection, number, asked.step, act, skippable=service.skipped_steps, notice=notice)
        found = await read_plan_record(connection, number)
    return json_response(_tell(found))


@router.post(
    "/plans/{number}/publication", summary="发布生效 Publish a plan", responses=answer(PUBLISHED, PlanPublished)
)
async def publication(
    caller: Asking, service: Serving, changing: Changing, number: Id, asked: PublicationAsked
) -> Response:
    """Put a plan in force from a day on, in the communities it covers; every promise is checked again before."""
    from app.store.publication import publish

    may_plan(caller)
    act = Act(caller.label, asked.unit, asked.document_number, asked.why)
    async with changing() as connection:
        done = await publish(connection, number, effective=asked.effective, act=act, skippable=service.skipped_steps)
    return json_response({**asdict(done), "effective": done.effective.isoformat()})


@router.post("/plans/{number}/withdrawal", summary="废止 Withdraw a plan", responses=answer(WITHDRAWN, PlanWithdrawn))
async def withdrawal(caller: Asking, changing: Changing, number: Id, asked: WithdrawalAsked) -> Response:
    """End a plan's validity on a day; nothing before it comes back unless `again` names it."""
    from app.store.publication import withdraw

    may_plan(caller)
    act = Act(caller.label, asked.unit, asked.document_number, asked.why)
    async with changing() as connection:
        done = await withdraw(connection, number, on=asked.on, act=act, again=asked.again)
    return json_response({**asdict(done), "on": done.on.isoformat()})


@router.get(
    "/plans/{number}/objections",
    summary="公示意见 Objections to a plan",
    responses=answer({"objections": [OBJECTION]}, Objections),
)
async def objections(caller: Asking, service: Serving, number: Id) -> Response:
    """List what was objected during the public notice, and the replies."""
    may_plan(caller)
    async with service.store.reading() as connection:
        await read_plan_record(connection, number, area=caller.area)
        listed = await read_objections(connection, number)
    told = [
        {
            **asdict(one),
            "received_at": one.received_at.isoformat(),
            "replied_at": one.replied_at.isoformat() if one.replied_at else None,
        }
        for one in listed
    ]
    return json_response({"objections": told})


@router.post(
    "/plans/{number}/objections",
    status_code=201,
    summary="登记意见 Record an objection",
    responses=answer({"id": 1}, ObjectionKept, status=201),
)
async def object_to(caller: Asking, changing: Changing, number: Id, asked: ObjectionAsked) -> Response:
    """Record an objection to a plan under public notice."""
    may_plan(caller)
    if (asked.lon is None) != (asked.lat is None):
        wrong = Wrong("body.lon", "经度和纬度须一起给出", "longitude and latitude come together")
        raise BadRequest("内容读不懂", "the body cannot be read", [wrong])
    place = (asked.lon, asked.lat) if asked.lon is not None and asked.lat is not None else None
    async with changing() as connection:
        made = await add_objection(connection, number, NewObjection(asked.author, asked.text, place))
    return json_response({"id": made}, status_code=201)


@router.post(
    "/objections/{number}/reply",
    summary="答复意见 Reply to an objection",
    responses=answer({"id": 1, "adopted": True}, Replied),
)
async def reply_to(caller: Asking, changing: Changing, number: Id, asked: ReplyAsked) -> Response:
    """Answer an objection, once."""
    may_plan(caller)
    async with changing() as connection:
        await reply(connection, number, asked.reply, by=caller.label, adopted=asked.adopted)
    return json_response({"id": number, "adopted": asked.adopted})


def may_plan(caller: Caller) -> None:
    """Refuse whoever may not handle plans, which cover more than one area.

    Raises
    ------
    Forbidden
        As said.
    """
    if caller.role not in ROLES_WITH_PLANS or caller.area != COUNTY:
        raise Forbidden("您的角色不能办理划分方案", "your role may not handle plans")


def _notice(asked: StepAsked) -> tuple[date, date] | None:
    if asked.notice_from is None and asked.notice_to is None:
        return None
    if asked.notice_from is None or asked.notice_to is None:
        wrong = Wrong("body.notice_from", "公示起止日期须一起给出", "a notice has its first and its last day")
        raise BadRequest("内容读不懂", "the body cannot be read", [wrong])
    return asked.notice_from, asked.notice_to


def _write(content: Any) -> bytes:
    from app.files.plans import write_plan

    with tempfile.TemporaryDirectory(prefix="jiexiang-download-") as folder:
        path = FilePath(folder) / FILE_NAME
        write_plan(content, path)
        return path.read_bytes()


def _tell(one: PlanRecord) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "status": one.status,
        "digest": one.digest,
        "about": dict(one.about),
        "created_by": one.created_by,
        "created_at": one.created_at.isoformat(),
        "effective": one.effective.isoformat() if one.effective else None,
        "withdrawn_on": one.withdrawn_on.isoformat() if one.withdrawn_on else None,
        "communities": one.communities,
    }


def _tell_step(one: StepTaken) -> dict[str, Any]:
    return {
        "step": one.step,
        "at": one.at.isoformat(),
        "actor": one.actor,
        "unit": one.unit,
        "document_number": one.document_number,
        "why": one.why,
        "notice": [day.isoformat() for day in one.notice] if one.notice else None,
    }
