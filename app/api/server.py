"""The service with its store behind it: opened when a worker starts, closed when it ends."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import httpx
from fastapi import FastAPI

from app.api.application import build
from app.api.attached import end_with_parent
from app.api.base_map import BaseMap
from app.api.boards import KeptBoards
from app.api.frontdoor import Asgi
from app.api.identity import Identities
from app.api.journal import Journal
from app.api.keeping import keeping
from app.api.logs import set_up_logging
from app.api.memory import keep_small
from app.api.metrics import Figures
from app.api.openid import OpenId
from app.api.peers import source_of
from app.api.rates import Rates
from app.api.service import Service
from app.api.walks import Walks
from app.api.webhooks import Deliveries
from app.settings import Settings, read_settings
from app.store.connect import open_store
from app.store.roles import SERVICE_ROLE

__all__ = ["create_app", "create_worker", "open_service"]


@asynccontextmanager
async def open_service(settings: Settings, figures: Figures) -> AsyncIterator[Service]:
    """Open the store at its URL and keep what holds in memory while the block runs."""
    async with open_store(settings.store.database_url, settings.store, role=SERVICE_ROLE) as store:
        boards = KeptBoards(store, county_names=settings.service.county_names)
        identities = Identities(store, settings.service)
        failures, oidc = settings.service.failures_per_minute, settings.service.oidc
        tiles = settings.service.base_map
        peers = settings.service.peers if settings.service.audit_addresses else None
        journal = Journal(
            store, settings.store.audit_folder, lambda scope: "" if peers is None else source_of(scope, peers)
        )
        client = httpx.AsyncClient(follow_redirects=False, trust_env=False)
        walks = Walks(settings.store.database_url)
        deliveries = Deliveries(store, boards, client=client)
        try:
            works = {"boards": boards.run, "journal": journal.run, "deliveries": deliveries.run}
            async with aclosing(journal), keeping(works):
                yield Service(
                    settings.service,
                    boards,
                    identities.identify,
                    identities.forget,
                    figures,
                    store,
                    settings.store.skipped_steps,
                    journal,
                    walks=walks,
                    failures=Rates(failures / 60, max(failures, 1)),
                    openid=OpenId(oidc, settings.service.public_url, client) if oidc is not None else None,
                    base_map=BaseMap(tiles, client) if tiles is not None else None,
                )
        finally:
            await walks.close()
            await client.aclose()


def create_app(settings: Settings) -> Asgi:
    """Return the application; its store is opened when it is started."""
    figures = Figures()

    @asynccontextmanager
    async def living(application: FastAPI) -> AsyncIterator[None]:
        async with open_service(settings, figures) as service:
            application.state.service = service
            yield

    return build(settings.service, figures, lifespan=living)


def create_worker() -> Asgi:
    """Return the application of a worker process: settings from its environment, logs as lines of JSON."""
    keep_small()
    end_with_parent()
    set_up_logging()
    return create_app(read_settings(os.environ, results_to_terminal=False, progress_to_terminal=False))
