"""Where communities meet: outlines kept to the last bit, and border ends matched between neighbours vertex by vertex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from app.geo.arrangement import vertex_keys
from app.geo.crs import project, unproject

__all__ = ["Seams", "match_seams", "sew", "to_degrees_exactly"]

Point = tuple[float, float]
Edge = tuple[Point, Point]
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
    centimetre, so that two neighbours that cut the same edge at the same place agree on the point.

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
    on_edge = STRtree(rings_m).query(shapely.points(every[first][~known]), predicate="dwithin", distance=0.003)
    ends: dict[Edge, dict[float, Point]] = {}
    loose = np.flatnonzero(~known)
    seen: set[int] = set()
    for point, row in sorted(zip(on_edge[0].tolist(), on_edge[1].tolist(), strict=True)):
        if point in seen:
            continue
        seen.add(point)
        a, b = (tuple(end) for end in shapely.get_coordinates(rings[row]).tolist())
        low, high = min(a, b), max(a, b)
        length = float(np.hypot(*(shapely.get_coordinates(rings_m[row])[1] - shapely.get_coordinates(rings_m[row])[0])))
        along = float(rings_m[row].project(shapely.Point(every[first][loose[point]])))
        share = along / length if a == low else 1 - along / length
        steps = max(round(length / STEP_M), 2)
        step = min(max(round(share * steps), 1), steps - 1)
        where = (low[0] + (high[0] - low[0]) * (step / steps), low[1] + (high[1] - low[1]) * (step / steps))
        lonlat[loose[point]] = where
        ends.setdefault((low, high), {})[step] = where
    place = {tuple(key): row for row, key in enumerate(keys.tolist())}

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return lonlat[[place[tuple(key)] for key in vertex_keys(xy).tolist()]]

    moved = [np.asarray(shapely.transform(group, move), dtype=object) for group in geometries]
    return moved, Seams({edge: tuple(at[step] for step in sorted(at)) for edge, at in sorted(ends.items())})


def _edges_of(outline: BaseGeometry) -> NDArray[np.object_]:
    """Edges of a polygon as lines of two points."""
    parts = shapely.get_parts(outline)
    rings, _ = shapely.get_rings(parts, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    same = ring_of[1:] == ring_of[:-1]
    pairs = np.stack([xy[:-1][same], xy[1:][same]], axis=1)
    return np.asarray(shapely.linestrings(pairs), dtype=object)


def match_seams(seams: Sequence[Seams], outlines: Sequence[BaseGeometry]) -> list[dict[Edge, tuple[Point, ...]]]:
    """Find, for each community, the vertices that its neighbours' borders add between two vertices of its own.

    Returns
    -------
    For each community a mapping from (vertex, next vertex), the lower first, to the points to add between them.
    """
    edges = [{_ordered(line) for line in _edges_of(outline)} for outline in outlines]
    where: dict[Edge, list[int]] = {}
    for row, seam in enumerate(seams):
        for edge in seam.ends:
            where.setdefault(edge, []).append(row)
    everywhere: dict[Edge, list[Point]] = {}
    for edge, rows in where.items():
        everywhere[edge] = sorted({point for row in rows for point in seams[row].ends[edge]}, key=lambda p: _along(edge, p))
    added: list[dict[Edge, tuple[Point, ...]]] = []
    for own, seam in zip(edges, seams, strict=True):
        extra: dict[Edge, tuple[Point, ...]] = {}
        for edge in sorted(own & everywhere.keys()):
            points = everywhere[edge]
            mine = set(seam.ends.get(edge, ()))
            chain = [edge[0], *points, edge[1]]
            start, between = edge[0], []
            for point in chain[1:]:
                if point in mine or point == edge[1]:
                    if between:
                        extra[(start, point)] = tuple(between)
                    start, between = point, []
                else:
                    between.append(point)
        added.append(extra)
    return added


def _ordered(line: shapely.LineString) -> Edge:
    a, b = (tuple(end) for end in shapely.get_coordinates(line).tolist())
    return min(a, b), max(a, b)


def _along(edge: Edge, point: Point) -> float:
    (x0, y0), (x1, y1) = edge
    return (point[0] - x0) * (x1 - x0) + (point[1] - y0) * (y1 - y0)


def sew(polygons: NDArray[np.object_], extra: Mapping[Edge, tuple[Point, ...]]) -> NDArray[np.object_]:
    """Add the vertices of `extra` to the edges of polygons in degrees; geometries without such an edge stay the same."""
    if not extra:
        return polygons
    ends = np.array([[*a, *b] for a, b in extra])
    hit = np.unique(STRtree(polygons).query(shapely.linestrings(ends.reshape(-1, 2, 2)), predicate="intersects")[1])
    sewn = polygons.copy()
    for k in hit:
        sewn[k] = _sew_one(polygons[k], extra)
    return sewn


def _sew_one(polygon: BaseGeometry, extra: Mapping[Edge, tuple[Point, ...]]) -> BaseGeometry:
    def ring(coords: NDArray[np.float64]) -> list[Point]:
        points: list[Point] = [tuple(xy) for xy in coords.tolist()]
        out = [points[0]]
        for a, b in zip(points[:-1], points[1:], strict=True):
            low, high = min(a, b), max(a, b)
            between = extra.get((low, high), ())
            out.extend(between if a == low else between[::-1])
            out.append(b)
        return out

    parts = [
        shapely.Polygon(
            ring(shapely.get_coordinates(part.exterior)), [ring(shapely.get_coordinates(hole)) for hole in part.interiors]
        )
        for part in shapely.get_parts(polygon)
    ]
    return parts[0] if polygon.geom_type == "Polygon" else shapely.MultiPolygon(parts)
