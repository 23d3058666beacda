"""Whether the audit is what was written: its chain from the first row, through the archive, to the heads outside."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.audit import FIRST_HASH, Head, Sealed, read_audit, seal
from app.store.audit_archive import Segment, read_segment, read_segments, segment_file, sign
from app.store.tables import counters

__all__ = ["AuditReport", "check_audit"]

PORTION = 5_000
MOST_FAULTS = 100


@dataclass(frozen=True)
class AuditReport:
    """How many rows were looked at, and what is wrong with them, in Chinese and English."""

    rows: int
    segments: int
    heads: int
    last: int
    faults: tuple[tuple[str, str], ...]


@dataclass
class _Walk:
    """A walk along the chain: where it is, and what it has found."""

    noted: Mapping[int, Collection[bytes]]
    """The hashes of every head outside, by its number: of one number there is one, or somebody rewrote the chain."""
    expected: int = 1
    previous: bytes = FIRST_HASH
    rows: int = 0
    faults: list[tuple[str, str]] = field(default_factory=list)

    def blame(self, chinese: str, english: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append((chinese, english))

    def take(self, row: Sealed) -> None:
        """Look at the next row."""
        self.rows += 1
        if row.number < self.expected:
            self.blame(f"第 {row.number} 条次序不对", f"row {row.number} is out of order")
        elif row.number > self.expected:
            self.blame(
                f"第 {self.expected}–{row.number - 1} 条不见了", f"rows {self.expected} to {row.number - 1} are missing"
            )
        elif row.previous_hash != self.previous:
            self.blame(f"第 {row.number} 条与前一条接不上", f"row {row.number} does not follow the one before it")
        if seal(row.number, row.at, row.entry, row.previous_hash) != row.hash:
            self.blame(f"第 {row.number} 条被改动", f"row {row.number} was edited")
        if any(noted != row.hash for noted in self.noted.get(row.number, ())):
            self.blame(
                f"第 {row.number} 条与库外存证不符：此前的记录被重写",
                f"row {row.number} is not the one that was noted outside: the rows up to it were rewritten",
            )
        self.expected, self.previous = row.number + 1, row.hash


async def check_audit(
    connection: AsyncConnection, folder: Path, key: bytes | None, heads: Sequence[Head]
) -> AuditReport:
    """Walk the whole chain and compare it with the heads and boundaries that lie outside the database.

    Parameters
    ----------
    key
        What boundaries are signed with; None where nothing was ever archived.
    """
    noted: defaultdict[int, set[bytes]] = defaultdict(set)
    for head in heads:
        noted[head.number].add(head.hash)
    walk = _Walk(noted)
    _compare_heads(walk, heads)
    segments = await read_segments(connection)
    for segment in segments:
        _take_segment(walk, segment, folder, key)
    after = 0
    while rows := await read_audit(connection, after=after, most=PORTION):
        for row in rows:
            walk.take(row)
        after = rows[-1].number
    last = walk.expected - 1
    counted = await connection.scalar(select(counters.c.number).where(counters.c.name == "audit"))
    furthest = max([int(counted or 0), *[head.number for head in heads]])
    if last < furthest:
        walk.blame(
            f"尾部被截去：应有 {furthest} 条，只到第 {last} 条",
            f"the tail was cut off: there were {furthest} rows, and they end at {last}",
        )
    return AuditReport(walk.rows, len(segments), len(heads), last, tuple(walk.faults))


def _compare_heads(walk: _Walk, heads: Sequence[Head]) -> None:
    """Hold the heads against each other, in the order in which they were noted: a chain only ever grows."""
    for head in heads:
        if head.number != head.count:
            walk.blame(
                f"存证时第 {head.number} 条之前只有 {head.count} 条",
                f"at row {head.number} there were {head.count} rows",
            )
    for number, hashes in sorted(walk.noted.items()):
        if len(hashes) > 1:
            walk.blame(
                f"库外存证中第 {number} 条有 {len(hashes)} 个不同的哈希：记录被重写",
                f"row {number} was noted outside with {len(hashes)} different hashes: the rows were rewritten",
            )
    for before, after in pairwise(heads):
        if after.number < before.number or after.count < before.count:
            walk.blame(
                f"库外存证倒退：先到第 {before.number} 条（共 {before.count} 条），"
                f"后到第 {after.number} 条（共 {after.count} 条）",
                f"the heads outside go back: from row {before.number} of {before.count} "
                f"to row {after.number} of {after.count}",
            )


def _take_segment(walk: _Walk, segment: Segment, folder: Path, key: bytes | None) -> None:
    named = f"{segment.first}–{segment.last}"
    if key is None or not hmac.compare_digest(sign(key, segment.boundary), segment.signature):
        walk.blame(f"归档段 {named} 的签名不对", f"the signature of segment {named} is wrong")
    told = segment.boundary
    if (told.get("first"), told.get("last")) != (segment.first, segment.last) or segment.first != walk.expected:
        walk.blame(f"归档段 {named} 与前一段接不上", f"segment {named} does not follow what is before it")
    if told.get("previous_hash") != walk.previous.hex():
        walk.blame(f"归档段 {named} 的起点不对", f"segment {named} does not begin where the one before it ends")
    file = segment_file(folder, segment.first)
    digest, boundary, before = hashlib.sha256(), None, walk.rows
    walk.expected = segment.first
    try:
        for part in read_segment(file):
            if isinstance(part, Segment):
                boundary = part
            else:
                walk.take(part)
        with file.open("rb") as lines:
            for line in lines:
                if b'"boundary"' not in line[:20]:
                    digest.update(line)
    except OSError:
        walk.blame(f"归档文件 {file} 不见了", f"the file {file} of the archive is missing")
    except (ValueError, KeyError, TypeError, AttributeError):
        walk.blame(f"归档文件 {file} 读不懂", f"the file {file} of the archive cannot be read")
    else:
        same = boundary is not None and json.dumps(dict(boundary.boundary), sort_keys=True) == json.dumps(
            dict(told), sort_keys=True
        )
        whole = walk.rows - before == told.get("count") and digest.hexdigest() == told.get("sha256")
        if not same or not whole:
            walk.blame(f"归档文件 {file} 与签名的边界不符", f"{file} is not what its signed boundary says")
    walk.expected, walk.previous = segment.last + 1, bytes.fromhex(str(told.get("hash", "")))
