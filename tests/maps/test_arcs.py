"""Arcs: cut where lines meet, kept once, and put together again to the very same lines."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from packed import outlines_of
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon, box

from app.maps.arcs import cut_arcs, refer_to_arcs, simplify_arcs, trace_lines, trace_rings
from app.maps.packing import line_columns

STEPS = 10


def frame(*geometries):
    return np.array(geometries, dtype=object)


def join(arcs, use):
    pieces = [arcs[number] if number >= 0 else arcs[~number][::-1] for number in use]
    return np.concatenate([piece[place > 0 :] for place, piece in enumerate(pieces)])


def towns(draw):
    """Draw a coverage: the cells of random sites, in a square of a hundred."""
    sites = draw(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=2, max_size=12, unique=True))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(sites), extend_to=box(0, 0, 100, 100)))
    return shapely.set_precision(shapely.intersection(cells, box(0, 0, 100, 100)), 0.1)


@given(st.composite(towns)())
@settings(max_examples=30, deadline=None)
def test_rings_of_arcs_are_the_rings_they_were_cut_from(cells):
    rings, _ = trace_rings(cells, STEPS)
    arcs, uses = cut_arcs(rings)
    for ring, use in zip(rings, uses, strict=True):
        assert Polygon(join(arcs, use)).normalize().equals_exact(Polygon(ring).normalize(), 0)


@given(st.composite(towns)())
@settings(max_examples=30, deadline=None)
def test_each_step_of_a_border_is_kept_once(cells):
    arcs, _ = cut_arcs(trace_rings(cells, STEPS)[0])
    steps = [frozenset(map(tuple, pair.tolist())) for arc in arcs for pair in np.stack([arc[:-1], arc[1:]], axis=1)]
    assert len(steps) == len(set(steps))


@given(st.composite(towns)(), st.floats(0.5, 30))
@settings(max_examples=30, deadline=None)
def test_neighbours_stay_together_where_their_border_is_simplified(cells, tolerance):
    arcs, uses = cut_arcs(trace_rings(cells, STEPS)[0])
    simpler = simplify_arcs(arcs, tolerance)
    for new, old in zip(simpler, arcs, strict=True):
        assert new[[0, -1]].tolist() == old[[0, -1]].tolist()
        assert shapely.hausdorff_distance(LineString(new), LineString(old)) <= tolerance
    used = [number for use in uses for number in use]
    for number in range(len(arcs)):  # by one cell forwards, by its neighbour backwards, or at the edge by one alone
        assert used.count(number) == 1
        assert used.count(~number) <= 1


@given(st.composite(towns)())
@settings(max_examples=30, deadline=None)
def test_references_lead_back_to_the_arcs(cells):
    rings, _ = trace_rings(cells, STEPS)
    arcs, uses = cut_arcs(rings)
    columns = line_columns("arc", arcs) | {
        "arcUse": np.array(refer_to_arcs(uses)),
        "arcUses": np.array([len(use) for use in uses]),
    }
    for ring, use in zip(outlines_of(columns), uses, strict=True):
        assert ring.tolist() == join(arcs, use).tolist()


def test_a_ring_that_meets_nothing_is_one_arc_whichever_way_it_is_walked():
    ring = np.array([(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)])
    elsewhere = np.roll(ring[:-1], 2, axis=0)
    again = np.concatenate([elsewhere, elsewhere[:1]])[::-1]
    arcs, uses = cut_arcs([ring, again])
    assert len(arcs) == 1
    assert uses == [[0], [~0]]


def test_a_line_along_a_border_is_made_of_its_arcs():
    left = Polygon([(0, 0), (1, 0), (1, 1), (1, 2), (0, 2)])
    right = Polygon([(1, 0), (2, 0), (2, 2), (1, 2), (1, 1)])
    rings, _ = trace_rings(frame(left, right), STEPS)
    lines = trace_lines(frame(LineString([(1, 2), (1, 1)]), LineString([(1, 1), (1, 0)])), STEPS)
    arcs, uses = cut_arcs([*rings, *lines])
    assert len(arcs) == 4  # the two lines, and what each polygon has for itself
    numbers = [{number ^ -(number < 0) for number in use} for use in uses]
    assert numbers[2] | numbers[3] == numbers[0] & numbers[1]


def test_holes_and_parts_are_counted_with_their_polygon():
    outline = MultiPolygon([Polygon(box(0, 0, 4, 4).exterior, [box(1, 1, 2, 2).exterior]), box(5, 5, 6, 6)])
    rings, counts = trace_rings(frame(outline, Polygon(), box(8, 8, 9, 9)), STEPS)
    assert counts == [3, 0, 1]
    assert [Polygon(ring).area for ring in rings] == [1600, 100, 100, 100]


def test_what_is_nothing_on_the_grid_is_left_out():
    rings, counts = trace_rings(frame(MultiPolygon([box(0, 0, 1, 1), box(2, 2, 2.01, 2.01)])), STEPS)
    assert (len(rings), counts) == (1, [1])
    lines = frame(MultiLineString([[(0, 0), (0, 1)], [(1, 0), (1.01, 0)]]), MultiLineString())
    assert len(trace_lines(lines, STEPS)) == 1


def test_nothing_gives_nothing():
    assert trace_rings(frame(), STEPS) == ([], [])
    assert cut_arcs([]) == ([], [])
    assert simplify_arcs([], 1) == []
