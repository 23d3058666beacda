"""One layer of one file: found, known by its first bytes rather than its name, whole, and read into arrays.

GDAL is never left to guess: the format is told from the content, has to fit the name, and what GDAL opened is compared.
"""

from __future__ import annotations

import codecs
import hashlib
import sqlite3
import struct
import warnings
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import CRSError as UnreadableCRSError
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj import CRS
from pyproj.exceptions import CRSError

from app.files.contents import Source, Table
from app.files.dbf import dbf_codec, decode_cell
from app.files.geoparquet import open_geoparquet, read_geoparquet
from app.files.located_tables import open_table, read_located
from app.files.messages import Findings
from app.files.osm import open_osm, read_osm
from app.files.sheets import SHEET_SUFFIXES
from app.geo.layers import Contract

__all__ = ["content_digest", "layer_names", "open_source", "read_table"]

DRIVERS = {
    ".gpkg": "GPKG",
    ".shp": "ESRI Shapefile",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".fgb": "FlatGeobuf",
    ".parquet": "Parquet",
    ".geoparquet": "Parquet",
    ".osm": "OSM",
    ".pbf": "OSM",
    **dict.fromkeys(SHEET_SUFFIXES, "table"),
}
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
GDAL_ERRORS = (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError, UnreadableCRSError)

_FOUND = {
    "GPKG": ("是 SQLite / GeoPackage", "is SQLite / GeoPackage"),
    "ESRI Shapefile": ("是 Shapefile", "is a Shapefile"),
    "FlatGeobuf": ("是 FlatGeobuf", "is FlatGeobuf"),
    "GeoJSON": ("是 JSON", "is JSON"),
    "Parquet": ("是 Parquet", "is Parquet"),
    "OSM": ("是 OpenStreetMap", "is OpenStreetMap"),
    "zip": ("是压缩包", "is a zip archive"),
    "xml": ("是 XML", "is XML"),
    "pdf": ("是 PDF", "is a PDF"),
    "": ("不是这种格式", "is something else"),
}


def open_source(spec: str, findings: Findings, *, contract: Contract | None = None, otherwise: str = "") -> Source:
    """Find the layer that `FILE` or `FILE:LAYER` names, and make sure that the file is what its name says, and whole.

    A file with several layers, none of which is named, is refused unless one is called `otherwise`. Tables and
    OpenStreetMap have no layers of ours: what of them is meant is told by `contract`.

    Raises
    ------
    InputError
        With what is wrong.
    """
    path, layer = _locate(spec, findings)
    driver = _known_driver(path, findings)
    if driver == "GPKG":
        _check_geopackage(path, findings)
    elif driver == "ESRI Shapefile":
        _check_shapefile(path, findings)
    elif driver == "GeoJSON":
        _check_utf8(path, findings)
    elif driver == "Parquet":
        return open_geoparquet(path, layer, findings)
    elif driver == "table" and contract is not None:
        return open_table(path, layer, contract, findings)
    elif driver == "OSM" and contract is not None:
        return open_osm(path, contract.layer, findings)
    layer = _choose_layer(path, layer, otherwise, findings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come again, and are reported, when the layer is read
        try:
            info = pyogrio.read_info(path, layer=layer, force_feature_count=True, **_encoding_option(driver))
        except GDAL_ERRORS as error:
            raise findings.stop("damaged", reason=error) from error
        except UnicodeDecodeError as error:
            raise findings.stop("encoding", **_undecodable(error)) from error
    if info["driver"] != driver:
        raise findings.stop(
            "pretends", suffix=path.suffix, found=f"是 {info['driver']}", found_en=f"is {info['driver']}"
        )
    if not info["features"]:
        raise findings.stop("layer_empty")
    crs = _usable_crs(info["crs"], findings)
    stored = tuple(str(column) for column in info["fields"])
    codec = dbf_codec(_parts(path), findings) if driver == "ESRI Shapefile" else ""
    columns = tuple(decode_cell(column.encode("latin-1"), codec) for column in stored) if codec else stored
    return Source(path, driver, layer, columns, stored, codec, crs)


def _locate(spec: str, findings: Findings) -> tuple[Path, str]:
    """Split `FILE:LAYER`; a file that exists under the whole name comes first."""
    path, layer = Path(spec), ""
    if not path.exists() and ":" in spec:
        file, _, layer = spec.rpartition(":")
        path = Path(file)
    try:
        if path.is_dir():
            raise findings.stop("folder")
        if not path.is_file():
            raise findings.stop("file_missing")
    except OSError as error:
        raise findings.stop("file_unreadable", reason=error.strerror) from error
    return path, layer


def _known_driver(path: Path, findings: Findings) -> str:
    """Tell the driver from name and content, which have to agree."""
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise findings.stop("file_unreadable", reason=error.strerror) from error
    found = _sniff(head)
    if suffix not in DRIVERS:
        if found in DRIVERS.values():
            words, words_en = _FOUND[found]
            raise findings.stop("pretends", suffix=suffix or "（无）", found=words, found_en=words_en)
        raise findings.stop("format_unknown", suffix=suffix)
    driver = DRIVERS[suffix]
    if driver == "table":  # told apart, and refused in words of its own, where it is read
        return driver
    if not head:
        raise findings.stop("truncated", expected=1, size=0)
    if found == "GeoJSON" and driver == "GeoJSON" and head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise findings.stop(
            "encoding", reason="GeoJSON 须为 UTF-8，实为 UTF-16", reason_en="GeoJSON is UTF-8, this is UTF-16"
        )
    if found != driver:
        words, words_en = _FOUND[found]
        raise findings.stop("pretends", suffix=suffix, found=words, found_en=words_en)
    return driver


def _sniff(head: bytes) -> str:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if head.startswith(b"SQLite format 3\0"):
        return "GPKG"
    if len(head) >= 100 and struct.unpack(">i", head[:4])[0] == 9994 and struct.unpack("<i", head[28:32])[0] == 1000:
        return "ESRI Shapefile"
    if head[:3] == b"fgb" and head[4:7] == b"fgb":
        return "FlatGeobuf"
    if head.startswith(b"PAR1"):
        return "Parquet"
    if b"OSMHeader" in head[:64] or (text.startswith(b"<") and b"<osm" in head):
        return "OSM"
    if text.startswith(b"{") or head[:4] in (codecs.BOM_UTF16_LE + b"{\0", codecs.BOM_UTF16_BE + b"\0{"):
        return "GeoJSON"
    return next(
        (name for name, magic in (("zip", b"PK"), ("xml", b"<"), ("pdf", b"%PDF")) if text.startswith(magic)), ""
    )


def _check_geopackage(path: Path, findings: Findings) -> None:
    """Compare its length with its own count of pages, then let SQLite walk through it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(100)
    page = struct.unpack(">H", head[16:18])[0] if len(head) == 100 else 0
    pages = struct.unpack(">I", head[28:32])[0] if page and head[24:28] == head[92:96] else 0
    expected = max((65536 if page == 1 else page) * pages, 100)
    if size < expected:
        raise findings.stop("truncated", expected=expected, size=size)
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            verdict = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise findings.stop("damaged", reason=error) from error
    if verdict != "ok":
        raise findings.stop("damaged", reason=str(verdict).splitlines()[0])
    if "gpkg_contents" not in tables:
        raise findings.stop(
            "pretends", suffix=path.suffix, found="是普通的 SQLite 数据库", found_en="is a plain SQLite database"
        )


def _check_shapefile(path: Path, findings: Findings) -> None:
    parts = _parts(path)
    for suffix in (".shx", ".dbf"):
        if suffix not in parts:
            findings.refuse("part_missing", suffix=suffix)
    if ".prj" not in parts:
        findings.refuse("prj_missing")
    findings.settle()
    for suffix in (".shp", ".shx", ".dbf"):
        with parts[suffix].open("rb") as file:
            head = file.read(100).ljust(100, b"\0")
        if suffix == ".dbf":
            rows, start, width = struct.unpack("<IHH", head[4:12])
            expected = max(start + rows * width, 32)
        else:
            expected = max(2 * struct.unpack(">i", head[24:28])[0], 100)
        size = parts[suffix].stat().st_size
        if size < expected:
            raise findings.stop("truncated", expected=expected, size=size)


def _parts(path: Path) -> dict[str, Path]:
    """Return the files a Shapefile is made of by suffix, in whatever case they are written."""
    names = ((suffix, path.with_suffix(spelt)) for suffix in SHAPEFILE_PARTS for spelt in (suffix.upper(), suffix))
    return {suffix: name for suffix, name in names if name.is_file()}


def _check_utf8(path: Path, findings: Findings) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise findings.stop("encoding", **_undecodable(error)) from error


def _undecodable(error: UnicodeDecodeError) -> dict[str, str]:
    sample = error.object[error.start : error.start + 4].hex(" ")
    return {
        "reason": f"不是 UTF-8（字节 {sample}）",
        "reason_en": f"not UTF-8 (bytes {sample})",
    }


def _encoding_option(driver: str) -> dict[str, str]:
    """Have the text of a Shapefile handed over byte by byte, since GDAL recodes only what it knows."""
    return {"encoding": "ISO-8859-1"} if driver == "ESRI Shapefile" else {}


def layer_names(path: Path) -> list[str]:
    """Return the names of all layers of a file that `open_source` found sound."""
    return [str(name) for name, _ in pyogrio.list_layers(path)]


def _choose_layer(path: Path, layer: str, otherwise: str, findings: Findings) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come again, and are reported, when the layer is read
        try:
            listed = pyogrio.list_layers(path)
        except GDAL_ERRORS as error:
            if "not recognized" in str(error):
                words, words_en = _FOUND[""]
                raise findings.stop("pretends", suffix=path.suffix, found=words, found_en=words_en) from error
            raise findings.stop("damaged", reason=error) from error
    spatial = [str(name) for name, kind in listed if kind is not None]
    names = [str(name) for name, _ in listed]
    if layer and layer not in names:
        raise findings.stop("layer_missing", layer=layer, layers="、".join(names))
    if not layer and len(spatial) > 1 and otherwise in spatial:
        return otherwise
    if not layer and len(spatial) > 1:
        raise findings.stop("layers_several", layers="、".join(spatial))
    if not spatial or (layer and layer not in spatial):
        raise findings.stop("layer_without_geometry" if names else "layer_empty")
    return layer or spatial[0]


def _usable_crs(declared: str | None, findings: Findings) -> CRS:
    if not declared:
        raise findings.stop("crs_missing")
    try:
        crs = CRS.from_user_input(declared).to_2d()
    except CRSError as error:
        raise findings.stop("crs_unusable", crs=declared[:60]) from error
    if crs.name.startswith("Undefined"):  # how a GeoPackage says that nobody knows
        raise findings.stop("crs_missing")
    if not (crs.is_geographic or crs.is_projected):
        raise findings.stop("crs_unusable", crs=crs.name)
    return crs


def read_table(source: Source, columns: Collection[str], findings: Findings) -> Table:
    """Read the shapes and some columns of a layer.

    Text comes as str or None, numbers as NumPy numbers with NaN where they are missing; a number column of a GeoPackage
    in which somebody stored text comes as the objects that are there.
    """
    own = {"Parquet": read_geoparquet, "table": read_located, "OSM": read_osm}.get(source.driver)
    if own is not None:
        return own(source, columns, findings)
    wanted = [
        stored for name, stored in zip(source.columns, source.stored_columns, strict=True) if name in set(columns)
    ]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            meta, _, wkb, values = pyogrio.raw.read(
                source.path, layer=source.layer, columns=wanted, **_encoding_option(source.driver)
            )
        except GDAL_ERRORS as error:
            raise findings.stop("damaged", reason=error) from error
        except UnicodeDecodeError as error:
            raise findings.stop("encoding", **_undecodable(error)) from error
    said = sorted({str(warning.message) for warning in caught})
    for text in said:
        if "Measured" not in text:
            findings.note("reader_warning", 1, text=text)
    name_of = dict(zip(source.stored_columns, source.columns, strict=True))
    read = {name_of[str(field)]: column for field, column in zip(meta["fields"], values, strict=True)}
    if source.codec:
        read = {name: _decoded(column, source.codec) for name, column in read.items()}
    if source.driver == "GPKG":
        read |= _text_in_number_columns(source, read)
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers are refused in words, further on
        shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    broken = np.flatnonzero(shapely.is_missing(shapes) & np.array([item is not None for item in wkb], bool))
    findings.refuse_rows("geometry_broken", broken, [f"#{row + 1}" for row in range(len(wkb))])
    findings.settle()
    return Table(shapes, read, source.crs, measured=any("Measured" in text for text in said))


def _decoded(column: NDArray[Any], codec: str) -> NDArray[Any]:
    if column.dtype != object:
        return column
    known: dict[Any, Any] = {None: None}
    for text in column:
        if text not in known:
            known[text] = decode_cell(text.encode("latin-1"), codec)
    return np.array([known[text] for text in column], dtype=object)


def _text_in_number_columns(source: Source, read: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the number columns that hold text as well, which SQLite allows and GDAL reads as 0."""
    mixed = {}
    uri = f"{source.path.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        for name, values in read.items():
            if values.dtype == object:
                continue
            column, table = (part.replace('"', '""') for part in (name, source.layer))
            kinds = {kind for (kind,) in database.execute(f'SELECT DISTINCT typeof("{column}") FROM "{table}"')}  # noqa: S608
            if kinds & {"text", "blob"}:
                stored = [value for (value,) in database.execute(f'SELECT "{column}" FROM "{table}"')]  # noqa: S608
                mixed[name] = np.array([*stored, None], dtype=object)[:-1]
    return mixed


def content_digest(path: Path) -> str:
    """Return the SHA-256 of what a file holds; of a Shapefile, that of the digests of its parts in order."""
    if path.suffix.lower() == ".shp":
        parts = "".join(_digest(part) for part in _parts(path).values())
        return hashlib.sha256(parts.encode()).hexdigest()
    return _digest(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
