"""What a terminal shows: tables and progress where a person looks, plain lines elsewhere; Chinese, English if asked."""

from __future__ import annotations

import json
import re
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.geo.errors import InputError
from app.jobs.steps import OnStep
from app.serving import serve_page
from app.settings import TerminalSettings

__all__ = ["Terminal"]

STEPS = {
    "read": ("读取数据", "reading"),
    "prepare": ("准备", "preparing"),
    "divide": ("划分社区", "dividing"),
    "assemble": ("拼接", "assembling"),
    "write": ("写出", "writing"),
    "check": ("核验", "checking"),
    "walk": ("测算步行距离", "walking"),
    "site": ("选址", "siting"),
    "draw": ("制图", "drawing"),
}


class Terminal:
    """Two streams and how to write on them: results on stdout, progress and faults on stderr."""

    def __init__(self, settings: TerminalSettings) -> None:
        self.settings = settings
        self.results = Console(file=sys.stdout, no_color=not settings.colour, highlight=False, soft_wrap=True)
        self.notes = Console(file=sys.stderr, no_color=not settings.colour, highlight=False, soft_wrap=True)

    def say(self, zh: str, en: str) -> str:
        """Choose between Chinese and English."""
        return en if self.settings.language == "en" else zh

    def print(self, zh: str, en: str) -> None:
        """Write one line of results."""
        self.results.print(self.say(zh, en), markup=False)

    def warn(self, zh: str, en: str) -> None:
        """Write one line that is no result."""
        self.notes.print(self.say(zh, en), markup=False)

    def print_json(self, record: Mapping[str, Any]) -> None:
        """Write a record for programs."""
        print(json.dumps(record, ensure_ascii=False, indent=1), file=sys.stdout)  # noqa: T201

    @contextmanager
    def progress(self) -> Iterator[OnStep]:
        """Show how far a job has come; show nothing where nobody watches."""
        if not self.settings.progress:
            yield lambda _step, _done, _of: None
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.notes, transient=True) as progress:
            bars: dict[str, Any] = {}

            def show(step: str, done: int, of: int) -> None:
                if step not in bars:
                    bars[step] = progress.add_task(self.say(*STEPS[step]), total=of)
                progress.update(bars[step], completed=done, total=of)

            yield show

    def print_faults(self, error: InputError, *, as_json: bool) -> None:
        """Write one line for each fault."""
        for fault in error.faults:
            self.notes.print(fault.say(self.settings.language), markup=False)
        if as_json:
            self.print_json({"faults": [asdict(fault) for fault in error.faults]})

    def serve(self, page: Path, *, port: int) -> None:
        """Serve a page until interrupted; where nobody watches, fetch it once, say what came, and stop."""
        with serve_page(page, port=port) as address:
            if self.settings.rich_results:
                self.print(f"在浏览器中打开 {address}，按 Ctrl-C 结束", f"open {address} in a browser; Ctrl-C ends it")
                with suppress(KeyboardInterrupt):
                    threading.Event().wait()
                return
            with urllib.request.urlopen(address) as answer:  # noqa: S310  our own address
                content = answer.read()
            title = re.search(r"<title>(.*?)</title>", content.decode("utf-8"))
            name = title[1] if title else ""
            self.print(
                f"{address} 答复 {answer.status}：《{name}》，{len(content):,} 字节",
                f"{address} answers {answer.status}: “{name}”, {len(content):,} bytes",
            )
