"""The checks here and the referee's scorecard, which share no code, agree on the same plans of real places."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from app.files.inputs import read_layers
from app.geo.layers import Layers
from app.geo.promises import HARD_PROMISES, Scorecard, check_promises
from app.geo.rules import Rules

SHARED = Path(__file__).parents[2] / "shared"
SCORECARD = SHARED / "tools" / "scorecard.py"
PLACES = {name: SHARED / "data" / name / f"{name}.gpkg" for name in ("nanjing", "guixi")}

pytestmark = pytest.mark.skipif(
    not SCORECARD.exists() or not all(path.exists() for path in PLACES.values()),
    reason="the shared folder with the scorecard and the real places is not beside this repository",
)

METRES = 4549
"""CGCS2000 / 3-degree Gauss-Kruger CM 120E, near enough to both places to draw in."""


@pytest.fixture(scope="module")
def compounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Residential land of nanjing, taken for compounds."""
    folder = tmp_path_factory.mktemp("areas")
    land = gpd.read_file(PLACES["nanjing"], layer="landuse").query("landuse == 'residential'")
    land[["osm_id", "name", "geometry"]].to_file(folder / "areas.gpkg", layer="compounds", driver="GPKG")
    return folder / "areas.gpkg"


def layers_of(place: str, compounds: Path | None = None, special_sites: Path | None = None) -> dict[str, str]:
    layers = {name: f"{PLACES[place]}:{name}" for name in ("communities", "streets", "buildings", "barriers")}
    if compounds:
        layers["compounds"] = f"{compounds}:compounds"
    if special_sites:
        layers["special_sites"] = f"{special_sites}:special_sites"
    return layers


def referee(plan: Path, layers: dict[str, str]) -> dict[str, Any]:
    """Ask the scorecard."""
    out = plan.with_suffix(".json")
    options = [part for name, spec in layers.items() for part in (f"--{name.replace('_', '-')}", spec)]
    run = subprocess.run(
        [sys.executable, SCORECARD, plan, *options, "--json", out], capture_output=True, text=True, check=False
    )
    assert run.returncode in (0, 1), run.stderr
    return json.loads(out.read_text())


def compare(grids: gpd.GeoDataFrame, layers: dict[str, str], folder: Path) -> Scorecard:
    """Write a plan, score it both ways, and hold the two to each other."""
    plan = folder / "plan.gpkg"
    grids.to_file(plan, layer="grids", driver="GPKG")
    theirs = referee(plan, layers)
    ours = check_promises(gpd.read_file(plan, layer="grids"), read(layers), Rules())
    for name, value in theirs.items():
        mine = ours.values[name]
        if name in ("gap_m2", "spill_m2", "overlap_m2"):
            assert mine == pytest.approx(value, rel=0.01, abs=0.02), name
            assert bool(mine) == bool(value), name
        elif name in ("cost", "border_km"):
            assert mine == pytest.approx(value, rel=0.01), name
        elif name in HARD_PROMISES or isinstance(value, int):
            assert mine == value, name
        elif value is None:
            assert mine is None, name
        else:
            assert mine == pytest.approx(value, abs=0.01), name
    assert {name for name in ours.values if ours.values[name] is not None and name not in theirs} <= {
        "false_special",  # the scorecard leaves out what it had nothing to judge by
        "over_persons",  # it knows nothing of persons
    }
    return ours


def read(layers: dict[str, str]) -> Layers:
    return read_layers(layers)[0]


def draw(place: str, cut: Callable[[shapely.Geometry, np.ndarray], list[shapely.Geometry]]) -> gpd.GeoDataFrame:
    """Cut every community into grids, and let the buildings say how many households each has."""
    communities = gpd.read_file(PLACES[place], layer="communities").to_crs(METRES)
    buildings = gpd.read_file(PLACES[place], layer="buildings").to_crs(METRES)
    streets = gpd.read_file(PLACES[place], layer="streets").to_crs(METRES)
    points = shapely.STRtree(shapely.point_on_surface(buildings.geometry.values))
    households = buildings.households.fillna(0).to_numpy()
    rows = []
    for code, outline in zip(communities.community_code, communities.geometry, strict=True):
        near = streets.geometry.values[streets.intersects(outline)]
        for serial, shape in enumerate(cut(outline, near), start=1):
            count = int(households[points.query(shape, predicate="intersects")].sum())
            rows.append((f"{code}{serial:03d}", code, count, shape))
    grids = gpd.GeoDataFrame(
        {
            "grid_code": [row[0] for row in rows],
            "community_code": [row[1] for row in rows],
            "kind": "general",
            "households": [row[2] for row in rows],
            "reason": [f"本网格{row[2]}户" for row in rows],
            "reason_code": "not_found",
        },
        geometry=[row[3] for row in rows],
        crs=METRES,
    ).to_crs(4490)
    return grids.set_geometry(
        [shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape]) for shape in grids.geometry],
        crs=4490,
    )


def halves(outline: shapely.Geometry, streets: np.ndarray) -> list[shapely.Geometry]:
    """Cut a community down its middle, wherever that runs; what the cut separates stays together by its side."""
    west, south, east, north = outline.bounds
    middle = (west + east) / 2
    lines = shapely.union_all([outline.boundary, shapely.LineString([(middle, south - 9), (middle, north + 9)])])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    faces = faces[shapely.intersects(outline, shapely.point_on_surface(faces))]
    in_west = shapely.get_x(shapely.point_on_surface(faces)) < middle
    return [shapely.coverage_union_all(faces[side]) for side in (in_west, ~in_west) if side.any()]


def street_faces(outline: shapely.Geometry, streets: np.ndarray) -> list[shapely.Geometry]:
    """Cut a community along all of its streets, and join what is under 3,000 m² to what it shares most border with."""
    lines = shapely.union_all([*streets, outline.boundary], grid_size=0.01)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    shapes = list(faces[shapely.covers(outline.buffer(0.1), faces)])
    while len(shapes) > 1 and min(shape.area for shape in shapes) < 3000:
        small = shapes.pop(int(np.argmin([shape.area for shape in shapes])))
        shared = shapely.length(shapely.intersection(shapely.boundary(shapes), small.boundary))
        shapes[int(np.argmax(shared))] = shapely.union(shapes[int(np.argmax(shared))], small)
    return shapes


@pytest.mark.parametrize("place", ["nanjing", "guixi"])
def test_agreement_on_street_faces(place: str, tmp_path: Path):
    card = compare(draw(place, street_faces), layers_of(place), tmp_path)
    assert card.values["on_barrier"] > 0.95  # borders on streets, as meant
    assert card.values["in_band"] < 0.5
    assert card.values["unexplained"] == 0


def test_agreement_on_halves_with_compounds(tmp_path: Path, compounds: Path):
    card = compare(draw("nanjing", halves), layers_of("nanjing", compounds), tmp_path)
    assert card.values["compounds_split"] > 0
    assert card.values["buildings_cut"] > 0
    assert card.values["edge_mismatch_between"] > 0


def plant_faults(grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Break nearly every promise somewhere, each in a community of its own."""
    faulty = grids.to_crs(METRES)
    shapes = list(faulty.geometry)

    def fault(row: int, change: Callable[[shapely.Geometry], shapely.Geometry]) -> None:
        shapes[row] = change(shapes[row])

    firsts = [int(rows[0]) for rows in faulty.groupby("community_code", sort=True).indices.values()]
    fault(firsts[0], lambda shape: shape.difference(shapely.Point(shape.centroid).buffer(8)))  # a gap
    fault(
        firsts[1], lambda shape: shape.union(shapely.box(*shape.bounds).buffer(15, join_style="mitre"))
    )  # over its outline and its neighbour
    fault(firsts[2], lambda shape: shapely.MultiPolygon([*parts(shape), shapely.box(0, 0, 30, 30)]))  # in two pieces
    fault(firsts[3], spike)
    fault(firsts[4], lambda shape: shape.union(dumbbell(shape)))
    fault(firsts[5], lambda shape: shapely.segmentize(shape, 7.7))  # vertices that the neighbour lacks
    codes = faulty.grid_code.to_list()
    codes[firsts[6]] = codes[firsts[7]]
    communities = faulty.community_code.to_list()
    communities[firsts[8]] = "999999999999"
    households = faulty.households.to_numpy().copy()
    households[firsts[9]] += 3
    reasons = faulty.reason.to_list()
    reasons[firsts[10]] = "无"
    reason_codes = faulty.reason_code.to_list()
    reason_codes[firsts[11]] = "total_indivisible"
    reason_codes[firsts[12]] = "unit_too_heavy"
    kinds = faulty.kind.to_list()
    kinds[firsts[13]] = "special"
    faulty = faulty.assign(
        grid_code=codes,
        community_code=communities,
        households=households,
        reason=reasons,
        reason_code=reason_codes,
        kind=kinds,
    )
    keep = grids.community_code.to_numpy() != grids.community_code[firsts[14]]  # nobody has this ground
    return faulty.set_geometry(shapes, crs=METRES)[keep].to_crs(4490)


def parts(shape: shapely.Geometry) -> list[shapely.Geometry]:
    return list(shapely.get_parts(shape))


def spike(shape: shapely.Geometry) -> shapely.Geometry:
    """Walk 20 m into the ground and back on the way round."""
    ring = shapely.get_coordinates(shapely.get_parts(shape)[0].exterior)
    inside = shape.representative_point()
    middle = (ring[0] + ring[1]) / 2
    tip = middle + (np.array([inside.x, inside.y]) - middle) * 0.2
    return shapely.MultiPolygon([shapely.Polygon(np.vstack([ring[:1], middle, tip, middle, ring[1:]]))])


def dumbbell(shape: shapely.Geometry) -> shapely.Geometry:
    """A square of 60 m outside, joined to the ground by a strip of a metre."""
    corners = shapely.get_coordinates(shape)
    x, y = corners[np.argmax(corners[:, 1])]
    return shapely.union(shapely.box(x - 0.5, y - 20, x + 0.5, y + 60), shapely.box(x - 30, y + 60, x + 30, y + 120))


def test_agreement_on_planted_faults(tmp_path: Path, compounds: Path):
    card = compare(plant_faults(draw("nanjing", halves)), layers_of("nanjing", compounds), tmp_path)
    assert set(card.broken) == set(HARD_PROMISES)


def test_agreement_on_special_grids(tmp_path: Path):
    """The western halves of guixi's communities are given as special sites, two of them only in part."""
    grids = draw("guixi", halves)
    first = ~grids.duplicated("community_code")
    sites = grids[first][["geometry"]].head(6).to_crs(METRES)
    sites = sites.set_geometry([*sites.geometry[:4], *(shape.centroid.buffer(50) for shape in sites.geometry[4:])])
    sites.assign(name="工厂").to_file(tmp_path / "sites.gpkg", layer="special_sites", driver="GPKG")
    given = np.cumsum(first.to_numpy()) <= 6
    special = grids.assign(kind=np.where(first & given, "special", "general"))
    card = compare(special, layers_of("guixi", special_sites=tmp_path / "sites.gpkg"), tmp_path)
    assert card.values["false_special"] == 2
