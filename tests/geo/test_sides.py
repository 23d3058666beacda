"""The four sides of grids in a drawn neighbourhood."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
import shapely

from app.geo.sides import Sides, describe_sides

GRIDS = [shapely.box(0, 0, 200, 300), shapely.box(200, 0, 400, 300)]
NAMES = ["第一网格", "第二网格"]
BEYOND = {"河东社区": shapely.box(400, -100, 600, 400), "": shapely.box(-200, -100, 0, 400)}


def line(*points: tuple[float, float]) -> shapely.Geometry:
    return shapely.LineString(points)


def describe(
    *barriers: tuple[str, str, shapely.Geometry], grids=GRIDS, names=NAMES, beyond=BEYOND
) -> tuple[Sides, ...]:
    return describe_sides(
        np.array(grids, dtype=object),
        names,
        barriers=np.array([shape for _, _, shape in barriers], dtype=object),
        classes=[kind for kind, _, _ in barriers],
        barrier_names=[name for _, name, _ in barriers],
        neighbours=np.array(list(beyond.values()), dtype=object),
        neighbour_names=list(beyond),
    )


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
    assert sides[0] == Sides("无名巷道", "中山南路中心线", "围墙", "铁路")
    assert sides[1] == Sides("内秦淮河", "中山南路中心线", "无名巷道", "铁路")
    assert sides[0].sentence() == "东至无名巷道，南至中山南路中心线，西至围墙，北至铁路"


def test_without_a_barrier_the_neighbour_is_named():
    first, second = describe(("street", "北街", line((-50, 300), (450, 300))))
    assert first.east == "与第二网格之间空地"
    assert second.west == "与第一网格之间空地"
    assert second.east == "河东社区"
    assert first.west == "社区边界"  # nobody knows the name of that community
    assert first.south == "社区边界"
    assert first.north == "北街中心线"


def test_several_names_of_a_side_follow_west_to_east_and_north_to_south():
    sides = describe(
        ("street", "东段路", line((120, 0), (420, 0))),
        ("street", "西段路", line((-20, 0), (120, 0))),
        ("lane", "下巷", line((200, -20), (200, 100))),
        ("lane", "上巷", line((200, 100), (200, 320))),
    )
    assert sides[0].south == "西段路中心线、东段路中心线"
    assert sides[0].east == "上巷中心线、下巷中心线"
    assert sides[1].south == "东段路中心线"


def test_what_bounds_less_than_a_quarter_is_not_named():
    sides = describe(
        ("street", "长路", line((-20, 0), (160, 0))),
        ("street", "短路", line((160, 0), (200, 0))),
    )
    assert sides[0].south == "长路中心线"


def test_a_street_that_only_crosses_bounds_nothing():
    sides = describe(*(("street", f"横{k}路", line((k, -50), (k, 30))) for k in (40, 80, 120, 160)))
    assert sides[0].south == "社区边界"


def test_the_outline_of_a_community_may_run_along_a_street():
    assert describe(("secondary", "解放路", line((410, -50), (410, 350))))[1].east == "解放路中心线"
    assert describe(("street", "解放街", line((410, -50), (410, 350))))[1].east == "解放街"
    assert describe(("street", "远街", line((416, -50), (416, 350))))[1].east == "河东社区"


def test_a_named_street_is_told_before_a_nameless_path_beside_it():
    sides = describe(("lane", "", line((0, 1), (200, 1))), ("primary", "大道", line((-50, -5), (250, -5))))
    assert sides[0].south == "大道中心线"


def test_a_pond_is_told_by_its_water():
    assert describe(("water", "", shapely.box(30, -80, 350, 2)))[0].south == "水面"
    assert describe(("water", "莫愁湖", shapely.box(-50, -80, 350, 2)))[0].south == "莫愁湖"


def test_a_jog_in_a_border_is_no_side_of_its_own():
    """A step of 12 m in the eastern border faces north, but bounds the grid in the east."""
    border = [(200, 0), (200, 150), (188, 150), (188, 300)]
    first = shapely.Polygon([(0, 0), *border, (0, 300)])
    second = shapely.Polygon([*border, (400, 300), (400, 0)])
    street = ("street", "曲街", line((200, -10), *border[:3], (188, 310)))
    assert describe(street, grids=[first, second])[0].east == "曲街中心线"


def test_a_triangle_has_four_sides_all_the_same():
    triangle = shapely.Polygon([(0, 0), (200, 0), (0, 200)])
    [sides] = describe(
        ("street", "斜街", line((200, 0), (0, 200))),
        ("street", "南街", line((0, 0), (200, 0))),
        grids=[triangle],
        names=["第一网格"],
    )
    assert sides.south == "南街中心线"
    assert "斜街中心线" in sides.east
    assert "斜街中心线" in sides.north


def test_parts_and_holes_do_not_disturb():
    ring = shapely.box(0, 0, 200, 300) - shapely.box(80, 100, 120, 200)
    both = shapely.MultiPolygon([ring, shapely.box(1000, 1000, 1010, 1010)])
    inner = shapely.box(80, 100, 120, 200)
    sides = describe(("street", "北街", line((-50, 300), (450, 300))), grids=[both, inner])
    assert sides[0].north == "北街中心线"
    assert sides[1] == Sides(*["与第一网格之间空地"] * 4)


def test_a_street_drawn_in_pieces_is_one_name():
    pieces = [("street", "拼街", line((x, 0), (x + 40, 0))) for x in range(-40, 440, 40)]
    assert describe(*pieces)[0].south == "拼街中心线"


def test_the_words_do_not_depend_on_the_order_of_the_barriers():
    barriers = [
        ("primary", "中山南路", line((-100, 0), (500, 0))),
        ("lane", "", line((200, -20), (200, 320))),
        ("street", "北街", line((-50, 300), (200, 300))),
        ("street", "小北街", line((200, 300), (450, 300))),
    ]
    assert describe(*barriers) == describe(*barriers[::-1])


@pytest.mark.parametrize("count", [100])
def test_a_hundred_grids_take_no_second(count: int):
    grids = [shapely.box(x * 200, y * 200, x * 200 + 200, y * 200 + 200) for x in range(10) for y in range(count // 10)]
    ways = [("street", f"路{k}", line((-10, k * 200), (2010, k * 200))) for k in range(11)]
    ways += [("lane", "", line((k * 200, -10), (k * 200, 2010))) for k in range(11)]
    start = perf_counter()
    sides = describe(*ways, grids=grids, names=[str(k) for k in range(count)])
    assert perf_counter() - start < 1
    assert sides[0] == Sides("无名巷道", "路0中心线", "无名巷道", "路1中心线")
