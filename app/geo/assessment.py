"""Communities and projects judged by the standards: what is required, what counts, what is missing, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.geo.projects import Phase, ProjectFinding, judge_projects
from app.geo.rooms import Counting, Room, RoomCount, count_rooms
from app.geo.standards import (
    ACTIVITY_SHARE,
    AREA_METRICS,
    COMMUNITY_SIZE,
    LARGEST_SITE,
    PER_100_HOUSEHOLDS,
    Standard,
    in_force,
    required_area,
)

__all__ = [
    "STATUSES",
    "Assessment",
    "Change",
    "Community",
    "CommunityFinding",
    "Finding",
    "add_households",
    "assess",
    "compare",
    "settlement_of",
]

STATUSES = ("不达标", "数据不足", "待核实", "达标")
"""From the worst: missed for certain; cannot be told; would be met once papers are verified; met."""

OWNER = "县委社会工作部、民政局"
PROJECT_OWNER = "自然资源局、住建局"
"""Who answers for community rooms and for projects, as a rule; a county may say otherwise."""

ROUTES = "购买、置换、租赁或共建"


@dataclass(frozen=True)
class Community:
    """A community to be judged; households None and settlement '' where unknown."""

    code: str
    name: str
    households: float | None
    settlement: str = ""
    """urban, town or rural"""
    town: str = ""


def settlement_of(urban_rural_code: str) -> str:
    """Return urban, town or rural by the code of the statistical division of town and country; '' where unknown."""
    if urban_rural_code.startswith("11"):
        return "urban"
    return "town" if urban_rural_code.startswith("12") else "rural" if urban_rural_code.startswith("2") else ""


@dataclass(frozen=True)
class Finding:
    """How a community stands by one standard; areas in m², shares as they are, None where unknown."""

    standard: Standard
    required: float | None
    counted: float | None
    pending: float
    shortfall: float | None
    status: str
    advisory: bool
    """A hint 提示, never a failure."""
    words: str


@dataclass(frozen=True)
class CommunityFinding:
    """How a community stands by all standards, and the rooms that it rests on."""

    community: Community
    rooms: tuple[RoomCount, ...]
    counted_m2: float
    without_elder_m2: float
    pending_m2: float
    left_out_m2: float
    main_site: RoomCount | None
    """The room that gives most."""
    activity_share: float | None
    per_100_households_m2: float | None
    findings: tuple[Finding, ...]
    hints: tuple[str, ...]
    status: str
    """The worst of the findings that are no hints; 数据不足 where no standard could be applied."""
    binding: Finding | None
    """The finding that decides: of the worst status, the one that asks for most."""
    remedy: str
    responsible: str

    @property
    def shortfall_m2(self) -> float | None:
        """What is missing by the binding standard."""
        return self.binding.shortfall if self.binding else None


@dataclass(frozen=True)
class Assessment:
    """All communities and projects of a county on a day."""

    as_of: date
    communities: tuple[CommunityFinding, ...]
    projects: tuple[ProjectFinding, ...]

    @property
    def kept(self) -> bool:
        """Whether everything is met, for certain."""
        statuses = [*(one.status for one in self.communities), *(one.status for one in self.projects)]
        return all(status == "达标" for status in statuses)

    def by_shortfall(self) -> tuple[CommunityFinding, ...]:
        """Rank communities that miss something: most square metres first, then most households."""
        missing = [one for one in self.communities if one.shortfall_m2]
        return tuple(sorted(missing, key=lambda one: (-(one.shortfall_m2 or 0.0), -_people(one), one.community.code)))

    def by_households(self) -> tuple[CommunityFinding, ...]:
        """Rank communities that miss something: most households first."""
        missing = [one for one in self.communities if one.shortfall_m2]
        return tuple(sorted(missing, key=lambda one: (-_people(one), -(one.shortfall_m2 or 0.0), one.community.code)))


def _people(one: CommunityFinding) -> float:
    return one.community.households or 0.0


def assess(
    communities: Sequence[Community],
    rooms: Sequence[Room],
    phases: Sequence[Phase],
    standards: Sequence[Standard],
    *,
    as_of: date,
    counting: Counting | None = None,
) -> Assessment:
    """Judge communities by their rooms, and projects by their phases.

    A what-if is the same with another room or phase among them; `compare` tells what it changes.
    """
    households = {one.code: one.households for one in communities}
    counts: dict[str, list[RoomCount]] = {one.code: [] for one in communities}
    for count in count_rooms(rooms, households, as_of=as_of, counting=counting):
        counts.setdefault(count.community_code, []).append(count)
    return Assessment(
        as_of,
        tuple(
            _judge(one, tuple(counts[one.code]), standards, as_of)
            for one in sorted(communities, key=lambda one: one.code)
        ),
        judge_projects(phases, standards, as_of=as_of, settlements={one.code: one.settlement for one in communities}),
    )


@dataclass(frozen=True)
class Change:
    """What a what-if does to a community."""

    before: CommunityFinding
    after: CommunityFinding


def compare(before: Assessment, after: Assessment) -> tuple[Change, ...]:
    """Return the communities that a what-if changes."""
    return tuple(
        Change(one, other)
        for one, other in zip(before.communities, after.communities, strict=True)
        if (one.counted_m2, one.pending_m2, one.status, one.community) != (
            other.counted_m2, other.pending_m2, other.status, other.community
        )
    )  # fmt: skip


def add_households(communities: Sequence[Community], phases: Sequence[Phase]) -> tuple[Community, ...]:
    """Return the communities with the households that new phases would bring."""
    more: dict[str, float] = {}
    for phase in phases:
        more[phase.community_code] = more.get(phase.community_code, 0.0) + (phase.households or 0.0)
    return tuple(
        replace(one, households=one.households + more[one.code])
        if one.code in more and one.households is not None
        else one
        for one in communities
    )


def _judge(
    community: Community, rooms: tuple[RoomCount, ...], standards: Sequence[Standard], as_of: date
) -> CommunityFinding:
    holding = in_force(standards, level="community", code=community.code, settlement=community.settlement, on=as_of)
    findings = [_measure(one, community, rooms, as_of) for one in holding if one.metric in AREA_METRICS and one.part]
    findings += [_measure_activity(one, rooms) for one in holding if one.metric == ACTIVITY_SHARE]
    findings += [
        replace(_measure(one, community, rooms, as_of), advisory=True)
        for one in in_force(standards, level="project", code=community.code, settlement=community.settlement, on=as_of)
        if one.metric == PER_100_HOUSEHOLDS and one.part == "rooms"
    ]
    failing = [finding for finding in findings if not finding.advisory]
    status = min((finding.status for finding in failing), key=STATUSES.index, default="数据不足")
    worst = [finding for finding in failing if finding.status == status]
    binding = max(worst, key=lambda one: (one.shortfall or 0.0, one.required or 0.0), default=None)
    counted = _sum(room.counted_m2 for room in rooms)
    elder = _sum(room.elder_m2 for room in rooms)
    counting = [room for room in rooms if room.counted_m2]
    known = [room.activity_m2 for room in counting if room.activity_m2 is not None]
    share = min(_sum(known) / counted, 1.0) if counted and len(known) == len(counting) else None
    return CommunityFinding(
        community,
        rooms,
        counted,
        round(counted - elder, 2),
        _sum(room.pending_m2 for room in rooms),
        _sum(room.left_out_m2 for room in rooms),
        max(counting, key=lambda room: room.counted_m2, default=None),
        share,
        round(counted / community.households * 100, 2) if community.households else None,
        tuple(findings),
        tuple(_hints(community, findings, standards, counted - elder, as_of)),
        status,
        binding,
        _remedy(status, binding, rooms),
        OWNER if status != "达标" else "",
    )


def _sum(areas: Iterable[float]) -> float:
    return round(sum(areas), 2)


def _measure(standard: Standard, community: Community, rooms: tuple[RoomCount, ...], as_of: date) -> Finding:
    """Hold the area that counts against what a standard asks for."""
    required = required_area(standard, community.households)
    elder = standard.part == "elder_care"
    largest = standard.metric == LARGEST_SITE
    areas = [room.elder_m2 if elder else room.counted_m2 for room in rooms]
    pending = [room.pending_m2 for room in rooms if not elder or room.room.kind == "elder_care"]
    counted = round(max(areas, default=0.0) if largest else sum(areas), 2)
    might = max([counted, *pending]) if largest else round(counted + sum(pending), 2)
    unknown = not rooms or any(room.area_unknown for room in rooms)
    if required is None:
        status = "数据不足"
    elif counted >= required:
        status = "达标"
    elif unknown:
        status = "数据不足"
    else:
        status = "待核实" if might >= required else "不达标"
    shortfall = None if required is None or not rooms else round(max(required - counted, 0.0), 2)
    asked = standard.describe(as_of)
    words = {
        "达标": f"{asked}：计入 {counted:,.2f} ㎡",
        "不达标": f"{asked}：应有 {required or 0:,.2f} ㎡，计入 {counted:,.2f} ㎡，缺 {shortfall or 0:,.2f} ㎡",
        "待核实": f"{asked}：应有 {required or 0:,.2f} ㎡，计入 {counted:,.2f} ㎡，另 {might - counted:,.2f} ㎡待核实",
        "数据不足": f"{asked}：" + _lacking(required, rooms),
    }[status]
    return Finding(
        standard, required, counted if rooms else None, round(might - counted, 2), shortfall, status, False, words
    )


def _lacking(required: float | None, rooms: tuple[RoomCount, ...]) -> str:
    if required is None:
        return "没有户数"
    unknown = "、".join(room.room.name or room.room.room_id for room in rooms if room.area_unknown)
    return f"面积不明的用房：{unknown}" if unknown else "台账里没有该社区的用房"


def _measure_activity(standard: Standard, rooms: tuple[RoomCount, ...]) -> Finding:
    counting = [room for room in rooms if room.counted_m2]
    known = [room.activity_m2 for room in counting if room.activity_m2 is not None]
    counted = _sum(room.counted_m2 for room in counting)
    if not counting or len(known) < len(counting):
        words = "没有逐间的居民活动面积"
        return Finding(standard, standard.threshold, None, 0.0, None, "数据不足", False, words)
    share = min(_sum(known) / counted, 1.0)
    status = "达标" if share >= standard.threshold else "不达标"
    words = f"居民活动面积占 {share:.1%}，应不少于 {standard.threshold:.0%}"
    return Finding(standard, standard.threshold, round(share, 4), 0.0, None, status, False, words)


def _hints(
    community: Community, findings: Sequence[Finding], standards: Sequence[Standard], without_elder: float, as_of: date
) -> list[str]:
    words = []
    for finding in findings:
        if finding.advisory and finding.status != "达标" and finding.shortfall:
            words.append(
                f"老旧社区参照 {finding.standard.id}（新建项目标准）还差 {finding.shortfall:,.2f} ㎡，可{ROUTES}"
            )
        elif finding.status == "达标" and finding.standard.part == "rooms" and finding.required is not None:
            lacking = finding.required - without_elder
            if lacking > 0 and not finding.advisory:
                words.append(f"{finding.standard.id}：含养老用房达标，不含则缺 {lacking:,.2f} ㎡")
    for one in in_force(standards, level="community", code=community.code, settlement=community.settlement, on=as_of):
        low, high = one.threshold, one.threshold_max or float("inf")
        if one.metric == COMMUNITY_SIZE and community.households and not low <= community.households <= high:
            words.append(f"社区规模 {community.households:,.0f} 户，一般为 {low:,.0f}–{high:,.0f} 户（仅提示）")
    return words


def _remedy(status: str, binding: Finding | None, rooms: tuple[RoomCount, ...]) -> str:
    """Say what would mend it."""
    pending = [room.room.name or room.room.room_id for room in rooms if room.pending_m2]
    if status == "达标" or binding is None:
        return "" if binding is not None else "补充适用标准"
    if status == "数据不足":
        return "补充户数或用房面积后重新核查"
    verify = f"补办证据材料：{'、'.join(pending)}" if pending else ""
    if status == "待核实":
        return verify
    gap = f"通过{ROUTES}增加 {binding.shortfall:,.2f} ㎡" if binding.shortfall else "增加居民活动面积"
    return "；".join(part for part in (gap, verify) if part)
