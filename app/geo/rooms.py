"""Countable area of community rooms 用房, room by room: what counts, for whom, on what paper, and why not.

Counted is floor area × the community's share, if the room is of a kind that counts, usable, in use and evidenced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

__all__ = [
    "EVIDENCE_KINDS",
    "ROOM_KINDS",
    "Counting",
    "Room",
    "RoomCount",
    "count_rooms",
]

ROOM_KINDS: Mapping[str, str] = {
    "service_station": "社区办公服务用房",
    "elder_care": "养老服务用房",
    "activity": "居民活动用房",
    "canteen": "社区食堂",
    "property_management": "物业管理用房",
    "subdistrict_centre": "街道级中心",
    "clinic": "卫生服务站",
    "police": "警务室",
    "kindergarten": "幼儿园",
    "basement": "地下室",
    "temporary": "临时建筑",
}
"""Kinds of rooms, with the words that reports use."""

EVIDENCE_KINDS: Mapping[str, str] = {
    "title": "不动产权证",
    "handover": "移交协议",
    "lease": "租赁合同",
    "loan": "无偿使用协议",
    "owner": "产权单位证明",
    "survey": "实测报告",
}
"""Papers on which a room counts; any other, or none, leaves it to be verified 待核实."""


@dataclass(frozen=True)
class Room:
    """A row of the ledger of rooms; None where it does not say."""

    room_id: str
    community_code: str
    name: str
    kind: str
    """A key of `ROOM_KINDS`."""
    area_m2: float | None
    office_m2: float | None = None
    service_m2: float | None = None
    elder_m2: float | None = None
    activity_m2: float | None = None
    evidence: str = ""
    """A key of `EVIDENCE_KINDS`; '' where there is none."""
    evidence_number: str = ""
    evidence_on: date | None = None
    """The day that the paper bears."""
    evidence_file: str = ""
    """Name of its scan."""
    lease_until: date | None = None
    shares: Mapping[str, float | None] = field(default_factory=dict)
    """Codes of all communities that use it, its own included, with their shares by agreement; None is by households."""
    measured_m2: float | None = None
    in_use: bool | None = None
    converted: bool = False
    """A basement that was converted into rooms."""
    temporary: bool = False
    below_ground: bool = False
    address: str = ""
    storey: str = ""
    acquisition: str = ""
    owner: str = ""
    user: str = ""
    evidence_words: str = ""
    sharing_words: str = ""
    remark: str = ""
    row: int = 0
    """Its row in the ledger, for those who look it up; 0 where it is in none."""


@dataclass(frozen=True)
class Counting:
    """What counts, as a county decides it."""

    left_out: frozenset[str] = frozenset(
        {"property_management", "subdistrict_centre", "clinic", "police", "kindergarten"}
    )
    """Kinds that do not count; a subdistrict centre counts all the same where it is shared out."""
    basements: bool = False
    """Count basements that were not converted."""
    temporary: bool = False
    lease_warning_days: int = 180
    differs: float = 0.05
    """Declared and measured area that differ by more than this share are flagged."""


@dataclass(frozen=True)
class RoomCount:
    """What a room comes to for one community.

    `counted_m2` counts; `pending_m2` would, once verified; `left_out_m2` does not, for `reason`. None is unknown.
    """

    room: Room
    community_code: str
    share: float
    share_words: str
    counted_m2: float
    pending_m2: float
    left_out_m2: float
    area_unknown: bool
    reason: str
    """Key of `REASONS`; '' where it counts."""
    elder_m2: float
    activity_m2: float | None
    office_m2: float | None
    service_m2: float | None
    warnings: tuple[str, ...]

    @property
    def reason_words(self) -> str:
        """Why it does not count, in Chinese."""
        return REASONS[self.reason]


REASONS: Mapping[str, str] = {
    "": "计入",
    "kind": "该类用房不计入",
    "vacated": "未投用或已腾退，不计入",
    "basement": "地下室未改造，不计入",
    "temporary": "临时建筑，不计入",
    "lease_ended": "租期已过，不计入",
    "no_evidence": "没有证据材料，待核实",
    "lease_undated": "租赁合同没有写明租期，待核实",
    "use_unknown": "是否投用不明，待核实",
    "area_unknown": "没有建筑面积，数据不足",
    "share_unknown": "按户分摊，但户数不全，数据不足",
}
PENDING = frozenset({"no_evidence", "lease_undated", "use_unknown"})


def count_rooms(
    rooms: Sequence[Room], households: Mapping[str, float | None], *, as_of: date, counting: Counting | None = None
) -> tuple[RoomCount, ...]:
    """Count rooms for the communities that use them, in the order of the rooms, then of the codes.

    Parameters
    ----------
    households
        Of communities by code, by which rooms are shared where no share was agreed.
    as_of
        The day on which leases are looked at.
    """
    rules = counting or Counting()
    counts = []
    for room in rooms:
        for code, (share, words) in _share_out(room, households).items():
            counts.append(_count(room, code, share, words, as_of, rules))
    return tuple(counts)


def _share_out(room: Room, households: Mapping[str, float | None]) -> dict[str, tuple[float | None, str]]:
    """Return the share of each community: by agreement, what is left of 1 by households."""
    if not room.shares:
        return {room.community_code: (1.0, "")}
    agreed = {code: share for code, share in room.shares.items() if share is not None}
    others = [code for code, share in room.shares.items() if share is None]
    left = max(1.0 - sum(agreed.values()), 0.0)
    known = [households.get(code) for code in others]
    total = sum(count for count in known if count)
    whole = all(count is not None for count in known) and total > 0
    shares: dict[str, tuple[float | None, str]] = {}
    for code in sorted(room.shares):
        if code in agreed:
            shares[code] = (agreed[code], f"协议分摊 {agreed[code]:.2%}")
        elif not whole:
            shares[code] = (None, "按户分摊")
        else:
            share = left * (households.get(code) or 0.0) / total
            shares[code] = (share, f"按户分摊 {share:.2%}")
    return shares


def _count(room: Room, code: str, share: float | None, words: str, as_of: date, rules: Counting) -> RoomCount:
    reason = _reason(room, share, as_of, rules)
    area = None if room.area_m2 is None or share is None else round(room.area_m2 * share, 2)
    counted = area if area is not None and not reason else 0.0
    pending = area if area is not None and reason in PENDING else 0.0
    left_out = 0.0 if area is None else round(area - counted - pending, 2)

    def part(area_m2: float | None) -> float | None:
        return None if area_m2 is None or share is None or reason else round(area_m2 * share, 2)

    elder = counted if room.kind == "elder_care" and room.elder_m2 is None else part(room.elder_m2) or 0.0
    activity = counted if room.kind == "activity" and room.activity_m2 is None else part(room.activity_m2)
    return RoomCount(
        room,
        code,
        share or 0.0,
        words,
        counted,
        pending,
        left_out,
        reason in ("area_unknown", "share_unknown"),
        reason,
        min(elder, counted),
        activity if not reason else None,
        part(room.office_m2),
        part(room.service_m2),
        tuple(_warn(room, as_of, rules)),
    )


def _reason(room: Room, share: float | None, as_of: date, rules: Counting) -> str:
    """Return why a room does not count; what rules it out comes before what is only to be verified."""
    shared_out = room.kind == "subdistrict_centre" and bool(room.shares)
    below = (room.below_ground or room.kind == "basement") and not room.converted
    found = (
        ("kind", room.kind in rules.left_out and not shared_out),
        ("vacated", room.in_use is False),
        ("basement", below and not rules.basements),
        ("temporary", (room.temporary or room.kind == "temporary") and not rules.temporary),
        ("lease_ended", room.evidence == "lease" and room.lease_until is not None and room.lease_until < as_of),
        ("area_unknown", room.area_m2 is None),
        ("share_unknown", share is None),
        ("no_evidence", room.evidence not in EVIDENCE_KINDS),
        ("lease_undated", room.evidence == "lease" and room.lease_until is None),
        ("use_unknown", room.in_use is None),
    )
    return next((name for name, true in found if true), "")


def _warn(room: Room, as_of: date, rules: Counting) -> list[str]:
    """Say what an inspector should look at."""
    words = []
    if room.evidence == "lease" and room.lease_until is not None:
        days = (room.lease_until - as_of).days
        if 0 <= days <= rules.lease_warning_days:
            words.append(f"租期 {room.lease_until.isoformat()} 到期，还有 {days} 天")
    if room.evidence in EVIDENCE_KINDS and not room.evidence_number:
        words.append("缺证号（合同号）")
    if room.area_m2 and room.measured_m2 is not None:
        difference = (room.measured_m2 - room.area_m2) / room.area_m2
        if abs(difference) > rules.differs:
            words.append(f"实测与申报相差 {difference:+.1%}")
    parts = [part for part in (room.office_m2, room.service_m2, room.elder_m2) if part is not None]
    if room.area_m2 is not None and sum(parts) > room.area_m2 * (1 + rules.differs):
        words.append("办公、服务、养老面积之和大于建筑面积")
    return words
