"""The 体检 of existing grids on paper: 《现有网格体检表》 and a page with the map, colours by what was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from app import __version__
from app.files.roster import read_roster
from app.geo.census import count_households
from app.geo.crs import metric_crs, project
from app.geo.layers import Layers
from app.geo.plan import Plan
from app.geo.rules import Rules
from app.geo.survey import polygons_only, read_statements, survey_grids
from app.jobs.inputs import Inputs
from app.jobs.steps import OnStep, Steps
from app.jobs.verify import Check, verify_in_steps
from app.maps.change_views import view_checkup
from app.maps.overlays import overlay_frame
from app.maps.plan_page import draw_plan
from app.output import refuse_to_overwrite, write_whole
from app.reports.checkup import FAULTY, list_checkup, write_checkup
from app.reports.ledgers import Roster
from app.reports.texts import clean

__all__ = ["CHECKUP_FILES", "check_up", "draw_checkup", "judge_old_grids"]

TABLE, PAGE = "现有网格体检表.xlsx", "现有网格体检图.html"

CHECKUP_FILES = (TABLE, PAGE)
MOST_FINDINGS = 3


def check_up(
    grids: str,
    inputs: Inputs,
    rules: Rules,
    *,
    staff: str,
    folder: Path,
    only: Sequence[str] = (),
    force: bool,
    language: str,
    on_step: OnStep,
) -> Check:
    """Check grids as `verify` does, and write table and map of what was found, both or neither.

    Parameters
    ----------
    staff
        《网格人员配备表》, to find grids without a worker; '' for none.

    Raises
    ------
    InputError, UsageError
        Nothing is written then.
    """
    refuse_to_overwrite(folder, CHECKUP_FILES, force=force)
    steps = Steps(on_step)
    roster = Roster(read_roster(staff)) if staff else None
    check, drawn, layers = verify_in_steps(grids, inputs, rules, only=only, steps=steps)
    with steps.take("write"), write_whole(folder, CHECKUP_FILES, force=force) as part:
        rows = list_checkup(drawn, layers, rules, check.scorecard, check.rejections, roster)
        content = write_checkup(rows, check.scorecard, check.rejections, rules, layers.household_basis)
        (part / TABLE).write_bytes(content)
        page = _draw(rows, drawn, layers, rules, language)
        (part / PAGE).write_text(page, "utf-8")
    return check


def draw_checkup(
    drawn: gpd.GeoDataFrame, layers: Layers, rules: Rules, check: Check, *, language: str, home: str
) -> str:
    """Draw the page alone, of grids that were checked; `home` is the page one comes from."""
    rows = list_checkup(drawn, layers, rules, check.scorecard, check.rejections, None)
    return _draw(rows, drawn, layers, rules, language, home)


def judge_old_grids(grids: str, inputs: Inputs, rules: Rules, steps: Steps) -> gpd.GeoDataFrame:
    """Check grids as `verify` does and return each with its verdict: grid_code, name, verdict, findings; EPSG:4490.

    Raises
    ------
    InputError, UsageError
        The grids or the layers cannot be read.
    """
    check, drawn, layers = verify_in_steps(grids, inputs, rules, only=(), steps=steps)
    found = view_checkup(list_checkup(drawn, layers, rules, check.scorecard, check.rejections, None), FAULTY)
    survey = survey_grids(drawn, layers.communities)
    codes = [clean(code) for code in survey.grid_codes]
    told = {
        "grid_code": codes,
        "name": [clean(name) for name in survey.grid_names],
        "verdict": [found.class_of.get(code) for code in codes],
        "findings": [_shorten(found.texts.get(code, "")) for code in codes],
    }
    return gpd.GeoDataFrame(pd.DataFrame(told, dtype=object), geometry=drawn.geometry.to_numpy(), crs=drawn.crs)


def _shorten(findings: str) -> str:
    """Keep the first findings and count the rest: the table of a map is no report."""
    parts = findings.split("；")
    rest = len(parts) - MOST_FINDINGS
    return findings if rest <= 0 else "；".join(parts[:MOST_FINDINGS]) + f"；另有 {rest} 项"


def _draw(
    rows: pd.DataFrame, drawn: gpd.GeoDataFrame, layers: Layers, rules: Rules, language: str, home: str = ""
) -> str:
    return draw_plan(
        _as_plan(drawn, layers, rules),
        language=language,
        views=[view_checkup(rows, FAULTY, language)],
        overlays=overlay_frame(layers.barriers, language),
        home=home,
        title="现有网格体检图" if language == "zh" else "Checkup of the grids in use",
    )


def _as_plan(grids: gpd.GeoDataFrame, layers: Layers, rules: Rules) -> Plan:
    """Give grids drawn by hand the columns of a plan, so that they can be drawn like one; what has no ground is out."""
    survey = survey_grids(grids, layers.communities)
    counted = count_households(survey, read_statements(grids), layers.buildings).counted
    shapes = polygons_only(survey.grids_drawn)
    kept = np.flatnonzero(~shapely.is_empty(shapes))
    homes = np.append(survey.community_codes, "")[survey.grid_community]
    texts = {name: [_text(grids, name, row) for row in kept.tolist()] for name in ("kind", "reason", "reason_code")}
    frame = gpd.GeoDataFrame(
        {
            "grid_code": survey.grid_codes[kept],
            "name": survey.grid_names[kept],
            "kind": ["special" if "专属" in kind or kind == "special" else "general" for kind in texts["kind"]],
            "community_code": homes[kept],
            "households": np.rint(counted[kept]).astype(int),
            "persons": np.nan,
            "area_m2": [_area(shapes[row]) for row in kept],
            **dict.fromkeys(("sides_east", "sides_south", "sides_west", "sides_north"), ""),
            "reason": texts["reason"],
            "reason_code": texts["reason_code"],
        },
        geometry=shapes[kept],
        crs=grids.crs,
    )
    totals = frame.groupby("community_code")["households"].agg(["sum", "count"])
    within = frame["households"].between(rules.min_households, rules.max_households)
    codes = layers.communities["community_code"]
    communities = layers.communities[["community_code", "name", "geometry"]].assign(
        grids=[int(totals["count"].get(code, 0)) for code in codes],
        households=[int(totals["sum"].get(code, 0)) for code in codes],
        in_band=[int((within & (frame["community_code"] == code)).sum()) for code in codes],
        divisible=True,
        cost=0.0,
        message="",
    )
    nothing: dict[str, list[str]] = {"left_grid": [], "right_grid": [], "barrier": [], "name": [], "length_m": []}
    return Plan(
        frame,
        gpd.GeoDataFrame({"grid_code": []}, geometry=[], crs=grids.crs),
        gpd.GeoDataFrame(nothing, geometry=[], crs=grids.crs),
        communities,
        layers.streets[["highway", "name", "geometry"]],
        {
            "software": "jiexiang",
            "version": __version__,
            "household_basis": layers.household_basis,
            "min_households": rules.min_households,
            "max_households": rules.max_households,
        },
    )


def _text(grids: gpd.GeoDataFrame, column: str, row: int) -> str:
    if column not in grids or pd.isna(grids[column].iloc[row]):
        return ""
    return str(grids[column].iloc[row])


def _area(shape: shapely.Geometry) -> float:
    crs = metric_crs(float(shapely.centroid(shape).x))
    return round(float(project(np.array([shape], dtype=object), crs)[0].area), 1)
