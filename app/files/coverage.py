"""What walking came to, as GeoPackage: blind spots, homes with their distances, sites; the same is the same bytes."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np

from app.files.plans import write_layers
from app.geo.coverage import Coverage
from app.geo.siting import Siting

__all__ = ["write_coverage", "write_sites"]


def write_coverage(coverage: Coverage, path: Path) -> None:
    """Write layers `blind_spots` and `homes`; a home from which there is no way has no distance.

    Raises
    ------
    FileExistsError
        If there is something at `path`.
    """
    far = [name for name in coverage.homes.columns if name.endswith("_m")]
    homes = coverage.homes.assign(
        **{name: np.where(np.isfinite(coverage.homes[name]), coverage.homes[name], np.nan) for name in far}
    )
    layers: dict[str, tuple[gpd.GeoDataFrame, str]] = {"homes": (homes, "Point")}
    if len(coverage.blind_spots):
        layers = {"blind_spots": (coverage.blind_spots, "MultiPolygon"), **layers}
    write_layers(path, layers)


def write_sites(siting: Siting, path: Path) -> None:
    """Write layer `sites`.

    Raises
    ------
    FileExistsError
        If there is something at `path`.
    """
    write_layers(path, {"sites": (siting.sites, "Point")})
