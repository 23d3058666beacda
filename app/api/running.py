"""The service as processes: a database behind it, workers before it, and an end that leaves nothing running."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.api.connections import give_up_on_silent_readers
from app.api.metrics import SHARED_FOLDER
from app.geo.errors import UsageError
from app.jobs.database import open_database
from app.settings import Settings, StoreSettings
from app.store.connect import open_store
from app.store.errors import StoreUnavailable
from app.store.migrate import migrate

__all__ = ["run_service"]

START_SECONDS = 120.0
GRACE_SECONDS = 10
"""How long requests that have begun may take at the end; then a worker ends its works and writes what waits."""
STOP_SECONDS = 25.0
"""How long the workers have for all that; Docker and systemd give the whole service longer (`docker/`)."""
LOOK_SECONDS = 0.1
BACKLOG = 2048
FACTORY = "app.api.server:create_worker"
CONNECTION = "app.api.connections:Connection"


def run_service(
    settings: Settings,
    *,
    host: str,
    port: int,
    workers: int,
    on_ready: Callable[[str], None],
    environ: Mapping[str, str] | None = None,
) -> None:
    """Run the service until it is interrupted; `on_ready` hears its address once it answers.

    Raises
    ------
    UsageError
        It cannot listen there.
    StoreError
        There is no database to be had.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(host, port))
        store = stack.enter_context(open_database(settings.store, inherit=True))
        asyncio.run(_migrate(store))
        variables = {**(os.environ if environ is None else environ)}
        variables["DATABASE_URL"] = store.service_url or store.database_url
        for name in ("DATABASE_URL_FILE", "JIEXIANG_SERVICE_URL"):  # workers need not know the owner's way in
            variables.pop(name, None)
        variables["JIEXIANG_AUDIT"] = str(settings.store.audit_folder)
        if workers > 1:
            variables[SHARED_FOLDER] = stack.enter_context(_shared_folder())
        process = stack.enter_context(_workers(listener, variables, workers))
        address = _address(listener)
        _await_ready(process, address)
        on_ready(address)
        if process.wait():
            raise StoreUnavailable("服务进程意外停止，见上面的日志", "the service stopped by itself; see the log above")


async def _migrate(settings: StoreSettings) -> None:
    async with open_store(settings.database_url, settings) as store:
        await migrate(store)


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    with ExitStack() as stack:
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            give_up_on_silent_readers(listener)
            listener.bind((host, port))
            listener.listen(BACKLOG)
        except OSError as error:
            raise UsageError(f"{host}:{port} 不能监听（{error.strerror}）：请换一个 --host 或 --port") from error
        yield listener


@contextmanager
def _workers(listener: socket.socket, variables: Mapping[str, str], workers: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the workers in a process group of their own; at the end they finish what they have begun, within limits."""
    command = [
        *(sys.executable, "-m", "app.api.attached", FACTORY, "--factory", "--fd", str(listener.fileno())),
        *(
            "--workers",
            str(workers),
            "--no-access-log",
            "--no-server-header",
            "--no-proxy-headers",
            "--log-level",
            "warning",
        ),
        *("--timeout-graceful-shutdown", str(GRACE_SECONDS)),
        *("--timeout-keep-alive", "30", "--timeout-worker-healthcheck", "30"),
        *("--http", CONNECTION, "--ws", "none"),
    ]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(  # noqa: S603  our own interpreter and module
        command,
        env={**variables, "PYTHONPATH": os.pathsep.join([str(root), variables.get("PYTHONPATH", "")])},
        pass_fds=[listener.fileno()],
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        with contextlib.suppress(ProcessLookupError):  # whom a killed supervisor left behind
            os.killpg(process.pid, signal.SIGKILL)


def _shared_folder() -> tempfile.TemporaryDirectory[str]:
    """Make the folder of the workers' figures in memory where there is such a place.

    They are mapped files: a worker that writes to one on a disk that has become full is ended by the kernel.
    """
    memory = Path("/dev/shm")  # noqa: S108  the folder within it is made for us alone
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    return tempfile.TemporaryDirectory(prefix="jiexiang-figures-", dir=memory if usable else None)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  it is only shown
    return f"http://{shown}:{port}"


def _await_ready(process: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health/ready", timeout=5):  # noqa: S310  our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(LOOK_SECONDS)
    raise StoreUnavailable("服务没有启动，见上面的日志", "the service did not start; see the log above")
