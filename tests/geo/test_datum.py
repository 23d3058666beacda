"""GCJ-02 and BD-09 agree with what others published, and come back to the millimetre."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.geo.datum import (
    DATUMS,
    bd09_to_gcj02,
    from_plain,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    lift_datum,
    to_plain,
    wgs84_to_gcj02,
)

MILLIMETRE = 0.001

in_china = st.tuples(st.floats(73.6, 135.0), st.floats(3.5, 53.5))

# tests of googollee/eviltransform (python/test.py): WGS 84 and GCJ-02 of places in Shanghai, Shenzhen and Beijing
EVILTRANSFORM = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]
# README of wandergis/coordtransform, for 116.404, 39.915
# (eviltransform's BD-09 leaves out a factor in the period and lies up to 41 m from everybody else's: not an example)
COORDTRANSFORM = [
    (wgs84_to_gcj02, (116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    (gcj02_to_wgs84, (116.404, 39.915), (116.39775550083061, 39.91359571849836)),
    (gcj02_to_bd09, (116.404, 39.915), (116.41036949371029, 39.92133699351021)),
    (bd09_to_gcj02, (116.404, 39.915), (116.39762729119315, 39.90865673957631)),
]
# README of the npm package coordinates-transform
COORDINATES_TRANSFORM = [
    (wgs84_to_gcj02, (121.431863, 31.027647), (121.43647333299322, 31.025684130869397)),
    (gcj02_to_bd09, (121.436466, 31.025677), (121.44286883589297, 31.03203364007244)),
]


def metres_between(one, other) -> float:
    east, north = np.abs(np.atleast_2d(one) - np.atleast_2d(other)).T
    return float(np.hypot(east * 111_320.0 * np.cos(np.radians(np.atleast_2d(one)[:, 1])), north * 111_320.0).max())


def row(lonlat) -> np.ndarray:
    return np.array([lonlat], dtype=float)


@pytest.mark.parametrize(("wgs84", "gcj02"), EVILTRANSFORM)
def test_gcj02_agrees_with_published_places_both_ways(wgs84, gcj02):
    assert metres_between(wgs84_to_gcj02(row(wgs84)), gcj02) < 0.1
    assert metres_between(gcj02_to_wgs84(row(gcj02)), wgs84) < 0.1


@pytest.mark.parametrize(("shift", "place", "published"), COORDTRANSFORM + COORDINATES_TRANSFORM)
def test_each_step_agrees_with_published_examples(shift, place, published):
    assert metres_between(shift(row(place)), published) < 0.1


@given(places=st.lists(in_china, min_size=1, max_size=20), datum=st.sampled_from(DATUMS))
def test_there_and_back_is_the_same_place_to_a_millimetre(places, datum):
    lonlat = np.array(places)
    assert metres_between(to_plain(from_plain(lonlat, datum), datum), lonlat) < MILLIMETRE
    assert metres_between(from_plain(to_plain(lonlat, datum), datum), lonlat) < MILLIMETRE


@given(place=in_china)
def test_a_place_does_not_depend_on_those_beside_it(place):
    alone = gcj02_to_wgs84(row(place))
    together = gcj02_to_wgs84(np.array([(104.0, 30.6), place, (87.6, 43.8)]))
    assert metres_between(alone, together[1]) < MILLIMETRE


@pytest.mark.parametrize(
    ("city", "gcj02_m", "bd09_m"),
    [
        ((104.06, 30.66), 363, 947),
        ((116.40, 39.91), 556, 1377),
        ((126.63, 45.75), 521, 1299),
        ((121.47, 31.23), 482, 1144),
    ],
)
def test_the_shift_is_as_wide_as_a_grid(city, gcj02_m, bd09_m):
    assert metres_between(city, from_plain(row(city), "gcj02")) == pytest.approx(gcj02_m, abs=25)
    assert metres_between(city, from_plain(row(city), "bd09")) == pytest.approx(bd09_m, abs=25)


def test_abroad_gcj02_is_wgs84():
    tokyo = row((139.7, 35.7))
    assert (wgs84_to_gcj02(tokyo) == tokyo).all()
    assert metres_between(gcj02_to_wgs84(tokyo), tokyo) == 0


def test_a_frame_is_lifted_whole_and_neighbours_keep_their_shared_edge():
    outlines = [shapely.box(118.78, 32.04, 118.79, 32.05), shapely.box(118.79, 32.04, 118.80, 32.05)]
    drawn = gpd.GeoDataFrame(geometry=[shapely.transform(one, lambda xy: from_plain(xy, "gcj02")) for one in outlines])
    before = [shape.wkb for shape in drawn.geometry]
    lifted = lift_datum(drawn.set_crs(4490), "gcj02")
    for shape, outline in zip(lifted.geometry, outlines, strict=True):
        assert shapely.hausdorff_distance(shape, outline) * 111_320 < MILLIMETRE
    shared = {tuple(xy) for xy in shapely.get_coordinates(lifted.geometry[0]).tolist()}
    shared &= {tuple(xy) for xy in shapely.get_coordinates(lifted.geometry[1]).tolist()}
    assert len(shared) == 2
    assert [shape.wkb for shape in drawn.geometry] == before
