"""Pages for people: sign-in and overview; and the files they ask for, at addresses that follow their content."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Annotated
from urllib.parse import urlencode

import pandas as pd
from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.api.areas import ROLES_WITH_NOTES, Caller
from app.api.board import Board
from app.api.errors import (
    BadRequest,
    Forbidden,
    NotHere,
    NotSignedIn,
    RequestError,
    TooMany,
    describe_failure,
    problem_response,
)
from app.api.identity import refuse_other_sites
from app.api.judging import judge, visible_codes
from app.api.openid import LEAVE_PATH
from app.api.routing import StrictRoute
from app.api.service import PRIVATE, Service, Serving, ask, matches
from app.api.sessions import close_session, keep_session, open_session
from app.api.small_counts import sees_small_counts
from app.api.walked import Ways, look_at_ways
from app.geo.plan import Plan, told_about
from app.maps.assets import Asset
from app.maps.facility_page import count_covered
from app.maps.languages import speak
from app.maps.overview import count_figures, list_towns
from app.maps.plan_page import plan_assets
from app.maps.served_pages import Figure, Frame, draw_overview, draw_sign_in, served_assets
from app.maps.worker_page import worker_assets
from app.store.assignments import Assignment, read_assignments
from app.store.connect import AsyncConnection
from app.store.drawn import read_drawn, read_newest
from app.store.errors import StoreUnavailable

__all__ = [
    "POLICY",
    "count_posts",
    "map_address",
    "page_frame",
    "page_response",
    "read_language",
    "read_plan",
    "refuse_sign_in",
    "router",
    "signed_in",
]

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FOR_EVER = "public, max-age=31536000, immutable"

Text = Annotated[str, Form(max_length=1000)]


@router.get("/static/{digest}/{name}")
async def static(digest: str, name: str) -> Response:
    """Hand out a script or style; other content has another address, so a browser may keep it for ever."""
    asset = _assets().get(f"/static/{digest}/{name}")
    if asset is None:
        raise NotHere("没有这个文件", "there is no such file")
    return Response(asset.content, headers={"Cache-Control": FOR_EVER}, media_type=asset.media_type)


@router.get("/sign-in")
async def show_sign_in(
    request: Request,
    service: Serving,
    then: Annotated[str, Query(alias="next", max_length=1000)] = "/",
    lang: str = "zh",
) -> Response:
    """Show the form, and the way to the county's own entrance."""
    frame = Frame(read_language(lang))
    return page_response(request, draw_sign_in(frame, next_page=_own_page(then), entrance=_entrance(service)))


@router.post("/sign-in")
async def sign_in(
    request: Request,
    service: Serving,
    name: Text,
    password: Text,
    then: Annotated[str, Form(alias="next", max_length=1000)] = "/",
    lang: str = "zh",
) -> Response:
    """Take the form; a wrong password is told on the page, as a failure."""
    refuse_other_sites(request.scope)
    if "\0" in name + password:
        fault = BadRequest("用户名和密码不能有空字符", "a name or a password holds no NUL")
        return refuse_sign_in(service, fault, next_page=_own_page(then), language=read_language(lang))
    try:
        token, _user = await open_session(service, request.scope, name, password)
    except (NotSignedIn, TooMany) as error:
        return refuse_sign_in(service, error, next_page=_own_page(then), name=name, language=read_language(lang))
    response = RedirectResponse(_own_page(then), 303)
    keep_session(service, response, token)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, service: Serving) -> Response:
    """End the session and lead to the form."""
    refuse_other_sites(request.scope)
    response = RedirectResponse("/sign-in", 303)
    await close_session(service, request.scope, response)
    return response


@router.get("/")
async def overview(request: Request, service: Serving, lang: str = "zh") -> Response:
    """Show the figures of the area, each leading to its list and map; a worker is led to the own grids."""
    caller = await signed_in(request)
    if isinstance(caller, Response):
        return caller
    if caller.role == "worker":
        return RedirectResponse("/m", 303)
    board = service.boards.current
    async with service.store.reading() as connection:
        plan = await read_plan(connection, board, caller)
        held = await read_assignments(connection, on=board.day, area=caller.area, most=None)
        newest = await read_newest(connection, board.day, area=caller.area)
    judged = await judge(service, board.day, caller)
    visible = set(await visible_codes(service, caller, judged, board.day))
    posts = count_posts(plan, board, held)
    found = judged.within(visible)
    language = read_language(lang)
    figures = count_figures(
        plan,
        posts,
        map_address=map_address(language),
        found=found if judged.ledgers.rooms else None,
        facilities_address="/gaps?lang=en" if language == "en" else "/gaps",
        covered=_count_covered(look_at_ways(service, board, caller, language), language),
        published=newest,
        language=language,
    )
    towns = list_towns(plan, posts, {grid.community_code: grid.town_name for grid in board.grids}, language)
    brief = f"{board.day.isoformat()}　{plan.about['software']} {plan.about['version']}".strip()
    return page_response(request, draw_overview(page_frame(caller, "/", lang), brief, figures, towns))


def _count_covered(ways: Ways, language: str) -> Figure | None:
    """Return the figure of walking coverage; None where there is nothing to measure."""
    if ways.walked is not None:
        return count_covered(ways.walked, f"{map_address(language)}#view=walk-{ways.walked.kind}", language)
    if not ways.begun:
        return None
    say = speak(language)
    return Figure(say("步行覆盖", "Walking coverage"), "…", ways.told, "/gaps#walking", "△")


def page_frame(caller: Caller, here: str, language: str) -> Frame:
    """Return what a page has around it for whoever is signed in."""
    return Frame(read_language(language), here, _links(caller), caller.name)


def page_response(request: Request, page: str) -> Response:
    """Answer with a page that asks for nothing but what this service has, or with 304 where it is known."""
    etag = f'"{hashlib.blake2s(page.encode(), digest_size=10).hexdigest()}"'
    headers = {"ETag": etag, "Content-Security-Policy": POLICY, **PRIVATE}
    if matches(request, etag):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(page, headers=headers)


def refuse_sign_in(
    service: Service,
    error: RequestError | StoreUnavailable,
    *,
    next_page: str = "/",
    name: str = "",
    language: str = "zh",
) -> Response:
    """Show the form again, with why it did not succeed: somebody at a browser reads no problem document."""
    _, chinese, english, _ = describe_failure(error)
    fault = english if language == "en" else chinese
    page = draw_sign_in(Frame(language), next_page=next_page, name=name, fault=fault, entrance=_entrance(service))
    told = problem_response(error, "")
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    if "retry-after" in told.headers:
        headers["Retry-After"] = told.headers["retry-after"]
    return HTMLResponse(page, told.status_code, headers)


def map_address(language: str, **query: str) -> str:
    """Return the address of the map in the language of the page that leads there."""
    spoken = {"lang": language} if language == "en" else {}
    asked = urlencode({**query, **spoken})
    return f"/plan?{asked}" if asked else "/plan"


def read_language(text: str) -> str:
    """Return `en` where English is asked for, else `zh`."""
    return "en" if text == "en" else "zh"


@cache
def _assets() -> dict[str, Asset]:
    return {asset.address: asset for asset in (*served_assets(), *worker_assets(), *plan_assets())}


def _entrance(service: Service) -> str:
    return "" if service.openid is None else LEAVE_PATH


def _own_page(address: str) -> str:
    """Return an address of this service; any other becomes the first page."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain else "/"


async def signed_in(request: Request) -> Caller | Response:
    """Return who asks; somebody unknown is led to the form and back.

    Raises
    ------
    Forbidden
        It is another system: pages show every count as it is.
    """
    try:
        caller = await ask(request)
    except NotSignedIn:
        return RedirectResponse(f"/sign-in?next={request.url.path}", 303)
    if not sees_small_counts(caller):
        raise Forbidden("页面供人员使用：系统请用接口", "pages are for people; systems use the interface")
    return caller


def _links(caller: Caller) -> tuple[tuple[str, str], ...]:
    pages = [("overview", "/"), ("plan", "/plan"), ("facilities", "/gaps")]
    if caller.role in ROLES_WITH_NOTES:
        pages.append(("notes", "/notes"))
    return (*pages, ("mine", "/m")) if caller.person_id is not None else tuple(pages)


def count_posts(plan: Plan, board: Board, held: Sequence[Assignment]) -> pd.DataFrame:
    """Count for each general grid the worker it needs and those it has."""
    filled: dict[int, int] = defaultdict(int)
    for one in held:
        filled[one.grid_id] += one.role != "网格党组织书记"
    ids = {grid.grid_code: grid.grid_id for grid in board.grids}
    codes = list(plan.grids.loc[plan.grids["kind"] == "general", "grid_code"])
    return pd.DataFrame({"grid_code": codes, "needed": 1, "filled": [filled[ids.get(code, -1)] for code in codes]})


async def read_plan(connection: AsyncConnection, board: Board, caller: Caller) -> Plan:
    """Read what is in force in the area of whoever asks."""
    plan = await read_drawn(connection, board.day, area=caller.area)
    return replace(plan, about=told_about(plan))
