"""Ways on foot over what lies in the store, measured in a process of its own: the service asks for it and may end it.

Laying the network of a county takes seconds of one processor and hundreds of megabytes, which a worker that answers
look-ups shall not have. The task comes as JSON on stdin, what was found leaves as JSON on stdout; the database is that
of `DATABASE_URL`.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from app.geo.coverage import Coverage, Ground, Walk, find_blind_spots, lay_ground, measure_coverage
from app.geo.crs import DEGREES
from app.geo.errors import UsageError
from app.geo.layers import UNSTATED, Layers
from app.geo.siting import site_facilities, street_corners
from app.jobs.coverage import choose_classes, plain_rows
from app.settings import read_settings
from app.store import ground as stored
from app.store.connect import open_store

__all__ = ["WalkTask", "measure_stored"]

MEMORY_BYTES = 6 * 2**30
NICENESS = 5
DECIMALS = 7
FIRST_CLASS = "service_station"


@dataclass(frozen=True)
class WalkTask:
    """What is to be measured: coverage within some distances, or sites for more facilities of a class."""

    on: str
    """The day, written 2026-01-31."""
    within_m: tuple[float, ...]
    facility_class: str = ""
    """Empty for the shares of every class that there is; of one class blind spots are drawn too."""
    more: int = 0
    """How many more facilities; 0 where coverage is asked for."""
    assume_gates: bool = False
    shown: bool = False
    """All that a page shows: the shares of every class, and of one its blind spots and sites for `more`."""


def measure_stored(task: WalkTask, held: stored.Ground) -> dict[str, Any]:
    """Measure what is asked for, as plain values.

    Raises
    ------
    UsageError
        Nothing can be measured: no streets, no homes, or no such facilities.
    """
    _refuse_empty(held)
    walk = Walk(within_m=task.within_m, assume_gates=task.assume_gates)
    ground = lay_ground(_layers(held), grids=held.grids, walk=walk)
    drawn = choose_classes(held.facilities, [task.facility_class]) if task.facility_class else ()
    if task.shown:
        return _show(task, drawn, held, ground, walk)
    if task.more:
        found = measure_coverage(ground, held.facilities, drawn, walk, spots=False)
        return _site(task, drawn[0], found, ground, walk)
    found = measure_coverage(ground, held.facilities, drawn or _known_classes(held), walk, spots=bool(drawn))
    return _tell(found, found.blind_spots, walk)


def _show(task: WalkTask, drawn: tuple[str, ...], held: stored.Ground, ground: Ground, walk: Walk) -> dict[str, Any]:
    """Measure what a page shows; where it names no class, of stations, or of the first class that there is."""
    known = _known_classes(held)
    [kind] = drawn or (FIRST_CLASS if FIRST_CLASS in known else known[0],)
    usual = replace(walk, within_m=tuple(sorted({*Walk().within_m, *task.within_m})))
    found = measure_coverage(ground, held.facilities, tuple(dict.fromkeys((*known, kind))), usual, spots=False)
    spots = find_blind_spots(found.homes, ground, [kind], task.within_m)
    siting = _site(task, kind, found, ground, walk) if task.more else None
    return {**_tell(found, spots, usual), "class": kind, "siting": siting}


def _known_classes(held: stored.Ground) -> tuple[str, ...]:
    return choose_classes(held.facilities, [])


def _tell(found: Coverage, spots: gpd.GeoDataFrame, walk: Walk) -> dict[str, Any]:
    return {
        "metres_a_minute": walk.metres_a_minute,
        "within_m": list(walk.within_m),
        "facilities": plain_rows(found.facilities),
        "shares": plain_rows(found.shares),
        "blind_spots": [
            {**row, "geometry": _plain_shape(shape)}
            for row, shape in zip(plain_rows(spots.drop(columns="geometry")), spots.geometry, strict=True)
        ],
        "by_gate_households": float(found.homes["households"][found.homes["by_gate"]].sum()),
        "isolated": plain_rows(found.isolated),
    }


def _refuse_empty(held: stored.Ground) -> None:
    for frame, words, english in (
        (held.communities, "没有生效的方案", "no plan is in force"),
        (held.footways, "没有导入道路：jiexiang import PLAN --streets", "no streets were imported"),
        (held.homes, "没有导入楼栋：jiexiang import PLAN --buildings", "no buildings were imported"),
        (held.facilities, "没有导入设施：jiexiang import PLAN --facilities", "no facilities were imported"),
    ):
        if not len(frame):
            raise UsageError(f"不能测算步行距离，{words} (ways on foot cannot be measured: {english})")


def _layers(held: stored.Ground) -> Layers:
    nothing = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=DEGREES), crs=DEGREES)
    return Layers(held.communities, held.footways, held.homes, held.barriers, *(nothing,) * 5, household_basis=UNSTATED)


def _site(task: WalkTask, kind: str, coverage: Coverage, ground: Ground, walk: Walk) -> dict[str, Any]:
    way = coverage.homes[f"{kind}_walk_m"].to_numpy(np.float64)
    limit = task.within_m[0]
    found = site_facilities(ground, way, street_corners(ground), within_m=limit, count=task.more, walk=walk)
    return {
        "class": kind,
        "within_m": limit,
        "candidates": found.candidates,
        "uncovered_households": found.uncovered,
        "covered_households": found.covered,
        "out_of_reach_households": found.out_of_reach,
        "gap": found.gap,
        "proven": found.gap == 0,
        **{
            name: plain_rows(
                sites.assign(longitude=sites.geometry.x.round(6), latitude=sites.geometry.y.round(6)).drop(
                    columns="geometry"
                )
            )
            for name, sites in (("sites", found.sites), ("alone", found.alone))
        },
    }


def _plain_shape(shape: Any) -> Any:
    rounded = shapely.transform(shape, lambda xy: np.round(xy, DECIMALS))
    return json.loads(shapely.to_geojson(rounded))


async def _read(task: WalkTask) -> stored.Ground:
    settings = read_settings(os.environ, results_to_terminal=False, progress_to_terminal=False).store
    async with open_store(settings.database_url, settings) as store, store.reading() as connection:
        return await stored.read_ground(connection, on=date.fromisoformat(task.on))


def main() -> None:
    """Do the task on stdin."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.nice(NICENESS)
    asked = json.loads(sys.stdin.read())
    task = WalkTask(**{**asked, "within_m": tuple(asked["within_m"])})
    try:
        told: dict[str, Any] = {"found": measure_stored(task, asyncio.run(_read(task)))}
    except UsageError as error:
        told = {"refused": str(error)}
    json.dump(told, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
