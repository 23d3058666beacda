"""Divide a place by this project, by the same calls that `jiexiang split` makes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from app import __version__
from app.files.inputs import read_layers
from app.files.plans import write_plan
from app.geo.division import assemble_plan, divide_community, prepare_tasks
from app.geo.layers import Layers
from app.geo.plan import Plan
from app.geo.rules import Rules
from app.outcomes import Failure
from app.run import run_tasks
from bench.divide.places import Place

__all__ = ["divide", "read", "warm", "write"]

SEED = 0
ABOUT = {
    "software": "jiexiang",
    "version": __version__,
    "rules_digest": "",
    "input_digests": "{}",
    "household_basis": "",
    "seed": SEED,
    "min_households": Rules().min_households,
    "max_households": Rules().max_households,
}
WARM_HOUSEHOLDS = 1_500


def read(place: Place) -> Layers:
    """Read the layers of a place."""
    layers, _ = read_layers(place.layers, as_is=True)  # constructed outlines may gape where slivers were dropped
    return layers


def warm(layers: Layers) -> None:
    """Divide one small community, so that compiled functions are there when the clock starts."""
    rules = Rules(prove=False)
    tasks = prepare_tasks(layers, rules)
    held = [abs(float(task.buildings["households"].sum()) - WARM_HOUSEHOLDS) for task in tasks]
    divide_community(tasks[held.index(min(held))], rules, seed=SEED)


def divide(layers: Layers, workers: int, *, prove: bool) -> tuple[Plan, list[str]]:
    """Divide a place; a community that fails is named in the second value."""
    rules = Rules(prove=prove)
    tasks = prepare_tasks(layers, rules)
    outcomes = run_tasks(partial(divide_community, rules=rules, seed=SEED), tasks, workers=workers)
    failures = [
        f"{task.code}: {outcome.value.message}"
        for task, outcome in zip(tasks, outcomes, strict=True)
        if isinstance(outcome.value, Failure)
    ]
    divided = [outcome.value for outcome in outcomes if not isinstance(outcome.value, Failure)]
    return assemble_plan(divided, layers, ABOUT), failures


def write(plan: Plan, path: Path) -> None:
    """Write the plan file."""
    write_plan(plan, path)
