"""Street blocks 街坊: the faces between streets, without the slivers inside dual carriageways and roundabouts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from app.geo.arrangement import GRID_M, Arrangement, arrange, arrange_noded, join_faces, noded, union_by
from app.geo.measures import STREET_CLASSES
from app.geo.ridges import ridges_between
from app.geo.streets import is_main

__all__ = ["Blocks", "cut_blocks"]

DUAL_CARRIAGEWAY_M = 30.0
"""Main streets no further apart than this are one street, bordered on its middle."""
NARROW_STREETS_M = 12.0
"""The same for smaller streets and lanes."""
WALL_STRIP_M = 24.0
"""Ground between a street and a wall that is usually no wider than this belongs to what lies behind the wall."""
WALLED_SHARE = 0.3
"""It does so if the wall takes up more than this of its edge: not where a long strip only ends at a wall."""
ARM_M2 = 150.0
"""Smaller bits of narrow ground are left where they are."""


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
    lived_in: NDArray[np.bool_],
    enclosures: NDArray[np.object_],
) -> Blocks:
    """Cut an outline into blocks by lines and enclosures, without strips beside walls and slivers inside streets.

    Parameters
    ----------
    lines, barrier
        Lines inside the outline and their classes, shape (n,).
    buildings, lived_in
        Footprints or points and whether anyone lives there, shape (m,). A face with a building in it is no sliver, one
        with a dwelling in it is no strip.
    enclosures
        Areas of compounds, special sites and groups: their edges divide like a wall.

    Notes
    -----
    Narrow ground that touches is taken together and goes to the nearest block around it: the middle between the two
    sides of a dual carriageway, and the spokes of a roundabout, come out of one rule. The outline itself attracts
    nothing, so a strip between a street and the outline goes to the blocks along it. The strip between a street and a
    wall goes to what lies behind the wall, so that the border runs on the street.
    """
    walls = shapely.boundary(enclosures)
    drawn = np.concatenate([lines, walls])
    classes = np.concatenate([barrier, np.full(len(walls), "wall")])
    pieces = noded(np.append(drawn, shapely.boundary(outline)))
    plane = arrange_noded(pieces, outline)
    loose = pieces[~_on_edges(pieces, plane.edges)]
    walls = np.append(walls, lines[barrier == "wall"])
    streets = lines[np.isin(barrier, STREET_CLASSES)]
    arms = _arms(plane, _near(plane, walls), buildings[lived_in])
    if len(arms):
        plane = arrange(np.concatenate([drawn, shapely.boundary(arms)]), outline)
    on_street = _near(plane, streets) | (plane.sides.min(axis=1) < 0)
    strip = _strips(plane, _near(plane, walls), on_street, buildings[lived_in])
    geometry, _, emptied = _collapse(plane, strip, ~on_street, enclosures, outline)
    if strip.any():
        plane = arrange(shapely.boundary(geometry), outline)
    sliver = _slivers(plane.faces, plane.edges, plane.sides, drawn, classes, buildings)
    geometry, ridges, filled = _collapse(plane, sliver, np.ones(len(plane.edges), bool), enclosures, outline)
    gone = shapely.union_all(np.array([emptied, filled], dtype=object))
    shapely.prepare(gone)
    loose = loose[~shapely.intersects(gone, shapely.line_interpolate_point(loose, 0.5, normalized=True))]
    rows = np.array([_street_along(edges, lines, barrier) for _, edges in ridges], dtype=np.int64)
    middles = np.array([ridge for ridge, _ in ridges], dtype=object)
    return Blocks(geometry, loose, middles[rows >= 0], rows[rows >= 0])


def _collapse(
    plane: Arrangement,
    narrow: NDArray[np.bool_],
    attracting: NDArray[np.bool_],
    enclosures: NDArray[np.object_],
    outline: BaseGeometry,
) -> tuple[NDArray[np.object_], list[tuple[BaseGeometry, NDArray[np.object_]]], BaseGeometry]:
    """Give narrow faces to the faces around them, each place to the nearest attracting edge.

    Nothing leaves an enclosure that it lies in.

    Returns
    -------
    The faces that remain, which fit vertex by vertex; the lines between the shares, each with the edges around it; and
    the ground that was given away.
    """
    if not narrow.any() or narrow.all():
        return plane.faces, [], shapely.Polygon()
    both = plane.sides.min(axis=1) >= 0
    held = np.zeros((len(plane.faces), len(enclosures)), bool)
    face, enclosure = STRtree(enclosures).query(shapely.point_on_surface(plane.faces), predicate="intersects")
    held[face, enclosure] = True
    a, b = plane.sides.T
    leaving = np.where(narrow[a], (held[a] & ~held[b]).any(axis=1), (held[b] & ~held[a]).any(axis=1))
    inner = both & narrow[plane.sides].all(axis=1) & attracting & (held[a] == held[b]).all(axis=1)
    group = join_faces(len(plane.faces), plane.sides[inner])
    facing = both & (narrow[plane.sides].sum(axis=1) == 1) & attracting & ~leaving & (plane.lengths > 0.05)
    edge_lines = shapely.linestrings(plane.edges.reshape(-1, 2, 2))
    share: dict[int, list[BaseGeometry]] = {}
    ridges: list[tuple[BaseGeometry, NDArray[np.object_]]] = []
    given: list[BaseGeometry] = []
    kept: list[BaseGeometry] = []
    for number in np.unique(group[narrow]):
        members = np.flatnonzero((group == number) & narrow)
        around = facing & np.isin(plane.sides, members).any(axis=1)
        if not around.any():
            kept.extend(plane.faces[members])
            continue
        ground = shapely.union_all(plane.faces[members], grid_size=GRID_M)
        block = np.where(narrow[plane.sides[around, 0]], plane.sides[around, 1], plane.sides[around, 0])
        ridge = ridges_between(edge_lines[around], block, ground, spacing_m=2.0, tolerance_m=0.75)
        whole = shapely.get_parts(ground)
        parts = whole if ridge.is_empty else arrange(np.array([ridge], dtype=object), ground).faces
        near = STRtree(edge_lines[around]).query_nearest(shapely.point_on_surface(parts), all_matches=False)[1]
        for face, part in zip(block[near].tolist(), parts, strict=True):
            share.setdefault(face, []).append(part)
        given.append(ground)
        if not ridge.is_empty:
            ridges.append((ridge, edge_lines[around]))
    grown = [
        shapely.union_all([plane.faces[k], *share.get(k, [])], grid_size=GRID_M)
        for k in np.flatnonzero(~narrow).tolist()
    ]
    joined = shapely.get_parts(np.asarray([*grown, *kept], dtype=object))
    # Cut once more in one go, so that neighbours share every vertex; the ground inside each block is one face again.
    again = arrange(np.asarray(shapely.boundary(joined), dtype=object), outline)
    centre = shapely.point_on_surface(again.faces)
    owner = STRtree(joined).query_nearest(centre, all_matches=False)[1]
    same = (again.sides.min(axis=1) >= 0) & (owner[again.sides[:, 0]] == owner[again.sides[:, 1]])
    faces = union_by(again.faces, join_faces(len(again.faces), again.sides[same]))
    return shapely.get_parts(faces), ridges, shapely.union_all(given)


def _near(plane: Arrangement, lines: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which edges run on one of the lines."""
    found = np.zeros(len(plane.edges), bool)
    if len(lines):
        found[STRtree(lines).query(plane.middles, predicate="dwithin", distance=0.01)[0]] = True
    return found


def _walled(plane: Arrangement, on_wall: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Metres of wall with ground behind it along each face; a wall on the outline has none."""
    length = np.zeros(len(plane.faces))
    for side in plane.sides.T:
        beside = on_wall & (plane.sides.min(axis=1) >= 0)
        np.add.at(length, side[beside], plane.lengths[beside])
    return length


def _arms(plane: Arrangement, on_wall: NDArray[np.bool_], dwellings: NDArray[np.object_]) -> NDArray[np.object_]:
    """Find the narrow arms that broader ground stretches out between walls and streets, nobody living there."""
    broad = plane.faces[_walled(plane, on_wall) > WALL_STRIP_M]
    half = WALL_STRIP_M / 2
    core = shapely.buffer(shapely.buffer(broad, -half, join_style="mitre"), half * 1.02, join_style="mitre")
    arms = shapely.get_parts(shapely.difference(broad, core))
    arms = arms[(shapely.get_dimensions(arms) == 2) & (shapely.area(arms) > ARM_M2)]
    walls = shapely.multilinestrings(shapely.linestrings(plane.edges[on_wall].reshape(-1, 2, 2)))
    if not len(arms) or walls.is_empty:
        return np.array([], dtype=object)
    along = shapely.length(shapely.intersection(shapely.boundary(arms), shapely.buffer(walls, 0.01)))
    lived = np.zeros(len(arms), bool)
    lived[STRtree(dwellings).query(arms, predicate="intersects")[0]] = True
    return np.asarray(arms[(along > WALL_STRIP_M) & ~lived], dtype=object)


def _strips(
    plane: Arrangement, on_wall: NDArray[np.bool_], on_street: NDArray[np.bool_], dwellings: NDArray[np.object_]
) -> NDArray[np.bool_]:
    """Tell which faces are strips between a street and the wall along it, with nobody living there."""
    usual_width = 2 * shapely.area(plane.faces) / shapely.length(plane.faces)
    strip = np.asarray(usual_width <= WALL_STRIP_M)
    strip[strip] = shapely.is_empty(shapely.buffer(plane.faces[strip], -WALL_STRIP_M, quad_segs=2))
    beside_street = np.zeros(len(strip), bool)
    for side in plane.sides.T:
        beside_street[side[on_street & (side >= 0)]] = True
    strip &= beside_street & (_walled(plane, on_wall) > WALLED_SHARE * shapely.length(plane.faces))
    if strip.any() and len(dwellings):
        rows = np.flatnonzero(strip)
        face, row = STRtree(dwellings).query(plane.faces[rows], predicate="intersects")
        held = shapely.area(shapely.intersection(plane.faces[rows][face], dwellings[row]))
        strip[rows[face[held >= 0.3 * shapely.area(dwellings[row])]]] = False
    return strip


def _street_along(edges: NDArray[np.object_], lines: NDArray[np.object_], classes: NDArray[np.str_]) -> int:
    """Row of the main street that runs along most of the edges' sides, -1 where only enclosures face each other."""
    middle = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    along = np.unique(STRtree(lines).query(middle, predicate="dwithin", distance=0.01)[1])
    return int(along[np.argmin(_rank(classes)[along])]) if len(along) else -1


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
