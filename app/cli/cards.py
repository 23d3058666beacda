"""`cards`: 网格责任卡 for all grids of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
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
    Force,
    Staff,
    Workers,
    name_sources,
)
from app.cli.root import app
from app.geo.errors import UsageError

if TYPE_CHECKING:
    from app.settings import Settings
    from app.store.connect import AsyncConnection

__all__ = ["cards"]


@app.command(help="画网格责任卡：每个网格一张长图和 PDF One tall picture and PDF a grid, for chat groups and walls")
def cards(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="plan.gpkg")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="输出文件夹 folder for the output", show_default=False)],
    communities: Communities = "",
    buildings: Buildings = "",
    compounds: Compounds = "",
    barriers: Barriers = "",
    staff: Staff = "",
    phones: Annotated[
        bool, typer.Option("--phones", help="印上网格长、网格员的电话 print telephones of those who work there")
    ] = False,
    duties: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="职责，一行一条，最多 5 行 duties, a line each", show_default=False),
    ] = None,
    hotline: Annotated[str, typer.Option(metavar="NUMBER", help="监督电话 number to complain to")] = "12345",
    address: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="二维码指向的地址，{code} 代表网格编码；默认 $JIEXIANG_PUBLIC_URL/m what the QR code leads to",
            show_default=False,
        ),
    ] = "",
    links: Annotated[
        int,
        typer.Option(
            metavar="DAYS",
            min=0,
            max=366,
            help="二维码带网格链接，免登录，有效天数 the QR code carries a link to the grid that holds so many days",
            show_default=False,
        ),
    ] = 0,
    effective: Annotated[
        str, typer.Option(metavar="DAY", help="生效日期，如 2026-12-01 effective date", show_default=False)
    ] = "",
    only: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="只画这些社区，可重复 only these communities")
    ] = None,
    columns: Columns = None,
    datum: Datums = None,
    workers: Workers = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Draw the cards, all of them or none, and say where they are."""
    with reporting(context, as_json=as_json) as terminal:
        from app import run
        from app.jobs.cards import CardOrder, choose_grids
        from app.jobs.cards import cards as draw_cards
        from app.jobs.inputs import Inputs
        from app.reports.cards import DUTIES, CardWords

        settings = context.obj
        if (buildings or compounds or barriers) and not communities:
            raise UsageError("给出了 --buildings、--compounds 或 --barriers，还要给出 --communities")
        base = settings.service.public_url
        words = CardWords(
            duties=DUTIES if duties is None else _read_duties(duties),
            hotline=hotline,
            address=address or (f"{base}/m" if base else ""),
            effective=_say_day(effective),
            phones=phones,
        )
        sources = name_sources(communities=communities, buildings=buildings, compounds=compounds, barriers=barriers)
        order = CardOrder(
            plan=plan,
            inputs=Inputs(sources, tuple(columns or ()), tuple(datum or ()), ""),
            folder=out,
            words=words,
            staff=staff,
            only=tuple(only or ()),
            workers=workers or settings.machine.workers,
            force=force,
        )
        codes = choose_grids(order).codes if links else []
        with _linking(settings, codes, links) as led, terminal.progress() as on_step:
            told = replace(order, words=replace(words, links=led))
            done = draw_cards(told, run_tasks=run.run_tasks, on_step=on_step)
        if as_json:
            terminal.print_json({"folder": str(done.folder), "files": done.files})
            return
        count = len(done.files) // 2
        terminal.print(f"{done.folder}：{count:,} 个网格的责任卡", f"{done.folder}: cards of {count:,} grids")


@contextmanager
def _linking(settings: Settings, codes: Sequence[str], days: int) -> Iterator[Mapping[str, str]]:
    """Add a link to every grid while its card is drawn; where that fails none of the links holds any longer."""
    if not codes:
        yield {}
        return
    links = _add_links(settings, codes, days)
    try:
        yield links
    except BaseException:
        _withdraw_links(settings, links)
        raise


def _add_links(settings: Settings, codes: Sequence[str], days: int) -> dict[str, str]:
    """Add a link to every grid, all of them or none; what makes it secret is printed on the card alone."""
    from datetime import UTC, datetime, timedelta

    from app.cli.access import run_in_store
    from app.store.links import add_link
    from app.store.places import find_grids

    base = settings.service.public_url
    if not base:
        raise UsageError("--links 要先设置 JIEXIANG_PUBLIC_URL：手机打开服务的地址，如 https://grid.example.gov.cn")

    async def work(connection: AsyncConnection) -> dict[str, str]:
        known = await find_grids(connection, codes)
        lacking = sorted(set(codes) - set(known))
        if lacking:
            raise UsageError(f"--links：数据库里没有网格 {'、'.join(lacking[:5])}，请先导入并发布这个方案")
        until = datetime.now(UTC) + timedelta(days=days)
        return {
            code: f"{base}/m#{await add_link(connection, known[code], expires_at=until, created_by='cards')}"
            for code in codes
        }

    return run_in_store(settings, work, "link add", f"{len(codes)} grids")


def _withdraw_links(settings: Settings, links: Mapping[str, str]) -> None:
    """Revoke links that no card carries."""
    from app.cli.access import run_in_store
    from app.store.links import prefix_of, revoke_link

    async def work(connection: AsyncConnection) -> None:
        for address in links.values():
            await revoke_link(connection, prefix_of(address.rpartition("#")[2]))

    run_in_store(settings, work, "link revoke", f"{len(links)} grids")


def _read_duties(file: Path) -> tuple[str, ...]:
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--duties {file} 读不出来：请给出 UTF-8 文本文件") from error
    return tuple(line.strip() for line in lines if line.strip())


def _say_day(text: str) -> str:
    from datetime import date

    if not text:
        return ""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--effective {text} 读不懂：请写成 2026-12-01") from error
    return f"{day.year}年{day.month}月{day.day}日"
