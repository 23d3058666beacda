"""What a map can show beyond its plan: views, layers and places, from the ledgers and layers that were given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd

from app.files.columns import parse_columns
from app.files.datums import parse_datums
from app.files.facilities import read_facilities
from app.files.messages import Note
from app.files.plans import read_grids, read_plan
from app.files.roster import read_roster
from app.files.staff import read_staff
from app.geo.coverage import Walk
from app.geo.errors import UsageError
from app.geo.layers import UNSTATED, Layers
from app.geo.lineage import Lineage, trace_lineage
from app.geo.plan import Plan, told_about
from app.jobs.check import CheckOrder, StandardsCheck, check
from app.jobs.coverage import CoverageOrder, choose_classes, coverage
from app.jobs.inputs import Inputs, read_inputs
from app.jobs.site import SiteOrder, site
from app.jobs.steps import Steps
from app.jobs.themes import SettledTheme, settle_theme
from app.maps.change_views import view_changes
from app.maps.facility_views import Walked, overlay_walked, view_standards, view_walked
from app.maps.languages import speak
from app.maps.overlays import Overlay, overlay_frame, overlay_old_grids
from app.maps.plan_page import Place
from app.maps.themes import view_theme
from app.maps.views import View, view_band, view_borders, view_posts

__all__ = ["Gathered", "MapInputs", "gather_views"]

WITHIN_M = 500.0
FIRST_CLASS = "service_station"


@dataclass(frozen=True)
class MapInputs:
    """What a map is drawn from: a plan, and any of the ledgers and layers that it is held against."""

    plan: Path
    as_of: date
    """Day on which standards and papers are judged."""
    inputs: Inputs = field(default_factory=lambda: Inputs({}))
    """communities (those of the plan if not given), streets, buildings, barriers, compounds."""
    before: str = ""
    staff: str = ""
    staff_before: str = ""
    """Who works in the new grids, and who worked in the old ones."""
    themes: tuple[str, ...] = ()
    """FILE[:SHEET or LAYER]:COLUMN"""
    rooms: str = ""
    projects: str = ""
    facilities: str = ""
    facility_class: str = ""
    """Of which coverage and blind spots are shown."""
    within_m: float = WITHIN_M
    sites: int = 0
    """How many sites are proposed for one more facility of the class."""
    language: str = "zh"
    """What views, layers and tables are called in; names and findings stay as they are."""


@dataclass(frozen=True)
class Gathered:
    """A plan with all that can be shown of it."""

    plan: Plan
    inputs: Inputs
    """What was read, the communities of the plan among it where no others were given."""
    views: tuple[View, ...]
    overlays: tuple[Overlay, ...]
    places: tuple[Place, ...]
    notes: tuple[Note, ...]
    posts: pd.DataFrame | None = None
    lineage: Lineage | None = None
    check: StandardsCheck | None = None
    walked: Walked | None = None


def gather_views(order: MapInputs, steps: Steps) -> Gathered:
    """Read what was given and make of it what can be shown; what was not given is left out.

    Raises
    ------
    InputError, UsageError
        A ledger, a layer or an option cannot be used.
    """
    with steps.take("read"):
        plan = read_plan(order.plan)
        inputs = _with_plan(order, plan)
        layers, report = read_inputs(inputs)
        notes = list(report.notes)
        themes = [settle_theme(spec, plan, layers.compounds, notes) for spec in order.themes]
    lineage, old = _trace(order, plan, layers, notes)
    posts = _count_posts(order, plan, lineage)
    done = _check(order, inputs, steps)
    walked = _walk(order, inputs, layers, steps)
    general = plan.grids[plan.grids["kind"] == "general"]
    about = told_about(plan)
    low = int(about["min_households"])
    high = int(about["max_households"])
    spoken = order.language
    views = [view_band(plan.grids, low, high, spoken), view_borders(plan.grids, plan.borders, spoken)]
    if posts is not None:
        views.append(view_posts(posts[posts["grid_code"].isin(general["grid_code"])], spoken))
    if lineage is not None:
        views.append(view_changes(lineage, spoken))
    if done is not None:
        views.append(view_standards(done.assessment, spoken))
    if walked is not None:
        views += view_walked(walked, spoken)
    if order.staff or order.staff_before:
        views.append(_view_staff(order.staff or order.staff_before, plan, spoken))
    views += [_view_theme(theme, number, spoken) for number, theme in enumerate(themes, 1)]
    overlays = overlay_frame(layers.barriers, spoken)
    if old is not None:
        overlays.append(overlay_old_grids(old, spoken))
    if walked is not None:
        overlays += overlay_walked(walked, spoken)
    places = [*_places_of(layers.compounds, "小区"), *_facilities(order, layers)]
    return Gathered(
        plan,
        inputs,
        tuple(views),
        tuple(overlays),
        tuple(places),
        tuple(notes),
        posts,
        lineage,
        done,
        walked,
    )


def _with_plan(order: MapInputs, plan: Plan) -> Inputs:
    """Return the inputs with the communities of the plan where no others were given: a plan is shown as it is."""
    given = order.inputs
    stated = str(told_about(plan)["household_basis"])
    basis = given.household_basis or ("" if stated == UNSTATED else stated)
    sources = {"communities": f"{order.plan}:communities", **given.sources}
    as_is = given.as_is or "communities" not in given.sources
    return replace(given, sources=sources, household_basis=basis, as_is=as_is)


def _only(inputs: Inputs, *layers: str) -> Inputs:
    return replace(inputs, sources={name: source for name, source in inputs.sources.items() if name in layers})


def _trace(
    order: MapInputs, plan: Plan, layers: Layers, notes: list[Note]
) -> tuple[Lineage | None, gpd.GeoDataFrame | None]:
    if not order.before:
        if order.staff_before:
            raise UsageError("--staff-before 要与 --before 一起用：没有原有网格，无从对应 (it goes with --before)")
        return None, None
    if not len(layers.buildings):
        raise UsageError("--before 要与 --buildings 一起用：对照按楼栋的户数计算 (--before needs --buildings)")
    told = order.inputs
    old, more = read_grids(
        order.before, layers.communities, columns=parse_columns(told.columns), datums=parse_datums(told.datums)
    )
    notes += more
    return trace_lineage(old, plan.grids, plan.communities, layers.buildings), old


def _count_posts(order: MapInputs, plan: Plan, lineage: Lineage | None) -> pd.DataFrame | None:
    """Count the workers of each grid; those of old grids go along to the grid that carries on theirs."""
    if order.staff:
        filled = Counter(str(code) for code in read_roster(order.staff)["网格编码"])
    elif order.staff_before and lineage is not None:
        carried: Mapping[str, int] = {
            str(code): int(there) for code, there in zip(lineage.old.codes, lineage.carried_by, strict=True)
        }
        there = [carried.get(str(code), -1) for code in read_roster(order.staff_before)["网格编码"]]
        filled = Counter(str(lineage.new.codes[place]) for place in there if place >= 0)
    else:
        return None
    codes = [str(code) for code in plan.grids["grid_code"]]
    return pd.DataFrame({"grid_code": codes, "needed": 1, "filled": [filled[code] for code in codes]})


def _check(order: MapInputs, inputs: Inputs, steps: Steps) -> StandardsCheck | None:
    if not order.rooms:
        return None
    asked = CheckOrder(_only(inputs, "communities", "buildings"), order.rooms, order.as_of, projects=order.projects)
    with steps.take("check"):
        return check(asked, on_step=lambda *_: None)


def _walk(order: MapInputs, inputs: Inputs, layers: Layers, steps: Steps) -> Walked | None:
    """Measure who can walk to which facility, and where one more of the class that is shown would help."""
    if not order.facilities:
        return None
    asked = _only(inputs, "communities", "streets", "buildings", "barriers")
    there, _ = read_facilities(order.facilities, layers.communities, parse_columns(inputs.columns))
    known = choose_classes(there, [])
    (kind,) = choose_classes(there, [order.facility_class]) if order.facility_class else _first_class(known)
    classes = tuple(dict.fromkeys((*known, kind)))
    walk = Walk(within_m=tuple(sorted({*Walk().within_m, order.within_m})))
    with steps.take("walk"):
        measured = coverage(
            CoverageOrder(asked, order.facilities, classes, grids=str(order.plan), walk=walk), on_step=lambda *_: None
        )
    sites = None
    if order.sites:
        wanted = SiteOrder(
            asked, order.facilities, kind, order.sites, order.within_m, walk=Walk(within_m=(order.within_m,))
        )
        with steps.take("site"):
            sites = site(wanted, on_step=lambda *_: None).siting.sites
    spots = measured.coverage.blind_spots
    shown = spots[(spots["facility_class"] == kind) & (spots["within_m"] == order.within_m)]
    return Walked(measured.coverage.shares, shown, kind, order.within_m, sites)


def _first_class(known: tuple[str, ...]) -> tuple[str]:
    return (FIRST_CLASS if FIRST_CLASS in known else known[0],)


def _view_staff(spec: str, plan: Plan, language: str) -> View:
    """Show how many work for each community, to 10,000 inhabitants."""
    say = speak(language)
    rows, _ = read_staff(spec, ())
    people = {(row.community_code, row.staff_code) for row in rows if row.until is None}
    counts = Counter(code for code, _ in people)
    persons = plan.grids.groupby("community_code")["persons"].sum(min_count=1)
    rates = [
        (str(code), round(counts[str(code)] / number * 10_000, 1) if number > 0 else None)
        for code, number in persons.items()
    ]
    return view_theme(
        pd.DataFrame(rates, columns=["code", "rate"]),
        "rate",
        name="staff",
        title=say("每万人工作人员数", "Staff per 10,000 inhabitants"),
        level="community",
        note=say(
            "人员配备表中未离岗的人数 ÷ 划分时的人口；含不包网格的人员",
            "People of the roster who have not left ÷ inhabitants; those without a grid count too",
        ),
        language=language,
    )


def _view_theme(theme: SettledTheme, number: int, language: str) -> View:
    return view_theme(
        pd.DataFrame(theme.values, columns=["code", "value"]),
        "value",
        name=f"theme-{number}",
        title=theme.title,
        level=theme.level,
        note=speak(language)("来源：", "Source: ") + theme.source,
        areas=theme.areas,
        language=language,
    )


def _places_of(frame: gpd.GeoDataFrame, kind: str) -> list[Place]:
    points = frame.geometry.representative_point()
    return [
        Place(kind, str(name), float(x), float(y))
        for name, x, y in zip(frame["name"], points.x, points.y, strict=True)
        if name
    ]


def _facilities(order: MapInputs, layers: Layers) -> list[Place]:
    if not order.facilities:
        return []
    there, _ = read_facilities(order.facilities, layers.communities, parse_columns(order.inputs.columns))
    return _places_of(there, "设施")
