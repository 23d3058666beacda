"""OpenStreetMap, XML or PBF: what of it is which of our layers, by its tags.

| layer | taken | becomes |
|---|---|---|
| streets | ways with `highway` | highway, name, bridge, tunnel, layer |
| buildings | areas with `building` other than `no` | building, name, levels (`building:levels`), address |
| barriers | ways with `waterway`, `railway` in use, `barrier` a wall or fence; areas of water | kind, name |
| compounds | areas of `landuse=residential` | name |
| special_sites | schools, universities, hospitals, parks, industrial areas | kind, name |

Households stand in no map: those of buildings are modelled from levels and footprint, as ever where nobody counted.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
from pyproj import CRS

from app.files.contents import Source, Table
from app.files.messages import Findings

__all__ = ["open_osm", "read_osm"]

Tags = Mapping[str, str]
GDAL_ERRORS = (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError)
PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')

RAILWAYS = {"rail", "light_rail", "narrow_gauge", "subway", "tram", "monorail"}
WATERWAYS = {"river", "canal", "stream", "drain", "ditch"}
WALLS = {"wall", "fence", "city_wall", "retaining_wall"}
SITES = {
    **{("amenity", use): use for use in ("school", "university", "college", "hospital")},
    ("leisure", "park"): "park",
    ("landuse", "industrial"): "industrial",
}


def _street(tags: Tags) -> dict[str, str] | None:
    return dict(tags) if tags.get("highway") else None


def _building(tags: Tags) -> dict[str, str] | None:
    if tags.get("building", "no") == "no":
        return None
    address = f"{tags.get('addr:street', '')}{tags.get('addr:housenumber', '')}"
    return {**tags, "building_id": tags["id"], "levels": tags.get("building:levels", ""), "address": address}


def _barrier(tags: Tags) -> dict[str, str] | None:
    kinds = {
        "waterway": tags.get("waterway") in WATERWAYS,
        "railway": tags.get("railway") in RAILWAYS,
        "wall": tags.get("barrier") in WALLS,
        "water": tags.get("natural") == "water" or tags.get("waterway") == "riverbank",
    }
    kind = next((kind for kind, so in kinds.items() if so), None)
    return {**tags, "kind": kind} if kind else None


def _compound(tags: Tags) -> dict[str, str] | None:
    return {**tags, "compound_id": tags["id"]} if tags.get("landuse") == "residential" else None


def _site(tags: Tags) -> dict[str, str] | None:
    kind = next((kind for (key, value), kind in SITES.items() if tags.get(key) == value), None)
    return {**tags, "kind": kind} if kind else None


_LAYERS: Mapping[str, tuple[Mapping[str, str], Callable[[Tags], dict[str, str] | None], tuple[str, ...]]] = {
    "streets": ({"lines": "highway IS NOT NULL"}, _street, ("highway", "name", "bridge", "tunnel", "layer")),
    "buildings": (
        {"multipolygons": "building IS NOT NULL"},
        _building,
        ("building_id", "building", "name", "levels", "address"),
    ),
    "barriers": ({"lines": "highway IS NULL", "multipolygons": ""}, _barrier, ("kind", "name", "bridge", "tunnel")),
    "compounds": ({"multipolygons": "landuse = 'residential'"}, _compound, ("compound_id", "name")),
    "special_sites": (
        {"multipolygons": "amenity IS NOT NULL OR leisure IS NOT NULL OR landuse IS NOT NULL"},
        _site,
        ("name", "kind"),
    ),
}
"""By our layer: the layers of GDAL to look in, and for which features; how to know those meant; the columns it has."""


def open_osm(path: Path, layer: str, findings: Findings) -> Source:
    """Tell what of OpenStreetMap becomes a layer.

    Raises
    ------
    InputError
        If the map has nothing of the kind.
    """
    if layer not in _LAYERS:
        raise findings.stop("osm_without_layer", layer=layer, layers="、".join(_LAYERS))
    columns = _LAYERS[layer][2]
    return Source(path, "OSM", layer, columns, columns, "", CRS.from_epsg(4326))


def read_osm(source: Source, columns: Collection[str], findings: Findings) -> Table:
    """Read the features of a layer by their tags.

    Raises
    ------
    InputError
        If the file is damaged, or holds none of them.
    """
    parts, choose, _ = _LAYERS[source.layer]
    shapes: list[Any] = []
    rows: list[dict[str, str]] = []
    for part, where in parts.items():
        geometry, tagged = _read_part(source.path, part, where, findings)
        for shape, tags in zip(geometry, tagged, strict=True):
            chosen = choose(tags)
            if chosen is not None:
                shapes.append(shape)
                rows.append(chosen)
    if not rows:
        raise findings.stop("layer_empty")
    findings.note("osm_mapped", len(rows))
    read = {name: np.array([*(row.get(name) or None for row in rows), None], dtype=object)[:-1] for name in columns}
    return Table(np.array([*shapes, None], dtype=object)[:-1], read, source.crs, measured=False)


def _read_part(path: Path, part: str, where: str, findings: Findings) -> tuple[np.ndarray, list[dict[str, str]]]:
    """Read a layer of GDAL's with all tags, those of `other_tags` too; `id` is that of the way or relation."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            meta, _, wkb, values = pyogrio.raw.read(path, layer=part, where=where or None)
        except GDAL_ERRORS as error:
            raise findings.stop("damaged", reason=error) from error
    for text in sorted({str(warning.message) for warning in caught}):
        findings.note("reader_warning", 1, text=text)
    names = [str(name) for name in meta["fields"]]
    tagged = []
    for row in zip(*values, strict=True):
        tags = {name: str(value) for name, value in zip(names, row, strict=True) if value is not None}
        tags |= {_unescaped(key): _unescaped(value) for key, value in PAIR.findall(tags.pop("other_tags", ""))}
        tags["id"] = tags.get("osm_way_id") or tags.get("osm_id", "")
        tagged.append(tags)
    return shapely.from_wkb(wkb, on_invalid="ignore"), tagged


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
