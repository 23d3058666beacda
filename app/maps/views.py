"""A view: a way to colour communities, grids or areas of its own, with classes, signs, and a text for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from app.maps.languages import speak, translate

__all__ = [
    "BAD",
    "GOOD",
    "PALE",
    "SEQUENCE",
    "WARN",
    "Area",
    "Level",
    "View",
    "ViewClass",
    "view_band",
    "view_borders",
    "view_posts",
]

SEQUENCE = ("#ffffd9", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8")
"""From ColorBrewer's YlGnBu: ordered by lightness, told apart by colour-blind eyes and in grey print, and never so dark
that lines and labels are lost on it."""

GOOD, WARN, BAD, PALE = "#a6d8e7", "#f7e08a", "#e9a08a", "#f3f1ec"
"""Pass and fail differ in lightness and carry a sign: never in red and green alone."""

Level = Literal["grid", "community", "area"]


@dataclass(frozen=True)
class ViewClass:
    """One class of a view."""

    label: str
    colour: str
    sign: str = ""
    """Drawn at the label of a grid; so that nobody depends on colours."""


@dataclass(frozen=True)
class Area:
    """An area that is neither a grid nor a community, such as a compound: by code, name and outline in EPSG:4490."""

    code: str
    name: str
    outline: Any


@dataclass(frozen=True)
class View:
    """One way to colour a map, with its legend, and its column in the table beside it."""

    name: str
    """Short and plain: it stands in permalinks."""
    title: str
    level: Level
    classes: tuple[ViewClass, ...]
    class_of: Mapping[str, int]
    """Number of the class by code; what is missing has no data, which is shown as such."""
    texts: Mapping[str, str]
    """What the table says, by code."""
    note: str = ""
    """Rule, source and day of the figures."""
    areas: tuple[Area, ...] = ()
    """What is coloured where the level is `area`."""
    beside: tuple[str, ...] = ()
    """Overlays by name that are shown when this view is chosen."""
    unlisted: tuple[int, ...] = ()
    """Classes that the table beside the map leaves out: what did not change is no news."""
    missing: str = ""
    """What the class without data is called; if not given, that there is no data."""


def view_band(grids: pd.DataFrame, min_households: int, max_households: int, language: str = "zh") -> View:
    """Show which general grids keep the band; special grids have none.

    Parameters
    ----------
    grids
        `grid_code`, `kind`, `households`.
    """
    say = speak(language)
    general = grids[grids["kind"] == "general"]
    households = general["households"].to_numpy(float)
    place = np.where(households < min_households, 0, np.where(households > max_households, 2, 1))
    codes = general["grid_code"].astype(str)
    return View(
        "band",
        say("户数规模", "Number of households"),
        "grid",
        (
            ViewClass(say(f"少于 {min_households} 户", f"under {min_households}"), WARN, "▼"),
            ViewClass(say(f"{min_households}–{max_households} 户", f"{min_households}–{max_households}"), PALE),
            ViewClass(say(f"多于 {max_households} 户", f"over {max_households}"), BAD, "▲"),
        ),
        dict(zip(codes, map(int, place), strict=True)),
        {
            code: (
                say(f"少 {min_households - count:,.0f} 户", f"{min_households - count:,.0f} below"),
                say("规模内", "within"),
                say(f"多 {count - max_households:,.0f} 户", f"{count - max_households:,.0f} above"),
            )[step]
            for code, count, step in zip(codes, households, place, strict=True)
        },
        missing=say("专属网格（不设户数规模）", "special grids (no band)"),
    )


def view_posts(posts: pd.DataFrame, language: str = "zh") -> View:
    """Show where grid workers are missing.

    Parameters
    ----------
    posts
        `grid_code`, `needed` and `filled` numbers of workers.
    """
    say = speak(language)
    missing = posts["needed"].to_numpy(float) - posts["filled"].to_numpy(float)
    place = np.where(missing <= 0, 0, np.where(posts["filled"].to_numpy(float) > 0, 1, 2))
    codes = posts["grid_code"].astype(str)
    return View(
        "posts",
        say("人员配备", "Staff"),
        "grid",
        (
            ViewClass(say("配齐", "all posts filled"), PALE),
            ViewClass(say("有缺口", "some missing"), WARN, "△"),
            ViewClass(say("无人", "nobody"), BAD, "✗"),
        ),
        dict(zip(codes, map(int, place), strict=True)),
        {
            code: say(f"应配 {row.needed:g}，实配 {row.filled:g}", f"needed {row.needed:g}, in post {row.filled:g}")
            + (say(f"，缺 {short:g}", f", missing {short:g}") if short > 0 else "")
            for code, row, short in zip(codes, posts.itertuples(index=False), missing, strict=True)
        },
        missing=say("专属网格（不配网格员）", "special grids (no post)"),
    )


def view_borders(grids: pd.DataFrame, borders: pd.DataFrame, language: str = "zh") -> View:
    """Show on what the borders of each grid run, by the share of them that crosses open ground.

    Parameters
    ----------
    grids
        `grid_code`.
    borders
        `left_grid`, `right_grid`, `barrier`, `length_m`; borders of communities are not among them.
    """
    say = speak(language)
    sides = [borders.rename(columns={side: "grid_code"}) for side in ("left_grid", "right_grid")]
    rows = pd.concat([side[["grid_code", "barrier", "length_m"]] for side in sides], ignore_index=True)
    rows["barrier"] = rows["barrier"].map(BARRIER_WORDS).fillna("其他")
    lengths = rows.pivot_table(index="grid_code", columns="barrier", values="length_m", aggfunc="sum", fill_value=0.0)
    lengths = lengths[lengths.sum(axis=1) > 0]
    class_of, texts = {}, {}
    there = {str(code) for code in grids["grid_code"]}
    for code, row in lengths.iterrows():
        if str(code) not in there:
            continue
        parts = (row / row.sum()).sort_values(ascending=False, kind="stable")
        told = (f"{translate(str(word), language)} {part:.0%}" for word, part in parts.items() if part >= SMALLEST_PART)
        texts[str(code)] = say("、", ", ").join(told)
        bare = float(parts.get(OPEN, 0.0))
        class_of[str(code)] = 0 if bare == 0 else 1 if bare < 1 / 3 else 2 if bare < 2 / 3 else 3
    steps = (
        say("没有", "none"),
        say("不到三分之一", "less than a third"),
        say("三分之一至三分之二", "a third to two thirds"),
        say("三分之二以上", "more than two thirds"),
    )
    classes = tuple(ViewClass(text, colour) for text, colour in zip(steps, (PALE, *SEQUENCE[:3]), strict=True))
    note = say(
        "网格边界经过楼间空地的比例；社区界线不计",
        "Share of a grid's borders in open ground between buildings; outlines of communities do not count",
    )
    title = say("边界依据（空地占比）", "What borders run on (open ground)")
    return View("borders", title, "grid", classes, class_of, texts, note)


OPEN = "空地"
SMALLEST_PART = 0.005
"""Less of a border is not worth a word."""

BARRIER_WORDS = {
    **dict.fromkeys(("motorway", "trunk", "primary", "secondary"), "主要街道"),
    **dict.fromkeys(("tertiary", "street"), "支路、街"),
    "lane": "巷",
    "rail": "铁路",
    "water": "河流",
    "wall": "围墙",
    "open": OPEN,
}
