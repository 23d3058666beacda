"""Who can walk to which facility, and where another would help most."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.areas import Caller
from app.api.board import Board
from app.api.document.answers import answer
from app.api.document.examples import COVERAGE, SITES
from app.api.document.facilities import Covered, Sited
from app.api.errors import Forbidden
from app.api.queries import At
from app.api.routing import StrictRoute
from app.api.service import Asking, Service, Serving, bytes_response, json_response, tag
from app.api.small_counts import sees_small_counts, tell_count, tell_rows, tell_shares
from app.store.areas import COUNTY

__all__ = ["router", "shares_in", "spots_in", "walk_task"]

router = APIRouter(route_class=StrictRoute, tags=["设施达标 facility standards"])

USUAL_M = (300.0, 500.0, 1000.0)
Class = Annotated[
    str, Query(alias="class", max_length=100, description="设施类别，如 service_station、clinic class of facilities")
]
REACHED = ("uncovered_households", "covered_households", "out_of_reach_households")
_METRES = Query(
    ge=50,
    le=5000,
    description="步行距离（米）；系统密钥限 300、500、1000 metres on foot; systems: 300, 500 or 1000",
)
Gates = Annotated[
    bool,
    Query(description="假定围墙另有未测绘的出入口 let those shut in by walls out by a gate that nobody mapped"),
]


@router.get("/coverage", summary="步行可达与服务盲区 Who can walk to a facility", responses=answer(COVERAGE, Covered))
async def coverage(
    request: Request,
    caller: Asking,
    service: Serving,
    kind: Class = "",
    metres: Annotated[float | None, _METRES] = None,
    level: Annotated[
        Literal["county", "community", "grid"], Query(description="按全县、社区或网格 of what")
    ] = "community",
    assume_gates: Gates = False,
    at: At = None,
) -> Response:
    """Tell the shares of households and persons within a walk; for one class and distance the blind spots too.

    It is measured when it is first asked for, and kept until plans, buildings, streets or facilities change; the
    first who asks may have to ask again (503).
    """
    _refuse_unusual(caller, metres)
    board = service.boards.current if at is None else await service.boards.on(at)
    drawn = metres is not None and kind != ""
    within = USUAL_M if metres is None or (metres in USUAL_M and not drawn) else (metres,)
    found = await _measure(service, board, within, assume_gates=assume_gates, facility_class=kind if drawn else "")
    wanted = {metres} if metres is not None else set(within)

    def asked(row: dict[str, Any]) -> bool:
        return row["within_m"] in wanted and kind in ("", row["facility_class"])

    told = {
        "day": board.day.isoformat(),
        "metres_a_minute": found["metres_a_minute"],
        "within_m": sorted(wanted),
        "facilities": [one for one in found["facilities"] if kind in ("", one["facility_class"])],
        "level": level,
        "shares": shares_in(caller, board, level, [row for row in found["shares"] if asked(row)]),
        "blind_spots": {
            "type": "FeatureCollection",
            "features": spots_in(caller, board, found["blind_spots"]),
        }
        if drawn
        else None,
        "by_gate_households": tell_count(caller, found["by_gate_households"]) if caller.area == COUNTY else None,
        "isolated": _tell_isolated(caller, board, found["isolated"]),
    }
    content = bytes(json_response(told).body)
    return bytes_response(request, content, tag(caller.area, caller.role, content))


@router.get("/site", summary="新设施选址 Where another facility would help most", responses=answer(SITES, Sited))
async def site(
    request: Request,
    caller: Asking,
    service: Serving,
    kind: Class = "service_station",
    k: Annotated[int, Query(ge=1, le=10, description="再设几处 how many more")] = 1,
    metres: Annotated[float, _METRES] = 500.0,
    assume_gates: Gates = False,
) -> Response:
    """Tell at which street corners so many more facilities reach most households that are farther than a distance.

    For those who see the whole county. It is measured as coverage is.
    """
    if caller.area != COUNTY:
        raise Forbidden("选址需要全县范围的权限", "siting is for those who see the whole county")
    _refuse_unusual(caller, metres)
    board = service.boards.current
    found = await _measure(service, board, (metres,), assume_gates=assume_gates, facility_class=kind, more=k)
    told = {
        **found,
        **{name: tell_count(caller, found[name]) for name in REACHED},
        "sites": tell_rows(caller, found["sites"], ("households", "adds")),
        "alone": tell_rows(caller, found["alone"], ("households", "adds")),
    }
    content = bytes(json_response(told).body)
    return bytes_response(request, content, tag(caller.area, caller.role, content))


def _refuse_unusual(caller: Caller, metres: float | None) -> None:
    """Let nobody who sees no small counts walk where they like.

    Homes come within reach one by one as a walk grows; in tens, but from hundreds of walks to several classes of
    facilities those of single buildings could be reckoned.

    Raises
    ------
    Forbidden
        The distance is none of `USUAL_M`, and the caller is told counts in tens.
    """
    if metres is not None and metres not in USUAL_M and not sees_small_counts(caller):
        raise Forbidden(
            "系统密钥只能查步行 300、500、1000 米", "systems may ask for walks of 300, 500 or 1000 metres only"
        )


async def _measure(
    service: Service,
    board: Board,
    within_m: tuple[float, ...],
    *,
    assume_gates: bool,
    facility_class: str = "",
    more: int = 0,
) -> dict[str, Any]:
    """Return what is measured over the store as it is now."""
    asked = {"facility_class": facility_class, "more": more, "assume_gates": assume_gates}
    found: dict[str, Any] = await service.walks.ask(*walk_task(board, within_m, **asked))
    return found


def walk_task(board: Board, within_m: tuple[float, ...], **asked: Any) -> tuple[tuple[Any, ...], str]:
    """Return the key of a measurement over the store as it is now, and the `WalkTask` in JSON."""
    task = {"on": board.day.isoformat(), "within_m": within_m, **asked}
    state = (board.revisions.plans, board.revisions.facilities)
    return (*state, *task.values()), json.dumps(task)


def shares_in(caller: Caller, board: Board, level: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the shares of a level that lie in the area of whoever asks."""
    mine = [row for row in rows if row["level"] == level]
    if level == "county":
        return tell_shares(caller, mine) if caller.area == COUNTY else []
    own = _communities(caller, board) if level == "community" else set(board.codes_in(caller.area, None))
    return tell_shares(caller, [row for row in mine if row["code"] in own])


def _communities(caller: Caller, board: Board) -> set[str]:
    return {board.grids[board.rows[code]].community_code for code in board.codes_in(caller.area, None)}


def spots_in(caller: Caller, board: Board, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return blind spots with homes of the own communities as features."""
    own = _communities(caller, board)
    features = []
    for row in rows:
        codes = row["community_codes"].split("、")
        mine = [code for code in codes if code in own]
        if not mine:
            continue
        facts = {name: value for name, value in row.items() if name != "geometry"} | {"community_codes": mine}
        [told] = tell_rows(caller, [facts], ("households", "persons", "homes"), whole=len(mine) == len(codes))
        features.append({"type": "Feature", "geometry": row["geometry"], "properties": told})
    return features


def _tell_isolated(caller: Caller, board: Board, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return homes that stand by no street: single buildings, told to those who may see small counts."""
    own = _communities(caller, board)
    return [row for row in rows if row["community_code"] in own] if sees_small_counts(caller) else []
