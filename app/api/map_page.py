"""The planner's map of what is in force: its views, layers and places, as far as whoever asks may see them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.api.areas import ROLES_WITH_NOTES, Caller
from app.api.base_map import DEEPEST
from app.api.board import Board
from app.api.errors import NotHere
from app.api.judging import judge, visible_codes
from app.api.note_lines import list_notes
from app.api.pages import count_posts, read_language, read_plan, signed_in
from app.api.routing import StrictRoute
from app.api.service import PRIVATE, Service, Serving, matches, tag
from app.api.tiles import TILES
from app.api.walked import Ways, look_at_ways
from app.geo.assessment import Assessment
from app.geo.crs import DEGREES
from app.geo.plan import Plan
from app.maps.change_views import view_changes, view_old_checkup
from app.maps.facility_views import overlay_walked, view_standards, view_walked, wait_for_walked
from app.maps.languages import speak
from app.maps.notes_page import overlay_notes
from app.maps.overlays import Overlay, overlay_frame, overlay_old_grids
from app.maps.plan_page import Place, Tiles, draw_plan
from app.maps.themes import view_theme
from app.maps.views import Area, View, view_band, view_borders, view_posts
from app.store.assignments import Assignment, read_assignments
from app.store.buildings import Building, read_buildings
from app.store.drawn import Box, read_before
from app.store.facilities import Facility, read_facilities
from app.store.ground import read_frame
from app.store.notes import Note, count_notes, read_notes
from app.store.themes import Theme, read_old_grids, read_themes

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

MAP_POLICY = "frame-ancestors 'none'"
"""The page of a plan brings a policy of its own, with the hash of the one script it holds."""
MOST_KEPT = 64
"""Drawn maps that are kept, by area and what is in force."""
MOST_NOTES = 200


@dataclass(frozen=True)
class Held:
    """What lies in the store for the map of an area."""

    plan: Plan
    before: gpd.GeoDataFrame
    """Grids that were there before those in force; empty where nobody knows, and for whoever sees one grid."""
    old: gpd.GeoDataFrame
    """Grids that somebody has handed in as those before the first plan, with what their checkup found."""
    assignments: Sequence[Assignment]
    frame: gpd.GeoDataFrame
    buildings: Sequence[Building]
    facilities: Sequence[Facility]
    themes: Sequence[Theme]


@dataclass(frozen=True)
class Waiting:
    """Notes that wait: the first of them, and how many there are in all."""

    first: tuple[Note, ...] = ()
    count: int = 0


@router.get("/plan")
async def plan_map(
    request: Request,
    service: Serving,
    kind: Annotated[str, Query(alias="class", max_length=40)] = "",
    within: Literal["300", "500", "1000"] = "500",
    lang: str = "zh",
) -> Response:
    """Show what is in force in the area as a map with its views, tables and search."""
    caller = await signed_in(request)
    if isinstance(caller, Response):
        return caller
    board, language = service.boards.current, read_language(lang)
    ways = look_at_ways(service, board, caller, language, kind=kind, within_m=float(within))
    waiting = await _read_notes(service, caller)
    seen = (
        caller.role,
        board.revisions.changes,
        board.day,
        language,
        ways.mark,
        waiting.count,
        *(one.id for one in waiting.first),
    )
    etag = tag(caller.area, *seen)
    headers = {"ETag": etag, "Content-Security-Policy": MAP_POLICY, **PRIVATE}
    if matches(request, etag):
        return Response(status_code=304, headers=headers)
    page = service.pages.get(etag)
    if page is None:
        held = await _read(service, board, caller)
        judged = await judge(service, board.day, caller)
        visible = set(await visible_codes(service, caller, judged, board.day))
        found = judged.within(visible) if judged.ledgers.rooms else None
        page = await asyncio.to_thread(_draw, board, held, found, ways, waiting, _tiles(service), language)
        if len(service.pages) >= MOST_KEPT:
            service.pages.clear()
        service.pages[etag] = page
    return HTMLResponse(page, headers=headers)


def _tiles(service: Service) -> Tiles | None:
    """Return the base map that the service hands out, where the county has one."""
    if service.base_map is None:
        return None
    layers = service.base_map.settings.layers
    addresses = tuple(TILES.replace("{layer}", str(layer)) for layer in range(len(layers)))
    return Tiles(addresses, DEEPEST, service.base_map.settings.credit)


async def _read_notes(service: Service, caller: Caller) -> Waiting:
    """Read the notes that wait, for those who deal with them."""
    if caller.role not in ROLES_WITH_NOTES:
        return Waiting()
    async with service.store.reading() as connection:
        found = await read_notes(connection, area=caller.area, handled=False, most=MOST_NOTES)
        return Waiting(tuple(found), await count_notes(connection, area=caller.area, handled=False))


async def _read(service: Service, board: Board, caller: Caller) -> Held:
    async with service.store.reading() as connection:
        plan = await read_plan(connection, board, caller)
        if not len(plan.grids):
            raise NotHere("还没有生效的划分方案", "no plan is in force yet")
        old = await read_old_grids(connection, area=caller.area)
        before = await read_before(connection, board.day, area=caller.area)
        if caller.area.scope == "grid":  # they and the buildings go on where the plan that is seen ends
            old, before = old.iloc[:0], before.iloc[:0]
        return Held(
            plan,
            _join_before(before, old),
            old,
            await read_assignments(connection, on=board.day, area=caller.area, most=None),
            await read_frame(connection, _box(plan)),
            await read_buildings(connection, area=caller.area),
            await read_facilities(connection, area=caller.area),
            await read_themes(connection, area=caller.area),
        )


def _join_before(before: gpd.GeoDataFrame, old: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the grids of the plan before, and the old grids handed in where it had none yet."""
    if not len(before) or not len(old):
        return before if len(before) else old
    places = old.geometry.representative_point().to_numpy()
    held, _ = shapely.STRtree(before.geometry.to_numpy()).query(places, predicate="intersects")
    first = old[~np.isin(np.arange(len(old)), held)]
    names = ["grid_code", "name", "geometry"]
    return gpd.GeoDataFrame(pd.concat([before[names], first[names]], ignore_index=True), crs=DEGREES)


def _box(plan: Plan) -> Box:
    west, south, east, north = plan.communities.total_bounds
    return float(west), float(south), float(east), float(north)


def _draw(
    board: Board,
    held: Held,
    found: Assessment | None,
    ways: Ways,
    waiting: Waiting,
    tiles: Tiles | None,
    language: str,
) -> str:
    plan = held.plan
    low, high = (int(plan.about[name]) for name in ("min_households", "max_households"))
    views = [
        view_band(plan.grids, low, high, language),
        view_borders(plan.grids, plan.borders, language),
        view_posts(count_posts(plan, board, held.assignments), language),
    ]
    overlays = overlay_frame(held.frame, language)
    if found is not None:
        views.append(view_standards(found, language))
    if ways.walked is not None:
        views += view_walked(ways.walked, language)
        overlays += overlay_walked(ways.walked, language)
    elif ways.begun:
        views.append(wait_for_walked(ways.told, language))
    views, overlays = _add_changes(held, views, overlays, language)
    checked = held.old[held.old["verdict"].notna()]
    if len(checked):
        views.append(view_old_checkup(checked, language))
    views += [_view_theme(theme, number, language) for number, theme in enumerate(held.themes, 1)]
    if waiting.first:
        lines = list_notes(board, waiting.first, language)
        overlays.append(overlay_notes(lines, language, count=waiting.count))
    return draw_plan(
        plan,
        language=language,
        views=views,
        places=_list_places(held, language),
        overlays=overlays,
        served=True,
        home="/",
        tiles=tiles,
    )


def _add_changes(
    held: Held, views: list[View], overlays: list[Overlay], language: str
) -> tuple[list[View], list[Overlay]]:
    """Add what became of the grids before, where they and the buildings are known."""
    from app.geo.lineage import trace_lineage  # it brings much along that a worker else does without

    plan = held.plan
    before = held.before
    if not len(before) or not held.buildings:
        return views, overlays
    geometry = gpd.GeoSeries(list(shapely.from_wkb([one.wkb for one in held.buildings])), crs=DEGREES)
    households = pd.DataFrame({"households": [float(one.households) for one in held.buildings]})
    dwellings = gpd.GeoDataFrame(households, geometry=geometry, crs=DEGREES)
    lineage = trace_lineage(before, plan.grids, plan.communities, dwellings)
    return [*views, view_changes(lineage, language)], [*overlays, overlay_old_grids(before, language)]


def _view_theme(theme: Theme, number: int, language: str) -> View:
    return view_theme(
        pd.DataFrame([(one.code, one.value) for one in theme.values], columns=["code", "value"]),
        "value",
        name=f"theme-{number}",
        title=theme.title,
        level=theme.level,
        note=speak(language)("来源：", "Source: ") + theme.source,
        areas=tuple(Area(one.code, one.name, shapely.from_wkb(one.wkb)) for one in theme.values if one.wkb is not None),
        language=language,
    )


def _list_places(held: Held, language: str) -> list[Place]:
    """List what the search finds by name: compounds, each in the middle of its buildings, and facilities."""
    compounds: dict[str, list[shapely.Geometry]] = defaultdict(list)
    for one in held.buildings:
        if one.compound:
            compounds[one.compound].append(shapely.from_wkb(one.wkb))
    english = language == "en"
    places = []
    for name, shapes in sorted(compounds.items()):
        middle = shapely.point_on_surface(shapely.convex_hull(shapely.union_all(shapely.centroid(np.array(shapes)))))
        places.append(Place("compound" if english else "小区", name, middle.x, middle.y))
    for other in held.facilities:
        if other.wkb is not None and other.name:
            point = shapely.point_on_surface(shapely.from_wkb(other.wkb))
            places.append(Place("facility" if english else "设施", other.name, point.x, point.y))
    return places
