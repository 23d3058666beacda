"""How good a division is, in numbers: classes and costs of borders, compactness, the band."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import shapely

from app.geo.rules import Rules

__all__ = [
    "BORDER_COST",
    "DUAL_M",
    "MAIN_CLASSES",
    "ON_BARRIER_M",
    "STREET_CLASSES",
    "BorderLengths",
    "band_middle_grids",
    "divisible",
    "in_band",
    "inertia_compactness",
    "measure_border",
    "perimeter_compactness",
    "street_class",
]

STREET_CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary", "street", "lane")
"""Classes of streets, main streets before lanes."""

MAIN_CLASSES = frozenset({"motorway", "trunk", "primary", "secondary", "tertiary"})
"""Classes that may be dual carriageways, whose middle counts as the street."""

ON_BARRIER_M = 3.0
"""A border this close to the line of a street or another barrier runs on it."""

DUAL_M = 12.0
"""The middle between two carriageways of a main street counts as the street where neither is much farther than this."""

BORDER_COST: Mapping[str, float] = MappingProxyType(
    {
        "motorway": 0.10,
        "trunk": 0.10,
        "primary": 0.10,
        "secondary": 0.15,
        "tertiary": 0.20,
        "street": 0.30,
        "lane": 0.40,
        "rail": 0.40,
        "water": 0.40,
        "wall": 0.40,
        "open": 1.00,
    }
)
"""Cost of a metre of border by what it runs on; open ground costs 1."""

_CLASS_OF_HIGHWAY: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in ("motorway", "trunk", "primary", "secondary", "tertiary")},
        **dict.fromkeys(("快速路", "高速公路"), "motorway"),
        **dict.fromkeys(("主干路", "主干道"), "primary"),
        **dict.fromkeys(("次干路", "次干道"), "secondary"),
        "支路": "tertiary",
        **dict.fromkeys(
            (
                *("service", "footway", "path", "steps", "pedestrian", "living_street", "track", "cycleway"),
                *("街巷", "巷"),
            ),
            "lane",
        ),
        **dict.fromkeys(("construction", "proposed", "corridor", "elevator", "platform"), ""),
    }
)


def street_class(highway: str) -> str:
    """Classify a street by its OSM or Chinese class; empty where there is no street on the ground.

    Of several classes joined by `;` the first counts, links count as the street they lead to, and an unknown word is
    a street like any other.
    """
    if highway in _CLASS_OF_HIGHWAY:
        return _CLASS_OF_HIGHWAY[highway]
    return _CLASS_OF_HIGHWAY.get(highway.split(";")[0].removesuffix("_link"), "street")


@dataclass(frozen=True)
class BorderLengths:
    """Metres of border: all of it, what runs on a street or another barrier, and its cost; and where it does not."""

    total_m: float
    on_barrier_m: float
    cost: float
    open_ground: shapely.Geometry


def measure_border(
    border: shapely.Geometry, barriers: npt.NDArray[np.object_], costs: npt.NDArray[np.float64]
) -> BorderLengths:
    """Measure what a border runs on; where several barriers are near, the cheapest counts.

    Parameters
    ----------
    border
        Lines in metres, each part once.
    barriers
        Lines and polygons on the ground in the same plane, near the border; more does no harm.
    costs
        Cost of a metre of border on each of them, as in `BORDER_COST`.
    """
    left, on_barrier, cost = border, 0.0, 0.0
    for step in np.unique(costs):
        if left.is_empty:
            break
        shapely.prepare(left)
        near = barriers[costs == step]
        near = near[shapely.dwithin(left, near, ON_BARRIER_M + DUAL_M)]
        if not len(near):
            continue
        if step <= BORDER_COST["tertiary"]:  # closing the gap between carriageways also fills roundabouts
            wide = shapely.union_all(shapely.buffer(near, ON_BARRIER_M + DUAL_M))
            ground = shapely.buffer(wide, -DUAL_M)
        else:
            ground = shapely.union_all(shapely.buffer(near, ON_BARRIER_M))
        rest = shapely.difference(left, ground)
        covered = left.length - rest.length
        on_barrier += covered
        cost += float(step) * covered
        left = rest
    return BorderLengths(float(border.length), on_barrier, cost + BORDER_COST["open"] * float(left.length), left)


def in_band(households: npt.ArrayLike, rules: Rules) -> npt.NDArray[np.bool_]:
    """Tell which numbers of households lie within the band."""
    counts = np.asarray(households, dtype=float)
    return np.asarray((counts >= rules.min_households) & (counts <= rules.max_households))


def divisible(total_households: float, rules: Rules) -> bool:
    """Tell whether a total can be divided into grids that are all within the band, units aside."""
    fewest = math.ceil(total_households / rules.max_households)
    most = math.floor(total_households / rules.min_households)
    return 1 <= max(fewest, 1) <= most


def band_middle_grids(total_households: float, rules: Rules) -> int:
    """Count the grids that a total asks for at the middle of the band, at least one."""
    return max(1, round(total_households / rules.target_households))


def inertia_compactness(polygons: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Measure A²/(2πI) of each polygon: 1 for a disc, less for anything else, holes and parts included.

    I is the second moment of area about the centroid (Li, Goodchild and Church 2013, doi:10.1080/13658816.2012.752093).
    Empty polygons measure NaN.
    """
    shapes = np.asarray(shapely.normalize(polygons), dtype=object)
    rings, owner = _rings(shapes)
    area = np.asarray(shapely.area(shapes))
    centre = shapely.get_coordinates(shapely.centroid(shapes)) if len(shapes) else np.empty((0, 2))
    centres = np.full((len(shapes), 2), np.nan)
    centres[~shapely.is_empty(shapes)] = centre
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    x, y = (points - centres[owner[ring_of]]).T
    x0, y0, x1, y1 = x[:-1], y[:-1], x[1:], y[1:]
    moments = (x0 * y1 - x1 * y0) * (x0 * x0 + x0 * x1 + x1 * x1 + y0 * y0 + y0 * y1 + y1 * y1) / 12
    same = ring_of[:-1] == ring_of[1:]
    # Rings of a normalised polygon turn one way outside and the other way for holes, so holes subtract by themselves.
    inertia = np.abs(np.bincount(owner[ring_of[:-1][same]], weights=moments[same], minlength=len(shapes)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(area > 0, area * area / (2 * np.pi * inertia), np.nan))


def perimeter_compactness(polygons: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Measure 4πA/P² of each polygon (Polsby and Popper 1991); empty polygons measure NaN."""
    shapes = np.asarray(polygons, dtype=object)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(4 * np.pi * shapely.area(shapes) / shapely.length(shapes) ** 2)


def _rings(shapes: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """Every ring of every polygon, and the row of the shape that it belongs to."""
    parts, shape_of = shapely.get_parts(shapes, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    return rings, shape_of[part_of]
