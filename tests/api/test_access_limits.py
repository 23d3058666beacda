"""How long sessions last, how often one may ask or fail, and where a key must not stand."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator

import pytest
from live_service import PASSWORD, Live, live_service
from sqlalchemy import text

from app.api.logs import RequestLog
from app.store import lockout
from app.store.users import IDLE_MINUTES, SESSION_HOURS


@pytest.fixture(scope="module")
def limited(postgis) -> Iterator[Live]:
    """Run a service with tight limits."""
    limits = {"requests_per_second": 5.0, "failures_per_minute": 6.0}
    with postgis.database() as settings, live_service(settings, **limits) as live:
        yield live


def sign_in(live: Live, name: str, password: str = PASSWORD):
    answer = live.asking("").post("/session", json={"name": name, "password": password})
    live.asking("").inner.cookies.clear()
    return answer


def cookie_of(live: Live, name: str) -> dict[str, str]:
    return {"Cookie": sign_in(live, name).headers["set-cookie"].split(";")[0]}


def execute(live: Live, statement: str, **values: object):
    async def go(store):
        async with store.writing() as connection:
            return (
                (await connection.execute(text(statement), values)).all()
                if statement.startswith("SELECT")
                else (await connection.execute(text(statement), values))
            )

    return live.run(go)


AGED = {
    "last_seen_at": "UPDATE sessions SET last_seen_at = last_seen_at - make_interval(mins => :m)",
    "expires_at": "UPDATE sessions SET expires_at = expires_at - make_interval(mins => :m)",
}

# -- sessions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "minutes", "status"),
    [
        ("last_seen_at", IDLE_MINUTES + 1, 401),
        ("last_seen_at", IDLE_MINUTES - 1, 200),
        ("expires_at", SESSION_HOURS * 60 + 1, 401),
        ("expires_at", SESSION_HOURS * 60 - 1, 200),
    ],
)
def test_a_session_ends_when_it_idles_and_when_it_is_old(live, column, minutes, status):
    execute(live, "DELETE FROM sessions")
    mine = cookie_of(live, "u-county")
    execute(live, AGED[column], m=minutes)
    assert live.asking("").get("/me", headers=mine).status_code == status


def test_asking_keeps_a_session_awake_but_not_for_ever(live):
    execute(live, "DELETE FROM sessions")
    mine = cookie_of(live, "u-county")
    [before] = execute(live, "SELECT expires_at, last_seen_at FROM sessions")
    time.sleep(0.01)
    live.asking("").get("/me", headers=mine)
    [after] = execute(live, "SELECT expires_at, last_seen_at FROM sessions")
    assert after.last_seen_at > before.last_seen_at
    assert after.expires_at == before.expires_at


def test_the_token_of_a_session_is_kept_nowhere(live):
    token = cookie_of(live, "u-county")["Cookie"].partition("=")[2]
    kept = execute(live, "SELECT CAST(sessions AS text) AS row FROM sessions")
    assert kept
    assert all(token not in one.row for one in kept)


# -- limits -----------------------------------------------------------------------------------------------------------


def test_a_key_that_asks_too_often_is_told_when_to_come_again_and_others_are_not(limited):
    answers = [limited.asking("system").get("/me") for _ in range(15)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert answers[9].status_code == 200
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1
    assert refused[0].json()["type"].endswith("too-many")
    assert limited.asking("planner").get("/me").status_code == 200
    time.sleep(0.5)
    assert limited.asking("system").get("/me").status_code == 200


def test_one_address_may_fail_only_so_often_whatever_names_it_tries(limited):
    answers = [sign_in(limited, f"made-up-{number}", "wrong password 1") for number in range(7)]
    assert [answer.status_code for answer in answers] == [401] * 6 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert sign_in(limited, "u-county").status_code == 429
    page = limited.asking("").post("/sign-in", data={"name": "u-county", "password": PASSWORD})
    assert page.status_code == 429
    assert int(page.headers["retry-after"]) >= 1


def test_nobody_learns_from_a_lock_which_accounts_there_are(live):
    def fail(name: str) -> list[tuple[int, str]]:
        answers = [sign_in(live, name, "wrong password 1") for _ in range(6)]
        return [(answer.status_code, answer.json()["type"]) for answer in answers]

    assert fail("u-neighbour") == fail("nobody-at-all")
    told = sign_in(live, "nobody-at-all").json()["detail"], sign_in(live, "u-neighbour").json()["detail"]
    assert [words[:10] for words in told] == ["失败次数过多，请在 "] * 2


def test_a_lock_is_of_the_name_that_is_looked_up_whether_there_is_an_account(live):
    execute(live, "UPDATE users SET failed_attempts = 0, locked_until = NULL")

    def fail(name: str) -> list[int]:
        tried = [name.upper()] * 4 + [name, f" {name} ", f"{name}\u3000", name] + [name, name.upper()]
        return [sign_in(live, one, "wrong password 1").status_code for one in tried]

    assert fail("u-planner") == fail("ghost") == [401] * 8 + [429] * 2


def test_when_a_lock_has_ended_failures_are_counted_anew_whether_there_is_an_account(live, monkeypatch):
    monkeypatch.setattr(lockout, "LOCK_MINUTES", 0)
    execute(live, "UPDATE users SET failed_attempts = 0, locked_until = NULL")

    def fail(name: str) -> list[int]:
        return [sign_in(live, name, "wrong password 1").status_code for _ in range(11)]

    assert fail("u-community") == fail("nobody-for-long") == ([401] * 4 + [429]) * 2 + [401]


def test_a_lock_ends_by_itself(live):
    for _ in range(5):
        sign_in(live, "u-town", "wrong password 1")
    assert sign_in(live, "u-town").status_code == 429
    execute(live, "UPDATE users SET locked_until = now() - interval '1 second' WHERE name = 'u-town'")
    assert sign_in(live, "u-town").status_code == 201


# -- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["plain", "escaped", "path"])
@pytest.mark.parametrize(
    "route", ["/me", "/locate", "/grids", "/health/live", "/docs", "/openapi.json", "/sign-in", "/x"]
)
def test_a_key_in_an_address_is_refused_everywhere_and_not_logged(live, route, written, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(live.application, "log", RequestLog(stream))
    monkeypatch.setattr(sys, "stderr", stream)
    key = live.keys["county"]
    escaped = "".join(f"%{ord(sign):02x}" for sign in key)
    address = {"plain": f"{route}?key={key}", "escaped": f"{route}?a=1&b={escaped}", "path": f"{route}/{key}"}[written]
    answer = live.asking("county").get(address)
    assert answer.status_code == 400
    assert "Authorization" in answer.json()["detail"]
    assert stream.getvalue()
    for secret in (key, escaped, key.split("_", 2)[2][:10]):
        assert secret not in stream.getvalue() + answer.text


def test_the_last_use_of_a_key_is_noted(live):
    live.asking("planner").get("/me")
    [row] = execute(live, "SELECT last_used_at, secret_hash FROM api_keys WHERE name = 'planner'")
    assert row.last_used_at is not None
    assert len(row.secret_hash) == 32


def test_a_key_that_expires_is_refused_within_a_second(live):
    assert live.asking("neighbour").get("/me").status_code == 200
    execute(live, "UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE name = 'neighbour'")
    time.sleep(1.0)
    assert live.asking("neighbour").get("/me").status_code == 401
