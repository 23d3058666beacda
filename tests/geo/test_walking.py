"""Walking distances: on a drawn Manhattan, past rivers and walls, over bridges, along one street, beside scipy's."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from app.geo.footways import Obstacles, lay_footways, obstacles_of, stand_beside
from app.geo.walking import distances_between, nearest_distance, node_distances

NANJING = Path(os.path.normpath(Path(__file__).parents[2] / ".." / "shared" / "data" / "nanjing" / "nanjing.gpkg"))


def draw(*lines, **columns):
    """Draw streets in metres: residential, on the ground, unless told otherwise."""
    told = {"highway": "residential", "bridge": False, "tunnel": False, "layer": 0} | columns
    rows = {name: value if isinstance(value, list) else [value] * len(lines) for name, value in told.items()}
    return gpd.GeoDataFrame(rows, geometry=[shapely.LineString(line) for line in lines], crs="EPSG:4544")


def manhattan(blocks=4, block_m=100.0):
    """Draw a square of streets, each from side to side: they cross, and have no vertex where they do."""
    across = [[(0, k * block_m), (blocks * block_m, k * block_m)] for k in range(blocks + 1)]
    return draw(*across, *[[(y, x) for x, y in line] for line in across])


def points(*xy):
    return shapely.points(np.asarray(xy, dtype=float))


def shut(*walls, firm=(), **options):
    """Make obstacles of walls, and of what is firm."""
    return Obstacles(*(np.array([*shapes, None], dtype=object)[:-1] for shapes in (firm, walls)), **options)


def walk(streets, homes, facilities, obstacles=(), reach_m=300.0):
    ways = lay_footways(streets)
    walls = shut(*obstacles)
    return nearest_distance(
        ways,
        stand_beside(points(*homes), ways, walls, reach_m=reach_m),
        stand_beside(points(*facilities), ways, walls, reach_m=reach_m),
    )


def test_in_manhattan_the_distance_is_that_of_manhattan():
    homes = [(0, 0), (150, 400), (400, 230), (100, 100)]
    facility = (100, 130)
    expected = [abs(x - facility[0]) + abs(y - facility[1]) for x, y in homes]
    assert walk(manhattan(), homes, [facility]) == pytest.approx(expected)


def test_the_nearest_of_several_counts():
    assert walk(manhattan(), [(200, 0)], [(0, 0), (200, 170), (400, 400)]) == pytest.approx([170.0])


def test_home_and_facility_on_one_street_are_as_far_apart_as_along_it():
    street = draw([(0, 0), (100, 0), (100, 100)])
    assert walk(street, [(10, 5)], [(100, 60)]) == pytest.approx([5 + 90 + 60])
    assert walk(street, [(30, 0), (70, 0)], [(50, 0), (60, 0)]) == pytest.approx([20.0, 10.0])


def test_the_way_to_the_street_is_part_of_the_way():
    assert walk(manhattan(), [(50, 20)], [(50, -30)]) == pytest.approx([50.0])


def test_streets_that_cross_meet_but_a_bridge_over_a_street_does_not():
    lines = [[(0, 0), (200, 0)], [(100, -100), (100, 100)]]
    flat = draw(*lines)
    bridged = draw(*lines, bridge=[False, True])
    assert walk(flat, [(0, 0)], [(100, 100)]) == pytest.approx([200.0])
    assert np.isinf(walk(bridged, [(0, 0)], [(100, 50)], reach_m=5)).all()
    over = draw(*lines, [(100, 100), (100, 150)], [(100, -100), (100, -150)], bridge=[False, True, False, False])
    assert np.isinf(walk(over, [(0, 0)], [(100, 150)])).all()
    assert walk(over, [(100, -150)], [(100, 150)]) == pytest.approx([300.0])


def test_a_bridge_meets_the_middle_of_a_street_where_it_ends():
    streets = draw([(0, 0), (200, 0)], [(100, 0), (100, 50)], [(100, 50), (100, 80)], bridge=[False, True, False])
    assert walk(streets, [(0, 0)], [(100, 80)]) == pytest.approx([180.0])


def test_the_middle_of_a_bridge_in_two_parts_does_not_meet_the_street_below():
    streets = draw(
        [(0, 0), (200, 0)], [(100, -50), (100, 0)], [(100, 0), (100, 50)], [(100, 50), (100, 80)],
        bridge=[False, True, True, False],
    )  # fmt: skip
    assert np.isinf(walk(streets, [(0, 0)], [(100, 80)])).all()


def test_nobody_steps_on_a_bridge_in_its_middle():
    streets = draw([(0, 0), (100, 0)], [(100, 0), (200, 0)], bridge=[True, False])
    assert walk(streets, [(20, 10)], [(200, 0)]) == pytest.approx([np.hypot(80, 10) + 100])


def test_nobody_walks_on_a_motorway_or_an_expressway():
    for highway in ("motorway", "motorway_link", "快速路", "construction"):
        assert np.isnan(walk(draw([(0, 0), (100, 0)], highway=highway), [(0, 0)], [(100, 0)])).all()
    assert walk(draw([(0, 0), (100, 0)], highway="footway"), [(0, 0)], [(100, 0)]) == pytest.approx([100.0])


def test_a_gap_of_a_hand_s_breadth_is_no_gap_but_a_metre_is():
    assert walk(draw([(0, 0), (100, 0)], [(50, 0.3), (50, 100)]), [(0, 0)], [(50, 100)]) == pytest.approx([150.0])
    assert np.isinf(walk(draw([(0, 0), (100, 0)], [(50, 1.0), (50, 100)]), [(0, 0)], [(50, 100)])).all()


def test_a_home_steps_to_no_street_beyond_a_wall_or_a_river():
    streets = draw([(0, 0), (200, 0)], [(0, 100), (200, 100)], [(200, 0), (200, 100)])
    wall = shapely.LineString([(-50, 20), (150, 20)])
    assert walk(streets, [(50, 30)], [(50, 0)]) == pytest.approx([30.0])
    assert walk(streets, [(50, 30)], [(50, 0)], [wall]) == pytest.approx([70 + 150 + 100 + 150])
    river = shapely.box(-50, 10, 190, 20)
    assert walk(streets, [(50, 30)], [(50, 0)], [river]) == pytest.approx([70 + 150 + 100 + 150])


def test_a_home_behind_walls_all_round_is_isolated_and_said_to_be_blocked():
    ways = lay_footways(draw([(0, 0), (200, 0)]))
    walls = shut(shapely.box(40, 10, 60, 40).exterior)
    stands = stand_beside(points((50, 20), (50, 5), (50, 900)), ways, walls, reach_m=300)
    assert stands.edge.tolist() == [-1, 0, -1]
    assert stands.blocked.tolist() == [True, False, False]
    assert stands.gap_m[1] == 5.0


def test_a_gate_may_be_assumed_in_a_wall_but_no_bridge_over_a_river():
    ways = lay_footways(draw([(0, 0), (200, 0)]))
    ring, river = shapely.box(40, 10, 60, 40).exterior, shapely.box(0, 45, 200, 50)
    homes = points((50, 20), (50, 5), (50, 60))
    stands = stand_beside(homes, ways, shut(ring, firm=[river], assume_gates=True), reach_m=300)
    assert stands.edge.tolist() == [0, 0, -1]
    assert stands.by_gate.tolist() == [True, False, False]
    assert stands.blocked.tolist() == [False, False, True]


def test_a_railway_on_a_viaduct_and_a_culvert_bar_no_way():
    barriers = gpd.GeoDataFrame(
        {"kind": ["railway", "waterway", "wall"], "bridge": [True, False, False], "tunnel": [False, True, False]},
        geometry=[shapely.LineString([(0, k), (1, k)]) for k in range(3)],
    )
    assert (len(obstacles_of(barriers).firm), len(obstacles_of(barriers).walls)) == (0, 1)


def test_streets_that_hang_apart_are_out_of_reach():
    assert np.isinf(walk(draw([(0, 0), (100, 0)], [(0, 500), (100, 500)]), [(0, 0)], [(0, 500)])).all()


def test_without_streets_homes_or_facilities_nothing_is_made_up():
    assert np.isnan(walk(draw(), [(0, 0)], [(1, 1)])).all()
    ways = lay_footways(manhattan())
    none = stand_beside(np.array([], dtype=object), ways, shut(), reach_m=10)
    home = stand_beside(points((0, 0)), ways, shut(), reach_m=10)
    assert np.isinf(nearest_distance(ways, home, none)).all()
    assert nearest_distance(ways, none, home).shape == (0,)


def test_homes_near_each_place_are_found_with_their_distances():
    ways = lay_footways(manhattan())
    walls = shut()
    homes = stand_beside(points((0, 0), (120, 0), (400, 400)), ways, walls, reach_m=50)
    places = stand_beside(points((100, 0), (400, 350), (900, 900)), ways, walls, reach_m=50)
    near = distances_between(ways, homes, places, limit_m=150)
    assert [row.tolist() for row, _ in near] == [[0, 1], [2], []]
    assert near[0][1] == pytest.approx([100.0, 20.0])
    assert near[1][1] == pytest.approx([50.0])


def test_the_same_distances_come_from_scipy_alone():
    rng = np.random.default_rng(5)
    start, end = rng.integers(0, 60, 200), rng.integers(0, 60, 200)
    keep = start < end
    pairs, at = np.unique(np.column_stack([start, end])[keep], axis=0, return_index=True)
    length = rng.uniform(1, 100, keep.sum())[at]
    sources = np.array([3, 17, 40])
    ours = node_distances(60, pairs[:, 0], pairs[:, 1], length, sources, np.zeros(3))
    graph = csr_array((length, (pairs[:, 0], pairs[:, 1])), shape=(60, 60))
    assert ours == pytest.approx(dijkstra(graph, directed=False, indices=sources, min_only=True))


def test_of_parallel_streets_the_shorter_counts():
    ours = node_distances(2, np.array([0, 0]), np.array([1, 1]), np.array([9.0, 4.0]), np.array([0]), np.array([0.0]))
    assert ours.tolist() == [0.0, 4.0]


def test_the_same_distances_come_from_pandana_on_the_same_graph():
    pandana = pytest.importorskip("pandana", reason="pandana is in requirements-bench.txt only")
    ways = lay_footways(manhattan(blocks=8, block_m=50.0))
    x, y = ways.nodes.T
    network = pandana.Network(
        pd.Series(x), pd.Series(y), pd.Series(ways.start), pd.Series(ways.end),
        pd.DataFrame({"m": ways.length_m}),
    )  # fmt: skip
    chosen = np.array([0, 11, 57])
    network.set_pois("f", 5000.0, 1, pd.Series(x[chosen]), pd.Series(y[chosen]))
    theirs = network.nearest_pois(5000.0, "f", num_pois=1)[1].to_numpy()
    ours = node_distances(len(x), ways.start, ways.end, ways.length_m, chosen, np.zeros(3))
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_in_nanjing_the_same_distances_come_from_scipy_and_pandana():
    if not NANJING.exists():
        pytest.skip("real places are not beside the repository")
    streets = gpd.read_file(NANJING, layer="streets").to_crs("EPSG:4547").explode(ignore_index=True)
    streets = streets.assign(
        bridge=streets["bridge"].notna(),
        tunnel=streets["tunnel"].notna(),
        layer=streets["layer"].astype(float).fillna(0).astype(int),
    )
    ways = lay_footways(streets)
    size, length = len(ways.nodes), np.ceil(ways.length_m)  # pandana keeps thousandths of a metre
    chosen = np.random.default_rng(2).choice(size, 12, replace=False)
    ours = node_distances(size, ways.start, ways.end, length, chosen, np.zeros(12))
    shortest = {}
    for one, other, far in zip(ways.start.tolist(), ways.end.tolist(), length.tolist(), strict=True):
        pair = (min(one, other), max(one, other))
        shortest[pair] = min(far, shortest.get(pair, np.inf))
    (rows, columns), metres = np.array(list(shortest)).T, np.array(list(shortest.values()))
    graph = csr_array((metres, (rows, columns)), shape=(size, size))
    theirs = dijkstra(graph, directed=False, indices=chosen, min_only=True)
    assert np.array_equal(ours, theirs)
    assert np.isfinite(ours).sum() > 500
    pandana = pytest.importorskip("pandana", reason="pandana is in requirements-bench.txt only")
    x, y = (pd.Series(axis) for axis in ways.nodes.T)
    network = pandana.Network(x, y, pd.Series(ways.start), pd.Series(ways.end), pd.DataFrame({"m": length}))
    network.set_pois("f", 20_000.0, 1, x.iloc[chosen], y.iloc[chosen])
    assert np.array_equal(network.nearest_pois(20_000.0, "f", num_pois=1)[1].to_numpy(), np.minimum(ours, 20_000.0))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_no_way_is_shorter_than_the_straight_line(seed):
    rng = np.random.default_rng(seed)
    streets = draw(*rng.uniform(0, 400, (9, 2, 2)).tolist())
    homes, facilities = rng.uniform(0, 400, (8, 2)), rng.uniform(0, 400, (3, 2))
    ways = walk(streets, homes, facilities)
    straight = np.hypot(*(homes[:, None] - facilities[None]).transpose(2, 0, 1)).min(axis=1)
    assert (np.isnan(ways) | (ways >= straight - 1e-6)).all()
