"""The places that are divided: where their layers lie, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import geopandas as gpd

__all__ = ["PLACES", "ROOT", "SHARED", "Place", "PlaceFrames"]

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"


@dataclass(frozen=True)
class Place:
    """Layers of one place, each written `FILE.gpkg:LAYER`; empty where the place has none."""

    name: str
    communities: str
    streets: str
    buildings: str
    barriers: str = ""
    compounds: str = ""
    special_sites: str = ""
    groups: str = ""

    @classmethod
    def of_file(cls, name: str, path: Path, *, layers: tuple[str, ...]) -> Place:
        """Name the layers of one GeoPackage."""
        return cls(name, **{layer: f"{path}:{layer}" for layer in layers})

    @property
    def layers(self) -> dict[str, str]:
        """Layers that the place has, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)[1:] if getattr(self, field.name)}

    @property
    def present(self) -> bool:
        """Whether every file is there."""
        return all(Path(spec.rpartition(":")[0]).exists() for spec in self.layers.values())

    def read(self) -> PlaceFrames:
        """Read what the peers use; they know nothing of compounds and special sites."""
        frames = {name: read_layer(self.layers[name]) for name in ("communities", "streets", "buildings")}
        barriers = read_layer(self.barriers) if self.barriers else frames["streets"].iloc[:0][["geometry"]]
        return PlaceFrames(**frames, barriers=barriers)


@dataclass(frozen=True)
class PlaceFrames:
    """The layers of a place as the files hold them."""

    communities: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame


def read_layer(spec: str) -> gpd.GeoDataFrame:
    """Read `FILE:LAYER`."""
    path, _, layer = spec.rpartition(":")
    return gpd.read_file(path, layer=layer)


BASE = ("communities", "streets", "buildings", "barriers")
PLACES = {
    place.name: place
    for place in (
        Place.of_file("town", ROOT / "gis_data" / "town" / "town.gpkg", layers=(*BASE, "compounds", "special_sites")),
        Place.of_file(
            "county",
            ROOT / "gis_data" / "county" / "county.gpkg",
            layers=(*BASE, "compounds", "special_sites", "groups"),
        ),
        Place.of_file("nanjing", SHARED / "data" / "nanjing" / "nanjing.gpkg", layers=BASE),
        Place.of_file("guixi", SHARED / "data" / "guixi" / "guixi.gpkg", layers=BASE),
    )
}
