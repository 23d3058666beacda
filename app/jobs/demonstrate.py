"""Check, divide and draw the made-up places that came with the software."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.geo.errors import UsageError
from app.geo.rules import Rules
from app.jobs.inputs import Inputs
from app.jobs.split import SplitDone, SplitOrder, split_in_steps
from app.jobs.steps import OnStep, Steps
from app.jobs.verify import Check, verify
from app.outcomes import RunTasks

__all__ = ["DemoOrder", "demonstrate"]

LAYERS = ("communities", "streets", "buildings", "barriers", "compounds", "special_sites", "groups")
HOUSEHOLD_BASIS = "常住户"


@dataclass(frozen=True)
class DemoOrder:
    """What is shown, and where the results go."""

    place: Path
    """A GeoPackage with the layers of `LAYERS`."""
    folder: Path
    language: str
    old_grids: str = ""
    """Layer of `place` with last year's grids, which are checked first; none where empty."""
    workers: int | None = None
    force: bool = False


def demonstrate(
    order: DemoOrder, *, run_tasks: RunTasks, on_step: OnStep, on_check: Callable[[Check], None]
) -> SplitDone:
    """Check last year's grids where there are any (体检), then divide anew, check and draw.

    Parameters
    ----------
    on_check
        Hears what became of last year's grids, before the division begins.

    Raises
    ------
    UsageError
        The place is not there, or there is output already and `force` is not given.
    """
    if not order.place.is_file():
        raise UsageError(f"没有示例数据 {order.place}：demo 要在源代码目录里运行")
    sources = {layer: f"{order.place}:{layer}" for layer in LAYERS}
    inputs = Inputs(sources, household_basis=HOUSEHOLD_BASIS)
    if order.old_grids:
        on_check(verify(f"{order.place}:{order.old_grids}", inputs, Rules(), on_step=lambda *_: None))
    split = SplitOrder(inputs, Rules(), order.folder, workers=order.workers, force=order.force)
    return split_in_steps(split, run_tasks=run_tasks, steps=Steps(on_step), draw_in=order.language)
