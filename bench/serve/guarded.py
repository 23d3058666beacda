"""What access and audit cost: our service with and without them, in turn, under wrk: `python -m bench.serve.guarded`.

Without, everybody is believed to have the role that they say, nobody is looked up, nothing is written down, and no
layer of the application is there for it. Everything else is the same: database, worker, front door, and the answers.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from fastapi import FastAPI

from app.api.application import build
from app.api.areas import Caller
from app.api.frontdoor import Asgi, Scope
from app.api.logs import set_up_logging
from app.api.metrics import Figures
from app.api.server import open_service
from app.settings import StoreSettings, read_settings
from app.store.areas import COUNTY
from app.store.assignments import NewAssignment, assign
from app.store.changes import changes_at_the_end
from app.store.cluster import open_cluster
from app.store.connect import open_store
from app.store.keys import add_key
from app.store.people import NewPerson, add_people
from app.store.places import find_communities, find_grids
from bench.serve.__main__ import load, lua, measure, server

ROLES = ("planner", "county")
"""One that is told no phone numbers, and one that is: of those the audit knows."""
LEADS = 60
"""How many grids have somebody in charge."""


def unguarded() -> Asgi:
    """Return the application without access and without audit."""
    set_up_logging()
    settings = read_settings(os.environ, results_to_terminal=False, progress_to_terminal=False)
    figures = Figures()
    callers = {f"Bearer {role}".encode(): Caller("key", 1, role, role, COUNTY) for role in ROLES}

    async def identify(scope: Scope) -> Caller:
        return callers[dict(scope["headers"])[b"authorization"]]

    @asynccontextmanager
    async def living(application: FastAPI) -> AsyncIterator[None]:
        async with open_service(settings, figures) as service:
            application.state.service = replace(service, identify=identify, journal=None)
            yield

    door = build(settings.service, figures, lifespan=living)
    door.app = door.app.app  # past what writes the audit
    return door


async def settle(settings: StoreSettings, codes: list[str]) -> dict[str, str]:
    """Put people in charge of some grids, and return a key of each role."""
    async with open_store(settings.database_url, settings) as store, store.writing() as connection:
        grids = await find_grids(connection, codes[:LEADS])
        homes = await find_communities(connection, sorted({code[:12] for code in codes[:LEADS]}))
        staff = [
            NewPerson(f"S{place:03}", f"人{place}", f"138{place:08}", "", homes[code[:12]])
            for place, code in enumerate(codes[:LEADS])
        ]
        people = await add_people(connection, staff)
        async with changes_at_the_end(connection):
            for one, code in zip(staff, codes, strict=False):
                held = NewAssignment(people[one.staff_code], grids[code], "网格长", date(2026, 1, 1))
                await assign(connection, held)
        return {role: await add_key(connection, role, COUNTY, role=role) for role in ROLES}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: sudo apt-get install -y wrk")
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-bench-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        cluster = stack.enter_context(open_cluster(folder / "data"))
        settings = StoreSettings(cluster.url, folder)
        _, codes, _ = asyncio.run(load(settings))
        keys = asyncio.run(settle(settings, codes))
        environ = {
            "DATABASE_URL": cluster.url,
            "JIEXIANG_REQUESTS_PER_SECOND": "0",
            "JIEXIANG_AUDIT": str(folder / "audit"),
        }
        servers = {
            name: stack.enter_context(server(Path(sys.executable), target, "/health/ready", environ, "--factory"))
            for name, target in (
                ("with", "app.api.server:create_worker"),
                ("without", "bench.serve.guarded:unguarded"),
            )
        }
        cases = {
            "point": ("/locate?lon=%.7f&lat=%.7f", "lon, lat", "planner"),
            "one grid": ("/grids/%s", "code", "planner"),
            "page of 10": ("/grids?limit=10&after=%s", "code", "planner"),
            "point, 1 of 15 with a phone number": ("/locate?lon=%.7f&lat=%.7f", "lon, lat", "county"),
            "people, 10 phone numbers": ("/people?limit=10&after=S%03d", f"id % {LEADS - 12}", "county"),
        }
        print(
            "| case | with, requests/s | without | with / without | µs of a core a request: with | without | errors |"
        )
        print("|---|---|---|---|---|---|---|")
        for case, (form, arguments, role) in cases.items():
            rates: dict[str, list[float]] = {"with": [], "without": []}
            costs: dict[str, list[float]] = {"with": [], "without": []}
            errors = 0
            for _ in range(asked.rounds):  # in turn, so that what else the machine does falls on both
                for name, (pid, address) in servers.items():
                    script = lua(form, arguments, codes[:780], keys[role] if name == "with" else role)
                    before = core_seconds(pid)
                    rate, _, failed = measure(address, script, asked.seconds)
                    rates[name].append(rate)
                    costs[name].append((core_seconds(pid) - before) / (rate * asked.seconds) * 1e6)
                    errors += failed
            ratio = statistics.median(a / b for a, b in zip(rates["with"], rates["without"], strict=True))
            told = [f"{statistics.median(rates[name]):,.0f}" for name in servers]
            spent = [f"{statistics.median(costs[name]):,.0f}" for name in servers]
            print(f"| {' | '.join([case, *told, f'{ratio:.2f}', *spent, str(errors)])} |", flush=True)


def core_seconds(pid: int) -> float:
    """Return how many seconds of a core a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
