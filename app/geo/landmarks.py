"""What could tell a border over open ground: streets, walls and water near it, and the dwellings beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.measures import ON_BARRIER_M
from app.geo.rules import Rules
from app.geo.streets import BarrierLines

__all__ = ["SERVES_M", "TOLD_M", "Landmarks", "find_landmarks"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

SERVES_M = 60.0
"""A street this near to a border over open ground might have served instead."""
TOLD_M = 40.0
"""A dwelling this near to a border tells where it runs."""
PACE_M = 5.0
ALONG = float(np.cos(np.radians(45)))
"""A line that runs within 45° of a border runs along it."""
AT_END_M = 5.0


@dataclass(frozen=True)
class Landmarks:
    """What lies by a border over open ground.

    `serving_m` of it have a line alongside or across within 60 m that could have been the border instead, `names` the
    names of such lines; `inner_m` of it without the lines around a block above the maximum, which has to be divided
    inside. `whole_m` of it run through blocks that need not be divided; `block_households` live in that of the others
    in which most of it runs. `dwellings` stand within 40 m, along `told_m` of it.
    """

    serving_m: float
    names: tuple[str, ...]
    inner_m: float
    whole_m: float
    block_households: float
    dwellings: int
    told_m: float


def find_landmarks(
    border: Geometries,
    lines: BarrierLines,
    faces: Geometries,
    face_households: Numbers,
    dwellings: Geometries,
    rules: Rules,
) -> Landmarks:
    """Look for what could tell a border over open ground.

    Parameters
    ----------
    border
        Its stretches, in metres.
    lines
        Streets and other barriers on the ground.
    faces, face_households
        What the lines divide the community into, and how many households live in each.
    dwellings
        Footprints or points.
    rules
        The band.
    """
    paces = _pace_out(border)
    serving, serves = _served(paces, border, lines.geometry)
    names = np.unique(lines.name[serves][lines.name[serves] != ""].astype(str))
    large = face_households > rules.max_households
    pace, face = STRtree(faces).query(paces.middles, predicate="intersects")
    run_m = np.bincount(face, weights=paces.lengths[pace], minlength=len(faces))
    inner = serving.copy()
    for k in np.flatnonzero(large & (run_m > 0)).tolist():
        ground = shapely.buffer(faces[k], -ON_BARRIER_M)
        within = shapely.get_parts(shapely.intersection(lines.geometry, ground))
        mine = pace[face == k]
        inner[mine] = _served(paces, border, within[shapely.get_dimensions(within) == 1])[0][mine]
    block = int(np.where(large, run_m, -1.0).argmax())
    near, dwelling = STRtree(dwellings).query(paces.middles, predicate="dwithin", distance=TOLD_M)
    return Landmarks(
        serving_m=float(paces.lengths[serving].sum()),
        names=tuple(names.tolist()),
        inner_m=float(paces.lengths[inner].sum()),
        whole_m=float(run_m[~large].sum()),
        block_households=float(face_households[block]),
        dwellings=len(np.unique(dwelling)),
        told_m=float(paces.lengths[np.unique(near)].sum()),
    )


@dataclass(frozen=True)
class _Paces:
    """A border walked in paces of at most 5 m; all arrays have shape (n, …)."""

    middles: Geometries
    runs: Numbers
    lengths: Numbers


def _pace_out(border: Geometries) -> _Paces:
    ends = _steps(shapely.segmentize(border, PACE_M))[0]
    runs = ends[:, 1] - ends[:, 0]
    return _Paces(shapely.points(ends.mean(axis=1)), runs, np.hypot(*runs.T))


def _steps(lines: Geometries) -> tuple[Numbers, Indices]:
    """Take lines apart into their straight steps, shape (n, 2, 2), and say from which line each comes."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    same = line[1:] == line[:-1]
    return np.stack([xy[:-1][same], xy[1:][same]], axis=1), line[1:][same]


def _served(paces: _Paces, border: Geometries, lines: Geometries) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which paces have a line alongside, or one that crosses the border, within 60 m, and which lines these are.

    A line that only meets an end of the border does not cross it.
    """
    served, serves = np.zeros(len(paces.middles), bool), np.zeros(len(lines), bool)
    steps, line_of = _steps(lines)
    pace, step = STRtree(shapely.linestrings(steps)).query(paces.middles, predicate="dwithin", distance=SERVES_M)
    run = (steps[:, 1] - steps[:, 0])[step]
    along = np.abs((paces.runs[pace] * run).sum(axis=1)) > ALONG * paces.lengths[pace] * np.hypot(*run.T)
    served[pace[along]] = True
    serves[line_of[step[along]]] = True

    stretch, line = STRtree(lines).query(border, predicate="intersects")
    spots, k = shapely.get_parts(shapely.intersection(border[stretch], lines[line]), return_index=True)
    tips = shapely.multipoints(np.concatenate([shapely.get_point(border, 0), shapely.get_point(border, -1)]))
    across = shapely.distance(spots, tips) > AT_END_M
    pace = STRtree(spots[across]).query(paces.middles, predicate="dwithin", distance=SERVES_M)[0]
    served[pace] = True
    serves[line[k[across]]] = True
    return served, serves
