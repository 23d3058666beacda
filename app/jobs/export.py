"""A plan in another format, read back and compared before it appears."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.files.exports import export_names, export_plan
from app.files.plans import read_plan
from app.jobs.steps import OnStep, Steps
from app.output import refuse_to_overwrite, write_whole

__all__ = ["ExportDone", "export"]


@dataclass(frozen=True)
class ExportDone:
    """What was written, and how many texts a Shapefile had no room for."""

    folder: Path
    files: tuple[str, ...]
    texts_cut: int


def export(plan: Path, folder: Path, kind: str, *, encoding: str, force: bool, on_step: OnStep) -> ExportDone:
    """Write a plan into a folder in another format, whole or not at all.

    Raises
    ------
    InputError, UsageError
        Nothing is written then.
    """
    steps = Steps(on_step)
    names = export_names(kind)
    refuse_to_overwrite(folder, names, force=force)
    with steps.take("read"):
        written = read_plan(plan)
    with write_whole(folder, names, force=force) as part, steps.take("write"):
        done = export_plan(written, part, kind, encoding=encoding)
    return ExportDone(folder, names, done.texts_cut)
