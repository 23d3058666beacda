"""A community laid out in metres: areas that are meant to lie on its outline lie on it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from app.geo.ground import lay_out, prepare_tasks
from app.geo.rules import Rules
from tests.geo.drawn_towns import HOME, draw_layers, rows_of_slabs

# The outline has a bend half-way up its western side that the group's own drawing of that side has not.
OUTLINE = shapely.Polygon([(0, 0), (600, 0), (600, 400), (0, 400), (-0.04, 170)])
GROUP = shapely.Polygon([(0.05, 0), (300, 0.03), (300, 399.95), (0.04, 400)])


def lay_out_with(kind: str, area: shapely.Geometry):
    layers = draw_layers(OUTLINE, buildings=rows_of_slabs(OUTLINE), **{kind: {"一组": area}})
    [task] = prepare_tasks(layers, Rules())
    assert task.code == HOME
    return lay_out(task, Rules())


@pytest.mark.parametrize("kind", ["groups", "compounds", "sites"])
def test_no_sliver_is_left_between_an_area_and_the_outline(kind):
    ground = lay_out_with(kind, GROUP)
    [area] = getattr(ground, kind)
    slivers = shapely.get_parts(ground.outline.difference(area))
    assert [round(piece.area) for piece in slivers if piece.area > 1e-3] == [pytest.approx(300 * 400, abs=20)]


def test_an_area_that_keeps_its_distance_stays_where_it_was():
    ground = lay_out_with("compounds", shapely.box(50, 50, 250, 350))
    [area] = ground.compounds
    corner = np.array(ground.outline.bounds[:2])
    assert shapely.area(area) == pytest.approx(200 * 300, rel=1e-4)
    assert np.array(area.bounds[:2]) - corner == pytest.approx([50.04, 50], abs=0.05)
