"""The territory: county line, river, railway, motorway, and the outlines of all communities cut from one net."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, MultiPoint, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from gis_data.make_county.places import TOWNS, VILLAGES
from gis_data.make_county.plan import Points, at, lay_out, wander
from gis_data.make_county.seat import RIVER_Y, core_outlines, seat_polygon

__all__ = ["RAILWAY_HALF_M", "RIVER_HALF_M", "Land", "cut_faces", "give_faces", "survey_land"]

HALF_EAST_M, HALF_NORTH_M = 12_500.0, 9_300.0
RIVER_HALF_M, RAILWAY_HALF_M = 34.0, 8.0
GRID_M = 0.01  # lines are cut on a grid, so that those drawn twice fall together
RIVER: Points = (
    *((-15_000, 4200), (-11_500, 3300), (-8200, 800), (-5200, -700), (-3400, -200), (-2600, RIVER_Y)),
    *((-2250, RIVER_Y), (2250, RIVER_Y), (2700, RIVER_Y), (4200, -1500), (6800, -1600), (9300, -5200), (11_500, -6500)),
    *((15_000, -7200),),
)
BROOK: Points = ((-1500, 10_500), (-700, 7600), (-3600, 4600), (-5000, 2200), (-5300, -600))
RAILWAY: Points = (
    (-15_000, 900),
    (-9000, 2300),
    (-5000, 2150),
    (-2250, 1960),
    (2250, 2010),
    (7000, 3300),
    (15_000, 4600),
)
MOTORWAY: Points = ((5200, 11_500), (4500, 6900), (5400, 2500), (5000, -2500), (6300, -7500), (6000, -11_500))
SUBURBS = 6  # villages nearest to the county town belong to its subdistricts


@dataclass(frozen=True)
class Land:
    """The county on the ground, in metres.

    `outlines` is keyed as `places.number_communities` keys communities; `middles` are the plan's places of towns (by
    serial) and villages (by name); `villages_of` lists villages by serial of their town.
    """

    outlines: dict[str, BaseGeometry]
    middles: dict[str, tuple[float, float]]
    villages_of: dict[str, list[str]]
    river: LineString
    brook: LineString
    railway: LineString
    motorway: LineString
    county: Polygon


def cut_faces(lines: list[BaseGeometry]) -> np.ndarray:
    """Find the polygons between lines that may cross each other anywhere."""
    noded = shapely.union_all(np.array(lines, dtype=object), grid_size=GRID_M)
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(noded))))


def survey_land(rng: np.random.Generator) -> Land:
    """Lay out the territory."""
    rim = _county_line(rng)
    seat = seat_polygon()
    middles = _settle_villages(rim, seat, rng)
    keys = [town.serial for town in TOWNS] + sorted(set(middles) - {town.serial for town in TOWNS})
    places = MultiPoint([middles[key] for key in keys])
    ridges = shapely.get_parts(shapely.voronoi_polygons(places, extend_to=rim.buffer(3000), only_edges=True))
    drawn = [LineString(wander(list(ridge.coords), rng)) for ridge in ridges]
    outside = [line.difference(seat.buffer(-30)) for line in drawn]  # over the edge, so that bent lines still meet
    river, brook, railway, motorway = (
        wander(points, rng, rough=rough, step_m=220)
        for points, rough in ((RIVER, 0.1), (BROOK, 0.12), (RAILWAY, 0.03), (MOTORWAY, 0.03))
    )
    river = [
        point for point in river if not seat.buffer(-1).contains(shapely.Point(point)) or abs(point[1] - RIVER_Y) < 1
    ]
    cores = core_outlines()
    fields = shapely.get_parts(shapely.voronoi_polygons(places, extend_to=rim.buffer(3000), ordered=True))
    splits = [
        _main_street_across(town.place).intersection(fields[keys.index(town.serial)].buffer(250))
        for town in TOWNS
        if town.cores == 2 and town.place
    ]
    lines = [*(ring for polygon in cores.values() for ring in _rings(polygon)), *outside, LineString(rim.exterior)]
    ground_lines = [lay_out(part.coords) for line in (*lines, *splits) for part in shapely.get_parts(line)]
    barriers = [lay_out(river), lay_out(railway)]
    county = Polygon(lay_out(list(rim.exterior.coords)))
    faces = cut_faces([*ground_lines, *barriers])
    faces = faces[shapely.contains(county.buffer(0.5), shapely.point_on_surface(faces))]
    outlines = _own(faces, cores, middles, barriers)
    villages_of = _share_villages(middles, outlines, seat)
    clip = county.buffer(250)
    return Land(
        outlines,
        middles,
        villages_of,
        *(lay_out(line).intersection(clip) for line in (river, brook, railway, motorway)),
        county,
    )


def _county_line(rng: np.random.Generator) -> Polygon:
    """Draw the county line on the plan: along ridges, so nowhere straight."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    swell = 1 + 0.07 * np.sin(3 * angles + 1) + 0.05 * np.sin(5 * angles + 2.4)
    x = HALF_EAST_M * swell * np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** 0.75
    y = HALF_NORTH_M * swell * np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** 0.75
    ring = [*zip(x.tolist(), y.tolist(), strict=True)]
    return Polygon(wander([*ring, ring[0]], rng, rough=0.16)).buffer(0)


def _rings(polygon: Polygon) -> list[LineString]:
    return [LineString(ring) for part in shapely.get_parts(polygon) for ring in (part.exterior, *part.interiors)]


def _settle_villages(rim: Polygon, seat: Polygon, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Place villages evenly between towns: each moves to the middle of what lies nearest to it, again and again."""
    fixed = np.array([town.place for town in TOWNS])
    room = rim.buffer(-500).difference(seat.buffer(500))
    free: list[tuple[float, float]] = []
    while len(free) < len(VILLAGES):
        x, y = float(rng.uniform(-HALF_EAST_M, HALF_EAST_M)), float(rng.uniform(-HALF_NORTH_M, HALF_NORTH_M))
        if room.contains(shapely.Point(x, y)):
            free.append((x, y))
    land = rim.difference(seat)
    for _ in range(30):
        points = MultiPoint([*map(tuple, fixed), *free])
        fields = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=rim.buffer(3000), ordered=True))
        middle = [field.intersection(land).centroid for field in fields[len(fixed) :]]
        free = [(round(point.x, 1), round(point.y, 1)) for point in middle]
    free.sort()
    names = [VILLAGES[k] for k in rng.permutation(len(VILLAGES))]
    return {town.serial: town.place for town in TOWNS if town.place} | dict(zip(names, free, strict=True))


def _main_street_across(place: tuple[float, float]) -> LineString:
    """Draw the main street of a town on to the next fields: it parts the two communities of the town."""
    x, y = place
    return LineString(
        [(x - 3400, y + 560), (x - 900, y + 60), (x - 420, y), (x + 420, y), (x + 900, y - 50), (x + 3400, y - 540)]
    )


def _own(
    faces: np.ndarray, cores: dict[str, Polygon], middles: dict[str, tuple[float, float]], barriers: list[LineString]
) -> dict[str, BaseGeometry]:
    """Give every face to the community whose middle lies in it; the others to the neighbour they share most with."""
    places: dict[str, tuple[float, float]] = {}
    for letter, outline in cores.items():
        point = shapely.point_on_surface(outline)
        places[letter] = (point.x, point.y)
    serials = {town.serial: town.cores for town in TOWNS}
    for key, (x, y) in middles.items():
        if key in serials:
            places[f"{key}/1"] = (x, y + (90 if serials[key] == 2 else 0))
            if serials[key] == 2:
                places[f"{key}/2"] = (x, y - 90)
        else:
            places[key] = (x, y)
    points = {key: at(place) for key, place in places.items()}
    return give_faces(faces, points, shapely.union_all(barriers).buffer(1.5))


def give_faces(
    faces: np.ndarray, points: Mapping[str, shapely.Point], barriers: BaseGeometry | None = None
) -> dict[str, BaseGeometry]:
    """Give every face to the point that lies in it, the others to the neighbour they share most with.

    Parameters
    ----------
    barriers
        What shares lie in does not count: no face is joined over a river while it has another neighbour.
    """
    owner = np.full(len(faces), "", dtype=object)
    tree = STRtree(faces)
    for key, point in points.items():
        owner[tree.query(point, predicate="within")[0]] = key
    one, other = tree.query(faces, predicate="intersects")
    pairs = [(i, j) for i, j in zip(one.tolist(), other.tolist(), strict=True) if i != j]
    shared: dict[int, list[tuple[float, int]]] = {}
    for i, j in pairs:
        common = faces[i].boundary.intersection(faces[j].boundary)
        length = (common if barriers is None else common.difference(barriers)).length
        if length > 1:
            shared.setdefault(i, []).append((length, j))
    while (owner == "").any():
        before = int((owner == "").sum())
        for i in np.flatnonzero(owner == ""):
            near = sorted(((length, j) for length, j in shared.get(int(i), []) if owner[j] != ""), reverse=True)
            if near:
                owner[i] = owner[near[0][1]]
        if int((owner == "").sum()) == before:
            for i in np.flatnonzero(owner == ""):  # enclosed by barriers alone: whoever lies beside it
                owner[i] = next((owner[j] for k, j in pairs if k == i and owner[j] != ""), "")
    return {key: shapely.union_all(faces[owner == key], grid_size=GRID_M) for key in points}


def _share_villages(
    middles: dict[str, tuple[float, float]], outlines: dict[str, BaseGeometry], seat: Polygon
) -> dict[str, list[str]]:
    """Give villages to the nearest town, those next to the county town to its subdistricts; west to east."""
    villages = [key for key in middles if key in outlines]
    near = sorted(villages, key=lambda key: seat.distance(shapely.Point(middles[key])))[:SUBURBS]
    shares: dict[str, list[str]] = {}
    for key in sorted(villages, key=lambda key: middles[key]):
        x, y = middles[key]
        if key in near:
            serial = "002" if y < RIVER_Y else "001" if x < 0 else "003"
        else:
            serial = min(TOWNS, key=lambda town: np.hypot(x - town.place[0], y - town.place[1])).serial
        shares.setdefault(serial, []).append(key)
    return shares
