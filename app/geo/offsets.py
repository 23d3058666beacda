"""Layers that lie in another datum than the streets: found by how they fit the streets, as declared and otherwise.

A layer in GCJ-02 lies 350–600 m off, one in BD-09 0.9–1.4 km, each in a direction known at every place. Buildings that
fit the streets are hardly crossed by any; outlines that fit run along them or, in the country, at least through no
building. So every pair of datums is tried: where another pair than the declared one fits far better than all others,
that is what the layers are in.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.crs import metric_crs, project, unproject
from app.geo.datum import DATUMS, Datum, from_plain, to_plain

__all__ = ["Misplaced", "find_misplaced"]

Geometries = NDArray[np.object_]
Numbers = NDArray[np.float64]
Pair = tuple[Datum, Datum]
"""The datum of a layer and that of the streets."""

BY_OUTLINE = ("communities", "compounds", "groups", "special_sites", "grids")
"""Layers whose outlines run along streets; buildings are judged by the streets that cross them."""

SAMPLE = 4_000
"""Features, or points along outlines, that are looked at."""

FEWEST = 60
"""Below this many there is no telling."""

BESIDE_M = 15.0
"""An outline this close to the line of a street runs along it."""

STEP_M = 25.0
NEAR_M = 100.0
POINT_REACH_M = 6.0
"""A building given as a point is taken for a disc of this radius."""

INNER_WAYS = frozenset({"footway", "path", "steps", "corridor", "cycleway", "elevator", "platform"})
"""Ways that lead through buildings and between them, and tell nothing."""

FAR_BETTER = 1.8
"""A pair of datums has to fit this many times as well as the declared one and all others."""

LEAST_GAIN, LEAST_GAIN_OUTLINE = 0.04, 0.1
"""The share of buildings, or of outlines, that has to gain."""

MOST_CROSSED, LEAST_FIT_OUTLINE = 0.05, 0.3
"""Buildings that fit are hardly crossed at all, and outlines that fit have a good part along streets."""

LEAST_INSIDE, CLEARLY = 20, 5
"""Points of outlines inside buildings that tell something, and how many times fewer there have to be elsewhere."""

LEAST_BUILDINGS = 10
"""And no fewer buildings than this: a few that straddle a street are a fact of life."""


@dataclass(frozen=True)
class Misplaced:
    """A layer that is likely in another datum than it was taken to be in.

    Attributes
    ----------
    offset_m
        How far the layer lies from where it would fit.
    misfit_now, misfit_then
        Share of buildings that a street crosses, of outlines away from streets, or of outlines inside buildings, as
        declared and as is likely.
    """

    layer: str
    declared: Datum
    likely: Datum
    offset_m: float
    misfit_now: float
    misfit_then: float


@dataclass(frozen=True)
class _Trial:
    """How a layer fits the streets under one pair of datums."""

    pair: Pair
    misfit: float
    offset_m: float


_Verdict = dict[str, tuple[_Trial, _Trial]]
"""How a layer fits as declared, and in the pair of datums that it fits far better than any other."""


def find_misplaced(frames: Mapping[str, gpd.GeoDataFrame], declared: Mapping[str, Datum]) -> list[Misplaced]:
    """Find the layers, the streets among them, that fit the others only in another datum.

    Parameters
    ----------
    frames
        Layers in EPSG:4490, after the shifts they were declared to need; nothing is told without `streets`.
    declared
        The datum by layer; `wgs84` where it is not said.
    """
    if "streets" not in frames or not len(frames["streets"]):
        return []
    home = declared.get("streets", "wgs84")
    streets = _Streets(frames["streets"])
    verdicts: _Verdict = {}
    if "buildings" in frames and len(frames["buildings"]):
        verdicts |= _judge_buildings(frames["buildings"], streets, (declared.get("buildings", "wgs84"), home))
    settled = "buildings" in verdicts and verdicts["buildings"][0] is verdicts["buildings"][1]
    for layer in (name for name in frames if name in BY_OUTLINE and len(frames[name])):
        pair = (declared.get(layer, "wgs84"), home)
        points = _evenly(_along_outlines(np.asarray(frames[layer].geometry.array, dtype=object), streets))
        found = _judge_beside_streets(layer, points, streets, pair)
        if not found and settled:
            found = _judge_among_buildings(layer, points, frames["buildings"], streets, pair)
        verdicts |= found
    off = {layer: then for layer, (now, then) in verdicts.items() if then.pair != now.pair}
    if not off:
        return []
    [(street_datum, _)] = Counter(trial.pair[1] for trial in off.values()).most_common(1)
    misplaced = []
    for layer, (now, then) in verdicts.items():
        # what fits the streets as they are goes with them
        likely = then.pair[0] if layer in off else street_datum if now.pair[0] == home else now.pair[0]
        if likely != now.pair[0]:
            misplaced.append(Misplaced(layer, now.pair[0], likely, then.offset_m, now.misfit, then.misfit))
    if street_datum != home:
        worst = max(off.values(), key=lambda trial: trial.offset_m)
        layer = next(name for name, trial in off.items() if trial is worst)
        now = verdicts[layer][0]
        misplaced.append(Misplaced("streets", home, street_datum, worst.offset_m, now.misfit, worst.misfit))
    return misplaced


class _Streets:
    """The lines of streets in metres of their place, ready to be asked."""

    def __init__(self, streets: gpd.GeoDataFrame) -> None:
        west, _, east, _ = streets.total_bounds
        self.crs = metric_crs(float(west + east) / 2)
        open_air = ~(streets["highway"].isin(INNER_WAYS) | streets["tunnel"].astype(bool)).to_numpy()
        self.tree = STRtree(project(np.asarray(streets.geometry.array, dtype=object)[open_air], self.crs))

    def share_crossing(self, shapes: Geometries) -> float:
        """Return the share of shapes, in degrees, that a street crosses, of those that have one near."""
        drawn = project(shapes, self.crs)
        near = len(np.unique(self.tree.query(drawn, predicate="dwithin", distance=NEAR_M)[0]))
        if near < len(drawn) / 4:  # moved to where no street is, which is no way to fit them
            return 1.0
        points = shapely.get_dimensions(drawn) == 0
        drawn[points] = shapely.buffer(drawn[points], POINT_REACH_M)
        return len(np.unique(self.tree.query(drawn, predicate="intersects")[0])) / near

    def share_away(self, points: Geometries) -> float:
        """Return the share of points, in degrees, that lie along no street."""
        beside = self.tree.query(project(points, self.crs), predicate="dwithin", distance=BESIDE_M)[0]
        return 1.0 - len(np.unique(beside)) / len(points)


def _judge_buildings(buildings: gpd.GeoDataFrame, streets: _Streets, declared: Pair) -> _Verdict:
    """Judge buildings by the streets that cross them; return nothing where there is no telling."""
    sample = _evenly(np.asarray(buildings.geometry.array, dtype=object))
    if len(sample) < FEWEST:
        return {}
    now, best, second = _try_all(sample, streets.share_crossing, declared)
    gain = max(LEAST_GAIN, LEAST_BUILDINGS / len(sample))
    far_better = best.misfit < min(second.misfit / FAR_BETTER, MOST_CROSSED)
    return {"buildings": (now, best)} if far_better and second.misfit - best.misfit >= gain else {}


def _judge_beside_streets(layer: str, points: Geometries, streets: _Streets, declared: Pair) -> _Verdict:
    """Judge outlines by how much of them runs along streets."""
    if len(points) < FEWEST:
        return {}
    now, best, second = _try_all(points, streets.share_away, declared)
    far_better = 1.0 - best.misfit > max(FAR_BETTER * (1.0 - second.misfit), LEAST_FIT_OUTLINE)
    return {layer: (now, best)} if far_better and second.misfit - best.misfit >= LEAST_GAIN_OUTLINE else {}


def _judge_among_buildings(
    layer: str, points: Geometries, buildings: gpd.GeoDataFrame, streets: _Streets, declared: Pair
) -> _Verdict:
    """Judge outlines by the buildings, which fit the streets, that they run through."""
    tree = STRtree(project(np.asarray(buildings.geometry.array, dtype=object), streets.crs))

    def share_inside(shapes: Geometries) -> float:
        hit = tree.query(project(shapes, streets.crs), predicate="intersects")[0]
        return len(np.unique(hit)) / len(shapes)

    now, best, second = _try_all(points, share_inside, declared)
    clear = CLEARLY * best.misfit <= second.misfit and (second.misfit - best.misfit) * len(points) >= LEAST_INSIDE
    return {layer: (now, best)} if clear and best.pair[1] == declared[1] else {}


def _try_all(
    sample: Geometries, measure: Callable[[Geometries], float], declared: Pair
) -> tuple[_Trial, _Trial, _Trial]:
    """Return the trial of the declared pair of datums, the best of all, and the second."""
    trials = [_try(sample, measure, pair, declared) for pair in _pairs(declared)]
    best, second = sorted(trials, key=lambda trial: trial.misfit)[:2]
    return trials[0], best, second


def _pairs(declared: Pair) -> list[Pair]:
    """List what layer and streets may be in, as declared first; two in one datum fit as any other two that are."""
    same: Pair = (declared[1], declared[1])
    different: list[Pair] = [(a, b) for a, b in itertools.product(DATUMS, DATUMS) if a != b]
    return [declared, *(pair for pair in (same, *different) if pair != declared)]


def _try(sample: Geometries, measure: Callable[[Geometries], float], pair: Pair, declared: Pair) -> _Trial:
    """Move a layer to where it lies beside the streets if the two are in `pair`, and measure."""

    def move(xy: Numbers) -> Numbers:
        truly = to_plain(from_plain(xy, declared[0]), pair[0])
        return to_plain(from_plain(truly, pair[1]), declared[1])

    moved = sample if pair == declared else np.asarray(shapely.transform(sample, move), dtype=object)
    west, south, east, north = shapely.total_bounds(sample)
    middle = np.array([[(west + east) / 2, (south + north) / 2]])
    off = (move(middle) - middle)[0] * 111_320.0
    return _Trial(pair, measure(moved), float(np.hypot(off[0] * np.cos(np.radians(middle[0, 1])), off[1])))


def _along_outlines(shapes: Geometries, streets: _Streets) -> Geometries:
    """Return points every 25 m along outlines, in degrees, one where two outlines share an edge."""
    rings = shapely.segmentize(shapely.boundary(project(shapes, streets.crs)), STEP_M)
    xy = np.unique(np.round(shapely.get_coordinates(rings), 2), axis=0)
    return np.asarray(shapely.points(unproject(xy, streets.crs)), dtype=object)


def _evenly(items: Geometries) -> Geometries:
    """Return a part of the items, evenly spread over their order."""
    return items[np.linspace(0, len(items) - 1, min(SAMPLE, len(items))).round().astype(np.int64)]
