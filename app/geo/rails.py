"""Lines along which the ends of a border slide while it is pulled taut; the inner loop is compiled by Numba."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import shapely
from numpy.typing import NDArray

from app.geo.geodesics import Triangles, taut

__all__ = ["SLIDE_M", "Rail", "tighten"]

Points = NDArray[np.float64]

SLIDE_M = 120.0
"""An end may move by this much along the line on which it stands."""
STRIDE_M, BUMP_M = 1.0, 2.0
"""An end slides in such strides, over bumps of such height."""
LEAVING_M = 3.0
"""Leaving a street or lane before its end has to save this much."""
SLIDES = 6
"""Times that ends move, each time nearer to their place."""
GAIN_M, LEAST_GAIN_M = 0.3, 0.05
"""What a round of slides, and one slide, has to save."""


@dataclass(frozen=True)
class Rail:
    """A line along which the end of a run may move; it stands `at` metres along.

    Where the border goes on along that line, `price` is what it saves for each metre that it leaves it earlier.
    """

    line: shapely.LineString
    at: float
    price: float

    def walk(self, place: float) -> Points:
        """Vertices of the way from where the end stood to where it lies, shape (n, 2); none where it has not moved."""
        return np.asarray(_walk(shapely.get_coordinates(self.line), self.at, place))


def tighten(run: Points, rails: tuple[Rail | None, Rail | None], triangles: Triangles) -> tuple[Points, list[float]]:
    """Pull a run taut and slide its ends while that makes it cheaper; return the run and where its ends lie.

    A rail of None holds an end where it is. `triangles` are of the ground in which the run and its rails lie.
    """
    first, last = (np.empty((0, 2)) if rail is None else shapely.get_coordinates(rail.line) for rail in rails)
    at = np.array([0.0 if rail is None else rail.at for rail in rails])
    price = np.array([0.0 if rail is None else rail.price for rail in rails])
    path, places = _tighten(np.ascontiguousarray(run), first, last, at, price, triangles)
    return np.asarray(path), places.tolist()


@numba.njit(cache=True, error_model="numpy")
def _tighten(
    run: Points, first: Points, last: Points, at: Points, price: Points, triangles: Triangles
) -> tuple[Points, Points]:
    places = at.copy()
    path, cost = _pulled(run, first, last, at, price, places, triangles)
    for _ in range(SLIDES):
        start = cost
        for end in range(2):
            rail = first if end == 0 else last
            if not len(rail):
                continue
            goal = path[1] if end == 0 else path[-2]
            place = _downhill(rail, price[end], places[end], goal)
            for share in (1.0, 0.5, 0.25):
                tried = places.copy()
                tried[end] += share * (place - places[end])
                way, charged = _pulled(run, first, last, at, price, tried, triangles)
                if charged < cost - LEAST_GAIN_M:
                    path, cost, places = way, charged, tried
                    break
        if cost > start - GAIN_M:
            break
    return path, places


@numba.njit(cache=True, error_model="numpy")
def _pulled(
    run: Points, first: Points, last: Points, at: Points, price: Points, places: Points, triangles: Triangles
) -> tuple[Points, float]:
    """Pull a run taut between places on its rails; return it and what it costs."""
    before, after = _walk(first, at[0], places[0]), _walk(last, at[1], places[1])
    whole = np.concatenate((before[::-1], run, after))
    path = taut(whole, triangles)
    if len(path) < 2:  # the ends have met
        return run, np.inf
    cost = 0.0
    for k in range(len(path) - 1):
        cost += np.hypot(path[k + 1, 0] - path[k, 0], path[k + 1, 1] - path[k, 1])
    for end in range(2):
        if price[end] and places[end] > 0:
            cost += LEAVING_M - price[end] * places[end]
    return path, cost


@numba.njit(cache=True, error_model="numpy")
def _downhill(rail: Points, price: float, start: float, goal: Points) -> float:
    """Walk along a line as long as that leads nearer to a place; return how far along the line that ends.

    Farther on there may be a nearer point, round a corner: a border that went there would leave nothing on one
    side.
    """
    length = _length(rail)
    best, reached = np.inf, start
    for ahead in (1.0, -1.0):
        nearest, place = np.inf, start
        for stride in range(int(np.ceil(SLIDE_M / STRIDE_M))):
            along = min(max(start + ahead * STRIDE_M * stride, 0.0), length)
            x, y = _point_along(rail, along)
            away = np.hypot(x - goal[0], y - goal[1]) - price * along
            if away > nearest + BUMP_M:
                break
            if away < nearest:
                nearest, place = away, along
        if nearest < best:
            best, reached = nearest, place
    if not price:
        foot = _foot(rail, goal)
        if abs(foot - reached) <= STRIDE_M:
            return foot
    return reached


@numba.njit(cache=True, error_model="numpy")
def _walk(rail: Points, start: float, end: float) -> Points:
    """Vertices of the way along a line from one place, which is left out, to another."""
    if not len(rail) or start == end:
        return np.empty((0, 2))
    low, high = max(min(start, end), 0.0), max(start, end)
    way = np.empty((len(rail) + 2, 2))
    count, walked = 0, 0.0
    for k in range(len(rail) - 1):
        if low < walked < high:
            way[count] = rail[k]
            count += 1
        walked += np.sqrt((rail[k + 1, 0] - rail[k, 0]) ** 2 + (rail[k + 1, 1] - rail[k, 1]) ** 2)
    if start > end:
        way[:count] = way[:count][::-1].copy()
    way[count, 0], way[count, 1] = _point_along(rail, end)
    return way[: count + 1]


@numba.njit(cache=True, error_model="numpy")
def _point_along(rail: Points, place: float) -> tuple[float, float]:
    walked = 0.0
    for k in range(len(rail) - 1):
        (x, y), (to_x, to_y) = (rail[k, 0], rail[k, 1]), (rail[k + 1, 0], rail[k + 1, 1])
        step = np.sqrt((to_x - x) ** 2 + (to_y - y) ** 2)
        if walked + step > place:
            share = max((place - walked) / step, 0.0)
            return x + share * (to_x - x), y + share * (to_y - y)
        walked += step
    return rail[-1, 0], rail[-1, 1]


@numba.njit(cache=True, error_model="numpy")
def _foot(rail: Points, goal: Points) -> float:
    """Find how far along a line its point nearest to a place lies."""
    best, foot, walked = np.inf, 0.0, 0.0
    for k in range(len(rail) - 1):
        dx, dy = rail[k + 1, 0] - rail[k, 0], rail[k + 1, 1] - rail[k, 1]
        square = dx * dx + dy * dy
        share = 0.0
        if square > 0:
            share = min(max(((goal[0] - rail[k, 0]) * dx + (goal[1] - rail[k, 1]) * dy) / square, 0.0), 1.0)
        away = np.hypot(rail[k, 0] + share * dx - goal[0], rail[k, 1] + share * dy - goal[1])
        if away < best:
            best, foot = away, walked + share * np.sqrt(square)
        walked += np.sqrt(square)
    return foot


@numba.njit(cache=True, error_model="numpy")
def _length(path: Points) -> float:
    length = 0.0
    for k in range(len(path) - 1):
        length += np.sqrt((path[k + 1, 0] - path[k, 0]) ** 2 + (path[k + 1, 1] - path[k, 1]) ** 2)
    return length
