"""Asking under wrk: each request another address, or one of several prepared bodies; counted by it, timed by it."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.serve.county import SIDE, SOUTH, STEP, WEST
from bench.serve.servers import Server

CONNECTIONS = 16
TIMEOUT_SECONDS = 60
INSIDE = (SIDE - 2) * STEP
DONE = """
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""
ADDRESSES = """
local codes = {{ {codes} }}
request = function()
  local lon, lat = {west} + math.random() * {size}, {south} + math.random() * {size}
  local code, id = codes[math.random(#codes)], math.random({most})
  return wrk.format("GET", string.format({form}, {arguments}), {{ {headers} }})
end
"""
BODIES = """
local bodies = {{}}
for number = 1, {count} do
  local file = io.open("{folder}/" .. number, "rb")
  bodies[number] = file:read("*a")
  file:close()
end
request = function()
  local body = bodies[math.random(#bodies)]
  return wrk.format("POST", "/locate", {{ {headers}, ["Content-Type"] = "application/json" }}, body)
end
"""


@dataclass(frozen=True)
class Measured:
    """What one run of wrk told, and what the server's process took of a processor for a request."""

    per_second: float
    p99_ms: float
    errors: int
    processor_us: float


@dataclass(frozen=True)
class Box:
    """Where points are asked for."""

    west: float = WEST + STEP
    south: float = SOUTH + STEP
    size: float = INSIDE


def addresses(form: str, arguments: str, codes: Sequence[str], key: str = "", box: Box | None = None) -> str:
    """Return the script of GETs; `arguments` are Lua: of lon, lat, code and id."""
    box = box or Box()
    listed = ",".join(f'"{code}"' for code in codes)
    where = {"west": box.west, "south": box.south, "size": box.size, "most": max(1, len(codes) - 20)}
    return DONE + ADDRESSES.format(
        codes=listed, form=json.dumps(form), arguments=arguments, headers=_headers(key), **where
    )


def bodies(folder: Path, count: int, key: str) -> str:
    """Return the script of POSTs of the files 1 to `count` of a folder."""
    return DONE + BODIES.format(folder=folder, count=count, headers=_headers(key))


def _headers(key: str) -> str:
    return f'["Authorization"] = "Bearer {key}"' if key else ""


def measure(server: Server, script: str, seconds: float, *, connections: int = CONNECTIONS) -> Measured:
    """Let wrk ask a server for some seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as written:
        written.write(script)
        written.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", f"--timeout={TIMEOUT_SECONDS}s"]
        before = server.processor_seconds()
        said = subprocess.run(
            [*command, "-s", written.name, server.address], capture_output=True, text=True, check=True
        ).stdout
        spent = server.processor_seconds() - before
    requests, micros, p99, errors = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", said).groups())
    return Measured(requests / micros * 1e6, p99 / 1000, errors, spent / max(requests, 1) * 1e6)
