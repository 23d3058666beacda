"""A workbook of addresses from a stranger: read apart, under limits, and handed on as a list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.files.apart import Limits, Unfinished, read_apart, read_under_limits
from app.files.messages import Findings
from app.files.sheets import HEADER_WITHIN, Extent, column_key, read_sheet

__all__ = ["take_in_addresses"]

HEADERS = ("地址", "详细地址", "住址", "标准地址", "楼栋地址", "address")
LONGEST = 500
MOST_COLUMNS = 1_000
SECONDS = 30
MEMORY_BYTES = 2**30
ADDRESSES = "addresses.json"


def take_in_addresses(
    path: Path, *, name: str, most: int, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES
) -> list[str]:
    """Read the column of addresses of the workbook that somebody sent; `name` is what faults call it.

    Raises
    ------
    InputError
        It is no workbook, none of its sheets has such a column, it has more than `most` rows, or it needs more time or
        memory than such a list does.
    """
    limits = Limits(seconds, memory_bytes)
    try:
        with read_apart("app.files.address_lists", path, str(most), name=name, last=ADDRESSES, limits=limits) as out:
            addresses: list[str] = json.loads((out / ADDRESSES).read_text("utf-8"))
            return addresses
    except Unfinished as error:
        raise Findings("addresses", name).stop("list_unread") from error


def _read_addresses(path: Path, out: Path, most: str) -> None:
    findings = Findings("addresses", str(path))
    extent = Extent(rows=int(most) + HEADER_WITHIN + 1, columns=MOST_COLUMNS)
    sheet = read_sheet(path, "", HEADERS, findings, fewest=1, extent=extent)
    findings.settle()
    keys = {column_key(header) for header in HEADERS}
    column = next((place for place, header in enumerate(sheet.columns) if column_key(header) in keys), None)
    if column is None:
        raise findings.stop("header_missing", known="、".join(HEADERS))
    if len(sheet.rows) > int(most):
        raise findings.stop("sheet_rows", most=int(most))
    told = [_text(row.values[column] if column < len(row.values) else None) for row in sheet.rows]
    (out / ADDRESSES).write_text(json.dumps(told), "utf-8")


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()[:LONGEST]


if __name__ == "__main__":
    read_under_limits(_read_addresses)
