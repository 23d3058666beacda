"""Geometry attached to the rows of a table as it arrives: building points and footprints, compound outlines."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from app.geo.building_labels import building_key, place_key
from app.geo.crs import DEGREES, metric_crs, project

__all__ = ["Attached", "Unmapped", "attach_geometry", "list_unmapped", "spread_m"]


@dataclass(frozen=True)
class Attached:
    """Where the rows of a table lie, as far as anything says so.

    `places` has a point in EPSG:4490 and `by` for every row that is found: `ledger` by its own coordinates, `building`
    by a building of the same code, address or compound and number, `compound` by the outline of its compound alone.
    """

    places: gpd.GeoDataFrame
    households: int
    mapped: int

    @property
    def share(self) -> float:
        """The share of households that is on the map; 0 where there are none."""
        return self.mapped / self.households if self.households else 0.0


@dataclass(frozen=True)
class Unmapped:
    """Households of one compound, village or group that are not on the map yet (未落图)."""

    community: str
    place: str
    buildings: int
    households: int


def attach_geometry(rows: pd.DataFrame, buildings: gpd.GeoDataFrame, compounds: gpd.GeoDataFrame) -> Attached:
    """Find the place of each row; what could be several buildings is none.

    Parameters
    ----------
    rows
        Of a `Ledger`.
    buildings, compounds
        As `Layers` describes them; may be empty.
    """
    points: dict[Hashable, shapely.Point] = {}
    found_by: dict[Hashable, str] = {}
    middles = shapely.point_on_surface(np.asarray(buildings.geometry.array, dtype=object))
    inside = shapely.point_on_surface(np.asarray(compounds.geometry.array, dtype=object))
    by_id = _once(zip(buildings["building_id"], middles, strict=True))
    by_address_code = _once(zip(_column(buildings, "address_code"), middles, strict=True))
    by_address = _once(zip(map(place_key, _column(buildings, "address")), middles, strict=True))
    labels = zip(buildings["compound"], buildings["name"], middles, strict=True)
    by_label = _once(
        ((place_key(c), building_key(_own_part(n, c))) if c and n else "", point) for c, n, point in labels
    )
    by_compound = _once(zip(map(place_key, compounds["name"]), inside, strict=True))
    for row in rows.itertuples():
        label = (place_key(row.compound), building_key(row.building)) if row.compound and row.building else ""
        point = (
            by_id.get(row.building_id)
            or by_address_code.get(row.address_code)
            or by_label.get(label)
            or by_address.get(place_key(row.address) if row.address else "")
        )
        if not np.isnan(row.longitude) and not np.isnan(row.latitude):
            points[row.Index], found_by[row.Index] = shapely.Point(row.longitude, row.latitude), "ledger"
        elif point is not None:
            points[row.Index], found_by[row.Index] = point, "building"
        elif row.compound and (outline := by_compound.get(place_key(row.compound))) is not None:
            points[row.Index], found_by[row.Index] = outline, "compound"
    index = list(points)
    geometry = gpd.GeoSeries(list(points.values()), index=index, crs=DEGREES)
    places = gpd.GeoDataFrame({"by": pd.Series(found_by, index=index, dtype=str)}, geometry=geometry)
    mapped = rows.loc[index, "households"].sum()
    return Attached(places, int(rows["households"].sum()), int(mapped))


def _column(frame: pd.DataFrame, name: str) -> list[str]:
    return list(frame[name]) if name in frame else [""] * len(frame)


def _own_part(name: str, compound: str) -> str:
    """Return a building's name without that of its compound before it: 桃园小区3栋 in 桃园 is 3栋."""
    short = compound.removesuffix("小区")
    return name.removeprefix(compound).removeprefix(short).removeprefix("小区") or name


def _once(pairs: Iterable[tuple[Hashable, shapely.Point]]) -> dict[Hashable, shapely.Point]:
    """Keep what has a key of its own; several of one key are none."""
    found: dict[Hashable, shapely.Point] = {}
    several = set()
    for key, point in pairs:
        if key in found:
            several.add(key)
        found[key] = point
    return {key: point for key, point in found.items() if key and key not in several}


def list_unmapped(rows: pd.DataFrame, attached: Attached) -> list[Unmapped]:
    """List what is not on the map, by community and compound in the order of the table."""
    left = rows.loc[~rows.index.isin(attached.places.index)]
    names = [
        compound or group or building or address
        for compound, group, building, address in zip(
            left["compound"], left["group"], left["building"], left["address"], strict=True
        )
    ]
    return [
        Unmapped(
            str(community), str(place), len({*own["building"], *own["address"]} - {""}), int(own["households"].sum())
        )
        for (community, place), own in left.groupby([left["community"], pd.Series(names, index=left.index)], sort=False)
    ]


def spread_m(points: Iterable[shapely.Point]) -> float:
    """Return the greatest distance between points in degrees, in metres; 0 for fewer than two."""
    drawn = np.array(list(points), dtype=object)
    if len(drawn) < 2:
        return 0.0
    hull = shapely.convex_hull(shapely.multipoints(project(drawn, metric_crs(float(shapely.get_x(drawn[0]))))))
    xy = shapely.get_coordinates(hull)
    return float(np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1)).max())
