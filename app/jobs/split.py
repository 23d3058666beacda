"""Divide communities from files into a checked `plan.gpkg`."""

from __future__ import annotations

import hashlib
import json
import resource
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from app import __version__
from app.files.inputs import ReadReport
from app.files.plans import read_plan, write_outlines, write_plan
from app.geo.division import CommunityTask, assemble_plan, divide_community, prepare_tasks
from app.geo.errors import DivisionError, UsageError
from app.geo.layers import Layers
from app.geo.plan import Plan
from app.geo.posts import share_posts
from app.geo.rules import Rules
from app.jobs.inputs import Inputs, keep_communities, read_inputs
from app.jobs.steps import OnStep, Steps
from app.jobs.verify import Check, check_grids
from app.maps.plan_page import draw_plan
from app.outcomes import Failure, Outcome, RunTasks
from app.output import refuse_to_overwrite, write_whole

__all__ = ["FailedCommunity", "SplitDone", "SplitOrder", "split", "split_in_steps"]

PLAN, RUN, MENDED, MAP = "plan.gpkg", "run.json", "mended.gpkg", "map.html"


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
    return split_in_steps(order, run_tasks=run_tasks, steps=Steps(on_step))


def split_in_steps(order: SplitOrder, *, run_tasks: RunTasks, steps: Steps, draw_in: str = "") -> SplitDone:
    """Divide as `split` does, as part of a longer job; with a map in language `draw_in`, where that is given."""
    names = (PLAN, RUN, MENDED, *([MAP] if draw_in else []))
    if order.posts is not None and order.rules.grids is not None:
        raise UsageError("--grids 与 --posts 都决定网格数，只能用一个")
    refuse_to_overwrite(order.folder, names, force=order.force)
    began = datetime.now().astimezone()
    with steps.take("read"):
        layers, report = read_inputs(order.inputs)
    with steps.take("prepare"):
        asked = keep_communities(layers, order.only)
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
            check = check_grids(written.grids, written.borders, asked, order.rules, report)
        if draw_in:
            with steps.take("draw"):
                (part / MAP).write_text(draw_plan(written, language=draw_in), "utf-8")
        record = _record(order, began, steps, tasks, outcomes, failed, check, report)
        (part / RUN).write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return SplitDone(written, check, failed, order.folder, record)


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
        "datums": json.dumps(dict(report.datums), sort_keys=True),
        "household_basis": layers.household_basis,
        "seed": order.seed,
        "min_households": order.rules.min_households,
        "max_households": order.rules.max_households,
        "profile": order.rules.profile or "by class",
        "profile_bands": " ".join(f"{name}={low}-{high}" for name, low, high in order.rules.bands),
    }


def _plain_rules(rules: Rules) -> dict[str, Any]:
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(rules).items()}


def _record(
    order: SplitOrder,
    began: datetime,
    steps: Steps,
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
            layer: {
                "source": order.inputs.sources[layer],
                "sha256": digest,
                "features": report.features[layer],
                "datum": report.datums.get(layer, "wgs84"),
            }
            for layer, digest in report.digests.items()
        },
        "communities": [
            {"community_code": task.code, "name": task.name, "seconds": round(outcome.seconds, 3)}
            for task, outcome in zip(tasks, outcomes, strict=True)
        ],
        "failed": [{"community_code": one.community_code, "name": one.name, **asdict(one.failure)} for one in failed],
        **check.record,
    }
