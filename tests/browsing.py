"""What tests of pages share: a process of `jiexiang serve`, and Debian's Chromium without a window."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

__all__ = ["run_browser", "run_serve"]

COMMAND = Path(sys.executable).with_name("jiexiang")


@contextmanager
def run_serve(environ: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run the service as a county does, what it says on stderr written to a file, and give its address."""
    with log.open("w") as errors:
        command = [COMMAND, "serve", "--port", "0", "--workers", "1"]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        found = re.search(r"http://[\d.:]+", process.stdout.readline())
        assert found, log.read_text()
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stdout.close()


@contextmanager
def run_browser(flags: Sequence[str]) -> Iterator[Browser]:
    """Run a browser; while it runs, nothing else may run a loop in this process. Skip where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed, so pages cannot be opened: apt-get install chromium")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program, args=list(flags))
        yield running
        running.close()
