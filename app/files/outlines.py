"""How the outlines of communities fit each other: where they overlap or gape, how wide, and closing it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import STRtree

from app.files.shapes import polygonal
from app.geo.crs import METRES_PER_DEGREE, metric_crs, project, unproject

__all__ = ["MOST_WIDTH_M", "Misfit", "Misfits", "close_misfits", "find_misfits"]

Shapes = NDArray[np.object_]

MOST_WIDTH_M = 5.0
"""Overlaps and gaps no wider than this are left as they are."""

WIDEST_GAP_M = 50.0
"""What is wider between communities is land of nobody (a lake, a restricted area), not a gap in the drawing."""

LEAST_AREA_M2 = 1.0
"""Smaller overlaps and gaps are rounding."""

LEAST_EDGE_SHARE = 0.85
"""Share of its edge that a gap has on communities: a bay between two outer corners has less."""

LEAST_SECOND_SHARE = 0.1
"""Share of its edge that a gap has on the second of its communities."""

TOUCH_M = 0.02
MOST_ROUNDS = 4


@dataclass(frozen=True)
class Misfit:
    """One place where outlines do not fit.

    `communities` are positions in the array that was looked at: of an overlap the two that overlap; of a gap those
    around it, the one with the longest edge on it first.
    """

    communities: tuple[int, ...]
    width_m: float
    area_m2: float
    lon: float
    lat: float
    shape: shapely.Polygon
    """In longitude/latitude."""


@dataclass(frozen=True)
class Misfits:
    """What is wrong between communities; `overlaps` and `gaps` are wider than 5 m, `holes` wider than 50 m."""

    overlaps: tuple[Misfit, ...]
    gaps: tuple[Misfit, ...]
    holes: tuple[Misfit, ...]
    small_overlaps: int
    small_overlaps_m2: float
    small_gaps: int
    small_gaps_m2: float


def find_misfits(outlines: Shapes) -> Misfits:
    """Find where communities overlap or leave gaps between them.

    Parameters
    ----------
    outlines
        Valid polygons in longitude/latitude, in the order of their codes. Widths are measured in the 3-degree zone of
        the place. A gap is a strip up to 50 m wide that lies between two or more communities along most of its edge,
        closed or open to the outside.
    """
    overlaps, small_overlaps = _find_overlaps(outlines)
    free = _has_free_edges(outlines)
    west, _, east, _ = _zone_numbers(shapely.bounds(outlines)).T
    gaps: list[Misfit] = []
    holes: list[Misfit] = []
    small_gaps: list[float] = []
    for zone in range(west.min(), east.max() + 1):
        members = np.flatnonzero((west <= zone) & (east >= zone))
        if free[members].any():
            _find_gaps(outlines, members, free, zone, gaps, holes, small_gaps)
    return Misfits(
        tuple(overlaps),
        tuple(gaps),
        tuple(holes),
        len(small_overlaps),
        sum(small_overlaps),
        len(small_gaps),
        sum(small_gaps),
    )


def _zone_numbers(longitudes: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.floor(longitudes / 3 + 0.5).astype(np.int64)


def _find_overlaps(outlines: Shapes) -> tuple[list[Misfit], list[float]]:
    first, second = STRtree(outlines).query(outlines)
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    first, second = first[first < second], second[first < second]
    parts, pair = shapely.get_parts(shapely.intersection(outlines[first], outlines[second]), return_index=True)
    is_area = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    parts, pair = parts[is_area], pair[is_area]
    zones = _zone_numbers(shapely.get_x(shapely.centroid(parts)))
    wide: list[Misfit] = []
    small: list[float] = []
    for zone in np.unique(zones):
        mine = zones == zone
        crs = metric_crs(3.0 * zone)
        metric = project(parts[mine], crs)
        for part, shape, where in zip(parts[mine], metric, pair[mine], strict=True):
            if shape.area < LEAST_AREA_M2:
                continue
            if _is_wider(shape, MOST_WIDTH_M):
                both = (int(first[where]), int(second[where]))
                wide.append(_misfit(both, part, shape, crs))
            else:
                small.append(float(shape.area))
    return sorted(wide, key=lambda misfit: (misfit.communities, misfit.lon, misfit.lat)), small


def _is_wider(shape: shapely.Geometry, width_m: float) -> bool:
    """Tell whether a disc of that diameter fits in."""
    return bool(
        shape.area > np.pi * width_m**2 / 4
        and not shapely.is_empty(shapely.buffer(shape, -width_m / 2, join_style="mitre"))
    )


def _misfit(communities: tuple[int, ...], degrees: shapely.Geometry, metres: shapely.Geometry, crs: CRS) -> Misfit:
    radius = shapely.maximum_inscribed_circle(metres, tolerance=0.05)
    place = unproject(shapely.get_coordinates(radius)[:1], crs)[0]
    return Misfit(communities, 2 * float(radius.length), float(metres.area), float(place[0]), float(place[1]), degrees)


def _has_free_edges(outlines: Shapes) -> NDArray[np.bool_]:
    """Tell which communities have an edge that no other has as well, end by end, from the other side.

    A community without any lies in the middle of others that fit it: no gap can touch it.
    """
    rings, owner = shapely.get_rings(shapely.orient_polygons(outlines), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same_ring = ring[:-1] == ring[1:]
    start, end, owner = xy[:-1][same_ring], xy[1:][same_ring], owner[ring[:-1][same_ring]]
    backwards = (end[:, 0] < start[:, 0]) | ((end[:, 0] == start[:, 0]) & (end[:, 1] < start[:, 1]))
    low, high = np.where(backwards[:, None], end, start), np.where(backwards[:, None], start, end)
    mixed = np.zeros(len(low), np.uint64)
    for column in (*low.T, *high.T):  # a 64-bit hash of the four numbers; equal edges have equal hashes
        mixed = (mixed ^ (column + 0.0).view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    _, edge, uses = np.unique(mixed, return_inverse=True, return_counts=True)
    fits = (uses == 2) & (np.bincount(edge, weights=backwards) == 1)
    free = np.zeros(len(outlines), bool)
    free[owner[~fits[edge]]] = True
    return free


def _dissolve(outlines: Shapes) -> Shapes:
    """Return communities that fit each other as few polygons, the fast way where it works."""
    try:
        whole = shapely.coverage_union_all(outlines)
    except shapely.GEOSException:  # two sets of communities lie upon each other
        whole = shapely.union_all(outlines)
    return np.asarray(shapely.get_parts(whole), dtype=object)


def _find_gaps(
    outlines: Shapes,
    members: NDArray[np.int64],
    free: NDArray[np.bool_],
    zone: int,
    gaps: list[Misfit],
    holes: list[Misfit],
    small_gaps: list[float],
) -> None:
    """Add the gaps and holes that lie in this zone, to which the members reach."""
    crs = metric_crs(3.0 * zone)
    loose, fitting = members[free[members]], members[~free[members]]
    metric = _projected(outlines[loose], crs)
    shapely.prepare(metric)
    rest = _projected(_dissolve(outlines[fitting]), crs) if len(fitting) else fitting.astype(object)
    land = shapely.union_all(np.concatenate([metric, rest]))
    tree = STRtree(metric)
    reach = WIDEST_GAP_M / 2
    closed = shapely.buffer(shapely.buffer(land, reach), -reach)
    between = shapely.get_parts(shapely.difference(closed, land))
    wide_holes = [hole for hole in _holes(land) if _is_wider(hole, WIDEST_GAP_M)]
    between = between[(shapely.get_dimensions(between) == 2) & (shapely.area(between) >= LEAST_AREA_M2)]
    part, neighbour = tree.query(between, predicate="dwithin", distance=TOUCH_M)
    for k in np.flatnonzero(np.bincount(part, minlength=len(between)) > 1):
        around = _edge_holders(between[k], metric, np.sort(neighbour[part == k]))
        if not around:
            continue
        shape = _to_degrees(shapely.buffer(between[k], TOUCH_M / 2), crs)
        misfit = _misfit(tuple(int(loose[n]) for n in around), shape, between[k], crs)
        if _zone_numbers(np.array([misfit.lon]))[0] != zone:
            continue
        if _is_wider(between[k], MOST_WIDTH_M):
            gaps.append(misfit)
        else:
            small_gaps.append(misfit.area_m2)
    for hole in wide_holes:
        misfit = _misfit((), _to_degrees(hole, crs), hole, crs)
        if _zone_numbers(np.array([misfit.lon]))[0] == zone:
            holes.append(misfit)


def _projected(shapes: Shapes, crs: CRS) -> Shapes:
    """Return polygons in metres, valid although rounding may have made an edge cross another."""
    metric = project(shapes, crs)
    crossed = ~shapely.is_valid(metric)
    metric[crossed] = polygonal(shapely.make_valid(metric[crossed], method="structure", keep_collapsed=False))
    return metric


def _holes(land: shapely.Geometry) -> Shapes:
    rings, owner = shapely.get_rings(shapely.get_parts(land), return_index=True)
    return np.asarray(shapely.polygons(rings[1:][owner[1:] == owner[:-1]]), dtype=object)


def _edge_holders(gap: shapely.Polygon, metric: Shapes, neighbours: NDArray[np.int64]) -> list[int]:
    """Return the communities along the edge of a gap, the longest edge first; none where it is no gap between them."""
    ends = [shapely.get_coordinates(ring) for ring in shapely.get_rings(gap)]
    middles = shapely.points(np.concatenate([(xy[1:] + xy[:-1]) / 2 for xy in ends]))
    lengths = np.concatenate([np.hypot(*(xy[1:] - xy[:-1]).T) for xy in ends])
    on_edge = np.array([shapely.dwithin(metric[n], middles, TOUCH_M) for n in neighbours])
    held = on_edge @ lengths
    covered = float(lengths[on_edge.any(axis=0)].sum())
    perimeter = float(lengths.sum())
    order = np.lexsort((neighbours, -np.round(held, 1)))
    if covered < LEAST_EDGE_SHARE * perimeter or held[order[1]] < LEAST_SECOND_SHARE * perimeter:
        return []
    return [int(neighbours[n]) for n in order if held[n] > 0]


def _to_degrees(shape: shapely.Polygon, crs: CRS) -> shapely.Polygon:
    return shapely.transform(shape, lambda xy: unproject(xy, crs))


def close_misfits(outlines: Shapes, misfits: Misfits) -> Shapes:
    """Return the outlines with overlaps given to the lower position and gaps to the neighbour longest on them.

    Vertices that exist stay where they are to the last bit, so neighbours go on sharing them. A community that nothing
    is left of comes back as an empty polygon.
    """
    closed = outlines
    for _ in range(MOST_ROUNDS):  # where wide gaps cross, the middle is left for the next round
        closed = _close_once(closed, misfits)
        misfits = Misfits((), (), (), 0, 0, 0, 0) if shapely.is_empty(closed).any() else find_misfits(closed)
        if not misfits.overlaps and not misfits.gaps:
            break
    return closed


def _close_once(outlines: Shapes, misfits: Misfits) -> Shapes:
    closed = outlines.copy()
    for lower, higher in sorted({(misfit.communities[0], misfit.communities[1]) for misfit in misfits.overlaps}):
        closed[higher] = _without_crumbs(shapely.difference(closed[higher], closed[lower]))
    for gap in misfits.gaps:
        near = STRtree(closed).query(gap.shape)
        piece = _without_crumbs(shapely.difference(gap.shape, shapely.union_all(closed[near])))
        owner = gap.communities[0]
        closed[owner] = polygonal(np.array([shapely.union(closed[owner], piece)], dtype=object))[0]
    return closed


def _without_crumbs(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the polygons of a shape in degrees that are larger than rounding."""
    parts = shapely.get_parts(polygonal(np.array([shape], dtype=object)))
    parts = parts[~shapely.is_empty(parts)]
    m2 = shapely.area(parts) * METRES_PER_DEGREE**2 * np.cos(np.radians(shapely.get_y(shapely.centroid(parts))))
    lasting = parts[m2 >= LEAST_AREA_M2]
    return polygonal(np.array([shapely.multipolygons(lasting)], dtype=object))[0]
