"""The whole folder of the county, drawn and written: each part from a stream of chance of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_data.make_county.aliases import list_aliases
from gis_data.make_county.county import County, draw_county
from gis_data.make_county.grids import OldGrids, draw_old_grids
from gis_data.make_county.people import Staff, appoint_staff
from gis_data.make_county.plan import SEED
from gis_data.make_county.projects import list_projects
from gis_data.make_county.rooms import Premises, fit_out
from gis_data.make_county.tables import write_csv
from gis_data.make_county.write import as_written, write_layers

__all__ = ["Everything", "make_county", "write_county"]


@dataclass(frozen=True)
class Everything:
    """The county with its tables; `layers` is what `county.gpkg` holds, in EPSG:4490."""

    county: County
    layers: dict[str, gpd.GeoDataFrame]
    tables: dict[str, pd.DataFrame]
    old: OldGrids
    staff: Staff
    premises: Premises
    projects_owing: dict[str, object]


def make_county(seed: int = SEED) -> Everything:
    """Draw the county and fill in its tables."""

    def chance(part: int) -> np.random.Generator:
        return np.random.default_rng([seed, part])

    county = draw_county(seed)
    communities = county.layers["communities"]
    towns = dict(zip(county.layers["towns"].town_code, county.layers["towns"].name, strict=True))
    old = draw_old_grids(county, chance(11))
    staff = appoint_staff(old.frame, communities, towns, chance(12))
    premises = fit_out(county, towns, chance(13))
    projects, owing = list_projects(communities, chance(14))
    layers = {**county.layers, "facilities": premises.facilities, "grids_last_year": old.frame}
    tables = {
        "staff": staff.table,
        "rooms": premises.rooms,
        "projects": projects,
        "aliases": list_aliases(county.layers["compounds"], chance(15)),
    }
    return Everything(county, as_written(layers), tables, old, staff, premises, owing)


def write_county(folder: Path, seed: int = SEED) -> None:
    """Write everything; what stands in the folder under the same names is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    made = make_county(seed)
    write_layers(folder / "county.gpkg", made.layers)
    for name, table in made.tables.items():
        write_csv(folder / f"{name}.csv", table)
