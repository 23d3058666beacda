"""Themes (专题图): what the rows of a ledger speak of, found on a plan."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd

from app.files.messages import Note
from app.files.themes import ThemeColumn, read_theme
from app.geo.errors import UsageError
from app.geo.plan import Plan
from app.maps.views import Area

__all__ = ["SettledTheme", "settle_theme"]


@dataclass(frozen=True)
class SettledTheme:
    """A column of a ledger by the codes of the plan; `areas` are coloured where it speaks of compounds."""

    title: str
    level: Literal["grid", "area", "community"]
    source: str
    """Name of the file."""
    values: tuple[tuple[str, Any], ...]
    areas: tuple[Area, ...] = ()


def settle_theme(spec: str, plan: Plan, compounds: gpd.GeoDataFrame, notes: list[Note]) -> SettledTheme:
    """Read `FILE[:SHEET or LAYER]:COLUMN` and find what its rows speak of; those that speak of nothing are noted.

    Raises
    ------
    InputError, UsageError
        It cannot be read; or it speaks of compounds, of which there are no outlines.
    """
    theme = read_theme(spec)
    codes, areas = _find_areas(theme, compounds) if theme.level == "area" else (_find_codes(theme, plan), ())
    known = tuple((code, value) for code, value in zip(codes, theme.values, strict=True) if code)
    lost = len(codes) - len(known)
    if lost:
        text = f"{theme.title}：{lost:,} 行说的网格、社区、小区不在图上"
        notes.append(Note("theme", spec, "theme_lost", lost, text, f"{lost:,} rows name none that is on the map"))
    return SettledTheme(theme.title, theme.level, theme.source, known, areas)


def _find_codes(theme: ThemeColumn, plan: Plan) -> list[str]:
    """Return the code that each key is, or that bears it as its only name; '' for what is not there."""
    frame, column = (plan.grids, "grid_code") if theme.level == "grid" else (plan.communities, "community_code")
    named: dict[str, list[str]] = defaultdict(list)
    for code, name in zip(frame[column], frame["name"], strict=True):
        named[str(name)].append(str(code))
    by_key = {name: codes[0] for name, codes in named.items() if len(codes) == 1 and name}
    by_key.update((str(code), str(code)) for code in frame[column])
    return [by_key.get(key, "") for key in theme.keys]


def _find_areas(theme: ThemeColumn, compounds: gpd.GeoDataFrame) -> tuple[list[str], tuple[Area, ...]]:
    """Return the code of each key and the outlines: those of the theme's own layer, else those of the compounds."""
    if theme.shapes:
        rows = zip(theme.keys, theme.names, theme.shapes, strict=True)
        return list(theme.keys), tuple(Area(key, name or key, shape) for key, name, shape in rows)
    if not len(compounds):
        raise UsageError(
            f"--theme {theme.title}：按小区的台账要与 --compounds 一起用 (a ledger of compounds needs --compounds)"
        )
    rows = zip(compounds["compound_id"], compounds["name"], compounds.geometry, strict=True)
    areas = tuple(Area(str(code), str(name) or str(code), shape) for code, name, shape in rows)
    by_key = {one.name: one.code for one in areas} | {one.code: one.code for one in areas}
    return [by_key.get(key, "") for key in theme.keys], areas
