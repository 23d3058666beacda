"""The page of notes on borders: what people in the field say, where, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from app.maps.languages import speak
from app.maps.overlays import Overlay
from app.maps.served_pages import Frame, draw_page, served_words

__all__ = ["NoteLine", "draw_notes", "overlay_notes"]


@dataclass(frozen=True)
class NoteLine:
    """A note as planners read it."""

    number: int
    grid_code: str
    grid: str
    """Community and grid by name."""
    text: str
    longitude: float
    latitude: float
    accuracy: str
    """How good the position is, in words."""
    noted: str
    """The day on which it was written."""
    outcome: str = ""
    handled: str = ""
    """The day on which it was dealt with; empty where it waits."""
    map_address: str = ""


def draw_notes(
    frame: Frame, open_notes: Sequence[NoteLine], done: Sequence[NoteLine], *, count: int, fault: str = ""
) -> str:
    """Draw the list: those that wait, each with a form for what came of it, and those that were dealt with.

    `count` is how many wait in all, where the list is cut.
    """
    title = served_words(frame.language)["notes"]
    shown = len(open_notes)
    cut = speak(frame.language)(
        f"这里列出最早的 {shown} 条，处理后列出其余的。",
        f"The first {shown} are listed; the others follow when these are dealt with.",
    )
    told = {"count": count, "cut": cut if shown < count else "", "fault": fault}
    return draw_page("notes.html", frame, title, waiting=open_notes, done=done, **told)


def overlay_notes(notes: Sequence[NoteLine], language: str = "zh", *, count: int) -> Overlay:
    """Return the places of notes, by their numbers; `count` is how many wait in all, where these are the first."""
    shown = len(notes)
    title = speak(language)(
        f"边界意见（待处理 {count} 条{f'，图上是最早的 {shown} 条' if shown < count else ''}）",
        f"Notes on borders ({count} waiting{f', the first {shown} drawn' if shown < count else ''})",
    )
    points = shapely.points(np.array([(one.longitude, one.latitude) for one in notes], dtype=float).reshape(-1, 2))
    return Overlay(
        "notes", title, "note", np.asarray(points, dtype=object), [str(one.number) for one in notes], shown=False
    )
