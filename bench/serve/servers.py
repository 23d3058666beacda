"""The servers that are compared, one worker each, and what their processes take."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from app.api.running import CONNECTION, FACTORY

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
PYGEOAPI = """
server:
  bind: {{host: 127.0.0.1, port: {port}}}
  url: {address}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  gzip: false
  languages: [en-US]
  limits: {{default_items: 10, max_items: 1000}}
  map: {{url: "https://example.org/{{z}}/{{x}}/{{y}}.png", attribution: none}}
logging: {{level: ERROR}}
metadata:
  identification:
    {{title: bench, description: bench, keywords: [bench], terms_of_service: none, url: https://example.org}}
  license: {{name: none, url: https://example.org}}
  provider: {{name: bench, url: https://example.org}}
  contact: {{name: bench, url: https://example.org}}
resources:
  grids:
    type: collection
    title: grids
    description: grids
    keywords: [grids]
    links: []
    extents: {{spatial: {{bbox: [119, 29, 122, 32], crs: "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}}}}
    providers:
      - type: feature
        name: PostgreSQL
        data: {{host: {host}, port: 5432, dbname: {database}, user: {user}, password: none, search_path: [bench]}}
        id_field: id
        table: grids
        geom_field: geom
"""


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    pid: int
    address: str

    def processor_seconds(self) -> float:
        """Return what its process has taken of a processor so far."""
        told = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / TICKS

    def memory_mb(self) -> tuple[float, float]:
        """Return what it holds in memory now, and at most so far."""
        told = Path(f"/proc/{self.pid}/status").read_text()
        now, most = (int(re.search(rf"{name}:\s+(\d+)", told)[1]) / 1024 for name in ("VmRSS", "VmHWM"))
        return now, most


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def run_server(
    python: Path, target: str, path: str, environ: Mapping[str, str], *options: str, port: int | None = None
) -> Iterator[Server]:
    """Run one server with one worker until the block ends; it is given when it answers at a path."""
    port = port or free_port()
    quiet = ("--no-access-log", "--no-server-header", "--no-proxy-headers", "--log-level", "error")
    command = [python, "-m", "uvicorn", target, "--port", str(port), *quiet, *options]
    process = subprocess.Popen(command, env={**os.environ, **environ}, cwd=ROOT, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{address}{path}", timeout=5)  # noqa: S310  our own
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"{target} did not start") from None
                time.sleep(0.1)
        else:
            raise SystemExit(f"{target} does not answer")
        yield Server(process.pid, address)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def run_ours(url: str, folder: Path) -> Iterator[Server]:
    """Run this service as it runs its own workers, without a limit of requests."""
    environ = {"DATABASE_URL": url, "JIEXIANG_REQUESTS_PER_SECOND": "0", "JIEXIANG_AUDIT": str(folder / "audit")}
    options = ("--factory", "--http", CONNECTION)
    with run_server(Path(sys.executable), FACTORY, "/health/ready", environ, *options) as server:
        yield server


@contextmanager
def run_tipg(python: Path, url: str) -> Iterator[Server]:
    user, database, host = parts_of(url)
    environ = {
        "DATABASE_URL": f"postgresql://{user}@{host.replace('/', '%2F')}/{database}",  # it takes none without a host
        "TIPG_DB_SCHEMAS": '["bench"]',
        "TIPG_CATALOG_TTL": "36000",
    }
    with run_server(python, "tipg.main:app", "/healthz", environ) as server:
        yield server


@contextmanager
def run_pygeoapi(python: Path, url: str, folder: Path) -> Iterator[Server]:
    user, database, host = parts_of(url)
    port = free_port()
    config, openapi = folder / "pygeoapi.yml", folder / "pygeoapi-openapi.yml"
    address = f"http://127.0.0.1:{port}"
    config.write_text(PYGEOAPI.format(port=port, address=address, host=host, database=database, user=user))
    environ = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
    generate: Sequence[str | Path] = [python.with_name("pygeoapi"), "openapi", "generate", config, "-of", openapi]
    made = subprocess.run(generate, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    if made.returncode:
        raise SystemExit(f"pygeoapi: {made.stderr[-2000:]}")
    path = "/collections/grids/items?f=json&limit=1"
    with run_server(python, "pygeoapi.starlette_app:APP", path, environ, port=port) as server:
        yield server


def parts_of(url: str) -> tuple[str, str, str]:
    """Return the user, the database and the folder of the socket of a private cluster's URL."""
    parts = urlsplit(url)
    return parts.username or "", parts.path.lstrip("/"), parse_qs(parts.query)["host"][0]


def version_of(python: Path, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
