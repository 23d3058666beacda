"""Nobody unknown makes the service read more than a few words: a caller is found out before a body is read."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from fastapi.routing import APIRoute

from app.api.application import LARGEST_FORM, build_inside

OPEN = {"POST /session", "POST /sign-in", "POST /m/link", "POST /notes/{number}"}
"""What reads a few words from anybody: to sign in, or a form after which one is led to sign in."""
SENDING = sorted(
    f"{method} {route.path}"
    for route in build_inside(None).routes
    if isinstance(route, APIRoute)
    for method in route.methods
    if method not in ("GET", "HEAD")
)


def send(live, operation, *, key="", kind="application/json", portion=b'{"a":[[[[[[[[', portions=1):
    """Send a body of portions; return the answer and how many portions were asked for."""
    taken = 0

    async def body():
        nonlocal taken
        for _ in range(portions):
            taken += 1
            yield portion

    method, _, path = operation.partition(" ")
    headers = {"Content-Type": kind, **({"Authorization": f"Bearer {key}"} if key else {})}
    client = live.asking("").inner
    asked = client.request(method, re.sub(r"{\w+}", "1", path), content=body(), headers=headers)
    return live.runner.run(asked), taken


def test_there_are_routes_that_are_sent_something():
    assert set(SENDING) > OPEN
    assert len(SENDING) > 18


@pytest.mark.parametrize("operation", [one for one in SENDING if one not in OPEN and one != "POST /sign-out"])
@pytest.mark.parametrize("key", ["", "jx_000000000000_" + "x" * 43])
def test_what_somebody_unknown_sends_is_not_read(live, operation, key):
    answer, taken = send(live, operation, key=key)
    assert (answer.status_code, taken) == (401, 0)


@pytest.mark.parametrize("operation", sorted(OPEN))
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_where_anybody_may_send_something_it_is_little(live, operation, kind):
    answer, taken = send(live, operation, kind=kind, portion=b"name=" + b"x" * 4091, portions=1000)
    assert answer.status_code == (413 if taken else 400)
    assert taken <= LARGEST_FORM / 4096 + 1


def test_the_longest_words_still_fit_a_form(live):
    longest = {"name": "𠮷" * 1000, "password": "𠮷" * 1000, "next": "/" + "𠮷" * 999}
    assert live.asking("").post("/sign-in", data=longest).status_code == 401


def test_whoever_is_known_is_heard_and_asked_for_once(live):
    application, asked = live.application.app, 0
    served = application.state.service

    async def identify(scope):
        nonlocal asked
        asked += 1
        return await served.identify(scope)

    application.state.service = replace(served, identify=identify)
    try:
        answer, taken = send(live, "POST /assignments", key=live.keys["county"])
    finally:
        application.state.service = served
    assert (answer.status_code, taken, asked) == (400, 1, 1)


def test_a_body_that_is_too_large_is_told_so_however_it_is_sent(live):
    answer, taken = send(live, "POST /assignments", key=live.keys["county"], portion=b" " * 2**20, portions=20)
    assert (answer.status_code, taken) == (413, 17)
