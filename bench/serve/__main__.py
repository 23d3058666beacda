"""Serve the county by each in turn and measure under wrk: `python -m bench.serve [--peers FOLDER] [--seconds 5]`.

`FOLDER` is an environment of its own with the peers (`requirements-peers.txt`), which must not constrain ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import asyncpg
import httpx
import numpy as np
import shapely

from app.settings import StoreSettings
from app.store.areas import COUNTY
from app.store.buildings import replace_buildings
from app.store.cluster import open_cluster
from app.store.connect import open_store
from app.store.keys import add_key
from app.store.migrate import migrate
from app.store.plans import Act, import_plan
from app.store.publication import publish
from bench.serve.county import SIDE, SOUTH, STEP, WEST, draw_buildings, draw_county

ROOT = Path(__file__).parents[2]
CONNECTIONS = 16
POINTS = f"{WEST + STEP} + math.random() * {(SIDE - 2) * STEP}, {SOUTH + STEP} + math.random() * {(SIDE - 2) * STEP}"
LUA = """
local codes = {{ {codes} }}
request = function()
  local lon, lat = {points}
  local code = codes[math.random(#codes)]
  local id = math.random(880)
  return wrk.format("GET", string.format({format}, {arguments}), {{ {headers} }})
end
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(99), summary.errors.status + summary.errors.connect + summary.errors.read
      + summary.errors.timeout))
end
"""
BENCH_TABLE = """
CREATE SCHEMA bench;
CREATE TABLE bench.grids AS SELECT row_number() OVER (ORDER BY grid_code)::int AS id, grid_code, name, kind, households,
  persons, area_m2, sides_east, sides_south, sides_west, sides_north, geometry AS geom FROM plan_grids;
ALTER TABLE bench.grids ADD PRIMARY KEY (id);
CREATE INDEX ON bench.grids USING gist (geom);
ANALYZE bench.grids;
"""


async def load(settings: StoreSettings) -> tuple[str, list[str], float]:
    """Fill the store; return a key, the codes of the grids, and how long publishing took."""
    plan = draw_county()
    async with open_store(settings.database_url, settings) as store:
        await migrate(store)
        async with store.writing() as connection:
            number = await import_plan(connection, plan, act=Act("bench"))
        began = time.perf_counter()
        async with store.writing() as connection:
            steps = frozenset({"reviewed", "public_notice", "approved"})
            await publish(connection, number, effective=date(2026, 1, 1), act=Act("bench"), skippable=steps)
        published = time.perf_counter() - began
        async with store.writing() as connection:
            await replace_buildings(connection, draw_buildings())
            key = await add_key(connection, "bench", COUNTY)
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute(BENCH_TABLE)
    await connection.close()
    return key, sorted(plan.grids["grid_code"]), published


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def server(python: Path, target: str, path: str, environ: dict[str, str], *options: str) -> Iterator[tuple[int, str]]:
    """Run one server with one worker; give its process and address once it answers."""
    port = free_port()
    command = [
        python,
        "-m",
        "uvicorn",
        target,
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "error",
        *options,
    ]
    errors = subprocess.DEVNULL  # ours writes its log there
    process = subprocess.Popen(command, env={**os.environ, **environ}, cwd=ROOT, stderr=errors)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}{path}", timeout=2)  # noqa: S310  our own
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"{target} did not start") from None
                time.sleep(0.1)
        else:
            raise SystemExit(f"{target} does not answer")
        yield process.pid, address
    finally:
        process.terminate()
        process.wait()


def measure(address: str, script: str, seconds: int) -> tuple[float, float, int]:
    """Return requests a second, p99 in milliseconds, and errors."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as written:
        written.write(script)
        written.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", written.name, address]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    requests, micros, p99, errors = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", said).groups())
    return requests / micros * 1e6, p99 / 1000, errors


def memory_mb(pid: int) -> float:
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def lua(form: str, arguments: str, codes: list[str], key: str = "") -> str:
    headers = f'["Authorization"] = "Bearer {key}"' if key else ""
    listed = ",".join(f'"{code}"' for code in codes)
    return LUA.format(codes=listed, points=POINTS, format=json.dumps(form), arguments=arguments, headers=headers)


def bulk(address: str, key: str, size: int, grids: list) -> tuple[float, float]:
    """Return points a second in calls of a size, and what shapely does in this process in the same run."""
    xy = np.random.default_rng(1).uniform((WEST, SOUTH), (WEST + SIDE * STEP, SOUTH + SIDE * STEP), (size, 2))
    body = json.dumps({"points": xy.tolist()}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Accept-Encoding": "identity"}
    ours, theirs = [], []
    shapely.prepare(grids)
    tree = shapely.STRtree(grids)
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        for _ in range(5 if size > 10_000 else 60):
            began = time.perf_counter()
            assert client.post("/locate", content=body).status_code == 200
            ours.append(size / (time.perf_counter() - began))
            began = time.perf_counter()
            points, rows = tree.query(shapely.points(xy))
            shapely.intersects_xy(np.asarray(grids)[rows], *xy[points].T)
            theirs.append(size / (time.perf_counter() - began))
    return statistics.median(ours), statistics.median(theirs)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: sudo apt-get install -y wrk")
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-bench-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        cluster = stack.enter_context(open_cluster(folder / "data"))
        key, codes, published = asyncio.run(load(StoreSettings(cluster.url, folder)))
        ours_environ = {"DATABASE_URL": cluster.url, "JIEXIANG_REQUESTS_PER_SECOND": "0"}
        python = Path(sys.executable)
        started = {
            "ours": stack.enter_context(
                server(python, "app.api.server:create_worker", "/health/ready", ours_environ, "--factory")
            ),
            "hello": stack.enter_context(server(python, "bench.serve.bare:hello", "/hello", {})),
            "bare": stack.enter_context(
                server(python, "bench.serve.bare:bare", "/item?id=1", {"DATABASE_URL": cluster.url})
            ),
        }
        if asked.peers:
            user, _, socket_folder = cluster.url.partition("@/")  # it takes no address without a host
            database, _, host = socket_folder.partition("?host=")
            environ = {
                "DATABASE_URL": f"{user}@{host}/{database}",
                "TIPG_DB_SCHEMAS": '["bench"]',
                "TIPG_CATALOG_TTL": "36000",
            }
            started["tipg"] = stack.enter_context(
                server(asked.peers / "bin" / "python", "tipg.main:app", "/healthz", environ)
            )
        tipg = "/collections/bench.grids/items"
        cases = {
            ("hello", "hello"): lua("/hello", "id", codes),
            ("point", "ours"): lua("/locate?lon=%.7f&lat=%.7f", "lon, lat", codes, key),
            ("point", "bare"): lua("/point?lon=%.7f&lat=%.7f", "lon, lat", codes),
            ("point", "tipg"): lua(
                tipg + "?limit=1&bbox=%.7f,%.7f,%.7f,%.7f", "lon, lat, lon + 0.0000001, lat + 0.0000001", codes
            ),
            ("one grid", "ours"): lua("/grids/%s", "code", codes, key),
            ("one grid", "bare"): lua("/item?id=%d", "id", codes),
            ("one grid", "tipg"): lua(tipg + "/%d", "id", codes),
        }
        for size in (10, 100):
            cases[f"page of {size}", "ours"] = lua(f"/grids?limit={size}&after=%s", "code", codes[:780], key)
            cases[f"page of {size}", "bare"] = lua(f"/page?limit={size}&after=%d", "id % 780", codes)
            cases[f"page of {size}", "tipg"] = lua(tipg + f"?limit={size}&offset=%d", "id % 780", codes)
        results: dict[tuple[str, str], list[tuple[float, float, int]]] = {}
        for _ in range(asked.rounds):
            for (case, who), script in cases.items():
                if who in started:
                    results.setdefault((case, who), []).append(measure(started[who][1], script, asked.seconds))
        hello = statistics.median(one[0] for one in results["hello", "hello"])
        print(f"publishing: {published:.1f} s")
        print("| case | who | requests/s | p99 ms | errors | × hello | ours × this |")
        print("|---|---|---|---|---|---|---|")
        for (case, who), runs in results.items():
            rate = statistics.median(run[0] for run in runs)
            best = statistics.median(run[0] for run in results.get((case, "ours"), runs))
            p99, errors = statistics.median(run[1] for run in runs), sum(run[2] for run in runs)
            ratio = f"{best / rate:.1f}" if who != "ours" and case != "hello" else ""
            print(f"| {case} | {who} | {rate:,.0f} | {p99:.0f} | {errors} | {rate / hello:.2f} | {ratio} |")
        grids = list(draw_county().grids.geometry)
        for size in (1_000, 100_000):
            rate, shapes = bulk(started["ours"][1], key, size, grids)
            print(
                f"| bulk of {size:,} | ours | {rate:,.0f} points/s | | | | {rate / shapes:.2f} of in-process shapely |"
            )
        for who, (pid, _) in started.items():
            print(f"memory of {who}: {memory_mb(pid):.0f} MB")


if __name__ == "__main__":
    main()
