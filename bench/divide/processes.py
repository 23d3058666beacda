"""Run a command and watch the memory of it and all its children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.divide.places import ROOT, Place

__all__ = ["Run", "machine", "run_alone"]

EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class Run:
    """What a peer measured of itself, and what its memory was seen to be from outside."""

    measured: dict[str, Any]
    """Empty where the process failed."""
    error: str
    peak_all_mib: float
    """Resident memory of the process and its workers together, at its highest."""
    peak_one_mib: float
    """Resident memory of the largest of them."""


def run_alone(
    peer: str,
    place: Place,
    out: Path,
    *,
    repeats: int = 1,
    workers: int = 1,
    proofs: bool = True,
    limit_s: float | None = None,
) -> Run:
    """Run one peer on one place in its own process; one that passes the limit is stopped with its workers."""
    command = [sys.executable, "-m", "bench.divide.one", peer, json.dumps(asdict(place)), str(out)]
    command += ["--repeats", str(repeats), "--workers", str(workers), *([] if proofs else ["--no-proofs"])]
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        process = subprocess.Popen(command, stdout=stdout, stderr=stderr, cwd=ROOT, start_new_session=True)
        peaks = [0.0, 0.0]
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks, ended))
        watcher.start()
        try:
            process.wait(limit_s)
            error = ""
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            error = f"stopped after {limit_s:.0f} s"
        finally:
            ended.set()
            watcher.join()
        stdout.seek(0)
        stderr.seek(0)
        lines, complaint = stdout.read().strip().splitlines(), stderr.read().strip().splitlines()
    if process.returncode == 0:
        return Run(json.loads(lines[-1]), "", *peaks)
    return Run({}, error or (complaint[-1] if complaint else f"exit code {process.returncode}"), *peaks)


def _watch(pid: int, peaks: list[float], ended: threading.Event) -> None:
    while not ended.wait(EVERY_SECONDS):
        resident = [size for size in map(_resident_mib, _family(pid)) if size]
        peaks[0] = max(peaks[0], sum(resident))
        peaks[1] = max(peaks[1], max(resident, default=0.0))


def _family(pid: int) -> list[int]:
    """List a process and its descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
            children.setdefault(parent, []).append(int(folder.name))
    family = [pid]
    for member in family:
        family += children.get(member, [])
    return family


def _resident_mib(pid: int) -> float:
    """Read the memory of a process with its share of what it shares (PSS), so that sums count nothing twice."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0.0  # it has ended meanwhile
    return 0.0


def machine() -> str:
    """Describe the machine by cores and memory."""
    total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    return f"{len(os.sched_getaffinity(0))} cores, {int(total.split()[1]) / 1024**2:.0f} GiB"
