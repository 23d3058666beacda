"""Themes 专题图: any column of a ledger as a view, numbers in classes of about as many, words by kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from app.maps.languages import speak
from app.maps.views import SEQUENCE, Area, Level, View, ViewClass

__all__ = ["QUALITIES", "view_theme"]

QUALITIES = ("#b9eafc", "#efb49a", "#f8eda2", "#d8f2d4", "#dfb6c7", "#c5b8fe", "#d9c8a9", "#c7d3dd")
"""For kinds without an order; at most as many, the rest together as others."""

YEARS = (1900, 2100)


def view_theme(
    ledger: pd.DataFrame,
    value: str,
    *,
    name: str,
    title: str,
    level: Level,
    note: str = "",
    areas: tuple[Area, ...] = (),
    language: str = "zh",
) -> View:
    """Make a theme (专题图) of any column of a ledger: numbers in at most five classes of about as many, words by kind.

    Parameters
    ----------
    ledger
        `code` and the column `value`; an empty cell may mean that there is none, or that nobody wrote it down. Words
        beyond the eight most frequent are put together.
    areas
        What is coloured where the level is `area`.
    """
    say = speak(language)
    known = ledger.dropna(subset=[value])
    known = known[known[value].astype(str).str.strip() != ""]
    codes = [str(code) for code in known["code"]]
    numbers = pd.to_numeric(known[value], errors="coerce")
    if len(known) and not numbers.isna().any():
        figures = numbers.to_numpy(float)
        classes, place = _class_numbers(figures)
        texts = list(map(_write_numbers(figures), figures))
    else:
        texts = [str(text).strip() for text in known[value]]
        classes, place = _class_words(texts, say("其他", "others"))
    places, said = dict(zip(codes, place, strict=True)), dict(zip(codes, texts, strict=True))
    return View(
        name,
        title,
        level,
        classes,
        places,
        said,
        note,
        areas,
        missing=say("空白（没有，或未填）", "empty (none, or not filled in)"),
    )


def _class_numbers(figures: np.ndarray) -> tuple[tuple[ViewClass, ...], list[int]]:
    """Give each different number a class where there are few, else put about as many into each of five."""
    different = np.unique(figures)
    write = _write_numbers(figures)
    if len(different) <= len(SEQUENCE):
        colours = [SEQUENCE[round(step)] for step in np.linspace(0, len(SEQUENCE) - 1, len(different))]
        classes = tuple(ViewClass(write(one), colour) for one, colour in zip(different, colours, strict=True))
        return classes, [int(place) for place in np.searchsorted(different, figures)]
    breaks = np.unique(np.quantile(figures, np.linspace(0, 1, len(SEQUENCE) + 1)[1:-1], method="higher"))
    place = np.searchsorted(breaks, figures, side="right")
    used = np.unique(place)
    colours = [SEQUENCE[round(step)] for step in np.linspace(0, len(SEQUENCE) - 1, len(used))]
    classes = tuple(
        ViewClass(f"{write(figures[place == one].min())}–{write(figures[place == one].max())}", colour)
        for one, colour in zip(used, colours, strict=True)
    )
    return classes, [int(one) for one in np.searchsorted(used, place)]


def _write_numbers(figures: np.ndarray) -> Callable[[float], str]:
    """Return what writes a number; years have no comma."""
    years = bool(((figures >= YEARS[0]) & (figures <= YEARS[1]) & (figures == np.floor(figures))).all())
    return (lambda figure: f"{figure:.0f}") if years else (lambda figure: f"{figure:,.10g}")


def _class_words(texts: Sequence[str], others: str) -> tuple[tuple[ViewClass, ...], list[int]]:
    counts = pd.Series(list(texts), dtype=object).value_counts()
    order = sorted(counts.index, key=lambda word: (-counts[word], word))
    room = len(QUALITIES) if len(order) <= len(QUALITIES) else len(QUALITIES) - 1
    names = order[:room] + ([others] if len(order) > room else [])
    place = {word: min(number, len(names) - 1) for number, word in enumerate(order)}
    classes = tuple(ViewClass(name, colour) for name, colour in zip(names, QUALITIES, strict=False))
    return classes, [place[text] for text in texts]
