"""`sides`: the four sides of grids in words, and notices held against the geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.faults import reporting
from app.cli.options import (
    AsJson,
    Barriers,
    Buildings,
    Columns,
    Communities,
    Compounds,
    Datums,
    Only,
    SpecialSites,
    Streets,
    name_sources,
)
from app.cli.root import app

if TYPE_CHECKING:
    from app.jobs.sides import NoticeCheck, SidesDone
    from app.terminal import Terminal

__all__ = ["sides"]

VERDICTS = {
    "agrees": ("✓ 相符", "✓ agrees"),
    "partly": ("! 部分相符", "! partly"),
    "not_found": ("✗ 不相符", "✗ not so"),
    "unknown": ("✗ 名称不明", "✗ unknown name"),
    "missing": ("✗ 未写", "✗ not told"),
}
SIDES = (("东", "east"), ("南", "south"), ("西", "west"), ("北", "north"))


@app.command(help="写出网格四至，或核对四至文字 Tell the four sides of grids, or check texts that state them")
def sides(
    context: typer.Context,
    grids: Annotated[
        str,
        typer.Argument(
            metavar="PLAN_OR_GRIDS", help="plan.gpkg，或现有网格面 a plan, or grids drawn by hand (FILE[:LAYER])"
        ),
    ],
    check: Annotated[
        str,
        typer.Option(
            metavar="TEXT|FILE",
            help="核对这段四至，或文本文件中每行一条 check this text, or a file with one a line",
            show_default=False,
        ),
    ] = "",
    grid: Annotated[
        str,
        typer.Option(
            metavar="CODE|NAME",
            help="文字里没有写时，是哪个网格 whose sides, where the text is silent",
            show_default=False,
        ),
    ] = "",
    communities: Communities = "",
    streets: Streets = "",
    buildings: Buildings = "",
    barriers: Barriers = "",
    compounds: Compounds = "",
    special_sites: SpecialSites = "",
    columns: Columns = None,
    datum: Datums = None,
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """Print one sentence a grid, or what is true of each side of a notice."""
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs.inputs import Inputs
        from app.jobs.sides import SidesOrder
        from app.jobs.sides import sides as tell_sides

        sources = name_sources(
            communities=communities,
            streets=streets,
            buildings=buildings,
            barriers=barriers,
            compounds=compounds,
            special_sites=special_sites,
        )
        order = SidesOrder(
            grids=grids,
            inputs=Inputs(sources, columns=tuple(columns or ()), datums=tuple(datum or ())),
            notices=check,
            grid=grid,
            only=tuple(only or ()),
        )
        with terminal.progress() as on_step:
            done = tell_sides(order, on_step=on_step)
        if as_json:
            terminal.print_json(done.record)
        else:
            print_sides(terminal, done)
        raise typer.Exit(0 if done.kept else 1)


def print_sides(terminal: Terminal, done: SidesDone) -> None:
    """Write the sentences, or the verdicts."""
    for one in done.grids:
        terminal.results.print(f"{one.grid_code} {one.community} {one.name}：{one.sides.sentence()}", markup=False)
    for notice in done.checks:
        _print_notice(terminal, notice)
    if done.checks:
        agree = sum(notice.agrees for notice in done.checks)
        terminal.print(
            f"{'✓' if done.kept else '✗'} {len(done.checks)} 条四至，{agree} 条全部相符",
            f"{'✓' if done.kept else '✗'} {len(done.checks)} notices, {agree} agree on every side",
        )


def _print_notice(terminal: Terminal, notice: NoticeCheck) -> None:
    language = int(terminal.settings.language == "en")
    if notice.fault[0]:
        where = terminal.say(f"第 {notice.line} 行", f"line {notice.line}")
        terminal.results.print(f"✗ {where}：{notice.text[:40]}  → {notice.fault[language]}", markup=False)
        return
    terminal.results.print(f"{notice.code} {notice.name}", markup=False)
    for check in notice.checks:
        verdict = VERDICTS[check.verdict][language]
        words = f"{SIDES[check.side][language]} {check.words or '–'}"
        share = terminal.say(f"占该侧 {check.share:.0%}", f"{check.share:.0%} of the side")
        terminal.results.print(f"  {verdict}  {words}  {share if check.words else ''}".rstrip(), markup=False)
        if check.verdict != "agrees":
            for note in check.notes:
                terminal.results.print(f"      {note[language]}", markup=False)
            terminal.print(f"      → 图上：{check.ours}", f"      → the map says {check.ours}")
    if notice.unread:
        terminal.print(f"  · 未理解的文字：{notice.unread}", f"  · not understood: {notice.unread}")
