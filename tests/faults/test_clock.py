"""A clock that jumps, of the service and its database together: nobody stays in or out for longer than was meant.

`clock.c`, loaded before all else into every process of both, adds to the clock of the day what a file says.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from served import Served, folder_for_service, service_in, until

from app.api.boards import today
from app.store.areas import COUNTY
from app.store.cluster import find_binaries
from app.store.keys import add_key
from app.store.users import NewUser, add_user
from tests.store.drawn_plans import grid_code

SOURCE = Path(__file__).with_name("clock.c")
COMPILER = shutil.which("cc")
HOUR, DAY = 3600, 86_400
NAME, PASSWORD = "zhao", "correct horse 9"
RENEWED_SECONDS = 15.0
"""A board looks at the clock every five seconds."""


@dataclass
class Clock:
    """The clock of a service and its database."""

    served: Served
    file: Path

    def set(self, off: int) -> None:
        """Set it so many seconds ahead of the real one."""
        with self.file.open("r+b", buffering=0) as stream:
            stream.write(off.to_bytes(8, sys.byteorder, signed=True))

    def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        with httpx.Client(base_url=self.served.address, timeout=60) as stranger:
            return stranger.post("/session", json={"name": NAME, "password": password})

    def status(self, **headers: str) -> int:
        """Return what somebody is answered, past what the service believes for a moment."""

        def ask() -> int:
            return httpx.get(f"{self.served.address}/towns", headers=headers, timeout=60).status_code

        ask()
        asyncio.run(asyncio.sleep(1.0))
        return ask()


@contextmanager
def database_in(folder: Path, environ: dict[str, str]) -> Iterator[str]:
    """Run a database of the county's own, with an environment, and give its URL."""
    programs = find_binaries()[0].folder
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    home = folder / "county"
    home.mkdir(mode=0o700)
    os.chown(home, owner.pw_uid, owner.pw_gid)
    words = ["-A", "trust", "-U", "jiexiang", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run([programs / "initdb", "-D", home, *words], check=True, capture_output=True, cwd="/", **as_owner)
    options = ["-c", f"unix_socket_directories={home}", "-c", "listen_addresses="]
    with (folder / "postgres.log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", home, *options],
            stdout=log,
            stderr=log,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", **environ},
            **as_owner,
        )
    host = quote(str(home), safe="")

    async def make() -> None:
        connection = await asyncpg.connect(f"postgresql://jiexiang@/postgres?host={host}")
        await connection.execute("CREATE DATABASE jiexiang")
        await connection.close()

    def made() -> bool:
        try:
            asyncio.run(make())
        except (OSError, asyncpg.PostgresError):
            return False
        return True

    try:
        until(made, seconds=60)
        yield f"postgresql://jiexiang@/jiexiang?host={host}"
    finally:
        server.send_signal(2)  # a fast, clean stop
        server.wait(60)


@pytest.fixture(scope="module")
def clock() -> Iterator[Clock]:
    if COMPILER is None:
        pytest.skip("no C compiler here: sudo apt-get install -y gcc libc6-dev")
    with folder_for_service() as folder:
        library, file = folder / "clock.so", folder / "clock"
        subprocess.run([COMPILER, "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        file.write_bytes(bytes(8))
        environ = {"LD_PRELOAD": str(library), "JIEXIANG_CLOCK": str(file)}
        with database_in(folder, environ) as url:
            extra = {**environ, "DATABASE_URL": url, "JIEXIANG_PLAIN_HTTP": "1"}
            with service_in(Served(folder, workers=1, extra=extra, url=url)) as served:

                async def account(store) -> None:
                    async with store.writing() as connection:
                        await add_user(connection, NewUser(NAME, PASSWORD, "county", COUNTY))

                served.within(account)
                yield Clock(served, file)


@pytest.fixture(autouse=True)
def _set_right(clock: Clock) -> Iterator[None]:
    yield
    clock.set(0)


def day_of(clock: Clock) -> str:
    return clock.served.client.post("/locate", json={"points": [[105.0025, 30.0002]]}).json()["day"]


def test_the_day_is_that_of_the_clock_within_seconds_both_ways(clock):
    for days in (0, 3, -2, 0):
        clock.set(days * DAY)
        until(lambda days=days: day_of(clock) == str(today() + timedelta(days=days)), seconds=RENEWED_SECONDS)


def test_a_session_ends_when_its_time_is_over_by_the_clock(clock):
    cookie = re.match(r"[^;]+", clock.sign_in().headers["set-cookie"])[0]
    assert clock.status(Cookie=cookie) == 200
    clock.set(13 * HOUR)
    assert clock.status(Cookie=cookie) == 401


def test_a_session_of_a_clock_that_was_far_ahead_does_not_last_until_then(clock):
    clock.set(400 * DAY)
    cookie = re.match(r"[^;]+", clock.sign_in().headers["set-cookie"])[0]
    assert clock.status(Cookie=cookie) == 200
    clock.set(0)
    assert clock.status(Cookie=cookie) == 401


def test_a_lock_of_a_clock_that_was_far_ahead_does_not_last_until_then(clock):
    clock.set(400 * DAY)
    assert [clock.sign_in("wrong").status_code for _ in range(5)][-1] == 429
    assert clock.sign_in().status_code == 429
    clock.set(0)
    assert clock.sign_in().status_code == 201


def test_a_key_counts_until_its_day_whatever_the_clock_was_meanwhile(clock):
    async def make(store) -> str:
        async with store.writing() as connection:
            end = datetime.now(UTC) + timedelta(days=365)
            return await add_key(connection, "a year", COUNTY, role="county", expires_at=end)

    key = f"Bearer {clock.served.within(make)}"
    seen = []
    for off in (0, 400 * DAY, -2 * DAY, 0):
        clock.set(off)
        seen.append(clock.status(Authorization=key))
    assert seen == [200, 401, 200, 200]


def test_the_audit_is_in_the_order_in_which_things_happened_whatever_the_clock_said(clock):
    asked = {"grid_code": grid_code(1, 1), "role": "兼职网格员", "person_id": clock.served.people[0]}
    for number, off in enumerate((400 * DAY, -2 * DAY, 0)):
        clock.set(off)
        since = date(2031, 1, 1) + timedelta(days=number)
        days = {"since": since.isoformat(), "until": (since + timedelta(days=1)).isoformat()}
        assert clock.served.client.post("/assignments", json=asked | days).status_code == 201

    async def read(store) -> list[tuple[int, object]]:
        connection = await asyncpg.connect(store.url)
        rows = await connection.fetch("SELECT number, at FROM audit WHERE action = 'POST /assignments' ORDER BY number")
        await connection.close()
        return [tuple(row) for row in rows]

    ahead, behind, right = (at for _, at in clock.served.within(read))
    assert behind < right < ahead
    assert clock.served.run("audit", "verify").returncode == 0
