"""A disk that is full: what needs room is refused in words, nothing is half done, and all works once there is room."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest
from aftermath import look
from drill import DEEDS, Drill
from served import Served, until
from soak import LOOK_UP

ROOM_SECONDS = 60.0
"""How soon after there is room everything must work; the database may have to start again."""
PIECE = bytes(65_536)
MOST_SEGMENTS = 40


@pytest.fixture
def on_small_disk(served: Served) -> None:
    if served.whole_disk:
        pytest.skip(f"no disk may be filled here: {served.whole_disk}")


@contextmanager
def full_disk(drill: Drill) -> Iterator[None]:
    """Fill the disk to the last byte while the block runs, and wait until changes are taken again."""
    ballast = drill.served.folder / "ballast"
    try:
        with ballast.open("wb", buffering=0) as stream, pytest.raises(OSError, match="No space left"):
            for size in itertools.chain(itertools.repeat(len(PIECE), 10_000), itertools.repeat(1)):
                stream.write(PIECE[:size])
        yield
    finally:
        ballast.unlink()
    until(lambda: drill.assign(1) == 1, seconds=ROOM_SECONDS)


def expect_all_is_well(drill: Drill) -> None:
    """Do every deed, and look at what is there."""
    drill.lay_drafts(2)
    before = drill.outcome.refused
    for deed in DEEDS:
        drill.do(deed)
    assert drill.outcome.refused == before, drill.said
    assert drill.outcome.faults == []
    assert look(drill, whole=True) == []
    assert not list((drill.served.folder / "tmp").iterdir())
    assert not list(drill.served.folder.glob(".*.part"))


@pytest.mark.usefixtures("on_small_disk")
def test_on_a_full_disk_nothing_is_half_done_and_look_ups_go_on(drill):
    drill.lay_drafts(4)
    with full_disk(drill):
        for deed in ("assign", "publish", "ledger"):  # there may be room for them in what the database holds already
            drill.do(deed)
        for deed in ("upload", "import", "backup"):
            refused = drill.outcome.refused
            drill.do(deed)
            assert drill.outcome.refused == refused + 1
            assert "磁盘" in drill.said or "No space left" in drill.said, drill.said
        assert drill.served.client.get("/locate", params=LOOK_UP).status_code == 200
    expect_all_is_well(drill)


@pytest.mark.long
@pytest.mark.usefixtures("on_small_disk")
def test_a_database_that_falls_for_want_of_room_comes_back_with_all_it_had_acknowledged(drill):
    async def use_up_the_log() -> None:
        connection = await asyncpg.connect(drill.served.url)
        try:
            for _ in range(MOST_SEGMENTS):
                await connection.execute("SELECT pg_switch_wal(), pg_logical_emit_message(true, '', 'jiexiang')")
        finally:
            connection.terminate()

    with full_disk(drill):
        drill.assign(3)
        with pytest.raises((asyncpg.PostgresError, OSError, asyncpg.InterfaceError)):
            asyncio.run(use_up_the_log())
        drill.assign(10)
        assert drill.outcome.faults == []
    expect_all_is_well(drill)
