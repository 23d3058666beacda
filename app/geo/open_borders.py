"""Borders over open ground that an official refuses: zig-zags, and grids whose four sides cannot be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.census import Census, households_in
from app.geo.crs import project
from app.geo.edges import match_edges, measure_borders
from app.geo.hits import Rejection, Words, explain, make_hit, place_of
from app.geo.landmarks import SERVES_M, TOLD_M, Landmarks, find_landmarks
from app.geo.layers import Layers
from app.geo.places import plain
from app.geo.rules import Rules
from app.geo.streets import BarrierLines, collect_barriers
from app.geo.survey import Statements, Survey, Zone, largest_polygons, polygons_only
from app.geo.wholes import name_wholes
from app.geo.zigzags import Chord, Dwellings, find_handover, is_zigzag, measure_chord, straighten_fully

__all__ = ["Stretch", "check_untold_sides", "check_zigzags", "open_stretches"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

OPEN_SHARE = 0.6
FEW_SERVE = 0.25
WELL_TOLD = 0.6
BESIDE_M = 0.5
LONGER = 1.05
"""A border that is longer than the shortest by more than this was not drawn as straight as it could be."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of border over open ground, in metres, and the grids beside it."""

    zone: Zone
    line: shapely.Geometry
    grids: tuple[int, ...]


def open_stretches(survey: Survey, borders: gpd.GeoDataFrame, layers: Layers) -> list[Stretch]:
    """Join what the borders file calls open, or what the streets and barriers leave open, into stretches."""
    lines_of: list[tuple[Zone, Geometries]]
    if len(borders):
        drawn = borders[(borders["barrier"] == "open").to_numpy(bool)]
        row_of = {str(code): row for row, code in enumerate(survey.grid_codes)}
        left = np.array([row_of[str(code)] for code in drawn["left_grid"]], dtype=np.int64)
        lines = np.asarray(drawn.geometry.array, dtype=object)
        lines_of = [(zone, project(lines[np.isin(left, zone.grids)], zone.crs)) for zone in survey.zones]
    else:
        measured = measure_borders(survey, match_edges(survey), layers.streets, layers.barriers)
        lines_of = [(zone, shapely.get_parts(border.open_ground)) for zone, border in measured]
    stretches = []
    for zone, lines in lines_of:
        merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.get_parts(lines))))
        middles = shapely.line_interpolate_point(merged, 0.5, normalized=True)
        order = np.lexsort(shapely.get_coordinates(middles).T)
        stretch, grid = STRtree(survey.grids[zone.grids]).query(middles, predicate="dwithin", distance=BESIDE_M)
        for k in order.tolist():
            beside = np.sort(zone.grids[grid[stretch == k]]).tolist()
            stretches.append(Stretch(zone, merged[k], tuple(beside)))
    return stretches


def check_zigzags(
    survey: Survey,
    census: Census,
    stretches: Iterable[Stretch],
    statements: Statements,
    layers: Layers,
    rules: Rules,
) -> Iterable[Rejection]:
    """Tell of borders that turn to and fro; explained where dwellings on both sides hold every straighter line off."""
    crooked = [stretch for stretch in stretches if is_zigzag(stretch.line)]
    if not crooked:
        return
    wholes = _wholes_to_keep(survey, census, layers, rules)
    for stretch in crooked:
        middle = shapely.line_interpolate_point(stretch.line, 0.5, normalized=True)
        metres = plain(round(stretch.line.length))
        words = (
            f"边界在楼间空地曲折 {metres} 米，现场难以指认",
            f"the border zig-zags over {metres} m of open ground where nobody can point at it",
        )
        hit = make_hit(
            survey,
            "zigzag",
            stretch.grids,
            place_of(stretch.zone, middle),
            float(stretch.line.length),
            words,
            ("手工调整：沿看得见的地物重画这段边界", "adjust by hand: draw it along what can be seen"),
        )
        known = len(stretch.grids) == 2 and len(layers.buildings) > 0 and not stretch.line.is_ring
        yield _hold_or_remedy(hit, survey, census, stretch, wholes, statements, rules) if known else hit


def _wholes_to_keep(
    survey: Survey, census: Census, layers: Layers, rules: Rules
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Name for each building the compound and the group that must not be cut."""
    buildings = layers.buildings
    return (
        name_wholes(survey, census, layers.compounds, buildings, rules, area_column="name", building_column="compound"),
        name_wholes(survey, census, layers.groups, buildings, rules, area_column="group", building_column="group"),
    )


def _hold_or_remedy(
    hit: Rejection,
    survey: Survey,
    census: Census,
    stretch: Stretch,
    wholes: tuple[NDArray[np.object_], ...],
    statements: Statements,
    rules: Rules,
) -> Rejection:
    """Explain a zig-zag by the dwellings that hold it, or say how it could be straight."""
    first, second = stretch.grids
    _, rows, shapes, _ = next(located for located in census.located if located[0] is stretch.zone)
    mine = np.isin(census.grid_of[rows], stretch.grids) & (census.households[rows] > 0)
    own = rows[mine]
    dwellings = Dwellings(
        shapes[mine], census.households[own], census.grid_of[own] == second, tuple(names[own] for names in wholes)
    )
    ground = shapely.union_all(survey.grids[[first, second]], grid_size=0.001)
    straight = straighten_fully(stretch.line, ground, dwellings.shapes)
    drawn, possible = plain(round(stretch.line.length)), plain(round(straight.length))
    if not is_zigzag(straight) or stretch.line.length > LONGER * straight.length:
        return replace(
            hit,
            remedy_zh=f"手工调整：不动任何住宅即可更直，由 {drawn} 米缩为 {possible} 米",
            remedy_en=f"adjust by hand: it can be straighter with every dwelling where it is, {possible} m for {drawn}",
        )
    codes = [str(survey.grid_codes[row]) for row in (first, second)]
    counted = census.counted[[first, second]]

    def fits(more: float) -> bool:
        after = counted + np.array([-more, more])
        return bool((_outside(after, rules) <= _outside(counted, rules)).all())

    handed = None if statements.special[[first, second]].any() else find_handover(straight, ground, dwellings, fits)
    if handed is not None:
        return _hand_over(hit, dwellings, handed, codes, counted)
    chord = measure_chord(straight, dwellings)
    holding = chord.cut + chord.passed
    if not holding:
        return hit
    crossed_zh, crossed_en = _chord_words(chord)
    zh = (
        f"由 {holding} 栋住宅夹定：两端直连要{crossed_zh}；"
        f"不动住宅最短 {possible} 米（现 {drawn} 米），仍要曲折，在户数限内移交近旁少数楼栋也取不直"
    )
    en = (
        f"held by {_dwellings(holding)}: a straight line would {crossed_en}; the shortest that leaves each where it is "
        f"has {possible} m (now {drawn}) and still turns to and fro, and so it does with a few dwellings near it given "
        f"away within the band"
    )
    return explain(hit, (zh, en))


def _chord_words(chord: Chord) -> Words:
    """Say what a straight line would cut, and what it would pass to the other side."""
    zh, en = [], []
    if chord.cut:
        zh.append(f"切开 {chord.cut} 栋")
        en.append(f"cut {chord.cut}")
    if chord.passed:
        households = plain(chord.passed_households)
        zh.append(f"把 {chord.passed} 栋（{households} 户）划到另一侧")
        en.append(f"pass {chord.passed} of {households} households to the other side")
    return "、".join(zh), " and ".join(en)


def _hand_over(
    hit: Rejection, dwellings: Dwellings, rows: Indices, codes: Sequence[str], counted: Numbers
) -> Rejection:
    """Say which dwellings the other grid would have to take."""
    zh, en, after = [], [], counted.copy()
    for takes_second in (False, True):
        given = rows[dwellings.in_second[rows] != takes_second]
        if len(given):
            households = float(dwellings.households[given].sum())
            after += np.array([-households, households]) if takes_second else np.array([households, -households])
            zh.append(f"把 {len(given)} 栋（{plain(households)} 户）划给 {codes[takes_second]}")
            en.append(f"give {_dwellings(len(given))} of {plain(households)} households to {codes[takes_second]}")
    then = [plain(number) for number in after]
    return replace(
        hit,
        remedy_zh=f"手工调整：{'，'.join(zh)}，边界即可取直，两格为 {then[0]} 户和 {then[1]} 户",
        remedy_en=f"adjust by hand: {', '.join(en)}, and it runs straight, with {then[0]} and {then[1]} households",
    )


def _dwellings(count: int) -> str:
    return "1 dwelling" if count == 1 else f"{count} dwellings"


def _outside(households: Numbers, rules: Rules) -> Numbers:
    """Tell how far numbers of households are from the band."""
    return np.maximum(np.maximum(rules.min_households - households, households - rules.max_households), 0)


def check_untold_sides(
    survey: Survey,
    census: Census,
    stretches: Sequence[Stretch],
    grids: gpd.GeoDataFrame,
    layers: Layers,
    rules: Rules,
) -> Iterable[Rejection]:
    """Tell of grids most of whose outline is open ground; explained where nothing near could serve instead.

    Where the plan writes the four sides, one of them has to name nothing but open ground.
    """
    open_m = np.zeros(len(survey.grids))
    for stretch in stretches:
        open_m[list(stretch.grids)] += stretch.line.length
    outline_m = shapely.length(shapely.get_exterior_ring(largest_polygons(survey.grids)))
    untold = _with_open_side(grids) & (open_m > OPEN_SHARE * outline_m)
    for zone, rows, shapes, points in census.located:
        mine = zone.grids[untold[zone.grids]]
        if not len(mine):
            continue
        lines = collect_barriers(zone.in_metres(layers.streets), zone.in_metres(layers.barriers), rules.hard_barriers)
        drawn = polygons_only(zone.in_metres(layers.compounds).geometry.to_numpy())
        lived_in = shapes[census.households[rows] > 0]
        for row in mine.tolist():
            faces = _faces(survey, row, lines, drawn)
            households = households_in(faces, points, census.households[rows])
            border = np.array([stretch.line for stretch in stretches if row in stretch.grids], dtype=object)
            landmarks = find_landmarks(border, lines, faces, households, lived_in, rules)
            metres, share = plain(round(open_m[row])), f"{open_m[row] / outline_m[row]:.0%}"
            words = (
                f"四周 {share} 是楼间空地（共 {metres} 米），四至说不清",
                f"{share} of its outline is open ground ({metres} m): its four sides cannot be told",
            )
            inside = place_of(zone, shapely.point_on_surface(survey.grids[row]))
            hit = make_hit(
                survey, "sides_untold", (row,), inside, float(open_m[row]), words, _untold_remedy(landmarks, rules)
            )
            reason = _untold_reason(landmarks, float(open_m[row]), rules)
            yield hit if reason is None else explain(hit, reason)


def _faces(survey: Survey, row: int, lines: BarrierLines, compounds: Geometries) -> Geometries:
    """Cut the community of a grid along streets, other barriers and the outlines of compounds."""
    home = survey.grid_community[row]
    ground = survey.communities[home] if home >= 0 else survey.grids[row]
    near = np.concatenate([lines.geometry, shapely.boundary(compounds)])
    near = near[shapely.intersects(near, ground)]
    cut = shapely.union_all(np.append(shapely.intersection(near, ground), shapely.boundary(ground)))
    return np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(cut))))


def _untold_remedy(landmarks: Landmarks, rules: Rules) -> Words:
    """Name what could be the border instead."""
    metres, through, most = f"{landmarks.serving_m:.0f}", f"{landmarks.whole_m:.0f}", rules.max_households
    zh = f"（{'、'.join(landmarks.names)}）" if landmarks.names else ""
    en = f" ({', '.join(landmarks.names)})" if landmarks.names else ""
    zh = (
        f"手工调整或补绘巷道：{metres} 米近旁另有街巷、围墙或河渠{zh}，{through} 米穿过不超过 {most} 户、不必划开的街坊"
    )
    en = (
        f"adjust by hand, or draw missing lanes: {metres} m have a street, wall or water{en} near that could be the "
        f"border, {through} m run through blocks of at most {most} households that need not be divided"
    )
    return zh, en


def _untold_reason(landmarks: Landmarks, open_m: float, rules: Rules) -> Words | None:
    """Say why no street or other line could tell the sides of a grid, if that is so.

    Most of the border has to run inside a block above the maximum, where nothing serves: not near it, or at least not
    inside that block.
    """
    if landmarks.whole_m > FEW_SERVE * open_m:
        return None
    block, most, count = plain(landmarks.block_households), rules.max_households, landmarks.dwellings
    within_zh = f"；在 {block} 户的街坊内，超过 {most} 户，须在内部划开"
    within_en = f"; in a block of {block} households, over {most}, that has to be divided"
    if count:
        within_zh += f"；可按边界 {TOLD_M:.0f} 米内的 {count} 栋住宅指认"
        within_en += f"; {_dwellings(count)} within {TOLD_M:.0f} m to tell it by"
    if landmarks.serving_m < FEW_SERVE * open_m:
        near, metres = f"{SERVES_M:.0f}", f"{landmarks.serving_m:.0f}"
        zh = f"边界 {near} 米内没有可用的街巷、围墙、河渠或铁路（只及 {metres} 米）"
        en = f"no street, wall, water or rail within {near} m could be the border (only along {metres} m)"
        return zh + within_zh, en + within_en
    if landmarks.inner_m < FEW_SERVE * open_m and landmarks.told_m > WELL_TOLD * open_m:
        metres = f"{landmarks.inner_m:.0f}"
        zh = f"街坊内部没有可用的街巷、围墙（只及 {metres} 米）"
        en = f"no lane or wall inside the block could be the border (only along {metres} m)"
        return zh + within_zh, en + within_en
    return None


def _with_open_side(grids: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    columns = [f"sides_{side}" for side in ("east", "south", "west", "north")]
    if not set(columns) <= set(grids.columns):
        return np.ones(len(grids), bool)
    open_side = [
        [all(name.endswith("空地") for name in str(text).split("、")) for text in grids[side]] for side in columns
    ]
    return np.asarray(np.any(open_side, axis=0))
