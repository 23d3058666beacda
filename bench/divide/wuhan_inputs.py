"""Construct a Wuhan to divide: communities between main roads and rows of dwellings, from its real streets.

Only the streets are real (© OpenStreetMap contributors, ODbL 1.0). Communities are faces of main roads, dwellings are
slabs set back from every street, denser towards the centre, about four million households in all.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from shapely import STRtree
from shapely.affinity import rotate

from bench.divide.places import Place

__all__ = ["SIZES", "build_wuhan", "wuhan_place"]

SIZES = (50, 200, 800)
SEED = 20260101
ZONE = "EPSG:32650"
MAIN = ("motorway", "trunk", "primary", "secondary")
SMALL_M2, LARGE_M2 = 120_000.0, 3_000_000.0
CUT_ABOVE_M2, PART_M2 = 700_000.0, 250_000.0
CENTRE = (241_500.0, 3_386_500.0)  # where the Han meets the Yangtze
HOUSEHOLDS_IN_ALL = 4_000_000
SLAB_DEPTH_M = 12.0
SETBACK_M = {"motorway": 30.0, "trunk": 24.0, "primary": 20.0, "secondary": 16.0, "tertiary": 12.0}
OTHER_SETBACK_M = 8.0
STRADDLING_SHARE = 0.003


@dataclass(frozen=True)
class Wuhan:
    """Layers of the whole city, in UTM 50N."""

    communities: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame


def wuhan_place(folder: Path, size: int | str) -> Place:
    """Name the layers of one size."""
    path = folder / f"wuhan_{size}.gpkg"
    return Place.of_file(f"wuhan_{size}", path, layers=("communities", "streets", "buildings"))


def build_wuhan(streets_file: Path, folder: Path) -> None:
    """Write the inputs of every size into the folder; sizes are nested and compact round the centre."""
    folder.mkdir(parents=True, exist_ok=True)
    city = construct(read_streets(streets_file))
    for size in (*SIZES, "all"):
        count = len(city.communities) if size == "all" else int(size)
        path = folder / f"wuhan_{size}.gpkg"
        path.unlink(missing_ok=True)
        communities = city.communities.iloc[:count]
        near = STRtree(shapely.buffer(communities.geometry.to_numpy(), 30))
        touched = np.unique(near.query(city.streets.geometry.to_numpy(), predicate="intersects")[0])
        chosen = {
            "communities": communities,
            "streets": city.streets.iloc[touched],
            "buildings": city.buildings[city.buildings.community < count].drop(columns="community"),
        }
        for name, frame in chosen.items():
            pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=path.exists())


def read_streets(path: Path) -> gpd.GeoDataFrame:
    """Read the streets, each once: the file holds two-way streets in both directions."""
    edges = gpd.read_parquet(path).to_crs(ZONE)
    once = pd.Series(shapely.to_wkb(shapely.normalize(edges.geometry.to_numpy()))).drop_duplicates().index
    kept = edges.iloc[once]
    kind = [value if isinstance(value, str) else str(value[0]) for value in kept.highway]
    return gpd.GeoDataFrame({"highway": kind, "name": ""}, geometry=kept.geometry.to_numpy(), crs=ZONE)


def construct(streets: gpd.GeoDataFrame) -> Wuhan:
    """Build communities and dwellings on the streets."""
    outlines = construct_communities(streets)
    distance = shapely.distance(shapely.centroid(outlines), shapely.Point(CENTRE))
    outlines = outlines[np.argsort(distance, kind="stable")]
    buildings = construct_dwellings(outlines, streets)
    held = np.bincount(buildings.community, weights=buildings.households, minlength=len(outlines))
    lived_in = np.flatnonzero(held > 0)
    number = np.full(len(outlines), -1)
    number[lived_in] = np.arange(len(lived_in))
    buildings = buildings.assign(community=number[buildings.community.to_numpy()])
    communities = gpd.GeoDataFrame(
        {
            "community_code": [f"4201999{index + 1:05d}" for index in range(len(lived_in))],
            "name": [f"constructed community {index + 1:04d}" for index in range(len(lived_in))],
        },
        geometry=outlines[lived_in],
        crs=ZONE,
    )
    return Wuhan(communities, streets, buildings)


def construct_communities(streets: gpd.GeoDataFrame) -> np.ndarray:
    """Cut the city by main roads, large faces by lesser streets too, and join what is too small to its neighbour."""
    kind = streets.highway.str.replace("_link", "")
    lines = streets.geometry.to_numpy()
    faces = cut_faces(lines[kind.isin(MAIN)])
    faces = join_small(faces, SMALL_M2)
    large = shapely.area(faces) > CUT_ABOVE_M2
    noded = shapely.union_all(np.concatenate([lines, shapely.boundary(faces[large])]))
    inner = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    tree = STRtree(faces[large])
    piece, owner = tree.query(shapely.point_on_surface(inner), predicate="within")
    parts = [join_small(inner[piece[owner == number]], PART_M2) for number in range(int(large.sum()))]
    cut = np.concatenate([faces[~large], *parts])
    # Noding a large face by its streets gave its outline more vertices than its neighbours have: cut all of it anew.
    whole = cut_faces(shapely.boundary(cut))
    _, owner = STRtree(cut).query(shapely.point_on_surface(whole), predicate="within")
    joined = [shapely.union_all(whole[owner == number]) for number in range(len(cut))]
    outlines = np.array([shape for shape in joined if shape.geom_type == "Polygon"])
    area = shapely.area(outlines)
    broad = shapely.area(shapely.buffer(outlines, -50)) > 0.3 * area  # not the strips between carriageways
    return outlines[broad & (area <= LARGE_M2) & (area >= 0.8 * SMALL_M2)]


def cut_faces(lines: np.ndarray) -> np.ndarray:
    """Find the faces between lines."""
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(lines)))))


def join_small(faces: np.ndarray, least_m2: float) -> np.ndarray:
    """Join faces under `least_m2`, smallest first, to the neighbour of the longest common border.

    A face that shares less than a tenth of its outline with any neighbour (the strip between the carriageways of a
    bridge) is left alone.
    """
    left, right = STRtree(faces).query(faces, predicate="intersects")
    below = left < right
    left, right = left[below], right[below]
    shared = shapely.length(shapely.intersection(shapely.boundary(faces[left]), shapely.boundary(faces[right])))
    border: list[dict[int, float]] = [{} for _ in faces]
    for first, second, length in zip(left.tolist(), right.tolist(), shared.tolist(), strict=True):
        if length > 0:
            border[first][second] = border[second][first] = length
    area, around = shapely.area(faces).tolist(), shapely.length(faces).tolist()
    members = [[index] for index in range(len(faces))]
    queue = [(size, index) for index, size in enumerate(area) if size < least_m2]
    heapq.heapify(queue)
    while queue:
        size, index = heapq.heappop(queue)
        if size != area[index] or not border[index]:
            continue
        fitting = [(length, -other) for other, length in border[index].items() if area[other] + size <= LARGE_M2]
        fitting = [(length, other) for length, other in fitting if length > 0.1 * around[index]]
        if not fitting:
            continue
        into = -max(fitting)[1]
        members[into] += members[index]
        area[into] += size
        around[into] += around[index] - 2 * border[index][into]
        area[index] = -1.0
        for other, length in border[index].items():
            del border[other][index]
            if other != into:
                border[into][other] = border[into].get(other, 0.0) + length
                border[other][into] = border[into][other]
        border[index] = {}
        if area[into] < least_m2:
            heapq.heappush(queue, (area[into], into))
    return np.array([shapely.union_all(faces[members[index]]) for index in range(len(faces)) if area[index] > 0])


def construct_dwellings(outlines: np.ndarray, streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Set rows of slabs on the ground that streets leave, as many as the density at that distance asks for."""
    lines = streets.geometry.to_numpy()
    setback = streets.highway.str.replace("_link", "").map(SETBACK_M).fillna(OTHER_SETBACK_M).to_numpy()
    tree = STRtree(lines)
    distance_km = shapely.distance(shapely.centroid(outlines), shapely.Point(CENTRE)) / 1000
    area_km2 = shapely.area(outlines) / 1e6
    appeal = np.exp(-distance_km / 9.0) + 0.12
    wanted = appeal * area_km2
    wanted = np.clip(wanted * (1.12 * HOUSEHOLDS_IN_ALL / wanted.sum()), 1_000, 9_500)
    shapes, owners, counts = [], [], []
    for number, outline in enumerate(outlines):
        rng = np.random.default_rng([SEED, number])
        near = np.sort(tree.query(outline))
        near = near[shapely.intersects(outline, lines[near])]
        taken = shapely.union_all(shapely.buffer(lines[near], setback[near]))
        ground = shapely.difference(shapely.buffer(outline, -6), taken)
        slabs = lay_slabs(outline, rng)
        shapely.prepare([ground, outline])
        standing = shapely.contains(ground, slabs)
        # A few dwellings stand across a street that ends or runs inside the community, away from the main roads.
        lesser = lines[near][setback[near] <= OTHER_SETBACK_M]
        inside = shapely.contains(shapely.buffer(outline, -40), slabs)
        across = inside & ~standing & (hits(slabs, lesser) == 1) & (hits(slabs, lines[near]) == 1)
        households = rng.integers(30, 61, len(slabs))
        order = rng.permutation(np.flatnonzero(standing))
        enough = int(np.searchsorted(np.cumsum(households[order]), wanted[number], side="right"))
        chosen = np.sort(order[:enough])
        few = rng.permutation(np.flatnonzero(across))[: int(rng.binomial(len(chosen), STRADDLING_SHARE))]
        chosen = np.concatenate([chosen, np.sort(few)]).astype(np.int64)
        shapes.append(slabs[chosen])
        owners.append(np.full(len(chosen), number))
        counts.append(households[chosen])
    geometry = np.concatenate(shapes)
    return gpd.GeoDataFrame(
        {
            "building_id": [f"W{number + 1:06d}" for number in range(len(geometry))],
            "households": np.concatenate(counts),
            "community": np.concatenate(owners),
        },
        geometry=geometry,
        crs=ZONE,
    )


def hits(slabs: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Count the lines that each slab meets."""
    met = STRtree(lines).query(slabs, predicate="intersects")[0] if len(lines) else np.empty(0, np.int64)
    return np.bincount(met, minlength=len(slabs))


def lay_slabs(outline: shapely.Polygon, rng: np.random.Generator) -> np.ndarray:
    """Lay rows of slabs over the whole of a community, all facing one way, near south."""
    turn = float(rng.uniform(-12, 12))
    west, south, east, north = rotate(outline, -turn, origin=(0, 0)).bounds
    pitch = float(rng.uniform(26, 34))
    rows = []
    for y in np.arange(south, north, pitch):
        lengths = rng.uniform(46, 62, int((east - west) / 58) + 2)
        starts = west + np.concatenate([[0.0], np.cumsum(lengths + rng.uniform(8, 14, len(lengths)))[:-1]])
        rows.append(shapely.box(starts, y, starts + lengths, y + SLAB_DEPTH_M))
    slabs = np.concatenate(rows)
    angle = np.radians(turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(shapely.transform(slabs, lambda points: np.round(points @ matrix.T, 3)))
