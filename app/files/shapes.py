"""Geometries as people drew them: refused where they cannot be what they should, tidied and counted where they can."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from app.files.contents import Table
from app.files.messages import Findings, listed
from app.geo.crs import metres_per_unit, to_degrees
from app.geo.layers import Contract

__all__ = ["check_place", "polygonal", "tidy_shapes"]

Shapes = NDArray[np.object_]

KINDS = {
    "point": (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT),
    "line": (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING),
    "polygon": (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON),
}
KIND_WORDS = {"point": "点", "line": "线", "polygon": "面"}
TYPE_WORDS = ("点", "线", "环", "面", "多点", "多线", "多面", "几何集合")

REASON_WORDS = {
    "Self-intersection": "自相交",
    "Ring Self-intersection": "环自相交",
    "Too few points in geometry component": "顶点太少",
    "Hole lies outside shell": "洞在外环之外",
    "Holes are nested": "洞中有洞",
    "Nested shells": "面套着面",
    "Interior is disconnected": "内部不连通",
    "Duplicate Rings": "环重复",
    "Invalid Coordinate": "坐标不是数值",
    "Ring is not closed": "环未闭合",
}

_CHINESE_ZONES = (*range(13, 24), *range(25, 46))

MENDED_AREA_SHARE = 0.01
CRUMB_M2 = 1.0
DEGREES_AROUND_AREA = 3.0
"""How far from the area of use of a projection data may lie: cities on the edge of a zone use one zone for all."""


def tidy_shapes(
    table: Table, contract: Contract, labels: Sequence[str], findings: Findings, *, mend: bool
) -> gpd.GeoSeries:
    """Return the shapes of a layer in their own CRS: of the right kind, 2D, without repeated vertices, valid.

    The index says from which row each came; lines of layers that are taken apart come one by one, and lines of no
    length are left out.

    Raises
    ------
    InputError
        With every missing, empty, wrong or, unless `mend`, invalid shape.
    """
    missing = shapely.is_missing(table.shapes)
    findings.refuse_rows("geometry_missing", np.flatnonzero(missing), labels)
    findings.refuse_rows("geometry_empty", np.flatnonzero(shapely.is_empty(table.shapes) & ~missing), labels)
    findings.settle()
    _check_kinds(table.shapes, contract, labels, findings)
    findings.settle()
    has_height = np.full(len(labels), True) if table.measured else shapely.has_z(table.shapes)
    findings.note("z_dropped", int(has_height.sum()))
    findings.refuse_rows("geometry_broken", _rows_not_finite(table.shapes), labels)
    findings.settle()
    shapes = shapely.force_2d(table.shapes)
    tidy = shapely.remove_repeated_points(shapes, 0.0)
    repeated = shapely.get_num_coordinates(tidy) < shapely.get_num_coordinates(shapes)
    findings.note("repeated_vertices", int(repeated.sum()))
    check_place(tidy, table.crs, labels, findings)
    findings.settle()
    if contract.layer != "grids":  # invalid grids are a finding of the check they are handed in for
        tidy = _check_validity(tidy, table.crs, labels, findings, mend=mend)
    findings.settle()
    return _take_apart(tidy, table.crs, contract, findings)


def _rows_not_finite(shapes: Shapes) -> NDArray[np.int64]:
    xy, row = shapely.get_coordinates(shapes, return_index=True)
    return np.unique(row[~np.isfinite(xy).all(axis=1)])


def _check_kinds(shapes: Shapes, contract: Contract, labels: Sequence[str], findings: Findings) -> None:
    types = shapely.get_type_id(shapes)
    single_point = (types == shapely.GeometryType.MULTIPOINT) & (shapely.get_num_geometries(shapes) != 1)
    wrong = ~np.isin(types, [kind for shape in contract.shapes for kind in KINDS[shape]]) | single_point

    def words(row: int) -> dict[str, str]:
        return {
            "found": TYPE_WORDS[types[row]],
            "found_en": shapely.GeometryType(types[row]).name.lower(),
            "expected": "或".join(KIND_WORDS[shape] for shape in contract.shapes),
            "expected_en": " or ".join(contract.shapes),
        }

    if wrong.all():
        findings.refuse("geometry_type", **words(0))
    else:
        findings.refuse_rows("geometry_type", np.flatnonzero(wrong), labels, words)


def _check_validity(shapes: Shapes, crs: CRS, labels: Sequence[str], findings: Findings, *, mend: bool) -> Shapes:
    is_area = shapely.get_dimensions(shapes) == 2
    invalid = np.flatnonzero(is_area & ~shapely.is_valid(shapes))
    if not len(invalid):
        return shapes
    if not mend:

        def why(row: int) -> dict[str, Any]:
            reason, x, y = re.fullmatch(r"(.*?)\[(\S+) (\S+)\]", shapely.is_valid_reason(shapes[row])).groups()  # type: ignore[union-attr]
            place = to_degrees(gpd.GeoDataFrame(geometry=[shapely.Point(float(x), float(y))], crs=crs)).geometry[0]
            return {"reason": REASON_WORDS.get(reason, reason), "reason_en": reason, "lon": place.x, "lat": place.y}

        findings.refuse_rows("geometry_invalid", invalid, labels, why)
        return shapes
    mended = shapes.copy()
    whole = polygonal(shapely.make_valid(shapes[invalid], method="structure", keep_collapsed=False))
    mended[invalid] = _without_crumbs(whole, crs)
    findings.refuse_rows("geometry_beyond_mending", invalid[shapely.is_empty(mended[invalid])], labels)
    before, after = shapely.area(shapes[invalid]), shapely.area(mended[invalid])
    changed = np.abs(after - before) > MENDED_AREA_SHARE * np.maximum(before, after)
    apart = shapely.get_num_geometries(mended[invalid]) > shapely.get_num_geometries(shapes[invalid])
    for kind, which in (
        ("polygons_mended", np.full(len(invalid), True)),
        ("mending_lost_area", changed),
        ("mending_made_parts", apart),
    ):
        findings.note(kind, int(which.sum()), features=listed([labels[row] for row in invalid[which]]))
    return mended


def _without_crumbs(shapes: Shapes, crs: CRS) -> Shapes:
    """Return polygons without the parts under a square metre that mending leaves beside a larger one."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    m2 = shapely.area(parts) * metres_per_unit(crs) ** 2
    largest = np.zeros(len(shapes))
    np.maximum.at(largest, row, m2)
    lasting = (m2 >= CRUMB_M2) | (m2 == largest[row])
    first = np.searchsorted(row[lasting], np.arange(len(shapes) + 1))
    return np.array([_joined(parts[lasting][a:b]) for a, b in itertools.pairwise(first)], dtype=object)


def polygonal(shapes: Shapes) -> Shapes:
    """Return what is polygon in each shape, as Polygon or MultiPolygon; an empty polygon where nothing is."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    deeper, of_part = shapely.get_parts(parts, return_index=True)
    row = row[of_part]
    is_area = shapely.get_dimensions(deeper) == 2
    areas, first = deeper[is_area], np.searchsorted(row[is_area], np.arange(len(shapes) + 1))
    return np.array([_joined(areas[a:b]) for a, b in itertools.pairwise(first)], dtype=object)


def _joined(polygons: Shapes) -> shapely.Geometry:
    if len(polygons) == 1:
        return polygons[0]
    return shapely.multipolygons(polygons) if len(polygons) else shapely.Polygon()


def _take_apart(shapes: Shapes, crs: CRS, contract: Contract, findings: Findings) -> gpd.GeoSeries:
    parts, row = shapely.get_parts(shapes, return_index=True)
    if contract.single_parts:
        findings.note("parts_taken_apart", int((np.bincount(row, minlength=len(shapes)) > 1).sum()))
        lasting = (shapely.get_dimensions(parts) != 1) | (shapely.length(parts) > 0)
        findings.note("no_length", int((~lasting).sum()))
        return gpd.GeoSeries(parts[lasting], index=row[lasting], crs=crs)
    alone = np.bincount(row, minlength=len(shapes))[row] == 1
    simple = shapes.copy()
    simple[row[alone]] = parts[alone]
    return gpd.GeoSeries(simple, crs=crs)


def check_place(shapes: Shapes, crs: CRS, labels: Sequence[str], findings: Findings) -> None:
    """Refuse coordinates that their CRS cannot have, and say what is likely wrong: units, zone or axes."""
    bounds = shapely.bounds(shapes)
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    reach_x, reach_y = np.abs(bounds[:, [0, 2]]).max(axis=1), np.abs(bounds[:, [1, 3]]).max(axis=1)
    inside_world = (reach_x <= 180) & (reach_y <= 90)
    east, north = float(np.median(x)), float(np.median(y))
    example: dict[str, Any] = {"crs": crs.name, "x": east, "y": north}
    if crs.is_geographic:
        swapped_world = (reach_y <= 180) & (reach_x <= 90)
        at_home, swapped_home = _is_in_area(x, y, crs), _is_in_area(y, x, crs)
        if not inside_world.any() and not swapped_world.any():
            findings.refuse("crs_metres_as_degrees", **example)
        elif _mostly(swapped_world & swapped_home) and not _mostly(inside_world & at_home & (reach_y <= 84)):
            findings.refuse("axes_swapped", **example)
        else:
            _refuse_strays(~inside_world, x, y, crs, labels, findings)
    elif inside_world.all():
        findings.refuse("crs_degrees_as_metres", **example)
    else:
        at_home = _is_at_home(x, y, crs)
        if _mostly(at_home):
            _refuse_strays(~at_home, x, y, crs, labels, findings)
        elif _mostly(_is_at_home(y, x, crs)):
            findings.refuse("axes_swapped", **example)
        else:
            hint, hint_en = _zone_hint(east, north, crs)
            findings.refuse("crs_wrong_zone", **example, hint=hint, hint_en=hint_en)


def _refuse_strays(
    strays: NDArray[np.bool_], x: NDArray[Any], y: NDArray[Any], crs: CRS, labels: Sequence[str], findings: Findings
) -> None:
    findings.refuse_rows(
        "coordinate_outside", np.flatnonzero(strays), labels, lambda row: {"x": x[row], "y": y[row], "crs": crs.name}
    )


def _mostly(those: NDArray[np.bool_]) -> bool:
    return bool(those.mean() > 0.5)


def _is_in_area(lon: NDArray[Any], lat: NDArray[Any], crs: CRS) -> NDArray[np.bool_]:
    """Tell which points lie in the area of use of a CRS, or close to it; anywhere, where none is known."""
    area = crs.area_of_use
    if area is None or area.east < area.west:
        return np.asarray(np.isfinite(lon) & (np.abs(lat) <= 90))
    around = DEGREES_AROUND_AREA
    in_lon = (lon >= area.west - around) & (lon <= area.east + around)
    return np.asarray(in_lon & (lat >= area.south - around) & (lat <= area.north + around))


def _is_at_home(x: NDArray[Any], y: NDArray[Any], crs: CRS) -> NDArray[np.bool_]:
    lon, lat = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(x, y)
    return _is_in_area(lon, lat, crs)


def _zone_hint(x: float, y: float, crs: CRS) -> tuple[str, str]:
    """Read the zone number that precedes Chinese eastings (39 500 000 lies in zone 39), in the data or in the CRS.

    Zones 25 to 45 are those of 3 degrees, 13 to 23 those of 6.
    """
    if not 0 < y < 6_500_000:
        return "", ""
    zone, declared = int(x // 1_000_000), _zone_of(crs)
    if zone in _CHINESE_ZONES:
        code = 4513 + zone - 25 if zone >= 25 else 4491 + zone - 13
        return (
            f"；横坐标带有带号 {zone}，像是 EPSG:{code}",
            f"; its eastings carry zone number {zone}, as in EPSG:{code}",
        )
    if zone == 0 and declared in _CHINESE_ZONES:
        code = 4534 + declared - 25 if declared >= 25 else 4502 + declared - 13
        return (
            f"；坐标系的横坐标应带带号 {declared}，数据却不带，像是 EPSG:{code}",
            f"; its reference system has zone number {declared} in eastings, the data have none, as in EPSG:{code}",
        )
    return "", ""


def _zone_of(crs: CRS) -> int:
    """Return the zone number that eastings of a CRS carry, 0 where they carry none."""
    operation = crs.coordinate_operation
    eastings = [float(p.value) for p in operation.params if p.name == "False easting"] if operation else []
    return int(eastings[0] // 1_000_000) if eastings else 0
