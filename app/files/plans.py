"""Plan files: written so that the same plan is the same bytes, read back whole; and grids that somebody else drew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from app.files.datums import check_datums
from app.files.messages import Findings, Note
from app.files.qgis import STYLED, TITLES, write_style
from app.files.reading import read_layer
from app.files.sources import layer_names, open_source
from app.files.whereabouts import refuse_elsewhere
from app.geo.crs import DEGREES
from app.geo.datum import Datum
from app.geo.errors import InputError
from app.geo.layers import CONTRACTS
from app.geo.plan import Plan
from app.geo.rules import Rules

__all__ = ["read_grids", "read_plan", "write_layers", "write_outlines", "write_plan"]

LAYERS = {
    "grids": "MultiPolygon",
    "units": "MultiPolygon",
    "borders": "MultiLineString",
    "communities": "MultiPolygon",
    "streets": "LineString",
}
"""The layers of a plan in the order in which they are written, and what they hold; `plan`, a table, comes last."""

ABOUT = "plan"
STYLES = "layer_styles"
"""Where QGIS looks for the style of a layer."""

GEOMETRY_COLUMN = "geom"
"""What GDAL calls the geometries of a GeoPackage."""

BAND = ("min_households", "max_households")

SAVED_AT = "2000-01-01T00:00:00.000Z"
"""Stands for the time of writing in every file: time belongs beside a plan, not in it."""


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan as GeoPackage in EPSG:4490; the same plan gives the same bytes.

    Coordinates are written to the last bit. The file is read back and compared.

    Raises
    ------
    FileExistsError
        If there is something at `path`.
    OSError
        If the file does not hold what was written.
    """
    frames = {name: _of_one_kind(getattr(plan, name), kind) for name, kind in LAYERS.items()}
    with _fixed_time():
        _write(path, {name: (frame, LAYERS[name]) for name, frame in frames.items()})
        _write_layer(path, ABOUT, pd.DataFrame([dict(plan.about)]), None, None)
        _write_layer(path, STYLES, _styles(frames, plan.about), None, None)
    back = read_plan(path)
    for name, frame in frames.items():
        _compare(frame, getattr(back, name), f"{path}:{name}")
    if dict(back.about) != dict(plan.about):  # the styles are for QGIS, no part of the plan
        raise OSError(f"{path}:{ABOUT} does not hold what was written to it")


def write_outlines(communities: gpd.GeoDataFrame, path: Path) -> None:
    """Write the outlines of communities that were mended as GeoPackage with one layer `communities`.

    Raises
    ------
    FileExistsError, OSError
        As in `write_plan`.
    """
    frame = _of_one_kind(communities, "MultiPolygon")
    with _fixed_time():
        _write(path, {"communities": (frame, "MultiPolygon")})
    _compare(frame, _read_back(path, "communities"), f"{path}:communities")


def read_plan(path: Path | str) -> Plan:
    """Read a plan file.

    Raises
    ------
    InputError
        If it is missing, damaged or no plan.
    """
    findings = Findings(ABOUT, str(path))
    try:
        open_source(f"{path}:grids", findings)
    except InputError as error:
        if {one.kind for one in error.faults} != {"layer_missing"}:
            raise
        listed = "、".join(layer_names(Path(path)))
        raise Findings(ABOUT, str(path)).stop("not_a_plan", layer="grids", layers=listed) from error
    present = layer_names(Path(path))
    for name in (*LAYERS, ABOUT):
        if name not in present:
            findings.refuse("not_a_plan", layer=name, layers="、".join(present))
    findings.settle()
    frames = {name: _read_back(Path(path), name) for name in LAYERS}
    meta, _, _, values = pyogrio.raw.read(path, layer=ABOUT)
    about = {str(field): column[0] for field, column in zip(meta["fields"], values, strict=True)}
    plain = {field: value.item() if isinstance(value, np.generic) else value for field, value in about.items()}
    return Plan(**frames, about=plain)


def read_grids(
    spec: str,
    communities: gpd.GeoDataFrame,
    *,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    datums: Mapping[str, Datum] | None = None,
    beside: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Read grids to be checked: those of a plan file, or grids that somebody drew.

    Only geometry is needed. The frame has grid_code, name, kind, community_code, households, persons, reason and
    reason_code as far as the file has them (by name or Chinese name); invalid polygons come as they are.

    Parameters
    ----------
    spec
        `FILE` or `FILE:LAYER`; of a file with several layers the one called `grids` where none is named.
    communities
        What the grids should lie on; grids that lie elsewhere are refused.
    columns
        Columns by layer and field, from `app.files.columns.parse_columns`.
    datums
        Datums by layer, from `app.files.datums.parse_datums`.
    beside
        Streets and buildings that the grids should fit, which tells grids from web maps.

    Raises
    ------
    InputError
        With everything that is wrong.
    """
    findings = Findings("grids", spec)
    datum = (datums or {}).get("grids", "wgs84")
    read = read_layer(CONTRACTS["grids"], spec, findings, told=columns or {}, datum=datum)
    check_datums({**(beside or {}), "grids": read.frame}, datums or {}, {"grids": findings})
    findings.settle()
    refuse_elsewhere(read.frame, communities, findings)
    findings.settle()
    given = [name for name in read.frame.columns if name in read.matched]
    return read.frame[[*given, "geometry"]], tuple(findings.notes)


def write_layers(path: Path, layers: Mapping[str, tuple[gpd.GeoDataFrame, str]]) -> None:
    """Write layers, each with the kind of its shapes, as GeoPackage in EPSG:4490; the same layers give the same bytes.

    Raises
    ------
    FileExistsError
        If there is something at `path`.
    """
    with _fixed_time():
        _write(path, {name: (_of_one_kind(frame, kind), kind) for name, (frame, kind) in layers.items()})


def _of_one_kind(frame: gpd.GeoDataFrame, kind: str) -> gpd.GeoDataFrame:
    """Return the frame in its order, single parts wrapped where the layer holds multi-parts."""
    if not kind.startswith("Multi"):
        return frame.reset_index(drop=True)
    shapes = frame.geometry.to_numpy()
    wrap = shapely.multipolygons if kind == "MultiPolygon" else shapely.multilinestrings
    multi = np.array([shape if shape.geom_type == kind else wrap([shape]) for shape in shapes], dtype=object)
    return frame.set_geometry(gpd.GeoSeries(multi, index=frame.index, crs=frame.crs)).reset_index(drop=True)


def _write(path: Path, layers: Mapping[str, tuple[gpd.GeoDataFrame, str]]) -> None:
    if path.exists():
        raise FileExistsError(f"there is a file already: {path}")
    for name, (frame, kind) in layers.items():
        wkb = shapely.to_wkb(frame.geometry.to_numpy(), byte_order=1)
        _write_layer(path, name, frame.drop(columns=frame.geometry.name), wkb, kind)


def _styles(frames: Mapping[str, gpd.GeoDataFrame], about: Mapping[str, str | int | float]) -> pd.DataFrame:
    """Make the rows of `layer_styles`, one a layer, as QGIS writes them itself."""
    rules = Rules()
    minimum, maximum = (int(about.get(name, getattr(rules, name))) for name in BAND)
    rows = [
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": layer,
            "f_geometry_column": GEOMETRY_COLUMN,
            "styleName": TITLES[layer],
            "styleQML": write_style(layer, list(frames[layer].columns.drop("geometry")), minimum, maximum),
            "styleSLD": "",
            "useAsDefault": True,
            "description": "",
            "owner": "",
            "ui": "",
            "update_time": SAVED_AT.removesuffix("Z"),
        }
        for layer in STYLED
    ]
    return pd.DataFrame(rows).astype({"update_time": "datetime64[ms]"})


def _write_layer(path: Path, name: str, table: pd.DataFrame, wkb: NDArray[np.object_] | None, kind: str | None) -> None:
    columns = [_plain_column(table[column]) for column in table.columns]
    options = {"IDENTIFIER": TITLES.get(name, name)}
    options |= {} if kind else {"ASPATIAL_VARIANT": "GPKG_ATTRIBUTES"}
    options |= {"FID": "id"} if name == STYLES else {}
    pyogrio.raw.write(
        path,
        wkb,
        columns,
        [str(column) for column in table.columns],
        layer=name,
        driver="GPKG",
        geometry_type=kind,
        crs="EPSG:4490" if kind else None,
        append=False,
        layer_options=options,
    )


def _plain_column(column: pd.Series) -> NDArray[Any]:
    if column.dtype.kind in "biufM":
        return np.ascontiguousarray(column.to_numpy())
    return np.array([str(value) for value in column], dtype=object)


@contextmanager
def _fixed_time() -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": SAVED_AT})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _read_back(path: Path, layer: str) -> gpd.GeoDataFrame:
    """Read a layer that we wrote: every column, text as str, in the order of the file."""
    meta, _, wkb, values = pyogrio.raw.read(path, layer=layer)
    columns = {
        str(field): pd.Series(column, dtype=str) if column.dtype == object else pd.Series(column)
        for field, column in zip(meta["fields"], values, strict=True)
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapely.from_wkb(wkb), crs=DEGREES))


def _compare(written: gpd.GeoDataFrame, read: gpd.GeoDataFrame, where: str) -> None:
    same = len(written) == len(read) and list(written.columns) == list(read.columns)
    same = same and bool((shapely.to_wkb(written.geometry.array) == shapely.to_wkb(read.geometry.array)).all())
    for name in written.columns.drop("geometry") if same else []:
        one, other = _plain_column(written[name]), _plain_column(read[name])
        same = same and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if not same:
        raise OSError(f"{where} does not hold what was written to it")
