"""`serve`: answer over HTTP, with a database of the county's or a private one of our own."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from app.cli.faults import reporting
from app.cli.root import app

__all__ = ["serve"]


@app.command(help="提供查询服务 Answer look-ups over HTTP, until interrupted")
def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(metavar="HOST", help="监听地址 address to listen at")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口，0 为任选 port, 0 for any")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="工作进程数 worker processes")] = 1,
) -> None:
    """Serve until interrupted; without DATABASE_URL, from a private PostGIS that starts and ends with it."""
    with reporting(context, as_json=False) as terminal:
        from app.api.running import run_service

        def tell(address: str) -> None:
            terminal.print(
                f"服务：{address}  接口文档：{address}/docs", f"service: {address}  reference: {address}/docs"
            )
            sys.stdout.flush()  # whoever waits for the address through a pipe shall not wait for the end

        try:
            run_service(context.obj, host=host, port=port, workers=workers, on_ready=tell)
        except KeyboardInterrupt:
            terminal.warn("服务已停止。", "the service has stopped.")
