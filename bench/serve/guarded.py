"""What access and audit cost: our service with and without them, in turn, under wrk: `python -m bench.serve.guarded`.

Without, everybody is believed to have the role that they say, nobody is looked up or counted, nothing is written down,
and nothing in the application is there for it. Everything else is the same: database, worker and its memory, front
door, and the answers. With, requests are counted against a limit that nobody reaches.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from fastapi import FastAPI

from app.api.application import build
from app.api.areas import Caller
from app.api.errors import NotSignedIn
from app.api.frontdoor import Asgi, Scope
from app.api.logs import set_up_logging
from app.api.memory import keep_small
from app.api.metrics import Figures
from app.api.running import CONNECTION, FACTORY
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
from bench.serve.asking import Measured, addresses, measure
from bench.serve.county import draw_county
from bench.serve.filled import fill
from bench.serve.servers import Server, run_server

ROLES = ("planner", "county")
"""One that is told no phone numbers, and one that is: of those the audit knows."""
LIMIT = "1000000"
"""Requests a second that each may make: far more than it can, but they are counted."""
LEADS = 60
"""How many grids have somebody in charge."""
WITHOUT = "bench.serve.guarded:unguarded"
CASES = {
    "point": ("/locate?lon=%.7f&lat=%.7f", "lon, lat", "planner"),
    "one grid": ("/grids/%s", "code", "planner"),
    "page of 10": ("/grids?limit=10&after=%s", "code", "planner"),
    "point, 1 of 15 with a phone number": ("/locate?lon=%.7f&lat=%.7f", "lon, lat", "county"),
    "people, 10 phone numbers": ("/people?limit=10&after=S%03d", f"id % {LEADS - 12}", "county"),
}
"""The form of an address, what goes into it, and who asks."""


def unguarded() -> Asgi:
    """Return the application without access and without audit, in a worker as those of the service are."""
    keep_small()
    set_up_logging()
    settings = read_settings(os.environ, results_to_terminal=False, progress_to_terminal=False)
    figures = Figures()
    callers = {f"Bearer {role}".encode(): Caller("key", 1, role, role, COUNTY) for role in ROLES}

    async def identify(scope: Scope) -> Caller:
        for name, value in scope["headers"]:
            if name == b"authorization":
                return callers[value]
        raise NotSignedIn("请先登录", "sign in")

    @asynccontextmanager
    async def living(application: FastAPI) -> AsyncIterator[None]:
        async with open_service(settings, figures) as service:
            application.state.service = replace(service, identify=identify, journal=None)
            yield

    door = build(settings.service, figures, lifespan=living)
    door.note = None
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
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--starts", type=int, default=4, help="how often both are started: no two starts are alike")
    parser.add_argument("--case", default="", help="only cases whose name holds this")
    asked = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: sudo apt-get install -y wrk")
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-bench-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = stack.enter_context(open_cluster(folder / "data")).url
        settings = StoreSettings(url, folder)
        codes = asyncio.run(fill(settings, draw_county())).codes
        keys = asyncio.run(settle(settings, codes))
        cases = {name: case for name, case in CASES.items() if asked.case in name}
        pairs: dict[str, list[tuple[Measured, Measured]]] = {name: [] for name in cases}
        for _ in range(asked.starts):
            with ExitStack() as running:
                servers = [running.enter_context(start(factory, url, folder)) for factory in (FACTORY, WITHOUT)]
                for name, (form, arguments, role) in cases.items():
                    scripts = [addresses(form, arguments, codes[:780], key) for key in (keys[role], role)]
                    for _ in range(asked.rounds):  # in turn, so that what else the machine does falls on both
                        both = zip(servers, scripts, strict=True)
                        guarded, free = (measure(server, script, asked.seconds) for server, script in both)
                        pairs[name].append((guarded, free))
        print(
            "| case | with, requests/s | without | with / without "
            "| µs of a core a request: with | without | without / with | errors |"
        )
        print("|---|---|---|---|---|---|---|---|")
        for name, measured in pairs.items():
            print(f"| {name} | {' | '.join(cells(measured))} |")


def start(factory: str, url: str, folder: Path) -> AbstractContextManager[Server]:
    """Start a server of one worker."""
    environ = {"DATABASE_URL": url, "JIEXIANG_REQUESTS_PER_SECOND": LIMIT, "JIEXIANG_AUDIT": str(folder / "audit")}
    return run_server(Path(sys.executable), factory, "/health/ready", environ, "--factory", "--http", CONNECTION)


def cells(pairs: Sequence[tuple[Measured, Measured]]) -> list[str]:
    """Return what stands in a row: medians of rates, of their ratio, of what a request costs, of that ratio; errors."""
    median = statistics.median
    return [
        *(f"{median(run.per_second for run in runs):,.0f}" for runs in zip(*pairs, strict=True)),
        f"{median(guarded.per_second / free.per_second for guarded, free in pairs):.2f}",
        *(f"{median(run.processor_us for run in runs):,.0f}" for runs in zip(*pairs, strict=True)),
        f"{median(free.processor_us / guarded.processor_us for guarded, free in pairs):.2f}",
        str(sum(run.errors for pair in pairs for run in pair)),
    ]


if __name__ == "__main__":
    main()
