"""Building cells: blocks cut along lanes, then over the open ground midway between buildings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from app.geo.arrangement import Arrangement, arrange, join_faces, noded, union_by
from app.geo.blocks import Blocks
from app.geo.ridges import ridges_between

__all__ = ["Cells", "Dwellings", "cut_cells", "first_hits", "settle"]

WHOLE_BLOCK_HOUSEHOLDS = 40
"""Households of a block that is too light to be looked into, for the usual band."""
TOUCH_M = 0.005
OVERLAP_SHARE = 0.005
"""Dwellings that have more of one of them in common are one building."""
NECK_HALF_M, BODY_M2 = 1.1, 5.0
"""A cell that falls in bodies of this size when this much is taken off its edge is cut there (the referee: 1 and 200).

The bodies are smaller than the referee's because each may grow when grids are made of cells.
"""


@dataclass(frozen=True)
class Dwellings:
    """Buildings of one community in metres; all arrays have shape (n,).

    `anchor` is the point at which a building counts (its point on surface).
    """

    geometry: NDArray[np.object_]
    anchor: NDArray[np.object_]
    households: NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """Faces of a community and the cell that each belongs to.

    Attributes
    ----------
    plane
        The arrangement of all lines.
    cell
        Cell of each face, shape (faces,).
    home
        Cell of each building, shape (buildings,).
    block
        Block of each cell, shape (cells,).
    """

    plane: Arrangement
    cell: NDArray[np.int64]
    home: NDArray[np.int64]
    block: NDArray[np.int64]


def cut_cells(
    outline: BaseGeometry,
    blocks: Blocks,
    dwellings: Dwellings,
    kept_lines: NDArray[np.object_],
    *,
    whole_block: float = WHOLE_BLOCK_HOUSEHOLDS,
    spacing_m: float = 2.5,
) -> Cells:
    """Cut blocks into cells, one around each building, along lanes first and then over the open ground between.

    Dwellings are faces of their own in the arrangement, and no line is drawn through them, so no cell can cut one.
    Inside a block the lines midway between buildings are drawn; where a lane runs beside such a line, the strip between
    them goes across the line, so the lane is what divides. Dead ends are carried to the nearest line.

    Parameters
    ----------
    kept_lines
        Lines that divide in any case, beside the edges of the blocks.
    whole_block
        A block with no more households than this is not looked into.
    spacing_m
        How densely buildings are sampled.
    """
    shapes = dwellings.geometry
    lived_in = dwellings.households > 0
    home_block = _seats(blocks.geometry, dwellings)
    footprint = lived_in & (shapely.get_dimensions(shapes) == 2)
    walls = shapes[footprint]
    solid = shapely.union_all(walls) if len(walls) else shapely.Polygon()
    fixed = np.concatenate([shapely.boundary(blocks.geometry), kept_lines])
    lanes = blocks.inner_lines
    households = np.bincount(
        home_block[home_block >= 0], weights=dwellings.households[home_block >= 0], minlength=len(blocks.geometry)
    )
    many = np.bincount(home_block[(home_block >= 0) & lived_in], minlength=len(blocks.geometry)) > 1
    divided = np.flatnonzero((households > whole_block) & many)
    ridges = []
    for b in divided:
        inside = home_block == b
        inside &= lived_in | (shapely.area(shapes) > 60)
        ridges.append(
            ridges_between(
                shapes[inside], np.flatnonzero(inside), blocks.geometry[b], spacing_m=spacing_m, tolerance_m=1.0
            )
        )
    ridge_lines = shapely.get_parts(np.array(ridges, dtype=object)) if ridges else np.array([], dtype=object)
    links = _tips_to_ridges(lanes, ridge_lines, np.append(shapely.boundary(blocks.geometry), lanes), walls)
    hard = np.concatenate([fixed, lanes, links])
    soft = ridge_lines
    if len(walls):
        hard, soft = shapely.difference(hard, solid), shapely.difference(soft, solid)
    plane = arrange(np.concatenate([hard, soft, shapely.boundary(walls)]), outline)
    cells = _label_faces(plane, blocks, dwellings, home_block, footprint, hard, divided)
    necks = shapely.difference(_across_necks(union_by(plane.faces, cells.cell)), solid)
    if not len(necks):
        return cells
    hard = np.concatenate([hard, necks])
    plane = arrange(np.concatenate([hard, soft, shapely.boundary(walls)]), outline)
    return _label_faces(plane, blocks, dwellings, home_block, footprint, hard, divided)


def _label_faces(
    plane: Arrangement,
    blocks: Blocks,
    dwellings: Dwellings,
    home_block: NDArray[np.int64],
    footprint: NDArray[np.bool_],
    hard: NDArray[np.object_],
    divided: NDArray[np.int64],
) -> Cells:
    """Give every face the cell of the building it belongs to, or a cell of its own."""
    centre = shapely.point_on_surface(plane.faces)
    shapes = dwellings.geometry
    lived_in = dwellings.households > 0
    inside_of = np.full(len(plane.faces), -1)
    rows = np.flatnonzero(footprint)
    first = np.arange(len(shapes))
    if len(rows):
        first[rows] = rows[_overlapping(shapes[rows])]
        face, hit = STRtree(shapes[rows]).query(centre, predicate="intersects")
        inside_of[face[::-1]] = first[rows[hit[::-1]]]
    face_block = first_hits(STRtree(blocks.geometry), centre)
    own = inside_of >= 0
    face_block[own] = np.where(home_block[inside_of[own]] >= 0, home_block[inside_of[own]], face_block[own])
    owner = np.full(len(plane.faces), -1)
    looked_into = np.isin(face_block, divided)
    owner[own & looked_into] = inside_of[own & looked_into]
    for b in divided:
        mine = np.flatnonzero((face_block == b) & ~own)
        things = np.flatnonzero((home_block == b) & (lived_in | (shapely.area(shapes) > 60)))
        if len(mine) and len(things):
            owner[mine] = first[things][STRtree(shapes[things]).query_nearest(centre[mine], all_matches=False)[1]]
    crossed = np.zeros(len(plane.edges), bool)
    if len(hard):
        crossed[np.unique(STRtree(hard).query(plane.middles, predicate="dwithin", distance=TOUCH_M)[0])] = True
    inner = plane.sides.min(axis=1) >= 0
    a, b = plane.sides.T
    alike = inner & (owner[a] == owner[b]) & (face_block[a] == face_block[b])
    alike &= ~crossed | ((inside_of[a] >= 0) & (inside_of[a] == inside_of[b]))
    group = join_faces(len(plane.faces), plane.sides[alike])
    # The group that holds a building is that building's cell; other groups go to a neighbour across open ground.
    seat = _seats(plane.faces, dwellings)
    seated = np.unique(group[seat[(seat >= 0)]])
    seated = np.union1d(seated, np.unique(group[own]))
    count = int(group.max()) + 1 if len(group) else 0
    settled = np.zeros(count, bool)
    settled[seated] = True
    edge_group = group[plane.sides]
    open_edge = inner & ~crossed & (edge_group[:, 0] != edge_group[:, 1]) & (face_block[a] == face_block[b])
    group = settle(group, settled, edge_group[open_edge], plane.lengths[open_edge])
    block_of = np.zeros(int(group.max()) + 1, np.int64)
    block_of[group] = face_block
    seat_cell = np.where(seat >= 0, group[seat], -1)
    return Cells(plane, group, seat_cell, block_of)


def _across_necks(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Draw a line across each place where only a hair-thin neck joins two bodies of a shape."""
    cores, row = shapely.get_parts(shapely.buffer(shapes, -NECK_HALF_M), return_index=True)
    body = shapely.area(cores) > BODY_M2
    cores, row = cores[body], row[body]
    necked = np.flatnonzero(np.bincount(row, minlength=len(shapes)) > 1)
    lines = [
        ridges_between(cores[row == k], np.flatnonzero(row == k), shapes[k], spacing_m=0.5, tolerance_m=0.25)
        for k in necked.tolist()
    ]
    return np.array(lines, dtype=object)


def settle(
    group: NDArray[np.int64], settled: NDArray[np.bool_], pairs: NDArray[np.int64], lengths: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Merge groups without a building into the settled neighbour they share most open edge with; renumber."""
    target = np.arange(len(settled))
    shared: dict[tuple[int, int], float] = {}
    for (a, b), length in zip(np.sort(pairs, axis=1).tolist(), lengths.tolist(), strict=True):
        shared[a, b] = shared.get((a, b), 0.0) + length
    waiting = sorted(shared.items(), key=lambda item: (-item[1], item[0]))
    settled = settled.copy()
    progress = True
    while progress:
        progress = False
        for (a, b), _ in waiting:
            if settled[a] != settled[b]:
                loose, firm = (b, a) if settled[a] else (a, b)
                target[loose] = target[firm]
                settled[loose] = True
                progress = True
    _, renumbered = np.unique(target[group], return_inverse=True)
    return np.asarray(renumbered.ravel())


def _tips_to_ridges(
    lanes: NDArray[np.object_],
    ridges: NDArray[np.object_],
    others: NDArray[np.object_],
    walls: NDArray[np.object_],
) -> NDArray[np.object_]:
    """Join each dead end to the nearest line between buildings."""
    if not len(lanes) or not len(ridges):
        return np.array([], dtype=object)
    pieces = noded(lanes)
    ends = shapely.get_coordinates(np.concatenate([shapely.get_point(pieces, 0), shapely.get_point(pieces, -1)]))
    xy, count = np.unique(np.round(ends, 3), axis=0, return_counts=True)
    tips = shapely.points(xy[count == 1])
    edges = STRtree(others)
    meeting = edges.query(tips, predicate="dwithin", distance=0.01)[0]
    tips = tips[np.bincount(meeting, minlength=len(tips)) <= 1]  # nothing but its own lane
    tree = STRtree(ridges)
    drawn = []
    blocked = STRtree(walls) if len(walls) else None
    for tip in tips:
        near = ridges[tree.query_nearest(tip, max_distance=40.0, all_matches=False)]
        if len(near):
            link = shapely.shortest_line(tip, near[0])
            if link.length > 0.001 and (blocked is None or not len(blocked.query(link, predicate="intersects"))):
                drawn.append(link)
    return np.array(drawn, dtype=object)


def _seats(places: NDArray[np.object_], dwellings: Dwellings) -> NDArray[np.int64]:
    """Row of the place in which each building counts; a dwelling on the very outline counts in the nearest."""
    tree = STRtree(places)
    found = first_hits(tree, dwellings.anchor)
    lost = np.flatnonzero((found < 0) & (dwellings.households > 0))
    found[lost] = tree.query_nearest(dwellings.anchor[lost], all_matches=False)[1]
    return found


def _overlapping(dwellings: NDArray[np.object_]) -> NDArray[np.int64]:
    """Row of the first dwelling of those that overlap each other: no line between them would leave both whole."""
    a, b = STRtree(dwellings).query(dwellings, predicate="intersects")
    common = shapely.area(shapely.intersection(dwellings[a], dwellings[b]))
    deep = common > OVERLAP_SHARE * np.minimum(shapely.area(dwellings[a]), shapely.area(dwellings[b]))
    group = join_faces(len(dwellings), np.column_stack([a[deep], b[deep]]))
    return np.asarray(np.unique(group, return_index=True)[1][group])


def first_hits(tree: STRtree, points: NDArray[np.object_]) -> NDArray[np.int64]:
    """Row of the first tree geometry that each point meets, -1 where none does."""
    point, row = tree.query(points, predicate="intersects")
    order = np.lexsort((row, point))[::-1]
    found = np.full(len(points), -1, np.int64)
    found[point[order]] = row[order]
    return found
