"""Signing in and out, and who one is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from app.api.areas import Caller, caller_of
from app.api.boards import CHINA_TIME
from app.api.bodies import NO_NULL, Body
from app.api.document.answers import answer
from app.api.document.examples import ME, MY_GRIDS
from app.api.document.staff import MyGrids, WhoAmI
from app.api.errors import NotSignedIn, TooMany
from app.api.frontdoor import Scope
from app.api.identity import COOKIE, refuse_other_sites, session_token
from app.api.peers import counted_as, source_of
from app.api.phones import told_phone
from app.api.routing import StrictRoute
from app.api.service import Asking, Service, Serving, changing, json_response, know
from app.store.assignments import Assignment, read_assignments
from app.store.connect import AsyncConnection
from app.store.users import User, end_session, sign_in, start_session

__all__ = ["close_session", "end_within", "keep_session", "open_session", "router"]

router = APIRouter(route_class=StrictRoute, tags=["登录 signing in"])


class Credentials(Body):
    """A name and a password."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "wang", "password": "……"}]})

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=NO_NULL)]
    password: Annotated[str, Field(min_length=1, max_length=1000, pattern=NO_NULL)]


@router.post("/session", status_code=201, summary="登录 Sign in", responses=answer(ME, WhoAmI, status=201))
async def start(request: Request, given: Credentials, service: Serving) -> Response:
    """Start a session; its cookie cannot be read by scripts and is sent to this site alone."""
    refuse_other_sites(request.scope)
    token, user = await open_session(service, request.scope, given.name, given.password)
    response = json_response(_tell(caller_of(user), user.display_name), status_code=201)
    keep_session(service, response, token)
    return response


@router.delete("/session", status_code=204, summary="退出 Sign out")
async def end(request: Request, service: Serving, _caller: Asking) -> Response:
    """End the session of the cookie."""
    response = Response(status_code=204)
    await close_session(service, request.scope, response)
    return response


@router.get("/me", summary="我是谁 Who I am", responses=answer(ME, WhoAmI))
async def me(caller: Asking) -> Response:
    """Tell the account or key that asks, its role and its area."""
    return json_response(_tell(caller))


@router.get("/me/grids", summary="我的网格 My grids", responses=answer(MY_GRIDS, MyGrids))
async def my_grids(caller: Asking, service: Serving) -> Response:
    """Tell the grids that the one who asks is assigned to today, each with its role."""
    board = service.boards.current
    mine: list[Assignment] = []
    if caller.person_id is not None:
        async with service.store.reading() as connection:
            mine = await read_assignments(connection, on=board.day, person_id=caller.person_id)
    rows = board.grid_of
    told = [
        {
            "grid_code": rows[one.grid_id].grid_code,
            "name": rows[one.grid_id].name,
            "community_code": rows[one.grid_id].community_code,
            "community_name": rows[one.grid_id].community_name,
            "role": one.role,
            "since": one.since.isoformat(),
            "until": one.until.isoformat() if one.until else None,
            **told_phone(caller, one.phone, rows[one.grid_id].grid_code),
        }
        for one in mine
        if one.grid_id in rows
    ]
    return json_response({"day": board.day.isoformat(), "grids": told})


async def open_session(service: Service, scope: Scope, name: str, password: str) -> tuple[str, User]:
    """Return the token of a new session and whose it is.

    Raises
    ------
    NotSignedIn
        The name or the password is wrong.
    TooMany
        There have been too many failures of late, of this name or from this address.
    """
    source = counted_as(source_of(scope, service.settings.peers))
    wait = service.failures.take(source)
    if wait:
        raise TooMany("这个地址的失败次数过多，请稍后再试", "too many failures from here; wait", retry_seconds=wait)
    token = ""
    async with changing(service, scope) as connection:
        attempt = await sign_in(connection, name, password, service.strangers)
        if attempt.user is not None:
            know(scope, caller_of(attempt.user))
            token = await start_session(connection, attempt.user.id)
    if attempt.locked_until is not None:
        until = attempt.locked_until.astimezone(CHINA_TIME)
        left = max((until - datetime.now(UTC)).total_seconds(), 1)
        told = f"{until:%H:%M}"
        raise TooMany(
            f"失败次数过多，请在 {told} 后再试", f"too many failures; try again after {told}", retry_seconds=left
        )
    if attempt.user is None:
        raise NotSignedIn("用户名或密码不对", "the name or the password is wrong")
    service.failures.give_back(source)
    return token, attempt.user


def keep_session(service: Service, response: Response, token: str) -> None:
    """Give the browser the cookie of a session: no script can read it, and no other site can send it."""
    secure = service.settings.secure_cookie
    response.set_cookie(COOKIE, token, path="/", secure=secure, httponly=True, samesite="strict")


async def close_session(service: Service, scope: Scope, response: Response) -> None:
    """End the session of a request, here and in the browser; whose it was stands in the audit."""
    async with changing(service, scope) as connection:
        await end_within(connection, scope)
    service.forget(scope)
    secure = service.settings.secure_cookie
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="strict")


async def end_within(connection: AsyncConnection, scope: Scope) -> bool:
    """End the session of a request in a transaction whose entry in the audit names its owner; tell if there was one."""
    owner = await end_session(connection, session_token(scope).decode("ascii", "replace"))
    if owner is not None:
        know(scope, caller_of(owner))
    return owner is not None


def _tell(caller: Caller, display_name: str = "") -> dict[str, Any]:
    area = {"scope": caller.area.scope, "id": caller.area.id}
    return {"kind": caller.kind, "name": caller.name, "display_name": display_name, "role": caller.role, "area": area}
