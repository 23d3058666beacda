"""Views of facilities: which communities meet the standards, and who can walk to what."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from app.geo.assessment import Assessment, CommunityFinding
from app.maps.languages import name_class, speak, translate
from app.maps.overlays import Overlay
from app.maps.views import BAD, GOOD, SEQUENCE, WARN, Level, View, ViewClass

__all__ = [
    "SIGNS",
    "Walked",
    "overlay_walked",
    "tell_finding",
    "view_shares",
    "view_shortfalls",
    "view_standards",
    "view_walked",
    "wait_for_walked",
]

STATUSES = (("达标", GOOD, "✓"), ("待核实", WARN, "?"), ("不达标", BAD, "✗"))

SIGNS = {name: sign for name, _, sign in STATUSES} | {"数据不足": "…"}
"""By status, for tables."""


@dataclass(frozen=True)
class Walked:
    """What pages show of ways on foot.

    `shares` and `blind_spots` are those of `app.geo.coverage.Coverage`, as far as the reader may see them;
    `blind_spots` and `sites` are of one class of facilities and one distance.
    """

    shares: pd.DataFrame
    blind_spots: gpd.GeoDataFrame
    kind: str
    within_m: float
    sites: gpd.GeoDataFrame | None = None
    level: str = "county"
    """Rows of which level make up the whole that is shown: the county, or the communities or grids of an area."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the classes that were measured, the one that is shown first."""
        return tuple(dict.fromkeys((self.kind, *self.shares["facility_class"])))


def view_shortfalls(findings: pd.DataFrame, *, title: str, note: str, language: str = "zh") -> View:
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
        tuple(ViewClass(translate(name, language), colour, sign) for name, colour, sign in STATUSES),
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


def tell_finding(found: CommunityFinding, language: str = "zh") -> str:
    """Say in one line how a community stands: the finding that decides, else what is lacking to judge."""
    status = translate(found.status, language)
    return f"{status}{speak(language)('：', ': ')}{found.binding.words}" if found.binding else status


def view_standards(assessment: Assessment, language: str = "zh") -> View:
    """Show which communities meet the standards of community rooms on the day of the assessment."""
    say = speak(language)
    findings = pd.DataFrame(
        [(one.community.code, one.status, tell_finding(one, language)) for one in assessment.communities],
        columns=["community_code", "status", "text"],
    )
    day = assessment.as_of.isoformat()
    note = say(
        f"社区用房，按现行标准，{day} 核查；数据不足的为无数据",
        f"Rooms of communities by the standards in force, judged on {day}; not enough data counts as none",
    )
    return view_shortfalls(findings, title=say("社区用房达标", "Standards of rooms"), note=note, language=language)


def view_walked(walked: Walked, language: str = "zh") -> list[View]:
    """Show for each class the share of households of each grid that can walk to one; its blind spots beside it."""
    say = speak(language)
    rows = walked.shares[(walked.shares["level"] == "grid") & (walked.shares["within_m"] == walked.within_m)]
    note = say("沿街巷步行可达的户数占比，不是直线距离", "Share of households that can walk there, along streets")
    views = []
    for kind in walked.classes:
        name = name_class(kind, language)
        title = say(f"{name} {walked.within_m:.0f} 米步行覆盖", f"Walk to {name}, {walked.within_m:.0f} m")
        chosen = rows[rows["facility_class"] == kind].dropna(subset=["share"])
        view = view_shares(chosen, name=f"walk-{kind}", title=title, level="grid", note=note)
        shown = ("blind", "sites") if kind == walked.kind else ()
        views.append(replace(view, beside=shown))
    return views


def wait_for_walked(told: str, language: str = "zh") -> View:
    """Return a view that says when there will be one."""
    say = speak(language)
    title, missing = say("步行覆盖（正在测算）", "Walking coverage (being measured)"), say("正在测算", "being measured")
    nobody = pd.DataFrame({"code": [], "share": []})
    return replace(view_shares(nobody, name="walk", title=title, level="grid", note=told), missing=missing)


SIMPLER_BY_DEGREES = 6e-5
"""About 6 m: blind spots reach 20 m beyond the homes that they are drawn about."""


def overlay_walked(walked: Walked, language: str = "zh") -> list[Overlay]:
    """Return the areas from which no facility of the class is within the distance, and the sites for more of them."""
    say = speak(language)
    kind, limit = name_class(walked.kind, language), f"{walked.within_m:.0f}"
    spots = walked.blind_spots
    texts = [
        "" if households is None or np.isnan(households) else say(f"{households:,.0f}户", f"{households:,.0f} hh")
        for households in spots["households"]
    ]
    title = say(f"服务盲区：{kind} {limit} 米内没有", f"Blind spots: no {kind} within {limit} m")
    shapes = spots.geometry.simplify(SIMPLER_BY_DEGREES).to_numpy()
    overlays = [Overlay("blind", title, "spot", shapes, texts, shown=False)]
    if walked.sites is not None and len(walked.sites):
        number = len(walked.sites)
        title = say(f"建议选址：{kind}（第 1—{number} 处）", f"Proposed sites: {kind} (1–{number})")
        numbers = [str(place + 1) for place in range(number)]
        overlays.append(Overlay("sites", title, "site", walked.sites.geometry.to_numpy(), numbers, shown=False))
    return overlays
