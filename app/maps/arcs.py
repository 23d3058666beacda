"""Arcs: lines that polygons share, cut where they meet and each kept once, so that neighbours cannot come apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["Steps", "cut_arcs", "refer_to_arcs", "simplify_arcs", "trace_lines", "trace_rings"]

Steps = NDArray[np.int64]
"""A line of whole numbers, a row a vertex: x and y in steps of a grid. A ring ends where it begins."""


def trace_rings(polygons: NDArray[np.object_], steps_per_degree: int) -> tuple[list[Steps], list[int]]:
    """Put the rings of polygons on the grid of steps, holes among them: the rings, and how many each polygon has.

    Rings that are nothing on that grid are left out.
    """
    parts, owners = shapely.get_parts(polygons, return_index=True)
    areal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, parts_of_rings = shapely.get_rings(parts[areal], return_index=True)
    traced = _trace(rings, steps_per_degree)
    kept = np.asarray([len(ring) >= 4 for ring in traced], dtype=bool)
    counts = np.bincount(owners[areal][parts_of_rings][kept], minlength=len(polygons))
    return [ring for ring in traced if len(ring) >= 4], counts.tolist()


def trace_lines(lines: NDArray[np.object_], steps_per_degree: int) -> list[Steps]:
    """Put all parts of all lines on the grid of steps, without those that are nothing on it."""
    parts = shapely.get_parts(lines)
    linear = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    return [line for line in _trace(linear, steps_per_degree) if len(line) >= 2]


def cut_arcs(lines: Sequence[Steps]) -> tuple[list[Steps], list[list[int]]]:
    """Cut lines where they meet, part or end, and keep each piece once, in the order and direction of its first use.

    Returns
    -------
    The arcs, and for each line the arcs it consists of: the number of an arc, or its complement (`~number`) where the
    line runs along it backwards.
    """
    if not lines:
        return [], []
    points, marks = _number_points(lines)
    junction = _find_junctions(marks)
    arcs: list[Steps] = []
    number_of: dict[bytes, int] = {}
    uses = []
    for line in marks:
        used = []
        for piece in _cut(line, junction):
            known = number_of.get(piece.tobytes())
            if known is None:
                known = len(arcs)
                arcs.append(points[piece])
                number_of[piece[::-1].tobytes()] = ~known
                number_of[piece.tobytes()] = known
            used.append(known)
        uses.append(used)
    return arcs, uses


def simplify_arcs(arcs: Sequence[Steps], tolerance: float) -> list[Steps]:
    """Leave out vertices that lie off the line without them by no more than `tolerance` steps; ends stay.

    Whoever shares an arc shares what is left of it. Rings keep a third and a fourth vertex.
    """
    if not arcs:
        return []
    return _trace(shapely.simplify(_draw(arcs), tolerance, preserve_topology=True), 1)


def refer_to_arcs(uses: Iterable[Sequence[int]]) -> list[int]:
    """Write the arcs of lines as a list of small numbers.

    0 is the next arc that was not met yet; any other number counts back from there, negative where it is run along
    backwards.
    """
    written = []
    met = 0
    for use in uses:
        for arc in use:
            number = ~arc if arc < 0 else arc
            written.append(0 if number == met else (number - met if arc < 0 else met - number))
            met += number == met
    return written


def _trace(lines: NDArray[np.object_], steps_per_degree: int) -> list[Steps]:
    xy, owners = shapely.get_coordinates(lines, return_index=True)
    if not len(xy):
        return []
    steps = np.rint(xy * steps_per_degree).astype(np.int64)
    moved = (steps[1:] != steps[:-1]).any(axis=1) | (owners[1:] != owners[:-1])
    kept = np.concatenate([[True], moved])
    steps, owners = steps[kept], owners[kept]
    return np.split(steps, np.searchsorted(owners, np.arange(1, len(lines))))


def _draw(lines: Sequence[Steps]) -> NDArray[np.object_]:
    owners = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    drawn: Any = shapely.linestrings(np.concatenate(lines).astype(float), indices=owners)
    return np.asarray(drawn, dtype=object)


def _number_points(lines: Sequence[Steps]) -> tuple[Steps, list[NDArray[np.int64]]]:
    """Give each place a number, and write the lines in those numbers."""
    points, marks = np.unique(np.concatenate(lines), axis=0, return_inverse=True)
    ends = np.cumsum([len(line) for line in lines])
    return points, np.split(marks.reshape(-1).astype(np.int64), ends[:-1])


def _find_junctions(lines: Sequence[NDArray[np.int64]]) -> set[int]:
    """Find the points where a line ends, or from which lines go on in more than one way."""
    junctions: set[int] = set()
    ways = []
    for line in lines:
        if line[0] == line[-1]:
            core = line[:-1]
            before, after = np.roll(core, 1), np.roll(core, -1)
        else:
            junctions.update((int(line[0]), int(line[-1])))
            before, core, after = line[:-2], line[1:-1], line[2:]
        ways.append(np.column_stack([core, np.minimum(before, after), np.maximum(before, after)]))
    distinct = np.unique(np.concatenate(ways), axis=0)
    again = distinct[1:, 0] == distinct[:-1, 0]
    junctions.update(distinct[1:, 0][again].tolist())
    return junctions


def _cut(line: NDArray[np.int64], junctions: set[int]) -> list[NDArray[np.int64]]:
    at = [place for place, point in enumerate(line.tolist()) if point in junctions]
    if line[0] == line[-1]:
        start = at[0] if at else int(np.argmin(line[:-1]))
        if start:
            line = np.concatenate([line[start:-1], line[: start + 1]])
            at = [place for place, point in enumerate(line.tolist()) if point in junctions]
        at = at or [0, len(line) - 1]
    return [line[one : other + 1] for one, other in pairwise(at)]
