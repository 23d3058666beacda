"""`import`, `backup`, `restore`: plans into the store, and the store as a whole out of it and back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.faults import reporting
from app.cli.options import AsJson, Force
from app.cli.root import app
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.jobs.import_ledgers import LedgersOrder
    from app.store.backup import Count
    from app.terminal import Terminal

__all__ = ["backup", "import_plan", "restore"]


def _source(words: str) -> Any:
    return typer.Option(metavar="FILE[:LAYER]", help=words, show_default=False)


Actor = Annotated[str, typer.Option("--by", metavar="NAME", help="经办人 who does it", show_default=False)]
Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="日期，默认今天 day; today if not given"),
]


@app.command(name="import", help="把方案导入数据库，作为草案 Take a plan into the database as a draft")
def import_plan(
    context: typer.Context,
    plan: Annotated[
        Path | None,
        typer.Argument(
            metavar="PLAN",
            help="plan.gpkg；只更新用房、项目台账时不必给出 not needed where only ledgers are renewed",
            show_default=False,
        ),
    ] = None,
    buildings: Annotated[str, _source("楼栋面或点，用于核对户数和地址查询 buildings, for counts and addresses")] = "",
    facilities: Annotated[str, _source("设施点或面 facilities")] = "",
    staff: Annotated[
        str, typer.Option(metavar="FILE", help="网格人员台账 staff, CSV or xlsx", show_default=False)
    ] = "",
    towns: Annotated[str, _source("街道乡镇面，取其名称 towns, for their names")] = "",
    aliases: Annotated[
        str, typer.Option(metavar="FILE", help="小区、道路别名表 other names, CSV or xlsx", show_default=False)
    ] = "",
    streets: Annotated[str, _source("道路线，用于步行距离 streets, for ways on foot")] = "",
    barriers: Annotated[str, _source("水系、铁路、围墙，与道路一起给出 barriers, with streets")] = "",
    rooms: Annotated[
        str,
        typer.Option(metavar="FILE[:SHEET]", help="用房核查台账 ledger of rooms, .xlsx or .csv", show_default=False),
    ] = "",
    projects: Annotated[
        str,
        typer.Option(metavar="FILE[:SHEET]", help="新建小区移交台账 ledger of new projects", show_default=False),
    ] = "",
    rules: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="本地标准（TOML），可重复 standards of your own", show_default=False),
    ] = None,
    before: Annotated[str, _source("原有网格，供对照 grids there were before, to be compared with")] = "",
    theme: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[:SHEET]:COLUMN", help="专题：台账的一列，可重复 a column of a ledger", show_default=False
        ),
    ] = None,
    compounds: Annotated[str, _source("小区面，供按小区的专题 compounds, for themes that speak of them")] = "",
    as_of: Day = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="方案名称 title", show_default=False)] = "",
    by: Actor = "",
    as_json: AsJson = False,
) -> None:
    """Take a plan in, with what goes with it: all of it or nothing."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from dataclasses import asdict

        from app.jobs.import_ledgers import LedgersOrder
        from app.jobs.import_plan import ImportOrder
        from app.jobs.import_plan import import_plan as take_in

        day = (as_of or datetime.now().astimezone()).date()
        ledgers = LedgersOrder(day, rooms, projects, tuple(rules or ()))
        if plan is None:
            others = (
                buildings,
                facilities,
                staff,
                towns,
                aliases,
                streets,
                barriers,
                before,
                compounds,
                *(theme or ()),
            )
            _import_ledgers(terminal, settings, ledgers, others, as_json=as_json)
            return
        order = ImportOrder(
            *(plan, buildings, facilities, staff, towns, aliases, title, by),
            streets=streets,
            barriers=barriers,
            before=before,
            themes=tuple(theme or ()),
            compounds=compounds,
            ledgers=ledgers,
        )
        with terminal.progress() as on_step:
            done = take_in(order, settings.store, on_step=on_step)
        if as_json:
            terminal.print_json(asdict(done))
            return
        for note in done.notes:
            terminal.warn(note.say("zh"), note.say("en"))
        terminal.print(
            f"方案 {done.plan_id}（草案）：{done.communities} 个社区，{done.grids} 个网格；楼栋 {done.buildings}，"
            f"地址 {done.addresses}，设施 {done.facilities}，人员 {done.people}，人员配备 {done.assignments}，"
            f"用房 {done.rooms}，项目 {done.projects}",
            f"plan {done.plan_id} (draft): {done.communities} communities, {done.grids} grids; {done.buildings} "
            f"buildings, {done.addresses} addresses, {done.facilities} facilities, {done.people} people, "
            f"{done.assignments} assignments, {done.rooms} rooms, {done.projects} projects",
        )


def _import_ledgers(
    terminal: Terminal, settings: Settings, ledgers: LedgersOrder, others: Sequence[str], *, as_json: bool
) -> None:
    """Renew the ledgers of rooms and projects alone."""
    from dataclasses import asdict

    from app.geo.errors import UsageError
    from app.jobs.import_ledgers import import_ledgers

    if any(others):
        raise UsageError(
            "不给方案时只能更新 --rooms、--projects、--rules "
            "(without a plan only rooms, projects and rules are renewed)"
        )
    with terminal.progress() as on_step:
        done = import_ledgers(ledgers, settings.store, on_step=on_step)
    if as_json:
        terminal.print_json(asdict(done))
        return
    for note in done.notes:
        terminal.warn(note.say("zh"), note.say("en"))
    terminal.print(
        f"用房 {done.rooms}，项目 {done.projects}，记录核查结论 {done.findings} 条",
        f"{done.rooms} rooms, {done.projects} projects, {done.findings} findings recorded",
    )


@app.command(help="备份整个数据库，并试还原核对 Copy the whole store to a file, proven by restoring it")
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="备份文件，须不存在 a new file", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Make a copy that only its owner may read."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs.backup import back_up

        count = back_up(settings.store, file)
        _tell_count(terminal, file, count, as_json=as_json)


@app.command(help="用备份换下现有数据库，原库改名保留 Put a copy in the place of the store")
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="备份文件 the copy", show_default=False)],
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Restore a copy beside the store, then let the two change names."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs.backup import restore as put_back

        count = put_back(settings.store, file, force=force)
        _tell_count(terminal, file, count, as_json=as_json)


def _tell_count(terminal: Terminal, file: Path, count: Count, *, as_json: bool) -> None:
    rows = sum(number for number, _ in count.values())
    if as_json:
        terminal.print_json({"file": str(file), "tables": {name: number for name, (number, _) in count.items()}})
    else:
        terminal.print(
            f"{file}：{len(count)} 张表，{rows} 行，已核对", f"{file}: {len(count)} tables, {rows} rows, compared"
        )
