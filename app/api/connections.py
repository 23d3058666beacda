"""Connections of clients that are slow or gone: none keeps its place for longer than one may be patient with it.

uvicorn waits without end for the rest of a head, and for that of a body which nobody reads any more because the request
has been answered. Whoever never reads an answer is the kernel's business: see `give_up_on_silent_readers`.
"""

from __future__ import annotations

import asyncio
import math
import socket
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.api.deadlines import Deadlines
from app.api.gathering import Gathering

__all__ = ["Connection", "give_up_on_silent_readers"]

HEAD_SECONDS = 10.0
"""How long a client may take to say what it wants, from the first byte of its request or from when it called."""
REST_SECONDS = 10.0
"""How long it may go on sending after it has been answered."""
SILENT_SECONDS = 20.0
"""How long it may take nothing of what it is sent."""


_deadlines = Deadlines()


class Connection(HttpToolsProtocol):
    """uvicorn's connection with limits of time, and one write for an answer."""

    until = math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Wait for a head."""
        super().connection_made(transport)
        self.transport = Gathering(transport, self.loop)
        self._limit_to(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        self._limit_to(None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        super().on_message_begin()
        self._limit_to(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        """Leave the time that a request may take to whoever answers it."""
        self._limit_to(None)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait for the rest of a body, in case the answer did not."""
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self._limit_to(REST_SECONDS)

    def on_message_complete(self) -> None:
        """Wait for another request where this one has been answered already."""
        super().on_message_complete()
        self._limit_to(self.timeout_keep_alive if self.cycle.response_complete else None)

    def _limit_to(self, seconds: float | None) -> None:
        if seconds is None:
            _deadlines.remove(self)
        else:
            self.until = self.loop.time() + seconds
            _deadlines.add(self)

    def pass_by(self) -> None:
        """Break it off: it took too long."""
        self.transport.abort()


def give_up_on_silent_readers(listener: socket.socket) -> None:
    """Have the kernel break off connections, of all that come in by a listener, whose other end takes nothing."""
    option: Any = getattr(socket, "TCP_USER_TIMEOUT", None)  # of Linux alone
    if option is not None:
        listener.setsockopt(socket.IPPROTO_TCP, option, round(SILENT_SECONDS * 1000))
