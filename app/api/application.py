"""The application: routers, the table of failures, the front door around it all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from app import __version__
from app.api import (
    audit,
    changes,
    comparison,
    coverage,
    entrance,
    facility_pages,
    grids,
    health,
    ledgers,
    links,
    locate,
    map_page,
    note_pages,
    notes,
    pages,
    papers,
    people,
    plans,
    reference,
    sessions,
    standards,
    tiles,
    webhooks,
    workbooks,
    worker,
)
from app.api.bodies import NO_NULL
from app.api.document.answers import answer_schemas
from app.api.errors import BadRequest, TooLarge, on_failure, on_invalid, on_routing_failure, problem_response
from app.api.frontdoor import Asgi, FrontDoor, Scope
from app.api.journal import Audit, Journal
from app.api.logs import RequestLog
from app.api.metrics import Figures
from app.api.service import Service
from app.api.shortcut import COMPRESSION, SMALLEST_COMPRESSED, Application
from app.geo.errors import JiexiangError
from app.settings import ServiceSettings
from app.store.errors import StoreUnavailable

__all__ = ["build", "build_inside"]

DESCRIPTION = """社区网格查询、划分方案、人员配备。坐标为 CGCS2000（EPSG:4490）经度在前；
手机地图坐标请注明 `datum=gcj02`。
出错时返回 RFC 9457 问题说明。系统用密钥：`Authorization: Bearer jx_…`；人员先在 `/session` 登录。

Grids of communities, plans, assignments. Coordinates are CGCS2000 (EPSG:4490), longitude first; say `datum=gcj02` for
those of maps on phones. Failures are RFC 9457 problem documents. Systems send `Authorization: Bearer jx_…`; people
sign in at `/session`."""
UPLOADS = ("/plans", "/locate/workbook")
"""Addresses that take whole files."""
FORMS = ("/session", "/sign-in", "/m/link", "/notes/")
"""Addresses, or how they begin, that read a few words before they know who sends them."""
LARGEST_FORM = 2**16
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "title_en": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "detail_en": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("where", "detail", "detail_en")},
            },
        },
    },
}
PROBLEMS = {
    "400": "请求有误 The request is wrong",
    "401": "请先登录 Sign in first",
    "403": "没有权限 Not allowed",
    "404": "没有，或不在您的辖区 Not there, or not in your area",
    "405": "这个地址不接受此方法 This address does not take the method",
    "409": "与现状冲突，或不合规则 It contradicts what is there, or breaks a rule",
    "412": "内容已被别人修改 It has changed meanwhile",
    "413": "内容过大 Too large",
    "415": "不支持这种内容 This kind of content is not read",
    "429": "请求过多 Too many requests",
    "503": "暂时不能服务 Not available for the moment",
}
PROBLEM_HEADERS = {
    "401": {"WWW-Authenticate": "用什么登录 how to sign in"},
    "405": {"Allow": "接受的方法 the methods that are taken"},
    "429": {"Retry-After": "几秒后再试 seconds until it will be heard"},
    "503": {"Retry-After": "几秒后再试 seconds until it may be heard"},
}
"""What comes with a problem beside its document."""
PUBLIC = (("get", "/health/live"), ("get", "/health/ready"), ("get", "/docs"), ("post", "/session"))
"""What is answered to anybody."""


def build_inside(service: Service | None, **options: Any) -> FastAPI:
    """Return the application without its front door: what answers, and the OpenAPI document of it.

    Without a service, whatever is handed in as `lifespan` puts one into its state.
    """
    application = Application(
        title="街巷 Jiexiang",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        **options,
    )
    application.state.service = service
    for module in (
        *(locate, workbooks, grids, people, changes, webhooks),
        *(plans, papers, comparison, standards, ledgers, coverage, sessions, worker, notes, links, entrance),
        *(pages, map_page, facility_pages, note_pages, tiles, health, audit, reference),
    ):
        application.router.routes.extend(module.router.routes)  # flat: looked through once, not router by router
    application.add_exception_handler(JiexiangError, on_failure)
    application.add_exception_handler(Exception, on_failure)
    application.add_exception_handler(HTTPException, on_routing_failure)
    application.add_exception_handler(RequestValidationError, on_invalid)
    application.add_middleware(GZipMiddleware, minimum_size=SMALLEST_COMPRESSED, compresslevel=COMPRESSION)
    application.openapi = lambda: _describe(application)  # type: ignore[method-assign]  # FastAPI's documented way
    return application


def build(settings: ServiceSettings, figures: Figures, service: Service | None = None, **options: Any) -> Asgi:
    """Return the whole application; `options` are FastAPI's."""
    return FrontDoor(
        build_inside(service, **options),
        refuse=problem_response,
        too_large=lambda limit: TooLarge(f"最多 {limit:,} 字节", f"at most {limit:,} bytes"),
        misplaced=lambda: BadRequest(
            "密钥不能写在地址里：请放在 Authorization 头里，并更换这一个",
            "a key does not belong in an address: send it in the Authorization header, and replace this one",
        ),
        stopping=lambda: StoreUnavailable("服务正在停止，请稍后再试", "the service is stopping; try again later"),
        largest_body=partial(_largest_body, settings),
        seconds=lambda path: settings.seconds + (settings.long_poll_seconds if path == "/changes" else 0),
        log=RequestLog(sys.stderr if settings.log_requests else None),
        figures=figures,
        note=Audit(_journal_of),
    )


def _largest_body(settings: ServiceSettings, method: str, path: str) -> int:
    """Return how many bytes a request may bring."""
    if path.startswith(FORMS):
        return min(LARGEST_FORM, settings.largest_body)
    return settings.largest_plan if method == "POST" and path in UPLOADS else settings.largest_body


def _journal_of(scope: Scope) -> Journal | None:
    service: Service | None = scope["app"].state.service if "app" in scope else None
    return None if service is None else service.journal


def _parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        for operation in item.values():
            yield from operation.get("parameters", ())


def _show_nulls(document: dict[str, Any], application: FastAPI) -> None:
    """Put back what FastAPI leaves out of examples: members that are null."""
    for route in application.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                described = document["paths"][route.path][method.lower()]["responses"]
                for status, told in route.responses.items():
                    for kind, content in told.get("content", {}).items():
                        shown = {name: content[name] for name in ("example", "examples") if name in content}
                        described[str(status)]["content"][kind] |= shown


def _describe(application: FastAPI) -> dict[str, Any]:
    """Write the OpenAPI document: FastAPI's, with our problems in place of its 422, and who may ask."""
    if application.openapi_schema:
        return application.openapi_schema
    document = get_openapi(
        title=application.title,
        version=application.version,
        description=application.description,
        routes=application.routes,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {"Problem": PROBLEM_SCHEMA, **answer_schemas()}
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "系统密钥 API key"},
        "session": {"type": "apiKey", "in": "cookie", "name": "jiexiang", "description": "人员登录 a person's session"},
    }
    for parameter in _parameters(document):
        schema = parameter["schema"]
        for one in schema.get("anyOf", [schema]):
            if one.get("type") == "string" and not one.keys() & {"enum", "format", "pattern"}:
                one["pattern"] = NO_NULL
    _show_nulls(document, application)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            operation["responses"].pop("422", None)
            for status, words in PROBLEMS.items():
                headers = {
                    name: {"description": told, "required": True, "schema": {"type": "string"}}
                    for name, told in PROBLEM_HEADERS.get(status, {}).items()
                }
                operation["responses"].setdefault(
                    status, {"description": words, "content": content, **({"headers": headers} if headers else {})}
                )
            if (method, path) not in PUBLIC:
                operation["security"] = [{"key": []}, {"session": []}]
    application.openapi_schema = document
    return document
