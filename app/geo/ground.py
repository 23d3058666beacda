"""One community laid out in the metres of its zone: outline, lines on which borders may run, dwellings, enclosures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from app.geo.arrangement import GRID_M, noded, vertex_keys
from app.geo.blocks import Blocks
from app.geo.cells import Dwellings
from app.geo.counting import counting_points
from app.geo.crs import metric_crs, project
from app.geo.layers import Layers
from app.geo.rules import Rules
from app.geo.streets import BarrierLines, carry_on_dead_ends, collect_barriers, pieces_within
from app.geo.villages import name_by_points

__all__ = ["CommunityTask", "Ground", "lay_out", "lines_around", "prepare_tasks", "with_middles"]

AROUND_DEGREES = 0.0006
"""Some layers are taken along to about 60 m outside a community: what bounds it belongs to its four sides."""
AROUND = ("streets", "barriers", "places")
NUMBERED = re.compile(r"[第\dA-Za-z一二三四五六七八九十百#-]+(号|幢|栋|座|楼|号楼|单元)?")
"""Names that say nothing without their compound, as 3幢."""

FIT_M = 0.3
"""Edges of compounds, sites and groups this close to the outline of a community are meant to lie on it."""


@dataclass(frozen=True)
class CommunityTask:
    """Everything that one community needs to be divided, cut out of the layers; in EPSG:4490."""

    code: str
    name: str
    outline: BaseGeometry
    urban_rural_code: str
    posts: float
    streets: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    compounds: gpd.GeoDataFrame
    special_sites: gpd.GeoDataFrame
    groups: gpd.GeoDataFrame
    fixed_borders: gpd.GeoDataFrame
    seeds: gpd.GeoDataFrame
    neighbours: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    """name and geometry of the compounds, sites and buildings in and near the community that people know by name."""


@dataclass(frozen=True)
class Ground:
    """A community in metres.

    Attributes
    ----------
    lines
        Cleaned lines inside the outline; `barrier` is `open` for what only carries a dead end on.
    around
        All lines in and near the community, uncut, by which a border is judged.
    dwellings
        Buildings that stand in the community; households are 0 for those that count elsewhere.
    row
        Row of each dwelling in the task's buildings.
    passages
        Where a street crosses a river: points.
    """

    crs: CRS
    outline: BaseGeometry
    lines: BarrierLines
    around: BarrierLines
    dwellings: Dwellings
    row: NDArray[np.int64]
    compounds: NDArray[np.object_]
    sites: NDArray[np.object_]
    groups: NDArray[np.object_]
    fixed: NDArray[np.object_]
    seeds: NDArray[np.object_]
    passages: NDArray[np.object_]


def prepare_tasks(layers: Layers, rules: Rules, only: Iterable[str] = ()) -> list[CommunityTask]:
    """Cut the layers into one task a community, in the order of the communities.

    A building belongs to the community in which its point on surface lies, the one with the lowest code where several
    claim it; every community also gets the buildings that reach into it, so that no border runs through them.
    """
    del rules  # the same for every task; part of the signature so that tasks can be cut to it
    communities = layers.communities
    codes = communities["community_code"].to_numpy(object)
    wanted = sorted(set(only))
    rows = [int(k) for k in range(len(codes)) if not wanted or codes[k] in wanted]
    outlines = communities.geometry.to_numpy()
    claimed = _claims(layers.buildings.geometry.to_numpy(), outlines, codes)
    buildings = _named_by_points(layers, communities).assign(claimed_by=claimed)
    known = "urban_rural_code" in communities
    classes = (
        ["" if pd.isna(code) else str(code) for code in communities["urban_rural_code"]] if known else [""] * len(codes)
    )
    areas = shapely.get_dimensions(layers.groups.geometry.to_numpy()) == 2
    trees = {
        name: (frame, STRtree(frame.geometry.to_numpy()))
        for name, frame in (
            ("streets", layers.streets),
            ("buildings", buildings),
            ("barriers", layers.barriers),
            ("compounds", layers.compounds),
            ("special_sites", layers.special_sites),
            ("groups", layers.groups[areas]),
            ("fixed_borders", layers.fixed_borders),
            ("seeds", layers.seeds),
            ("places", _named_places(layers)),
        )
    }
    all_outlines = STRtree(outlines)
    tasks = []
    for k in rows:
        outline = outlines[k]
        near = shapely.box(*(np.array(outline.bounds) + AROUND_DEGREES * np.array([-1, -1, 1, 1])))
        cut = {
            name: frame.iloc[np.sort(tree.query(near if name in AROUND else outline, predicate="intersects"))]
            for name, (frame, tree) in trees.items()
        }
        beside = np.sort(all_outlines.query(outline, predicate="dwithin", distance=AROUND_DEGREES / 4))
        posts = float(communities["posts"].iloc[k]) if "posts" in communities else float("nan")
        tasks.append(
            CommunityTask(
                str(codes[k]),
                str(communities["name"].iloc[k]),
                outline,
                classes[k],
                posts,
                neighbours=communities.iloc[beside[beside != k]][["community_code", "name", "geometry"]],
                **cut,
            )
        )
    return tasks


def _named_by_points(layers: Layers, communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the buildings, each with the group that a point gives its village, where it names none itself."""
    buildings, points = layers.buildings, layers.groups.geometry.to_numpy()
    is_point = shapely.get_dimensions(points) == 0
    lived_in = (buildings["households"] > 0).to_numpy(bool)
    if not is_point.any() or not lived_in.any():
        return buildings
    crs = metric_crs(float(shapely.bounds(communities.geometry.to_numpy())[:, [0, 2]].mean()))
    anchors = project(shapely.point_on_surface(buildings.geometry.to_numpy()[lived_in]), crs)
    names = layers.groups["group"].to_numpy(object)[is_point]
    group = buildings["group"].to_numpy(object).copy()
    named = name_by_points(anchors, project(points[is_point], crs), names)
    group[lived_in] = np.where(group[lived_in] == "", named, group[lived_in])
    return buildings.assign(group=group)


def _named_places(layers: Layers) -> gpd.GeoDataFrame:
    """Gather the compounds, sites and buildings that people know by name."""
    frames = [frame[["name", "geometry"]] for frame in (layers.compounds, layers.special_sites, layers.buildings)]
    places = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=layers.communities.crs)
    known = [bool(name) and not NUMBERED.fullmatch(name) for name in places["name"]]
    return places[np.array(known, bool)].reset_index(drop=True)


def _claims(
    buildings: NDArray[np.object_], outlines: NDArray[np.object_], codes: NDArray[np.object_]
) -> NDArray[np.object_]:
    """Code of the community in which each building counts, '' where none."""
    building, row = STRtree(outlines).query(counting_points(buildings), predicate="intersects")
    claimed = np.full(len(buildings), "", dtype=object)
    order = np.lexsort((codes[row].astype(str), building))[::-1]  # the lowest code is written last
    claimed[building[order]] = codes[row[order]]
    return claimed


def lines_around(task: CommunityTask, crs: CRS, rules: Rules) -> BarrierLines:
    """Gather streets and other barriers in and near a community, in the metres of its zone."""

    def metres(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return frame.set_geometry(gpd.GeoSeries(project(frame.geometry.to_numpy(), crs), index=frame.index, crs=crs))

    return collect_barriers(metres(task.streets), metres(task.barriers), rules.hard_barriers)


def lay_out(task: CommunityTask, rules: Rules) -> Ground:
    """Project a task into its 3-degree zone and clean its lines."""
    crs = metric_crs(float(shapely.centroid(task.outline).x))
    outline = _on_grid(project(np.array([task.outline], dtype=object), crs)[0])

    around = lines_around(task, crs, rules)
    shapes = project(task.buildings.geometry.to_numpy(), crs)
    anchor = project(counting_points(task.buildings.geometry.to_numpy()), crs)
    mine = (task.buildings["claimed_by"] == task.code).to_numpy()
    households = np.where(mine, task.buildings["households"].to_numpy(float), 0.0)
    fixed = project(task.fixed_borders.geometry.to_numpy(), crs)
    pieces, line = pieces_within(np.concatenate([around.geometry, fixed]), outline)
    obstacles = shapes[shapely.get_dimensions(shapes) == 2]
    carried = carry_on_dead_ends(noded(pieces) if len(pieces) else pieces, outline, obstacles)
    wall = np.full(len(fixed), "wall")
    blank = np.full(len(fixed), "", dtype=object)
    around = BarrierLines(
        np.concatenate([around.geometry, fixed]),
        np.concatenate([around.barrier, wall]),
        np.concatenate([around.name, blank]),
        np.concatenate([around.hard, np.full(len(fixed), "fixed")]),
    )
    lines = BarrierLines(
        np.concatenate([pieces, carried]),
        np.concatenate([around.barrier[line], np.full(len(carried), "open")]),
        np.concatenate([around.name[line], np.full(len(carried), "", dtype=object)]),
        np.concatenate([around.hard[line], np.full(len(carried), "")]),
    )
    return Ground(
        crs,
        outline,
        lines,
        around,
        Dwellings(shapes, anchor, households),
        np.arange(len(shapes)),
        _inside(_fit(project(task.compounds.geometry.to_numpy(), crs), outline), outline),
        _inside(_fit(project(task.special_sites.geometry.to_numpy(), crs), outline), outline),
        _fit(project(task.groups.geometry.to_numpy(), crs), outline),
        fixed,
        project(task.seeds.geometry.to_numpy(), crs),
        _passages(around),
    )


def _on_grid(outline: BaseGeometry) -> BaseGeometry:
    """Round an outline to the grid on which it is cut, so that cutting it again meets the same line."""
    rounded = shapely.transform(outline, lambda xy: vertex_keys(xy) * GRID_M)
    return rounded if rounded.is_valid else outline


def _inside(areas: NDArray[np.object_], outline: BaseGeometry) -> NDArray[np.object_]:
    """Cut areas to the outline, their ground only: what merely touches it becomes an empty polygon."""
    cut = shapely.intersection(areas, outline)
    parts, row = shapely.get_parts(cut, return_index=True)
    flat = shapely.get_dimensions(parts) == 2
    return np.array([shapely.union_all(parts[flat & (row == k)]) for k in range(len(areas))], dtype=object)


def _fit(areas: NDArray[np.object_], outline: BaseGeometry) -> NDArray[np.object_]:
    """Lay the edges of areas on the outline where they run within a hand's breadth of it; there no ground lies between.

    An area that would not stay valid is left as it is.
    """
    edge = shapely.boundary(outline)
    shapely.prepare(edge)

    def lay(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        points = shapely.points(xy)
        near = shapely.dwithin(points, edge, FIT_M)
        laid = xy.copy()
        laid[near] = shapely.get_coordinates(shapely.line_interpolate_point(*_on_rings(points[near], edge)))
        return laid

    fitted = shapely.snap(shapely.transform(areas, lay), edge, FIT_M)
    return np.where(shapely.is_valid(fitted) & ~shapely.is_empty(fitted), fitted, areas)


def _on_rings(points: NDArray[np.object_], edge: BaseGeometry) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Return for each point the nearest ring of an outline and how far along it the point lies."""
    rings = shapely.get_parts(edge)
    nearest = rings[STRtree(rings).query_nearest(points, all_matches=False)[1]]
    return nearest, shapely.line_locate_point(nearest, points)


def _passages(around: BarrierLines) -> NDArray[np.object_]:
    """Points where a street crosses a river."""
    rivers = around.geometry[around.hard == "river"]
    streets = around.geometry[~np.isin(around.barrier, ["rail", "water", "wall", "open"])]
    if not len(rivers) or not len(streets):
        return np.array([], dtype=object)
    river, street = STRtree(streets).query(rivers, predicate="intersects")
    crossing = shapely.get_parts(shapely.intersection(rivers[river], streets[street]))
    return np.asarray(shapely.centroid(crossing), dtype=object)


def with_middles(ground: Ground, blocks: Blocks) -> BarrierLines:
    """Return the lines by which borders are judged, the middles of dual carriageways among them."""
    if not len(blocks.middles):
        return ground.around
    parts, which = shapely.get_parts(blocks.middles, return_index=True)
    row = blocks.middle_row[which]
    return BarrierLines(
        np.concatenate([ground.around.geometry, parts]),
        np.concatenate([ground.around.barrier, ground.lines.barrier[row]]),
        np.concatenate([ground.around.name, ground.lines.name[row]]),
        np.concatenate([ground.around.hard, ground.lines.hard[row]]),
    )
