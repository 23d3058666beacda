"""The whole folder of the county, drawn and written: each part from a stream of chance of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_data.make_county.aliases import list_aliases
from gis_data.make_county.conflicts import count_conflicts
from gis_data.make_county.county import County, draw_county
from gis_data.make_county.dirt import write_dirt
from gis_data.make_county.grids import OldGrids, draw_old_grids
from gis_data.make_county.ledger import LEDGER_HEADS, LEDGER_TITLE, keep_ledger
from gis_data.make_county.nets import draw_nets, list_health_net
from gis_data.make_county.people import Staff, appoint_staff
from gis_data.make_county.plan import SEED
from gis_data.make_county.projects import list_projects
from gis_data.make_county.rooms import Premises, fit_out
from gis_data.make_county.tables import write_csv, write_workbook
from gis_data.make_county.truth import tell_truth
from gis_data.make_county.write import as_written, write_layers

__all__ = ["Everything", "make_county", "write_county"]

HEALTH_TITLE, HEALTH_COLUMNS = "子虚县卫生健康网格表", ("网格名", "包含小区/村组", "责任人")


@dataclass(frozen=True)
class Everything:
    """The county with its tables; `layers` and `nets` are what the GeoPackages hold, in EPSG:4490."""

    county: County
    layers: dict[str, gpd.GeoDataFrame]
    nets: dict[str, gpd.GeoDataFrame]
    tables: dict[str, pd.DataFrame]
    ledger: list[list[object]]
    health_net: list[list[object]]
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
    return Everything(
        county,
        as_written(layers),
        as_written(draw_nets(county, old, chance(16))),
        tables,
        keep_ledger(communities, towns, chance(17)),
        list_health_net(county, chance(18)),
        old,
        staff,
        premises,
        owing,
    )


def write_county(folder: Path, seed: int = SEED) -> None:
    """Write everything; what stands in the folder under the same names is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    made = make_county(seed)
    write_layers(folder / "county.gpkg", made.layers)
    for name, table in made.tables.items():
        write_csv(folder / f"{name}.csv", table)
    write_layers(folder / "nets.gpkg", made.nets)
    write_workbook(folder / "communities.xlsx", LEDGER_TITLE, LEDGER_HEADS, made.ledger)
    write_workbook(folder / "net_health.xlsx", HEALTH_TITLE, [("", HEALTH_COLUMNS)], made.health_net)
    dirt = write_dirt(folder / "dirt", made.layers, made.county.layers)
    conflicts = count_conflicts(made.layers, made.nets)
    truth = tell_truth(
        made.county, made.layers, made.old, made.staff, made.premises, made.projects_owing, dirt, conflicts
    )
    (folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", "utf-8")
