"""Make 乌有镇, a made-up town of twelve communities, for the demo and the tests.

Nothing here exists: the town is drawn on a plan in metres, bent a little so that no street is ruler-straight, and laid
down near 105°E 30.3°N under a county number (999901) that was never given out. The same seed writes the same bytes.

    python gis_data/make_town.py [FILE.gpkg]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyproj import Transformer
from shapely import LineString, Point, Polygon, STRtree
from shapely.affinity import rotate, translate
from shapely.geometry.base import BaseGeometry

__all__ = ["COMMUNITIES", "LAYERS", "build_town", "write_town"]

SEED = 20260101
NOTICE = "虚构数据 made-up data: 乌有镇 does not exist; drawn by gis_data/make_town.py"
LAYERS = ("communities", "streets", "buildings", "barriers", "compounds", "special_sites", "groups")
PLAN_SCALE = 0.62  # the plan below is drawn 1.6 times as large as the town is laid out
PLAN_CENTRE = (1700.0, 1350.0)
TURN_DEGREES = 6.0
EASTING, NORTHING = 500_000.0, 3_353_500.0  # of the centre, in the 3-degree Gauss-Krüger zone of 105°E
ZONE = "EPSG:4544"
DUAL_OFFSET_M = 9.0
ROUNDABOUT_M = 26.0
RIVER_HALF_WIDTH_M = 30.0
FLOOR_AREA_M2 = 105.0  # a dwelling with its share of the stairs

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Way:
    """One street on the plan."""

    highway: str
    name: str
    points: Points
    tunnel: bool = False
    dual: bool = False
    loose: bool = False  # its ends are left where they were drawn, short of the street they were meant for


@dataclass(frozen=True)
class Community:
    """One community: what it is called, where it lies on the plan, how many households it ends up with."""

    code: str
    name: str
    urban_rural_code: str
    places: Points
    households: int
    states_persons: bool = True


@dataclass(frozen=True)
class Estate:
    """A block filled with rows of slabs facing south; walled and named unless it is an old works estate."""

    place: tuple[float, float]
    levels: int
    name: str = ""
    wall: bool = True
    halves: str = ""  # "across" or "along": two estates in one block, a wall between them
    gap_share: float = 0.0  # of the slab places, left empty for yards and car parks


@dataclass(frozen=True)
class Site:
    """A school, hospital, park or plant that fills a block."""

    place: tuple[float, float]
    kind: str
    name: str
    building: str
    levels: int


COMMUNITIES = (
    Community("999901001001", "镜花社区", "121", [(900, 1700), (400, 1700)], 1570),
    Community("999901001002", "水月社区", "121", [(1600, 1700)], 2450),
    Community("999901001003", "海市社区", "121", [(1600, 2100)], 1390),
    Community("999901001004", "蜃楼社区", "121", [(700, 2100)], 1080),
    Community("999901001005", "南柯社区", "121", [(700, 900)], 1830),
    Community("999901001006", "黄粱社区", "121", [(1600, 900)], 1990),
    Community("999901001007", "华胥社区", "121", [(2700, 1600)], 2980),
    Community("999901001008", "蓬莱社区", "121", [(2700, 900), (2700, 300)], 1890),
    Community("999901001009", "瀛洲社区", "122", [(2700, 2150)], 550),
    Community("999901001010", "方壶社区", "122", [(1500, 400), (1080, 400)], 930, states_persons=False),
    Community("999901001201", "桃源村", "220", [(700, 300), (1950, 160)], 640, states_persons=False),
    Community("999901001202", "空谷村", "220", [(800, 2600), (1500, 2600)], 250, states_persons=False),
)

ROUNDABOUT = (1150.0, 1300.0)
RIVER: Points = [
    (2075, -150),
    (2090, 150),
    (2140, 420),
    (2165, 700),
    (2140, 1000),
    (2150, 1300),
    (2185, 1600),
    (2170, 1900),
    (2120, 2150),
    (2105, 2400),
    (2150, 2650),
    (2190, 2950),
]
RAILWAY: Points = [(-150, 2350), (500, 2385), (1150, 2400), (2105, 2400), (2700, 2415), (3600, 2480)]

MAIN_WAYS = (
    Way("primary", "子虚大道", [(-100, 1300), (1150, 1300), (2150, 1300), (3500, 1300)], dual=True),
    Way("secondary", "乌有路", [(1150, -100), (1150, 2900)]),
    Way("secondary", "海市路", [(-100, 1980), (2080, 1980)]),
    Way("secondary", "南柯路", [(-100, 650), (3500, 650)]),
    Way("tertiary", "瀛洲路", [(2260, 1950), (3420, 1950)]),
    Way(
        "tertiary",
        "西滨河路",
        [
            (1995, -100),
            (2010, 150),
            (2055, 420),
            (2080, 650),
            (2055, 1000),
            (2065, 1300),
            (2095, 1600),
            (2080, 1980),
            (2035, 2150),
            (2025, 2330),
        ],
    ),
    Way(
        "tertiary",
        "东滨河路",
        [(2215, 420), (2240, 650), (2220, 1000), (2232, 1300), (2265, 1600), (2260, 1950), (2205, 2150)],
    ),
)

SIDE_WAYS = (
    # west of the river, between the avenue and 海市路: estates, then the old quarter
    Way("tertiary", "镜花街", [(600, 1300), (598, 1980)]),
    Way("residential", "钟鼓街", [(598, 1640), (870, 1652), (1150, 1640)]),
    Way("residential", "油坊街", [(870, 1300), (870, 1652), (876, 1980)]),
    Way("residential", "华灯街", [(-60, 1630), (598, 1640)]),
    Way("residential", "镜湖路", [(330, 1635), (335, 1980)]),
    Way("tertiary", "水月街", [(1150, 1640), (2092, 1640)]),
    Way("residential", "云梯路", [(1460, 1300), (1465, 1640), (1460, 1980)]),
    Way("residential", "捞月路", [(1775, 1300), (1780, 1640), (1775, 1980)]),
    # north
    Way("residential", "蜃气路", [(480, 1980), (475, 2340)]),
    Way("residential", "照影路", [(815, 1980), (820, 2352)]),
    Way("residential", "蜃楼街", [(-60, 2180), (475, 2195), (818, 2185), (1150, 2190)]),
    Way("residential", "海市街", [(1150, 2190), (2030, 2195)]),
    Way("residential", "悬鱼路", [(1480, 1980), (1475, 2350)]),
    Way("residential", "浮桥路", [(1770, 1980), (1765, 2350)]),
    # south of the avenue
    Way("residential", "梦蝶路", [(480, 650), (475, 1300)]),
    Way("residential", "槐安路", [(815, 650), (820, 1300)]),
    Way("residential", "南柯街", [(-60, 965), (478, 960), (818, 975), (1150, 965)]),
    Way("tertiary", "黄粱街", [(1150, 965), (2055, 985)]),
    Way("residential", "一炊路", [(1450, 650), (1455, 1300)]),
    Way("residential", "枕石路", [(1755, 650), (1760, 1300)]),
    # east of the river
    Way("tertiary", "华胥路", [(2600, 650), (2600, 1300)]),
    Way("tertiary", "华胥路", [(2600, 1300), (2605, 1950)]),
    Way("residential", "列子路", [(2955, 650), (2950, 1300), (2955, 1950)]),
    Way("residential", "御风街", [(2268, 1630), (2602, 1625)]),
    Way("residential", "御风街", [(2952, 1625), (3380, 1630)]),
    Way("residential", "蓬莱街", [(2222, 985), (2600, 985), (2952, 990), (3380, 985)]),
    Way("residential", "瀛洲西路", [(2600, 1950), (2610, 2330)]),
    Way("unclassified", "", [(2608, 2200), (2900, 2215), (3100, 2190)]),
    Way("unclassified", "工业路", [(2600, 650), (2610, 330), (2950, 320), (2955, 650)]),
    # southern edge
    Way("residential", "方壶路", [(1450, 650), (1460, 160)]),
    Way("residential", "方壶街", [(1150, 400), (1456, 390), (1760, 395), (2052, 405)]),
    Way("residential", "壶中路", [(1755, 650), (1760, 395), (1762, 190)]),
    Way("unclassified", "桃源路", [(690, 650), (680, 480), (720, 300), (700, -80)]),
    Way("unclassified", "", [(120, 330), (400, 345), (712, 335), (985, 350)]),
    Way("track", "", [(440, 346), (455, 150)]),
    Way("unclassified", "渡口路", [(2011, 160), (1900, 172), (1800, 160)]),
    # north of the railway
    Way("unclassified", "空谷路", [(480, 2560), (800, 2575), (1150, 2560), (1500, 2580), (1830, 2560)]),
    Way("track", "", [(800, 2575), (790, 2700)]),
    Way("track", "", [(1500, 2580), (1490, 2690)]),
    # what a map also holds: not yet built, below ground, far outside
    Way("construction", "规划一路", [(3150, 1950), (3160, 2300)]),
    Way("footway", "过街通道", [(1300, 1270), (1300, 1332)], tunnel=True),
    Way("residential", "", [(3480, 900), (3480, 1500)]),
)

LANES = (
    Way("living_street", "油坊巷", [(600, 1480), (690, 1492), (760, 1474), (870, 1486)]),
    Way("footway", "打铁巷", [(690, 1492), (702, 1560), (698, 1645)]),
    Way("footway", "豆腐巷", [(760, 1474), (752, 1375)]),
    Way("footway", "水井巷", [(870, 1566), (788, 1572)]),
    Way("living_street", "染坊巷", [(870, 1420), (960, 1432), (1060, 1414), (1150, 1426)]),
    Way("living_street", "箍桶巷", [(960, 1432), (952, 1540), (958, 1648)]),
    Way("footway", "铜锣巷", [(1060, 1414), (1066, 1560)]),
    Way("footway", "皂角巷", [(952, 1540), (1030, 1534)]),
    Way("living_street", "灯笼巷", [(599, 1800), (740, 1814), (874, 1800)]),
    Way("footway", "竹篾巷", [(740, 1814), (734, 1900), (738, 1980)]),
    Way("footway", "蓑衣巷", [(740, 1814), (745, 1700)]),
    Way("living_street", "书院巷", [(874, 1830), (1000, 1820), (1150, 1836)]),
    Way("footway", "磨坊巷", [(1000, 1820), (1010, 1740), (1004, 1646)]),
    Way("footway", "草鞋巷", [(1012, 1976), (1006, 1880)], loose=True),
    Way("service", "", [(1300, 1640), (1304, 1800), (1460, 1806)]),
    Way("footway", "望月巷", [(1625, 1300), (1622, 1480), (1630, 1640)]),
    Way("service", "", [(1310, 650), (1305, 800)]),
    Way("living_street", "一枕巷", [(1150, 800), (1305, 800), (1452, 806)]),
    Way("footway", "半醒巷", [(640, 975), (645, 1120), (640, 1300)]),
    Way("service", "", [(645, 1120), (760, 1124)]),
    Way("living_street", "悬壶巷", [(1300, 396), (1305, 520), (1300, 650)]),
    Way("footway", "采药巷", [(1305, 520), (1456, 524)]),
    Way("footway", "拾贝巷", [(1620, 2192), (1622, 2300)]),
    Way("footway", "", [(270, 340), (262, 200)]),
    Way("footway", "", [(560, 341), (568, 500)]),
    Way("footway", "", [(850, 343), (846, 470)]),
)

ESTATES = (
    Estate((450, 1450), 6, "镜花新村", halves="along"),
    Estate((450, 1800), 11, "照花苑", gap_share=0.2),
    Estate((1300, 1450), 6, "水月一村", halves="across"),
    Estate((1550, 1450), 6, "捞月小区"),
    Estate((1700, 1450), 6, "水月二村", wall=False),
    Estate((1930, 1450), 11, "月满楼", gap_share=0.1),
    Estate((1230, 1800), 6, "纺织厂宿舍", wall=False),
    Estate((1400, 1730), 5, "云梯小院"),
    Estate((1620, 1800), 6, "水月三村", halves="along"),
    Estate((1930, 1800), 6, "水云间"),
    Estate((300, 2270), 5, "", wall=False, gap_share=0.5),
    Estate((1900, 2270), 6, "河湾小区"),
    Estate((650, 2080), 6, "蜃楼小区"),
    Estate((980, 2080), 6, "照影家园", halves="across"),
    Estate((980, 2270), 6, "机务段宿舍", wall=False, gap_share=0.3),
    Estate((1310, 2080), 6, "海市一村"),
    Estate((1620, 2080), 6, "海市二村", halves="across"),
    Estate((1310, 2270), 7, "鱼龙里"),
    Estate((1690, 2270), 6, "", wall=False),
    Estate((1900, 2080), 11, "浮生小区", gap_share=0.1),
    Estate((650, 810), 6, "南柯一村", halves="along"),
    Estate((980, 810), 6, "槐安小区"),
    Estate((560, 1130), 6, "梦蝶苑"),
    Estate((730, 1220), 5, "半醒小院"),
    Estate((980, 1130), 7, "南柯二村", halves="across"),
    Estate((1230, 730), 6, "", wall=False),
    Estate((1380, 730), 6, "一枕小区"),
    Estate((1300, 900), 6, "黄粱新村"),
    Estate((1600, 810), 6, "枕石小区", halves="across"),
    Estate((1900, 810), 11, "炊烟苑", gap_share=0.2),
    Estate((1600, 1140), 7, "黄粱二村", halves="along"),
    Estate((1900, 1140), 6, "邯郸道小区", halves="across"),
    Estate((300, 800), 5, "造纸厂宿舍", wall=False, gap_share=0.2),
    Estate((3120, 1450), 6, "御风苑", gap_share=0.25),
    Estate((3120, 1140), 5, "", wall=False, gap_share=0.5),
    Estate((3120, 1780), 5, "", wall=False, gap_share=0.6),
    Estate((1900, 520), 4, "", wall=False, gap_share=0.5),
    Estate((2780, 1600), 11, "华胥国际城"),
    Estate((2430, 1460), 11, "列子苑", halves="across"),
    Estate((2430, 1790), 6, "华胥里", gap_share=0.3),
    Estate((2780, 1140), 6, "蓬莱阁小区", halves="across"),
    Estate((2780, 810), 6, "瑶台新村"),
    Estate((2430, 810), 11, "弱水岸", gap_share=0.2),
    Estate((2440, 2060), 3, "瀛洲花园", gap_share=0.25),
    Estate((2760, 2080), 3, "", wall=False, gap_share=0.4),
    Estate((1610, 520), 6, "方壶小区"),
    Estate((1380, 460), 5, "壶天里", wall=False),
    Estate((1600, 290), 4, "药材公司宿舍", wall=False, gap_share=0.5),
)

SITES = (
    Site((330, 2080), "school", "乌有镇中心小学", "教学楼", 4),
    Site((330, 1130), "school", "子虚中学", "教学楼", 5),
    Site((1300, 1140), "hospital", "乌有镇医院", "门诊楼", 6),
    Site((240, 1800), "park", "镜湖公园", "", 1),
    Site((2780, 480), "plant", "虚谷机械厂", "车间", 1),
)

# blocks (and roads) along which single houses stand, with the greatest distance of a house from its street
OLD_BLOCKS: Points = [
    (650, 1400),
    (820, 1400),
    (650, 1550),
    (820, 1550),
    (820, 1620),
    (920, 1380),
    (1000, 1360),
    (1000, 1500),
    (1100, 1500),
    (910, 1550),
    (900, 1500),
    (1000, 1600),
    (660, 1700),
    (820, 1700),
    (660, 1900),
    (820, 1900),
    (930, 1700),
    (1100, 1700),
    (930, 1900),
    (1080, 1900),
    (230, 480),
    (1230, 520),
    (1900, 290),
    (1380, 590),
]
VILLAGES = (("999901001201", 44.0), ("999901001202", 40.0))  # and how far from a road their houses stand, in metres
SUPERBLOCK, SUPERBLOCK_HOUSEHOLDS = "华胥国际城", 1900
TOWER, TOWER_HOUSEHOLDS = "蓬莱公寓", 620
LANDMARKS = (
    ("骑楼", (1620.0, 1400.0), (26.0, 14.0), 5, "apartments"),
    ("过街楼", (958.0, 1600.0), (18.0, 12.0), 3, "apartments"),
    ("水月商场", (1460.0, 1700.0), (44.0, 30.0), 3, "retail"),
    (TOWER, (2430.0, 1140.0), (68.0, 26.0), 33, "apartments"),
)
HALF_WIDTH_M = {
    "primary": 9.0,
    "secondary": 9.0,
    "tertiary": 7.0,
    "residential": 5.5,
    "living_street": 2.8,
    "service": 2.8,
    "footway": 2.0,
}
PLAIN_LINES: tuple[Points, ...] = (
    ((130, -60), (150, 700), (130, 1300), (160, 2000), (140, 2500)),  # west
    ((3310, -60), (3300, 800), (3330, 1500), (3290, 2100), (3300, 2600)),  # east
    ((0, 60), (700, 40), (1500, 70), (2120, 55), (2700, 80), (3400, 60)),  # south
    ((380, 2300), (390, 2700), (1000, 2730), (2000, 2720)),  # round the northern village
    ((2000, 2720), (1960, 2560), (1980, 2340)),
    ((1010, 700), (1000, 330), (990, 0)),  # fields between 桃源村 and 方壶社区
    ((1770, 20), (1775, 120), (1760, 260), (1900, 300), (2200, 285)),  # the part of 桃源村 by the river
)
BLOCK_EDGES: tuple[Points, ...] = (  # hedges and ditches that part blocks where no street does
    ((475, 2330), (476, 2400)),
    ((820, 2340), (822, 2410)),
    ((1475, 2340), (1475, 2420)),
    ((1765, 2340), (1766, 2420)),
    ((2029, 2320), (2028, 2420)),
    ((2207, 2140), (2195, 2420)),
    ((2610, 2320), (2612, 2430)),
    ((3100, 2190), (3320, 2200)),
    ((2900, 1940), (2900, 2430)),
    ((2600, 640), (2600, 660)),
)
GROUP_LINES: tuple[Points, ...] = (
    ((690, 680), (680, 480), (720, 300), (700, 0)),
    ((100, 335), (712, 335)),
    ((1150, 2300), (1150, 2800)),
)
GROUPS = (
    ("桃源村一组", (400, 480)),
    ("桃源村二组", (400, 200)),
    ("桃源村三组", (850, 250)),
    ("桃源村四组", (1950, 160)),
    ("空谷村一组", (800, 2600)),
    ("空谷村二组", (1500, 2600)),
)


def lay_out(points: Points, step_m: float = 40.0) -> LineString:
    """Bring a line of the plan onto the ground (metres): densified, scaled, bent and turned."""
    return shapely.transform(shapely.segmentize(LineString(points), step_m / PLAN_SCALE), bend)


def bend(plan: np.ndarray) -> np.ndarray:
    """Move plan coordinates to where the town has them."""
    x, y = (plan[:, 0] - PLAN_CENTRE[0]) * PLAN_SCALE, (plan[:, 1] - PLAN_CENTRE[1]) * PLAN_SCALE
    bent_x = x + 14 * np.sin(y / 210 + 0.6) + 6 * np.sin((x + y) / 120)
    bent_y = y + 12 * np.sin(x / 190 + 1.1) + 5 * np.sin((x - y) / 110 + 2.0)
    angle = np.radians(TURN_DEGREES)
    return np.column_stack(
        [bent_x * np.cos(angle) - bent_y * np.sin(angle), bent_x * np.sin(angle) + bent_y * np.cos(angle)]
    )


def at(place: tuple[float, float]) -> Point:
    """Find a place of the plan on the ground."""
    return Point(bend(np.array([place]))[0])


def draw_streets() -> gpd.GeoDataFrame:
    """Draw streets as a map holds them: two lines for the avenue, a roundabout, bridges, a vertex wherever two meet."""
    ring = at(ROUNDABOUT).buffer(ROUNDABOUT_M, quad_segs=5)
    sources: list[tuple[Way, BaseGeometry]] = [(Way("secondary", "乌有环岛", ()), LineString(ring.exterior))]
    for way in (*MAIN_WAYS, *SIDE_WAYS, *LANES):
        line = lay_out(way.points)
        sides = [line.offset_curve(DUAL_OFFSET_M), line.offset_curve(-DUAL_OFFSET_M)] if way.dual else [line]
        sources += [(way, part) for side in sides for part in shapely.get_parts(side.difference(ring))]

    # Ends that nearly reach another street are carried on to it and half a metre over; noding cuts the rest off again.
    on_ground = [(way, line) for way, line in sources if not way.tunnel]
    lines = np.array([line for _, line in on_ground])
    others = [np.delete(lines, index) for index in range(len(lines))]
    drawn = [line if way.loose else reach_out(line, rest) for (way, line), rest in zip(on_ground, others, strict=True)]
    pieces = shapely.get_parts(shapely.node(shapely.GeometryCollection(drawn)))
    loose_ends = np.array([line.boundary for (way, _), line in zip(on_ground, drawn, strict=True) if way.loose])
    pieces = pieces[(shapely.length(pieces) > 1.0) | (shapely.distance(pieces, shapely.union_all(loose_ends)) < 1e-6)]
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)

    over = {"忘川河": lay_out(RIVER).buffer(RIVER_HALF_WIDTH_M + 9), "虚无铁路": lay_out(RAILWAY).buffer(18)}
    rows = []
    for (way, _), line in zip(on_ground, drawn, strict=True):
        mine = shapely.line_merge(shapely.union_all(pieces[shapely.dwithin(line, middles, 1e-6)]))
        spans = shapely.union_all([mine.intersection(zone) for zone in over.values() if mine.crosses(zone)])
        rows += [(way, "", part) for part in in_order(mine.difference(spans))]
        rows += [(way, "yes", part) for part in in_order(spans)]
    rows += [(way, "", line) for way, line in sources if way.tunnel]
    frame = pd.DataFrame(
        {
            "highway": [way.highway for way, _, _ in rows],
            "name": [way.name for way, _, _ in rows],
            "bridge": [bridge for _, bridge, _ in rows],
            "tunnel": ["yes" if way.tunnel else "" for way, _, _ in rows],
            "layer": [1 if bridge else -1 if way.tunnel else 0 for way, bridge, _ in rows],
            "oneway": ["yes" if way.dual else "" for way, _, _ in rows],
            "geometry": [line for _, _, line in rows],
        }
    )
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=ZONE)


def in_order(lines: BaseGeometry) -> list[LineString]:
    """List the single lines of a geometry, merged, by their first coordinate."""
    merged = shapely.get_parts(shapely.line_merge(lines)) if not lines.is_empty else []
    return sorted((line for line in merged if line.length > 0.5), key=lambda line: line.coords[0])


def reach_out(line: LineString, others: np.ndarray, reach_m: float = 11.0) -> LineString:
    """Carry the ends of a line on to the nearest other line within reach."""
    coordinates = list(line.coords)
    if line.is_closed:
        return line
    for end in (0, -1):
        point = Point(coordinates[end])
        distances = shapely.distance(others, point)
        joined = distances < 1e-9
        if (joined & (shapely.distance(shapely.boundary(others), point) > 1e-9)).any():
            continue  # it ends on the middle of another street already
        nearest = others[int(np.argmin(np.where(joined, np.inf, distances)))]
        gap = point.distance(nearest)
        if gap < (0.6 if joined.any() else reach_m):
            target = nearest.interpolate(nearest.project(point))
            step = (target.x - point.x, target.y - point.y) if gap > 0.05 else heading(coordinates, end)
            share = (gap + 0.5) / gap if gap > 0.05 else 1.0
            reached = (point.x + step[0] * share, point.y + step[1] * share)
            coordinates = [reached, *coordinates] if end == 0 else [*coordinates, reached]
    return LineString(coordinates)


def heading(coordinates: Sequence[tuple[float, float]], end: int) -> tuple[float, float]:
    """Step half a metre onwards from an end of a line."""
    (x0, y0), (x1, y1) = (coordinates[1], coordinates[0]) if end == 0 else (coordinates[-2], coordinates[-1])
    scale = 0.5 / float(np.hypot(x1 - x0, y1 - y0))
    return (x1 - x0) * scale, (y1 - y0) * scale


def draw_communities() -> dict[str, BaseGeometry]:
    """Draw the outlines of the communities by code, cut from one net of lines so that neighbours share every vertex."""
    main = [way.points for way in MAIN_WAYS if way.name in {"子虚大道", "海市路", "瀛洲路", "乌有路", "南柯路"}]
    join = [((2080, 1980), (2170, 1985)), ((2170, 1985), (2260, 1950))]  # across the river between 海市路 and 瀛洲路
    faces = cut_faces([lay_out(points) for points in (*main, *join, RIVER, RAILWAY, *PLAIN_LINES)])
    return {
        community.code: shapely.union_all([faces[shapely.contains(faces, at(place))][0] for place in community.places])
        for community in COMMUNITIES
    }


def draw_barriers(compounds: gpd.GeoDataFrame, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Draw river (line and banks), railway, the lake of the park, and walls round compounds and sites."""
    river, railway = lay_out(RIVER), lay_out(RAILWAY)
    lake = at((240, 1805)).buffer(48).intersection(at((245, 1830)).buffer(44))
    rows: list[tuple[str, str, BaseGeometry]] = [
        ("waterway", "忘川河", river),
        ("water", "忘川河", river.buffer(RIVER_HALF_WIDTH_M, cap_style="flat")),
        ("railway", "虚无铁路", railway),
        ("water", "镜湖", lake),
    ]
    walled = [*compounds.geometry, *sites[sites.kind != "park"].geometry]
    rows += [("wall", "", LineString(polygon.exterior)) for polygon in walled]
    return layer(rows, ["kind", "name", "geometry"])


def slab_rows(area: BaseGeometry, levels: int, gap_share: float, rng: np.random.Generator) -> Iterator[Polygon]:
    """Draw slabs 12 m deep and 50 to 60 m long, facing south, in rows as far apart as the sun asks for."""
    turn = float(rng.uniform(-5, 5)) + TURN_DEGREES / 2
    pivot = area.centroid
    straight = rotate(area, -turn, origin=pivot)
    west, south, east, north = straight.bounds
    pitch = 12 + min(levels * 3.0, 28.0)
    y = south + 1
    while y + 12 <= north:
        x = west + float(rng.uniform(0, 6))
        while x + 30 <= east:
            length = float(rng.uniform(50, 60))
            shape = shapely.box(x, y, x + length, y + 12)
            if not straight.contains(shape):  # the last in a row is cut short, as builders do
                shape = shapely.box(x, y, x + 32, y + 12)
                length = 32
            if not straight.contains(shape):
                x += 4
                continue
            if rng.random() >= gap_share:
                yield rotate(translate(shape, 0, float(rng.uniform(-0.8, 0.8))), turn, origin=pivot)
            x += length + float(rng.uniform(9, 14))
        y += pitch


def house_rows(
    streets: Sequence[BaseGeometry],
    area: BaseGeometry,
    depth_m: float,
    rng: np.random.Generator,
    *,
    setback_m: float = 4.5,
) -> Iterator[Polygon]:
    """Draw single houses along both sides of lanes, wall to wall near the street and looser behind."""
    for line in streets:
        for side in (1, -1):
            setback = setback_m
            while setback < depth_m:
                along = float(rng.uniform(2, 8))
                while along < line.length - 4:
                    width, depth = float(rng.uniform(8, 13)), float(rng.uniform(8, 12))
                    foot, ahead = line.interpolate(along), line.interpolate(along + 1)
                    angle = np.arctan2(ahead.y - foot.y, ahead.x - foot.x)
                    reach = side * (setback + depth / 2)
                    centre = (foot.x - np.sin(angle) * reach, foot.y + np.cos(angle) * reach)
                    shape = translate(shapely.box(-width / 2, -depth / 2, width / 2, depth / 2), *centre)
                    shape = rotate(shape, np.degrees(angle) + float(rng.uniform(-3, 3)), origin="centroid")
                    if area.contains(shape):
                        yield shape
                    along += width + float(rng.choice([0.8, 0.8, 1.5, 6.0]))
                setback += 14.0


class Sheet:
    """Buildings drawn so far; none is let onto another."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.shapes: list[BaseGeometry] = []

    def add(self, shape: Polygon, *, spacing_m: float = 0.5, **facts: object) -> None:
        """Put a building on the sheet unless it would come closer than the spacing to one that stands there."""
        if self.shapes and len(STRtree(self.shapes).query(shape, predicate="dwithin", distance=spacing_m)):
            return
        self.shapes.append(shape)
        self.rows.append({"name": "", "compound": "", "estate": False, **facts, "geometry": shape})


@dataclass(frozen=True)
class Ground:
    """Where one may build: blocks between streets and outlines, less what streets, river and railway need."""

    lines: list[BaseGeometry]
    classes: list[str]
    kept_free: BaseGeometry
    faces: np.ndarray

    def block(self, place: tuple[float, float]) -> BaseGeometry:
        """Return the building ground of the block round a place of the plan."""
        point = at(place)
        face = self.faces[shapely.contains(self.faces, point)][0]
        return min(shapely.get_parts(face.difference(self.kept_free)), key=lambda part: part.distance(point))


def lay_ground(streets: gpd.GeoDataFrame, outlines: dict[str, BaseGeometry]) -> Ground:
    """Cut the town into blocks."""
    on_ground = streets[(streets.highway != "construction") & (streets.tunnel == "")]
    widths = on_ground.highway.map(HALF_WIDTH_M).fillna(4.5)
    river, railway = lay_out(RIVER).buffer(RIVER_HALF_WIDTH_M + 8), lay_out(RAILWAY).buffer(14)
    kept_free = shapely.union_all([*on_ground.geometry.buffer(widths), river, railway])
    edges = [*map(lay_out, BLOCK_EDGES), *(shape.boundary for shape in outlines.values())]
    faces = cut_faces([*on_ground.geometry, *edges])
    return Ground(list(on_ground.geometry), list(on_ground.highway), kept_free, faces)


def cut_faces(lines: Sequence[BaseGeometry]) -> np.ndarray:
    """Find the polygons between lines that may cross each other anywhere."""
    noded = shapely.node(shapely.GeometryCollection(lines))
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))


def dwellings(shape: BaseGeometry, levels: int) -> int:
    """Count the households that a building of this footprint and height holds."""
    return max(1, round(float(shape.area) * levels / FLOOR_AREA_M2))


def box_at(place: tuple[float, float], width_m: float, depth_m: float) -> Polygon:
    """Draw a building round a place of the plan."""
    point = at(place)
    half_width, half_depth = width_m / 2, depth_m / 2
    return translate(shapely.box(-half_width, -half_depth, half_width, half_depth), point.x, point.y)


def halve(area: BaseGeometry, how: str) -> list[BaseGeometry]:
    """Part a block into two estates, four metres between their walls."""
    if not how:
        return [area]
    west, south, east, north = area.bounds
    x, y = area.centroid.x, area.centroid.y
    ends = [(x, south - 9), (x, north + 9)] if how == "along" else [(west - 9, y), (east + 9, y)]
    parts = shapely.get_parts(area.difference(LineString(ends).buffer(2, cap_style="flat")))
    return sorted(parts, key=lambda part: (part.centroid.x, part.centroid.y))


def raise_landmarks(sheet: Sheet) -> None:
    """Put up three buildings that stand across streets, and the tower of 620 households."""
    for name, place, (width_m, depth_m), levels, use in LANDMARKS:
        shape = box_at(place, width_m, depth_m)
        households = dwellings(shape, levels) if use == "apartments" else 0
        sheet.add(shape, name=name, levels=levels, households=households, building=use)


def raise_sites(sheet: Sheet, ground: Ground, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Fill the blocks of schools, hospital, park and plant."""
    rows = []
    for site in SITES:
        area = ground.block(site.place).buffer(-2, join_style="mitre").simplify(0.5)
        rows.append((site.name, site.kind, area))
        shapes = slab_rows(area.buffer(-14), max(site.levels, 6), 0.35, rng) if site.building else iter(())
        for number, shape in enumerate(shapes, 1):
            name = f"{site.name}{site.building}{number}"
            sheet.add(shape, name=name, levels=site.levels, households=0, building=site.kind)
    return layer(rows, ["name", "kind", "geometry"])


def raise_estates(sheet: Sheet, ground: Ground, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Fill the blocks of estates with slabs; those with a name and a wall are compounds."""
    rows = []
    for estate in ESTATES:
        areas = halve(ground.block(estate.place).buffer(-3, join_style="mitre").simplify(0.5), estate.halves)
        for area, half in zip(areas, "甲乙", strict=False):
            name = f"{estate.name}{half}区" if estate.halves else estate.name
            compound = name if estate.wall else ""
            if compound:
                managed = "yes" if estate.levels > 6 else "no"
                rows.append((name, managed, managed, area))
            for number, shape in enumerate(slab_rows(area.buffer(-7), estate.levels, estate.gap_share, rng), 1):
                levels = estate.levels + (0 if estate.levels < 7 else int(rng.integers(-1, 2)))
                sheet.add(
                    shape,
                    name=f"{name}{number}栋" if name else "",
                    levels=levels,
                    households=dwellings(shape, levels),
                    building="apartments",
                    compound=compound,
                    estate=name == SUPERBLOCK,
                )
    return layer(rows, ["name", "property_managed", "owners_committee", "geometry"])


def raise_old_houses(sheet: Sheet, ground: Ground, rng: np.random.Generator) -> None:
    """Line the lanes of the old quarter with houses."""
    for place in OLD_BLOCKS:
        area = ground.block(place)
        near = [line.intersection(area.buffer(14)) for line in ground.lines if line.dwithin(area, 12)]
        for shape in house_rows(long_lines(near, 12), area, 34.0, rng):
            levels = int(rng.choice([1, 2, 2, 3]))
            households = max(1, round(dwellings(shape, levels) * 0.8))
            sheet.add(shape, levels=levels, households=households, building="house")


def raise_villages(sheet: Sheet, ground: Ground, outlines: dict[str, BaseGeometry], rng: np.random.Generator) -> None:
    """Line the roads of the villages with farmhouses."""
    for code, depth_m in VILLAGES:
        area = outlines[code].buffer(-6).difference(ground.kept_free)
        roads = [line.intersection(outlines[code].buffer(-12)) for line in ground.lines]
        for shape in house_rows(long_lines(roads, 20), area, depth_m, rng):
            if rng.random() < 0.85:
                levels = int(rng.choice([1, 2, 3]))
                sheet.add(shape, spacing_m=2.5, levels=levels, households=1, building="house")


def raise_shops(sheet: Sheet, ground: Ground, taken: BaseGeometry, rng: np.random.Generator) -> None:
    """Put shops along the main streets where nothing else was built."""
    streets = [
        line for line, kind in zip(ground.lines, ground.classes, strict=True) if kind in {"primary", "secondary"}
    ]
    for shape in house_rows(streets, taken.difference(ground.kept_free), 18.0, rng, setback_m=11.0):
        if rng.random() < 0.5:
            sheet.add(shape, levels=2, households=0, building="retail")


def long_lines(geometries: Sequence[BaseGeometry], least_m: float) -> list[LineString]:
    """List the single lines of some geometries that are longer than `least_m`."""
    parts = [part for geometry in geometries for part in shapely.get_parts(geometry)]
    return [part for part in parts if part.geom_type == "LineString" and part.length > least_m]


def layer(rows: Sequence[tuple[object, ...]], columns: list[str]) -> gpd.GeoDataFrame:
    """Make a frame on the ground of the town."""
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=ZONE)


def build_town(seed: int = SEED) -> dict[str, gpd.GeoDataFrame]:
    """Draw every layer of the town, in EPSG:4490, coordinates rounded to 1e-8 degrees."""
    rng = np.random.default_rng(seed)
    streets, outlines = draw_streets(), draw_communities()
    ground, sheet = lay_ground(streets, outlines), Sheet()
    raise_landmarks(sheet)
    sites = raise_sites(sheet, ground, rng)
    compounds = raise_estates(sheet, ground, rng)
    raise_old_houses(sheet, ground, rng)
    raise_villages(sheet, ground, outlines, rng)
    villages = {code for code, _ in VILLAGES}
    urban = shapely.union_all([shape for code, shape in outlines.items() if code not in villages]).buffer(-16)
    taken = [*compounds.geometry.buffer(1), *sites.geometry.buffer(1), at(ROUNDABOUT).buffer(ROUNDABOUT_M + 20)]
    raise_shops(sheet, ground, urban.difference(shapely.union_all(taken)), rng)

    buildings = gpd.GeoDataFrame(pd.DataFrame(sheet.rows), geometry="geometry", crs=ZONE)
    layers = {
        "communities": communities_frame(outlines),
        "streets": streets,
        "buildings": settle(buildings, outlines, rng),
        "barriers": draw_barriers(compounds, sites),
        "compounds": compounds,
        "special_sites": sites,
        "groups": draw_groups(outlines),
    }
    return {name: smudge(to_degrees(layers[name]), name) for name in LAYERS}


def communities_frame(outlines: dict[str, BaseGeometry]) -> gpd.GeoDataFrame:
    """Make the communities layer; households are left to the buildings."""
    columns = ["community_code", "name", "urban_rural_code", "town_code", "note", "geometry"]
    rows = [
        (item.code, item.name, item.urban_rural_code, "999901001", "虚构 made up", outlines[item.code])
        for item in COMMUNITIES
    ]
    return layer(rows, columns)


def settle(
    buildings: gpd.GeoDataFrame, outlines: dict[str, BaseGeometry], rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Give every community exactly its households, spread over its dwellings as their floors allow."""
    inside = shapely.point_on_surface(buildings.geometry.values)
    households = buildings.households.to_numpy(float).copy()
    tower, superblock = (buildings.name == TOWER).to_numpy(), buildings.estate.to_numpy(bool)
    households[tower] = TOWER_HOUSEHOLDS
    persons = np.full(len(buildings), np.nan)
    keep = np.zeros(len(buildings), bool)
    for community in COMMUNITIES:
        here = shapely.within(inside, outlines[community.code])
        keep |= here
        lived_in = here & (households > 0)
        share_out(households, lived_in & superblock, SUPERBLOCK_HOUSEHOLDS)
        free = lived_in & ~tower & ~superblock
        share_out(households, free, community.households - households[lived_in & ~free].sum())
        if community.states_persons:
            persons[here] = np.round(households[here] * rng.uniform(2.3, 3.0, here.sum()))
    placed = buildings.assign(households=households.astype(int), persons=persons)
    placed = placed.assign(x=shapely.get_x(inside), y=shapely.get_y(inside))[keep]
    placed = placed.sort_values(["x", "y"], kind="stable").reset_index(drop=True)
    placed["building_id"] = [f"W{number:04d}" for number in range(1, len(placed) + 1)]
    return placed[["building_id", "name", "building", "levels", "households", "persons", "compound", "geometry"]]


def share_out(households: np.ndarray, mine: np.ndarray, total: float) -> None:
    """Scale the entries of `mine` to whole numbers of the given sum, largest remainders first, none below one."""
    if not mine.any():
        return
    wanted = households[mine] * (total / households[mine].sum())
    whole = np.maximum(np.floor(wanted), 1)
    for index in np.argsort(whole - wanted, kind="stable")[: int(total - whole.sum())]:
        whole[index] += 1
    while whole.sum() > total:
        whole[np.argmax(whole)] -= 1
    households[mine] = whole


def draw_groups(outlines: dict[str, BaseGeometry]) -> gpd.GeoDataFrame:
    """Draw the villagers' groups of the two villages; they meet along roads and field edges."""
    villages = [outlines[code] for code, _ in VILLAGES]
    faces = cut_faces([*(shape.boundary for shape in villages), *map(lay_out, GROUP_LINES)])
    rows = [(name, faces[shapely.contains(faces, at(place))][0]) for name, place in GROUPS]
    return layer(rows, ["group", "geometry"])


def to_degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give longitude and latitude, rounded so that the last bits of a projection library do not show."""
    transformer = Transformer.from_crs(ZONE, "EPSG:4490", always_xy=True)

    def place(points: np.ndarray) -> np.ndarray:
        lon, lat = transformer.transform(points[:, 0] + EASTING, points[:, 1] + NORTHING)
        return np.round(np.column_stack([lon, lat]), 8)

    degrees = gpd.GeoSeries(shapely.transform(frame.geometry.values, place), index=frame.index, crs="EPSG:4490")
    return frame.set_geometry(degrees).reset_index(drop=True)


def smudge(frame: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    """Repeat a vertex in the first outline, street and building: files from drawing programs are full of them."""
    if layer not in {"communities", "streets", "buildings"}:
        return frame
    first = frame.geometry.iloc[0]
    coordinates = shapely.get_coordinates(first)
    doubled = np.insert(coordinates, 1, coordinates[1], axis=0)
    geometry = frame.geometry.tolist()
    geometry[0] = LineString(doubled) if first.geom_type == "LineString" else Polygon(doubled)
    return frame.set_geometry(gpd.GeoSeries(geometry, crs=frame.crs))


def write_town(path: Path, seed: int = SEED) -> None:
    """Write all layers into one GeoPackage; the clock does not enter it."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-01-01T00:00:00.000Z"})
    path.unlink(missing_ok=True)
    try:
        for name, frame in build_town(seed).items():
            pyogrio.write_dataframe(
                frame,
                path,
                layer=name,
                driver="GPKG",
                append=path.exists(),
                promote_to_multi=name == "communities",
                layer_options={"DESCRIPTION": NOTICE},
                layer_metadata={"notice": NOTICE},
            )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


if __name__ == "__main__":
    write_town(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "town" / "town.gpkg")
