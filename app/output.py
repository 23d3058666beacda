"""Output that appears whole or not at all."""

from __future__ import annotations

import shutil
import signal
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.geo.errors import UsageError

__all__ = ["refuse_to_overwrite", "write_whole"]


@contextmanager
def write_whole(folder: Path, names: Sequence[str], *, force: bool) -> Iterator[Path]:
    """Give an empty folder to write `names` into; they appear all together when the block ends, or not at all.

    What else `folder` holds is left alone; those of `names` that lay there before are replaced where `force` allows it,
    and removed where they were not written again.

    Raises
    ------
    UsageError
        Some of `names` are there already and `force` is not given.
    """
    folder = folder.absolute()
    refuse_to_overwrite(folder, names, force=force)
    root = folder
    while not root.exists():  # the nearest place that is surely on the same file system
        root = root.parent
    part = root / f".{folder.name}.{uuid.uuid4().hex[:8]}.part"
    part.mkdir()
    try:
        yield part
        with _signals_held():
            _move(part, folder, names)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def refuse_to_overwrite(folder: Path, names: Sequence[str], *, force: bool) -> None:
    """Check, before hours of work, that writing will be allowed.

    Raises
    ------
    UsageError
        `folder` is a file, or some of `names` are there already and `force` is not given.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} 是文件，不是文件夹：请换一个 --out")
    present = [name for name in names if (folder / name).exists()]
    if present and not force:
        raise UsageError(f"{folder} 里已有 {'、'.join(present)}：加 --force 覆盖，或换一个 --out")


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let interrupts wait until the block has ended."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _move(part: Path, folder: Path, names: Sequence[str]) -> None:
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        part.rename(folder)
        return
    for name in names:
        if (part / name).exists():
            (part / name).replace(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
