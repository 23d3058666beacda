"""Overlays: shapes that lie over or under the grids and can be switched on and off, such as water or blind spots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from app.maps.languages import speak
from app.maps.shapes import STEPS_PER_DEGREE, encode_lines, encode_polygons

__all__ = ["Overlay", "encode_overlay", "overlay_frame", "overlay_old_grids"]

Style = Literal["water", "rail", "old", "spot", "site", "note"]


@dataclass(frozen=True)
class Overlay:
    """Shapes in EPSG:4490 that are drawn in one style, each with a text of its own or none."""

    name: str
    title: str
    style: Style
    """`water` and `rail` lie under the streets, `old` are outlines, `spot` areas, `site` and `note` points over all."""
    shapes: NDArray[np.object_]
    texts: Sequence[str] = ()
    shown: bool = True
    """Whether it is on at first; one that is not comes with the views that name it."""


def overlay_frame(barriers: gpd.GeoDataFrame, language: str = "zh") -> list[Overlay]:
    """Return water and railways of a layer of barriers, those of them that there are.

    Parameters
    ----------
    barriers
        `kind`: water, rail or wall.
    """
    say = speak(language)
    kinds: tuple[tuple[Style, str], ...] = (("water", say("河流、水面", "Water")), ("rail", say("铁路", "Railway")))
    found = [(kind, title, barriers.loc[barriers["kind"] == kind].geometry.to_numpy()) for kind, title in kinds]
    return [Overlay(kind, title, kind, shapes) for kind, title, shapes in found if len(shapes)]


def overlay_old_grids(grids: gpd.GeoDataFrame, language: str = "zh") -> Overlay:
    """Return the outlines of grids that were there before; `name` is theirs, where they have any."""
    texts = [str(name) for name in grids["name"]] if "name" in grids else []
    title = speak(language)("原有网格界线", "Outlines of the grids before")
    return Overlay("old", title, "old", grids.geometry.to_numpy(), texts, shown=False)


def encode_overlay(overlay: Overlay) -> dict[str, Any]:
    """Put an overlay into plain values: areas as polygons are, lines as lines, points and texts by their place."""
    kinds = shapely.get_type_id(overlay.shapes)
    areas = np.isin(kinds, [shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON])
    lines = np.isin(kinds, [shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING])
    places = (
        shapely.get_coordinates(shapely.point_on_surface(overlay.shapes)) if len(overlay.texts) else np.empty((0, 2))
    )
    digits = len(str(STEPS_PER_DEGREE)) - 1
    return {
        "id": overlay.name,
        "title": overlay.title,
        "style": overlay.style,
        "shown": overlay.shown,
        "areas": encode_polygons(overlay.shapes[areas]),
        "lines": encode_lines(overlay.shapes[lines]),
        "labels": [
            [text, round(float(x), digits), round(float(y), digits)]
            for text, (x, y) in zip(overlay.texts, places, strict=True)
        ],
    }
