"""The rejection check: what makes an official refuse a border that a machine drew, each hit with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import shapely

from app.geo.census import Census, count_households
from app.geo.crossings import Crossing, Need, crossed_barriers
from app.geo.hits import BARRIER_WORDS, REJECTION_WORDS, Rejection, Words, explain, make_hit, place_of
from app.geo.layers import Layers
from app.geo.open_borders import check_untold_sides, check_zigzags, open_stretches
from app.geo.places import plain
from app.geo.rules import Rules
from app.geo.strips import STRIP_HALF_M, find_strips
from app.geo.survey import Statements, Survey, bodies_of, neck_of, read_statements, survey_grids
from app.geo.wholes import Whole, cut_wholes

__all__ = ["REJECTION_WORDS", "Rejection", "check_rejections"]

REASON_MENTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "barrier_crossed": ("跨", "铁路", "河道", "高速公路", "快速路"),
        "zigzag": ("曲折", "绕行"),
        "neck": ("细颈", "狭窄"),
        "strip": ("狭长",),
        "sides_untold": ("四至", "空地"),
    }
)
"""A grid's reason explains a hit where it speaks of one of these; a cut where it speaks of what is cut."""

NECK_HALF_M = 2.0
BODY_M2 = 200.0


def check_rejections(
    grids: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, layers: Layers, rules: Rules
) -> tuple[Rejection, ...]:
    """Look for what makes an official refuse a border, and whether there is a true reason for it.

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
    stretches = open_stretches(survey, borders, layers)
    hits = [
        *_cut_compounds(survey, census, layers, rules),
        *_cut_groups(survey, census, layers, rules),
        *_crossings(survey, census, layers, rules),
        *check_zigzags(survey, census, stretches, statements, layers, rules),
        *_necks(survey),
        *_strips(survey, census, layers, rules),
        *check_untold_sides(survey, census, stretches, grids, layers, rules),
    ]
    return tuple(_with_stated_reasons(hits, survey, statements))


def _with_stated_reasons(hits: Iterable[Rejection], survey: Survey, statements: Statements) -> Iterable[Rejection]:
    """Mark as explained what the reason of a grid involved speaks of."""
    row_of = {str(code): row for row, code in enumerate(survey.grid_codes)}
    for hit in hits:
        if hit.explained or statements.reasons is None:
            yield hit
            continue
        mentions = REASON_MENTIONS.get(hit.kind, (hit.name,) if hit.name else ())
        reasons = [str(statements.reasons[row_of[code]]) for code in hit.grid_codes]
        said = next((reason for reason in reasons if any(word in reason for word in mentions)), "")
        yield explain(hit, (said, said)) if said else hit


# --- compounds and groups ---------------------------------------------------------------------------------------------


def _cut_compounds(survey: Survey, census: Census, layers: Layers, rules: Rules) -> Iterable[Rejection]:
    """Tell of cut compounds; one above the maximum has to be cut, a smaller one has not."""
    cut = cut_wholes(survey, census, layers.compounds, layers.buildings, area_column="name", building_column="compound")
    for whole in cut:
        yield _cut(survey, "compound_cut", whole, ("小区", "compound"), rules)


def _cut_groups(survey: Survey, census: Census, layers: Layers, rules: Rules) -> Iterable[Rejection]:
    """Tell of cut groups; one above the maximum has to be cut, a smaller one has not."""
    cut = cut_wholes(survey, census, layers.groups, layers.buildings, area_column="group", building_column="group")
    for whole in cut:
        yield _cut(survey, "group_cut", whole, ("居民小组", "residents' group"), rules)


def _cut(survey: Survey, kind: str, whole: Whole, thing: Words, rules: Rules) -> Rejection:
    codes = [str(survey.grid_codes[row]) for row in whole.grids]
    zh, en = whole.name or "未命名", whole.name or "without a name"
    number, most = plain(whole.households), rules.max_households
    hit = make_hit(
        survey,
        kind,
        whole.grids,
        whole.place,
        whole.households,
        (
            f"{thing[0]}“{zh}”（{number} 户）被分在网格 {'、'.join(codes)}",
            f"{thing[1]} “{en}” of {number} households is held by grids {', '.join(codes)}",
        ),
        (f"手工调整：整体划入网格 {codes[0]}", f"adjust by hand: all of it to grid {codes[0]}"),
        name=whole.name,
    )
    if whole.households <= most:
        return hit
    return explain(
        hit,
        (
            f"{thing[0]} {number} 户，超过 {most} 户，只能一区多格",
            f"the {thing[1]} has {number} households, more than {most}: it has to be several grids",
        ),
    )


# --- hard barriers ----------------------------------------------------------------------------------------------------


def _crossings(survey: Survey, census: Census, layers: Layers, rules: Rules) -> Iterable[Rejection]:
    """Tell of grids across a hard barrier; explained where one of its sides cannot be divided by itself."""
    for crossing in crossed_barriers(survey, census, layers, rules):
        zh, en = BARRIER_WORDS[crossing.hard]
        there = plain(crossing.households_beyond)
        by_zh, by_en = _way_words(crossing)
        codes = [str(survey.grid_codes[row]) for row in crossing.partners]
        alone = "手工调整：另一侧单独成格", "adjust by hand: make the other side a grid of its own"
        given = (
            f"手工调整：把另一侧 {there} 户划给同侧的网格 {'、'.join(codes)}",
            f"adjust by hand: give the {there} households beyond to {', '.join(codes)} on their side",
        )
        hit = make_hit(
            survey,
            "barrier_crossed",
            (crossing.grid,),
            crossing.place,
            crossing.households_beyond,
            (
                f"网格跨{crossing.name or zh}两侧，另一侧有 {there} 户，{by_zh}",
                f"the grid lies on both sides of {crossing.name or en}, {there} households beyond it, {by_en}",
            ),
            given if codes else alone,
            name=crossing.name,
        )
        yield hit if crossing.need is None else explain(hit, _need_words(crossing.need, rules))


def _way_words(crossing: Crossing) -> Words:
    """Say by which street the sides of a barrier are joined, and how far that is."""
    if crossing.way is None or crossing.walk_m is None:
        return "且无路相通", "and no street leads across"
    zh, en = crossing.way or "无名道路", crossing.way or "an unnamed street"
    walk, straight = f"{crossing.walk_m:.0f}", f"{crossing.straight_m:.0f}"
    if crossing.inside:
        return (
            f"通行处在{zh}，两侧住户中心经此相距 {walk} 米（直线 {straight} 米）",
            f"crossed by {en}, {walk} m from the middle of one side to that of the other ({straight} m straight)",
        )
    return (
        f"网格内无路相通，最近的通行处在{zh}，两侧住户中心绕行 {walk} 米（直线 {straight} 米）",
        f"no street leads across within it, the nearest is {en}, {walk} m from middle to middle ({straight} straight)",
    )


def _need_words(need: Need, rules: Rules) -> Words:
    there, band = plain(need.households), f"{rules.min_households}–{rules.max_households}"
    if not need.by_strip:
        return (
            f"社区在其一侧共 {there} 户，不能单独划出 {band} 户的网格",
            f"the community has {there} households on a side, which make no grids of {band}",
        )
    wide = f"{2 * STRIP_HALF_M:.0f}"
    zh = (
        f"一侧连片的只有 {there} 户，不能单独划出 {band} 户的网格；"
        f"与同侧其余住户之间只有不足 {wide} 米宽、没有路的狭长地带"
    )
    en = (
        f"{there} households hang together on a side, which make no grids of {band}; between them and the rest of that "
        f"side is only a strip under {wide} m wide without a street"
    )
    return zh, en


# --- shapes -----------------------------------------------------------------------------------------------------------


def _necks(survey: Survey) -> Iterable[Rejection]:
    """Grids joined by less than 4 m, where the community itself is not."""
    wide = f"{2 * NECK_HALF_M:.0f}"
    words = f"网格在此只由不到 {wide} 米宽的细颈相连", f"the grid is joined here by less than {wide} m"
    remedy = "手工调整：把细颈一端划给相邻网格", "adjust by hand: give what lies beyond the neck to the grid beside it"
    home_parts, home_of = shapely.get_parts(survey.communities, return_index=True)
    narrow_home = np.zeros(len(survey.communities) + 1, bool)
    narrow_home[home_of[bodies_of(home_parts, NECK_HALF_M, BODY_M2) > 1]] = True
    pieces, row_of = shapely.get_parts(survey.grids, return_index=True)
    narrow = (bodies_of(pieces, NECK_HALF_M, BODY_M2) > 1) & ~narrow_home[survey.grid_community[row_of]]
    for piece, row in zip(pieces[narrow], row_of[narrow].tolist(), strict=True):
        spot = neck_of(piece, NECK_HALF_M, BODY_M2)
        if spot is not None:
            there = place_of(survey.zone_of_grid(row), spot)
            yield make_hit(survey, "neck", (row,), there, 2 * NECK_HALF_M, words, remedy)


def _strips(survey: Survey, census: Census, layers: Layers, rules: Rules) -> Iterable[Rejection]:
    """Tell of narrow strips; explained where they lie along a barrier and no grid beside them could take them."""
    width = f"{2 * STRIP_HALF_M:.0f}"
    for strip in find_strips(survey, census, layers, rules):
        metres = f"{strip.long_m:.0f}"
        codes = [str(survey.grid_codes[row]) for row in strip.homes]
        hit = make_hit(
            survey,
            "strip",
            (strip.grid,),
            strip.place,
            strip.long_m,
            (
                f"网格在此拖出 {metres} 米长、不足 {width} 米宽且无住户的狭长地带",
                f"a strip of {metres} m, under {width} m wide, hangs here where nobody lives",
            ),
            (f"手工调整：划给网格 {codes[0]}", f"adjust by hand: give it to grid {codes[0]}")
            if codes
            else ("手工调整：与相邻地块合并", "adjust by hand: join it with the ground beside it"),
        )
        if strip.homes or not strip.between:
            yield hit
            continue
        zh, en = zip(*(BARRIER_WORDS[kind] for kind in strip.between), strict=True)
        along_zh = f"夹在{'与'.join(zh)}之间" if len(zh) > 1 else f"紧贴{zh[0]}"
        along_en = f"between {' and '.join(en)}" if len(en) > 1 else f"along {en[0]}"
        wide = f"{strip.wide_m:.0f}"
        reason = (
            f"{along_zh}，平均宽 {wide} 米，划给哪个相邻网格都仍是狭长地带，或要跨越硬边界",
            f"{along_en}, {wide} m wide: a strip in any grid beside it too, or across a hard barrier from it",
        )
        yield explain(hit, reason)
