"""`jiexiang audit`: what commands leave in it, and two keys of one name, which are two in what is listed."""

from __future__ import annotations

import asyncio
import json

from app.store.audit import Entry, write_audit
from app.store.connect import open_store
from app.store.keys import read_keys


def test_every_command_that_changes_who_may_come_in_stands_in_the_audit(jiexiang_here, store_settings, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", store_settings.database_url)
    for words in (("add", "wang", "--role", "county"), ("password", "wang"), ("disable", "wang"), ("enable", "wang")):
        assert jiexiang_here("user", *words).exit_code == 0
    prefix = jiexiang_here("key", "add", "hotline").stdout.strip().split("_")[1]
    assert jiexiang_here("key", "revoke", prefix).exit_code == 0
    told = json.loads(jiexiang_here("audit", "list", "--json").stdout)["entries"]
    assert [(one["action"], one["subject"]) for one in told] == [
        *((f"user {word}", "wang") for word in ("add", "password", "disable", "enable")),
        ("key add", "hotline"),
        ("key revoke", prefix),
    ]


def test_entries_of_keys_of_one_name_are_told_apart_as_the_list_of_keys_does(
    jiexiang_here, store_settings, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", store_settings.database_url)
    prefixes = [jiexiang_here("key", "add", "hotline").stdout.strip().split("_")[1] for _ in range(2)]

    async def use_both() -> None:
        async with open_store(store_settings.database_url, store_settings) as store, store.writing() as connection:
            ids = {key.prefix: key.id for key in await read_keys(connection)}
            await write_audit(connection, [Entry("key", ids[one], "hotline", f"GET /{one}") for one in prefixes])

    asyncio.run(use_both())
    listed = {line.split()[0]: line.split()[1] for line in jiexiang_here("key", "list").stdout.splitlines()}
    assert len({listed[one] for one in prefixes}) == 2
    for one in prefixes:
        [line] = jiexiang_here("audit", "list", "--key", one).stdout.splitlines()
        assert f"GET /{one}" in line
        assert f"key:{listed[one]}" in line
    missing = jiexiang_here("audit", "list", "--key", "000000000000")
    assert (missing.exit_code, "000000000000" in missing.stderr) == (1, True)
