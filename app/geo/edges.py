"""How the lines of neighbouring grids fit, and what the borders between them run on."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.crs import project
from app.geo.measures import BORDER_COST, BorderLengths, measure_border, street_class
from app.geo.places import Finding, Place, Value
from app.geo.survey import Survey, Zone, largest_polygons

__all__ = ["Edges", "barriers_on_ground", "check_borders", "check_edges", "match_edges", "measure_borders"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

NEAR_MISS_M = 0.05
"""Two grids this close share a border although their lines do not match."""
NEAR_MISS_DEGREES = 1e-6


@dataclass(frozen=True)
class Edges:
    """How the lines of grids fit: per grid what does not match, in degrees, and borders per group in metres."""

    within: Geometries
    between: Geometries
    borders: list[tuple[Indices, shapely.Geometry]]


def match_edges(survey: Survey) -> Edges:
    """Match the lines of grids vertex by vertex, in degrees as written, within communities and between them.

    Only communities whose own outlines fit each other are held to fit between them.
    """
    flat = largest_polygons(survey.grids_drawn)
    empty = shapely.LineString()
    within = np.full(len(flat), empty, dtype=object)
    between = within.copy()
    borders = []
    exact = np.ones(len(flat), bool)  # in groups that fit, equal segments are the borders
    for rows in survey.groups():
        if len(rows) < 2:
            continue
        near = shapely.coverage_invalid_edges(flat[rows], gap_width=NEAR_MISS_DEGREES)
        if shapely.is_empty(near).all() and not survey.unsound[rows].any():
            continue
        exact[rows] = False
        borders.append((rows, _near_borders(largest_polygons(survey.grids[rows]))))
        if survey.grid_community[rows[0]] >= 0:
            within[rows] = shapely.coverage_invalid_edges(flat[rows])
    borders += _equal_borders(survey, flat, np.flatnonzero(exact))
    fits = shapely.is_empty(shapely.coverage_invalid_edges(survey.communities_drawn))
    rows = np.flatnonzero((survey.grid_community >= 0) & np.append(fits, False)[survey.grid_community])
    if len(rows):
        between[rows] = shapely.coverage_invalid_edges(flat[rows])
    between[~shapely.is_empty(within)] = empty
    return Edges(within, between, borders)


def _near_borders(polygons: Geometries) -> shapely.Geometry:
    """Where polygons of one community meet within 5 cm, each stretch once."""
    first, second = STRtree(polygons).query(polygons, predicate="dwithin", distance=NEAR_MISS_M)
    first, second = first[first < second], second[first < second]
    shared = shapely.intersection(shapely.boundary(polygons[first]), shapely.buffer(polygons[second], NEAR_MISS_M))
    parts = shapely.get_parts(shapely.get_parts(shared))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 1], grid_size=NEAR_MISS_M)


def _equal_borders(survey: Survey, flat: Geometries, rows: Indices) -> list[tuple[Indices, shapely.Geometry]]:
    """Borders of groups whose lines match vertex by vertex: the segments that two grids of a group have in common."""
    rings, ring_row = _rings(flat[rows])
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    open_ = ring[:-1] == ring[1:]
    start, end = xy[:-1][open_], xy[1:][open_]
    row = rows[ring_row[ring[:-1][open_]]]
    backwards = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    start[backwards], end[backwards] = end[backwards], start[backwards]
    group = survey.grid_group[row]
    order = np.lexsort((end[:, 1], end[:, 0], start[:, 1], start[:, 0], group))
    start, end, group, row = start[order], end[order], group[order], row[order]
    twice = (start[1:] == start[:-1]).all(axis=1) & (end[1:] == end[:-1]).all(axis=1)
    twice &= (group[1:] == group[:-1]) & (row[1:] != row[:-1])
    shared = np.flatnonzero(twice)
    borders = []
    for zone in survey.zones:
        mine = shared[np.isin(row[shared], zone.grids)]
        if not len(mine):
            continue
        segments = project(shapely.linestrings(np.stack([start[mine], end[mine]], axis=1)), zone.crs)
        cuts = np.flatnonzero(np.diff(group[mine])) + 1
        for part, rows_of in zip(np.split(segments, cuts), np.split(row[mine], cuts), strict=True):
            borders.append((np.unique(rows_of), shapely.multilinestrings(part)))
    return borders


def _rings(polygons: Geometries) -> tuple[Geometries, Indices]:
    rings, row = shapely.get_rings(polygons, return_index=True)
    return rings, row


def check_edges(survey: Survey, edges: Edges) -> Finding:
    """Count the grids whose lines do not match, and point to the first vertex that does not."""
    places = []
    for promise, faults, zh, en in (
        (
            "edge_mismatch",
            edges.within,
            "与本社区相邻网格的边线不重合",
            "its border does not match that of a grid beside it",
        ),
        (
            "edge_mismatch_between",
            edges.between,
            "与相邻社区网格的边线不重合",
            "its border does not match the next community's",
        ),
    ):
        for row in np.flatnonzero(~shapely.is_empty(faults)):
            x, y = np.round(shapely.get_coordinates(faults[row])[0], 6)
            places.append(Place(promise, str(survey.grid_codes[row]), float(x), float(y), 1, zh, en))
    values: dict[str, Value] = {
        "edge_mismatch": int((~shapely.is_empty(edges.within)).sum()),
        "edge_mismatch_between": int((~shapely.is_empty(edges.between)).sum()),
    }
    return Finding(values, places)


def check_borders(measured: list[tuple[Zone, BorderLengths]]) -> Finding:
    """Add up what the borders between grids of a community run on."""
    total = sum(border.total_m for _, border in measured)
    values: dict[str, Value] = {
        "border_km": round(total / 1000, 3),
        "on_barrier": round(sum(border.on_barrier_m for _, border in measured) / total, 4) if total else None,
        "cost": round(sum(border.cost for _, border in measured), 1),
    }
    return Finding(values, [])


def barriers_on_ground(streets: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame) -> tuple[Geometries, Numbers]:
    """Gather, in degrees, what a border may run on, and what a metre of border on each costs; tunnels do not count."""
    classes = [street_class(highway) for highway in streets["highway"]]
    on_ground = np.array([kind != "" for kind in classes], bool) & ~streets["tunnel"].to_numpy(bool)
    lines = np.concatenate([streets.geometry.array[on_ground], barriers.geometry.array]).astype(object)
    costs = np.array(
        [BORDER_COST[kind] for kind, kept in zip(classes, on_ground, strict=True) if kept]
        + [BORDER_COST["wall"]] * len(barriers)
    )
    return lines, costs


def measure_borders(
    survey: Survey, edges: Edges, streets: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame
) -> list[tuple[Zone, BorderLengths]]:
    """Measure the borders within each community against the streets on the ground and the other barriers."""
    lines, costs = barriers_on_ground(streets, barriers)
    measured = []
    for zone in survey.zones:
        near = zone.rows_near(lines)
        near_lines, near_costs = project(lines[near], zone.crs), costs[near]
        tree = STRtree(near_lines)
        members = np.zeros(len(survey.grids), bool)
        members[zone.grids] = True
        for rows, border in edges.borders:
            if members[rows[0]]:
                hits = np.sort(tree.query(shapely.buffer(shapely.envelope(border), 20), predicate="intersects"))
                measured.append((zone, measure_border(border, near_lines[hits], near_costs[hits])))
    return measured
