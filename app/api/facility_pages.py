"""The page of facilities: who lacks rooms, on what evidence, and what another room would change."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.api.judging import Judged, judge, visible_codes
from app.api.pages import page_frame, page_response, signed_in
from app.api.routing import StrictRoute
from app.api.service import Serving
from app.geo.suppositions import Supposition, suppose
from app.maps.facility_page import WhatIf, draw_facilities, make_facility_page, tell_change

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

MOST_M2 = 1_000_000.0

Typed = Annotated[str, Query(max_length=40)]


@router.get("/gaps")
async def gaps(
    request: Request, service: Serving, community: Typed = "", area: Typed = "", lang: str = "zh"
) -> Response:
    """Show how the communities of the area stand; with a community and an area, what a room so large would change."""
    caller = await signed_in(request)
    if isinstance(caller, Response):
        return caller
    if caller.role == "worker":
        return RedirectResponse("/m", 303)
    day = service.boards.current.day
    judged = await judge(service, day)
    visible = set(await visible_codes(service, caller, judged, day))
    seen = judged.within(visible)
    form = WhatIf(tuple((one.community.code, one.community.name) for one in seen.communities), community, area)
    if area:
        form = await asyncio.to_thread(_compute, form, judged, visible)
    page = make_facility_page(seen, judged.ledgers.standards, map_address="/plan", what_if=form)
    return page_response(request, draw_facilities(page_frame(caller, "/gaps", lang), page))


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
