"""What several tests share: the made-up town, the real command line, and the town divided once by it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from typer.testing import CliRunner, Result

from app.cli import app as command_line
from app.settings import StoreSettings
from tests.postgis import Postgis, run_postgis

settings.register_profile("jiexiang", deadline=None)  # how long an example takes says nothing on a busy machine
settings.load_profile("jiexiang")

ROOT = Path(__file__).parents[1]
TOWN = ROOT / "gis_data" / "town" / "town.gpkg"
TOWN_LAYERS = ("communities", "streets", "buildings", "barriers", "compounds", "special_sites", "groups")

Jiexiang = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Demonstration:
    """What `jiexiang demo` printed, its exit code, and the folder of its output."""

    process: subprocess.CompletedProcess[str]
    folder: Path


@pytest.fixture(scope="session")
def town_options() -> list[str]:
    """Return the options that hand in every layer of the town."""
    return [part for layer in TOWN_LAYERS for part in (f"--{layer.replace('_', '-')}", f"{TOWN}:{layer}")]


@pytest.fixture(scope="session")
def jiexiang() -> Jiexiang:
    """Return a function that runs the installed command in a process of its own."""
    command = Path(sys.executable).with_name("jiexiang")

    def run(*arguments: str | Path, seconds: float = 300, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([command, *arguments], capture_output=True, text=True, timeout=seconds, **options)

    return run


@pytest.fixture(scope="session")
def jiexiang_here() -> Callable[..., Result]:
    """Return a function that runs the command line in this process, which has loaded the libraries already."""
    runner = CliRunner()

    def run(*arguments: str | Path) -> Result:
        return runner.invoke(command_line, [str(argument) for argument in arguments], catch_exceptions=False)

    return run


@pytest.fixture(scope="session")
def demonstration(jiexiang: Jiexiang, tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """Divide, check and draw the town once, as `jiexiang demo --town` does."""
    folder = tmp_path_factory.mktemp("demo")
    return Demonstration(jiexiang("demo", "--town", cwd=folder), folder / "out" / "demo")


@pytest.fixture(scope="session")
def postgis() -> Iterator[Postgis]:
    """Run one private PostGIS for all tests; skip where this machine has none."""
    with run_postgis() as running:
        yield running


@pytest.fixture
def store_settings(postgis: Postgis) -> Iterator[StoreSettings]:
    """Return the settings of a database that this test alone uses: every table, no row."""
    with postgis.database() as settings:
        yield settings
