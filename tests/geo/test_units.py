"""Smallest units: compounds and groups whole up to the maximum, special sites apart, no crumbs."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from drawn_towns import Cut, broken_promises, cut_units, divide, draw_layers, rows_of_slabs

from app.geo.arrangement import union_by
from app.geo.layers import Layers
from app.geo.rules import Rules

GROUND = shapely.box(0, 0, 400, 300)
COMPOUND = shapely.box(20, 20, 240, 180)
SLABS = rows_of_slabs(COMPOUND)
AROUND = [shapely.box(x, 240, x + 40, 252) for x in (20, 120, 220, 320)]


def town(households_inside: int, **more) -> Layers:
    """Fifteen slabs in an area that has so many households, and four of 40 households around it."""
    return draw_layers(GROUND, buildings=[*SLABS, *AROUND], households=shared(households_inside, len(SLABS)), **more)


def shared(households_inside: int, slabs: int, around: int = 40) -> list[int]:
    """Households of the slabs of the area, as even as can be, and of those around it."""
    inside = np.diff(np.linspace(0, households_inside, slabs + 1).round().astype(int))
    return [*inside.tolist(), *[around] * len(AROUND)]


def unit_shapes(cut: Cut) -> np.ndarray:
    return cut.drawn(union_by(cut.units.plane.faces, cut.units.unit))


def homes_inside(cut: Cut) -> set[int]:
    """The units in which the slabs of the area count."""
    return set(cut.units.home[: len(SLABS)].tolist())


# Compounds and groups


@pytest.mark.parametrize("households", [200, 500])
@pytest.mark.parametrize("kind", ["compounds", "groups"])
def test_an_area_of_at_most_the_maximum_is_one_unit(households: int, kind: str):
    cut = cut_units(town(households, **{kind: {"大院": COMPOUND}}))
    [unit] = homes_inside(cut)
    assert cut.units.households[unit] == households
    assert unit_shapes(cut)[unit].intersection(COMPOUND).area > 0.999 * COMPOUND.area


@pytest.mark.parametrize("kind", ["compounds", "groups"])
def test_an_area_above_the_maximum_is_divided(kind: str):
    cut = cut_units(town(520, **{kind: {"大院": COMPOUND}}))
    assert len(homes_inside(cut)) == len(SLABS)


def test_the_maximum_is_that_of_the_rules():
    layers = town(200, compounds={"大院": COMPOUND})
    assert len(homes_inside(cut_units(layers, Rules(100, 200)))) == 1
    assert len(homes_inside(cut_units(layers, Rules(100, 199)))) > 1


@pytest.mark.parametrize("column", ["compound", "group"])
def test_buildings_that_name_their_area_are_kept_together(column: str):
    names = ["大院"] * len(SLABS) + [""] * len(AROUND)
    cut = cut_units(town(400, **{column: names}))
    assert len(homes_inside(cut)) == 1


def test_a_compound_is_said_to_be_one():
    cut = cut_units(town(400, compounds={"大院": COMPOUND}))
    assert cut.units.kind[cut.units.home[0]] == "compound"
    assert cut.units.compound[cut.units.home[0]] == 0
    assert set(cut.units.kind[cut.units.home[len(SLABS) :]]) <= {"building cell", "block"}


def test_a_small_compound_inside_a_large_one_stays_whole():
    """The large one has to be cut; the small one within it has not."""
    small = shapely.box(20, 20, 130, 90)
    for compounds in ({"大": COMPOUND, "小": small}, {"小": small, "大": COMPOUND}):
        cut = cut_units(town(800, compounds=compounds))
        inside = [k for k, slab in enumerate(SLABS) if small.contains(slab.centroid)]
        assert len(set(cut.units.home[inside].tolist())) == 1
        assert len(homes_inside(cut)) > 1


# Special sites


def test_a_special_site_is_a_special_grid():
    school = shapely.box(260, 40, 360, 160)
    divided = divide(town(400, sites={"第一小学": school}))
    [grid] = divided.plan.grids.query("kind == 'special'").itertuples()
    assert grid.households == 0
    assert "第一小学" in grid.name
    assert grid.reason_code == ""
    assert broken_promises(divided) == {}


def test_a_site_where_people_live_is_no_special_grid():
    divided = divide(town(400, sites={"第一小学": shapely.box(10, 220, 390, 290)}))
    assert set(divided.plan.grids["kind"]) == {"general"}
    assert broken_promises(divided) == {}


def test_a_small_site_is_no_grid_and_the_message_says_so():
    divided = divide(town(400, sites={"幼儿园": shapely.box(260, 40, 290, 80)}))
    assert set(divided.plan.grids["kind"]) == {"general"}
    assert "幼儿园未单设专属网格" in divided.plan.communities["message"].iloc[0]


def test_a_site_smaller_than_the_ground_that_goes_to_it_is_no_grid():
    """A school yard of 2,000 m² between two compounds, 20 m behind a street: the strip before it goes to it."""
    east = ("tertiary", "东街", shapely.LineString([(282, -10), (282, 310)]))
    yards = {"大院": COMPOUND, "北院": shapely.box(242, 122, 262, 180)}
    divided = divide(town(400, sites={"学校": shapely.box(242, 20, 262, 120)}, compounds=yards, streets=[east]))
    assert set(divided.plan.grids["kind"]) == {"general"}
    assert "学校未单设专属网格" in divided.plan.communities["message"].iloc[0]
    assert broken_promises(divided) == {}


def test_a_site_that_would_cut_the_community_apart_is_no_grid():
    divided = divide(town(400, sites={"公园": shapely.box(-10, 190, 410, 225)}))
    assert set(divided.plan.grids["kind"]) == {"general"}
    assert "公园未单设专属网格" in divided.plan.communities["message"].iloc[0]
    assert broken_promises(divided) == {}


def test_a_site_in_a_compound_leaves_the_compound_whole():
    """A school of 2,400 m² in a compound of 400 households: the compound is not to be cut."""
    homes = [slab for slab in SLABS if slab.bounds[0] > 90 or slab.bounds[1] > 85]
    layers = draw_layers(
        GROUND,
        buildings=[*homes, *AROUND],
        households=shared(400, len(homes), around=100),
        compounds={"大院": COMPOUND},
        sites={"学校": shapely.box(22, 22, 82, 62)},
    )
    divided = divide(layers)
    assert set(divided.plan.grids["kind"]) == {"general"}
    assert "学校未单设专属网格" in divided.plan.communities["message"].iloc[0]
    assert broken_promises(divided) == {}


def test_a_site_in_a_residents_group_is_a_grid_of_its_own():
    homes = [slab for slab in SLABS if slab.bounds[0] > 90 or slab.bounds[1] > 85]
    layers = draw_layers(
        GROUND,
        buildings=[*homes, *AROUND],
        households=shared(400, len(homes), around=100),
        groups={"一组": COMPOUND},
        sites={"学校": shapely.box(20, 20, 82, 72)},
    )
    divided = divide(layers)
    assert divided.plan.grids["kind"].tolist().count("special") == 1
    assert sorted(divided.counts) == [400, 400]
    assert broken_promises(divided) == {}


def test_a_whole_community_that_is_a_site_has_a_general_grid():
    divided = divide(draw_layers(GROUND, sites={"园区": GROUND}))
    assert divided.plan.grids["kind"].tolist() == ["general"]
    assert broken_promises(divided) == {}


# Crumbs and hairs


def test_ground_without_dwellings_goes_to_a_unit_beside_it():
    """A lane cuts a corner of 200 m² off, where nobody lives: no unit of its own."""
    corner = ("service", "", shapely.LineString([(380, -10), (410, 20)]))
    cut = cut_units(town(400, streets=[corner]))
    assert shapely.area(unit_shapes(cut)).min() > 600


def test_a_site_that_reaches_in_by_a_hair_leaves_no_hair_of_a_unit():
    """The school lies in the next community, drawn a centimetre too far."""
    cut = cut_units(town(400, sites={"学校": shapely.box(-100, 50, 0.01, 150)}))
    assert shapely.area(unit_shapes(cut)).min() > 100
    assert (cut.units.site < 0).all()


def test_a_crumb_shut_in_by_a_site_goes_to_the_site():
    """The corner between the school and the outline touches nothing else."""
    school = shapely.Polygon([(370, 0), (400, 30), (400, 150), (260, 150), (260, 0)])
    divided = divide(town(400, sites={"学校": school}))
    assert divided.plan.grids["kind"].tolist().count("special") == 1
    assert broken_promises(divided) == {}


def test_units_tile_the_community_and_hold_every_household():
    cut = cut_units(town(777, compounds={"大院": COMPOUND}, sites={"学校": shapely.box(260, 40, 360, 160)}))
    shapes = unit_shapes(cut)
    assert shapely.area(shapes).sum() == pytest.approx(GROUND.area)
    assert cut.units.households.sum() == pytest.approx(777 + 160)
    assert set(shapely.get_type_id(shapes)) == {shapely.GeometryType.POLYGON}
