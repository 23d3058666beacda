"""What a request asks for is asked for in the loop: a thread for a look at an attribute costs half a millisecond."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import isasyncgenfunction, iscoroutinefunction

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.api.application import build_inside


def functions(dependant: Dependant) -> Iterator[object]:
    """Yield the function of a route and all that it depends on."""
    yield dependant.call
    for one in dependant.dependencies:
        yield from functions(one)


def test_no_route_and_nothing_that_it_depends_on_runs_in_a_thread():
    called = {
        one for route in build_inside(None).routes if isinstance(route, APIRoute) for one in functions(route.dependant)
    }
    assert len(called) > 50
    assert {one for one in called if not (iscoroutinefunction(one) or isasyncgenfunction(one))} == set()
