"""The four sides 四至 of a grid in words: what bounds it in the east, south, west and north."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.measures import BORDER_COST, MAIN_CLASSES, ON_BARRIER_M, STREET_CLASSES
from app.geo.survey import largest_polygons

__all__ = ["Sides", "describe_sides"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

PIECE_M = 10.0
"""The outline is looked at in pieces of at most this length."""
SMOOTH_M = 15.0
"""A piece faces where the outline faces over this far before and behind it, so that a jog does not count."""
BESIDE_M = 15.0
"""A street this close that runs along the outline bounds it."""
ALONG = float(np.cos(np.radians(30)))
"""What turns away from the outline by more than 30° crosses it."""
NAMELESS_M = 10.0
"""A street with a name is preferred to one without, although it lies this much farther away."""
NEXT_M = 1.0
"""What lies this close to a grid is next to it."""
NAMED_SHARE = 0.25
MOST_NAMED = 3

DIRECTIONS = np.array([[1.0, 0.0], [0.0, -1.0], [-1.0, 0.0], [0.0, 1.0]])
"""East, south, west, north: the order of 四至."""
READING = np.array([[0.0, -1.0], [1.0, 0.0], [0.0, -1.0], [1.0, 0.0]])
"""Several names of a side follow each other from north to south, or from west to east."""


@dataclass(frozen=True)
class Sides:
    """What bounds a grid on each side, as a notice writes it."""

    east: str
    south: str
    west: str
    north: str

    def sentence(self) -> str:
        """Say the four sides in one sentence."""
        return f"东至{self.east}，南至{self.south}，西至{self.west}，北至{self.north}"


@dataclass(frozen=True)
class _Pieces:
    """The outlines of all grids in short pieces, one row each."""

    grid: Indices
    side: Indices
    middle: Numbers
    facing: Numbers
    """Unit vector out of the grid."""
    length: Numbers


def describe_sides(
    grids: Geometries,
    names: Sequence[str],
    *,
    barriers: Geometries,
    classes: Sequence[str],
    barrier_names: Sequence[str],
    neighbours: Geometries,
    neighbour_names: Sequence[str],
) -> tuple[Sides, ...]:
    """Describe the four sides of every grid of one community, in the order 东南西北.

    On each side the street, lane, river, railway or wall is named that runs along most of it, or up to three that run
    along a quarter each; where none does, the grid beyond the open ground, or the community beyond the outline.

    Parameters
    ----------
    grids, names
        All grids of the community, polygons in metres, and their names.
    barriers, classes, barrier_names
        Lines (or areas of water) in the same plane, the class of each as in `measures.BORDER_COST`, and its name or ''.
    neighbours, neighbour_names
        The communities around, without this one, and their names or ''.
    """
    outlines = largest_polygons(np.asarray(grids, dtype=object))
    pieces = _cut_outlines(outlines)
    label = np.full(len(pieces.grid), "社区边界", dtype=object)
    centred = np.zeros(len(label), bool)

    middles = shapely.points(pieces.middle)
    next_grid = _nearest_other(outlines, middles, pieces.grid)
    inner = next_grid >= 0
    label[inner] = [f"与{names[row]}之间空地" for row in next_grid[inner]]
    beyond = _nearest(np.asarray(neighbours, dtype=object), middles, BESIDE_M)
    named = ~inner & (beyond >= 0)
    label[named] = [neighbour_names[row] or "社区边界" for row in beyond[named]]

    barrier, distance = _barriers_along(np.asarray(barriers, dtype=object), classes, barrier_names, pieces)
    along = barrier >= 0
    words = [
        _barrier_words(kind, name, shape) for kind, name, shape in zip(classes, barrier_names, barriers, strict=True)
    ]
    label[along] = [words[row] for row in barrier[along]]
    on_street = np.array(
        [kind in STREET_CLASSES and bool(name) for kind, name in zip(classes, barrier_names, strict=True)]
    )
    reach = np.array([BESIDE_M if kind in MAIN_CLASSES else ON_BARRIER_M for kind in classes])
    if len(on_street):
        centred[along] = on_street[barrier[along]] & (distance[along] <= reach[barrier[along]])

    rows_of = np.split(np.arange(len(label)), np.searchsorted(pieces.grid, np.arange(1, len(outlines))))
    return tuple(Sides(*(_side_words(pieces, rows, side, label, centred) for side in range(4))) for rows in rows_of)


def _cut_outlines(outlines: Geometries) -> _Pieces:
    """Cut the outer rings into pieces, each with the side of the grid on which it lies.

    A piece lies on the side to which it faces and on which it stands as seen from the middle; where the two differ, as
    in the notch of an L, the sum of both decides.
    """
    grid, side, middle, facing, length = [], [], [], [], []
    for row, outline in enumerate(outlines):
        if outline.is_empty:
            continue
        ring = shapely.segmentize(shapely.get_exterior_ring(shapely.orient_polygons(outline)), PIECE_M)
        xy = shapely.get_coordinates(ring)
        steps = np.hypot(*np.diff(xy, axis=0).T)
        walked = np.concatenate([[0.0], np.cumsum(steps)])
        half = (walked[:-1] + walked[1:]) / 2
        reach = min(SMOOTH_M, walked[-1] / 8)
        ahead, behind = _point_at(xy, walked, half + reach), _point_at(xy, walked, half - reach)
        run = ahead - behind
        out = np.column_stack([run[:, 1], -run[:, 0]])  # the ring runs anticlockwise, so outside is on the right
        out /= np.maximum(np.hypot(*out.T), 1e-9)[:, None]
        mid = (xy[:-1] + xy[1:]) / 2
        low, high = xy.min(axis=0), xy.max(axis=0)
        stand = (mid - (low + high) / 2) / np.maximum((high - low) / 2, 1e-9)
        grid.append(np.full(len(mid), row))
        side.append(np.argmax((out + stand) @ DIRECTIONS.T, axis=1))
        middle.append(mid)
        facing.append(out)
        length.append(steps)
    if not grid:
        return _Pieces(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 2)), np.empty((0, 2)), np.empty(0))
    return _Pieces(*(np.concatenate(column) for column in (grid, side, middle, facing, length)))


def _point_at(xy: Numbers, walked: Numbers, where: Numbers) -> Numbers:
    """Find the points of a closed ring after walking so far."""
    where = np.mod(where, walked[-1])
    return np.column_stack([np.interp(where, walked, xy[:, 0]), np.interp(where, walked, xy[:, 1])])


def _nearest_other(outlines: Geometries, middles: Geometries, own: Indices) -> Indices:
    """Row of the grid beyond each piece, -1 where none of the community is."""
    piece, grid = STRtree(outlines).query(middles, predicate="dwithin", distance=NEXT_M)
    other = grid != own[piece]
    return _first_of(
        piece[other], grid[other], shapely.distance(middles[piece[other]], outlines[grid[other]]), len(own)
    )


def _nearest(shapes: Geometries, middles: Geometries, within_m: float) -> Indices:
    """Row of the nearest shape within reach of each point, -1 where none is."""
    piece, shape = STRtree(shapes).query(middles, predicate="dwithin", distance=within_m)
    return _first_of(piece, shape, shapely.distance(middles[piece], shapes[shape]), len(middles))


def _first_of(piece: Indices, target: Indices, worth: Numbers, pieces: int) -> Indices:
    """Choose for each piece the target of least worth, the first of equals."""
    order = np.lexsort((target, worth, piece))
    rows, first = np.unique(piece[order], return_index=True)
    chosen = np.full(pieces, -1, dtype=np.int64)
    chosen[rows] = target[order][first]
    return chosen


def _barriers_along(
    barriers: Geometries, classes: Sequence[str], names: Sequence[str], pieces: _Pieces
) -> tuple[Indices, Numbers]:
    """Find the barrier that runs along each piece, -1 where none does, and how far away it is."""
    middles = shapely.points(pieces.middle)
    parts, barrier_of = shapely.get_parts(barriers, return_index=True)
    is_line = shapely.get_dimensions(parts) == 1
    xy, line = shapely.get_coordinates(parts[is_line], return_index=True)
    joined = line[:-1] == line[1:]
    start, end = xy[:-1][joined], xy[1:][joined]
    step_of = barrier_of[is_line][line[:-1][joined]]
    steps = shapely.linestrings(np.stack([start, end], axis=1)) if len(start) else np.empty(0, dtype=object)
    heading = (end - start) / np.maximum(np.hypot(*(end - start).T), 1e-9)[:, None]
    piece, step = STRtree(steps).query(middles, predicate="dwithin", distance=BESIDE_M)
    across = np.abs((heading[step] * pieces.facing[piece]).sum(axis=1))
    parallel = across <= np.sqrt(1 - ALONG**2)
    piece, step = piece[parallel], step[parallel]
    distance = shapely.distance(middles[piece], steps[step])
    barrier = step_of[step]

    wet, area = STRtree(parts[~is_line]).query(middles, predicate="dwithin", distance=ON_BARRIER_M)
    piece, barrier = np.concatenate([piece, wet]), np.concatenate([barrier, barrier_of[~is_line][area]])
    distance = np.concatenate([distance, shapely.distance(middles[wet], parts[~is_line][area])])

    nameless = np.array([not name for name in names], bool)
    price = np.array([BORDER_COST[kind] for kind in classes])
    worth = np.round(distance, 1) + NAMELESS_M * nameless[barrier] + price[barrier] if len(piece) else distance
    chosen = _first_of(piece, barrier, worth, len(pieces.grid))
    least = np.full(len(pieces.grid), np.inf)
    mine = barrier == chosen[piece]
    np.minimum.at(least, piece[mine], distance[mine])
    return chosen, least


def _barrier_words(kind: str, name: str, shape: shapely.Geometry) -> str:
    if kind == "wall":
        return name if name.endswith(("墙", "围栏")) else f"{name}围墙"
    if name:
        return name
    if kind == "water":
        return "水面" if shapely.get_dimensions(shape) == 2 else "河道"
    return {"lane": "无名巷道", "rail": "铁路"}.get(kind, "无名道路")


def _side_words(
    pieces: _Pieces, rows: Indices, side: int, label: NDArray[np.object_], centred: NDArray[np.bool_]
) -> str:
    """Name what bounds one side: all that hold a quarter of it, at most three, or else what holds most."""
    mine = rows[pieces.side[rows] == side]
    if not len(mine):  # a grid that tapers has no such side: what bounds its tip
        if not len(rows):
            return "社区边界"
        mine = rows[[np.argmax(pieces.middle[rows] @ DIRECTIONS[side])]]
    names, of = np.unique(label[mine].astype(str), return_inverse=True)
    length = np.bincount(of, weights=pieces.length[mine], minlength=len(names))
    on_centre = np.bincount(of, weights=pieces.length[mine] * centred[mine], minlength=len(names))
    ranked = np.lexsort((names, -length))
    chosen = [k for k in ranked[:MOST_NAMED].tolist() if length[k] >= NAMED_SHARE * length.sum()] or [int(ranked[0])]
    along = pieces.middle[mine] @ READING[side] * pieces.length[mine]
    place = np.bincount(of, weights=along, minlength=len(names)) / np.maximum(length, 1e-9)
    chosen.sort(key=lambda k: float(place[k]))
    return "、".join(f"{names[k]}中心线" if on_centre[k] * 2 > length[k] else str(names[k]) for k in chosen)
