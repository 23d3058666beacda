"""Blocks between streets: no strip inside one street, none orphaned beside a wall, nothing taken out of a compound."""

from __future__ import annotations

import numpy as np
import shapely

from app.geo.blocks import Blocks, cut_blocks

GROUND = shapely.box(0, 0, 400, 300)


def cut(*lines: tuple[str, shapely.Geometry], buildings=(), enclosures=(), outline=GROUND) -> Blocks:
    homes = np.array(list(buildings), dtype=object)
    return cut_blocks(
        np.array([line for _, line in lines], dtype=object),
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
