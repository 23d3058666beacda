"""Keys of other systems: 256 random bits, kept as SHA-256, found by a prefix that says nothing about the rest."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import Area
from app.store.errors import Conflict, NotFound, Refused
from app.store.tables import USER_ROLES, api_keys

__all__ = ["Key", "add_key", "find_key", "find_key_id", "note_use", "read_keys", "revoke_key"]

MARK = "jx"
PREFIX_BYTES, SECRET_BYTES = 6, 32


@dataclass(frozen=True)
class Key:
    """A key without its secret."""

    id: int
    name: str
    prefix: str
    role: str
    area: Area
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


async def add_key(
    connection: AsyncConnection,
    name: str,
    area: Area,
    *,
    role: str = "system",
    expires_at: datetime | None = None,
    created_by: str = "",
) -> str:
    """Add a key and return it: this once, for only its digest is kept.

    Raises
    ------
    Refused
        The role is unknown, or the name empty.
    """
    if role not in USER_ROLES or not name.strip():
        raise Refused("密钥须有名称和已知的角色", "a key needs a name and a known role")
    prefix, secret = secrets.token_hex(PREFIX_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    row = {
        "name": name.strip(),
        "prefix": prefix,
        "secret_hash": _digest(secret),
        "role": role,
        "scope": area.scope,
        "scope_id": area.id,
        "created_by": created_by,
        "expires_at": expires_at,
    }
    await connection.execute(insert(api_keys).values(row))
    return f"{MARK}_{prefix}_{secret}"


async def find_key(connection: AsyncConnection, presented: str) -> Key | None:
    """Return the key that somebody presents; None where it is unknown, has expired or was revoked."""
    mark, _, rest = presented.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != MARK or not secret:
        return None
    row = (await connection.execute(_VALID, {"prefix": prefix})).one_or_none()
    if row is None or not hmac.compare_digest(row.secret_hash, _digest(secret)):
        return None
    return _key(row)


async def note_use(connection: AsyncConnection, key_id: int) -> None:
    """Note that a key was used; once a minute and key is enough."""
    await connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=func.now()))


async def revoke_key(connection: AsyncConnection, prefix: str) -> None:
    """Revoke a key for good.

    Raises
    ------
    NotFound
        No key has this prefix.
    Conflict
        It is revoked already.
    """
    mine = api_keys.c.prefix == prefix
    row = (await connection.execute(select(api_keys.c.revoked_at).where(mine).with_for_update())).one_or_none()
    if row is None:
        raise _missing(prefix)
    if row.revoked_at is not None:
        raise Conflict(f"密钥 {prefix} 已经吊销", f"the key {prefix} is revoked already")
    await connection.execute(update(api_keys).where(mine).values(revoked_at=func.now()))


async def find_key_id(connection: AsyncConnection, prefix: str) -> int:
    """Return the id of the key with a prefix, revoked or not: what entries of the audit hold.

    Raises
    ------
    NotFound
        No key has this prefix.
    """
    found = await connection.scalar(select(api_keys.c.id).where(api_keys.c.prefix == prefix))
    if found is None:
        raise _missing(prefix)
    return int(found)


async def read_keys(connection: AsyncConnection) -> list[Key]:
    """Read every key, the newest first."""
    return [_key(row) for row in await connection.execute(_keys().order_by(api_keys.c.id.desc()))]


def _missing(prefix: str) -> NotFound:
    return NotFound(f"没有前缀为 {prefix} 的密钥", f"there is no key with the prefix {prefix}")


def _keys() -> Select[Any]:
    times = ("created_at", "expires_at", "revoked_at", "last_used_at")
    wanted = ("id", "name", "prefix", "role", "scope", "scope_id", "created_by", *times)
    return select(*[api_keys.c[name] for name in wanted])


def _key(row: Any) -> Key:
    return Key(
        row.id,
        row.name,
        row.prefix,
        row.role,
        Area(row.scope, row.scope_id),
        row.created_by,
        row.created_at,
        row.expires_at,
        row.revoked_at,
        row.last_used_at,
    )


_VALID = (
    _keys()
    .add_columns(api_keys.c.secret_hash)
    .where(
        api_keys.c.prefix == bindparam("prefix"),
        api_keys.c.revoked_at.is_(None),
        api_keys.c.expires_at.is_(None) | (api_keys.c.expires_at > func.now()),
    )
)
"""Put together once: it is asked for twice a second and more of every key in use."""


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
