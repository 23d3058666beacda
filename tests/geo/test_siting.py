"""Siting: the best choice there is, by brute force and by spopt, and what each site adds."""

from __future__ import annotations

from itertools import combinations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.coverage import Ground
from app.geo.footways import lay_footways, stand_beside
from app.geo.siting import choose_fewest, choose_sites, site_facilities, street_corners
from tests.geo.test_walking import manhattan, points, shut

INSTANCES = st.tuples(
    st.lists(st.sets(st.integers(0, 7), max_size=5), min_size=1, max_size=7),
    st.lists(st.integers(0, 20), min_size=8, max_size=8),
    st.integers(1, 4),
)


def arrays(sets):
    return [np.array(sorted(one), dtype=np.int64) for one in sets]


def weight_of(sets, weights):
    return sum(weights[row] for row in set().union(*sets))


@settings(max_examples=60, deadline=None)
@given(INSTANCES)
def test_no_choice_of_as_many_sites_covers_more(instance):
    sets, weights, count = instance
    choice = choose_sites(arrays(sets), np.array(weights, dtype=float), count)
    best = max(weight_of(some, weights) for some in combinations(sets, min(count, len(sets))))
    assert choice.gap == 0
    assert len(choice.sites) <= count
    assert choice.covered == best == weight_of([sets[site] for site in choice.sites], weights)


@settings(max_examples=60, deadline=None)
@given(INSTANCES)
def test_no_fewer_sites_cover_everybody_who_can_be_covered(instance):
    sets, weights, _ = instance
    choice = choose_fewest(arrays(sets), np.array(weights, dtype=float))
    everybody = set().union(*sets)
    fewest = next(
        size
        for size in range(len(sets) + 1)
        if any(set().union(*some) == everybody for some in combinations(sets, size))
    )
    assert len(choice.sites) == fewest
    assert set().union(*(sets[site] for site in choice.sites)) == everybody
    assert choice.gap == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of PuLP, which spopt asks
@pytest.mark.parametrize("seed", range(4))
def test_spopt_finds_the_same_optima(seed):
    locate = pytest.importorskip("spopt.locate", reason="spopt is in requirements-bench.txt only")
    pulp = pytest.importorskip("pulp", reason="spopt is in requirements-bench.txt only")
    rng = np.random.default_rng(seed)
    cost = rng.uniform(0, 1000, (40, 12))
    cost[np.arange(40), rng.integers(0, 12, 40)] = 100.0  # everybody can be reached
    weights = rng.integers(1, 50, 40).astype(float)
    reached = [np.flatnonzero(cost[:, site] <= 300) for site in range(12)]
    solver = pulp.HiGHS(msg=False) if pulp.HiGHS(msg=False).available() else pulp.PULP_CBC_CMD(msg=False)
    most = locate.MCLP.from_cost_matrix(cost, weights, 300, p_facilities=3).solve(solver)
    fewest = locate.LSCP.from_cost_matrix(cost, 300).solve(solver)
    theirs = weights[(cost[:, [len(rows) > 0 for rows in most.fac2cli]] <= 300).any(axis=1)].sum()
    assert choose_sites(reached, weights, 3).covered == theirs
    assert len(choose_fewest(reached, weights).sites) == sum(len(rows) > 0 for rows in fewest.fac2cli)


def town(*homes, households=100.0):
    """Put homes beside a Manhattan of four by four blocks."""
    ways = lay_footways(manhattan())
    places = points(*homes)
    frame = gpd.GeoDataFrame({"households": [households] * len(homes)}, geometry=places, crs="EPSG:4544")
    walls = shut()
    return Ground(frame, places, stand_beside(places, ways, walls, reach_m=100), ways, walls, "EPSG:4544")


def candidates(*xy):
    return gpd.GeoDataFrame(
        {"name": [f"s{k}" for k in range(len(xy))], "kind": "land"}, geometry=points(*xy), crs="EPSG:4544"
    )


def test_sites_come_best_first_each_with_what_it_adds_to_those_before():
    ground = town((0, 0), (20, 0), (40, 0), (400, 400), (380, 400), (200, 0))
    far = np.full(6, np.inf)
    sites = candidates((20, 0), (390, 400), (125, 0))
    found = site_facilities(ground, far, sites, within_m=100, count=2)
    assert found.sites["name"].tolist() == ["s0", "s1"]
    assert found.sites["adds"].tolist() == [300.0, 200.0]
    assert (found.uncovered, found.covered, found.gap) == (600.0, 500.0, 0.0)
    assert found.alone["adds"].tolist() == [300.0, 200.0, 200.0]


def test_homes_that_are_covered_already_are_worth_nothing():
    ground = town((0, 0), (20, 0), (400, 400))
    found = site_facilities(
        ground, np.array([10.0, 10.0, np.inf]), candidates((0, 0), (400, 390)), within_m=100, count=1
    )
    assert found.sites["name"].tolist() == ["s1"]


def test_what_no_site_reaches_is_told():
    ground = town((0, 0), (400, 400))
    found = site_facilities(ground, np.full(2, np.inf), candidates((0, 10)), within_m=100, count=None)
    assert (len(found.sites), found.covered, found.out_of_reach) == (1, 100.0, 100.0)


def test_nothing_is_sited_where_everybody_is_covered():
    found = site_facilities(town((0, 0)), np.array([5.0]), candidates((0, 10)), within_m=100, count=3)
    assert (len(found.sites), found.uncovered, found.covered) == (0, 0.0, 0.0)


def test_street_corners_are_candidates():
    assert len(street_corners(town((0, 0)))) == 25 - 4  # the four outer corners are no crossings
