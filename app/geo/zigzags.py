"""Borders over open ground that turn to and fro, and the dwellings that keep them from running straighter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.ops import substring

__all__ = ["Chord", "Dwellings", "find_handover", "is_zigzag", "measure_chord", "straighten_fully"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

TURN = float(np.radians(30))
"""A bend that an eye follows as a corner."""
JITTER_M = 1.5
"""A border that strays less than this from a straight line is straight to whoever walks it."""
SHORT_LEG_M = 40.0
MOST_REVERSALS = 2
DETOUR = 1.35
DETOUR_TURNS = 3
SHORTEST_ZIGZAG_M = 60.0

CLEAR_M = 0.3
"""A gap twice as wide is one that a person walks through."""
SKIN_M = 0.05
"""A border may lie on the wall of a dwelling."""
STEP_M = 3.0
MOST_STEPS = 120
MOST_LAPS = 20
GAIN_M = 0.05
LEAST_M = 0.01
NEAR_M = 30.0
MOST_HANDED = 6
MOST_TRIED = 40


def is_zigzag(line: shapely.Geometry) -> bool:
    """Tell whether nobody could point at a line over open ground: it turns to and fro, or wanders.

    Bends under 1.5 m off the straight line are not seen. Three turns or more of over 30°, each against the one before
    within 40 m, are a zig-zag; so is a line of three turns and more that is over 1.35 times as long as the way between
    its ends.
    """
    xy = shapely.get_coordinates(shapely.simplify(line, JITTER_M))
    legs = np.diff(xy, axis=0)
    length = np.hypot(*legs.T)
    if len(legs) < 2 or length.sum() < SHORTEST_ZIGZAG_M:
        return False
    heading = np.arctan2(legs[:, 1], legs[:, 0])
    turn = (np.diff(heading) + np.pi) % (2 * np.pi) - np.pi
    sharp = np.abs(turn) > TURN
    against = sharp[1:] & sharp[:-1] & (turn[1:] * turn[:-1] < 0) & (length[1:-1] < SHORT_LEG_M)
    chord = float(np.hypot(*(xy[-1] - xy[0])))
    wanders = chord > 0 and length.sum() > DETOUR * chord and int(sharp.sum()) > DETOUR_TURNS
    return bool(int(against.sum()) > MOST_REVERSALS or wanders)


@dataclass(frozen=True)
class Dwellings:
    """The dwellings of two grids, in metres; all arrays have shape (n,).

    `in_second` tells which of the two holds each; `wholes` names, kind by kind, what must not be cut, '' where a
    dwelling is in nothing of the kind.
    """

    shapes: Geometries
    households: Numbers
    in_second: Flags
    wholes: tuple[NDArray[np.object_], ...]


@dataclass(frozen=True)
class Chord:
    """What a straight line between the ends of a border would do: dwellings that it cuts, and that change sides."""

    cut: int
    passed: int
    passed_households: float


class _Field:
    """Where a border may run: inside the two grids, clear of dwellings, each of them left on its side."""

    def __init__(self, ground: shapely.Geometry, shapes: Geometries) -> None:
        self.ground = shapely.buffer(ground, SKIN_M, quad_segs=2)
        shapely.prepare(self.ground)
        self.walls = STRtree(shapely.buffer(shapes, CLEAR_M, quad_segs=2))
        self.cores = STRtree(_cores(shapes))

    def shortcuts(self, xy: Numbers) -> tuple[Indices, Indices, Numbers]:
        """Find pairs of vertices of a path between which one sees straight and clear, and what the step saves."""
        walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        i, j = np.triu_indices(len(xy), 2)
        saved = walked[j] - walked[i] - np.hypot(*(xy[j] - xy[i]).T)
        i, j, saved = i[saved > LEAST_M], j[saved > LEAST_M], saved[saved > LEAST_M]
        segments = shapely.linestrings(np.stack([xy[i], xy[j]], axis=1))
        seen = np.asarray(shapely.covers(self.ground, segments))
        seen[np.unique(self.walls.query(segments, predicate="intersects")[0])] = False
        return i[seen], j[seen], saved[seen]

    def swept(self, xy: Numbers, i: Indices, j: Indices) -> tuple[Indices, Indices]:
        """Find the dwellings that change sides where a straight step takes the place of a path: pair, dwelling."""
        pair, dwelling = self.cores.query(_between(xy, i, j), predicate="intersects")
        return pair, dwelling


def _cores(shapes: Geometries) -> Geometries:
    """Take the skin off dwellings, so that what lies on their wall does not touch them."""
    points = shapely.get_dimensions(shapes) == 0
    return np.asarray(np.where(points, shapely.buffer(shapes, SKIN_M), shapely.buffer(shapes, -SKIN_M)))


def _between(xy: Numbers, i: Indices, j: Indices) -> Geometries:
    """Draw the ground between a path and each straight step that replaces a part of it."""
    swept = np.array([shapely.Polygon(xy[a : b + 1]) for a, b in zip(i, j, strict=True)], dtype=object)
    broken = ~shapely.is_valid(swept)
    swept[broken] = shapely.make_valid(swept[broken])
    return swept


def straighten_fully(line: shapely.Geometry, ground: shapely.Geometry, shapes: Geometries) -> shapely.Geometry:
    """Find the shortest line between the ends of a border that leaves every dwelling on its side.

    Each lap takes the shortest way over points of the line before, its corners first, then points every 3 m or so, by
    steps that are clear of dwellings by 0.3 m, until nothing is gained. No line round the same dwellings turns to and
    fro less than the shortest. A ring has no ends and stays as it is.

    Parameters
    ----------
    line
        In metres.
    ground
        The two grids together, which it does not leave.
    shapes
        Footprints or points of the dwellings.
    """
    if line.is_ring:
        return line
    field = _Field(ground, shapes)
    for lap in range(MOST_LAPS):
        xy = _paced(line) if lap else _corners(line)
        i, j, _ = field.shortcuts(xy)
        held = np.zeros(len(i), bool)
        held[np.unique(field.swept(xy, i, j)[0])] = True
        shorter = shapely.LineString(xy[_shortest_way(xy, i[~held], j[~held])])
        if lap and line.length - shorter.length < GAIN_M:
            return shorter
        line = shorter
    return line


def _paced(line: shapely.Geometry) -> Numbers:
    return np.asarray(shapely.get_coordinates(shapely.segmentize(line, max(STEP_M, line.length / MOST_STEPS))))


def _corners(line: shapely.Geometry) -> Numbers:
    """Vertices of a line; where they are many, points along it."""
    xy = np.asarray(shapely.get_coordinates(line))
    return xy if len(xy) <= MOST_STEPS else _paced(line)


def _shortest_way(xy: Numbers, i: Indices, j: Indices) -> list[int]:
    """Choose vertices of the shortest way by given steps forward; steps to the next vertex are always open."""
    n = len(xy)
    start, end = np.append(i, np.arange(n - 1)), np.append(j, np.arange(1, n))
    price = np.hypot(*(xy[end] - xy[start]).T) + 0.01  # fewer vertices where ways are as long
    best = np.full(n, np.inf)
    best[0] = 0.0
    before = np.full(n, -1)
    for k in np.lexsort((end, start)).tolist():
        cost = best[start[k]] + price[k]
        if cost < best[end[k]] - 1e-9:
            best[end[k]], before[end[k]] = cost, start[k]
    way = [n - 1]
    while way[-1] > 0:
        way.append(int(before[way[-1]]))
    return way[::-1]


def measure_chord(line: shapely.Geometry, dwellings: Dwellings) -> Chord:
    """Tell what the straight line between the ends of a border would cut, and what it would pass to the other side."""
    xy = shapely.get_coordinates(line)
    cores = _cores(dwellings.shapes)
    cut = np.asarray(shapely.intersects(cores, shapely.LineString(xy[[0, -1]])))
    [ground] = _between(xy, np.array([0]), np.array([len(xy) - 1]))
    passed = ~cut & shapely.intersects(cores, ground)
    return Chord(int(cut.sum()), int(passed.sum()), float(dwellings.households[passed].sum()))


def find_handover(
    line: shapely.Geometry, ground: shapely.Geometry, dwellings: Dwellings, fits: Callable[[float], bool]
) -> Indices | None:
    """Find the fewest dwellings that, given to the other grid, let a border run straight.

    Looked at are those that one straight step passes, and every one near the border alone, with those built against
    it. Nothing that must stay whole is cut by it.

    Parameters
    ----------
    line
        As `straighten_fully` leaves it.
    ground
        The two grids together.
    dwellings
        All of theirs.
    fits
        Tells whether so many households more for the second grid, fewer where negative, leave both in the band.

    Returns
    -------
    Rows of the dwellings, or None.
    """
    if line.is_ring:
        return None
    ways = [*_past_one_step(line, ground, dwellings), *_round_one(line, ground, dwellings)]
    ways.sort(key=lambda way: (len(way[0]), float(dwellings.households[list(way[0])].sum()), way[0]))
    for handed, bold in ways[:MOST_TRIED]:
        rows = np.array(handed, dtype=np.int64)
        given = np.where(dwellings.in_second[rows], -1.0, 1.0) * dwellings.households[rows]
        kept = fits(float(given.sum())) and not _tears(rows, dwellings)
        if kept and not is_zigzag(straighten_fully(bold, ground, dwellings.shapes)):
            return rows
    return None


Way = tuple[tuple[int, ...], shapely.Geometry]
"""Dwellings that change sides, and a border that leaves them on the other."""


def _past_one_step(line: shapely.Geometry, ground: shapely.Geometry, dwellings: Dwellings) -> Iterator[Way]:
    """Yield the dwellings that a straight step passes, with the step that saves most."""
    xy = _paced(line)
    field = _Field(ground, dwellings.shapes)
    i, j, saved = field.shortcuts(xy)
    passed: dict[int, list[int]] = {}
    for k, row in sorted(zip(*(rows.tolist() for rows in field.swept(xy, i, j)), strict=True)):
        passed.setdefault(k, []).append(row)
    best: dict[tuple[int, ...], int] = {}
    for k, rows in passed.items():
        handed = tuple(rows)
        if len(handed) <= MOST_HANDED and (handed not in best or saved[k] > saved[best[handed]]):
            best[handed] = k
    for handed, k in best.items():
        yield handed, shapely.LineString(np.vstack([xy[: i[k] + 1], xy[j[k] :]]))


def _round_one(line: shapely.Geometry, ground: shapely.Geometry, dwellings: Dwellings) -> Iterator[Way]:
    """Yield each dwelling near a border, with what is built against it, and the border led round their far side."""
    cores = _cores(dwellings.shapes)
    tree, room = STRtree(cores), shapely.buffer(ground, SKIN_M, quad_segs=2)
    seen: set[tuple[int, ...]] = set()
    for row in np.sort(tree.query(line, predicate="dwithin", distance=NEAR_M)).tolist():
        inside, blob = np.array([row]), None
        while len(inside) <= MOST_HANDED:
            built = shapely.union_all(dwellings.shapes[inside])
            blob = shapely.buffer(shapely.union(built, shapely.shortest_line(built, line)), CLEAR_M, quad_segs=2)
            grown = np.union1d(inside, tree.query(blob, predicate="intersects"))
            if len(grown) == len(inside):
                break
            inside = grown
        handed = tuple(inside[dwellings.in_second[inside] == dwellings.in_second[row]].tolist())
        if handed in seen or len(inside) > MOST_HANDED or blob is None:
            continue
        seen.add(handed)
        bold = _led_round(line, blob, shapely.points(shapely.get_coordinates(shapely.point_on_surface(cores[row]))[0]))
        if bold is not None and shapely.covers(room, bold):
            yield handed, bold


def _led_round(line: shapely.Geometry, blob: shapely.Geometry, inner: shapely.Geometry) -> shapely.Geometry | None:
    """Lead a line that runs into a shape round that side of it on which a point inside is left behind."""
    met = shapely.get_coordinates(shapely.intersection(line, shapely.boundary(blob)))
    if len(met) < 2 or blob.geom_type != "Polygon":
        return None
    at = np.sort(shapely.line_locate_point(line, shapely.points(met)))
    enter, leave = float(at[0]), float(at[-1])
    through = substring(line, enter, leave)
    rim = shapely.get_exterior_ring(blob)
    start, end = (float(shapely.line_locate_point(rim, shapely.get_point(through, k))) for k in (0, -1))
    for arc in _arcs(rim, start, end):
        loop = shapely.Polygon(np.vstack([shapely.get_coordinates(arc), shapely.get_coordinates(through)[::-1]]))
        if loop.is_valid and shapely.contains(loop, inner):
            parts = (substring(line, 0.0, enter), arc, substring(line, leave, line.length))
            xy = np.vstack([shapely.get_coordinates(part) for part in parts if part.length > 0])
            return shapely.LineString(xy)
    return None


def _arcs(rim: shapely.Geometry, start: float, end: float) -> Iterator[shapely.Geometry]:
    """Go both ways along a ring from one place to another."""
    low, high = min(start, end), max(start, end)
    inner = substring(rim, low, high)
    tail, head = substring(rim, high, rim.length), substring(rim, 0.0, low)
    outer = np.vstack([shapely.get_coordinates(tail), shapely.get_coordinates(head)[1:]])
    for xy in (shapely.get_coordinates(inner), outer):
        begins_low = xy is not outer
        yield shapely.LineString(xy if begins_low == (start == low) else xy[::-1])


def _tears(rows: Indices, dwellings: Dwellings) -> bool:
    """Tell whether something that must stay whole would leave a part of itself behind."""
    stay = np.ones(len(dwellings.shapes), bool)
    stay[rows] = False
    for names in dwellings.wholes:
        for row in rows[names[rows] != ""].tolist():
            same = (names == names[row]) & (dwellings.in_second == dwellings.in_second[row])
            if (same & stay).any():
                return True
    return False
