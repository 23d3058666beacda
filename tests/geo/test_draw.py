"""Borders are straightened over open ground, but never into what one grid holds whole."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from drawn_towns import Cut, cut_units, draw_layers

from app.geo.arrangement import union_by
from app.geo.draw import draw_grids

GROUND = shapely.box(0, 0, 300, 300)
CORNER = shapely.box(0, 0, 150, 150)
FAR = [shapely.box(240, 240, 280, 252), shapely.box(20, 240, 60, 252)]


def grids_of(cut: Cut, first: int) -> np.ndarray:
    """Draw two grids: one unit, and all others."""
    grid = (np.arange(len(cut.units.households)) != first).astype(np.int64)
    drawing = draw_grids(cut.ground, cut.units, grid)
    return cut.drawn(union_by(drawing.plane.faces, drawing.grid))


@pytest.mark.parametrize("kind", ["compounds", "sites", "groups"])
def test_no_border_is_straightened_into_what_a_grid_holds_whole(kind: str):
    """The short way from wall to wall would take the corner off, where nobody lives.

    ```
    +--------------------+
    |  []             [] |
    |                    |
    |━━━━━━━━━┓ <- stays |
    | whole   ┃          |
    |  []     ┃          |
    +---------┸----------+
    ```
    """
    homes = [*FAR, *([] if kind == "sites" else [shapely.box(20, 20, 60, 32)])]
    cut = cut_units(draw_layers(GROUND, buildings=homes, **{kind: {"大院": CORNER}}))
    whole, rest = grids_of(cut, cut.unit_at(75, 100))
    assert whole.intersection(CORNER).area > 0.98 * CORNER.area
    assert whole.area + rest.area == pytest.approx(GROUND.area)


def test_a_border_over_open_ground_is_straightened():
    """The same corner without a wall around it: the border runs straight from edge to edge."""
    homes = [*FAR, shapely.box(20, 20, 60, 32), shapely.box(240, 20, 280, 32)]
    cut = cut_units(draw_layers(GROUND, buildings=homes))
    cell, _ = grids_of(cut, cut.unit_at(40, 26))
    walked = cell.boundary.difference(GROUND.boundary.buffer(0.01)).length
    before = union_by(cut.units.plane.faces, cut.units.unit)[cut.unit_at(40, 26)]
    assert walked < cut.drawn(np.array([before]))[0].boundary.difference(GROUND.boundary.buffer(0.01)).length - 5
