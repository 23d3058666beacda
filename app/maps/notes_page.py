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


def draw_notes(frame: Frame, open_notes: Sequence[NoteLine], done: Sequence[NoteLine], *, fault: str = "") -> str:
    """Draw the list: those that wait, each with a form for what came of it, and those that were dealt with."""
    title = served_words(frame.language)["notes"]
    return draw_page("notes.html", frame, title, waiting=open_notes, done=done, fault=fault)


def overlay_notes(notes: Sequence[NoteLine], language: str = "zh") -> Overlay:
    """Return the places of notes, by their numbers."""
    title = speak(language)(f"边界意见（待处理 {len(notes)} 条）", f"Notes on borders ({len(notes)} waiting)")
    points = shapely.points(np.array([(one.longitude, one.latitude) for one in notes], dtype=float).reshape(-1, 2))
    return Overlay(
        "notes", title, "note", np.asarray(points, dtype=object), [str(one.number) for one in notes], shown=False
    )
