"""Nets of nine departments that disagree: eight as layers, one as a table of what each of its grids contains."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import shapely

from gis_data.make_county.county import County
from gis_data.make_county.grids import OldGrids, redraw
from gis_data.make_county.names import person_names
from gis_data.make_county.plan import layer

__all__ = ["NETS", "TABLE_NET", "draw_nets", "list_health_net"]

NETS = {  # layer: department, how it lies to last year's grids
    "party": ("组织部 党建网格", "merged"),
    "justice": ("政法委 综治网格", "same"),
    "civil_affairs": ("民政局 民政网格", "coarse"),
    "environment": ("生态环境局 环保网格", "coarse"),
    "urban_management": ("城管局 单元网格", "nested"),
    "petition": ("信访局 信访网格", "redrawn"),
    "market": ("市场监管局 监管网格", "partial"),
    "emergency": ("应急局 应急网格", "redrawn"),
}
TABLE_NET = ("health", "卫健局 卫生健康网格", "table")
UNIT_M = 200.0  # edge of a unit grid of city management
HAND_M = 15.0  # how far a hand-drawn line strays


def draw_nets(county: County, old: OldGrids, rng: np.random.Generator) -> dict[str, gpd.GeoDataFrame]:
    """Draw the nets, in metres."""
    communities, towns = county.layers["communities"], county.layers["towns"]
    drawn: dict[str, Callable[[], list[tuple[str, str, str, shapely.Geometry]]]] = {
        "party": lambda: _merge_pairs(old.frame, communities),
        "justice": lambda: [
            (f"ZZ{code}", name, community, shape)
            for code, name, community, shape in zip(
                old.frame.grid_code, old.frame.name, old.frame.community_code, old.frame.geometry, strict=True
            )
        ],
        "civil_affairs": lambda: [
            (f"MZ{code[6:]}", f"{name}民政网格", code, shape)
            for code, name, shape in zip(
                communities.community_code, communities.name, communities.geometry, strict=True
            )
        ],
        "environment": lambda: [
            (f"HB{code[6:]}", f"{name}环保网格", "", shape)
            for code, name, shape in zip(towns.town_code, towns.name, towns.geometry, strict=True)
        ],
        "urban_management": lambda: _unit_grids(communities),
        "petition": lambda: _loosen(redraw(county, rng, per_grid=520), "XF", "信访"),
        "market": lambda: _pair_communities(communities),
        "emergency": lambda: _loosen(redraw(county, rng, per_grid=900), "YJ", "应急"),
    }
    people = iter(person_names(rng, 2500))
    return {
        net: layer(
            [(code, name, community, next(people), shape) for code, name, community, shape in make()],
            ["grid_code", "name", "community_code", "leader"],
        )
        for net, make in drawn.items()
    }


def _merge_pairs(
    grids: gpd.GeoDataFrame, communities: gpd.GeoDataFrame
) -> list[tuple[str, str, str, shapely.Geometry]]:
    """Let two neighbouring grids of a community share a party branch where they can."""
    names = dict(zip(communities.community_code, communities.name, strict=True))
    made = []
    for code, mine in grids.groupby("community_code", sort=True):
        shapes = mine.geometry.to_list()
        number = 0
        while shapes:
            first = shapes.pop(0)
            beside = [shape for shape in shapes if first.boundary.intersection(shape.boundary).length > 60]
            if beside:
                shapes.remove(beside[0])
                first = shapely.union_all([first, beside[0]], grid_size=0.01)
            number += 1
            made.append((f"DJ{code}{number:02d}", f"{names[code]}第{number}党支部", str(code), first))
    return made


def _unit_grids(communities: gpd.GeoDataFrame) -> list[tuple[str, str, str, shapely.Geometry]]:
    """Cut the county town into cells of about ten thousand square metres times four; none crosses a community."""
    made = []
    for code, outline in zip(communities.community_code, communities.geometry, strict=True):
        if code[6:9] not in ("001", "002", "003") or code[9] == "2":
            continue
        west, south, east, north = outline.bounds
        number = 0
        shapely.prepare(outline)
        for y in np.arange(south, north, UNIT_M):
            for x in np.arange(west, east, UNIT_M):
                cell = shapely.box(x, y, x + UNIT_M, y + UNIT_M).intersection(outline)
                if cell.area > 400:
                    number += 1
                    made.append((f"{code}{number:03d}", f"单元{number:03d}", code, cell))
    return made


def _pair_communities(communities: gpd.GeoDataFrame) -> list[tuple[str, str, str, shapely.Geometry]]:
    """Let one inspector look after two communities of the county town; nobody looks after the villages."""
    urban = communities[communities.urban_rural_code.isin(["111", "121"])]
    left = list(zip(urban.community_code, urban.name, urban.geometry, strict=True))
    made = []
    while left:
        code, name, shape = left.pop(0)
        beside = next((one for one in left if one[2].boundary.intersection(shape.boundary).length > 60), None)
        if beside:
            left.remove(beside)
            shape = shapely.union_all([shape, beside[2]], grid_size=0.01)
        made.append((f"SC{len(made) + 1:03d}", f"{name}监管网格", code, shape))
    return made


def _loosen(grids: gpd.GeoDataFrame, prefix: str, word: str) -> list[tuple[str, str, str, shapely.Geometry]]:
    """Draw lines by hand, as straight as a hand likes them: each grid for itself, so gaps and overlaps appear."""
    shapes = shapely.simplify(grids.geometry.to_numpy(), HAND_M)
    return [
        (f"{prefix}{number:04d}", f"{word}{number}号网格", code, shape)
        for number, (code, shape) in enumerate(zip(grids.community_code, shapes, strict=True), 1)
    ]


def list_health_net(county: County, rng: np.random.Generator) -> list[list[object]]:
    """List the net of the health bureau: name, what it contains, who answers for it; no line was ever drawn."""
    communities = county.layers["communities"]
    compounds, groups = county.layers["compounds"], county.layers["groups"]
    spots = shapely.point_on_surface(compounds.geometry.to_numpy())
    tree = shapely.STRtree(spots)
    rows: list[list[object]] = []
    for code, name, outline in zip(communities.community_code, communities.name, communities.geometry, strict=True):
        mine = [compounds.name.iloc[k] for k in np.sort(tree.query(outline, predicate="contains"))]
        mine += groups.group[groups.community_code == code].to_list()
        size = int(rng.integers(3, 7))
        rows.extend(
            [f"{name}健康网格{start // size + 1}", "、".join(mine[start : start + size]), ""]
            for start in range(0, len(mine), size)
        )
    for row, person in zip(rows, person_names(rng, len(rows)), strict=True):
        row[2] = person
    return rows
