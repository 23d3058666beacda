"""`link`: addresses by which whoever holds one sees one grid, for a worker's phone or a notice on a wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.access import run_in_store
from app.cli.faults import reporting
from app.cli.options import Force
from app.cli.root import app
from app.geo.errors import UsageError

if TYPE_CHECKING:
    from app.store.connect import AsyncConnection

__all__ = ["link"]

link = typer.Typer(help="链接：凭链接查看一个网格 Links by which one grid is seen", no_args_is_help=True)
app.add_typer(link, name="link")


@link.command("add", help="新增链接，只打印这一次 Add a link to a grid; it is printed this once")
def add_link(
    context: typer.Context,
    grid: Annotated[str, typer.Argument(metavar="GRID", help="网格编码 code of a grid")],
    days: Annotated[int, typer.Option(min=1, max=366, help="有效天数 days that it holds")] = 90,
    qr: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="二维码存为 .svg 或 .png write it as a QR code too", show_default=False),
    ] = None,
    force: Force = False,
) -> None:
    """Add a link; what makes it secret stands after #, which browsers send to no server."""
    with reporting(context, as_json=False) as terminal:
        from app.output import refuse_to_overwrite, write_whole
        from app.reports.codes import write_qr_png, write_qr_svg
        from app.store.areas import find_area
        from app.store.errors import NotFound
        from app.store.links import add_link as add

        base = context.obj.service.public_url
        if not base:
            raise UsageError("请先设置 JIEXIANG_PUBLIC_URL：手机打开服务的地址，如 https://grid.example.gov.cn")
        if qr is not None:
            if qr.suffix.lower() not in (".svg", ".png"):
                raise UsageError(f"--qr {qr.name}：二维码只能存为 .svg 或 .png")
            refuse_to_overwrite(qr.parent, [qr.name], force=force)

        async def work(connection: AsyncConnection) -> str:
            area = await find_area(connection, grid)
            if area.scope != "grid" or area.id is None:
                raise NotFound(f"没有编码为 {grid} 的网格", f"no grid has the code {grid}")
            until = datetime.now(UTC) + timedelta(days=days)
            return await add(connection, area.id, expires_at=until, created_by="cli")

        secret = run_in_store(context.obj, work, "link add", grid)
        address = f"{base}/m#{secret}"
        if qr is not None:
            draw = write_qr_svg if qr.suffix.lower() == ".svg" else write_qr_png
            with write_whole(qr.parent, [qr.name], force=force) as part:
                (part / qr.name).write_bytes(draw(address))
        terminal.print(address, address)


@link.command("list", help="列出链接 List links, without what makes them secret")
def list_links(context: typer.Context) -> None:
    """List every link."""
    with reporting(context, as_json=False) as terminal:
        from app.store.links import read_links

        for one in run_in_store(context.obj, read_links):
            state = "revoked" if one.revoked_at else f"until {one.expires_at:%Y-%m-%d}"
            line = f"{one.prefix}  {one.grid_code or '-'}  {state}"
            terminal.print(line, line)


@link.command("revoke", help="撤销链接 Revoke a link")
def revoke(
    context: typer.Context, prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="前缀 prefix")]
) -> None:
    """Revoke a link; it is refused within a second."""
    with reporting(context, as_json=False) as terminal:
        from app.store.links import revoke_link

        async def work(connection: AsyncConnection) -> None:
            await revoke_link(connection, prefix)

        run_in_store(context.obj, work, "link revoke", prefix)
        terminal.print(f"链接 {prefix} 已撤销。", f"the link {prefix} is revoked.")
