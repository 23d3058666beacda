"""Connections: few, short, whole transactions; and whatever the database says, the store says in its own words."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from app.store import connect
from app.store.connect import open_store
from app.store.errors import Conflict, NotFound, Refused, StoreError, StoreUnavailable


def test_reading_changes_nothing_and_sees_one_moment(within):
    async def go(store):
        async with store.reading() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM towns")) == 0
            async with store.writing() as other:
                await other.execute(text("INSERT INTO towns (code) VALUES ('1')"))
            assert await connection.scalar(text("SELECT count(*) FROM towns")) == 0
        with pytest.raises(StoreError):
            async with store.reading() as connection:
                await connection.execute(text("INSERT INTO towns (code) VALUES ('2')"))

    within(go)


def test_writing_is_whole_or_not_at_all(within):
    async def go(store):
        with pytest.raises(NotFound):
            async with store.writing() as connection:
                await connection.execute(text("INSERT INTO towns (code) VALUES ('1')"))
                raise NotFound("x")
        with pytest.raises(Conflict):
            async with store.writing() as connection:
                await connection.execute(text("INSERT INTO towns (code) VALUES ('1'), ('1')"))
        async with store.reading() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM towns")) == 0

    within(go)


def test_no_words_of_the_driver_are_told_of_what_it_refuses(within):
    async def go(store):
        with pytest.raises(Refused) as caught:
            async with store.reading() as connection:
                await connection.execute(text("SELECT count(*) FROM towns WHERE code = :code"), {"code": "a\0b"})
        assert (str(caught.value), caught.value.english) == ("数据不合要求", "the data break a rule")

    within(go)


def test_no_more_connections_are_opened_than_allowed_and_who_waits_too_long_is_told(store_settings, monkeypatch):
    monkeypatch.setattr(connect, "WAIT_SECONDS", 0.2)

    async def go():
        few = replace(store_settings, connections=2)
        async with open_store(few.database_url, few) as store, store.reading(), store.reading():
            with pytest.raises(StoreUnavailable, match="用完"):
                async with store.reading():
                    pass

    asyncio.run(go())


def test_a_statement_that_takes_too_long_is_ended(store_settings):
    async def go():
        hasty = replace(store_settings, statement_seconds=0.2)
        async with open_store(hasty.database_url, hasty) as store:
            with pytest.raises(StoreUnavailable, match="用时过长"):
                async with store.reading() as connection:
                    await connection.execute(text("SELECT pg_sleep(5)"))
            async with store.reading() as connection:
                assert await connection.scalar(text("SELECT 1")) == 1

    asyncio.run(go())


def test_a_connection_that_is_cut_is_told_and_the_next_one_works(within):
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> :me"
    )

    async def go(store):
        with pytest.raises(StoreUnavailable):
            async with store.reading() as connection:
                async with store.writing() as other:
                    me = await other.scalar(text("SELECT pg_backend_pid()"))
                    await other.execute(cut, {"me": me})
                await connection.scalar(text("SELECT 1"))
        async with store.reading() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1

    within(go)


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("INSERT INTO communities (town_id) VALUES (99)", Conflict),
        ("INSERT INTO users (name, password_hash, role, scope) VALUES ('x', '', 'king', 'county')", Refused),
        ("INSERT INTO users (name, password_hash, role, scope) VALUES ('x', '', 'town', 'town')", Refused),
        ("SELECT 'x'::bigint", Refused),
        ("SELECT nothing FROM nowhere", StoreError),
    ],
)
def test_faults_are_told_in_words(within, statement, error):
    async def go(store):
        with pytest.raises(error) as told:
            async with store.writing() as connection:
                await connection.execute(text(statement))
        assert type(told.value) is error
        assert told.value.say("en") != told.value.say("zh")

    within(go)
