"""The short way to what is asked most: a direct route is found and answered without the layers around the others.

FastAPI has nine layers between an application and the function of a route; for one that reads its request by itself
they do nothing, and take longer than finding the grid of a point.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request

from app.api.errors import on_failure
from app.api.frontdoor import Receive, Scope, Send
from app.api.routing import DirectRoute

__all__ = ["COMPRESSION", "SMALLEST_COMPRESSED", "Application"]

SMALLEST_COMPRESSED = 1_000
COMPRESSION = 5


class Application(FastAPI):
    """A FastAPI application that answers direct routes itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        found = self._find_direct(scope) if scope["type"] == "http" else None
        if found is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        scope["route"], scope["path_params"] = found
        request = Request(scope, receive, send)
        try:
            response = await found[0].endpoint(request)
        except Exception as error:  # noqa: BLE001  every failure has its answer
            response = await on_failure(request, error)
        small = len(response.body) < SMALLEST_COMPRESSED
        answer = response if small else GZipMiddleware(response, SMALLEST_COMPRESSED, COMPRESSION)
        await answer(scope, receive, send)

    def _find_direct(self, scope: Scope) -> tuple[DirectRoute, Mapping[str, Any]] | None:
        """Return the direct route of a request and what its address holds; the first route that matches decides."""
        path = scope["path"]
        for route in self._routes_by_first_part.get(_first_part(path), ()):
            match = route.path_regex.match(path)
            if match is not None and scope["method"] in (route.methods or ()):
                return (route, match.groupdict()) if isinstance(route, DirectRoute) else None
        return None

    @cached_property
    def _routes_by_first_part(self) -> Mapping[str, Sequence[APIRoute]]:
        together: dict[str, list[APIRoute]] = defaultdict(list)
        for route in self.routes:
            if isinstance(route, APIRoute):
                together[_first_part(route.path)].append(route)
        return together


def _first_part(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else path
