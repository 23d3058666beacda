"""The four sides 四至 of a grid in words: what bounds it in the east, south, west and north."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.facings import DIRECTIONS, Pieces, cut_outlines
from app.geo.surroundings import Surroundings, cheapest_along, first_of, nearest, nearest_other
from app.geo.survey import largest_polygons

__all__ = ["COMPASS", "EDGE", "Sides", "describe_sides"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]
Texts = NDArray[np.object_]

COMPASS = "东南西北"
EDGE = "社区边界"
"""Said where nothing that has a name bounds a community."""
LANE, STREET = "无名巷", "无名路"

NAMED_SHARE = 0.2
"""What bounds less of a side than this is not named."""
ENOUGH = 0.75
"""Once this much of a side is told, no more names are added."""
MOST_NAMED = 3
CORNER_M = 25.0
"""A named street this near to the end of a nameless lane is where the lane comes out."""
BY_M = 12.0
"""A compound this near to a lane, a wall or open ground lies by it."""
FAR_M = 300.0
"""A nameless lane is told by a named street this near, where nothing else tells it."""
IN_GRID = 0.9
INSIDE_M = 5.0
CROSSES_M = 30.0
BEYOND_SHARE = 0.35
"""What lies beyond the street that bounds a grid is at most this part of it."""
BEYOND_COMPOUND = 0.4
"""A part of a grid that a compound covers so far is told as that compound."""


@dataclass(frozen=True)
class Sides:
    """What bounds a grid on each side, as a notice writes it."""

    east: str
    south: str
    west: str
    north: str

    def sentence(self) -> str:
        """Say the four sides in one sentence."""
        return f"东至{self.east}，南至{self.south}，西至{self.west}，北至{self.north}"


def describe_sides(grids: Geometries, names: Sequence[str], around: Surroundings) -> tuple[Sides, ...]:
    """Describe the four sides of every grid of one community, in the order 东南西北.

    On each side the street, lane, river, railway or wall is named that runs along most of it, and up to two more that
    run along a fifth or more, in order along the side; a street with 中线 where the border is in its middle. A lane
    without a name is told by where it leads or what it lies beside. Where nothing of the kind runs, the compound, site
    or named building beyond is named, then the villagers' group or the grid beyond, or the community beyond the
    outline. A compound of the grid beyond the street that bounds it is added in brackets.

    Parameters
    ----------
    grids, names
        All grids of the community, polygons in metres, and their names.
    around
        What may bound them, in the same plane.
    """
    outlines = largest_polygons(np.asarray(grids, dtype=object))
    pieces = cut_outlines(outlines)
    told = _label(outlines, names, pieces, around)
    starts = np.searchsorted(pieces.grid, np.arange(len(outlines) + 1))
    described = []
    for row, outline in enumerate(outlines):
        mine = np.arange(starts[row], starts[row + 1])
        if not len(mine):
            described.append(Sides(EDGE, EDGE, EDGE, EDGE))
            continue
        held = _beyond_streets(outline, mine, pieces, told, around)
        described.append(Sides(*(_side_words(side, mine, pieces, told, held, around) for side in range(4))))
    return tuple(described)


@dataclass(frozen=True)
class _Told:
    """What is said of each piece; all arrays have shape (pieces,).

    `name` is what bounds it, LANE or STREET where that has no name; `centred` says that the border is in its middle.
    """

    name: Texts
    centred: NDArray[np.bool_]


def _label(outlines: Geometries, names: Sequence[str], pieces: Pieces, around: Surroundings) -> _Told:
    """Say what bounds each piece; the later word counts where there are several."""
    middles = shapely.points(pieces.middle)
    name = np.full(len(pieces.grid), EDGE, dtype=object)
    community = nearest(around.neighbours, middles, BY_M)
    for piece in np.flatnonzero(community >= 0).tolist():
        name[piece] = around.neighbour_names[community[piece]] or EDGE
    next_grid = nearest_other(outlines, middles, pieces.grid)
    for piece in np.flatnonzero(next_grid >= 0).tolist():
        name[piece] = f"与{names[next_grid[piece]]}之间空地"
    beyond = _by(around.lands, outlines, pieces)[1]
    for piece in np.flatnonzero((beyond >= 0) & (next_grid >= 0)).tolist():
        name[piece] = around.land_names[beyond[piece]]
    own, beyond = _by(around.places, outlines, pieces)
    for piece in np.flatnonzero((own >= 0) & ((next_grid >= 0) | (name == EDGE))).tolist():
        name[piece] = f"{around.place_names[own[piece]]}{COMPASS[pieces.side[piece]]}侧"
    for piece in np.flatnonzero(beyond >= 0).tolist():
        name[piece] = around.place_names[beyond[piece]]
    barrier, distance = cheapest_along(around, pieces)
    place = np.where(own >= 0, own, beyond)
    for piece in np.flatnonzero(barrier >= 0).tolist():
        row = barrier[piece]
        walled = around.place_names[place[piece]] if place[piece] >= 0 else ""
        name[piece] = _barrier_words(around.classes[row], around.barrier_names[row], around.barriers[row], walled)
    centred = np.zeros(len(name), bool)
    along = barrier >= 0
    # To a millimetre: what lies just so far shall not differ by rounding.
    centred[along] = np.round(distance[along], 3) <= around.centre_m[barrier[along]]
    return _Told(name, centred)


def _barrier_words(kind: str, name: str, shape: shapely.Geometry, walled: str) -> str:
    if kind == "wall":
        name = name or walled
        return name if name.endswith(("墙", "围栏")) else f"{name}围墙"
    if name:
        return name
    if kind == "water":
        return "水面" if shapely.get_dimensions(shape) == 2 else "河道"
    return {"lane": LANE, "rail": "铁路"}.get(kind, STREET)


def _by(shapes: Geometries, outlines: Geometries, pieces: Pieces) -> tuple[Indices, Indices]:
    """Rows of the nearest shape in the grid itself, and of the nearest beyond it, by each piece; -1 for none."""
    middles = shapely.points(pieces.middle)
    piece, shape = STRtree(shapes).query(middles, predicate="dwithin", distance=BY_M)
    pair, of_pair = np.unique(np.column_stack([pieces.grid[piece], shape]), axis=0, return_inverse=True)
    held = shapely.intersects(outlines[pair[:, 0]], shapely.point_on_surface(shapes[pair[:, 1]]))
    inside = held[of_pair.ravel()]
    gap = np.round(shapely.distance(middles[piece], shapes[shape]), 1)
    own, beyond = (first_of(piece[of], shape[of], gap[of], len(middles)) for of in (inside, ~inside))
    return own, beyond


def _side_words(
    side: int, mine: Indices, pieces: Pieces, told: _Told, held: Mapping[tuple[int, str], str], around: Surroundings
) -> str:
    """Name what bounds one side: what holds a fifth of it, at most three, until most of it is told."""
    mine = mine[pieces.side[mine] == side]
    names, of = np.unique(told.name[mine].astype(str), return_inverse=True)
    length = np.bincount(of, weights=pieces.length[mine], minlength=len(names)).astype(float)
    on_centre = np.bincount(of, weights=pieces.length[mine] * told.centred[mine], minlength=len(names))
    place = np.bincount(of, weights=pieces.length[mine] * np.arange(len(mine)), minlength=len(names)) / length
    chosen = _first_names(length)
    words = []
    for k in sorted(chosen, key=lambda k: float(place[k])):
        if names[k] in (LANE, STREET):
            words.append(_where_nameless(str(names[k]), mine[of == k], pieces, around))
        else:
            centre = "中线" if round(on_centre[k] * 2 - length[k], 2) > 0 else ""
            words.append(f"{names[k]}{centre}{held.get((side, names[k]), '')}")
    return "、".join(dict.fromkeys(words))


def _first_names(length: Numbers) -> list[int]:
    """Choose what is named of a side by the metres that each name bounds of it."""
    length = np.round(length, 2)  # shares that are equal on the ground shall not differ by rounding
    ranked = np.lexsort((np.arange(len(length)), -length)).tolist()
    chosen: list[int] = []
    for k in ranked[:MOST_NAMED]:
        if chosen and (length[k] < NAMED_SHARE * length.sum() or length[chosen].sum() >= ENOUGH * length.sum()):
            break
        chosen.append(k)
    return chosen


def _where_nameless(word: str, stretch: Indices, pieces: Pieces, around: Surroundings) -> str:
    """Tell a street without a name by what a person can find.

    Between which named streets it runs, else beside which compound or building it does, else where it comes out, else
    on which side of the nearest named street it lies.
    """
    called = sorted(  # by name, so that of equals the first by name counts
        (name, row)
        for row, (kind, name) in enumerate(zip(around.classes, around.barrier_names, strict=True))
        if name and kind != "wall"
    )
    names, lines = [name for name, _ in called], around.barriers[[row for _, row in called]]
    ends = shapely.points(pieces.middle[stretch[[0, -1]]])
    at_end = [names[row] if row >= 0 else "" for row in nearest(lines, ends, CORNER_M)]
    if all(at_end) and at_end[0] != at_end[1]:
        return f"{at_end[0]}至{at_end[1]}间{word}"
    middles = shapely.points(pieces.middle[stretch])
    place = nearest(around.places, middles, BY_M)
    rows, count = np.unique(place[place >= 0], return_counts=True)
    if len(rows) and count.max() * 2 > len(stretch):
        row = rows[np.argmax(count)]
        return f"{around.place_names[row]}{_seen_from(around.places[row], middles)}侧{word}"
    if any(at_end):
        return f"通{at_end[0] or at_end[1]}的{word}"
    middle = middles[[len(middles) // 2]]
    close = int(nearest(lines, middle, FAR_M)[0])
    return f"{names[close]}以{_seen_from(lines[close], middle)}{word}" if close >= 0 else word


def _seen_from(shape: shapely.Geometry, points: Geometries) -> str:
    """Say on which side of a shape points lie."""
    link = shapely.get_coordinates(shapely.shortest_line(shape, points)).reshape(-1, 2, 2)
    way = (link[:, 1] - link[:, 0]).sum(axis=0)
    return COMPASS[int(np.argmax(DIRECTIONS @ way))]


def _beyond_streets(
    outline: shapely.Geometry, mine: Indices, pieces: Pieces, told: _Told, around: Surroundings
) -> dict[tuple[int, str], str]:
    """Find compounds of a grid beyond a street that bounds the rest of it; what they bring along is told as the street.

    Returns
    -------
    What is added in brackets to the name of a street on a side; the pieces around the compounds get the street's name.
    """
    ground = shapely.buffer(outline, -INSIDE_M)
    held: dict[tuple[int, str], list[str]] = {}
    rows = [row for row in _rows_in(around.barriers, ground) if around.barrier_names[row]]
    for name in sorted({around.barrier_names[row] for row in rows}):
        street = shapely.union_all(around.barriers[[row for row in rows if around.barrier_names[row] == name]])
        if shapely.intersection(street, ground).length < CROSSES_M:
            continue
        parts = shapely.get_parts(shapely.difference(outline, shapely.buffer(street, 0.5, cap_style="flat")))
        for part in parts[shapely.area(parts) < BEYOND_SHARE * outline.area]:
            compounds = [
                row
                for row in _rows_in(around.places, part)
                if shapely.intersection(around.places[row], part).area > IN_GRID * around.places[row].area
            ]
            covered = sum(float(around.places[row].area) for row in compounds)
            if covered < BEYOND_COMPOUND * part.area:
                continue
            on_part = mine[shapely.distance(shapely.points(pieces.middle[mine]), part) < 1.0]
            side = int(np.bincount(pieces.side[on_part], weights=pieces.length[on_part], minlength=4).argmax())
            on_part = on_part[pieces.side[on_part] == side]
            rest = np.setdiff1d(mine[pieces.side[mine] == side], on_part)
            along = pieces.length[rest][told.name[rest] == name].sum()
            if len(on_part) and along >= NAMED_SHARE * pieces.length[rest].sum() > 0:
                told.name[on_part], told.centred[on_part] = name, told.centred[rest][told.name[rest] == name].all()
                held.setdefault((side, name), []).extend(around.place_names[row] for row in compounds)
    return {key: f"（含{'、'.join(dict.fromkeys(names))}）" for key, names in held.items()}


def _rows_in(shapes: Geometries, ground: shapely.Geometry) -> list[int]:
    return sorted(STRtree(shapes).query(ground, predicate="intersects").tolist()) if not ground.is_empty else []
