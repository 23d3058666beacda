"""A layer of a file before it is read, and what was read of it, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from app.files.sheets import Sheet

__all__ = ["Source", "Table"]


@dataclass(frozen=True)
class Source:
    """A layer that can be read, and what is known of it before reading."""

    path: Path
    driver: str
    layer: str
    columns: tuple[str, ...]
    """Names as people wrote them; those of a Shapefile are decoded."""
    stored_columns: tuple[str, ...]
    """The same as GDAL knows them."""
    codec: str
    """Of the text of a Shapefile; empty for formats that are UTF-8 by definition."""
    crs: CRS
    sheet: Sheet | None = None
    """Of a table, which is read whole as it is opened."""


@dataclass(frozen=True)
class Table:
    """What was read: shapes as stored (Z and all), and columns by name, row by row as in the file."""

    shapes: NDArray[np.object_]
    columns: dict[str, NDArray[Any]]
    crs: CRS
    measured: bool
    """The file has M values, which are gone already."""
    numbers: tuple[int, ...] = ()
    """Of the rows in a sheet; empty where features are counted from 1."""
