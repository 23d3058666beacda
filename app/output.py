"""Output that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import threading
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
    part = _nearest_existing(folder) / f".{folder.name}.{uuid.uuid4().hex[:8]}.part"
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
        `folder` is a file, or may not be written to, or some of `names` are there already and `force` is not given.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} 是文件，不是文件夹：请换一个 --out")
    root = _nearest_existing(folder.absolute())
    if not root.is_dir() or not os.access(root, os.W_OK | os.X_OK):
        raise UsageError(f"{root} 不能写入：请换一个 --out")
    present = [name for name in names if (folder / name).exists()]
    if present and not force:
        raise UsageError(f"{folder} 里已有 {'、'.join(present)}：加 --force 覆盖，或换一个 --out")


def _nearest_existing(folder: Path) -> Path:
    """Find the folder or the nearest one above it, which is surely on the same file system."""
    while not folder.exists():
        folder = folder.parent
    return folder


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let interrupts wait until the block has ended.

    Handlers are exchanged rather than signals blocked: libraries run threads of their own, and a signal that one of
    those takes would interrupt us all the same. Only the main thread is ever interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: caught.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for held in caught:
            signal.raise_signal(held)


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
