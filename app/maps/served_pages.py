"""Pages of text and tables, handed out by the service or exported to a folder: every value is escaped."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.maps.assets import PAGES, Asset, bundle_scripts, bundle_styles, read_page_part
from app.maps.offline import LANGUAGE_TAGS

__all__ = [
    "Cell",
    "Figure",
    "Frame",
    "Table",
    "draw_overview",
    "draw_page",
    "draw_sign_in",
    "served_assets",
    "served_words",
]


@dataclass(frozen=True)
class Frame:
    """What every page has around it.

    `links` are pages the reader may open, as keys of the words (`overview`, `plan`, …) with their addresses; `user`
    is empty before sign-in; an `exported` page opens from disk and holds its style and script itself.
    """

    language: str = "zh"
    here: str = "/"
    links: tuple[tuple[str, str], ...] = ()
    user: str = ""
    home: str = "/"
    exported: bool = False


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
class Cell:
    """A cell: its text, what it sorts by where it is a number, and where it leads."""

    text: str
    value: float | None = None
    address: str = ""


@dataclass(frozen=True)
class Table:
    """A table that sorts: `numbers` are the columns of figures, the first cell of a row is its heading."""

    id: str
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[int] = frozenset()
    note: str = ""


@cache
def served_assets() -> tuple[Asset, ...]:
    """Return the style of these pages, the script that sorts their tables, and that of the form.

    The last empties what a phone has kept.
    """
    return (
        bundle_styles("served.css", [], ["served/served.css"]),
        bundle_scripts("sort.js", [], ["served/sort.js"]),
        bundle_scripts("forget.js", [], ["served/forget.js"]),
    )


def served_words(language: str) -> Mapping[str, str]:
    """Return the texts of these pages in `zh` or `en`."""
    words: Mapping[str, str] = json.loads(read_page_part("served/words.json"))[language]
    return words


def draw_sign_in(frame: Frame, *, next_page: str, name: str = "", fault: str = "", entrance: str = "") -> str:
    """Draw the form to sign in.

    `fault` says why the last attempt failed, `name` is what was typed then; `entrance` is the address of the county's
    own sign-in, where there is one.
    """
    title = served_words(frame.language)["signIn"]
    return draw_page("sign_in.html", frame, title, next=next_page, name=name, fault=fault, entrance=entrance)


def draw_overview(frame: Frame, brief: str, figures: Sequence[Figure], towns: Table) -> str:
    """Draw the first page: a line on what is in force, the figures, and the same by town."""
    title = served_words(frame.language)["overview"]
    return draw_page("overview.html", frame, title, brief=brief, figures=figures, table=towns)


def draw_page(template: str, frame: Frame, title: str, **values: Any) -> str:
    """Draw a page from its template, with what every page has around it."""
    words = served_words(frame.language)
    style, sort, forget = served_assets()
    script = forget if template == "sign_in.html" else sort
    inline = {"style": style.content.decode(), "script": script.content.decode()} if frame.exported else None
    return (
        _templates()
        .get_template(f"served/{template}")
        .render(
            tag=LANGUAGE_TAGS[frame.language],
            title=title,
            words=words,
            style=style.address,
            scripts=[script.address],
            inline=inline,
            policy=_policy(inline) if inline else "",
            query="" if frame.language == "zh" or frame.exported else f"?lang={frame.language}",
            home=frame.home,
            here=frame.here,
            links=[{"title": words[key], "address": address} for key, address in frame.links],
            user=frame.user,
            **values,
        )
    )


def _policy(inline: Mapping[str, str]) -> str:
    """Allow a page from disk the one style and the one script that it holds, and nothing else."""

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(inline['style'])}'; "
        f"script-src 'sha256-{digest(inline['script'])}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


@cache
def _templates() -> Environment:
    return Environment(
        autoescape=True, undefined=StrictUndefined, loader=FileSystemLoader(PAGES), trim_blocks=True, lstrip_blocks=True
    )
