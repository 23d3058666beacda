"""In by the county's own sign-in: out to it with a journey in a cookie, back with a code, on with a session."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.api.areas import caller_of
from app.api.errors import NotHere, NotSignedIn
from app.api.openid import LEAVE_PATH, RETURN_PATH, Journey, OpenId
from app.api.pages import refuse_sign_in
from app.api.service import Service, Serving, changing, know
from app.api.sessions import keep_session
from app.store.errors import StoreUnavailable
from app.store.users import find_user, start_session

__all__ = ["router"]

router = APIRouter(include_in_schema=False)
"""Not of strict routes: what else the other side says on the way back is passed over, as RFC 6749 (4.1.2) has it."""

COOKIE = "jiexiang-journey"
JOURNEY_SECONDS = 600
ON = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">
<link rel="icon" href="data:,"><title>街巷</title><p><a href="/">已登录，继续 Signed in: go on</a></p></html>"""
"""A page and no redirect: after one that began at another site a browser would keep the strict cookie back."""

Text = Annotated[str, Query(max_length=4000)]


@router.get(LEAVE_PATH)
async def leave(service: Serving) -> Response:
    """Send the browser to the county's sign-in."""
    openid = _openid(service)
    journey = Journey.begin()
    try:
        address = await openid.address(journey)
    except (NotSignedIn, StoreUnavailable) as error:
        return refuse_sign_in(service, error)
    response = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
    response.set_cookie(
        COOKIE,
        journey.write(),
        max_age=JOURNEY_SECONDS,
        path=LEAVE_PATH,
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
) -> Response:
    """Take the code, find the account it stands for, and start a session; a failure is told on the form to sign in."""
    openid = _openid(service)
    try:
        token = await _enter(request, service, openid, code, state, refused=bool(error), issuer=iss)
    except (NotSignedIn, StoreUnavailable) as fault:
        response = refuse_sign_in(service, fault)
    else:
        response = HTMLResponse(ON, headers={"Cache-Control": "no-store"})
        keep_session(service, response, token)
    response.delete_cookie(COOKIE, path=LEAVE_PATH)
    return response


async def _enter(
    request: Request, service: Service, openid: OpenId, code: str, state: str, *, refused: bool, issuer: str
) -> str:
    """Return the token of a new session of the account for which the county vouches.

    Raises
    ------
    NotSignedIn
        This is not the way back of the way out, or the county vouches for nobody whom we know.
    """
    journey = Journey.read(request.cookies.get(COOKIE, ""))
    if journey is None or not secrets.compare_digest(journey.state.encode(), state.encode()):
        raise NotSignedIn("登录页面过期了，请再试一次", "the way back is not the way out; try once more")
    if refused or not code or issuer not in ("", openid.settings.issuer):
        raise NotSignedIn("统一登录没有成功，请再试一次", "the county's sign-in did not succeed; try once more")
    name = await openid.find_name(code, journey)
    token = ""
    async with changing(service, request.scope) as connection:
        user = await find_user(connection, name)
        if user is not None:
            know(request.scope, caller_of(user))
            token = await start_session(connection, user.id)
    if user is None:
        raise NotSignedIn(
            "这个账号在本系统没有开通，请联系管理员", "there is no such account here; ask the administrator"
        )
    return token


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
