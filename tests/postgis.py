"""A real PostGIS for the tests: one private cluster a session, a database for every test, copied from a model.

`from tests.postgis import ...` will do anywhere; the fixtures are those of `tests/conftest.py`.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from app.settings import StoreSettings
from app.store.cluster import explain_missing, open_cluster
from app.store.connect import open_store
from app.store.migrate import migrate

MODEL = "model"


@dataclass(frozen=True)
class Postgis:
    """A running cluster and the name of the database that others are copied from, with every table and no row."""

    url: str
    folder: Path

    def url_of(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return self.url.replace("/jiexiang?", f"/{database}?")

    def run(self, *statements: str) -> None:
        """Run statements outside any transaction, in the cluster's own database."""

        async def go() -> None:
            connection = await asyncpg.connect(self.url_of("postgres"))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(go())

    @contextmanager
    def database(self, model: str | None = MODEL) -> Iterator[StoreSettings]:
        """Make a database (a copy of `model`, or empty) for the length of the block."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {model or 'template0'}")
        try:
            yield StoreSettings(self.url_of(name), self.folder, connections=10)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def run_postgis() -> Iterator[Postgis]:
    """Run a cluster for a session of tests; its folder can be entered by the user that runs it."""
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-tests-"))
    missing = explain_missing(folder)
    if missing is not None:
        shutil.rmtree(folder)
        pytest.skip(f"no PostGIS here: {' '.join(missing)}")
    folder.chmod(0o755)
    try:
        with open_cluster(folder / "data") as cluster:
            postgis = Postgis(cluster.url, folder)
            unsafe = ("fsync", "full_page_writes", "synchronous_commit")  # what is lost with the machine is lost
            postgis.run(*[f"ALTER SYSTEM SET {name} = off" for name in unsafe], "SELECT pg_reload_conf()")
            postgis.run(f"CREATE DATABASE {MODEL} TEMPLATE template0")
            settings = StoreSettings(postgis.url_of(MODEL), folder)
            asyncio.run(_make_model(settings))
            yield postgis
    finally:
        shutil.rmtree(folder)


async def _make_model(settings: StoreSettings) -> None:
    async with open_store(settings.database_url, settings) as store:
        await migrate(store)
