"""What look-ups and routes of grids, communities and towns answer, for the OpenAPI document."""

from __future__ import annotations

from datetime import date
from typing import Literal

from app.api.document.answers import Answer, Count, Link, MultiPolygon, sometimes

__all__ = [
    "AddressMatched",
    "AddressesMatched",
    "Communities",
    "CommunityFeature",
    "GridFeature",
    "GridFeatures",
    "Neighbours",
    "PointInside",
    "PointOutside",
    "PointsFound",
    "Sides",
    "Towns",
    "Units",
]

WITHHELD = "有数字因不足十而不给出时为 true true where a count under ten is withheld"


class GridNamed(Answer):
    """A grid and where it belongs."""

    grid_code: str
    name: str
    kind: Literal["general", "special"]
    community_code: str
    community_name: str
    town_code: str
    town_name: str


class Lead(Answer):
    """Who answers for a grid."""

    name: str
    role: str
    phone: str = sometimes("只给需要联系网格人员的角色 for roles that call the people of grids")


class GridLed(Answer):
    """A grid and who answers for it."""

    grid: GridNamed
    lead: Lead | None


# -- look-ups ---------------------------------------------------------------------------------------------------------


class PointInside(GridLed):
    """The grid that holds a point."""

    found: Literal[True]
    distance_to_border_m: float
    on_border: bool


class NearestGrid(Answer):
    """The grid that is closest to a point, and how far."""

    grid_code: str
    name: str
    distance_m: float


class PointOutside(Answer):
    """No grid of the area holds a point."""

    found: Literal[False]
    nearest: NearestGrid | None


class Doubt(Answer):
    """What speaks against a candidate."""

    kind: str
    words: str
    words_en: str


class Candidate(Answer):
    """What an address may mean."""

    building_id: int | None
    standard_code: str
    score: int
    matched: str
    doubts: list[Doubt]
    grid: GridNamed | None
    lead: Lead | None = sometimes("在网格内时 where it lies in a grid")


class AddressMatched(Answer):
    """What an address may mean, best first."""

    address: str
    certain: bool
    candidates: list[Candidate]
    reason: Literal["unknown_name", "unknown_building", "not_in_area"] = sometimes(
        "没有候选时为何 why there is no candidate"
    )


class PointsFound(Answer):
    """The grids of many points, in their order; null where none of the area holds the point."""

    day: date
    found: int
    results: list[str | None]
    grids: dict[str, GridLed]
    distances_to_border_m: list[float | None] = sometimes("请求 distances 时 where distances were asked for")


class AddressesMatched(Answer):
    """What many addresses may mean, in their order, and the numbers of those that are not certain."""

    day: date
    results: list[AddressMatched]
    unmatched: list[int]


# -- grids ------------------------------------------------------------------------------------------------------------


class GridProperties(Answer):
    """What is known of a grid."""

    grid_id: int
    grid_code: str
    name: str
    kind: Literal["general", "special"]
    households: Count
    persons: Count
    area_m2: float | None
    sides_east: str
    sides_south: str
    sides_west: str
    sides_north: str
    reason: str
    reason_code: str
    community_code: str
    community_name: str
    town_code: str
    town_name: str
    plan_id: int
    valid_from: date
    withheld: bool = sometimes(WITHHELD)


class GridFeature(Answer):
    """A grid as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: MultiPolygon
    properties: GridProperties


class GridFeatures(Answer):
    """A page of grids as GeoJSON."""

    type: Literal["FeatureCollection"]
    numberMatched: int  # noqa: N815  the word of OGC API Features
    numberReturned: int  # noqa: N815
    links: list[Link]
    features: list[GridFeature]


class Sides(Answer):
    """What bounds a grid on its four sides."""

    grid_code: str
    east: str
    south: str
    west: str
    north: str


class Border(Answer):
    """What runs between two grids."""

    barrier: str
    street: str
    length_m: float | None


class Neighbour(Answer):
    """A grid beside a grid."""

    grid_code: str
    name: str
    borders: list[Border]
    lead: Lead | None


class Neighbours(Answer):
    """The grids beside a grid."""

    neighbours: list[Neighbour]


class UnitProperties(Answer):
    """What is known of a unit."""

    unit_id: str
    kind: str
    households: Count
    withheld: bool = sometimes(WITHHELD)


class UnitFeature(Answer):
    """A unit as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: MultiPolygon
    properties: UnitProperties


class Units(Answer):
    """The units of a grid as GeoJSON."""

    type: Literal["FeatureCollection"]
    features: list[UnitFeature]


# -- communities and towns --------------------------------------------------------------------------------------------


class CommunityListed(Answer):
    """A community and how many grids it has."""

    community_code: str
    name: str
    town_code: str
    town_name: str
    grids: int


class Communities(Answer):
    """The communities of the area."""

    communities: list[CommunityListed]


class CommunityProperties(Answer):
    """What is known of a community."""

    community_id: int
    community_code: str
    name: str
    town_code: str
    town_name: str
    grids: int | None
    households: Count
    plan_id: int
    valid_from: date
    withheld: bool = sometimes(WITHHELD)


class CommunityFeature(Answer):
    """A community as a GeoJSON feature."""

    type: Literal["Feature"]
    id: str
    geometry: MultiPolygon
    properties: CommunityProperties


class TownListed(Answer):
    """A town and how much it has."""

    town_code: str
    name: str
    communities: int
    grids: int


class Towns(Answer):
    """The towns of the area."""

    towns: list[TownListed]
