"""Smallest units 最小划分单元: compounds, blocks and cells that a division never splits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import STRtree

from app.geo.arrangement import Arrangement, add_up
from app.geo.blocks import Blocks
from app.geo.cells import Cells, first_hits, settle
from app.geo.graph import LINK_M, Borders, classify_edges, neighbours
from app.geo.ground import Ground
from app.geo.rules import Rules
from app.geo.streets import BarrierLines
from app.geo.villages import cluster_dwellings

__all__ = ["MOST_UNITS", "Units", "form_units"]

OPEN_LAND_M2 = 600.0
"""Ground without dwellings that is smaller than this goes to a neighbour at once."""
MOST_UNITS = 260
"""More cells than this are paired up first, so that large communities stay quick."""
PAIRED_SHARE = 20
"""Cells are paired up to this part of the maximum."""
SITE_M2 = 2_000.0
"""A smaller special site is no grid of its own."""
SITE_SHARE = 0.52
"""Of a unit that is a special site the site fills this part at least: half, and a little that drawing may take."""


@dataclass(frozen=True)
class Units:
    """Units of one community.

    Attributes
    ----------
    plane
        The arrangement that they are made of.
    unit
        Unit of each face, shape (faces,).
    home
        Unit of each building, -1 for those outside, shape (buildings,).
    site
        Special site that each unit is, -1 for units of general grids, shape (units,).
    compound, group
        Compound and residents' group of each unit, -1 for none.
    kind
        Word of the plan file for each unit.
    households
        Households of each unit.
    borders
        Common borders of the units.
    on_line
        Row in `lines` that each edge of the plane runs on, -1 on open ground.
    lines
        The lines by which borders are judged.
    released
        Special sites that are no grid: too small, in pieces, in a compound, less than the ground that goes with them,
        or cutting the community in two.
    paired
        Whether light cells were paired up, so that there were no more than `most_units`.
    """

    plane: Arrangement
    unit: NDArray[np.int64]
    home: NDArray[np.int64]
    site: NDArray[np.int64]
    compound: NDArray[np.int64]
    group: NDArray[np.int64]
    kind: NDArray[np.str_]
    households: NDArray[np.float64]
    borders: Borders
    on_line: NDArray[np.int64]
    lines: BarrierLines
    released: tuple[int, ...]
    paired: bool


def form_units(
    ground: Ground,
    blocks: Blocks,
    cells: Cells,
    lines: BarrierLines,
    compound_names: NDArray[np.object_],
    group_names: NDArray[np.object_],
    rules: Rules,
    *,
    most_units: int = MOST_UNITS,
) -> Units:
    """Join cells to units: whole compounds and residents' groups up to the maximum, no crumbs of empty ground.

    Parameters
    ----------
    compound_names, group_names
        Compound and group that each building names, '' for none, shape (buildings,).
    most_units
        More cells than this are paired up.
    """
    plane, households = cells.plane, ground.dwellings.households
    on_line = classify_edges(plane, lines)
    unit, home = cells.cell, cells.home
    face_centre = shapely.point_on_surface(plane.faces)
    in_compound = _area_of_cells(
        unit, home, face_centre, ground.compounds, ground.dwellings.anchor, households, rules.max_households
    )
    in_site = _area_of_cells(
        unit, home, face_centre, ground.sites, ground.dwellings.anchor, households, rules.max_households
    )
    in_group = _area_of_cells(
        unit, home, face_centre, ground.groups, ground.dwellings.anchor, households, rules.max_households
    )
    in_compound = _or_named(in_compound, home, compound_names, len(ground.compounds))
    in_group = _or_named(in_group, home, group_names, len(ground.groups))

    def refresh(joined: NDArray[np.int64]) -> NDArray[np.float64]:
        nonlocal unit, home, in_compound, in_site, in_group
        count = int(joined.max()) + 1
        order = np.lexsort((-load, in_site < 0, joined))  # ground goes to sites and dwellings, not they to it
        first = order[np.unique(joined[order], return_index=True)[1]]
        in_compound, in_site, in_group = in_compound[first], in_site[first], in_group[first]
        unit = joined[unit]
        home = np.where(home >= 0, joined[home], -1)
        return add_up(home[home >= 0], households[home >= 0], count)

    load = add_up(home[home >= 0], households[home >= 0], int(unit.max()) + 1)
    in_site[load > 0] = -1
    given = in_site[in_site >= 0]
    in_site[(in_compound >= 0) & ~_above(in_compound, load, rules.max_households)] = -1  # a compound stays whole
    in_compound[in_site >= 0] = -1
    in_group[in_site >= 0] = -1
    for keep in ("site", "compound", "group"):
        belongs = {"site": in_site, "compound": in_compound, "group": in_group}[keep]
        borders = neighbours(plane, unit, on_line, lines, ground.passages)
        most = np.inf if keep == "site" else rules.max_households
        load = refresh(_join_members(belongs, load, borders, most))
    in_site[add_up(unit, shapely.area(plane.faces), len(load)) < SITE_M2] = -1
    # Crumbs without households go where cutting them off would cost most.
    for to_sites in (False, True):  # a site takes only what nothing else touches
        area = add_up(unit, shapely.area(plane.faces), len(load))
        borders = neighbours(plane, unit, on_line, lines, ground.passages)
        stays = np.asarray((load > 0) | (in_site >= 0) | (area > OPEN_LAND_M2))
        if not stays.any():
            stays[int(np.argmax(area))] = True
        crossing = borders.hard > 0
        order = np.concatenate([np.flatnonzero(~crossing), np.flatnonzero(crossing)])
        worth = np.where(crossing, 1e-6, 1.0) * np.where(borders.length < LINK_M, 1e-9, 1.0) * borders.cost  # no necks
        free = np.asarray((in_site[borders.pair] < 0).all(axis=1)) | to_sites
        order = order[free[order]]
        load = refresh(settle(np.arange(len(load)), stays, borders.pair[order], worth[order]))
    paired = False
    while len(load) > most_units:
        borders = neighbours(plane, unit, on_line, lines, ground.passages)
        joined = _pair_up(
            borders,
            load,
            (in_site < 0) & (load <= rules.max_households / PAIRED_SHARE),
            rules.max_households / PAIRED_SHARE,
        )
        if int(joined.max()) + 1 == len(load):
            break
        load, paired = refresh(joined), True
    borders = neighbours(plane, unit, on_line, lines, ground.passages)
    in_site[_barely_filled(unit, in_site, plane, ground)] = -1
    in_site[np.isin(in_site, _release_sites(in_site, borders))] = -1
    released = np.setdiff1d(given, in_site)
    if rules.profile == "rural":
        in_group = _with_villages(in_group, in_site, home, face_centre, unit, ground)
    kind = _kinds(unit, load, in_site, in_compound, face_centre, plane, blocks)
    return Units(
        plane,
        unit,
        home,
        in_site,
        in_compound,
        in_group,
        kind,
        load,
        borders,
        on_line,
        lines,
        tuple(released.tolist()),
        paired,
    )


def _area_of_cells(
    cell: NDArray[np.int64],
    home: NDArray[np.int64],
    face_centre: NDArray[np.object_],
    areas: NDArray[np.object_],
    anchor: NDArray[np.object_],
    households: NDArray[np.float64],
    most: float,
) -> NDArray[np.int64]:
    """Row of the area that each cell lies in: by its dwellings where it has any, else by its ground; -1 for none.

    Where areas overlap, one that can stay whole (at most `most` households) comes before one that cannot, and the
    smaller before the larger, whatever their order in the file.
    """
    count = int(cell.max()) + 1
    found = np.full(count, -1, np.int64)
    if not len(areas):
        return found
    inside = STRtree(areas).query(anchor, predicate="intersects")
    weight = np.bincount(inside[1], weights=households[inside[0]], minlength=len(areas))
    order = np.lexsort((shapely.area(areas), weight > most))
    tree = STRtree(areas[order])

    def rows(points: NDArray[np.object_]) -> NDArray[np.int64]:
        hit = first_hits(tree, points)
        return np.asarray(np.where(hit >= 0, order[hit], -1))

    found[cell[::-1]] = rows(face_centre)[::-1]
    lived = np.flatnonzero((home >= 0) & (households > 0))[::-1]
    found[home[lived]] = rows(anchor[lived])
    return found


def _or_named(
    found: NDArray[np.int64], home: NDArray[np.int64], names: NDArray[np.object_], after: int
) -> NDArray[np.int64]:
    """Fill in areas that have no outline but are named by buildings; numbered after the outlined ones."""
    named = np.flatnonzero((home >= 0) & (names != ""))
    if not len(named):
        return found
    number = np.unique(names[named].astype(str), return_inverse=True)[1]
    found = found.copy()
    for row, k in zip(named[::-1], number[::-1], strict=True):
        if found[home[row]] < 0:
            found[home[row]] = after + k
    return found


def _with_villages(
    in_group: NDArray[np.int64],
    in_site: NDArray[np.int64],
    home: NDArray[np.int64],
    face_centre: NDArray[np.object_],
    unit: NDArray[np.int64],
    ground: Ground,
) -> NDArray[np.int64]:
    """Take natural villages for groups where none is known, and give hills and fields to the group nearest to them.

    Neither binds like a group that was handed in: it costs to cut them, no more.
    """
    lived = np.flatnonzero((home >= 0) & (ground.dwellings.households > 0))
    if not len(lived):
        return in_group
    found = in_group.copy()
    anchor = ground.dwellings.anchor[lived]
    village = int(in_group.max(initial=-1)) + 1 + cluster_dwellings(anchor)
    unknown = found[home[lived]] < 0
    found[home[lived[unknown]][::-1]] = village[unknown][::-1]
    empty = np.flatnonzero((found < 0) & (in_site < 0))
    first = np.unique(unit, return_index=True)[1]
    found[empty] = found[home[lived[STRtree(anchor).query_nearest(face_centre[first[empty]], all_matches=False)[1]]]]
    return np.where(in_site >= 0, -1, found)


def _join_members(
    belongs: NDArray[np.int64], load: NDArray[np.float64], borders: Borders, most: float
) -> NDArray[np.int64]:
    """Give cells new numbers so that touching cells of one area are one, where together they hold at most `most`."""
    a, b = borders.pair.T
    alike = (belongs[a] == belongs[b]) & (belongs[a] >= 0)
    links = coo_array((np.ones(int(alike.sum()), np.int8), (a[alike], b[alike])), shape=(len(load), len(load)))
    piece = connected_components(links, directed=False)[1]
    label = np.where(_above(belongs, load, most) | (belongs < 0), len(load) + np.arange(len(load)), piece)
    return np.asarray(np.unique(label, return_inverse=True)[1].ravel())


def _above(belongs: NDArray[np.int64], load: NDArray[np.float64], most: float) -> NDArray[np.bool_]:
    """Tell which cells are of an area that holds more than `most`."""
    weight = np.bincount(belongs[belongs >= 0], weights=load[belongs >= 0]) if (belongs >= 0).any() else np.zeros(1)
    return np.asarray((belongs >= 0) & (weight[np.maximum(belongs, 0)] > most))


def _pair_up(borders: Borders, load: NDArray[np.float64], may: NDArray[np.bool_], most: float) -> NDArray[np.int64]:
    """Join each cell with the neighbour it shares most with, no lane between, both light."""
    a, b = borders.pair.T
    across = np.bincount(a, borders.length, len(load)) + np.bincount(b, borders.length, len(load))
    score = borders.length / np.minimum(across[a], across[b])
    ok = may[a] & may[b] & (load[a] + load[b] <= most) & (borders.cost > 0.9 * borders.length)
    target = np.arange(len(load))
    used = np.zeros(len(load), bool)
    for k in np.lexsort((b, a, -score)):
        if ok[k] and not used[a[k]] and not used[b[k]]:
            target[b[k]] = a[k]
            used[a[k]] = used[b[k]] = True
    return np.asarray(np.unique(target, return_inverse=True)[1].ravel())


def _barely_filled(
    unit: NDArray[np.int64], in_site: NDArray[np.int64], plane: Arrangement, ground: Ground
) -> NDArray[np.bool_]:
    """Tell which units are called a special site and are mostly ground around it: strips and crumbs that went to it."""
    site = in_site[unit]
    faces = np.flatnonzero(site >= 0)
    within = shapely.area(shapely.intersection(plane.faces[faces], ground.sites[site[faces]]))
    filled = np.bincount(unit[faces], within, len(in_site))
    return np.asarray((in_site >= 0) & (filled < SITE_SHARE * add_up(unit, shapely.area(plane.faces), len(in_site))))


def _release_sites(in_site: NDArray[np.int64], borders: Borders) -> list[int]:
    """Choose the special sites that cannot be grids: in pieces, or cutting off what lies around them."""
    released: list[int] = []
    for site in np.unique(in_site[in_site >= 0]).tolist():
        members = np.flatnonzero(in_site == site)
        if len(members) > 1:
            released.append(site)
            continue
        general = (in_site < 0) | np.isin(in_site, released)
        with_site = general | (in_site == site)
        if _pieces(general, borders) > _pieces(with_site, borders) or not general.any():
            released.append(site)
    return released


def _pieces(chosen: NDArray[np.bool_], borders: Borders) -> int:
    inside = chosen[borders.pair].all(axis=1) & (borders.length >= LINK_M)
    a, b = borders.pair[inside].T
    links = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(chosen), len(chosen)))
    return len(np.unique(connected_components(links, directed=False)[1][chosen]))


def _kinds(
    unit: NDArray[np.int64],
    load: NDArray[np.float64],
    site: NDArray[np.int64],
    compound: NDArray[np.int64],
    face_centre: NDArray[np.object_],
    plane: Arrangement,
    blocks: Blocks,
) -> NDArray[np.str_]:
    """Say what each unit is, in the words of the plan file."""
    block_of_face = first_hits(STRtree(blocks.geometry), face_centre)
    area = add_up(unit, shapely.area(plane.faces), len(load))
    first = np.full(len(load), -1)
    first[unit[::-1]] = block_of_face[::-1]
    whole = area > 0.98 * np.append(shapely.area(blocks.geometry), np.inf)[first]
    return np.select(
        [site >= 0, (compound >= 0) & (load > 0), load == 0, whole],
        ["special site", "compound", "open land", "block"],
        default="building cell",
    )
