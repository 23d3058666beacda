"""Who can walk to a facility and who cannot: shares by grid, community and county, blind spots, lonely homes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import STRtree

from app.geo.crs import DEGREES, metric_crs, unproject
from app.geo.footways import Footways, Obstacles, Stands, lay_footways, obstacles_of, stand_beside
from app.geo.layers import Layers
from app.geo.walking import nearest_distance

__all__ = ["Coverage", "Ground", "Walk", "find_blind_spots", "lay_ground", "measure_coverage"]

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Walk:
    """How people walk.

    The circles of GB 50180-2018 put five minutes at 300 m, ten at 500 m and fifteen at 800–1000 m (as cited in
    secondary texts): 60 metres a minute is the first and about the last of them.
    """

    metres_a_minute: float = 60.0
    within_m: tuple[float, ...] = (300.0, 500.0, 1000.0)
    reach_m: float = 300.0
    """A home or a facility farther from every street than this stands by none."""
    assume_gates: bool = False
    """Let those that walls alone shut in out by a gate that nobody mapped; how many they are is told."""


@dataclass(frozen=True)
class Ground:
    """What is walked on, in metres of one zone: the network, what bars the way to it, and the homes beside it.

    `homes` has a row for each building with households, in longitude/latitude: building_id, community_code, grid_code,
    households, persons (NaN where unknown).
    """

    homes: gpd.GeoDataFrame
    points: NDArray[np.object_]
    stands: Stands
    footways: Footways
    obstacles: Obstacles
    crs: CRS


@dataclass(frozen=True)
class Coverage:
    """Who can walk to what.

    Attributes
    ----------
    homes
        Each building with households: building_id, community_code, grid_code, households, persons, to_street_m (NaN
        where it stands by no street), by_gate (only by a gate that nobody mapped), and for each class `<class>_walk_m`
        (inf where there is no way) and `<class>_straight_m`. EPSG:4490, points.
    shares
        A row for each level (grid, community, county), code, class and distance: households, households_within, share,
        persons, persons_within, persons_share (None where nobody counted persons), households_in_circle,
        over_claimed (households that a circle covers and the way does not).
    blind_spots
        Polygons about homes farther than a distance, by class: facility_class, within_m, number, households, persons,
        homes, community_codes. EPSG:4490.
    isolated
        Homes that stand by no street within reach, and why: building_id, community_code, households, reason.
    facilities
        Facilities by class, and how many of them stand by no street: facility_class, facilities, isolated.
    """

    homes: gpd.GeoDataFrame
    shares: pd.DataFrame
    blind_spots: gpd.GeoDataFrame
    isolated: pd.DataFrame
    facilities: pd.DataFrame


def lay_ground(layers: Layers, *, grids: gpd.GeoDataFrame | None = None, walk: Walk | None = None) -> Ground:
    """Lay the network of a county and put its homes beside it.

    Parameters
    ----------
    grids
        Grids with grid_code in EPSG:4490; shares by grid are given where they are.
    """
    walk = walk or Walk()
    west, _, east, _ = layers.communities.total_bounds
    crs = metric_crs((west + east) / 2)
    footways = lay_footways(layers.streets.to_crs(crs))
    obstacles = obstacles_of(layers.barriers.to_crs(crs), assume_gates=walk.assume_gates)
    lived_in = layers.buildings[layers.buildings["households"] > 0]
    places = lived_in.geometry.representative_point()
    homes = gpd.GeoDataFrame(
        {
            "building_id": lived_in["building_id"].to_numpy(object),
            "community_code": _codes_of(places, layers.communities, "community_code"),
            "grid_code": _codes_of(places, grids, "grid_code"),
            "households": lived_in["households"].to_numpy(np.float64),
            "persons": lived_in["persons"].to_numpy(np.float64),
        },
        geometry=places.to_numpy(),
        crs=DEGREES,
    )
    homes = homes[homes["community_code"] != ""].reset_index(drop=True)
    points = homes.geometry.to_crs(crs).to_numpy()
    stands = stand_beside(points, footways, obstacles, reach_m=walk.reach_m)
    return Ground(homes, points, stands, footways, obstacles, crs)


def _codes_of(points: gpd.GeoSeries, areas: gpd.GeoDataFrame | None, column: str) -> NDArray[np.object_]:
    """Return the lowest code of the areas that each point lies in or on; '' where there is none."""
    codes = np.full(len(points), "", dtype=object)
    if areas is None or not len(points):
        return codes
    ordered = areas.sort_values(column, kind="stable")
    area, point = STRtree(points.to_numpy()).query(ordered.geometry.to_numpy(), predicate="intersects")
    order = np.argsort(-area, kind="stable")
    codes[point[order]] = ordered[column].to_numpy(object)[area[order]]
    return codes


def measure_coverage(
    ground: Ground,
    facilities: gpd.GeoDataFrame,
    classes: Sequence[str],
    walk: Walk | None = None,
    *,
    spots: bool = True,
) -> Coverage:
    """Measure the way from every home to the nearest facility of each class.

    Parameters
    ----------
    facilities
        Points in EPSG:4490 with facility_class.
    classes
        Those that are measured; of a class without any facility every home is out of reach.
    spots
        Draw blind spots too, which takes a second or two for each class and distance of a county.
    """
    walk = walk or Walk()
    homes = ground.homes.assign(to_street_m=ground.stands.gap_m, by_gate=ground.stands.by_gate)
    places = facilities.geometry.to_crs(ground.crs).representative_point().to_numpy()
    kinds = facilities["facility_class"].to_numpy(object)
    counted = []
    for kind in classes:
        mine = places[kinds == kind]
        stands = stand_beside(mine, ground.footways, ground.obstacles, reach_m=walk.reach_m)
        way = nearest_distance(ground.footways, ground.stands, stands)
        homes[f"{kind}_walk_m"] = np.where(np.isnan(way), np.inf, way)
        homes[f"{kind}_straight_m"] = _straight(ground.points, mine)
        counted.append({"facility_class": kind, "facilities": len(mine), "isolated": int((stands.edge < 0).sum())})
    return Coverage(
        homes,
        _share(homes, classes, walk.within_m),
        find_blind_spots(homes, ground, classes if spots else (), walk.within_m),
        _list_isolated(homes, ground.stands, walk.reach_m),
        pd.DataFrame(counted, columns=["facility_class", "facilities", "isolated"]),
    )


def _straight(points: NDArray[np.object_], places: NDArray[np.object_]) -> Numbers:
    far = np.full(len(points), np.inf)
    if len(places) and len(points):
        (point, _), distance = STRtree(places).query_nearest(points, return_distance=True, all_matches=False)
        far[point] = distance
    return far


def _share(homes: gpd.GeoDataFrame, classes: Sequence[str], within_m: Sequence[float]) -> pd.DataFrame:
    """Add up who is within a distance, by grid, community and county: sums first, shares of the sums after."""
    rows = []
    levels = (
        ("county", pd.Series("", index=homes.index, dtype=object)),
        ("community", homes["community_code"]),
        ("grid", homes["grid_code"]),
    )
    for level, codes in levels:
        mine = homes[codes != ""] if level == "grid" else homes
        for code, some in mine.groupby(codes[mine.index], sort=True):
            households, persons = some["households"].to_numpy(), some["persons"].to_numpy()
            for kind in classes:
                way, straight = some[f"{kind}_walk_m"].to_numpy(), some[f"{kind}_straight_m"].to_numpy()
                for limit in within_m:
                    near, in_circle = way <= limit, straight <= limit
                    rows.append(
                        {
                            "level": level,
                            "code": code,
                            "facility_class": kind,
                            "within_m": limit,
                            "households": float(households.sum()),
                            "households_within": float(households[near].sum()),
                            "share": _part(households[near].sum(), households.sum()),
                            "persons": float(persons.sum()),
                            "persons_within": float(persons[near].sum()) if np.isfinite(persons).all() else np.nan,
                            "persons_share": _part(persons[near].sum(), persons.sum()),
                            "households_in_circle": float(households[in_circle].sum()),
                            "over_claimed": float(households[in_circle & ~near].sum()),
                        }
                    )
    columns = (
        *("level", "code", "facility_class", "within_m", "households", "households_within", "share"),
        *("persons", "persons_within", "persons_share", "households_in_circle", "over_claimed"),
    )
    return pd.DataFrame(rows, columns=list(columns))


def _part(some: float, all_of_them: float) -> float:
    """Return the share, NaN where there is nobody or nobody was counted."""
    return float(some / all_of_them) if all_of_them > 0 else np.nan


ROUND_M, BACK_M = 60.0, 40.0
"""A blind spot is drawn so wide about its homes; those closer together than twice as much are one."""


def find_blind_spots(
    homes: gpd.GeoDataFrame, ground: Ground, classes: Sequence[str], within_m: Sequence[float]
) -> gpd.GeoDataFrame:
    """Draw polygons about homes that are farther than a distance, each home in exactly one.

    Parameters
    ----------
    homes
        Those of a `Coverage` of this ground, with `<class>_walk_m` of each class.
    """
    households, persons = homes["households"].to_numpy(), homes["persons"].to_numpy()
    codes = homes["community_code"].to_numpy(object)
    rows, shapes = [], []
    for kind in classes:
        for limit in within_m:
            missed = np.flatnonzero(homes[f"{kind}_walk_m"].to_numpy() > limit)
            if not len(missed):
                continue
            wide = shapely.disjoint_subset_union_all(shapely.buffer(ground.points[missed], ROUND_M, quad_segs=4))
            spots = shapely.get_parts(shapely.buffer(wide, -BACK_M, quad_segs=4))
            spot, place = STRtree(ground.points[missed]).query(spots, predicate="intersects")
            by_spot = np.argsort(spot, kind="stable")
            lived_in, begin = np.unique(spot[by_spot], return_index=True)
            for mine in np.split(missed[place[by_spot]], begin[1:]):
                rows.append(
                    {
                        "facility_class": kind,
                        "within_m": limit,
                        "households": float(households[mine].sum()),
                        "persons": float(persons[mine].sum()),
                        "homes": len(mine),
                        "community_codes": "、".join(sorted(set(codes[mine]))),
                    }
                )
            shapes.extend(shapely.transform(spots[lived_in], lambda xy: unproject(xy, ground.crs)))
    columns = ["facility_class", "within_m", "households", "persons", "homes", "community_codes"]
    table = pd.DataFrame(rows, columns=columns)
    frame = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=DEGREES, dtype=object), crs=DEGREES)
    order = ["facility_class", "within_m", "households"]
    frame = frame.sort_values(order, ascending=[True, True, False], kind="stable").reset_index(drop=True)
    frame.insert(2, "number", frame.groupby(["facility_class", "within_m"]).cumcount() + 1)
    return frame


def _list_isolated(homes: gpd.GeoDataFrame, stands: Stands, reach_m: float) -> pd.DataFrame:
    alone = np.flatnonzero(stands.edge < 0)
    table = pd.DataFrame(homes.iloc[alone][["building_id", "community_code", "households"]])
    reasons = np.where(
        stands.blocked[alone],
        f"{reach_m:g} 米内的街道都隔着围墙、水面或铁路",
        f"{reach_m:g} 米内没有街道",
    )
    return table.assign(reason=reasons).reset_index(drop=True)
