"""Check a plan, or grids drawn by hand, against every promise (体检)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd

from app.files.columns import parse_columns
from app.files.datums import parse_datums
from app.files.inputs import ReadReport
from app.files.messages import Note
from app.files.plans import read_grids, read_plan
from app.files.sources import layer_names
from app.geo.crs import DEGREES
from app.geo.layers import Layers
from app.geo.promises import Scorecard, check_promises
from app.geo.rejections import Rejection, check_rejections
from app.geo.rules import Rules
from app.jobs.inputs import Inputs, keep_communities, read_inputs
from app.jobs.steps import OnStep, Steps

__all__ = ["Check", "check_grids", "verify", "verify_in_steps"]


@dataclass(frozen=True)
class Check:
    """What grids keep of their promises, what an official would refuse, and what was noted while reading."""

    scorecard: Scorecard
    rejections: tuple[Rejection, ...]
    notes: tuple[Note, ...]

    @property
    def kept(self) -> bool:
        """Whether every hard promise holds."""
        return not self.scorecard.broken

    @property
    def record(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "promises": self.scorecard.values,
            "broken": list(self.scorecard.broken),
            "places": [asdict(place) for place in self.scorecard.places],
            "rejections": [asdict(rejection) for rejection in self.rejections],
            "notes": [asdict(note) for note in self.notes],
        }


def verify(grids: str, inputs: Inputs, rules: Rules, *, only: Sequence[str] = (), on_step: OnStep) -> Check:
    """Check a plan, or grids drawn by hand (体检), against every promise.

    Raises
    ------
    InputError, UsageError
        The grids or the layers cannot be read.
    """
    return verify_in_steps(grids, inputs, rules, only=only, steps=Steps(on_step))[0]


def verify_in_steps(
    grids: str, inputs: Inputs, rules: Rules, *, only: Sequence[str], steps: Steps
) -> tuple[Check, gpd.GeoDataFrame, Layers]:
    """Check as `verify` does, as part of a longer job; return the grids and layers of the check as well.

    Raises
    ------
    InputError, UsageError
        The grids or the layers cannot be read.
    """
    with steps.take("read"):
        layers, report = read_inputs(inputs)
        plan = Path(grids)
        is_plan = plan.suffix == ".gpkg" and plan.is_file() and "borders" in layer_names(plan)
        drawn, notes = read_grids(
            grids,
            layers.communities,
            columns=parse_columns(inputs.columns),
            datums=parse_datums(inputs.datums),
            beside=None if is_plan else {"streets": layers.streets, "buildings": layers.buildings},
        )
        borders = read_plan(plan).borders if is_plan else gpd.GeoDataFrame(geometry=[], crs=DEGREES)
    with steps.take("check"):
        asked = keep_communities(layers, only)
        check = check_grids(drawn, borders, asked, rules, report)
    return replace(check, notes=(*check.notes, *notes)), drawn, asked


def check_grids(
    grids: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, layers: Layers, rules: Rules, report: ReadReport
) -> Check:
    """Recompute every promise of grids from their geometry, and look for what an official would refuse."""
    return Check(
        check_promises(grids, layers, rules), check_rejections(grids, borders, layers, rules), tuple(report.notes)
    )
