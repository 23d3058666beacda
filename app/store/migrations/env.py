"""What Alembic runs first: the connection that `app.store.migrate` hands it, and the tables to compare with."""

from __future__ import annotations

from typing import Any

from alembic import context

from app.store.tables import metadata


def _ours(_thing: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    """Leave alone what PostGIS, or somebody else, keeps in the same database."""
    return not (kind == "table" and reflected and name not in metadata.tables)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=_ours,
    transaction_per_migration=False,
)
context.run_migrations()
