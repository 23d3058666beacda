"""Boards kept in step with the store: renewed when it tells of a change, thrown away when nobody can tell.

Each worker listens for itself, so all are right within a second of a publication. Where the connection that listens is
lost, what happened meanwhile is unknown: look-ups are refused until it is heard again, rather than answered stale. What
is in memory is never believed for its number alone: at every look it is held against what the store has in force, and
it counts only for a time after the last look that found it so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from app.api.board import AddressPlace, Board, GridFacts, Lead
from app.api.errors import TooMany
from app.geo.addresses import AddressBook, AddressEntry
from app.geo.lookup import index_grids
from app.store.addresses import Address, Alias, read_address_mark, read_addresses, read_aliases
from app.store.assignments import Assignment, read_assignments
from app.store.changes import Revisions, listening, read_revisions
from app.store.connect import Store
from app.store.errors import StoreError, StoreUnavailable
from app.store.grids import read_features
from app.store.published import PublishedGrid, read_held, read_published
from app.store.tables import ASSIGNMENT_ROLES

__all__ = ["CHINA_TIME", "KeptBoards", "today"]

log = logging.getLogger("jiexiang.boards")

CHINA_TIME = ZoneInfo("Asia/Shanghai")
"""Days begin and end by the clock of the county, wherever the server stands."""
MOST_OTHER_DAYS = 4
MOST_AWAITED_DAYS = 4
"""However many wait for one of them: it is read once."""
MOST_WARMED = 3_000
PORTION = 100
MOST_ASSIGNMENTS = 10_000_000
MOST_TOLD = 10
LOOK_SECONDS = 5.0
"""How often the store is looked at although nothing was heard: a connection may die in silence."""
AGAIN_SECONDS = 0.3
DEAF_SECONDS = 1.0
"""How long what is in memory counts for true while nobody listens."""
STALE_SECONDS = 60.0
"""How long it counts for true after it was last compared with the store, whatever keeps a look from its end."""
LONGEST_RENEWAL_SECONDS = 600.0
"""A province is read in less than a minute; what takes this long hangs, and is begun again."""


def today() -> date:
    """Return the day that it is in China."""
    return datetime.now(CHINA_TIME).date()


class KeptBoards:
    """Keeps today's board and a few of other days; `run` must run for as long as they are wanted."""

    def __init__(self, store: Store, *, county_names: Sequence[str] = (), clock: Callable[[], date] = today) -> None:
        self.store = store
        self.county_names = tuple(county_names)
        self.clock = clock
        self.changed = asyncio.Condition()
        self._board: Board | None = None
        self._warming: asyncio.Task[None] | None = None
        self._others: dict[date, Board] = {}
        self._reading_others = asyncio.Lock()
        self._awaited: Counter[date] = Counter()
        self._heard = asyncio.Event()
        self._deaf_since: float | None = time.monotonic()
        self._compared = time.monotonic()

    @property
    def current(self) -> Board:
        """Return what holds today.

        Raises
        ------
        StoreUnavailable
            Nothing has been read yet, or nobody knows whether it still holds.
        """
        now = time.monotonic()
        deaf = self._deaf_since is not None and now - self._deaf_since > DEAF_SECONDS
        if self._board is None or deaf or now - self._compared > STALE_SECONDS:
            raise StoreUnavailable("正在等待数据库", "waiting for the database")
        return self._board

    async def on(self, day: date) -> Board:
        """Return what holds on a day.

        Other days are read one after the other, and today's board waits for none of them.

        Raises
        ------
        StoreUnavailable
            Nothing has been read yet, or nobody knows whether it still holds.
        TooMany
            So many days are being waited for that this one has to come again.
        """
        board = self._find(day)
        if board is not None:
            return board
        if day not in self._awaited and len(self._awaited) >= MOST_AWAITED_DAYS:
            raise TooMany("正在读取别的日期，请稍后再试", "other days are being read; try again in a moment")
        self._awaited[day] += 1
        try:
            async with self._reading_others:
                board = self._find(day)  # somebody else may have read it meanwhile
                if board is None:
                    board = await self._load(day, self._others.get(day))
                    self._others[day] = board
                    while len(self._others) > MOST_OTHER_DAYS:
                        del self._others[next(iter(self._others))]
        finally:
            self._awaited[day] -= 1
            if not self._awaited[day]:
                del self._awaited[day]
        return board

    def _find(self, day: date) -> Board | None:
        """Return the board of a day where it is kept and knows what today's knows."""
        current = self.current
        board = current if day == current.day else self._others.get(day)
        return board if board is not None and board.revisions == current.revisions else None

    async def run(self) -> None:
        """Listen and renew until cancelled."""
        ear = asyncio.create_task(self._listen())
        try:
            while True:
                await self._wait()
                try:
                    async with asyncio.timeout(LONGEST_RENEWAL_SECONDS):
                        await self._renew()
                except (StoreError, TimeoutError) as error:
                    why = error.english if isinstance(error, StoreError) else "it took too long"
                    log.warning("what is in force cannot be read: %s", why)
                    self._turn_deaf()
                    self._heard.set()
                    await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._turn_deaf()
            self._cool()
            ear.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ear

    async def _listen(self) -> None:
        while True:
            try:
                async with listening(self.store) as numbers:
                    async for _ in numbers:
                        self._heard.set()
            except StoreError as error:
                log.warning("the store is not heard: %s", error.english)
                self._turn_deaf()
            await asyncio.sleep(AGAIN_SECONDS)

    def _turn_deaf(self) -> None:
        if self._deaf_since is None:
            self._deaf_since = time.monotonic()

    async def _wait(self) -> None:
        """Wait until something is heard, the day ends, or it is time to look anyway."""
        now = datetime.now(CHINA_TIME)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), CHINA_TIME)
        seconds = min(LOOK_SECONDS, (midnight - now).total_seconds() + 0.01)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # `wait_for` of Python 3.11 may lose a cancellation
                await self._heard.wait()
        self._heard.clear()

    async def _renew(self) -> None:
        day, looked, before = self.clock(), time.monotonic(), self._board
        async with self.store.reading() as connection:
            revisions = await read_revisions(connection)
            known = before is not None and (before.day, before.revisions) == (day, revisions)
            held = await read_held(connection, day) if known else None
        if before is None or held != before.held:
            kept = before
            if before is not None and held is not None:
                tell_difference("what is in memory is not what is in force, though nothing was told", before, held)
                kept = None
                self._others.clear()
            self._board = await self._load(day, kept)
        self._deaf_since, self._compared = None, looked
        if before is not self._board:
            async with self.changed:
                self.changed.notify_all()
            self._cool()
            self._warming = asyncio.create_task(self._warm(self._board))

    def _cool(self) -> None:
        if self._warming is not None:
            self._warming.cancel()

    async def _warm(self, board: Board | None) -> None:
        """Read the GeoJSON of a board's grids ahead of who asks for it, in small portions; a province is not read."""
        codes = [one.grid_code for one in board.grids if one.grid_code not in board.features] if board else []
        if board is None or len(codes) > MOST_WARMED:
            return
        for first in range(0, len(codes), PORTION):
            try:
                async with self.store.reading() as connection:
                    board.features.update(await read_features(connection, codes[first : first + PORTION], board.day))
            except StoreError as error:
                log.warning("grids are not read ahead: %s", error.english)
                return

    async def _load(self, day: date, before: Board | None) -> Board:
        """Read what is new since `before`; shapes and addresses that have not changed are kept."""
        async with self.store.reading() as connection:
            revisions = await read_revisions(connection)
            book_mark = await read_address_mark(connection)
            assigned = await read_assignments(connection, on=day, most=MOST_ASSIGNMENTS)
            drawn = (
                before
                if before is not None and (before.day, before.revisions.plans) == (day, revisions.plans)
                else None
            )
            published = [] if drawn else await read_published(connection, day)
            held = drawn.held if drawn else await read_held(connection, day)
            booked = drawn is not None and drawn.book_mark == book_mark
            addresses = [] if booked else await read_addresses(connection)
            aliases = [] if booked else await read_aliases(connection)
        board = drawn if drawn is not None else await asyncio.to_thread(draw_board, day, published)
        if board.held != held:
            tell_difference("the store contradicts itself about what is in force", board, held)
            raise StoreUnavailable("数据库前后矛盾，请管理员检查", "the database contradicts itself")
        if not booked:
            book, places = await asyncio.to_thread(write_book, board, addresses, aliases, self.county_names)
            board = replace(board, book=book, places=places, book_mark=book_mark)
        return replace(board, revisions=revisions, leads=choose_leads(assigned))


def tell_difference(words: str, board: Board, held: AbstractSet[tuple[int, int]]) -> None:
    """Write in the log how a board differs from what the store has in force, by numbers of plans and communities."""
    more, fewer = (sorted(some)[:MOST_TOLD] for some in (board.held - held, held - board.held))
    log.error("%s: %s beyond, %s missing, at %s", words, more, fewer, board.revisions)


def draw_board(day: date, published: Sequence[PublishedGrid]) -> Board:
    """Put grids in force into an index."""
    shapes = np.empty(len(published), dtype=object)
    shapes[:] = list(shapely.from_wkb([one.wkb for one in published]))
    index = index_grids(shapes, [one.community_code for one in published], [one.grid_code for one in published])
    grids = [
        GridFacts(
            one.grid_id,
            one.grid_code,
            one.name,
            one.kind,
            one.community_id,
            one.community_code,
            one.community_name,
            one.town_id,
            one.town_code,
            one.town_name,
        )
        for one in (published[place] for place in index.order)
    ]
    held = frozenset((one.plan_id, one.community_id) for one in published)
    return Board(day, Revisions(0, 0, 0), index, grids, held, {}, AddressBook([]), {})


def choose_leads(assigned: Iterable[Assignment]) -> Mapping[int, Lead]:
    """Return who answers for each grid: its lead, else the first of its full-time workers, else the first of any."""
    rank = {role: place for place, role in enumerate(ASSIGNMENT_ROLES)}
    best: dict[int, Assignment] = {}
    for one in sorted(assigned, key=lambda one: (rank[one.role], one.since, one.id)):
        best.setdefault(one.grid_id, one)
    return {grid_id: Lead(one.person, one.role, one.phone) for grid_id, one in best.items()}


def write_book(
    board: Board, addresses: Sequence[Address], aliases: Sequence[Alias], county_names: Sequence[str]
) -> tuple[AddressBook, Mapping[str, AddressPlace]]:
    """Make the address book, and say what its entries stand for; the entrances of a building are one entry."""
    homes = {grid.community_id: (grid.town_name, grid.community_name) for grid in board.grids}
    together: dict[tuple[object, ...], list[Address]] = defaultdict(list)
    for one in addresses:
        together[one.building_id, one.compound, one.building, one.road, one.house_number, one.community_id].append(one)
    entries, places = [], {}
    firsts = [rows[0] for rows in together.values()]
    found = board.index.find_points(np.array([(one.longitude, one.latitude) for one in firsts]).reshape(-1, 2))
    for number, (rows, row) in enumerate(zip(together.values(), found.tolist(), strict=True)):
        first, key = rows[0], f"{number:08}"
        units = tuple(sorted({one.unit for one in rows} - {""}))
        home = homes.get(first.community_id, ()) if first.community_id is not None else ()
        named = tuple(name for name in home if name)
        entries.append(AddressEntry(key, first.compound, first.building, first.road, first.house_number, units, named))
        places[key] = AddressPlace(first.building_id, first.standard_code, row)
    others: dict[str, list[str]] = defaultdict(list)
    for alias in aliases:
        others[alias.name].append(alias.alias)
    return AddressBook(entries, others, county=county_names), places
