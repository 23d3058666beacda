"""Classes, costs and forms of borders and grids."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import affinity

from app.geo.measures import (
    BORDER_COST,
    STREET_CLASSES,
    band_middle_grids,
    divisible,
    in_band,
    inertia_compactness,
    measure_border,
    perimeter_compactness,
    street_class,
)
from app.geo.rules import Rules


@pytest.mark.parametrize(
    ("highway", "kind"),
    [
        ("motorway", "motorway"),
        ("快速路", "motorway"),
        ("trunk_link", "trunk"),
        ("主干路", "primary"),
        ("secondary", "secondary"),
        ("次干道", "secondary"),
        ("支路", "tertiary"),
        ("residential", "street"),
        ("a word nobody knows", "street"),
        ("", "street"),
        ("街巷", "lane"),
        ("footway", "lane"),
        ("primary;residential", "primary"),
        ("proposed", ""),
        ("elevator", ""),
    ],
)
def test_classes_of_streets(highway: str, kind: str):
    assert street_class(highway) == kind


def test_main_streets_cost_less_than_lanes_and_open_ground_most():
    costs = [BORDER_COST[kind] for kind in STREET_CLASSES]
    assert costs == sorted(costs)
    assert max(BORDER_COST, key=BORDER_COST.__getitem__) == "open"


BORDER = shapely.LineString([(0, 0), (100, 0)])


def cost_on(*barriers: tuple[shapely.Geometry, float]) -> tuple[float, float]:
    shapes, costs = zip(*barriers, strict=True)
    measured = measure_border(BORDER, np.array(shapes, dtype=object), np.array(costs))
    return measured.on_barrier_m, measured.cost


def along(y: float, start: float = -50, end: float = 150) -> shapely.Geometry:
    return shapely.LineString([(start, y), (end, y)])


def test_a_border_within_three_metres_runs_on_the_street():
    assert cost_on((along(2.9), 0.30)) == pytest.approx((100, 30))
    assert cost_on((along(3.1), 0.30)) == pytest.approx((0, 100))


def test_the_cheapest_barrier_counts():
    assert cost_on((along(0), 0.40), (along(1, start=-50, end=60), 0.10))[1] == pytest.approx(
        60 * 0.1 + 40 * 0.4, abs=2
    )


def test_the_middle_between_carriageways_is_the_street_but_not_beside_a_lane():
    assert cost_on((along(-14), 0.10), (along(14), 0.10)) == pytest.approx((100, 10), abs=0.5)
    assert cost_on((along(-16), 0.10), (along(16), 0.10)) == pytest.approx((0, 100), abs=0.5)
    assert cost_on((along(-14), 0.30), (along(14), 0.30)) == pytest.approx((0, 100), abs=0.5)
    assert cost_on((along(14), 0.10)) == pytest.approx((0, 100), abs=0.5)  # one carriageway has no middle


def test_what_is_left_is_open_ground():
    measured = measure_border(BORDER, np.array([along(0, end=70)], dtype=object), np.array([0.4]))
    assert measured.open_ground.length == pytest.approx(27, abs=0.1)
    assert measured.total_m == 100


def test_the_band_has_both_ends():
    assert in_band([299, 300, 500, 501], Rules()).tolist() == [False, True, True, False]


def test_totals_that_cannot_be_divided():
    assert [h for h in range(1300) if not divisible(h, Rules())] == [*range(300), *range(501, 600)]


def test_the_middle_of_the_band_asks_for_one_grid_at_least():
    assert [band_middle_grids(h, Rules()) for h in (0, 100, 599, 601, 2000)] == [1, 1, 1, 2, 5]


def test_a_disc_is_most_compact():
    disc = shapely.Point(500_000, 3_300_000).buffer(100, quad_segs=64)
    assert inertia_compactness([disc]) == pytest.approx(1, abs=1e-3)
    assert perimeter_compactness([disc]) == pytest.approx(1, abs=1e-3)


def test_holes_and_parts_count():
    ring = shapely.box(0, 0, 3, 3) - shapely.box(1, 1, 2, 2)
    inertia = 2 * (3**4 - 1) / 12
    assert inertia_compactness([ring]) == pytest.approx(64 / (2 * math.pi * inertia))
    pair = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)])
    assert inertia_compactness([pair]) == pytest.approx(4 / (2 * math.pi * (2 / 6 + 2)))
    assert np.isnan(inertia_compactness([shapely.Polygon()]))


@given(
    width=st.floats(1, 500),
    height=st.floats(1, 500),
    angle=st.floats(0, 360),
    x=st.floats(0, 1e6),
    y=st.floats(0, 5e6),
)
def test_compactness_does_not_depend_on_place_or_turn(width: float, height: float, angle: float, x: float, y: float):
    box = affinity.translate(affinity.rotate(shapely.box(0, 0, width, height), angle), x, y)
    assert inertia_compactness([box])[0] == pytest.approx(
        6 * width * height / (math.pi * (width**2 + height**2)), rel=1e-4
    )
