"""`fill`: a superior's own workbook, filled by a mapping that was saved once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.faults import reporting
from app.cli.options import AsJson, Force
from app.cli.root import app
from app.settings import Settings

__all__ = ["fill"]


@app.command(help="按保存的对应关系填写上级下发的表格 Fill a superior's own workbook by a saved mapping")
def fill(
    context: typer.Context,
    template: Annotated[Path, typer.Argument(metavar="TEMPLATE", help="上级的表格 .xlsx", show_default=False)],
    mapping: Annotated[
        str, typer.Option(metavar="NAME", help="对应关系的名称 name of the mapping", show_default=False)
    ],
    learn: Annotated[
        Path | None,
        typer.Option(
            metavar="COPY",
            help="从副本学习：单元格写 {county.met}，列表首行写 {communities.name} learn from a marked copy",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|check.json",
            help="check --out 的结果，默认取数据库 results of check; the store if not given",
            show_default=False,
        ),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="核查日期，默认今天 day; today if not given"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="填好的表格 the filled workbook", show_default=False)
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Learn a mapping, or fill a template by one."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs import fill as jobs

        day = (as_of or datetime.now().astimezone()).date()
        order = jobs.FillOrder(template, mapping, out, check, day, force)
        done = jobs.learn(order, learn) if learn else jobs.fill(order, settings.store)
        if as_json:
            terminal.print_json({"file": str(done.file), "cells": done.cells})
        elif learn:
            terminal.print(
                f"对应关系：{done.cells} 个单元格，存于 {done.file}", f"mapping of {done.cells} cells: {done.file}"
            )
        else:
            terminal.print(f"已填 {done.cells} 个单元格：{done.file}", f"{done.cells} cells filled: {done.file}")
