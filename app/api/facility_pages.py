"""The page of facilities: who lacks rooms, on what evidence, and what another room would change."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.api.coverage import USUAL_M
from app.api.judging import Judged, judge, visible_codes
from app.api.pages import map_address, page_frame, page_response, read_language, signed_in
from app.api.routing import StrictRoute
from app.api.service import Serving
from app.api.walked import Ways, look_at_ways
from app.geo.layers import FACILITY_CLASSES
from app.geo.suppositions import Supposition, suppose
from app.maps.facility_page import WalkChoice, WhatIf, draw_facilities, make_facility_page, tell_change
from app.maps.languages import name_class

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

MOST_M2 = 1_000_000.0

Typed = Annotated[str, Query(max_length=40)]


@router.get("/gaps")
async def gaps(
    request: Request,
    service: Serving,
    community: Typed = "",
    area: Typed = "",
    kind: Annotated[str, Query(alias="class", max_length=40)] = "",
    within: Literal["300", "500", "1000"] = "500",
    lang: str = "zh",
) -> Response:
    """Show how the communities of the area stand, and who can walk to a class of facilities.

    With a community and an area it says what a room so large would change.
    """
    caller = await signed_in(request)
    if isinstance(caller, Response):
        return caller
    if caller.role == "worker":
        return RedirectResponse("/m", 303)
    board, language = service.boards.current, read_language(lang)
    day = board.day
    judged = await judge(service, day, caller)
    visible = set(await visible_codes(service, caller, judged, day))
    seen = judged.within(visible)
    form = WhatIf(tuple((one.community.code, one.community.name) for one in seen.communities), community, area)
    if area:
        form = await asyncio.to_thread(_compute, form, judged, visible)
    ways = look_at_ways(service, board, caller, language, kind=kind, within_m=float(within))
    page = make_facility_page(
        seen,
        judged.ledgers.standards,
        map_address=map_address(language, **{"class": kind, "within": within} if kind else {}),
        walked=ways.walked,
        walking=_offer(ways, kind, int(within), language),
        what_if=form,
        language=language,
    )
    return page_response(request, draw_facilities(page_frame(caller, "/gaps", lang), page))


def _offer(ways: Ways, kind: str, within_m: int, language: str) -> WalkChoice:
    """Offer the classes that were measured, or all that are understood where none was yet."""
    kinds = sorted(ways.walked.classes) if ways.walked is not None else list(FACILITY_CLASSES)
    named = tuple((one, name_class(one, language)) for one in kinds)
    chosen = ways.walked.kind if ways.walked is not None else kind
    return WalkChoice(named, chosen, tuple(int(one) for one in USUAL_M), within_m, ways.told)


def _compute(form: WhatIf, judged: Judged, visible: set[str]) -> WhatIf:
    """Answer the form, or say what is wrong with it."""
    try:
        area_m2 = float(form.area.replace(",", ""))
    except ValueError:
        area_m2 = 0.0
    if not 0 < area_m2 <= MOST_M2:
        return replace(form, fault=f"面积“{form.area}”看不懂：请填大于 0 的平方米数，如 120")
    if form.community not in visible:
        return replace(form, fault="请选择一个社区")
    held = judged.ledgers
    asked = [Supposition(form.community, area_m2)]
    _, changes = suppose(asked, held.communities, held.rooms, held.phases, held.standards, as_of=judged.found.as_of)
    told = [tell_change(one) for one in changes if one.after.community.code in visible]
    return replace(form, told="；".join(told) or "结论不变")
