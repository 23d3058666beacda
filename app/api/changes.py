"""What changed since a number: in the order of commits, without gaps, within one's area; asked for or awaited."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.areas import Caller
from app.api.board import Board
from app.api.bodies import LARGEST
from app.api.document.answers import answer
from app.api.document.examples import CHANGES
from app.api.document.plans import Changes
from app.api.errors import TooMany
from app.api.routing import StrictRoute
from app.api.service import Asking, Service, Serving, json_response
from app.store.changes import Change, read_changes, read_revisions
from app.store.errors import Conflict

__all__ = ["router", "tell_change"]

router = APIRouter(route_class=StrictRoute, tags=["变更 changes"])

_waiting: Counter[str] = Counter()
"""How many requests of each caller wait in this process."""


@router.get("/changes", summary="某个编号之后的变更 What changed since a number", responses=answer(CHANGES, Changes))
async def changes(
    request: Request,
    caller: Asking,
    service: Serving,
    since: Annotated[int, Query(ge=0, le=LARGEST, description="上次的 last the `last` of the answer before")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="一次几条 how many at most")] = 100,
    wait: Annotated[int, Query(ge=0, le=60, description="没有变更时最多等几秒 seconds to wait for one")] = 0,
) -> Response:
    """Tell the changes after a number and the number to ask with next time; nothing is missed or told twice."""
    seconds = min(float(wait), service.settings.long_poll_seconds)
    until = time.monotonic() + seconds
    with _place_in_line(caller, service) if seconds else contextlib.nullcontext():
        while True:
            found, newest = await _read(service, caller, since, limit)
            left = until - time.monotonic()
            if found or left <= 0 or not await _wait(request, service, newest, left):
                break
    last = found[-1].number if len(found) == limit else newest
    board = service.boards.current
    return json_response({"changes": [tell_change(board, one) for one in found], "last": last})


def tell_change(board: Board, one: Change) -> dict[str, Any]:
    """Return a change as it is told: no names, no phone numbers."""
    grid = board.grid_of.get(one.grid_id) if one.grid_id is not None else None
    return {
        "number": one.number,
        "at": one.at.isoformat(),
        "kind": one.kind,
        "subject_id": one.subject_id,
        "community_code": board.community_codes.get(one.community_id) if one.community_id is not None else None,
        "grid_code": grid.grid_code if grid else None,
        "details": dict(one.details),
    }


async def _read(service: Service, caller: Caller, since: int, limit: int) -> tuple[list[Change], int]:
    """Read both in one moment of the database, so that what is not told now is told later."""
    async with service.store.reading() as connection:
        newest = (await read_revisions(connection)).changes
        if since > newest:
            raise Conflict(
                f"编号来自将来：最新的是 {newest}，请从 0 重新开始",
                f"the number lies in the future: the newest is {newest}, begin again with 0",
            )
        return await read_changes(connection, since, area=caller.area, most=limit), newest


async def _wait(request: Request, service: Service, seen: int, seconds: float) -> bool:
    """Wait until the board knows of more than was seen, and tell whether anybody is there still to hear of it."""
    renewed = asyncio.create_task(_until_renewed(service, seen))
    gone = asyncio.create_task(_until_gone(request))
    try:
        await asyncio.wait((renewed, gone), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if renewed.done():
            renewed.result()
        return not gone.done()
    finally:
        renewed.cancel()
        gone.cancel()


async def _until_renewed(service: Service, seen: int) -> None:
    boards = service.boards
    async with boards.changed:
        await boards.changed.wait_for(lambda: boards.current.revisions.changes > seen)


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@contextmanager
def _place_in_line(caller: Caller, service: Service) -> Iterator[None]:
    """Hold one of the few places in which a caller may wait.

    Raises
    ------
    TooMany
        They are all taken.
    """
    if _waiting[caller.label] >= service.settings.waiting_by_caller:
        raise TooMany("同时等待的请求过多", "too many requests wait at a time")
    _waiting[caller.label] += 1
    try:
        yield
    finally:
        _waiting[caller.label] -= 1
        if not _waiting[caller.label]:
            del _waiting[caller.label]
