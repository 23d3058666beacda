"""A service over a real PostGIS: two communities in force, staff, addresses, accounts and keys of every role."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from asgi_client import Client

from app.api.application import build
from app.api.areas import Caller
from app.api.metrics import Figures
from app.api.server import open_service
from app.api.service import Service
from app.settings import Settings, StoreSettings, read_settings
from app.store.addresses import Address, Alias, add_aliases, replace_addresses
from app.store.areas import find_area
from app.store.assignments import NewAssignment, assign
from app.store.connect import Store
from app.store.keys import add_key
from app.store.people import NewPerson, add_people
from app.store.places import find_communities, find_grids, name_towns
from app.store.plans import Act, import_plan
from app.store.publication import publish
from app.store.users import NewUser, add_user
from tests.store.drawn_plans import SIDE, SOUTH, TOWN, WEST, community_code, draw_plan, grid_code

Answer = TypeVar("Answer")

CLERK = Act("clerk")
SINCE = date(2026, 1, 1)
EVERY_STEP = frozenset({"reviewed", "public_notice", "approved"})
PASSWORD = "correct horse 9"  # noqa: S105  of accounts that live for a test
FIRST, SECOND = grid_code(1, 1), grid_code(1, 2)
ELSEWHERE = grid_code(2, 1)
AREAS = {
    "county": "",
    "planner": "",
    "system": "",
    "town": TOWN,
    "community": community_code(1),
    "worker": FIRST,
    "neighbour": ELSEWHERE,
}


def point_in(community: int, band: int, *, bands: int = 2) -> tuple[float, float]:
    """Return the middle of a grid of a drawn plan."""
    return WEST + SIDE * (community - 0.5), SOUTH + SIDE * (1 - (band - 0.5) / bands)


@dataclass
class Live:
    """A running service, and clients that ask as one role or another."""

    runner: asyncio.Runner
    service: Service
    application: Any
    keys: dict[str, str]
    people: dict[str, int]
    plan_id: int
    clients: dict[str, Client] = field(default_factory=dict)

    def asking(self, role: str) -> Client:
        """Return a client with the key of a role, or with none."""
        if role not in self.clients:
            headers = {"Authorization": f"Bearer {self.keys[role]}"} if role else {}
            self.clients[role] = Client(self.application, headers, runner=self.runner)
        return self.clients[role]

    def run(self, ask: Callable[[Store], Awaitable[Answer]]) -> Answer:
        """Do something with the store."""
        return self.runner.run(ask(self.service.store))

    def until_renewed(self) -> None:
        """Wait until the boards know everything that is committed; a second is the promise."""

        async def wait() -> None:
            from app.store.changes import read_revisions

            async with self.service.store.reading() as connection:
                newest = (await read_revisions(connection)).changes
            boards = self.service.boards
            async with asyncio.timeout(1.0), boards.changed:
                await boards.changed.wait_for(lambda: boards.current.revisions.changes >= newest)

        self.runner.run(wait())


async def fill(store: Store) -> tuple[dict[str, str], dict[str, int], int]:
    """Put a small county into the store."""
    async with store.writing() as connection:
        plan_id = await import_plan(connection, draw_plan(), act=CLERK, title="去年的方案")
    async with store.writing() as connection:
        await publish(connection, plan_id, effective=SINCE, act=CLERK, skippable=EVERY_STEP)
        await name_towns(connection, {TOWN: "城关街道"})
    async with store.writing() as connection:
        homes = await find_communities(connection, [community_code(1), community_code(2)])
        staff = [
            NewPerson("S1", "李明", "13800000001", "书记", homes[community_code(1)]),
            NewPerson("S2", "何芳", "13800000002", "", homes[community_code(1)]),
            NewPerson("S3", "周强", "13800000003", "", homes[community_code(2)]),
        ]
        people = await add_people(connection, staff)
        grids = await find_grids(connection, [FIRST, SECOND, ELSEWHERE])
        await assign(connection, NewAssignment(people["S1"], grids[FIRST], "网格长", SINCE))
        await assign(connection, NewAssignment(people["S3"], grids[ELSEWHERE], "网格长", SINCE))
        here, there = point_in(1, 1), point_in(2, 1)
        await replace_addresses(
            connection,
            [
                Address("阳光花园", "3栋", "1单元", "长街", "12号", *here, community_id=homes[community_code(1)]),
                Address("阳光花园", "3栋", "2单元", "长街", "12号", *here, community_id=homes[community_code(1)]),
                Address("幸福苑", "3栋", "", "", "", *there, community_id=homes[community_code(2)]),
            ],
        )
        await add_aliases(connection, [Alias("compound", "向阳小区", "阳光花园")])
    keys = {}
    async with store.writing() as connection:
        for role, code in AREAS.items():
            area = await find_area(connection, code)
            real = "worker" if role == "neighbour" else role
            keys[role] = await add_key(connection, role, area, role=real)
            person_id = people["S1"] if role == "worker" else None
            if role != "system":
                await add_user(connection, NewUser(f"u-{role}", PASSWORD, real, area, person_id=person_id))
    return keys, people, plan_id


@contextmanager
def live_service(store_settings: StoreSettings, **changed: Any) -> Iterator[Live]:
    """Run a service in this process while the block runs; `changed` are settings of it."""
    from dataclasses import replace

    settings: Settings = read_settings({}, results_to_terminal=False, progress_to_terminal=False)
    quiet = replace(
        settings.service,
        log_requests=False,
        county_names=("云川县",),
        long_poll_seconds=3.0,
        **{"requests_per_second": 0.0, "failures_per_minute": 0.0, **changed},
    )
    settings = replace(settings, store=replace(store_settings, skipped_steps=EVERY_STEP), service=quiet)
    figures = Figures()
    with asyncio.Runner() as runner:
        opening = open_service(settings, figures)
        service = runner.run(opening.__aenter__())
        live = None
        try:
            keys, people, plan_id = runner.run(fill(service.store))
            live = Live(runner, service, build(settings.service, figures, service), keys, people, plan_id)
            runner.run(_first_board(service))
            live.until_renewed()
            yield live
        finally:
            for client in live.clients.values() if live else ():
                runner.run(client.inner.aclose())
            runner.run(opening.__aexit__(None, None, None))


async def _first_board(service: Service) -> None:
    async with asyncio.timeout(5):
        while True:
            try:
                _ = service.boards.current
            except Exception:  # noqa: BLE001  it has not read anything yet
                await asyncio.sleep(0.01)
            else:
                return


__all__ = ["Caller", "Live", "live_service", "point_in"]
