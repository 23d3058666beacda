"""A workbook of addresses from a stranger: read in a process of its own, under limits, and handed on as a list."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.files.messages import Findings
from app.files.sheets import HEADER_WITHIN, Extent, column_key, read_sheet
from app.geo.errors import Fault, InputError

__all__ = ["take_in_addresses"]

HEADERS = ("地址", "详细地址", "住址", "标准地址", "楼栋地址", "address")
LONGEST = 500
MOST_COLUMNS = 1_000
SECONDS = 30
MEMORY_BYTES = 2**30
OPEN_FILES = 64
ADDRESSES, FAULTS = "addresses.json", "faults.json"


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
    findings = Findings("addresses", name)
    with tempfile.TemporaryDirectory(prefix="jiexiang-addresses-") as folder:
        out = Path(folder)
        command = [sys.executable, "-m", "app.files.address_lists", str(path.absolute()), folder, name]
        command += [str(most), str(memory_bytes)]
        environ = {"PATH": os.defpath, "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}  # openpyxl brings numpy along
        try:
            subprocess.run(  # noqa: S603  our own interpreter and module
                command, env=environ, cwd=folder, timeout=seconds, capture_output=True, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise findings.stop("list_unread") from error
        if (out / FAULTS).exists():
            raise InputError([Fault(**one) for one in json.loads((out / FAULTS).read_text("utf-8"))])
        if not (out / ADDRESSES).exists():
            (out / "room").write_bytes(bytes(2**20))  # where the disk is full, this raises: no fault of the file
            raise findings.stop("list_unread")
        addresses: list[str] = json.loads((out / ADDRESSES).read_text("utf-8"))
        return addresses


def _read_addresses(path: Path, name: str, most: int) -> list[str]:
    findings = Findings("addresses", name)
    extent = Extent(rows=most + HEADER_WITHIN + 1, columns=MOST_COLUMNS)
    sheet = read_sheet(path, "", HEADERS, findings, fewest=1, extent=extent)
    findings.settle()
    keys = {column_key(header) for header in HEADERS}
    column = next((place for place, header in enumerate(sheet.columns) if column_key(header) in keys), None)
    if column is None:
        raise findings.stop("header_missing", known="、".join(HEADERS))
    if len(sheet.rows) > most:
        raise findings.stop("sheet_rows", most=most)
    return [_text(row.values[column] if column < len(row.values) else None) for row in sheet.rows]


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()[:LONGEST]


def _read_under_limits(path: Path, out: Path, name: str, most: int, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        told: Any = _read_addresses(path, name, most)
    except InputError as error:
        (out / FAULTS).write_text(json.dumps([asdict(fault) for fault in error.faults]), "utf-8")
        return
    (out / ADDRESSES).write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    _read_under_limits(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
