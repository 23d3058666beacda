"""What routes work with: who asks, what holds today, and the answers' tags; handed to the application once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.areas import Caller, area_key
from app.api.base_map import BaseMap
from app.api.board import Board
from app.api.frontdoor import Scope
from app.api.journal import Journal
from app.api.large_calls import LargeCalls
from app.api.metrics import Figures
from app.api.openid import OpenId
from app.api.rates import Rates
from app.api.walks import Walks
from app.settings import ServiceSettings
from app.store.areas import Area
from app.store.connect import AsyncConnection, Store
from app.store.lockout import Strangers

if TYPE_CHECKING:
    from app.api.judging import Judged

__all__ = [
    "PRIVATE",
    "Asking",
    "Boards",
    "Changing",
    "Service",
    "Serving",
    "ask",
    "bytes_response",
    "changing",
    "json_response",
    "know",
    "matches",
    "remembered_tag",
    "service_of",
    "tag",
]

PRIVATE = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
"""What is answered depends on who asks; a browser may keep it if it asks each time whether it still holds."""

JSON = "application/json"
MOST_TAGS = 1_000


class Boards(Protocol):
    """Gives what holds: now, or on any day."""

    @property
    def current(self) -> Board:
        """Return what holds today."""

    @property
    def changed(self) -> asyncio.Condition:
        """Return what is notified when what holds has been renewed."""

    async def on(self, day: date) -> Board:
        """Return what holds, held or will hold on a day."""


@dataclass(frozen=True)
class Service:
    """Everything that routes share."""

    settings: ServiceSettings
    boards: Boards
    identify: Callable[[Scope], Awaitable[Caller]]
    forget: Callable[[Scope], None]
    figures: Figures
    store: Store
    skipped_steps: frozenset[str] = frozenset()
    journal: Journal | None = None
    pages: dict[str, str] = field(default_factory=dict)
    """Drawn pages by their tags; a tag changes with what is in force."""
    judged: dict[tuple[date, bool], Judged] = field(default_factory=dict)
    """How communities stand by the standards, by day and by whether it is reckoned from exact households."""
    walks: Walks = field(default_factory=lambda: Walks(""))
    failures: Rates = field(default_factory=lambda: Rates(0, 1))
    """Wrong passwords by the address they come from."""
    strangers: Strangers = field(default_factory=Strangers)
    """Failures of names that are no account's, which seem to be locked as others are."""
    large_calls: LargeCalls = field(default_factory=LargeCalls)
    openid: OpenId | None = None
    """The county's own sign-in, where there is one."""
    base_map: BaseMap | None = None
    """Tiles under the grids, where the county has some."""


def service_of(request: Request) -> Service:
    """Return the service that a request was made to."""
    service: Service = request.app.state.service
    return service


async def ask(request: Request) -> Caller:
    """Return who asks.

    Raises
    ------
    NotSignedIn
        Nobody who is known.
    """
    known: Caller | None = request.scope.get("jiexiang.who")  # asked already, before a body was read
    if known is not None:
        return known
    caller = await service_of(request).identify(request.scope)
    know(request.scope, caller)
    return caller


@asynccontextmanager
async def changing(service: Service, scope: Scope) -> AsyncIterator[AsyncConnection]:
    """Change something, and write down in the same transaction who did: both are kept, or neither.

    What a caller who is not known changes (a failed attempt to sign in) leaves no entry here.
    """
    async with service.store.writing() as connection:
        yield connection
        if service.journal is not None:
            await service.journal.write_with(connection, scope)


def know(scope: Scope, caller: Caller) -> None:
    """Write on a request who makes it, for the log and the audit."""
    scope["jiexiang.who"] = caller
    scope["jiexiang.caller"] = caller.label


async def _serve(request: Request) -> Service:
    return service_of(request)  # FastAPI calls what is no coroutine in a thread, which takes longer than many a request


Serving = Annotated[Service, Depends(_serve)]
Asking = Annotated[Caller, Depends(ask)]


async def _changing(request: Request) -> Callable[[], AbstractAsyncContextManager[AsyncConnection]]:
    return partial(changing, service_of(request), request.scope)


Changing = Annotated[Callable[[], AbstractAsyncContextManager[AsyncConnection]], Depends(_changing)]
"""The transaction of what a route changes, and of the entry in the audit that belongs to it."""


def tag(area: Area, *parts: object) -> str:
    """Return the ETag of what an area sees in a state of the store."""
    text = "\x1f".join([area_key(area), *map(str, parts)])
    return f'"{hashlib.blake2s(text.encode(), digest_size=10).hexdigest()}"'


@lru_cache(maxsize=MOST_TAGS)
def remembered_tag(area: Area, *names: str | int | bool | date) -> str:
    """Return the same, remembered: for what is named by a few words and asked for often, never for whole answers."""
    return tag(area, *names)


def matches(request: Request, etag: str) -> bool:
    """Tell whether the one who asks has this answer already."""
    for name, value in request.scope["headers"]:
        if name == b"if-none-match":
            given = value.decode("latin-1")
            return given.strip() == "*" or etag in (one.strip().removeprefix("W/") for one in given.split(","))
    return False


def bytes_response(request: Request, content: bytes, etag: str, *, media_type: str = JSON) -> Response:
    """Answer with bytes as they are, or with 304 where the one who asks has them already."""
    headers = {"ETag": etag, **PRIVATE}
    if matches(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def json_response(value: Any, *, status_code: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with a value that no cache may keep."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(content, status_code, {"Cache-Control": "no-store", **(headers or {})}, media_type=JSON)
