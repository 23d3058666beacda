"""Peers that partition the same units: METIS, SKATER and GerryChain. Each gives every unit the number of its grid."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import pymetis
import shapely
from shapely import STRtree

from bench.divide.places import PlaceFrames
from bench.divide.units import TARGET_HOUSEHOLDS, Units, cut_units, join_parts

__all__ = ["PEERS", "divide", "divide_on_workers", "gerrychain", "ideal_number", "metis", "skater"]

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
        pymetis.CSRAdjacency(starts.tolist(), both[order, 1].tolist()),
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
    from gerrychain.partition import recursive_tree_part
    from gerrychain.tree import bipartition_tree

    mine, rows = units.of(number)
    parts = ideal_number(units.households[mine])
    if parts == 1:
        return np.zeros(len(mine), np.int64)
    pairs = np.searchsorted(mine, units.pairs[rows])
    pairs = np.vstack([pairs, join_parts(len(mine), pairs, units.polygons[mine])])
    graph = nx.Graph()
    graph.add_nodes_from((unit, {"households": int(held)}) for unit, held in enumerate(units.households[mine]))
    graph.add_edges_from(pairs.tolist())
    flips = recursive_tree_part(
        Graph.from_networkx(graph),
        range(parts),
        float(units.households[mine].sum()) / parts,
        "households",
        0.25,
        bipartition_tree_fn=partial(bipartition_tree, max_attempts=GERRYCHAIN_ATTEMPTS),
        rng=SEED,
    )
    return np.array([flips[unit] for unit in range(len(mine))], np.int64)


GERRYCHAIN_ATTEMPTS = 200
"""Spanning trees tried a cut; its default of 100,000 takes minutes where a unit is heavier than a part."""

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


@contextmanager
def divide_on_workers(
    place: PlaceFrames, peer: str, workers: int
) -> Iterator[Callable[[], tuple[gpd.GeoDataFrame, list[str]]]]:
    """Offer a division of the place by several processes that are already there, each with a share of communities."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        first = _share(place, np.arange(1))
        list(pool.map(_divide_by_name, [first] * workers, [peer] * workers))  # processes started, modules imported

        def divide_once() -> tuple[gpd.GeoDataFrame, list[str]]:
            shares = [_share(place, rows) for rows in np.array_split(np.arange(len(place.communities)), workers)]
            done = list(pool.map(_divide_by_name, shares, [peer] * workers))
            grids = gpd.GeoDataFrame(pd.concat([grids for grids, _ in done], ignore_index=True))
            return grids, [failure for _, failures in done for failure in failures]

        yield divide_once


def _share(place: PlaceFrames, rows: np.ndarray) -> PlaceFrames:
    communities = place.communities.iloc[rows]
    tree = STRtree(communities.geometry.to_numpy())

    def near(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return frame.iloc[np.unique(tree.query(frame.geometry.to_numpy(), predicate="intersects")[0])]

    return PlaceFrames(communities, near(place.streets), near(place.buildings), near(place.barriers))


def _divide_by_name(place: PlaceFrames, peer: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    return divide(place, PEERS[peer])
