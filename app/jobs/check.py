"""Check community rooms and new projects against the facility standards, from ledgers to findings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from app.files.columns import parse_columns
from app.files.households import communities_of
from app.files.messages import Note
from app.files.projects import PROJECTS, read_projects
from app.files.rooms import ROOMS, read_rooms
from app.files.standards import read_standards
from app.geo.assessment import (
    Assessment,
    Change,
    Community,
    assess,
    settlement_of,
)
from app.geo.errors import UsageError
from app.geo.findings import plain_community, plain_project, plain_standard
from app.geo.layers import CONTRACTS, Layers
from app.geo.projects import Phase
from app.geo.rooms import Counting, Room
from app.geo.standards import Standard, choose_standards
from app.geo.suppositions import Supposition, suppose
from app.jobs.inputs import Inputs, read_inputs
from app.jobs.steps import OnStep, Steps
from app.output import refuse_to_overwrite, write_whole
from app.reports.inspection import write_inspection
from app.reports.room_ledger import write_room_ledger
from app.reports.standards_brief import write_brief

__all__ = ["CheckOrder", "StandardsCheck", "check"]

LEDGER, INSPECTION, BRIEF, RECORD = "设施核查台账.xlsx", "现场核查表.xlsx", "核查简报.docx", "check.json"
NAMES = (LEDGER, INSPECTION, BRIEF, RECORD)


@dataclass(frozen=True)
class CheckOrder:
    """Everything that a check of facilities is asked with."""

    inputs: Inputs
    """Communities and buildings; may be without any layer, then the ledger's own communities are judged."""
    rooms: str
    as_of: date
    projects: str = ""
    rules: tuple[Path, ...] = ()
    """A county's own standards."""
    on: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    """Ids of standards to switch on and off."""
    counting: Counting = field(default_factory=Counting)
    what_if: tuple[str, ...] = ()
    """room:COMMUNITY:M2 or project:COMMUNITY:HOUSEHOLDS[:M2]"""
    folder: Path | None = None
    """Where workbooks and the brief go; nowhere if not given."""
    force: bool = False


@dataclass(frozen=True)
class StandardsCheck:
    """What a check came to, and what a what-if would change."""

    assessment: Assessment
    standards: tuple[Standard, ...]
    notes: tuple[Note, ...]
    rooms: tuple[Room, ...]
    phases: tuple[Phase, ...]
    changes: tuple[Change, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether everything is met, for certain."""
        return self.assessment.kept

    @property
    def record(self) -> dict[str, Any]:
        """The same for programs."""
        found = self.assessment
        return {
            "as_of": found.as_of.isoformat(),
            "kept": self.kept,
            "standards": [plain_standard(one, found.as_of) for one in self.standards if one.enabled],
            "communities": [plain_community(one) for one in found.communities],
            "projects": [plain_project(one) for one in found.projects],
            "by_shortfall": [one.community.code for one in found.by_shortfall()],
            "by_households": [one.community.code for one in found.by_households()],
            "what_if": [
                {"before": plain_community(one.before), "after": plain_community(one.after)} for one in self.changes
            ],
            "notes": [asdict(note) for note in self.notes],
        }


def check(order: CheckOrder, *, on_step: OnStep) -> StandardsCheck:
    """Judge communities by their rooms and projects by their phases.

    Raises
    ------
    InputError, UsageError
        A ledger, a layer or an option cannot be used.
    """
    steps = Steps(on_step)
    if order.folder is not None:
        refuse_to_overwrite(order.folder, NAMES, force=order.force)
    contracts = (*CONTRACTS.values(), ROOMS, PROJECTS)
    with steps.take("read"):
        told = parse_columns(order.inputs.columns, contracts)
        standards = _choose(order)
        layered, outlines, notes = _read_communities(order.inputs)
        ledger = read_rooms(order.rooms, communities=layered, as_of=order.as_of, told=told)
        known = {one.code: one for one in ledger.communities}
        projects = read_projects(order.projects, communities=known, told=told) if order.projects else None
    phases = projects.phases if projects else ()
    with steps.take("check"):
        before = assess(ledger.communities, ledger.rooms, phases, standards, as_of=order.as_of, counting=order.counting)
        changes: tuple[Change, ...] = ()
        if order.what_if:
            supposed = _read_what_if(order.what_if, known)
            given = (ledger.communities, ledger.rooms, phases, standards)
            _, changes = suppose(supposed, *given, as_of=order.as_of, counting=order.counting)
    noted = (*notes, *ledger.notes, *(projects.notes if projects else ()))
    done = StandardsCheck(before, standards, noted, ledger.rooms, phases, changes)
    if order.folder is not None:
        with steps.take("write"), write_whole(order.folder, NAMES, force=order.force) as part:
            (part / LEDGER).write_bytes(write_room_ledger(before, standards))
            (part / INSPECTION).write_bytes(write_inspection(before))
            (part / BRIEF).write_bytes(write_brief(before, standards, outlines))
            (part / RECORD).write_text(json.dumps(done.record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return done


def _choose(order: CheckOrder) -> tuple[Standard, ...]:
    standards = read_standards(*order.rules)
    ids = {one.id for one in standards}
    unknown = sorted({*order.on, *order.off} - ids)
    if unknown:
        raise UsageError(
            f"没有这样的标准 (no such standard)：{'、'.join(unknown)}；`jiexiang check --rules` 可另给标准"
        )
    return choose_standards(standards, on=order.on, off=order.off)


def _read_communities(
    inputs: Inputs,
) -> tuple[dict[str, Community], gpd.GeoDataFrame | None, tuple[Note, ...]]:
    """Return the communities of the layers by code, their outlines, and what was noted; nothing without layers."""
    if not inputs.sources:
        return {}, None, ()
    layers, report = read_inputs(replace(inputs, columns=_of_layers(inputs.columns)))
    return communities_in(layers), layers.communities, report.notes


def _of_layers(columns: Sequence[str]) -> tuple[str, ...]:
    """Leave out names of columns of the ledgers, which the reader of layers does not know."""
    return tuple(one for one in columns if not one.startswith(("rooms.", "projects.")))


def communities_in(layers: Layers) -> dict[str, Community]:
    """Return the communities of layers by code; households of their own, else the sum of their buildings."""
    table = layers.communities.sort_values("community_code", kind="stable")
    points = layers.buildings.geometry.representative_point().to_numpy()
    place = communities_of(points, table.geometry.to_numpy())
    inside = place >= 0
    sums = np.bincount(place[inside], weights=layers.buildings["households"].to_numpy()[inside], minlength=len(table))
    communities = {}
    for k, row in enumerate(table.itertuples()):
        counted = float(row.households) if row.households == row.households else None
        built = float(sums[k]) if len(layers.buildings) else None
        code = str(row.community_code)
        communities[code] = Community(
            code,
            str(row.name) or code,
            built if built is not None else counted,
            settlement_of(str(row.urban_rural_code)),
            str(row.town_code),
        )
    return communities


def _read_what_if(texts: Sequence[str], communities: Mapping[str, Community]) -> list[Supposition]:
    """Read what might be added."""
    supposed = []
    for text in texts:
        kind, _, rest = text.partition(":")
        parts = rest.split(":")
        try:
            code, numbers = parts[0], [float(part) for part in parts[1:]]
            valid = all(0 < one < float("inf") for one in numbers)
        except ValueError:
            code, numbers, valid = "", [], False
        if not valid or (kind, len(numbers)) not in (("room", 1), ("project", 1), ("project", 2)):
            raise UsageError(
                f"--what-if {text}：应写成 room:社区编码:建筑面积 或 project:社区编码:户数[:配建面积] "
                f"(write room:COMMUNITY:M2 or project:COMMUNITY:HOUSEHOLDS[:M2])"
            )
        if code not in communities:
            raise UsageError(f"--what-if {text}：没有社区 {code} (no such community)")
        if kind == "room":
            supposed.append(Supposition(code, numbers[0]))
        else:
            supposed.append(Supposition(code, sum(numbers[1:]), numbers[0]))
    return supposed
