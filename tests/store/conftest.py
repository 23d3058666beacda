"""What tests of the store share: a function that runs a coroutine with an open store, and drawn plans in it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TypeVar

import pytest

from app.settings import StoreSettings
from app.store.connect import Store, open_store
from app.store.plans import Act, import_plan
from app.store.publication import publish

Answer = TypeVar("Answer")
Within = Callable[[Callable[[Store], Awaitable[Answer]]], Answer]

CLERK = Act("clerk", "街道办", "2026-1")
EVERY_STEP = frozenset({"reviewed", "public_notice", "approved"})
NEW_YEAR = date(2026, 1, 1)


@pytest.fixture
def within(store_settings: StoreSettings) -> Within:
    """Return a function that opens the store of this test for a coroutine and returns its answer."""

    def run(ask):
        async def go():
            async with open_store(store_settings.database_url, store_settings) as store:
                return await ask(store)

        return asyncio.run(go())

    return run


async def take_in(store: Store, plan) -> int:
    async with store.writing() as connection:
        return await import_plan(connection, plan, act=CLERK)


async def put_in_force(store: Store, plan_id: int, effective: date = NEW_YEAR):
    async with store.writing() as connection:
        return await publish(connection, plan_id, effective=effective, act=CLERK, skippable=EVERY_STEP)
