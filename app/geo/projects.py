"""Rooms that new residential projects 新建小区 have to hand over: stages, phases, and what is still owed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from app.geo.standards import PER_100_HOUSEHOLDS, Standard, in_force, required_area

__all__ = ["STAGES", "Phase", "PhaseFinding", "ProjectFinding", "judge_projects"]

STAGES = ("规划条件", "方案", "竣工", "验收", "移交", "登记", "启用")
"""The way of a project's rooms, from planning conditions to use."""

_PLANNED, _BUILT = 1, 3
"""Up to stage 方案 the planned area is looked at, up to 验收 the built one, then what was handed over."""


@dataclass(frozen=True)
class Phase:
    """A row of the ledger of projects: a project, or one of its phases; None where it does not say."""

    project_id: str
    name: str
    phase: str
    community_code: str
    households: float | None
    conditions_on: date | None
    """Day of the planning conditions, else of the transfer contract: its rule applies."""
    stage: str
    planned_m2: float | None = None
    built_m2: float | None = None
    handed_over_m2: float | None = None
    developer: str = ""
    contract_on: date | None = None
    combined: bool | None = None
    """All its rooms in one place."""
    title_number: str = ""
    receiver: str = ""
    handed_over_on: date | None = None
    declared_rule: str = ""
    trouble: str = ""
    settlement: str = ""
    row: int = 0


@dataclass(frozen=True)
class PhaseFinding:
    """Where a phase stands, all phases up to it taken together; areas in m², None where unknown."""

    phase: Phase
    required_m2: float | None
    """Of this phase alone."""
    owed_so_far_m2: float | None
    given_so_far_m2: float | None
    status: str
    """达标, 待后期 (a later phase makes up for it), 不达标, 待核实 or 数据不足"""


@dataclass(frozen=True)
class ProjectFinding:
    """What a project owes by the standard of its day."""

    project_id: str
    name: str
    community_code: str
    standard: Standard | None
    households: float | None
    required_m2: float | None
    planned_m2: float | None
    built_m2: float | None
    handed_over_m2: float | None
    given_m2: float | None
    """What counts at the stage that its rooms have reached."""
    shortfall_m2: float | None
    status: str
    stage: str
    phases: tuple[PhaseFinding, ...]
    words: tuple[str, ...]
    """What else is to be looked at."""


def judge_projects(
    phases: Sequence[Phase], standards: Sequence[Standard], *, as_of: date, settlements: Mapping[str, str] | None = None
) -> tuple[ProjectFinding, ...]:
    """Judge every project by the standard in force on the day of its planning conditions, in the order of their ids.

    Phases are met cumulatively, in the order of the ledger: one that gives less than it owes waits for a later one
    (待后期) as long as all phases together are planned to give what the project owes.

    Parameters
    ----------
    as_of
        The day of the check, at which a project without dates is judged and told so.
    settlements
        urban, town or rural by code of community.
    """
    ordered = sorted(phases, key=lambda phase: phase.project_id)  # stable: phases stay in the ledger's order
    return tuple(
        _judge(list(group), standards, as_of, settlements or {})
        for _, group in groupby(ordered, key=lambda phase: phase.project_id)
    )


def _judge(
    phases: list[Phase], standards: Sequence[Standard], as_of: date, settlements: Mapping[str, str]
) -> ProjectFinding:
    first = phases[0]
    on = next((phase.conditions_on for phase in phases if phase.conditions_on), None)
    settlement = settlements.get(first.community_code, first.settlement)
    rules = [
        one
        for one in in_force(
            standards, level="project", code=first.community_code, settlement=settlement, on=on or as_of
        )
        if one.part == "rooms"
    ]
    households = _total([phase.households for phase in phases])
    standard = max(rules, key=lambda one: required_area(one, households) or 0.0) if rules else None
    required = required_area(standard, households) if standard else None
    stage = min((phase.stage for phase in phases), key=STAGES.index)
    given = _total([_given(phase) for phase in phases])
    found = _judge_phases(phases, standard)
    shortfall = None if required is None or given is None else round(max(required - given, 0.0), 2)
    return ProjectFinding(
        first.project_id,
        first.name,
        first.community_code,
        standard,
        households,
        required,
        _total([phase.planned_m2 for phase in phases]),
        _total([phase.built_m2 for phase in phases]),
        _total([phase.handed_over_m2 for phase in phases]),
        given,
        shortfall,
        _status(phases, required, given),
        stage,
        found,
        tuple(_words(phases, standard, on, as_of)),
    )


def _given(phase: Phase) -> float | None:
    """Return the area that counts at a phase's stage."""
    stage = STAGES.index(phase.stage)
    if stage <= _PLANNED:
        return phase.planned_m2
    return phase.built_m2 if stage <= _BUILT else phase.handed_over_m2


def _status(phases: Sequence[Phase], required: float | None, given: float | None) -> str:
    if required is None or given is None:
        return "数据不足"
    if given < required:
        return "不达标"
    return "待核实" if any(not _evidenced(phase) for phase in phases) else "达标"


def _evidenced(phase: Phase) -> bool:
    """Tell whether what was handed over stands on paper: who took it or when, and from registration on the title."""
    stage = STAGES.index(phase.stage)
    if stage >= STAGES.index("登记") and not phase.title_number:
        return False
    return stage < STAGES.index("移交") or bool(phase.receiver or phase.handed_over_on)


def _judge_phases(phases: Sequence[Phase], standard: Standard | None) -> tuple[PhaseFinding, ...]:
    if standard is not None and standard.metric != PER_100_HOUSEHOLDS:
        return ()  # asked of the project as a whole
    found = []
    owed: float | None = 0.0
    given: float | None = 0.0
    whole = _total([phase.households for phase in phases])
    owed_in_all = required_area(standard, whole) if standard else None
    promised = _total([max(phase.planned_m2 or 0.0, _given(phase) or 0.0) for phase in phases])
    for phase in phases:
        alone = required_area(standard, phase.households) if standard else None
        area = _given(phase)
        owed = None if owed is None or alone is None else round(owed + alone, 2)
        given = None if given is None or area is None else round(given + area, 2)
        if owed is None or given is None:
            status = "数据不足"
        elif given >= owed:
            status = "达标" if _evidenced(phase) else "待核实"
        elif phase is not phases[-1] and owed_in_all is not None and promised is not None and promised >= owed_in_all:
            status = "待后期"
        else:
            status = "不达标"
        found.append(PhaseFinding(phase, alone, owed, given, status))
    return tuple(found)


def _words(phases: Sequence[Phase], standard: Standard | None, on: date | None, as_of: date) -> list[str]:
    words = []
    if standard is None:
        words.append("没有适用的标准")
    if on is None:
        words.append(f"没有规划条件或出让合同日期，按 {as_of.isoformat()} 的标准")
    if any(phase.combined is False for phase in phases):
        words.append("未集中配建")
    for phase in phases:
        label = f"{phase.phase}：" if phase.phase else ""
        if phase.households is None:
            words.append(f"{label}没有规划户数")
        if _given(phase) is None:
            words.append(f"{label}没有{'规划' if STAGES.index(phase.stage) <= _PLANNED else '竣工或移交'}面积")
        if not _evidenced(phase):
            words.append(f"{label}已到{phase.stage}阶段，缺移交或产权材料")
    return words


def _total(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return round(sum(known), 2) if len(known) == len(numbers) else None
