"""What was put into the county on purpose: every shortfall, conflict and piece of dirt, for tests to find again."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import shapely

from gis_data.make_county.county import County
from gis_data.make_county.grids import HIGH, LOW, OldGrids
from gis_data.make_county.nets import NETS, TABLE_NET
from gis_data.make_county.people import Staff
from gis_data.make_county.plan import COUNTY, NOTICE
from gis_data.make_county.rooms import AS_OF, Premises
from gis_data.make_county.sites import SUPERBLOCK_HOUSEHOLDS, SUPERBLOCK_NAME, TOWER, TOWER_HOUSEHOLDS

__all__ = ["tell_truth"]

STAFF = {"urban": 336, "rural": 139}
HEAVY_COMPOUNDS = ("U", "I")  # communities whose compounds leave one grid short of the band, found by dividing them


def tell_truth(
    county: County,
    layers: Mapping[str, gpd.GeoDataFrame],
    old: OldGrids,
    staff: Staff,
    premises: Premises,
    projects: Mapping[str, object],
    dirt: Mapping[str, list[str]],
    conflicts: Mapping[str, Mapping[str, int]],
) -> dict[str, object]:
    """Collect it; `gis_data/README.md` describes the parts."""
    communities, buildings = layers["communities"], layers["buildings"]
    return {
        "notice": NOTICE,
        "county": COUNTY,
        "as_of": AS_OF,
        "totals": {
            "communities": len(communities),
            "urban_communities": int((communities.urban_rural_code == "111").sum()),
            "households": int(communities.households.sum()),
            "persons": int(communities.persons.sum()),
            "buildings": len(buildings),
            "compounds": len(layers["compounds"]),
            "property_managed": int((layers["compounds"].property_managed == "yes").sum()),
            "owners_committees": int((layers["compounds"].owners_committee == "yes").sum()),
            "staff": STAFF,
        },
        "division": {"band": [LOW, HIGH], "exceptions": _exceptions(county, communities)},
        "dirt": _dirt(county, layers, dirt),
        "last_year": {
            **old.faults,
            "compounds_cut": _cut_compounds(layers),
            "grids": len(old.frame),
        },
        "staff": staff.faults,
        "rooms": {"seeded": premises.seeded, "communities": premises.communities},
        "projects": dict(projects),
        "nets": {
            net: {"department": department, "relation": relation, **conflicts.get(net, {})}
            for net, (department, relation) in {**NETS, TABLE_NET[0]: TABLE_NET[1:]}.items()
        },
    }


def _exceptions(county: County, communities: gpd.GeoDataFrame) -> list[dict[str, object]]:
    """List the grids out of the band that no division avoids, with the reason they must give."""
    names = dict(zip(communities.community_code, communities.name, strict=True))
    totals = dict(zip(communities.community_code, communities.households, strict=True))
    small, odd, tower = county.notable["small"], county.notable["odd"], county.notable["tower"]
    found = [
        (small, "total_indivisible", f"{totals[small]} households are fewer than a grid"),
        (odd, "total_indivisible", f"{totals[odd]} households are too many for one grid, too few for two"),
        (tower, "unit_too_heavy", f"{TOWER} is one building of {TOWER_HOUSEHOLDS} households"),
        *(
            (
                county.communities[letter].code,
                "proven_infeasible",
                "its compounds stay whole; none has fewer, as solved exactly",
            )
            for letter in HEAVY_COMPOUNDS
        ),
    ]
    return [
        {"community_code": code, "name": names[code], "reason_code": reason, "grids": 1, "why": why}
        for code, reason, why in found
    ]


def _dirt(
    county: County, layers: Mapping[str, gpd.GeoDataFrame], files: Mapping[str, list[str]]
) -> list[dict[str, object]]:
    """List what is dirty, where, and why it is there."""
    streets, buildings = layers["streets"], layers["buildings"]
    crossing = buildings[_straddling(buildings, streets)]
    here = "county.gpkg"
    blind = _dead_ends(streets)
    dual = sorted(set(streets.name[streets.oneway == "yes"]))
    planted: list[tuple[str, str, list[str], str]] = [
        ("dual_carriageway", f"{here}:streets", dual, "two lines a street"),
        ("roundabout", f"{here}:streets", ["子虚环岛"], "a ring where the avenues meet"),
        ("dead_ends", f"{here}:streets", blind, "lanes that stop short of any other street"),
        ("superblock", f"{here}:compounds", [SUPERBLOCK_NAME], f"{SUPERBLOCK_HOUSEHOLDS} households, no lane inside"),
        ("heavy_building", f"{here}:buildings", [TOWER], f"{TOWER_HOUSEHOLDS} households"),
        ("straddling_buildings", f"{here}:buildings", sorted(crossing.building_id), "they stand across a street"),
        ("exclave", f"{here}:communities", [county.notable["exclave"]], f"inside {county.notable['around_exclave']}"),
        ("small_community", f"{here}:communities", [county.notable["small"]], "fewer households than a grid"),
        ("odd_community", f"{here}:communities", [county.notable["odd"]], "too many for one grid, too few for two"),
        ("repeated_vertex", here, ["communities", "streets", "buildings"], "in the first feature of each layer"),
        ("planned_street", f"{here}:streets", ["规划新城大道"], "not yet built"),
        ("tunnel", f"{here}:streets", ["过街通道"], "below ground"),
        ("gbk_shapefile", "dirt/communities_gbk.shp", [], "GBK without .cpg, EPSG:4523"),
        ("gcj02", "dirt/compounds_amap.geojson", [], "GCJ-02, and nothing says so"),
        ("gap", "dirt/communities_gap_overlap.geojson", files["gap"], "18 m of no man's land between the two"),
        ("overlap", "dirt/communities_gap_overlap.geojson", files["overlap"], "22 m claimed by both"),
        ("pending_codes", "dirt/communities_pending.geojson", files["pending"], "待赋码 instead of the code"),
    ]
    return [{"kind": kind, "where": where, "what": what, "why": why} for kind, where, what, why in planted]


def _straddling(buildings: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> np.ndarray:
    """Tell which buildings stand across a street."""
    on_ground = streets[(streets.tunnel == "") & (streets.highway != "construction")]
    hit = shapely.STRtree(on_ground.geometry.to_numpy()).query(buildings.geometry.to_numpy(), predicate="intersects")[0]
    found = np.zeros(len(buildings), bool)
    found[hit] = True
    return found


def _dead_ends(streets: gpd.GeoDataFrame) -> list[str]:
    """Name the lanes that end blind, short of any other street."""
    lanes = streets[(streets.name != "") & streets.highway.isin(["footway", "living_street", "service"])]
    tips = shapely.get_coordinates(
        np.concatenate([shapely.get_point(streets.geometry.to_numpy(), end) for end in (0, -1)])
    )
    keys, counts = np.unique(np.round(tips, 7), axis=0, return_counts=True)
    degree = {tuple(key): count for key, count in zip(keys.tolist(), counts.tolist(), strict=True)}
    blind = []
    for name, line in zip(lanes.name, lanes.geometry, strict=True):
        ends = np.round(shapely.get_coordinates(line)[[0, -1]], 7).tolist()
        if any(degree[tuple(end)] == 1 for end in ends):
            blind.append(str(name))
    return sorted(set(blind))


def _cut_compounds(layers: Mapping[str, gpd.GeoDataFrame]) -> list[str]:
    """Name compounds of at most 500 households whose buildings last year's grids divide."""
    buildings = layers["buildings"]
    lived = buildings[(buildings.compound != "") & (buildings.households > 0)]
    grids = layers["grids_last_year"]
    spots = shapely.point_on_surface(lived.geometry.to_numpy())
    building, row = shapely.STRtree(grids.geometry.to_numpy()).query(spots, predicate="within")
    grid_of = dict(zip(building.tolist(), grids.grid_code.to_numpy(object)[row], strict=True))
    held: dict[str, set[str]] = {}
    weight: dict[str, int] = {}
    for number, (compound, households) in enumerate(zip(lived.compound, lived.households, strict=True)):
        weight[compound] = weight.get(compound, 0) + int(households)
        if number in grid_of:
            held.setdefault(compound, set()).add(grid_of[number])
    return sorted(name for name, codes in held.items() if len(codes) > 1 and weight[name] <= HIGH)
