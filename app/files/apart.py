"""Files of strangers are read apart: in a process that has no connection, little memory and little time.

What such a file may hurt is that process. It leaves what it has read, or what is wrong with the file, in a folder.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from app.geo.errors import Fault, InputError

__all__ = ["Limits", "Unfinished", "read_apart", "read_under_limits"]

OPEN_FILES = 64
FAULTS = "faults.json"


@dataclass(frozen=True)
class Limits:
    """What reading a file may take."""

    seconds: float
    memory_bytes: int


class Unfinished(Exception):  # noqa: N818
    """The process was stopped before it had read the file; `slow` where that was for its time."""

    def __init__(self, *, slow: bool) -> None:
        super().__init__("slow" if slow else "stopped")
        self.slow = slow


@contextmanager
def read_apart(
    module: str,
    path: Path,
    *arguments: str,
    name: str,
    last: str,
    limits: Limits,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Path]:
    """Have a module that calls `read_under_limits` read a file, and give the folder with what it has written.

    Parameters
    ----------
    name
        What faults call the file.
    last
        The file that the module writes when it has written all others.
    environ
        Variables that its process has beside the few that every one has.

    Raises
    ------
    InputError
        What the module has found wrong with the file.
    Unfinished
        It needs more time or memory than it may have.
    """
    path = path.absolute()  # the process that reads it stands in a folder of its own
    with tempfile.TemporaryDirectory(prefix="jiexiang-apart-") as folder:
        out = Path(folder)
        command = [sys.executable, "-m", module, str(path), folder, str(limits.memory_bytes), *arguments]
        variables = {"PATH": os.defpath, "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", **(environ or {})}
        try:
            done = subprocess.run(  # noqa: S603  our own interpreter and module
                command, env=variables, cwd=folder, timeout=limits.seconds, capture_output=True, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Unfinished(slow=True) from error
        if (out / FAULTS).exists():
            faults = (out / FAULTS).read_text("utf-8").replace(json.dumps(str(path))[1:-1], name)
            raise InputError([Fault(**one) for one in json.loads(faults)])
        if done.returncode or not (out / last).exists():
            (out / "room").write_bytes(bytes(2**20))  # where the disk is full, this raises: no fault of the file
            raise Unfinished(slow=False)
        yield out


def read_under_limits(read: Callable[..., None]) -> None:
    """Be the process of `read_apart`: call `read` with the file, the folder to write into and the other arguments."""
    path, out, memory_bytes, *arguments = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        read(Path(path), Path(out), *arguments)
    except InputError as error:
        (Path(out) / FAULTS).write_text(json.dumps([asdict(fault) for fault in error.faults]), "utf-8")
