"""The jobs a county asks for, each from files to files: split, verify, map, demonstrate."""

from __future__ import annotations

import hashlib
import json
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd

from app import __version__
from app.files.columns import parse_columns
from app.files.inputs import ReadReport, read_layers
from app.files.messages import Note
from app.files.plans import read_grids, read_plan, write_outlines, write_plan
from app.files.sources import layer_names
from app.geo.crs import DEGREES
from app.geo.errors import DivisionError, UsageError
from app.geo.layers import Layers
from app.geo.plan import CommunityTask, Plan, assemble_plan, divide_community, prepare_tasks
from app.geo.posts import share_posts
from app.geo.promises import Scorecard, check_promises
from app.geo.rejections import Rejection, check_rejections
from app.geo.rules import Rules
from app.maps.plan_page import draw_plan
from app.outcomes import Failure, Outcome, RunTasks
from app.output import refuse_to_overwrite, write_whole

__all__ = [
    "Check",
    "FailedCommunity",
    "Inputs",
    "OnStep",
    "SplitDone",
    "SplitOrder",
    "demonstrate",
    "draw",
    "split",
    "verify",
]

PLAN, RUN, MENDED, MAP = "plan.gpkg", "run.json", "mended.gpkg", "map.html"
TOWN_LAYERS = ("communities", "streets", "buildings", "barriers", "compounds", "special_sites", "groups")

OnStep = Callable[[str, int, int], None]
"""Hears the name of a step, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Inputs:
    """The files of a job and how to read them.

    `sources` names FILE or FILE:LAYER by layer; `columns` are FIELD=COLUMN or LAYER.FIELD=COLUMN.
    """

    sources: Mapping[str, str]
    columns: tuple[str, ...] = ()
    household_basis: str = ""
    workload: str = ""
    mend: bool = False
    as_is: bool = False


@dataclass(frozen=True)
class SplitOrder:
    """Everything that one division is asked with."""

    inputs: Inputs
    rules: Rules
    folder: Path
    seed: int = 0
    posts: int | None = None
    only: tuple[str, ...] = ()
    workers: int | None = None
    force: bool = False


@dataclass(frozen=True)
class FailedCommunity:
    """A community that has no grids, and why."""

    community_code: str
    name: str
    failure: Failure


@dataclass(frozen=True)
class Check:
    """What grids keep of their promises, what an official would refuse, and what was noted while reading."""

    scorecard: Scorecard
    rejections: tuple[Rejection, ...]
    notes: tuple[Note, ...]

    @property
    def kept(self) -> bool:
        """Whether every hard promise holds."""
        return not self.scorecard.broken

    @property
    def record(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "promises": self.scorecard.values,
            "broken": list(self.scorecard.broken),
            "places": [asdict(place) for place in self.scorecard.places],
            "rejections": [asdict(rejection) for rejection in self.rejections],
            "notes": [asdict(note) for note in self.notes],
        }


@dataclass(frozen=True)
class SplitDone:
    """What a division came to; `record` is what stands in run.json."""

    plan: Plan
    check: Check
    failed: tuple[FailedCommunity, ...]
    folder: Path
    record: dict[str, Any]

    @property
    def kept(self) -> bool:
        """Whether every hard promise holds and every community was divided."""
        return self.check.kept and not self.failed


def split(order: SplitOrder, *, run_tasks: RunTasks, on_step: OnStep) -> SplitDone:
    """Divide communities from files into `plan.gpkg`, and check what was written before it appears.

    A community that cannot be divided is recorded and does not stop the others.

    Raises
    ------
    InputError, UsageError
        Nothing is written then.
    DivisionError
        No community at all could be divided; nothing is written.
    """
    return _split(order, run_tasks=run_tasks, steps=_Steps(on_step))


def _split(order: SplitOrder, *, run_tasks: RunTasks, steps: _Steps, draw_in: str = "") -> SplitDone:
    names = (PLAN, RUN, MENDED, *([MAP] if draw_in else []))
    if order.posts is not None and order.rules.grids is not None:
        raise UsageError("--grids 与 --posts 都决定网格数，只能用一个")
    refuse_to_overwrite(order.folder, names, force=order.force)
    began = datetime.now().astimezone()
    with steps.take("read"):
        layers, report = _read(order.inputs)
    with steps.take("prepare"):
        asked = _keep_communities(layers, order.only)
        tasks = prepare_tasks(layers, order.rules, order.only)
        if order.posts is not None:
            tasks = _give_posts(tasks, order.posts)
    with steps.take("divide", of=len(tasks)) as advance:
        outcomes = run_tasks(
            partial(divide_community, rules=order.rules, seed=order.seed),
            tasks,
            workers=order.workers,
            on_outcome=lambda _number, _outcome: advance(),
        )
    divided = [outcome.value for outcome in outcomes if not isinstance(outcome.value, Failure)]
    failed = tuple(
        FailedCommunity(task.code, task.name, outcome.value)
        for task, outcome in zip(tasks, outcomes, strict=True)
        if isinstance(outcome.value, Failure)
    )
    if not divided:
        raise DivisionError(
            "没有一个社区能划分：\n"
            + "\n".join(f"{one.community_code} {one.name}：{one.failure.message}" for one in failed)
        )
    with steps.take("assemble"):
        plan = assemble_plan(divided, layers, _describe(order, layers, report))
    with write_whole(order.folder, names, force=order.force) as part:
        with steps.take("write"):
            write_plan(plan, part / PLAN)
            if report.mended is not None:
                write_outlines(report.mended, part / MENDED)
        with steps.take("check"):  # what was written, not what we meant to write
            written = read_plan(part / PLAN)
            check = _check(written.grids, written.borders, asked, order.rules, report)
        if draw_in:
            with steps.take("draw"):
                (part / MAP).write_text(draw_plan(written, language=draw_in), "utf-8")
        record = _record(order, began, steps, tasks, outcomes, failed, check, report)
        (part / RUN).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return SplitDone(written, check, failed, order.folder, record)


def verify(grids: str, inputs: Inputs, rules: Rules, *, only: Sequence[str] = (), on_step: OnStep) -> Check:
    """Check a plan, or grids drawn by hand (体检), against every promise.

    Raises
    ------
    InputError, UsageError
        The grids or the layers cannot be read.
    """
    steps = _Steps(on_step)
    with steps.take("read"):
        layers, report = _read(inputs)
        drawn, notes = read_grids(grids, layers.communities, columns=parse_columns(inputs.columns))
        plan = Path(grids)
        is_plan = plan.suffix == ".gpkg" and plan.is_file() and "borders" in layer_names(plan)
        borders = read_plan(plan).borders if is_plan else gpd.GeoDataFrame(geometry=[], crs=DEGREES)
    with steps.take("check"):
        check = _check(drawn, borders, _keep_communities(layers, only), rules, report)
    return replace(check, notes=(*check.notes, *notes))


def draw(plan: Path, page: Path, *, language: str, attribution: str, force: bool, on_step: OnStep) -> None:
    """Draw a plan file as one page.

    Raises
    ------
    InputError, UsageError
        Nothing is written then.
    """
    steps = _Steps(on_step)
    refuse_to_overwrite(page.parent, [page.name], force=force)
    with steps.take("read"):
        written = read_plan(plan)
    with steps.take("draw"):
        text = draw_plan(written, language=language, attribution=attribution)
    with write_whole(page.parent, [page.name], force=force) as part:
        (part / page.name).write_text(text, "utf-8")


def demonstrate(
    town: Path, folder: Path, *, language: str, workers: int | None, force: bool, run_tasks: RunTasks, on_step: OnStep
) -> SplitDone:
    """Divide, check and draw the made-up town.

    Raises
    ------
    UsageError
        The town is not there, or there is output already and `force` is not given.
    """
    if not town.is_file():
        raise UsageError(f"没有示例数据 {town}：demo 要在源代码目录里运行")
    sources = {layer: f"{town}:{layer}" for layer in TOWN_LAYERS}
    inputs = Inputs(sources, household_basis="常住户")
    order = SplitOrder(inputs, Rules(), folder, workers=workers, force=force)
    return _split(order, run_tasks=run_tasks, steps=_Steps(on_step), draw_in=language)


# --- the parts of the jobs --------------------------------------------------------------------------------------------


class _Steps:
    """The steps of a job: announced as they go, timed for the record."""

    def __init__(self, on_step: OnStep) -> None:
        self.on_step = on_step
        self.seconds: dict[str, float] = {}

    @contextmanager
    def take(self, name: str, *, of: int = 1) -> Iterator[Callable[[], None]]:
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            self.on_step(name, done, of)

        began = time.perf_counter()
        self.on_step(name, 0, of)
        yield advance
        self.on_step(name, of, of)
        self.seconds[name] = round(time.perf_counter() - began, 3)


def _read(inputs: Inputs) -> tuple[Layers, ReadReport]:
    return read_layers(
        inputs.sources,
        columns=parse_columns(inputs.columns),
        household_basis=inputs.household_basis or None,
        workload=inputs.workload,
        mend=inputs.mend,
        as_is=inputs.as_is,
    )


def _keep_communities(layers: Layers, only: Sequence[str]) -> Layers:
    """Keep the communities asked for; all where none is named."""
    if not only:
        return layers
    codes = list(layers.communities["community_code"])
    unknown = [code for code in only if code not in codes]
    if unknown:
        near = get_close_matches(unknown[0], codes, n=3)
        hint = f"，是不是 {'、'.join(near)}？" if near else f"，社区图层里有 {len(codes)} 个社区，如 {codes[0]}"
        raise UsageError(f"--only {'、'.join(unknown)}：社区图层里没有这个编码{hint}")
    kept = layers.communities[layers.communities["community_code"].isin(only)]
    return replace(layers, communities=kept.reset_index(drop=True))


def _give_posts(tasks: Sequence[CommunityTask], posts: int) -> list[CommunityTask]:
    households = [
        float(task.buildings.loc[task.buildings["claimed_by"] == task.code, "households"].sum()) for task in tasks
    ]
    shares = share_posts(households, posts)
    return [replace(task, posts=float(share)) for task, share in zip(tasks, shares, strict=True)]


def _describe(order: SplitOrder, layers: Layers, report: ReadReport) -> dict[str, str | int | float]:
    """Make the one row of layer `plan`: nothing in it depends on the clock or the machine."""
    return {
        "software": "jiexiang",
        "version": __version__,
        "rules_digest": hashlib.sha256(json.dumps(_plain_rules(order.rules), sort_keys=True).encode()).hexdigest(),
        "input_digests": json.dumps(dict(report.digests), sort_keys=True),
        "household_basis": layers.household_basis,
        "seed": order.seed,
        "min_households": order.rules.min_households,
        "max_households": order.rules.max_households,
    }


def _plain_rules(rules: Rules) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(rules).items()}


def _check(
    grids: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, layers: Layers, rules: Rules, report: ReadReport
) -> Check:
    return Check(
        check_promises(grids, layers, rules), check_rejections(grids, borders, layers, rules), tuple(report.notes)
    )


def _record(
    order: SplitOrder,
    began: datetime,
    steps: _Steps,
    tasks: Sequence[CommunityTask],
    outcomes: Sequence[Outcome[Any]],
    failed: Sequence[FailedCommunity],
    check: Check,
    report: ReadReport,
) -> dict[str, Any]:
    """Make run.json: what was asked, with what, how long it took, and what came of it."""
    memory_kib = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "software": f"jiexiang {__version__}",
        "began": began.isoformat(timespec="seconds"),
        "seconds": {**steps.seconds, "total": round(sum(steps.seconds.values()), 3)},
        "peak_memory_mib": round(memory_kib / 1024),
        "workers": order.workers,
        "seed": order.seed,
        "rules": _plain_rules(order.rules),
        "inputs": {
            layer: {"source": order.inputs.sources[layer], "sha256": digest, "features": report.features[layer]}
            for layer, digest in report.digests.items()
        },
        "communities": [
            {"community_code": task.code, "name": task.name, "seconds": round(outcome.seconds, 3)}
            for task, outcome in zip(tasks, outcomes, strict=True)
        ],
        "failed": [{"community_code": one.community_code, "name": one.name, **asdict(one.failure)} for one in failed],
        **check.record,
    }
