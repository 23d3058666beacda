"""Where the outlines of two communities disagree: the strips, who lives there, and lines that would settle it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from app.geo.counting import counting_points
from app.geo.crs import metric_crs, project, unproject
from app.geo.measures import STREET_CLASSES, street_class
from app.geo.survey import polygons_only

__all__ = ["Candidate", "Dispute", "Disputed", "Strip", "settle_disputes"]

NEAR_M = 40.0
"""A street this close to a strip may settle it."""

LEAST_ALONG = 0.5
"""Share of the length of the strips that a street has to run beside them."""

TOUCH_M = 0.5

LEAST_PART_M2 = 1.0

Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class Disputed:
    """Ground that two communities both claim (重叠) or both leave out (空白), in longitude/latitude.

    `communities` are rows of the layer; the first of them is whom the software takes it for.
    """

    kind: Literal["重叠", "空白"]
    communities: tuple[int, int]
    width_m: float
    area_m2: float
    shape: shapely.Geometry


@dataclass(frozen=True)
class Strip:
    """A piece of disputed ground with the rows of the dwellings on it, and how many households they hold."""

    ground: Disputed
    buildings: tuple[int, ...]
    households: float


@dataclass(frozen=True)
class Candidate:
    """A line that would settle a dispute: what it runs on, where, and what falls to either side.

    `first` and `second` are the number of dwellings and of households that would belong to either community.
    """

    kind: Literal["existing", "street", "compound"]
    name: str
    line: shapely.Geometry
    """In longitude/latitude; empty where one community takes it all."""
    first: tuple[int, float]
    second: tuple[int, float]


@dataclass(frozen=True)
class Dispute:
    """All that two communities, rows of the layer in its order, do not agree on."""

    first: int
    second: int
    strips: tuple[Strip, ...]
    candidates: tuple[Candidate, ...]

    @property
    def households(self) -> float:
        """Households on disputed ground."""
        return sum(strip.households for strip in self.strips)


@dataclass(frozen=True)
class _Field:
    """A dispute in metres: both communities without the strips, the strips, and whom each falls to otherwise."""

    crs: CRS
    first: shapely.Geometry
    second: shapely.Geometry
    strips: Shapes
    to_first: NDArray[np.bool_]


def settle_disputes(
    disputed: Sequence[Disputed],
    communities: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    compounds: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame,
) -> tuple[Dispute, ...]:
    """Gather disputed ground by pairs of communities and look for up to three lines that would settle each.

    The lines are the one that the software takes as it stands, the middle of a street along the strips, and one that
    leaves every compound with the community in which most of it lies.

    Parameters
    ----------
    disputed
        Pieces of ground, in any order.
    communities, streets, compounds, buildings
        As `Layers` describes them.
    """
    pairs: dict[tuple[int, int], list[Disputed]] = {}
    for ground in disputed:
        low, high = sorted(ground.communities)
        pairs.setdefault((low, high), []).append(ground)
    dwellings = np.flatnonzero(buildings["households"].to_numpy(float) > 0) if len(buildings) else np.empty(0, int)
    drawn = np.asarray(buildings.geometry.array, dtype=object)[dwellings]
    points = counting_points(drawn)
    households = buildings["households"].to_numpy(float)[dwellings] if len(dwellings) else np.empty(0)
    settled = []
    for (first, second), grounds in sorted(pairs.items()):
        places = sorted(grounds, key=lambda ground: (-ground.area_m2, ground.shape.bounds))
        inside = [np.flatnonzero(shapely.intersects(ground.shape, points)) for ground in places]
        strips = tuple(
            Strip(ground, tuple(dwellings[rows].tolist()), float(households[rows].sum()))
            for ground, rows in zip(places, inside, strict=True)
        )
        field = _lay_out(communities, first, second, places)
        here = np.unique(np.concatenate([*inside, []]).astype(int))
        counts = (project(points[here], field.crs), households[here])
        found = [
            _weigh("existing", "", field, field.to_first[:, None], field.strips[:, None], counts),
            _along_street(field, streets, counts),
            _by_compound(field, compounds, counts),
        ]
        settled.append(Dispute(first, second, strips, tuple(one for one in found if one is not None)))
    return tuple(settled)


def _lay_out(communities: gpd.GeoDataFrame, first: int, second: int, places: Sequence[Disputed]) -> _Field:
    outlines = np.asarray(communities.geometry.array, dtype=object)[[first, second]]
    crs = metric_crs(float(shapely.centroid(places[0].shape).x))
    one, other = project(outlines, crs)
    strips = project(np.array([ground.shape for ground in places], dtype=object), crs)
    contested = shapely.union_all(strips)
    to_first = np.array([ground.communities[0] == first for ground in places], bool)
    first_rest, second_rest = (_without_hairs(shapely.difference(outline, contested)) for outline in (one, other))
    return _Field(crs, first_rest, second_rest, strips, to_first)


def _without_hairs(shape: shapely.Geometry) -> shapely.Geometry:
    """Drop what rounding left along the edge of the strips."""
    core = shapely.buffer(shape, -TOUCH_M / 2, join_style="mitre")
    return shapely.buffer(core, TOUCH_M / 2, join_style="mitre")


def _weigh(
    kind: Literal["existing", "street", "compound"],
    name: str,
    field: _Field,
    to_first: NDArray[np.bool_],
    parts: Shapes,
    counts: tuple[Shapes, NDArray[np.float64]],
) -> Candidate:
    """Count what falls to either side when each part of the strips goes to one, and draw the line between them."""
    points, households = counts
    flat, mine = polygons_only(parts.ravel()), to_first.ravel()
    one = shapely.union_all([field.first, *flat[mine]])
    other = shapely.union_all([field.second, *flat[~mine]])
    near = shapely.buffer(shapely.union_all(field.strips), 2 * TOUCH_M)
    line = shapely.intersection(shapely.intersection(shapely.boundary(one), shapely.buffer(other, TOUCH_M)), near)
    lines = [part for part in shapely.get_parts(line) if part.length > TOUCH_M]
    merged = shapely.line_merge(shapely.MultiLineString(lines)) if lines else shapely.MultiLineString()
    ground = shapely.union_all(flat[mine]) if mine.any() else shapely.Polygon()
    inside = shapely.intersects(ground, points) if len(points) else np.empty(0, bool)
    return Candidate(
        kind,
        name,
        shapely.transform(merged, lambda xy: unproject(xy, field.crs)),
        (int(inside.sum()), float(households[inside].sum())),
        (int((~inside).sum()), float(households[~inside].sum())),
    )


def _along_street(
    field: _Field, streets: gpd.GeoDataFrame, counts: tuple[Shapes, NDArray[np.float64]]
) -> Candidate | None:
    """Let the middle of the best street near the strips divide them: main streets first, then the longest beside."""
    if not len(streets):
        return None
    zone = shapely.buffer(shapely.union_all(field.strips), NEAR_M)
    lines = project(np.asarray(streets.geometry.array, dtype=object), field.crs)
    near = np.flatnonzero(shapely.intersects(zone, lines))
    ways: dict[tuple[int, str], list[shapely.Geometry]] = {}
    for row in near.tolist():
        kind = street_class(str(streets["highway"].iloc[row]))
        if kind:
            key = (STREET_CLASSES.index(kind), str(streets["name"].iloc[row]))
            ways.setdefault(key, []).append(lines[row])
    least = LEAST_ALONG * sum(_long_side(strip) for strip in field.strips)
    for (_, name), parts in sorted(ways.items(), key=lambda way: (way[0][0], -_length_in(way[1], zone), way[0][1])):
        if _length_in(parts, zone) < least:  # it only crosses
            continue
        cut = _cut_by(zone, _extended(parts))
        mine = [_is_nearer(part, field) for part in cut]
        if len(cut) < 2 or len(set(mine)) < 2:
            continue
        pieces = np.array([[shapely.intersection(strip, part) for part in cut] for strip in field.strips], dtype=object)
        flags = np.broadcast_to(np.array(mine, bool), pieces.shape)
        return _weigh("street", name, field, flags, pieces, counts)
    return None


def _long_side(shape: shapely.Geometry) -> float:
    box = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    return float(np.hypot(*np.diff(box[:3], axis=0).T).max())


def _length_in(parts: Sequence[shapely.Geometry], zone: shapely.Geometry) -> float:
    return float(shapely.length(shapely.intersection(np.array(parts, dtype=object), zone)).sum())


def _extended(parts: Sequence[shapely.Geometry]) -> shapely.Geometry:
    """Join the parts of a way and carry their ends on straight: it may stop just short of where the strips end."""
    joined = shapely.line_merge(shapely.union_all(parts))
    longer = []
    for line in shapely.get_parts(joined):
        xy = shapely.get_coordinates(line)
        for end, before in ((xy[0], xy[1]), (xy[-1], xy[-2])):
            step = end - before
            longer.append(shapely.LineString([end, end + step * (4 * NEAR_M / np.hypot(*step))]))
    return shapely.union_all([joined, *longer])


def _cut_by(zone: shapely.Geometry, way: shapely.Geometry) -> list[shapely.Geometry]:
    """Cut a zone along a way; what the way does not reach across stays whole."""
    faces = shapely.polygonize([shapely.union_all([shapely.boundary(zone), way])])
    return [
        face
        for face in shapely.get_parts(faces)
        if face.area > LEAST_PART_M2 and zone.contains(face.point_on_surface())
    ]


def _is_nearer(part: shapely.Geometry, field: _Field) -> bool:
    """Tell whether a part of the ground around the strips is rather the first community's."""
    mine = shapely.area(shapely.intersection(part, field.first))
    return bool(mine >= shapely.area(shapely.intersection(part, field.second)))


def _by_compound(
    field: _Field, compounds: gpd.GeoDataFrame, counts: tuple[Shapes, NDArray[np.float64]]
) -> Candidate | None:
    """Leave every compound whole, with the community in which most of it lies beside the strips."""
    if not len(compounds):
        return None
    shapes = project(np.asarray(compounds.geometry.array, dtype=object), field.crs)
    near = np.flatnonzero(shapely.intersects(shapely.union_all(field.strips), shapes))
    owners: Mapping[int, bool] = {
        int(row): _is_nearer(shapes[row], field)
        for row in near
        if shapely.area(shapely.intersection(shapes[row], shapely.union_all([field.first, field.second]))) > 0
    }
    if not owners:
        return None
    mine = shapely.union_all([shapes[row] for row, first in owners.items() if first] or [shapely.Polygon()])
    theirs = shapely.union_all([shapes[row] for row, first in owners.items() if not first] or [shapely.Polygon()])
    parts = [
        [
            shapely.intersection(strip, mine),
            shapely.intersection(strip, shapely.difference(theirs, mine)),
            shapely.difference(strip, shapely.union(mine, theirs)),
        ]
        for strip in field.strips
    ]
    flags = np.array([[True, False, default] for default in field.to_first.tolist()], bool)
    names = "、".join(sorted({str(compounds["name"].iloc[row]) for row in owners} - {""}))
    return _weigh("compound", names, field, flags, np.array(parts, dtype=object), counts)
