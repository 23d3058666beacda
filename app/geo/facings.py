"""Which stretch of a grid's outline is its eastern, southern, western and northern side, in short pieces."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["DIRECTIONS", "Pieces", "cut_outlines"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

PIECE_M = 10.0
"""The outline is looked at in pieces of at most this length."""
FEWEST_PIECES = 16
SMOOTH_M = 15.0
"""A piece faces where the outline faces over this far before and behind it, so that a jog does not count."""
SQUARE = 0.35
"""Streets that hold this much together make a block whose sides are told as if it stood straight (1: a rectangle)."""

FACING = 2.0
"""Where a piece faces counts this much more than where it stands."""

DIRECTIONS = np.array([[1.0, 0.0], [0.0, -1.0], [-1.0, 0.0], [0.0, 1.0]])
"""East, south, west, north: the order of 四至."""
EAST, SOUTH, WEST, NORTH = range(4)


@dataclass(frozen=True)
class Pieces:
    """The outlines of all grids in short pieces, one row each, grid by grid, side by side.

    The pieces of a side follow each other as a notice names them: from west to east, or from north to south.
    """

    grid: Indices
    side: Indices
    middle: Numbers
    facing: Numbers
    """Unit vector out of the grid."""
    length: Numbers

    def of_side(self, grid: int, side: int) -> Indices:
        """Rows of one side of one grid."""
        return np.flatnonzero((self.grid == grid) & (self.side == side))


def cut_outlines(outlines: Geometries) -> Pieces:
    """Cut the outer rings of polygons into pieces, each with the side of the grid on which it lies.

    Each side is one stretch from corner to corner, and none is without length. The four corners are chosen so that
    pieces face, and stand as seen from the middle, to their side as much as can be; a notch belongs to the side that
    it is in. Where streets cross at right angles but not to the compass, sides are told by the streets.
    """
    grid, side, middle, facing, length = [], [], [], [], []
    for row, outline in enumerate(outlines):
        if outline.is_empty:
            continue
        ring = shapely.get_exterior_ring(shapely.orient_polygons(outline))
        xy = shapely.get_coordinates(shapely.segmentize(ring, min(PIECE_M, ring.length / FEWEST_PIECES)))
        steps = np.hypot(*np.diff(xy, axis=0).T)
        xy, steps = xy[np.append(True, steps > 0)], steps[steps > 0]
        walked = np.concatenate([[0.0], np.cumsum(steps)])
        half = (walked[:-1] + walked[1:]) / 2
        reach = min(SMOOTH_M, walked[-1] / 8)
        run = _point_at(xy, walked, half + reach) - _point_at(xy, walked, half - reach)
        out = np.column_stack([run[:, 1], -run[:, 0]])  # the ring runs anticlockwise, so outside is on the right
        out /= np.maximum(np.hypot(*out.T), 1e-9)[:, None]
        mid = (xy[:-1] + xy[1:]) / 2
        of = _part_sides(mid, out, steps)
        order = np.roll(np.arange(len(mid)), -int(np.flatnonzero((of == EAST) & (np.roll(of, 1) != EAST))[0]))
        stretches = [order[of[order] == name] for name in range(4)]
        order = np.concatenate([stretches[EAST][::-1], stretches[SOUTH], stretches[WEST], stretches[NORTH][::-1]])
        grid.append(np.full(len(mid), row))
        side.append(of[order])
        middle.append(mid[order])
        facing.append(out[order])
        length.append(steps[order])
    if not grid:
        return Pieces(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 2)), np.empty((0, 2)), np.empty(0))
    return Pieces(*(np.concatenate(column) for column in (grid, side, middle, facing, length)))


def _point_at(xy: Numbers, walked: Numbers, where: Numbers) -> Numbers:
    """Find the points of a closed ring after walking so far."""
    where = np.mod(where, walked[-1])
    return np.column_stack([np.interp(where, walked, xy[:, 0]), np.interp(where, walked, xy[:, 1])])


def _part_sides(middle: Numbers, out: Numbers, length: Numbers) -> Indices:
    """Part a ring of pieces, anticlockwise, into one stretch for each side."""
    turned = _turn(out, length)
    mid, out = middle @ turned, out @ turned
    low, high = mid.min(axis=0), mid.max(axis=0)
    stand = (mid - (low + high) / 2) / np.maximum((high - low) / 2, 1e-9)
    score = (FACING * out + stand) @ DIRECTIONS.T
    start = int(np.argmax(score[:, SOUTH]))
    sums = np.concatenate([np.zeros((1, 4)), np.cumsum(np.roll(score * length[:, None], -start, axis=0), axis=0)])
    order = (SOUTH, EAST, NORTH, WEST, SOUTH)
    gains = [sums[:, before] - sums[:, after] for before, after in pairwise(order)]
    # The best places for the four corners, each after the one before: the best of all earlier ones is kept.
    count = len(middle)
    best = gains[0].copy()
    best[0] = -np.inf
    earlier = []
    for gain in gains[1:]:
        top = np.maximum.accumulate(best)
        first = np.zeros(count + 1, np.int64)
        fresh = np.flatnonzero(best >= top)
        first[fresh] = fresh
        first = np.maximum.accumulate(first)
        earlier.append(first)
        best = np.concatenate([[-np.inf], top[:-1] + gain[1:]])
    corner = [int(np.argmax(best))]
    for first in reversed(earlier):
        corner.append(int(first[corner[-1] - 1]))
    corner.reverse()
    side = np.full(count, SOUTH)
    for k, name in enumerate((EAST, NORTH, WEST)):
        side[corner[k] : corner[k + 1]] = name
    return np.roll(side, start)


def _turn(out: Numbers, length: Numbers) -> Numbers:
    """Rotation that sets the outline straight: by at most 45°, and by none where it has no right angles."""
    angle = np.arctan2(out[:, 1], out[:, 0])
    mean = (length * np.exp(4j * angle)).sum() / max(float(length.sum()), 1e-9)
    by = float(np.angle(mean)) / 4 if abs(mean) > SQUARE else 0.0
    return np.array([[np.cos(by), -np.sin(by)], [np.sin(by), np.cos(by)]])
