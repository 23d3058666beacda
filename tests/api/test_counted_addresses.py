"""Limits by address: one who has a whole network of IPv6 addresses is one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from live_service import PASSWORD, Live, live_service

from app.api.peers import counted_as
from app.api.refusals import PER_MINUTE_FROM_ONE, Refusals
from app.store.audit import read_audit

FAILURES = 3


@pytest.fixture(scope="module")
def limited(postgis) -> Iterator[Live]:
    """Run a service that takes few wrong passwords from an address."""
    with postgis.database() as settings, live_service(settings, failures_per_minute=float(FAILURES)) as live:
        yield live


def post_from(live: Live, address: str, path: str, **sent: Any) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(live.application, client=(address, 1), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.post(path, **sent)

    return live.runner.run(go())


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.5", "192.0.2.5"),
        ("::ffff:192.0.2.5", "192.0.2.5"),
        ("::FFFF:c000:205", "192.0.2.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::6", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_an_address_is_counted_as_what_one_is_given(address, counted):
    assert counted_as(address) == counted


@pytest.mark.parametrize(
    ("mine", "another"),
    [
        (["2001:db8:1:2::{}", "2001:db8:1:2:ffff::{}"], "2001:db8:1:3::1"),
        (["192.0.2.5", "::ffff:192.0.2.5"], "::ffff:192.0.2.6"),
    ],
    ids=["network", "mapped"],
)
def test_wrong_passwords_are_counted_by_who_has_the_addresses(limited, mine, another):
    addresses = [mine[number % 2].format(number) for number in range(1, FAILURES + 2)]
    wrong = {"password": "wrong password 1"}
    statuses = [
        post_from(limited, address, "/session", json={"name": f"made-up-{number}-{mine[0]}", **wrong}).status_code
        for number, address in enumerate(addresses)
    ]
    assert statuses == [401] * FAILURES + [429]
    right = {"name": "u-county", "password": PASSWORD}
    assert post_from(limited, another, "/session", json=right).status_code == 201


def test_one_network_does_not_crowd_others_out_of_the_audit(limited):
    limited.service.journal.refusals = Refusals(clock=lambda: 100.0)
    for number in range(PER_MINUTE_FROM_ONE + 5):
        address = f"2001:db8:7:7::{number:x}"
        assert post_from(limited, address, "/session", json={"nonsense": 1}).status_code == 400
    assert post_from(limited, "2001:db8:7:8::1", "/session", json={"nonsense": 1}).status_code == 400
    limited.runner.run(limited.service.journal.flush())

    async def read(store):
        async with store.reading() as connection:
            return [one.entry for one in await read_audit(connection, most=10_000)]

    written = [entry for entry in limited.run(read) if entry.source.startswith("2001:db8:7:")]
    assert [entry.source for entry in written] == [
        *(f"2001:db8:7:7::{number:x}" for number in range(PER_MINUTE_FROM_ONE)),
        "2001:db8:7:8::1",
    ]
    assert written[-1].details["unwritten"] == 5
