"""Ways to colour communities or grids: classes with colour and sign, a text for each, no data as a class of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

__all__ = [
    "View",
    "ViewClass",
    "view_band",
    "view_posts",
    "view_shares",
    "view_shortfalls",
    "view_theme",
]

SEQUENCE = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
"""ColorBrewer YlGnBu, five classes: ordered by lightness, told apart by colour-blind eyes and in grey print."""

GOOD, WARN, BAD, PALE = "#a6d8e7", "#f7e08a", "#e9a08a", "#f3f1ec"
"""Pass and fail differ in lightness and carry a sign: never in red and green alone."""

QUALITIES = ("#b9eafc", "#efb49a", "#f8eda2", "#d8f2d4", "#dfb6c7", "#c5b8fe", "#d9c8a9", "#c7d3dd")
"""For kinds without an order; at most as many, the rest together as others."""

OTHERS = "其他"


@dataclass(frozen=True)
class ViewClass:
    """One class of a view."""

    label: str
    colour: str
    sign: str = ""
    """Drawn at the label of a grid; so that nobody depends on colours."""


@dataclass(frozen=True)
class View:
    """One way to colour a map, with its legend, and its column in the table beside it."""

    name: str
    """Short and plain: it stands in permalinks."""
    title: str
    level: Literal["grid", "community"]
    classes: tuple[ViewClass, ...]
    class_of: Mapping[str, int]
    """Number of the class by code; what is missing has no data, which is shown as such."""
    texts: Mapping[str, str]
    """What the table says, by code."""
    note: str = ""
    """Rule, source and day of the figures."""


def view_band(grids: pd.DataFrame, min_households: int, max_households: int) -> View:
    """Show which general grids keep the band; special grids have none.

    Parameters
    ----------
    grids
        `grid_code`, `kind`, `households`.
    """
    general = grids[grids["kind"] == "general"]
    households = general["households"].to_numpy(float)
    place = np.where(households < min_households, 0, np.where(households > max_households, 2, 1))
    codes = general["grid_code"].astype(str)
    return View(
        "band",
        "户数规模",
        "grid",
        (
            ViewClass(f"少于 {min_households} 户", WARN, "▼"),
            ViewClass(f"{min_households}–{max_households} 户", PALE),
            ViewClass(f"多于 {max_households} 户", BAD, "▲"),
        ),
        dict(zip(codes, map(int, place), strict=True)),
        {code: f"{count:,.0f} 户" for code, count in zip(codes, households, strict=True)},
    )


def view_posts(posts: pd.DataFrame) -> View:
    """Show where grid workers are missing.

    Parameters
    ----------
    posts
        `grid_code`, `needed` and `filled` numbers of workers.
    """
    missing = posts["needed"].to_numpy(float) - posts["filled"].to_numpy(float)
    place = np.where(missing <= 0, 0, np.where(posts["filled"].to_numpy(float) > 0, 1, 2))
    codes = posts["grid_code"].astype(str)
    return View(
        "posts",
        "人员配备",
        "grid",
        (ViewClass("配齐", PALE), ViewClass("有缺口", WARN, "△"), ViewClass("无人", BAD, "✗")),
        dict(zip(codes, map(int, place), strict=True)),
        {
            code: f"应配 {row.needed:g}，实配 {row.filled:g}"
            for code, row in zip(codes, posts.itertuples(index=False), strict=True)
        },
    )


STATUSES = (("达标", GOOD, "✓"), ("待核实", WARN, "?"), ("不达标", BAD, "✗"))


def view_shortfalls(findings: pd.DataFrame, *, title: str, note: str) -> View:
    """Show which communities meet a standard; breaks are the law's, so there are no classes of more or less.

    Parameters
    ----------
    findings
        `community_code`, `status` (达标, 待核实, 不达标 or 数据不足, which is no data), `text`.
    """
    number = {name: place for place, (name, _, _) in enumerate(STATUSES)}
    known = findings[findings["status"].isin(number)]
    return View(
        "standards",
        title,
        "community",
        tuple(ViewClass(*status) for status in STATUSES),
        {str(code): number[status] for code, status in zip(known["community_code"], known["status"], strict=True)},
        {str(code): str(text) for code, text in zip(findings["community_code"], findings["text"], strict=True)},
        note,
    )


def view_shares(
    shares: pd.DataFrame,
    *,
    name: str,
    title: str,
    level: Literal["grid", "community"],
    note: str = "",
) -> View:
    """Show the share of households that something holds for, in five steps of a fifth.

    Parameters
    ----------
    shares
        `code` and `share` from 0 to 1, NaN where there are no households to speak of.
    """
    known = shares.dropna(subset=["share"])
    part = known["share"].to_numpy(float)
    place = np.clip((part * 5).astype(int), 0, 4)
    steps = tuple(ViewClass(f"{step * 20}–{step * 20 + 20}%", colour) for step, colour in enumerate(reversed(SEQUENCE)))
    codes = known["code"].astype(str)
    return View(
        name,
        title,
        level,
        steps,
        dict(zip(codes, map(int, place), strict=True)),
        {code: f"{value:.0%}" for code, value in zip(codes, part, strict=True)},
        note,
    )


def view_theme(
    ledger: pd.DataFrame,
    value: str,
    *,
    name: str,
    title: str,
    level: Literal["grid", "community"],
    note: str = "",
) -> View:
    """Make a theme (专题图) of any column of a ledger: numbers in at most five classes of about as many, words by kind.

    Parameters
    ----------
    ledger
        `code` and the column `value`; an empty cell is no data. Words beyond the eight most frequent are put together.
    """
    known = ledger.dropna(subset=[value])
    known = known[known[value].astype(str).str.strip() != ""]
    codes = [str(code) for code in known["code"]]
    numbers = pd.to_numeric(known[value], errors="coerce")
    if len(known) and not numbers.isna().any():
        figures = numbers.to_numpy(float)
        classes, place = _class_numbers(figures)
        texts = [f"{figure:,.10g}" for figure in figures]
    else:
        texts = [str(text).strip() for text in known[value]]
        classes, place = _class_words(texts)
    return View(
        name, title, level, classes, dict(zip(codes, place, strict=True)), dict(zip(codes, texts, strict=True)), note
    )


def _class_numbers(figures: np.ndarray) -> tuple[tuple[ViewClass, ...], list[int]]:
    """Give each different number a class where there are few, else put about as many into each of five."""
    different = np.unique(figures)
    if len(different) <= len(SEQUENCE):
        colours = [SEQUENCE[round(step)] for step in np.linspace(0, len(SEQUENCE) - 1, len(different))]
        classes = tuple(ViewClass(f"{one:,.10g}", colour) for one, colour in zip(different, colours, strict=True))
        return classes, [int(place) for place in np.searchsorted(different, figures)]
    breaks = np.unique(np.quantile(figures, np.linspace(0, 1, len(SEQUENCE) + 1)[1:-1], method="higher"))
    place = np.searchsorted(breaks, figures, side="right")
    used = np.unique(place)
    colours = [SEQUENCE[round(step)] for step in np.linspace(0, len(SEQUENCE) - 1, len(used))]
    classes = tuple(
        ViewClass(f"{figures[place == one].min():,.10g}–{figures[place == one].max():,.10g}", colour)
        for one, colour in zip(used, colours, strict=True)
    )
    return classes, [int(one) for one in np.searchsorted(used, place)]


def _class_words(texts: Sequence[str]) -> tuple[tuple[ViewClass, ...], list[int]]:
    counts = pd.Series(list(texts), dtype=object).value_counts()
    order = sorted(counts.index, key=lambda word: (-counts[word], word))
    room = len(QUALITIES) if len(order) <= len(QUALITIES) else len(QUALITIES) - 1
    names = order[:room] + ([OTHERS] if len(order) > room else [])
    place = {word: min(number, len(names) - 1) for number, word in enumerate(order)}
    classes = tuple(ViewClass(name, colour) for name, colour in zip(names, QUALITIES, strict=False))
    return classes, [place[text] for text in texts]
