"""What a check came to, on a terminal: promises and scores, places where something is amiss, what would be refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from app.geo.promises import HARD_PROMISES, PROMISE_WORDS, Scorecard
from app.geo.rejections import REJECTION_WORDS, Rejection

if TYPE_CHECKING:
    from app.jobs.split import SplitDone
    from app.jobs.verify import Check
    from app.terminal import Terminal

__all__ = ["print_check", "print_old_grids", "print_split"]

SHORT = (
    *("communities", "divisible_communities", "grids", "grids_to_ideal", "in_band", "in_band_divisible"),
    *("in_band_households", "not_found", "mean_dev", "on_barrier", "border_km", "cost", "compact_mi", "slivers"),
)
"""Scores that tell the main thing; `verify` shows all."""

MOST_PLACES = 20
"""Places shown of one promise; all of them are in the JSON."""


def _print_notes(terminal: Terminal, check: Check) -> None:
    """Write what was repaired, ignored or assumed while reading."""
    for note in check.notes:
        terminal.results.print(f"· {note.say(terminal.settings.language)}", markup=False)


def print_split(terminal: Terminal, done: SplitDone) -> None:
    """Write what a division came to: notes, scores, reasons, failures, and where it lies."""
    _print_notes(terminal, done.check)
    basis = done.plan.about["household_basis"]
    terminal.print(f"户数口径：{basis}", f"households are: {basis}")
    _print_scorecard(terminal, done.check.scorecard, whole=False)
    _print_places(terminal, done.check.scorecard, done.check.scorecard.broken)
    _print_rejections(terminal, done.check.rejections)
    explained = done.plan.grids[done.plan.grids["reason"] != ""]
    if len(explained):
        terminal.print(f"户数超限的网格 {len(explained)} 个：", f"{len(explained)} grids outside the band:")
        for code, name, reason in zip(explained["grid_code"], explained["name"], explained["reason"], strict=True):
            terminal.results.print(f"  {code} {name}：{reason}", markup=False)
    for one in done.failed:
        terminal.print(
            f"✗ {one.community_code} {one.name} 没有划分成：{one.failure.message}",
            f"✗ {one.community_code} {one.name} could not be divided: {one.failure.message}",
        )
    terminal.print(f"划分方案：{done.folder / 'plan.gpkg'}", f"plan: {done.folder / 'plan.gpkg'}")


def print_check(terminal: Terminal, check: Check) -> None:
    """Write every promise and score, and all places where something is amiss."""
    _print_notes(terminal, check)
    _print_scorecard(terminal, check.scorecard, whole=True)
    _print_places(terminal, check.scorecard, PROMISE_WORDS)
    _print_rejections(terminal, check.rejections)


def print_old_grids(terminal: Terminal, check: Check) -> None:
    """Write the main scores of grids that are in use, and of each promise they break the first place."""
    _print_scorecard(terminal, check.scorecard, whole=False)
    for name in check.scorecard.broken:
        places = [place for place in check.scorecard.places if place.promise == name]
        if places:
            first, zh, en = places[0], *PROMISE_WORDS[name]
            where = f"{first.code}  {first.longitude:.6f},{first.latitude:.6f}"
            terminal.print(f"  {zh}，如 {where}  {first.words_zh}", f"  {en}, such as {where}  {first.words_en}")
    terminal.print("  全部地点：jiexiang verify", "  all places: jiexiang verify")


def _print_rejections(terminal: Terminal, rejections: Sequence[Rejection]) -> None:
    """Write what an official would refuse: hits to look at with their remedy, then the others with their reason."""
    hits = sorted(rejections, key=lambda hit: hit.explained)
    if not hits:
        terminal.print("✓ 退回检查：没有发现", "✓ rejection check: nothing found")
        return
    told = sum(hit.explained for hit in hits)
    mark, still = "✓" if told == len(hits) else "!", len(hits) - told
    terminal.print(
        f"{mark} 退回检查：{still} 处待处理，{told} 处已说明原因",
        f"{mark} rejection check: {still} to look at, {told} explained",
    )
    for hit in hits[:MOST_PLACES]:
        where = f"{'、'.join(hit.grid_codes)}  {hit.longitude:.6f},{hit.latitude:.6f}"
        kind = terminal.say(*REJECTION_WORDS[hit.kind])
        words = terminal.say(hit.words_zh, hit.words_en)
        terminal.results.print(f"  {'✓' if hit.explained else '!'} {kind}  {where}  {words}", markup=False)
        if hit.explained:
            terminal.print(f"    原因：{hit.reason_zh}", f"    because: {hit.reason_en}")
        else:
            terminal.print(f"    → {hit.remedy_zh}", f"    → {hit.remedy_en}")
    if len(hits) > MOST_PLACES:
        more = len(hits) - MOST_PLACES
        terminal.print(f"  另有 {more} 处，见 --json", f"  {more} more: see --json")


def _print_scorecard(terminal: Terminal, scorecard: Scorecard, *, whole: bool) -> None:
    """Write the promises and scores, all of them or the main ones with whatever is broken."""
    hard = [name for name in HARD_PROMISES if whole or name in scorecard.broken]
    _print_rows(terminal, scorecard, hard, terminal.say("硬承诺", "Hard promises"))
    scores = [name for name in PROMISE_WORDS if name not in HARD_PROMISES and (whole or name in SHORT)]
    _print_rows(terminal, scorecard, scores, terminal.say("规模与边界", "Scores"))
    if scorecard.broken:
        terminal.print(
            f"✗ {len(scorecard.broken)} 项硬承诺未满足：{'、'.join(scorecard.broken)}",
            f"✗ {len(scorecard.broken)} hard promises are broken: {', '.join(scorecard.broken)}",
        )
    else:
        terminal.print(f"✓ {len(HARD_PROMISES)} 项硬承诺全部满足", f"✓ all {len(HARD_PROMISES)} hard promises hold")


def _print_rows(terminal: Terminal, scorecard: Scorecard, names: Sequence[str], title: str) -> None:
    rows = [(name, _format(scorecard.values[name]), _mark(scorecard, name)) for name in names]
    if not rows:
        return
    if not terminal.settings.rich_results:
        for name, value, mark in rows:
            terminal.results.print(f"{name:22}{value:>12}  {mark} {terminal.say(*PROMISE_WORDS[name])}", markup=False)
        return
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    for name, value, mark in rows:
        table.add_row(terminal.say(*PROMISE_WORDS[name]), value, mark, name, style="red" if mark == "✗" else "")
    terminal.results.print(table)


def _mark(scorecard: Scorecard, name: str) -> str:
    if name not in HARD_PROMISES or scorecard.values[name] is None:
        return " "
    return "✗" if name in scorecard.broken else "✓"


def _print_places(terminal: Terminal, scorecard: Scorecard, promises: Iterable[str]) -> None:
    """Write where each of some promises is broken, by grid or community, with longitude and latitude."""
    for name in promises:
        places = [place for place in scorecard.places if place.promise == name]
        if not places:
            continue
        terminal.print(f"{PROMISE_WORDS[name][0]}({name}):", f"{PROMISE_WORDS[name][1]} ({name}):")
        for place in places[:MOST_PLACES]:
            terminal.print(
                f"  {place.code}  {place.longitude:.6f},{place.latitude:.6f}  {place.words_zh}",
                f"  {place.code}  {place.longitude:.6f},{place.latitude:.6f}  {place.words_en}",
            )
        if len(places) > MOST_PLACES:
            more = len(places) - MOST_PLACES
            terminal.print(f"  另有 {more} 处，见 --json", f"  {more} more places: see --json")


def _format(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"
