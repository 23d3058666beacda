"""“The boundary looks wrong here”: notes from phones, each taken once, and what planners do with them."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from app.api.areas import ROLES_WITH_NOTES, Caller
from app.api.board import Board
from app.api.bodies import LARGEST, SAYS_SOMETHING, Body, Latitude, Longitude, Moment
from app.api.document.answers import answer
from app.api.document.examples import HANDLED, KEPT, NOTES
from app.api.document.staff import NoteHandled, NoteKept, Notes
from app.api.errors import BadRequest, Forbidden, NotHere, Wrong
from app.api.routing import StrictRoute
from app.api.service import Asking, Changing, Service, Serving, json_response
from app.api.worker import own_rows
from app.geo.lookup import metres_of_degree
from app.maps.worker_page import FARTHEST_NOTE_M
from app.store.notes import LONGEST_NOTE, NewNote, Note, add_note, handle_note, read_notes

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["边界意见 notes on borders"])


class NoteAsked(Body):
    """A note: one point, given on purpose, and a sentence. `id` is the phone's own, the same whenever it is sent."""

    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{8,64}$", examples=["0b0f5b0e-3f1c-4b0a-9a53-0d6f2b1f7c55"])]
    grid_code: Annotated[str, Field(max_length=40, examples=["330482001001003"])]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_NOTE, pattern=SAYS_SOMETHING)]
    lon: Longitude
    lat: Latitude
    accuracy_m: Annotated[float | None, Field(ge=0, le=1e7, allow_inf_nan=False)] = None
    noted_at: Moment


class OutcomeAsked(Body):
    """What came of a note, in a line."""

    outcome: Annotated[str, Field(min_length=1, max_length=500, pattern=SAYS_SOMETHING)]


@router.post(
    "/m/notes",
    status_code=201,
    summary="提交边界意见 Send a note on a border",
    responses=answer(KEPT, NoteKept) | answer(KEPT, NoteKept, status=201),
)
async def send(caller: Asking, service: Serving, changing: Changing, asked: NoteAsked) -> Response:
    """Take a note on a grid of one's own; one that was sent before is answered with 200 and kept once."""
    if caller.role == "system":
        raise Forbidden("边界意见由人员提交", "notes are sent by people")
    board = service.boards.current
    row = await _find_row(caller, service, board, asked.grid_code)
    metres = await asyncio.to_thread(_distance, board, row, asked.lon, asked.lat)
    if metres > FARTHEST_NOTE_M:
        far = f"离该网格 {metres:,.0f} 米，超过 {FARTHEST_NOTE_M:,} 米"
        wrong = Wrong("body.lon", far, f"{metres:,.0f} m from the grid, more than {FARTHEST_NOTE_M:,} m")
        raise BadRequest("位置不在该网格附近", "the place is not near the grid", [wrong])
    place = (asked.lon, asked.lat)
    new = NewNote(asked.id, board.grids[row].grid_id, asked.text, *place, asked.accuracy_m, asked.noted_at)
    async with changing() as connection:
        number, fresh = await add_note(connection, new, author=caller.label)
    return json_response({"id": number}, status_code=201 if fresh else 200)


@router.get("/boundary-notes", summary="边界意见列表 Notes on borders", responses=answer(NOTES, Notes))
async def listed(
    caller: Asking,
    service: Serving,
    handled: Annotated[bool | None, Query(description="只要已处理或未处理的 only those dealt with, or not")] = None,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="从哪个编号之后 the number to begin after")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="一页几条 how many on a page")] = 100,
) -> Response:
    """List the notes of the area in the order in which they came."""
    _may_read(caller)
    async with service.store.reading() as connection:
        found = await read_notes(connection, area=caller.area, handled=handled, after=after, most=limit)
    board = service.boards.current
    more = found[-1].id if len(found) == limit else None
    return json_response({"notes": [_tell(board, one) for one in found], "after": more})


@router.post(
    "/boundary-notes/{number}/handled", summary="处理边界意见 Deal with a note", responses=answer(HANDLED, NoteHandled)
)
async def handled(
    caller: Asking,
    changing: Changing,
    number: Annotated[int, Path(ge=1, le=LARGEST, description="编号 number")],
    asked: OutcomeAsked,
) -> Response:
    """Write down what came of a note, once."""
    _may_read(caller)
    async with changing() as connection:
        await handle_note(connection, number, asked.outcome, by=caller.label, area=caller.area)
    return json_response({"id": number, "outcome": asked.outcome})


def _may_read(caller: Caller) -> None:
    if caller.role not in ROLES_WITH_NOTES:
        raise Forbidden("您的角色不处理边界意见", "your role does not deal with notes on borders")


async def _find_row(caller: Caller, service: Service, board: Board, code: str) -> int:
    """Return the row of a grid that the caller may say something of.

    Raises
    ------
    NotHere
        There is none.
    """
    row = board.rows.get(code, -1)
    if row >= 0 and (board.holds(caller.area, row) or row in await own_rows(caller, service, board)):
        return row
    raise NotHere("没有这个编码的网格", "no grid bears this code")


def _distance(board: Board, row: int, lon: float, lat: float) -> float:
    """Measure in metres how far a point lies from the grid of a row; 0 within it."""
    scale = metres_of_degree(lat)
    both = np.array([board.index.polygons[row], shapely.Point(lon, lat)], dtype=object)
    grid, point = shapely.transform(both, lambda xy: xy * scale)
    return float(shapely.distance(grid, point))


def _tell(board: Board, one: Note) -> dict[str, Any]:
    grid = board.grid_of.get(one.grid_id)
    return {
        **asdict(one),
        "grid_code": grid.grid_code if grid else None,
        "grid_name": grid.name if grid else None,
        "noted_at": one.noted_at.isoformat(),
        "received_at": one.received_at.isoformat(),
        "handled_at": one.handled_at.isoformat() if one.handled_at else None,
    }
