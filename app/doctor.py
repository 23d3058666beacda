"""Look at the machine before the work does: what is missing, and the one line that mends it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import geopandas as gpd
import pyogrio
import pyproj
import shapely
from ortools.sat.python import cp_model

import app
from app.settings import Settings, StoreSettings
from app.store.cluster import explain_missing, find_binaries

__all__ = ["Finding", "examine"]

REINSTALL = "make setup"
FORMATS = ("GPKG", "ESRI Shapefile", "GeoJSON", "FlatGeobuf")
ZONE_OF_NANJING = "EPSG:4549"
NANJING_DEGREES = (118.8, 32.05)
NANJING_METRES = (386666.160, 3548026.655)
DISK_BYTES = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing looked at. What is not `essential` may be amiss and the work still done."""

    subject: str
    fact: str
    remedy: str = ""
    """The one line that mends it; empty where all is well."""
    essential: bool = True

    @property
    def well(self) -> bool:
        """Whether there is nothing to mend."""
        return not self.remedy


def examine(settings: Settings, *, folder: Path) -> list[Finding]:
    """Examine Python, the libraries, this package's own files, and the room in `folder`, where output would go."""
    return [
        _examine_python(),
        *_examine_packages(),
        _examine_geos(),
        _examine_projections(),
        _examine_formats(),
        _examine_solver(),
        _examine_compiled_code(settings.places.compiled),
        *_examine_vendored(Path(app.__file__).parent / "maps" / "vendor"),
        _examine_town(settings.places.town),
        _examine_room(folder),
        _examine_fonts(),
        _examine_database(settings.store),
    ]


def _examine_python() -> Finding:
    fact = f"{sys.version.split()[0]}，需要 3.11 或更高 (3.11 or later needed)"
    remedy = f"rm -rf .venv && {REINSTALL} PYTHON=/path/to/python3.11"
    return Finding("Python", fact, "" if sys.version_info >= (3, 11) else remedy)


def _examine_packages() -> Iterator[Finding]:
    """Look for every package that this one declares."""
    try:
        names = sorted(re.split(r"[<>=~!\[; ]", line)[0] for line in requires("jiexiang") or [])
    except PackageNotFoundError:
        yield Finding("jiexiang", "没有安装，只有源代码 not installed", REINSTALL)
        return
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    yield Finding(
        "程序库 packages",
        ", ".join(found) if not missing else f"缺少 missing {', '.join(missing)}",
        REINSTALL if missing else "",
    )


def _examine_geos() -> Finding:
    """Coverage functions came with GEOS 3.12."""
    return Finding("GEOS", shapely.geos_version_string, "" if shapely.geos_version >= (3, 12, 0) else REINSTALL)


def _examine_projections() -> Finding:
    """Carry a known place from CGCS2000 degrees to metres."""
    try:
        carried = pyproj.Transformer.from_crs("EPSG:4490", ZONE_OF_NANJING, always_xy=True).transform(*NANJING_DEGREES)
    except pyproj.exceptions.ProjError as error:
        return Finding("坐标系 CRS", f"EPSG:4490 不可用 unusable：{error}", f"unset PROJ_DATA PROJ_LIB && {REINSTALL}")
    off = max(abs(there - here) for there, here in zip(carried, NANJING_METRES, strict=True))
    if not off < 0.01:
        return Finding(
            "坐标系 CRS",
            f"EPSG:4490 → {ZONE_OF_NANJING} 偏差 off by {off:.3f} m",
            f"unset PROJ_DATA PROJ_LIB && {REINSTALL}",
        )
    return Finding("坐标系 CRS", f"PROJ {pyproj.proj_version_str}, EPSG:4490 → {ZONE_OF_NANJING}")


def _examine_formats() -> Finding:
    drivers = pyogrio.list_drivers()
    missing = [name for name in FORMATS if not set("rw") <= set(drivers.get(name, ""))]
    if missing:
        return Finding(
            "数据格式 formats",
            f"GDAL 缺少 lacks {', '.join(missing)}",
            f"unset GDAL_DRIVER_PATH GDAL_DATA && {REINSTALL}",
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "试.gpkg"
        gpd.GeoDataFrame({"name": ["街巷"]}, geometry=[shapely.Point(NANJING_DEGREES)], crs="EPSG:4490").to_file(file)
        read = gpd.read_file(file)
    if list(read["name"]) != ["街巷"]:
        return Finding(
            "数据格式 formats",
            f"写入「街巷」，读出「{read['name'][0]}」 text is not read back as written",
            f"export PYTHONUTF8=1 && {REINSTALL}",
        )
    return Finding("数据格式 formats", f"GDAL {pyogrio.__gdal_version_string__}: {', '.join(FORMATS)}")


def _examine_solver() -> Finding:
    model = cp_model.CpModel()
    number = model.new_int_var(0, 10, "number")
    model.maximize(number)
    solver = cp_model.CpSolver()
    if solver.solve(model) != cp_model.OPTIMAL or solver.value(number) != 10:
        return Finding("求解器 solver", "OR-Tools 解不出一个小题 cannot solve a small problem", REINSTALL)
    return Finding("求解器 solver", f"OR-Tools {version('ortools')}")


def _examine_compiled_code(folder: Path) -> Finding:
    if _writable(folder):
        return Finding("编译缓存 compiled code", str(folder), essential=False)
    remedy = 'export NUMBA_CACHE_DIR="$HOME/.cache/jiexiang"'
    return Finding(
        "编译缓存 compiled code",
        f"{folder} 不可写，每次都要重新编译 cannot be written: every run compiles anew",
        remedy,
        essential=False,
    )


def _writable(folder: Path) -> bool:
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK)


def _examine_vendored(folder: Path) -> Iterator[Finding]:
    """Compare the scripts and styles that pages carry with the hashes under which they came."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for package in manifest["packages"]:
        subject = f"页面组件 page part {package['package']} {package['version']}"
        changed = [entry["file"] for entry in package["files"] if _digest(folder / entry["file"]) != entry["sha256"]]
        if changed:
            yield Finding(
                subject, f"缺失或被改动 missing or changed：{', '.join(changed)}", f"git checkout -- {folder}"
            )
        else:
            yield Finding(subject, f"{len(package['files'])} 个文件与清单一致 files as listed")


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def _examine_town(file: Path) -> Finding:
    if file.is_file():
        return Finding("示例数据 made-up town", str(file), essential=False)
    remedy = "在源代码目录中运行 run jiexiang demo in a clone"
    return Finding("示例数据 made-up town", "没有随附的虚构乡镇 not here: no demo", remedy, essential=False)


def _examine_room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    fact = f"{folder} 可用 free {free / (1 << 30):.1f} GiB"
    if free < DISK_BYTES:
        return Finding(
            "磁盘 disk", fact, "清出至少 1 GiB free 1 GiB，或 or --out 写到别的磁盘 on another disk", essential=False
        )
    return Finding("磁盘 disk", fact)


def _examine_fonts() -> Finding:
    """Pages use the reader's fonts; pictures of pages made on this machine need its own."""
    lister = shutil.which("fc-list")
    families = ""
    if lister is not None:
        families = subprocess.run([lister, ":lang=zh-cn", "family"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    if families.strip():
        return Finding("中文字体 Chinese fonts", min(families.splitlines()), essential=False)
    return Finding(
        "中文字体 Chinese fonts",
        "没有 none：本机截图会缺字 pictures made here lack glyphs",
        "sudo apt-get install fontconfig fonts-noto-cjk",
        essential=False,
    )


def _examine_database(settings: StoreSettings) -> Finding:
    """Look for a database: only what is kept and served needs one."""
    subject = "数据库 database"
    if settings.database_url:
        return Finding(subject, "由 DATABASE_URL 指定 named by DATABASE_URL", essential=False)
    missing = explain_missing(settings.data)
    if missing is not None:
        fact = f"{missing[0]}：不能 import、publish、serve no private PostGIS can run"
        return Finding(subject, fact, missing[1], essential=False)
    newest = find_binaries()[0]
    fact = f"PostgreSQL {newest.major}, PostGIS {newest.postgis}；{settings.data}"
    return Finding(subject, fact, essential=False)
