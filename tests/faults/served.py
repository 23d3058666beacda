"""A service as a county runs it: `jiexiang serve` in processes of its own, over a private PostGIS of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from app.settings import StoreSettings
from app.store.areas import COUNTY
from app.store.cluster import explain_missing, open_cluster
from app.store.connect import Store, open_store
from app.store.keys import add_key
from app.store.people import NewPerson, add_people
from app.store.places import find_communities
from app.store.plans import Act, import_plan
from app.store.publication import publish
from tests.store.drawn_plans import community_code, draw_plan

__all__ = ["COMMAND", "EVERY_STEP", "Served", "children", "command_line", "service_in", "until"]

Answer = TypeVar("Answer")

COMMAND = Path(sys.executable).with_name("jiexiang")
EVERY_STEP = frozenset({"reviewed", "public_notice", "approved"})
PEOPLE = 8


@dataclass
class Served:
    """A service and its folder: `data` of the private cluster, `tmp`, `log`."""

    folder: Path
    workers: int = 2
    extra: dict[str, str] = field(default_factory=dict)
    """Settings of its environment."""
    desk: Path | None = None
    """Where whoever types commands keeps files; None for the same folder."""
    whole_disk: str = ""
    """Why its folder lies on the machine's own disk and not on one that may be filled."""
    port: int = 0
    process: subprocess.Popen[str] | None = None
    key: str = ""
    client: httpx.Client = field(default_factory=httpx.Client)
    people: list[int] = field(default_factory=list)
    url: str = ""
    """Its database, for a guest who may do anything there; '' until the private one runs."""

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DATABASE_URL_FILE")}
        return {
            **kept,
            "JIEXIANG_DATA": str(self.folder / "data"),
            "JIEXIANG_SKIPPED_STEPS": " ".join(sorted(EVERY_STEP)),
            "TMPDIR": str(self.folder / "tmp"),
            **self.extra,
        }

    def start(self) -> bool:
        """Start it, as whoever watches over it on a real machine does, and tell whether it came to answer."""
        with (self.folder / "log").open("a") as log:
            words = [COMMAND, "serve", "--port", str(self.port), "--workers", str(self.workers)]
            self.process = subprocess.Popen(words, env=self.environ, stdout=subprocess.PIPE, stderr=log, text=True)
        found = re.search(r"http://[\d.]+:(\d+)", self.process.stdout.readline())
        if found:
            self.port = int(found[1])
        return found is not None

    def stop(self) -> int:
        """Stop it as `systemctl stop` does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        ended = self.process.wait(60)
        self.process.stdout.close()
        return ended

    def settle(self) -> None:
        """Fill a small county, and make a key."""

        async def go(store: Store) -> tuple[list[int], str]:
            async with store.writing() as connection:
                plan_id = await import_plan(connection, draw_plan(), act=Act("clerk"))
                await publish(connection, plan_id, effective=date(2026, 1, 1), act=Act("clerk"), skippable=EVERY_STEP)
            async with store.writing() as connection:
                [home] = (await find_communities(connection, [community_code(1)])).values()
                staff = [NewPerson(f"S{n}", f"人{n}", f"1380000000{n}", "", home) for n in range(PEOPLE)]
                people = await add_people(connection, staff)
                return list(people.values()), await add_key(connection, "drill", COUNTY, role="county")

        if not self.url:
            with open_cluster(self.folder / "data") as cluster:
                self.url = cluster.url
        self.people, self.key = self.within(go)
        self.client = httpx.Client(base_url=self.address, headers=self.headers, timeout=60)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def within(self, ask: Callable[[Store], Awaitable[Answer]]) -> Answer:
        """Do something with its store past the service."""

        async def go() -> Answer:
            async with open_store(self.url, StoreSettings(self.url, self.folder)) as store:
                return await ask(store)

        return asyncio.run(go())

    def run(self, *words: str | Path, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command beside it."""
        return subprocess.run([COMMAND, *words], env=self.environ, capture_output=True, text=True, timeout=seconds)

    def log(self) -> str:
        """Return the end of what it and its database have said."""
        files = (self.folder / "log", self.folder / "data" / "postgres.log")
        return "\n".join(file.read_text(errors="replace")[-3000:] for file in files if file.exists())

    def log_size(self) -> int:
        return (self.folder / "log").stat().st_size

    def log_since(self, size: int) -> str:
        """Return what it has said since its log had this size."""
        with (self.folder / "log").open("rb") as log:
            log.seek(size)
            return log.read().decode()

    def postmaster(self) -> int:
        """Return the number of PostgreSQL's first process; 0 where there is none."""
        try:
            return int((self.folder / "data" / "postgres" / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return 0

    def backends(self) -> list[int]:
        return [pid for pid in children(self.postmaster()) if b"postgres: jiexiang" in command_line(pid)]

    def supervisors(self) -> list[int]:
        postmaster = self.postmaster()
        return [pid for pid in children(self.process.pid) if pid != postmaster]

    def worker_processes(self) -> list[int]:
        return [pid for one in self.supervisors() for pid in children(one) if b"spawn_main" in command_line(pid)]


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def until(true: Callable[[], bool], *, seconds: float, every: float = 0.05) -> float:
    """Wait until something is true and return how long that took; fail where it does not come about in time."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds:g} s"
        time.sleep(every)
    return time.monotonic() - began


@contextmanager
def service_in(served: Served) -> Iterator[Served]:
    """Run a service while the block runs, and see that nothing of it is left."""
    (served.folder / "tmp").mkdir(exist_ok=True)
    try:
        if not served.start():
            raise AssertionError(f"it did not start: {served.log()}")
        served.settle()
        yield served
    finally:
        served.client.close()
        if served.process is not None and served.process.poll() is None:
            served.stop()


@contextmanager
def folder_for_service() -> Iterator[Path]:
    """Make a folder that the user of a private cluster can enter; skip where there is no PostGIS."""
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-faults-"))
    folder.chmod(0o755)
    try:
        if missing := explain_missing(folder / "data"):
            pytest.skip(f"no PostGIS here: {' '.join(missing)}")
        yield folder
    finally:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)
