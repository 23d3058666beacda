"""Every fault that the declared types of a route can find has its words in Chinese: whatever is sent, wherever."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.api.application import build_inside
from app.api.bodies import Body
from app.api.locate import AddressesAsked
from app.api.many_points import LineAsked
from app.api.points import PointsAsked
from app.api.wordings import PATTERNS, UNWORDED, WORDINGS, word

LONG = "长" * 6000
TEXTS = (
    *("", " ", "x", "\0", LONG, "-1", "0", "1.5", "1e400", "nan", "9" * 5000, "-" + "9" * 30, "true", "null"),
    *("2026-01-31", "2026-02-30", "2026-13-01", "2026-01-31T25:00:00Z", "2026-01-31T08:00:00Z", "2026-02-30T08:00:00Z"),
    *("20260131", "ftp://x", "http://a:b/x", "0001-01-01T00:00:00+14:00", "99999999999999999999"),
)
THINGS = (None, True, 0, -1, 1.5, -1e9, 1e300, float("nan"), float("inf"), 10**30, 2**60, [], {}, [[]], *TEXTS)
VALUES = (*THINGS, *([one] for one in THINGS), *([[one, one]] for one in THINGS), [["0", 1, 2]], [None] * 101)


def bodies() -> list[type[BaseModel]]:
    """Return everything that is read as JSON, and what stands in it."""
    return [*Body.__subclasses__(), PointsAsked, AddressesAsked, LineAsked]


def faults_of_bodies() -> Iterator[dict[str, Any]]:
    """Yield all that is found wrong in bodies, as Python values and as JSON."""
    for kind in bodies():
        adapter = TypeAdapter(kind)
        wholes: list[Any] = [*THINGS, {"no_such": 1}]
        wholes += [{name: value} for name in kind.model_fields for value in VALUES]
        for whole in wholes:
            yield from faults(adapter.validate_python, whole)
            yield from faults(adapter.validate_json, json.dumps(whole))
        for torn in (b"", b"{", b"[1,", b'{"a":"\xff"}', b"[" * 500):
            yield from faults(adapter.validate_json, torn)


def faults(read: Any, value: Any) -> list[dict[str, Any]]:
    try:
        read(value)
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)
    return []


def faults_of_parameters() -> Iterator[dict[str, Any]]:
    """Yield all that is found wrong in parameters of addresses and queries, and in forms."""
    for route in build_inside(None).routes:
        if isinstance(route, APIRoute):
            of = route.dependant
            for field in (*of.path_params, *of.query_params, *of.body_params):
                for value in (*TEXTS, None, b"\xff", b"{}", {}):
                    _, found = field.validate(value, {}, loc=("query", field.alias))
                    yield from found


@cache
def all_faults() -> dict[tuple[str, str], dict[str, Any]]:
    """Return one fault of each type, of texts that must look like something one of each pattern."""
    kinds = {}
    for fault in (*faults_of_bodies(), *faults_of_parameters()):
        kinds.setdefault((fault["type"], fault.get("ctx", {}).get("pattern", "")), fault)
    return kinds


def test_what_is_tried_finds_faults_of_many_types():
    assert len(all_faults()) > 25
    assert {"missing", "string_too_long", "less_than_equal", "literal_error", "moment_as_written"} <= {
        kind for kind, _ in all_faults()
    }


def test_every_fault_that_a_route_can_find_has_its_words():
    unworded = [
        kind
        for kind, fault in all_faults().items()
        if word(fault).startswith(UNWORDED.partition("{")[0]) or not re.search(r"[\u4e00-\u9fff]", word(fault))
    ]
    assert unworded == []
    assert {pattern for _, pattern in all_faults() if pattern} == set(PATTERNS)


def test_words_hold_nothing_that_was_not_filled_in():
    for fault in all_faults().values():
        assert not re.search(r"[{}]", word(fault)), word(fault)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"type": "too_long", "ctx": {"field_type": "List", "max_length": 100, "actual_length": 101}}, "最多 100 项"),
        ({"type": "greater_than_equal", "ctx": {"ge": -90.0}}, "应不小于 -90"),
        ({"type": "literal_error", "ctx": {"expected": "'网格长', 'b' or 'c'"}}, "应为其中之一：网格长、b、c"),
        ({"type": "string_pattern_mismatch", "ctx": {"pattern": "^a{2}$"}}, "写法不对，应合乎 ^a{2}$"),
        ({"type": "of_a_later_version", "ctx": {"x": 1}}, "不合要求（of_a_later_version）"),
    ],
)
def test_words_tell_the_bound(fault, words):
    assert word(fault) == words


def test_a_route_says_in_both_languages_what_is_wrong(live):
    told = live.asking("county").post("/assignments/1/end", json={"on": "31.1.2026", "why": "x"}).json()
    assert told["errors"] == [
        {"where": "body.on", "detail": "请写成 2026-01-31", "detail_en": "write it as 2026-01-31"},
        {"where": "body.why", "detail": "没有这一项", "detail_en": "Extra inputs are not permitted"},
    ]


def test_no_wording_is_there_for_nothing():
    assert WORDINGS.keys() - {kind for kind, _ in all_faults()} == set()
