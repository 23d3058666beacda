"""Users and keys: poor passwords refused, lock-out that nobody races past, sessions and keys that end at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from app.store import lockout, passwords
from app.store.areas import COUNTY, Area
from app.store.errors import Conflict, NotFound, Refused
from app.store.keys import add_key, find_key, note_use, read_keys, revoke_key
from app.store.lockout import MOST_FAILURES, Failures, Strangers
from app.store.users import (
    NewUser,
    add_user,
    change_password,
    end_session,
    read_session,
    read_users,
    set_disabled,
    sign_in,
    start_session,
)

PASSWORD = "correct horse 7"  # noqa: S105  nobody's


async def add(store, name: str = "li", password: str = PASSWORD, role: str = "county", area: Area = COUNTY) -> int:
    async with store.writing() as connection:
        return await add_user(connection, NewUser(name, password, role, area))


async def attempt(store, password: str, name: str = "li", strangers: Strangers | None = None):
    async with store.writing() as connection:
        return await sign_in(connection, name, password, strangers or Strangers())


def test_who_knows_the_password_comes_in_and_nobody_else(within):
    async def go(store):
        number = await add(store, area=Area("town", 3), role="town")
        user = (await attempt(store, PASSWORD)).user
        assert (user.id, user.role, user.area) == (number, "town", Area("town", 3))
        assert (await attempt(store, "wrong horse 7")).user is None
        assert (await attempt(store, PASSWORD, "nobody")).user is None
        async with store.reading() as connection:
            kept = await connection.scalar(text("SELECT password_hash FROM users"))
        assert kept.startswith("$argon2id$")

    within(go)


@pytest.mark.parametrize("password", ["", "short 1", "onlyletters", "1234567890123", "li knows it 1"])
def test_poor_passwords_are_refused(within, password):
    async def go(store):
        with pytest.raises(Refused, match="密码"):
            await add(store, password=password)

    within(go)


def test_roles_and_names_are_checked(within):
    async def go(store):
        await add(store)
        with pytest.raises(Conflict, match="同名"):
            await add(store)
        with pytest.raises(Refused, match="king"):
            await add(store, name="wang", role="king")
        with pytest.raises(ValueError, match="no area"):
            Area("town")

    within(go)


def test_after_five_failures_even_the_right_password_waits(within):
    async def go(store):
        await add(store)
        for _ in range(MOST_FAILURES):
            told = await attempt(store, "wrong horse 7")
        assert told.locked_until > datetime.now(UTC) + timedelta(minutes=10)
        assert (await attempt(store, PASSWORD)).user is None
        async with store.writing() as connection:
            await connection.execute(text("UPDATE users SET locked_until = now() - interval '1 second'"))
        assert (await attempt(store, "wrong horse 7")).locked_until is None  # counting begins anew
        assert (await attempt(store, PASSWORD)).user is not None

    within(go)


def test_attempts_at_once_are_counted_one_by_one(within):
    async def go(store):
        await add(store)
        await asyncio.gather(*[attempt(store, f"guess number {number}") for number in range(8)])
        async with store.reading() as connection:
            assert await connection.scalar(text("SELECT failed_attempts FROM users")) == MOST_FAILURES

    within(go)


class Counting(PasswordHasher):
    """Counts how often Argon2 runs, and how often at the same moment."""

    def __init__(self) -> None:
        super().__init__()
        self.runs, self.running, self.together = 0, 0, 0

    def verify(self, hashed, password):
        if not hashed.startswith("$argon2id$"):
            return super().verify(hashed, password)
        self.runs, self.running = self.runs + 1, self.running + 1
        self.together = max(self.together, self.running)
        try:
            return super().verify(hashed, password)
        finally:
            self.running -= 1


@pytest.fixture
def argon2(monkeypatch) -> Counting:
    """Count what Argon2 does."""
    counting = Counting()
    monkeypatch.setattr(passwords, "_HASHER", counting)
    return counting


@pytest.mark.parametrize("name", ["li", "nobody", "vouched"])
def test_every_attempt_is_as_much_work_whether_there_is_an_account_and_whether_it_is_locked(within, argon2, name):
    async def go(store):
        await add(store)
        await add(store, "vouched")
        async with store.writing() as connection:
            await connection.execute(text("UPDATE users SET password_hash = '!' WHERE name = 'vouched'"))
        strangers, work = Strangers(), []
        for _ in range(MOST_FAILURES + 2):
            argon2.runs = 0
            told = await attempt(store, "wrong horse 7", name, strangers)
            work.append((argon2.runs, told.user, told.locked_until is not None))
        assert work == [(1, None, False)] * (MOST_FAILURES - 1) + [(1, None, True)] * 3

    within(go)


@pytest.mark.parametrize("name", ["li", "nobody"])
def test_who_tries_a_name_at_the_same_moment_waits_in_line_whether_there_is_an_account(within, argon2, name):
    async def go(store):
        await add(store)
        strangers = Strangers()
        told = await asyncio.gather(*[attempt(store, f"guess number {one}", name, strangers) for one in range(4)])
        assert [one.locked_until for one in told] == [None] * 4
        assert (argon2.runs, argon2.together) == (4, 1)

    within(go)


def test_made_up_names_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(lockout, "MOST_REMEMBERED", 10)
    strangers = Strangers()
    for number in range(100):
        strangers.remember(str(number), Failures(3))
    assert [strangers.failures(name).count for name in ("0", "89", "90", "99")] == [0, 0, 3, 3]


def test_a_session_ends_by_itself_by_sign_out_and_with_the_user(within):
    async def go(store):
        number = await add(store)

        async def begin() -> str:
            async with store.writing() as connection:
                return await start_session(connection, number)

        async def alive(token: str) -> bool:
            async with store.writing() as connection:
                return await read_session(connection, token) is not None

        for ending in (
            "UPDATE sessions SET last_seen_at = now() - interval '61 minutes'",
            "UPDATE sessions SET expires_at = now() - interval '1 second'",
        ):
            token = await begin()
            assert await alive(token)
            async with store.writing() as connection:
                await connection.execute(text(ending))
            assert not await alive(token)
        for end in (
            lambda connection, token: end_session(connection, token),
            lambda connection, _: set_disabled(connection, number, disabled=True),
            lambda connection, _: change_password(connection, number, "another horse 8"),
        ):
            async with store.writing() as connection:
                await set_disabled(connection, number, disabled=False)
            token = await begin()
            assert await alive(token)
            async with store.writing() as connection:
                await end(connection, token)
            assert not await alive(token)
        assert not await alive("made up")
        async with store.reading() as connection:
            assert [user.name for user in await read_users(connection)] == ["li"]

    within(go)


def test_a_key_is_shown_once_kept_as_a_digest_and_found_again(within):
    async def go(store):
        async with store.writing() as connection:
            key = await add_key(connection, "城管系统", Area("town", 3), created_by="li")
            found = await find_key(connection, key)
            assert (found.name, found.role, found.area) == ("城管系统", "system", Area("town", 3))
            await note_use(connection, found.id)
            for wrong in ("", "jx", key[:-1], key.replace("jx_", "jy_"), key[:16] + "0" * 30, f"{key}x"):
                assert await find_key(connection, wrong) is None
        async with store.reading() as connection:
            [listed] = await read_keys(connection)
            assert listed.last_used_at is not None
            everything = await connection.scalar(text("SELECT string_agg(api_keys::text, ' ') FROM api_keys"))
        assert key.split("_", 2)[2] not in everything  # the secret may hold what parts it from the prefix

    within(go)


def test_keys_expire_and_are_revoked_for_good(within):
    async def go(store):
        async with store.writing() as connection:
            past = datetime.now(UTC) - timedelta(seconds=1)
            old = await add_key(connection, "old", COUNTY, expires_at=past)
            key = await add_key(connection, "new", COUNTY)
            prefix = key.split("_")[1]
            assert await find_key(connection, old) is None
            await revoke_key(connection, prefix)
            assert await find_key(connection, key) is None
            with pytest.raises(Conflict):
                await revoke_key(connection, prefix)
            with pytest.raises(NotFound):
                await revoke_key(connection, "nothing")
            with pytest.raises(Refused):
                await add_key(connection, " ", COUNTY)

    within(go)


def test_of_two_who_revoke_a_key_at_once_one_is_told_that_it_was_done(within):
    async def go(store):
        async with store.writing() as connection:
            prefix = (await add_key(connection, "key", COUNTY)).split("_")[1]

        async def revoke() -> None:
            async with store.writing() as connection:
                await revoke_key(connection, prefix)

        outcomes = await asyncio.gather(revoke(), revoke(), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]

    within(go)
