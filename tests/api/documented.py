"""The OpenAPI document, and whether an answer is as it has it: asked of every answer that a test gets from a client."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
from fastapi.routing import APIRoute

from app.api.application import build_inside
from app.api.document.answers import answer_schemas
from app.api.wordings import UNWORDED

__all__ = ["close", "fault_of"]

HAN = re.compile(r"[\u4e00-\u9fff]")
UNTOLD = {304, 500}
"""An answer without a body, and a fault of ours, are no part of the document."""


def fault_of(method: str, response: httpx.Response) -> str:
    """Return what in an answer is not as the document has it, or nothing."""
    template = _template_of(response.request.url.path)
    operation = _document()["paths"].get(template, {}).get(method.lower())
    if operation is None or response.status_code in UNTOLD:
        return ""
    described = operation["responses"].get(str(response.status_code))
    here = f"{method} {template} {response.status_code}"
    if described is None:
        return f"{here} is not described"
    kind = response.headers.get("content-type", "").partition(";")[0]
    contents = described.get("content", {})
    if (kind or None) not in (contents or {None: {}}):
        return f"{here} is {kind}, not {' or '.join(contents)}"
    if not kind.endswith(("/json", "+json")):
        return ""
    told = response.json()
    found = _validator(template, method.lower(), response.status_code, kind).iter_errors(told)
    faults = [f"{here}: {'/'.join(map(str, fault.instance_path))}: {fault.message[:500]}" for fault in found]
    return "\n".join(faults or ([] if response.is_success else _unworded(told, here)))


def close(document: Mapping[str, Any]) -> None:
    """Let no answer have members that its schema in a document does not name."""
    for name in ("Problem", *answer_schemas()):
        _close(document["components"]["schemas"][name])


def _close(schema: Any) -> None:
    if isinstance(schema, dict):
        if "properties" in schema and isinstance(schema["properties"], dict):
            schema.setdefault("additionalProperties", False)
        for below in schema.values():
            _close(below)
    elif isinstance(schema, list):
        for below in schema:
            _close(below)


def _unworded(problem: dict[str, Any], here: str) -> list[str]:
    """Return what a problem does not say in Chinese."""
    said = [problem["title"], problem["detail"], *(one["detail"] for one in problem.get("errors", ()))]
    return [
        f"{here} says in English: {words}"
        for words in said
        if not HAN.search(words) or words.startswith(UNWORDED.partition("{")[0])
    ]


@cache
def _application() -> Any:
    return build_inside(None)


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = _application().openapi()
    close(document)
    return document


@cache
def _template_of(path: str) -> str:
    for route in _application().routes:
        if isinstance(route, APIRoute) and route.path_regex.match(path):
            return route.path
    return ""


@cache
def _validator(template: str, method: str, status: int, kind: str) -> Any:
    described = _document()["paths"][template][method]["responses"][str(status)]["content"][kind]["schema"]
    whole = {**described, "components": _document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
