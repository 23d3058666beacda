"""The shapes of a plan as columns of whole numbers: borders once, whoever shares them; streets and units as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from app.geo.labels import name_streets
from app.geo.measures import STREET_CLASSES, street_class
from app.geo.plan import Plan
from app.maps.arcs import Steps, cut_arcs, refer_to_arcs, simplify_arcs, trace_lines, trace_rings
from app.maps.packing import line_columns, pack, point_columns
from app.maps.shapes import STEPS_PER_DEGREE

__all__ = ["LINE_STEPS_PER_DEGREE", "column_plan_shapes", "column_street_names", "number_texts", "pack_units"]

LINE_STEPS_PER_DEGREE = 200_000
"""What is only drawn, as a line wider than that, keeps 5e-6 degrees, about half a metre."""

MOST_GRID_VERTICES = 600_000
"""Above it grids are simplified further."""

SIMPLER_BY_STEPS = (2, 20)
"""Vertices that lie off a border by no more, about 0.2 m, are left out, and by 2 m where there are that many."""

SAME_GROUND_DEGREES2 = 1e-10
"""An outline that differs from that of its grids by no more, about 1 m², is the same."""

MOST_UNIT_VERTICES = 300_000
"""Above it units are left out: they are off at first, and would make the page too heavy for a phone."""


def column_plan_shapes(plan: Plan) -> tuple[dict[str, Any], dict[str, NDArray[np.int64]]]:
    """Put grids, communities, borders and streets into values and columns for `pack`.

    Outlines of grids and communities and borders are made of the same arcs (`app/maps/arcs.py`), so neighbours share
    every vertex of a border, and so does what is drawn along it.
    """
    kinds, lines_of_kind = _sort_borders(plan.borders)
    grids, grid_rings = trace_rings(_outlines(plan.grids), STEPS_PER_DEGREE)
    communities, community_rings = trace_rings(_join_grids(plan.grids, plan.communities), STEPS_PER_DEGREE)
    borders = [trace_lines(lines, STEPS_PER_DEGREE) for lines in lines_of_kind]
    arcs, uses = cut_arcs([*grids, *communities, *(line for lines in borders for line in lines)])
    vertices = sum(map(len, grids))
    classes, streets = _sort_streets(plan.streets)
    values = {"barriers": kinds, "streetClasses": classes}
    columns = {
        **line_columns("arc", simplify_arcs(arcs, SIMPLER_BY_STEPS[vertices > MOST_GRID_VERTICES])),
        "arcUse": refer_to_arcs(uses),
        "arcUses": [len(use) for use in uses],
        "gridRings": grid_rings,
        "communityRings": community_rings,
        "barrierLines": [len(lines) for lines in borders],
        **line_columns("street", [line for lines in streets for line in lines]),
        "classLines": [len(lines) for lines in streets],
    }
    return values, {name: np.asarray(column, dtype=np.int64) for name, column in columns.items()}


def column_street_names(streets: gpd.GeoDataFrame) -> tuple[list[str], dict[str, NDArray[np.int64]]]:
    """Place names along streets, main streets first, longer stretches before shorter ones: the names, and columns."""
    classes = _classify(streets)
    names = np.asarray([str(name) for name in streets["name"]], dtype=object)
    lines = _outlines(streets)
    stretches = [
        (number, *stretch)
        for number, kind in enumerate(STREET_CLASSES)
        for stretch in sorted(name_streets(names[classes == kind], lines[classes == kind]), key=lambda found: -found[4])
    ]
    texts, numbers = number_texts([stretch[1] for stretch in stretches])
    points = np.asarray([stretch[2:4] for stretch in stretches], dtype=float)
    columns = {
        **point_columns("name", np.rint(points * LINE_STEPS_PER_DEGREE)),
        "nameClass": [stretch[0] for stretch in stretches],
        "nameText": numbers,
        "nameAngle": [round(stretch[4]) for stretch in stretches],
        "nameReach": [round(stretch[5]) for stretch in stretches],
    }
    return texts, {name: np.asarray(column, dtype=np.int64) for name, column in columns.items()}


def number_texts(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the texts that there are, each once, and which of them stands in each place."""
    known = sorted(set(texts))
    place_of_text = {text: place for place, text in enumerate(known)}
    return known, [place_of_text[text] for text in texts]


def pack_units(plan: Plan) -> str | None:
    """Pack the lines between units that are not borders of grids; None where they are too many, empty without any."""
    outlines = _outlines(plan.units)
    if not len(outlines):
        return ""
    if shapely.get_num_coordinates(outlines).sum() > MOST_UNIT_VERTICES:
        return None
    grids, _ = trace_rings(_outlines(plan.grids), STEPS_PER_DEGREE)
    units, _ = trace_rings(outlines, STEPS_PER_DEGREE)
    arcs, uses = cut_arcs([*grids, *units])
    bordering = {~arc if arc < 0 else arc for use in uses[: len(grids)] for arc in use}
    inner = [arc for number, arc in enumerate(arcs) if number not in bordering]
    return pack({}, line_columns("unit", _coarsen(inner)))


def _outlines(frame: gpd.GeoDataFrame) -> NDArray[np.object_]:
    return np.asarray(frame.geometry.array, dtype=object)


def _join_grids(grids: gpd.GeoDataFrame, communities: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the outlines of communities, in the vertices of their grids where these are all of the community."""
    outlines = _outlines(communities)
    joined = outlines.copy()
    for place, code in enumerate(communities["community_code"]):
        members = _outlines(grids[grids["community_code"] == code])
        if not shapely.is_valid(members).all() or not shapely.is_valid(outlines[place]):
            continue  # grids drawn by hand may cross themselves
        ground = shapely.union_all(members)
        if shapely.area(shapely.symmetric_difference(ground, outlines[place])) <= SAME_GROUND_DEGREES2:
            joined[place] = ground
    return joined


def _sort_borders(borders: gpd.GeoDataFrame) -> tuple[list[str], list[NDArray[np.object_]]]:
    """Put borders of one kind together: the kinds, and the lines of each."""
    kinds = borders["barrier"].astype(str).to_numpy()
    found = sorted(set(kinds))
    return found, [_outlines(borders)[kinds == kind] for kind in found]


def _sort_streets(streets: gpd.GeoDataFrame) -> tuple[list[str], list[list[Steps]]]:
    """Put streets of one class together, end to end where they go on: the classes, and the lines of each."""
    classes = _classify(streets)
    found = [kind for kind in STREET_CLASSES if (classes == kind).any()]
    lines = _outlines(streets)
    merged = [shapely.line_merge(shapely.multilinestrings(shapely.get_parts(lines[classes == kind]))) for kind in found]
    return found, [_coarsen(trace_lines(shapely.get_parts(one), STEPS_PER_DEGREE)) for one in merged]


def _classify(streets: gpd.GeoDataFrame) -> NDArray[np.object_]:
    return np.asarray([street_class(str(highway)) for highway in streets["highway"]], dtype=object)


def _coarsen(lines: list[Steps]) -> list[Steps]:
    """Put lines that are only drawn on the coarser grid."""
    coarser = LINE_STEPS_PER_DEGREE / STEPS_PER_DEGREE
    drawn = np.asarray([shapely.LineString(line * coarser) for line in lines], dtype=object)
    return simplify_arcs(trace_lines(drawn, 1), 0.5)
