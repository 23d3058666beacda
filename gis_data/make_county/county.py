"""Every layer of `county.gpkg`, drawn and put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import LineString, STRtree
from shapely.geometry.base import BaseGeometry

from gis_data.make_county.addresses import address_buildings
from gis_data.make_county.country import (
    Hamlet,
    country_roads,
    hamlet_lanes,
    numeral,
    settle_hamlets,
    town_streets,
)
from gis_data.make_county.houses import Built, build, count_dwellings
from gis_data.make_county.land import GRID_M, RIVER_HALF_M, Land, cut_faces, survey_land
from gis_data.make_county.places import SEAT, TOWNS, Community, number_communities
from gis_data.make_county.plan import SEED, ZONE, layer
from gis_data.make_county.seat import Way, draw_seat
from gis_data.make_county.sites import SUPERBLOCK_HOUSEHOLDS, SUPERBLOCK_NAME, TOWER, TOWER_HOUSEHOLDS
from gis_data.make_county.streets import draw_streets
from gis_data.make_town import share_out

__all__ = ["County", "draw_county"]

MANAGED, COMMITTEES = 22, 11
PLANNED = (
    Way("construction", "规划新城大道", [(1200, -1530), (1230, -2100)]),
    Way("footway", "过街通道", [(520, 630), (520, 672)], tunnel=True),
)


@dataclass(frozen=True)
class County:
    """The county in metres: its layers, and what later tables ask about."""

    layers: Mapping[str, gpd.GeoDataFrame]
    communities: Mapping[str, Community]
    notable: Mapping[str, str]
    """Codes of communities with a part to play: small, odd, tower, superblock, exclave, beside_exclave."""


def draw_county(seed: int = SEED) -> County:
    """Draw every layer of the county, in metres."""
    rng = np.random.default_rng(seed)
    land = survey_land(rng)
    small, odd = land.villages_of["107"][0], land.villages_of["105"][0]
    communities = number_communities(land.villages_of, small, odd, rng)
    hamlets = settle_hamlets(land, {key: one.households for key, one in communities.items()}, rng)
    land, hamlets, exclave = _give_away_a_hamlet(land, hamlets)
    ways, blocks = draw_seat(rng)
    town_blocks = []
    for town in TOWNS:
        more_ways, more_blocks = town_streets(town)
        ways, town_blocks = [*ways, *more_ways], [*town_blocks, *more_blocks]
    country = [*country_roads(land, rng), *hamlet_lanes(land, hamlets, rng)]
    streets = draw_streets([*ways, *PLANNED], country, land)
    buildings, built = build(land, communities, streets, blocks, town_blocks, hamlets, rng)
    buildings, compounds = _settle(buildings, built, land, communities, streets, rng)
    outlines = _outlines(land, communities)
    code_of = {key: one.code for key, one in communities.items()}
    group_codes = {hamlet.group: code_of[hamlet.community] for hamlet in hamlets}
    layers = {
        "towns": _towns(outlines),
        "communities": outlines,
        "streets": streets,
        "buildings": buildings,
        "barriers": _barriers(land, built, compounds),
        "compounds": compounds,
        "special_sites": layer([(name, kind, shape) for name, kind, shape in built.sites], ["name", "kind"]),
        "groups": layer(
            [(name, code or group_codes[name], shape) for name, code, shape in built.groups],
            ["group", "community_code"],
        ),
    }
    notable = {
        "small": code_of[small],
        "odd": code_of[odd],
        "tower": code_of["T"],
        "superblock": code_of["S"],
        "exclave": code_of[exclave[0]],
        "around_exclave": code_of[exclave[1]],
    }
    return County(layers, communities, notable)


def _give_away_a_hamlet(land: Land, hamlets: list[Hamlet]) -> tuple[Land, list[Hamlet], tuple[str, str]]:
    """Let one village own a hamlet that lies in its neighbour's ground (飞地)."""
    villages = sorted(key for key in land.middles if key in land.outlines)
    for around in villages:
        outline = land.outlines[around]
        beside = [key for key in villages if key != around and land.outlines[key].distance(outline) < 1]
        for hamlet in hamlets:
            if hamlet.community != around or hamlet.ground.distance(land.motorway) < 300:
                continue
            touching = [
                key for key in land.outlines if key != around and land.outlines[key].distance(hamlet.ground) < 1
            ]
            owners = [key for key in beside if key not in touching]
            rest = outline.difference(hamlet.ground)
            if not touching or not owners or rest.geom_type != "Polygon" or rest.interiors:
                continue
            owner = owners[0]
            same = sum(1 for other in hamlets if other.community == owner)
            moved = replace(hamlet, community=owner, group=f"{owner}{numeral(same + 1)}组")
            outlines = {**land.outlines, around: rest, owner: shapely.union_all([land.outlines[owner], hamlet.ground])}
            return (
                replace(land, outlines=_fitted(outlines)),
                [moved if one is hamlet else one for one in hamlets],
                (owner, around),
            )
    raise LookupError("no hamlet can be given away")


def _fitted(outlines: Mapping[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """Cut outlines from one net again, so that neighbours share every vertex."""
    faces = cut_faces([shape.boundary for shape in outlines.values()])
    keys = list(outlines)
    face, row = STRtree([outlines[key] for key in keys]).query(shapely.point_on_surface(faces), predicate="within")
    return {key: shapely.union_all(faces[face[row == number]]) for number, key in enumerate(keys)}


def _outlines(land: Land, communities: Mapping[str, Community]) -> gpd.GeoDataFrame:
    rows = [
        (one.code, one.name, one.urban_rural_code, one.town_code, one.households, one.persons, land.outlines[key])
        for key, one in sorted(communities.items(), key=lambda item: item[1].code)
    ]
    return layer(rows, ["community_code", "name", "urban_rural_code", "town_code", "households", "persons"])


def _towns(communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows = []
    for town in (*SEAT, *TOWNS):
        mine = communities[communities.town_code == town.code]
        rows.append((town.code, town.name, town.kind, shapely.union_all(mine.geometry.to_numpy(), grid_size=GRID_M)))
    return layer(rows, ["town_code", "name", "kind"])


def _barriers(land: Land, built: Built, compounds: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Draw river, brook, railway, the lakes of the parks, and walls round compounds and sites."""
    rows: list[tuple[str, str, object]] = [
        ("waterway", "弱水", land.river),
        ("water", "弱水", land.river.buffer(RIVER_HALF_M, cap_style="flat").simplify(0.5)),
        ("waterway", "松林溪", land.brook),
        ("railway", "子云铁路", land.railway),
    ]
    for name, kind, area in built.sites:
        if kind == "park":
            lake = area.centroid.buffer(float(np.sqrt(area.area)) * 0.22, quad_segs=4)
            rows.append(("water", f"{name}湖", lake))
    walled = [*compounds.geometry, *(area for _, kind, area in built.sites if kind != "park")]
    rows += [("wall", "", LineString(area.exterior)) for area in walled]
    return layer(rows, ["kind", "name"])


def _settle(
    buildings: gpd.GeoDataFrame,
    built: Built,
    land: Land,
    communities: Mapping[str, Community],
    streets: gpd.GeoDataFrame,
    rng: np.random.Generator,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Give every community exactly its households and persons, and every building its name and address."""
    keys = sorted(land.outlines, key=lambda key: communities[key].code)
    inside = shapely.point_on_surface(buildings.geometry.to_numpy())
    building, row = STRtree([land.outlines[key] for key in keys]).query(inside, predicate="within")
    owner = np.full(len(buildings), -1)
    owner[building] = row
    households, persons = count_dwellings(buildings), np.zeros(len(buildings))
    tower = (buildings.name == TOWER).to_numpy()
    superblock = (buildings.estate == SUPERBLOCK_NAME).to_numpy()
    share_out(households, superblock, SUPERBLOCK_HOUSEHOLDS)
    households[tower] = TOWER_HOUSEHOLDS
    for number, key in enumerate(keys):
        mine = (owner == number) & (households > 0)
        free = mine & ~tower & ~superblock
        share_out(households, free, communities[key].households - households[mine & ~free].sum())
        persons[mine] = households[mine] * rng.uniform(2.35, 2.9, int(mine.sum()))
        share_out(persons, mine, communities[key].persons)
    placed = buildings.assign(households=households.astype(int), persons=persons.astype(int), owner=owner)
    placed = placed.assign(x=shapely.get_x(inside), y=shapely.get_y(inside))[owner >= 0]
    placed["code"] = [communities[keys[k]].code for k in placed["owner"]]
    placed = placed.sort_values(["code", "x", "y"], kind="stable").reset_index(drop=True)
    placed["building_id"] = [f"Z{number:05d}" for number in range(1, len(placed) + 1)]
    placed["floor_area"] = (placed.geometry.area * placed["levels"]).round().astype(int)
    compounds = _compounds(placed, built, rng)
    towns = {town.serial: town.name for town in TOWNS}
    rural = {key: towns.get(key.split("/")[0]) for key in keys}
    prefix = np.array(["" if len(keys[k]) == 1 else rural[keys[k]] for k in placed["owner"]], dtype=object)
    farm = np.array([group.endswith("组") and "居民" not in group for group in placed["group"]])
    prefix[farm] = None
    placed["address"] = address_buildings(placed, streets, prefix, compounds)
    columns = [
        "building_id",
        "name",
        "building",
        "levels",
        "floor_area",
        "households",
        "persons",
        "compound",
        "group",
        "address",
    ]
    return placed[[*columns, "geometry"]], compounds


def _compounds(buildings: gpd.GeoDataFrame, built: Built, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """List the compounds that people live in: 22 with property management, 11 of those with an owners' committee."""
    frame = gpd.GeoDataFrame(pd.DataFrame(built.compounds), geometry="geometry", crs=ZONE)
    lived_in = buildings.groupby("compound")["households"].sum()
    frame = frame[frame["name"].isin(lived_in[lived_in > 0].index)]
    middle = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
    frame = frame.assign(x=middle[:, 0].round(), y=middle[:, 1].round(), households=frame["name"].map(lived_in))
    frame = frame.sort_values(["x", "y"]).reset_index(drop=True)
    ranked = frame.sort_values(["managed", "levels", "households"], ascending=False).index
    managed = frame.index.isin(ranked[:MANAGED])
    committee = frame.index.isin(ranked[:COMMITTEES])
    companies = [f"子虚县{word}物业服务有限公司" for word in ("安居", "和顺", "新城", "锦绣", "万家乐", "阳光")]
    company = [companies[k] for k in rng.integers(0, len(companies), len(frame))]
    rows = [
        (
            f"X{k + 1:03d}",
            name,
            "yes" if is_managed else "no",
            "yes" if has_committee else "no",
            firm if is_managed else "",
            year,
            shape,
        )
        for k, (name, is_managed, has_committee, firm, year, shape) in enumerate(
            zip(frame["name"], managed, committee, company, frame["built_year"], frame.geometry, strict=True)
        )
    ]
    return layer(
        rows, ["compound_id", "name", "property_managed", "owners_committee", "property_company", "built_year"]
    )
