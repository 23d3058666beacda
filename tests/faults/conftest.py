"""One service for all tests that do it harm without killing it, on a disk of its own that is small enough to fill."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator

import pytest
from drill import Drill, Outcome
from served import Served, folder_for_service, service_in

DISK_MB = 320


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[Served]:
    """Run a service; its folder is a file system in memory where this machine lets us mount one."""
    with folder_for_service() as folder:
        words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0755", "tmpfs", folder]
        try:
            mounted = subprocess.run(words, capture_output=True, text=True)
            refused = mounted.stderr.strip()
        except FileNotFoundError:
            refused = "there is no mount"
        try:
            desk = tmp_path_factory.mktemp("desk")
            settings = {"JIEXIANG_STATEMENT_SECONDS": "4"}
            with service_in(Served(folder, extra=settings, desk=desk, whole_disk=refused)) as running:
                yield running
        finally:
            if not refused:
                subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="session")
def _drill(served: Served) -> Drill:
    return Drill(served, random.Random(1))  # noqa: S311  no secret


@pytest.fixture
def drill(_drill: Drill) -> Drill:
    """Return whoever asks that service for deeds, and remembers what was acknowledged in every test before."""
    _drill.outcome = Outcome()
    return _drill
