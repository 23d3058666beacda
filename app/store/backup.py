"""Copies of the whole store: made by pg_dump, proven by restoring them and comparing every row before they count."""

from __future__ import annotations

import asyncio
import os
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg

from app.geo.errors import UsageError
from app.settings import StoreSettings
from app.store.cluster import DEBIAN_ROOT, PROOF
from app.store.connect import CONNECT_SECONDS, open_store, translating
from app.store.errors import Conflict, StoreError, StoreUnavailable
from app.store.migrate import migrate
from app.store.roles import give_rights
from app.store.tables import metadata

__all__ = ["Count", "back_up", "restore"]

Count = Mapping[str, tuple[int, str]]
"""For every table, how many rows it has and a checksum of them."""


@dataclass(frozen=True)
class _Place:
    """A database on a server: what PostgreSQL's programs are told of it. The password goes by the environment."""

    url: str

    @property
    def name(self) -> str:
        return unquote(urlsplit(self.url).path.lstrip("/"))

    def beside(self, name: str) -> _Place:
        """Return another database of the same server."""
        return _Place(urlunsplit(urlsplit(self.url)._replace(path=f"/{quote(name, safe='')}")))

    @property
    def words(self) -> str:
        """Name it without its password."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        user = parts.username or ""
        query = urlencode([pair for pair in parse_qsl(parts.query) if pair[0] != "password"])
        return urlunsplit((parts.scheme, f"{user}@{host}", parts.path, query, ""))

    @property
    def environ(self) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "PGPASSFILE", "PGSSLROOTCERT") if name in os.environ
        }
        query = dict(parse_qsl(urlsplit(self.url).query))
        password = urlsplit(self.url).password or query.get("password", "")
        return {**kept, "LC_ALL": "C.UTF-8", **({"PGPASSWORD": unquote(password)} if password else {})}


async def back_up(url: str, file: Path) -> Count:
    """Write a copy of the store to a file that only its owner may read, prove it, and return what it holds.

    It is the store of one moment, whoever writes meanwhile. It counts as written once it was restored into a scratch
    database of the same server and every table had the rows and the checksum of that moment.

    Raises
    ------
    UsageError
        There is something at `file`.
    StoreError
        It could not be made, or does not restore to what it was made of.
    """
    place = _Place(url)
    part = _begin(file)
    try:
        with translating():
            connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
            try:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
                    options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
                    await _run("pg_dump", [*options, f"--file={part}", f"--dbname={place.words}"], place)
                    expected = await _count(connection)
            finally:
                await connection.close()
        scratch = place.beside(f"{PROOF}{uuid.uuid4().hex[:12]}")
        await _administer(place, f'CREATE DATABASE "{scratch.name}" TEMPLATE template0')
        try:
            await _restore_into(scratch, part, expected)
        finally:
            await _administer(place, f'DROP DATABASE "{scratch.name}" WITH (FORCE)')
        _put_in_place(part, file)
    finally:
        _discard(part)
    return expected


def _begin(file: Path) -> Path:
    """Make an empty file beside the wanted one, which gets that name only when it is proven."""
    if file.exists():
        raise UsageError(f"{file} 已存在：请换一个文件名")
    part = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}.part")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return part


def _put_in_place(part: Path, file: Path) -> None:
    """Give a proven copy its name, once it is on the disk; what somebody else put there meanwhile stays."""
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    try:
        os.link(part, file)
    except FileExistsError as error:
        raise UsageError(f"{file} 已存在：请换一个文件名") from error


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)


async def restore(url: str, file: Path, *, force: bool) -> Count:
    """Put a copy in the place of the store and return what it holds.

    The copy is restored beside the store first; only when it is whole do the two change names, in one moment. What was
    there before is kept under another name, `NAME_before_…`, until somebody drops it.

    Raises
    ------
    Conflict
        The store holds plans already and `force` is not given.
    StoreError
        The copy is damaged, or the server is against it; the store is as it was.
    """
    place = _Place(url)
    held = await _plans_in(place)
    if held and not force:
        raise Conflict(
            f"库里已有 {held} 个方案：加 --force 才会换掉（原库改名保留）",
            f"the store holds {held} plans: only --force replaces them (what was there is kept under another name)",
        )
    mark = uuid.uuid4().hex[:8]
    fresh, before = place.beside(f"{place.name}_new_{mark}"), place.beside(f"{place.name}_before_{mark}")
    await _administer(place, f'CREATE DATABASE "{fresh.name}" TEMPLATE template0')
    try:
        count = await _restore_into(fresh, file, None)
        settings = StoreSettings(fresh.url, file.parent)
        async with open_store(fresh.url, settings) as store:  # ready for this version's service before it is found
            await migrate(store)
            async with store.writing() as rightful:
                await give_rights(rightful)
        await _exchange(place, fresh, before)
    except BaseException:
        await _administer(place, f'DROP DATABASE "{fresh.name}" WITH (FORCE)')
        raise
    return count


async def _exchange(place: _Place, fresh: _Place, before: _Place) -> None:
    """Let two databases change names; whoever is connected is sent away and comes back to the new one."""
    with translating():
        connection = await asyncpg.connect(place.beside("postgres").url, timeout=CONNECT_SECONDS)
        try:
            async with connection.transaction():
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
                await connection.execute(others, place.name)
                await connection.execute(f'ALTER DATABASE "{place.name}" RENAME TO "{before.name}"')
                await connection.execute(f'ALTER DATABASE "{fresh.name}" RENAME TO "{place.name}"')
        finally:
            await connection.close()


async def _restore_into(place: _Place, file: Path, expected: Count | None) -> Count:
    options = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    await _run("pg_restore", [*options, f"--dbname={place.words}", str(file)], place)
    with translating():
        connection = await asyncpg.connect(place.url, timeout=CONNECT_SECONDS)
        try:
            found = await _count(connection)
        finally:
            await connection.close()
    if expected is not None and found != expected:
        different = sorted(name for name in expected if found.get(name) != expected[name])
        raise StoreError(
            f"备份不可用：还原后 {'、'.join(different)} 与原库不同",
            f"the copy is of no use: once restored, {', '.join(different)} differ from the store",
        )
    return found


async def _count(connection: asyncpg.Connection) -> Count:
    """Count the rows of every table and make a checksum of them that does not depend on their order."""
    counted = {}
    for name in sorted(metadata.tables):  # names of our own tables
        question = f'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM "{name}" t'  # noqa: S608
        row = await connection.fetchrow(question, timeout=600)
        counted[name] = (int(row[0]), str(row[1]))
    return counted


async def _plans_in(place: _Place) -> int:
    with translating():
        connection = await asyncpg.connect(place.url, timeout=CONNECT_SECONDS)
        try:
            if await connection.fetchval("SELECT to_regclass('plans')") is None:
                return 0
            return int(await connection.fetchval("SELECT count(*) FROM plans"))
        finally:
            await connection.close()


async def _administer(place: _Place, statement: str) -> None:
    with translating():
        connection = await asyncpg.connect(place.beside("postgres").url, timeout=CONNECT_SECONDS)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def _run(program: str, options: list[str], place: _Place) -> None:
    """Run one of PostgreSQL's programs of the server's version or a later one."""
    with translating():
        connection = await asyncpg.connect(place.url, timeout=CONNECT_SECONDS)
        major = connection.get_server_version().major
        await connection.close()
    found = [
        folder / program
        for folder in sorted(DEBIAN_ROOT.glob("*/bin"), key=lambda folder: folder.parent.name)
        if folder.parent.name.isdecimal() and int(folder.parent.name) >= major and (folder / program).exists()
    ]
    if not found:
        raise StoreUnavailable(
            f"没有 {program} {major} 或更高：apt-get install postgresql-client-{major}",
            f"there is no {program} {major} or later: apt-get install postgresql-client-{major}",
        )
    process = await asyncio.create_subprocess_exec(
        found[0],
        *options,
        env=place.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        text = said.decode(errors="replace").strip().splitlines()
        raise StoreError(f"{program} 失败：{text[0] if text else process.returncode}")
