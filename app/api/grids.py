"""Grids, communities and towns in force on a day: one, a page of them, what is beside a grid and what it is made of."""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterable, Sequence
from typing import Any

import shapely
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.areas import Caller
from app.api.board import Board
from app.api.document.answers import GEOJSON, GeoJson, answer
from app.api.document.examples import COMMUNITIES, COMMUNITY, FEATURE, FEATURES, NEIGHBOURS, SIDES, TOWNS, UNITS
from app.api.document.grids import (
    Communities,
    CommunityFeature,
    GridFeature,
    GridFeatures,
    Neighbours,
    Sides,
    Towns,
    Units,
)
from app.api.errors import NotHere
from app.api.phones import told_phone
from app.api.queries import AFTER, AT, BBOX, LIMIT, board_of, link_next, read_box, read_limit, read_text
from app.api.routing import DirectRoute, Parameter, read_query
from app.api.service import ask, bytes_response, remembered_tag, service_of, tag
from app.api.small_counts import sees_small_counts, tell_feature, tell_units
from app.store.errors import StoreUnavailable
from app.store.grids import read_community, read_features, read_neighbours, read_units

__all__ = ["router"]

router = APIRouter(route_class=DirectRoute, tags=["网格与社区 grids and communities"])

MOST_KEPT_BYTES = 48 * 2**20
"""GeoJSON that is kept in memory; beyond, it is asked for again."""

CODE = Parameter("code", "网格编码 code of the grid", {"type": "string", "maxLength": 40}, "330482001001003")
COMMUNITY_CODE = Parameter("code", "社区编码 code of the community", {"type": "string"}, "330482001001")
ONLY_COMMUNITY = Parameter("community", "只要这个社区的 only of this community", {"type": "string", "maxLength": 40})


def _parameters(*listed: Parameter, path: Parameter | None = None) -> dict[str, Any]:
    described = [one.describe() for one in listed]
    if path is not None:
        described.insert(0, {**path.describe(), "in": "path", "required": True})
    return {"parameters": described}


@router.get(
    "/grids",
    summary="网格列表 A page of grids",
    response_class=GeoJson,
    responses=answer(FEATURES, GridFeatures, media=GEOJSON),
    openapi_extra=_parameters(ONLY_COMMUNITY, BBOX, LIMIT, AFTER, AT),
)
async def grids(request: Request) -> Response:
    """List grids by code, as GeoJSON; a link leads to the next page, whatever happens meanwhile."""
    caller = await ask(request)
    query = read_query(request.scope, frozenset({"community", "bbox", "limit", "after", "at"}))
    limit, box, after = read_limit(query), read_box(query), read_text(query, AFTER) or ""
    board = await board_of(request, query)
    codes = board.codes_in(caller.area, read_text(query, ONLY_COMMUNITY))
    if box is not None:
        shape = shapely.box(*box) if box[:2] != box[2:] else shapely.Point(box[:2])
        touched = {board.grids[row].grid_code for row in board.index.tree.query(shape, "intersects")}
        codes = [code for code in codes if code in touched]
    begin = bisect.bisect_right(codes, after)
    page = codes[begin : begin + limit]
    features = await _features(request, caller, board, page)
    links = []
    if begin + limit < len(codes):
        links = [{"rel": "next", "type": GEOJSON, "href": link_next("/grids", query, page[-1])}]
    head = json.dumps({"numberMatched": len(codes), "numberReturned": len(features), "links": links}).encode()[1:-1]
    content = b'{"type":"FeatureCollection",%b,"features":[%b]}' % (head, b",".join(features))
    etag = _plan_tag(caller, board, request.scope["query_string"].decode("ascii"))
    return bytes_response(request, content, etag, media_type=GEOJSON)


@router.get(
    "/grids/{code}",
    summary="一个网格 One grid",
    response_class=GeoJson,
    responses=answer(FEATURE, GridFeature, media=GEOJSON),
    openapi_extra=_parameters(AT, path=CODE),
)
async def grid(request: Request) -> Response:
    """Tell one grid, as a GeoJSON feature with its four sides and its numbers."""
    caller = await ask(request)
    board, code = await _find(request, caller)
    [feature] = await _features(request, caller, board, [code])
    return bytes_response(request, feature, _plan_tag(caller, board, code), media_type=GEOJSON)


@router.get(
    "/grids/{code}/sides",
    summary="四至 The four sides of a grid",
    responses=answer(SIDES, Sides),
    openapi_extra=_parameters(AT, path=CODE),
)
async def sides(request: Request) -> Response:
    """Tell what bounds a grid in the east, south, west and north."""
    caller = await ask(request)
    board, code = await _find(request, caller)
    [feature] = await _features(request, caller, board, [code])
    properties = json.loads(feature)["properties"]
    told = {side: properties[f"sides_{side}"] for side in ("east", "south", "west", "north")}
    return bytes_response(request, _dump({"grid_code": code, **told}), _plan_tag(caller, board, code))


@router.get(
    "/grids/{code}/neighbours",
    summary="相邻网格及其负责人 The grids beside a grid, and who leads them",
    responses=answer(NEIGHBOURS, Neighbours),
    openapi_extra=_parameters(AT, path=CODE),
)
async def neighbours(request: Request) -> Response:
    """Tell the grids beside one's own, what runs between, and who leads them: by name also beyond one's area."""
    caller = await ask(request)
    board, code = await _find(request, caller)
    async with service_of(request).store.reading() as connection:
        beside = await read_neighbours(connection, code, board.day, area=caller.area)
    told: dict[str, dict[str, Any]] = {}
    for one in beside:
        if one.grid_code not in told:
            lead = board.leads.get(one.grid_id)
            row = board.rows.get(one.grid_code, -1)
            seen = lead is not None and board.holds(caller.area, row)
            phone = told_phone(caller, lead.phone, one.grid_code) if lead is not None and seen else {}
            told[one.grid_code] = {
                "grid_code": one.grid_code,
                "name": one.name,
                "borders": [],
                "lead": None if lead is None else {"name": lead.name, "role": lead.role, **phone},
            }
        border = {"barrier": one.barrier, "street": one.street, "length_m": one.length_m}
        told[one.grid_code]["borders"].append(border)
    etag = tag(caller.area, board.revisions.changes, board.day, code, caller.sees_phones)
    return bytes_response(request, _dump({"neighbours": list(told.values())}), etag)


@router.get(
    "/grids/{code}/units",
    summary="最小划分单元 The units of a grid",
    response_class=GeoJson,
    responses=answer(UNITS, Units, media=GEOJSON),
    openapi_extra=_parameters(AT, path=CODE),
)
async def units(request: Request) -> Response:
    """Tell the blocks, compounds and cells that a grid is made of, as GeoJSON."""
    caller = await ask(request)
    board, code = await _find(request, caller)
    async with service_of(request).store.reading() as connection:
        content = await read_units(connection, code, board.day, area=caller.area)
    content = tell_units(caller, content)
    return bytes_response(request, content, _plan_tag(caller, board, code), media_type=GEOJSON)


@router.get(
    "/communities",
    summary="社区列表 Communities",
    responses=answer(COMMUNITIES, Communities),
    openapi_extra=_parameters(AT),
)
async def communities(request: Request) -> Response:
    """List the communities that have grids in force, each with how many."""
    caller = await ask(request)
    query = read_query(request.scope, frozenset({"at"}))
    board = await board_of(request, query)
    told: dict[str, dict[str, Any]] = {}
    for row in _seen(board, caller):
        one = board.grids[row]
        entry = told.setdefault(
            one.community_code,
            {
                "community_code": one.community_code,
                "name": one.community_name,
                "town_code": one.town_code,
                "town_name": one.town_name,
                "grids": 0,
            },
        )
        entry["grids"] += 1
    listed = [told[code] for code in sorted(told)]
    return bytes_response(request, _dump({"communities": listed}), _plan_tag(caller, board, "communities"))


@router.get(
    "/communities/{code}",
    summary="一个社区 One community",
    response_class=GeoJson,
    responses=answer(COMMUNITY, CommunityFeature, media=GEOJSON),
    openapi_extra=_parameters(AT, path=COMMUNITY_CODE),
)
async def community(request: Request) -> Response:
    """Tell one community, as a GeoJSON feature drawn as the plan in force draws it."""
    caller = await ask(request)
    query = read_query(request.scope, frozenset({"at"}))
    board = await board_of(request, query)
    code = request.path_params["code"]
    async with service_of(request).store.reading() as connection:
        content = await read_community(connection, code, board.day, area=caller.area)
    content = tell_feature(caller, content)
    return bytes_response(request, content, _plan_tag(caller, board, f"community {code}"), media_type=GEOJSON)


@router.get(
    "/towns",
    summary="乡镇街道列表 Towns",
    responses=answer(TOWNS, Towns),
    openapi_extra=_parameters(AT),
)
async def towns(request: Request) -> Response:
    """List the towns that have grids in force, with how many communities and grids."""
    caller = await ask(request)
    query = read_query(request.scope, frozenset({"at"}))
    board = await board_of(request, query)
    inside: dict[tuple[str, str], list[str]] = {}
    for row in _seen(board, caller):
        one = board.grids[row]
        inside.setdefault((one.town_code, one.town_name), []).append(one.community_code)
    listed = [
        {"town_code": code, "name": name, "communities": len(set(held)), "grids": len(held)}
        for (code, name), held in sorted(inside.items())
    ]
    return bytes_response(request, _dump({"towns": listed}), _plan_tag(caller, board, "towns"))


def _seen(board: Board, caller: Caller) -> Iterable[int]:
    return (row for row in range(len(board.grids)) if board.holds(caller.area, row))


async def _find(request: Request, caller: Caller) -> tuple[Board, str]:
    """Return the board of the day that was asked for and the code of the grid, which lies in the area.

    Raises
    ------
    NotHere
        No grid in the area bears the code that day.
    """
    query = read_query(request.scope, frozenset({"at"}))
    board = await board_of(request, query)
    code = request.path_params["code"]
    if not board.holds(caller.area, board.rows.get(code, -1)):
        raise NotHere(f"{board.day} 没有这个编码的网格", f"no grid bears this code on {board.day}")
    return board, code


async def _features(request: Request, caller: Caller, board: Board, codes: Sequence[str]) -> list[bytes]:
    """Return grids as PostGIS has written them, with counts as the caller may see them: every one that is asked for.

    Raises
    ------
    StoreUnavailable
        The store has ended one since the board was read; a moment later the board knows it too.
    """
    kept = board.features
    found = {code: kept[code] for code in codes if code in kept}  # others may clear what is kept meanwhile
    missing = [code for code in codes if code not in found]
    if missing:
        async with service_of(request).store.reading() as connection:
            read = await read_features(connection, missing, board.day)
        if len(read) < len(missing):
            raise StoreUnavailable("网格刚有变动，请稍后再试", "grids have just changed; ask again in a moment")
        if sum(map(len, kept.values())) > MOST_KEPT_BYTES:
            kept.clear()
        kept.update(read)
        found |= read
    return [tell_feature(caller, found[code]) for code in codes]


def _plan_tag(caller: Caller, board: Board, what: str) -> str:
    return remembered_tag(caller.area, board.revisions.plans, board.day, what, sees_small_counts(caller))


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
