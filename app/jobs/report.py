"""The file set for approval: ledgers, documents and printed maps of a plan, numbered as offices number them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from app.files.columns import parse_columns
from app.files.datums import parse_datums
from app.files.delimited import write_csv
from app.files.exports import export_plan
from app.files.inputs import ReadReport, read_layers
from app.files.messages import Note
from app.files.outlines import Misfit, find_misfits
from app.files.plans import read_grids, read_plan
from app.files.reading import empty_frame
from app.files.roster import read_roster
from app.geo.disputes import Disputed, settle_disputes
from app.geo.errors import UsageError
from app.geo.layers import CONTRACTS, Layers
from app.geo.lineage import Lineage, carry_codes, relabel_plan, trace_lineage
from app.geo.plan import Plan
from app.geo.rules import Rules
from app.jobs.inputs import Inputs
from app.jobs.steps import OnStep, Steps
from app.jobs.verify import check_grids
from app.output import refuse_to_overwrite, write_whole
from app.reports.confirmations import write_confirmations
from app.reports.filings import BLANK_PLACE, Case, write_account, write_notice, write_record, write_request
from app.reports.ledgers import (
    NOBODY,
    Dwellings,
    Roster,
    list_buildings,
    list_changes,
    list_grids,
    list_noticed,
    settle_dwellings,
)
from app.reports.packing import pack
from app.reports.sketches import Sketcher, print_jpg, print_pdf
from app.reports.tables import BUILDINGS, CHANGES, GRIDS, NOTICED
from app.reports.texts import file_name
from app.reports.workbooks import Sheet, make_workbook

__all__ = ["FILE_SET", "ReportDone", "ReportOrder", "read_layers_of", "report"]

FILE_SET: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "01": ("01 关于{place}网格{deed}的请示.docx",),
        "02": ("02 划分方案说明.docx",),
        "03": ("03 网格台账.xlsx",),
        "04": ("04 楼栋归属明细表.xlsx",),
        "05": ("05 调整前后对照表.xlsx",),
        "06": ("06 社区边界确认单.docx",),
        "07": ("07 网格示意图(总图+分图).pdf", "07 网格示意图(总图).jpg", "07 网格示意图(分图).zip"),
        "08": ("08 公示及意见采纳情况.docx", "08 公示附件(网格划分明细表).xlsx"),
        "09": ("09 备案表.docx",),
        "10": ("10 矢量数据(shp+gpkg).zip",),
    }
)
"""The files by their number."""

OTHER_LAYERS = tuple(one.name for one in fields(Layers) if one.name not in ("communities", "household_basis"))

BLANK_ROWS = 12
"""Of a ledger that nobody has told anything for."""


@dataclass(frozen=True)
class ReportOrder:
    """Everything that a file set is asked with.

    `inputs` may lack every layer: what cannot be told without them is left to be filled in. `before` are last year's
    grids, `staff` those who work in the new grids, `staff_before` those who worked in the old ones.
    """

    plan: Path
    inputs: Inputs
    folder: Path
    before: str = ""
    staff: str = ""
    staff_before: str = ""
    keep_codes: bool = False
    place: str = BLANK_PLACE
    unit: str = ""
    addressee: str = ""
    only: tuple[str, ...] = ()
    force: bool = False


@dataclass(frozen=True)
class ReportDone:
    """What was written, and what was noted on the way."""

    folder: Path
    files: tuple[str, ...]
    notes: tuple[Note, ...]
    moved_households: float | None


@dataclass(frozen=True)
class _Desk:
    """What the files are made from."""

    order: ReportOrder
    plan: Plan
    layers: Layers
    dwellings: Dwellings
    roster: Roster
    roster_before: Roster
    lineage: Lineage | None
    case: Case
    notes: list[Note] = field(default_factory=list)


def report(order: ReportOrder, *, on_step: OnStep) -> ReportDone:
    """Write the file set for approval, whole or not at all; the same inputs give the same bytes.

    Raises
    ------
    InputError, UsageError
        Nothing is written then.
    """
    unknown = sorted(set(order.only) - set(FILE_SET))
    if unknown:
        raise UsageError(f"--only {'、'.join(unknown)}：没有这个编号，可用 {'、'.join(FILE_SET)}")
    if order.keep_codes and not order.before:
        raise UsageError("--keep-codes 要与 --before 一起用：没有原有网格，无从保留编码")
    wanted = [number for number in FILE_SET if not order.only or number in order.only]
    names = {number: _names(order, number) for number in wanted}
    files = [name for number in wanted for name in names[number]]
    refuse_to_overwrite(order.folder, files, force=order.force)
    steps = Steps(on_step)
    with steps.take("read"):
        desk = _prepare(order)
    with (
        write_whole(order.folder, files, force=order.force) as part,
        steps.take("write", of=len(wanted)) as advance,
    ):
        for number in wanted:
            contents = _MAKERS[number](desk)
            for name, content in zip(names[number], contents, strict=True):
                (part / name).write_bytes(content)
            advance()
    moved = None if desk.lineage is None else desk.lineage.moved_households
    return ReportDone(order.folder, tuple(files), tuple(desk.notes), moved)


def _names(order: ReportOrder, number: str) -> list[str]:
    facts = {"place": file_name(order.place), "deed": "划分调整" if order.before else "划分"}
    return [name.format(**facts) for name in FILE_SET[number]]


def _prepare(order: ReportOrder) -> _Desk:
    """Read everything, put dwellings into grids, trace what was before, and check the plan."""
    plan = read_plan(order.plan)
    layers, read = read_layers_of(order.inputs, plan)
    notes = list(read.notes) if read else []
    lineage = None
    if order.before:
        if not len(layers.buildings):
            raise UsageError("--before 要与 --communities、--buildings 一起用：对照按楼栋的户数计算")
        told = order.inputs
        old, more = read_grids(
            order.before, layers.communities, columns=parse_columns(told.columns), datums=parse_datums(told.datums)
        )
        notes += more
        lineage = trace_lineage(old, plan.grids, plan.communities, layers.buildings)
        if order.keep_codes:
            plan = relabel_plan(plan, *carry_codes(lineage))
            lineage = trace_lineage(old, plan.grids, plan.communities, layers.buildings)
    dwellings = settle_dwellings(plan.grids, plan.communities, layers.buildings, layers.compounds)
    roster = Roster(read_roster(order.staff)) if order.staff else NOBODY
    before = Roster(read_roster(order.staff_before)) if order.staff_before else NOBODY
    ledger = list_grids(plan, dwellings, roster, _towns(layers.communities))
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    changes = list_changes(lineage, dwellings, names, _rules_of(plan), before, roster) if lineage else None
    check = None
    if read is not None and len(layers.buildings):
        check = check_grids(plan.grids, plan.borders, layers, _rules_of(plan), read)
    case = Case(
        plan=plan,
        grids=ledger,
        place=order.place,
        unit=order.unit,
        changes=changes,
        lineage=lineage,
        scorecard=check.scorecard if check else None,
        rejections=check.rejections if check else (),
        **({"addressee": order.addressee} if order.addressee else {}),
    )
    return _Desk(order, plan, layers, dwellings, roster, before, lineage, case, notes)


def read_layers_of(inputs: Inputs, plan: Plan) -> tuple[Layers, ReadReport | None]:
    """Read the layers as they are, disagreements between communities included; without any, take the plan's own."""
    if not inputs.sources:
        given = plan.communities[["community_code", "name", "households", "geometry"]]
        unknown = dict.fromkeys(("urban_rural_code", "town_code", "town"), "")
        frames = {name: empty_frame(CONTRACTS[name]) for name in OTHER_LAYERS}
        frames["streets"] = plan.streets
        basis = str(plan.about["household_basis"])
        return Layers(communities=given.assign(**unknown), household_basis=basis, **frames), None
    layers, read = read_layers(
        inputs.sources,
        columns=parse_columns(inputs.columns),
        datums=parse_datums(inputs.datums),
        household_basis=inputs.household_basis or None,
        mend=inputs.mend,
        as_is=True,
    )
    known = set(plan.communities["community_code"])
    lacking = sorted(known - set(layers.communities["community_code"]))
    if lacking:
        raise UsageError(f"社区图层里没有方案中的社区 {'、'.join(lacking[:5])}：请给出划分时用的社区图层")
    kept = layers.communities[layers.communities["community_code"].isin(known)].reset_index(drop=True)
    return replace(layers, communities=kept), read


def _towns(communities: gpd.GeoDataFrame) -> dict[str, str]:
    return {str(code): str(town) for code, town in zip(communities["community_code"], communities["town"], strict=True)}


def _rules_of(plan: Plan) -> Rules:
    return Rules(min_households=int(plan.about["min_households"]), max_households=int(plan.about["max_households"]))


# --- the files --------------------------------------------------------------------------------------------------------


def _grid_ledger(desk: _Desk) -> Sequence[bytes]:
    about = desk.plan.about
    band = f"{about['min_households']}—{about['max_households']}户"
    above = f"{desk.order.place}　户数口径：{about['household_basis']}　户数限：{band}"
    below = ["空格为待填项；专属网格不计户数限。"]
    if not len(desk.dwellings.rows):
        below.append("未提供楼栋图层，楼栋数和包含小区未列。")
    return [make_workbook([Sheet(GRIDS, desk.case.grids, above, below)])]


def _noticed_ledger(desk: _Desk) -> bytes:
    above = f"{desk.order.place}　户数口径：{desk.plan.about['household_basis']}"
    return make_workbook([Sheet(NOTICED, list_noticed(desk.case.grids), above, ["专属网格不计户数限。"])])


def _building_ledger(desk: _Desk) -> Sequence[bytes]:
    rows = list_buildings(desk.plan, desk.dwellings, desk.roster, desk.lineage)
    below = ["仅列有住户的楼栋。"]
    if not len(rows):
        rows = pd.DataFrame("", index=range(BLANK_ROWS), columns=BUILDINGS.names).astype(object)
        rows[["户数", "人口"]] = np.nan
        below = ["未提供楼栋图层，请填写，或用 --communities、--buildings 重新生成。"]
    above = f"{desk.order.place}　户数口径：{desk.plan.about['household_basis']}"
    return [make_workbook([Sheet(BUILDINGS, rows, above, below)])]


def _change_ledger(desk: _Desk) -> Sequence[bytes]:
    rows, lineage = desk.case.changes, desk.lineage
    if rows is None or lineage is None:
        rows = pd.DataFrame(np.nan, index=range(BLANK_ROWS), columns=CHANGES.names)
        sheet = Sheet(CHANGES, rows, desk.order.place, ["未提供原有网格，请填写，或用 --before 重新生成。"])
        return [make_workbook([sheet])]
    above = (
        f"{desk.order.place}　原{len(lineage.old.codes)}个网格，现{len(lineage.new.codes)}个；"
        f"改变网格归属的{lineage.moved_households:.0f}户"
    )
    below = [
        "原户数、现户数均按现有楼栋核算；涉及户数为改变网格归属的户数，各行相加即为总数；同一原网格分成几行的，原户数重复列出。"
    ]
    return [make_workbook([Sheet(CHANGES, rows, above, below)])]


def _confirmations(desk: _Desk) -> Sequence[bytes]:
    layers = desk.layers
    misfits = find_misfits(layers.communities.geometry.to_numpy())
    overlaps = [_dispute("重叠", misfit) for misfit in misfits.overlaps]
    disputed = overlaps + [_dispute("空白", misfit) for misfit in misfits.gaps]
    disputes = settle_disputes(disputed, layers.communities, layers.streets, layers.compounds, layers.buildings)
    small = (misfits.small_overlaps + misfits.small_gaps, misfits.small_overlaps_m2 + misfits.small_gaps_m2)
    return [write_confirmations(disputes, layers, desk.dwellings, small=small)]


def _dispute(kind: Literal["重叠", "空白"], misfit: Misfit) -> Disputed:
    first, second = misfit.communities[:2]
    return Disputed(kind, (first, second), misfit.width_m, misfit.area_m2, misfit.shape)


def _sketches(desk: _Desk) -> Sequence[bytes]:
    title = f"{desk.order.place}网格示意图"
    pictures: dict[str, bytes] = {}

    def sheets() -> Iterator[Figure]:
        for name, sheet in Sketcher(desk.plan).draw_all(title):  # one at a time: a hundred drawn sheets fill 2 GiB
            pictures[f"{file_name(name)}.jpg"] = print_jpg(sheet)
            yield sheet

    pages = print_pdf(sheets(), title)
    whole = pictures.pop(f"{file_name(title)}.jpg")
    return [pages, whole, pack(pictures)]


def _vectors(desk: _Desk) -> Sequence[bytes]:
    """Pack the plan as GeoPackage and Shapefiles, with the ledgers as CSV."""
    with TemporaryDirectory() as held:
        part = Path(held)
        (part / "shp").mkdir()
        export_plan(desk.plan, part, "gpkg")
        export_plan(desk.plan, part / "shp", "shapefile")
        files = {str(path.relative_to(part)): path.read_bytes() for path in sorted(part.rglob("*")) if path.is_file()}
    files["csv/网格台账.csv"] = write_csv(desk.case.grids)
    if len(desk.dwellings.rows):
        rows = list_buildings(desk.plan, desk.dwellings, desk.roster, desk.lineage)
        files["csv/楼栋归属明细表.csv"] = write_csv(rows)
    if desk.case.changes is not None:
        files["csv/网格调整前后对照表.csv"] = write_csv(desk.case.changes)
    return [pack(files)]


_MAKERS: Mapping[str, Callable[[_Desk], Sequence[bytes]]] = MappingProxyType(
    {
        "01": lambda desk: [write_request(desk.case)],
        "02": lambda desk: [write_account(desk.case)],
        "03": _grid_ledger,
        "04": _building_ledger,
        "05": _change_ledger,
        "06": _confirmations,
        "07": _sketches,
        "08": lambda desk: [write_notice(desk.case), _noticed_ledger(desk)],
        "09": lambda desk: [write_record(desk.case)],
        "10": _vectors,
    }
)
