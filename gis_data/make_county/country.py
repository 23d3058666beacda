"""Beyond the county town: roads between towns and villages, hamlets with groups and lanes, streets of towns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay
from shapely import LineString, MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry

from gis_data.make_county.land import Land, cut_faces, give_faces
from gis_data.make_county.places import TOWNS, Town
from gis_data.make_county.plan import at, lay_out, wander
from gis_data.make_county.seat import Way, gates, seat_polygon

__all__ = ["Hamlet", "TownBlock", "core_ground", "country_roads", "hamlet_lanes", "settle_hamlets", "town_streets"]

HOUSEHOLDS_A_GROUP = 105
CORE_HALF_EAST, CORE_HALF_NORTH = 400.0, 215.0
NUMERALS = "一二三四五六七八九十"
HAMLETS = (*("湾", "坝", "沟", "坪", "院子", "大院", "塆", "岩", "坡", "坎", "桥头", "堰", "林盘", "嘴", "垭口", "洞"),)
KIN = "张王李赵陈刘杨黄周吴徐孙朱高林何郭罗梁宋郑谢唐冯于董程曹袁邓许傅沈曾彭吕苏卢蒋蔡"


@dataclass(frozen=True)
class Hamlet:
    """A natural village: its place on the ground, its villagers' group and what belongs to it."""

    community: str  # key
    name: str
    group: str
    place: Point
    ground: BaseGeometry


@dataclass(frozen=True)
class TownBlock:
    """A block of a town, on the plan."""

    town: Town
    community: str  # key
    number: int
    outline: Polygon


def numeral(number: int) -> str:
    """Write a number up to 19 in Chinese."""
    return NUMERALS[number - 1] if number <= 10 else "十" + NUMERALS[number - 11]


def core_ground(town: Town) -> Polygon:
    """Return the built-up core of a town on the ground."""
    x, y = town.place or (0, 0)
    ring = shapely.box(x - CORE_HALF_EAST, y - CORE_HALF_NORTH, x + CORE_HALF_EAST, y + CORE_HALF_NORTH).exterior
    return Polygon(lay_out(ring.coords))


def town_streets(town: Town) -> tuple[list[Way], list[TownBlock]]:
    """Draw the streets of a town: a main street, two beside it, four across."""
    x, y = town.place or (0, 0)
    stem = town.name.rstrip("镇乡")
    xs, ys = (-350.0, -115.0, 120.0, 350.0), (-165.0, 0.0, 165.0)
    ways = [
        Way("secondary", f"{stem}大街", [(x - 420, y), (x + 420, y)]),
        Way("residential", "后街", [(x - 400, y + ys[2]), (x + 400, y + ys[2])]),
        Way("residential", "沿河街" if town.cores == 2 else "前街", [(x - 400, y + ys[0]), (x + 400, y + ys[0])]),
        Way("residential", "西街", [(x + xs[0], y - 215), (x + xs[0], y + 215)]),
        Way("tertiary", "十字街", [(x + xs[1], y - 330), (x + xs[1], y + ys[2])]),
        Way("tertiary", "新街", [(x + xs[2], y + ys[0]), (x + xs[2], y + 330)]),
        Way("residential", "东街", [(x + xs[3], y - 215), (x + xs[3], y + 215)]),
        Way("footway", f"{stem}老巷", [(x + 2, y), (x + 8, y + 80), (x + 2, y + ys[2])]),
        Way("footway", "禹王巷", [(x - 230, y), (x - 236, y - 60)], loose=True),
    ]
    blocks = []
    for row in range(2):
        for column in range(3):
            outline = shapely.box(x + xs[column], y + ys[row], x + xs[column + 1], y + ys[row + 1])
            side = 1 if town.cores == 1 or row == 1 else 2
            blocks.append(TownBlock(town, f"{town.serial}/{side}", row * 3 + column + 1, outline))
    return ways, blocks


def _town_gates(town: Town) -> list[tuple[float, float]]:
    x, y = town.place or (0, 0)
    return [(x - 420, y), (x + 420, y), (x - 115, y - 330), (x + 120, y + 330)]


def settle_hamlets(land: Land, households: dict[str, int], rng: np.random.Generator) -> list[Hamlet]:
    """Place hamlets in every community outside the county town and draw the ground of their villagers' groups."""
    hamlets: list[Hamlet] = []
    towns = {town.serial: town for town in TOWNS}
    kin = iter(
        [KIN[k % len(KIN)] + HAMLETS[(k * 7 + k // len(KIN)) % len(HAMLETS)] for k in range(len(KIN) * len(HAMLETS))]
    )
    for key in sorted(key for key in land.outlines if len(key) > 1):
        outline = land.outlines[key]
        serial = key.split("/")[0]
        core = core_ground(towns[serial]).buffer(0) if serial in towns else Polygon()
        count = 4 if serial in towns else int(np.clip(round(households[key] / HOUSEHOLDS_A_GROUP), 3, 15))
        room = outline.buffer(-160).difference(
            shapely.union_all([core.buffer(180), land.motorway.buffer(120), land.river.buffer(120)])
        )
        points = _spread(room, count, rng)
        if serial not in towns:
            middle = at(land.middles[key])
            nearest = min(range(count), key=lambda k: points[k].distance(middle))
            points[nearest] = middle if room.contains(middle) else points[nearest]
        grounds = _share_ground(outline, points, core, rng)
        stem = key.rstrip("村")
        for number, (point, ground) in enumerate(zip(points, grounds, strict=True), 1):
            group = (
                f"{key}{numeral(number)}组" if serial not in towns else f"{towns[serial].name}农业{numeral(number)}组"
            )
            if "/" in key and towns[serial].cores == 2:
                group = f"{towns[serial].name}{'北南'[int(key[-1]) - 1]}街农业{numeral(number)}组"
            hamlets.append(Hamlet(key, next(kin, f"{stem}{number}"), group, point, ground))
    return hamlets


def _spread(room: BaseGeometry, count: int, rng: np.random.Generator) -> list[Point]:
    """Spread points evenly, west to east."""
    west, south, east, north = room.bounds
    shapely.prepare(room)
    points: list[Point] = []
    while len(points) < count:
        point = Point(float(rng.uniform(west, east)), float(rng.uniform(south, north)))
        if room.contains(point):
            points.append(point)
    for _ in range(6):
        fields = shapely.get_parts(shapely.voronoi_polygons(MultiPoint(points), extend_to=room, ordered=True))
        for k, field in enumerate(fields):
            middle = field.intersection(room).centroid
            points[k] = middle if room.contains(middle) else points[k]
    return sorted(points, key=lambda point: (round(point.x), round(point.y)))


def _share_ground(
    outline: BaseGeometry, points: Sequence[Point], core: BaseGeometry, rng: np.random.Generator
) -> list[BaseGeometry]:
    """Part an outline among hamlets along ridges and field edges; the core of a town belongs to none."""
    ridges = shapely.get_parts(
        shapely.voronoi_polygons(MultiPoint(points), extend_to=outline.buffer(500), only_edges=True)
    )
    lines: list[BaseGeometry] = [LineString(wander(list(ridge.coords), rng, rough=0.07)) for ridge in ridges]
    land = outline.difference(core)
    faces = cut_faces([*(line.intersection(outline.buffer(20)) for line in lines), land.boundary])
    faces = faces[shapely.contains(land.buffer(0.05), shapely.point_on_surface(faces))]
    given = give_faces(faces, {str(k): point for k, point in enumerate(points)})
    return [given[str(k)] for k in range(len(points))]


def country_roads(land: Land, rng: np.random.Generator) -> Iterator[tuple[Way, LineString]]:
    """Draw the roads between the county town, towns and villages."""
    towns = {town.serial: town for town in TOWNS}
    names = ["seat", *towns, *sorted(key for key in land.middles if key not in towns)]
    places = np.array([(250.0, 100.0), *(land.middles[key] for key in names[1:])])
    doors = {key: _town_gates(town) for key, town in towns.items()} | {"seat": gates()}
    seat = seat_polygon().buffer(-40)
    simplices = Delaunay(places).simplices
    edges = sorted({tuple(sorted((int(a), int(b)))) for s in simplices for a, b in zip(s, np.roll(s, 1), strict=True)})
    spans, kept = [], []
    for a, b in edges:
        start, end = _doors(names[a], names[b], doors, places[a], places[b])
        straight = LineString([start, end])
        if straight.length < 6500 and straight.crosses(seat) is False:
            river = 1.5 if lay_out(straight.coords).crosses(land.river) else 1.0
            kept.append((a, b, start, end))
            spans.append(straight.length * river)
    rows, columns = [k[0] for k in kept], [k[1] for k in kept]
    tree = minimum_spanning_tree(coo_array((spans, (rows, columns)), shape=(len(names), len(names))).tocsr()).tocoo()
    backbone = set(zip(tree.coords[0].tolist(), tree.coords[1].tolist(), strict=True))
    trunk = _ways_to_towns(len(names), rows, columns, spans, [names.index(key) for key in towns])
    for (a, b, start, end), span in zip(kept, spans, strict=True):
        important = names[a] in doors
        main = (a, b) in trunk
        if not (main or (a, b) in backbone or (important and span < 2600) or rng.random() < 0.12):
            continue
        kind = "secondary" if main else "tertiary" if important else "unclassified"
        line = lay_out(wander([start, end], rng, rough=0.1))
        yield Way(kind, _road_name(names[a], names[b], towns), ()), line


def _ways_to_towns(
    count: int, rows: list[int], columns: list[int], spans: list[float], ends: list[int]
) -> set[tuple[int, int]]:
    """Find the links on the shortest ways from the county town (number 0) to the towns."""
    graph = coo_array((spans, (rows, columns)), shape=(count, count)).tocsr()
    _, before = dijkstra(graph, directed=False, indices=0, return_predecessors=True)
    used = set()
    for end in ends:
        while before[end] >= 0:
            used.add((min(end, int(before[end])), max(end, int(before[end]))))
            end = int(before[end])
    return used


def _doors(
    a: str, b: str, doors: dict[str, list[tuple[float, float]]], place_a: np.ndarray, place_b: np.ndarray
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Choose the gates at which a road leaves one place and reaches another."""
    target_b = (float(place_b[0]), float(place_b[1]))
    start = min(
        doors.get(a, [(float(place_a[0]), float(place_a[1]))]),
        key=lambda door: float(np.hypot(door[0] - target_b[0], door[1] - target_b[1])),
    )
    end = min(doors.get(b, [target_b]), key=lambda door: float(np.hypot(door[0] - start[0], door[1] - start[1])))
    return start, end


def _road_name(a: str, b: str, towns: dict[str, Town]) -> str:
    """Name a road by its ends, as counties do: 白龙路 from 白鹤 to 龙头."""
    first = "子" if a == "seat" else towns[a].name[0] if a in towns else a[0]
    second = towns[b].name[0] if b in towns else b[0]
    return f"{first}{second}路" if first != second else f"{first}家路"


def hamlet_lanes(land: Land, hamlets: Sequence[Hamlet], rng: np.random.Generator) -> Iterator[tuple[Way, LineString]]:
    """Draw the lanes that link the hamlets of a community to one another and to its middle or its town."""
    towns = {town.serial: town for town in TOWNS}
    by_community: dict[str, list[Hamlet]] = {}
    for hamlet in hamlets:
        by_community.setdefault(hamlet.community, []).append(hamlet)
    for key, mine in sorted(by_community.items()):
        inside = land.outlines[key].buffer(15)
        serial = key.split("/")[0]
        nodes = [hamlet.place for hamlet in mine]
        core = len(nodes)
        if serial in towns:
            nodes += [at(gate) for gate in _town_gates(towns[serial])]
        if len(nodes) < 2:
            continue
        links = {}
        for i in range(len(nodes)):
            for j in range(i + 1, len(nodes)):
                straight = LineString([nodes[i], nodes[j]])
                if i >= core and j >= core:
                    links[i, j] = 1.0  # the town's own streets
                elif inside.contains(straight) and not straight.crosses(land.motorway):
                    links[i, j] = straight.length
        if not links:
            continue
        rows, columns = zip(*links, strict=True)
        graph = coo_array((list(links.values()), (rows, columns)), shape=(len(nodes), len(nodes))).tocsr()
        tree = minimum_spanning_tree(graph).tocoo()
        chosen = sorted(zip(tree.coords[0].tolist(), tree.coords[1].tolist(), strict=True))
        for i, j in chosen:
            if i >= core:
                continue
            line = LineString(wander([nodes[i].coords[0], nodes[j].coords[0]], rng, rough=0.13, step_m=110))
            draw = rng.random()
            name = f"{mine[i].name}路" if draw < 0.35 else ""
            yield Way("unclassified" if draw < 0.5 else "residential" if draw < 0.8 else "track", name, ()), line
        for hamlet in mine:  # a field track beyond the last house, and a path between the houses
            angle = float(rng.uniform(0, 2 * np.pi))
            for turn, length, kind in ((0.0, 260.0, "track"), (2.1, 150.0, "footway"), (4.0, 130.0, "residential")):
                if kind == "track" and rng.random() < 0.5:
                    continue
                tip = Point(
                    hamlet.place.x + length * float(np.cos(angle + turn)),
                    hamlet.place.y + length * float(np.sin(angle + turn)),
                )
                if inside.contains(tip) and hamlet.ground.buffer(5).contains(tip):
                    yield (
                        Way(kind, "", (), loose=True),
                        LineString(wander([hamlet.place.coords[0], tip.coords[0]], rng, rough=0.14, step_m=70)),
                    )
