"""In by the county's own entrance: OpenID Connect against a real provider, and a header from a trusted peer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from live_service import PASSWORD, Live, live_service

from app.api.openid import OpenId
from app.api.peers import source_of
from app.api.refusals import PER_MINUTE_FROM_ONE, PER_MINUTE_IN_ALL, Refusals
from app.settings import OidcSettings, read_settings
from app.store.audit import Entry, read_audit

PUBLIC = "http://testserver"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Run the provider; return its address."""
    command = [sys.executable, str(Path(__file__).with_name("oidc_provider.py"))]
    environ = {**os.environ, "ACCOUNT": "u-community"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def entrance(postgis) -> Iterator[Live]:
    """Run a service with a peer that may name accounts."""
    trusted = {"peers": (ip_network("10.9.0.0/24"),), "user_header": "x-county-user"}
    with postgis.database() as settings, live_service(settings, **trusted) as live:
        yield live


def travel(live: Live, issuer: str, *, state: str = "", keep_cookie: bool = True, **more: str) -> httpx.Response:
    """Go out to a provider and come back; return the answer to the way back."""
    settings = OidcSettings(issuer, "jiexiang", "a secret of the client")

    async def go() -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as outside:
            application = live.application.app
            served = application.state.service
            application.state.service = replace(served, openid=OpenId(settings, PUBLIC, outside))
            try:
                client = live.asking("").inner
                client.cookies.clear()
                out = await client.get("/sign-in/county")
                if out.status_code != 303:
                    return out
                cookie = out.headers["set-cookie"]
                assert {"HttpOnly", "SameSite=lax", "Path=/sign-in/county"} <= set(cookie.split("; "))
                back = (await outside.get(out.headers["location"])).headers["location"]
                assert back.startswith(f"{PUBLIC}/sign-in/county/return?")
                query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
                query |= {"state": state or query["state"], **more}
                client.cookies.clear()
                headers = {"Cookie": cookie.split(";")[0]} if keep_cookie else {}
                return await client.get("/sign-in/county/return", params=query, headers=headers)
            finally:
                client.cookies.clear()
                application.state.service = served

    return live.runner.run(go())


def test_the_county_lets_in_whom_it_knows_and_we_know(entrance, provider):
    answer = travel(entrance, f"{provider}/good")
    assert answer.status_code == 200, answer.text
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("jiexiang="))
    assert "SameSite=strict" in cookie
    told = entrance.asking("").get("/me", headers={"Cookie": cookie.split(";")[0]}).json()
    assert (told["name"], told["role"]) == ("u-community", "community")


def test_what_else_the_county_says_on_the_way_back_is_passed_over(entrance, provider):
    answer = travel(entrance, f"{provider}/good", session_state="x", authuser="0", scope="openid profile")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "fault",
    [
        "wrong-issuer", "wrong-audience", "two-audiences", "expired", "wrong-nonce", "wrong-key", "unsigned",
        "signed-with-the-secret", "stranger",
    ],
)  # fmt: skip
def test_a_token_with_one_fault_lets_nobody_in(entrance, provider, fault):
    answer = travel(entrance, f"{provider}/{fault}")
    assert answer.status_code == 401
    assert "jiexiang=" not in answer.headers.get("set-cookie", "")
    assert_shown_on_the_form(answer, "没有开通" if fault == "stranger" else "请再试一次")


def test_the_way_back_must_be_the_way_out(entrance, provider):
    for changed in ({"state": "another"}, {"keep_cookie": False}):
        answer = travel(entrance, f"{provider}/good", **changed)
        assert answer.status_code == 401
        assert_shown_on_the_form(answer, "登录页面过期了，请再试一次")


def test_a_provider_that_is_another_or_silent_is_no_fault_of_whoever_signs_in(entrance, provider):
    for issuer in (f"{provider}/other-issuer", "http://127.0.0.1:9/none"):
        answer = travel(entrance, issuer)
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        assert_shown_on_the_form(answer, "统一登录暂时没有应答")


RETURN = "/sign-in/county/return"


@pytest.fixture
def news(entrance):
    """Return a function that gives what the audit holds since the test began, none of it left out for earlier tests."""

    async def read(store, after=0):
        async with store.reading() as connection:
            return await read_audit(connection, after=after, most=100_000)

    journal = entrance.service.journal
    journal.refusals = Refusals()
    entrance.runner.run(journal.flush())
    before = len(entrance.run(read))

    def entries():
        entrance.runner.run(journal.flush())
        return [one.entry for one in entrance.run(lambda store: read(store, before))]

    return entries


def come_back(live: Live, issuer: str, query: str, cookie: str = "") -> httpx.Response:
    """Come back without having gone out, with whatever somebody has made up."""

    async def go() -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as outside:
            application = live.application.app
            served = application.state.service
            openid = OpenId(OidcSettings(issuer, "jiexiang", "a secret of the client"), PUBLIC, outside)
            application.state.service = replace(served, openid=openid)
            try:
                headers = {"Cookie": f"jiexiang-journey={cookie}"} if cookie else {}
                return await live.asking("").inner.get(f"{RETURN}?{query}", headers=headers)
            finally:
                application.state.service = served

    return live.runner.run(go())


def test_a_return_that_is_refused_is_written_down_without_what_it_brought(entrance, provider, news):
    travel(entrance, f"{provider}/wrong-nonce")
    travel(entrance, f"{provider}/stranger")
    travel(entrance, f"{provider}/good", state="another")
    assert come_back(entrance, "http://127.0.0.1:9/none", "code=c&state=s", "s.n.v").status_code == 503
    assert come_back(entrance, f"{provider}/good", "error=access_denied&state=s", "s.n.v").status_code == 401
    assert come_back(entrance, f"{provider}/good", "state=" + "s" * 5000).status_code == 400
    source = "127.0.0.1"
    told = [Entry("", None, "", f"GET {RETURN}", "", source, result) for result in ("401", "401", "401", "503", "401")]
    assert news() == [*told, replace(told[0], result="400")]


def test_a_return_that_succeeds_is_written_once_with_whose_it_is(entrance, provider, news):
    travel(entrance, f"{provider}/good")
    assert [(one.actor_kind, one.actor, one.result) for one in news()] == [("user", "u-community", "ok")]


def test_made_up_returns_fill_no_disk_and_the_next_entry_tells_how_many_they_were(entrance, provider, news):
    now = 100.0
    entrance.service.journal.refusals = Refusals(clock=lambda: now)
    for number in range(PER_MINUTE_FROM_ONE + 30):
        assert come_back(entrance, f"{provider}/good", f"code=c&state={number}").status_code == 401
    assert len(news()) == PER_MINUTE_FROM_ONE
    now += 60 / PER_MINUTE_FROM_ONE
    come_back(entrance, f"{provider}/good", "code=c&state=last")
    assert [one.details for one in news()[PER_MINUTE_FROM_ONE:]] == [{"unwritten": 30}]


def test_many_addresses_together_have_a_bound_too():
    now = 100.0
    refusals = Refusals(clock=lambda: now)
    entries = [Entry("", None, "", "x", source=f"2001:db8:0:{number:x}::1") for number in range(10 * PER_MINUTE_IN_ALL)]
    written = [one for one in map(refusals.admit, entries) if one is not None]
    assert len(written) == PER_MINUTE_IN_ALL
    now += 60
    assert [one.details for one in map(refusals.admit, entries[:2])] == [{"unwritten": 9 * PER_MINUTE_IN_ALL}, {}]


def test_where_there_is_no_entrance_nobody_is_written_down_for_asking(entrance, news):
    assert entrance.asking("").get(f"{RETURN}?code=c&state=s").status_code == 404
    assert news() == []


def assert_shown_on_the_form(answer: httpx.Response, fault: str) -> None:
    """Whoever comes back to a browser reads a page, with the way to try again."""
    assert answer.headers["content-type"].startswith("text/html")
    assert fault in answer.text
    assert '<a href="/sign-in/county">' in answer.text
    assert "form-action 'self'" in answer.headers["content-security-policy"]


def test_the_form_offers_the_entrance_where_there_is_one(entrance):
    application = entrance.application.app
    served, settings = application.state.service, OidcSettings("https://sso.example", "jiexiang", "a secret")
    assert "/sign-in/county" not in entrance.asking("").get("/sign-in").text
    application.state.service = replace(served, openid=OpenId(settings, PUBLIC, httpx.AsyncClient(trust_env=False)))
    try:
        assert '<a href="/sign-in/county">' in entrance.asking("").get("/sign-in").text
        wrong = entrance.asking("").post("/sign-in", data={"name": "u-town", "password": "wrong horse 9"})
        assert wrong.status_code == 401
        assert '<a href="/sign-in/county">' in wrong.text
    finally:
        application.state.service = served


def test_a_code_works_once_and_only_with_its_verifier(entrance, provider):
    from app.api.errors import NotSignedIn
    from app.api.openid import Journey

    settings = OidcSettings(f"{provider}/good", "jiexiang", "a secret of the client")

    async def go() -> None:
        async with httpx.AsyncClient(trust_env=False) as outside:
            openid, journey = OpenId(settings, PUBLIC, outside), Journey.begin()
            for verifier in ("another", journey.verifier):
                back = (await outside.get(await openid.address(journey))).headers["location"]
                code = parse_qs(urlsplit(back).query)["code"][0]
                tried = replace(journey, verifier=verifier)
                if verifier == "another":
                    with pytest.raises(NotSignedIn):
                        await openid.find_name(code, tried)
                else:
                    assert await openid.find_name(code, tried) == "u-community"
                    with pytest.raises(NotSignedIn):
                        await openid.find_name(code, tried)

    entrance.runner.run(go())


# -- a header from a trusted peer -------------------------------------------------------------------------------------


def ask_from(live: Live, address: str, headers: dict[str, str], method: str = "GET", path: str = "/me"):
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(live.application, client=(address, 1), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
            return await client.request(method, path, headers=headers)

    return live.runner.run(go())


def test_a_peer_names_whom_it_has_let_in(entrance):
    answer = ask_from(entrance, "10.9.0.7", {"X-County-User": "u-town"})
    assert answer.json()["name"] == "u-town"
    assert ask_from(entrance, "10.9.0.7", {"X-County-User": "u-none"}).status_code == 401
    assert ask_from(entrance, "10.9.0.7", {}).status_code == 401


@pytest.mark.parametrize("address", ["10.9.1.7", "127.0.0.1", "::1", "", "testclient"])
def test_nobody_else_may_name_anybody(entrance, address):
    headers = {"X-County-User": "u-county", "X-Forwarded-For": "10.9.0.7"}
    assert ask_from(entrance, address, headers).status_code == 401
    key = {"Authorization": f"Bearer {entrance.keys['county']}"}
    assert ask_from(entrance, address, {**headers, **key}).status_code == 401
    assert ask_from(entrance, address, key).status_code == 200


def test_a_header_that_is_not_asked_for_is_no_name(live):
    assert ask_from(live, "10.9.0.7", {"X-County-User": "u-county"}).status_code == 401


def test_no_cookie_can_pass_for_a_name(entrance):
    cookie = {"Cookie": b"jiexiang=\x00vouched:u-county"}
    assert ask_from(entrance, "127.0.0.1", cookie).status_code == 401
    assert ask_from(entrance, "127.0.0.1", {"Cookie": b"jiexiang=\xff\xfe"}).status_code == 401


def test_another_site_cannot_use_the_entrance_to_change_something(entrance):
    headers = {"X-County-User": "u-county", "Origin": "https://evil.example"}
    assert ask_from(entrance, "10.9.0.7", headers, "DELETE", "/session").status_code == 403


def test_only_peers_are_believed_about_where_a_request_comes_from():
    peers = (ip_network("10.9.0.0/24"),)

    def source(peer: str, told: str) -> str:
        return source_of({"client": (peer, 1), "headers": [(b"x-forwarded-for", told.encode())]}, peers)

    assert source("10.9.0.7", "1.1.1.1, 192.0.2.5") == "192.0.2.5"
    assert source("10.9.0.7", "192.0.2.5, 10.9.0.8") == "192.0.2.5"
    assert source("203.0.113.1", "192.0.2.5") == "203.0.113.1"
    assert source("10.9.0.7", "<script>") == "10.9.0.7"


@pytest.mark.parametrize(
    "environ",
    [
        {"JIEXIANG_USER_HEADER": "X-User"}, {"JIEXIANG_USER_HEADER": "Cookie", "JIEXIANG_PEERS": "10.0.0.1"},
        {"JIEXIANG_PEERS": "entrance.example"}, {"JIEXIANG_OIDC_ISSUER": "https://sso.example"},
        {"JIEXIANG_OIDC_ISSUER": "http://sso.example", "JIEXIANG_OIDC_CLIENT": "x", "JIEXIANG_PUBLIC_URL": "https://x"},
    ],
)  # fmt: skip
def test_settings_that_would_let_in_too_many_are_refused(environ):
    with pytest.raises(ValueError, match="JIEXIANG_"):
        read_settings(environ, results_to_terminal=False, progress_to_terminal=False)


def test_a_password_is_still_taken_where_the_county_has_an_entrance(entrance):
    answer = entrance.asking("").post("/session", json={"name": "u-town", "password": PASSWORD})
    entrance.asking("").inner.cookies.clear()
    assert answer.status_code == 201
