"""`draft`: grids from a ledger alone; and what of a ledger is not on the map yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.faults import reporting
from app.cli.options import (
    AsJson,
    Buildings,
    Columns,
    Communities,
    Compounds,
    Datums,
    Force,
    HouseholdBasis,
    Maximum,
    Mend,
    Minimum,
    make_rules,
    name_sources,
)
from app.cli.root import app

if TYPE_CHECKING:
    from app.jobs.draft import DraftDone, Mapped
    from app.terminal import Terminal

__all__ = ["draft", "print_unmapped"]

MOST_LINES = 40
"""Places that are listed; all of them are in the JSON."""


@app.command(help="只凭台账预划网格 Draft grids from a ledger alone; geometry attaches as it arrives")
def draft(
    context: typer.Context,
    ledger: Annotated[
        str,
        typer.Argument(
            metavar="LEDGER",
            help="楼栋台账（xlsx、csv），需有社区和户数 a ledger with community and households (FILE[:SHEET])",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="输出文件夹 folder for the output", show_default=False)],
    communities: Communities = "",
    buildings: Buildings = "",
    compounds: Compounds = "",
    columns: Columns = None,
    datum: Datums = None,
    household_basis: HouseholdBasis = "",
    mend: Mend = False,
    minimum: Minimum = 300,
    maximum: Maximum = 500,
    grids: Annotated[
        str,
        typer.Option(
            metavar="N|LOW-HIGH",
            help="每个社区的网格数，默认按户数 grids a community; by households if not given",
            show_default=False,
        ),
    ] = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Draft grids from a ledger, whole compounds and villages kept together."""
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs.draft import DraftOrder
        from app.jobs.draft import draft as make_draft
        from app.jobs.inputs import Inputs

        sources = name_sources(communities=communities, buildings=buildings, compounds=compounds)
        inputs = Inputs(
            sources,
            columns=tuple(columns or ()),
            datums=tuple(datum or ()),
            household_basis=household_basis,
            mend=mend,
        )
        order = DraftOrder(ledger, inputs, make_rules(minimum, maximum, grids), out, force=force)
        with terminal.progress() as on_step:
            done = make_draft(order, on_step=on_step)
        if as_json:
            terminal.print_json(done.record)
        else:
            _print_draft(terminal, done)


def _print_draft(terminal: Terminal, done: DraftDone) -> None:
    for note in done.mapped.notes:
        terminal.print(f"· {note.say('zh')}", f"· {note.say('en')}")
    record = done.record
    terminal.print(f"户数口径：{record['household_basis']}", f"households are: {record['household_basis']}")
    for one in done.communities:
        cut = f"，拆分{'、'.join(one.cut)}" if one.cut else ""
        cut_en = f", cut: {', '.join(one.cut)}" if one.cut else ""
        terminal.print(
            f"{one.code} {one.name}：{one.households} 户，{len(one.grids)} 个网格，限内 {one.in_band} 个{cut}",
            f"{one.code} {one.name}: {one.households} households, {len(one.grids)} grids, {one.in_band} kept{cut_en}",
        )
    outside = [grid for one in done.communities for grid in one.grids if grid.reason.code]
    if outside:
        terminal.print(f"户数超限的网格 {len(outside)} 个：", f"{len(outside)} grids outside the band:")
    for grid in outside:
        why = f"{grid.code} {grid.name}：{grid.reason.text}"
        terminal.print(f"  {why}", f"  {why}")
    print_unmapped(terminal, done.mapped)
    terminal.print(f"预划结果：{done.folder}", f"draft: {done.folder}")


def print_unmapped(terminal: Terminal, mapped: Mapped) -> None:
    """Write what share of the households is on the map, and list the others by community and compound."""
    at = mapped.attached
    left = at.households - at.mapped
    terminal.print(
        f"已落图 {at.mapped:,} 户，占 {at.share:.1%}；未落图 {left:,} 户。覆盖和边界的承诺只适用于已落图部分",
        f"{at.mapped:,} households ({at.share:.1%}) are on the map, {left:,} are not; "
        f"cover and borders are promised for the mapped part alone",
    )
    for heading, heading_en, places in (
        ("未落图", "not on the map", mapped.unmapped),
        ("落在别的社区", "in another community than the ledger says", mapped.astray),
    ):
        for one in places[:MOST_LINES]:
            buildings = f"，{one.buildings} 栋" if one.buildings else ""
            terminal.print(
                f"  {heading}：{one.community} {one.place} {one.households:,} 户{buildings}",
                f"  {heading_en}: {one.community} {one.place}, {one.households:,} households",
            )
        if len(places) > MOST_LINES:
            more = len(places) - MOST_LINES
            terminal.print(f"  另有 {more} 处，见 --json", f"  {more} more: see --json")
