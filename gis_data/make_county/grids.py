"""Last year's grids, as offices drew them: whole groups in villages, ruler lines in towns, and their faults."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely import MultiPoint, STRtree
from shapely.geometry.base import BaseGeometry

from gis_data.make_county.country import numeral
from gis_data.make_county.county import County
from gis_data.make_county.land import cut_faces
from gis_data.make_county.plan import layer

__all__ = ["OldGrids", "draw_old_grids", "redraw"]

LOW, HIGH = 300, 500
HOUSEHOLDS_A_GRID = 410
TRIES = 10  # drawings of which an office kept the best
STALE = 6  # grids whose number of households was never brought up to date
GAP_M, OVERLAP_M = 26.0, 14.0


@dataclass(frozen=True)
class OldGrids:
    """The layer in metres, and what was done to it: codes by fault."""

    frame: gpd.GeoDataFrame
    faults: dict[str, list[str]]


def draw_old_grids(county: County, rng: np.random.Generator) -> OldGrids:
    """Draw last year's grids, then spoil a few on purpose."""
    frame = redraw(county, rng, per_grid=HOUSEHOLDS_A_GRID)
    spots, lived = _spots(county)
    tree = STRtree(spots)
    frame["households"] = _count(frame, lived, tree)
    return _spoil(_name(frame, county.layers["communities"]), lived, tree, rng)


def _spots(county: County) -> tuple[np.ndarray, np.ndarray]:
    buildings = county.layers["buildings"]
    return shapely.point_on_surface(buildings.geometry.to_numpy()), buildings["households"].to_numpy(float)


def redraw(county: County, rng: np.random.Generator, *, per_grid: int) -> gpd.GeoDataFrame:
    """Draw grids that cover every community: whole groups in villages, ruler lines between middles elsewhere."""
    communities, groups = county.layers["communities"], county.layers["groups"]
    spots, lived = _spots(county)
    tree = STRtree(spots)
    cells: list[tuple[str, BaseGeometry]] = []
    for code, outline, total, kind in zip(
        communities.community_code,
        communities.geometry,
        communities.households,
        communities.urban_rural_code,
        strict=True,
    ):
        mine = np.sort(tree.query(outline, predicate="contains"))
        mine = mine[lived[mine] > 0]
        count = max(1, round(total / per_grid + float(rng.uniform(-0.45, 0.45))))
        points = shapely.get_coordinates(spots[mine])
        centres = max(
            (_middles(points, lived[mine], count, rng) for _ in range(TRIES)),
            key=lambda middles, at=points, load=lived[mine]: _in_band(at, load, middles),
        )
        if kind in ("220", "112"):
            cells += [(code, shape) for shape in _join_groups(groups[groups.community_code == code], centres)]
        elif count == 1:
            cells.append((code, outline))
        else:
            fields = shapely.voronoi_polygons(MultiPoint(centres), extend_to=outline.buffer(400), ordered=True)
            cells += [(code, field) for field in shapely.get_parts(fields)]
    return _fit(cells, communities)


def _middles(points: np.ndarray, weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Find middles that share people evenly (weighted k-means, a dozen rounds)."""
    centres = points[rng.choice(len(points), count, replace=False, p=weights / weights.sum())]
    for _ in range(12):
        nearest = np.argmin(((points[:, None, :] - centres[None]) ** 2).sum(axis=2), axis=1)
        load = np.bincount(nearest, weights, count)
        for k in np.flatnonzero(load > 0):
            here = nearest == k
            centres[k] = (points[here] * weights[here, None]).sum(axis=0) / load[k]
    return centres


def _in_band(points: np.ndarray, weights: np.ndarray, centres: np.ndarray) -> int:
    nearest = np.argmin(((points[:, None, :] - centres[None]) ** 2).sum(axis=2), axis=1)
    load = np.bincount(nearest, weights, len(centres))
    return int(((load >= LOW) & (load <= HIGH)).sum())


def _join_groups(groups: gpd.GeoDataFrame, centres: np.ndarray) -> list[BaseGeometry]:
    """Join whole villagers' groups round each middle."""
    points = shapely.get_coordinates(shapely.point_on_surface(groups.geometry.to_numpy()))
    nearest = np.argmin(((points[:, None, :] - centres[None]) ** 2).sum(axis=2), axis=1)
    return [shapely.union_all(groups.geometry.to_numpy()[nearest == k]) for k in np.unique(nearest)]


def _fit(cells: list[tuple[str, BaseGeometry]], communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut all grids from one net with the communities, so that they cover them exactly."""
    outlines = dict(zip(communities.community_code, communities.geometry, strict=True))
    lines = [shape.boundary for shape in outlines.values()]
    lines += [shape.boundary.intersection(outlines[code].buffer(5)) for code, shape in cells]
    faces = cut_faces(lines)
    spots = shapely.point_on_surface(faces)
    face, row = STRtree(list(outlines.values())).query(spots, predicate="within")
    codes = np.array(list(outlines), dtype=object)
    home = np.full(len(faces), "", dtype=object)
    home[face] = codes[row]
    owner = np.full(len(faces), -1)
    for number, (code, shape) in enumerate(cells):
        shapely.prepare(shape)
        owner[(home == code) & shapely.contains(shape, spots)] = number
    for k in np.flatnonzero((owner < 0) & (home != "")):  # slivers beside hand-drawn lines
        same = [number for number, (code, _) in enumerate(cells) if code == home[k]]
        owner[k] = min(same, key=lambda number: (cells[number][1].distance(spots[k]), number))
    rows = [
        (cells[number][0], shapely.union_all(faces[owner == number]))
        for number in range(len(cells))
        if (owner == number).any()
    ]
    return layer(rows, ["community_code"])


def _count(frame: gpd.GeoDataFrame, lived: np.ndarray, tree: STRtree) -> np.ndarray:
    counts = np.zeros(len(frame))
    grid, building = tree.query(frame.geometry.to_numpy(), predicate="contains")
    np.add.at(counts, grid, lived[building])
    return counts.astype(int)


def _name(frame: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give codes west to east, north to south within each community; offices write names as they please."""
    names = dict(zip(communities.community_code, communities.name, strict=True))
    middle = shapely.get_coordinates(shapely.point_on_surface(frame.geometry.to_numpy()))
    order = pd.DataFrame({"code": frame.community_code, "x": (middle[:, 0] / 50).round(), "y": -middle[:, 1].round()})
    frame = frame.iloc[order.sort_values(["code", "x", "y"]).index].reset_index(drop=True)
    serial = frame.groupby("community_code").cumcount() + 1
    frame["grid_code"] = [f"{code}{number:03d}" for code, number in zip(frame.community_code, serial, strict=True)]
    frame["name"] = [
        (f"第{numeral(number)}网格", f"{number}网格", f"{names[code]}第{numeral(number)}网格")[int(code[6:9]) % 3]
        for code, number in zip(frame.community_code, serial, strict=True)
    ]
    frame["kind"] = "general"
    return frame[["grid_code", "name", "kind", "community_code", "households", "geometry"]]


def _spoil(frame: gpd.GeoDataFrame, lived: np.ndarray, tree: STRtree, rng: np.random.Generator) -> OldGrids:
    """Leave a gap, an overlap, a double grid and stale numbers; list what is out of band."""
    shapes = frame.geometry.to_numpy().copy()
    urban = np.flatnonzero(frame.community_code.str.slice(6, 9).isin(["001", "002", "003"]))
    faults: dict[str, list[str]] = {}
    one, other = _pair(shapes, frame.community_code.to_numpy(object), urban, skip=set())
    strip = shapes[one].intersection(shapes[other].buffer(GAP_M, cap_style="flat"))
    shapes[one] = _largest(shapes[one].difference(strip))
    faults["gap"] = [frame.grid_code[one], frame.grid_code[other]]
    third, fourth = _pair(shapes, frame.community_code.to_numpy(object), urban, skip={one, other})
    outline = shapely.union_all(shapes[(frame.community_code == frame.community_code[third]).to_numpy()])
    shapes[third] = _largest(shapes[third].buffer(OVERLAP_M, join_style="mitre").intersection(outline))
    under = [k for k in range(len(shapes)) if k != third and shapes[k].intersection(shapes[third]).area > 1]
    faults["overlap"] = [frame.grid_code[k] for k in (third, *under)]
    frame = frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs))
    fifth, sixth = _pair(shapes, frame.community_code.to_numpy(object), urban, skip={one, other, third, fourth})
    shapes[fifth] = shapely.union_all([shapes[fifth], shapes[sixth]])
    faults["double"] = [frame.grid_code[fifth]]
    frame = frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs)).drop(index=sixth).reset_index(drop=True)
    frame["households"] = _count(frame, lived, tree)
    faults["out_of_band"] = sorted(frame.grid_code[(frame.households < LOW) | (frame.households > HIGH)])
    stale = sorted(rng.choice(len(frame), STALE, replace=False).tolist())
    frame.loc[stale, "households"] = (frame.households[stale] * rng.uniform(0.86, 0.95, STALE)).round().astype(int)
    faults["stale_households"] = sorted(frame.grid_code[stale])
    return OldGrids(frame, faults)


def _pair(shapes: np.ndarray, codes: np.ndarray, among: np.ndarray, skip: set[int]) -> tuple[int, int]:
    """Find two grids of a community that lie side by side, in a community where nothing was done yet."""
    done = {codes[k] for k in skip}
    for one in among.tolist():
        if codes[one] in done:
            continue
        for other in among.tolist():
            if other > one and codes[other] == codes[one]:
                common = shapes[one].boundary.intersection(shapes[other].boundary).length
                if common > 150:
                    return one, other
    raise LookupError("no two grids lie side by side")


def _largest(shape: BaseGeometry) -> BaseGeometry:
    return max(shapely.get_parts(shape), key=lambda part: part.area)
