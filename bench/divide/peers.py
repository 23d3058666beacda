"""Peers that partition the same units: METIS, SKATER and GerryChain. Each gives every unit the number of its grid."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import geopandas as gpd
import numpy as np
import pymetis
import shapely

from bench.divide.places import PlaceFrames
from bench.divide.units import TARGET_HOUSEHOLDS, Units, cut_units, join_parts

__all__ = ["PEERS", "dissolve", "gerrychain", "ideal_number", "metis", "skater"]

SEED = 1


def ideal_number(households: np.ndarray) -> int:
    """Say how many grids a community of these households should have."""
    return max(1, round(float(households.sum()) / TARGET_HOUSEHOLDS))


def metis(units: Units, number: int) -> np.ndarray:
    """Partition one community: contiguous, weighted by households, borders weighted by what they cost."""
    mine, rows = units.of(number)
    parts = ideal_number(units.households[mine])
    if parts == 1:
        return np.zeros(len(mine), np.int64)
    pairs = np.searchsorted(mine, units.pairs[rows])
    extra = join_parts(len(mine), pairs, units.polygons[mine])
    pairs = np.vstack([pairs, extra])
    weights = np.concatenate([np.maximum(np.rint(units.costs[rows]), 1), np.full(len(extra), 1)]).astype(np.int64)
    both, doubled = np.vstack([pairs, pairs[:, ::-1]]), np.concatenate([weights, weights])
    order = np.argsort(both[:, 0], kind="stable")
    starts = np.searchsorted(both[order, 0], np.arange(len(mine) + 1))
    options = pymetis.Options(seed=SEED, ufactor=METIS_UFACTOR, ncuts=METIS_CUTS, contig=1)
    result = pymetis.part_graph(
        parts,
        xadj=starts.tolist(),
        adjncy=both[order, 1].tolist(),
        vweights=units.households[mine].tolist(),
        eweights=doubled[order].tolist(),
        options=options,
        recursive=False,
    )
    return np.asarray(result[1], np.int64)


METIS_UFACTOR = 200
"""Parts may be a fifth above their share (METIS counts in thousandths): inside the band of 300–500 round 400."""
METIS_CUTS = 2


def skater(units: Units, number: int) -> np.ndarray:
    """Partition one community by SKATER: a minimum spanning tree pruned where parts differ most."""
    from libpysal.weights import W
    from spopt.region import Skater

    mine, rows = units.of(number)
    parts = min(ideal_number(units.households[mine]), len(mine))
    if parts == 1:
        return np.zeros(len(mine), np.int64)
    pairs = np.searchsorted(mine, units.pairs[rows])
    pairs = np.vstack([pairs, join_parts(len(mine), pairs, units.polygons[mine])])
    neighbours: dict[int, list[int]] = {unit: [] for unit in range(len(mine))}
    for left, right in pairs.tolist():
        neighbours[left].append(right)
        neighbours[right].append(left)
    centres = shapely.centroid(units.polygons[mine])
    frame = gpd.GeoDataFrame(
        {"x": shapely.get_x(centres), "y": shapely.get_y(centres), "households": units.households[mine]},
        geometry=units.polygons[mine],
        crs=units.crs,
    )
    columns = ["x", "y", "households"]
    frame[columns] = (frame[columns] - frame[columns].mean()) / frame[columns].std().replace(0, 1)
    model = Skater(frame, W(neighbours, silence_warnings=True), columns, n_clusters=parts)
    model.solve()
    return np.asarray(model.labels_, np.int64)


def gerrychain(units: Units, number: int) -> np.ndarray:
    """Partition one community by spanning-tree cuts within a quarter of the ideal; raise where none is found."""
    import networkx as nx
    from gerrychain import Graph
    from gerrychain.tree import bipartition_tree, recursive_tree_part

    mine, rows = units.of(number)
    parts = ideal_number(units.households[mine])
    if parts == 1:
        return np.zeros(len(mine), np.int64)
    pairs = np.searchsorted(mine, units.pairs[rows])
    pairs = np.vstack([pairs, join_parts(len(mine), pairs, units.polygons[mine])])
    graph = nx.Graph()
    graph.add_nodes_from((unit, {"households": int(held)}) for unit, held in enumerate(units.households[mine]))
    graph.add_edges_from(pairs.tolist())
    random.seed(SEED)
    flips = recursive_tree_part(
        Graph.from_networkx(graph),
        range(parts),
        float(units.households[mine].sum()) / parts,
        "households",
        0.25,
        method=partial(bipartition_tree, max_attempts=GERRYCHAIN_ATTEMPTS),
    )
    return np.array([flips[unit] for unit in range(len(mine))], np.int64)


GERRYCHAIN_ATTEMPTS = 200
"""Spanning trees tried a cut; its default of 10,000 takes minutes where a unit is heavier than a part."""

PEERS: dict[str, Callable[[Units, int], np.ndarray]] = {"metis": metis, "skater": skater, "gerrychain": gerrychain}


def divide(place: PlaceFrames, method: Callable[[Units, int], np.ndarray]) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Divide a place by a peer; a community on which it fails stays whole and is named in the second value."""
    units = cut_units(place)
    label = np.zeros(len(units.polygons), np.int64)
    failures = []
    for number, code in enumerate(units.codes):
        mine, _ = units.of(number)
        try:
            label[mine] = method(units, number)
        except Exception as error:  # noqa: BLE001  a peer may fail in any way; that is a result
            failures.append(f"{code}: {type(error).__name__}: {error}")
    return dissolve(units, label).to_crs(place.communities.crs), failures


def dissolve(units: Units, label: np.ndarray) -> gpd.GeoDataFrame:
    """Join the units of each grid."""
    keys, grid = np.unique(np.column_stack([units.community, label]), axis=0, return_inverse=True)
    grid = grid.ravel()
    order = np.argsort(grid, kind="stable")
    members = np.split(order, np.searchsorted(grid[order], np.arange(1, len(keys))))
    return gpd.GeoDataFrame(
        {
            "grid_code": [f"{units.codes[community]}{part + 1:03d}" for community, part in keys],
            "community_code": units.codes[keys[:, 0]],
            "kind": "general",
            "households": np.bincount(grid, weights=units.households, minlength=len(keys)).astype(np.int64),
            "reason": "",
            "reason_code": "",
        },
        geometry=[shapely.union_all(units.polygons[rows]) for rows in members],
        crs=units.crs,
    )
