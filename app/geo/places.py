"""Where a promise is broken, by how much, and in what words."""

from __future__ import annotations

import math
from dataclasses import dataclass

import shapely

from app.geo.survey import Survey

__all__ = ["Finding", "Place", "Value", "community_place", "grid_place", "plain"]

Value = float | int | None


@dataclass(frozen=True)
class Place:
    """Where a promise is broken, or a grid is outside the band, and by how much.

    `code` is the code of the grid, or of the community where the fault is in no grid; `amount` is in the unit of the
    promise (m², households, or a count).
    """

    promise: str
    code: str
    longitude: float
    latitude: float
    amount: float
    words_zh: str
    words_en: str


@dataclass(frozen=True)
class Finding:
    """Values of some promises, and the places where they are broken."""

    values: dict[str, Value]
    places: list[Place]


def grid_place(survey: Survey, promise: str, row: int, zh: str, en: str, *, amount: float = 1.0) -> Place:
    """Point into a grid; where it has no ground into its community, else at 0, 0."""
    home = int(survey.grid_community[row])
    ground = survey.grids_drawn[row]
    if ground.is_empty and home >= 0:
        ground = survey.communities_drawn[home]
    point = shapely.point_on_surface(ground)
    x, y = (0.0, 0.0) if point.is_empty else (round(point.x, 6), round(point.y, 6))
    return Place(promise, str(survey.grid_codes[row]), x, y, amount, zh, en)


def community_place(survey: Survey, promise: str, row: int, zh: str, en: str) -> Place:
    """Point into a community."""
    point = shapely.point_on_surface(survey.communities_drawn[row])
    return Place(promise, str(survey.community_codes[row]), round(point.x, 6), round(point.y, 6), 1.0, zh, en)


def plain(number: float) -> str:
    """Write a number without needless decimals."""
    return f"{number:.0f}" if math.isclose(number, round(number), abs_tol=0.05) else f"{number:.1f}"
