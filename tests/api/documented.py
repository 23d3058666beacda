"""The OpenAPI document, and whether an answer is as it has it: asked of every answer that a test gets from a client."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
import jsonschema_rs
from fastapi.routing import APIRoute

from app.api.answers import answer_schemas
from app.api.application import build_inside

__all__ = ["close", "fault_of"]

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
    faults = _validator(template, method.lower(), response.status_code, kind).iter_errors(response.json())
    return "\n".join(f"{here}: {'/'.join(map(str, fault.instance_path))}: {fault.message[:500]}" for fault in faults)


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
