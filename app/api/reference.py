"""The page that tells every route with its parameters, examples and a line to type: no script, no other host."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import jinja2
from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.api.routing import StrictRoute

__all__ = ["router", "write_reference"]

router = APIRouter(route_class=StrictRoute, tags=["运行 operation"])

PAGES = Path(__file__).parent / "pages"


class Told(NamedTuple):
    """An operation as the page tells it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[dict[str, Any]]
    bodies: list[tuple[str, str]]
    answers: list[tuple[str, str]]
    statuses: list[tuple[str, str]]
    curl: str


@router.get("/docs", summary="接口文档 This reference", response_class=HTMLResponse)
async def reference(request: Request) -> HTMLResponse:
    """Show every route as a page."""
    page, policy = write_reference(request.app.openapi())
    return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"})


def write_reference(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the page of an OpenAPI document, and the policy under which a browser may show it."""
    style = (PAGES / "reference.css").read_text("utf-8")
    groups: dict[str, list[Told]] = {}
    for tag, told in _tell(document):
        groups.setdefault(tag, []).append(told)
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        (PAGES / "reference.html").read_text("utf-8")
    )
    page = template.render(document=document, style=Markup(style), groups=groups.items())  # noqa: S704  a file of ours
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = f"style-src 'sha256-{digest}'; img-src data:"
    return page, f"default-src 'none'; {allowed}; base-uri 'none'; frame-ancestors 'none'"


def _tell(document: Mapping[str, Any]) -> Iterator[tuple[str, Told]]:
    for path, item in document["paths"].items():
        for method, one in item.items():
            parameters = [
                {
                    "name": parameter["name"],
                    "in": parameter["in"],
                    "required": parameter.get("required", False),
                    "kind": _kind(parameter["schema"]),
                    "description": parameter.get("description", ""),
                }
                for parameter in one.get("parameters", [])
            ]
            bodies = list(_examples(one.get("requestBody", {})))
            statuses = [(status, answer["description"]) for status, answer in one["responses"].items()]
            answers = list(_examples(one["responses"].get("200", {})))
            yield (
                one["tags"][0],
                Told(
                    f"{method}{path}",
                    method.upper(),
                    path,
                    one["summary"],
                    one.get("description", ""),
                    parameters,
                    bodies,
                    answers,
                    statuses,
                    _curl(method.upper(), path, one, bodies),
                ),
            )


def _examples(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind, media in content.get("content", {}).items():
        named = {name: example["value"] for name, example in media.get("examples", {}).items()}
        if "example" in media:
            named[kind] = media["example"]
        for name, value in named.items():
            yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _kind(schema: Mapping[str, Any]) -> str:
    choices = schema.get("anyOf", [schema])
    kinds = [choice for choice in choices if choice.get("type") != "null"]
    if kinds and kinds[0].get("enum"):
        return " | ".join(map(str, kinds[0]["enum"]))
    return " | ".join(str(kind.get("format") or kind.get("type", "")) for kind in kinds)


def _curl(method: str, path: str, one: Mapping[str, Any], bodies: list[tuple[str, str]]) -> str:
    """Return a line that can be typed; the key stands in a variable, never in the address."""
    query = {
        parameter["name"]: parameter["example"] for parameter in one.get("parameters", []) if "example" in parameter
    }
    address = f"http://127.0.0.1:8000{path}" + (f"?{urlencode(query)}" if query else "")
    parts = ["curl", *([f"-X {method}"] if method not in ("GET", "POST") else [])]
    if "security" in one:
        parts.append('-H "Authorization: Bearer $JIEXIANG_KEY"')
    if bodies and bodies[0][1].startswith("{"):
        text = json.dumps(json.loads(bodies[0][1]), ensure_ascii=False)
        parts.append(f"-H 'Content-Type: application/json' -d '{text}'")
    return " ".join([*parts, f"'{address}'"])
