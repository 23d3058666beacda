"""What lies around grids and can be named as their bounds, and which of it runs along each piece of an outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.facings import Pieces
from app.geo.measures import BORDER_COST, MAIN_CLASSES, ON_BARRIER_M, STREET_CLASSES

__all__ = ["Surroundings", "barriers_along", "cheapest_along", "first_of", "nearest", "nearest_other"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

BESIDE_M = 15.0
"""A street this close that runs along the outline bounds it."""
BESIDE_MAIN_M = 25.0
"""The same for main streets, whose kerb is the outline of many a community."""
ALONG = float(np.cos(np.radians(30)))
"""What turns away from the outline by more than 30° crosses it."""
PAST_END_M = 10.0
"""A street still bounds what lies this far past its end."""
NAMELESS_M = 10.0
"""A street with a name is preferred to one without, although it lies this much farther away."""
NEXT_M = 1.0
"""What lies this close to a grid is next to it."""


def _none() -> Geometries:
    return np.empty(0, dtype=object)


@dataclass(frozen=True)
class Surroundings:
    """What may bound grids, all in one plane of metres; a name may be ''.

    Attributes
    ----------
    barriers, classes, barrier_names
        Lines (or areas of water), the class of each as in `measures.BORDER_COST`, and its name.
    neighbours, neighbour_names
        The communities around, without the one whose grids are told.
    places, place_names
        Compounds, special sites and buildings that bear a name, inside and near.
    lands, land_names
        Land of villagers' groups, by which grids of a village are told where nothing runs between them.
    """

    barriers: Geometries
    classes: Sequence[str]
    barrier_names: Sequence[str]
    neighbours: Geometries = field(default_factory=_none)
    neighbour_names: Sequence[str] = ()
    places: Geometries = field(default_factory=_none)
    place_names: Sequence[str] = ()
    lands: Geometries = field(default_factory=_none)
    land_names: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("barriers", "neighbours", "places", "lands"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=object))

    @property
    def reach_m(self) -> Numbers:
        """How far from the outline each barrier still bounds it."""
        return np.array([BESIDE_MAIN_M if kind in MAIN_CLASSES else BESIDE_M for kind in self.classes], float)

    @property
    def centre_m(self) -> Numbers:
        """How far from its line the middle of each barrier still is; negative for what has no middle to speak of.

        Between the carriageways of a main street the outline runs in its middle.
        """
        return np.array(
            [
                -1.0 if kind not in STREET_CLASSES or not name else BESIDE_M if kind in MAIN_CLASSES else ON_BARRIER_M
                for kind, name in zip(self.classes, self.barrier_names, strict=True)
            ],
            float,
        )


def first_of(piece: Indices, target: Indices, worth: Numbers, pieces: int) -> Indices:
    """Choose for each piece the target of least worth, the first of equals; -1 where there is none."""
    order = np.lexsort((target, worth, piece))
    rows, first = np.unique(piece[order], return_index=True)
    chosen = np.full(pieces, -1, dtype=np.int64)
    chosen[rows] = target[order][first]
    return chosen


def nearest(shapes: Geometries, points: Geometries, within_m: float) -> Indices:
    """Row of the nearest shape within reach of each point, -1 where none is."""
    piece, shape = STRtree(shapes).query(points, predicate="dwithin", distance=within_m)
    return first_of(piece, shape, shapely.distance(points[piece], shapes[shape]), len(points))


def nearest_other(outlines: Geometries, points: Geometries, own: Indices) -> Indices:
    """Row of the outline next to each point that is not its own, -1 where none is."""
    piece, grid = STRtree(outlines).query(points, predicate="dwithin", distance=NEXT_M)
    other = grid != own[piece]
    piece, grid = piece[other], grid[other]
    return first_of(piece, grid, shapely.distance(points[piece], outlines[grid]), len(own))


def barriers_along(around: Surroundings, pieces: Pieces, *, wider_m: float = 0.0) -> tuple[Indices, Indices, Numbers]:
    """Find every barrier that runs along each piece: rows of pieces, rows of barriers, and how far apart they are.

    With `wider_m` barriers are looked for so much farther away.
    """
    middles = shapely.points(pieces.middle)
    parts, barrier_of = shapely.get_parts(around.barriers, return_index=True)
    is_line = shapely.get_dimensions(parts) == 1
    xy, line = shapely.get_coordinates(parts[is_line], return_index=True)
    joined = line[:-1] == line[1:]
    start, end = xy[:-1][joined], xy[1:][joined]
    step_of = barrier_of[is_line][line[:-1][joined]]
    steps = shapely.linestrings(np.stack([start, end], axis=1)) if len(start) else np.empty(0, dtype=object)
    heading = (end - start) / np.maximum(np.hypot(*(end - start).T), 1e-9)[:, None]
    piece, step = STRtree(steps).query(middles, predicate="dwithin", distance=BESIDE_MAIN_M + wider_m)
    across = np.abs((heading[step] * pieces.facing[piece]).sum(axis=1))
    distance = shapely.distance(middles[piece], steps[step])
    run = (pieces.middle[piece] - start[step]) * heading[step]
    length = np.hypot(*(end - start).T)[step]
    passed = np.maximum(-run.sum(axis=1), run.sum(axis=1) - length)
    beside = (across <= np.sqrt(1 - ALONG**2)) & (passed <= PAST_END_M)
    if len(piece):
        beside &= distance <= around.reach_m[step_of[step]] + wider_m
    wet, area = STRtree(parts[~is_line]).query(middles, predicate="dwithin", distance=ON_BARRIER_M + wider_m)
    return (
        np.concatenate([piece[beside], wet]),
        np.concatenate([step_of[step[beside]], barrier_of[~is_line][area]]),
        np.concatenate([distance[beside], shapely.distance(middles[wet], parts[~is_line][area])]),
    )


def cheapest_along(around: Surroundings, pieces: Pieces) -> tuple[Indices, Numbers]:
    """Find the barrier by which each piece is told, -1 where none runs along it, and how far away it is.

    The nearest counts, a main street before a lane at the same distance, and one with a name before one without.
    """
    piece, barrier, distance = barriers_along(around, pieces)
    nameless = np.array([not name for name in around.barrier_names], bool)
    price = np.array([BORDER_COST[kind] for kind in around.classes])
    worth = np.round(distance, 1) + NAMELESS_M * nameless[barrier] + price[barrier] if len(piece) else distance
    by_name = np.argsort(np.array(around.barrier_names, dtype=str), kind="stable")
    rank = np.argsort(by_name)
    chosen = first_of(piece, rank[barrier], worth, len(pieces.grid))  # of equals the first by name, not by row
    chosen = np.append(by_name, -1)[chosen]
    least = np.full(len(pieces.grid), np.inf)
    mine = barrier == chosen[piece]
    np.minimum.at(least, piece[mine], distance[mine])
    return chosen, least
