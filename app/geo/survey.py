"""What was drawn, laid out in metres: the grids and communities of a plan, each in the zone of its community."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import STRtree

from app.geo.crs import metric_crs, project, unproject

__all__ = [
    "Statements",
    "Survey",
    "Zone",
    "bodies_of",
    "largest_polygons",
    "lonlat",
    "neck_of",
    "polygons_only",
    "read_statements",
    "survey_grids",
]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]

DENSE_DEGREES = 0.0002
"""Vertices every 20 m or so before projecting: a straight edge of the file must not become a chord of the plane."""
FAR_ZONES = 3
"""A grid this many zones from its community is not where it says, and no plane could hold both."""


@dataclass(frozen=True)
class Zone:
    """The grids and communities that are measured in one 3-degree zone; `grids` and `communities` are row numbers."""

    number: int
    crs: CRS
    grids: Indices
    communities: Indices
    box: tuple[float, float, float, float]
    """West, south, east and north of them, in degrees."""

    def rows_near(self, geometries: Geometries) -> Indices:
        """Find the geometries, in degrees, whose box comes within some 100 m of the zone's grids and communities."""
        west, south, east, north = shapely.bounds(geometries).T if len(geometries) else np.empty((4, 0))
        margin = 0.001
        return np.flatnonzero(
            (east >= self.box[0] - margin)
            & (west <= self.box[2] + margin)
            & (north >= self.box[1] - margin)
            & (south <= self.box[3] + margin)
        )

    def in_metres(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Take the rows of a frame in degrees that are near, with their shapes in metres."""
        shapes = np.asarray(frame.geometry.array, dtype=object)
        near = self.rows_near(shapes)
        metric = gpd.GeoSeries(project(shapes[near], self.crs), crs=self.crs)
        return frame.iloc[near].reset_index(drop=True).set_geometry(metric)


@dataclass(frozen=True)
class Survey:
    """Grids and communities as rows of arrays; a row's metric shape is in the plane of its zone.

    `grid_group` numbers the community codes that grids bear, known or not: grids of one group should fit each other.
    """

    grid_codes: NDArray[np.object_]
    grid_names: NDArray[np.object_]
    grid_group: Indices
    grid_community: Indices
    """Row of the grid's community, -1 where none bears its code."""
    grids_drawn: Geometries
    """As written, in degrees; empty where there was nothing."""
    grids: Geometries
    """Valid polygons and multipolygons in metres."""
    unsound: NDArray[np.bool_]
    """Grids whose geometry is missing, invalid or no polygon at all."""
    community_codes: NDArray[np.object_]
    communities_drawn: Geometries
    communities: Geometries
    zones: tuple[Zone, ...]

    def groups(self) -> list[Indices]:
        """Rows of the grids of each community code, in order of the codes."""
        order = np.argsort(self.grid_group, kind="stable")
        starts = np.flatnonzero(np.diff(self.grid_group[order], prepend=-1))
        return np.split(order, starts[1:]) if len(order) else []

    def members(self) -> list[Indices]:
        """Rows of the grids of each community, in the order of the communities; some may have none."""
        order = np.argsort(self.grid_community, kind="stable")
        edges = np.searchsorted(self.grid_community[order], np.arange(len(self.community_codes) + 1))
        return [order[edges[k] : edges[k + 1]] for k in range(len(self.community_codes))]

    def zone_of_grid(self, row: int) -> Zone:
        """Find the zone in which a grid is measured."""
        return next(zone for zone in self.zones if row in zone.grids)


def survey_grids(grids: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> Survey:
    """Lay out grids and communities for measuring.

    Hand-drawn grids may lack codes: a missing `grid_code` becomes the number of the row counted from 1, a missing
    `community_code` the community that holds most of the grid. Nothing that was drawn is refused; what is no sound
    polygon is marked `unsound` and measured by what can be made of it.

    Parameters
    ----------
    grids
        In EPSG:4490, with `grid_code`, `community_code` and `name` where they are known.
    communities
        As `Layers` describes them.
    """
    drawn, unsound = _as_drawn(grids)
    sound = polygons_only(drawn)
    outlines = np.asarray(communities.geometry.array, dtype=object)
    outlines_sound = polygons_only(outlines)
    community_codes = _texts(communities, "community_code")
    own_community = (
        _texts(grids, "community_code")
        if "community_code" in grids
        else np.append(community_codes, "")[_holders(sound, outlines_sound)].astype(object)
    )
    grid_codes = (
        _texts(grids, "grid_code")
        if "grid_code" in grids
        else np.array([str(number + 1) for number in range(len(grids))], dtype=object)
    )
    row_of = {code: row for row, code in enumerate(community_codes)}
    grid_community = np.array([row_of.get(code, -1) for code in own_community], dtype=np.int64)
    _, grid_group = np.unique(own_community.astype(str), return_inverse=True)

    community_zone = _zone_numbers(outlines_sound)
    grid_zone = _zone_numbers(sound)
    home_zone = grid_zone[np.unique(grid_group, return_index=True)[1]][
        grid_group
    ]  # strays: with the first of their code
    known = grid_community >= 0
    home_zone[known] = community_zone[grid_community[known]]
    astray = np.abs(grid_zone - home_zone) > FAR_ZONES
    sound[astray] = shapely.Polygon()
    unsound |= astray
    grid_zone = home_zone
    metric_grids = np.empty(len(grids), dtype=object)
    metric_communities = np.empty(len(communities), dtype=object)
    zones = []
    for number in np.union1d(grid_zone, community_zone):
        crs = metric_crs(3.0 * float(number))
        here, homes = np.flatnonzero(grid_zone == number), np.flatnonzero(community_zone == number)
        metric_grids[here] = _to_metres(sound[here], crs)
        metric_communities[homes] = _to_metres(outlines_sound[homes], crs)
        bounds = shapely.bounds(np.concatenate([sound[here], outlines_sound[homes]]))
        bounds = bounds[np.isfinite(bounds).all(axis=1)]
        west, south = bounds[:, :2].min(axis=0, initial=np.inf)
        east, north = bounds[:, 2:].max(axis=0, initial=-np.inf)
        zones.append(Zone(int(number), crs, here, homes, (float(west), float(south), float(east), float(north))))
    return Survey(
        grid_codes=grid_codes,
        grid_names=_texts(grids, "name"),
        grid_group=np.asarray(grid_group, dtype=np.int64),
        grid_community=grid_community,
        grids_drawn=drawn,
        grids=metric_grids,
        unsound=unsound,
        community_codes=community_codes,
        communities_drawn=outlines,
        communities=metric_communities,
        zones=tuple(zones),
    )


@dataclass(frozen=True)
class Statements:
    """What the grids say of themselves; None where they lack the column."""

    households: NDArray[np.float64] | None
    special: NDArray[np.bool_]
    reasons: NDArray[np.object_] | None
    reason_codes: NDArray[np.object_]


def read_statements(grids: gpd.GeoDataFrame) -> Statements:
    """Read what grids say of themselves; grids drawn by hand may lack every column."""
    households = grids["households"].to_numpy(dtype=float, na_value=np.nan) if "households" in grids else None
    return Statements(
        households=None if households is None or np.isnan(households).all() else households,
        special=np.array([_is_special(kind) for kind in _texts(grids, "kind")], bool),
        reasons=_texts(grids, "reason") if "reason" in grids else None,
        reason_codes=_texts(grids, "reason_code"),
    )


# --- edges and borders ------------------------------------------------------------------------------------------------


def _is_special(kind: str) -> bool:
    return kind == "special" or "专属" in kind


def polygons_only(geometries: Geometries) -> Geometries:
    """Make geometries valid and keep their polygons; a sound polygon or multipolygon stays as it is."""
    areal = np.isin(shapely.get_type_id(geometries), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    mend = np.flatnonzero(~(areal & shapely.is_valid(geometries)))
    sound = geometries.copy()
    for row, mended in zip(mend, shapely.make_valid(geometries[mend]), strict=True):
        parts = shapely.get_parts(shapely.get_parts(mended))
        sound[row] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return sound


def largest_polygons(geometries: Geometries) -> Geometries:
    """Take the largest single polygon of each geometry, just as it is drawn."""
    collections, row = shapely.get_parts(geometries, return_index=True)
    parts, collection = shapely.get_parts(collections, return_index=True)
    row = row[collection]
    polygons = shapely.get_dimensions(parts) == 2
    parts, row = parts[polygons], row[polygons]
    order = np.lexsort((-shapely.area(parts), row))
    rows, first = np.unique(row[order], return_index=True)
    largest = np.full(len(geometries), shapely.Polygon(), dtype=object)
    largest[rows] = parts[order][first]
    return largest


def bodies_of(shapes: Geometries, half_width_m: float, body_m2: float) -> Indices:
    """Count the bodies of more than `body_m2` that remain of each shape when `half_width_m` is taken off its edge."""
    cores, row = shapely.get_parts(shapely.buffer(shapes, -half_width_m), return_index=True)
    return np.bincount(row[shapely.area(cores) > body_m2], minlength=len(shapes)).astype(np.int64)


def neck_of(shape: shapely.Geometry, half_width_m: float, body_m2: float) -> shapely.Geometry | None:
    """Find where a shape is joined only by less than twice `half_width_m`: the middle of the neck, None without one.

    A neck joins two bodies, of more than `body_m2` each when the shape is shrunk by `half_width_m`.
    """
    cores = shapely.get_parts(shapely.buffer(shape, -half_width_m))
    cores = cores[shapely.area(cores) > body_m2]
    if len(cores) < 2:
        return None
    bodies = shapely.buffer(cores, half_width_m * 1.01)
    rest = shapely.get_parts(shapely.difference(shape, shapely.union_all(bodies)))
    touched = np.array([(shapely.distance(piece, bodies) < half_width_m * 0.1).sum() for piece in rest], dtype=int)
    if (touched >= 2).any():
        return shapely.point_on_surface(rest[int(touched.argmax())])
    first, second = cores[np.argsort(-shapely.area(cores), kind="stable")[:2]]
    return shapely.line_interpolate_point(shapely.shortest_line(first, second), 0.5, normalized=True)


def lonlat(points: Geometries, crs: CRS) -> list[tuple[float, float]]:
    """Return longitude and latitude of metric points, rounded to a decimetre (6 decimals)."""
    return [(x, y) for x, y in np.round(unproject(shapely.get_coordinates(points), crs), 6).tolist()]


def _as_drawn(grids: gpd.GeoDataFrame) -> tuple[Geometries, NDArray[np.bool_]]:
    """Geometries with the unusable replaced by empty polygons, and which are not sound polygons."""
    given = np.asarray(grids.geometry.array, dtype=object)
    nothing = shapely.is_missing(given)
    sizes = shapely.bounds(given) if len(given) else np.empty((0, 4))
    broken = ~nothing & ~shapely.is_empty(given) & ~np.isfinite(sizes).all(axis=1)
    drawn = np.where(nothing | broken, shapely.Polygon(), given)
    areal = np.isin(shapely.get_type_id(drawn), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    unsound = ~areal | shapely.is_empty(drawn) | ~shapely.is_valid(drawn)
    return shapely.force_2d(drawn), unsound


def _holders(shapes: Geometries, outlines: Geometries) -> Indices:
    """Row of the outline that holds most of each shape; -1 where none does."""
    shape, outline = STRtree(outlines).query(shapes, predicate="intersects")
    area = shapely.area(shapely.intersection(shapes[shape], outlines[outline]))
    order = np.lexsort((outline, -area, shape))
    rows, first = np.unique(shape[order], return_index=True)
    holders = np.full(len(shapes), -1, dtype=np.int64)
    holders[rows] = outline[order][first]
    return holders


def _texts(frame: gpd.GeoDataFrame, column: str) -> NDArray[np.object_]:
    if column not in frame:
        return np.full(len(frame), "", dtype=object)
    return np.array(["" if pd.isna(value) else str(value).strip() for value in frame[column]], dtype=object)


def _zone_numbers(shapes: Geometries) -> Indices:
    """3-degree zone of the middle of each shape; an empty shape goes with the first that is not."""
    bounds = shapely.bounds(shapes) if len(shapes) else np.empty((0, 4))
    middle = (bounds[:, 0] + bounds[:, 2]) / 2
    known = np.isfinite(middle)
    filler = float(middle[known][0]) if known.any() else 0.0
    return np.floor(np.where(known, middle, filler) / 3 + 0.5).astype(np.int64)


def _to_metres(shapes: Geometries, crs: CRS) -> Geometries:
    return polygons_only(project(shapely.segmentize(shapes, DENSE_DEGREES), crs))
