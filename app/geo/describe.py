"""Grids, units and borders of one community in the words and columns of the plan file."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from app.geo.allot import Allotment
from app.geo.arrangement import add_up, union_by
from app.geo.codes import label_grids
from app.geo.crs import DEGREES, project, unproject
from app.geo.draw import Drawing
from app.geo.ground import CommunityTask, Ground
from app.geo.measures import BORDER_COST, divisible, in_band
from app.geo.reasons import Circumstances, Reason, explain
from app.geo.rules import Rules
from app.geo.seams import Seams, to_degrees_exactly
from app.geo.sides import describe_sides
from app.geo.streets import BarrierLines
from app.geo.surroundings import Surroundings
from app.geo.units import Units

__all__ = ["DescribedGrids", "describe_grids", "look_around"]

LENGTH_DIGITS = 1

DescribedGrids = tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame, dict[str, str | int | float | bool], Seams]
"""Frames of grids, units and borders in EPSG:4490, the community's row, and its seams."""


def describe_grids(
    task: CommunityTask, ground: Ground, units: Units, allotment: Allotment, drawing: Drawing, rules: Rules
) -> DescribedGrids:
    """Label and count the grids, say what bounds them and why any is out of the band.

    Returns
    -------
    Frames of grids, units and borders in EPSG:4490, the community's row, and its seams.
    """
    grid_shapes = union_by(drawing.plane.faces, drawing.grid)
    unit_rows, unit_of_face = np.unique(drawing.unit, return_inverse=True)
    unit_shapes = union_by(drawing.plane.faces, unit_of_face.ravel())
    site_of_grid = _site_of_grid(units, allotment, len(grid_shapes))
    centre = shapely.get_coordinates(shapely.centroid(grid_shapes))
    bounds = shapely.bounds(grid_shapes)
    site_names = task.special_sites["name"].to_numpy(object)
    labels = label_grids(
        task.code, centre, bounds[:, 3] - bounds[:, 1], [None if s < 0 else str(site_names[s]) for s in site_of_grid]
    )
    order = np.argsort([label.code for label in labels], kind="stable")
    households = add_up(allotment.grid, units.households, len(grid_shapes)).round().astype(int)
    persons = add_up(allotment.grid, allotment.persons, len(grid_shapes))
    names = [label.name for label in labels]
    sides = describe_sides(grid_shapes, names, look_around(task, units.lines, ground.crs))
    reasons = _reasons(units, allotment, households, site_of_grid, ground.dwellings.households, rules)
    (grids_deg, units_deg), seams = to_degrees_exactly([grid_shapes, unit_shapes], task.outline, ground.crs)
    code = np.array([label.code for label in labels], dtype=object)
    grids = gpd.GeoDataFrame(
        {
            "grid_code": code,
            "name": names,
            "kind": np.where(site_of_grid >= 0, "special", "general"),
            "community_code": task.code,
            "households": households,
            "persons": persons,
            "area_m2": np.round(shapely.area(grid_shapes), LENGTH_DIGITS),
            "sides_east": [side.east for side in sides],
            "sides_south": [side.south for side in sides],
            "sides_west": [side.west for side in sides],
            "sides_north": [side.north for side in sides],
            "reason": [reason.text for reason in reasons],
            "reason_code": [reason.code for reason in reasons],
        },
        geometry=_multi(grids_deg),
        crs=DEGREES,
    ).iloc[order]
    unit_frame = gpd.GeoDataFrame(
        {
            "unit_id": [f"{task.code}-{row + 1:04d}" for row in range(len(unit_rows))],
            "grid_code": code[allotment.grid[unit_rows]],
            "community_code": task.code,
            "households": units.households[unit_rows].round().astype(int),
            "kind": units.kind[unit_rows].astype(object),
        },
        geometry=_multi(units_deg),
        crs=DEGREES,
    )
    borders, cost = _borders(ground, units, drawing, code)
    total = int(units.households.sum().round())
    general = site_of_grid < 0
    community: dict[str, str | int | float | bool] = {
        "community_code": task.code,
        "name": task.name,
        "grids": len(grid_shapes),
        "households": total,
        "in_band": int((in_band(households, rules) & general).sum()),
        "divisible": divisible(total, rules),
        "cost": round(cost, 1),
        "message": _message(units, site_names, reasons, names, allotment, rules),
    }
    return grids.reset_index(drop=True), unit_frame, borders, community, seams


def look_around(task: CommunityTask, lines: BarrierLines, crs: CRS) -> Surroundings:
    """Gather what may bound the grids of a community.

    Residents' groups 居民小组 are lists of buildings that nobody sees on the ground; villagers' groups own land.
    """
    names = task.groups["group"].to_numpy(object)
    villagers = np.array(["居民" not in name for name in names], bool)
    return Surroundings(
        barriers=lines.geometry,
        classes=lines.barrier.tolist(),
        barrier_names=lines.name.tolist(),
        neighbours=project(task.neighbours.geometry.to_numpy(), crs),
        neighbour_names=task.neighbours["name"].tolist(),
        places=project(task.places.geometry.to_numpy(), crs),
        place_names=task.places["name"].tolist(),
        lands=project(task.groups.geometry.to_numpy()[villagers], crs),
        land_names=names[villagers].tolist(),
    )


def _multi(shapes: NDArray[np.object_]) -> gpd.GeoSeries:
    parts = [shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape]) for shape in shapes]
    return gpd.GeoSeries(parts, crs=DEGREES)


def _site_of_grid(units: Units, allotment: Allotment, grids: int) -> NDArray[np.int64]:
    site = np.full(grids, -1, np.int64)
    special = units.site >= 0
    site[allotment.grid[special]] = units.site[special]
    return site


def _reasons(
    units: Units,
    allotment: Allotment,
    households: NDArray[np.int64],
    site: NDArray[np.int64],
    dwellings: NDArray[np.float64],
    rules: Rules,
) -> list[Reason]:
    around = Circumstances(
        int(units.households.sum().round()), allotment.general, allotment.asked, allotment.division.proven
    )
    persons = add_up(allotment.grid, allotment.persons, len(households))
    reasons = []
    for grid, count in enumerate(households.tolist()):
        if site[grid] >= 0:
            reasons.append(Reason("", ""))
            continue
        members = np.flatnonzero(allotment.grid == grid)
        heaviest = members[np.argmax(units.households[members])]
        weight = int(units.households[heaviest].round())
        inside = dwellings[(units.home == heaviest) & (dwellings > 0)]
        what = _unit_words(str(units.kind[heaviest]), len(inside))
        building = int(inside.max(initial=0).round())
        reasons.append(explain(count, float(persons[grid]), weight, what, building, around, rules))
    return reasons


def _unit_words(kind: str, buildings: int) -> str:
    """Say what a unit is that cannot be split."""
    if buildings == 1:
        return "一栋楼"
    return "一个小区" if kind == "compound" else f"同一位置的{buildings}栋楼"


def _borders(
    ground: Ground, units: Units, drawing: Drawing, code: NDArray[np.object_]
) -> tuple[gpd.GeoDataFrame, float]:
    """One row for each two neighbouring grids, barrier and name; and what all borders cost."""
    plane = drawing.plane
    side = np.where(plane.sides >= 0, drawing.grid[plane.sides], -1)
    border = (side.min(axis=1) >= 0) & (side[:, 0] != side[:, 1])
    row = drawing.on_line[border]
    barrier = np.append(units.lines.barrier.astype(object), "open")[row]
    name = np.append(units.lines.name, "")[row]
    pair = np.sort(code[side[border]].astype(str), axis=1)
    length = plane.lengths[border]
    cost = float((length * np.array([BORDER_COST[kind] for kind in barrier])).sum())
    word = np.where(barrier == "motorway", "trunk", barrier)
    groups: dict[tuple[str, str, str, str], list[int]] = {}
    keys = zip(*pair.T.tolist(), word.tolist(), name.tolist(), strict=True)
    for key, edge in zip(keys, np.flatnonzero(border).tolist(), strict=True):
        groups.setdefault(key, []).append(edge)
    rows, shapes = [], []
    for key in sorted(groups):
        edges = plane.edges[groups[key]]
        line = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(edges.reshape(-1, 2, 2))))
        rows.append((*key, round(float(line.length), LENGTH_DIGITS)))
        shapes.append(shapely.multilinestrings(shapely.get_parts(line)))
    columns = ["left_grid", "right_grid", "barrier", "name", "length_m"]
    frame = pd.DataFrame(rows, columns=columns).astype({"length_m": float})
    flat = gpd.GeoSeries(shapes, crs=ground.crs)
    if not shapes:
        return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([], crs=DEGREES)), cost
    return gpd.GeoDataFrame(frame, geometry=_lines_in_degrees(flat, ground)), cost


def _lines_in_degrees(lines: gpd.GeoSeries, ground: Ground) -> gpd.GeoSeries:
    moved = shapely.transform(lines.to_numpy(), lambda xy: np.round(unproject(xy, ground.crs), 9))
    return gpd.GeoSeries(moved, crs=DEGREES)


def _message(
    units: Units,
    site_names: NDArray[np.object_],
    reasons: list[Reason],
    names: list[str],
    allotment: Allotment,
    rules: Rules,
) -> str:
    """Say what a planner should know of the community beside its numbers."""
    words = []
    if rules.max_walk_m is not None:
        far = [k for k in range(len(allotment.walks)) if allotment.walks[k] > rules.max_walk_m]
        told = "、".join(f"{names[k]}{allotment.walks[k]:.0f}米" for k in sorted(far, key=lambda k: names[k]))
        farthest = f"最远步行{allotment.walks.max(initial=0):.0f}米"
        words.append(f"最远步行超过{rules.max_walk_m}米：{told}" if far else f"{farthest}，不超过{rules.max_walk_m}米")
    out = [reason for reason in reasons if reason.code]
    if out:
        words.append(f"{len(out)}个网格户数不在规定范围，原因见网格表")
    if units.released:
        sites = "、".join(str(site_names[site]) or "未命名" for site in units.released)
        words.append(
            f"{sites}未单设专属网格：面积过小、所在地块多为周边空地、分成几块、位于小区之内，或单设会把社区其余部分隔断"
        )
    return "；".join(words)
