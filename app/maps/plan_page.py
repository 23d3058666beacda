"""The map of a division: one page that opens from disk, for a phone and for a desk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.geo.colours import FILLS, colour_neighbours
from app.geo.errors import UsageError
from app.geo.labels import find_label_places, measure_shared
from app.geo.measures import STREET_CLASSES
from app.geo.plan import Plan, told_about
from app.maps.assets import Asset, bundle_scripts, bundle_styles
from app.maps.offline import OfflineFigure, OfflineMap
from app.maps.overlays import Overlay, encode_overlay
from app.maps.packing import pack, point_columns
from app.maps.plan_shapes import (
    LINE_STEPS_PER_DEGREE,
    column_plan_shapes,
    column_street_names,
    number_texts,
    pack_units,
)
from app.maps.shapes import STEPS_PER_DEGREE, encode_polygons
from app.maps.views import View

__all__ = ["LANGUAGES", "Place", "Tiles", "draw_plan", "plan_assets"]

LANGUAGES = ("zh", "en")

PAGES = Path(__file__).parent / "pages"

SCRIPTS = (
    *("elements.js", "tables.js", "inflate.js", "unpack.js", "shapes.js", "data.js", "views.js", "labels.js"),
    *(
        "overlays.js",
        "base_map.js",
        "map.js",
        "locate.js",
        "panel.js",
        "legend.js",
        "ruler.js",
        "permalink.js",
        "plan.js",
    ),
)
"""In the order in which they build on each other."""


@dataclass(frozen=True)
class Place:
    """Something that is found by its name: a compound, a facility."""

    kind: str
    name: str
    longitude: float
    latitude: float


@dataclass(frozen=True)
class Tiles:
    """A base map in Web Mercator: addresses of its layers from below, its last level, and whom it is owed to."""

    layers: tuple[str, ...]
    deepest: int
    credit: str


def draw_plan(
    plan: Plan,
    *,
    language: str = "zh",
    attribution: str = "",
    views: Sequence[View] = (),
    places: Sequence[Place] = (),
    overlays: Sequence[Overlay] = (),
    served: bool = False,
    home: str = "",
    title: str = "",
    tiles: Tiles | None = None,
) -> str:
    """Draw a plan as one HTML document.

    Parameters
    ----------
    plan
        Frames in EPSG:4490. They are not changed.
    language
        `zh` or `en`; names and reasons stay as the plan has them.
    attribution
        A line of thanks to whoever made the data, shown at the foot of the map.
    views
        Ways to colour communities or grids, to choose from.
    places
        What the search finds besides communities, grids and streets.
    overlays
        Shapes over and under the grids: water and railways, which a plan does not hold, blind spots, old outlines.
    served
        Ask the service for the files of `plan_assets`; otherwise the page needs nothing but itself.
    home
        Address of the page one comes from; none on a page by itself.
    title
        What the page is called where it is not the map of a division.
    tiles
        A base map that the service hands out.

    Raises
    ------
    UsageError
        The page does not know the language.
    """
    if language not in LANGUAGES:
        known = "、".join(LANGUAGES)
        raise UsageError(f"地图没有 {language!r} 这种语言，可用 {known} the map does not speak that language: {known}")
    words = _read_words()[language]
    if title:
        words = words | {"title": title}
    west, south, east, north = (float(bound) for bound in plan.communities.total_bounds)
    page = OfflineFigure(
        title=words["title"],
        language=language,
        body=_read_page("plan.html"),
        styles=[_read_page("plan.css")],
        scripts=["\n".join(map(_read_page, SCRIPTS))],
        data={
            "plan-data": {
                "words": words,
                "attribution": attribution,
                "home": home,
                "tiles": asdict(tiles) if tiles else None,
                "locate": "/locate" if served else "",
                "stepsPerDegree": STEPS_PER_DEGREE,
                "lineStepsPerDegree": LINE_STEPS_PER_DEGREE,
                "bounds": [[south, west], [north, east]],
                "packed": _pack_plan(plan, views, overlays, places),
                "units": pack_units(plan),
            }
        },
        linked=plan_assets() if served else None,
    )
    plan_map = OfflineMap(
        "plan",
        start="jiexiang.drawPlan",
        zoom_start=14,
        max_zoom=20,
        zoom_snap=0.25,
        prefer_canvas=True,
        max_bounds_viscosity=0.8,
    )
    page.add_child(plan_map)
    return page.render()


def _pack_plan(plan: Plan, views: Sequence[View], overlays: Sequence[Overlay], places: Sequence[Place]) -> str:
    """Pack all that the page shows, but for units, which are off at first."""
    about = told_about(plan)
    outlines = np.asarray(plan.grids.geometry.array, dtype=object)
    codes = [str(code) for code in plan.grids["grid_code"]]
    place_of_grid = {code: place for place, code in enumerate(codes)}
    neighbours = _find_neighbours(plan, outlines)
    shared_m: dict[tuple[str, str], float] = {}
    for left, right, _, _, length_m in neighbours:
        shared_m[left, right] = shared_m.get((left, right), 0.0) + length_m
    colours = colour_neighbours(shared_m, codes)
    labels = find_label_places(outlines)
    rooms_m: dict[str, list[float]] = {}
    for community, (_, _, room_m) in zip(plan.grids["community_code"], labels, strict=True):
        rooms_m.setdefault(str(community), []).append(room_m)
    known = [row for row in neighbours if row[0] in place_of_grid and row[1] in place_of_grid]
    barriers, barrier_numbers = number_texts([barrier for _, _, barrier, _, _ in known])
    names, name_numbers = number_texts([name for _, _, _, name, _ in known])
    shape_values, shape_columns = column_plan_shapes(plan)
    street_names, name_columns = column_street_names(plan.streets)
    community_labels = find_label_places(np.asarray(plan.communities.geometry.array, dtype=object))
    values = {
        "about": {name: about[name] for name in ("min_households", "max_households", "household_basis")}
        | {"software": f"{about['software']} {about['version']}"},
        "fills": FILLS,
        "communities": _describe_communities(plan.communities, rooms_m),
        "grids": _describe_grids(plan.grids, plan.communities) | {"colour": [colours[code] for code in codes]},
        "neighbourBarriers": barriers,
        "neighbourNames": names,
        "nameClasses": STREET_CLASSES,
        "streetNames": street_names,
        "views": [_describe_view(view, plan) for view in views],
        "overlays": [encode_overlay(one) for one in overlays],
        "places": [[one.kind, one.name, round(one.longitude, 6), round(one.latitude, 6)] for one in places],
        **shape_values,
    }
    columns: dict[str, ArrayLike] = {
        **shape_columns,
        **name_columns,
        **_label_columns("gridLabel", labels),
        **_label_columns("communityLabel", community_labels),
        "neighbourLeft": [place_of_grid[left] for left, *_ in known],
        "neighbourRight": [place_of_grid[right] for _, right, *_ in known],
        "neighbourBarrier": barrier_numbers,
        "neighbourName": name_numbers,
        "neighbourMetres": [round(length_m) for *_, length_m in known],
    }
    return pack(values, columns)


def _label_columns(name: str, places: Sequence[tuple[float, float, float]]) -> dict[str, NDArray[np.int64]]:
    """Write where labels stand, and in decimetres how far it is from there to the nearest edge."""
    numbers = np.asarray(places, dtype=float).reshape(-1, 3)
    points = np.rint(numbers[:, :2] * STEPS_PER_DEGREE)
    return point_columns(name, points) | {f"{name}Room": np.rint(numbers[:, 2] * 10).astype(np.int64)}


@cache
def plan_assets() -> tuple[Asset, Asset]:
    """Return the style and the script that a served page asks for."""
    return (
        bundle_styles("plan.css", ["leaflet/leaflet.css"], ["plan.css"]),
        bundle_scripts("plan.js", ["leaflet/leaflet.js"], SCRIPTS),
    )


def _describe_view(view: View, plan: Plan) -> dict[str, Any]:
    """Describe a view; classes and texts stand in the order of the grids, communities or areas that it colours."""
    codes = {
        "grid": [str(code) for code in plan.grids["grid_code"]],
        "community": [str(code) for code in plan.communities["community_code"]],
        "area": [area.code for area in view.areas],
    }[view.level]
    outlines = encode_polygons(np.asarray([area.outline for area in view.areas], dtype=object))
    return {
        "id": view.name,
        "title": view.title,
        "level": view.level,
        "classes": [asdict(one) for one in view.classes],
        "classOf": [view.class_of.get(code, -1) for code in codes],
        "texts": [view.texts.get(code, "") for code in codes],
        "note": view.note,
        "missing": view.missing,
        "unlisted": list(view.unlisted),
        "beside": list(view.beside),
        "areas": [
            {"code": one.code, "name": one.name, "rings": [ring for part in parts for ring in part]}
            for one, parts in zip(view.areas, outlines, strict=True)
        ],
    }


def _find_neighbours(plan: Plan, outlines: NDArray[np.object_]) -> list[tuple[str, str, str, str, float]]:
    """List left and right grid, barrier, name and metres of each border, then of neighbours that have no border row.

    Borders are those a division has drawn; where two communities meet, the line was there before and is told as theirs.
    """
    columns = (plan.borders[name] for name in ("left_grid", "right_grid", "barrier", "name", "length_m"))
    neighbours = [
        (str(left), str(right), str(barrier), str(name), float(length_m))
        for left, right, barrier, name, length_m in zip(*columns, strict=True)
    ]
    codes = [str(code) for code in plan.grids["grid_code"]]
    place_of_grid = {code: place for place, code in enumerate(codes)}
    places = [(place_of_grid.get(left, -1), place_of_grid.get(right, -1)) for left, right, *_ in neighbours]
    known = {(min(pair), max(pair)) for pair in places}
    for (one, other), length_m in measure_shared(outlines, known).items():
        neighbours.append((codes[one], codes[other], "community", "", length_m))
    return neighbours


def _describe_communities(communities: gpd.GeoDataFrame, rooms_m: dict[str, list[float]]) -> dict[str, list[Any]]:
    codes = [str(code) for code in communities["community_code"]]
    return {
        "code": codes,
        "name": [str(name) for name in communities["name"]],
        **{name: [int(count) for count in communities[name]] for name in ("grids", "households", "in_band")},
        "divisible": [bool(flag) for flag in communities["divisible"]],
        "cost": [round(float(cost), 1) for cost in communities["cost"]],
        "message": [str(message) for message in communities["message"]],
        "gridRoom": [float(np.median(rooms_m.get(code, [0.0]))) for code in codes],
    }


def _describe_grids(grids: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> dict[str, list[Any]]:
    place_of_community = {str(code): place for place, code in enumerate(communities["community_code"])}
    codes = [str(code) for code in grids["grid_code"]]
    homes = [str(code) for code in grids["community_code"]]
    sides = ("sides_east", "sides_south", "sides_west", "sides_north")
    return {
        "code": codes,
        "serial": [_serial(code, home) for code, home in zip(codes, homes, strict=True)],
        "community": [place_of_community.get(home, -1) for home in homes],
        "households": [int(count) for count in grids["households"]],
        "persons": [None if np.isnan(count) else round(float(count)) for count in grids["persons"]],
        "area": [round(float(area_m2)) for area_m2 in grids["area_m2"]],
        **{name: [str(text) for text in grids[name]] for name in ("name", "kind", *sides, "reason", "reason_code")},
    }


def _serial(grid_code: str, community_code: str) -> str:
    """Return the number of a grid within its community, without zeros in front; a foreign code whole."""
    serial = grid_code.removeprefix(community_code)
    return serial.lstrip("-0") or grid_code if serial != grid_code else grid_code


@cache
def _read_words() -> dict[str, Any]:
    words: dict[str, Any] = json.loads(_read_page("words.json"))
    return words


def _read_page(name: str) -> str:
    return (PAGES / name).read_text("utf-8")
