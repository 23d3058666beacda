"""Borders over open ground, drawn as a person would: straight from corner to corner between the buildings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

__all__ = ["Chain", "open_chains", "relax_junctions", "straighten"]

CLEARANCE_M = 0.8
"""Distance that a straightened border keeps from dwellings where there is room."""
TURN_M = 3.0
"""A bend is worth this much extra length."""
SLIDE_M = 250.0
"""An end on a street may move along it by this much."""
STRIDE_M, BUMP_M = 1.0, 2.0
"""An end slides in such strides, over bumps of such height."""
LONGEST = 70
"""Vertices of a chain that are looked at together."""


@dataclass(frozen=True)
class Chain:
    """A stretch of border over open ground between two grids."""

    left: int
    right: int
    line: shapely.LineString


def open_chains(edges: NDArray[np.float64], pair: NDArray[np.int64]) -> list[Chain]:
    """Join edges over open ground into stretches between the same two grids, in a fixed order.

    Parameters
    ----------
    edges, pair
        Edges as x0, y0, x1, y1 and the two grids of each, lower first; shapes (m, 4) and (m, 2).
    """
    chains: list[Chain] = []
    for left, right in np.unique(pair, axis=0).tolist():
        mine = edges[(pair[:, 0] == left) & (pair[:, 1] == right)]
        merged = shapely.get_parts(
            shapely.line_merge(shapely.multilinestrings(shapely.linestrings(mine.reshape(-1, 2, 2))))
        )
        merged = merged[np.lexsort(shapely.get_coordinates(shapely.get_point(merged, 0)).T)]
        chains.extend(Chain(left, right, line) for line in merged)
    return chains


def straighten(
    chain: Chain,
    ground: BaseGeometry,
    anchored: NDArray[np.object_],
    dwellings: NDArray[np.object_],
) -> shapely.LineString:
    """Straighten a stretch of border without passing a dwelling to the other side.

    The shortest way over the vertices of the stretch is taken, then its bends are pulled tight, then its ends slide
    along the street or outline on which they stand. It stays inside `ground` and changes sides with no dwelling.

    Parameters
    ----------
    chain
        The stretch, in metres.
    ground
        The two grids together.
    anchored
        Lines along which ends may slide: streets, other barriers, the outline of the community.
    dwellings
        Footprints or points near the stretch.
    """
    coords = shapely.get_coordinates(chain.line)
    if len(coords) > LONGEST:
        coords = shapely.get_coordinates(shapely.simplify(chain.line, 0.5))
    if len(coords) > LONGEST or (coords[0] == coords[-1]).all():
        return chain.line
    field = _Field(ground, dwellings)
    path = _shortest(coords, field)
    for _ in range(3):
        path = _pull_tight(path, field)
    for turn in (False, True):
        walked = path[::-1] if turn else path
        walked = _slide_end(walked, ground, anchored, field)
        path = walked[::-1] if turn else walked
    path = _pull_tight(path, field)
    return shapely.LineString(path)


def relax_junctions(
    lines: list[shapely.LineString],
    pairs: list[tuple[int, int]],
    shapes: NDArray[np.object_],
    dwellings: NDArray[np.object_],
    others: NDArray[np.object_],
) -> list[shapely.LineString]:
    """Move each point where three stretches over open ground meet to where they are shortest together.

    Parameters
    ----------
    lines, pairs
        Stretches and the two grids on either side of each.
    shapes
        The grids.
    dwellings
        Footprints or points that no stretch may run through or pass to its other side.
    others
        Borders that are no stretches over open ground; a junction on one of them stays.
    """
    paths = [shapely.get_coordinates(line) for line in lines]
    meeting: dict[tuple[int, int], list[tuple[int, bool]]] = {}
    for k, path in enumerate(paths):
        for at_end in (False, True):
            x, y = np.round(path[-1 if at_end else 0] * 1000).astype(int).tolist()
            meeting.setdefault((x, y), []).append((k, at_end))
    fixed = STRtree(others)
    near = STRtree(dwellings)
    for _, ends in sorted(meeting.items()):
        if len(ends) != 3 or len({k for k, _ in ends}) != 3:
            continue
        turned = [paths[k] if at_end else paths[k][::-1] for k, at_end in ends]
        junction = turned[0][-1]
        if len(fixed.query(shapely.Point(junction), predicate="dwithin", distance=0.02)):
            continue
        ground = shapely.union_all(shapes[sorted({grid for k, _ in ends for grid in pairs[k]})], grid_size=0.001)
        reach = shapely.buffer(shapely.MultiPoint(np.vstack(turned)).convex_hull, 30.0)
        field = _Field(ground, dwellings[near.query(reach)])
        moved = _move_junction(turned, junction, field)
        if moved is None:
            continue
        for (k, at_end), path in zip(ends, turned, strict=True):
            joined = _pull_tight(np.vstack([path[:-1], moved]), field)
            paths[k] = joined if at_end else joined[::-1]
    return [shapely.LineString(path) for path in paths]


def _move_junction(
    turned: list[NDArray[np.float64]], junction: NDArray[np.float64], field: _Field
) -> NDArray[np.float64] | None:
    """Find a place from which the last vertices of three paths are nearer together, and free to reach."""
    last = np.array([path[-2] for path in turned])
    middle = last.mean(axis=0)
    for _ in range(40):  # Weiszfeld's iteration towards the point of least total distance
        weight = 1 / np.maximum(np.hypot(*(last - middle).T), 1e-6)
        middle = (last * weight[:, None]).sum(axis=0) / weight.sum()
    before = float(np.hypot(*(last - junction).T).sum())
    rest = [shapely.LineString(path[:-1]) for path in turned if len(path) > 2]
    for share in (1.0, 0.75, 0.5, 0.25):
        place = junction + share * (middle - junction)
        if before - float(np.hypot(*(last - place).T).sum()) < 0.5 or np.hypot(*(last - place).T).min() < 0.5:
            continue
        spokes = shapely.linestrings(np.stack([last, np.tile(place, (3, 1))], axis=1))
        swept = shapely.polygons(np.stack([last, np.tile(junction, (3, 1)), np.tile(place, (3, 1)), last], axis=1))
        swept = np.where(shapely.is_valid(swept), swept, shapely.make_valid(swept))
        crosses = any(shapely.crosses(line, spokes).any() for line in rest)
        if not crosses and field.free(spokes, swept).all():
            return np.asarray(place)
    return None


class _Field:
    """Where a border may run: inside the ground, clear of dwellings, none of them changing sides."""

    def __init__(self, ground: BaseGeometry, dwellings: NDArray[np.object_]) -> None:
        self.ground = shapely.buffer(ground, 0.02, quad_segs=2)
        shapely.prepare(self.ground)
        self.solid = STRtree(shapely.buffer(dwellings, CLEARANCE_M, quad_segs=2))
        self.whole = STRtree(dwellings)

    def free(self, segments: NDArray[np.object_], swept: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Tell which straight segments may replace what lies between them and the swept polygons' other side."""
        ok = np.asarray(shapely.covers(self.ground, segments))
        ok[np.unique(self.solid.query(segments, predicate="intersects")[0])] = False
        rows = np.flatnonzero(ok)
        if len(rows):
            ok[rows[np.unique(self.whole.query(swept[rows], predicate="intersects")[0])]] = False
        return ok


def _shortest(coords: NDArray[np.float64], field: _Field) -> NDArray[np.float64]:
    """Choose the vertices of the shortest way with few bends; the steps between neighbours are always open."""
    n = len(coords)
    i, j = np.triu_indices(n, 2)
    if len(i):
        segments = shapely.linestrings(np.stack([coords[i], coords[j]], axis=1))
        swept = np.array([shapely.Polygon(coords[a : b + 1]) for a, b in zip(i, j, strict=True)], dtype=object)
        bad = ~shapely.is_valid(swept)
        swept[bad] = shapely.make_valid(swept[bad])
        ok = field.free(segments, swept)
        i, j = i[ok], j[ok]
    i, j = np.append(i, np.arange(n - 1)), np.append(j, np.arange(1, n))
    price = np.hypot(*(coords[j] - coords[i]).T) + TURN_M
    best = np.full(n, np.inf)
    best[0] = 0.0
    before = np.full(n, -1)
    order = np.lexsort((j, i))
    for k in order:
        cost = best[i[k]] + price[k]
        if cost < best[j[k]] - 1e-9:
            best[j[k]], before[j[k]] = cost, i[k]
    way = [n - 1]
    while way[-1] > 0:
        way.append(int(before[way[-1]]))
    return coords[way[::-1]]


def _pull_tight(path: NDArray[np.float64], field: _Field) -> NDArray[np.float64]:
    """Move each bend towards the straight line between its neighbours as far as the ground is free."""
    path = path.copy()
    k = 1
    while k < len(path) - 1:
        a, v, b = path[k - 1], path[k], path[k + 1]
        chord = b - a
        share = float(np.clip(np.dot(v - a, chord) / max(float(np.dot(chord, chord)), 1e-9), 0.05, 0.95))
        goal = a + share * chord
        steps = np.array([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
        moved = v + steps[:, None] * (goal - v)
        ones = np.ones((len(steps), 1))
        left = shapely.linestrings(np.stack([ones * a, moved], axis=1))
        right = shapely.linestrings(np.stack([moved, ones * b], axis=1))
        swept = shapely.polygons(np.stack([ones * a, ones * v, ones * b, moved, ones * a], axis=1))
        bad = ~shapely.is_valid(swept)
        swept[bad] = shapely.make_valid(swept[bad])
        ok = field.free(left, swept) & field.free(right, swept)
        if ok.any():
            path[k] = moved[int(np.argmax(ok))]
            if ok[0]:
                path = np.delete(path, k, axis=0)
                continue
        k += 1
    return path


def _slide_end(
    path: NDArray[np.float64], ground: BaseGeometry, anchored: NDArray[np.object_], field: _Field
) -> NDArray[np.float64]:
    """Move the last vertex along the line it stands on to where the last step is shortest."""
    end, before = path[-1], path[-2]
    tip = shapely.Point(end)
    rows = [line for line in anchored if line.distance(tip) < 0.02]
    if not rows:
        return path
    rail = shapely.intersection(shapely.boundary(ground), shapely.buffer(tip, SLIDE_M))
    rail = shapely.intersection(rail, shapely.buffer(shapely.union_all(rows), 0.02))
    pieces = shapely.get_parts(rail)
    pieces = pieces[shapely.get_dimensions(pieces) == 1]
    pieces = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(pieces)))
    pieces = pieces[shapely.distance(pieces, tip) < 0.02]
    if not len(pieces):
        return path
    piece = pieces[int(np.argmin(shapely.distance(pieces, shapely.Point(before))))]
    start = piece.project(tip)
    goal = _downhill(piece, start, before)
    for share in (1.0, 0.75, 0.5, 0.25):
        walked = shapely.get_coordinates(substring(piece, start, start + share * (goal - start)))
        stop = walked[-1]
        run = stop - before
        gain = float(np.hypot(*(end - before)) - np.hypot(*run))
        if gain < 0.5:
            continue
        segment = shapely.linestrings([before, stop])
        swept = shapely.Polygon([before, end, *walked])  # all that lies between, round corners too
        swept = swept if swept.is_valid else shapely.make_valid(swept)
        if field.free(np.array([segment], dtype=object), np.array([swept], dtype=object))[0]:
            return np.vstack([path[:-1], stop])
    return path


def _downhill(rail: shapely.LineString, start: float, place: NDArray[np.float64]) -> float:
    """Walk along a rail as long as that leads nearer to a place; return how far along the rail that ends.

    Farther on there may be a nearer point, round a corner: a border that went there would leave nothing on one side.
    """
    best, goal = np.inf, start
    for ahead in (1.0, -1.0):
        along = np.clip(start + ahead * np.arange(0.0, SLIDE_M, STRIDE_M), 0.0, rail.length)
        away = np.hypot(*(shapely.get_coordinates(shapely.line_interpolate_point(rail, along)) - place).T)
        rises = np.append(away > np.minimum.accumulate(away) + BUMP_M, True)
        nearest = int(np.argmin(away[: int(np.argmax(rises))]))
        if away[nearest] < best:
            best, goal = float(away[nearest]), float(along[nearest])
    foot = float(rail.project(shapely.Point(place)))
    return foot if abs(foot - goal) <= STRIDE_M else goal
