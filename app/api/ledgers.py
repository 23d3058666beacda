"""Rooms, new projects and facilities of the area, as their ledgers have them and with what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.areas import Caller
from app.api.document.answers import GEOJSON, GeoJson, answer
from app.api.document.examples import FACILITIES, FACILITY, PROJECT, PROJECTS, ROOM, ROOMS
from app.api.document.facilities import Facilities, FacilityFeature, Projects, ProjectStanding, Rooms, RoomTold
from app.api.errors import NotHere
from app.api.judging import Judged, judge, visible_codes
from app.api.queries import At, link_next
from app.api.routing import StrictRoute
from app.api.service import Asking, Serving, bytes_response, json_response, tag
from app.geo.findings import plain_ledger_room, plain_project
from app.geo.rooms import Room
from app.store.facilities import Facility, read_facilities
from app.store.places import read_codes
from app.store.rooms import read_rooms

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["设施与用房 facilities and rooms"])

After = Annotated[str, Query(max_length=100, description="从哪个编号之后 the code to begin after")]
Limit = Annotated[int, Query(ge=1, le=1000, description="一页几条 how many on a page")]
Code = Annotated[str, Path(max_length=100, description="编号 code")]


@router.get("/rooms", summary="社区用房 Rooms of communities", responses=answer(ROOMS, Rooms))
async def rooms(
    request: Request, caller: Asking, service: Serving, at: At = None, after: After = "", limit: Limit = 100
) -> Response:
    """List the rooms that the communities of the area use, with their papers, and what each counts for them."""
    day = at or service.boards.current.day
    judged = await judge(service, day, caller)
    visible = set(await visible_codes(service, caller, judged, day))
    async with service.store.reading() as connection:
        listed = await read_rooms(connection, on=day, area=caller.area, after=after, most=limit)
    counts = _counts(judged)
    told = [_tell_room(one, counts, visible) for one in listed]
    more = listed[-1].room_id if len(listed) == limit else None
    return _answer(request, caller, {"as_of": day.isoformat(), "rooms": told, "after": more})


@router.get("/rooms/{code}", summary="一处用房 One room", responses=answer(ROOM, RoomTold))
async def room(request: Request, caller: Asking, service: Serving, code: Code, at: At = None) -> Response:
    """Tell one room, its paper, who shares it, and what it counts."""
    day = at or service.boards.current.day
    judged = await judge(service, day, caller)
    visible = set(await visible_codes(service, caller, judged, day))
    async with service.store.reading() as connection:
        found = await read_rooms(connection, on=day, area=caller.area, code=code, most=1)
    if not found:
        raise NotHere(f"没有编号为 {code} 的用房", f"there is no room {code}")
    return _answer(request, caller, _tell_room(found[0], _counts(judged), visible))


@router.get("/projects", summary="新建小区配建用房 New projects", responses=answer(PROJECTS, Projects))
async def projects(
    request: Request, caller: Asking, service: Serving, at: At = None, after: After = "", limit: Limit = 100
) -> Response:
    """List the projects of the area: what they owe by the standard of their day, and what they have given."""
    day = at or service.boards.current.day
    judged = await judge(service, day, caller)
    visible = set(await visible_codes(service, caller, judged, day))
    mine = [one for one in judged.found.projects if one.community_code in visible and one.project_id > after]
    page = [plain_project(one) for one in mine[:limit]]
    more = page[-1]["project_id"] if len(mine) > limit else None
    return _answer(request, caller, {"as_of": day.isoformat(), "projects": page, "after": more})


@router.get("/projects/{code}", summary="一个项目 One project", responses=answer(PROJECT, ProjectStanding))
async def project(request: Request, caller: Asking, service: Serving, code: Code, at: At = None) -> Response:
    """Tell one project, phase by phase."""
    day = at or service.boards.current.day
    judged = await judge(service, day, caller)
    visible = set(await visible_codes(service, caller, judged, day))
    for one in judged.found.projects:
        if one.project_id == code and one.community_code in visible:
            return _answer(request, caller, plain_project(one))
    raise NotHere(f"没有编号为 {code} 的项目", f"there is no project {code}")


@router.get(
    "/facilities",
    summary="设施 Facilities",
    response_class=GeoJson,
    responses=answer(FACILITIES, Facilities, media=GEOJSON),
)
async def facilities(
    request: Request,
    caller: Asking,
    service: Serving,
    kind: Annotated[
        str | None,
        Query(alias="class", max_length=100, description="只要这一类，如 service_station、clinic only of this class"),
    ] = None,
    after: After = "",
    limit: Limit = 100,
) -> Response:
    """List the facilities of the area by code, as GeoJSON; a link leads to the next page."""
    async with service.store.reading() as connection:
        codes = await read_codes(connection, on=service.boards.current.day)
        listed = await read_facilities(connection, area=caller.area, kind=kind, after=after, most=limit)
    links = []
    if len(listed) == limit:
        query = dict(request.query_params)
        links = [{"rel": "next", "type": GEOJSON, "href": link_next("/facilities", query, listed[-1].facility_code)}]
    told = {
        "type": "FeatureCollection",
        "numberReturned": len(listed),
        "links": links,
        "features": [_tell_facility(one, codes) for one in listed],
    }
    return _answer(request, caller, told, media_type=GEOJSON)


@router.get(
    "/facilities/{code}",
    summary="一处设施 One facility",
    response_class=GeoJson,
    responses=answer(FACILITY, FacilityFeature, media=GEOJSON),
)
async def facility(request: Request, caller: Asking, service: Serving, code: Code) -> Response:
    """Tell one facility, as a GeoJSON feature."""
    async with service.store.reading() as connection:
        codes = await read_codes(connection, on=service.boards.current.day)
        found = await read_facilities(connection, area=caller.area, code=code, most=1)
    if not found:
        raise NotHere(f"没有编号为 {code} 的设施", f"there is no facility {code}")
    return _answer(request, caller, _tell_facility(found[0], codes), media_type=GEOJSON)


def _counts(judged: Judged) -> Mapping[str, list[dict[str, Any]]]:
    """Return what rooms count for communities, by room."""
    counts: dict[str, list[dict[str, Any]]] = {}
    for community in judged.found.communities:
        for one in community.rooms:
            told = {
                "community_code": community.community.code,
                "share": one.share,
                "counted_m2": one.counted_m2,
                "pending_m2": one.pending_m2,
                "left_out_m2": one.left_out_m2,
                "reason": one.reason_words,
                "warnings": list(one.warnings),
            }
            counts.setdefault(one.room.room_id, []).append(told)
    return counts


def _tell_room(one: Room, counts: Mapping[str, list[dict[str, Any]]], visible: set[str]) -> dict[str, Any]:
    mine = [count for count in counts.get(one.room_id, []) if count["community_code"] in visible]
    return {**plain_ledger_room(one), "counts": mine}


def _tell_facility(one: Facility, codes: Mapping[int, str]) -> dict[str, Any]:
    place = None if one.wkb is None else shapely.from_wkb(one.wkb)
    return {
        "type": "Feature",
        "id": one.facility_code,
        "geometry": None if place is None else shapely.geometry.mapping(place),
        "properties": {
            "facility_code": one.facility_code,
            "name": one.name,
            "class": one.kind,
            "community_code": codes.get(one.community_id) if one.community_id is not None else None,
            "address": one.address,
            "floor_area_m2": one.floor_area_m2,
        },
    }


def _answer(request: Request, caller: Caller, told: Any, *, media_type: str = "application/json") -> Response:
    content = bytes(json_response(told).body)
    return bytes_response(request, content, tag(caller.area, content), media_type=media_type)
