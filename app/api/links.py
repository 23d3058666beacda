"""A link to one grid, opened: its token, which no address holds, is exchanged for a cookie that no script reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from app.api.bodies import Body
from app.api.errors import NotSignedIn
from app.api.identity import COOKIE, LONGEST_SECRET, refuse_other_sites
from app.api.routing import StrictRoute
from app.api.service import Serving
from app.api.sessions import close_session
from app.store.links import find_link

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, include_in_schema=False)


class TokenGiven(Body):
    """What stands after `#` in the address of a link."""

    token: Annotated[str, Field(min_length=1, max_length=LONGEST_SECRET)]


@router.post("/m/link", status_code=204)
async def open_link(request: Request, service: Serving, given: TokenGiven) -> Response:
    """Take a token and give the cookie; whoever was signed in before is signed out."""
    refuse_other_sites(request.scope)
    async with service.store.reading() as connection:
        link = await find_link(connection, given.token)
    if link is None:
        raise NotSignedIn("链接已失效，请向社区索取新的", "the link holds no more; ask the community for a new one")
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    await close_session(service, request.scope, Response())
    secure = service.settings.secure_cookie
    left = int((link.expires_at - datetime.now(UTC)).total_seconds())
    response.set_cookie(COOKIE, given.token, max_age=left, path="/", secure=secure, httponly=True, samesite="strict")
    return response
