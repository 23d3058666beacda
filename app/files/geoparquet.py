"""GeoParquet, read through pyarrow: whole by its marks at both ends, its CRS from its own metadata."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from app.files.contents import Source, Table
from app.files.messages import Findings

__all__ = ["open_geoparquet", "read_geoparquet"]

MARK = b"PAR1"


def open_geoparquet(path: Path, layer: str, findings: Findings) -> Source:
    """Find out what a GeoParquet file holds.

    Raises
    ------
    InputError
        If it is cut off, damaged, without geometry or without CRS.
    """
    if layer and layer != path.stem:
        raise findings.stop("layer_missing", layer=layer, layers=path.stem)
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - len(MARK), 0))
        if size < 3 * len(MARK) or file.read() != MARK:
            raise findings.stop("damaged", reason=f"末尾没有 {MARK.decode()} (cut off)")
    try:
        described = pq.ParquetFile(path)
        rows, schema = described.metadata.num_rows, described.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise findings.stop("damaged", reason=error) from error
    about = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    primary = about.get("primary_column")
    if not primary:
        raise findings.stop("parquet_without_geometry")
    if not rows:
        raise findings.stop("layer_empty")
    stated = about["columns"][primary].get("crs", "OGC:CRS84")  # what the format means where it is silent
    if stated is None:
        raise findings.stop("crs_missing")
    try:
        crs = CRS.from_user_input(stated).to_2d()
    except CRSError as error:
        raise findings.stop("crs_unusable", crs=str(stated)[:60]) from error
    if not (crs.is_geographic or crs.is_projected):
        raise findings.stop("crs_unusable", crs=crs.name)
    plain = tuple(field.name for field in schema if field.name != primary and not pa.types.is_nested(field.type))
    return Source(path, "Parquet", primary, plain, plain, "", crs)


def read_geoparquet(source: Source, columns: Collection[str], findings: Findings) -> Table:
    """Read the shapes and some columns of a GeoParquet file."""
    wanted = [name for name in source.columns if name in set(columns)]
    try:
        frame = gpd.read_parquet(source.path, columns=[*wanted, source.layer])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise findings.stop("damaged", reason=error) from error
    read = {name: _plain(frame[name]) for name in wanted}
    return Table(np.array(frame.geometry.array, dtype=object), read, source.crs, measured=False)


def _plain(column: pd.Series) -> NDArray[Any]:
    """Return numbers as numbers with NaN where they are missing, anything else as objects with None."""
    if column.dtype.kind in "iufb":
        return np.asarray(column)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return np.asarray(column.to_numpy(np.float64, na_value=np.nan))
    return np.array([*(None if pd.isna(value) else value for value in column), None], dtype=object)[:-1]
