"""A plan file from a stranger: looked at, then opened in a process of its own, under limits, and handed on as arrays.

GDAL and SQLite are large; a file made to hurt them shall hurt a process that has no connection, little memory and
little time. It knows no driver but that of GeoPackages. What comes back is a plan, or what is wrong with the file.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import asdict
from functools import cache
from pathlib import Path

import geopandas as gpd
import pyogrio

from app.files.plans import LAYERS, read_plan
from app.geo.errors import Fault, InputError
from app.geo.plan import Plan

__all__ = ["take_in"]

MAGIC = b"SQLite format 3\x00"
APPLICATION_IDS = (b"GPKG", b"GP10", b"GP11")
APPLICATION_ID_AT = 68
SECONDS = 60
MEMORY_BYTES = 4 * 2**30
OPEN_FILES = 64
USUAL_TRIGGERS = re.compile(
    r"(gpkg_(tile_matrix|metadata|metadata_reference)_\w+|trigger_(insert|delete)_feature_count_\w+|rtree_\w+)"
)
"""Those that every GeoPackage of GDAL has."""
ABOUT, FAULTS = "about.json", "faults.json"


def take_in(path: Path, *, name: str, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES) -> Plan:
    """Read the plan file that somebody sent; `name` is what faults call it.

    Raises
    ------
    InputError
        It is no plan file, it is damaged, or it needs more time or memory than a plan does.
    """
    _refuse_other_content(path, name)
    path = path.absolute()  # the process that reads it stands in a folder of its own
    with tempfile.TemporaryDirectory(prefix="jiexiang-intake-") as folder:
        out = Path(folder)
        command = [sys.executable, "-m", "app.files.intake", str(path), folder, str(memory_bytes)]
        environ = {"GDAL_SKIP": _other_drivers(), "PATH": os.defpath, "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}
        environ["OPENBLAS_NUM_THREADS"] = "1"
        try:
            done = subprocess.run(  # noqa: S603  our own interpreter and module
                command, env=environ, cwd=folder, timeout=seconds, capture_output=True, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise _fault(name, "slow", f"{seconds:g} 秒内读不完", f"it cannot be read within {seconds:g} s") from error
        if (out / FAULTS).exists():
            faults = (out / FAULTS).read_text("utf-8").replace(json.dumps(str(path))[1:-1], name)
            raise InputError([Fault(**one) for one in json.loads(faults)])
        if done.returncode or not (out / ABOUT).exists():
            (out / "room").write_bytes(
                bytes(2**20)
            )  # where the disk is full, this raises: that is no fault of the file
            raise _fault(name, "unreadable", "读取它的进程中途停止", "the process that read it was stopped")
        frames = {layer: gpd.read_feather(out / f"{layer}.feather") for layer in LAYERS}
        return Plan(**frames, about=json.loads((out / ABOUT).read_text("utf-8")))


def _refuse_other_content(path: Path, name: str) -> None:
    """Look at the first bytes: whatever a file is called, only a GeoPackage is opened."""
    with path.open("rb") as opened:
        head = opened.read(APPLICATION_ID_AT + 4)
    if not head.startswith(MAGIC) or head[APPLICATION_ID_AT:] not in APPLICATION_IDS:
        raise _fault(name, "not_a_geopackage", "内容不是 GeoPackage", "its content is no GeoPackage")


def _fault(name: str, kind: str, fact: str, fact_en: str) -> InputError:
    remedy, remedy_en = "请上传 jiexiang split 写出的 plan.gpkg", "send the plan.gpkg that jiexiang split has written"
    return InputError([Fault(name, "", fact, remedy, kind, fact_en, remedy_en)])


@cache
def _other_drivers() -> str:
    return ",".join(driver for driver in pyogrio.list_drivers() if driver != "GPKG")


def _refuse_code(path: Path) -> None:
    """Refuse views, and triggers that GDAL did not write: they are programs."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA cell_size_check = ON")
        try:
            found = database.execute(
                "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY name"
            ).fetchall()
        except sqlite3.DatabaseError as error:
            raise _fault(path.name, "damaged", "文件已损坏", "the file is damaged") from error
    odd = [(kind, name) for kind, name in found if kind == "view" or not USUAL_TRIGGERS.fullmatch(str(name))]
    if odd:
        kind, count = odd[0][0], len(odd)
        words = {"view": "视图", "trigger": "触发器"}[kind]
        raise _fault(path.name, kind, f"文件里有{words}等程序（{count} 个）", f"it holds {count} views or triggers")


def _read_under_limits(path: Path, out: Path, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _refuse_code(path)
        plan = read_plan(path)
    except InputError as error:
        (out / FAULTS).write_text(json.dumps([asdict(fault) for fault in error.faults]), "utf-8")
        return
    for layer in LAYERS:
        getattr(plan, layer).to_feather(out / f"{layer}.feather")
    (out / ABOUT).write_text(json.dumps(dict(plan.about)), "utf-8")


if __name__ == "__main__":
    _read_under_limits(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
