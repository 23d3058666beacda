"""A service over nine drawn grids of two communities in two towns; what look-ups need is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date

from asgi_client import Client
from shapely import box
from sqlalchemy.ext.asyncio import create_async_engine

from app.api.application import build
from app.api.areas import Caller
from app.api.board import AddressPlace, Board, GridFacts, Lead
from app.api.errors import NotSignedIn
from app.api.frontdoor import Scope
from app.api.metrics import Figures
from app.api.service import Service
from app.geo.addresses import AddressBook, AddressEntry
from app.geo.lookup import NOWHERE, index_grids
from app.settings import ServiceSettings
from app.store.areas import COUNTY, Area
from app.store.changes import Revisions
from app.store.connect import Store

#   B7 B8 B9     each 0.01° wide, the south-west corner at 120°E 30°N;
#   B4 B5 B6     community A (id 1) in town 1, community B (id 2) in town 2;
#   A1 A2 A3     the id of a grid is its digit
WEST, SOUTH, STEP = 120.0, 30.0, 0.01
DAY = date(2026, 11, 26)
EARLIER = date(2025, 1, 1)

CALLERS: Mapping[str, Caller] = {
    "county": Caller("user", 1, "wang", "county", COUNTY),
    "planner": Caller("user", 2, "zhou", "planner", COUNTY),
    "town": Caller("user", 3, "chen", "town", Area("town", 2)),
    "community": Caller("user", 4, "liu", "community", Area("community", 1)),
    "worker": Caller("user", 5, "he", "worker", Area("grid", 5)),
    "system": Caller("key", 6, "hotline", "system", COUNTY),
}

ENTRIES = [
    AddressEntry("b1", "阳光花园", "3栋", "中山路", "12号", (), ("东镇",)),
    AddressEntry("b2", "幸福苑", "3栋", "", "", (), ("西镇",)),
    AddressEntry("b3", "新楼盘", "1栋"),
]


def make_board(day: date = DAY, changes: int = 7, *, grids: int = 9) -> Board:
    """Draw the board; on an earlier day there were fewer grids."""
    facts, shapes = [], []
    for number in range(1, grids + 1):
        row, column = divmod(number - 1, 3)
        community = 1 if row == 0 else 2
        letter = "AB"[community - 1]
        shapes.append(
            box(
                WEST + column * STEP,
                SOUTH + row * STEP,
                WEST + (column + 1) * STEP,
                SOUTH + (row + 1) * STEP,
            )
        )
        facts.append(
            GridFacts(
                number,
                f"{letter}{number}",
                f"第{number}网格",
                "general",
                community,
                letter * 12,
                f"{letter}社区",
                community,
                letter * 9,
                f"{letter}镇",
            )
        )
    index = index_grids(shapes, [one.community_code for one in facts], [one.grid_code for one in facts])
    ordered = [facts[place] for place in index.order]
    leads = {1: Lead("李明", "网格长", "13800000001"), 5: Lead("何芳", "专职网格员", "13800000005")}
    book = AddressBook(ENTRIES, county=["云川县"])
    rows = {one.grid_code: row for row, one in enumerate(ordered)}
    places = {
        "b1": AddressPlace(1, "", rows["A1"]),
        "b2": AddressPlace(2, "", rows.get("B5", NOWHERE)),
        "b3": AddressPlace(None, "330482", NOWHERE),
    }
    return Board(day, Revisions(changes, changes, changes), index, ordered, frozenset(), leads, book, places)


NO_STORE = Store(create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/none"), "")
"""A database that does not answer."""


class DrawnBoards:
    """Today's board, and an earlier one."""

    current = make_board()

    def __init__(self) -> None:
        self.changed = asyncio.Condition()

    async def on(self, day: date) -> Board:
        return self.current if day >= DAY else make_board(day, grids=3)


async def identify(scope: Scope) -> Caller:
    """Take the word of a header for it."""
    for name, value in scope["headers"]:
        if name == b"x-test-caller":
            return CALLERS[value.decode()]
    raise NotSignedIn("请先登录", "sign in first")


def make_service(settings: ServiceSettings, boards: DrawnBoards | None = None) -> Service:
    """Return the service itself."""
    return Service(settings, boards or DrawnBoards(), identify, lambda _scope: None, Figures(), NO_STORE)


def make_client(settings: ServiceSettings | None = None, caller: str = "county") -> Client:
    """Return a client of the service that asks as somebody."""
    service = make_service(settings or ServiceSettings(log_requests=False))
    headers = {"X-Test-Caller": caller} if caller else {}
    return Client(build(service.settings, service.figures, service), headers)
