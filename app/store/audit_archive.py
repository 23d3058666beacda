"""What is kept of the audit outside the database: its head, hour by hour, and its old parts, with signed boundaries.

Whoever owns the database can rewrite all of it, chain included; these files are what such a one does not reach. Keep
them, or copies of them, on another machine.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.audit import Entry, Head, Sealed, read_audit
from app.store.errors import StoreError
from app.store.tables import audit, audit_segments

__all__ = [
    "LEAST_DAYS",
    "Segment",
    "archive",
    "keep_head",
    "make_key",
    "read_heads",
    "read_key",
    "read_segment",
    "read_segments",
    "segment_file",
    "sign",
]

HEADS, KEY = "heads.jsonl", "key"
HOUR = 3600.0
LEAST_DAYS = 180
"""What is younger is never archived: the law asks for six months of logs (《网络安全法》第二十一条)."""
PORTION = 5_000


@dataclass(frozen=True)
class Segment:
    """The boundary of an archived part, as it is signed."""

    first: int
    last: int
    boundary: Mapping[str, Any]
    signature: bytes


def keep_head(folder: Path, read: Callable[[], Head], *, every: float = HOUR) -> Head | None:
    """Write the head of the chain at the end of the file of heads, down to the disk; None if it is not time.

    Several processes may try: the file is locked, and who finds a line younger than `every` seconds leaves it at that.

    Parameters
    ----------
    read
        Gives the head, and is called only if it is time: nobody else writes one meanwhile, so that those of the file
        never go back.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / HEADS
    with file.open("a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        status = file.stat()
        if status.st_size and 0 <= time.time() - status.st_mtime < every:  # a file of the future waits for nothing
            return None
        head = read()
        line = {"at": _now(), "number": head.number, "count": head.count, "hash": head.hash.hex()}
        _end_last_line(stream, file)
        stream.write(json.dumps(line) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    _sync_folder(folder)
    return head


def _end_last_line(stream: TextIO, file: Path) -> None:
    """See to it that what is written next begins a line: what a power cut has torn is no head and goes."""
    content = file.read_bytes()
    begins = content.rfind(b"\n") + 1
    if begins == len(content):
        return
    try:
        _read_head(content[begins:])
    except (ValueError, KeyError, TypeError):
        stream.truncate(begins)
    else:
        stream.write("\n")


def _read_head(line: str | bytes) -> Head:
    told = json.loads(line)
    return Head(int(told["number"]), bytes.fromhex(told["hash"]), int(told["count"]))


def read_heads(folder: Path) -> list[Head]:
    """Read every head that was kept; the last line may be torn by a power cut and is left out then."""
    file = folder / HEADS
    if not file.is_file():
        return []
    heads = []
    lines = file.read_text("utf-8").splitlines(keepends=True)
    for place, line in enumerate(lines):
        try:
            heads.append(_read_head(line))
        except (ValueError, KeyError, TypeError) as error:
            if place == len(lines) - 1 and not line.endswith("\n"):
                break
            raise StoreError(f"{file} 第 {place + 1} 行读不懂", f"{file}, line {place + 1} cannot be read") from error
    return heads


def make_key(folder: Path) -> bytes:
    """Return the key that boundaries are signed with; a new one, for its owner's eyes only, where there is none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / KEY
    if not file.exists():
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_hex(32) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
    return read_key(folder)


def read_key(folder: Path) -> bytes:
    """Read the key that boundaries are signed with.

    Raises
    ------
    StoreError
        There is none that can be read.
    """
    file = folder / KEY
    try:
        return bytes.fromhex(file.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise StoreError(f"审计密钥 {file} 读不出来", f"the key of the audit, {file}, cannot be read") from error


def sign(key: bytes, boundary: Mapping[str, Any]) -> bytes:
    """Return the HMAC-SHA256 of a boundary."""
    return hmac.new(key, json.dumps(dict(boundary), sort_keys=True).encode(), hashlib.sha256).digest()


def segment_file(folder: Path, first: int) -> Path:
    """Name the file of the archived part that begins at a number."""
    return folder / f"audit-{first:012}.jsonl"


def read_segment(file: Path) -> Iterator[Sealed | Segment]:
    """Read the rows of an archived part, and its boundary last.

    Raises
    ------
    ValueError
        A line is not what was written.
    """
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            told = json.loads(line)
            if "boundary" in told:
                boundary = told["boundary"]
                yield Segment(boundary["first"], boundary["last"], boundary, bytes.fromhex(told["signature"]))
            else:
                yield Sealed(
                    int(told["number"]),
                    datetime.fromisoformat(told["at"]),
                    Entry(**told["entry"]),
                    bytes.fromhex(told["previous_hash"]),
                    bytes.fromhex(told["hash"]),
                )


async def read_segments(connection: AsyncConnection) -> list[Segment]:
    """Read the boundaries of what was archived, in their order."""
    rows = await connection.execute(select(audit_segments).order_by(audit_segments.c.first))
    return [Segment(row.first, row.last, row.boundary, row.signature) for row in rows]


async def archive(connection: AsyncConnection, folder: Path, key: bytes, *, before: datetime) -> Segment | None:
    """Move the entries from before a moment out of the table, into a file with a signed boundary.

    The file is whole and on the disk before anything is deleted, and the deletion is one transaction: cut short at any
    moment, it can be done again. The newest entry always stays, so that the chain goes on from it. Only the owner of
    the tables can do this.

    Returns
    -------
    The boundary; None where nothing is that old.
    """
    await connection.execute(text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE"))
    newest = select(func.max(audit.c.number)).scalar_subquery()
    last = await connection.scalar(select(func.max(audit.c.number)).where(audit.c.at < before, audit.c.number < newest))
    first = await connection.scalar(select(func.min(audit.c.number)))
    if last is None or first is None:
        return None
    segment = await _write(connection, folder, key, int(first), int(last))
    row = {"first": segment.first, "last": segment.last, "boundary": dict(segment.boundary)}
    await connection.execute(insert(audit_segments).values(**row, signature=segment.signature))
    await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER keep"))
    await connection.execute(delete(audit).where(audit.c.number <= segment.last))
    await connection.execute(text("ALTER TABLE audit ENABLE TRIGGER keep"))
    return segment


async def _write(connection: AsyncConnection, folder: Path, key: bytes, first: int, last: int) -> Segment:
    file = segment_file(folder, first)
    part = file.with_suffix(".part")
    digest, count, number = hashlib.sha256(), 0, first - 1
    begins = ends = b""
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as stream:
        while number < last:
            rows = [row for row in await read_audit(connection, after=number, most=PORTION) if row.number <= last]
            for row in rows:
                line = json.dumps(_tell(row), ensure_ascii=False) + "\n"
                digest.update(line.encode())
                stream.write(line)
                begins, ends = begins or row.previous_hash, row.hash
            count += len(rows)
            number = rows[-1].number
        boundary = {
            "first": first,
            "last": last,
            "count": count,
            "previous_hash": begins.hex(),
            "hash": ends.hex(),
            "sha256": digest.hexdigest(),
            "archived_at": _now(),
        }
        signature = sign(key, boundary)
        stream.write(json.dumps({"boundary": boundary, "signature": signature.hex()}) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)  # one of the same name was cut short before its rows were deleted
    _sync_folder(folder)
    return Segment(first, last, boundary, signature)


def _tell(row: Sealed) -> dict[str, Any]:
    return {
        "number": row.number,
        "at": row.at.astimezone(UTC).isoformat(),
        "entry": {**vars(row.entry), "details": dict(row.entry.details)},
        "previous_hash": row.previous_hash.hex(),
        "hash": row.hash.hex(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
