"""People who work in the grids, and who is responsible for which grid, in what role, from when to when."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from app.api.areas import ROLES_WITH_ASSIGNMENTS, Caller
from app.api.board import Board
from app.api.bodies import LARGEST, Body, Day, Line, Number
from app.api.document.answers import answer
from app.api.document.examples import ASSIGNMENT, ASSIGNMENTS, ENDED, PEOPLE, PERSON
from app.api.document.staff import AssignmentEnded, Assignments, AssignmentTold, People, PersonTold, Role
from app.api.errors import Forbidden, NotHere, PreconditionFailed
from app.api.phones import told_phone
from app.api.queries import At
from app.api.routing import StrictRoute
from app.api.service import Asking, Changing, Service, Serving, bytes_response, json_response, tag
from app.store.assignments import (
    Assignment,
    NewAssignment,
    assign,
    end_assignment,
    move_assignment,
    read_assignment,
    read_assignments,
)
from app.store.people import Person, read_people, read_person

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["人员配备 people and assignments"])

Limit = Annotated[int, Query(ge=1, le=1000, description="一页几条 how many on a page")]
Id = Annotated[int, Path(ge=1, le=LARGEST, description="编号 number")]


class AssignmentAsked(Body):
    """Somebody for a grid; `until` is the first day on which it no longer holds."""

    person_id: Number
    grid_code: Annotated[str, Field(max_length=40, examples=["330482001001003"])]
    role: Role
    since: Day
    until: Day | None = None
    document_number: Line = ""


class EndAsked(Body):
    """The first day on which an assignment no longer holds."""

    on: Day


class MoveAsked(Body):
    """Another grid, and the day from which it holds."""

    grid_code: Annotated[str, Field(max_length=40)]
    on: Day


@router.get("/people", summary="网格工作人员 People who work in the grids", responses=answer(PEOPLE, People))
async def people(
    request: Request,
    caller: Asking,
    service: Serving,
    after: Annotated[str, Query(max_length=100, description="从哪个人员编号之后 the staff code to begin after")] = "",
    limit: Limit = 100,
) -> Response:
    """List the staff of the area, by staff code; phone numbers for those who need them."""
    async with service.store.reading() as connection:
        listed = await read_people(connection, area=caller.area, after=after, most=limit)
    more = listed[-1].staff_code if len(listed) == limit else None
    return _tell(request, caller, {"people": [_tell_person(caller, one) for one in listed], "after": more})


@router.get("/people/{person_id}", summary="一名工作人员 One person", responses=answer(PERSON, PersonTold))
async def person(request: Request, caller: Asking, service: Serving, person_id: Id) -> Response:
    """Tell one person of the area, with the assignments of today."""
    board = service.boards.current
    async with service.store.reading() as connection:
        found = await read_person(connection, person_id, area=caller.area)
        held = await read_assignments(connection, on=board.day, person_id=person_id, area=caller.area)
    told = [_tell_assignment(caller, board, one) for one in held]
    return _tell(request, caller, {**_tell_person(caller, found), "assignments": told})


@router.get("/assignments", summary="人员配备列表 Assignments", responses=answer(ASSIGNMENTS, Assignments))
async def assignments(
    request: Request,
    caller: Asking,
    service: Serving,
    at: At = None,
    grid_code: Annotated[str | None, Query(max_length=40, description="只要这个网格的 only of this grid")] = None,
    person_id: Annotated[int | None, Query(ge=1, le=LARGEST, description="只要此人的 only of this person")] = None,
    history: Annotated[bool, Query(description="历史全部 all there ever were")] = False,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="从哪个编号之后 the number to begin after")] = 0,
    limit: Limit = 100,
) -> Response:
    """List who is responsible for which grid on a day, or the whole history."""
    board = service.boards.current
    day = None if history else at or board.day
    grid_ids = None if grid_code is None else [_grid_id(board, caller, grid_code)]
    async with service.store.reading() as connection:
        listed = await read_assignments(
            connection,
            on=day,
            grid_ids=grid_ids,
            person_id=person_id,
            area=caller.area,
            after=after,
            most=limit,
        )
    more = listed[-1].id if len(listed) == limit else None
    return _tell(
        request, caller, {"assignments": [_tell_assignment(caller, board, one) for one in listed], "after": more}
    )


@router.get(
    "/assignments/{number}", summary="一项人员配备 One assignment", responses=answer(ASSIGNMENT, AssignmentTold)
)
async def assignment(request: Request, caller: Asking, service: Serving, number: Id) -> Response:
    """Tell one assignment, whose ETag a change of it may be bound to."""
    async with service.store.reading() as connection:
        found = await read_assignment(connection, number, area=caller.area)
    content = json_response(_tell_assignment(caller, service.boards.current, found)).body
    return bytes_response(request, bytes(content), _tag(caller, found))


@router.post(
    "/assignments",
    status_code=201,
    summary="配备人员 Assign a person to a grid",
    responses=answer(ASSIGNMENT, AssignmentTold, status=201),
)
async def create(caller: Asking, service: Serving, changing: Changing, asked: AssignmentAsked) -> Response:
    """Make somebody responsible for a grid from a day on."""
    _may_assign(caller)
    grid_id = _grid_id(service.boards.current, caller, asked.grid_code)
    new = NewAssignment(asked.person_id, grid_id, asked.role, asked.since, asked.until, asked.document_number)
    async with changing() as connection:
        await read_person(connection, asked.person_id, area=caller.area)
        number = await assign(connection, new, actor=caller.label)
        made = await read_assignment(connection, number, area=caller.area)
        return _changed(caller, service, made, status_code=201)


@router.post(
    "/assignments/{number}/end", summary="结束配备 End an assignment", responses=answer(ENDED, AssignmentEnded)
)
async def end(request: Request, caller: Asking, changing: Changing, number: Id, asked: EndAsked) -> Response:
    """End an assignment; one that has not begun by that day is deleted."""
    _may_assign(caller)
    async with changing() as connection:
        await _hold(request, connection, caller, number)
        await end_assignment(connection, number, on=asked.on, area=caller.area)
    return json_response({"id": number, "until": asked.on.isoformat()})


@router.post(
    "/assignments/{number}/move",
    status_code=201,
    summary="调整网格 Move a person to another grid",
    responses=answer(ASSIGNMENT, AssignmentTold, status=201),
)
async def move(
    request: Request, caller: Asking, service: Serving, changing: Changing, number: Id, asked: MoveAsked
) -> Response:
    """Move a person to another grid in the same role; both happen or neither."""
    _may_assign(caller)
    grid_id = _grid_id(service.boards.current, caller, asked.grid_code)
    async with changing() as connection:
        await _hold(request, connection, caller, number)
        new = await move_assignment(
            connection, number, to_grid=grid_id, on=asked.on, actor=caller.label, area=caller.area
        )
        made = await read_assignment(connection, new, area=caller.area)
        return _changed(caller, service, made, status_code=201)


async def _hold(request: Request, connection: Any, caller: Caller, number: int) -> None:
    """Make sure that an assignment is as the one who changes it saw it.

    Raises
    ------
    PreconditionFailed
        It has changed since.
    """
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*":
        return
    held = await read_assignment(connection, number, area=caller.area)
    if _tag(caller, held) not in (one.strip() for one in wanted.split(",")):
        raise PreconditionFailed("这项配备已被别人修改，请重新读取", "this assignment has changed; read it again")


def _may_assign(caller: Caller) -> None:
    if caller.role not in ROLES_WITH_ASSIGNMENTS:
        raise Forbidden("您的角色不能调整人员配备", "your role may not change assignments")


def _grid_id(board: Board, caller: Caller, code: str) -> int:
    """Return the permanent number of a grid in force in the area.

    Raises
    ------
    NotHere
        There is none.
    """
    row = board.rows.get(code, -1)
    if row < 0 or not board.holds(caller.area, row):
        raise NotHere("没有这个编码的网格", "no grid bears this code")
    return board.grids[row].grid_id


def _changed(caller: Caller, service: Service, made: Assignment, *, status_code: int) -> Response:
    headers = {"ETag": _tag(caller, made), "Location": f"/assignments/{made.id}"}
    return json_response(
        _tell_assignment(caller, service.boards.current, made), status_code=status_code, headers=headers
    )


def _tag(caller: Caller, one: Assignment) -> str:
    return tag(caller.area, one.id, one.since, one.until, one.grid_id, one.person_id, caller.sees_phones)


def _tell(request: Request, caller: Caller, value: Any) -> Response:
    content = bytes(json_response(value).body)
    return bytes_response(request, content, tag(caller.area, content))


def _tell_person(caller: Caller, one: Person) -> dict[str, Any]:
    return {
        "id": one.id,
        "staff_code": one.staff_code,
        "name": one.name,
        "post": one.post,
        "left_on": one.left_on.isoformat() if one.left_on else None,
        **told_phone(caller, one.phone, f"person {one.id}"),
    }


def _tell_assignment(caller: Caller, board: Board, one: Assignment) -> dict[str, Any]:
    grid = board.grid_of.get(one.grid_id)
    return {
        "id": one.id,
        "person_id": one.person_id,
        "person": one.person,
        "grid_code": grid.grid_code if grid else None,
        "grid_name": grid.name if grid else None,
        "role": one.role,
        "since": one.since.isoformat(),
        "until": one.until.isoformat() if one.until else None,
        "document_number": one.document_number,
        **told_phone(caller, one.phone, grid.grid_code if grid else f"person {one.person_id}"),
    }
