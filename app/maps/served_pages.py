"""Pages of text and tables that the service hands out: sign-in and overview; every value is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.maps.assets import PAGES, Asset, bundle_scripts, bundle_styles, read_page_part
from app.maps.offline import LANGUAGE_TAGS

__all__ = ["Figure", "Frame", "Table", "draw_overview", "draw_sign_in", "served_assets", "served_words"]


@dataclass(frozen=True)
class Frame:
    """What every page has around it.

    `links` are pages the reader may open, as keys of the words (`overview`, `plan`, …) with their addresses; `csrf` is
    the token that forms carry back; `user` is empty before sign-in.
    """

    language: str = "zh"
    here: str = "/"
    links: tuple[tuple[str, str], ...] = ()
    user: str = ""
    csrf: str = ""


@dataclass(frozen=True)
class Figure:
    """One number of the overview: what it counts, how it stands, and the page with its list and map."""

    label: str
    value: str
    note: str
    address: str
    sign: str = ""
    """✓, ✗ or △; so that nobody depends on colours."""


@dataclass(frozen=True)
class Table:
    """A table as text; the first cell of a row is its heading."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@cache
def served_assets() -> tuple[Asset, ...]:
    """Return the styles of these pages, and the script of the form, which empties what a phone has kept."""
    return (
        bundle_styles("served.css", [], ["served/served.css"]),
        bundle_scripts("forget.js", [], ["served/forget.js"]),
    )


def served_words(language: str) -> Mapping[str, str]:
    """Return the texts of these pages in `zh` or `en`."""
    words: Mapping[str, str] = json.loads(read_page_part("served/words.json"))[language]
    return words


def draw_sign_in(frame: Frame, *, next_page: str, name: str = "", fault: str = "") -> str:
    """Draw the form to sign in; `fault` says why the last attempt failed, `name` is what was typed then."""
    return _draw("sign_in.html", frame, served_words(frame.language)["signIn"], next=next_page, name=name, fault=fault)


def draw_overview(frame: Frame, brief: str, figures: Sequence[Figure], towns: Table) -> str:
    """Draw the first page: a line on what is in force, the figures, and the same by town."""
    title = served_words(frame.language)["overview"]
    return _draw("overview.html", frame, title, brief=brief, figures=figures, table=towns)


def _draw(template: str, frame: Frame, title: str, **values: Any) -> str:
    words = served_words(frame.language)
    return (
        _templates()
        .get_template(f"served/{template}")
        .render(
            tag=LANGUAGE_TAGS[frame.language],
            title=title,
            words=words,
            style=served_assets()[0].address,
            scripts=[asset.address for asset in served_assets()[1:]] if template == "sign_in.html" else [],
            query="" if frame.language == "zh" else f"?lang={frame.language}",
            here=frame.here,
            links=[{"title": words[key], "address": address} for key, address in frame.links],
            user=frame.user,
            csrf=frame.csrf,
            **values,
        )
    )


@cache
def _templates() -> Environment:
    return Environment(
        autoescape=True, undefined=StrictUndefined, loader=FileSystemLoader(PAGES), trim_blocks=True, lstrip_blocks=True
    )
