"""A plan file from a stranger: looked at, then read apart, under limits, and handed on as arrays.

GDAL and SQLite are large, and a file may be made to hurt them. The process that reads it knows no driver but that of
GeoPackages. What comes back is a plan, or what is wrong with the file.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

import geopandas as gpd
import pyogrio

from app.files.apart import Limits, Unfinished, read_apart, read_under_limits
from app.files.plans import LAYERS, read_plan
from app.geo.errors import Fault, InputError
from app.geo.plan import Plan

__all__ = ["take_in"]

MAGIC = b"SQLite format 3\x00"
APPLICATION_IDS = (b"GPKG", b"GP10", b"GP11")
APPLICATION_ID_AT = 68
SECONDS = 60
MEMORY_BYTES = 4 * 2**30
USUAL_TRIGGERS = re.compile(
    r"(gpkg_(tile_matrix|metadata|metadata_reference)_\w+|trigger_(insert|delete)_feature_count_\w+|rtree_\w+)"
)
"""Those that every GeoPackage of GDAL has."""
ABOUT = "about.json"


def take_in(path: Path, *, name: str, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES) -> Plan:
    """Read the plan file that somebody sent; `name` is what faults call it.

    Raises
    ------
    InputError
        It is no plan file, it is damaged, or it needs more time or memory than a plan does.
    """
    _refuse_other_content(path, name)
    limits = Limits(seconds, memory_bytes)
    environ = {"GDAL_SKIP": _other_drivers(), "OMP_NUM_THREADS": "1"}
    try:
        with read_apart("app.files.intake", path, name=name, last=ABOUT, environ=environ, limits=limits) as out:
            frames = {layer: gpd.read_feather(out / f"{layer}.feather") for layer in LAYERS}
            return Plan(**frames, about=json.loads((out / ABOUT).read_text("utf-8")))
    except Unfinished as error:
        if error.slow:
            raise _fault(name, "slow", f"{seconds:g} 秒内读不完", f"it cannot be read within {seconds:g} s") from error
        raise _fault(name, "unreadable", "读取它的进程中途停止", "the process that read it was stopped") from error


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


def _read_plan(path: Path, out: Path) -> None:
    _refuse_code(path)
    plan = read_plan(path)
    for layer in LAYERS:
        getattr(plan, layer).to_feather(out / f"{layer}.feather")
    (out / ABOUT).write_text(json.dumps(dict(plan.about)), "utf-8")


if __name__ == "__main__":
    read_under_limits(_read_plan)
