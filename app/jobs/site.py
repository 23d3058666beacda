"""Find where another facility would help most, from layers to a few named sites."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from app.files.columns import parse_columns
from app.files.coverage import write_sites
from app.files.facilities import read_candidates
from app.files.messages import Note
from app.geo.coverage import Walk, measure_coverage
from app.geo.errors import UsageError
from app.geo.siting import Siting, site_facilities, street_corners
from app.jobs.coverage import choose_classes, plain_rows, read_surroundings
from app.jobs.inputs import Inputs
from app.jobs.steps import OnStep, Steps
from app.output import refuse_to_overwrite, write_whole

__all__ = ["SiteOrder", "SitingDone", "site"]

LAYERS, RECORD = "sites.gpkg", "sites.json"


@dataclass(frozen=True)
class SiteOrder:
    """Everything that siting is asked with."""

    inputs: Inputs
    facilities: str
    facility_class: str = "service_station"
    count: int | None = 3
    """How many more; None asks for the fewest that reach everybody who can be reached."""
    within_m: float = 500.0
    candidates: str = ""
    """Sites to choose from; the corners of streets where none are given."""
    enlarge: tuple[str, ...] = ()
    """Classes of facilities that could be enlarged into one."""
    walk: Walk = field(default_factory=Walk)
    folder: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class SitingDone:
    """Where facilities should be, and what was noted while reading."""

    siting: Siting
    facility_class: str
    within_m: float
    notes: tuple[Note, ...]

    @property
    def record(self) -> dict[str, Any]:
        """The same for programs."""
        found = self.siting
        return {
            "facility_class": self.facility_class,
            "within_m": self.within_m,
            "candidates": found.candidates,
            "uncovered_households": found.uncovered,
            "covered_households": found.covered,
            "out_of_reach_households": found.out_of_reach,
            "gap": found.gap,
            "proven": found.gap == 0,
            "sites": _plain_sites(found.sites),
            "alone": _plain_sites(found.alone),
            "notes": [asdict(note) for note in self.notes],
        }


def site(order: SiteOrder, *, on_step: OnStep) -> SitingDone:
    """Choose sites for the households that are farther than a distance from every facility of a class.

    Raises
    ------
    InputError, UsageError
        A layer or an option cannot be used; nothing is written then.
    """
    steps = Steps(on_step)
    names = (LAYERS, RECORD)
    if order.folder is not None:
        refuse_to_overwrite(order.folder, names, force=order.force)
    with steps.take("read"):
        around = read_surroundings(order.inputs, order.facilities, order.walk)
        (kind,) = choose_classes(around.facilities, [order.facility_class])
        told = parse_columns(order.inputs.columns)
        notes = around.notes
        if order.candidates:
            sites, more = read_candidates(order.candidates, around.communities, told)
            notes = (*notes, *more)
        elif order.enlarge:
            sites = street_corners(around.ground).iloc[:0]
        else:
            sites = street_corners(around.ground)
        if order.enlarge:
            classes = choose_classes(around.facilities, order.enlarge)
            there = around.facilities[around.facilities["facility_class"].isin(classes)]
            enlarged = gpd.GeoDataFrame(
                {"name": there["name"], "kind": "enlarged"}, geometry=there.geometry.representative_point()
            )
            sites = gpd.GeoDataFrame(pd.concat([sites, enlarged], ignore_index=True), crs=there.crs)
        if not len(sites):
            raise UsageError("没有候选地点：请用 --candidates 给出，或检查街道图层 (there is no site to choose from)")
    with steps.take("walk"):
        walked = measure_coverage(around.ground, around.facilities, [kind], order.walk)
    with steps.take("site"):
        way = walked.homes[f"{kind}_walk_m"].to_numpy(np.float64)
        found = site_facilities(around.ground, way, sites, within_m=order.within_m, count=order.count, walk=order.walk)
    done = SitingDone(found, kind, order.within_m, notes)
    if order.folder is not None:
        with steps.take("write"), write_whole(order.folder, names, force=order.force) as part:
            write_sites(found, part / LAYERS)
            (part / RECORD).write_text(json.dumps(done.record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return done


def _plain_sites(sites: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    places = sites.assign(longitude=sites.geometry.x.round(6), latitude=sites.geometry.y.round(6))
    return plain_rows(places.drop(columns="geometry"))
