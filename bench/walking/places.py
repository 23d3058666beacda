"""A made-up county to walk in: a lattice of crooked streets with gaps, homes along them, facilities of five classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from app.geo.footways import Footways

SIDE = 283  # 80,089 crossings
BLOCK_M = 100.0
KEPT = 0.9  # of all streets
HOMES, CLASSES, PER_CLASS = 100_000, 5, 100


@dataclass(frozen=True)
class Town:
    """The network with lengths in whole metres, homes and facilities at its crossings, and homes beside its streets.

    Whole metres, because pandana keeps thousandths and cuts off the rest.
    """

    footways: Footways
    homes: np.ndarray
    facilities: np.ndarray
    doors: np.ndarray
    facility_doors: np.ndarray


def make_town(seed: int = 0) -> Town:
    """Make the town; the same seed makes the same one."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(SIDE) * BLOCK_M, np.arange(SIDE) * BLOCK_M)
    nodes = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-30, 30, (SIDE * SIDE, 2))
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    start = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    end = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    kept = rng.random(len(start)) < KEPT
    start, end = start[kept], end[kept]
    lines = shapely.linestrings(np.stack([nodes[start], nodes[end]], axis=1))
    length = np.ceil(shapely.length(lines))
    footways = Footways(nodes, start, end, length, lines, np.ones(len(lines), bool))
    facilities = rng.choice(len(nodes), (CLASSES, PER_CLASS), replace=False)
    doors = beside(lines, rng, HOMES)
    facility_doors = np.stack([beside(lines, rng, PER_CLASS) for _ in range(CLASSES)])
    return Town(footways, rng.choice(len(nodes), HOMES), facilities, doors, facility_doors)


def beside(lines: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """Put points up to 20 m beside streets."""
    line = rng.choice(len(lines), count)
    on = shapely.line_interpolate_point(lines[line], rng.random(count), normalized=True)
    return shapely.points(shapely.get_coordinates(on) + rng.uniform(-14, 14, (count, 2)))
