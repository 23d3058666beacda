"""In by the county's own sign-in: out to it with a journey in a cookie, back with a code, on with a session."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.api.areas import Caller
from app.api.errors import NotHere, NotSignedIn
from app.api.openid import RETURN_PATH, Journey, OpenId
from app.api.routing import StrictRoute
from app.api.service import Service, Serving, know
from app.api.sessions import keep_session
from app.store.users import find_user, start_session

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

PATH = "/sign-in/county"
COOKIE = "jiexiang-journey"
JOURNEY_SECONDS = 600
ON = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">
<title>街巷</title><p><a href="/">已登录，继续 Signed in: go on</a></p></html>"""
"""A page and no redirect: after one that began at another site a browser would keep the strict cookie back."""

Text = Annotated[str, Query(max_length=4000)]


@router.get(PATH)
async def leave(service: Serving) -> Response:
    """Send the browser to the county's sign-in."""
    openid = _openid(service)
    journey = Journey.begin()
    response = RedirectResponse(await openid.address(journey), 303, {"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE,
        journey.write(),
        max_age=JOURNEY_SECONDS,
        path=PATH,
        secure=service.settings.secure_cookie,
        httponly=True,
        samesite="lax",  # it must come along when the other site sends the browser back
    )
    return response


@router.get(RETURN_PATH)
async def come_back(
    request: Request,
    service: Serving,
    code: Text = "",
    state: Text = "",
    error: Text = "",
    iss: Text = "",
    _description: Annotated[str, Query(alias="error_description", max_length=4000)] = "",
    _uri: Annotated[str, Query(alias="error_uri", max_length=4000)] = "",
    _session: Annotated[str, Query(alias="session_state", max_length=4000)] = "",
) -> Response:
    """Take the code, find the account it stands for, and start a session."""
    openid = _openid(service)
    journey = Journey.read(request.cookies.get(COOKIE, ""))
    if journey is None or not secrets.compare_digest(journey.state.encode(), state.encode()):
        raise NotSignedIn("登录页面过期了，请再试一次", "the way back is not the way out; try once more")
    if error or not code or iss not in ("", openid.settings.issuer):
        raise NotSignedIn("统一登录没有成功，请再试一次", "the county's sign-in did not succeed; try once more")
    name = await openid.find_name(code, journey)
    async with service.store.writing() as connection:
        user = await find_user(connection, name)
        token = await start_session(connection, user.id) if user is not None else ""
    if user is None:
        raise NotSignedIn(
            "这个账号在本系统没有开通，请联系管理员", "there is no such account here; ask the administrator"
        )
    know(request.scope, Caller("user", user.id, user.name, user.role, user.area, user.person_id))
    response = HTMLResponse(ON, headers={"Cache-Control": "no-store"})
    keep_session(service, response, token)
    response.delete_cookie(COOKIE, path=PATH)
    return response


def _openid(service: Service) -> OpenId:
    """Return the county's own sign-in.

    Raises
    ------
    NotHere
        There is none.
    """
    if service.openid is None:
        raise NotHere("没有设置统一登录", "no sign-in of the county is set up")
    return service.openid
