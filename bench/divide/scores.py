"""Score plans by the referee, a script that knows nothing of this project."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from bench.divide.places import SHARED, Place

__all__ = ["hard_promises", "score"]

SCORECARD = SHARED / "tools" / "scorecard.py"


@cache
def hard_promises() -> tuple[str, ...]:
    """Names of the figures that must be nought."""
    if not SCORECARD.exists():
        return ()
    spec = spec_from_file_location("scorecard", SCORECARD)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(module.HARD)


def score(place: Place, plan: Path) -> dict[str, Any]:
    """Score a plan file; nothing where the referee is not at hand."""
    if not SCORECARD.exists() or not plan.exists():
        return {}
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        layers = [f"--{name.replace('_', '-')}={spec}" for name, spec in place.layers.items()]
        subprocess.run(
            [sys.executable, str(SCORECARD), str(plan), *layers, f"--json={out.name}"],
            stdout=subprocess.DEVNULL,
            check=False,  # it exits 1 where a promise is broken
        )
        figures: dict[str, Any] = json.loads(Path(out.name).read_text())
    figures["hard_promises_broken"] = sum(bool(figures.get(name)) for name in hard_promises())
    return figures
