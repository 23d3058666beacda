"""Archives whose bytes depend on what is in them alone: fixed times, fixed order of names."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

__all__ = ["pack", "repack"]

FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP can tell."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """Make a ZIP archive of files by name, in the order in which they are given."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, content)
    return held.getvalue()


def repack(archive: bytes) -> bytes:
    """Return the same archive without the time at which it was made."""
    with zipfile.ZipFile(io.BytesIO(archive)) as held:
        return pack({name: held.read(name) for name in held.namelist()})
