"""The street layer as a map holds it: dual carriageways, a roundabout, bridges, a vertex wherever two meet."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import LineString, Point, STRtree
from shapely.geometry.base import BaseGeometry

from gis_data.make_county.land import RAILWAY_HALF_M, RIVER_HALF_M, Land
from gis_data.make_county.plan import ZONE, at, lay_out
from gis_data.make_county.seat import Way, roundabout_middle
from gis_data.make_town import in_order

__all__ = ["draw_streets"]

DUAL_OFFSET_M = 9.0
ROUNDABOUT_M = 30.0
REACH_M = 12.0  # ends this near another street are carried on to it
OVER_M = 0.5


def draw_streets(
    plan_ways: Sequence[Way], ground_ways: Sequence[tuple[Way, LineString]], land: Land
) -> gpd.GeoDataFrame:
    """Draw the layer, in metres."""
    ring = at(roundabout_middle()).buffer(ROUNDABOUT_M, quad_segs=5)
    sources: list[tuple[Way, LineString]] = [(Way("secondary", "子虚环岛", ()), LineString(ring.exterior))]
    for way in plan_ways:
        line = lay_out(way.points)
        sides = [line.offset_curve(DUAL_OFFSET_M), line.offset_curve(-DUAL_OFFSET_M)] if way.dual else [line]
        if way.tunnel:
            sources.append((way, line))
            continue
        sources += [(way, part) for side in sides for part in shapely.get_parts(side.difference(ring))]
    sources += list(ground_ways)
    sources += [(Way("motorway", "子云高速", (), dual=True), _side(land.motorway, sign)) for sign in (1, -1)]

    on_ground = [(way, line) for way, line in sources if not way.tunnel]
    lines = np.array([line for _, line in on_ground], dtype=object)
    drawn = _reach_out([way for way, _ in on_ground], lines)
    pieces = _cut_where_they_meet(drawn)
    owner = _owners(pieces, drawn)
    over = shapely.union_all([land.river.buffer(RIVER_HALF_M + 9), land.railway.buffer(RAILWAY_HALF_M + 8)])
    shapely.prepare(over)
    rows = []
    for number, (way, _) in enumerate(on_ground):
        mine = pieces[owner == number]
        if not len(mine):
            continue
        merged = shapely.line_merge(shapely.union_all(mine))
        if not over.intersects(merged):
            rows += [(way, "", part) for part in in_order(merged)]
            continue
        spans = merged.intersection(over)
        bridged = way.highway == "motorway" or way.highway in {"primary", "secondary", "tertiary", "unclassified"}
        rows += [(way, "", part) for part in in_order(merged.difference(spans))]
        rows += [(way, "yes" if bridged else "", part) for part in in_order(spans)]
    rows += [(way, "", line) for way, line in sources if way.tunnel]
    frame = pd.DataFrame(
        {
            "highway": [way.highway for way, _, _ in rows],
            "name": [way.name for way, _, _ in rows],
            "bridge": [bridge for _, bridge, _ in rows],
            "tunnel": ["yes" if way.tunnel else "" for way, _, _ in rows],
            "layer": [1 if bridge else -1 if way.tunnel else 0 for way, bridge, _ in rows],
            "oneway": ["yes" if way.dual else "" for way, _, _ in rows],
            "geometry": [line for _, _, line in rows],
        }
    )
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=ZONE)


def _side(line: BaseGeometry, sign: int) -> LineString:
    longest = max(shapely.get_parts(line), key=lambda part: part.length)
    return longest.offset_curve(sign * 11.0)


def _reach_out(ways: Sequence[Way], lines: np.ndarray) -> np.ndarray:
    """Carry ends that nearly reach another street on to it and half a metre over; noding cuts the rest off again."""
    tree = STRtree(lines)
    drawn = []
    for number, (way, line) in enumerate(zip(ways, lines, strict=True)):
        coordinates = list(line.coords)
        if way.highway == "motorway" or line.is_closed:
            drawn.append(line)
            continue
        for end in (0, -1):
            if way.loose and end == -1:
                continue
            point = Point(coordinates[end])
            near = tree.query(point, predicate="dwithin", distance=REACH_M)
            near = near[near != number]
            near = near[[ways[k].highway != "motorway" for k in near]] if len(near) else near
            if not len(near):
                continue
            distances = shapely.distance(lines[near], point)
            ends_there = shapely.distance(shapely.boundary(lines[near]), point) < 1e-6
            if ((distances < 1e-6) & ends_there).any():
                continue  # it meets the end of another already
            target = lines[near[int(np.argmin(distances))]]
            foot = target.interpolate(target.project(point))
            gap = point.distance(foot)
            if gap > 0.01:
                share = (gap + OVER_M) / gap
                reached = (point.x + (foot.x - point.x) * share, point.y + (foot.y - point.y) * share)
            else:
                inner = coordinates[1] if end == 0 else coordinates[-2]
                run = np.hypot(point.x - inner[0], point.y - inner[1])
                reached = (point.x + (point.x - inner[0]) * OVER_M / run, point.y + (point.y - inner[1]) * OVER_M / run)
            coordinates = [reached, *coordinates] if end == 0 else [*coordinates, reached]
        drawn.append(LineString(coordinates))
    return np.array(drawn, dtype=object)


def _cut_where_they_meet(lines: np.ndarray) -> np.ndarray:
    """Node all lines and drop the crumbs that were carried over."""
    pieces = shapely.get_parts(shapely.union_all(lines, grid_size=0.01))
    ends = np.concatenate([shapely.get_point(pieces, 0), shapely.get_point(pieces, -1)])
    keys = np.round(shapely.get_coordinates(ends), 2)
    _, inverse, count = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    free = (count[inverse.ravel()] == 1).reshape(2, -1).any(axis=0)
    return pieces[~(free & (shapely.length(pieces) < OVER_M + 0.2))]


def _owners(pieces: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Find the line that each piece was cut from: the first where several were drawn over each other."""
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    piece, line = STRtree(lines).query(middles, predicate="dwithin", distance=0.05)
    owner = np.full(len(pieces), -1)
    for p, k in sorted(zip(piece.tolist(), line.tolist(), strict=True), reverse=True):
        owner[p] = k
    return owner
