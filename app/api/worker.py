"""What a grid worker's phone asks: the page, the own area, which a phone may keep, and who works there, never kept."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.api.areas import Caller
from app.api.board import Board
from app.api.document.answers import answer
from app.api.document.examples import WORKERS
from app.api.document.staff import WorkerArea, WorkerPeople
from app.api.pages import page_response, read_language
from app.api.phones import told_phone
from app.api.routing import StrictRoute
from app.api.service import Asking, Service, Serving, bytes_response, json_response, matches, tag
from app.api.small_counts import sees_small_counts, tell_count
from app.geo.counting import counting_points
from app.geo.crs import DEGREES
from app.geo.layers import FACILITY_CLASSES
from app.geo.lookup import NOWHERE, metres_of_degree
from app.maps.worker_page import WorkerAddresses, describe_area, draw_service_worker, draw_worker_page
from app.store.areas import COUNTY, Area
from app.store.assignments import read_assignments
from app.store.buildings import Building, read_buildings
from app.store.drawn import read_borders, read_drawn, read_newest, read_streets
from app.store.facilities import Facility, read_facilities
from app.store.ground import read_frame

__all__ = ["ADDRESSES", "own_rows", "router"]

router = APIRouter(route_class=StrictRoute, tags=["我的网格 a worker's grids"])

ADDRESSES = WorkerAddresses(
    page="/m",
    area="/m/area",
    people="/m/people",
    notes="/m/notes",
    link="/m/link",
    sign_in="/sign-in?next=/m",
    sign_out="/sign-out",
    service_worker="/m/offline.js",
)
OFFLINE_POLICY = "default-src 'none'; connect-src 'self'"
"""A service worker goes by the policy of its own script: it may ask this service, and nobody else."""
MARGIN_DEGREES = 0.002
NEAR_M = 600.0
"""Facilities this close to a grid are told: an easy walk."""
MOST_NEAR = 12
MOST_GRIDS = 40
EMPTY = b'{"grids":[]}'
"""Grids a page shows at once; a community has fewer."""


@router.get("/m", summary="我的网格（手机页面） A worker's page", response_class=HTMLResponse, include_in_schema=False)
async def page(request: Request, lang: str = "zh", datum: str = "wgs84") -> Response:
    """Show the page; it holds no data, and asks for them in the name of whoever is signed in."""
    language = read_language(lang)
    return page_response(request, draw_worker_page(ADDRESSES, language=language, datum=_read_datum(datum)))


@router.get("/m/offline.js", summary="离线脚本 The script that keeps the page", include_in_schema=False)
async def offline() -> Response:
    """Hand out the service worker; it may answer for the page beside its folder too."""
    headers = {
        "Service-Worker-Allowed": ADDRESSES.page,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": OFFLINE_POLICY,
    }
    return Response(draw_service_worker(ADDRESSES), headers=headers, media_type="text/javascript")


@router.get(
    "/m/area", summary="我的网格及周边 My grids and what is around them", responses=answer({"grids": []}, WorkerArea)
)
async def area(request: Request, caller: Asking, service: Serving) -> Response:
    """Tell the own grids, their neighbours, streets, compounds and facilities: no names of people, no phones."""
    board = service.boards.current
    rows = await own_rows(caller, service, board)
    etag = tag(
        caller.area,
        board.revisions.changes,
        board.day,
        sees_small_counts(caller),
        *(board.grids[row].grid_code for row in rows),
    )
    if matches(request, etag):
        return bytes_response(request, b"", etag)
    content = await _describe(service, board, rows) if rows else EMPTY
    return bytes_response(request, _tell_counts(caller, content), etag)


@router.get(
    "/m/people",
    summary="我的网格及相邻网格的人员 Who works in my grids and beside them",
    responses=answer(WORKERS, WorkerPeople),
)
async def people(caller: Asking, service: Serving) -> Response:
    """Tell who works in the own grids and beside them; phones by role; to the holder of a link of one grid alone."""
    board = service.boards.current
    own = await own_rows(caller, service, board)
    told: dict[str, list[dict[str, str]]] = defaultdict(list)
    beside = [] if caller.kind == "link" else _neighbours(board, own)
    wanted = {board.grids[row].grid_id: row for row in (*own, *beside)}
    async with service.store.reading() as connection:
        held = await read_assignments(connection, on=board.day, grid_ids=list(wanted), most=None)
    for one in held:
        row = wanted[one.grid_id]
        code = board.grids[row].grid_code
        phone = told_phone(caller, one.phone, code) if row in own or board.holds(caller.area, row) else {}
        told[code].append({"name": one.person, "role": one.role, **phone})
    return json_response({"people": told})


def _tell_counts(caller: Caller, content: bytes) -> bytes:
    """Return the area with counts as the one who asks may see them; a compound of a few homes is not listed at all."""
    if sees_small_counts(caller):
        return content
    told = json.loads(content)
    for grid in told["grids"]:
        grid |= {name: tell_count(caller, grid[name]) for name in ("households", "persons") if name in grid}
        listed = [(name, tell_count(caller, households)) for name, households in grid["compounds"]]
        grid["compounds"] = [one for one in listed if one[1] is not None]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _read_datum(text: str) -> str:
    return "gcj02" if text == "gcj02" else "wgs84"


async def own_rows(caller: Caller, service: Service, board: Board) -> list[int]:
    """Return the rows of the grids a person is assigned to; without any, those of a grid's or a community's area."""
    mine: set[int] = set()
    if caller.person_id is not None:
        async with service.store.reading() as connection:
            held = await read_assignments(connection, on=board.day, person_id=caller.person_id)
        mine = {one.grid_id for one in held}
    rows = [row for row, grid in enumerate(board.grids) if grid.grid_id in mine]
    if not rows and caller.area.scope in ("grid", "community"):
        rows = [row for row in range(len(board.grids)) if board.holds(caller.area, row)]
    return rows[:MOST_GRIDS]


def _neighbours(board: Board, own: Sequence[int]) -> list[int]:
    """Return the rows of the grids that touch own ones, or all but touch them."""
    if not own:
        return []
    shapes = board.index.polygons[list(own)]
    found = board.index.tree.query(shapes, predicate="dwithin", distance=5 / 111_320)[1]
    return sorted(set(found.tolist()) - set(own))


async def _describe(service: Service, board: Board, rows: Sequence[int]) -> bytes:
    homes = sorted({board.grids[row].community_id for row in rows})
    beside = _neighbours(board, rows)
    async with service.store.reading() as connection:
        plans = [await read_drawn(connection, board.day, area=Area("community", home)) for home in homes]
        title, since = await read_newest(connection, board.day, area=Area("community", homes[-1]))
        codes = [board.grids[row].grid_code for row in rows]
        borders = await read_borders(connection, board.day, codes)
        west, south, east, north = shapely.total_bounds(board.index.polygons[[*rows, *beside]])
        box = (west - MARGIN_DEGREES, south - MARGIN_DEGREES, east + MARGIN_DEGREES, north + MARGIN_DEGREES)
        streets = await read_streets(connection, board.day, box)
        barriers = await read_frame(connection, box)
        buildings = [one for home in homes for one in await read_buildings(connection, area=Area("community", home))]
        facilities = await read_facilities(connection, area=COUNTY)
    return await asyncio.to_thread(
        _write, board, rows, beside, plans, borders, streets, barriers, buildings, facilities, title, since
    )


def _write(
    board: Board,
    rows: Sequence[int],
    beside: Sequence[int],
    plans: Sequence[Any],
    borders: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    buildings: Sequence[Building],
    facilities: Sequence[Facility],
    title: str,
    since: date | None,
) -> bytes:
    codes = {board.grids[row].grid_code for row in rows}
    own = [plan.grids[plan.grids["grid_code"].isin(codes)] for plan in plans]
    grids = pd.concat(own, ignore_index=True)
    names = {grid.grid_code: grid.community_name for grid in board.grids}
    counted = _count_buildings(board, rows, buildings)
    grids = grids.assign(
        community=grids["grid_code"].map(names),
        buildings=[
            float(counted.get(code, {}).get("", (0, 0))[0]) if buildings else np.nan for code in grids["grid_code"]
        ],
    )
    near = gpd.GeoDataFrame(
        {
            "grid_code": [board.grids[row].grid_code for row in beside],
            "name": [board.grids[row].name for row in beside],
            "community": [board.grids[row].community_name for row in beside],
        },
        geometry=list(board.index.polygons[beside]) if beside else [],
        crs=DEGREES,
    )
    compounds = [
        {"grid_code": code, "name": name, "households": households}
        for code, held in sorted(counted.items())
        for name, (_, households) in sorted(held.items(), key=lambda item: (-item[1][1], item[0]))
        if name
    ]
    about = plans[-1].about
    told = describe_area(
        grids,
        near,
        borders,
        streets,
        barriers,
        pd.DataFrame(compounds, columns=["grid_code", "name", "households"]),
        pd.DataFrame(_facilities_near(board, rows, facilities), columns=["grid_code", "name", "kind", "metres"]),
        {
            "name": title,
            "published": since.isoformat() if since else "",
            "basis": str(about.get("household_basis", "")),
        },
    )
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _count_buildings(
    board: Board, rows: Sequence[int], buildings: Sequence[Building]
) -> Mapping[str, Mapping[str, tuple[int, int]]]:
    """Count buildings and households by grid, and within it by compound; '' stands for all of them."""
    counted: dict[str, dict[str, tuple[int, int]]] = {board.grids[row].grid_code: {} for row in rows}
    if not buildings:
        return counted
    points = shapely.get_coordinates(counting_points(shapely.from_wkb([one.wkb for one in buildings])))
    for one, row in zip(buildings, board.index.find_points(points).tolist(), strict=True):
        held = counted.get(board.grids[row].grid_code) if row != NOWHERE else None
        if held is not None:
            for name in {"", one.compound}:
                number, households = held.get(name, (0, 0))
                held[name] = (number + 1, households + one.households)
    return counted


def _facilities_near(
    board: Board, rows: Sequence[int], facilities: Iterable[Facility]
) -> list[tuple[str, str, str, float]]:
    """List the facilities within a walk of each grid: code of the grid, name, kind in words, metres to its edge."""
    placed = [one for one in facilities if one.wkb is not None]
    if not placed:
        return []
    points = shapely.centroid(shapely.from_wkb([one.wkb for one in placed]))
    near = []
    for row in rows:
        shape = board.index.polygons[row]
        scale = metres_of_degree(shape.centroid.y)
        plane = shapely.transform(np.append(points, shape), lambda xy, scale=scale: xy * scale)
        metres = shapely.distance(plane[:-1], plane[-1])
        order = [place for place in np.argsort(metres, kind="stable").tolist() if metres[place] <= NEAR_M][:MOST_NEAR]
        code = board.grids[row].grid_code
        for place in order:
            kind = FACILITY_CLASSES.get(placed[place].kind, placed[place].kind)
            near.append((code, placed[place].name, kind, float(metres[place])))
    return near
