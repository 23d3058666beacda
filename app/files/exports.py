"""Plans in the formats that other programs ask for, each read back and compared before it counts as written."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from app.files.messages import Findings
from app.files.plans import LAYERS, SAVED_AT, write_plan
from app.files.qgis import ALIASES, TITLES
from app.geo.plan import Plan

__all__ = ["DICTIONARY", "FORMATS", "SHORT_NAMES", "Export", "export_names", "export_plan"]

FORMATS: Mapping[str, str] = {
    "gpkg": "plan.gpkg",
    "geoparquet": ".parquet",
    "geojson": ".geojson",
    "flatgeobuf": ".fgb",
    "shapefile": ".shp",
    "kml": "plan.kml",
}
"""Formats by their name, each with its file or, where every layer has a file of its own, the ending of those."""

ENCODINGS = {"utf-8": "UTF-8", "gbk": "GBK"}

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")

DICTIONARY = "字段说明.csv"
"""What each column of a Shapefile is, and which texts were cut."""

SHORT_NAMES: Mapping[str, str] = {
    "community_code": "comm_code",
    "reason_code": "reason_cd",
    "sides_east": "side_east",
    "sides_south": "side_south",
    "sides_west": "side_west",
    "sides_north": "side_north",
}
"""Names of more than the ten bytes that a Shapefile has room for, or kin to one; others stay as they are."""

MOST_TEXT_BYTES = 254
"""Of a text in a .dbf."""

KML_LAYERS = ("communities", "grids", "borders")
"""What a globe shows; units and streets would only make it slow."""

UNWRITABLE: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("gpkg", "geojson", "flatgeobuf", "shapefile"), re.compile("\x00")),
    "kml": re.compile("[\x00-\x08\x0b-\x1f]|]]>"),
}
"""What a text of a format cannot hold, by format."""

NEARLY = 1e-9
"""Degrees by which text formats may round: a tenth of a millimetre."""


@dataclass(frozen=True)
class Export:
    """What was written: the files, and how many texts a Shapefile had no room for."""

    files: tuple[Path, ...]
    texts_cut: int = 0


def export_names(kind: str) -> tuple[str, ...]:
    """Return the names of the files that a format comes in."""
    ending = FORMATS[kind]
    if not ending.startswith("."):
        return (ending,)
    if kind == "shapefile":
        return (*(f"{layer}{part}" for layer in LAYERS for part in SHAPEFILE_PARTS), DICTIONARY)
    return tuple(f"{layer}{ending}" for layer in LAYERS)


def export_plan(plan: Plan, folder: Path, kind: str, *, encoding: str = "utf-8") -> Export:
    """Write a plan into a folder in one of `FORMATS`; the same plan gives the same bytes.

    Coordinates are those of the plan to the last bit; in text (GeoJSON, KML) to a billionth of a degree. Everything is
    read back and compared.

    Parameters
    ----------
    encoding
        Of the text of a Shapefile: `utf-8` or `gbk`.

    Raises
    ------
    InputError
        A text that GBK has no character for, or that the format cannot hold.
    OSError
        A file does not hold what was written.
    """
    _refuse_unwritable(plan, kind)
    if kind == "gpkg":
        write_plan(plan, folder / FORMATS[kind])
        return Export((folder / FORMATS[kind],))
    layers = {name: getattr(plan, name) for name in LAYERS}
    if kind == "kml":
        return Export((_write_kml(layers, folder / FORMATS[kind]),))
    if kind == "shapefile":
        return _write_shapefiles(layers, folder, encoding)
    files = []
    for name, frame in layers.items():
        path = folder / f"{name}{FORMATS[kind]}"
        if kind == "geoparquet":
            _write_parquet(frame, path)
        else:
            _write_single(frame, path, name, kind)
        files.append(path)
    return Export(tuple(files))


def _write_parquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False, schema_version="1.1.0", write_covering_bbox=True)
    back = gpd.read_parquet(path)
    _compare(frame, back.geometry.to_numpy(), {name: back[name] for name in back.columns.drop("geometry")}, path)


def _write_single(frame: gpd.GeoDataFrame, path: Path, layer: str, kind: str) -> None:
    """Write GeoJSON, with every digit of its coordinates, or FlatGeobuf, in the order of the frame."""
    driver, options, nearly = {
        "geojson": ("GeoJSON", {"COORDINATE_PRECISION": "15", "SIGNIFICANT_FIGURES": "17"}, NEARLY),
        "flatgeobuf": ("FlatGeobuf", {"SPATIAL_INDEX": "NO"}, 0.0),
    }[kind]
    _write(path, frame, layer, LAYERS[layer], driver, options)
    _compare(frame, *_read(path, None), path, nearly=nearly)


def _write_kml(layers: Mapping[str, gpd.GeoDataFrame], path: Path) -> Path:
    for number, name in enumerate(KML_LAYERS):
        frame = layers[name].rename(columns={"name": "Name"})
        _write(path, frame, TITLES[name], LAYERS[name], "LIBKML", {}, append=number > 0)
    for name in KML_LAYERS:
        shapes, columns = _read(path, TITLES[name])
        kept = {"Name": columns["Name"]} | {key: columns[key] for key in columns if key in layers[name].columns}
        expected = layers[name].rename(columns={"name": "Name"})[[*kept, "geometry"]]
        _compare(expected, shapes, kept, path, nearly=NEARLY)
    return path


def _write_shapefiles(layers: Mapping[str, gpd.GeoDataFrame], folder: Path, encoding: str) -> Export:
    findings = Findings("plan", "plan")
    for name, frame in layers.items():
        if encoding == "gbk":
            _refuse_beyond_gbk(frame, name, findings)
    findings.settle()
    rows: list[tuple[str, ...]] = []
    files: list[Path] = []
    cut = 0
    for name, frame in layers.items():
        path = folder / f"{name}.shp"
        short = frame.rename(columns=SHORT_NAMES)
        lost: list[tuple[str, ...]] = []
        for column in short.columns.drop("geometry"):
            if short[column].dtype.kind not in "biuf":
                short[column], long = _fit(short[column], encoding)
                lost += [(name, str(column), "", f"第{row + 1}条过长，已截断", text) for row, text in long]
        if name == "communities":
            short["divisible"] = short["divisible"].astype(int)
        options = {"DBF_DATE_LAST_UPDATE": SAVED_AT[:10], "RESIZE": "YES"}
        _write(path, short, name, LAYERS[name], "ESRI Shapefile", options, encoding=ENCODINGS[encoding])
        _compare(short, *_read(path, None), path)
        files += [path.with_suffix(part) for part in SHAPEFILE_PARTS]
        rows += [
            (name, SHORT_NAMES.get(column, column), column, ALIASES.get(column, column), "")
            for column in frame.columns.drop("geometry")
        ]
        rows += lost
        cut += len(lost)
    held = io.StringIO(newline="")
    csv.writer(held).writerows([("图层", "字段", "原字段名", "含义", "全文"), *rows])
    (folder / DICTIONARY).write_bytes(held.getvalue().encode("utf-8-sig"))
    return Export((*files, folder / DICTIONARY), cut)


def _refuse_unwritable(plan: Plan, kind: str) -> None:
    findings = Findings("plan", "plan")
    pattern = UNWRITABLE.get(kind)
    for layer in LAYERS if pattern is not None else ():
        frame = getattr(plan, layer)
        for column in frame.columns.drop("geometry"):
            if frame[column].dtype.kind in "biuf":
                continue
            for row, text in enumerate(frame[column].astype(str)):
                found = pattern.search(text) if pattern is not None else None
                if found is not None:
                    shown = found[0].encode("unicode_escape").decode()
                    findings.refuse(
                        "not_in_format", f"#{row + 1}", layer=layer, field=column, format=kind, characters=shown
                    )
    findings.settle()


def _refuse_beyond_gbk(frame: gpd.GeoDataFrame, layer: str, findings: Findings) -> None:
    for column in frame.columns.drop("geometry"):
        if frame[column].dtype.kind in "biuf":
            continue
        for row, text in enumerate(frame[column].astype(str)):
            try:
                text.encode("gbk")
            except UnicodeEncodeError as error:
                missing = "、".join(sorted(set(text[error.start : error.end])))
                findings.refuse("not_in_gbk", f"#{row + 1}", layer=layer, field=column, characters=missing)


def _fit(texts: pd.Series, encoding: str) -> tuple[pd.Series, list[tuple[int, str]]]:
    """Cut texts to the bytes of a .dbf, between characters, without blanks around them, which it does not keep.

    Return the long ones with their rows as well.
    """
    kept, long = [], []
    for row, value in enumerate(texts):
        text = str(value).strip(" ")
        raw = text.encode(encoding, "replace")
        if len(raw) > MOST_TEXT_BYTES:
            long.append((row, text))
            text = raw[: MOST_TEXT_BYTES - 3].decode(encoding, "ignore") + "…"
        kept.append(text)
    return pd.Series(kept, index=texts.index, dtype=str), long


def _write(
    path: Path,
    frame: gpd.GeoDataFrame,
    layer: str,
    geometry_type: str,
    driver: str,
    options: Mapping[str, str],
    *,
    append: bool = False,
    encoding: str | None = None,
) -> None:
    table = frame.drop(columns="geometry")
    columns: list[NDArray[Any]] = [
        np.ascontiguousarray(table[name].to_numpy())
        if table[name].dtype.kind in "biuf"
        else np.array([str(value) for value in table[name]], dtype=object)
        for name in table.columns
    ]
    shapes = frame.geometry.to_numpy()
    pyogrio.raw.write(
        path,
        shapely.to_wkb(shapes, byte_order=1),
        columns,
        [str(name) for name in table.columns],
        layer=layer,
        driver=driver,
        geometry_type=geometry_type,
        crs="EPSG:4490",
        append=append,
        encoding=encoding,
        layer_options=dict(options),
    )


def _read(path: Path, layer: str | None) -> tuple[NDArray[np.object_], dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meta, _, wkb, values = pyogrio.raw.read(path, layer=layer)
    return shapely.from_wkb(wkb), {str(name): column for name, column in zip(meta["fields"], values, strict=True)}


def _compare(
    written: gpd.GeoDataFrame, shapes: NDArray[np.object_], columns: Mapping[str, Any], path: Path, nearly: float = 0.0
) -> None:
    """Compare what was written with what a file holds; rings may begin elsewhere and run the other way."""
    ours = written.geometry.to_numpy()
    same = len(ours) == len(shapes)
    if same:
        one, other = (shapely.normalize(_as_parts(drawn)) for drawn in (ours, shapely.force_2d(shapes)))
        same = bool(shapely.equals_exact(one, other, tolerance=nearly).all())
    for name in written.columns.drop("geometry") if same else []:
        same = same and name in columns and _is_same(written[name], columns[name])
    if not same:
        raise OSError(f"{path} does not hold what was written to it")


def _is_same(ours: pd.Series, theirs: Any) -> bool:
    if ours.dtype.kind in "biuf":
        values = pd.to_numeric(pd.Series(theirs), errors="coerce").to_numpy(float)
        return bool(np.isclose(ours.to_numpy(float), values, rtol=1e-12, atol=1e-6, equal_nan=True).all())
    return [str(value) for value in ours] == ["" if value is None else str(value) for value in theirs]


def _as_parts(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return single parts as multi-parts, so that both sides are of one kind."""
    multi = shapes.copy()
    for row, shape in enumerate(shapes):
        if shape.geom_type == "Polygon":
            multi[row] = shapely.MultiPolygon([shape])
        elif shape.geom_type == "LineString":
            multi[row] = shapely.MultiLineString([shape])
    return multi
