"""The county town on the plan: a net of main roads with a river through it, its cells, and the streets within them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon

from gis_data.make_county.names import LANES, ROADS_EAST, ROADS_NORTH, SIDE_STREETS
from gis_data.make_county.places import CORE_CELLS
from gis_data.make_county.plan import SEED, Points

__all__ = ["RIVER_Y", "SUPERBLOCK", "Block", "Cell", "Way", "cells", "core_outlines", "draw_seat", "seat_polygon"]

XS = (-2250.0, -1560.0, -950.0, -350.0, 250.0, 900.0, 1550.0, 2250.0)
YS = (-1560.0, -1010.0, -560.0, -300.0, 150.0, 650.0, 1150.0, 1650.0)
ROWS = ((6, 7), (5, 6), (4, 5), (3, 4), (1, 2), (0, 1))  # of CORE_CELLS, as lines of YS: south, north
RIVER_Y = -430.0
CLASS_EAST = ("secondary", "secondary", "tertiary", "tertiary", "secondary", "primary", "secondary", "secondary")
CLASS_NORTH = ("secondary", "tertiary", "secondary", "tertiary", "primary", "tertiary", "secondary", "secondary")
BRIDGES = (0, 2, 4, 6, 7)  # lines of XS that cross the river
SUPERBLOCK = (4, 4)  # row and column of the cell without a street inside
WHOLE_CELLS = {SUPERBLOCK, (0, 6), (5, 6)}  # an estate, a plant, a college: no street within
TOWER_CELL = (4, 6)
OLD_CELLS = {(2, 2), (3, 2), (3, 3), (3, 4), (2, 3)}  # the old town by the river
QUARTERS = ("sw", "se", "nw", "ne")


@dataclass(frozen=True)
class Way:
    """One street on the plan."""

    highway: str
    name: str
    points: Points
    dual: bool = False
    loose: bool = False  # its ends are left where they were drawn, short of the street they were meant for
    tunnel: bool = False


@dataclass(frozen=True)
class Cell:
    """A field of the net of main roads."""

    row: int
    column: int
    letter: str
    corners: tuple[tuple[float, float], ...]  # south-west, south-east, north-east, north-west


@dataclass(frozen=True)
class Block:
    """Ground between streets, on the plan."""

    cell: Cell
    quarter: str
    outline: Polygon
    old: bool


def _node(column: int, line: int) -> tuple[float, float]:
    """Return where two main roads meet: a little off the ruler, the same for everybody who asks."""
    rng = np.random.default_rng([SEED, 7, column, line])
    dx, dy = rng.uniform(-26, 26), rng.uniform(-22, 22)
    return (XS[column] + float(dx), YS[line] + float(dy) * (0.35 if line in (2, 3) else 1.0))


def cells() -> Iterator[Cell]:
    """List the cells of the net."""
    for row, (south, north) in enumerate(ROWS):
        for column, letter in enumerate(CORE_CELLS[row]):
            corners = (_node(column, south), _node(column + 1, south), _node(column + 1, north), _node(column, north))
            yield Cell(row, column, letter, corners)


def seat_polygon() -> Polygon:
    """Return the whole county town on the plan."""
    return shapely.union_all(list(core_outlines().values())).buffer(0)


def core_outlines() -> dict[str, Polygon]:
    """Return the communities of the county town on the plan: cells joined, those at the river up to its middle."""
    parts: dict[str, list[Polygon]] = {}
    for cell in cells():
        parts.setdefault(cell.letter, []).append(Polygon(cell.corners))
        sw, se, ne, nw = cell.corners
        if cell.row == 3:
            parts[cell.letter].append(Polygon([(sw[0], RIVER_Y), (se[0], RIVER_Y), se, sw]))
        if cell.row == 4:
            parts[cell.letter].append(
                Polygon([nw, ne, (_node(cell.column + 1, 3)[0], RIVER_Y), (_west_end(cell), RIVER_Y)])
            )
    return {letter: shapely.union_all(polygons) for letter, polygons in parts.items()}


def _west_end(cell: Cell) -> float:
    return _node(cell.column, 3)[0]


def _between(a: tuple[float, float], b: tuple[float, float], share: float = 0.5) -> tuple[float, float]:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)


def draw_seat(rng: np.random.Generator) -> tuple[list[Way], list[Block]]:
    """Draw the streets of the county town and list the blocks between them."""
    ways = list(_main_roads())
    blocks: list[Block] = []
    side_names, lane_names = iter(SIDE_STREETS), iter(LANES)
    east_names: dict[int, str] = {}
    north_names: dict[tuple[int, bool], str] = {}
    for cell in cells():
        where = (cell.row, cell.column)
        old = where in OLD_CELLS
        if where in WHOLE_CELLS:
            blocks.append(Block(cell, "whole", Polygon(cell.corners), old))
            continue
        sw, se, ne, nw = cell.corners
        s, n, w, e = _between(sw, se), _between(nw, ne), _between(sw, nw), _between(se, ne)
        middle = _between(_between(s, n), _between(w, e))
        middle = (middle[0] + float(rng.uniform(-22, 22)), middle[1] + float(rng.uniform(-18, 18)))
        key = (cell.column, cell.row < 4)
        if key not in north_names:
            north_names[key] = next(side_names)
        if cell.row not in east_names:
            east_names[cell.row] = next(side_names)
        kind = "tertiary" if rng.random() < 0.25 else "residential"
        ways.append(Way(kind, north_names[key], [s, middle, n]))
        ways.append(Way("residential", east_names[cell.row], [w, middle, e]))
        for quarter, ring in zip(
            QUARTERS, ([sw, s, middle, w], [s, se, e, middle], [w, middle, n, nw], [middle, e, ne, n]), strict=True
        ):
            blocks.append(Block(cell, quarter, Polygon(ring), old))
            if old and quarter in ("sw", "ne"):
                ways += _lanes(ring, lane_names, rng)
            elif rng.random() < 0.16 and where != TOWER_CELL:
                inside = _between(_between(ring[0], ring[1]), _between(ring[3], ring[2]), float(rng.uniform(0.4, 0.6)))
                ways.append(Way("service", "", [_between(ring[0], ring[1], 0.5), inside]))  # a dead end
    return ways, blocks


def _main_roads() -> Iterator[Way]:
    """Draw the net itself; roads without a bridge stop at the banks."""
    for line, name in enumerate(ROADS_EAST):
        points = [_node(column, line) for column in range(len(XS))]
        yield Way(CLASS_EAST[line], name, points, dual=CLASS_EAST[line] == "primary")
    for column, name in enumerate(ROADS_NORTH):
        points = [_node(column, line) for line in range(len(YS))]
        dual = CLASS_NORTH[column] == "primary"
        if column in BRIDGES:
            yield Way(CLASS_NORTH[column], name, points, dual=dual)
        else:
            yield Way(CLASS_NORTH[column], name.replace("路", "南路"), points[:3])
            yield Way(CLASS_NORTH[column], name.replace("路", "北路"), points[3:])


def _lanes(ring: list[tuple[float, float]], names: Iterator[str], rng: np.random.Generator) -> Iterator[Way]:
    """Draw the lanes of an old block: one or two through it, one between them, one that ends blind."""
    sw, se, ne, nw = ring

    def inside(x: float, y: float) -> tuple[float, float]:
        return _between(_between(sw, se, x), _between(nw, ne, x), y)

    a, b = float(rng.uniform(0.3, 0.4)), float(rng.uniform(0.62, 0.72))
    bow = float(rng.uniform(-0.06, 0.06))
    yield Way(
        "living_street", next(names, ""), [inside(0, a), inside(0.35, a + bow), inside(0.7, a - bow), inside(1, a)]
    )
    x = float(rng.uniform(0.4, 0.6))
    yield Way("footway", next(names, ""), [inside(x, a), inside(x + bow, b), inside(x - bow / 2, 1)])
    if rng.random() < 0.7:
        yield Way("footway", next(names, ""), [inside(0.0, b), inside(0.2, b + bow), inside(x + bow, b)])
    if rng.random() < 0.6:
        y = float(rng.uniform(0.55, 0.7))
        yield Way("footway", next(names, ""), [inside(1, y), inside(0.72, y + bow)], loose=rng.random() < 0.4)


def roundabout_middle() -> tuple[float, float]:
    """Return the plan's place of the roundabout where the two avenues meet."""
    return _node(4, 5)


def gates() -> list[tuple[float, float]]:
    """Return where country roads reach the ring of the county town."""
    return [_node(0, 5), _node(7, 5), _node(4, 7), _node(4, 0), _node(0, 1), _node(7, 1), _node(2, 7), _node(6, 7)]
