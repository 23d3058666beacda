"""What an official refuses is found in drawings made to be refused, and not in those a person would draw."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from toy_town import EAST, WEST, dwellings, frame, make_grids, make_layers, no_borders, place

from app.geo.layers import Layers
from app.geo.rejections import REJECTION_WORDS, Rejection, check_rejections
from app.geo.rules import Rules
from app.geo.zigzags import is_zigzag

WEST_1, WEST_2, EAST_3 = f"{WEST}001", f"{WEST}002", f"{EAST}001"


def check(grids=None, layers: Layers | None = None, rules: Rules | None = None, borders=None) -> list[Rejection]:
    return list(
        check_rejections(
            make_grids() if grids is None else grids,
            no_borders() if borders is None else borders,
            layers or make_layers(),
            rules or Rules(),
        )
    )


def spot(hit: Rejection) -> tuple[float, float]:
    """Metres east and north of the town's corner."""
    origin, there = place(shapely.Point(0, 0)), place(shapely.Point(1, 1))
    return (hit.longitude - origin.x) / (there.x - origin.x), (hit.latitude - origin.y) / (there.y - origin.y)


def test_nothing_is_refused_in_the_toy_town():
    assert check() == []


# Compounds and groups


def test_a_cut_compound():
    [hit] = check(layers=make_layers(compounds={"幸福家园": shapely.box(100, 20, 380, 380)}))
    assert (hit.kind, hit.grid_codes, hit.amount) == ("compound_cut", (WEST_2, WEST_1), 400)
    assert "幸福家园" in hit.words_zh
    assert "幸福家园" in hit.words_en
    assert not hit.explained
    assert hit.remedy_zh == f"手工调整：整体划入网格 {WEST_2}"


def test_a_compound_above_the_maximum_has_to_be_cut():
    [hit] = check(layers=make_layers(compounds={"大院": shapely.box(20, 20, 380, 380)}))
    assert hit.explained
    assert hit.reason_zh == "小区 800 户，超过 500 户，只能一区多格"
    assert "more than 500" in hit.reason_en
    assert hit.remedy_zh == hit.remedy_en == ""


def test_a_reason_that_names_the_compound_explains_the_cut():
    grids = make_grids().assign(reason=["依业主大会意见，幸福家园分属两格", "", "", ""])
    [hit] = check(grids, make_layers(compounds={"幸福家园": shapely.box(100, 20, 380, 380)}))
    assert hit.explained
    assert hit.reason_zh.startswith("依业主大会意见")


def test_compounds_and_groups_are_known_by_their_buildings_too():
    layers = make_layers()
    layers.buildings["compound"] = ["甲苑", "甲苑", "", "", "", "", "", ""]  # both in the first grid
    layers.buildings["group"] = ["三组", "", "三组", "", "三组", "", "", ""]  # two in the west, one in the east
    [hit] = check(layers=layers)
    assert (hit.kind, hit.grid_codes, hit.amount) == ("group_cut", (WEST_1, WEST_2), 400)


def test_a_cut_group_area():
    [hit] = check(layers=make_layers(groups={"二组": shapely.box(450, 0, 750, 200)}))
    assert (hit.kind, hit.grid_codes) == ("group_cut", (EAST_3, f"{EAST}002"))


def test_a_compound_known_twice_is_told_once():
    layers = make_layers(compounds={"幸福家园": shapely.box(100, 20, 380, 380)})
    layers.buildings["compound"] = ["幸福家园", "", "幸福家园", "", "", "", "", ""]
    assert [hit.kind for hit in check(layers=layers)] == ["compound_cut"]


def test_a_compound_on_both_sides_of_a_community_line_is_not_cut_by_grids():
    assert check(layers=make_layers(compounds={"两界村": shapely.box(250, 20, 550, 380)})) == []


# Hard barriers


def river(*streets: tuple[str, str, shapely.Geometry], kind: str = "waterway", end: float = 450) -> Layers:
    """A river from west to east through the western community, dwellings north and south of it."""
    return make_layers(streets=streets, barriers=[(kind, "清河", shapely.LineString([(-50, 200), (end, 200)]))])


def test_a_river_divides_a_grid_unless_a_street_crosses_it_inside():
    hits = check(layers=river())
    assert [(hit.kind, hit.grid_codes, hit.amount) for hit in hits] == [
        ("barrier_crossed", (code,), 200) for code in (WEST_1, WEST_2)
    ]
    assert "清河" in hits[0].words_zh
    assert "且无路相通" in hits[0].words_zh
    assert spot(hits[0]) == pytest.approx((50, 200), abs=2)  # nearest to the dwelling beyond
    bridge = ("street", "石桥路", shapely.LineString([(100, 150), (100, 250)]))
    assert [hit.grid_codes for hit in check(layers=river(bridge))] == [(WEST_2,)]


def test_a_bridge_on_the_border_joins_the_banks_of_both_grids():
    bridge = ("tertiary", "中街", shapely.LineString([(200, -50), (200, 450)]))
    assert check(layers=river(bridge)) == []


def test_a_river_that_ends_inside_divides_nothing():
    assert [hit.grid_codes for hit in check(layers=river(end=350))] == [(WEST_1,)]


def test_no_street_joins_the_sides_of_a_railway_but_its_crossing_is_named():
    way = ("street", "道口路", shapely.LineString([(50, 150), (50, 250)]))
    [first, _] = check(layers=river(way, kind="railway"))
    assert first.grid_codes == (WEST_1,)
    assert "通行处在道口路" in first.words_zh
    assert spot(first) == pytest.approx((50, 200), abs=1)


def test_a_motorway_divides_and_a_secondary_street_does_not():
    def with_street(highway: str) -> Layers:
        return make_layers(
            streets=[
                ("tertiary", "中街", shapely.LineString([(200, -50), (200, 450)])),
                (highway, "快速路", shapely.LineString([(-50, 200), (190, 200), (190, -50)])),
            ]
        )

    assert [hit.grid_codes for hit in check(layers=with_street("motorway"))] == [(WEST_1,)]
    assert check(layers=with_street("secondary")) == []


def test_hard_barriers_are_a_rule():
    assert check(layers=river(), rules=Rules(hard_barriers=frozenset({"railway"}))) == []


def test_a_side_too_small_for_a_grid_explains_the_crossing():
    """Fifty households live north of the railway in the whole community: they cannot be a grid."""
    rail = [("railway", "", shapely.LineString([(-50, 300), (450, 300)]))]
    shapes = [
        shapely.box(40, 40, 60, 60),
        shapely.box(340, 40, 360, 60),
        shapely.box(40, 340, 60, 360),
        *dwellings()[4:],
    ]
    layers = make_layers(buildings=shapes, households=[350.0, 400, 50, 200, 200, 200, 200], barriers=rail)
    hits = check(make_grids(), layers)
    [hit] = [hit for hit in hits if hit.grid_codes == (WEST_1,)]
    assert hit.explained
    assert "共 50 户" in hit.reason_zh
    assert "has 50 households" in hit.reason_en
    assert hit.amount == 50


@pytest.mark.parametrize(("each", "explained"), [(250, [False, False]), (275, [True, False]), (140, [True, True])])
def test_a_crossing_is_explained_by_a_side_that_cannot_be_divided(each: int, explained: list[bool]):
    """Two dwellings of the community on each side: 500 are a grid, 550 are neither one nor two.

    One grid across, with one on each side, is enough for 1,100; for 560 nothing is.
    """
    rail = ("railway", "", shapely.LineString([(-50, 200), (450, 200)]))
    layers = make_layers(households=[each] * 8, barriers=[rail])
    hits = check(make_grids(households=[2 * each] * 4), layers)
    assert [hit.explained for hit in hits if hit.kind == "barrier_crossed"] == explained


def test_a_crossing_tells_how_far_it_is_to_the_other_side():
    """From (50, 50) to (50, 350): 300 m straight; by the street at x = 150 twice the hypotenuse of 100 and 150."""
    way = ("street", "道口路", shapely.LineString([(150, 150), (150, 250)]))
    [first, _] = check(layers=river(way, kind="railway"))
    assert "经此相距 361 米（直线 300 米）" in first.words_zh
    assert "361 m from the middle" in first.words_en


def test_where_no_street_crosses_within_the_grid_the_nearest_is_named():
    """The second grid has the bridge, 300 m east of the dwellings of the first."""
    bridge = ("street", "石桥路", shapely.LineString([(350, 150), (350, 250)]))
    [hit] = check(layers=river(bridge))
    assert hit.grid_codes == (WEST_1,)
    assert "网格内无路相通，最近的通行处在石桥路，两侧住户中心绕行 671 米（直线 300 米）" in hit.words_zh


def test_a_bridge_elsewhere_joins_the_sides_of_the_community():
    """275 on each bank of each grid: 550 a side are no grids, so one has to cross; 1,100 over the bridge are three."""
    bridge = ("street", "石桥路", shapely.LineString([(350, 150), (350, 250)]))
    layers = river(bridge)
    layers.buildings["households"] = 275.0
    [hit] = check(make_grids(households=[550] * 4), layers)
    assert not hit.explained
    layers = river()
    layers.buildings["households"] = 275.0
    assert [hit.explained for hit in check(make_grids(households=[550] * 4), layers)] == [True, False]


def test_who_could_take_the_other_side_is_named():
    [first, second] = check(layers=river(kind="railway"))
    assert first.remedy_zh == f"手工调整：把另一侧 200 户划给同侧的网格 {WEST_2}"
    assert second.remedy_zh.endswith(WEST_1)


def test_parts_of_a_grid_that_lie_apart_have_no_barrier_between_them():
    """A river runs along the far edge of the exclave, beyond which nobody lives."""
    exclave = shapely.box(-300, 0, -100, 200)
    west = shapely.union(shapely.box(0, 0, 400, 400), exclave)
    shapes = [shapely.union(shapely.box(0, 0, 200, 400), exclave)]
    shapes += [shapely.box(x, 0, x + 200, 400) for x in (200, 400, 600)]
    far = ("waterway", "清河", shapely.LineString([(-290, -50), (-290, 250)]))
    layers = make_layers(
        communities={WEST: west, EAST: shapely.box(400, 0, 800, 400)},
        buildings=[*dwellings(), shapely.box(-220, 90, -200, 110)],
        households=[200.0] * 8 + [50],
        barriers=[far],
    )
    assert check(make_grids(shapes, households=(450, 400, 400, 400)), layers) == []


def pocket(*streets: tuple[str, str, shapely.Geometry], gap_m: float) -> Layers:
    """A railway cuts off the north-west corner and runs on beside the outline, to end 50 m before the east of it.

    ```
    +---------------------------+   the corner hangs together with the rest by a gap along the outline, round the
    | 50 |                      |   end of the track
    |    +------------------    |
    |----+ railway              |
    | 300             200   200 |
    +---------------------------+
    ```
    """
    y = 400 - gap_m
    rail = shapely.LineString([(-50, 300), (100, 300), (100, y), (350, y)])
    homes = [shapely.box(40, 340, 60, 360), shapely.box(40, 40, 60, 60), *dwellings()[2:4]]
    return make_layers(
        buildings=[*homes, *dwellings()[4:]],
        households=[50.0, 300, 200, 200, 200, 200, 200, 200],
        streets=[("tertiary", "中街", shapely.LineString([(200, -50), (200, 350)])), *streets],
        barriers=[("railway", "", rail)],
    )


def crossings(layers: Layers) -> list[Rejection]:
    return [hit for hit in check(make_grids(households=(350, 400, 400, 400)), layers) if hit.kind == "barrier_crossed"]


def test_a_side_joined_only_by_a_strip_explains_the_crossing():
    [hit] = crossings(pocket(gap_m=8))
    assert (hit.grid_codes, hit.amount, hit.explained) == ((WEST_1,), 50, True)
    assert "一侧连片的只有 50 户" in hit.reason_zh
    assert "不足 14 米宽" in hit.reason_zh


def test_a_side_joined_by_wider_ground_or_by_a_lane_does_not():
    [wide] = crossings(pocket(gap_m=20))
    assert not wide.explained
    assert wide.remedy_zh.endswith(WEST_2)
    lane = ("footway", "沿河巷", shapely.LineString([(50, 396), (380, 396), (380, 300)]))
    [with_lane] = crossings(pocket(lane, gap_m=8))
    assert not with_lane.explained


def test_a_barrier_with_nobody_behind_it_is_no_crossing():
    layers = make_layers(barriers=[("railway", "", shapely.LineString([(-50, 380), (450, 380)]))])
    assert check(make_grids(), layers) == []


# Borders over open ground


def zigzag_line(amplitude: float, steps: int, length: float = 400, east: float = 0) -> shapely.Geometry:
    y = np.linspace(0, length, steps + 1)
    x = east + np.where(np.arange(steps + 1) % 2 == 0, 0.0, amplitude)
    return shapely.LineString(np.column_stack([x, y]))


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        (shapely.LineString([(0, 0), (0, 400)]), False),
        (shapely.LineString([(0, 0), (0, 200), (150, 200), (150, 400)]), False),  # round a compound: two corners
        (shapely.LineString([(0, 0), (0, 100), (60, 100), (60, 250), (0, 250), (0, 400)]), False),  # out and back
        (zigzag_line(1.0, 40), False),  # jitter that nobody sees
        (zigzag_line(25, 16), True),
        (zigzag_line(12, 30), True),
        (shapely.LineString([(0, 0), (0, 30), (18, 30), (18, 60), (36, 60), (36, 90), (54, 90)]), True),  # stairs
        (shapely.LineString([(0, 0), (80, 0), (80, 60), (-80, 60), (-80, 120), (0, 120), (0, 160)]), True),  # wandering
        (zigzag_line(10, 4, 40), False),  # too short to matter
    ],
)
def test_lines_that_nobody_can_point_at(line: shapely.Geometry, refused: bool):
    assert is_zigzag(line) is refused
    assert is_zigzag(shapely.reverse(line)) is refused


def zigzag_plan():
    """The open border of the eastern grids, drawn to and fro."""
    steps = shapely.get_coordinates(zigzag_line(25, 16, east=600))
    return make_grids(
        [
            shapely.box(0, 0, 200, 400),
            shapely.box(200, 0, 400, 400),
            shapely.Polygon([(400, 400), (400, 0), *steps]),
            shapely.Polygon([(800, 0), (800, 400), *steps[::-1]]),
        ]
    )


def test_a_zigzag_over_open_ground_is_refused():
    [hit] = check(zigzag_plan())
    assert (hit.kind, hit.grid_codes) == ("zigzag", (EAST_3, f"{EAST}002"))
    assert hit.amount == pytest.approx(zigzag_line(25, 16).length, rel=0.05)
    assert spot(hit) == pytest.approx((612, 200), abs=15)


def test_a_zigzag_that_nothing_holds_can_be_straight():
    [hit] = check(zigzag_plan())
    assert not hit.explained
    assert hit.remedy_zh == "手工调整：不动任何住宅即可更直，由 566 米缩为 400 米"
    assert "566" in hit.remedy_en


def slab_plan(west: dict[int, int], east: dict[int, int], *detour: tuple[float, float]):
    """The border of the eastern grids winds between slabs that reach past each other; households by northing.

    ```
       w===========|        slabs of the west end 624 m east, those of the east begin at 601 m
             |===========e
       w===========|
    ```
    """
    turns = sorted([(y, 625.5) for y in west] + [(y, 599.5) for y in east])
    line = [(600, 0), *((x, y) for y, x in turns), *detour, (600, 400)]
    slabs = [shapely.box(570, y - 1, 624, y + 1) for y in west] + [shapely.box(601, y - 1, 650, y + 1) for y in east]
    third, fourth = sum(west.values()), sum(east.values())
    grids = make_grids(
        [
            shapely.box(0, 0, 200, 400),
            shapely.box(200, 0, 400, 400),
            shapely.Polygon([(400, 400), (400, 0), *line]),
            shapely.Polygon([(800, 0), (800, 400), *line[::-1]]),
        ],
        households=(400, 400, third, fourth),
    )
    shapes = [*dwellings()[:4], *slabs]
    return grids, {"buildings": shapes, "households": [200.0] * 4 + [*west.values(), *east.values()]}


def test_a_zigzag_that_dwellings_hold_is_explained():
    """Eight slabs from the west and seven from the east: a straight line would cut those of the west."""
    grids, drawn = slab_plan(dict.fromkeys(range(25, 400, 50), 40), dict.fromkeys(range(50, 400, 50), 50))
    [hit] = check(grids, make_layers(**drawn))
    assert (hit.kind, hit.explained) == ("zigzag", True)
    assert "由 8 栋住宅夹定：两端直连要切开 8 栋；不动住宅最短" in hit.reason_zh
    assert "held by 8 dwellings" in hit.reason_en
    assert hit.remedy_zh == ""


def test_dwellings_that_are_points_hold_a_zigzag_too():
    grids, drawn = slab_plan(dict.fromkeys(range(25, 400, 50), 40), dict.fromkeys(range(50, 400, 50), 50))
    at_ends = [shapely.Point(624 if y % 50 else 601, y) for y in (*range(25, 400, 50), *range(50, 400, 50))]
    drawn["buildings"] = [*dwellings()[:4], *at_ends]
    [hit] = check(grids, make_layers(**drawn))
    assert (hit.kind, hit.explained) == ("zigzag", True)
    assert "由 8 栋住宅夹定" in hit.reason_zh


def test_what_holds_a_zigzag_does_not_explain_a_detour_beside_it():
    """The slabs leave off at 300 m; from there the border goes round by the west for nothing."""
    slabs = dict.fromkeys(range(25, 300, 50), 60), dict.fromkeys(range(50, 300, 50), 70)
    for detour, explained in ((), True), (((600, 310), (540, 310), (540, 390), (600, 390)), False):
        grids, drawn = slab_plan(*slabs, *detour)
        [hit] = [hit for hit in check(grids, make_layers(**drawn)) if hit.kind == "zigzag"]
        assert hit.explained is explained
    assert "不动任何住宅即可更直" in hit.remedy_zh


def test_slabs_that_leave_a_straight_gap_hold_no_zigzag():
    """The same border, but nobody lives in the slabs of the east."""
    grids, drawn = slab_plan(dict.fromkeys(range(25, 400, 50), 40), dict.fromkeys(range(50, 400, 50), 0))
    layers = make_layers(**drawn)
    [hit] = check(grids, layers)
    assert not hit.explained
    assert "不动任何住宅即可更直" in hit.remedy_zh


TWO_AND_TWO = {150: 20, 200: 25}, {175: 15, 225: 30}
"""Slabs that reach past each other, two from either side."""


def crooked_by_four(west_more: int, east_more: int, **areas):
    """Four slabs and, away from the border, the other households of either grid."""
    grids, drawn = slab_plan(*TWO_AND_TWO)
    drawn["buildings"] += [shapely.box(440, 40, 460, 60), shapely.box(740, 40, 760, 60)]
    drawn["households"] += [west_more, east_more]
    grids["households"] = [400, 400, 45 + west_more, 45 + east_more]
    return check(grids, make_layers(**drawn, **areas))


def test_the_fewest_dwellings_that_would_straighten_a_zigzag_are_named():
    [hit] = crooked_by_four(355, 355)
    assert not hit.explained
    assert hit.remedy_zh == f"手工调整：把 1 栋（15 户）划给 {EAST_3}，边界即可取直，两格为 415 户和 385 户"
    assert "give 1 dwelling of 15 households" in hit.remedy_en


def test_no_dwelling_is_given_away_out_of_the_band():
    """With 490 each, neither grid can take one; 15 fewer would leave 300 in neither."""
    [hit] = crooked_by_four(445, 445)
    assert hit.explained
    assert "在户数限内移交近旁少数楼栋也取不直" in hit.reason_zh


def test_no_dwelling_is_given_away_from_its_compound():
    """The slab of 15 stands in a compound with the dwelling of 355: another goes."""
    [hit] = crooked_by_four(355, 355, compounds={"东苑": shapely.box(625, 30, 780, 180)})
    assert not hit.explained
    assert f"把 1 栋（25 户）划给 {EAST}002" in hit.remedy_zh


def test_a_zigzag_along_a_crooked_lane_is_not_refused():
    lane = zigzag_line(25, 16, east=600)
    assert check(zigzag_plan(), make_layers(streets=[("footway", "曲巷", lane)])) == []


def test_the_borders_of_the_plan_are_believed_where_they_are_given():
    line = zigzag_line(25, 16, east=600)

    def borders(barrier: str):
        return frame(
            [line], left_grid=[EAST_3], right_grid=[f"{EAST}002"], barrier=[barrier], name=[""], length_m=[1.0]
        )

    assert [hit.kind for hit in check(zigzag_plan(), borders=borders("open"))] == ["zigzag"]
    assert check(zigzag_plan(), borders=borders("wall")) == []


def test_a_reason_may_explain_a_zigzag():
    grids = zigzag_plan().assign(reason=["", "", "", "边界沿院落间空地曲折，经现场指认"])
    assert [hit.explained for hit in check(grids)] == [True]


def test_a_grid_in_the_open_has_no_sides_to_tell():
    """An inner square, 100 m from anything."""
    inner = shapely.box(500, 100, 700, 300)
    outer = shapely.box(400, 0, 800, 400) - inner
    grids = make_grids(
        [shapely.box(0, 0, 200, 400), shapely.box(200, 0, 400, 400), outer, inner], households=(400, 400, 800, 0)
    )
    [hit] = check(grids)
    assert (hit.kind, hit.grid_codes) == ("sides_untold", (f"{EAST}002",))
    assert hit.amount == pytest.approx(800, rel=0.01)
    assert hit.explained
    assert "边界 60 米内没有可用的街巷、围墙、河渠或铁路（只及 0 米）" in hit.reason_zh
    path = ("footway", "", shapely.LineString([(540, 0), (540, 400)]))
    assert [hit.explained for hit in check(grids, make_layers(streets=[path]))] == [False]
    told = grids.assign(
        **{f"sides_{side}": "环山路中线、与第三网格之间空地" for side in ("east", "south", "west", "north")}
    )
    assert check(told) == []
    assert [hit.kind for hit in check(told.assign(sides_west="与第三网格之间空地"))] == ["sides_untold"]
    around = shapely.boundary(inner)
    assert check(grids, make_layers(streets=[("street", "环路", around)])) == []


def superblock(*lanes: tuple[str, str, shapely.Geometry], each: int = 40, apart: bool = False):
    """A gated block without lanes; a grid inside it, 30 m from its wall, with dwellings on both sides of the border."""
    inner = shapely.box(440, 40, 760, 360)
    outer = shapely.box(400, 0, 800, 400) - inner
    spots = [(x, y) for x in range(460, 760, 40) for y in (50, 340)] + [(x, y) for x in (450, 740) for y in (120, 240)]
    homes = [shapely.box(x, y, x + 10, y + 10) for x, y in ([(600, 200)] * 20 if apart else spots)]
    wall = shapely.boundary(shapely.box(410, 10, 790, 390))
    layers = make_layers(
        buildings=[*dwellings()[:4], *homes],
        households=[200.0] * 4 + [each] * 20,
        streets=lanes,
        barriers=[("wall", "", wall)],
    )
    grids = make_grids(
        [shapely.box(0, 0, 200, 400), shapely.box(200, 0, 400, 400), outer, inner], households=(400, 400, 0, 20 * each)
    )
    return [hit for hit in check(grids, layers) if hit.grid_codes == (f"{EAST}002",)]


def test_the_inside_of_a_block_without_lanes_explains_sides_over_open_ground():
    """800 households within a wall have to be divided inside, where nothing but the dwellings tells a border."""
    [hit] = superblock()
    assert (hit.kind, hit.explained) == ("sides_untold", True)
    assert "街坊内部没有可用的街巷、围墙（只及 0 米）；在 800 户的街坊内，超过 500 户" in hit.reason_zh
    assert "可按边界 40 米内的 20 栋住宅指认" in hit.reason_zh


def test_a_lane_inside_the_block_could_have_been_the_border():
    lane = ("footway", "内环巷", shapely.LineString([(450, 60), (750, 60), (750, 340), (450, 340)]))
    [hit] = superblock(lane)
    assert not hit.explained
    assert "内环巷" in hit.remedy_zh
    assert "补绘巷道" in hit.remedy_zh


def test_a_block_that_need_not_be_divided_explains_nothing():
    [hit] = superblock(each=20)
    assert not hit.explained


def test_open_ground_in_a_block_that_need_not_be_divided_explains_nothing():
    """The square that is explained among 800 households, among 400."""
    inner = shapely.box(500, 100, 700, 300)
    outer = shapely.box(400, 0, 800, 400) - inner
    shapes = [shapely.box(0, 0, 200, 400), shapely.box(200, 0, 400, 400), outer, inner]
    layers = make_layers(households=[200.0] * 4 + [100] * 4)
    [hit] = check(make_grids(shapes, households=(400, 400, 400, 0)), layers)
    assert not hit.explained
    assert "800 米穿过不超过 500 户、不必划开的街坊" in hit.remedy_zh


def test_where_no_dwelling_stands_by_a_border_it_cannot_be_told_by_them():
    [hit] = superblock(apart=True)
    assert not hit.explained


def test_a_wall_that_only_meets_the_end_of_a_border_could_not_have_been_it():
    """Open ground from one railway to the other: they run across its ends, not along it."""
    rails = [("railway", "", shapely.LineString([(x, -50), (x, 450)])) for x in (400, 800)]
    halves = [shapely.box(400, 0, 800, 130), shapely.box(400, 130, 800, 200), shapely.box(400, 200, 800, 400)]
    grids = make_grids(
        [shapely.box(0, 0, 200, 400), shapely.box(200, 0, 400, 400), *halves],
        homes=(WEST, WEST, EAST, EAST, EAST),
        households=(400, 400, 400, 0, 400),
    )
    [hit] = check(grids, make_layers(barriers=rails))
    assert (hit.grid_codes, hit.explained) == ((f"{EAST}002",), True)
    assert "只及 0 米" in hit.reason_zh
    alley = ("footway", "", shapely.LineString([(420, 160), (780, 160)]))
    assert [hit.explained for hit in check(grids, make_layers(streets=[alley], barriers=rails))] == [False]


# Shapes


def test_a_thin_neck():
    """The second grid reaches to 3 m from the outline: the first hangs together by those."""
    tongue = shapely.box(3, 180, 200, 220)
    first = shapely.box(0, 0, 200, 400) - tongue
    grids = make_grids(
        [
            first,
            shapely.union(shapely.box(200, 0, 400, 400), tongue),
            *(shapely.box(x, 0, x + 200, 400) for x in (400, 600)),
        ]
    )
    necks = [hit for hit in check(grids) if hit.kind == "neck"]
    assert [hit.grid_codes for hit in necks] == [(WEST_1,)]
    x, y = spot(necks[0])
    assert 0 <= x <= 3
    assert 175 <= y <= 225


def test_the_neck_of_a_community_is_its_own():
    shape = shapely.union_all(
        [shapely.box(0, 0, 100, 400), shapely.box(100, 199, 120, 201), shapely.box(120, 0, 400, 400)]
    )
    layers = make_layers(communities={WEST: shape, EAST: shapely.box(400, 0, 800, 400)})
    grids = make_grids([shape, shapely.box(400, 0, 800, 400)], homes=(WEST, EAST), households=(800, 800))
    assert [hit.kind for hit in check(grids, layers, Rules(max_households=900))] == []


def strip_plan():
    """The first grid holds a strip of 10 m along the north of the second, with nobody in it."""
    strip = shapely.box(200, 390, 400, 400)
    return make_grids(
        [
            shapely.union(shapely.box(0, 0, 200, 400), strip),
            shapely.box(200, 0, 400, 390),
            *(shapely.box(x, 0, x + 200, 400) for x in (400, 600)),
        ]
    )


def test_an_orphaned_strip():
    [hit] = [hit for hit in check(strip_plan()) if hit.kind == "strip"]
    assert hit.grid_codes == (WEST_1,)
    assert hit.amount == pytest.approx(200, abs=12)
    x, y = spot(hit)
    assert 200 < x < 400
    assert 390 < y < 400


def test_the_grid_that_could_have_the_strip_is_named():
    [hit] = [hit for hit in check(strip_plan()) if hit.kind == "strip"]
    assert not hit.explained
    assert hit.remedy_zh == f"手工调整：划给网格 {WEST_2}"


def test_a_strip_between_the_outline_and_a_railway_is_one_in_any_grid():
    rail = ("railway", "", shapely.LineString([(195, 390), (405, 390)]))
    [hit] = [hit for hit in check(strip_plan(), make_layers(barriers=[rail])) if hit.kind == "strip"]
    assert hit.explained
    assert hit.reason_zh.startswith("夹在社区界线与铁路之间，平均宽 10 米")
    assert hit.reason_en.startswith("between the community's outline and a railway, 10 m wide")
    wall = ("wall", "", shapely.LineString([(195, 390), (405, 390)]))
    assert not any(hit.explained for hit in check(strip_plan(), make_layers(barriers=[wall])))


def test_a_strip_where_people_live_is_not_orphaned():
    shapes = [*dwellings(), shapely.box(300, 392, 310, 398)]
    layers = make_layers(buildings=shapes, households=[200.0] * 8 + [10])
    grids = strip_plan().assign(households=[410, 400, 400, 400])
    assert [hit for hit in check(grids, layers) if hit.kind == "strip"] == []


def test_a_strip_of_the_community_is_not_the_grids():
    handle = shapely.union(shapely.box(0, 0, 400, 400), shapely.box(-200, 390, 0, 400))
    layers = make_layers(communities={WEST: handle, EAST: shapely.box(400, 0, 800, 400)})
    shapes = [shapely.box(x, 0, x + 200, 400) for x in (0, 200, 400, 600)]
    grids = make_grids([shapely.union(shapes[0], shapely.box(-200, 390, 0, 400)), *shapes[1:]])
    assert check(grids, layers) == []


def test_every_kind_has_words_in_both_languages():
    assert all(zh and en for zh, en in REJECTION_WORDS.values())
    kinds = {hit.kind for hit in [*check(zigzag_plan()), *check(strip_plan()), *check(layers=river())]}
    assert kinds <= set(REJECTION_WORDS)


def test_every_hit_has_a_reason_or_a_remedy_in_both_languages():
    compound = make_layers(compounds={"幸福家园": shapely.box(100, 20, 380, 380)})
    hits = [*check(zigzag_plan()), *check(strip_plan()), *check(layers=river()), *check(layers=compound), *superblock()]
    assert {hit.explained for hit in hits} == {True, False}
    for hit in hits:
        reasons, remedies = (hit.reason_zh, hit.reason_en), (hit.remedy_zh, hit.remedy_en)
        assert all(reasons) is hit.explained
        assert all(remedies) is not hit.explained
        assert any(reasons) is hit.explained


def test_hand_drawn_grids_need_only_their_shape():
    assert [hit.kind for hit in check(zigzag_plan()[["geometry"]])] == ["zigzag"]
