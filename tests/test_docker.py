"""The files for containers and systemd agree with the command line, the settings and each other."""

from __future__ import annotations

import configparser
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from app.cli import app as command_line
from app.settings import read_settings

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text("utf-8"))


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} (.+)$", joined, re.MULTILINE)


def assert_can_be_typed(words: list[str]) -> None:
    command = get_command(command_line).commands[words[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words[1:] if word.startswith("--")} <= known


def test_every_image_is_pinned():
    images = [line.split()[0] for line in instructions("FROM")]
    images += [service["image"] for service in COMPOSE["services"].values() if "build" not in service]
    for image in images:
        assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", image), image


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is():
    assert instructions("USER")[-1] == "10001:10001"
    [check] = re.findall(r"HEALTHCHECK .*?CMD (\[.+\])", DOCKERFILE.replace("\\\n", " "))
    assert "/health/ready" in json.loads(check)[-1]


def test_the_image_installs_by_hash_what_is_locked():
    assert any("--require-hashes --requirement requirements.txt" in line for line in instructions("RUN"))


def test_every_file_that_is_copied_exists_and_is_not_ignored():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    for line in instructions("COPY"):
        if not line.startswith("--from"):
            for name in line.split()[:-1]:
                assert (ROOT / name).exists(), name
                assert name in kept, name


def test_what_the_image_and_compose_start_can_be_typed():
    assert json.loads(instructions("ENTRYPOINT")[0]) == ["jiexiang"]
    assert_can_be_typed(json.loads(instructions("CMD")[-1]))
    assert_can_be_typed(COMPOSE["services"]["service"]["command"])


def test_secrets_are_files_and_no_variable_holds_one():
    for service in COMPOSE["services"].values():
        for name, value in service["environment"].items():
            assert not re.search(r"PASSWORD$|URL$|SECRET$|KEY$", name), name
            if name.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in service["secrets"]
        assert set(service["secrets"]) <= set(COMPOSE["secrets"])


def test_the_variables_of_compose_are_known_to_the_settings(tmp_path):
    secret = tmp_path / "url"
    secret.write_text("postgresql://jiexiang:x@database/jiexiang\n")
    environ = {**COMPOSE["services"]["service"]["environment"], "DATABASE_URL_FILE": str(secret)}
    settings = read_settings(environ, results_to_terminal=False, progress_to_terminal=False)
    assert settings.store.database_url == "postgresql://jiexiang:x@database/jiexiang"


def test_the_database_cannot_be_reached_from_outside():
    assert "ports" not in COMPOSE["services"]["database"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for port in COMPOSE["services"]["service"]["ports"]:
        assert port.startswith("127.0.0.1:")


def test_every_volume_and_network_that_is_used_is_declared():
    for service in COMPOSE["services"].values():
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])


@pytest.fixture(scope="module")
def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(ROOT / "docker" / "jiexiang.service", "utf-8")
    return parser


def test_the_unit_starts_what_can_be_typed_as_nobody_in_particular(unit):
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert program.endswith("/jiexiang")
    assert_can_be_typed(words)
    assert unit["Service"]["User"] == "jiexiang"
    assert unit["Service"]["NoNewPrivileges"] == "yes"
