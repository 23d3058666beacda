"""The page of facilities: who lacks rooms and on what evidence, what a room more would change, who walks far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import geopandas as gpd

from app.geo.assessment import Assessment, Change, CommunityFinding
from app.geo.layers import FACILITY_CLASSES
from app.geo.projects import ProjectFinding
from app.geo.rooms import ROOM_KINDS, RoomCount
from app.geo.standards import Standard
from app.maps.facility_views import SIGNS, tell_finding
from app.maps.served_pages import Cell, Figure, Frame, Table, draw_page, served_words

if TYPE_CHECKING:  # it brings along how people walk, which a page that is drawn has no use for
    from app.geo.coverage import Coverage

__all__ = ["FacilityPage", "WhatIf", "count_covered", "draw_facilities", "make_facility_page", "tell_change"]


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
class FacilityPage:
    """All that the page shows."""

    brief: str
    figures: tuple[Figure, ...]
    standards: tuple[str, ...]
    communities: Table
    tables: tuple[Table, ...]
    evidence: tuple[Evidence, ...]
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
    coverage: Coverage | None = None,
    kind: str = "",
    within_m: float = 0.0,
    sites: gpd.GeoDataFrame | None = None,
    what_if: WhatIf | None = None,
) -> FacilityPage:
    """Put findings, coverage and sites into tables.

    Parameters
    ----------
    map_address
        The page of the plan, to which rows lead by its permalink.
    kind, within_m
        Class and distance of the blind spots that are listed.
    """
    counts = {status: sum(one.status == status for one in found.communities) for status in SIGNS}
    figures = [
        Figure(
            f"用房{status}的社区", f"{number:,}", f"共 {len(found.communities):,} 个社区", "#communities", SIGNS[status]
        )
        for status, number in counts.items()
        if number or status in ("达标", "不达标")
    ]
    names = {one.community.code: one.community.name for one in found.communities}
    tables = []
    if found.projects:
        tables.append(_list_projects(found.projects, names))
    if coverage is not None:
        figures.append(count_covered(coverage, kind, within_m, f"{map_address}#view=walk-{kind}"))
        tables += [_list_shares(coverage), _list_spots(coverage, kind, within_m, names, map_address)]
    if sites is not None and len(sites):
        tables.append(_list_sites(sites, kind, within_m, map_address))
    return FacilityPage(
        f"核查日期 {found.as_of.isoformat()}；面积只计证件齐全、已投用的，待核实的另列",
        tuple(figures),
        tuple(f"{one.describe(found.as_of)}〔{one.source}〕" for one in standards if one.enabled),
        _list_communities(found.communities, map_address),
        tuple(tables),
        tuple(_collect_evidence(one) for one in found.communities),
        what_if,
    )


def tell_change(change: Change) -> str:
    """Say what a what-if does to a community."""
    before, after = change.before, change.after
    return (
        f"{before.community.name}：计入面积由 {before.counted_m2:,.0f} ㎡ 增至 {after.counted_m2:,.0f} ㎡；"
        f"{tell_finding(before)} → {tell_finding(after)}"
    )


def _list_communities(findings: Sequence[CommunityFinding], map_address: str) -> Table:
    rows = tuple(
        (
            Cell(one.community.name, address=f"#c{one.community.code}"),
            Cell(f"{SIGNS[one.status]} {one.status}"),
            _figure(one.shortfall_m2),
            _figure(one.counted_m2),
            _figure(one.pending_m2),
            _figure(one.per_100_households_m2, 1),
            _figure(one.community.households),
            Cell(one.binding.words if one.binding else ""),
            Cell("看地图", address=f"{map_address}#view=standards&open={quote(one.community.code)}"),
        )
        for one in sorted(
            findings,
            key=lambda one: (-(one.shortfall_m2 or 0.0), -(one.community.households or 0.0), one.community.code),
        )
    )
    headings = ("社区", "结论", "缺口（㎡）", "计入（㎡）", "待核实（㎡）", "每百户（㎡）", "户数", "依据", "地图")
    return Table("communities", "各社区用房", headings, rows, frozenset({2, 3, 4, 5, 6}))


def _urgency(one: CommunityFinding) -> tuple[float, float, str]:
    """Put the largest shortfall first, then most households."""
    return -(one.shortfall_m2 or 0.0), -(one.community.households or 0.0), one.community.code


def _list_projects(findings: Sequence[ProjectFinding], names: dict[str, str]) -> Table:
    rows = tuple(
        (
            Cell(one.name),
            Cell(names.get(one.community_code, one.community_code)),
            Cell(f"{SIGNS.get(one.status, '')} {one.status}".strip()),
            _figure(one.shortfall_m2),
            _figure(one.required_m2),
            _figure(one.handed_over_m2),
            Cell(one.stage),
            Cell("；".join(one.words)),
        )
        for one in findings
    )
    headings = ("项目", "社区", "结论", "缺口（㎡）", "应配建（㎡）", "已移交（㎡）", "阶段", "说明")
    return Table("projects", "新建小区配建用房", headings, rows, frozenset({3, 4, 5}))


def count_covered(coverage: Coverage, kind: str, within_m: float, address: str) -> Figure:
    """Tell which share of the county's households can walk to a facility of a class."""
    rows = coverage.shares
    county = rows[(rows["level"] == "county") & (rows["facility_class"] == kind) & (rows["within_m"] == within_m)]
    name = FACILITY_CLASSES.get(kind, kind)
    share = float(county["share"].iloc[0]) if len(county) else float("nan")
    shown = "无数据" if share != share else f"{share:.0%}"
    return Figure(f"{name} {within_m:.0f} 米步行覆盖", shown, "户数占比，沿街巷", address)


def _list_shares(coverage: Coverage) -> Table:
    """List the county's shares, a row for each class of facilities."""
    county = coverage.shares[coverage.shares["level"] == "county"]
    limits = sorted(set(county["within_m"]))
    rows = []
    for kind in dict.fromkeys(county["facility_class"]):
        own = county[county["facility_class"] == kind].set_index("within_m")
        shares = [Cell(f"{own.loc[limit, 'share']:.0%}", float(own.loc[limit, "share"])) for limit in limits]
        claimed = float(own["over_claimed"].max())
        rows.append((Cell(FACILITY_CLASSES.get(kind, kind)), *shares, Cell(f"{claimed:,.0f}", claimed)))
    headings = ("设施", *(f"{limit:.0f} 米内" for limit in limits), "画圈多算的户数（最多）")
    numbers = frozenset(range(1, len(headings)))
    note = "沿街巷步行可达的户数占比；画圈按直线距离，会把过不去的也算进来"
    return Table("coverage", "步行覆盖", headings, tuple(rows), numbers, note)


def _list_spots(coverage: Coverage, kind: str, within_m: float, names: dict[str, str], map_address: str) -> Table:
    spots = coverage.blind_spots
    chosen = spots[(spots["facility_class"] == kind) & (spots["within_m"] == within_m)]
    chosen = chosen.sort_values("households", ascending=False, kind="stable")
    places = chosen.geometry.representative_point()
    rows = tuple(
        (
            Cell(f"盲区 {place}"),
            _figure(float(row.households)),
            Cell("、".join(names.get(code, code) for code in str(row.community_codes).split("、"))),
            Cell("看地图", address=_place_on_map(map_address, f"walk-{kind}", point.x, point.y)),
        )
        for place, (row, point) in enumerate(zip(chosen.itertuples(index=False), places, strict=True), 1)
    )
    title = f"服务盲区：{FACILITY_CLASSES.get(kind, kind)} {within_m:.0f} 米内没有"
    return Table("blind-spots", title, ("盲区", "户数", "社区", "地图"), rows, frozenset({1}))


def _list_sites(sites: gpd.GeoDataFrame, kind: str, within_m: float, map_address: str) -> Table:
    rows = tuple(
        (
            Cell(f"第 {place} 处"),
            Cell(str(row.name) or "街角"),
            _figure(float(row.adds)),
            Cell(f"{point.x:.5f}, {point.y:.5f}"),
            Cell("看地图", address=_place_on_map(map_address, f"walk-{kind}", point.x, point.y)),
        )
        for place, (row, point) in enumerate(zip(sites.itertuples(index=False), sites.geometry, strict=True), 1)
    )
    title = f"建议选址：{FACILITY_CLASSES.get(kind, kind)}，{within_m:.0f} 米内新增覆盖最多"
    return Table("sites", title, ("次序", "地点", "新增覆盖（户）", "经纬度", "地图"), rows, frozenset({2}))


def _place_on_map(map_address: str, view: str, longitude: float, latitude: float) -> str:
    return f"{map_address}#view={view}&lat={latitude:.5f}&lon={longitude:.5f}&zoom=16"


def _collect_evidence(one: CommunityFinding) -> Evidence:
    rooms = tuple(_list_room(count) for count in one.rooms)
    headings = ("用房", "类别", "建筑面积（㎡）", "计入（㎡）", "待核实（㎡）", "证据", "说明")
    said = [f"{finding.status}：{finding.words}" for finding in one.findings]
    return Evidence(
        one.community.code,
        one.community.name,
        one.status,
        SIGNS[one.status],
        (*said, *(f"提示：{hint}" for hint in one.hints)),
        "；".join(text for text in (one.remedy, one.responsible) if text),
        Table("", f"{one.community.name}的用房", headings, rooms, frozenset({2, 3, 4})),
    )


def _list_room(count: RoomCount) -> tuple[Cell, ...]:
    room = count.room
    said = [count.reason_words, count.share_words, *count.warnings]
    return (
        Cell(room.name),
        Cell(ROOM_KINDS.get(room.kind, room.kind)),
        _figure(room.area_m2, 1),
        _figure(count.counted_m2, 1),
        _figure(count.pending_m2, 1),
        Cell(" ".join(text for text in (room.evidence_words, room.evidence_number) if text) or "无"),
        Cell("；".join(text for text in said if text)),
    )


def _figure(value: float | None, digits: int = 0) -> Cell:
    return Cell("" if value is None else f"{value:,.{digits}f}", None if value is None else float(value))
