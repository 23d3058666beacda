"""Addresses: 「人民大道12号」 in the county town, 「白鹤镇十字街5号」 in a town, 「柳溪村三组7号」 in a village."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

__all__ = ["address_buildings"]

NEAR_M = 320.0


def address_buildings(
    buildings: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, prefix: np.ndarray, compounds: gpd.GeoDataFrame
) -> np.ndarray:
    """Give every building an address: even numbers left of a street, odd ones right, one number a compound.

    Parameters
    ----------
    prefix
        By building: '' in the county town, the town's name in a town, None in a village.
    """
    named = streets[(streets.name != "") & (streets.tunnel == "") & (streets.highway != "motorway")]
    lines, names = named.geometry.to_numpy(), named.name.to_numpy(object)
    tree = STRtree(lines)
    doors: dict[tuple[str, str], BaseGeometry] = {}
    door_of: list[tuple[str, str]] = []
    grounds = dict(zip(compounds.name, compounds.geometry, strict=True))
    for number, (shape, compound) in enumerate(zip(buildings.geometry, buildings.compound, strict=True)):
        door = ("compound", compound) if compound in grounds else ("building", str(number))
        door_of.append(door)
        doors.setdefault(door, grounds.get(compound, shape.centroid))
    keys = list(doors)
    shapes = np.array([doors[key] for key in keys], dtype=object)
    first = {key: number for number, key in reversed(list(enumerate(door_of)))}
    town = [prefix[first[key]] for key in keys]
    asking = np.array([k for k, name in enumerate(town) if name is not None])
    asked, line = tree.query_nearest(shapes[asking], max_distance=NEAR_M, all_matches=False)
    on_street: dict[str, list[tuple[float, int, int]]] = {}
    for k, street in zip(asking[asked].tolist(), line.tolist(), strict=True):
        middle = shapes[k].centroid
        foot = lines[street].interpolate(lines[street].project(middle))
        ahead = lines[street].interpolate(lines[street].project(middle) + 2)
        left = (ahead.x - foot.x) * (middle.y - foot.y) - (ahead.y - foot.y) * (middle.x - foot.x) > 0
        on_street.setdefault(f"{town[k]}{names[street]}", []).append((round(foot.x + foot.y * 0.37, 1), k, int(left)))
    address: dict[tuple[str, str], str] = {}
    for street, found in sorted(on_street.items()):
        taken = [0, 0]
        for _, k, left in sorted(found):
            taken[left] += 1
            address[keys[k]] = f"{street}{2 * taken[left] - (0 if left else 1)}号"
    result = [address.get(door, "") for door in door_of]
    counts: dict[str, int] = {}
    for number, group in enumerate(buildings.group):
        if not result[number] and group:
            counts[group] = counts.get(group, 0) + 1
            result[number] = f"{group}{counts[group]}号"
    return np.array(result, dtype=object)
