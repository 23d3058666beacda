"""Two roles of the database: the owner, who migrates and archives, and the service, which cannot undo what it wrote."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables import metadata

__all__ = ["SERVICE_ROLE", "give_rights"]

SERVICE_ROLE = "jiexiang_app"
"""What the service is in the database; whoever signs in for it is a member of it, or it itself."""
APPENDED = frozenset({"audit", "changes", "grid_revisions", "plan_papers", "plan_steps"})
"""Tables to which the service may add, and of which it can change or remove nothing."""
READ = frozenset({"audit_segments"})
"""Tables that only the owner writes."""

_MAKE = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVICE_ROLE}') THEN
        CREATE ROLE {SERVICE_ROLE} NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL; -- made by another database's migration just now
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION '请数据库管理员先运行 CREATE ROLE {SERVICE_ROLE} | let the administrator of the database run '
            'CREATE ROLE {SERVICE_ROLE} first';
END $$
"""  # the words are our own constants


async def give_rights(connection: AsyncConnection) -> None:
    """Make the service's role where it is missing, and give it what it needs on the tables that are there, no more."""
    await connection.execute(text(_MAKE))
    for name in sorted(metadata.tables):
        rights = (
            "SELECT" if name in READ else "SELECT, INSERT" if name in APPENDED else "SELECT, INSERT, UPDATE, DELETE"
        )
        await connection.execute(text(f'REVOKE ALL ON "{name}" FROM {SERVICE_ROLE}, PUBLIC'))
        await connection.execute(text(f'GRANT {rights} ON "{name}" TO {SERVICE_ROLE}'))
    await connection.execute(text(f"GRANT SELECT ON alembic_version TO {SERVICE_ROLE}"))
