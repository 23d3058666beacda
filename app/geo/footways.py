"""Streets, lanes and footpaths as a network that people walk on, and where dwellings and facilities stand beside it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.measures import street_class

__all__ = ["Footways", "Obstacles", "Stands", "lay_footways", "obstacles_of", "stand_beside"]

Shapes = NDArray[np.object_]
Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

NO_FOOTWAY = frozenset({"", "motorway"})
"""Classes that nobody walks on: what is no street on the ground, motorways and expressways."""

JOIN_M = 0.5
"""A street that ends this close to another one meets it."""

SAME_PLACE_M = 0.001


@dataclass(frozen=True)
class Footways:
    """A network in metres: edges between numbered nodes, each with its line; an edge may be walked both ways."""

    nodes: Numbers
    """x, y of each node, shape (n, 2)"""
    start: Indices
    end: Indices
    length_m: Numbers
    lines: Shapes
    on_ground: NDArray[np.bool_]
    """Neither bridge nor tunnel: one may step on it anywhere, not only at its ends."""


@dataclass(frozen=True)
class Obstacles:
    """What nobody steps across beside a street, in metres: water and railways, and walls.

    With `assume_gates` a place that walls alone shut in is let out by a gate that nobody mapped, and is told.
    """

    firm: Shapes
    walls: Shapes
    assume_gates: bool = False


@dataclass(frozen=True)
class Stands:
    """Where places stand beside a network: edge (-1 where there is none), metres along it, and metres to it."""

    edge: Indices
    along_m: Numbers
    gap_m: Numbers
    blocked: NDArray[np.bool_]
    """There are streets within reach, but all of them beyond a wall, water or a railway."""
    by_gate: NDArray[np.bool_]
    """It stands by its street only if there is a gate that nobody mapped."""


def lay_footways(streets: gpd.GeoDataFrame) -> Footways:
    """Lay the network of everything that people walk on.

    Streets meet where they cross on the same level, and where one ends at another; a bridge or a tunnel meets others at
    its ends only. `layer` tells the level; where it is 0, a bridge is one above the ground and a tunnel one below.

    Parameters
    ----------
    streets
        A frame as `Layers` describes it, single lines in a metric CRS.
    """
    kept = np.array([street_class(highway) not in NO_FOOTWAY for highway in streets["highway"]], dtype=bool)
    lines = streets.geometry.to_numpy()[kept]
    bridge, tunnel = (streets[name].to_numpy(bool)[kept] for name in ("bridge", "tunnel"))
    layer = streets["layer"].to_numpy(np.int64)[kept]
    level = np.where(layer != 0, layer, bridge.astype(np.int64) - tunnel.astype(np.int64))
    pieces, piece_level = _cross_by_level(lines, level)
    pieces, piece_level = _meet_at_ends(pieces, piece_level, lines, level)
    return _number(pieces, piece_level == 0)


def _cross_by_level(lines: Shapes, level: Indices) -> tuple[Shapes, Indices]:
    """Cut lines where they cross others of their level."""
    pieces, levels = [np.array([], dtype=object)], [np.array([], dtype=np.int64)]
    for one in np.unique(level):
        noded = shapely.get_parts(shapely.node(shapely.multilinestrings(lines[level == one])))
        pieces.append(noded)
        levels.append(np.full(len(noded), one, dtype=np.int64))
    return np.concatenate(pieces), np.concatenate(levels)


def _meet_at_ends(pieces: Shapes, piece_level: Indices, lines: Shapes, level: Indices) -> tuple[Shapes, Indices]:
    """Cut pieces where a street ends at them, whatever their levels, and close gaps of a hand's breadth.

    An end that another street of its level carries on from meets no other level there: it is the middle of a bridge.
    """
    if not len(lines):
        return pieces, piece_level
    tips = shapely.get_coordinates(np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)]))
    tip_level = np.tile(level, 2)
    keys = np.column_stack([np.round(tips / SAME_PLACE_M), tip_level])
    _, first, inverse, count = np.unique(keys, axis=0, return_index=True, return_inverse=True, return_counts=True)
    carried_on = count[inverse.ravel()][first] > 1
    tips, tip_level = tips[first], tip_level[first]
    tip, piece = STRtree(pieces).query(shapely.points(tips), predicate="dwithin", distance=JOIN_M)
    allowed = (piece_level[piece] == tip_level[tip]) | ~carried_on[tip]
    tip, piece = tip[allowed], piece[allowed]
    along = shapely.line_locate_point(pieces[piece], shapely.points(tips[tip]))
    inside = (along > SAME_PLACE_M) & (along < shapely.length(pieces[piece]) - SAME_PLACE_M)
    foot = shapely.line_interpolate_point(pieces[piece], along)
    gap = shapely.distance(foot, shapely.points(tips[tip]))
    links = shapely.linestrings(np.stack([tips[tip], shapely.get_coordinates(foot)], axis=1)[gap > SAME_PLACE_M])
    cut, cut_level = [], []
    order = np.lexsort((along, piece))
    order = order[inside[order]]
    touched, begin = np.unique(piece[order], return_index=True)
    for one, (first_cut, after_last) in zip(touched.tolist(), pairwise([*begin.tolist(), len(order)]), strict=True):
        parts = _cut(pieces[one], along[order[first_cut:after_last]])
        cut.extend(parts)
        cut_level.extend([piece_level[one]] * len(parts))
    whole = np.ones(len(pieces), bool)
    whole[touched] = False
    return (
        np.concatenate([pieces[whole], np.array([*cut, None], dtype=object)[:-1], links]),
        np.concatenate([piece_level[whole], np.array(cut_level, dtype=np.int64), np.zeros(len(links), np.int64)]),
    )


def _cut(line: shapely.LineString, positions: Numbers) -> list[shapely.LineString]:
    """Cut a line at distances from its start."""
    xy = shapely.get_coordinates(line)
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    bounds = [0.0, *np.unique(positions).tolist(), float(walked[-1])]
    parts = []
    for low, high in pairwise(bounds):
        between = xy[(walked > low + SAME_PLACE_M) & (walked < high - SAME_PLACE_M)]
        ends = shapely.get_coordinates(shapely.line_interpolate_point(line, [low, high]))
        parts.append(shapely.LineString(np.concatenate([ends[:1], between, ends[1:]])))
    return parts


def _number(pieces: Shapes, on_ground: NDArray[np.bool_]) -> Footways:
    """Give numbers to the places where pieces end."""
    keep = shapely.length(pieces) > 0
    pieces, on_ground = pieces[keep], on_ground[keep]
    order = np.lexsort((np.array([line.wkb for line in pieces], dtype=object), *shapely.bounds(pieces).T))
    pieces, on_ground = pieces[order], on_ground[order]
    ends = shapely.get_coordinates(np.concatenate([shapely.get_point(pieces, 0), shapely.get_point(pieces, -1)]))
    ends = ends.reshape(-1, 2)
    _, first, number = np.unique(np.round(ends / (2 * SAME_PLACE_M)), axis=0, return_index=True, return_inverse=True)
    number = number.ravel().astype(np.int64)
    half = len(pieces)
    return Footways(
        ends[first], number[:half], number[half:], shapely.length(pieces).astype(np.float64), pieces, on_ground
    )


def obstacles_of(barriers: gpd.GeoDataFrame, *, assume_gates: bool = False) -> Obstacles:
    """Return what bars the way beside a street: barriers that are no bridge and no tunnel."""
    on_ground = ~(barriers["bridge"].to_numpy(bool) | barriers["tunnel"].to_numpy(bool))
    shapes = np.asarray(barriers.geometry.to_numpy(), dtype=object)
    firm = barriers["kind"].isin(["water", "waterway", "railway"]).to_numpy(bool)
    return Obstacles(shapes[on_ground & firm], shapes[on_ground & ~firm], assume_gates)


def stand_beside(points: Shapes, footways: Footways, obstacles: Obstacles, *, reach_m: float) -> Stands:
    """Find for each point the nearest place on a street that no obstacle lies before.

    A bridge or a tunnel is no such place. Of streets at the same distance the first counts.
    """
    edges = np.flatnonzero(footways.on_ground)
    edge = np.full(len(points), -1, dtype=np.int64)
    gap = np.full(len(points), np.nan)
    blocked, by_gate = np.zeros(len(points), bool), np.zeros(len(points), bool)
    if len(edges) and len(points):
        tree = STRtree(footways.lines[edges])
        every = STRtree(np.concatenate([obstacles.firm, obstacles.walls]))
        nearest = tree.query_nearest(points, max_distance=reach_m, all_matches=False)
        _choose(nearest, points, footways, edges, every, edge, gap, blocked)
        again = np.flatnonzero(blocked)
        others = tree.query(points[again], predicate="dwithin", distance=reach_m)
        pairs = np.stack([again[others[0]], others[1]])
        _choose(pairs, points, footways, edges, every, edge, gap, blocked)
        if obstacles.assume_gates:
            shut_in = blocked.copy()
            pairs = pairs[:, shut_in[pairs[0]]]
            _choose(pairs, points, footways, edges, STRtree(obstacles.firm), edge, gap, blocked)
            by_gate = shut_in & ~blocked
    along = np.zeros(len(points))
    found = edge >= 0
    along[found] = shapely.line_locate_point(footways.lines[edge[found]], points[found])
    return Stands(edge, along, gap, blocked, by_gate)


def _choose(
    pairs: NDArray[np.intp],
    points: Shapes,
    footways: Footways,
    edges: Indices,
    barred_by: STRtree,
    edge: Indices,
    gap: Numbers,
    blocked: NDArray[np.bool_],
) -> None:
    """Give each point the nearest of its streets that nothing lies before; mark those that have none."""
    point, line = pairs[0], edges[pairs[1]]
    links = shapely.shortest_line(points[point], footways.lines[line])
    barred = np.zeros(len(links), bool)
    barred[np.unique(barred_by.query(links, predicate="intersects")[0])] = True
    length = shapely.length(links)
    order = np.lexsort((line, length, point))
    order = order[~barred[order]]
    first, at = np.unique(point[order], return_index=True)
    edge[first], gap[first] = line[order][at], length[order][at]
    blocked[np.unique(point)] = True
    blocked[first] = False
