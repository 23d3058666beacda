"""What the documents say is so: commands, options, tests, dependencies and files they name exist."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from app import __version__
from app.cli import app as command_line
from app.geo.layers import CONTRACTS

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt")


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def commands_in(text: str) -> list[list[str]]:
    """Return every call of jiexiang in the blocks of code, its words taken apart."""
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.startswith("jiexiang ")]


@pytest.mark.parametrize("readme", READMES)
def test_every_command_of_a_readme_can_be_typed(readme):
    root = get_command(command_line)
    calls = commands_in(read(readme))
    assert {call[1] for call in calls} >= {"split", "verify", "map"}
    for call in calls:
        command = root.commands[call[1]]
        if isinstance(command, TyperGroup):
            command = command.commands[call[2]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in call[2:] if word.startswith("--")} <= known, call


@pytest.mark.parametrize("readme", READMES)
def test_every_command_there_is_stands_in_a_readme(readme):
    named = set(re.findall(r"\| `jiexiang (\w+)` \|", read(readme)))
    assert named == set(get_command(command_line).commands)


@pytest.mark.parametrize("readme", READMES)
def test_every_input_layer_stands_in_a_readme_with_columns_that_it_has(readme):
    commands = get_command(command_line).commands.values()
    options = {option for command in commands for parameter in command.params for option in parameter.opts}
    rows = re.findall(r"^\| `--([a-z-]+)` \| [^|]+ \| ([^|]+) \|$", read(readme), re.MULTILINE)
    layers = {layer.replace("-", "_"): columns for layer, columns in rows}
    assert set(layers) == set(CONTRACTS) - {"grids"}
    assert {f"--{layer.replace('_', '-')}" for layer in layers} <= options
    for layer, columns in layers.items():
        assert set(re.findall(r"`(\w+)`", columns)) <= {field.name for field in CONTRACTS[layer].fields}, layer


def test_every_promise_of_the_readme_names_a_test_that_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", read("README.md"))
    assert len(named) >= 10
    for file, test in named:
        functions = {node.name for node in ast.walk(ast.parse(read(file))) if isinstance(node, ast.FunctionDef)}
        assert test in functions, f"{file}::{test}"


@pytest.mark.parametrize("document", [*READMES, "CONTRIBUTING.md", "maps/README.md", "gis_data/README.md"])
def test_every_linked_file_exists(document):
    for link in re.findall(r"\]\(([^)#]+)\)", read(document)):
        assert "://" in link or (ROOT / document).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("readme", READMES)
def test_every_make_target_of_a_readme_exists(readme):
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", read(readme)))
    assert {"setup", "demo"} <= named <= targets


@pytest.mark.parametrize(
    ("section", "declared"),
    [
        ("To run", PROJECT["project"]["dependencies"]),
        ("To build", PROJECT["dependency-groups"]["build"]),
        ("To test", PROJECT["dependency-groups"]["dev"]),
        ("To compare with other tools", PROJECT["dependency-groups"]["bench"]),
    ],
)
def test_every_dependency_has_its_line_with_licence_and_reason(section, declared):
    part = re.split(r"^### ", read("CONTRIBUTING.md"), flags=re.MULTILINE)
    lines = next(text for text in part if text.startswith(section))
    explained = re.findall(r"^- `([\w-]+)` \([\w.-]+\): .{10,}$", lines, re.MULTILINE)
    assert explained == sorted(re.split(r"[<>=~!\[; ]", line)[0] for line in declared)


@pytest.mark.parametrize("lock", LOCKS)
def test_locked_requirements_have_hashes_and_name_no_host(lock):
    text = read(lock)
    requirements = re.findall(r"^\S.*$", text, re.MULTILINE)
    assert requirements
    assert all(re.match(r"^[a-z0-9._-]+==\S+ (; .+ )?\\$", line) for line in requirements)
    assert text.count("--hash=sha256:") >= len(requirements)
    assert not re.search(r"://|\bfile:|^\s*-(?!-hash)|^\s*--(?!hash)|@ ", text, re.MULTILINE)


def test_every_dependency_is_locked():
    groups = PROJECT["dependency-groups"]
    for lock, declared in zip(
        LOCKS,
        ([*PROJECT["project"]["dependencies"], *groups["build"]], groups["dev"], groups["bench"]),
        strict=True,
    ):
        locked = set(re.findall(r"^([a-z0-9._-]+)==", read(lock), re.MULTILINE))
        assert {re.split(r"[<>=~!\[; ]", line)[0] for line in declared} <= locked, lock


def test_the_changelog_knows_the_version_or_what_is_unreleased():
    assert re.search(rf"^## \[(Unreleased|{re.escape(__version__)})\]", read("CHANGELOG.md"), re.MULTILINE)
