"""The papers of a plan: filed with a step as the file itself, listed with their hashes, handed out as they were."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.bodies import LARGEST
from app.api.document.answers import answer
from app.api.document.examples import PAPER
from app.api.document.plans import Papers, PaperTold
from app.api.errors import Unsupported
from app.api.plans import Id, may_plan
from app.api.routing import StrictRoute
from app.api.service import Asking, Changing, Serving, json_response
from app.store.papers import LONGEST_NAME, NewPaper, Paper, file_paper, read_paper, read_papers
from app.store.plans import read_plan_record

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["划分方案 plans"])

ANY_FILE = "application/octet-stream"
PaperId = Annotated[int, Path(ge=1, le=LARGEST, description="附件编号 number of the paper")]
Name = Annotated[
    str, Query(min_length=1, max_length=LONGEST_NAME, description="文件名 name of the file", examples=["批复.pdf"])
]
Step = Annotated[
    Literal["draft", "reviewed", "public_notice", "approved", "published", "withdrawn"] | None,
    Query(description="归入哪一步，默认最近一步 the step it belongs to; the newest if not given"),
]
A_FILE: dict[str, Any] = {"content": {ANY_FILE: {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/plans/{number}/papers", summary="方案附件 Papers of a plan", responses=answer({"papers": [PAPER]}, Papers)
)
async def papers(caller: Asking, service: Serving, number: Id) -> Response:
    """List the papers of a plan, with the SHA-256 of each."""
    may_plan(caller)
    async with service.store.reading() as connection:
        await read_plan_record(connection, number, area=caller.area)
        listed = await read_papers(connection, number)
    return json_response({"papers": [_tell(one) for one in listed]})


@router.post(
    "/plans/{number}/papers",
    status_code=201,
    summary="归档附件 File a paper",
    openapi_extra={"requestBody": {"required": True, **A_FILE}},
    responses=answer(PAPER, PaperTold, status=201),
)
async def file(
    request: Request, caller: Asking, changing: Changing, number: Id, name: Name, step: Step = None
) -> Response:
    """Keep a paper with a step of a plan: the body is the file itself, which never changes afterwards."""
    may_plan(caller)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != ANY_FILE:
        raise Unsupported(f"请用 {ANY_FILE} 直接发送文件", f"send the file itself as {ANY_FILE}")
    new = NewPaper(name, await request.body())
    async with changing() as connection:
        kept = await file_paper(connection, number, new, by=caller.label, step=step)
    place = f"/plans/{number}/papers/{kept.id}"
    return json_response(_tell(kept), status_code=201, headers={"Location": place})


@router.get(
    "/plans/{number}/papers/{paper}",
    summary="下载附件 The file of a paper",
    response_class=Response,
    responses={200: A_FILE},
)
async def content(caller: Asking, service: Serving, number: Id, paper: PaperId) -> Response:
    """Give a paper back as the file it was, never to be opened by the browser itself."""
    may_plan(caller)
    async with service.store.reading() as connection:
        name, body = await read_paper(connection, number, paper, area=caller.area)
    headers = {
        "Content-Disposition": f"attachment; filename=\"paper-{paper}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "no-store",
    }
    return Response(body, headers=headers, media_type=ANY_FILE)


def _tell(one: Paper) -> dict[str, Any]:
    return {
        "id": one.id,
        "step": one.step,
        "name": one.name,
        "size": one.size,
        "sha256": one.sha256,
        "filed_at": one.filed_at.isoformat(),
        "filed_by": one.filed_by,
    }
