"""The store as it is measured: a county in force, a key, and the same grids as a plain table for others."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date

import asyncpg

from app.geo.plan import Plan
from app.settings import StoreSettings
from app.store.areas import COUNTY
from app.store.buildings import replace_buildings
from app.store.connect import open_store
from app.store.keys import add_key
from app.store.migrate import migrate
from app.store.plans import Act, import_plan
from app.store.publication import publish
from bench.serve.county import draw_buildings

ACT = Act("bench")
STEPS = frozenset({"reviewed", "public_notice", "approved"})
FIRST_DAY = date(2026, 1, 1)
OTHERS = """
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.grids AS SELECT row_number() OVER (ORDER BY grid_code)::int AS id, grid_code, name, kind, households,
  persons, area_m2, sides_east, sides_south, sides_west, sides_north, geometry AS geom FROM plan_grids;
ALTER TABLE bench.grids ADD PRIMARY KEY (id);
CREATE INDEX ON bench.grids USING gist (geom);
ANALYZE bench.grids;
"""


@dataclass(frozen=True)
class Filled:
    """What asking needs, and how long filling took."""

    key: str
    codes: list[str]
    import_seconds: float
    publish_seconds: float
    publish_processor_seconds: float
    """Of this process; the database's come on top."""


IN_FORCE = """
INSERT INTO in_force (plan_id, community_id, valid)
SELECT plan_id, community_id, daterange($1, NULL) FROM plan_communities WHERE plan_id = $2
"""


async def fill(settings: StoreSettings, plan: Plan, *, buildings: bool = True, publishing: bool = True) -> Filled:
    """Put a plan in force in an empty store, by publishing it or by hand."""
    async with open_store(settings.database_url, settings) as store:
        await migrate(store)
        began = time.perf_counter()
        async with store.writing() as connection:
            number = await import_plan(connection, plan, act=ACT)
        imported, worked = time.perf_counter(), time.process_time()
        if publishing:
            async with store.writing() as connection:
                await publish(connection, number, effective=FIRST_DAY, act=ACT, skippable=STEPS)
        else:
            by_hand = await asyncpg.connect(settings.database_url)
            await by_hand.execute(IN_FORCE, FIRST_DAY, number)
            await by_hand.execute("ANALYZE")
            await by_hand.close()
        published, worked = time.perf_counter(), time.process_time() - worked
        async with store.writing() as connection:
            if buildings:
                await replace_buildings(connection, draw_buildings())
            key = await add_key(connection, "bench", COUNTY)
    return Filled(key, sorted(plan.grids["grid_code"]), imported - began, published - imported, worked)


async def set_out_for_others(settings: StoreSettings) -> None:
    """Lay the grids out as a plain table, as tipg and pygeoapi like it."""
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute(OTHERS)
    await connection.close()


async def publish_next(settings: StoreSettings, plan: Plan, effective: date) -> float:
    """Put another plan in force; return when that was committed, by this process' clock."""
    async with open_store(settings.database_url, settings) as store:
        async with store.writing() as connection:
            number = await import_plan(connection, plan, act=ACT)
        async with store.writing() as connection:
            await publish(connection, number, effective=effective, act=ACT, skippable=STEPS)
        return time.perf_counter()
