"""Where communities meet: outlines kept to the last bit, ends of borders matched between neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from app.geo.arrangement import vertex_keys
from app.geo.crs import project, unproject

__all__ = ["Seams", "are_sound", "match_seams", "sew", "to_degrees_exactly"]

Point = tuple[float, float]
Edge = tuple[Point, Point]
ON_OUTLINE_M = 0.003
STEP_M = 0.01
"""Ends of borders stand on an outline at whole centimetres from the lower end of its edge."""


@dataclass(frozen=True)
class Seams:
    """For each edge of an outline on which borders end: the ends, in order from the lower end of the edge."""

    ends: Mapping[Edge, tuple[Point, ...]]


def to_degrees_exactly(
    geometries: Sequence[NDArray[np.object_]], outline: BaseGeometry, crs: CRS
) -> tuple[list[NDArray[np.object_]], Seams]:
    """Return polygons in degrees whose vertices on the outline are the outline's own, to the last bit.

    Other vertices are rounded to 1e-9 degrees. A vertex on an edge of the outline is put on that edge at a whole
    centimetre, so that two neighbours that cut the same edge at the same place agree on the point; within half a
    centimetre of a vertex of the outline it becomes that vertex.

    Parameters
    ----------
    geometries
        Arrays of polygons in metres of `crs` that tile the same ground.
    outline
        The community in degrees.
    """
    own = shapely.get_coordinates(outline)
    flat = project(np.array([outline], dtype=object), crs)[0]
    own_m = shapely.get_coordinates(flat)
    exact = {tuple(key): (float(x), float(y)) for key, (x, y) in zip(vertex_keys(own_m).tolist(), own, strict=True)}
    every = np.concatenate([shapely.get_coordinates(group) for group in geometries])
    keys, first = np.unique(vertex_keys(every), axis=0, return_index=True)
    lonlat = np.round(unproject(every[first], crs), 9)
    known = np.array([tuple(key) in exact for key in keys.tolist()])
    lonlat[known] = [exact[tuple(key)] for key in keys[known].tolist()]
    rings, rings_m = _edges_of(outline), _edges_of(flat)
    loose = np.flatnonzero(~known)
    tips = shapely.points(every[first][loose])
    near, row = STRtree(rings_m).query_nearest(tips, max_distance=ON_OUTLINE_M, all_matches=False)
    ends: dict[Edge, dict[int, Point]] = {}
    for point, edge_row in zip(loose[near].tolist(), row.tolist(), strict=True):
        a, b = (tuple(end) for end in shapely.get_coordinates(rings[edge_row]).tolist())
        low, high = min(a, b), max(a, b)
        edge_m = rings_m[edge_row]
        along = float(edge_m.project(shapely.Point(every[first][point]), normalized=True))
        steps = max(round(float(edge_m.length) / STEP_M), 1)
        step = round((along if a == low else 1 - along) * steps)
        if step in (0, steps):
            lonlat[point] = low if step == 0 else high
            continue
        where = (low[0] + (high[0] - low[0]) * (step / steps), low[1] + (high[1] - low[1]) * (step / steps))
        lonlat[point] = where
        ends.setdefault((low, high), {})[step] = where
    place = {tuple(key): row for row, key in enumerate(keys.tolist())}

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return lonlat[[place[tuple(key)] for key in vertex_keys(xy).tolist()]]

    moved = [_without_repetition(shapely.transform(group, move)) for group in geometries]
    return moved, Seams({edge: tuple(at[step] for step in sorted(at)) for edge, at in sorted(ends.items())})


def _without_repetition(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    """Take out repeated vertices; rings of which fewer than three vertices are left held no ground, and go.

    Whatever lies on either side of such a ring meets along the line that it has become.
    """
    parts, polygon_of = shapely.get_parts(polygons, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    moves = np.append(True, (ring_of[1:] != ring_of[:-1]) | (xy[1:] != xy[:-1]).any(axis=1))
    collapsed = np.bincount(ring_of[moves], minlength=len(rings)) < 4  # the first vertex comes once more at the end
    touched = np.unique(polygon_of[part_of[collapsed]])
    cleaned = polygons.copy()
    for k in touched.tolist():
        kept = []
        for part in np.flatnonzero(polygon_of == k).tolist():
            shell, *holes = rings[(part_of == part)]
            lost_shell, *lost = collapsed[part_of == part]
            if not lost_shell:
                kept.append(shapely.Polygon(shell, [hole for hole, gone in zip(holes, lost, strict=True) if not gone]))
        cleaned[k] = kept[0] if len(kept) == 1 else shapely.MultiPolygon(kept)
    return np.asarray(shapely.remove_repeated_points(cleaned), dtype=object)


def are_sound(polygons: NDArray[np.object_], seams: Seams, outline: BaseGeometry) -> bool:
    """Tell whether polygons in degrees are valid once each has every end of a border that stands on its edges."""
    [chains] = match_seams([seams], [outline])
    return bool(shapely.is_valid(sew(polygons, chains)).all())


def _edges_of(outline: BaseGeometry) -> NDArray[np.object_]:
    """Edges of a polygon as lines of two points."""
    parts = shapely.get_parts(outline)
    rings, _ = shapely.get_rings(parts, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    same = ring_of[1:] == ring_of[:-1]
    pairs = np.stack([xy[:-1][same], xy[1:][same]], axis=1)
    return np.asarray(shapely.linestrings(pairs), dtype=object)


def match_seams(seams: Sequence[Seams], outlines: Sequence[BaseGeometry]) -> list[dict[Edge, tuple[Point, ...]]]:
    """Collect, for each community, what ends on the edges of its outline, from either side.

    Returns
    -------
    For each community a mapping from an edge, the lower vertex first, to the points on it in order, vertices included.
    """
    everywhere: dict[Edge, set[Point]] = {}
    for seam in seams:
        for edge, points in seam.ends.items():
            everywhere.setdefault(edge, set()).update(points)
    chains = {
        edge: (edge[0], *sorted(points, key=lambda point, edge=edge: _along(edge, point)), edge[1])  # type: ignore[misc]
        for edge, points in everywhere.items()
    }
    return [
        {edge: chains[edge] for edge in sorted({_ordered(line) for line in _edges_of(outline)} & chains.keys())}
        for outline in outlines
    ]


def _ordered(line: shapely.LineString) -> Edge:
    a, b = (tuple(end) for end in shapely.get_coordinates(line).tolist())
    return min(a, b), max(a, b)


def _along(edge: Edge, point: Point) -> float:
    (x0, y0), (x1, y1) = edge
    return (point[0] - x0) * (x1 - x0) + (point[1] - y0) * (y1 - y0)


def sew(polygons: NDArray[np.object_], chains: Mapping[Edge, tuple[Point, ...]]) -> NDArray[np.object_]:
    """Give polygons in degrees every vertex of the chains between two vertices that they have; others stay the same.

    Parameters
    ----------
    chains
        As `match_seams` returns them for the community of the polygons.
    """
    if not chains:
        return polygons
    place: dict[Point, list[tuple[Edge, int]]] = {}
    for edge, chain in chains.items():
        for index, point in enumerate(chain):
            place.setdefault(point, []).append((edge, index))
    ends = np.array([[*a, *b] for a, b in chains])
    # By their boxes: a point computed on an edge need not lie on it to the last bit.
    hit = np.unique(STRtree(polygons).query(shapely.linestrings(ends.reshape(-1, 2, 2)))[1])
    sewn = polygons.copy()
    for k in hit:
        sewn[k] = _sew_one(polygons[k], chains, place)
    return sewn


def _sew_one(
    polygon: BaseGeometry, chains: Mapping[Edge, tuple[Point, ...]], place: Mapping[Point, list[tuple[Edge, int]]]
) -> BaseGeometry:
    def between(a: Point, b: Point) -> tuple[Point, ...]:
        for edge, i in place.get(a, ()):
            for other, j in place.get(b, ()):
                if edge == other and abs(i - j) > 1:
                    return chains[edge][i + 1 : j] if i < j else chains[edge][j + 1 : i][::-1]
        return ()

    def ring(coords: NDArray[np.float64]) -> list[Point]:
        points: list[Point] = [(x, y) for x, y in coords.tolist()]
        out = [points[0]]
        for a, b in pairwise(points):
            for point in (*between(a, b), b):
                if len(out) > 1 and out[-2] == point:
                    out.pop()  # out and back along the outline: a hair that has no width
                else:
                    out.append(point)
        while len(out) > 3 and out[1] == out[-2]:
            out = out[1:-1]
        return out

    parts = [
        shapely.Polygon(
            ring(shapely.get_coordinates(part.exterior)),
            [ring(shapely.get_coordinates(hole)) for hole in part.interiors],
        )
        for part in shapely.get_parts(polygon)
    ]
    return parts[0] if polygon.geom_type == "Polygon" else shapely.MultiPolygon(parts)
