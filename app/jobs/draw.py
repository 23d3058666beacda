"""Draw a plan file as one page."""

from __future__ import annotations

from pathlib import Path

from app.files.plans import read_plan
from app.jobs.steps import OnStep, Steps
from app.maps.plan_page import draw_plan
from app.output import refuse_to_overwrite, write_whole

__all__ = ["draw"]


def draw(plan: Path, page: Path, *, language: str, attribution: str, force: bool, on_step: OnStep) -> None:
    """Draw a plan file as one page.

    Raises
    ------
    InputError, UsageError
        Nothing is written then.
    """
    steps = Steps(on_step)
    refuse_to_overwrite(page.parent, [page.name], force=force)
    with steps.take("read"):
        written = read_plan(plan)
    with steps.take("draw"):
        text = draw_plan(written, language=language, attribution=attribution)
    with write_whole(page.parent, [page.name], force=force) as part:
        (part / page.name).write_text(text, "utf-8")
