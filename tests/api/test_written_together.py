"""A change and its entry in the audit are one: where the entry cannot be written, nothing has changed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from live_service import CLERK, EVERY_STEP, FIRST, PASSWORD, SECOND, Live, live_service, point_in

from app.api.identity import COOKIE
from app.files.plans import write_plan
from app.store.areas import COUNTY
from app.store.audit import read_audit
from app.store.links import add_link, prefix_of
from app.store.notes import NewNote, add_note
from app.store.objections import NewObjection, add_objection
from app.store.places import find_grids
from app.store.plans import import_plan, take_step
from app.store.roles import SERVICE_ROLE
from app.store.tables import metadata
from app.store.users import read_users, start_session
from app.store.webhooks import add_webhook
from tests.store.drawn_plans import draw_plan

UNCHANGED = sorted(set(metadata.tables) - {"api_keys", "sessions"})
"""Every table but those in which it is noted that somebody asked at all; of sessions, which there are."""
NO_ENTRIES = f"REVOKE INSERT ON audit FROM {SERVICE_ROLE}"
ENTRIES_AGAIN = f"GRANT INSERT ON audit TO {SERVICE_ROLE}"
CUT_OFF = """
    CREATE FUNCTION cut_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_terminate_backend(pg_backend_pid());
        RETURN NEW;
    END $$;
    ALTER FUNCTION cut_off() SECURITY DEFINER;
    CREATE TRIGGER cut_off AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION cut_off()
"""
"""What ends a connection right after it has added an entry, before it can commit."""
CUT_OFF_NO_MORE = "DROP TRIGGER cut_off ON audit; DROP FUNCTION cut_off()"


@dataclass(frozen=True)
class Form:
    """What the form of a page sends."""

    fields: dict[str, str]


@dataclass(frozen=True)
class Changeable:
    """A service in which everything that can be changed is there, and the way of the owner to its database."""

    live: Live
    url: str
    names: dict[str, Any]

    def as_owner(self, ask: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
        async def go() -> Any:
            connection = await asyncpg.connect(self.url)
            try:
                return await ask(connection)
            finally:
                await connection.close()

        return self.live.runner.run(go())

    def do(self, statements: str) -> None:
        self.as_owner(lambda connection: connection.execute(statements))

    def contents(self) -> dict[str, str]:
        """Return what each table holds, as a digest."""

        async def read(connection: asyncpg.Connection) -> dict[str, str]:
            rows = "SELECT coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM {} t"
            held = {name: await connection.fetchval(rows.format(name)) for name in UNCHANGED}
            tokens = "SELECT string_agg(token_hash::text, ' ' ORDER BY token_hash) FROM sessions"
            return {**held, "sessions": await connection.fetchval(tokens)}

        return self.as_owner(read)

    def ask(self, change: str) -> httpx.Response:
        """Make a change that is possible."""
        method, _, path = change.partition(" ")
        body = CHANGES[change]
        options: dict[str, Any] = {"json": fill(body, self.names)} if isinstance(body, dict) else {}
        if isinstance(body, str):
            options = {"content": self.names["file"], "headers": {"Content-Type": body}}
        if isinstance(body, Form):
            options = {"data": body.fields}
        if change in OF_BROWSERS:
            options["headers"] = {"Cookie": f"{COOKIE}={self.names['sessions'][change]}"}
        client = self.live.asking("" if isinstance(body, Form) or change in OF_BROWSERS else "county")
        client.inner.cookies.clear()
        return client.request(method, path.format_map(self.names), **options)


def fill(body: Any, names: dict[str, Any]) -> Any:
    if isinstance(body, dict):
        return {name: fill(one, names) for name, one in body.items()}
    return names[body.strip("{}")] if isinstance(body, str) and body.startswith("{") else body


CHANGES: dict[str, Any] = {
    "POST /assignments": {"person_id": "{idle}", "grid_code": SECOND, "role": "兼职网格员", "since": "2033-01-01"},
    "POST /assignments/{assignment}/end": {"on": "2090-01-01"},
    "POST /assignments/{assignment}/move": {"grid_code": SECOND, "on": "2089-01-01"},
    "POST /webhooks": {"url": "http://127.0.0.1:9/"},
    "DELETE /webhooks/{webhook}": None,
    "POST /plans": "application/geopackage+sqlite3",
    "POST /plans/{draft}/papers?name=%E6%89%B9%E5%A4%8D.pdf": "application/octet-stream",
    "DELETE /plans/{needless}": None,
    "POST /plans/{draft}/steps": {"step": "reviewed"},
    "POST /plans/{draft}/publication": {"effective": "2090-01-01"},
    "POST /plans/{published}/withdrawal": {"on": "2098-01-01", "why": "试"},
    "POST /plans/{noticed}/objections": {"text": "不同意"},
    "POST /objections/{objection}/reply": {"reply": "已阅", "adopted": False},
    "POST /m/notes": {
        "id": "written-together", "grid_code": FIRST, "text": "试", "lon": point_in(1, 1)[0], "lat": point_in(1, 1)[1],
        "noted_at": "2026-01-31T08:00:00Z",
    },
    "POST /boundary-notes/{note}/handled": {"outcome": "已核"},
    "POST /notes/{other_note}": Form({"outcome": "已核"}),
    "POST /session": {"name": "u-planner", "password": PASSWORD},
    "DELETE /session": None,
    "POST /sign-in": Form({"name": "u-planner", "password": PASSWORD}),
    "POST /sign-out": Form({}),
    "POST /m/link": {"token": "{link}"},
}  # fmt: skip
"""Every operation that changes something, and the body that it is sent, or the kind of the file."""
OF_BROWSERS = {"POST /notes/{other_note}": "u-county", "DELETE /session": "u-town", "POST /sign-out": "u-town"}
"""What is asked with the cookie of a session, and whose it is."""
ACTORS = {"POST /session": "u-planner", "POST /sign-in": "u-planner", **OF_BROWSERS}
"""Whom an entry names, where it is not the key of the county."""
NOTHING = {
    "POST /locate": "many points are looked up",
    "POST /locate/workbook": "a workbook of points is looked up",
    "POST /standards/what-if": "what another room would change is reckoned, and kept nowhere",
}
"""What is sent with a body and changes nothing, and why."""


@pytest.fixture(scope="module")
def changeable(postgis, tmp_path_factory) -> Iterator[Changeable]:
    sent = tmp_path_factory.mktemp("sent") / "plan.gpkg"
    write_plan(draw_plan([5], note="交来"), sent)
    with postgis.database() as settings, live_service(settings) as live:
        names = live.run(lambda store: _prepare(store, sent.read_bytes()))
        live.until_renewed()
        names |= {"idle": live.people["S2"], "assignment": 1, "published": live.plan_id}
        live.runner.run(live.service.journal.flush())
        yield Changeable(live, settings.database_url, names)


async def _prepare(store: Any, sent: bytes) -> dict[str, Any]:
    names: dict[str, Any] = {"file": sent}
    for name, towns in (("draft", [3]), ("noticed", [4]), ("needless", [6])):
        async with store.writing() as connection:
            names[name] = await import_plan(connection, draw_plan(towns, note=name), act=CLERK, title=name)
    async with store.writing() as connection:
        days = (date(2026, 2, 1), date(2026, 2, 8))
        await take_step(connection, names["noticed"], "public_notice", CLERK, skippable=EVERY_STEP, notice=days)
        names["objection"] = await add_objection(connection, names["noticed"], NewObjection("", "划错了", None))
        names["webhook"], _ = await add_webhook(connection, "http://127.0.0.1:9/", area=COUNTY, created_by="x")
        grids = await find_grids(connection, [FIRST])
        for name in ("note", "other_note"):
            note = NewNote(f"prepared-{name}", grids[FIRST], "有误", *point_in(1, 1), None, datetime.now(UTC))
            names[name], _ = await add_note(connection, note, author="user:wang")
        until = datetime.now(UTC) + timedelta(days=1)
        names["link"] = await add_link(connection, grids[FIRST], expires_at=until)
        users = {user.name: user.id for user in await read_users(connection)}
        names["sessions"] = {
            change: await start_session(connection, users[owner]) for change, owner in OF_BROWSERS.items()
        }
    return names


def test_every_operation_that_changes_something_is_here(changeable):
    asked = {
        f"{method} {route.path}"
        for route in changeable.live.application.app.routes
        for method in route.methods - {"GET", "HEAD"}
    }
    assert asked >= NOTHING.keys()
    assert {outline(one) for one in asked - NOTHING.keys()} == {outline(one) for one in CHANGES}


def outline(operation: str) -> str:
    """Return an operation without the names of its parameters."""
    return re.sub(r"\{[^}]+\}", "{}", operation.partition("?")[0])


@pytest.mark.parametrize(
    ("broken", "mended"), [(NO_ENTRIES, ENTRIES_AGAIN), (CUT_OFF, CUT_OFF_NO_MORE)], ids=["refused", "cut off"]
)
def test_nothing_changes_whose_entry_cannot_be_written(changeable, broken, mended):
    before = changeable.contents()
    changeable.do(broken)
    answers = {change: changeable.ask(change) for change in CHANGES}
    after = changeable.contents()
    changeable.do(mended)
    assert {change: answer.status_code for change, answer in answers.items()} == dict.fromkeys(CHANGES, 503)
    assert all("retry-after" in answer.headers for answer in answers.values())
    assert {name for name in before if after[name] != before[name]} == set()
    assert changeable.ask("POST /session").status_code == 201  # and it goes on by itself


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_leaves_one_entry_with_it(changeable, change):
    async def read(store: Any) -> list[Any]:
        async with store.reading() as connection:
            return await read_audit(connection, most=100_000)

    changeable.live.runner.run(changeable.live.service.journal.flush())  # what could not be written before waits on
    before = len(changeable.live.run(read))
    answer = changeable.ask(change)
    assert answer.status_code in (200, 201, 204, 303), answer.text
    [entry] = [one.entry for one in changeable.live.run(read)[before:]]
    assert entry.action.partition("{")[0] == change.partition("{")[0]
    holder = prefix_of(changeable.names["link"])
    assert (entry.result, entry.actor) == ("ok", holder if change == "POST /m/link" else ACTORS.get(change, "county"))
    assert entry.details.get("phones", 0) == answer.text.count("1380000000")
