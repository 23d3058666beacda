"""Construct communities of more than five hundred units: superblocks of Wuhan filled with single houses, as points."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from shapely import STRtree

from bench.divide.places import Place

__all__ = ["build_houses", "houses_place"]

COMMUNITIES = 2
HOUSES = 800
SPACING_M = 14.0
SEED = 20260102


def houses_place(folder: Path) -> Place:
    """Name the layers of the constructed place."""
    return Place.of_file("houses", folder / "houses.gpkg", layers=("communities", "streets", "buildings"))


def build_houses(wuhan: Place, folder: Path) -> None:
    """Take communities of Wuhan of half a square kilometre and fill them with houses of four to nine households."""
    path = Path(wuhan.communities.rpartition(":")[0])
    communities = gpd.read_file(path, layer="communities")
    streets = gpd.read_file(path, layer="streets")
    area = shapely.area(communities.geometry.to_numpy())
    chosen = communities[(area > 400_000) & (area < 700_000)].iloc[:COMMUNITIES].reset_index(drop=True)
    main = streets[streets.highway.isin(["trunk", "primary", "secondary"])]
    touched = np.unique(STRtree(chosen.geometry.to_numpy()).query(main.geometry.to_numpy(), predicate="intersects")[0])
    main = main.iloc[touched]
    taken = shapely.union_all(shapely.buffer(main.geometry.to_numpy(), 9.0))
    points, households = [], []
    for number, outline in enumerate(chosen.geometry):
        rng = np.random.default_rng([SEED, number])
        ground = shapely.difference(shapely.buffer(outline, -9.0), taken)
        west, south, east, north = ground.bounds
        x, y = np.meshgrid(np.arange(west, east, SPACING_M), np.arange(south, north, SPACING_M))
        shaken = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-4, 4, (x.size, 2))
        inside = shapely.points(np.round(shaken, 2))
        inside = inside[shapely.contains(ground, inside)]
        kept = np.sort(rng.permutation(len(inside))[:HOUSES])
        points.append(inside[kept])
        households.append(rng.integers(4, 10, len(kept)))
    houses = gpd.GeoDataFrame(
        {"households": np.concatenate(households)}, geometry=np.concatenate(points), crs=chosen.crs
    )
    out = folder / "houses.gpkg"
    out.unlink(missing_ok=True)
    for name, frame in {"communities": chosen, "streets": main, "buildings": houses}.items():
        pyogrio.write_dataframe(frame, out, layer=name, driver="GPKG", append=out.exists())
