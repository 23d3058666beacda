"""Borders over open ground, drawn as a person would: straight from corner to corner between the buildings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from app.geo.arrangement import vertex_keys
from app.geo.geodesics import Triangles, cut_triangles, pull_taut
from app.geo.rails import SLIDE_M, Rail, tighten

__all__ = ["OPEN", "STAYS", "Stretch", "border_stretches", "straighten_borders"]

Points = NDArray[np.float64]
Geometries = NDArray[np.object_]

OPEN, STAYS = 1.0, 0.0
"""Prices of a metre of border that may move over open ground, and of one that has to stay where it is."""
CLEARANCE_M = 0.6
"""Distance that a straightened border keeps from dwellings where there is room."""
SIMPLE_M = 0.2
"""Bends smaller than this are not drawn."""
TUBE_M = 0.03
"""A border may stay where it is, however near to a wall that is."""
AROUND_M = 20.0
"""Ground that is looked at around a run and the lines on which its ends may move."""
GAIN_M = 0.3
"""Less is not worth moving a border for."""
LAPS = 2
CORE_M = 0.05
"""What lies this deep in a dwelling is inside it."""
NECK_HALF_M, BODY_M2 = 1.15, 90.0
"""A grid must not fall into bodies of this size when this much is taken off its edge; a little stricter than `draw`."""
OVER_M, LEAST_M = 0.005, 0.01
SPECK_M2 = 0.05


@dataclass(frozen=True)
class Stretch:
    """A border between two grids, from where it meets others to where it meets others again.

    `xy` are its vertices, shape (n, 2); `price` is what a metre of each step costs, shape (n - 1,): `OPEN` over open
    ground, less on a line that it runs on, `STAYS` where it is not to be touched.
    """

    left: int
    right: int
    xy: Points
    price: NDArray[np.float64]

    @property
    def cost(self) -> float:
        """Its cost in all."""
        return float((np.hypot(*(self.xy[1:] - self.xy[:-1]).T) * self.price).sum())

    @property
    def runs(self) -> list[tuple[int, int]]:
        """First and last vertex of each run over open ground."""
        loose = np.concatenate([[False], self.price == OPEN, [False]])
        bounds = np.flatnonzero(loose[1:] != loose[:-1]).reshape(-1, 2)
        return [(int(first), int(last)) for first, last in bounds]


def border_stretches(edges: NDArray[np.float64], pair: NDArray[np.int64], price: NDArray[np.float64]) -> list[Stretch]:
    """Join border edges into stretches between the same two grids, in a fixed order.

    Parameters
    ----------
    edges, pair, price
        Edges as x0, y0, x1, y1, the two grids of each, lower first, and what a metre costs; shapes (m, 4), (m, 2)
        and (m,).
    """
    stretches: list[Stretch] = []
    for left, right in np.unique(pair, axis=0).tolist():
        mine = (pair[:, 0] == left) & (pair[:, 1] == right)
        priced = dict(zip(map(_ends, edges[mine, :2], edges[mine, 2:]), price[mine].tolist(), strict=True))
        merged = shapely.get_parts(
            shapely.line_merge(shapely.multilinestrings(shapely.linestrings(edges[mine].reshape(-1, 2, 2))))
        )
        merged = merged[np.lexsort(shapely.get_coordinates(shapely.get_point(merged, 0)).T)]
        for line in merged:
            xy = shapely.get_coordinates(line)
            stretches.append(Stretch(left, right, xy, np.array([priced[_ends(a, b)] for a, b in pairwise(xy)])))
    return stretches


def _ends(a: Points, b: Points) -> frozenset[tuple[int, int]]:
    """Name an edge by its ends, whichever comes first."""
    (ax, ay), (bx, by) = vertex_keys(a).tolist(), vertex_keys(b).tolist()
    return frozenset([(ax, ay), (bx, by)])


def straighten_borders(
    stretches: list[Stretch], shapes: Geometries, anchored: Geometries, dwellings: Geometries
) -> list[Stretch]:
    """Straighten the borders of a community over open ground without passing a dwelling to another grid.

    Run by run, the border is pulled taut between the dwellings on either side, its ends slide along the street or
    outline on which they stand, and points where three runs meet move to where these are shortest together. A run for
    which that would leave a grid in pieces, or with a neck, is drawn with its ends where they are, or stays.

    Parameters
    ----------
    stretches
        All borders between the grids, in metres.
    shapes
        The grids.
    anchored
        Lines along which ends may slide: streets, other barriers, the outline of the community.
    dwellings
        Footprints or points, and other ground that no border is drawn into.
    """
    field = _Field(shapes, anchored, dwellings)
    drawn = list(stretches)
    pulled: list[Stretch | None] = [None] * len(drawn)
    for _ in range(LAPS):
        before = list(pulled)
        for k in range(len(drawn)):
            if drawn[k] is not pulled[k]:  # a later lap is for what junctions have moved
                for number in range(len(drawn[k].runs)):
                    _straighten_run(drawn, k, number, field)
                pulled[k] = drawn[k]
        _move_junctions(drawn, before, field)
    return drawn


class _Field:
    """The grids as they are drawn so far, and where their borders may run."""

    def __init__(self, shapes: Geometries, anchored: Geometries, dwellings: Geometries) -> None:
        self.shapes = shapes.copy()
        self.rails, self.near_rails = anchored, STRtree(anchored)
        walls = shapely.buffer(dwellings, CLEARANCE_M, quad_segs=1, join_style="mitre", mitre_limit=2.0)
        self.walls = shapely.get_parts(shapely.union_all(walls))
        self.near_walls = STRtree(self.walls)
        self.bodies = [_bodies(shape) for shape in self.shapes]
        flat = shapely.get_dimensions(dwellings) == 2
        self.cores = STRtree(np.where(flat, shapely.buffer(dwellings, -CORE_M, quad_segs=1), dwellings))

    def ground(self, grids: Sequence[int], around: NDArray[np.float64]) -> Geometries:
        """Return the ground of some grids inside a rectangle, grid by grid."""
        return np.asarray(shapely.clip_by_rect(self.shapes[list(grids)], *around))

    def triangles(self, grids: Sequence[int], ways: list[shapely.LineString]) -> Triangles:
        """Cut what is free around some lines, in the ground of some grids, into triangles."""
        lines = shapely.multilinestrings(ways)
        around = np.array(lines.bounds) + AROUND_M * np.array([-1, -1, 1, 1])
        ground = shapely.geometrycollections(self.ground(grids, around))
        walls = shapely.multipolygons(self.walls[np.sort(self.near_walls.query(shapely.box(*around)))])
        free = shapely.difference(shapely.buffer(ground, TUBE_M, quad_segs=1, join_style="mitre"), walls)
        if len(self.near_walls.query(lines, predicate="dwithin", distance=2 * TUBE_M)):
            free = shapely.union(free, shapely.buffer(lines, TUBE_M, quad_segs=1, cap_style="square"))
        parts = shapely.get_parts(free)
        return cut_triangles(parts[shapely.intersects(parts, ways[0])][0])

    def hand_over(self, moves: list[tuple[Stretch, BaseGeometry]]) -> bool:
        """Let ground change hands if every grid stays as whole as it is and no dwelling is on that ground."""
        if any(len(self.cores.query(swept, predicate="intersects")) for _, swept in moves):
            return False
        after: dict[int, BaseGeometry] = {}
        for stretch, swept in moves:
            for grid in (stretch.left, stretch.right):
                shape = after.get(grid, self.shapes[grid])
                after[grid] = _polygons(shapely.symmetric_difference(shape, swept, grid_size=0.001))
        if any(
            shapely.get_num_geometries(shape) != shapely.get_num_geometries(self.shapes[grid])
            for grid, shape in after.items()
        ):
            return False
        bodies = {grid: _bodies(shape) for grid, shape in after.items()}
        if any(count > max(self.bodies[grid], 1) for grid, count in bodies.items()):
            return False
        for grid, shape in after.items():
            self.shapes[grid], self.bodies[grid] = shape, bodies[grid]
        return True


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    """Keep the ground of a shape, without lines and specks."""
    parts = shapely.get_parts(shape)
    if shape.geom_type == "GeometryCollection":
        parts = shapely.get_parts(parts)
    parts = parts[shapely.area(parts) > SPECK_M2]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _bodies(shape: BaseGeometry) -> int:
    """Count the bodies into which a shape falls when hair-thin necks are cut."""
    return int((shapely.area(shapely.get_parts(shapely.buffer(shape, -NECK_HALF_M))) > BODY_M2).sum())


def _straighten_run(drawn: list[Stretch], k: int, number: int, field: _Field) -> None:
    """Draw one run of a stretch anew, its ends slid if that leaves the grids whole."""
    stretch = drawn[k]
    if number >= len(stretch.runs) or (stretch.xy[0] == stretch.xy[-1]).all():
        return
    first, last = stretch.runs[number]
    run = stretch.xy[first : last + 1]
    grids = (stretch.left, stretch.right)
    ends = [other.xy[end] for other in drawn if other is not stretch for end in (0, -1)]
    met = shapely.points(np.array(ends).reshape(-1, 2))
    rails = (
        _rail(stretch.xy[first::-1], stretch.price[:first][::-1], grids, met, field),
        _rail(stretch.xy[last:], stretch.price[last:], grids, met, field),
    )
    ways = [shapely.LineString(run), *(rail.line for rail in rails if rail is not None)]
    triangles = field.triangles(grids, ways)
    for movable in (rails, (None, None)):
        path, reached = tighten(run, movable, triangles)
        path = _simple(path)
        walks = [
            np.empty((0, 2)) if rail is None else rail.walk(place) for rail, place in zip(movable, reached, strict=True)
        ]
        old = np.vstack([walks[0][::-1], run, walks[1]])
        head = _rest(stretch.xy[first::-1], stretch.price[:first][::-1], movable[0], reached[0])
        tail = _rest(stretch.xy[last:], stretch.price[last:], movable[1], reached[1])
        anew = replace(
            stretch,
            xy=np.vstack([head[0][:0:-1], path, tail[0][1:]]),
            price=np.concatenate([head[1][::-1], np.full(len(path) - 1, OPEN), tail[1]]),
        )
        swept = _between(old, path)
        anew = replace(anew, xy=_overshot(anew.xy, [rail is not None and not rail.price for rail in movable]))
        if stretch.cost - anew.cost > 0.01 and field.hand_over([(anew, swept)]):
            drawn[k] = anew
            return


def _rail(
    xy: Points, price: NDArray[np.float64], grids: tuple[int, int], met: Geometries, field: _Field
) -> Rail | None:
    """Find the line on which the end of a run may move.

    `xy` and `price` are the border beyond it; what other borders meet, at the points `met`, is not left.
    """
    if len(price):
        line = substring(shapely.LineString(xy[: int(np.argmax(np.append(price != price[0], True))) + 1]), 0.0, SLIDE_M)
        standing = met[shapely.dwithin(line, met, 0.02)]
        reach = float(shapely.line_locate_point(line, standing).min(initial=line.length + 1.0)) - 1.0
        return Rail(substring(line, 0.0, reach), 0.0, float(price[0])) if price[0] != STAYS and reach > 1.0 else None
    tip = shapely.Point(xy[0])
    lines = field.rails[field.near_rails.query(tip, predicate="dwithin", distance=0.02)]
    if not len(lines):
        return None
    around = np.concatenate([xy[0] - SLIDE_M, xy[0] + SLIDE_M])
    ground = shapely.union_all(field.ground(grids, around), grid_size=0.001)
    near = shapely.buffer(shapely.geometrycollections(shapely.clip_by_rect(lines, *around)), 0.02)
    rail = shapely.intersection(shapely.boundary(ground), near)
    pieces = shapely.get_parts(rail)
    pieces = shapely.get_parts(
        shapely.line_merge(shapely.multilinestrings(pieces[shapely.get_dimensions(pieces) == 1]))
    )
    pieces = pieces[shapely.distance(pieces, tip) < 0.02]
    return Rail(pieces[0], float(pieces[0].project(tip)), 0.0) if len(pieces) else None


def _rest(
    xy: Points, price: NDArray[np.float64], rail: Rail | None, place: float
) -> tuple[Points, NDArray[np.float64]]:
    """Cut off what an end has left behind of the border beyond it; the first vertex is where the end lies."""
    if not len(price) or rail is None or place == rail.at:
        return xy, price
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    k = int(np.searchsorted(walked, place + LEAST_M))
    if k == len(xy):
        return xy[-1:], price[:0]
    return np.vstack([shapely.get_coordinates(rail.line.interpolate(place)), xy[k:]]), price[k - 1 :]


def _overshot(xy: Points, ends: list[bool]) -> Points:
    """Draw ends a little beyond the line on which they stand, so that they meet it however they are rounded."""
    xy = xy.copy()
    for end, (tip, before) in enumerate(((0, 1), (-1, -2))):
        if ends[end]:
            run = xy[tip] - xy[before]
            xy[tip] += OVER_M * run / max(float(np.hypot(*run)), OVER_M)
    return xy


def _between(old: Points, new: Points) -> BaseGeometry:
    """Ground between two ways from one place to another."""
    return _polygons(shapely.make_valid(shapely.polygons(np.vstack([old, new[::-1], old[:1]]))))


def _move_junctions(drawn: list[Stretch], before: Sequence[Stretch | None], field: _Field) -> None:
    """Move each point where three runs over open ground meet to where they are shortest together.

    Those where all is as it was before are left alone.
    """
    meeting: dict[tuple[int, int], list[tuple[int, bool]]] = {}
    for k, stretch in enumerate(drawn):
        for at_end in (False, True):
            x, y = vertex_keys(stretch.xy[-1 if at_end else 0]).tolist()
            meeting.setdefault((x, y), []).append((k, at_end))
    for _, ends in sorted(meeting.items()):
        if all(drawn[k] is before[k] for k, _ in ends):
            continue
        if len({k for k, _ in ends}) == 3 == len(ends) and all(drawn[k].price[-at_end] == OPEN for k, at_end in ends):
            _move_junction(drawn, ends, field)


def _move_junction(drawn: list[Stretch], ends: list[tuple[int, bool]], field: _Field) -> None:
    """Move one junction to where it should be, if there is anything to gain."""
    facing = [drawn[k] if at_end else _reversed(drawn[k]) for k, at_end in ends]  # the junction is the last vertex
    runs = [stretch.xy[stretch.runs[-1][0] :] for stretch in facing]
    junction, place = runs[0][-1], _middle(runs)
    if sum(_length(run[-2:]) - _length(np.array([run[-2], place])) for run in runs) < GAIN_M:
        return
    before = sum(map(_length, runs))
    goals = [junction + share * (place - junction) for share in (1.0, 0.5, 0.25)]
    if all(sum(math.dist(run[0], goal) for run in runs) > before - GAIN_M for goal in goals):
        return  # no way is shorter than straight ones
    grids = sorted({grid for stretch in facing for grid in (stretch.left, stretch.right)})
    steps = shapely.LineString([junction, place])
    triangles = field.triangles(grids, [*map(shapely.LineString, runs), steps])
    for goal in goals:
        paths = [pull_taut(np.vstack([run, goal]), triangles) for run in runs]
        if sum(map(_length, paths)) > before - GAIN_M or min(map(len, paths)) < 2:
            continue
        best = [_simple(path) for path in paths]
        moves = [
            (stretch, _between(np.vstack([run, goal]), path))
            for stretch, run, path in zip(facing, runs, best, strict=True)
        ]
        if field.hand_over(moves):
            for (k, at_end), stretch, run, path in zip(ends, facing, runs, best, strict=True):
                kept = len(stretch.xy) - len(run)
                xy = np.vstack([stretch.xy[:kept], path])
                price = np.append(stretch.price[:kept], np.full(len(path) - 1, OPEN))
                anew = replace(stretch, xy=xy, price=price)
                drawn[k] = anew if at_end else _reversed(anew)
            return


def _middle(runs: list[Points]) -> Points:
    """Find the point with the least total distance from the last bends of three runs (Weiszfeld's iteration)."""
    last = np.array([run[-2] for run in runs])
    middle = last.mean(axis=0)
    for _ in range(40):
        weight = 1 / np.maximum(np.hypot(*(last - middle).T), 1e-6)
        middle = (last * weight[:, None]).sum(axis=0) / weight.sum()
    return np.asarray(middle)


def _simple(path: Points) -> Points:
    return np.asarray(shapely.get_coordinates(shapely.simplify(shapely.linestrings(path), SIMPLE_M)))


def _length(path: Points) -> float:
    return float(np.hypot(*(path[1:] - path[:-1]).T).sum())


def _reversed(stretch: Stretch) -> Stretch:
    return replace(stretch, xy=stretch.xy[::-1], price=stretch.price[::-1])
