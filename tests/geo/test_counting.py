"""The point at which a building counts: inside it, where other tools have it, and of no other building's making."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.counting import counting_points

PLACES = [(118.79, 32.05), (104.06, 30.6), (87.6, 43.8), (113.999, 22.5), (-70.6, -33.4)]


def house(lon: float, lat: float, turn_deg: float) -> shapely.Polygon:
    """An L of 60 by 40 m, turned."""
    corners = np.array([(0, 0), (60, 0), (60, 15), (15, 15), (15, 40), (0, 40)], float)
    turn = np.radians(turn_deg)
    turned = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return shapely.Polygon(turned / (111_320 * np.cos(np.radians(lat)), 111_320) + (lon, lat))


@pytest.mark.parametrize(("lon", "lat"), PLACES)
@settings(deadline=None, max_examples=8)
@given(turn_deg=st.floats(0, 360))
def test_the_point_lies_inside_and_where_other_tools_have_it(lon, lat, turn_deg):
    building = house(lon, lat, turn_deg)
    [point] = counting_points(np.array([building]))
    assert shapely.contains(building, point)
    frame = gpd.GeoSeries([building], crs="EPSG:4490")
    metres = frame.to_crs(frame.estimate_utm_crs())
    theirs = metres.representative_point().to_crs("EPSG:4490")[0]
    assert point.distance(theirs) * 111_320 < 1e-3


def test_points_count_where_they_are_and_nothing_is_changed():
    given_in = np.array([shapely.Point(118.8, 32.0), house(118.8, 32.0, 10)], dtype=object)
    before = shapely.to_wkb(given_in).tolist()
    assert counting_points(given_in)[0] == given_in[0]
    assert shapely.to_wkb(given_in).tolist() == before
    assert len(counting_points(given_in[:0])) == 0


def test_other_buildings_have_no_say():
    near, far = house(118.8, 32.0, 25), house(104.0, 30.0, 25)
    alone = counting_points(np.array([near]))[0]
    assert counting_points(np.array([far, near]))[1].equals_exact(alone, 0.0)
