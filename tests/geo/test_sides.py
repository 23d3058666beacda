"""The four sides of grids in a drawn neighbourhood."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbourhood import BEYOND, GRIDS, NAMES, line, look
from shapely import affinity

from app.geo.sides import Sides, describe_sides


def describe(*barriers: tuple[str, str, shapely.Geometry], grids=GRIDS, names=NAMES, **around) -> tuple[Sides, ...]:
    return describe_sides(np.array(grids, dtype=object), names, look(*barriers, **around))


def test_streets_water_rail_and_walls_by_side():
    """
    ::

              铁路
         +-----+-----+
         |  1  巷  2 |河      the lane between the grids has no name
         +-----+-----+
            中山南路
    """
    sides = describe(
        ("primary", "中山南路", line((-100, 0), (500, 0))),
        ("lane", "", line((200, -20), (200, 320))),
        ("water", "内秦淮河", line((402, -100), (402, 400))),
        ("rail", "", line((-100, 300), (500, 300))),
        ("wall", "", line((0, -50), (0, 350))),
    )
    assert sides[0] == Sides("通中山南路的无名巷", "中山南路中线", "围墙", "铁路")
    assert sides[1] == Sides("内秦淮河", "中山南路中线", "通中山南路的无名巷", "铁路")
    assert sides[0].sentence() == "东至通中山南路的无名巷，南至中山南路中线，西至围墙，北至铁路"


def test_without_a_barrier_the_neighbour_is_named():
    first, second = describe(("street", "北街", line((-50, 300), (450, 300))))
    assert first.east == "与第二网格之间空地"
    assert second.west == "与第一网格之间空地"
    assert second.east == "河东社区"
    assert first.west == "社区边界"  # nobody knows the name of that community
    assert first.south == "社区边界"
    assert first.north == "北街中线"


def test_several_names_of_a_side_follow_west_to_east_and_north_to_south():
    sides = describe(
        ("street", "东段路", line((120, 0), (420, 0))),
        ("street", "西段路", line((-20, 0), (120, 0))),
        ("lane", "下巷", line((200, -20), (200, 100))),
        ("lane", "上巷", line((200, 100), (200, 320))),
    )
    assert sides[0].south == "西段路中线、东段路中线"
    assert sides[0].east == "上巷中线、下巷中线"
    assert sides[1].south == "东段路中线"


def test_what_bounds_less_than_a_quarter_is_not_named():
    sides = describe(
        ("street", "长路", line((-20, 0), (160, 0))),
        ("street", "短路", line((160, 0), (200, 0))),
    )
    assert sides[0].south == "长路中线"


def test_a_street_that_only_crosses_bounds_nothing():
    sides = describe(*(("street", f"横{k}路", line((k, -50), (k, 30))) for k in (40, 80, 120, 160)))
    assert sides[0].south == "社区边界"


def test_the_outline_of_a_community_may_run_along_a_street():
    assert describe(("secondary", "解放路", line((410, -50), (410, 350))))[1].east == "解放路中线"
    assert describe(("street", "解放街", line((410, -50), (410, 350))))[1].east == "解放街"
    assert describe(("street", "远街", line((416, -50), (416, 350))))[1].east == "河东社区"


def test_a_named_street_is_told_before_a_nameless_path_beside_it():
    sides = describe(("lane", "", line((0, 1), (200, 1))), ("primary", "大道", line((-50, -5), (250, -5))))
    assert sides[0].south == "大道中线"


def test_a_pond_is_told_by_its_water():
    assert describe(("water", "", shapely.box(30, -80, 350, 2)))[0].south == "水面"
    assert describe(("water", "莫愁湖", shapely.box(-50, -80, 350, 2)))[0].south == "莫愁湖"


def test_a_jog_in_a_border_is_no_side_of_its_own():
    """A step of 12 m in the eastern border faces north, but bounds the grid in the east."""
    border = [(200, 0), (200, 150), (188, 150), (188, 300)]
    first = shapely.Polygon([(0, 0), *border, (0, 300)])
    second = shapely.Polygon([*border, (400, 300), (400, 0)])
    street = ("street", "曲街", line((200, -10), *border[:3], (188, 310)))
    assert describe(street, grids=[first, second])[0].east == "曲街中线"


def test_a_triangle_has_four_sides_all_the_same():
    triangle = shapely.Polygon([(0, 0), (200, 0), (0, 200)])
    [sides] = describe(
        ("street", "斜街", line((200, 0), (0, 200))),
        ("street", "南街", line((0, 0), (200, 0))),
        grids=[triangle],
        names=["第一网格"],
    )
    assert sides.south == "南街中线"
    assert "斜街中线" in sides.east
    assert "斜街中线" in sides.north


def test_parts_and_holes_do_not_disturb():
    ring = shapely.box(0, 0, 200, 300) - shapely.box(80, 100, 120, 200)
    both = shapely.MultiPolygon([ring, shapely.box(1000, 1000, 1010, 1010)])
    inner = shapely.box(80, 100, 120, 200)
    sides = describe(("street", "北街", line((-50, 300), (450, 300))), grids=[both, inner])
    assert sides[0].north == "北街中线"
    assert sides[1] == Sides(*["与第一网格之间空地"] * 4)


def test_a_street_drawn_in_pieces_is_one_name():
    pieces = [("street", "拼街", line((x, 0), (x + 40, 0))) for x in range(-40, 440, 40)]
    assert describe(*pieces)[0].south == "拼街中线"


def test_the_words_do_not_depend_on_the_order_of_the_barriers():
    barriers = [
        ("primary", "中山南路", line((-100, 0), (500, 0))),
        ("lane", "", line((200, -20), (200, 320))),
        ("street", "北街", line((-50, 300), (200, 300))),
        ("street", "小北街", line((200, 300), (450, 300))),
    ]
    assert describe(*barriers) == describe(*barriers[::-1])


def test_a_compound_beyond_the_street_that_bounds_a_grid_is_said_with_it():
    """
    ::

         +--------+
         | 奥园小区 |
      ---+--------+====     附城大道 bounds the grid but for the compound beyond it
         |        |    |
         |        +----+
    """
    grid = shapely.union_all([shapely.box(0, 0, 300, 300), shapely.box(0, 300, 140, 360)])
    [sides] = describe(
        ("primary", "附城大道", line((-100, 300), (400, 300))),
        grids=[grid],
        names=["第一网格"],
        places={"奥园小区": shapely.box(5, 303, 135, 357), "路南小区": shapely.box(20, 200, 120, 290)},
    )
    assert sides.north == "附城大道中线（含奥园小区）"


def test_all_compounds_beyond_one_street_are_said_together():
    grid = shapely.union_all(
        [shapely.box(0, 0, 500, 300), shapely.box(0, 300, 80, 360), shapely.box(400, 300, 500, 360)]
    )
    [sides] = describe(
        ("primary", "附城大道", line((-100, 300), (600, 300))),
        grids=[grid],
        names=["第一网格"],
        places={"奥园小区": shapely.box(3, 303, 77, 357), "御景小区": shapely.box(403, 303, 497, 357)},
    )
    assert sides.north == "附城大道中线（含奥园小区、御景小区）"


def test_a_street_through_the_middle_of_a_grid_does_not_bound_it():
    sides = describe(
        ("primary", "附城大道", line((-100, 200), (500, 200))),
        ("street", "北街", line((-50, 300), (450, 300))),
        places={"奥园小区": shapely.box(5, 205, 195, 295)},
    )
    assert sides[0].north == "北街中线"


def test_a_compound_beyond_open_ground_is_named_and_one_of_the_grid_by_its_side():
    sides = describe(places={"珺江庭": shapely.box(205, 5, 390, 295)})
    assert sides[0].east == "珺江庭"
    assert sides[1].west == "珺江庭西侧"
    assert sides[1].east == "河东社区"


def test_grids_of_a_village_are_told_by_the_group_beyond_and_a_community_by_its_neighbour():
    lands = {"龙潭村一组": GRIDS[0], "龙潭村二组": GRIDS[1], "河东村三组": shapely.box(400, 0, 600, 300)}
    sides = describe(lands=lands)
    assert (sides[0].east, sides[1].west) == ("龙潭村二组", "龙潭村一组")
    assert sides[1].east == "河东社区"
    assert describe(("lane", "田埂", line((200, 0), (200, 300))), lands=lands)[0].east == "田埂中线"


def test_a_building_with_a_name_may_bound_a_grid():
    sides = describe(places={"兴侨大厦": shapely.box(20, 308, 90, 330), "江南大厦": shapely.box(100, 308, 190, 330)})
    assert sides[0].north == "兴侨大厦、江南大厦"


def test_a_wall_is_told_by_whose_it_is():
    wall = ("wall", "", line((200, 0), (200, 300)))
    sides = describe(wall, places={"绿中海": shapely.box(202, 0, 390, 300)})
    assert sides[0].east == "绿中海围墙"
    assert sides[1].west == "绿中海围墙"


NORTH_STREET = ("street", "北街", line((-50, 300), (450, 300)))
SOUTH_STREET = ("street", "南街", line((-50, 0), (450, 0)))


@pytest.mark.parametrize(
    ("around", "words"),
    [
        ((NORTH_STREET, SOUTH_STREET), "北街至南街间无名巷"),
        ((NORTH_STREET,), "通北街的无名巷"),
        ((("street", "远街", line((-100, -50), (-100, 350))),), "远街以东无名巷"),
        ((), "无名巷"),
    ],
)
def test_a_lane_without_a_name_is_told_by_what_a_person_can_find(around, words):
    assert describe(("lane", "", line((200, 0), (200, 300))), *around)[0].east == words


def test_a_lane_without_a_name_is_told_by_the_compound_it_lies_beside():
    sides = describe(("lane", "", line((200, 0), (200, 300))), places={"奥园小区": shapely.box(20, 20, 195, 280)})
    assert sides[0].east == "奥园小区东侧无名巷"
    assert sides[1].west == "奥园小区东侧无名巷"


def test_sides_go_by_the_streets_where_these_do_not_run_to_the_compass():
    """Turned by 20°, a block 400 m wide and 100 m deep still has one street on each side."""
    block = shapely.box(0, 0, 400, 100)
    ways = {
        "东路": line((400, -50), (400, 150)),
        "南路": line((-50, 0), (450, 0)),
        "西路": line((0, -50), (0, 150)),
        "北路": line((-50, 100), (450, 100)),
    }
    turned = [("street", name, affinity.rotate(way, -20, origin=(0, 0))) for name, way in ways.items()]
    [sides] = describe(*turned, grids=[affinity.rotate(block, -20, origin=(0, 0))], names=["第一网格"])
    assert sides == Sides("东路中线", "南路中线", "西路中线", "北路中线")


STREETS = st.lists(
    st.tuples(
        st.sampled_from(["primary", "street", "lane", "rail", "wall"]),
        st.sampled_from(["", "甲路", "乙路", "丙巷", "丁街"]),
        st.lists(st.tuples(st.integers(-50, 450), st.integers(-50, 350)), min_size=2, max_size=3, unique=True),
    ),
    max_size=8,
)
QUARTER = {"east": "south", "south": "west", "west": "north", "north": "east"}


def moved(drawing, move):
    return [(kind, name, move(line(*points))) for kind, name, points in drawing]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(STREETS)
def test_every_grid_has_four_sides_with_words(drawing):
    for sides in describe(*moved(drawing, lambda shape: shape)):
        assert all((sides.east, sides.south, sides.west, sides.north))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(STREETS, st.integers(-10_000, 10_000), st.integers(-10_000, 10_000))
def test_sides_do_not_change_when_everything_moves(drawing, x, y):
    def shift(shape):
        return affinity.translate(shape, x, y)

    beyond = {name: shift(shape) for name, shape in BEYOND.items()}
    there = describe(*moved(drawing, shift), grids=[shift(grid) for grid in GRIDS], beyond=beyond)
    assert there == describe(*moved(drawing, lambda shape: shape))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(STREETS)
def test_sides_turn_with_the_ground(drawing):
    """A quarter turn to the right makes the eastern side the southern one; the order along a side may turn too."""

    def turn(shape):
        return shapely.transform(shape, lambda xy: np.column_stack([xy[:, 1], -xy[:, 0]]))

    beyond = {name: turn(shape) for name, shape in BEYOND.items()}
    turned = describe(*moved(drawing, turn), grids=[turn(grid) for grid in GRIDS], beyond=beyond)
    for before, after in zip(describe(*moved(drawing, lambda shape: shape)), turned, strict=True):
        for side, other in QUARTER.items():
            assert named_of(getattr(before, side)) == named_of(getattr(after, other))


def named_of(words: str) -> set[str]:
    """Return the names of a side, whatever their order; a nameless lane is told by the compass, so it counts as one."""
    return {"无名" if "无名" in word else word for word in words.split("、")}


@pytest.mark.parametrize("count", [100])
def test_a_hundred_grids_take_no_second(count: int):
    grids = [shapely.box(x * 200, y * 200, x * 200 + 200, y * 200 + 200) for x in range(10) for y in range(count // 10)]
    ways = [("street", f"路{k}", line((-10, k * 200), (2010, k * 200))) for k in range(11)]
    ways += [("lane", "", line((k * 200, -10), (k * 200, 2010))) for k in range(11)]
    start = perf_counter()
    sides = describe(*ways, grids=grids, names=[str(k) for k in range(count)])
    assert perf_counter() - start < 1
    assert sides[0] == Sides("路1至路0间无名巷", "路0中线", "路1至路0间无名巷", "路1中线")
