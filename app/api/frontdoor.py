"""What every request passes: its number, limits of size and time, headers of safety, its line in the log, its figures.

A plain ASGI wrapper around the whole service: a look-up shall not pay for layers of middleware.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import unquote_to_bytes

from app.api.deadlines import Deadlines
from app.api.logs import RequestLog
from app.api.metrics import Figures
from app.store.errors import StoreError

__all__ = ["ANSWERED", "SAFETY_HEADERS", "FrontDoor", "request_id_of", "route_of"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
Noting = Callable[[Scope, int], Awaitable[StoreError | None] | None]
Headers = list[tuple[bytes, bytes]]

SAFETY_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
"""Of every answer; a page sets a policy of its own.

The referrer stays within the service; without any, browsers send the forms of our own pages with `Origin: null`.
"""

ANSWERED: ContextVar[Scope | None] = ContextVar("answered", default=None)
"""The request at hand, where it is noted what is answered."""

_SAFETY_NAMES = frozenset(name for name, _ in SAFETY_HEADERS)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_SECRET = re.compile(rb"jxl?_[0-9a-f]{12}_[A-Za-z0-9_-]{20}")
_UNMATCHED = "(none)"


def request_id_of(scope: Scope) -> str:
    """Return the number of a request."""
    return str(scope.get("jiexiang.request_id", ""))


def route_of(scope: Scope) -> str:
    """Return the template of the route that a request took: addresses with codes and queries are nobody's business."""
    route = scope.get("route")
    return str(getattr(route, "path", "") or _UNMATCHED)


class FrontDoor:
    """Wraps the service; `refuse` writes a failure as an answer.

    Parameters
    ----------
    largest_body
        Gives the most bytes that a request may bring, by its method and path.
    seconds
        Gives how long a request may take, by its path.
    note
        Writes down what the service is about to answer, by its status, and says why it could not: what cannot be
        written down is not answered. None where nothing is to be written. Without a `note` nothing ever is.
    """

    def __init__(
        self,
        app: Asgi,
        *,
        refuse: Callable[[BaseException, str], Asgi],
        too_large: Callable[[int], Exception],
        misplaced: Callable[[], Exception],
        stopping: Callable[[], Exception],
        largest_body: Callable[[str, str], int],
        seconds: Callable[[str], float],
        log: RequestLog,
        figures: Figures,
        note: Noting | None,
    ) -> None:
        self.app = app
        self.refuse = refuse
        self.too_large = too_large
        self.misplaced = misplaced
        self.stopping = stopping
        self.largest_body = largest_body
        self.seconds = seconds
        self.log = log
        self.figures = figures
        self.note = note
        self.deadlines = Deadlines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _take_request_id(scope["headers"])
        method = scope["method"]
        if method == "HEAD":  # answered as GET is, without the body
            scope["method"] = "GET"
        scope["jiexiang.request_id"] = request_id
        status = sent = 0
        ended = False
        note: Noting | None = None  # of what the service answers, not of what is refused here
        unwritten: StoreError | None = None

        async def answer(message: Message) -> None:
            nonlocal status, sent, ended, unwritten
            if message["type"] == "http.response.start":
                writing = None if note is None else note(scope, message["status"])
                unwritten = None if writing is None else await writing
            if unwritten is not None:
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_safety(message.get("headers", ()), request_id)
            elif method == "HEAD":
                message["body"] = b""
            sent += len(message.get("body", b""))
            await send(message)
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)

        limit = self.largest_body(scope["method"], scope["path"])
        try:
            with self.deadlines.within(self.seconds(scope["path"])):
                if _holds_secret(scope):
                    await self.refuse(self.misplaced(), request_id)(scope, receive, answer)
                    return
                if _declared_length(scope["headers"]) > limit:
                    raise self.too_large(limit)
                if self.note is not None:
                    ANSWERED.set(scope)
                note = self.note
                await self.app(scope, self._limited(receive, limit), answer)
                if unwritten is not None:
                    raise unwritten
        except asyncio.CancelledError:  # the worker ends and has waited long enough
            if status:
                raise
            note = unwritten = None
            await self.refuse(self.stopping(), request_id)(scope, receive, answer)
        except Exception as error:
            if ended:  # it has been told and logged already
                return
            if status:  # the answer has begun: all that is left is to break it off
                raise
            if not isinstance(error, TimeoutError):
                self.log.fault(error, request_id)
            note = unwritten = None
            await self.refuse(error, request_id)(scope, receive, answer)
        finally:
            seconds = time.perf_counter() - began
            route = route_of(scope)
            self.figures.count(method, route, status, seconds)
            self.log.line(method, route, status, seconds, sent, request_id, scope.get("jiexiang.caller", ""))

    def _limited(self, receive: Receive, limit: int) -> Receive:
        taken = 0

        async def receive_some() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise self.too_large(limit)
            return message

        return receive_some


def _take_request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the number that a proxy before us gave the request, or a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return secrets.token_hex(8)


def _holds_secret(scope: Scope) -> bool:
    """Tell whether an address bears a key or the token of a link: addresses stand in histories and logs of proxies."""
    address: bytes = scope.get("raw_path", b"") + b"?" + scope["query_string"]
    return (b"jx" in address or b"%" in address) and _SECRET.search(unquote_to_bytes(address)) is not None


def _declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int:
    for name, value in headers:
        if name == b"content-length":
            return int(value[:19]) if value.isdigit() else 0  # longer is too large in any case
    return 0


def _with_safety(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> Headers:
    given = list(headers)
    names = {name for name, _ in given}
    safety = (
        SAFETY_HEADERS if names.isdisjoint(_SAFETY_NAMES) else [one for one in SAFETY_HEADERS if one[0] not in names]
    )
    return [*given, *safety, (b"x-request-id", request_id.encode("ascii"))]
