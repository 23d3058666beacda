"""Links to one grid for whoever holds them: 256 random bits, kept as SHA-256, that expire and can be revoked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.errors import Conflict, NotFound
from app.store.tables import OWN_CODES, grid_codes, grid_links

__all__ = ["MARK", "Link", "add_link", "find_link", "prefix_of", "read_links", "revoke_link"]

MARK = "jxl_"
"""What a token begins with."""
PREFIX_BYTES, SECRET_BYTES = 6, 32


@dataclass(frozen=True)
class Link:
    """A link without its secret; `grid_code` is empty where the grid bears none today."""

    id: int
    grid_id: int
    prefix: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    grid_code: str = ""


async def add_link(connection: AsyncConnection, grid_id: int, *, expires_at: datetime, created_by: str = "") -> str:
    """Add a link to a grid and return its token: this once, for only its digest is kept."""
    prefix, secret = secrets.token_hex(PREFIX_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    row = {
        "grid_id": grid_id,
        "prefix": prefix,
        "secret_hash": _digest(secret),
        "created_by": created_by,
        "expires_at": expires_at,
    }
    await connection.execute(insert(grid_links).values(row))
    return f"{MARK}{prefix}_{secret}"


def prefix_of(token: str) -> str:
    """Return the part of a token that names its link and is no secret."""
    return token.removeprefix(MARK).partition("_")[0]


async def find_link(connection: AsyncConnection, token: str) -> Link | None:
    """Return the link of a token; None where it is unknown, has expired or was revoked."""
    prefix, _, secret = token.removeprefix(MARK).partition("_")
    if not token.startswith(MARK) or not secret:
        return None
    of = grid_links.c
    question = _links().add_columns(of.secret_hash)
    question = question.where(of.prefix == prefix, of.revoked_at.is_(None), of.expires_at > func.now())
    row = (await connection.execute(question)).one_or_none()
    if row is None or not hmac.compare_digest(row.secret_hash, _digest(secret)):
        return None
    return Link(*row[:-1])


async def revoke_link(connection: AsyncConnection, prefix: str) -> None:
    """Revoke a link for good.

    Raises
    ------
    NotFound
        No link has this prefix.
    Conflict
        It is revoked already.
    """
    mine = grid_links.c.prefix == prefix
    row = (await connection.execute(select(grid_links.c.revoked_at).where(mine).with_for_update())).one_or_none()
    if row is None:
        raise NotFound(f"没有前缀为 {prefix} 的链接", f"there is no link with the prefix {prefix}")
    if row.revoked_at is not None:
        raise Conflict(f"链接 {prefix} 已经撤销", f"the link {prefix} is revoked already")
    await connection.execute(update(grid_links).where(mine).values(revoked_at=func.now()))


async def read_links(connection: AsyncConnection) -> list[Link]:
    """Read every link with the code that its grid bears today, the newest first."""
    code = (
        select(grid_codes.c.code)
        .where(
            grid_codes.c.grid_id == grid_links.c.grid_id,
            grid_codes.c.system == OWN_CODES,
            grid_codes.c.valid.contains(func.current_date()),
        )
        .limit(1)
        .scalar_subquery()
    )
    question = _links().add_columns(func.coalesce(code, "")).order_by(grid_links.c.id.desc())
    return [Link(*row) for row in await connection.execute(question)]


def _links() -> Select[Any]:
    wanted = ("id", "grid_id", "prefix", "created_by", "created_at", "expires_at", "revoked_at")
    return select(*[grid_links.c[name] for name in wanted])


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
