"""The audit: nobody can change it but its owner, and whatever its owner changes is found.

`pytest tests/store/test_audit.py -k printed` shows every attack and what finds it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from app.store.areas import COUNTY
from app.store.audit import FIRST_HASH, Entry, Wanted, read_audit, read_head, seal, write_audit
from app.store.audit_archive import archive, keep_head, make_key, read_heads, read_key, segment_file
from app.store.audit_check import check_audit
from app.store.connect import open_store
from app.store.errors import NotFound, StoreError
from app.store.keys import add_key, read_keys, revoke_key
from app.store.migrate import migrate
from app.store.roles import SERVICE_ROLE

OLD = datetime.now(UTC) + timedelta(days=1)
"""A moment from before which everything is archived: the archive itself does not ask what the law does."""


@dataclass
class Kept:
    """An audit of twelve rows, whose head was noted outside."""

    settings: object
    folder: Path

    def run(self, *statements: str) -> None:
        """Do as the owner of the database what nobody should."""

        async def go():
            connection = await asyncpg.connect(self.settings.database_url)
            try:
                await connection.execute("ALTER TABLE audit DISABLE TRIGGER keep")
                await connection.execute("ALTER TABLE audit_segments DISABLE TRIGGER keep")
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        asyncio.run(go())

    def ask(self, question):
        async def go():
            async with open_store(self.settings.database_url, self.settings) as store, store.writing() as connection:
                return await question(connection)

        return asyncio.run(go())

    def archive(self):
        key = make_key(self.folder)
        return self.ask(lambda connection: archive(connection, self.folder, key, before=OLD))

    def note_head(self):
        keep_head(self.folder, lambda: self.ask(read_head), every=0)

    def verify(self):
        key = read_key(self.folder) if (self.folder / "key").exists() else None
        return self.ask(lambda connection: check_audit(connection, self.folder, key, read_heads(self.folder)))

    def add(self, how_many):
        entries = [Entry("user", 1, f"u{one}", "POST /plans", f"number={one}") for one in range(how_many)]

        async def go(connection):
            for entry in entries:
                await write_audit(connection, [entry])

        self.ask(go)


def keep_twelve(settings: object, folder: Path) -> Kept:
    audit = Kept(settings, folder)
    audit.add(12)
    audit.note_head()
    return audit


@pytest.fixture
def kept(store_settings, tmp_path) -> Kept:
    return keep_twelve(store_settings, tmp_path / "audit")


def words(report) -> str:
    return "; ".join(english for _, english in report.faults)


def test_an_audit_that_nobody_touched_is_sound_also_when_archived_and_continued(kept):
    assert kept.verify().faults == ()
    segment = kept.archive()
    assert (segment.first, segment.last) == (1, 11)
    kept.add(3)
    kept.note_head()
    kept.archive()
    report = kept.verify()
    assert (report.faults, report.segments, report.rows, report.last) == ((), 2, 15, 15)


REMOVE = "DELETE FROM audit WHERE number = 5"
ATTACKS = {
    "removed": ([REMOVE], "rows 5 to 5 are missing"),
    "removed and renumbered": (
        [REMOVE, *[f"UPDATE audit SET number = {n - 1} WHERE number = {n}" for n in range(6, 13)]],  # noqa: S608  our own numbers
        "row 5 does not follow",
    ),
    "edited": (["UPDATE audit SET actor = 'somebody else' WHERE number = 7"], "row 7 was edited"),
    "details edited": (["""UPDATE audit SET details = '{"phones": 1}' WHERE number = 7"""], "row 7 was edited"),
    "moment edited": (["UPDATE audit SET at = at - interval '1 day' WHERE number = 7"], "row 7 was edited"),
    "reordered": (
        [f"UPDATE audit SET number = {new} WHERE number = {old}" for old, new in ((3, 99), (4, 3), (99, 4))],  # noqa: S608  our own numbers
        "row 3 does not follow",
    ),
    "cut at the beginning": (["DELETE FROM audit WHERE number < 4"], "rows 1 to 3 are missing"),
    "cut at the end": (["DELETE FROM audit WHERE number > 9"], "there were 12 rows, and they end at 9"),
    "cut at the end, counter too": (
        ["DELETE FROM audit WHERE number > 9", "UPDATE counters SET number = 9 WHERE name = 'audit'"],
        "there were 12 rows, and they end at 9",
    ),
    "added between": (
        [
            *[f"UPDATE audit SET number = {n + 1} WHERE number = {n}" for n in range(12, 6, -1)],  # noqa: S608  our own numbers
            """INSERT INTO audit SELECT 7, at, actor_kind, actor_id, 'forged', action, subject, source, result, details,
                previous_hash, hash FROM audit WHERE number = 8""",
        ],
        "row 7 was edited",
    ),
    "hash edited": (["UPDATE audit SET hash = sha256('x') WHERE number = 7"], "row 7 was edited"),
    "emptied": (
        ["DELETE FROM audit", "UPDATE counters SET number = 0 WHERE name = 'audit'"],
        "there were 12 rows, and they end at 0",
    ),
    "segment made up": (
        [
            "DELETE FROM audit WHERE number < 4",
            """INSERT INTO audit_segments SELECT 1, 3, jsonb_build_object('first', 1, 'last', 3, 'count', 3,
                'previous_hash', repeat('0', 64), 'hash', encode(previous_hash, 'hex')), sha256('x')
                FROM audit WHERE number = 4""",
        ],
        "the signature of segment 1–3 is wrong",
    ),
}


SEEN: dict[str, str] = {}
"""What `verify` said of each attack in this session, for the table of them."""


def attack_database(kept: Kept, attack: str) -> str:
    """Change the database as its owner; return what `verify` says."""
    kept.run(*ATTACKS[attack][0])
    SEEN[attack] = words(kept.verify())
    return SEEN[attack]


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_change_of_the_database_is_found(kept, attack):
    assert ATTACKS[attack][1] in attack_database(kept, attack)


def test_a_chain_that_was_rewritten_whole_differs_from_the_head_outside(kept):
    kept.run("DELETE FROM audit", "UPDATE counters SET number = 0 WHERE name = 'audit'")
    kept.add(11)
    kept.ask(lambda connection: write_audit(connection, [Entry("user", 1, "forged", "POST /plans")]))
    kept.add(2)
    assert words(kept.verify()).startswith("row 12 is not the one that was noted outside")


ARCHIVE_ATTACKS = {
    "archive: edited": "row 1 was edited",
    "archive: row removed": "rows 5 to 5 are missing",
    "archive: rows reordered": "row 4 is out of order",
    "archive: tail cut off": "is not what its signed boundary says",
    "archive: removed": "is missing",
    "archive: boundary edited": "is not what its signed boundary says",
    "archive: another key": "the signature of segment 1–11 is wrong",
    "archive: torn": "cannot be read",
}


def attack_archive(kept: Kept, attack: str) -> str:
    """Change a segment of the archive, or its key; return what `verify` says."""
    kept.archive()
    file = segment_file(kept.folder, 1)
    lines = file.read_text("utf-8").splitlines(keepends=True)
    match attack.removeprefix("archive: "):
        case "edited":
            file.write_text("".join([lines[0].replace('"u0"', '"u9"'), *lines[1:]]), "utf-8")
        case "row removed":
            file.write_text("".join([*lines[:4], *lines[5:]]), "utf-8")
        case "rows reordered":
            file.write_text("".join([*lines[:3], lines[4], lines[3], *lines[5:]]), "utf-8")
        case "tail cut off":
            file.write_text("".join([*lines[:9], lines[-1]]), "utf-8")
        case "removed":
            file.unlink()
        case "boundary edited":
            told = json.loads(lines[-1])
            told["boundary"]["last"] = 10
            file.write_text("".join([*lines[:-1], json.dumps(told) + "\n"]), "utf-8")
        case "another key":
            (kept.folder / "key").write_text("00" * 32)
        case "torn":
            file.write_text("".join(lines)[:-40], "utf-8")
    SEEN[attack] = words(kept.verify())
    return SEEN[attack]


@pytest.mark.parametrize("attack", ARCHIVE_ATTACKS)
def test_every_change_of_the_archive_is_found(kept, attack):
    assert ARCHIVE_ATTACKS[attack] in attack_archive(kept, attack)


HEAD_ATTACKS = {
    "heads: rewritten, then noted anew": "row 12 was noted outside with 2 different hashes",
    "heads: rewritten, continued, noted": "row 12 is not the one that was noted outside",
    "heads: cut off, then noted anew": "the heads outside go back: from row 12 of 12 to row 9 of 9",
    "heads: emptied, then noted anew": "the heads outside go back: from row 12 of 12 to row 0 of 0",
}


def attack_heads(kept: Kept, attack: str) -> str:
    """Change the database as its owner, and let the service note what it finds there; return what `verify` says."""
    match attack.removeprefix("heads: "):
        case "rewritten, then noted anew":
            rewrite(kept)
        case "rewritten, continued, noted":
            rewrite(kept)
            kept.add(2)
        case "cut off, then noted anew":
            kept.run(*ATTACKS["cut at the end, counter too"][0])
        case "emptied, then noted anew":
            kept.run(*ATTACKS["emptied"][0])
    assert words(kept.verify())
    kept.note_head()
    SEEN[attack] = words(kept.verify())
    return SEEN[attack]


def rewrite(kept: Kept) -> None:
    """Change row 7 and seal it and every row after it anew, so that the chain is whole."""

    async def go(connection):
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER keep"))
        previous = FIRST_HASH
        for row in await read_audit(connection):
            entry = replace(row.entry, actor="nobody") if row.number == 7 else row.entry
            written = {"actor": entry.actor, "before": previous, "hash": seal(row.number, row.at, entry, previous)}
            change = "UPDATE audit SET actor = :actor, previous_hash = :before, hash = :hash WHERE number = :number"
            await connection.execute(text(change), {**written, "number": row.number})
            previous = written["hash"]

    kept.ask(go)


@pytest.mark.parametrize("attack", HEAD_ATTACKS)
def test_what_was_rewritten_is_found_also_after_the_service_has_noted_it(kept, attack):
    assert HEAD_ATTACKS[attack] in attack_heads(kept, attack)


def test_heads_that_were_noted_of_the_same_rows_are_one_truth(kept):
    kept.note_head()
    kept.archive()
    kept.note_head()
    kept.add(1)
    kept.note_head()
    report = kept.verify()
    assert (report.faults, report.heads) == ((), 4)


def test_the_attacks_are_printed(postgis, tmp_path, capsys):
    """Print what was done to an audit of twelve rows, and the first that `verify` said: one line an attack."""
    every = ((ATTACKS, attack_database), (ARCHIVE_ATTACKS, attack_archive), (HEAD_ATTACKS, attack_heads))
    for attacks, attack_it in every:
        for attack in attacks.keys() - SEEN.keys():
            with postgis.database() as settings:
                attack_it(keep_twelve(settings, tmp_path / str(len(SEEN))), attack)
    lines = [f"{attack:36}{SEEN[attack].partition(';')[0]}" for attacks, _ in every for attack in attacks]
    printed = re.sub(r"/\S*/", "", "\n".join(lines))
    with capsys.disabled():
        sys.stdout.write(f"\n{printed}\n")
    assert all(SEEN[attack] for attacks, _ in every for attack in attacks)


def test_the_service_can_add_to_the_audit_and_read_it_and_nothing_else(kept):
    refused = [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "ALTER TABLE audit DISABLE TRIGGER keep",
        "DROP TABLE audit",
        "DELETE FROM changes",
        "UPDATE grid_revisions SET since = '2020-01-01'",
        "DELETE FROM audit_segments",
        "INSERT INTO audit_segments VALUES (1, 2, '{}', 'x')",
        "CREATE TABLE of_my_own (a int)",
    ]

    async def go():
        settings = kept.settings
        async with open_store(settings.database_url, settings, role=SERVICE_ROLE) as store:
            async with store.writing() as connection:
                await write_audit(connection, [Entry("key", 2, "k", "GET /people")])
                assert len(await read_audit(connection)) == 13
            for statement in refused:
                with pytest.raises(StoreError, match=r"permission denied|must be owner"):
                    async with store.writing() as connection:
                        await connection.execute(text(statement))

    asyncio.run(go())


def test_the_service_of_a_private_cluster_signs_in_with_a_login_that_owns_nothing(postgis, kept):
    url = kept.settings.database_url.replace("//jiexiang@", f"//{SERVICE_ROLE}@")

    async def go():
        connection = await asyncpg.connect(url)
        try:
            assert await connection.fetchval("SELECT count(*) FROM audit") == 12
            assert not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            for words in ("RESET ROLE", "SET ROLE NONE"):
                await connection.execute(words)
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute("DELETE FROM audit")
        finally:
            await connection.close()

    asyncio.run(go())


def test_an_older_database_gets_the_service_its_rights(kept):
    async def go():
        async with open_store(kept.settings.database_url, kept.settings) as store:
            async with store.writing() as connection:
                later = "old_grids, theme_values, themes, plan_papers, audit_segments"
                await connection.execute(text(f"DROP TABLE {later}"))
                await connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
            assert await migrate(store)
        opening = open_store(kept.settings.database_url, kept.settings, role=SERVICE_ROLE)
        async with opening as store, store.reading() as connection:
            assert len(await read_audit(connection)) == 12

    asyncio.run(go())


def test_an_archive_that_was_cut_short_is_made_again(kept):
    key = make_key(kept.folder)

    async def cut_short(connection):
        await archive(connection, kept.folder, key, before=OLD)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kept.ask(cut_short)
    assert kept.verify().faults == ()  # the file is there, nothing was deleted
    kept.add(2)
    assert kept.archive().last == 13
    assert kept.verify().faults == ()


def test_what_is_young_stays(kept):
    key = make_key(kept.folder)
    half_a_year = datetime.now(UTC) - timedelta(days=180)
    assert kept.ask(lambda connection: archive(connection, kept.folder, key, before=half_a_year)) is None


def test_heads_are_kept_hourly_whoever_tries_and_a_torn_last_line_is_no_head(kept):
    head = kept.ask(read_head)
    assert not keep_head(kept.folder, lambda: head)  # not yet an hour
    assert keep_head(kept.folder, lambda: head, every=0)
    with (kept.folder / "heads.jsonl").open("a") as stream:
        stream.write('{"at": "2026')
    assert [one.number for one in read_heads(kept.folder)] == [12, 12]


@pytest.mark.parametrize(
    ("torn", "left"), [(40, [12, 13]), (1, [12, 12, 13])], ids=["in the middle", "of its end alone"]
)
def test_a_head_that_a_power_cut_tore_does_not_spoil_the_next(kept, torn, left):
    kept.note_head()
    file = kept.folder / "heads.jsonl"
    file.write_bytes(file.read_bytes()[:-torn])
    kept.add(1)
    kept.note_head()
    assert [one.number for one in read_heads(kept.folder)] == left
    assert kept.verify().faults == ()


def test_a_head_is_read_while_nobody_else_writes_one_so_that_heads_never_go_back(kept):
    early = kept.ask(read_head)
    kept.add(1)
    others = []

    def read():
        head = kept.ask(read_head)
        other = threading.Thread(target=keep_head, args=(kept.folder, lambda: head), kwargs={"every": 0})
        other.start()
        others.append(other)
        other.join(0.1)
        assert other.is_alive()  # it waits for us
        return early

    assert keep_head(kept.folder, read, every=0)
    others[0].join()
    assert [one.number for one in read_heads(kept.folder)] == [12, 12, 13]
    assert kept.verify().faults == ()


def test_a_head_of_the_future_does_not_keep_others_from_being_kept(kept):
    ahead = time.time() + 400 * 86_400
    os.utime(kept.folder / "heads.jsonl", (ahead, ahead))
    assert keep_head(kept.folder, lambda: kept.ask(read_head))


def test_files_outside_are_for_their_owner_alone(kept):
    kept.archive()
    assert kept.folder.stat().st_mode & 0o077 == 0
    for name in ("key", segment_file(kept.folder, 1).name):
        assert (kept.folder / name).stat().st_mode & 0o077 == 0


def test_entries_are_found_by_actor_action_moment_and_grid(kept):
    async def go(connection):
        await write_audit(connection, [Entry("key", 1, "hotline", "GET /locate", details={"phones": 1, "of": ["G1"]})])
        for wanted in (Wanted(actor="hot"), Wanted(action="/locate"), Wanted(of="G1")):
            [found] = await read_audit(connection, wanted=wanted)
            assert found.number == 13
        assert await read_audit(connection, wanted=Wanted(actor="%")) == []
        assert await read_audit(connection, wanted=Wanted(until=datetime(2020, 1, 1, tzinfo=UTC))) == []
        newest = await read_audit(connection, before=13, most=2)
        assert [one.number for one in newest] == [12, 11]

    kept.ask(go)


def test_keys_of_one_name_are_told_apart_by_their_prefixes_also_when_revoked(kept):
    async def go(connection):
        first, second = [(await add_key(connection, "hotline", COUNTY)).split("_")[1] for _ in range(2)]
        ids = {key.prefix: key.id for key in await read_keys(connection)}
        entries = [Entry("key", ids[one], "hotline", f"GET /{one}") for one in (first, second)]
        await write_audit(connection, [*entries, Entry("user", ids[first], "li", "GET /people")])
        await revoke_key(connection, first)
        for one in (first, second):
            assert [row.entry.action for row in await read_audit(connection, wanted=Wanted(key=one))] == [f"GET /{one}"]
        with pytest.raises(NotFound, match="000000000000"):
            await read_audit(connection, wanted=Wanted(key="000000000000"))

    kept.ask(go)
    assert kept.verify().faults == ()


def test_writers_at_once_make_one_chain(kept):
    async def go():
        async with open_store(kept.settings.database_url, kept.settings) as store:

            async def add(number):
                async with store.writing() as connection:
                    await write_audit(connection, [Entry("user", number, f"w{number}", "x")] * 3)

            await asyncio.gather(*[add(number) for number in range(8)])

    asyncio.run(go())
    report = kept.verify()
    assert (report.faults, report.rows) == ((), 36)
