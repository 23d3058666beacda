"""Seamless cover 无缝覆盖: codes, shapes, gaps, overlaps, pieces and necks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.measures import inertia_compactness, perimeter_compactness
from app.geo.places import Finding, Place, Value, community_place, grid_place
from app.geo.survey import Survey, Zone, bodies_of, largest_polygons, lonlat, neck_of, polygons_only

__all__ = ["check_codes", "check_cover", "check_forms", "check_pieces", "check_shapes"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

ROUNDING_M = 0.001
"""A millimetre along the whole outline is rounding, not a gap."""
THIN_M = 0.01
"""What is nowhere wider than twice this is thin."""
NECK_HALF_M = 1.0
BODY_M2 = 200.0
CRUMB_M2 = 1.0
LEAST_M2 = 0.01
"""What is wider than 2 cm counts at least this, so that rounding does not hide it."""
SLIVER_M2 = 500.0

INVALID_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "Self-intersection": "边线自相交",
        "Ring Self-intersection": "边线自相接",
        "Too few points in geometry component": "点数不足",
        "Hole lies outside shell": "洞在外边线之外",
        "Holes are nested": "洞中有洞",
        "Nested shells": "两块图形相套",
        "Duplicate Rings": "边线重复",
        "Interior is disconnected": "内部不连通",
        "Invalid Coordinate": "坐标无效",
        "empty, no polygon or far away": "为空、不是面或远离本社区",
    }
)
"""What GEOS finds wrong with a polygon, in Chinese."""


def check_codes(survey: Survey) -> Finding:
    """Find repeated grid codes, grids of no known community, and communities without a grid."""
    repeated = np.flatnonzero(pd.Series(survey.grid_codes).duplicated().to_numpy()).tolist()
    stray = np.flatnonzero(survey.grid_community < 0).tolist()
    orphans = [row for row, members in enumerate(survey.members()) if not len(members)]
    taken = "网格编码与前面的网格重复", "its code is already taken"
    homeless = "所属社区编码不在社区图层中", "no community bears its community code"
    empty = "社区没有任何网格", "the community has no grid"
    places = [
        *(grid_place(survey, "duplicate_codes", row, *taken) for row in repeated),
        *(grid_place(survey, "unknown_community", row, *homeless) for row in stray),
        *(community_place(survey, "orphan_communities", row, *empty) for row in orphans),
    ]
    values: dict[str, Value] = {
        "communities": len(survey.community_codes),
        "grids": len(survey.grid_codes),
        "duplicate_codes": len(repeated),
        "unknown_community": len(stray),
        "orphan_communities": len(orphans),
    }
    return Finding(values, places)


def check_shapes(survey: Survey) -> Finding:
    """Find grids that are no sound polygon as written."""
    unsound = np.flatnonzero(survey.unsound).tolist()
    places = []
    for row in unsound:
        en = str(shapely.is_valid_reason(survey.grids_drawn[row])).split("[")[0].strip()
        if en == "Valid Geometry":
            en = "empty, no polygon or far away"
        zh = INVALID_WORDS.get(en, en)
        places.append(grid_place(survey, "invalid", row, f"图形无效：{zh}", f"its geometry is invalid: {en}"))
    return Finding({"invalid": len(unsound)}, places)


def check_cover(survey: Survey) -> Finding:
    """Measure gaps, spills and overlaps of each community, beyond rounding or wider than 2 cm anywhere."""
    totals = dict.fromkeys(("gap_m2", "spill_m2", "overlap_m2"), 0.0)
    places: list[Place] = []
    members = survey.members()
    for zone in survey.zones:
        for home in zone.communities:
            rows, outline = members[home], survey.communities[home]
            mine = survey.grids[rows]
            union = shapely.union_all(mine)
            rounding = ROUNDING_M * outline.length
            for promise, beyond, words in (
                ("gap_m2", shapely.difference(outline, union), ("不在任何网格内", "in no grid")),
                ("spill_m2", shapely.difference(union, outline), ("越出社区界线", "outside the community")),
            ):
                if beyond.area > rounding or not _is_thin(beyond):
                    totals[promise] += max(beyond.area - rounding if beyond.area > rounding else beyond.area, LEAST_M2)
                    code = str(survey.community_codes[home])
                    places += _area_places(promise, code, beyond, zone, words)
            twice = float(shapely.area(mine).sum() - union.area)
            if twice > rounding:
                totals["overlap_m2"] += twice - rounding
                places += _overlap_places(survey, rows, zone)
    return Finding({name: round(float(total), 2) for name, total in totals.items()}, places)


def _is_thin(shape: shapely.Geometry) -> bool:
    return bool(shape.is_empty or shapely.is_empty(shapely.buffer(shape, -THIN_M)))


def _area_places(
    promise: str, code: str, area: shapely.Geometry, zone: Zone, words: tuple[str, str]
) -> Iterable[Place]:
    """Point into the parts of an area, largest first: all that are wider than 2 cm, or the largest where none is."""
    parts = shapely.get_parts(area)
    parts = parts[np.argsort(-shapely.area(parts), kind="stable")]
    wide = ~shapely.is_empty(shapely.buffer(parts, -THIN_M))
    shown = parts[wide] if wide.any() else parts[:1]
    sizes = shapely.area(shown)
    for (x, y), size in zip(lonlat(shapely.point_on_surface(shown), zone.crs), sizes, strict=True):
        yield Place(promise, code, x, y, float(size), f"{size:,.1f} ㎡{words[0]}", f"{size:,.1f} m² {words[1]}")


def _overlap_places(survey: Survey, rows: Indices, zone: Zone) -> Iterable[Place]:
    shapes = survey.grids[rows]
    first, second = STRtree(shapes).query(shapes, predicate="intersects")
    first, second = first[first < second], second[first < second]
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    common = polygons_only(shapely.intersection(shapes[first], shapes[second]))
    for k in np.flatnonzero(shapely.area(common) > 0):
        if _is_thin(common[k]):
            continue
        codes = survey.grid_codes[rows[first[k]]], survey.grid_codes[rows[second[k]]]
        words = f"同属网格 {codes[0]} 和 {codes[1]}", f"in both {codes[0]} and {codes[1]}"
        yield from _area_places("overlap_m2", str(codes[0]), common[k], zone, words)


def check_pieces(survey: Survey) -> Finding:
    """Find grids in pieces, and grids that fall in two when a metre is taken off their edge.

    A community in parts may have a grid that holds a whole part more, so its grids are judged part by part; where the
    community has a neck of its own its grids may have one.
    """
    parts, home_of = shapely.get_parts(survey.communities, return_index=True)
    in_parts = np.bincount(home_of[shapely.area(parts) > CRUMB_M2], minlength=len(survey.communities)) > 1
    necked = np.zeros(len(survey.communities) + 1, bool)
    necked[home_of[bodies_of(parts, NECK_HALF_M, BODY_M2) > 1]] = True  # the last row stands for no community
    split_home = (survey.grid_community >= 0) & np.append(in_parts, False)[survey.grid_community]

    pieces, owner = [survey.grids[~split_home]], [np.flatnonzero(~split_home)]
    for row in np.flatnonzero(split_home).tolist():
        own = parts[home_of == survey.grid_community[row]]
        pieces.append(shapely.intersection(survey.grids[row], own))
        owner.append(np.full(len(own), row))
    piece, piece_grid = np.concatenate(pieces), np.concatenate(owner)
    crumbs, piece_of = shapely.get_parts(piece, return_index=True)
    in_pieces = np.bincount(piece_of[shapely.area(crumbs) > CRUMB_M2], minlength=len(piece)) > 1
    several = ~split_home & (shapely.get_num_geometries(survey.grids_drawn) != 1)
    with_neck = (bodies_of(piece, NECK_HALF_M, BODY_M2) > 1) & ~necked[survey.grid_community[piece_grid]]

    torn = np.flatnonzero(several) if several.any() else piece_grid[in_pieces]
    torn_rows = np.unique(np.concatenate([np.flatnonzero(several), piece_grid[in_pieces]])).tolist()
    places = [place for row in torn_rows for place in _torn_places(survey, row)]
    for k in np.flatnonzero(with_neck).tolist():
        row = int(piece_grid[k])
        neck = neck_of(piece[k], NECK_HALF_M, BODY_M2)
        if neck is not None:
            x, y = lonlat(np.array([neck]), survey.zone_of_grid(row).crs)[0]
            words = "网格在此只以不足2米的细颈相连", "the grid is joined here by less than 2 m"
            places.append(Place("necks", str(survey.grid_codes[row]), x, y, 1, *words))
    return Finding({"multipart": len(torn), "necks": int(with_neck.sum())}, places)


def _torn_places(survey: Survey, row: int) -> Iterable[Place]:
    """Point into the pieces of a grid beside its largest."""
    parts = shapely.get_parts(survey.grids[row])
    parts = parts[np.argsort(-shapely.area(parts), kind="stable")][1:]
    code = str(survey.grid_codes[row])
    if not len(parts):
        yield grid_place(survey, "multipart", row, "网格由多个图形组成", "the grid is drawn in several pieces")
        return
    sizes = shapely.area(parts)
    for (x, y), size in zip(lonlat(shapely.point_on_surface(parts), survey.zone_of_grid(row).crs), sizes, strict=True):
        words = (
            f"网格不连片，此处另有一块 {size:,.1f} ㎡",
            f"the grid is not of one piece: {size:,.1f} m² lie here apart",
        )
        yield Place("multipart", code, x, y, float(size), *words)


def check_forms(survey: Survey) -> Finding:
    """Measure how compact grids are, and find those under 500 m²."""
    polygons = largest_polygons(survey.grids)
    areas = shapely.area(polygons)
    solid = polygons[areas > CRUMB_M2]
    values: dict[str, Value] = {
        "slivers": int((areas < SLIVER_M2).sum()),
        "compact_mi": round(float(inertia_compactness(solid).mean()), 4) if len(solid) else None,
        "compact_pp": round(float(perimeter_compactness(solid).mean()), 4) if len(solid) else None,
    }
    places = []
    for row in np.flatnonzero(areas < SLIVER_M2).tolist():
        words = f"网格仅 {areas[row]:,.0f} ㎡", f"the grid has only {areas[row]:,.0f} m²"
        places.append(grid_place(survey, "slivers", row, *words, amount=float(areas[row])))
    return Finding(values, places)
