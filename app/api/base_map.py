"""The map under the grids: tiles of others, fetched once by the service in the county's name and kept for a while.

Browsers ask this service alone, so no other host learns where somebody looks, and the county's token stays here. Where
the other side does not answer, the map goes on without: it draws its own streets and water.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from typing import NamedTuple

import httpx

from app.settings import BaseMapSettings
from app.store.errors import StoreUnavailable

__all__ = ["DEEPEST", "BaseMap", "Tile"]

log = logging.getLogger("jiexiang.base_map")

DEEPEST = 18
"""The last level that is asked for; beyond it the page enlarges."""
ANSWER_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""How long nothing is asked of the other side after it has not answered."""
LARGEST_TILE = 2**20
MOST_KEPT_BYTES = 16 * 2**20
MOST_KEPT = 4096
NONE_THERE = (204, 400, 404, 410)
"""Statuses that say of one place that there is no tile; others say something of the whole."""
KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


class Tile(NamedTuple):
    """A picture as it came, and what kind of picture its first bytes say it is."""

    content: bytes
    media_type: str


Place = tuple[int, int, int, int]
"""Layer, level, column, row."""


class BaseMap:
    """Fetches tiles, each once for whoever asks, and keeps the latest."""

    def __init__(self, settings: BaseMapSettings, client: httpx.AsyncClient) -> None:
        self.settings = settings
        self.client = client
        self._kept: OrderedDict[Place, Tile | None] = OrderedDict()
        self._kept_bytes = 0
        self._fetching: dict[Place, asyncio.Task[Tile | None]] = {}
        self._silent_until = 0.0

    async def read(self, layer: int, z: int, x: int, y: int) -> Tile | None:
        """Return a tile; None where the other side has none there.

        Raises
        ------
        StoreUnavailable
            The other side does not answer, or not with a picture.
        """
        place = (layer, z, x, y)
        if place in self._kept:
            self._kept.move_to_end(place)
            return self._kept[place]
        if time.monotonic() < self._silent_until:
            raise _silent()
        task = self._fetching.get(place)
        if task is None:
            task = self._fetching[place] = asyncio.create_task(self._fetch(place))
            task.add_done_callback(
                lambda done: self._fetching.pop(place, None) and (done.cancelled() or done.exception())
            )
        return await asyncio.shield(task)

    async def _fetch(self, place: Place) -> Tile | None:
        layer, z, x, y = place
        address = self.settings.layers[layer]
        for name, value in (("z", z), ("x", x), ("y", y), ("token", self.settings.token)):
            address = address.replace(f"{{{name}}}", str(value))
        try:
            status, content = await self._ask(address)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._fall_silent(type(error).__name__) from None  # its words name the address, and so the token
        kind = next((kind for magic, kind in KINDS if content.startswith(magic)), "")
        if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
            kind = "image/webp"
        if status not in (200, *NONE_THERE) or (status == 200 and not kind):
            raise self._fall_silent(str(status))
        tile = Tile(content, kind) if status == 200 else None
        self._keep(place, tile)
        return tile

    async def _ask(self, address: str) -> tuple[int, bytes]:
        """Return status and body; a body that is longer than a tile is cut, and then is no picture."""
        async with self.client.stream("GET", address, timeout=ANSWER_SECONDS) as answer:
            pieces, taken = [], 0
            async for piece in answer.aiter_bytes():
                pieces.append(piece)
                taken += len(piece)
                if taken > LARGEST_TILE:
                    return 413, b""
            return answer.status_code, b"".join(pieces)

    def _keep(self, place: Place, tile: Tile | None) -> None:
        self._kept[place] = tile
        self._kept_bytes += len(tile.content) if tile else 0
        while self._kept_bytes > MOST_KEPT_BYTES or len(self._kept) > MOST_KEPT:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.content) if oldest else 0

    def _fall_silent(self, reason: str) -> StoreUnavailable:
        log.warning("the base map gives no tile: %s", reason)
        self._silent_until = time.monotonic() + SILENT_SECONDS
        return _silent()


def _silent() -> StoreUnavailable:
    return StoreUnavailable("底图暂时取不到", "the base map does not answer for the moment")
