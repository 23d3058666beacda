"""Draft grids from a ledger alone, and say what of it is on the map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from app import __version__
from app.files.columns import parse_columns
from app.files.datums import parse_datums
from app.files.drafts import ASSIGNMENT, GRID_TABLE, POINTS, assignment_table, grid_table, point_frame, write_table
from app.files.dwelling_ledger import Ledger, read_dwelling_ledger
from app.files.messages import Findings, Note
from app.files.plans import write_layers
from app.files.reading import LayerRead, empty_frame, read_layer
from app.files.sources import content_digest
from app.geo.attach import Attached, Unmapped, attach_geometry, list_unmapped
from app.geo.datum import Datum, to_plain
from app.geo.draft import DraftCommunity, draft_community
from app.geo.errors import Fault, InputError
from app.geo.layers import CONTRACTS
from app.geo.rules import Rules
from app.jobs.inputs import Inputs
from app.jobs.steps import OnStep, Steps
from app.output import refuse_to_overwrite, write_whole
from app.reports.tables import BUILDINGS, GRIDS, Table
from app.reports.workbooks import Sheet, make_workbook

__all__ = ["DraftDone", "DraftOrder", "Mapped", "draft", "locate"]

RUN, TABLE_BOOK, GRIDS_BOOK = "run.json", "楼栋归属明细表.xlsx", "网格台账.xlsx"
GEOMETRY = ("communities", "buildings", "compounds")
"""Layers that may be given beside a ledger as they arrive."""


@dataclass(frozen=True)
class DraftOrder:
    """Everything that a draft is asked with; `inputs` may name communities, buildings and compounds."""

    ledger: str
    inputs: Inputs
    rules: Rules
    folder: Path
    force: bool = False


@dataclass(frozen=True)
class Mapped:
    """A ledger, and where its rows lie as far as any layer says so."""

    ledger: Ledger
    attached: Attached
    unmapped: tuple[Unmapped, ...]
    astray: tuple[Unmapped, ...]
    """Households that lie in another community than the ledger says."""
    notes: tuple[Note, ...]
    sources: Mapping[str, str]
    """SHA-256 of the file of each layer."""

    @property
    def record(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "households": self.attached.households,
            "mapped_households": self.attached.mapped,
            "mapped_share": round(self.attached.share, 4),
            "mapped_by": {by: int(n) for by, n in self.attached.places["by"].value_counts().sort_index().items()},
            "unmapped": [asdict(one) for one in self.unmapped],
            "astray": [asdict(one) for one in self.astray],
        }


@dataclass(frozen=True)
class DraftDone:
    """What a draft came to; `record` is what stands in run.json."""

    communities: tuple[DraftCommunity, ...]
    mapped: Mapped
    folder: Path
    record: dict[str, Any]


def locate(ledger: str, inputs: Inputs) -> Mapped:
    """Read a ledger and the layers given beside it, and find on the map what can be found.

    Raises
    ------
    InputError, UsageError
        With everything that cannot be used.
    """
    told, datums = parse_columns(inputs.columns), parse_datums(inputs.datums)
    faults: list[Fault] = []
    notes: list[Note] = []
    read: dict[str, LayerRead] = {}
    for layer in (layer for layer in GEOMETRY if layer in inputs.sources):
        findings = Findings(layer, inputs.sources[layer])
        try:
            datum = datums.get(layer, "wgs84")
            read[layer] = read_layer(
                CONTRACTS[layer], inputs.sources[layer], findings, told=told, mend=inputs.mend, datum=datum
            )
            findings.settle()
        except InputError as error:
            faults += error.faults
        notes += findings.notes
    frames = {layer: read[layer].frame if layer in read else empty_frame(CONTRACTS[layer]) for layer in GEOMETRY}
    communities = frames["communities"]
    there_are = dict(zip(communities["community_code"], communities["name"], strict=True))
    try:
        table = read_dwelling_ledger(
            ledger,
            told=told,
            household_basis=inputs.household_basis,
            communities=there_are if "communities" in read else None,
        )
    except InputError as error:
        raise InputError([*faults, *error.faults]) from error
    if faults:
        raise InputError(faults)
    table = replace(table, rows=_lift_places(table.rows, datums.get("ledger", "wgs84")))
    attached = attach_geometry(table.rows, frames["buildings"], frames["compounds"])
    return Mapped(
        table,
        attached,
        tuple(list_unmapped(table.rows, attached)),
        tuple(_list_astray(table.rows, attached, communities)),
        (*table.notes, *notes),
        {layer: content_digest(one.path) for layer, one in read.items()},
    )


def _lift_places(rows: pd.DataFrame, datum: Datum) -> pd.DataFrame:
    """Return the rows with their own coordinates in CGCS2000."""
    known = rows["longitude"].notna() & rows["latitude"].notna()
    lifted = rows.copy()
    lifted.loc[known, ["longitude", "latitude"]] = to_plain(
        rows.loc[known, ["longitude", "latitude"]].to_numpy(float), datum
    )
    return lifted


def _list_astray(rows: pd.DataFrame, attached: Attached, communities: gpd.GeoDataFrame) -> list[Unmapped]:
    """List what lies in no outline of the community that the ledger names."""
    if not len(communities):
        return []
    outline = communities.set_index("community_code").geometry
    codes = rows.loc[attached.places.index, "community_code"]
    inside = [
        code in outline.index and bool(outline[code].intersects(point))
        for code, point in zip(codes, attached.places.geometry, strict=True)
    ]
    away = Attached(attached.places[inside], attached.households, attached.mapped)
    return list_unmapped(rows.loc[attached.places.index], away)


def draft(order: DraftOrder, *, on_step: OnStep) -> DraftDone:
    """Draft grids from a ledger: 《楼栋归属明细表》 and 《网格台账》, with points as far as there are any.

    Raises
    ------
    InputError, UsageError
        Nothing is written then.
    """
    steps = Steps(on_step)
    names = (ASSIGNMENT, TABLE_BOOK, GRID_TABLE, GRIDS_BOOK, POINTS, RUN)
    refuse_to_overwrite(order.folder, names, force=order.force)
    began = datetime.now().astimezone()
    with steps.take("read"):
        mapped = locate(order.ledger, order.inputs)
    rows = mapped.ledger.rows
    codes = rows["community_code"].drop_duplicates().to_list()
    drafted = []
    with steps.take("divide", of=len(codes)) as advance:
        for code in codes:
            own = rows[rows["community_code"] == code]
            drafted.append(draft_community(code, str(own["community"].iloc[0]), own, order.rules))
            advance()
    with write_whole(order.folder, names, force=order.force) as part:
        with steps.take("write"):
            table = assignment_table(rows, drafted, mapped.attached)
            write_table(table, part / ASSIGNMENT)
            grid_lines = grid_table(rows, drafted, mapped.attached, mapped.ledger.household_basis)
            write_table(grid_lines, part / GRID_TABLE)
            for name, (form, lines) in {TABLE_BOOK: (BUILDINGS, table), GRIDS_BOOK: (GRIDS, grid_lines)}.items():
                (part / name).write_bytes(make_workbook([Sheet(form, _fill_form(form, lines))]))
            if len(mapped.attached.places):
                write_layers(part / POINTS, {"buildings": (point_frame(table, mapped.attached), "Point")})
        record = _record(order, began, steps, drafted, mapped)
        (part / RUN).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return DraftDone(tuple(drafted), mapped, order.folder, record)


def _fill_form(form: Table, lines: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a form, those that a draft does not know left empty."""
    unknown = {column.name: np.nan if column.kind in ("whole", "amount") else "" for column in form.columns}
    return pd.DataFrame(
        {name: lines[name] if name in lines else pd.Series([empty] * len(lines)) for name, empty in unknown.items()}
    )


def _record(
    order: DraftOrder, began: datetime, steps: Steps, drafted: list[DraftCommunity], mapped: Mapped
) -> dict[str, Any]:
    grids = [grid for community in drafted for grid in community.grids]
    outside = [grid for grid in grids if grid.reason.code]
    return {
        "software": f"jiexiang {__version__}",
        "kind": "draft",
        "began": began.isoformat(timespec="seconds"),
        "seconds": {**steps.seconds, "total": round(sum(steps.seconds.values()), 3)},
        "ledger": {"source": mapped.ledger.source, "sha256": mapped.ledger.digest, "rows": len(mapped.ledger.rows)},
        "inputs": {
            layer: {"source": order.inputs.sources[layer], "sha256": digest} for layer, digest in mapped.sources.items()
        },
        "datums": dict(parse_datums(order.inputs.datums)),
        "household_basis": mapped.ledger.household_basis,
        "min_households": order.rules.min_households,
        "max_households": order.rules.max_households,
        "communities": [
            {
                "community_code": one.code,
                "name": one.name,
                "households": one.households,
                "grids": len(one.grids),
                "in_band": one.in_band,
                "divisible": one.divisible,
                "cut": list(one.cut),
            }
            for one in drafted
        ],
        "grids": len(grids),
        "in_band": len(grids) - len(outside),
        "out_of_band": [
            {"grid_code": grid.code, "households": grid.households, **asdict(grid.reason)} for grid in outside
        ],
        "map": mapped.record,
        "notes": [asdict(note) for note in mapped.notes],
    }
