"""The same question to each: how far is it from every home to the nearest facility of each class."""

from __future__ import annotations

import numpy as np

from app.geo.footways import Obstacles, stand_beside
from app.geo.walking import nearest_distance, node_distances
from bench.walking.places import Town

FARTHEST_M = 200_000.0
REACH_M = 300.0


def ours(town: Town) -> np.ndarray:
    """Walk from crossing to crossing."""
    ways = town.footways
    still = np.zeros(town.facilities.shape[1])
    return np.stack(
        [
            node_distances(len(ways.nodes), ways.start, ways.end, ways.length_m, mine, still)[town.homes]
            for mine in town.facilities
        ]
    )


def ours_from_doors(town: Town) -> np.ndarray:
    """Walk from door to door: find the street of each home and facility first, then along it exactly."""
    none = np.array([], dtype=object)
    free = Obstacles(none, none)
    homes = stand_beside(town.doors, town.footways, free, reach_m=REACH_M)
    return np.stack(
        [
            nearest_distance(town.footways, homes, stand_beside(mine, town.footways, free, reach_m=REACH_M))
            for mine in town.facility_doors
        ]
    )


def scipy_alone(town: Town) -> np.ndarray:
    """Walk from crossing to crossing by nothing but scipy."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    ways = town.footways
    size = len(ways.nodes)
    graph = csr_array((ways.length_m, (ways.start, ways.end)), shape=(size, size))
    return np.stack(
        [dijkstra(graph, directed=False, indices=mine, min_only=True)[town.homes] for mine in town.facilities]
    )


def pandana(town: Town) -> np.ndarray:
    """Walk from crossing to crossing by pandana, its preprocessing included."""
    import pandana
    import pandas as pd

    ways = town.footways
    x, y = (pd.Series(axis) for axis in ways.nodes.T)
    network = pandana.Network(
        x, y, pd.Series(ways.start), pd.Series(ways.end), pd.DataFrame({"m": ways.length_m}), twoway=True
    )
    homes = network.get_node_ids(x.iloc[town.homes].reset_index(drop=True), y.iloc[town.homes].reset_index(drop=True))
    found = []
    for number, mine in enumerate(town.facilities):
        name = f"class {number}"
        network.set_pois(name, FARTHEST_M, 1, x.iloc[mine], y.iloc[mine])
        found.append(network.nearest_pois(FARTHEST_M, name, num_pois=1)[1].loc[homes].to_numpy())
    return np.stack(found)


WALKERS = {"ours": ours, "ours door to door": ours_from_doors, "scipy": scipy_alone, "pandana": pandana}
