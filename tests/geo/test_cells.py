"""Cells: blocks cut along lanes and midway between buildings, and never through one."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from drawn_towns import Cut, cut_units, draw_layers, rows_of_slabs

from app.geo.arrangement import union_by

GROUND = shapely.box(0, 0, 200, 200)


def cells_of(cut: Cut) -> np.ndarray:
    return cut.drawn(union_by(cut.cells.plane.faces, cut.cells.cell))


def cut_dwellings(cells: np.ndarray, dwellings: list[shapely.Geometry]) -> list[int]:
    """Dwellings of which a second cell has more than rounding."""
    found = []
    for k, dwelling in enumerate(dwellings):
        shares = np.sort(shapely.area(shapely.intersection(cells, dwelling)))
        if len(shares) > 1 and shares[-2] > 0.1:
            found.append(k)
    return found


def lane(*points: tuple[float, float]) -> tuple[str, str, shapely.Geometry]:
    return "service", "", shapely.LineString(points)


def test_every_dwelling_has_a_cell_of_its_own():
    slabs = rows_of_slabs(GROUND)
    cut = cut_units(draw_layers(GROUND, buildings=slabs))
    cells = cells_of(cut)
    assert len(cells) == len(slabs) == len(set(cut.cells.home.tolist()))
    assert all(cells[home].covers(slab.buffer(-0.01)) for home, slab in zip(cut.cells.home, slabs, strict=True))
    assert shapely.area(cells).sum() == pytest.approx(GROUND.area)


def test_cells_meet_midway_between_dwellings():
    cut = cut_units(draw_layers(GROUND, buildings=[shapely.box(20, 80, 60, 120), shapely.box(120, 80, 160, 120)]))
    west, _ = cells_of(cut)[cut.cells.home]
    edge = west.boundary.intersection(shapely.box(1, 81, 199, 119))
    assert np.allclose(shapely.get_coordinates(edge)[:, 0], 90, atol=1)


@pytest.mark.parametrize("y", [85, 92, 101])
def test_a_lane_beside_the_middle_is_what_divides(y: float):
    """The middle between the two rows is at 93: the lane runs up to 8 m beside it, and it is the border."""
    slabs = [shapely.box(x, bottom, x + 60, bottom + 20) for x in (10, 80) for bottom in (60, 106)]
    cut = cut_units(draw_layers(GROUND, buildings=slabs, streets=[lane((-10, y), (150, y))]))
    cells = cells_of(cut)
    along = shapely.LineString([(15, y), (135, y)])
    north = shapely.union_all(cells[cut.cells.home[[1, 3]]])
    south = shapely.union_all(cells[cut.cells.home[[0, 2]]])
    assert north.boundary.intersection(south.boundary).buffer(0.05).covers(along)


def test_a_lane_through_a_dwelling_does_not_cut_it():
    slabs = [shapely.box(70, 80, 130, 120), shapely.box(20, 20, 60, 40), shapely.box(20, 160, 60, 180)]
    cut = cut_units(draw_layers(GROUND, buildings=slabs, streets=[lane((-10, 100), (210, 100))]))
    cells = cells_of(cut)
    assert cut_dwellings(cells, slabs) == []
    assert cells[cut.cells.home[0]].covers(slabs[0].buffer(-0.01))


def test_a_dwelling_across_a_street_stays_whole_where_its_inner_point_lies():
    slabs = [shapely.box(60, 88, 120, 104), *rows_of_slabs(shapely.box(0, 110, 200, 200))]
    street = ("tertiary", "中街", shapely.LineString([(-10, 100), (210, 100)]))
    cut = cut_units(draw_layers(GROUND, buildings=slabs, streets=[street]))
    cells = cells_of(cut)
    assert cut_dwellings(cells, slabs) == []
    assert cells[cut.cells.home[0]].contains(shapely.Point(90, 10))


def test_terraced_houses_are_parted_along_their_common_walls():
    """Sixty metres of a terrace in six houses that share walls: six cells, none cut."""
    terrace = [shapely.box(60 + 10 * k, 90, 70 + 10 * k, 104) for k in range(6)]
    cut = cut_units(draw_layers(GROUND, buildings=terrace))
    cells = cells_of(cut)
    assert len(set(cut.cells.home.tolist())) == 6
    assert cut_dwellings(cells, terrace) == []


def test_dwellings_that_overlap_are_one_building():
    """An L drawn as two wings that share a corner, and a house within a house: no line would leave both whole."""
    wings = [shapely.box(60, 90, 100, 102), shapely.box(88, 90, 100, 130), shapely.box(150, 20, 190, 60)]
    inner = shapely.box(160, 30, 170, 40)
    cut = cut_units(draw_layers(GROUND, buildings=[*wings, inner, shapely.box(20, 20, 60, 32)]))
    homes = cut.cells.home.tolist()
    assert homes[0] == homes[1]
    assert homes[2] == homes[3]
    assert len(set(homes)) == 3
    assert cut_dwellings(cells_of(cut), [*wings, inner]) == []


def test_dwellings_as_points_have_cells_too():
    points = [shapely.Point(x, y) for x in (40, 100, 160) for y in (50, 150)]
    cut = cut_units(draw_layers(GROUND, buildings=points))
    cells = cells_of(cut)
    assert len(cells) == len(set(cut.cells.home.tolist())) == 6
    assert all(cells[home].contains(point) for home, point in zip(cut.cells.home, points, strict=True))
    assert cells[cut.cells.home[0]].area == pytest.approx(70 * 100, rel=0.05)


def test_points_at_the_same_place_share_a_cell():
    spot = shapely.Point(50, 50)
    cut = cut_units(draw_layers(GROUND, buildings=[spot, spot, shapely.Point(150, 150)], households=[30, 20, 25]))
    homes = cut.cells.home.tolist()
    assert homes[0] == homes[1] != homes[2]
    assert sorted(cut.units.households.tolist()) == [25, 50]


def test_a_point_on_a_street_counts_once():
    street = ("tertiary", "中街", shapely.LineString([(100, -10), (100, 210)]))
    points = [shapely.Point(100, 100), shapely.Point(30, 30), shapely.Point(170, 30)]
    cut = cut_units(draw_layers(GROUND, buildings=points, streets=[street]))
    assert cut.units.households.sum() == 120


def test_a_dwelling_on_the_very_outline_counts():
    """Its inner point lies on the line between two communities; the first has it, in whatever way the line rounds."""
    lean = {"510000000001": shapely.Polygon([(0, 0), (150, 0), (180, 150), (30, 150)])}
    lean["510000000002"] = shapely.Polygon([(150, 0), (380, 0), (410, 150), (180, 150)])
    dwelling = shapely.box(158, 70, 173, 85)
    cut = cut_units(draw_layers(lean, buildings=[dwelling, shapely.box(50, 50, 60, 60)], households=[4, 1]))
    assert cut.units.households.sum() == 5


def test_a_dwelling_across_a_wall_takes_no_ground_from_behind_it():
    """A house stands across the wall of a compound, before the strip that an inner lane cuts off.

    ```
       +-----------------+
       |  []   []   []   |
       |=================|  the lane
       |      strip      |
       +-----+[ ]+-------+  the wall, with the house in it
    ```
    """
    compound = shapely.box(40, 40, 160, 160)
    house = shapely.box(80, 28, 120, 48)  # most of it outside
    homes = [house, *rows_of_slabs(shapely.box(50, 75, 150, 150))]
    cut = cut_units(
        draw_layers(GROUND, buildings=homes, compounds={"大院": compound}, streets=[lane((40, 70), (160, 70))])
    )
    taken = cells_of(cut)[cut.cells.home[0]].intersection(compound)
    assert taken.area == pytest.approx(house.intersection(compound).area, abs=1)


def test_a_cell_is_cut_where_a_hair_thin_neck_joins_two_bodies():
    """A hole leaves 1 m of ground between two lobes, and nobody lives in the eastern one."""
    ground = GROUND - shapely.box(95, -1, 105, 199)
    homes = [shapely.box(20, 80, 60, 120)]
    cut = cut_units(draw_layers(ground, buildings=homes, households=20))
    assert len(cells_of(cut)) == 2
    assert cells_of(cut)[cut.cells.home[0]].area == pytest.approx(95 * 200, rel=0.05)


def test_nothing_is_cut_where_nobody_lives():
    cut = cut_units(draw_layers(GROUND))
    assert shapely.area(cells_of(cut)).tolist() == [pytest.approx(GROUND.area)]
    assert cut.units.kind.tolist() == ["open land"]
