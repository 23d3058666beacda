"""A toy town of two communities, four grids and eight dwellings, drawn in metres, for everything that checks grids.

```
 400 +---------+---------+---------+---------+
     | [a]     ║     [c] | [e]     ┊     [g] |      ║  中街, a tertiary street: border of grids 1 and 2
     |   grid 1║grid 2   |   grid 3┊grid 4   |      ┊  open ground: border of grids 3 and 4
     |         ║         |         ┊         |
     | [b]     ║     [d] | [f]     ┊     [h] |      eight dwellings of 200 households, 20 m wide
   0 +---------+---------+---------+---------+
     0        200       400       600       800
       community 510000000001    510000000002
```
"""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from app.geo.layers import Layers

WEST, EAST = "510000000001", "510000000002"
ORIGIN = (104.3, 30.5)
DEGREES_PER_M = (1 / 95_966.0, 1 / 110_862.0)
"""About a metre east and north at the origin."""


def place(geometry: shapely.Geometry, origin: tuple[float, float] = ORIGIN) -> shapely.Geometry:
    """Put a drawing in metres on the ground, in degrees."""
    return shapely.transform(geometry, lambda xy: np.round(np.asarray(origin) + xy * np.asarray(DEGREES_PER_M), 12))


def frame(geometries: Iterable[shapely.Geometry], origin: tuple[float, float] = ORIGIN, **columns) -> gpd.GeoDataFrame:
    placed = gpd.GeoSeries([place(geometry, origin) for geometry in geometries], crs=4490)
    return gpd.GeoDataFrame({name: pd.Series(values) for name, values in columns.items()}, geometry=placed, crs=4490)


def empty(*columns: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({name: pd.Series([], dtype=object) for name in columns}, geometry=[], crs=4490)


def dwellings() -> list[shapely.Geometry]:
    return [shapely.box(x, y, x + 20, y + 20) for x in (40, 340, 440, 740) for y in (40, 340)]


def make_layers(
    *,
    origin: tuple[float, float] = ORIGIN,
    buildings: list[shapely.Geometry] | None = None,
    households: list[float] | None = None,
    compounds: dict[str, shapely.Geometry] | None = None,
    groups: dict[str, shapely.Geometry] | None = None,
    sites: dict[str, shapely.Geometry] | None = None,
    streets: Iterable[tuple[str, str, shapely.Geometry]] | None = None,
    barriers: Iterable[tuple[str, str, shapely.Geometry]] = (),
    communities: dict[str, shapely.Geometry] | None = None,
) -> Layers:
    """Draw the layers of the toy town, with what a test needs to be otherwise."""
    homes = communities or {WEST: shapely.box(0, 0, 400, 400), EAST: shapely.box(400, 0, 800, 400)}
    shapes = dwellings() if buildings is None else buildings
    counts = [200.0] * len(shapes) if households is None else households
    ways = [("tertiary", "中街", shapely.LineString([(200, -50), (200, 450)]))] if streets is None else list(streets)
    stops = list(barriers)
    return Layers(
        communities=frame(homes.values(), origin, community_code=list(homes), name=["西社区", "东社区"][: len(homes)]),
        streets=frame(
            [shape for _, _, shape in ways],
            origin,
            highway=[kind for kind, _, _ in ways],
            name=[name for _, name, _ in ways],
            bridge=[False] * len(ways),
            tunnel=[False] * len(ways),
            layer=[0] * len(ways),
        ),
        buildings=frame(
            shapes,
            origin,
            building_id=[str(k) for k in range(len(shapes))],
            households=np.array(counts, float),
            persons=np.full(len(shapes), np.nan),
            compound=[""] * len(shapes),
            group=[""] * len(shapes),
            name=[""] * len(shapes),
            workload=np.full(len(shapes), np.nan),
        ),
        barriers=frame(
            [shape for _, _, shape in stops],
            origin,
            kind=[kind for kind, _, _ in stops],
            name=[name for _, name, _ in stops],
            bridge=[False] * len(stops),
            tunnel=[False] * len(stops),
        )
        if stops
        else empty("kind", "name", "bridge", "tunnel"),
        compounds=frame(compounds.values(), origin, compound_id=list(compounds), name=list(compounds))
        if compounds
        else empty("compound_id", "name"),
        special_sites=frame(sites.values(), origin, name=list(sites), kind=[""] * len(sites))
        if sites
        else empty("name", "kind"),
        groups=frame(groups.values(), origin, group=list(groups)) if groups else empty("group"),
        fixed_borders=empty(),
        seeds=empty("name"),
        household_basis="户籍户",
    )


def make_grids(
    shapes: Iterable[shapely.Geometry] | None = None,
    *,
    origin: tuple[float, float] = ORIGIN,
    homes: Iterable[str] = (WEST, WEST, EAST, EAST),
    households: Iterable[int] = (400, 400, 400, 400),
) -> gpd.GeoDataFrame:
    """Draw the four grids of the toy town, or others."""
    drawn = [shapely.box(x, 0, x + 200, 400) for x in (0, 200, 400, 600)] if shapes is None else list(shapes)
    codes = list(homes)
    return frame(
        [shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape]) for shape in drawn],
        origin,
        grid_code=[f"{code}{codes[: k + 1].count(code):03d}" for k, code in enumerate(codes)],
        name=[f"第{k + 1}网格" for k in range(len(drawn))],
        kind=["general"] * len(drawn),
        community_code=codes,
        households=list(households),
        persons=np.full(len(drawn), np.nan),
        reason=[""] * len(drawn),
        reason_code=[""] * len(drawn),
    )


def no_borders() -> gpd.GeoDataFrame:
    return empty("left_grid", "right_grid", "barrier", "name", "length_m")
