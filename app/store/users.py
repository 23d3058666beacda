"""People who sign in: Argon2 passwords, lock-out after failures, sessions by hashed token."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import Area
from app.store.errors import NotFound, Refused
from app.store.lockout import CLOCK_MINUTES, Failures, Strangers
from app.store.passwords import hash_password, needs_renewal, refuse_poor, verify_password
from app.store.tables import USER_ROLES, sessions, users

__all__ = [
    "NewUser",
    "SignIn",
    "User",
    "add_user",
    "change_password",
    "end_session",
    "find_user",
    "read_session",
    "read_users",
    "set_disabled",
    "sign_in",
    "start_session",
]

SESSION_HOURS = 12
IDLE_MINUTES = 60
SIGNING_IN = 1
"""Marks the locks on names that sign in among others that one may take of the database."""


@dataclass(frozen=True)
class NewUser:
    """Somebody who shall be able to sign in."""

    name: str
    password: str
    role: str
    area: Area
    display_name: str = ""
    person_id: int | None = None


@dataclass(frozen=True)
class User:
    """Somebody who can sign in, without the password."""

    id: int
    name: str
    display_name: str
    role: str
    area: Area
    person_id: int | None
    disabled: bool
    locked_until: datetime | None


@dataclass(frozen=True)
class SignIn:
    """What became of an attempt to sign in: a user, or none; and until when the name is locked, if it is."""

    user: User | None
    locked_until: datetime | None = None


async def add_user(connection: AsyncConnection, new: NewUser) -> int:
    """Add a user and return the id.

    Raises
    ------
    Refused
        The role is unknown, or the password too poor.
    Conflict
        There is a user of this name.
    """
    if new.role not in USER_ROLES:
        raise Refused(f"没有“{new.role}”这一角色：可用 {'、'.join(USER_ROLES)}", f"there is no role “{new.role}”")
    row = {
        "name": new.name.strip(),
        "display_name": new.display_name,
        "password_hash": await _hash(new.password, new.name),
        "role": new.role,
        "scope": new.area.scope,
        "scope_id": new.area.id,
        "person_id": new.person_id,
    }
    return int((await connection.execute(insert(users).values(row).returning(users.c.id))).scalar_one())


async def change_password(connection: AsyncConnection, user_id: int, password: str) -> None:
    """Give a user a new password, unlock the account and end every session of it.

    Raises
    ------
    NotFound
        There is no such user.
    Refused
        The password is too poor.
    """
    name = await connection.scalar(select(users.c.name).where(users.c.id == user_id))
    if name is None:
        raise NotFound(f"没有编号为 {user_id} 的用户", f"there is no user {user_id}")
    values = {
        "password_hash": await _hash(password, str(name)),
        "password_changed_at": func.now(),
        "failed_attempts": 0,
        "locked_until": None,
    }
    await connection.execute(update(users).where(users.c.id == user_id).values(values))
    await connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


async def set_disabled(connection: AsyncConnection, user_id: int, *, disabled: bool) -> None:
    """Shut a user out, at once and out of running sessions too, or let the user in again.

    Raises
    ------
    NotFound
        There is no such user.
    """
    done = await connection.execute(update(users).where(users.c.id == user_id).values(disabled=disabled))
    if done.rowcount == 0:
        raise NotFound(f"没有编号为 {user_id} 的用户", f"there is no user {user_id}")
    if disabled:
        await connection.execute(delete(sessions).where(sessions.c.user_id == user_id))


async def sign_in(connection: AsyncConnection, name: str, password: str, strangers: Strangers) -> SignIn:
    """Check a name and a password.

    After five failures in a row the name is locked for a quarter of an hour, whatever password comes; who tries it at
    the same moment waits in line, so nobody gets a sixth attempt. A name that is no account's is treated alike, with
    as much work, or the answer or its time would tell which accounts there are; `strangers` remembers how it failed.
    The transaction must be committed either way.
    """
    name = name.strip()
    await connection.execute(select(func.pg_advisory_xact_lock(SIGNING_IN, func.hashtext(name))))
    held = select(users.c.id, users.c.password_hash, users.c.failed_attempts, users.c.disabled, users.c.locked_until)
    row = (await connection.execute(held.where(users.c.name == name).with_for_update())).one_or_none()
    now: datetime = (await connection.execute(select(func.now()))).scalar_one()
    failures = strangers.failures(name) if row is None else Failures(row.failed_attempts, row.locked_until)
    fits = await asyncio.to_thread(verify_password, "" if row is None else row.password_hash, password)
    if failures.locked(now):
        return SignIn(None, failures.locked_until)
    if row is None or not fits:
        failures = failures.one_more(now)
        if row is None:
            strangers.remember(name, failures)
        else:
            counted = {"failed_attempts": failures.count, "locked_until": failures.locked_until}
            await connection.execute(update(users).where(users.c.id == row.id).values(counted))
        return SignIn(None, failures.locked_until)
    if row.disabled:
        return SignIn(None)
    mine = users.c.id == row.id
    values: dict[str, Any] = {"failed_attempts": 0, "locked_until": None}
    if needs_renewal(row.password_hash):
        values["password_hash"] = await asyncio.to_thread(hash_password, password)
    await connection.execute(update(users).where(mine).values(values))
    return SignIn(_user((await connection.execute(_users().where(mine))).one()))


async def find_user(connection: AsyncConnection, name: str) -> User | None:
    """Return the user of a name, for whom an entrance of the county's own vouches; None where shut out or unknown."""
    question = _users().where(users.c.name == name.strip(), ~users.c.disabled)
    row = (await connection.execute(question)).one_or_none()
    return None if row is None else _user(row)


async def start_session(connection: AsyncConnection, user_id: int) -> str:
    """Start a session and return its token, which is kept nowhere but with the caller."""
    token = secrets.token_urlsafe(32)
    await connection.execute(delete(sessions).where(~_lasting()))
    expires = func.now() + timedelta(hours=SESSION_HOURS)
    await connection.execute(insert(sessions).values(user_id=user_id, token_hash=_digest(token), expires_at=expires))
    return token


async def read_session(connection: AsyncConnection, token: str) -> User | None:
    """Return whose session a token is, and note that it was used; None where it has ended or idled for an hour."""
    mine = (
        (sessions.c.token_hash == _digest(token))
        & _lasting()
        & (sessions.c.last_seen_at > func.now() - timedelta(minutes=IDLE_MINUTES))
    )
    user_id = await connection.scalar(
        update(sessions).where(mine).values(last_seen_at=func.now()).returning(sessions.c.user_id)
    )
    if user_id is None:
        return None
    row = (await connection.execute(_users().where(users.c.id == user_id, ~users.c.disabled))).one_or_none()
    return None if row is None else _user(row)


def _lasting() -> ColumnElement[bool]:
    """Tell of which sessions the time is not over; one that lasts longer than any was begun by a wrong clock."""
    longest = timedelta(hours=SESSION_HOURS, minutes=CLOCK_MINUTES)
    return sessions.c.expires_at.between(func.now(), func.now() + longest)


async def end_session(connection: AsyncConnection, token: str) -> User | None:
    """End a session and return whose it was; None where there is none, which is no fault."""
    ending = delete(sessions).where(sessions.c.token_hash == _digest(token)).returning(sessions.c.user_id)
    user_id = await connection.scalar(ending)
    if user_id is None:
        return None
    return _user((await connection.execute(_users().where(users.c.id == user_id))).one())


async def read_users(connection: AsyncConnection) -> list[User]:
    """Read every user, by name."""
    return [_user(row) for row in await connection.execute(_users().order_by(users.c.name))]


def _users() -> Select[Any]:
    wanted = ("id", "name", "display_name", "role", "scope", "scope_id", "person_id", "disabled", "locked_until")
    return select(*[users.c[name] for name in wanted])


def _user(row: Any) -> User:
    area = Area(row.scope, row.scope_id)
    return User(row.id, row.name, row.display_name, row.role, area, row.person_id, row.disabled, row.locked_until)


async def _hash(password: str, name: str) -> str:
    """Hash a password that is not too poor."""
    refuse_poor(password, name)
    return await asyncio.to_thread(hash_password, password)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
