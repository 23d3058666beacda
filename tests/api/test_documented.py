"""The OpenAPI document itself: what it shows as examples is as it says, and every answer in JSON says what it holds."""

from __future__ import annotations

import httpx
import jsonschema_rs
import pytest
from documented import close, fault_of

from app.api.application import build_inside


@pytest.fixture(scope="module")
def document():
    made = build_inside(None).openapi()
    close(made)
    return made


def contents(document):
    """Return each way in which a route may answer well: its name, and what is described."""
    return [
        (f"{method} {path} {status} {kind}", content)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        for status, described in operation["responses"].items()
        if status.startswith("2")
        for kind, content in described.get("content", {}).items()
    ]


def test_every_answer_in_json_says_what_it_holds(document):
    vague = [
        name
        for name, content in contents(document)
        if name.endswith("json") and not content["schema"].keys() & {"$ref", "anyOf"} and "/health/" not in name
    ]
    assert vague == ["post /locate 200 application/x-ndjson"]


def test_every_example_is_as_its_schema_has_it(document):
    shown = 0
    for name, content in contents(document):
        examples = [one["value"] for one in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        validator = jsonschema_rs.Draft202012Validator(
            {**content["schema"], "components": document["components"]}, validate_formats=True
        )
        for example in examples:
            assert [f"{fault.instance_path}: {fault.message}" for fault in validator.iter_errors(example)] == [], name
            shown += 1
    assert shown > 45


TOWN = {"town_code": "330482001", "name": "城关街道", "communities": 6, "grids": 31}


@pytest.mark.parametrize(
    ("status", "told", "fault"),
    [
        (200, {"towns": [TOWN]}, ""),
        (200, {"towns": [{**TOWN, "phone": "13800000000"}]}, "phone"),
        (200, {"towns": [{name: value for name, value in TOWN.items() if name != "grids"}]}, "grids"),
        (200, {"towns": [{**TOWN, "grids": None}]}, "null"),
        (299, {"towns": []}, "not described"),
    ],
)
def test_an_answer_that_is_not_as_the_document_has_it_is_found(status, told, fault):
    request = httpx.Request("GET", "http://testserver/towns")
    found = fault_of("GET", httpx.Response(status, json=told, request=request))
    assert fault in found
    assert bool(found) == bool(fault)
