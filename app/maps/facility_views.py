"""Views of facilities: which communities meet the standards, and who can walk to what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from app.geo.assessment import Assessment, CommunityFinding
from app.geo.layers import FACILITY_CLASSES
from app.maps.overlays import Overlay
from app.maps.views import BAD, GOOD, SEQUENCE, WARN, Level, View, ViewClass

if TYPE_CHECKING:  # it brings along how people walk, which a page that is drawn has no use for
    from app.geo.coverage import Coverage

__all__ = [
    "SIGNS",
    "overlay_blind_spots",
    "overlay_sites",
    "tell_finding",
    "view_coverage",
    "view_shares",
    "view_shortfalls",
    "view_standards",
]

STATUSES = (("达标", GOOD, "✓"), ("待核实", WARN, "?"), ("不达标", BAD, "✗"))

SIGNS = {name: sign for name, _, sign in STATUSES} | {"数据不足": "…"}
"""By status, for tables."""


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
    level: Level,
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
    steps = tuple(ViewClass(f"{step * 20}–{step * 20 + 20}%", colour) for step, colour in enumerate(SEQUENCE))
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


def tell_finding(found: CommunityFinding) -> str:
    """Say in one line how a community stands: the finding that decides, else what is lacking to judge."""
    return f"{found.status}：{found.binding.words}" if found.binding else found.status


def view_standards(assessment: Assessment) -> View:
    """Show which communities meet the standards of community rooms on the day of the assessment."""
    findings = pd.DataFrame(
        [(one.community.code, one.status, tell_finding(one)) for one in assessment.communities],
        columns=["community_code", "status", "text"],
    )
    note = f"社区用房，按现行标准，{assessment.as_of.isoformat()} 核查；数据不足的为无数据"
    return view_shortfalls(findings, title="社区用房达标", note=note)


def view_coverage(coverage: Coverage, kind: str, within_m: float, level: Level = "grid") -> View:
    """Show the share of households that can walk to a facility of a class within a distance."""
    rows = coverage.shares
    chosen = rows[(rows["level"] == level) & (rows["facility_class"] == kind) & (rows["within_m"] == within_m)]
    title = f"{FACILITY_CLASSES.get(kind, kind)} {within_m:.0f} 米步行覆盖"
    note = "沿街巷步行可达的户数占比，不是直线距离"
    view = view_shares(chosen, name=f"walk-{kind}", title=title, level=level, note=note)
    return replace(view, beside=(f"blind-{kind}", "sites"))


def overlay_blind_spots(coverage: Coverage, kind: str, within_m: float) -> Overlay:
    """Return the areas from which no facility of a class is within a distance, each with its households."""
    spots = coverage.blind_spots
    chosen = spots[(spots["facility_class"] == kind) & (spots["within_m"] == within_m)]
    texts = [f"{households:,.0f}户" for households in chosen["households"]]
    title = f"服务盲区：{FACILITY_CLASSES.get(kind, kind)} {within_m:.0f} 米内没有"
    return Overlay(f"blind-{kind}", title, "spot", chosen.geometry.to_numpy(), texts, shown=False)


def overlay_sites(sites: gpd.GeoDataFrame, title: str) -> Overlay:
    """Return proposed sites as points, numbered in the order in which they were chosen."""
    texts = [str(place + 1) for place in range(len(sites))]
    return Overlay("sites", title, "site", sites.geometry.to_numpy(), texts, shown=False)
