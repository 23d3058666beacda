"""What several partitions of a unit graph agree on: units that all of them keep together, taken as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from app.geo.arrangement import add_up
from app.geo.partition import Ints, UnitGraph

__all__ = ["join_agreed"]


def join_agreed(graph: UnitGraph, assignments: Sequence[Ints]) -> tuple[Ints, UnitGraph]:
    """Join neighbours that are in one part in every assignment and in one region.

    A partition of the joined graph is one of the graph, with the same parts, cut and energy; each of the assignments is
    among them, and so is every mixture of them.

    Returns
    -------
    The joined unit of each unit, shape (n,), and the graph of the joined units.
    """
    n = len(graph)
    owner = np.repeat(np.arange(n), np.diff(graph.start))
    same = graph.link & (graph.region[owner] == graph.region[graph.neighbour])
    for assignment in assignments:
        same &= assignment[owner] == assignment[graph.neighbour]
    held = coo_array((np.ones(int(same.sum()), np.int8), (owner[same], graph.neighbour[same])), shape=(n, n))
    count, joined = connected_components(held, directed=False)
    joined = joined.astype(np.int64)
    pair = joined[owner] * count + joined[graph.neighbour]
    apart = joined[owner] != joined[graph.neighbour]
    key, border = np.unique(pair[apart], return_inverse=True)
    locked, region = np.full(count, -1, np.int64), np.empty(count, np.int64)
    np.maximum.at(locked, joined, graph.locked)
    region[joined] = graph.region
    return joined, UnitGraph(
        add_up(joined, graph.households, count), add_up(joined, graph.persons, count),
        add_up(joined, graph.workload, count), add_up(joined, graph.area, count),
        add_up(joined, graph.sx, count), add_up(joined, graph.sy, count), add_up(joined, graph.s2, count),
        np.searchsorted(key // count, np.arange(count + 1)).astype(np.int64), key % count,
        add_up(border, graph.cost[apart], len(key)), add_up(border, graph.link[apart].astype(float), len(key)) > 0,
        locked, region,
    )  # fmt: skip
