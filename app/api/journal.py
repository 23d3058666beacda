"""What is written into the audit of what is asked: every change, every reading of a phone number, nothing else.

The entry of a change is written in the transaction of the change, so that there is never one without the other. Other
entries wait in memory, a fifth of a second and the writing before them, and are written together; whoever was refused a
change is answered when that is written. A look-up without phone numbers waits for nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from app.api.areas import Caller
from app.api.frontdoor import Scope, route_of
from app.api.openid import RETURN_PATH
from app.api.phones import TELLING, Telling
from app.api.refusals import Refusals
from app.store.audit import Entry, read_head, write_audit
from app.store.audit_archive import keep_head
from app.store.connect import AsyncConnection, Store, translating
from app.store.errors import StoreError, StoreUnavailable

__all__ = ["Audit", "Journal"]

log = logging.getLogger("jiexiang.audit")

FLUSH_SECONDS = 0.2
LOOK_SECONDS = 60.0
"""How often it is seen whether an hour has passed since the head was last written outside the database."""
CLOSE_SECONDS = 5.0
"""How long a worker that ends tries to write what still waits; `app.api.running` gives it longer than that."""
GIVE_UP_SECONDS = 1.0
"""How long a writing that is given up may take to end."""
MOST_WAITING = 20_000
MOST_TOGETHER = 2_000
MOST_NAMED = 200
LONGEST = 300
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOK_UPS = frozenset({"/locate", "/locate/workbook", "/standards/what-if"})
"""What is sent there changes nothing."""
AUDITED_READS = frozenset({"/audit", RETURN_PATH})
PASSWORDS = frozenset({"POST /session", "POST /sign-in"})
"""Where passwords are tried; how often somebody may be wrong is bounded by `Service.failures`."""
SIGN_INS = PASSWORDS | {"POST /m/link"}
"""Where also an attempt by nobody known is written down, as it is at `RETURN_PATH`."""
WRITTEN = "jiexiang.written"
"""Stands in the scope of a request whose entry was written with what it changed."""


class Journal:
    """Entries of this process that wait to be written, and who writes them.

    `run` must run as long as it is wanted, and `aclose` comes after that.
    """

    def __init__(self, store: Store, folder: Path, source: Callable[[Scope], str]) -> None:
        self.store = store
        self.folder = folder
        self.source = source
        self.refusals = Refusals()
        self._waiting: list[Entry] = []
        self._one_at_a_time = asyncio.Lock()
        self._writings: set[asyncio.Task[None]] = set()

    def note(self, entry: Entry) -> None:
        """Let an entry wait for the next writing.

        Raises
        ------
        StoreUnavailable
            So much waits that nothing more may happen unseen.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise _unwritten()
        self._waiting.append(entry)

    async def flush(self) -> None:
        """Write everything that waits; an end of the request that asks for it does not interrupt the writing.

        Raises
        ------
        StoreError
            It could not be written and waits on.
        """
        writing = asyncio.create_task(self._write())
        self._writings.add(writing)
        writing.add_done_callback(self._writings.discard)
        writing.add_done_callback(lambda done: done.cancelled() or done.exception())  # told to whoever waits
        await asyncio.shield(writing)

    async def write_with(self, connection: AsyncConnection, scope: Scope) -> None:
        """Write down, in the transaction of a change and as its last deed, who makes it.

        Raises
        ------
        StoreUnavailable
            It cannot be written, so the change may not be either.
        """
        if scope.get("jiexiang.who") is None:
            return
        entry = _entry(scope, HTTPStatus.OK, self.source)
        if entry is not None:
            await _add(connection, [entry])
            scope[WRITTEN] = True
            scope.pop(TELLING, None)

    async def _write(self) -> None:
        async with self._one_at_a_time:
            # What comes meanwhile waits: under load one writing would follow another for ever.
            left = len(self._waiting)
            while left:
                taken = self._waiting[: min(left, MOST_TOGETHER)]
                async with self.store.writing() as connection:
                    await _add(connection, taken)
                del self._waiting[: len(taken)]
                left -= len(taken)

    async def run(self) -> None:
        """Write what waits and, hour by hour, the head of the chain, until cancelled."""
        looked = -LOOK_SECONDS
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                if self._waiting:
                    await self.flush()
                if time.monotonic() - looked >= LOOK_SECONDS:
                    looked = time.monotonic()
                    await self.keep_head()
            except StoreError as error:
                log.error("the audit cannot be written: %s", error.english)

    async def aclose(self) -> None:
        """Write what still waits, for nothing comes any more; a cancellation is obeyed when that is done.

        What cannot be written in a while is lost, and the log says how much it is.
        """
        until = time.monotonic() + CLOSE_SECONDS
        writing = asyncio.create_task(self._write_rest(until))
        cancelled = await _outlast({writing}, until)
        if left := {one for one in (writing, *self._writings) if not one.done()}:
            for one in left:
                one.cancel()
            cancelled |= await _outlast(left, time.monotonic() + GIVE_UP_SECONDS)
        if self._waiting:
            log.error("%d entries of the audit could not be written and are lost", len(self._waiting))
        if cancelled:
            raise asyncio.CancelledError

    async def _write_rest(self, until: float) -> None:
        while self._waiting and time.monotonic() < until:
            try:
                await self._write()
            except StoreError:  # it has been logged; the database may come back
                await asyncio.sleep(FLUSH_SECONDS)

    async def keep_head(self) -> None:
        """Write the head of the chain outside the database, where an hour has passed."""
        async with self.store.reading() as connection:
            head = await read_head(connection)
        try:
            await asyncio.to_thread(keep_head, self.folder, lambda: head)
        except OSError as error:
            log.error("the head of the audit cannot be written outside the database: %s", error.strerror)


class Audit:
    """Has written down what is answered to whom, by the journal of the service that answers, before it is answered.

    Parameters
    ----------
    journal_of
        Gives the journal of the service that answers a request; None where there is none.
    """

    def __init__(self, journal_of: Callable[[Scope], Journal | None]) -> None:
        self.journal_of = journal_of

    def __call__(self, scope: Scope, status: int) -> Awaitable[StoreError | None] | None:
        """Return what writes down an answer and says what kept it from that; None where nothing is to be written."""
        if scope["method"] in SAFE and TELLING not in scope and route_of(scope) not in AUDITED_READS:
            return None
        return self._note(scope, status)

    async def _note(self, scope: Scope, status: int) -> StoreError | None:
        if WRITTEN in scope and status < HTTPStatus.BAD_REQUEST and TELLING not in scope:
            return None
        journal = self.journal_of(scope)
        entry = None if journal is None else _entry(scope, status, journal.source)
        password = _action(scope) in PASSWORDS and status == HTTPStatus.UNAUTHORIZED
        if journal is not None and entry is not None and not entry.actor_kind and not password:
            entry = journal.refusals.admit(entry)
        if journal is None or entry is None:
            return None
        try:
            journal.note(entry)
            if scope["method"] not in SAFE and route_of(scope) not in LOOK_UPS:
                await journal.flush()
        except StoreError as error:
            return error
        return None


async def _outlast(tasks: set[asyncio.Task[None]], until: float) -> bool:
    """Wait for tasks, until a moment at most, and tell whether somebody cancelled that meanwhile."""
    cancelled = False
    while any(not task.done() for task in tasks) and (left := until - time.monotonic()) > 0:
        try:
            await asyncio.wait(tasks, timeout=left)
        except asyncio.CancelledError:
            cancelled = True
    return cancelled


async def _add(connection: AsyncConnection, entries: Sequence[Entry]) -> None:
    """Add entries to the audit.

    Raises
    ------
    StoreUnavailable
        The database does not take them.
    """
    try:
        with translating():
            await write_audit(connection, entries)
    except StoreError as error:
        log.error("the audit cannot be written: %s", error.english)
        known = isinstance(error, StoreUnavailable)  # what else the database says is for the log alone
        raise (_unwritten(*error.told) if known else _unwritten()) from error


def _unwritten(why: str = "", why_english: str = "") -> StoreUnavailable:
    return StoreUnavailable(
        f"审计记录写不进去，暂停服务{why and f'（{why}）'}",
        f"the audit cannot be written; nothing is done or told unseen{why_english and f' ({why_english})'}",
    )


def _entry(scope: Scope, status: int, source: Callable[[Scope], str]) -> Entry | None:
    """Return what is written of a request; None where nothing is."""
    route = route_of(scope)
    caller: Caller | None = scope.get("jiexiang.who")
    if caller is None and _action(scope) not in SIGN_INS and (route != RETURN_PATH or status == HTTPStatus.NOT_FOUND):
        return None  # refused before anything happened; anybody could fill the disk with such entries
    telling: Telling | None = scope.get(TELLING)
    reading = scope["method"] in SAFE or route in LOOK_UPS
    if reading and route not in AUDITED_READS and (telling is None or status >= HTTPStatus.MULTIPLE_CHOICES):
        return None
    details: dict[str, Any] = {}
    if telling is not None:
        details = {"phones": telling.phones, "of": sorted(telling.of)[:MOST_NAMED]}
    return Entry(
        caller.kind if caller else "",
        caller.id if caller else None,
        caller.name if caller else "",
        _action(scope),
        _clean(" ".join(f"{name}={value}" for name, value in scope.get("path_params", {}).items())),
        source(scope),
        "ok" if status < HTTPStatus.BAD_REQUEST else str(int(status)),
        details,
    )


def _action(scope: Scope) -> str:
    return f"{scope['method']} {route_of(scope)}"


def _clean(text: str) -> str:
    """Return text that the database takes whatever somebody typed, so that one entry cannot hold up the others."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()[:LONGEST]
