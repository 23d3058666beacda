"""Clients that ask as one or another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from asgi_client import Client
from live_service import Live, live_service
from toy_service import make_client


@pytest.fixture(scope="module")
def asking() -> Iterator[Callable[[str], Client]]:
    """Return a function that gives the client of a caller."""
    clients: dict[str, Client] = {}

    def of(caller: str) -> Client:
        if caller not in clients:
            clients[caller] = make_client(caller=caller)
        return clients[caller]

    yield of
    for client in clients.values():
        client.close()


@pytest.fixture(scope="module")
def county(asking) -> Client:
    """Return a client that may see everything."""
    return asking("county")


@pytest.fixture(scope="module")
def live(postgis) -> Iterator[Live]:
    """Run a service over a database of this module's own."""
    with postgis.database() as settings, live_service(settings) as running:
        yield running
