"""Divide, check and draw the made-up place that came with the software."""

from __future__ import annotations

from pathlib import Path

from app.geo.errors import UsageError
from app.geo.rules import Rules
from app.jobs.inputs import Inputs
from app.jobs.split import SplitDone, SplitOrder, split_in_steps
from app.jobs.steps import OnStep, Steps
from app.outcomes import RunTasks

__all__ = ["demonstrate"]

TOWN_LAYERS = ("communities", "streets", "buildings", "barriers", "compounds", "special_sites", "groups")


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
    return split_in_steps(order, run_tasks=run_tasks, steps=Steps(on_step), draw_in=language)
