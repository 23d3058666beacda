"""Cards for all grids of a plan, one picture and one PDF each, drawn community by community on several processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from app.files.plans import read_plan
from app.files.roster import read_roster
from app.geo.errors import JiexiangError, UsageError
from app.geo.plan import Plan
from app.jobs.inputs import Inputs
from app.jobs.report import read_layers_of
from app.jobs.steps import OnStep, Steps
from app.outcomes import Failure, RunTasks
from app.output import refuse_to_overwrite, write_whole
from app.reports.cards import MOST_DUTIES, CardMaker, CardWords, print_cards
from app.reports.ledgers import NOBODY, Dwellings, Roster, settle_dwellings
from app.reports.texts import file_name

__all__ = ["CardOrder", "CardsDone", "cards", "choose_grids"]

AROUND_DEGREES = 0.006
"""What lies about this far from a community may be seen on a card: 600 m."""


@dataclass(frozen=True)
class CardOrder:
    """Everything that cards are asked with; `only` are the communities to draw, all where none is named."""

    plan: Path
    inputs: Inputs
    folder: Path
    words: CardWords
    staff: str = ""
    only: tuple[str, ...] = ()
    workers: int | None = None
    force: bool = False


@dataclass(frozen=True)
class CardsDone:
    """What was written where."""

    folder: Path
    files: tuple[str, ...]


@dataclass(frozen=True)
class Chosen:
    """The plan and, by community, the grids that get a card: each as a name of its files with its row."""

    plan: Plan
    names: Mapping[str, Mapping[str, int]]

    @property
    def files(self) -> list[str]:
        """Names of the files that will be written."""
        return [f"{name}.{kind}" for own in self.names.values() for name in own for kind in ("jpg", "pdf")]

    @property
    def codes(self) -> list[str]:
        """Codes of the grids that get a card."""
        rows = [row for own in self.names.values() for row in own.values()]
        return [str(code) for code in self.plan.grids["grid_code"].iloc[rows]]


@dataclass(frozen=True)
class _Task:
    """The cards of one community: what is seen on them, and the names of their files by rows of the plan."""

    plan: Plan
    dwellings: Dwellings | None
    roster: Roster
    words: CardWords
    barriers: gpd.GeoDataFrame
    rows: Mapping[str, int]
    folder: Path


def choose_grids(order: CardOrder) -> Chosen:
    """Read which grids get a card, and refuse before anything is done what cannot be drawn or written.

    Raises
    ------
    InputError, UsageError
        The plan cannot be read, or lacks one of the communities; there are too many duties, or cards there already.
    """
    if len(order.words.duties) > MOST_DUTIES:
        raise UsageError(f"职责有 {len(order.words.duties)} 行：一张卡最多 {MOST_DUTIES} 行")
    plan = read_plan(order.plan)
    known = [str(code) for code in plan.communities["community_code"]]
    unknown = sorted(set(order.only) - set(known))
    if unknown:
        raise UsageError(f"--only {'、'.join(unknown)}：方案中没有这个社区")
    names = _name_files(plan)
    wanted = [code for code in known if code in names and (not order.only or code in order.only)]
    chosen = Chosen(plan, {code: names[code] for code in wanted})
    refuse_to_overwrite(order.folder, chosen.files, force=order.force)
    return chosen


def cards(order: CardOrder, *, run_tasks: RunTasks, on_step: OnStep) -> CardsDone:
    """Draw the card of every grid, all of them or none; the same inputs give the same bytes.

    Raises
    ------
    InputError, UsageError
        Nothing is written then.
    """
    steps = Steps(on_step)
    with steps.take("read"):
        chosen = choose_grids(order)
        plan, files = chosen.plan, chosen.files
        layers, _ = read_layers_of(order.inputs, plan)
        told = bool(len(layers.buildings))
        dwellings = settle_dwellings(plan.grids, plan.communities, layers.buildings, layers.compounds) if told else None
        roster = Roster(read_roster(order.staff)) if order.staff else NOBODY
    with write_whole(order.folder, files, force=order.force) as part:
        tasks = [
            _cut(plan, dwellings, roster, order.words, layers.barriers, own, part) for own in chosen.names.values()
        ]
        with steps.take("write", of=len(tasks)) as advance:
            outcomes = run_tasks(_print, tasks, workers=order.workers, on_outcome=lambda _number, _outcome: advance())
        for code, outcome in zip(chosen.names, outcomes, strict=True):
            if isinstance(outcome.value, Failure):
                raise JiexiangError(f"社区 {code} 的网格责任卡画不出来，什么都没有写：{outcome.value.message}")
    return CardsDone(order.folder, tuple(files))


def _name_files(plan: Plan) -> dict[str, dict[str, int]]:
    """Name the file of every grid, by community: its code, community and name."""
    communities = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    columns = (plan.grids[name] for name in ("community_code", "grid_code", "name"))
    named: dict[str, dict[str, int]] = {}
    for row, (home, code, name) in enumerate(zip(*columns, strict=True)):
        text = f"{file_name(code)} {file_name(str(communities.get(home, '')) + str(name))}"
        named.setdefault(str(home), {})[text] = row
    return named


def _cut(
    plan: Plan,
    dwellings: Dwellings | None,
    roster: Roster,
    words: CardWords,
    barriers: gpd.GeoDataFrame,
    own: Mapping[str, int],
    folder: Path,
) -> _Task:
    """Cut out of a plan what the cards of one community show."""
    shapes = np.asarray(plan.grids.geometry.array, dtype=object)
    rows = list(own.values())
    view = shapely.box(*shapely.total_bounds(shapes[rows])).buffer(AROUND_DEGREES, join_style="mitre")
    seen = np.flatnonzero(shapely.intersects(shapes, view))
    place = {int(row): number for number, row in enumerate(seen)}
    codes = set(plan.grids["grid_code"].iloc[seen])
    beside = plan.borders["left_grid"].isin(codes) | plan.borders["right_grid"].isin(codes)
    homes = plan.communities["community_code"].isin(set(plan.grids["community_code"].iloc[seen]))
    cut = replace(
        plan,
        grids=plan.grids.iloc[seen].reset_index(drop=True),
        units=plan.units.iloc[:0],
        borders=plan.borders[beside].reset_index(drop=True),
        communities=plan.communities[homes].reset_index(drop=True),
        streets=plan.streets[plan.streets.intersects(view)].reset_index(drop=True),
    )
    mine = None
    if dwellings is not None:
        held = dwellings.rows[dwellings.rows["grid"].isin(rows)]
        mine = Dwellings(held.assign(grid=held["grid"].map(place)))
    seen_barriers = barriers[barriers.intersects(view)].reset_index(drop=True)
    return _Task(cut, mine, roster, words, seen_barriers, {name: place[row] for name, row in own.items()}, folder)


def _print(task: _Task) -> int:
    maker = CardMaker(task.plan, task.dwellings, task.roster, task.words, task.barriers)
    printed = print_cards(maker, task.rows)
    for name, content in printed.items():
        (task.folder / name).write_bytes(content)
    return len(printed)
