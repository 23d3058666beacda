"""Street blocks 街坊: the faces between streets, without the slivers inside dual carriageways and roundabouts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from app.geo.arrangement import GRID_M, arrange, join_faces, noded
from app.geo.ridges import ridges_between
from app.geo.streets import is_main

__all__ = ["Blocks", "cut_blocks"]

DUAL_CARRIAGEWAY_M = 30.0
"""Main streets no further apart than this are one street, bordered on its middle."""
NARROW_STREETS_M = 12.0
"""The same for smaller streets and lanes."""


@dataclass(frozen=True)
class Blocks:
    """Blocks of a community in metres.

    Attributes
    ----------
    geometry
        Polygons that tile the outline, shape (n,).
    inner_lines
        Pieces of streets, lanes and other barriers that end inside a block.
    middles
        Middle lines of collapsed carriageways, with the class of the street in `middle_barrier`.
    """

    geometry: NDArray[np.object_]
    inner_lines: NDArray[np.object_]
    middles: NDArray[np.object_]
    middle_row: NDArray[np.int64]


def cut_blocks(
    lines: NDArray[np.object_],
    barrier: NDArray[np.str_],
    outline: BaseGeometry,
    buildings: NDArray[np.object_],
) -> Blocks:
    """Cut an outline into blocks by lines, and collapse the slivers between carriageways to their middle.

    Parameters
    ----------
    lines, barrier
        Lines inside the outline and their classes, shape (n,).
    buildings
        Footprints or points; a face with a building in it is no sliver.

    Notes
    -----
    Slivers that touch are taken together, and their ground goes to the nearest block around them: the middle between
    the two sides of a dual carriageway, and the spokes of a roundabout, come out of one rule. The outline itself
    attracts nothing, so a strip between a street and the outline goes to the blocks along it.
    """
    plane = arrange(lines, outline)
    pieces = noded(np.append(lines, shapely.boundary(outline)))
    sliver = _slivers(plane.faces, plane.edges, plane.sides, lines, barrier, buildings)
    on_edge = _on_edges(pieces, plane.edges)
    loose = pieces[~on_edge]
    if not sliver.any() or sliver.all():
        return Blocks(plane.faces, loose, np.array([], dtype=object), np.array([], dtype=np.int64))
    both = plane.sides.min(axis=1) >= 0
    inner = both & sliver[plane.sides].all(axis=1)
    group = join_faces(len(plane.faces), plane.sides[inner])
    facing = both & (sliver[plane.sides].sum(axis=1) == 1)
    lengths = plane.lengths
    edge_lines = shapely.linestrings(plane.edges.reshape(-1, 2, 2))
    grown: dict[int, list[BaseGeometry]] = {}
    middles: list[BaseGeometry] = []
    middle_row: list[int] = []
    kept_slivers: list[BaseGeometry] = []
    tree = STRtree(lines)
    for number in np.unique(group[sliver]):
        members = np.flatnonzero((group == number) & sliver)
        ground = shapely.union_all(plane.faces[members], grid_size=GRID_M)
        around = facing & np.isin(plane.sides, members).any(axis=1) & (lengths > 0.05)
        block = np.where(sliver[plane.sides[around, 0]], plane.sides[around, 1], plane.sides[around, 0])
        if not len(block):
            kept_slivers.extend(plane.faces[members])
            continue
        ridge = ridges_between(edge_lines[around], block, ground, spacing_m=2.0, tolerance_m=0.75)
        parts = (
            arrange(np.array([ridge], dtype=object), ground).faces if not ridge.is_empty else shapely.get_parts(ground)
        )
        sides = STRtree(edge_lines[around])
        owner = block[sides.query_nearest(shapely.point_on_surface(parts), all_matches=False)[1]]
        for face, part in zip(owner, parts, strict=True):
            grown.setdefault(int(face), []).append(part)
        if not ridge.is_empty:
            along = tree.query_nearest(
                shapely.line_interpolate_point(edge_lines[around], 0.5, normalized=True), all_matches=False
            )[1]
            best = int(along[np.argmin(_rank(barrier)[along])])
            middles.append(ridge)
            middle_row.append(best)
    whole = [
        shapely.union_all([plane.faces[k], *grown.get(int(k), [])], grid_size=GRID_M) for k in np.flatnonzero(~sliver)
    ]
    joined = shapely.get_parts(np.array([*whole, *kept_slivers], dtype=object))
    # Cut once more in one go, so that neighbours share every vertex; the ground inside each block is one face again.
    again = arrange(shapely.boundary(joined), outline)
    centre = shapely.point_on_surface(again.faces)
    hit_face, hit_block = STRtree(joined).query(centre, predicate="intersects")
    block_of = np.full(len(again.faces), -1)
    block_of[hit_face[::-1]] = hit_block[::-1]
    edges_in = again.sides.min(axis=1) >= 0
    same = edges_in & (block_of[again.sides[:, 0]] == block_of[again.sides[:, 1]]) & (block_of[again.sides[:, 0]] >= 0)
    group = join_faces(len(again.faces), again.sides[same])
    geometry = np.array(
        [shapely.coverage_union_all(again.faces[group == k]) for k in range(int(group.max()) + 1)], dtype=object
    )
    geometry = shapely.get_parts(geometry)
    slivers = shapely.union_all(plane.faces[sliver])
    shapely.prepare(slivers)
    loose = loose[~shapely.intersects(slivers, shapely.line_interpolate_point(loose, 0.5, normalized=True))]
    return Blocks(geometry, loose, np.array(middles, dtype=object), np.array(middle_row, dtype=np.int64))


def _slivers(
    faces: NDArray[np.object_],
    edges: NDArray[np.float64],
    sides: NDArray[np.int64],
    lines: NDArray[np.object_],
    barrier: NDArray[np.str_],
    buildings: NDArray[np.object_],
) -> NDArray[np.bool_]:
    """Tell which faces lie inside one street: narrow, without a building, between main streets or close lanes."""
    narrow = shapely.is_empty(shapely.buffer(faces, -DUAL_CARRIAGEWAY_M / 2, quad_segs=2))
    if not narrow.any() or not len(lines):
        return np.zeros(len(faces), bool)
    tight = narrow.copy()
    tight[narrow] = shapely.is_empty(shapely.buffer(faces[narrow], -NARROW_STREETS_M / 2, quad_segs=2))
    centre = shapely.points((edges[:, :2] + edges[:, 2:]) / 2)
    length = np.hypot(edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1])
    near, row = STRtree(lines).query(centre, predicate="dwithin", distance=0.01)
    main = np.zeros(len(edges), bool)
    main[near[is_main(barrier)[row]]] = True
    main |= sides.min(axis=1) < 0  # the outline borders whatever it borders
    total = np.zeros(len(faces))
    on_main = np.zeros(len(faces))
    for side in (0, 1):
        has = sides[:, side] >= 0
        np.add.at(total, sides[has, side], length[has])
        np.add.at(on_main, sides[has, side], (length * main)[has])
    outside = np.zeros(len(faces))
    np.add.at(outside, sides[sides.min(axis=1) < 0].max(axis=1), length[sides.min(axis=1) < 0])
    candidate = ((narrow & (on_main >= 0.6 * total)) | tight) & (outside < 0.9 * total)
    which = np.flatnonzero(candidate)
    if len(buildings) and len(which):
        face, row = STRtree(buildings).query(faces[which], predicate="intersects")
        covered = np.zeros(len(which))
        held = shapely.area(shapely.intersection(faces[which][face], buildings[row]))
        size = shapely.area(buildings[row])
        np.add.at(covered, face, np.where(size > 0, held > 0.3 * size, True))
        candidate[which[covered > 0]] = False
    return np.asarray(candidate)


def _on_edges(pieces: NDArray[np.object_], edges: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which noded pieces lie on edges of faces, rather than dangling inside one."""
    middle = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    found = np.zeros(len(pieces), bool)
    if len(edges):
        hit = STRtree(shapely.linestrings(edges.reshape(-1, 2, 2))).query(middle, predicate="dwithin", distance=GRID_M)
        found[hit[0]] = True
    return found


def _rank(barrier: NDArray[np.str_]) -> NDArray[np.int64]:
    order = ["trunk", "primary", "secondary", "tertiary", "motorway", "street", "lane"]
    return np.array([order.index(name) if name in order else len(order) for name in barrier])
