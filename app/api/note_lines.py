"""Notes on borders as planners read them: with the names of grids as they are today."""

from __future__ import annotations

from collections.abc import Sequence

from app.api.board import Board
from app.maps.languages import speak
from app.maps.notes_page import NoteLine
from app.store.notes import Note

__all__ = ["list_notes"]


def list_notes(board: Board, found: Sequence[Note], language: str) -> list[NoteLine]:
    """Return notes as planners read them, with the names of their grids."""
    say = speak(language)
    lines = []
    for one in found:
        grid = board.grid_of.get(one.grid_id)
        gone = say("已撤销的网格", "a grid that is no more")
        good = say("点在图上", "pointed at on the map") if one.accuracy_m is None else f"± {one.accuracy_m:,.0f} m"
        lines.append(
            NoteLine(
                one.id,
                grid.grid_code if grid else "",
                f"{grid.community_name} {grid.name or grid.grid_code}" if grid else gone,
                one.text,
                one.longitude,
                one.latitude,
                good,
                one.noted_at.date().isoformat(),
                one.outcome,
                one.handled_at.date().isoformat() if one.handled_at else "",
                f"/plan#lat={one.latitude:.5f}&lon={one.longitude:.5f}&zoom=17&layers=notes",
            )
        )
    return lines
