"""Findings as plain values for programs: the same in the JSON of a command and in the answer of the service."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.geo.assessment import CommunityFinding, Finding
from app.geo.projects import ProjectFinding
from app.geo.rooms import ROOM_KINDS, Room, RoomCount
from app.geo.standards import Standard

__all__ = [
    "plain_community",
    "plain_finding",
    "plain_ledger_room",
    "plain_project",
    "plain_room",
    "plain_standard",
]


def plain_standard(one: Standard, on: date) -> dict[str, Any]:
    """Return a standard, and how it stands on a day."""
    return {
        "id": one.id,
        "words": one.describe(on),
        "level": one.level,
        "source": one.source,
        "standing": one.standing,
        "verified": one.verified,
        "continued": one.lapsed(on) and one.continued,
        "valid_from": one.valid_from.isoformat() if one.valid_from else None,
        "valid_until": one.valid_until.isoformat() if one.valid_until else None,
    }


def plain_finding(one: Finding) -> dict[str, Any]:
    """Return how a community stands by one standard."""
    return {
        "standard": one.standard.id,
        "required": one.required,
        "counted": one.counted,
        "pending": one.pending,
        "shortfall": one.shortfall,
        "status": one.status,
        "advisory": one.advisory,
        "words": one.words,
    }


def plain_room(one: RoomCount) -> dict[str, Any]:
    """Return what a room comes to for a community."""
    return {
        "room_id": one.room.room_id,
        "row": one.room.row,
        "name": one.room.name,
        "kind": ROOM_KINDS[one.room.kind],
        "area_m2": one.room.area_m2,
        "share": one.share,
        "share_words": one.share_words,
        "counted_m2": one.counted_m2,
        "pending_m2": one.pending_m2,
        "left_out_m2": one.left_out_m2,
        "reason": one.reason_words,
        "evidence": one.room.evidence_words,
        "evidence_number": one.room.evidence_number,
        "measured_m2": one.room.measured_m2,
        "warnings": list(one.warnings),
    }


def plain_ledger_room(one: Room) -> dict[str, Any]:
    """Return a room as the ledger has it, with its paper."""
    return {
        "room_id": one.room_id,
        "row": one.row,
        "community_code": one.community_code,
        "name": one.name,
        "kind": one.kind,
        "kind_words": ROOM_KINDS[one.kind],
        "address": one.address,
        "storey": one.storey,
        "area_m2": one.area_m2,
        "office_m2": one.office_m2,
        "service_m2": one.service_m2,
        "elder_m2": one.elder_m2,
        "activity_m2": one.activity_m2,
        "measured_m2": one.measured_m2,
        "in_use": one.in_use,
        "acquisition": one.acquisition,
        "owner": one.owner,
        "user": one.user,
        "evidence": {
            "kind": one.evidence,
            "words": one.evidence_words,
            "number": one.evidence_number,
            "dated": one.evidence_on.isoformat() if one.evidence_on else None,
            "valid_until": one.lease_until.isoformat() if one.lease_until else None,
            "file_name": one.evidence_file,
        },
        "shares": dict(one.shares),
        "remark": one.remark,
    }


def plain_community(one: CommunityFinding) -> dict[str, Any]:
    """Return how a community stands, with its findings and rooms."""
    return {
        "community_code": one.community.code,
        "name": one.community.name,
        "households": one.community.households,
        "status": one.status,
        "binding": one.binding.standard.id if one.binding else None,
        "shortfall_m2": one.shortfall_m2,
        "counted_m2": one.counted_m2,
        "without_elder_m2": one.without_elder_m2,
        "pending_m2": one.pending_m2,
        "left_out_m2": one.left_out_m2,
        "per_100_households_m2": one.per_100_households_m2,
        "activity_share": one.activity_share,
        "main_site": one.main_site.room.room_id if one.main_site else None,
        "remedy": one.remedy,
        "responsible": one.responsible,
        "hints": list(one.hints),
        "findings": [plain_finding(finding) for finding in one.findings],
        "rooms": [plain_room(room) for room in one.rooms],
    }


def plain_project(one: ProjectFinding) -> dict[str, Any]:
    """Return how a project and its phases stand."""
    return {
        "project_id": one.project_id,
        "name": one.name,
        "community_code": one.community_code,
        "standard": one.standard.id if one.standard else None,
        "households": one.households,
        "required_m2": one.required_m2,
        "planned_m2": one.planned_m2,
        "built_m2": one.built_m2,
        "handed_over_m2": one.handed_over_m2,
        "given_m2": one.given_m2,
        "shortfall_m2": one.shortfall_m2,
        "status": one.status,
        "stage": one.stage,
        "words": list(one.words),
        "phases": [
            {
                "phase": phase.phase.phase,
                "row": phase.phase.row,
                "required_m2": phase.required_m2,
                "owed_so_far_m2": phase.owed_so_far_m2,
                "given_so_far_m2": phase.given_so_far_m2,
                "status": phase.status,
            }
            for phase in one.phases
        ],
    }
