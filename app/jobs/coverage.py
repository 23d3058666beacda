"""Measure who can walk to which facility, from layers to shares, blind spots and a GeoPackage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from app.files.columns import parse_columns
from app.files.coverage import write_coverage
from app.files.facilities import read_facilities
from app.files.messages import Note
from app.files.plans import read_grids
from app.geo.coverage import Coverage, Ground, Walk, lay_ground, measure_coverage
from app.geo.errors import UsageError
from app.geo.layers import FACILITY_CLASSES
from app.jobs.inputs import Inputs, read_inputs
from app.jobs.steps import OnStep, Steps
from app.output import refuse_to_overwrite, write_whole

__all__ = ["CoverageDone", "CoverageOrder", "Surroundings", "coverage", "plain_rows", "read_surroundings"]

LAYERS, RECORD = "coverage.gpkg", "coverage.json"


@dataclass(frozen=True)
class CoverageOrder:
    """Everything that a measurement of walking is asked with."""

    inputs: Inputs
    """Communities, streets, buildings, and barriers where there are any."""
    facilities: str
    classes: tuple[str, ...] = ()
    """Classes to be measured; those known that there are, if none is named."""
    grids: str = ""
    """A plan, or grids that somebody drew."""
    walk: Walk = field(default_factory=Walk)
    folder: Path | None = None
    force: bool = False


@dataclass(frozen=True)
class CoverageDone:
    """Who can walk to what, and what was noted while reading."""

    coverage: Coverage
    classes: tuple[str, ...]
    walk: Walk
    notes: tuple[Note, ...]

    @property
    def record(self) -> dict[str, Any]:
        """The same for programs; None stands for what nobody knows."""
        found = self.coverage
        return {
            "metres_a_minute": self.walk.metres_a_minute,
            "within_m": list(self.walk.within_m),
            "facilities": plain_rows(found.facilities),
            "shares": plain_rows(found.shares),
            "blind_spots": plain_rows(found.blind_spots.drop(columns="geometry")),
            "isolated": plain_rows(found.isolated),
            "notes": [asdict(note) for note in self.notes],
        }


@dataclass(frozen=True)
class Surroundings:
    """The ground that people walk on, the facilities on it, the communities about it, and what was noted."""

    ground: Ground
    facilities: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    notes: tuple[Note, ...]


def coverage(order: CoverageOrder, *, on_step: OnStep) -> CoverageDone:
    """Measure the way from every home to the nearest facility of each class.

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
        around = read_surroundings(order.inputs, order.facilities, order.walk, grids=order.grids)
        classes = choose_classes(around.facilities, order.classes)
    with steps.take("walk"):
        found = measure_coverage(around.ground, around.facilities, classes, order.walk)
    done = CoverageDone(found, classes, order.walk, around.notes)
    if order.folder is not None:
        with steps.take("write"), write_whole(order.folder, names, force=order.force) as part:
            write_coverage(found, part / LAYERS)
            (part / RECORD).write_text(json.dumps(done.record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return done


def read_surroundings(inputs: Inputs, facilities: str, walk: Walk, *, grids: str = "") -> Surroundings:
    """Read what people walk on and to.

    Raises
    ------
    InputError, UsageError
        A layer cannot be used, or a needed one was not given.
    """
    for layer in ("streets", "buildings"):
        if layer not in inputs.sources:
            raise UsageError(f"必须给出 --{layer} (the layer is needed)")
    told = parse_columns(inputs.columns)
    layers, report = read_inputs(inputs)
    there, notes = read_facilities(facilities, layers.communities, told)
    noted = [*report.notes, *notes]
    drawn = None
    if grids:
        drawn, more = read_grids(grids, layers.communities, columns=told)
        noted += more
        if "grid_code" not in drawn:
            raise UsageError(f"--grids {grids}：没有网格编码 (grids have no code)")
    return Surroundings(lay_ground(layers, grids=drawn, walk=walk), there, layers.communities, tuple(noted))


def choose_classes(facilities: gpd.GeoDataFrame, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the classes to measure: those asked for, by key or Chinese word, else those known that there are.

    Raises
    ------
    UsageError
        Nothing could be measured.
    """
    there = set(facilities["facility_class"])
    by_words = {words: kind for kind, words in FACILITY_CLASSES.items()}
    if asked:
        classes = tuple(dict.fromkeys(by_words.get(kind, kind) for kind in asked))
        unknown = sorted(set(classes) - there - set(FACILITY_CLASSES))
        if unknown:
            present = "、".join(sorted(there))
            raise UsageError(
                f"--class {'、'.join(unknown)}：没有这类设施 (no such facilities)；有 (there are)：{present}"
            )
        return classes
    known = tuple(kind for kind in FACILITY_CLASSES if kind in there)
    if not known:
        raise UsageError(
            f"没有一个设施的类别是认识的，请用 --class 指明 (no class is understood: name one by --class)；"
            f"有 (there are)：{'、'.join(sorted(there))}"
        )
    return known


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table for programs; None stands for NaN and inf."""
    return [
        {
            str(name): None if isinstance(value, float) and not np.isfinite(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]
