"""How far people walk along the network to the nearest facility, exactly: to the metre along every street."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from app.geo.footways import Footways, Stands

__all__ = ["distances_between", "nearest_distance", "node_distances"]

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

AT_ONCE = 32
"""Sources whose distances are held at the same time."""


def node_distances(
    nodes: int, start: Indices, end: Indices, length_m: Numbers, sources: Indices, head_start_m: Numbers
) -> Numbers:
    """Return the distance of every node to the nearest source; inf where none can be reached.

    All sources start together, each with metres of its own to go first, from one node before them all (Dijkstra 1959).

    Parameters
    ----------
    nodes
        How many there are.
    start, end, length_m
        Edges, walked both ways; of parallel ones the shortest counts.
    """
    if not len(sources):
        return np.full(nodes, np.inf)
    origin = np.full(len(sources), nodes, dtype=np.int64)
    graph = _graph(
        nodes + 1,
        np.concatenate([start, end, origin]),
        np.concatenate([end, start, sources]),
        np.concatenate([length_m, length_m, head_start_m]),
    )
    return np.asarray(dijkstra(graph, indices=nodes)[:nodes], dtype=np.float64)


def _graph(nodes: int, start: Indices, end: Indices, length_m: Numbers) -> csr_array:
    """Make a graph in which the shortest of parallel edges is left; edges of no length stay edges."""
    order = np.lexsort((length_m, end, start))
    start, end, length_m = start[order], end[order], length_m[order]
    first = np.ones(len(start), bool)
    first[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    rows = np.concatenate([[0], np.cumsum(np.bincount(start[first], minlength=nodes))])
    return csr_array((length_m[first], end[first], rows), shape=(nodes, nodes))


def nearest_distance(footways: Footways, homes: Stands, facilities: Stands) -> Numbers:
    """Return for each home the metres to the nearest facility, the ways to and from the street included.

    Facilities become nodes of the network where they stand, so that distances along a street are exact, also where home
    and facility stand on the same one. inf where no facility can be reached; nan where a home stands by no street.
    """
    split = _Split(footways, facilities)
    sources = split.nodes_of(facilities)
    far = node_distances(
        split.nodes, split.start, split.end, split.length_m, sources, facilities.gap_m[facilities.edge >= 0]
    )
    return split.carry_home(far[:, None], homes)[:, 0]


def distances_between(
    footways: Footways, homes: Stands, places: Stands, *, limit_m: float
) -> list[tuple[Indices, Numbers]]:
    """Return for each place the homes within a distance of it, and how far each is."""
    split = _Split(footways, places)
    graph = _graph(
        split.nodes,
        np.concatenate([split.start, split.end]),
        np.concatenate([split.end, split.start]),
        np.concatenate([split.length_m, split.length_m]),
    )
    found: list[tuple[Indices, Numbers]] = [(np.array([], np.int64), np.array([]))] * len(places.edge)
    standing = np.flatnonzero(places.edge >= 0)
    sources = split.nodes_of(places)
    for begin in range(0, len(standing), AT_ONCE):
        some = slice(begin, begin + AT_ONCE)
        far = dijkstra(graph, indices=sources[some], limit=limit_m).T + places.gap_m[standing[some]]
        at_home = split.carry_home(far, homes)
        for column, place in enumerate(standing[some].tolist()):
            near = np.flatnonzero(at_home[:, column] <= limit_m)
            found[place] = (near, at_home[near, column])
    return found


class _Split:
    """A network whose edges are cut where places stand on them."""

    def __init__(self, footways: Footways, places: Stands) -> None:
        self.footways = footways
        standing = np.flatnonzero(places.edge >= 0)
        order = standing[np.lexsort((places.along_m[standing], places.edge[standing]))]
        self.edge, self.along = places.edge[order], places.along_m[order]
        self.number = np.empty(len(places.edge), dtype=np.int64)
        self.number[order] = len(footways.nodes) + np.arange(len(order))
        self.nodes = len(footways.nodes) + len(order)
        places_on = np.bincount(self.edge, minlength=len(footways.start))
        self.first = np.concatenate([[0], np.cumsum(places_on)])
        piece_of = np.repeat(np.arange(len(footways.start)), places_on + 1)  # an edge with k places has k + 1 pieces
        rank = np.arange(len(piece_of)) - (self.first[:-1] + np.arange(len(footways.start)))[piece_of]
        self.start, low = self._side(piece_of, rank, before=True)
        self.end, high = self._side(piece_of, rank, before=False)
        self.length_m = np.maximum(high - low, 0.0)

    def _side(self, edge: Indices, rank: Indices, *, before: bool) -> tuple[Indices, Numbers]:
        """Return the node before or after the piece of that rank of an edge, and how far along the edge it is."""
        row = self.first[edge] + rank - before
        inner = rank > 0 if before else rank < self.first[edge + 1] - self.first[edge]
        at = np.where(inner, row, 0)
        outer = self.footways.start[edge] if before else self.footways.end[edge]
        outer_m = np.zeros(len(edge)) if before else self.footways.length_m[edge]
        if not len(self.edge):
            return outer, outer_m
        return np.where(inner, len(self.footways.nodes) + at, outer), np.where(inner, self.along[at], outer_m)

    def nodes_of(self, places: Stands) -> Indices:
        """Return the nodes of the places that stand by a street."""
        return self.number[places.edge >= 0]

    def carry_home(self, far: Numbers, homes: Stands) -> Numbers:
        """Carry distances of nodes (n rows) along the streets to homes; nan where a home stands by none."""
        at_home = np.full((len(homes.edge), far.shape[1]), np.nan)
        standing = np.flatnonzero(homes.edge >= 0)
        edge, along = homes.edge[standing], homes.along_m[standing]
        span = float(self.footways.length_m.max(initial=0.0)) + 1.0
        rank = np.searchsorted(self.edge * span + self.along, edge * span + along, side="right") - self.first[edge]
        rank = np.clip(rank, 0, self.first[edge + 1] - self.first[edge])
        low, low_m = self._side(edge, rank, before=True)
        high, high_m = self._side(edge, rank, before=False)
        way = np.minimum(far[low] + np.abs(along - low_m)[:, None], far[high] + np.abs(high_m - along)[:, None])
        at_home[standing] = way + homes.gap_m[standing][:, None]
        return at_home
