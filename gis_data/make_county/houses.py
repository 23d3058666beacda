"""Buildings: slabs and towers in the blocks of the towns, small houses along lanes, farmhouses round hamlets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import LineString, Polygon, STRtree
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from gis_data.make_county.country import Hamlet, TownBlock
from gis_data.make_county.land import RAILWAY_HALF_M, RIVER_HALF_M, Land, cut_faces
from gis_data.make_county.names import compound_names, works_names
from gis_data.make_county.places import Community
from gis_data.make_county.plan import ZONE, at, lay_out
from gis_data.make_county.seat import SUPERBLOCK, Block
from gis_data.make_county.sites import SITES, SUPERBLOCK_NAME, TOWER, TOWN_SITES, Site
from gis_data.make_town import dwellings, halve, house_rows, long_lines, slab_rows

__all__ = ["Built", "build"]

HALF_WIDTH_M = {
    "motorway": 14.0,
    "primary": 12.0,
    "secondary": 11.0,
    "tertiary": 7.5,
    "residential": 5.5,
    "unclassified": 4.5,
    "living_street": 3.0,
    "service": 2.8,
    "footway": 2.0,
    "track": 2.5,
}
HAMLET_REACH_M = 240.0
FARM_HOUSEHOLDS = 3.9  # in one farmhouse row or courtyard
RESIDENTS_GROUP = "居民{}组"


@dataclass
class Built:
    """What was put up so far: building rows, compounds, special sites, residents' groups; geometries in metres."""

    buildings: list[dict[str, object]] = field(default_factory=list)
    compounds: list[dict[str, object]] = field(default_factory=list)
    sites: list[tuple[str, str, BaseGeometry]] = field(default_factory=list)
    groups: list[tuple[str, str, BaseGeometry]] = field(default_factory=list)

    def add(self, shape: BaseGeometry, levels: int, **facts: object) -> None:
        """Put up a building."""
        plain = {"name": "", "building": "house", "compound": "", "group": "", "share": 1.0, "across": False}
        self.buildings.append({**plain, "levels": levels, **facts, "geometry": shape})


@dataclass(frozen=True)
class Grounds:
    """Streets and water that nothing is built on."""

    lines: np.ndarray
    half_width: np.ndarray
    names: np.ndarray
    tree: STRtree

    def free(self, area: BaseGeometry) -> BaseGeometry:
        """Return an area less the streets in it, its largest piece."""
        near = self.tree.query(area, predicate="dwithin", distance=15.0)
        taken = shapely.union_all(shapely.buffer(self.lines[near], self.half_width[near], cap_style="flat"))
        return max(shapely.get_parts(area.difference(taken)), key=lambda part: part.area)

    def near(self, area: BaseGeometry, reach_m: float) -> list[LineString]:
        """List the streets within reach of an area, cut to it."""
        hits = np.sort(self.tree.query(area, predicate="dwithin", distance=reach_m))
        return long_lines([line.intersection(area.buffer(reach_m + 2)) for line in self.lines[hits]], 12)


def lay_grounds(streets: gpd.GeoDataFrame, land: Land) -> Grounds:
    """Collect what nothing is built on."""
    on_ground = streets[(streets.tunnel == "") & (streets.highway != "construction")]
    lines = [*on_ground.geometry, land.river, land.railway, land.brook]
    widths = [*on_ground.highway.map(HALF_WIDTH_M), RIVER_HALF_M + 8, RAILWAY_HALF_M + 8, 10.0]
    names = np.array([*on_ground.name, "", "", ""], dtype=object)
    array = np.array(lines, dtype=object)
    return Grounds(array, np.array(widths), names, STRtree(array))


def build(
    land: Land,
    communities: dict[str, Community],
    streets: gpd.GeoDataFrame,
    blocks: Sequence[Block],
    town_blocks: Sequence[TownBlock],
    hamlets: Sequence[Hamlet],
    rng: np.random.Generator,
) -> tuple[gpd.GeoDataFrame, Built]:
    """Put up everything; buildings that would stand on another, a street or the water are left out."""
    grounds, built = lay_grounds(streets, land), Built()
    _landmarks(built)
    names, works = compound_names(rng), works_names(rng)
    for block in blocks:
        _fill_block(block, communities, grounds, built, names, works, rng)
    for town_block in town_blocks:
        _fill_town_block(town_block, communities, grounds, built, names, rng)
    for hamlet in hamlets:
        _settle(hamlet, communities[hamlet.community].households, hamlets, grounds, built, rng)
    frame = gpd.GeoDataFrame(pd.DataFrame(built.buildings), geometry="geometry", crs=ZONE)
    return frame[_standing(frame, grounds)].reset_index(drop=True), built


def _landmarks(built: Built) -> None:
    """Put up what stands across streets, and the tower of 620 households."""
    for name, place, (width_m, depth_m), levels, use in (
        (TOWER, (1715.0, -690.0), (78.0, 30.0), 33, "apartments"),
        ("胜利路骑楼", (-352.0, 402.0), (26.0, 14.0), 5, "apartments"),
        ("人民商场", (560.0, 655.0), (60.0, 52.0), 5, "retail"),
    ):
        middle = at(place)
        shape = translate(shapely.box(-width_m / 2, -depth_m / 2, width_m / 2, depth_m / 2), middle.x, middle.y)
        built.add(
            shape, levels, name=name, building=use, share=1.0 if use == "apartments" else 0.0, across=name != TOWER
        )


def _bent(outline: Polygon) -> Polygon:
    return Polygon(lay_out(outline.exterior.coords)).buffer(0)


def _fill_block(
    block: Block,
    communities: dict[str, Community],
    grounds: Grounds,
    built: Built,
    names: Iterator[str],
    works: Iterator[str],
    rng: np.random.Generator,
) -> None:
    area = grounds.free(_bent(block.outline)).buffer(-3, join_style="mitre").simplify(0.5)
    community = communities[block.cell.letter]
    site = SITES.get((block.cell.row, block.cell.column, block.quarter))
    if site:
        _raise_site(site, site.name, area, built, rng)
        return
    if block.old and block.quarter in ("sw", "ne"):
        _old_quarter(block, community, area, grounds, built, rng)
        return
    if (block.cell.row, block.cell.column) == SUPERBLOCK:
        _estate(area, SUPERBLOCK_NAME, 18, 0.3, built, rng, managed=True, committee=True)
        return
    new = block.cell.row >= 4 or block.cell.column >= 5
    draw = rng.random()
    if draw < 0.07:
        _shops(area, grounds, built, rng)
    elif draw < (0.12 if new else 0.7 if block.old else 0.36):
        _estate(area, next(works), 5, 0.35, built, rng, walled=rng.random() < 0.3)
    else:
        halves = halve(area, "along" if rng.random() < 0.5 else "across") if rng.random() < 0.88 else [area]
        base = next(names)
        for number, half in enumerate(halves):
            name = base if number == 0 else f"{base}二期" if rng.random() < 0.4 else next(names)
            levels = int(rng.choice([11, 18]) if new and rng.random() < 0.5 else rng.choice([6, 6, 7]))
            _estate(half, name, levels, float(rng.uniform(0.25, 0.5)), built, rng)


def _estate(
    area: BaseGeometry,
    name: str,
    levels: int,
    gap_share: float,
    built: Built,
    rng: np.random.Generator,
    *,
    walled: bool = True,
    managed: bool = False,
    committee: bool = False,
) -> None:
    """Fill ground with rows of slabs; with a wall it is a compound."""
    word = "幢" if rng.random() < 0.3 else "栋" if rng.random() < 0.25 else "号楼"
    number = 0
    start = len(built.buildings)
    for shape in slab_rows(area.buffer(-8), levels, gap_share, rng):
        number += 1
        floors = levels + (0 if levels < 7 else int(rng.integers(-2, 2)))
        built.add(
            shape, floors, name=f"{number}{word}", building="apartments", compound=name if walled else "", estate=name
        )
    if not number:
        return
    if walled:
        year = int(rng.integers(2008, 2024)) if levels > 7 else int(rng.integers(1988, 2012))
        built.compounds.append(
            {
                "name": name,
                "managed": managed,
                "committee": committee,
                "built_year": year,
                "levels": levels,
                "first": start,
                "geometry": area,
            }
        )


def _old_quarter(
    block: Block, community: Community, area: BaseGeometry, grounds: Grounds, built: Built, rng: np.random.Generator
) -> None:
    """Line the lanes of an old block with houses; each face between lanes is a residents' group."""
    lines = grounds.near(_bent(block.outline), 14.0)
    faces = cut_faces([*lines, _bent(block.outline).buffer(12).boundary])
    faces = [face for face in faces if face.area > 2500 and area.buffer(6).contains(face.representative_point())]
    faces.sort(key=lambda face: (round(face.centroid.x), round(face.centroid.y)))
    for face in faces:
        group = community.name.removesuffix("社区") + RESIDENTS_GROUP.format(
            1 + sum(1 for g in built.groups if g[1] == community.code)
        )
        ground = face.intersection(area.buffer(4))
        built.groups.append((group, community.code, face))
        room = grounds.free(ground).buffer(-0.3)
        shapely.prepare(room)
        for shape in house_rows(long_lines([line.intersection(face.buffer(3)) for line in lines], 12), room, 40.0, rng):
            built.add(shape, int(rng.choice([2, 3, 4, 5])), group=group)


def _shops(area: BaseGeometry, grounds: Grounds, built: Built, rng: np.random.Generator) -> None:
    """Put flats over shops along the streets of a block."""
    shapely.prepare(area)
    for shape in house_rows(grounds.near(area, 14.0), area, 34.0, rng, setback_m=13.0):
        built.add(shape, int(rng.choice([4, 5, 6])), building="apartments", share=0.8)


def _raise_site(site: Site, name: str, area: BaseGeometry, built: Built, rng: np.random.Generator) -> None:
    """Fill ground with a school, a hospital, a park, a plant or a market."""
    if site.special:
        built.sites.append((name, site.kind, area))
    if site.building:
        for number, shape in enumerate(slab_rows(area.buffer(-14), max(site.levels, 6), 0.4, rng), 1):
            built.add(shape, site.levels, name=f"{name}{site.building}{number}", building=site.kind, share=0.0)


def _fill_town_block(
    block: TownBlock,
    communities: dict[str, Community],
    grounds: Grounds,
    built: Built,
    names: Iterator[str],
    rng: np.random.Generator,
) -> None:
    """Fill a block of a town: a school, a clinic, an estate or two, houses with shops below."""
    area = grounds.free(_bent(block.outline)).buffer(-3, join_style="mitre").simplify(0.5)
    stem = block.town.name
    site = TOWN_SITES.get(block.number)
    if site and not (block.town.kind == "乡" and block.number == 6):
        _raise_site(site, stem + site.name, area, built, rng)
        return
    community = communities[block.community]
    stem_group = community.name.removesuffix("社区") + RESIDENTS_GROUP
    if block.number in (3, 4) and block.town.kind == "镇":
        _estate(area, f"{stem}{next(names)}", 6, 0.15, built, rng, walled=block.number == 3)
        return
    shapely.prepare(area)
    for shape in house_rows(grounds.near(area, 14.0), area, 60.0, rng, setback_m=7.0):
        half = 2 * block.number - (1 if shape.centroid.x < area.centroid.x else 0)
        built.add(shape, int(rng.choice([3, 4, 5])), group=stem_group.format(half), share=0.9)


def _settle(
    hamlet: Hamlet, households: int, hamlets: Sequence[Hamlet], grounds: Grounds, built: Built, rng: np.random.Generator
) -> None:
    """Put farmhouses along the lanes of a hamlet, nearest to its middle first."""
    same = sum(1 for other in hamlets if other.community == hamlet.community)
    wanted = max(
        8,
        round(
            households
            / same
            / FARM_HOUSEHOLDS
            * (0.4 if "/" in hamlet.community else 1)
            * float(rng.uniform(0.75, 1.25))
        ),
    )
    room = hamlet.ground.buffer(-7).intersection(hamlet.place.buffer(HAMLET_REACH_M * 1.6))
    if room.is_empty:
        return
    shapely.prepare(room)
    near = hamlet.place.buffer(HAMLET_REACH_M)
    hits = np.sort(grounds.tree.query(near, predicate="intersects"))
    lines = long_lines([line.intersection(near) for line in grounds.lines[hits] if line.length < 60_000], 25)
    built.groups.append((hamlet.group, "", hamlet.ground))
    shapes = np.concatenate([_farmhouses(line, rng) for line in lines]) if lines else np.array([], dtype=object)
    shapes = shapes[shapely.contains_properly(room, shapes)]
    order = np.argsort(shapely.distance(shapes, hamlet.place) * rng.uniform(0.7, 1.3, len(shapes)), kind="stable")
    for k in order[: int(wanted * 2.8)]:
        built.add(shapes[int(k)], int(rng.choice([1, 2, 2, 3])), group=hamlet.group)


def _farmhouses(line: LineString, rng: np.random.Generator) -> np.ndarray:
    """Draw farmhouses and courtyards in loose rows on both sides of a lane."""
    along = np.arange(6.0, line.length - 4, 16.5)
    feet, ahead = line.interpolate(along), line.interpolate(along + 1.0)
    foot, run = shapely.get_coordinates(feet), shapely.get_coordinates(ahead) - shapely.get_coordinates(feet)
    run /= np.maximum(np.hypot(run[:, 0], run[:, 1]), 1e-9)[:, None]
    aside = np.column_stack([-run[:, 1], run[:, 0]])
    made = []
    for side in (1, -1):
        for setback in (11.0, 27.0, 43.0):
            middle = foot + aside * side * (setback + rng.uniform(-2, 2.5, len(foot)))[:, None]
            middle = middle + run * rng.uniform(-3, 3, len(foot))[:, None]
            half_width, half_depth = rng.uniform(4.6, 7.2, len(foot))[:, None], rng.uniform(4, 5.4, len(foot))[:, None]
            turn = rng.normal(0, 0.09, len(foot))
            u = run * np.cos(turn)[:, None] + aside * np.sin(turn)[:, None]
            v = np.column_stack([-u[:, 1], u[:, 0]])
            corners = [
                middle + u * half_width * a + v * half_depth * b for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            ]
            made.append(shapely.polygons(np.stack([*corners, corners[0]], axis=1)))
    return np.concatenate(made) if len(foot) else np.array([], dtype=object)


def _standing(frame: gpd.GeoDataFrame, grounds: Grounds) -> np.ndarray:
    """Tell which buildings can stand: on no street, in no water, on no building put up before them."""
    shapes = frame.geometry.to_numpy()
    keep = np.ones(len(shapes), bool)
    across = frame["across"].to_numpy(bool)
    for width in np.unique(grounds.half_width):
        lines = grounds.lines[grounds.half_width == width]
        hit = STRtree(shapes).query(lines, predicate="dwithin", distance=float(width) - 0.2)[1]
        keep[hit] = False
    keep |= across
    later, earlier = STRtree(shapes).query(shapes, predicate="dwithin", distance=0.6)
    order = np.lexsort((earlier, later))
    for b, a in zip(later[order].tolist(), earlier[order].tolist(), strict=True):
        if a < b and keep[a] and keep[b]:
            keep[b] = False
    return keep


def count_dwellings(frame: gpd.GeoDataFrame) -> np.ndarray:
    """Count the households that each building holds by its floors."""
    raw = [dwellings(shape, levels) for shape, levels in zip(frame.geometry, frame["levels"], strict=True)]
    return np.array(raw, float) * frame["share"].to_numpy(float)
