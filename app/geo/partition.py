"""Partition of a community into grids: the graph of its units, and what a division of it is charged for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bools", "Energy", "Floats", "Ints", "UnitGraph", "band_distance"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class UnitGraph:
    """Units of one community and their common borders, as a symmetric adjacency in compressed rows.

    Attributes
    ----------
    households, persons, workload
        What each unit holds, shape (n,).
    area, sx, sy, s2
        Moments of each unit about a common origin: ∫1, ∫x, ∫y, ∫x²+y², in metres, shape (n,).
    start, neighbour
        Row u is `neighbour[start[u]:start[u + 1]]`.
    cost
        What is gained or lost by a border between the two, weighted metres; negative where a border is wanted.
    link
        Whether the common border is wide enough to hold one grid together.
    locked
        Part in which a unit has to stay, -1 where it is free.
    region
        Region between hard barriers that an inhabited unit lies in; -1 for units without households, which no one has
        to cross a barrier for.
    """

    households: Floats
    persons: Floats
    workload: Floats
    area: Floats
    sx: Floats
    sy: Floats
    s2: Floats
    start: Ints
    neighbour: Ints
    cost: Floats
    link: Bools
    locked: Ints
    region: Ints

    def __len__(self) -> int:
        return len(self.households)


class Energy(NamedTuple):
    """What a partition is charged for, in weighted metres of border."""

    low: float
    high: float
    max_persons: float
    out_of_band: float = 150.0
    per_household: float = 6.0
    balance: float = 60.0
    workload: float = 0.0
    shape: float = 220.0
    crossing: float = 600.0
    """For each further region between hard barriers that a grid reaches into."""


def band_distance(households: Floats, low: float, high: float) -> Floats:
    """Households by which each number lies outside the band."""
    return np.maximum(np.maximum(low - households, households - high), 0.0)
