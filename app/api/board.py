"""What holds on a day, kept in memory for look-ups: grids with their index, who leads them, addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from app.api.areas import area_holds
from app.geo.addresses import AddressBook
from app.geo.lookup import NOWHERE, GridIndex
from app.store.areas import Area

__all__ = ["Board", "GridFacts", "Lead"]


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


@dataclass(frozen=True)
class Lead:
    """Who answers for a grid: its lead (网格长), or where it has none the first of its workers."""

    name: str
    role: str
    phone: str


@dataclass(frozen=True, eq=False)
class Board:
    """Everything that look-ups of one day need.

    `grids` are in the order of the index; `revision` is the number of the last change that it knows; `buildings` gives
    the row of the grid of a building that the address book may name.
    """

    day: date
    revision: int
    index: GridIndex
    grids: Sequence[GridFacts]
    leads: Mapping[int, Lead]
    book: AddressBook
    buildings: Mapping[str, int]

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """Return the row of each grid by its code."""
        return {grid.grid_code: row for row, grid in enumerate(self.grids)}

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
