"""`doctor`: what is missing on this machine, or in a ledger."""

from __future__ import annotations

from collections.abc import Sequence
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
    name_sources,
)
from app.cli.root import app
from app.cli.tables import print_unmapped

if TYPE_CHECKING:
    from app.doctor import Finding
    from app.terminal import Terminal

__all__ = ["doctor"]


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
            _print_findings(terminal, findings)
        raise typer.Exit(1 if any(finding.essential and not finding.well for finding in findings) else 0)


def _print_findings(terminal: Terminal, findings: Sequence[Finding]) -> None:
    """Write what the doctor found, each fault with the line that mends it."""
    for finding in findings:
        mark = "✓" if finding.well else "✗" if finding.essential else "!"
        terminal.results.print(f"{mark} {finding.subject}：{finding.fact}", markup=False)
        if not finding.well:
            terminal.results.print(f"  → {finding.remedy}", markup=False)


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
        from app.jobs.draft import locate as place_buildings
        from app.jobs.inputs import Inputs

        mapped = place_buildings(ledger, Inputs(sources, columns=columns, datums=datums))
        if as_json:
            terminal.print_json(mapped.record)
        else:
            print_unmapped(terminal, mapped)
        raise typer.Exit(1 if mapped.unmapped or mapped.astray else 0)
