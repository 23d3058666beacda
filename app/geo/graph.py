"""Who borders whom, on what, and at which cost: from cells to the graph that is partitioned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import STRtree

from app.geo.arrangement import GRID_M, Arrangement, add_up, vertex_keys
from app.geo.measures import BORDER_COST
from app.geo.partition import UnitGraph
from app.geo.streets import BarrierLines

__all__ = ["Borders", "build_graph", "classify_edges", "neighbours", "second_moments"]

NEAR_M = 2.9
"""A border this close to a street or barrier runs on it (the referee allows 3 m)."""
LINK_M = 6.0
"""Two units with a shorter common border do not hold one grid together."""


@dataclass(frozen=True)
class Borders:
    """Common borders of cells, one row a pair; arrays of shape (m,) but `pair`, (m, 2).

    `hard` is the length in metres on hard barriers that no street crosses there, `fixed` that on borders that were
    given as fixed.
    """

    pair: NDArray[np.int64]
    length: NDArray[np.float64]
    cost: NDArray[np.float64]
    hard: NDArray[np.float64]
    fixed: NDArray[np.float64]


def classify_edges(plane: Arrangement, lines: BarrierLines) -> NDArray[np.int64]:
    """Return the row of the line that each edge runs on, the cheapest where there are several, -1 on open ground."""
    row = np.full(len(plane.edges), -1, np.int64)
    if not len(lines.geometry):
        return row
    price = np.array([BORDER_COST[name] for name in lines.barrier])
    edge, line = STRtree(lines.geometry).query(plane.middles, predicate="dwithin", distance=NEAR_M)
    order = np.lexsort((line, price[line], edge))
    first = np.unique(edge[order], return_index=True)[1]
    row[edge[order][first]] = line[order][first]
    return row


def neighbours(
    plane: Arrangement,
    cell: NDArray[np.int64],
    on_line: NDArray[np.int64],
    lines: BarrierLines,
    passages: NDArray[np.object_],
) -> Borders:
    """Add up the edges between each two cells.

    Parameters
    ----------
    cell
        Cell of each face.
    on_line
        As `classify_edges` returns it.
    passages
        Points where a street crosses a hard barrier; a border within 5 m of one can be passed.
    """
    inner = plane.sides.min(axis=1) >= 0
    side = np.sort(cell[plane.sides[inner]], axis=1)
    apart = side[:, 0] != side[:, 1]
    side, length = side[apart], plane.lengths[inner][apart]
    row = on_line[inner][apart]
    price = np.append([BORDER_COST[name] for name in lines.barrier], BORDER_COST["open"])[row]
    is_hard = np.append(lines.hard != "", False)[row]
    is_fixed = np.append(lines.hard == "fixed", False)[row]
    pair, group = np.unique(side, axis=0, return_inverse=True)
    group = group.ravel()
    hard = add_up(group, length * is_hard, len(pair))
    if len(passages) and is_hard.any():
        ends = shapely.linestrings(plane.edges[inner][apart][is_hard].reshape(-1, 2, 2))
        near = np.unique(STRtree(passages).query(ends, predicate="dwithin", distance=5.0)[0])
        passed = np.unique(group[np.flatnonzero(is_hard)[near]])
        hard[passed] = 0.0
    over_ground = row < 0
    drawn = _straight_lengths(plane.edges[inner][apart][over_ground], group[over_ground], len(pair))
    return Borders(
        pair,
        add_up(group, length, len(pair)),
        add_up(group, length * price * ~over_ground, len(pair)) + drawn * BORDER_COST["open"],
        hard,
        add_up(group, length * is_fixed, len(pair)),
    )


def _straight_lengths(edges: NDArray[np.float64], group: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Length of each group's edges once they are straightened: from end to end where they are one stretch."""
    walked = add_up(group, np.hypot(*(edges[:, 2:] - edges[:, :2]).T), count)
    ends = np.column_stack([np.tile(group, 2), vertex_keys(np.vstack([edges[:, :2], edges[:, 2:]]))])
    vertex, times = np.unique(ends, axis=0, return_counts=True)
    loose = vertex[times % 2 == 1]
    number = np.bincount(loose[:, 0], minlength=count)
    two = loose[number[loose[:, 0]] == 2]
    chord = walked.copy()
    chord[two[::2, 0]] = np.hypot(*((two[::2, 1:] - two[1::2, 1:]) * GRID_M).T)
    return (np.maximum(chord, 0.5 * walked) + walked) / 2


def second_moments(faces: NDArray[np.object_], origin: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ∫1, ∫x, ∫y and ∫x²+y² over each polygon about `origin`, shape (n, 4)."""
    oriented = shapely.orient_polygons(faces)
    parts, owner = shapely.get_parts(oriented, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    xy = xy - origin
    same = ring_of[1:] == ring_of[:-1]
    (x0, y0), (x1, y1) = xy[:-1][same].T, xy[1:][same].T
    row = owner[part_of[ring_of[:-1][same]]]
    cross = x0 * y1 - x1 * y0
    terms = (
        cross / 2,
        cross * (x0 + x1) / 6,
        cross * (y0 + y1) / 6,
        cross * (x0 * x0 + x0 * x1 + x1 * x1 + y0 * y0 + y0 * y1 + y1 * y1) / 12,
    )
    return np.column_stack([add_up(row, term, len(faces)) for term in terms])


def build_graph(
    borders: Borders,
    moments: NDArray[np.float64],
    households: NDArray[np.float64],
    persons: NDArray[np.float64],
    workload: NDArray[np.float64],
    *,
    extra: NDArray[np.float64],
    locked: NDArray[np.int64],
    region: NDArray[np.int64],
    bridges: NDArray[np.int64],
) -> UnitGraph:
    """Put units and borders into the form that is partitioned.

    Parameters
    ----------
    extra
        Further cost of cutting each pair (a group kept together) or, if negative, of not cutting it; shape (m,).
    bridges
        Pairs that hold parts of a community together without touching, shape (k, 2).
    """
    n = len(households)
    pair = np.concatenate([borders.pair, bridges.reshape(-1, 2)])
    wide = np.concatenate([borders.length >= LINK_M, np.ones(len(bridges), bool)])
    wide = _hold_together(n, pair, np.concatenate([borders.length, np.full(len(bridges), 1e9)]), wide)
    cost = np.concatenate([borders.cost + extra, np.zeros(len(bridges))])
    row = np.concatenate([pair[:, 0], pair[:, 1]])
    column = np.concatenate([pair[:, 1], pair[:, 0]])
    order = np.lexsort((column, row))
    start = np.searchsorted(row[order], np.arange(n + 1))
    return UnitGraph(
        households.astype(float), persons.astype(float), workload.astype(float),
        np.ascontiguousarray(moments[:, 0]), np.ascontiguousarray(moments[:, 1]),
        np.ascontiguousarray(moments[:, 2]), np.ascontiguousarray(moments[:, 3]),
        start.astype(np.int64), column[order].astype(np.int64), np.tile(cost, 2)[order], np.tile(wide, 2)[order],
        locked.astype(np.int64), region.astype(np.int64),
    )  # fmt: skip


def _hold_together(
    count: int, pair: NDArray[np.int64], length: NDArray[np.float64], wide: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Let the longest of the short borders link too, where nothing else joins two pieces of the graph."""
    wide = wide.copy()
    order = np.argsort(-length, kind="stable")
    links = coo_array((np.ones(int(wide.sum()), np.int8), (pair[wide, 0], pair[wide, 1])), shape=(count, count))
    piece = connected_components(links, directed=False)[1]
    for k in order[~wide[order]]:
        a, b = piece[pair[k]]
        if a != b:
            wide[k] = True
            piece = np.where(piece == b, a, piece)
    return wide
