"""Draw a plan file, and what it is held against, as one page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.files.messages import Note
from app.jobs.steps import OnStep, Steps
from app.jobs.views import MapInputs, gather_views
from app.maps.plan_page import draw_plan
from app.output import refuse_to_overwrite, write_whole

__all__ = ["draw"]


def draw(
    order: MapInputs, page: Path, *, language: str, attribution: str, force: bool, on_step: OnStep
) -> tuple[Note, ...]:
    """Draw a plan as one page; what was noted while reading is returned.

    Raises
    ------
    InputError, UsageError
        Nothing is written then.
    """
    steps = Steps(on_step)
    refuse_to_overwrite(page.parent, [page.name], force=force)
    gathered = gather_views(replace(order, language=language), steps)
    with steps.take("draw"):
        text = draw_plan(
            gathered.plan,
            language=language,
            attribution=attribution,
            views=gathered.views,
            places=gathered.places,
            overlays=gathered.overlays,
        )
    with write_whole(page.parent, [page.name], force=force) as part:
        (part / page.name).write_text(text, "utf-8")
    return gathered.notes
