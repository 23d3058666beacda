"""A link to one grid, opened: its token, which no address holds, is exchanged for a cookie that no script reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from app.api.areas import holder_of
from app.api.bodies import Body
from app.api.errors import NotSignedIn
from app.api.identity import COOKIE, LONGEST_SECRET, refuse_other_sites
from app.api.routing import StrictRoute
from app.api.service import Serving, changing, know
from app.api.sessions import end_within
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
    async with changing(service, request.scope) as connection:
        link = await find_link(connection, given.token)
        if link is None:
            raise NotSignedIn("链接已失效，请向社区索取新的", "the link holds no more; ask the community for a new one")
        if await end_within(connection, request.scope) and service.journal is not None:
            await service.journal.write_with(connection, request.scope)  # that a session ended, beside what is opened
        know(request.scope, holder_of(link))
    service.forget(request.scope)
    response = Response(status_code=204, headers={"Cache-Control": "no-store"})
    secure = service.settings.secure_cookie
    left = int((link.expires_at - datetime.now(UTC)).total_seconds())
    response.set_cookie(COOKIE, given.token, max_age=left, path="/", secure=secure, httponly=True, samesite="strict")
    return response
