"""Streets and other barriers of one community, cleaned into the lines on which borders may run."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from app.geo.measures import MAIN_CLASSES, street_class

__all__ = ["BarrierLines", "carry_on_dead_ends", "collect_barriers", "pieces_within"]

ALONG_OUTLINE_M = 2.5
"""A street that runs this close to the outline of a community is the outline."""
SMALL_GAP_M = 5.0
"""A street that ends this close to another line meets it."""
CARRY_ON_M = 80.0
"""A dead end is carried straight on over open ground for at most this long."""
RIVER_M2 = 20_000.0
"""Water as large as this divides people even where no river line runs through it."""


@dataclass(frozen=True)
class BarrierLines:
    """Lines on which borders may run, in metres; all arrays have shape (n,).

    `barrier` holds a key of `measures.BORDER_COST`; `hard` marks what no grid crosses without need: '' or one of
    river, railway, motorway, main street.
    """

    geometry: NDArray[np.object_]
    barrier: NDArray[np.str_]
    name: NDArray[np.object_]
    hard: NDArray[np.str_]


def collect_barriers(
    streets: gpd.GeoDataFrame, barriers: gpd.GeoDataFrame, hard_barriers: frozenset[str]
) -> BarrierLines:
    """Gather streets on the ground and the outlines of other barriers as single lines with their classes.

    Tunnels, and classes that are no street on the ground, are left out. A pond is a barrier like a wall; a river, or
    any water with a river line in it, is a hard one.

    Parameters
    ----------
    streets, barriers
        Frames as `Layers` describes them, in a metric CRS.
    hard_barriers
        As in `Rules`.
    """
    classes = np.array([street_class(highway) for highway in streets["highway"]], dtype=object)
    keep = (classes != "") & ~streets["tunnel"].to_numpy(bool)
    street_hard = np.where(
        classes == "motorway",
        "motorway",
        np.where(np.isin(classes, ["trunk", "primary"]), "main street", ""),
    )
    kinds = barriers["kind"].to_numpy(object)
    shapes = barriers.geometry.to_numpy()
    dimension = shapely.get_dimensions(shapes)
    kept_barriers = ~barriers["tunnel"].to_numpy(bool) if "tunnel" in barriers else np.ones(len(barriers), bool)
    rivers = shapes[(kinds == "waterway") & (dimension == 1)]
    is_area = dimension == 2
    with_river = np.zeros(len(shapes), bool)
    if len(rivers) and is_area.any():
        with_river[np.unique(STRtree(rivers).query(shapes, predicate="intersects")[0])] = True
    river = (kinds == "waterway") | ((kinds == "water") & is_area & (with_river | (shapely.area(shapes) > RIVER_M2)))
    barrier_class = np.select(
        [np.isin(kinds, ["water", "waterway"]), kinds == "railway"], ["water", "rail"], default="wall"
    )
    barrier_hard = np.select([river, kinds == "railway"], ["river", "railway"], default="")
    outlines = np.where(is_area, shapely.boundary(shapes), shapes)
    geometry = np.concatenate([streets.geometry.to_numpy()[keep], outlines[kept_barriers]])
    barrier = np.concatenate([classes[keep], barrier_class[kept_barriers]]).astype(str)
    name = np.concatenate([streets["name"].to_numpy(object)[keep], barriers["name"].to_numpy(object)[kept_barriers]])
    hard = np.concatenate([street_hard[keep], barrier_hard[kept_barriers]]).astype(str)
    hard = np.where(np.isin(hard, sorted(hard_barriers)), hard, "")
    parts, row = shapely.get_parts(geometry, return_index=True)
    return BarrierLines(parts, barrier[row], name[row], hard[row])


def pieces_within(lines: NDArray[np.object_], outline: BaseGeometry) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Cut lines to the inside of an outline, without what runs along the outline itself.

    Returns
    -------
    The pieces and the row of the line that each came from.
    """
    near_edge = shapely.buffer(shapely.boundary(outline), ALONG_OUTLINE_M, quad_segs=2)
    shapely.prepare(near_edge)
    inside = shapely.intersection(lines, outline)
    pieces, row = shapely.get_parts(inside, return_index=True)
    keep = shapely.get_type_id(pieces) == shapely.GeometryType.LINESTRING
    pieces, row = pieces[keep], row[keep]
    touching = shapely.intersects(near_edge, pieces)
    free, free_row = pieces[~touching], row[~touching]
    away = shapely.difference(pieces[touching], near_edge)
    close = shapely.intersection(pieces[touching], near_edge)
    away_parts, away_of = shapely.get_parts(away, return_index=True)
    close_parts, close_of = shapely.get_parts(close, return_index=True)
    crossing = shapely.length(close_parts) <= 4 * ALONG_OUTLINE_M
    kept = np.concatenate([free, away_parts, close_parts[crossing]])
    rows = np.concatenate([free_row, row[touching][away_of], row[touching][close_of[crossing]]])
    lines_only = (shapely.get_type_id(kept) == shapely.GeometryType.LINESTRING) & (shapely.length(kept) > 0)
    return kept[lines_only], rows[lines_only]


def carry_on_dead_ends(
    lines: NDArray[np.object_],
    outline: BaseGeometry,
    buildings: NDArray[np.object_],
    *,
    small_gap_m: float = SMALL_GAP_M,
    carry_on_m: float = CARRY_ON_M,
) -> NDArray[np.object_]:
    """Draw what closes small gaps and carries dead ends straight on to the next line, never through a building.

    Parameters
    ----------
    lines
        Noded lines: they meet only at their ends.
    outline
        The community; its boundary is a line like the others.
    buildings
        Footprints that nothing is drawn through.
    """
    if not len(lines):
        return np.array([], dtype=object)
    first, last = shapely.get_point(lines, 0), shapely.get_point(lines, -1)
    ends = shapely.get_coordinates(np.concatenate([first, last]))
    line_of = np.tile(np.arange(len(lines)), 2)
    _, inverse, count = np.unique(np.round(ends, 3), axis=0, return_inverse=True, return_counts=True)
    edge = shapely.boundary(outline)
    loose = (count[inverse.ravel()] == 1) & (shapely.distance(shapely.points(ends), edge) > 0.01)
    obstacles = STRtree(buildings)
    targets = np.append(lines, edge)
    tree = STRtree(targets)
    drawn = []
    for k in np.flatnonzero(loose):
        tip, own = shapely.points(ends[k]), int(line_of[k])
        coords = shapely.get_coordinates(lines[own])
        coords = coords if k < len(lines) else coords[::-1]  # tip first
        heading = _heading(coords)
        ahead = shapely.linestrings([ends[k], ends[k] + heading * carry_on_m])
        candidates = []
        hits = tree.query(ahead, predicate="intersects")
        crossed = shapely.get_coordinates(shapely.intersection(ahead, targets[hits[hits != own]]))
        gaps = np.hypot(*(crossed - ends[k]).T)
        if (gaps > 0.01).any():
            candidates.append(shapely.linestrings([ends[k], crossed[gaps > 0.01][gaps[gaps > 0.01].argmin()]]))
        near = tree.query(tip, predicate="dwithin", distance=small_gap_m)
        near = near[near != own]
        if len(near):
            links = shapely.shortest_line(tip, targets[near])
            candidates.append(links[shapely.length(links).argmin()])
        candidates.sort(key=lambda link: float(link.length))
        for link in candidates:
            if link.length > 0.01 and not len(obstacles.query(link, predicate="intersects")):
                drawn.append(link)
                break
    return np.array(drawn, dtype=object)


def _heading(coords: NDArray[np.float64]) -> NDArray[np.float64]:
    """Direction in which a line leaves its first vertex, averaged over its last 10 m."""
    walked = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(coords, axis=0).T))])
    back = coords[min(int(np.searchsorted(walked, 10.0)), len(coords) - 1)]
    run = coords[0] - back
    return np.asarray(run / max(float(np.hypot(*run)), 1e-9))


def is_main(barrier: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Tell which classes may be dual carriageways."""
    return np.isin(barrier, sorted(MAIN_CLASSES))
