"""Routes that refuse what they don't know, and routes that are answered without a detour.

FastAPI ignores query parameters that a route has not declared, and takes the last of several of one name; a misspelt
`commmunity=` would quietly give the whole county. Here both are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from app.api.errors import BadRequest, Wrong
from app.api.frontdoor import Scope
from app.api.service import ask

__all__ = ["DirectRoute", "Parameter", "StrictRoute", "read_query"]

MOST_PARAMETERS = 50


class Parameter(NamedTuple):
    """A query parameter of a direct route, as the OpenAPI document tells it."""

    name: str
    words: str
    schema: Mapping[str, Any]
    example: str | float | None = None

    def describe(self) -> dict[str, Any]:
        """Return it as OpenAPI has it."""
        described = {"in": "query", "name": self.name, "required": False, "description": self.words}
        return {**described, "schema": dict(self.schema), **({} if self.example is None else {"example": self.example})}


def read_query(scope: Scope, known: frozenset[str]) -> Mapping[str, str]:
    """Return the query of a request as a mapping.

    Raises
    ------
    BadRequest
        It is no text, or names a parameter that is not known, or one twice.
    """
    parts = [part for part in scope["query_string"].split(b"&") if part]
    try:
        if len(parts) > MOST_PARAMETERS:
            raise ValueError
        pairs = [(_read_text(name), _read_text(value)) for name, _, value in (part.partition(b"=") for part in parts)]
    except ValueError as error:
        raise BadRequest("查询参数读不懂", "the query cannot be read") from error
    query = dict(pairs)
    if "\x00" in scope["path"] or any("\x00" in value for value in query.values()):
        raise BadRequest("地址或参数里有空字符", "the address or a parameter holds a null character")
    if not query.keys() <= known:
        listed = "、".join(sorted(known)) or "无"
        wrong = [
            Wrong(
                f"query.{name}",
                f"没有这个参数；可用：{listed}",
                f"no such parameter; known: {', '.join(sorted(known))}",
            )
            for name in sorted(query.keys() - known)
        ]
        raise BadRequest("有不认识的参数", "some parameters are not known", wrong)
    if len(query) < len(pairs):
        twice = sorted({name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1})
        wrong = [Wrong(f"query.{name}", "重复出现", "it is given twice") for name in twice]
        raise BadRequest("有参数重复", "some parameters are given twice", wrong)
    return query


class StrictRoute(APIRoute):
    """A route of FastAPI that refuses query parameters it has not declared, and reads no body of somebody unknown."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the check before it."""
        handle = super().get_route_handler()
        known = _query_parameters(self)
        asks_first = self.body_field is not None and any(one.call is ask for one in _dependants(self))

        async def check_and_handle(request: Request) -> Response:
            read_query(request.scope, known)
            if asks_first:  # FastAPI would read and parse what somebody unknown has sent before it asks
                await ask(request)
            return await handle(request)

        return check_and_handle


class DirectRoute(APIRoute):
    """A route that is documented as FastAPI documents it, and answered by its function alone: see `app.api.shortcut`.

    The function takes the request, reads it itself and returns a whole answer.
    """


def _read_text(quoted: bytes) -> str:
    text = quoted.decode("ascii")
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def _query_parameters(route: APIRoute) -> frozenset[str]:
    return frozenset(field.alias for dependant in _dependants(route) for field in dependant.query_params)


def _dependants(route: APIRoute) -> Iterator[Dependant]:
    """Yield a route's function and whatever it depends on."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        yield dependant
        waiting += dependant.dependencies
