"""One table of everything: hard promises, quality, seconds and memory, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from bench.divide.processes import Run

__all__ = ["Row", "as_markdown"]

COLUMNS = (
    ("hard promises broken", "hard_promises_broken", "{:.0f}"),
    ("grids", "grids", "{:.0f}"),
    ("in band", "in_band_divisible", "{:.3f}"),
    ("border cost", "cost", "{:,.0f}"),
    ("on barrier", "on_barrier", "{:.3f}"),
    ("compactness", "compact_mi", "{:.3f}"),
    ("slivers", "slivers", "{:.0f}"),
)


@dataclass(frozen=True)
class Row:
    """One peer on one place."""

    place: str
    peer: str
    run: Run
    score: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        """Median of the repetitions."""
        return median(self.run.measured["seconds"]) if self.run.measured else None

    def as_record(self) -> dict[str, Any]:
        """Give everything, for JSON."""
        return {**asdict(self), "seconds": self.seconds}


def as_markdown(rows: Sequence[Row]) -> str:
    """Lay rows out as a table; times are also given as multiples of METIS on the same place in the same run."""
    heads = [
        "place",
        "peer",
        *(head for head, _, _ in COLUMNS),
        "seconds",
        "CPU s",
        "× METIS",
        "proofs s",
        "peak MiB",
        "failed",
    ]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    metis = {row.place: row.seconds for row in rows if row.peer == "metis"}
    for row in rows:
        figures = [
            shape.format(row.score[name]) if row.score.get(name) is not None else "–" for _, name, shape in COLUMNS
        ]
        base = metis.get(row.place)
        if row.seconds is None:
            figures += ["–"] * 4
            failed = row.run.error
        else:
            cpu_seconds = row.run.measured["cpu_seconds"]
            figures += [f"{row.seconds:.2f}", f"{median(cpu_seconds):.2f}" if cpu_seconds else "–"]
            figures.append(f"{row.seconds / base:.1f}" if base else "–")
            proofs = row.run.measured["proof_seconds"]
            figures.append(f"{proofs:.2f}" if proofs else "–")
            failed = str(len(row.run.measured["failures"]))
        lines.append("| " + " | ".join([row.place, row.peer, *figures, f"{row.run.peak_all_mib:.0f}", failed]) + " |")
    return "\n".join(lines) + "\n"
