"""`doctor` and `demo`: this machine, and what the software does on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    Workers,
    name_sources,
)
from app.cli.root import app
from app.cli.tables import print_unmapped
from app.settings import Settings

__all__ = ["demo", "doctor"]

OLD_GRIDS = "grids_last_year"
"""Layer of the county that is checked before anything is divided."""


@app.command(help="检查这台机器 Look for what is missing on this machine, and the line that mends it")
def doctor(
    context: typer.Context,
    ledger: Annotated[
        str,
        typer.Option(
            metavar="FILE[:SHEET]",
            help="改为检查台账，列出未落图的户数 examine a ledger instead: what is not on the map yet",
            show_default=False,
        ),
    ] = "",
    communities: Communities = "",
    buildings: Buildings = "",
    compounds: Compounds = "",
    columns: Columns = None,
    datum: Datums = None,
    as_json: AsJson = False,
) -> None:
    """Examine the machine, or a ledger."""
    if ledger:
        sources = name_sources(communities=communities, buildings=buildings, compounds=compounds)
        _examine_ledger(context, ledger, sources, tuple(columns or ()), tuple(datum or ()), as_json=as_json)
        return
    with reporting(context, as_json=as_json) as terminal:
        from dataclasses import asdict

        from app.doctor import examine

        findings = examine(context.obj, folder=Path.cwd())
        if as_json:
            terminal.print_json({"findings": [{**asdict(finding), "well": finding.well} for finding in findings]})
        else:
            terminal.print_findings(findings)
        raise typer.Exit(1 if any(finding.essential and not finding.well for finding in findings) else 0)


def _examine_ledger(
    context: typer.Context,
    ledger: str,
    sources: dict[str, str],
    columns: tuple[str, ...],
    datums: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    with reporting(context, as_json=as_json) as terminal:
        from app import jobs

        mapped = jobs.locate(ledger, jobs.Inputs(sources, columns=columns, datums=datums))
        if as_json:
            terminal.print_json(mapped.record)
        else:
            print_unmapped(terminal, mapped)
        raise typer.Exit(1 if mapped.unmapped or mapped.astray else 0)


@app.command(help="演示 Check last year's grids of a made-up county, divide it anew, draw it")
def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="输出文件夹 folder for the output")] = Path("out/demo"),
    town: Annotated[
        bool, typer.Option("--town", help="只用小镇，十秒左右 the small town only, about ten seconds")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="最后给出能用浏览器打开的网址 serve the map at the end")
    ] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="网址端口，0 为任选 port, 0 for any")] = 0,
    workers: Workers = None,
    force: Force = False,
) -> None:
    """Check, divide and draw the made-up county, then serve its map until interrupted."""
    settings: Settings = context.obj
    with reporting(context, as_json=False) as terminal:
        from app import jobs, run

        order = jobs.DemoOrder(
            settings.places.town if town else settings.places.county,
            out,
            language=terminal.settings.language,
            old_grids="" if town else OLD_GRIDS,
            workers=workers or settings.machine.workers,
            force=force,
        )
        if not town:
            terminal.print("一、现有网格体检", "1. Last year's grids, checked")
        with terminal.progress() as on_step:
            done = jobs.demonstrate(order, run_tasks=run.run_tasks, on_step=on_step, on_check=terminal.print_old_grids)
        if not town:
            terminal.print("二、重新划分", "2. Divided anew")
        terminal.print_split(done)
        terminal.print(f"地图：{out / 'map.html'}", f"map: {out / 'map.html'}")
        if serve:
            terminal.serve(out / "map.html", port=port)
        raise typer.Exit(0 if done.kept else 1)
