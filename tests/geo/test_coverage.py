"""Coverage: shares that add up, blind spots that hold everybody missed, circles that claim too much."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from app.geo.coverage import Walk, lay_ground, measure_coverage
from app.geo.layers import Layers
from tests.geo.toy_town import place

WEST, EAST = "510000000001", "510000000002"
HOMES = {"a": (20, 5), "b": (380, 5), "c": (420, 5), "d": (780, 5), "e": (600, 390)}
"""Four homes along the street in the south, and one far to the north."""


def frame(shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=[place(shape) for shape in shapes], crs="EPSG:4490")


@pytest.fixture
def layers():
    """Draw two communities of 400 m × 400 m; a street in the south, and one behind a river without a bridge.

    +---------+---------+
    |         |    e    |
    |=========|=========|   380 m, a street that hangs apart
    |~~~~~~~~~|~~~~~~~~~|   200 m, a river
    |a===F===b|c=======d|   0 m, a street with the facility F at 200 m
    +---------+---------+
    """
    homes = [shapely.Point(x, y).buffer(4) for x, y in HOMES.values()]
    streets = [shapely.LineString([(0, 0), (800, 0)]), shapely.LineString([(0, 380), (800, 380)])]
    empty = gpd.GeoDataFrame(geometry=[], crs="EPSG:4490")
    return Layers(
        communities=frame(
            [shapely.box(0, -20, 400, 400), shapely.box(400, -20, 800, 400)],
            community_code=[WEST, EAST], name=["西", "东"],
        ),
        streets=frame(streets, highway=["residential"] * 2, name="", bridge=False, tunnel=False, layer=0),
        buildings=frame(
            homes, building_id=list(HOMES), households=[100.0, 50.0, 50.0, 100.0, 30.0], persons=[250.0] * 5
        ),
        barriers=frame(
            [shapely.box(0, 195, 800, 205)], kind=["water"], name=[""], bridge=[False], tunnel=[False]
        ),
        compounds=empty, special_sites=empty, groups=empty, fixed_borders=empty, seeds=empty, household_basis="常住户",
    )  # fmt: skip


@pytest.fixture
def grids():
    return frame(
        [shapely.box(0, -20, 200, 400), shapely.box(200, -20, 400, 400), shapely.box(400, -20, 800, 400)],
        grid_code=[WEST + "001", WEST + "002", EAST + "001"],
    )


STATION = (200, -3)


def facilities(*xy, kind="clinic"):
    return frame([shapely.Point(one) for one in xy], facility_class=[kind] * len(xy))


def covered(layers, *xy, within=(250.0,), grids=None, **walk):
    return measure_coverage(lay_ground(layers, grids=grids), facilities(*xy), ["clinic"], Walk(within_m=within, **walk))


def shares(found, level):
    return found.shares[found.shares["level"] == level]


def test_the_way_is_that_along_the_street_with_both_ways_to_it(layers):
    homes = covered(layers, STATION).homes.set_index("building_id")
    assert homes.loc["a", "clinic_walk_m"] == pytest.approx(5 + 180 + 3, rel=0.003)
    assert homes.loc["d", "clinic_walk_m"] == pytest.approx(5 + 580 + 3, rel=0.003)
    assert np.isinf(homes.loc["e", "clinic_walk_m"])


def test_shares_of_households_and_persons_within_a_distance(layers):
    (county,) = shares(covered(layers, STATION), "county").to_dict("records")
    assert (county["households"], county["households_within"]) == (330.0, 200.0)
    assert county["share"] == pytest.approx(200 / 330)
    assert county["persons_share"] == pytest.approx(3 / 5)


def test_shares_add_up_from_grids_to_communities_to_the_county(layers, grids):
    found = covered(layers, STATION, within=(100.0, 250.0, 700.0), grids=grids)
    sums = ["households", "households_within", "persons", "persons_within", "households_in_circle", "over_claimed"]
    for level in ("grid", "community"):
        together = shares(found, level).groupby("within_m")[sums].sum()
        assert together.equals(shares(found, "county").set_index("within_m")[sums]), level
    assert found.shares["share"].between(0, 1).all()


def test_coverage_grows_with_distance(layers):
    found = shares(covered(layers, STATION, within=(50.0, 200.0, 400.0, 2000.0)), "county")
    assert found["households_within"].is_monotonic_increasing
    assert found["households_within"].iloc[-1] == 300.0  # nobody wades


def test_a_circle_claims_those_beyond_the_river(layers):
    (county,) = shares(covered(layers, (600, 3), within=(400.0,)), "county").to_dict("records")
    assert county["over_claimed"] == 30.0
    assert county["households_in_circle"] == county["households_within"] + 30.0


def test_every_home_that_is_missed_lies_in_one_blind_spot_and_their_households_add_up(layers):
    found = covered(layers, STATION)
    assert found.blind_spots["households"].sum() == 130.0
    assert found.blind_spots["number"].tolist() == [1, 2]
    missed = found.homes[found.homes["clinic_walk_m"] > 250]
    inside = [found.blind_spots.contains(point).sum() for point in missed.geometry]
    assert inside == [1, 1]
    assert found.blind_spots["community_codes"].tolist() == [EAST, EAST]


def test_every_blind_spot_has_homes_and_all_missed_homes_are_in_them_wherever_they_stand(layers):
    rng = np.random.default_rng(3)
    homes = [shapely.Point(*rng.uniform((5, 250), (795, 395))).buffer(2) for _ in range(60)]
    many = frame(homes, building_id=[str(k) for k in range(60)], households=1.0, persons=2.0)
    found = covered(Layers(**{**vars(layers), "buildings": many}), STATION)
    assert found.blind_spots["homes"].min() >= 1
    assert found.blind_spots["households"].sum() == 60.0


def test_a_home_without_a_street_is_told_and_not_covered(layers):
    lonely = covered(layers, STATION, reach_m=300.0)
    assert lonely.isolated.empty
    far = measure_coverage(
        lay_ground(layers, walk=Walk(reach_m=7.0)), facilities(STATION), ["clinic"], Walk((60.0), (250.0,))
    )
    assert far.isolated["building_id"].tolist() == ["e"]
    assert "没有街道" in far.isolated["reason"][0]


def test_a_facility_without_a_street_is_counted_and_left_out(layers):
    found = covered(layers, (400, 195), reach_m=100.0)
    assert found.facilities.to_dict("records") == [{"facility_class": "clinic", "facilities": 1, "isolated": 1}]
    assert shares(found, "county")["households_within"].tolist() == [0.0]


def test_without_facilities_nobody_is_covered_and_without_homes_there_is_no_data(layers):
    assert shares(covered(layers), "county")["share"].tolist() == [0.0]
    empty = measure_coverage(
        lay_ground(Layers(**{**vars(layers), "buildings": layers.buildings.iloc[:0]})), facilities(STATION), ["clinic"]
    )
    assert empty.shares.empty
    assert empty.blind_spots.empty


def test_where_nobody_counted_persons_their_share_is_unknown(layers):
    unknown = layers.buildings.assign(persons=np.nan)
    found = covered(Layers(**{**vars(layers), "buildings": unknown}), STATION)
    assert pd.isna(shares(found, "county")["persons_share"]).all()
