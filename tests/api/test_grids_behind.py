"""Grids asked for while what a worker keeps in memory is behind the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from asgi_client import Client
from live_service import CLERK, FIRST, Live

from app.api.application import build
from app.api.board import Board
from app.api.metrics import Figures
from app.store.publication import withdraw


@dataclass
class StillBoards:
    """Boards that nobody renews."""

    current: Board
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def on(self, day: date) -> Board:
        """Return the one board, which is of every day."""
        assert day == self.current.day
        return self.current


@pytest.fixture
def behind(live: Live) -> Iterator[tuple[Client, Board]]:
    """Give a client of the same store whose board stays as it is, and that board with nothing read ahead."""
    board = replace(live.service.boards.current, features={})
    service = replace(live.service, boards=StillBoards(board))
    headers = {"Authorization": f"Bearer {live.keys['county']}"}
    client = Client(build(service.settings, Figures(), service), headers, runner=live.runner)
    yield client, board
    live.runner.run(client.inner.aclose())


def test_grids_that_have_just_ended_are_not_told_by_halves_and_no_fault(live, behind):
    """A plan is withdrawn; the board still has its grids, and the GeoJSON of one of them."""
    client, board = behind
    assert client.get(f"/grids/{FIRST}").status_code == 200
    kept = dict(board.features)

    async def end(store) -> None:
        async with store.writing() as connection:
            await withdraw(connection, live.plan_id, on=board.day, act=CLERK)

    live.run(end)
    for address in ("/grids", "/grids?limit=2"):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:jiexiang:problem:unavailable"), address
        assert int(answer.headers["retry-after"]) >= 1
    assert board.features == kept
    board.features.clear()
    for address in (f"/grids/{FIRST}", f"/grids/{FIRST}/sides"):
        assert client.get(address).status_code == 503, address
    live.until_renewed()
    renewed = live.asking("county")
    assert renewed.get(f"/grids/{FIRST}").status_code == renewed.get(f"/grids/{FIRST}/sides").status_code == 404
    told = renewed.get("/grids").json()
    assert (told["numberMatched"], told["numberReturned"], told["features"]) == (0, 0, [])
