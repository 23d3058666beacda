"""The service as processes: started by its command, over a private PostGIS of its own, several workers, a clean end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from app.cli import app as command_line
from app.store.cluster import explain_missing
from tests.store.drawn_plans import community_code, draw_plan, grid_code

COMMAND = Path(sys.executable).with_name("jiexiang")


@dataclass
class Running:
    """A process of `jiexiang serve`, its address, and the environment in which others find its database."""

    process: subprocess.Popen[str]
    address: str
    environ: dict[str, str]

    def type(self, *words: str, **variables: str) -> Result:
        """Run a command in this process, which has loaded the libraries already."""
        return CliRunner().invoke(command_line, words, env={**self.environ, **variables}, catch_exceptions=False)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-serve-"))  # one that the user of a private cluster can enter
    folder.chmod(0o755)
    if missing := explain_missing(folder):
        shutil.rmtree(folder)
        pytest.skip(f"no PostGIS here: {' '.join(missing)}")
    environ = {
        **os.environ,
        "JIEXIANG_DATA": str(folder / "data"),
        "JIEXIANG_SKIPPED_STEPS": "reviewed public_notice approved",
    }
    environ.pop("DATABASE_URL", None)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", "0", "--workers", "2"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        line = process.stdout.readline()
        found = re.search(r"http://[\d.:]+", line)
        assert found, (folder / "log").read_text()
        yield Running(process, found[0], environ)
    finally:
        process.send_signal(signal.SIGTERM)
        ended = process.wait(60)
        process.stdout.close()
        shutil.rmtree(folder)
    assert ended == 0


@pytest.fixture(scope="module")
def county(running) -> Iterator[httpx.Client]:
    made = running.type("key", "add", "test", "--role", "county")
    assert made.exit_code == 0, made.stderr
    with httpx.Client(base_url=running.address, headers={"Authorization": f"Bearer {made.stdout.strip()}"}) as client:
        yield client


def write(plan, folder):
    from app.files.plans import write_plan

    path = folder / "plan.gpkg"
    write_plan(plan, path)
    return path.read_bytes()


def publish(client, content) -> int:
    made = client.post(
        "/plans", content=content, headers={"Content-Type": "application/geopackage+sqlite3"}, timeout=60
    )
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    done = client.post(f"/plans/{number}/publication", json={"effective": "2026-01-01"}, timeout=60)
    assert done.status_code == 200, done.text
    return number


def test_look_ups_under_publication_have_no_error_and_no_stale_answer_after_a_second(running, county, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = write(draw_plan(), tmp_path / "a"), write(draw_plan(bands=3), tmp_path / "b")
    publish(county, one)
    time.sleep(1.0)
    answers: list[tuple[float, int, str]] = []
    over = threading.Event()

    def look():  # a connection for each look-up, so that both workers are asked
        while not over.is_set():
            with httpx.Client(base_url=running.address, headers=county.headers) as client:
                answer = client.get("/locate", params={"lon": 105.0025, "lat": 30.0002})
            code = answer.json()["grid"]["grid_code"] if answer.status_code == 200 else answer.text
            answers.append((time.monotonic(), answer.status_code, code))

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    publish(county, other)
    published = time.monotonic()
    time.sleep(2.0)
    over.set()
    for thread in threads:
        thread.join()
    assert {status for _, status, _ in answers} == {200}
    late = {code for at, _, code in answers if at > published + 1.0}
    assert late == {grid_code(1, 3)}
    assert {code for _, _, code in answers} == {grid_code(1, 2), grid_code(1, 3)}


def test_the_first_account_is_made_by_the_command_line(running):
    made = running.type("user", "add", "wang", "--role", "county")
    assert made.exit_code == 0, made.stderr
    password = made.stdout.strip().rpartition("：")[2]
    with httpx.Client(base_url=running.address) as client:
        assert client.post("/session", json={"name": "wang", "password": password}).status_code == 201
    assert running.type("user", "add", "wang", "--role", "county").exit_code == 1
    assert running.type("user", "add", "li", "--role", "king").exit_code == 1
    assert running.type("user", "add", "li", "--role", "town", "--area", "1").exit_code == 1


def test_a_new_password_is_for_those_who_have_lost_theirs(running):
    assert running.type("user", "password", "nobody").exit_code == 1
    running.type("user", "add", "zhou", "--role", "planner")
    password = running.type("user", "password", "zhou").stdout.strip().rpartition("：")[2]
    with httpx.Client(base_url=running.address) as client:
        assert client.post("/session", json={"name": "zhou", "password": password}).status_code == 201


def test_keys_are_listed_without_their_secrets_and_revoked(running):
    key = running.type("key", "add", "hotline", "--area", community_code(1)).stdout.strip()
    listed = running.type("key", "list").stdout
    prefix, secret = key.split("_", 2)[1:]
    assert prefix in listed
    assert secret not in listed
    assert running.type("key", "revoke", prefix).exit_code == 0
    time.sleep(1.0)
    with httpx.Client(base_url=running.address, headers={"Authorization": f"Bearer {key}"}) as client:
        assert client.get("/me").status_code == 401


def test_the_figures_of_all_workers_are_added_up(running, county):
    for _ in range(20):
        with httpx.Client(base_url=running.address, headers=county.headers) as client:
            client.get("/towns")
    told = county.get("/metrics").text
    counted = re.search(r'jiexiang_requests_total\{method="GET",route="/towns",status="200"\} ([\d.]+)', told)
    assert float(counted[1]) >= 20


def test_a_port_that_is_taken_is_said(running):
    port = running.address.rpartition(":")[2]
    done = running.type("serve", "--port", port)
    assert done.exit_code == 2
    assert port in done.stderr


def test_an_address_of_a_database_that_does_not_answer_is_said(running):
    done = running.type("serve", "--port", "0", DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/none")
    assert done.exit_code == 1
    assert "secret" not in done.stderr


def test_a_link_is_made_by_the_command_line_and_ends_with_its_secret_in_no_log(running, county, tmp_path):
    made = running.type("link", "add", grid_code(1, 1), "--qr", str(tmp_path / "code.svg"))
    assert made.exit_code == 2  # nobody has said where phones find the service
    address = {"JIEXIANG_PUBLIC_URL": "https://grid.example.gov.cn/"}
    assert running.type("link", "add", community_code(1), **address).exit_code == 1
    assert running.type("link", "add", grid_code(1, 1), "--qr", str(tmp_path / "code.bmp"), **address).exit_code == 2
    made = running.type("link", "add", grid_code(1, 1), "--qr", str(tmp_path / "code.svg"), **address)
    assert made.exit_code == 0, made.stderr
    base, token = made.stdout.strip().split("#")
    assert base == "https://grid.example.gov.cn/m"
    assert (tmp_path / "code.svg").read_bytes().startswith(b"<?xml")
    prefix, secret = token.split("_", 2)[1:]
    listed = running.type("link", "list").stdout
    assert prefix in listed
    assert secret not in listed
    with httpx.Client(base_url=running.address) as client:
        assert client.post("/m/link", json={"token": token}).status_code == 204
        assert running.type("link", "revoke", prefix).exit_code == 0
        assert client.post("/m/link", json={"token": token}).status_code == 401
    log = Path(running.environ["JIEXIANG_DATA"]).with_name("log").read_text()
    assert "/m/link" in log
    assert secret not in log
