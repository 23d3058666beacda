"""The database that a job works in: the county's own where one is named, else a private one that runs meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from app.settings import StoreSettings
from app.store.cluster import open_cluster
from app.store.connect import Store, open_store
from app.store.migrate import migrate

__all__ = ["open_database", "work_in"]

Value = TypeVar("Value")


@contextmanager
def open_database(settings: StoreSettings, *, share: bool = True, inherit: bool = False) -> Iterator[StoreSettings]:
    """Give settings that name a database which runs: as they are, or with the private one's URL while the block runs.

    `share` and `inherit` are those of `app.store.cluster.open_cluster`.

    Raises
    ------
    StoreError
        There is no database to be had; or, without `share`, somebody else owns the private one.
    """
    if settings.database_url:
        yield settings
        return
    with open_cluster(settings.data, share=share, inherit=inherit) as cluster:
        yield replace(settings, database_url=cluster.url, service_url=cluster.service_url)


def work_in(settings: StoreSettings, work: Callable[[Store], Awaitable[Value]]) -> Value:
    """Do something in the store, which is brought to this version first, and return what it gives.

    Raises
    ------
    StoreError
        What the store has against it.
    """

    async def go(named: StoreSettings) -> Value:
        async with open_store(named.database_url, named) as store:
            await migrate(store)
            return await work(store)

    with open_database(settings) as named:
        return asyncio.run(go(named))
