"""What holds on a day, kept in memory for look-ups: grids with their index, who leads them, addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

from app.api.areas import area_holds
from app.geo.addresses import AddressBook
from app.geo.lookup import NOWHERE, GridIndex
from app.store.areas import Area
from app.store.changes import Revisions

__all__ = ["AddressPlace", "Board", "GridFacts", "Lead"]


@dataclass(frozen=True)
class GridFacts:
    """A grid in force, and where it belongs."""

    grid_id: int
    grid_code: str
    name: str
    kind: str
    community_id: int
    community_code: str
    community_name: str
    town_id: int
    town_code: str
    town_name: str


MOST_LISTS = 500
"""Lists of codes that are kept; one who asks for made-up communities shall not fill the memory."""


class AddressPlace(NamedTuple):
    """What an entry of the address book stands for, and the row of the grid it lies in."""

    building_id: int | None
    standard_code: str
    row: int


@dataclass(frozen=True)
class Lead:
    """Who answers for a grid: its lead (网格长), or where it has none the first of its workers."""

    name: str
    role: str
    phone: str


@dataclass(frozen=True, eq=False)
class Board:
    """Everything that look-ups of one day need.

    `grids` are in the order of the index; `held` are the plans they are of with the communities they lie in, by their
    permanent numbers; `revisions` tell how much of the store it knows; `places` say what the entries of the address
    book stand for, and `book_mark` which state of the store it is. `features` keeps the GeoJSON that PostGIS has
    written, by code.
    """

    day: date
    revisions: Revisions
    index: GridIndex
    grids: Sequence[GridFacts]
    held: frozenset[tuple[int, int]]
    leads: Mapping[int, Lead]
    book: AddressBook
    places: Mapping[str, AddressPlace]
    book_mark: tuple[int, ...] = ()
    features: dict[str, bytes] = field(default_factory=dict)

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """Return the row of each grid by its code."""
        return {grid.grid_code: row for row, grid in enumerate(self.grids)}

    @cached_property
    def grid_of(self) -> Mapping[int, GridFacts]:
        """Return each grid by its permanent number."""
        return {grid.grid_id: grid for grid in self.grids}

    @cached_property
    def community_codes(self) -> Mapping[int, str]:
        """Return the code of each community by its permanent number."""
        return {grid.community_id: grid.community_code for grid in self.grids}

    def codes_in(self, area: Area, community_code: str | None = None) -> Sequence[str]:
        """Return the codes of the grids in an area, or of one community in it, in order."""
        kept = self._listed.get((area, community_code))
        if kept is None:
            kept = sorted(
                grid.grid_code
                for row, grid in enumerate(self.grids)
                if community_code in (None, grid.community_code) and self.holds(area, row)
            )
            if len(self._listed) >= MOST_LISTS:
                self._listed.clear()
            self._listed[area, community_code] = kept
        return kept

    @cached_property
    def _listed(self) -> dict[tuple[Area, str | None], list[str]]:
        return {}

    @cached_property
    def written_codes(self) -> Sequence[bytes]:
        """Return the code of each row as JSON, and at the end what stands for no grid."""
        return [*(json.dumps(grid.grid_code).encode() for grid in self.grids), b"null"]

    @cached_property
    def written_lines(self) -> Sequence[bytes]:
        """Return what a line tells of each row, as members of a JSON object, and at the end what stands for no grid."""
        communities = [*(json.dumps(grid.community_code).encode() for grid in self.grids), b"null"]
        together = zip(self.written_codes, communities, strict=True)
        return [b'"grid_code":%b,"community_code":%b' % codes for codes in together]

    @cached_property
    def _told(self) -> dict[tuple[int, bool], bytes]:
        return {}

    def holds(self, area: Area, row: int) -> bool:
        """Tell whether the grid of a row lies in an area."""
        if row == NOWHERE:
            return False
        grid = self.grids[row]
        return area_holds(area, town_id=grid.town_id, community_id=grid.community_id, grid_id=grid.grid_id)

    def tell(self, row: int, *, phones: bool) -> bytes:
        """Return what is told of the grid of a row, as the members of a JSON object; written once and kept."""
        told = self._told.get((row, phones))
        if told is None:
            grid = self.grids[row]
            lead = self.leads.get(grid.grid_id)
            facts = {
                "grid": {
                    "grid_code": grid.grid_code,
                    "name": grid.name,
                    "kind": grid.kind,
                    "community_code": grid.community_code,
                    "community_name": grid.community_name,
                    "town_code": grid.town_code,
                    "town_name": grid.town_name,
                },
                "lead": None
                if lead is None
                else {"name": lead.name, "role": lead.role, **({"phone": lead.phone} if phones else {})},
            }
            told = json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()[1:-1]
            self._told[row, phones] = told
        return told
