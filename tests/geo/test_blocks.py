"""Blocks between streets: no strip inside one street, none orphaned beside a wall, nothing taken out of a compound."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.blocks import Blocks, cut_blocks

GROUND = shapely.box(0, 0, 400, 300)


def cut(*lines: tuple[str, shapely.Geometry], buildings=(), enclosures=(), outline=GROUND) -> Blocks:
    homes = np.array(list(buildings), dtype=object)
    return cut_blocks(
        np.array([line & outline for _, line in lines], dtype=object),
        np.array([barrier for barrier, _ in lines], dtype=str),
        outline,
        homes,
        np.ones(len(homes), bool),
        np.array(list(enclosures), dtype=object),
    )


def block_at(blocks: Blocks, x: float, y: float) -> shapely.Geometry:
    [block] = blocks.geometry[shapely.intersects(blocks.geometry, shapely.Point(x, y))]
    return block


# Compounds, special sites and groups


def test_two_compounds_close_to_each_other_share_the_gap_where_there_is_no_street():
    blocks = cut(enclosures=[shapely.box(100, 50, 195, 250), shapely.box(203, 50, 300, 250)])
    assert len(blocks.geometry) == 3
    assert len(blocks.middles) == 0  # no street runs there, so no border may be said to run on one
    assert block_at(blocks, 150, 150).covers(shapely.Point(198, 150))
    assert block_at(blocks, 250, 150).covers(shapely.Point(200, 150))


def test_a_gap_between_compounds_is_not_named_after_a_street_elsewhere():
    street = ("street", shapely.LineString([(20, 0), (20, 300)]))
    blocks = cut(street, enclosures=[shapely.box(100, 50, 195, 250), shapely.box(203, 50, 300, 250)])
    assert len(blocks.middles) == 0


def test_the_strip_between_a_ring_road_and_the_wall_around_it_stays_in_the_compound():
    compound = shapely.box(100, 50, 300, 250)
    ring_road = compound.buffer(-10, join_style="mitre").exterior
    blocks = cut(("lane", ring_road), enclosures=[compound])
    inside = blocks.geometry[shapely.covers(compound.buffer(0.01), blocks.geometry)]
    assert shapely.area(inside).sum() == np.float64(compound.area).round(3)


# Streets


def line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(points)


def test_streets_cut_the_ground_into_blocks_that_tile_it():
    blocks = cut(("street", line((200, -10), (200, 310))), ("lane", line((-10, 150), (410, 150))))
    assert len(blocks.geometry) == 4
    assert shapely.area(blocks.geometry).sum() == pytest.approx(GROUND.area)
    assert shapely.coverage_is_valid(blocks.geometry)


def test_what_ends_inside_a_block_cuts_nothing_and_is_kept_for_its_cells():
    blocks = cut(("lane", line((200, -10), (200, 120))))
    assert len(blocks.geometry) == 1
    assert shapely.union_all(blocks.inner_lines).equals(line((200, 0), (200, 120)))


def test_there_is_one_block_without_lines():
    [block] = cut().geometry
    assert block.equals(GROUND)


@pytest.mark.parametrize("kind", ["primary", "tertiary"])
@pytest.mark.parametrize("apart", [8, 18, 28])
def test_a_dual_carriageway_is_one_street_bordered_on_its_middle(kind: str, apart: float):
    west, east = 200 - apart / 2, 200 + apart / 2
    ways = [(kind, line((x, -10), (x, 310))) for x in (west, east)]
    blocks = cut(*ways)
    assert len(blocks.geometry) == 2
    common = shapely.intersection(*shapely.boundary(blocks.geometry))
    assert np.allclose(shapely.get_coordinates(common)[:, 0], 200, atol=0.8)
    assert common.length == pytest.approx(300, rel=0.02)
    [middle] = blocks.middles
    assert middle.hausdorff_distance(line((200, 0), (200, 300))) < 1
    assert blocks.middle_row.tolist() in ([0], [1])


def test_two_streets_far_apart_stay_two():
    blocks = cut(*(("primary", line((x, -10), (x, 310))) for x in (180, 220)))
    assert len(blocks.geometry) == 3
    assert len(blocks.middles) == 0


def test_two_small_streets_twenty_metres_apart_stay_two():
    assert len(cut(*(("lane", line((x, -10), (x, 310))) for x in (190, 210))).geometry) == 3


def test_a_row_of_houses_between_two_carriageways_is_a_block():
    houses = [shapely.box(195, y, 205, y + 20) for y in range(40, 240, 40)]
    assert len(cut(*(("primary", line((x, -10), (x, 310))) for x in (186, 214)), buildings=houses).geometry) == 3


def test_a_roundabout_is_a_point_where_its_streets_meet():
    """Four streets end on a ring of 12 m: no block is left inside it, and four remain around it."""
    ring = shapely.Point(200, 150).buffer(12, quad_segs=8).exterior
    ends = [((200, 162), (200, 310)), ((200, 138), (200, -10)), ((212, 150), (410, 150)), ((188, 150), (-10, 150))]
    blocks = cut(("secondary", ring), *(("secondary", line(*arm)) for arm in ends))
    assert len(blocks.geometry) == 4
    assert shapely.area(blocks.geometry).sum() == pytest.approx(GROUND.area)
    assert max(block.distance(shapely.Point(200, 150)) for block in blocks.geometry) < 6


def test_a_roundabout_between_dual_carriageways_leaves_four_blocks():
    """Eight carriageways end on a ring of 14 m: neither the ring nor the ground between carriageways is a block."""
    ways = [shapely.Point(200, 150).buffer(14, quad_segs=16).exterior]
    for side in (-6, 6):
        ways += [line((200 + side, 162), (200 + side, 310)), line((200 + side, 138), (200 + side, -10))]
        ways += [line((212, 150 + side), (410, 150 + side)), line((188, 150 + side), (-10, 150 + side))]
    blocks = cut(*(("primary", way) for way in ways))
    assert len(blocks.geometry) == 4
    assert shapely.area(blocks.geometry).tolist() == pytest.approx([GROUND.area / 4] * 4, rel=0.02)


# Strips beside walls


def test_the_strip_between_a_street_and_a_wall_goes_behind_the_wall():
    """A verge of 10 m between the street and the compound's wall: the compound reaches to the street."""
    compound = shapely.box(210, 0, 400, 300)
    blocks = cut(("street", line((200, -10), (200, 310))), enclosures=[compound])
    assert len(blocks.geometry) == 2
    assert block_at(blocks, 300, 150).symmetric_difference(shapely.box(200, 0, 400, 300)).area < 1


def test_a_verge_where_somebody_lives_is_a_block():
    compound = shapely.box(222, 0, 400, 300)
    hut = shapely.box(204, 100, 216, 112)
    blocks = cut(("street", line((200, -10), (200, 310))), buildings=[hut], enclosures=[compound])
    assert block_at(blocks, 210, 106).area == pytest.approx(22 * 300, rel=0.01)


def test_broad_ground_before_a_wall_is_a_block():
    compound = shapely.box(260, 0, 400, 300)
    assert len(cut(("street", line((200, -10), (200, 310))), enclosures=[compound]).geometry) == 3


def test_a_strip_between_two_streets_is_not_given_away_for_want_of_a_wall():
    assert len(cut(*(("street", line((x, -10), (x, 310))) for x in (190, 208))).geometry) == 3


# Whatever comes


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["primary", "tertiary", "street", "lane", "wall", "rail"]),
            st.lists(st.tuples(st.integers(-2, 42), st.integers(-2, 32)), min_size=2, max_size=4, unique=True),
        ),
        max_size=8,
    ),
    st.lists(st.tuples(st.integers(0, 35), st.integers(0, 25), st.integers(2, 12), st.integers(2, 12)), max_size=3),
)
def test_blocks_tile_the_ground_and_fit_vertex_by_vertex(ways, boxes):
    enclosures = [shapely.box(10 * x, 10 * y, 10 * (x + w), 10 * (y + h)) & GROUND for x, y, w, h in boxes]
    drawn = [(kind, shapely.LineString([(10 * x, 10 * y) for x, y in points]) & GROUND) for kind, points in ways]
    parts = [(kind, part) for kind, way in drawn for part in shapely.get_parts(way) if part.geom_type == "LineString"]
    blocks = cut(*parts, enclosures=enclosures)
    assert shapely.area(blocks.geometry).sum() == pytest.approx(GROUND.area)
    assert shapely.coverage_is_valid(blocks.geometry)
    assert shapely.is_valid(blocks.geometry).all()
    assert set(shapely.get_type_id(blocks.geometry)) == {shapely.GeometryType.POLYGON}
