"""Which grid: of a point, of many points, of an address, of many addresses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.api.areas import Caller
from app.api.board import Board
from app.api.bodies import WHOLE
from app.api.document.answers import Answer, schema_of
from app.api.document.grids import AddressesMatched, AddressMatched, PointInside, PointOutside, PointsFound
from app.api.errors import BadRequest, Unsupported, Wrong
from app.api.many_points import NDJSON, answer_lines, answer_points, tell_grid, unreadable
from app.api.points import CHINA, DATUM_NAMES, PointsAsked, read_number, read_point
from app.api.queries import AT, board_of, read_limit, read_text
from app.api.routing import DirectRoute, Parameter, read_query
from app.api.service import JSON, PRIVATE, ask, bytes_response, service_of, tag
from app.geo.addresses import DOUBTS
from app.geo.lookup import NOWHERE
from app.store.areas import COUNTY

__all__ = ["MOST_ADDRESSES", "router", "tell_address"]

router = APIRouter(route_class=DirectRoute, tags=["查网格 look-ups"])

MOST_CANDIDATES = 20
MOST_ADDRESSES = 5_000
WORTH_A_THREAD = 2**17
"""Bytes of a body; what is in fewer is found before anybody notices that nothing else is answered."""
ON_BORDER_M = 0.005

WEST, SOUTH, EAST, NORTH = CHINA
POINT_PARAMETERS = (
    Parameter("lon", "经度，度 longitude in degrees", {"type": "number", "minimum": WEST, "maximum": EAST}, 120.6972),
    Parameter("lat", "纬度，度 latitude in degrees", {"type": "number", "minimum": SOUTH, "maximum": NORTH}, 30.6402),
    Parameter(
        "datum",
        "坐标系；手机地图多为 gcj02 datum; maps on phones mostly use gcj02",
        {"type": "string", "enum": list(DATUM_NAMES), "default": "cgcs2000"},
    ),
)
ADDRESS = Parameter("address", "代替坐标：小区楼栋或道路门牌 instead of a point", {"type": "string", "maxLength": 500})
ADDRESS_PARAMETERS = (
    ADDRESS,
    Parameter("limit", "最多几个候选 how many at most", {"type": "integer", "minimum": 1, "maximum": MOST_CANDIDATES}),
)
POINT_NAMES = frozenset(parameter.name for parameter in (*POINT_PARAMETERS, AT))
ADDRESS_NAMES = frozenset(parameter.name for parameter in (*ADDRESS_PARAMETERS, AT))

POINT_EXAMPLE = {
    "found": True,
    "distance_to_border_m": 31.4,
    "on_border": False,
    "grid": {
        "grid_code": "330482001001003",
        "name": "第3网格",
        "kind": "general",
        "community_code": "330482001001",
        "community_name": "东门社区",
        "town_code": "330482001",
        "town_name": "城关街道",
    },
    "lead": {"name": "李明", "role": "网格长", "phone": "13800000000"},
}
OUTSIDE_EXAMPLE = {"found": False, "nearest": {"grid_code": "330482001001003", "name": "第3网格", "distance_m": 212.5}}
ADDRESS_EXAMPLE = {
    "address": "阳光花园三幢2单元501",
    "certain": True,
    "candidates": [
        {
            "building_id": 17,
            "standard_code": "",
            "score": 100,
            "matched": "阳光花园3栋2单元",
            "doubts": [],
            "grid": POINT_EXAMPLE["grid"],
            "lead": POINT_EXAMPLE["lead"],
        }
    ],
}
MANY_EXAMPLE = {
    "day": "2026-11-26",
    "found": 1,
    "results": ["330482001001003", None],
    "grids": {"330482001001003": {"grid": POINT_EXAMPLE["grid"], "lead": POINT_EXAMPLE["lead"]}},
}


class AddressesAsked(BaseModel):
    """Many addresses at once."""

    model_config = ConfigDict(extra="forbid", strict=True)

    addresses: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=MOST_ADDRESSES)]
    limit: Annotated[int, Field(ge=1, le=MOST_CANDIDATES), WHOLE] = 3


_ADDRESSES = TypeAdapter(AddressesAsked)


def _answers(
    *examples: tuple[str, Any], kinds: Sequence[type[Answer]], lines: bool = False
) -> dict[int | str, dict[str, Any]]:
    named = {name: {"value": value} for name, value in examples}
    content: dict[str, Any] = {JSON: {"examples": named, "schema": schema_of(*kinds)}}
    return {200: {"content": {**content, NDJSON: {"schema": {"type": "string"}}} if lines else content}}


@router.get(
    "/locate",
    summary="一个点或一个地址在哪个网格 Which grid holds a point or an address",
    responses=_answers(
        ("inside", POINT_EXAMPLE),
        ("outside", OUTSIDE_EXAMPLE),
        ("address", ADDRESS_EXAMPLE),
        kinds=(PointInside, PointOutside, AddressMatched),
    ),
    openapi_extra={"parameters": [one.describe() for one in (*POINT_PARAMETERS, *ADDRESS_PARAMETERS, AT)]},
)
async def locate(request: Request) -> Response:
    """Tell the grid, who leads it, and how far its border is; on a border the lowest code holds the point."""
    caller = await ask(request)
    by_address = b"address=" in request.scope["query_string"]
    query = read_query(request.scope, ADDRESS_NAMES if by_address else POINT_NAMES)
    board = await board_of(request, query)
    etag = tag(caller.area, board.revisions.changes, board.day, caller.sees_phones)
    if by_address:
        told = tell_address(
            board,
            read_text(query, ADDRESS) or "",
            caller,
            limit=read_limit(query, usual=5, most=MOST_CANDIDATES),
            phones=caller.sees_phones,
        )
        return bytes_response(request, _dump(told), etag)
    missing = [name for name in ("lon", "lat") if name not in query]
    if missing:
        wrong = [Wrong(f"query.{name}", "必须给出", "is required") for name in missing]
        raise BadRequest("缺少参数：给出 lon 和 lat，或 address", "give lon and lat, or address", wrong)
    longitude, latitude = read_point(
        read_number("lon", query["lon"]), read_number("lat", query["lat"]), query.get("datum", "cgcs2000")
    )
    return bytes_response(request, _tell_point(board, longitude, latitude, caller), etag)


@router.post(
    "/locate",
    summary="许多点或许多地址各在哪个网格 Which grids hold many points or addresses",
    responses=_answers(
        ("points", MANY_EXAMPLE),
        ("addresses", {"day": "2026-11-26", "results": [ADDRESS_EXAMPLE], "unmatched": []}),
        kinds=(PointsFound, AddressesMatched),
        lines=True,
    ),
    openapi_extra={
        "parameters": [AT.describe()],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {"anyOf": [PointsAsked.model_json_schema(), AddressesAsked.model_json_schema()]},
                    "examples": {
                        "points": {"value": {"points": [[120.6972, 30.6402], [121.5, 31.0]], "distances": True}},
                        "addresses": {"value": {"addresses": ["阳光花园三幢2单元501", "中山路12号"]}},
                    },
                },
                NDJSON: {"schema": {"type": "string"}, "example": '{"id":1,"lon":120.6972,"lat":30.6402}\n'},
            },
        },
    },
)
async def locate_many(request: Request) -> Response:
    """Tell the grid of each of up to 100,000 points, or of each of up to 5,000 addresses, in the order given."""
    caller = await ask(request)
    query = read_query(request.scope, frozenset({"at"}))
    board = await board_of(request, query)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (JSON, NDJSON):
        raise Unsupported(f"请用 {JSON} 或 {NDJSON}", f"send {JSON} or {NDJSON}")
    body = await request.body()
    work = answer_lines if kind == NDJSON else _answer_json
    if len(body) > WORTH_A_THREAD:
        content = await service_of(request).large_calls.run(work, board, body, caller)
    else:
        content = work(board, body, caller)
    return Response(content, headers=PRIVATE, media_type=kind)


def _tell_point(board: Board, longitude: float, latitude: float, caller: Caller) -> bytes:
    row = board.index.find_point(longitude, latitude)
    if board.holds(caller.area, row):
        distance = board.index.distance_to_border_m(row, longitude, latitude)
        on_border = b"true" if distance < ON_BORDER_M else b"false"
        return b'{"found":true,"distance_to_border_m":%.1f,"on_border":%b,%b}' % (
            distance,
            on_border,
            tell_grid(board, row, phones=caller.sees_phones),
        )
    nearest = board.index.find_nearest(longitude, latitude) if row == NOWHERE else None
    if nearest is None or not board.holds(caller.area, nearest.row):
        return b'{"found":false,"nearest":null}'
    grid = board.grids[nearest.row]
    told = {"grid_code": grid.grid_code, "name": grid.name, "distance_m": round(nearest.distance_m, 1)}
    return _dump({"found": False, "nearest": told})


def tell_address(board: Board, address: str, caller: Caller, *, limit: int, phones: bool) -> dict[str, Any]:
    """Tell what an address may mean, within the area of the one who asks."""
    match = board.book.match(address, limit=limit)
    candidates = []
    for candidate in match.candidates:
        place = board.places[candidate.key]
        row = place.row
        if row != NOWHERE and not board.holds(caller.area, row):
            continue
        if row == NOWHERE and caller.area != COUNTY:
            continue
        facts = json.loads(b"{%b}" % tell_grid(board, row, phones=phones)) if row != NOWHERE else {"grid": None}
        doubts = [
            {"kind": doubt, "words": DOUBTS[doubt][0], "words_en": DOUBTS[doubt][1]} for doubt in candidate.doubts
        ]
        candidates.append(
            {
                "building_id": place.building_id,
                "standard_code": place.standard_code,
                "score": candidate.score,
                "matched": candidate.matched,
                "doubts": doubts,
                **facts,
            }
        )
    told: dict[str, Any] = {
        "address": match.address,
        "certain": bool(candidates) and not candidates[0]["doubts"],
        "candidates": candidates,
    }
    if not candidates:
        told["reason"] = (match.reason or "unknown_name") if caller.area == COUNTY else "not_in_area"
    return told


def _answer_json(board: Board, body: bytes, caller: Caller) -> bytes:
    if b'"addresses"' not in body[:200] and b'"points"' in body:
        return answer_points(board, body, caller)
    return _answer_addresses(board, body, caller)


def _answer_addresses(board: Board, body: bytes, caller: Caller) -> bytes:
    try:
        asked = _ADDRESSES.validate_json(body)
    except ValidationError as error:
        raise unreadable(error) from error
    results = [
        tell_address(board, address, caller, limit=asked.limit, phones=caller.sees_phones)
        for address in asked.addresses
    ]
    unmatched = [number for number, result in enumerate(results) if not result["certain"]]
    return _dump({"day": str(board.day), "results": results, "unmatched": unmatched})


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
