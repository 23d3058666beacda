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
import shapely
from numpy.typing import NDArray

from app.geo.colours import FILLS, colour_neighbours
from app.geo.errors import UsageError
from app.geo.labels import find_label_places, measure_shared, name_streets
from app.geo.measures import STREET_CLASSES, street_class
from app.geo.plan import Plan, told_about
from app.maps.assets import Asset, bundle_scripts, bundle_styles
from app.maps.offline import OfflineFigure, OfflineMap
from app.maps.overlays import Overlay, encode_overlay
from app.maps.shapes import STEPS_PER_DEGREE, encode_lines, encode_polygons
from app.maps.views import View

__all__ = ["LANGUAGES", "Place", "draw_plan", "plan_assets"]

LANGUAGES = ("zh", "en")

PAGES = Path(__file__).parent / "pages"

MOST_UNIT_VERTICES = 300_000
"""Above it units are left out: they are off at first, and would make the page too heavy for a phone."""

MOST_GRID_VERTICES = 600_000
"""Above it grids are simplified, all at once so that neighbours stay together."""

SIMPLER_BY_DEGREES = 2e-5
"""About 2 m, less than the width of a border at any zoom at which so large a plan is looked at."""

STREET_TILE_DEGREES = 0.02
"""Streets are drawn in bundles of about 2 km, so that a map zoomed in leaves most of them out."""


SCRIPTS = (
    *("elements.js", "tables.js", "lines.js", "data.js", "views.js", "labels.js"),
    *("overlays.js", "map.js", "locate.js", "panel.js", "legend.js", "ruler.js", "permalink.js", "plan.js"),
)
"""In the order in which they build on each other."""


@dataclass(frozen=True)
class Place:
    """Something that is found by its name: a compound, a facility."""

    kind: str
    name: str
    longitude: float
    latitude: float


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

    Raises
    ------
    UsageError
        The page does not know the language.
    """
    if language not in LANGUAGES:
        raise UsageError(f"the map speaks {' and '.join(LANGUAGES)}, not {language!r}: choose one of them")
    words = _read_words()[language]
    if title:
        words = words | {"title": title}
    west, south, east, north = (float(bound) for bound in plan.communities.total_bounds)
    page = OfflineFigure(
        title=words["title"],
        language=language,
        body=_read_page("plan.html"),
        styles=[_read_page("plan.css")],
        scripts=[_read_page(name) for name in SCRIPTS],
        data={
            "plan-data": {
                "words": words,
                "attribution": attribution,
                "home": home,
                "locate": "/locate" if served else "",
                "stepsPerDegree": STEPS_PER_DEGREE,
                "bounds": [[south, west], [north, east]],
                "views": [_describe_view(view) for view in views],
                "overlays": [encode_overlay(one) for one in overlays],
                "places": [[one.kind, one.name, round(one.longitude, 6), round(one.latitude, 6)] for one in places],
                **_describe_plan(plan),
            }
        },
        linked=plan_assets() if served else None,
    )
    plan_map = OfflineMap(
        "plan",
        [(south + north) / 2, (west + east) / 2],
        start="jiexiang.drawPlan",
        zoom_start=14,
        max_zoom=20,
        zoom_snap=0.25,
        prefer_canvas=True,
        max_bounds_viscosity=0.8,
    )
    page.add_child(plan_map)
    return page.render()


def _describe_plan(plan: Plan) -> dict[str, Any]:
    """Put all that the page shows into plain values."""
    about = told_about(plan)
    outlines = _simplify_if_large(np.asarray(plan.grids.geometry.array, dtype=object))
    codes = [str(code) for code in plan.grids["grid_code"]]
    place_of_grid = {code: place for place, code in enumerate(codes)}
    neighbours = _find_neighbours(plan, outlines)
    shared_m: dict[tuple[str, str], float] = {}
    for left, right, _, _, length_m in neighbours:
        shared_m[left, right] = shared_m.get((left, right), 0.0) + length_m
    colours = colour_neighbours(shared_m, codes)
    places = find_label_places(outlines)
    rooms_m: dict[str, list[float]] = {}
    for community, (_, _, room_m) in zip(plan.grids["community_code"], places, strict=True):
        rooms_m.setdefault(str(community), []).append(room_m)
    grids = zip(_describe_grids(plan.grids, plan.communities), places, encode_polygons(outlines), strict=True)
    return {
        "about": {name: about[name] for name in ("min_households", "max_households", "household_basis")}
        | {"software": f"{about['software']} {about['version']}"},
        "fills": FILLS,
        "communities": _describe_communities(plan.communities, rooms_m),
        "grids": [
            grid | {"colour": colours[grid["code"]], "label": place, "parts": parts} for grid, place, parts in grids
        ],
        "neighbours": [
            [place_of_grid[left], place_of_grid[right], barrier, name, round(length_m)]
            for left, right, barrier, name, length_m in neighbours
            if left in place_of_grid and right in place_of_grid
        ],
        "borders": _bundle_borders(plan.borders, plan.grids),
        "streets": _bundle_streets(plan.streets),
        "streetNames": _place_street_names(plan.streets),
        "units": _encode_units(plan.units),
    }


@cache
def plan_assets() -> tuple[Asset, Asset]:
    """Return the style and the script that a served page asks for."""
    return (
        bundle_styles("plan.css", ["leaflet/leaflet.css"], ["plan.css"]),
        bundle_scripts("plan.js", ["leaflet/leaflet.js"], SCRIPTS),
    )


def _describe_view(view: View) -> dict[str, Any]:
    return {
        "id": view.name,
        "title": view.title,
        "level": view.level,
        "classes": [asdict(one) for one in view.classes],
        "classOf": dict(view.class_of),
        "texts": dict(view.texts),
        "note": view.note,
        "missing": view.missing,
        "beside": list(view.beside),
        "areas": [
            {"code": one.code, "name": one.name, "parts": parts}
            for one, parts in zip(
                view.areas, encode_polygons(np.asarray([one.outline for one in view.areas], dtype=object)), strict=True
            )
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


def _describe_communities(communities: gpd.GeoDataFrame, rooms_m: dict[str, list[float]]) -> list[dict[str, Any]]:
    outlines = np.asarray(communities.geometry.array, dtype=object)
    described = zip(
        communities.itertuples(index=False), find_label_places(outlines), encode_polygons(outlines), strict=True
    )
    return [
        {
            "code": str(row.community_code),
            "name": str(row.name),
            "grids": int(row.grids),
            "households": int(row.households),
            "in_band": int(row.in_band),
            "divisible": bool(row.divisible),
            "cost": round(float(row.cost), 1),
            "message": str(row.message),
            "label": place,
            "gridRoom": float(np.median(rooms_m.get(str(row.community_code), [0.0]))),
            "parts": parts,
        }
        for row, place, parts in described
    ]


def _describe_grids(grids: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    place_of_community = {str(code): place for place, code in enumerate(communities["community_code"])}
    return [
        {
            "code": str(row.grid_code),
            "serial": _serial(str(row.grid_code), str(row.community_code)),
            "name": str(row.name),
            "kind": str(row.kind),
            "community": place_of_community.get(str(row.community_code), -1),
            "households": int(row.households),
            "persons": None if np.isnan(row.persons) else round(float(row.persons)),
            "area": float(row.area_m2),
            "sides": [str(side) for side in (row.sides_east, row.sides_south, row.sides_west, row.sides_north)],
            "reason": str(row.reason),
            "reason_code": str(row.reason_code),
        }
        for row in grids.itertuples(index=False)
    ]


def _serial(grid_code: str, community_code: str) -> str:
    """Return the number of a grid within its community, without zeros in front; a foreign code whole."""
    serial = grid_code.removeprefix(community_code)
    return serial.lstrip("-0") or grid_code if serial != grid_code else grid_code


def _simplify_if_large(outlines: NDArray[np.object_]) -> NDArray[np.object_]:
    if shapely.get_num_coordinates(outlines).sum() <= MOST_GRID_VERTICES:
        return outlines
    simpler: NDArray[np.object_] = shapely.coverage_simplify(outlines, SIMPLER_BY_DEGREES)
    return simpler


def _bundle_borders(borders: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Put borders of one class and one community together: one shape each, not one a row."""
    community_of_grid = dict(zip(grids["grid_code"], grids["community_code"], strict=True))
    bundles: dict[tuple[str, str], list[Any]] = {}
    for left, barrier, line in zip(borders["left_grid"], borders["barrier"], borders.geometry, strict=True):
        bundles.setdefault((str(barrier), str(community_of_grid.get(left, ""))), []).append(line)
    return [
        {"barrier": barrier, "lines": encode_lines(np.asarray(lines, dtype=object))}
        for (barrier, _), lines in sorted(bundles.items(), key=lambda bundle: bundle[0])
    ]


def _bundle_streets(streets: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Put streets of one class and one tile together."""
    if not len(streets):
        return []
    corners = np.floor(streets.geometry.bounds[["minx", "miny"]].to_numpy() / STREET_TILE_DEGREES).astype(int)
    bundles: dict[tuple[int, int, int], list[Any]] = {}
    for highway, (x, y), line in zip(streets["highway"], corners, streets.geometry, strict=True):
        kind = street_class(str(highway))
        if kind:
            bundles.setdefault((STREET_CLASSES.index(kind), int(x), int(y)), []).append(line)
    return [
        {"class": STREET_CLASSES[kind], "lines": encode_lines(np.asarray(lines, dtype=object))}
        for (kind, _, _), lines in sorted(bundles.items(), key=lambda bundle: bundle[0])
    ]


def _place_street_names(streets: gpd.GeoDataFrame) -> list[list[Any]]:
    """Place names along streets, main streets first, longer stretches before shorter ones."""
    classes = np.asarray([street_class(str(highway)) for highway in streets["highway"]], dtype=object)
    names = np.asarray([str(name) for name in streets["name"]], dtype=object)
    lines = np.asarray(streets.geometry.array, dtype=object)
    return [
        [*stretch, kind]
        for kind in STREET_CLASSES
        for stretch in sorted(name_streets(names[classes == kind], lines[classes == kind]), key=lambda found: -found[4])
    ]


def _encode_units(units: gpd.GeoDataFrame) -> list[Any] | None:
    outlines = np.asarray(units.geometry.array, dtype=object)
    if shapely.get_num_coordinates(outlines).sum() > MOST_UNIT_VERTICES:
        return None
    return encode_polygons(outlines)


@cache
def _read_words() -> dict[str, Any]:
    words: dict[str, Any] = json.loads(_read_page("words.json"))
    return words


def _read_page(name: str) -> str:
    return (PAGES / name).read_text("utf-8")
