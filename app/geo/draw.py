"""Grids drawn on the ground: borders straightened, then everything cut once more so that all edges match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.arrangement import Arrangement, add_up, arrange, union_by
from app.geo.borders import OPEN, STAYS, border_stretches, straighten_borders
from app.geo.cells import settle
from app.geo.graph import classify_edges
from app.geo.ground import Ground
from app.geo.measures import BORDER_COST
from app.geo.units import Units

__all__ = ["Drawing", "border_cost", "draw_as_cut", "draw_grids"]

NECK_HALF_M, BODY_M2 = 1.1, 100.0
"""A little stricter than what is promised: what is written is rounded."""
SPECK_M2 = 1.0
"""Faces smaller than this are no ground of their own: they go to the unit beside them, whichever it is."""
WHOLE_SHARE = 0.95
"""A grid with this much of a compound holds it."""
ALONG_EDGE_M = 1.5
"""A border may stray this far into a compound along its edge."""


@dataclass(frozen=True)
class Drawing:
    """Faces of a community and the grid and unit of each; `on_line` as `graph.classify_edges` returns it."""

    plane: Arrangement
    grid: NDArray[np.int64]
    unit: NDArray[np.int64]
    on_line: NDArray[np.int64]


def draw_as_cut(units: Units, grid: NDArray[np.int64]) -> Drawing:
    """Leave every border where the units meet."""
    return Drawing(units.plane, grid[units.unit], units.unit, units.on_line)


def border_cost(drawing: Drawing, units: Units) -> float:
    """Add up what the borders between grids cost, metre by metre of what they run on."""
    side = np.where(drawing.plane.sides >= 0, drawing.grid[drawing.plane.sides], -1)
    border = (side.min(axis=1) >= 0) & (side[:, 0] != side[:, 1])
    price = np.append([BORDER_COST[kind] for kind in units.lines.barrier], BORDER_COST["open"])
    return float((drawing.plane.lengths[border] * price[drawing.on_line[border]]).sum())


def draw_grids(ground: Ground, units: Units, grid: NDArray[np.int64]) -> Drawing:
    """Straighten the borders over open ground and cut the ground along them once more.

    Where the straightened borders do not give the same grids again, those that were straightened stay as the cells had
    them: a grid never changes its dwellings here.

    Parameters
    ----------
    grid
        Grid of each unit, shape (units,).
    """
    plane, face_grid = units.plane, grid[units.unit]
    as_cut = draw_as_cut(units, grid)
    side = np.sort(np.where(plane.sides >= 0, face_grid[plane.sides], -1), axis=1)
    border = (side[:, 0] >= 0) & (side[:, 0] != side[:, 1])
    over_ground = border & ((units.on_line < 0) | _beside(plane, units))
    over_ground &= ~np.isin(side, grid[units.site >= 0]).any(axis=1)  # the outline of a special site is as given
    if not over_ground.any():
        return as_cut
    shapes = union_by(plane.faces, face_grid)
    price = np.where(over_ground, OPEN, _prices(units))
    stretches = border_stretches(plane.edges[border], side[border], price[border])
    straight = straighten_borders(stretches, shapes, *_surroundings(ground, units, shapes))
    lines = np.array([shapely.LineString(stretch.xy) for stretch in straight], dtype=object)
    again = arrange(lines, ground.outline)
    owner = _specks_to_neighbours(again, _most_covered(again.faces, shapes))
    if not _same_grids(ground, again, owner, shapes) or _runs_through(lines, ground):
        return as_cut
    inner = np.sort(units.unit[plane.sides], axis=1)
    # The borders as the cells had them are drawn too: edges of units end on them, and would hang loose otherwise, also
    # where a border has slid away from the street that it ran on.
    within = (plane.sides.min(axis=1) >= 0) & (inner[:, 0] != inner[:, 1])
    full = arrange(np.append(lines, shapely.linestrings(plane.edges[within].reshape(-1, 2, 2))), ground.outline)
    centre = shapely.point_on_surface(full.faces)
    new_grid = owner[STRtree(again.faces).query_nearest(centre, all_matches=False)[1]]
    old_unit = units.unit[STRtree(plane.faces).query_nearest(centre, all_matches=False)[1]]
    drawn = union_by(full.faces, new_grid)
    if (_bodies(drawn) > np.maximum(_bodies(shapes), 1)).any():
        return as_cut
    return Drawing(
        full, new_grid, _units_within_grids(full, new_grid, old_unit, grid), classify_edges(full, units.lines)
    )


def _bodies(shapes: NDArray[np.object_]) -> NDArray[np.int64]:
    """Count what each shape falls into where a metre is taken off its edge: more than before hang by a hair."""
    cores, row = shapely.get_parts(shapely.buffer(shapes, -NECK_HALF_M), return_index=True)
    return np.bincount(row[shapely.area(cores) > BODY_M2], minlength=len(shapes)).astype(np.int64)


def _beside(plane: Arrangement, units: Units) -> NDArray[np.bool_]:
    """Tell which edges run near a line but on none, or on one of several rails or rivers side by side."""
    apart = units.on_line >= 0
    rows = np.flatnonzero(apart)
    apart[rows] = shapely.distance(plane.middles[rows], units.lines.geometry[units.on_line[rows]]) > 0.05
    soft = units.lines.geometry[units.lines.hard == ""]
    apart[STRtree(soft).query(plane.middles, predicate="dwithin", distance=0.05)[0]] = False
    return apart


def _prices(units: Units) -> NDArray[np.float64]:
    """Price a metre of each edge that runs on a line; those on hard barriers and fixed borders stay as they are."""
    lines = units.lines
    price = np.array([BORDER_COST[name] for name in lines.barrier])
    return np.append(np.where(lines.hard == "", price, STAYS), STAYS)[units.on_line]


def _surroundings(
    ground: Ground, units: Units, shapes: NDArray[np.object_]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Lines along which ends of borders may slide, and what no border is straightened into."""
    rails = np.append(units.lines.geometry, shapely.boundary(ground.outline))
    lived = ground.dwellings.geometry[ground.dwellings.households > 0]
    return rails, np.append(lived, _wholes(ground, shapes))


def _wholes(ground: Ground, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Ground of the compounds and groups that one grid holds: no border is straightened into it."""
    areas = np.concatenate([ground.compounds, ground.groups])
    area, grid = STRtree(shapes).query(areas, predicate="intersects")
    held = shapely.intersection(areas[area], shapes[grid])
    size = shapely.area(held)
    inner = shapely.buffer(held[size > WHOLE_SHARE * add_up(area, size, len(areas))[area]], -ALONG_EDGE_M)
    return np.asarray(inner[~shapely.is_empty(inner)], dtype=object)


def _most_covered(faces: NDArray[np.object_], shapes: NDArray[np.object_]) -> NDArray[np.int64]:
    """Row of the shape that covers most of each face."""
    face, shape = STRtree(shapes).query(faces, predicate="intersects")
    covered = shapely.area(shapely.intersection(faces[face], shapes[shape]))
    order = np.lexsort((shape, -covered, face))
    _, first = np.unique(face[order], return_index=True)
    return np.asarray(shape[order][first])


def _specks_to_neighbours(again: Arrangement, owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give faces that only rounding has left between two lines to the grid that they share most of their edge with."""
    speck = shapely.area(again.faces) < SPECK_M2
    inner = again.sides.min(axis=1) >= 0
    owner = owner.copy()
    for face in np.flatnonzero(speck):
        mine = inner & (again.sides == face).any(axis=1)
        beside = again.sides[mine].sum(axis=1) - face
        firm = ~speck[beside]
        if firm.any():
            owner[face] = owner[beside[firm][int(np.argmax(again.lengths[mine][firm]))]]
    return owner


def _same_grids(ground: Ground, again: Arrangement, owner: NDArray[np.int64], shapes: NDArray[np.object_]) -> bool:
    """Tell whether the new faces are the old grids, one by one, with the same dwellings in each."""
    solid = int((shapely.area(again.faces) >= SPECK_M2).sum())
    if len(owner) != len(again.faces) or solid != int(shapely.get_num_geometries(shapes).sum()):
        return False
    if len(np.unique(owner)) != len(shapes):
        return False
    lived = ground.dwellings.households > 0
    anchor = ground.dwellings.anchor[lived]
    new = STRtree(again.faces).query_nearest(anchor, all_matches=False)[1]
    old = STRtree(shapes).query_nearest(anchor, all_matches=False)[1]
    return bool((owner[new] == old).all())


def _runs_through(lines: NDArray[np.object_], ground: Ground) -> bool:
    """Tell whether any line runs through a dwelling."""
    lived = shapely.buffer(ground.dwellings.geometry[ground.dwellings.households > 0], -0.05, quad_segs=1)
    line, dwelling = STRtree(lived).query(lines, predicate="intersects")
    return bool((shapely.length(shapely.intersection(lines[line], lived[dwelling])) > 0.05).any())


def _units_within_grids(
    full: Arrangement, new_grid: NDArray[np.int64], old_unit: NDArray[np.int64], grid: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Keep the unit of each face where its grid is the unit's; give strips that changed grids, and specks, away."""
    speck = np.where(shapely.area(full.faces) < SPECK_M2, np.arange(len(old_unit)) + 1, 0)
    key, group = np.unique(np.column_stack([new_grid, old_unit, speck]), axis=0, return_inverse=True)
    group = group.ravel()
    at_home = (grid[key[:, 1]] == key[:, 0]) & (key[:, 2] == 0)
    beside = group[full.sides]
    usable = (
        (full.sides.min(axis=1) >= 0) & (key[beside[:, 0], 0] == key[beside[:, 1], 0]) & (beside[:, 0] != beside[:, 1])
    )
    joined = settle(group, at_home, beside[usable], full.lengths[usable])
    # `settle` renumbers: recover each group's unit from a face that was at home.
    unit_of = np.full(int(joined.max()) + 1, -1)
    home_faces = np.flatnonzero(at_home[group])
    unit_of[joined[home_faces]] = old_unit[home_faces]
    return np.asarray(np.where(unit_of[joined] >= 0, unit_of[joined], old_unit))
