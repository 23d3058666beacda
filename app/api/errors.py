"""What went wrong, as problem documents (RFC 9457): one table from failures to statuses, one place that writes them.

Routes raise what happened; they never choose a status. A document says what and what to do, in Chinese (`title`,
`detail`) and English (`title_en`, `detail_en`), names the request, and lists every parameter that is wrong. It never
shows SQL, a traceback or a path.
"""

from __future__ import annotations

import errno
import json
import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.api.frontdoor import request_id_of
from app.api.wordings import word
from app.geo.errors import InputError, JiexiangError
from app.store.errors import StoreError, StoreUnavailable

__all__ = [
    "STATUSES",
    "BadRequest",
    "Forbidden",
    "NotHere",
    "NotSignedIn",
    "NotYet",
    "PreconditionFailed",
    "RequestError",
    "TooLarge",
    "TooMany",
    "Unsupported",
    "Wrong",
    "describe_failure",
    "problem_response",
]

log = logging.getLogger("jiexiang.api")


class Wrong(NamedTuple):
    """One parameter or place in a body that is wrong, and why, in Chinese and English."""

    where: str
    detail: str
    detail_en: str


class RequestError(JiexiangError):
    """Base of what a request itself does wrong; `str` says it in Chinese, `english` in English."""

    def __init__(self, message: str, english: str, wrong: Sequence[Wrong] = ()) -> None:
        super().__init__(message)
        self.english = english
        self.wrong = tuple(wrong)


class BadRequest(RequestError):  # noqa: N818  the words of the table
    """Something in it cannot be read, or is not known."""


class NotSignedIn(RequestError):  # noqa: N818
    """Nobody has said who asks."""


class Forbidden(RequestError):  # noqa: N818
    """Who asks may not do this."""


class NotHere(RequestError):  # noqa: N818
    """There is no such thing, or none that the one who asks may see."""


class PreconditionFailed(RequestError):  # noqa: N818
    """It was meant for another state of the thing."""


class TooLarge(RequestError):  # noqa: N818
    """More was sent than is taken at a time."""


class Unsupported(RequestError):  # noqa: N818
    """The body is of a kind that is not read here."""


class TooMany(RequestError):  # noqa: N818
    """Too many at a time; after `retry_seconds` it will be heard."""

    def __init__(self, message: str, english: str, *, retry_seconds: float = 2.0) -> None:
        super().__init__(message, english)
        self.retry_seconds = math.ceil(retry_seconds)


class NotYet(RequestError):  # noqa: N818
    """It is being worked out; after about `retry_seconds` it will be there."""

    def __init__(self, message: str, english: str, *, retry_seconds: float) -> None:
        super().__init__(message, english)
        self.retry_seconds = math.ceil(retry_seconds)


class Status(NamedTuple):
    """How a failure is told: status, the last part of its type, title in Chinese and English."""

    status: HTTPStatus
    kind: str
    title: str
    title_en: str


STATUSES: Mapping[str, Status] = {
    "BadRequest": Status(HTTPStatus.BAD_REQUEST, "bad-request", "请求有误", "The request is wrong"),
    "InputError": Status(HTTPStatus.BAD_REQUEST, "bad-input", "数据有误", "The data are wrong"),
    "UsageError": Status(HTTPStatus.BAD_REQUEST, "bad-request", "请求有误", "The request is wrong"),
    "NotSignedIn": Status(HTTPStatus.UNAUTHORIZED, "not-signed-in", "请先登录", "Sign in first"),
    "Forbidden": Status(HTTPStatus.FORBIDDEN, "forbidden", "没有权限", "Not allowed"),
    "NotHere": Status(HTTPStatus.NOT_FOUND, "not-found", "没有找到", "Not found"),
    "NotFound": Status(HTTPStatus.NOT_FOUND, "not-found", "没有找到", "Not found"),
    "Conflict": Status(HTTPStatus.CONFLICT, "conflict", "与现状冲突", "It contradicts what is there"),
    "Refused": Status(HTTPStatus.CONFLICT, "refused", "不合规则", "It breaks a rule"),
    "PreconditionFailed": Status(
        HTTPStatus.PRECONDITION_FAILED, "precondition-failed", "内容已被别人修改", "It has changed meanwhile"
    ),
    "TooLarge": Status(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "内容过大", "Too large"),
    "Unsupported": Status(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "不支持这种内容",
        "This kind of content is not read",
    ),
    "TooMany": Status(HTTPStatus.TOO_MANY_REQUESTS, "too-many", "请求过多", "Too many requests"),
    "NotYet": Status(HTTPStatus.SERVICE_UNAVAILABLE, "not-yet", "正在测算", "Being worked out"),
    "StoreUnavailable": Status(
        HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "暂时不能服务", "Not available for the moment"
    ),
    "ClientDisconnect": Status(HTTPStatus.BAD_REQUEST, "broken-off", "请求没有发完", "The request broke off"),
    "TimeoutError": Status(
        HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "暂时不能服务", "Not available for the moment"
    ),
}
"""Failures by the name of their class, or of the nearest class above it; whatever is not here is a fault of ours."""

_FAULT = Status(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", "服务出错", "The service failed")
_ROUTING = {
    HTTPStatus.NOT_FOUND: ("没有这个地址", "there is no such address"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("这个地址不接受此方法", "this address does not take this method"),
}
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
RETRY_SECONDS = 2


def describe_failure(error: BaseException) -> tuple[Status, str, str, Sequence[Wrong]]:
    """Return how a failure is told: its row of the table, the words in Chinese and English, what is wrong where."""
    names = [kind.__name__ for kind in type(error).__mro__]
    if isinstance(error, OSError) and error.errno in _FULL:
        names = [StoreUnavailable.__name__]
    status = next((STATUSES[name] for name in names if name in STATUSES), _FAULT)
    if status is _FAULT:
        return status, "请把请求编号告诉管理员", "tell the administrator the number of the request", ()
    if isinstance(error, InputError):
        wrong = [Wrong(fault.source, fault.say("zh"), fault.say("en")) for fault in error.faults]
        return status, "数据不能使用", "the data cannot be used", wrong
    if isinstance(error, TimeoutError):
        return status, "用时过长，请稍后再试", "it took too long; try again later", ()
    if isinstance(error, OSError):
        return status, "服务器磁盘已满，请联系管理员清理", "the disk of the server is full; tell its administrator", ()
    if isinstance(error, StoreError):
        return status, *error.told, ()
    return status, str(error), str(getattr(error, "english", error)), getattr(error, "wrong", ())


def problem_response(error: BaseException, request_id: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """Write a failure as a problem document."""
    status, detail, detail_en, wrong = describe_failure(error)
    extra = dict(headers or {})
    if status.status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        extra["Retry-After"] = str(getattr(error, "retry_seconds", RETRY_SECONDS))
    return _write(status, detail, detail_en, wrong, request_id, extra)


def _write(
    status: Status, detail: str, detail_en: str, wrong: Sequence[Wrong], request_id: str, headers: Mapping[str, str]
) -> Response:
    content: dict[str, Any] = {
        "type": f"urn:jiexiang:problem:{status.kind}",
        "title": status.title,
        "title_en": status.title_en,
        "status": int(status.status),
        "detail": detail,
        "detail_en": detail_en,
        "request_id": request_id,
    }
    if wrong:
        content["errors"] = [one._asdict() for one in wrong]
    extra = {"Cache-Control": "no-store", **headers}
    if status.status == HTTPStatus.UNAUTHORIZED:
        extra["WWW-Authenticate"] = "Bearer"
    if status.status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        extra.setdefault("Retry-After", str(RETRY_SECONDS))
    return Response(
        json.dumps(content, ensure_ascii=False), int(status.status), extra, media_type="application/problem+json"
    )


async def on_failure(request: Request, error: Exception) -> Response:
    """Answer a failure that a route or a dependency raised."""
    response = problem_response(error, request_id_of(request.scope))
    if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("a request failed", exc_info=error, extra={"request_id": request_id_of(request.scope)})
    return response


async def on_routing_failure(request: Request, error: Exception) -> Response:
    """Answer what Starlette raises by itself: no such address, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101  Starlette calls it for nothing else
    if isinstance(error.__cause__, JiexiangError):  # FastAPI makes a broken body of whatever goes wrong in reading it
        return await on_failure(request, error.__cause__)
    code = HTTPStatus(error.status_code)
    known = next((row for row in STATUSES.values() if row.status == code), None)
    row = known or Status(code, "http", "请求有误", "The request is wrong")
    detail, detail_en = _ROUTING.get(code, (row.title, row.title_en))
    headers = dict(error.headers or {})
    if code == HTTPStatus.METHOD_NOT_ALLOWED:  # the router names the methods of the first route at an address alone
        path = request.scope["path"]
        matching = [route for route in request.app.router.routes if route.path_regex.match(path)]
        matching = [
            route for route in matching if route.path == path
        ] or matching  # of `/a/b` and `/a/{one}`, the first
        headers["Allow"] = ", ".join(sorted({method for route in matching for method in route.methods}))
    return _write(row, detail, detail_en, (), request_id_of(request.scope), headers)


async def on_invalid(request: Request, error: Exception) -> Response:
    """Answer what the declared types of a route refuse, every parameter with its reason."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  FastAPI calls it for nothing else
    wrong = [
        Wrong(".".join(str(part) for part in fault["loc"]), word(fault), str(fault["msg"])) for fault in error.errors()
    ]
    return problem_response(
        BadRequest("有参数读不懂", "some parameters cannot be read", wrong), request_id_of(request.scope)
    )
