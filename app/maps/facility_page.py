"""The page of facilities: who lacks rooms and on what evidence, what a room more would change, who walks far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import pandas as pd

from app.geo.assessment import Assessment, Change, CommunityFinding
from app.geo.projects import ProjectFinding
from app.geo.rooms import ROOM_KINDS, RoomCount
from app.geo.standards import Standard
from app.maps.facility_views import SIGNS, Walked, tell_finding
from app.maps.languages import Say, name_class, speak, translate
from app.maps.served_pages import Cell, Figure, Frame, Table, draw_page, served_words

__all__ = [
    "FacilityPage",
    "WalkChoice",
    "WhatIf",
    "count_covered",
    "draw_facilities",
    "make_facility_page",
    "tell_change",
]


@dataclass(frozen=True)
class Evidence:
    """What the finding of a community rests on."""

    code: str
    name: str
    status: str
    sign: str
    findings: tuple[str, ...]
    remedy: str
    rooms: Table


@dataclass(frozen=True)
class WhatIf:
    """The form that asks what another room would change, as it was filled in, and the answer."""

    communities: tuple[tuple[str, str], ...]
    community: str = ""
    area: str = ""
    fault: str = ""
    told: str = ""


@dataclass(frozen=True)
class WalkChoice:
    """The form that asks for another class of facilities or another distance, and what is chosen."""

    classes: tuple[tuple[str, str], ...]
    kind: str
    within_m: tuple[int, ...]
    chosen_m: int
    told: str = ""
    """Why nothing is shown, where that is so."""


@dataclass(frozen=True)
class FacilityPage:
    """All that the page shows."""

    brief: str
    figures: tuple[Figure, ...]
    standards: tuple[str, ...]
    communities: Table
    tables: tuple[Table, ...]
    evidence: tuple[Evidence, ...]
    walking: WalkChoice | None
    """None where nothing else can be chosen."""
    what_if: WhatIf | None
    """None where nobody is there to compute it: on a page that was exported."""


def draw_facilities(frame: Frame, page: FacilityPage) -> str:
    """Draw the page."""
    return draw_page("facilities.html", frame, served_words(frame.language)["facilities"], page=page)


def make_facility_page(
    found: Assessment,
    standards: Sequence[Standard],
    *,
    map_address: str,
    walked: Walked | None = None,
    walking: WalkChoice | None = None,
    what_if: WhatIf | None = None,
    language: str = "zh",
) -> FacilityPage:
    """Put findings, ways on foot and sites into tables.

    Parameters
    ----------
    map_address
        The page of the plan, to which rows lead by its permalink.
    """
    say = speak(language)
    counts = {status: sum(one.status == status for one in found.communities) for status in SIGNS}
    note = say(f"共 {len(found.communities):,} 个社区", f"of {len(found.communities):,} communities")
    figures = [
        Figure(
            say(f"用房{status}的社区", f"Rooms: {translate(status, 'en')}"),
            f"{number:,}",
            note,
            "#communities",
            SIGNS[status],
        )
        for status, number in counts.items()
        if number or status in ("达标", "不达标")
    ]
    names = {one.community.code: one.community.name for one in found.communities}
    tables = []
    if found.projects:
        tables.append(_list_projects(found.projects, names, language))
    if walked is not None:
        figures.append(count_covered(walked, "#coverage", language))
        tables.append(_list_shares(walked, language))
        if walked.sites is not None and len(walked.sites):
            tables.append(_list_sites(walked.sites, walked, map_address, language))
        tables.append(_list_spots(walked, names, map_address, language))
    day = found.as_of.isoformat()
    return FacilityPage(
        say(
            f"核查日期 {day}；面积只计证件齐全、已投用的，待核实的另列",
            f"Judged on {day}; floor area counts with complete papers and in use, what is to be verified stands apart",
        ),
        tuple(figures),
        tuple(f"{one.describe(found.as_of)}〔{one.source}〕" for one in standards if one.enabled),
        _list_communities(found.communities, map_address, language),
        tuple(tables),
        tuple(_collect_evidence(one, language) for one in found.communities),
        walking,
        what_if,
    )


def tell_change(change: Change) -> str:
    """Say what a what-if does to a community."""
    before, after = change.before, change.after
    return (
        f"{before.community.name}：计入面积由 {before.counted_m2:,.0f} ㎡ 增至 {after.counted_m2:,.0f} ㎡；"
        f"{tell_finding(before)} → {tell_finding(after)}"
    )


def _list_communities(findings: Sequence[CommunityFinding], map_address: str, language: str) -> Table:
    say = speak(language)
    rows = tuple(
        (
            Cell(one.community.name, address=f"#c{one.community.code}"),
            Cell(f"{SIGNS[one.status]} {translate(one.status, language)}"),
            _figure(one.shortfall_m2),
            _figure(one.counted_m2),
            _figure(one.pending_m2),
            _figure(one.per_100_households_m2, 1),
            _figure(one.community.households),
            Cell(one.binding.words if one.binding else ""),
            Cell(_map(say), address=f"{map_address}#view=standards&open={quote(one.community.code)}"),
        )
        for one in sorted(findings, key=_urgency)
    )
    headings = say(
        "社区|结论|缺口（㎡）|计入（㎡）|待核实（㎡）|每百户（㎡）|户数|依据|地图",
        "Community|Finding|Shortfall (m²)|Counted (m²)|To be verified (m²)|Per 100 households (m²)|Households|Why|Map",
    )
    return Table(
        "communities", say("各社区用房", "Rooms by community"), _cells(headings), rows, frozenset({2, 3, 4, 5, 6})
    )


def _urgency(one: CommunityFinding) -> tuple[float, float, str]:
    """Put the largest shortfall first, then most households."""
    return -(one.shortfall_m2 or 0.0), -(one.community.households or 0.0), one.community.code


def _list_projects(findings: Sequence[ProjectFinding], names: Mapping[str, str], language: str) -> Table:
    say = speak(language)
    rows = tuple(
        (
            Cell(one.name),
            Cell(names.get(one.community_code, one.community_code)),
            Cell(f"{SIGNS.get(one.status, '')} {translate(one.status, language)}".strip()),
            _figure(one.shortfall_m2),
            _figure(one.required_m2),
            _figure(one.handed_over_m2),
            Cell(one.stage),
            Cell("；".join(one.words)),
        )
        for one in findings
    )
    headings = say(
        "项目|社区|结论|缺口（㎡）|应配建（㎡）|已移交（㎡）|阶段|说明",
        "Project|Community|Finding|Shortfall (m²)|Owed (m²)|Handed over (m²)|Stage|Remarks",
    )
    title = say("新建小区配建用房", "Rooms that new projects owe")
    return Table("projects", title, _cells(headings), rows, frozenset({3, 4, 5}))


def count_covered(walked: Walked, address: str, language: str = "zh") -> Figure:
    """Tell which share of the households that are shown can walk to a facility of the class."""
    say = speak(language)
    share = _share_within(walked, walked.kind, walked.within_m)
    name, limit = name_class(walked.kind, language), f"{walked.within_m:.0f}"
    return Figure(
        say(f"{name} {limit} 米步行覆盖", f"Walk to {name}, {limit} m"),
        say("无数据", "no data") if share is None else f"{share:.0%}",
        say("户数占比，沿街巷", "of households, along streets"),
        address,
    )


def _whole(walked: Walked, kind: str) -> pd.DataFrame:
    rows = walked.shares
    return rows[(rows["level"] == walked.level) & (rows["facility_class"] == kind)]


def _share_within(walked: Walked, kind: str, within_m: float) -> float | None:
    rows = _whole(walked, kind)
    rows = rows[rows["within_m"] == within_m]
    households = float(rows["households"].sum())
    return float(rows["households_within"].sum()) / households if households > 0 else None


def _list_shares(walked: Walked, language: str) -> Table:
    """List the shares of all that is shown, a row for each class of facilities."""
    say = speak(language)
    limits = sorted(set(walked.shares["within_m"]))
    rows = []
    for kind in walked.classes:
        shares = [_share_within(walked, kind, limit) for limit in limits]
        claimed = float(_whole(walked, kind).groupby("within_m")["over_claimed"].sum().max())
        cells = [Cell("" if share is None else f"{share:.0%}", share) for share in shares]
        rows.append((Cell(name_class(kind, language)), *cells, _figure(claimed)))
    headings = (
        say("设施", "Facilities"),
        *(say(f"{limit:.0f} 米内", f"within {limit:.0f} m") for limit in limits),
        say("画圈多算的户数（最多）", "Households a circle adds (at most)"),
    )
    note = say(
        "沿街巷步行可达的户数占比；画圈按直线距离，会把过不去的也算进来",
        "Share of households that can walk there along streets; a circle counts those who cannot get across, too",
    )
    title = say("步行覆盖", "Walking coverage")
    return Table("coverage", title, headings, tuple(rows), frozenset(range(1, len(headings))), note)


MOST_SPOTS = 100


def _list_spots(walked: Walked, names: Mapping[str, str], map_address: str, language: str) -> Table:
    """List the blind spots, most households first; the small ones that are left out are counted."""
    say = speak(language)
    spots = walked.blind_spots.sort_values("households", ascending=False, kind="stable", na_position="last")
    listed = spots.iloc[:MOST_SPOTS]
    places = listed.geometry.representative_point()
    rows = tuple(
        (
            Cell(say(f"盲区 {place}", f"Spot {place}")),
            _figure(None if pd.isna(row.households) else float(row.households)),
            Cell("、".join(names.get(code, code) for code in str(row.community_codes).split("、"))),
            Cell(_map(say), address=_place_on_map(map_address, walked, point.x, point.y)),
        )
        for place, (row, point) in enumerate(zip(listed.itertuples(index=False), places, strict=True), 1)
    )
    kind, limit = name_class(walked.kind, language), f"{walked.within_m:.0f}"
    title = say(f"服务盲区：{kind} {limit} 米内没有", f"Blind spots: no {kind} within {limit} m")
    rest = len(spots) - len(listed)
    note = (
        say(f"另有 {rest:,} 处户数更少的盲区，见地图", f"{rest:,} more with fewer households are on the map")
        if rest
        else ""
    )
    headings = say("盲区|户数|社区|地图", "Spot|Households|Communities|Map")
    return Table("blind-spots", title, _cells(headings), rows, frozenset({1}), note)


def _list_sites(sites: pd.DataFrame, walked: Walked, map_address: str, language: str) -> Table:
    say = speak(language)
    rows = tuple(
        (
            Cell(say(f"第 {place} 处", f"Site {place}")),
            Cell(str(row.name) or say("街角", "a corner")),
            _figure(float(row.adds)),
            Cell(f"{row.geometry.x:.5f}, {row.geometry.y:.5f}"),
            Cell(_map(say), address=_place_on_map(map_address, walked, row.geometry.x, row.geometry.y)),
        )
        for place, row in enumerate(sites.itertuples(index=False), 1)
    )
    kind, limit = name_class(walked.kind, language), f"{walked.within_m:.0f}"
    title = say(
        f"建议选址：{kind}，{limit} 米内新增覆盖最多", f"Proposed sites: {kind}, most households added within {limit} m"
    )
    headings = say("次序|地点|新增覆盖（户）|经纬度|地图", "Order|Place|Households added|Longitude, latitude|Map")
    return Table("sites", title, _cells(headings), rows, frozenset({2}))


def _place_on_map(map_address: str, walked: Walked, longitude: float, latitude: float) -> str:
    return f"{map_address}#view=walk-{walked.kind}&lat={latitude:.5f}&lon={longitude:.5f}&zoom=16"


def _map(say: Say) -> str:
    return say("看地图", "Show")


def _cells(headings: str) -> tuple[str, ...]:
    return tuple(headings.split("|"))


def _collect_evidence(one: CommunityFinding, language: str) -> Evidence:
    say = speak(language)
    rooms = tuple(_list_room(count, language) for count in one.rooms)
    headings = say(
        "用房|类别|建筑面积（㎡）|计入（㎡）|待核实（㎡）|证据|说明",
        "Room|Kind|Floor area (m²)|Counted (m²)|To be verified (m²)|Evidence|Remarks",
    )
    said = [f"{translate(finding.status, language)}{say('：', ': ')}{finding.words}" for finding in one.findings]
    return Evidence(
        one.community.code,
        one.community.name,
        translate(one.status, language),
        SIGNS[one.status],
        (*said, *(say("提示：", "hint: ") + hint for hint in one.hints)),
        "；".join(text for text in (one.remedy, one.responsible) if text),
        Table(
            "",
            say(f"{one.community.name}的用房", f"Rooms of {one.community.name}"),
            _cells(headings),
            rooms,
            frozenset({2, 3, 4}),
        ),
    )


def _list_room(count: RoomCount, language: str) -> tuple[Cell, ...]:
    room = count.room
    said = [count.reason_words, count.share_words, *count.warnings]
    none = speak(language)("无", "none")
    kind = room.kind.replace("_", " ") if language == "en" else ROOM_KINDS.get(room.kind, room.kind)
    return (
        Cell(room.name),
        Cell(kind),
        _figure(room.area_m2, 1),
        _figure(count.counted_m2, 1),
        _figure(count.pending_m2, 1),
        Cell(" ".join(text for text in (room.evidence_words, room.evidence_number) if text) or none),
        Cell("；".join(text for text in said if text)),
    )


def _figure(value: float | None, digits: int = 0) -> Cell:
    return Cell("" if value is None else f"{value:,.{digits}f}", None if value is None else float(value))
