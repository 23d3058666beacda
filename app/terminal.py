"""What a terminal shows: tables and progress where a person looks, plain lines elsewhere; Chinese, English if asked."""

from __future__ import annotations

import json
import re
import sys
import threading
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.doctor import Finding
from app.geo.errors import InputError
from app.geo.promises import HARD_PROMISES, PROMISE_WORDS, Scorecard
from app.geo.rejections import REJECTION_WORDS, Rejection
from app.jobs import Check, OnStep, SplitDone
from app.serving import serve_page
from app.settings import TerminalSettings

__all__ = ["Terminal"]

SHORT = (
    *("communities", "divisible_communities", "grids", "grids_to_ideal", "in_band", "in_band_divisible"),
    *("in_band_households", "not_found", "mean_dev", "on_barrier", "border_km", "cost", "compact_mi", "slivers"),
)
"""Scores that tell the main thing; `verify` shows all."""

MOST_PLACES = 20
"""Places shown of one promise; all of them are in the JSON."""

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

    def print_notes(self, check: Check) -> None:
        """Write what was repaired, ignored or assumed while reading."""
        for note in check.notes:
            self.results.print(f"· {note.say(self.settings.language)}", markup=False)

    def print_split(self, done: SplitDone) -> None:
        """Write what a division came to: notes, scores, reasons, failures, and where it lies."""
        self.print_notes(done.check)
        basis = done.plan.about["household_basis"]
        self.print(f"户数口径：{basis}", f"households are: {basis}")
        self.print_scorecard(done.check.scorecard, whole=False)
        self.print_places(done.check.scorecard, done.check.scorecard.broken)
        self.print_rejections(done.check.rejections)
        explained = done.plan.grids[done.plan.grids["reason"] != ""]
        if len(explained):
            self.print(f"户数超限的网格 {len(explained)} 个：", f"{len(explained)} grids outside the band:")
            for code, name, reason in zip(explained["grid_code"], explained["name"], explained["reason"], strict=True):
                self.results.print(f"  {code} {name}：{reason}", markup=False)
        for one in done.failed:
            self.print(
                f"✗ {one.community_code} {one.name} 没有划分成：{one.failure.message}",
                f"✗ {one.community_code} {one.name} could not be divided: {one.failure.message}",
            )
        self.print(f"划分方案：{done.folder / 'plan.gpkg'}", f"plan: {done.folder / 'plan.gpkg'}")

    def print_check(self, check: Check) -> None:
        """Write every promise and score, and all places where something is amiss."""
        self.print_notes(check)
        self.print_scorecard(check.scorecard, whole=True)
        self.print_places(check.scorecard, PROMISE_WORDS)
        self.print_rejections(check.rejections)

    def print_old_grids(self, check: Check) -> None:
        """Write the main scores of grids that are in use, and of each promise they break the first place."""
        self.print_scorecard(check.scorecard, whole=False)
        for name in check.scorecard.broken:
            places = [place for place in check.scorecard.places if place.promise == name]
            if places:
                first, zh, en = places[0], *PROMISE_WORDS[name]
                where = f"{first.code}  {first.longitude:.6f},{first.latitude:.6f}"
                self.print(f"  {zh}，如 {where}  {first.words_zh}", f"  {en}, such as {where}  {first.words_en}")
        self.print("  全部地点：jiexiang verify", "  all places: jiexiang verify")

    def print_rejections(self, rejections: Sequence[Rejection]) -> None:
        """Write what an official would refuse: hits to look at with their remedy, then the others with their reason."""
        hits = sorted(rejections, key=lambda hit: hit.explained)
        if not hits:
            self.print("✓ 退回检查：没有发现", "✓ rejection check: nothing found")
            return
        told = sum(hit.explained for hit in hits)
        mark, still = "✓" if told == len(hits) else "!", len(hits) - told
        self.print(
            f"{mark} 退回检查：{still} 处待处理，{told} 处已说明原因",
            f"{mark} rejection check: {still} to look at, {told} explained",
        )
        for hit in hits[:MOST_PLACES]:
            where = f"{'、'.join(hit.grid_codes)}  {hit.longitude:.6f},{hit.latitude:.6f}"
            kind = self.say(*REJECTION_WORDS[hit.kind])
            words = self.say(hit.words_zh, hit.words_en)
            self.results.print(f"  {'✓' if hit.explained else '!'} {kind}  {where}  {words}", markup=False)
            if hit.explained:
                self.print(f"    原因：{hit.reason_zh}", f"    because: {hit.reason_en}")
            else:
                self.print(f"    → {hit.remedy_zh}", f"    → {hit.remedy_en}")
        if len(hits) > MOST_PLACES:
            more = len(hits) - MOST_PLACES
            self.print(f"  另有 {more} 处，见 --json", f"  {more} more: see --json")

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

    def print_scorecard(self, scorecard: Scorecard, *, whole: bool) -> None:
        """Write the promises and scores, all of them or the main ones with whatever is broken."""
        hard = [name for name in HARD_PROMISES if whole or name in scorecard.broken]
        self._print_rows(scorecard, hard, self.say("硬承诺", "Hard promises"))
        scores = [name for name in PROMISE_WORDS if name not in HARD_PROMISES and (whole or name in SHORT)]
        self._print_rows(scorecard, scores, self.say("规模与边界", "Scores"))
        if scorecard.broken:
            self.print(
                f"✗ {len(scorecard.broken)} 项硬承诺未满足：{'、'.join(scorecard.broken)}",
                f"✗ {len(scorecard.broken)} hard promises are broken: {', '.join(scorecard.broken)}",
            )
        else:
            self.print(f"✓ {len(HARD_PROMISES)} 项硬承诺全部满足", f"✓ all {len(HARD_PROMISES)} hard promises hold")

    def _print_rows(self, scorecard: Scorecard, names: Sequence[str], title: str) -> None:
        rows = [(name, _format(scorecard.values[name]), self._mark(scorecard, name)) for name in names]
        if not rows:
            return
        if not self.settings.rich_results:
            for name, value, mark in rows:
                self.results.print(f"{name:22}{value:>12}  {mark} {self.say(*PROMISE_WORDS[name])}", markup=False)
            return
        table = Table(title=title, title_justify="left", show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(style="dim", no_wrap=True)
        for name, value, mark in rows:
            table.add_row(self.say(*PROMISE_WORDS[name]), value, mark, name, style="red" if mark == "✗" else "")
        self.results.print(table)

    def _mark(self, scorecard: Scorecard, name: str) -> str:
        if name not in HARD_PROMISES or scorecard.values[name] is None:
            return " "
        return "✗" if name in scorecard.broken else "✓"

    def print_places(self, scorecard: Scorecard, promises: Iterable[str]) -> None:
        """Write where each of some promises is broken, by grid or community, with longitude and latitude."""
        for name in promises:
            places = [place for place in scorecard.places if place.promise == name]
            if not places:
                continue
            self.print(f"{PROMISE_WORDS[name][0]}({name}):", f"{PROMISE_WORDS[name][1]} ({name}):")
            for place in places[:MOST_PLACES]:
                self.print(
                    f"  {place.code}  {place.longitude:.6f},{place.latitude:.6f}  {place.words_zh}",
                    f"  {place.code}  {place.longitude:.6f},{place.latitude:.6f}  {place.words_en}",
                )
            if len(places) > MOST_PLACES:
                more = len(places) - MOST_PLACES
                self.print(f"  另有 {more} 处，见 --json", f"  {more} more places: see --json")

    def print_findings(self, findings: Sequence[Finding]) -> None:
        """Write what the doctor found, each fault with the line that mends it."""
        for finding in findings:
            mark = "✓" if finding.well else "✗" if finding.essential else "!"
            self.results.print(f"{mark} {finding.subject}：{finding.fact}", markup=False)
            if not finding.well:
                self.results.print(f"  → {finding.remedy}", markup=False)


def _format(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"
