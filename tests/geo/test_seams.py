"""Outlines keep their vertices to the last bit, and neighbours meet vertex by vertex, without hairs."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from drawn_towns import CHENGDU, Divided, divide, draw_layers, rows_of_slabs
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from app.geo.arrangement import arrange
from app.geo.crs import metric_crs, project, unproject
from app.geo.rules import Rules
from app.geo.seams import Seams, are_sound, match_seams, sew, to_degrees_exactly

CORNER = np.array([433_000.0, 3_376_000.0])


def degrees(shape: BaseGeometry, crs: CRS) -> BaseGeometry:
    """A drawing in metres about a corner in the zone, in degrees with all their digits."""
    return shapely.transform(shape, lambda xy: unproject(xy + CORNER, crs))


def cut(outline: BaseGeometry, lines: list[shapely.LineString], crs: CRS) -> tuple[np.ndarray, Seams]:
    """Cut an outline in degrees by lines drawn in metres, and bring the pieces back to degrees."""
    flat = project(np.array([outline], dtype=object), crs)[0]
    faces = arrange(shapely.transform(np.array(lines, dtype=object), lambda xy: xy + CORNER), flat).faces
    [pieces], seams = to_degrees_exactly([faces], outline, crs)
    return pieces, seams


def vertices(*shapes: BaseGeometry) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(np.array(shapes, dtype=object)).tolist()))


def dense(shape: BaseGeometry) -> BaseGeometry:
    return shapely.segmentize(shape, 100)


@pytest.fixture(scope="module")
def crs() -> CRS:
    return metric_crs(CHENGDU[0])


# One community


def test_every_vertex_of_the_outline_stays_as_it_was(crs: CRS):
    outline = degrees(dense(shapely.Polygon([(0, 0), (313, 11), (305, 207), (-7, 190)])), crs)
    pieces, _ = cut(outline, [shapely.LineString([(-50, 100), (400, 110)])], crs)
    assert len(pieces) == 2
    assert vertices(outline) <= vertices(*pieces)


def test_the_pieces_fill_the_outline_and_fit_each_other(crs: CRS):
    outline = degrees(dense(shapely.Polygon([(0, 0), (313, 11), (305, 207), (-7, 190)])), crs)
    lines = [shapely.LineString([(-50, 100), (400, 110)]), shapely.LineString([(150, -50), (160, 300)])]
    pieces, seams = cut(outline, lines, crs)
    [chains] = match_seams([seams], [outline])
    assert shapely.coverage_is_valid(sew(pieces, chains))
    together = shapely.union_all(sew(pieces, chains))
    assert together.symmetric_difference(outline).area < 1e-15  # some millionths of a square metre


def test_a_border_that_ends_by_a_vertex_ends_on_it(crs: CRS):
    """3 mm beside a corner of the outline no vertex of its own is worth having."""
    outline = degrees(shapely.box(0, 0, 90, 90), crs)
    pieces, seams = cut(outline, [shapely.LineString([(0.003, 0), (90, 50)])], crs)
    corner = degrees(shapely.Point(0, 0), crs)
    assert len(seams.ends) == 1  # the other end of the line only
    assert all((corner.x, corner.y) in vertices(piece) for piece in pieces)


def test_a_border_ends_at_a_whole_centimetre_of_an_edge(crs: CRS):
    outline = degrees(shapely.box(0, 0, 90, 90), crs)
    _, seams = cut(outline, [shapely.LineString([(-1, 33.3333), (91, 33.3333)])], crs)
    for (low, _), (end,) in seams.ends.items():
        along = np.diff(shapely.get_coordinates(project(shapely.points([low, end]), crs)), axis=0)
        assert round(float(np.hypot(*along[0])), 4) in (33.33, 56.67)  # from whichever end is the lower


@pytest.mark.parametrize("lean", range(3, 33, 3))
def test_a_hair_along_the_outline_is_cut_off(crs: CRS, lean: int):
    """Half a millimetre of width over three metres vanishes where the outline is straight: so does the hair."""
    outline = degrees(shapely.Polygon([(0, 0), (90, 0), (90 + lean, 70), (lean, 70)]), crs)
    up = np.array([lean, 70]) / np.hypot(lean, 70)
    start, tip, foot = up * 20, up * 60, up * 57 + [0.0005, 0]
    body = shapely.Polygon([start, tip, foot, (60, 50), (60, 25)])
    rest = shapely.Polygon([(0, 0), (90, 0), (90 + lean, 70), (lean, 70), tip, foot, (60, 50), (60, 25), start])
    body, rest = shapely.transform(np.array([body, rest], dtype=object), lambda xy: xy + CORNER)
    [pieces], seams = to_degrees_exactly([np.array([body, rest], dtype=object)], outline, crs)
    [chains] = match_seams([seams], [outline])
    sewn = sew(pieces, chains)
    assert shapely.is_valid(sewn).all()
    assert degrees(shapely.Point(tip), crs).distance(shapely.MultiPoint(shapely.get_coordinates(sewn[0]))) > 1e-5


# Two communities


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    lean=st.integers(-60, 60),
    ours=st.lists(st.floats(5, 295), min_size=1, max_size=3),
    theirs=st.lists(st.floats(5, 295), min_size=1, max_size=3),
)
def test_borders_that_end_on_a_common_edge_become_vertices_of_both_sides(lean: int, ours, theirs):
    crs = metric_crs(CHENGDU[0])
    west = degrees(dense(shapely.Polygon([(-200, 0), (0, 0), (lean, 300), (-200 + lean, 300)])), crs)
    east = degrees(dense(shapely.Polygon([(0, 0), (200, 0), (200 + lean, 300), (lean, 300)])), crs)
    parts = [
        cut(outline, [shapely.LineString([(-300, y), (300, y)]) for y in heights], crs)
        for outline, heights in ((west, ours), (east, theirs))
    ]
    chains = match_seams([seams for _, seams in parts], [west, east])
    sewn = np.concatenate([sew(pieces, chain) for (pieces, _), chain in zip(parts, chains, strict=True)])
    assert shapely.coverage_is_valid(sewn)
    assert shapely.is_valid(sewn).all()
    assert vertices(west, east) <= vertices(*sewn)


def test_a_street_across_two_communities_gives_one_point(crs: CRS):
    """Both cut the common edge where the same street crosses it: to the last bit in the same place."""
    west, east = (degrees(dense(shapely.box(x, 0, x + 200, 300)), crs) for x in (0, 200))
    street = shapely.LineString([(-10, 100.0037), (410, 130.0071)])
    ends = []
    for outline in (west, east):
        _, seams = cut(outline, [street], crs)
        ends.append({end for points in seams.ends.values() for end in points})
    assert len(ends[0] & ends[1]) == 1


def test_nothing_is_added_where_nothing_ends(crs: CRS):
    outline = degrees(shapely.box(0, 0, 90, 90), crs)
    pieces, seams = cut(outline, [], crs)
    assert match_seams([seams], [outline]) == [{}]
    assert sew(pieces, {})[0] is pieces[0]


# Whole plans


def town(seed: int = 0) -> Divided:
    """Two communities side by side, whose rows of slabs do not stand in line."""
    homes = {"510000000001": shapely.box(0, 0, 300, 400), "510000000002": shapely.box(300, 0, 640, 400)}
    west, east = homes.values()
    slabs = [*rows_of_slabs(west), *rows_of_slabs(east, step=(55, 34))]
    return divide(draw_layers(homes, buildings=slabs, households=25), Rules(), seed=seed)


@pytest.mark.parametrize("seed", [0, 1])
def test_grids_of_neighbours_fit_vertex_by_vertex(seed: int):
    divided = town(seed)
    assert shapely.coverage_is_valid(divided.plan.grids.geometry.to_numpy())
    assert shapely.coverage_is_valid(divided.plan.units.geometry.to_numpy())


def test_grids_have_every_vertex_of_their_outlines_unmoved():
    plan = town().plan
    assert vertices(*plan.communities.geometry) <= vertices(*plan.grids.geometry)


def test_a_neighbour_gets_vertices_but_none_of_its_own_move():
    """The western community alone, and beside a neighbour: its grids differ only by vertices on the common edge."""
    homes = shapely.box(0, 0, 300, 400)
    alone = divide(draw_layers(homes, buildings=rows_of_slabs(homes), households=25)).plan.grids
    beside = town().plan.grids.query("community_code == '510000000001'")
    assert alone["grid_code"].tolist() == beside["grid_code"].tolist()
    for one, other in zip(alone.geometry, beside.geometry, strict=True):
        assert vertices(one) <= vertices(other)
        assert one.symmetric_difference(other).area < 1e-15


# What rounding leaves of very small things


SPECK = [(150.0, 100.001), (150.0002, 100.0), (150.0001, 100.0)]


def square(crs: CRS) -> tuple[BaseGeometry, BaseGeometry]:
    """An outline in degrees, and the same in metres about the corner."""
    outline = degrees(dense(shapely.Polygon([(0, 0), (300, 0), (300, 200), (0, 200)])), crs)
    return outline, shapely.transform(project(np.array([outline], dtype=object), crs)[0], lambda xy: xy - CORNER)


def write(polygon: BaseGeometry, outline: BaseGeometry, crs: CRS) -> BaseGeometry:
    [[written]], _ = to_degrees_exactly([np.array([shapely.transform(polygon, lambda xy: xy + CORNER)])], outline, crs)
    return written


def test_a_speck_that_rounding_makes_a_line_goes(crs: CRS):
    outline, flat = square(crs)
    court = shapely.Polygon(flat.exterior, [shapely.buffer(shapely.Point(150, 100), 20).exterior])
    written = write(shapely.MultiPolygon([court, shapely.Polygon(SPECK)]), outline, crs)
    assert written.geom_type == "Polygon"
    assert shapely.is_valid(written)
    assert project(np.array([written]), crs)[0].area == pytest.approx(court.area, abs=0.01)


def test_a_hole_that_rounding_makes_a_line_is_filled(crs: CRS):
    outline, flat = square(crs)
    written = write(shapely.Polygon(flat.exterior, [SPECK]), outline, crs)
    assert not len(written.interiors)
    assert shapely.equals(written, outline)


def test_a_border_that_touches_the_outline_on_its_way_is_not_sound(crs: CRS):
    outline, _ = square(crs)
    sound, seams = cut(outline, [shapely.LineString([(150, -10), (150, 210)])], crs)
    assert are_sound(sound, seams, outline)
    # To within 2 mm of the outline, then beside it for a metre before it ends: rounding puts the bend on the outline.
    tangled, seams = cut(outline, [shapely.LineString([(150, -10), (200, 199.998), (201, 199.99), (201.1, 210)])], crs)
    assert not are_sound(tangled, seams, outline)
