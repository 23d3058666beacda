"""Frames keep what is straight, and their numbers, on the way between their own CRS, degrees and metres."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from app.geo.crs import DEGREES, densify_outlines, has_secret_shift, metric_crs, project, to_degrees, unproject

NANJING = 118.78, 32.04


def frame_of(*shapes: shapely.Geometry, crs: object = 4490) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=crs)


def vertices(shape: shapely.Geometry) -> set[tuple[float, float]]:
    return {tuple(xy) for xy in shapely.get_coordinates(shape).tolist()}


far = st.floats(-0.02, 0.02, allow_nan=False)


@given(a=st.tuples(far, far), b=st.tuples(far, far), side=st.tuples(far, far), other=st.tuples(far, far))
def test_neighbours_get_the_same_vertices_on_a_shared_edge_to_the_last_bit(a, b, side, other):
    ends = [(NANJING[0] + x, NANJING[1] + y) for x, y in (a, b, side, other)]
    if len(set(ends)) < 4:
        return
    start, end, left, right = ends
    one = shapely.Polygon([start, end, left])  # walks the edge from start to end
    two = shapely.Polygon([right, end, start])  # and back
    dense = densify_outlines(frame_of(one, two)).geometry
    edge = shapely.get_coordinates(dense[0]).tolist()
    walked = edge[: edge.index(list(end)) + 1]
    back = shapely.get_coordinates(dense[1]).tolist()
    back = back[back.index(list(end)) : back.index(list(start), 1) + 1]
    assert walked == back[::-1]


@given(size=st.floats(0.0005, 0.05), turn=st.floats(0, 6.3))
def test_no_edge_stays_longer_than_a_hundred_metres_and_no_vertex_moves(size, turn):
    corners = [(np.cos(turn + k) * size + NANJING[0], np.sin(turn + k) * size + NANJING[1]) for k in (0, 2, 4)]
    shape = shapely.Polygon(corners)
    dense = densify_outlines(frame_of(shape)).geometry[0]
    runs = np.diff(shapely.get_coordinates(dense), axis=0)
    assert np.hypot(*runs.T).max() * 111_320 <= 100 * (1 + 1e-9)
    assert vertices(shape) <= vertices(dense)
    assert shapely.hausdorff_distance(shape, dense) < 1e-12


def test_edges_are_measured_in_the_unit_of_the_crs():
    square = shapely.box(0, 0, 1000, 1000)
    metres = densify_outlines(frame_of(square, crs=4549)).geometry[0]
    feet = densify_outlines(frame_of(square, crs=2263)).geometry[0]  # US survey feet
    assert shapely.get_num_coordinates(metres) == 41
    assert shapely.get_num_coordinates(feet) == 17


def test_holes_and_parts_are_kept_and_the_frame_given_is_not_touched():
    ring = shapely.box(0, 0, 500, 500).difference(shapely.box(100, 100, 400, 400))
    both = frame_of(ring, shapely.MultiPolygon([ring, shapely.box(900, 0, 1200, 90)]), crs=4549)
    before = both.to_wkb()
    dense = densify_outlines(both)
    assert [shape.geom_type for shape in dense.geometry] == ["Polygon", "MultiPolygon"]
    assert dense.area.tolist() == both.area.tolist()
    assert len(dense.geometry[0].interiors) == 1
    assert both.to_wkb().equals(before)


def test_an_empty_frame_is_densified_to_an_empty_frame():
    assert densify_outlines(frame_of()).empty


@pytest.mark.parametrize("code", [4326, 4490, 4979])
def test_degrees_of_wgs84_and_cgcs2000_keep_their_numbers(code):
    shape = shapely.Point(*NANJING, 12.0)
    degrees = to_degrees(frame_of(shape, crs=code))
    assert degrees.crs == DEGREES
    assert degrees.geometry[0].coords[:] == [NANJING]


@pytest.mark.parametrize("code", [4549, 4528, 32650, 3857])
def test_projected_coordinates_are_unprojected_on_their_own_datum(code):
    crs = CRS(code)
    there = Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True).transform(*NANJING)
    back = to_degrees(frame_of(shapely.Point(there), crs=crs)).geometry[0]
    assert back.x == pytest.approx(NANJING[0], abs=1e-9)
    assert back.y == pytest.approx(NANJING[1], abs=1e-9)


def test_a_crs_whose_first_axis_points_north_is_read_east_first():
    assert CRS(4549).axis_info[0].direction == "north"
    place = to_degrees(frame_of(shapely.Point(384_000, 3_546_000), crs=4549)).geometry[0]
    assert (round(place.x, 1), round(place.y, 1)) == (118.8, 32.0)


@pytest.mark.parametrize(("code", "secret"), [(2385, True), (4610, True), (2437, True), (4490, False), (32650, False)])
def test_datums_whose_shift_is_not_public_are_told(code, secret):
    assert has_secret_shift(CRS(code)) is secret


@pytest.mark.parametrize(
    ("longitude", "code"), [(118.78, 4549), (105.0, 4544), (102.2, 4543), (73.6, 4534), (134.9, 4554), (118.5, 4549)]
)
def test_the_zone_of_a_chinese_place_is_the_official_one(longitude, code):
    assert metric_crs(longitude).to_epsg() == code


@pytest.mark.parametrize(("longitude", "meridian"), [(-122.3, -123), (2.35, 3), (151.2, 150), (-0.1, 0)])
def test_elsewhere_the_zone_is_the_same_projection_about_the_nearest_third_meridian(longitude, meridian):
    crs = metric_crs(longitude)
    middle = project(np.array([shapely.Point(meridian, 45)]), crs)[0]
    assert middle.x == pytest.approx(500_000, abs=1e-6)
    assert crs.axis_info[0].unit_name == "metre"


@given(lon=st.floats(-179, 179), lat=st.floats(-75, 75))
def test_unproject_undoes_project(lon, lat):
    crs = metric_crs(lon)
    there = project(np.array([shapely.Point(lon, lat)]), crs)
    back = unproject(shapely.get_coordinates(there), crs)[0]
    assert back.tolist() == pytest.approx([lon, lat], abs=1e-9)
