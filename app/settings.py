"""What the surroundings decide, by concern: read once at the top, frozen, handed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MachineSettings", "PlaceSettings", "Settings", "TerminalSettings", "read_settings"]


@dataclass(frozen=True)
class TerminalSettings:
    """How results and progress are shown."""

    rich_results: bool
    """Tables on stdout; plain lines where it is not a terminal."""
    progress: bool
    """Progress bars on stderr."""
    colour: bool
    language: str
    """zh or en."""


@dataclass(frozen=True)
class MachineSettings:
    """How much of the machine is used."""

    workers: int | None
    """Processes that divide communities; None leaves it to the runner."""


@dataclass(frozen=True)
class PlaceSettings:
    """Where things lie."""

    town: Path
    """The made-up town that came with the software."""
    compiled: Path
    """Folder that keeps compiled functions, so that only the first run compiles them."""


@dataclass(frozen=True)
class Settings:
    """All settings together."""

    terminal: TerminalSettings
    machine: MachineSettings
    places: PlaceSettings


def read_settings(
    environ: Mapping[str, str], *, results_to_terminal: bool, progress_to_terminal: bool, language: str = "zh"
) -> Settings:
    """Read the environment.

    `NO_COLOR` (any text) and `TERM=dumb` are respected; `JIEXIANG_WORKERS` is the number of processes where `--workers`
    does not say; numba's `NUMBA_CACHE_DIR` is noted.

    Raises
    ------
    ValueError
        A variable that cannot be read.
    """
    package = Path(__file__).parent
    plain = environ.get("TERM") == "dumb"
    return Settings(
        terminal=TerminalSettings(
            rich_results=results_to_terminal and not plain,
            progress=progress_to_terminal and not plain,
            colour=not plain and not environ.get("NO_COLOR"),
            language=language,
        ),
        machine=MachineSettings(workers=_read_workers(environ.get("JIEXIANG_WORKERS", ""))),
        places=PlaceSettings(
            town=package.parent / "gis_data" / "town" / "town.gpkg",
            compiled=Path(environ.get("NUMBA_CACHE_DIR") or package / "geo"),
        ),
    )


def _read_workers(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"JIEXIANG_WORKERS={text} 不是进程数：请设为 1 或更大，或取消 (not a number of processes)")
    return int(text)
