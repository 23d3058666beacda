"""The units that all peers partition: street faces, and Voronoi cells of buildings inside faces that hold too many.

This is what a good GIS user builds today with momepy and shapely in an afternoon; nothing of this project is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import momepy
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import STRtree

from bench.divide.places import PlaceFrames

__all__ = ["MAX_HOUSEHOLDS", "TARGET_HOUSEHOLDS", "Units", "cut_units", "join_parts"]

MAX_HOUSEHOLDS, TARGET_HOUSEHOLDS = 500, 400
NEAR_M = 3.0
NO_STREET = {"construction", "proposed", "corridor", "elevator", "platform"}
MAIN_COST = {"motorway": 0.10, "trunk": 0.10, "primary": 0.10, "secondary": 0.15, "tertiary": 0.20}
LANES = {"service", "footway", "path", "steps", "pedestrian", "living_street", "track", "cycleway"}


@dataclass(frozen=True)
class Units:
    """Polygons in metres with their households, and the borders that two of one community share."""

    polygons: np.ndarray
    community: np.ndarray
    households: np.ndarray
    pairs: np.ndarray
    """Two unit numbers a row, the lower first."""
    lengths: np.ndarray
    costs: np.ndarray
    """Length of the shared border times what a metre of its street costs."""
    crs: object
    codes: np.ndarray
    """Community code by community number."""

    def of(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the units of one community, and the rows of `pairs` among them."""
        mine = np.flatnonzero(self.community == number)
        return mine, np.flatnonzero(self.community[self.pairs[:, 0]] == number)


def cut_units(place: PlaceFrames) -> Units:
    """Cut a place into units and measure their borders."""
    crs = utm_zone(place.communities)
    communities = place.communities.to_crs(crs)
    streets = streets_on_ground(place.streets.to_crs(crs))
    barriers = place.barriers.to_crs(crs).geometry.to_numpy()
    dwellings = place.buildings[place.buildings.households > 0]
    points = shapely.point_on_surface(dwellings.to_crs(crs).geometry.to_numpy())
    households = dwellings.households.to_numpy(np.int64)

    outlines = communities.geometry.to_numpy()
    faces = momepy.enclosures(
        streets[["geometry"]],
        limit=gpd.GeoSeries([shapely.union_all(outlines)], crs=crs),
        additional_barriers=[gpd.GeoSeries(shapely.get_parts(shapely.boundary(outlines)), crs=crs)],
    ).geometry.to_numpy()
    inside, owner = STRtree(outlines).query(shapely.point_on_surface(faces), predicate="intersects")
    first = np.unique(inside, return_index=True)[1]
    faces, community = faces[inside[first]], owner[first]

    polygons, community, counts = split_heavy_faces(faces, community, points, households)
    pairs, lengths, borders = shared_borders(polygons, community)
    costs = lengths * cost_per_metre(borders, streets, barriers)
    codes = communities.community_code.astype(str).to_numpy()
    return Units(polygons, community, counts, pairs, lengths, costs, crs, codes)


def utm_zone(frame: gpd.GeoDataFrame) -> str:
    """Name the UTM zone of a frame in degrees; asking PROJ's database takes a third of the whole division."""
    if frame.crs.is_projected:
        return str(frame.crs)
    west, south, east, north = frame.total_bounds
    return f"EPSG:{(32600 if south + north > 0 else 32700) + int((west + east) / 2 + 180) // 6 + 1}"


def streets_on_ground(streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Keep what is a street and lies on the ground."""
    tunnel = streets["tunnel"].isin(["yes", "building_passage"]) if "tunnel" in streets else False
    kept = streets[~(streets.highway.isin(NO_STREET) | tunnel)]
    return kept[kept.geom_type == "LineString"].reset_index(drop=True)


def split_heavy_faces(
    faces: np.ndarray, community: np.ndarray, points: np.ndarray, households: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Replace faces above the maximum by Voronoi cells of their dwellings."""
    dwelling, face = STRtree(faces).query(points, predicate="intersects")
    first = np.unique(dwelling, return_index=True)[1]
    dwelling, face = dwelling[first], face[first]
    total = np.bincount(face, weights=households[dwelling], minlength=len(faces)).astype(np.int64)
    heavy = np.flatnonzero((total > MAX_HOUSEHOLDS) & (np.bincount(face, minlength=len(faces)) > 1))
    light = np.setdiff1d(np.arange(len(faces)), heavy)
    polygons, owners, counts = [faces[light]], [community[light]], [total[light]]
    order = np.argsort(face, kind="stable")
    starts = np.searchsorted(face[order], np.arange(len(faces) + 1))
    for number in heavy:
        mine = dwelling[order[starts[number] : starts[number + 1]]]
        cells = shapely.voronoi_polygons(shapely.multipoints(points[mine]), extend_to=faces[number], ordered=True)
        cells = shapely.intersection(shapely.get_parts(cells), faces[number])
        polygons.append(cells)
        owners.append(np.full(len(cells), community[number]))
        counts.append(households[mine])
    return np.concatenate(polygons), np.concatenate(owners), np.concatenate(counts)


def shared_borders(polygons: np.ndarray, community: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure the borders between units of one community, with a centimetre of tolerance."""
    left, right = STRtree(polygons).query(polygons, predicate="dwithin", distance=0.01)
    keep = (left < right) & (community[left] == community[right])
    left, right = left[keep], right[keep]
    borders = shapely.intersection(shapely.boundary(polygons[left]), shapely.buffer(polygons[right], 0.02, quad_segs=1))
    lengths = shapely.length(borders)
    meet = lengths > 0.5
    return np.column_stack([left, right])[meet], lengths[meet], borders[meet]


def cost_per_metre(borders: np.ndarray, streets: gpd.GeoDataFrame, barriers: np.ndarray) -> np.ndarray:
    """Say what a metre of each border costs: little on a main street, most on open ground."""
    kinds = streets.highway.fillna("").str.split(";").str[0].str.replace("_link", "")
    street_costs = kinds.map(MAIN_COST).fillna(pd.Series(np.where(kinds.isin(LANES), 0.40, 0.30), index=kinds.index))
    lines = np.concatenate([streets.geometry.to_numpy(), barriers])
    line_costs = np.concatenate([street_costs.to_numpy(), np.full(len(barriers), 0.40)])
    costs = np.ones(len(borders))
    middles = shapely.point_on_surface(borders)
    border, line = STRtree(lines).query(middles, predicate="dwithin", distance=NEAR_M)
    np.minimum.at(costs, border, line_costs[line])
    return costs


def join_parts(count: int, pairs: np.ndarray, polygons: np.ndarray) -> np.ndarray:
    """Tie the parts of a graph together by their nearest units; METIS and SKATER refuse graphs in parts."""
    extra: list[tuple[int, int]] = []
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    parts, label = connected_components(links, directed=False)
    for part in range(1, parts):
        here, before = np.flatnonzero(label == part), np.flatnonzero(label < part)
        tree = STRtree(polygons[before])
        nearest = tree.nearest(polygons[here])
        closest = int(np.argmin(shapely.distance(polygons[here], polygons[before][nearest])))
        extra.append((int(here[closest]), int(before[nearest[closest]])))
    return np.array(extra, np.int64).reshape(-1, 2)
