"""What routes of standards, rooms, projects, facilities and ways on foot answer, for the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from app.api.document.answers import Answer, Count, Geometry, Link, Polygon, Status, sometimes

__all__ = [
    "CommunityStanding",
    "Covered",
    "Facilities",
    "FacilityFeature",
    "ProjectStanding",
    "Projects",
    "RoomTold",
    "Rooms",
    "Sited",
    "Standings",
    "Supposed",
]


class StandardTold(Answer):
    """A standard that is applied."""

    id: str
    words: str
    level: str
    source: str
    standing: str
    verified: bool
    continued: bool
    valid_from: date | None
    valid_until: date | None


class StandardFinding(Answer):
    """How a community stands by one standard; null where unknown."""

    standard: str
    required: float | None
    counted: float | None
    pending: float
    shortfall: float | None
    status: Status
    advisory: bool
    words: str


class RoomCounted(Answer):
    """What a room comes to for a community."""

    room_id: str
    row: int
    name: str
    kind: str
    area_m2: float | None
    share: float
    share_words: str
    counted_m2: float
    pending_m2: float
    left_out_m2: float
    reason: str
    evidence: str
    evidence_number: str
    measured_m2: float | None
    warnings: list[str]


class StandingPlain(Answer):
    """How a community stands."""

    community_code: str
    name: str
    households: Count
    status: Status
    binding: str | None
    shortfall_m2: float | None
    counted_m2: float
    without_elder_m2: float
    pending_m2: float
    left_out_m2: float
    per_100_households_m2: float | None
    activity_share: float | None
    main_site: str | None
    remedy: str
    responsible: str
    hints: list[str]
    findings: list[StandardFinding]
    rooms: list[RoomCounted]


class StandingListed(StandingPlain):
    """How a community stands, and its place among those that miss something; null where it misses nothing."""

    rank_by_shortfall: int | None
    rank_by_households: int | None


class PhaseStanding(Answer):
    """Where a phase of a project stands, all up to it taken together."""

    phase: str
    row: int
    required_m2: float | None
    owed_so_far_m2: float | None
    given_so_far_m2: float | None
    status: Literal["达标", "待后期", "不达标", "待核实", "数据不足"]


class ProjectStanding(Answer):
    """What a project owes, and what it has given."""

    project_id: str
    name: str
    community_code: str
    standard: str | None
    households: Count
    required_m2: float | None
    planned_m2: float | None
    built_m2: float | None
    handed_over_m2: float | None
    given_m2: float | None
    shortfall_m2: float | None
    status: Status
    stage: str
    words: list[str]
    phases: list[PhaseStanding]


class Projects(Answer):
    """A page of projects, and the one to begin the next after."""

    as_of: date
    projects: list[ProjectStanding]
    after: str | None


class Standings(Answer):
    """A page of communities, and the one to begin the next after."""

    as_of: date
    standards: list[StandardTold]
    summary: dict[Status, int]
    communities: list[StandingListed]
    projects: list[ProjectStanding]
    after: str | None


class RecordedFinding(Answer):
    """What was found before; systems are told no areas of it."""

    plan_id: int | None
    as_of: date
    at: datetime
    standard: str
    required: float | None
    counted: float | None
    pending: float | None
    shortfall: float | None
    status: Status
    advisory: bool
    binding: bool


class CommunityStanding(StandingListed):
    """How a community stands, with its projects and what was found before."""

    as_of: date
    projects: list[ProjectStanding]
    recorded: list[RecordedFinding]


class StandingChanged(Answer):
    """A community before and after what is supposed."""

    before: StandingPlain
    after: StandingPlain


class Supposed(Answer):
    """What would change."""

    as_of: date
    changes: list[StandingChanged]
    projects: list[ProjectStanding]


# -- ledgers ----------------------------------------------------------------------------------------------------------


class Evidence(Answer):
    """The paper on which a room counts."""

    kind: str
    words: str
    number: str
    dated: date | None
    valid_until: date | None
    file_name: str


class RoomShare(Answer):
    """What a room counts for a community of the area."""

    community_code: str
    share: float
    counted_m2: float
    pending_m2: float
    left_out_m2: float
    reason: str
    warnings: list[str]


class RoomTold(Answer):
    """A room as the ledger has it; null where it does not say."""

    room_id: str
    row: int
    community_code: str
    name: str
    kind: str
    kind_words: str
    address: str
    storey: str
    area_m2: float | None
    office_m2: float | None
    service_m2: float | None
    elder_m2: float | None
    activity_m2: float | None
    measured_m2: float | None
    in_use: bool | None
    acquisition: str
    owner: str
    user: str
    evidence: Evidence
    shares: dict[str, float | None]
    remark: str
    counts: list[RoomShare]


class Rooms(Answer):
    """A page of rooms, and the one to begin the next after."""

    as_of: date
    rooms: list[RoomTold]
    after: str | None


class FacilityProperties(Answer):
    """What is known of a facility."""

    facility_code: str
    name: str
    kind: Annotated[str, Field(alias="class")]
    community_code: str | None
    address: str
    floor_area_m2: float | None


class FacilityFeature(Answer):
    """A facility as a GeoJSON feature; without a shape where nobody knows its place."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry | None
    properties: FacilityProperties


class Facilities(Answer):
    """A page of facilities as GeoJSON."""

    type: Literal["FeatureCollection"]
    numberReturned: int  # noqa: N815  the word of OGC API Features
    links: list[Link]
    features: list[FacilityFeature]


# -- ways on foot -----------------------------------------------------------------------------------------------------

WITHHELD = "有数字因不足十而不给出时为 true true where a count under ten is withheld"


class FacilityClass(Answer):
    """How many facilities of a class there are, and how many of them stand by no street."""

    facility_class: str
    facilities: int
    isolated: int


class CoverageShare(Answer):
    """How many of a place can walk to a facility of a class."""

    level: Literal["county", "community", "grid"]
    code: str
    facility_class: str
    within_m: float
    households: Count
    households_within: Count
    share: float | None
    persons: Count
    persons_within: Count
    persons_share: float | None
    households_in_circle: Count
    over_claimed: Count
    withheld: bool = sometimes(WITHHELD)


class SpotProperties(Answer):
    """Homes that are farther than a distance."""

    facility_class: str
    within_m: float
    number: int
    households: Count
    persons: Count
    homes: Count
    community_codes: list[str]
    withheld: bool = sometimes(WITHHELD)


class SpotFeature(Answer):
    """A blind spot as a GeoJSON feature."""

    type: Literal["Feature"]
    geometry: Polygon
    properties: SpotProperties


class Spots(Answer):
    """Blind spots as GeoJSON."""

    type: Literal["FeatureCollection"]
    features: list[SpotFeature]


class IsolatedHome(Answer):
    """A home that stands by no street."""

    building_id: int | str
    community_code: str
    households: float
    reason: str


class Covered(Answer):
    """Who can walk to what."""

    day: date
    metres_a_minute: float
    within_m: list[float]
    facilities: list[FacilityClass]
    level: Literal["county", "community", "grid"]
    shares: list[CoverageShare]
    blind_spots: Spots | None
    by_gate_households: Count
    isolated: list[IsolatedHome]


class Site(Answer):
    """Where another facility might be, and whom it would reach."""

    number: int
    name: str
    kind: str
    households: Count
    adds: Count
    longitude: float
    latitude: float
    withheld: bool = sometimes(WITHHELD)


class Sited(Answer):
    """Where more facilities would reach most; `gap` is 0 where that is proven."""

    kind: Annotated[str, Field(alias="class")]
    within_m: float
    candidates: int
    uncovered_households: Count
    covered_households: Count
    out_of_reach_households: Count
    gap: float
    proven: bool
    sites: list[Site]
    alone: list[Site]
