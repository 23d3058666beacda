"""The rejection check: what makes an official refuse a border that a machine drew, each hit with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

from app.geo.census import Census, count_households, households_in
from app.geo.crossings import crossed_barriers
from app.geo.crs import project
from app.geo.edges import barriers_on_ground, match_edges, measure_borders
from app.geo.layers import Layers
from app.geo.places import plain
from app.geo.rules import Rules
from app.geo.survey import (
    Statements,
    Survey,
    Zone,
    bodies_of,
    largest_polygons,
    lonlat,
    neck_of,
    polygons_only,
    read_statements,
    survey_grids,
)
from app.geo.wholes import Whole, cut_wholes

__all__ = ["REJECTION_WORDS", "Rejection", "check_rejections", "is_zigzag"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.float64]

REJECTION_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "compound_cut": ("小区被拆分", "a compound is cut"),
        "group_cut": ("居民小组被拆分", "a residents' group is cut"),
        "barrier_crossed": ("网格跨越硬边界", "a grid lies on both sides of a hard barrier"),
        "zigzag": ("边界在楼间曲折", "a border zig-zags between buildings"),
        "neck": ("网格有细颈", "a grid has a thin neck"),
        "strip": ("孤立的狭长地带", "a narrow strip is orphaned"),
        "sides_untold": ("四至说不清", "the four sides cannot be told"),
    }
)
"""What is looked for, in Chinese and English, in the order of reports."""

REASON_MENTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "barrier_crossed": ("跨", "铁路", "河道", "高速公路", "快速路"),
        "zigzag": ("曲折", "绕行"),
        "neck": ("细颈", "狭窄"),
        "strip": ("狭长",),
        "sides_untold": ("四至", "空地"),
    }
)
"""A grid's reason explains a hit where it speaks of one of these."""

TURN = float(np.radians(30))
"""A bend that an eye follows as a corner."""
JITTER_M = 1.5
"""A border that strays less than this from a straight line is straight to whoever walks it."""
SHORT_LEG_M = 40.0
MOST_REVERSALS = 2
DETOUR = 1.35
DETOUR_TURNS = 3
SHORTEST_ZIGZAG_M = 60.0
NECK_HALF_M = 2.0
BODY_M2 = 200.0
STRIP_HALF_M = 7.0
STRIP_M2 = 600.0
STRIP_LONG_M = 60.0
OPEN_SHARE = 0.6
SERVES_M = 60.0
"""A street this near to a border over open ground might have served instead."""
FEW_SERVE = 0.25
BESIDE_M = 0.5


@dataclass(frozen=True)
class Rejection:
    """What an official would refuse, where, and whether the plan says why it is so.

    `kind` is a key of `REJECTION_WORDS`; `amount` is in households for cuts and crossings, in metres for the others.
    """

    kind: str
    grid_codes: tuple[str, ...]
    longitude: float
    latitude: float
    amount: float
    words_zh: str
    words_en: str
    explained: bool
    reason: str


def check_rejections(
    grids: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, layers: Layers, rules: Rules
) -> tuple[Rejection, ...]:
    """Look for what makes an official refuse a border, and whether a reason of the plan explains it.

    Parameters
    ----------
    grids
        Of a plan file, or drawn by hand.
    borders
        Of the same plan file; where it is empty, borders over open ground are found from the streets and barriers.
    layers
        What was divided.
    rules
        The band, and the hard barriers.
    """
    survey = survey_grids(grids, layers.communities)
    statements = read_statements(grids)
    census = count_households(survey, statements, layers.buildings)
    stretches = _open_stretches(survey, borders, layers)
    hits = [
        *_cut_compounds(survey, census, layers, rules),
        *_cut_groups(survey, census, layers, rules),
        *_crossings(survey, census, layers, rules),
        *_zigzags(survey, stretches),
        *_necks(survey),
        *_strips(survey, census),
        *_untold_sides(survey, stretches, grids, layers),
    ]
    return tuple(_with_reasons(hits, survey, statements))


def _with_reasons(hits: Iterable[Rejection], survey: Survey, statements: Statements) -> Iterable[Rejection]:
    """Mark as explained what the reason of a grid involved speaks of."""
    row_of = {str(code): row for row, code in enumerate(survey.grid_codes)}
    for hit in hits:
        if hit.explained or statements.reasons is None:
            yield hit
            continue
        mentions = (hit.reason,) if hit.reason else REASON_MENTIONS.get(hit.kind, ())
        reasons = [str(statements.reasons[row_of[code]]) for code in hit.grid_codes]
        said = next((reason for reason in reasons if any(word in reason for word in mentions)), "")
        yield replace(hit, explained=bool(said), reason=said)


def _cut_compounds(survey: Survey, census: Census, layers: Layers, rules: Rules) -> Iterable[Rejection]:
    """Tell of cut compounds; one above the maximum has to be cut, a smaller one has not."""
    cut = cut_wholes(survey, census, layers.compounds, layers.buildings, area_column="name", building_column="compound")
    for whole in cut:
        over = whole.households > rules.max_households
        why = f"小区 {plain(whole.households)} 户，超过 {rules.max_households} 户，一区多格" if over else ""
        yield _cut_rejection(survey, "compound_cut", whole, ("小区", "compound"), explained=over, why=why)


def _cut_groups(survey: Survey, census: Census, layers: Layers, rules: Rules) -> Iterable[Rejection]:
    """Tell of cut groups; one above the maximum has to be cut, a smaller one has not."""
    cut = cut_wholes(survey, census, layers.groups, layers.buildings, area_column="group", building_column="group")
    for whole in cut:
        over = whole.households > rules.max_households
        why = f"小组 {plain(whole.households)} 户，超过 {rules.max_households} 户" if over else ""
        yield _cut_rejection(survey, "group_cut", whole, ("居民小组", "residents' group"), explained=over, why=why)


def _cut_rejection(
    survey: Survey, kind: str, whole: Whole, word: tuple[str, str], *, explained: bool, why: str
) -> Rejection:
    codes = tuple(str(survey.grid_codes[row]) for row in whole.grids)
    title, number = whole.name or "未命名", plain(whole.households)
    return Rejection(
        kind,
        codes,
        *whole.place,
        whole.households,
        f"{word[0]}“{title}”（{number} 户）被分在网格 {'、'.join(codes)}",
        f"{word[1]} “{title}” of {number} households is held by grids {', '.join(codes)}",
        explained,
        why or whole.name,
    )


def _crossings(survey: Survey, census: Census, layers: Layers, rules: Rules) -> Iterable[Rejection]:
    words = {"river": ("河道", "a river"), "railway": ("铁路", "a railway"), "motorway": ("快速路", "a motorway")}
    for crossing in crossed_barriers(survey, census, layers, rules):
        zh, en = words.get(crossing.hard, ("主干道", "a main street"))
        there = plain(crossing.households_beyond)
        if crossing.way is None:
            by_zh, by_en = "且无路相通", "and no street leads across"
        else:
            by_zh = f"通行处在{crossing.way or '无名道路'}"
            by_en = f"crossed by {crossing.way or 'an unnamed street'}"
        yield Rejection(
            "barrier_crossed",
            (str(survey.grid_codes[crossing.grid]),),
            *crossing.place,
            crossing.households_beyond,
            f"网格跨{crossing.name or zh}两侧，另一侧有 {there} 户，{by_zh}",
            f"the grid lies on both sides of {crossing.name or en}, {there} households beyond it, {by_en}",
            explained=crossing.side_alone is not None,
            reason=""
            if crossing.side_alone is None
            else f"社区在其一侧共 {plain(crossing.side_alone)} 户，不能单独划出 "
            f"{rules.min_households}–{rules.max_households} 户的网格",
        )


@dataclass(frozen=True)
class _Stretch:
    """A stretch of border over open ground, in metres, and the grids beside it."""

    zone: Zone
    line: shapely.Geometry
    grids: tuple[int, ...]


def _open_stretches(survey: Survey, borders: gpd.GeoDataFrame, layers: Layers) -> list[_Stretch]:
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
            stretches.append(_Stretch(zone, merged[k], tuple(beside)))
    return stretches


def is_zigzag(line: shapely.Geometry) -> bool:
    """Tell whether nobody could point at a line over open ground: it turns to and fro, or wanders.

    Bends under 1.5 m off the straight line are not seen. Three turns or more of over 30°, each against the one before
    within 40 m, are a zig-zag; so is a line of three turns and more that is over 1.35 times as long as the way between
    its ends.
    """
    xy = shapely.get_coordinates(shapely.simplify(line, JITTER_M))
    legs = np.diff(xy, axis=0)
    length = np.hypot(*legs.T)
    if len(legs) < 2 or length.sum() < SHORTEST_ZIGZAG_M:
        return False
    heading = np.arctan2(legs[:, 1], legs[:, 0])
    turn = (np.diff(heading) + np.pi) % (2 * np.pi) - np.pi
    sharp = np.abs(turn) > TURN
    against = sharp[1:] & sharp[:-1] & (turn[1:] * turn[:-1] < 0) & (length[1:-1] < SHORT_LEG_M)
    chord = float(np.hypot(*(xy[-1] - xy[0])))
    wanders = chord > 0 and length.sum() > DETOUR * chord and int(sharp.sum()) > DETOUR_TURNS
    return bool(int(against.sum()) > MOST_REVERSALS or wanders)


def _zigzags(survey: Survey, stretches: Iterable[_Stretch]) -> Iterable[Rejection]:
    words = (
        "边界在楼间空地曲折 {} 米，现场难以指认",
        "the border zig-zags over {} m of open ground where nobody can point at it",
    )
    for stretch in stretches:
        if is_zigzag(stretch.line):
            middle = shapely.line_interpolate_point(stretch.line, 0.5, normalized=True)
            metres = float(stretch.line.length)
            yield _rejection(survey, stretch.zone, "zigzag", stretch.grids, middle, metres, words)


def _untold_sides(
    survey: Survey, stretches: list[_Stretch], grids: gpd.GeoDataFrame, layers: Layers
) -> Iterable[Rejection]:
    """Grids most of whose outline is open ground, explained where nothing runs near that could serve instead.

    Where the plan writes the four sides, one of them has to name nothing but open ground.
    """
    untold = _with_open_side(grids)
    barriers, _ = barriers_on_ground(layers.streets, layers.barriers)
    open_m = np.zeros(len(survey.grids))
    for stretch in stretches:
        open_m[list(stretch.grids)] += stretch.line.length
    outline_m = shapely.length(shapely.get_exterior_ring(largest_polygons(survey.grids)))
    for row in np.flatnonzero(untold & (open_m > OPEN_SHARE * outline_m)).tolist():
        share = f"{open_m[row] / outline_m[row]:.0%}"
        words = (
            f"四周 {share} 是楼间空地（共 {{}} 米），四至说不清",
            f"{share} of its outline is open ground ({{}} m): its four sides cannot be told",
        )
        zone, inside = survey.zone_of_grid(row), shapely.point_on_surface(survey.grids[row])
        hit = _rejection(survey, zone, "sides_untold", (row,), inside, float(open_m[row]), words)
        lines = [stretch.line for stretch in stretches if row in stretch.grids]
        beside = shapely.buffer(shapely.union_all(lines), SERVES_M)
        near = project(barriers[zone.rows_near(barriers)], zone.crs)
        serving_m = float(
            shapely.union_all(shapely.intersection(near[shapely.intersects(near, beside)], beside)).length
        )
        if serving_m < FEW_SERVE * open_m[row]:
            why = f"这段边界两侧 {SERVES_M:.0f} 米内可作边界的街巷、河渠等只有 {serving_m:.0f} 米"
            hit = replace(hit, explained=True, reason=why)
        yield hit


def _with_open_side(grids: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    columns = [f"sides_{side}" for side in ("east", "south", "west", "north")]
    if not set(columns) <= set(grids.columns):
        return np.ones(len(grids), bool)
    open_side = [
        [all(name.endswith("空地") for name in str(text).split("、")) for text in grids[side]] for side in columns
    ]
    return np.asarray(np.any(open_side, axis=0))


def _necks(survey: Survey) -> Iterable[Rejection]:
    """Grids joined by less than 4 m, where the community itself is not."""
    words = "网格在此只以不足 {} 米的细颈相连", "the grid is joined here by less than {} m"
    home_parts, home_of = shapely.get_parts(survey.communities, return_index=True)
    narrow_home = np.zeros(len(survey.communities) + 1, bool)
    narrow_home[home_of[bodies_of(home_parts, NECK_HALF_M, BODY_M2) > 1]] = True
    pieces, row_of = shapely.get_parts(survey.grids, return_index=True)
    narrow = (bodies_of(pieces, NECK_HALF_M, BODY_M2) > 1) & ~narrow_home[survey.grid_community[row_of]]
    for piece, row in zip(pieces[narrow], row_of[narrow].tolist(), strict=True):
        spot = neck_of(piece, NECK_HALF_M, BODY_M2)
        if spot is not None:
            yield _rejection(survey, survey.zone_of_grid(row), "neck", (row,), spot, 2 * NECK_HALF_M, words)


def _strips(survey: Survey, census: Census) -> Iterable[Rejection]:
    """Long parts of a grid less than 14 m wide where nobody lives, unless the community itself is as narrow there."""
    words = (
        "网格在此拖出 {} 米长、不足 14 米宽且无住户的狭长地带",
        "a strip of {} m, under 14 m wide, hangs here where nobody lives",
    )
    parts, row_of = shapely.get_parts(_narrow_parts(survey.grids), return_index=True)
    large = shapely.area(parts) > STRIP_M2
    parts, row_of = parts[large], row_of[large]
    corners = shapely.get_coordinates(shapely.get_exterior_ring(shapely.oriented_envelope(parts))).reshape(-1, 5, 2)
    long_m = np.hypot(*np.diff(corners[:, :3], axis=1).transpose(2, 0, 1)).max(axis=1, initial=0.0)
    narrow_homes = np.append(_narrow_parts(survey.communities), shapely.Polygon())
    of_home = shapely.area(shapely.intersection(parts, narrow_homes[survey.grid_community[row_of]]))
    own = of_home <= shapely.area(parts) / 2
    for zone, rows, _, points in census.located:
        mine = np.flatnonzero(np.isin(row_of, zone.grids) & (long_m > STRIP_LONG_M) & own)
        lived_in = households_in(parts[mine], points, census.households[rows]) > 0
        for k in mine[~lived_in].tolist():
            spot = shapely.point_on_surface(parts[k])
            yield _rejection(survey, zone, "strip", (int(row_of[k]),), spot, float(long_m[k]), words)


def _narrow_parts(shapes: Geometries) -> Geometries:
    """Cut from shapes what is less than 14 m wide."""
    opened = shapely.buffer(shapely.buffer(shapes, -STRIP_HALF_M), STRIP_HALF_M + 0.01)
    return polygons_only(shapely.difference(shapes, opened))


def _rejection(
    survey: Survey,
    zone: Zone,
    kind: str,
    rows: tuple[int, ...],
    spot: shapely.Geometry,
    metres: float,
    words: tuple[str, str],
) -> Rejection:
    [there] = lonlat(np.array([spot]), zone.crs)
    codes = tuple(str(survey.grid_codes[row]) for row in rows)
    zh, en = (text.format(f"{metres:.0f}") for text in words)
    return Rejection(kind, codes, *there, metres, zh, en, explained=False, reason="")
