"""Notices in plain text: one to a line, in UTF-8, with or without BOM, or GB18030."""

from __future__ import annotations

from pathlib import Path

from app.files.messages import Findings

__all__ = ["read_notice_lines"]


def read_notice_lines(path: Path) -> tuple[tuple[int, str], ...]:
    """Read the lines of a text that are not empty, each with its number counted from 1.

    Raises
    ------
    InputError
        A file that cannot be read, or is no text.
    """
    findings = Findings("notices", str(path))
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise findings.stop("file_unreadable", reason=error.strerror) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return tuple((number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip())
    raise findings.stop(
        "encoding", reason="既不是 UTF-8 也不是 GB18030 文本", reason_en="it is text neither in UTF-8 nor in GB18030"
    )
