"""The page of a grid worker, on a phone: own grids, neighbours, where am I; opens without a signal after one visit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from app.geo.labels import find_label_places, measure_shared, name_streets
from app.geo.measures import STREET_CLASSES, street_class
from app.maps.assets import Asset, bundle_scripts, bundle_styles, read_page_part
from app.maps.offline import LANGUAGE_TAGS, escape_json
from app.maps.shapes import STEPS_PER_DEGREE, encode_lines, encode_polygons

__all__ = [
    "FARTHEST_NOTE_M",
    "WorkerAddresses",
    "describe_area",
    "draw_service_worker",
    "draw_worker_page",
    "worker_assets",
]

SCRIPTS = (
    "elements.js",
    "labels.js",
    *(f"worker/{name}.js" for name in ("lines", "where", "area", "notes", "sheet", "map", "start")),
)

FARTHEST_NOTE_M = 1000
"""A note lies in its grid, or no farther from it than this."""

RIVER_NAME_M = 200.0
"""The name of a river or railway is written so often along it that a phone shows one."""

BARRIER_WORDS: Mapping[str, str] = {"water": "河流", "rail": "铁路", "wall": "围墙", "open": "空地"}
"""What an unnamed border is called; an unnamed street is a 道路, an unnamed lane a 巷."""


@dataclass(frozen=True)
class WorkerAddresses:
    """Where the page and what it asks for are served, as paths from the root of the service."""

    page: str
    area: str
    people: str
    notes: str
    link: str
    sign_in: str
    sign_out: str
    service_worker: str


@cache
def worker_assets() -> tuple[Asset, ...]:
    """Return the scripts and styles of the page."""
    return (
        bundle_styles("worker.css", ["leaflet/leaflet.css"], ["worker/worker.css"]),
        bundle_scripts("worker.js", ["leaflet/leaflet.js"], SCRIPTS),
    )


def draw_worker_page(addresses: WorkerAddresses, *, language: str, datum: str = "wgs84") -> str:
    """Draw the page: a shell without data, names or inline scripts.

    Parameters
    ----------
    datum
        What the phone's positions are in: `wgs84`, or `gcj02` where the app that embeds the page shifts them.
    """
    words = json.loads(read_page_part("worker/words.json"))[language]
    styles, scripts = worker_assets()
    settings = {
        "words": words,
        "areaAddress": addresses.area,
        "peopleAddress": addresses.people,
        "notesAddress": addresses.notes,
        "linkAddress": addresses.link,
        "farthestNote": FARTHEST_NOTE_M,
        "signInAddress": addresses.sign_in,
        "workerAddress": addresses.service_worker,
        "scope": addresses.page,
        "datum": datum,
    }
    template = Environment(autoescape=True, undefined=StrictUndefined).from_string(read_page_part("worker/worker.html"))
    return template.render(
        tag=LANGUAGE_TAGS[language],
        words=words,
        sign_out=addresses.sign_out,
        styles=[styles.address],
        scripts=[scripts.address],
        settings=Markup(escape_json(settings)),  # noqa: S704  escape_json leaves nothing that could end the element
    )


def draw_service_worker(addresses: WorkerAddresses) -> str:
    """Write the script that keeps the page and the area for when there is no signal; names and phones never."""
    shell = [asset.address for asset in worker_assets()]
    program = read_page_part("worker/offline.js")
    digest = hashlib.sha256("\n".join([program, *shell]).encode()).hexdigest()[:12]
    settings = {"cache": f"jiexiang-{digest}", "shell": shell, "area": addresses.area, "page": addresses.page}
    return f"const SETTINGS = {json.dumps(settings)};\n{program}"


def describe_area(
    own: gpd.GeoDataFrame,
    neighbours: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    barriers: gpd.GeoDataFrame,
    compounds: pd.DataFrame,
    facilities: pd.DataFrame,
    plan: Mapping[str, str],
) -> dict[str, Any]:
    """Put a worker's area into plain values: no people, no phones, nothing that may not be kept on a phone.

    Parameters
    ----------
    own, neighbours
        `grid_code`, `name`, `community` (its name), polygons in EPSG:4490; own grids also `households`, `persons` and
        `buildings` (NaN where unknown), `area_m2`, `sides_east` … `sides_north`.
    borders
        `left_grid`, `right_grid`, `barrier`, `name`, `length_m`, lines in EPSG:4490.
    streets, barriers
        Shapes in EPSG:4490, with `highway` and `name`, with `kind` and `name`. Rivers and railways are drawn from both
        barriers and borders: a store may hold none but those that grids end at.
    compounds, facilities
        `grid_code`, `name` and `households`; `grid_code`, `name`, `kind` (in words) and `metres`.
    plan
        `name`, `published` (a day) and `basis` of the households.
    """
    beside = _tell_borders(borders, own, neighbours)
    kinds = np.asarray([street_class(str(highway)) for highway in streets["highway"]], dtype=object)
    lines = np.asarray(streets.geometry.array, dtype=object)
    names = np.asarray([str(name) for name in streets["name"]], dtype=object)
    return {
        "stepsPerDegree": STEPS_PER_DEGREE,
        "plan": {"name": plan["name"], "published": plan["published"]},
        "basis": plan["basis"],
        "grids": [
            shape
            | {
                "households": int(row.households),
                "persons": _whole(row.persons),
                "buildings": _whole(row.buildings),
                "area": float(row.area_m2),
                "sides": [str(side) for side in (row.sides_east, row.sides_south, row.sides_west, row.sides_north)],
                "borders": beside[shape["code"]],
                "compounds": _rows_of(compounds, shape["code"], ("name", "households")),
                "facilities": _rows_of(facilities, shape["code"], ("name", "kind", "metres")),
            }
            for row, shape in zip(own.itertuples(index=False), _describe_shapes(own), strict=True)
        ],
        "neighbours": list(_describe_shapes(neighbours)),
        "streets": [
            {"class": kind, "lines": encode_lines(lines[kinds == kind])}
            for kind in STREET_CLASSES
            if (kinds == kind).any()
        ],
        "streetNames": [
            list(stretch)
            for kind in STREET_CLASSES
            for stretch in sorted(name_streets(names[kinds == kind], lines[kinds == kind]), key=lambda found: -found[4])
        ],
        **{kind: _describe_barrier(barriers, borders, kind) for kind in ("water", "rail")},
    }


def _describe_barrier(barriers: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, kind: str) -> dict[str, Any]:
    own = [barriers[barriers["kind"] == kind], borders[borders["barrier"] == kind]]
    shapes = np.concatenate([np.asarray(frame.geometry.array, dtype=object) for frame in own])
    names = np.asarray([str(name) for frame in own for name in frame["name"]], dtype=object)
    flat = shapely.get_dimensions(shapes) == 2
    return {
        "areas": encode_polygons(shapes[flat]),
        "lines": encode_lines(shapes[~flat]),
        "names": [
            *[list(stretch) for stretch in name_streets(names[~flat], shapes[~flat], RIVER_NAME_M)],
            *[
                [name, x, y, 0, round(2 * room_m)]
                for name, (x, y, room_m) in zip(names[flat], find_label_places(shapes[flat]), strict=True)
                if name and name not in set(names[~flat])
            ],
        ],
    }


def _describe_shapes(grids: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    outlines = np.asarray(grids.geometry.array, dtype=object)
    described = zip(
        grids["grid_code"],
        grids["name"],
        grids["community"],
        find_label_places(outlines),
        encode_polygons(outlines),
        strict=True,
    )
    return [
        {"code": str(code), "name": str(name), "community": str(community), "label": place, "parts": parts}
        for code, name, community, place, parts in described
    ]


def _tell_borders(
    borders: pd.DataFrame, own: gpd.GeoDataFrame, neighbours: gpd.GeoDataFrame
) -> dict[str, dict[str, str]]:
    """Tell for each own grid, by neighbour, what lies between, the longest first.

    Where two communities meet, no division has drawn a border: the line was there before, and is told as theirs.
    """
    codes = [str(code) for frame in (own, neighbours) for code in frame["grid_code"]]
    outlines = np.concatenate([np.asarray(frame.geometry.array, dtype=object) for frame in (own, neighbours)])
    shared: dict[tuple[str, str], dict[str, float]] = {}

    def add(one: str, other: str, what: str, length_m: float) -> None:
        for pair in ((one, other), (other, one)):
            lengths = shared.setdefault(pair, {})
            lengths[what] = lengths.get(what, 0.0) + length_m

    columns = (borders[name] for name in ("left_grid", "right_grid", "barrier", "name", "length_m"))
    for left, right, barrier, name, length_m in zip(*columns, strict=True):
        what = str(name) or BARRIER_WORDS.get(str(barrier), "巷" if barrier == "lane" else "道路")
        add(str(left), str(right), what, float(length_m))
    place = {code: number for number, code in enumerate(codes)}
    both = [(place[one], place[other]) for one, other in shared if one in place and other in place]
    known = {(one, other) for one, other in both if one < other}
    for (low, high), length_m in sorted(measure_shared(outlines, known).items()):
        add(codes[low], codes[high], "社区界", length_m)
    return {
        str(code): {
            other: "、".join(sorted(lengths, key=lambda what: (-lengths[what], what)))
            for (one, other), lengths in sorted(shared.items())
            if one == code
        }
        for code in own["grid_code"]
    }


def _rows_of(table: pd.DataFrame, code: str, columns: tuple[str, ...]) -> list[list[Any]]:
    rows = table.loc[table["grid_code"] == code, list(columns)]
    return [[_plain(value) for value in row] for row in rows.itertuples(index=False)]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else round(float(value))


def _whole(value: float | None) -> int | None:
    return None if value is None or np.isnan(value) else round(float(value))
