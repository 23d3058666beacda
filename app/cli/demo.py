"""`demo`: what the software does, on a made-up county: check, divide, write, publish, serve."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.faults import reporting
from app.cli.options import Force, Workers
from app.cli.root import app
from app.settings import Settings

if TYPE_CHECKING:
    from app.jobs.demo_service import Welcome
    from app.terminal import Terminal

__all__ = ["demo"]

OLD_GRIDS = "grids_last_year"
"""Layer of the county that is checked before anything is divided."""
COUNTY_NAME = "子虚县"
PAPERS = "审批材料"


class _SeenEnoughError(Exception):
    """Nobody watches: the service was looked at, and may end."""


@app.command(help="演示 Check last year's grids of a made-up county, divide it anew, write, publish and serve it")
def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="输出文件夹 folder for the output")] = Path("out/demo"),
    town: Annotated[
        bool, typer.Option("--town", help="只用小镇，十秒左右 the small town only, about ten seconds")
    ] = False,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="最后启动服务 serve at the end")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口，0 为任选 port, 0 for any")] = 0,
    workers: Workers = None,
    force: Force = False,
) -> None:
    """Check, divide, draw and write up the made-up county, then serve it from its own database until interrupted."""
    settings: Settings = context.obj
    with reporting(context, as_json=False) as terminal:
        from functools import partial

        from app import run
        from app.cli.scores import print_old_grids, print_split
        from app.jobs.demonstrate import DemoOrder, demonstrate

        order = DemoOrder(
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
            on_check = partial(print_old_grids, terminal)
            done = demonstrate(order, run_tasks=run.run_tasks, on_step=on_step, on_check=on_check)
        if not town:
            terminal.print("二、重新划分", "2. Divided anew")
        print_split(terminal, done)
        terminal.print(f"地图：{out / 'map.html'}", f"map: {out / 'map.html'}")
        if not town:
            _write_papers(terminal, order.place, out, force=force)
        if serve and town:
            terminal.serve(out / "map.html", port=port)
        elif serve:
            _serve(terminal, settings, order.place.parent, out / "plan.gpkg", port=port)
        raise typer.Exit(0 if done.kept else 1)


def _write_papers(terminal: Terminal, county: Path, out: Path, *, force: bool) -> None:
    from app.jobs.inputs import Inputs
    from app.jobs.report import ReportOrder, report

    terminal.print("三、审批材料", "3. The file set for approval")
    layers = ("communities", "streets", "buildings", "barriers", "compounds", "special_sites", "groups")
    inputs = Inputs({layer: f"{county}:{layer}" for layer in layers}, household_basis="常住户")
    order = ReportOrder(
        out / "plan.gpkg",
        inputs,
        out / PAPERS,
        before=f"{county}:{OLD_GRIDS}",
        staff_before=str(county.parent / "staff.csv"),
        place=COUNTY_NAME,
        force=force,
    )
    with terminal.progress() as on_step:
        report(order, on_step=on_step)
    for file in sorted((out / PAPERS).iterdir()):
        terminal.print(f"  {file}", f"  {file}")


def _serve(terminal: Terminal, settings: Settings, county: Path, plan: Path, *, port: int) -> None:
    from dataclasses import replace

    from app.api.running import run_service
    from app.jobs.demo_service import furnish

    terminal.print("四、发布并提供服务", "4. Published and served")
    today = datetime.now().astimezone().date()
    with terminal.progress() as on_step:
        welcome = furnish(plan, county, settings.store, today=today, on_step=on_step)
    environ = {
        **os.environ,
        "JIEXIANG_SKIPPED_STEPS": " ".join(sorted(welcome.settings.skipped_steps)),
        "JIEXIANG_COUNTY": COUNTY_NAME,
        "JIEXIANG_PLAIN_HTTP": "1",
    }
    watched = sys.stdout.isatty()
    try:
        run_service(
            replace(settings, store=welcome.settings),
            host="127.0.0.1",
            port=port,
            workers=1,
            on_ready=lambda address: _welcome(terminal, address, welcome, watched=watched),
            environ=environ,
        )
    except KeyboardInterrupt:
        terminal.warn("服务已停止。", "the service has stopped.")
    except _SeenEnoughError:
        terminal.print("没有终端，看过即止。", "no terminal: seen and stopped.")


def _welcome(terminal: Terminal, address: str, welcome: Welcome, *, watched: bool) -> None:
    """Tell who may look at what; where nobody watches, look for oneself and stop."""
    took = welcome.taken_in
    terminal.print(
        f"已发布：{took.communities} 个社区，{took.grids} 个网格，{took.people} 名人员，{took.facilities} 处设施",
        f"published: {took.communities} communities, {took.grids} grids, {took.people} people, "
        f"{took.facilities} facilities",
    )
    terminal.print("用户和密码（只显示这一次）：", "users and passwords, shown this once:")
    for one in welcome.accounts:
        line = f"  {one.name}  {one.password}  {address}{one.page}"
        terminal.print(line, line)
    longitude, latitude = welcome.place
    asked = f"curl -H 'Authorization: Bearer {welcome.key}' '{address}/locate?lon={longitude}&lat={latitude}'"
    terminal.print(f"接口：{asked}", f"interface: {asked}")
    if watched:
        terminal.print(f"在浏览器中打开 {address}，按 Ctrl-C 结束", f"open {address} in a browser; Ctrl-C ends it")
        sys.stdout.flush()
        return
    from app.api.visit import visit

    answers = list(visit(address, welcome))
    for seen in answers:
        line = f"  {'✓' if seen.well else '✗'} {seen.who or '–'} {seen.asked} → {seen.status} {seen.told}".rstrip()
        terminal.print(line, line)
    if not all(seen.well for seen in answers):
        terminal.warn("服务的答复不对，见上面的 ✗", "some answers are not what they should be")
        raise typer.Exit(1)
    raise _SeenEnoughError
