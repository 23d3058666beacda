"""`check`: facility standards, from ledgers to findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.faults import reporting
from app.cli.options import (
    AsIs,
    AsJson,
    Buildings,
    Columns,
    Communities,
    Force,
    HouseholdBasis,
    Mend,
    name_sources,
)
from app.cli.root import app
from app.geo.errors import UsageError

if TYPE_CHECKING:
    from app.jobs.check import StandardsCheck
    from app.terminal import Terminal

__all__ = ["check", "read_day"]

MOST_ROWS = 20
"""Communities and projects that are shown; all of them are in the JSON and the workbook."""


@app.command(help="核查社区用房和新建项目是否达标 Check rooms of communities and new projects against the standards")
def check(
    context: typer.Context,
    rooms: Annotated[
        str,
        typer.Option(metavar="FILE[:SHEET]", help="用房核查台账 ledger of rooms, .xlsx or .csv", show_default=False),
    ],
    projects: Annotated[
        str,
        typer.Option(metavar="FILE[:SHEET]", help="新建小区移交台账 ledger of new projects", show_default=False),
    ] = "",
    communities: Communities = "",
    buildings: Buildings = "",
    columns: Columns = None,
    household_basis: HouseholdBasis = "",
    as_of: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="核查日期，默认今天 day of the check; today", show_default=False)
    ] = "",
    rules: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="本地标准（TOML），可重复 standards of your own", show_default=False),
    ] = None,
    on: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="启用这条标准 switch a standard on", show_default=False)
    ] = None,
    off: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="停用这条标准 switch a standard off", show_default=False)
    ] = None,
    count: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND", help="把默认不计的用房类别计入 count this kind of room all the same", show_default=False
        ),
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="room:CODE:M2|project:CODE:HOUSEHOLDS[:M2]",
            help="假如增加一处用房或一个项目，可重复 what another room or project would change",
            show_default=False,
        ),
    ] = None,
    mend: Mend = False,
    as_is: AsIs = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="台账、现场核查表、简报写到此处 folder for workbooks and the brief"),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Judge communities and projects, and print what is missing, by what standard, and what would mend it."""
    with reporting(context, as_json=as_json) as terminal:
        from app.geo.rooms import ROOM_KINDS, Counting
        from app.jobs.check import CheckOrder
        from app.jobs.check import check as check_standards
        from app.jobs.inputs import Inputs

        unknown = sorted(set(count or ()) - {*ROOM_KINDS, *ROOM_KINDS.values()})
        if unknown:
            raise UsageError(f"--count {'、'.join(unknown)}：没有这样的用房类别；可用 {'、'.join(ROOM_KINDS)}")
        counted = {kind for kind, words in ROOM_KINDS.items() if kind in (count or ()) or words in (count or ())}
        order = CheckOrder(
            inputs=Inputs(
                name_sources(communities=communities, buildings=buildings),
                columns=tuple(columns or ()),
                household_basis=household_basis,
                mend=mend,
                as_is=as_is,
            ),
            rooms=rooms,
            projects=projects,
            as_of=read_day(as_of),
            rules=tuple(rules or ()),
            on=tuple(on or ()),
            off=tuple(off or ()),
            counting=Counting(
                left_out=Counting().left_out - counted,
                basements="basement" in counted,
                temporary="temporary" in counted,
            ),
            what_if=tuple(what_if or ()),
            folder=out,
            force=force,
        )
        with terminal.progress() as on_step:
            done = check_standards(order, on_step=on_step)
        if as_json:
            terminal.print_json(done.record)
        else:
            print_check(terminal, done)
            if out:
                terminal.print(f"台账、现场核查表、简报：{out}", f"workbooks and brief: {out}")
        raise typer.Exit(0 if done.kept else 1)


def read_day(text: str) -> date:
    """Read a day, today where none is given."""
    if not text:
        return datetime.now().astimezone().date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--as-of {text}：应写成 2026-06-30 (write it like 2026-06-30)") from error


def print_check(terminal: Terminal, done: StandardsCheck) -> None:
    """Write the standards, then what is missing, worst first."""
    found = done.assessment
    for note in done.notes:
        terminal.results.print(f"· {note.say(terminal.settings.language)}", markup=False)
    terminal.print(f"核查日期 {found.as_of}，启用的标准：", f"as of {found.as_of}, by these standards:")
    for one in done.standards:
        if one.enabled:
            terminal.results.print(f"  {one.describe(found.as_of)}  〔{one.source}〕", markup=False)
    _print_counts(terminal, "社区", "communities", [one.status for one in found.communities])
    ranked = list(found.by_shortfall())
    ranked += [one for one in found.communities if one.status != "达标" and one not in ranked]
    for community in ranked[:MOST_ROWS]:
        binding = community.binding.words if community.binding else "没有适用的标准"
        where = f"{community.community.code} {community.community.name}"
        terminal.results.print(f"  {community.status} {where}  {binding}  → {community.remedy}", markup=False)
    _print_more(terminal, len(ranked))
    if found.projects:
        _print_counts(terminal, "项目", "projects", [one.status for one in found.projects])
        short = [one for one in found.projects if one.status != "达标" or one.words]
        for project in short[:MOST_ROWS]:
            need = "–" if project.required_m2 is None else f"{project.required_m2:,.2f}"
            given = "–" if project.given_m2 is None else f"{project.given_m2:,.2f}"
            words = "；".join(project.words)
            where = f"{project.project_id} {project.name}（{project.stage}）"
            terminal.results.print(f"  {project.status} {where}  应 {need} ㎡，有 {given} ㎡  {words}", markup=False)
        _print_more(terminal, len(short))
    for change in done.changes:
        before, after = change.before, change.after
        where = f"{before.community.code} {before.community.name}"
        areas = f"{before.counted_m2:,.2f} → {after.counted_m2:,.2f}"
        statuses = f"{before.status} → {after.status}"
        terminal.print(f"假如如此：{where}  计入 {areas} ㎡，{statuses}", f"what if: {where}  {areas} m², {statuses}")


def _print_counts(terminal: Terminal, subject: str, subject_en: str, statuses: Sequence[str]) -> None:
    counts = "，".join(
        f"{status} {statuses.count(status)}"
        for status in ("不达标", "数据不足", "待核实", "达标")
        if status in statuses
    )
    terminal.print(f"{subject} {len(statuses)} 个：{counts}", f"{len(statuses)} {subject_en}: {counts}")


def _print_more(terminal: Terminal, rows: int) -> None:
    if rows > MOST_ROWS:
        terminal.print(f"  另有 {rows - MOST_ROWS} 个，见 --json", f"  {rows - MOST_ROWS} more: see --json")
