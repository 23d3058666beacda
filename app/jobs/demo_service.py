"""Put the made-up county in force in a database of its own, with accounts to look at it: what the demo serves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path

import shapely

from app.jobs.approval import publish
from app.jobs.database import open_database, work_in
from app.jobs.import_ledgers import LedgersOrder
from app.jobs.import_plan import Imported, ImportOrder, import_plan
from app.jobs.steps import OnStep
from app.settings import SKIPPABLE_STEPS, StoreSettings
from app.store.areas import COUNTY, Area
from app.store.assignments import read_assignments
from app.store.cluster import discard_cluster
from app.store.connect import Store
from app.store.errors import Refused
from app.store.keys import add_key
from app.store.passwords import first_password
from app.store.plans import Act
from app.store.published import read_published
from app.store.tables import LEAD
from app.store.users import NewUser, add_user

__all__ = ["Account", "Welcome", "furnish"]

ACTOR = "demo"
KEY_DAYS = 30
THEMES = ("类型", "年度", "单位", "年度预算")
"""Columns of the ledger of communities: party body, renovation, pairing, budget."""


@dataclass(frozen=True)
class Account:
    """Somebody who may look; the password is random, and told this once."""

    name: str
    password: str = field(repr=False)
    role: str
    page: str


@dataclass(frozen=True)
class Welcome:
    """What the demo's service holds, and who may look at it."""

    settings: StoreSettings
    taken_in: Imported
    accounts: tuple[Account, ...]
    key: str = field(repr=False)
    place: tuple[float, float]
    """A point in the grid of the worker's account."""
    grid_code: str


def furnish(plan: Path, county: Path, settings: StoreSettings, *, today: date, on_step: OnStep) -> Welcome:
    """Make a new private database beside the usual one, and put the plan in force there with staff and facilities.

    Parameters
    ----------
    county
        Folder with `county.gpkg` and its tables.
    settings
        Whose private database is never touched; the demo's own lies beside it, and is made anew each time.

    Raises
    ------
    StoreError
        There is no PostGIS, or somebody is looking at the demo's database right now.
    """
    data = settings.data.with_name(settings.data.name + "-demo")
    own = replace(settings, database_url="", data=data, skipped_steps=frozenset(SKIPPABLE_STEPS))
    discard_cluster(data)
    layers = county / "county.gpkg"
    order = ImportOrder(
        plan,
        buildings=f"{layers}:buildings",
        facilities=f"{layers}:facilities",
        staff=str(county / "staff.csv"),
        towns=f"{layers}:towns",
        aliases=str(county / "aliases.csv"),
        title="虚构县的示范方案",
        actor=ACTOR,
        streets=f"{layers}:streets",
        barriers=f"{layers}:barriers",
        before=f"{layers}:grids_last_year",
        themes=(
            *(f"{county / 'communities.xlsx'}:{column}" for column in THEMES),
            f"{layers}:compounds:property_managed",
        ),
        ledgers=LedgersOrder(today, str(county / "rooms.csv"), str(county / "projects.csv")),
    )
    accounts = tuple(
        Account(f"demo-{role}", first_password(f"demo-{role}"), role, page)
        for role, page in (("county", "/"), ("planner", "/plan"), ("worker", "/m"))
    )
    with open_database(own, share=False) as running:
        taken_in = import_plan(order, running, on_step=on_step)
        publish(running, taken_in.plan_id, effective=today, act=Act(ACTOR))
        key, place, grid_code = work_in(running, partial(_open_doors, accounts=accounts, today=today))
    return Welcome(own, taken_in, accounts, key, place, grid_code)


async def _open_doors(
    store: Store, *, accounts: tuple[Account, ...], today: date
) -> tuple[str, tuple[float, float], str]:
    """Add the accounts and a key; the worker is one who leads a grid, or works in one where nobody leads any."""
    async with store.writing() as connection:
        held = await read_assignments(connection, on=today, most=None)
        if not held:
            raise Refused("示例人员没有分到任何网格", "no made-up person has a grid")
        lead = min(held, key=lambda one: (one.role != LEAD, one.id))
        for one in accounts:
            mine = one.role == "worker"
            area, person_id = (Area("grid", lead.grid_id), lead.person_id) if mine else (COUNTY, None)
            await add_user(connection, NewUser(one.name, one.password, one.role, area, person_id=person_id))
        until = datetime.combine(today, time.min, UTC) + timedelta(days=KEY_DAYS)
        key = await add_key(connection, "demo", COUNTY, expires_at=until, created_by=ACTOR)
        grids = await read_published(connection, today)
    grid = next(grid for grid in grids if grid.grid_id == lead.grid_id)
    place = shapely.point_on_surface(shapely.from_wkb(grid.wkb))
    return key, (round(place.x, 6), round(place.y, 6)), grid.grid_code
