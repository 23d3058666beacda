"""Towns drawn in metres and divided in the tests of the engine: rows of slabs, streets, lanes, and what a test adds.

```
 y  +--------------------------+      a community of 14 slabs in two rows of blocks;
    | [] [] [] ║ [] [] [] []   |      ║ a street, ═ a lane
    |══════════║═══════════════|
    | [] [] [] ║ [] [] [] []   |      drawings are in metres east and north of `origin`, as they are in the
    +--------------------------+ x    3-degree zone of the place, so that a metre drawn is a metre divided
```
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import shapely.affinity
from hypothesis import strategies as st

from app.geo.blocks import Blocks, cut_blocks
from app.geo.cells import WHOLE_BLOCK_HOUSEHOLDS, Cells, cut_cells
from app.geo.crs import densify_outlines, metric_crs, project, to_degrees
from app.geo.division import DividedCommunity, assemble_plan, divide_community, prepare_tasks
from app.geo.ground import Ground, lay_out, with_middles
from app.geo.layers import Layers
from app.geo.plan import Plan
from app.geo.promises import Scorecard, check_promises
from app.geo.rules import Rules
from app.geo.search import Effort
from app.geo.units import Units, form_units

HOME = "510000000001"
CHENGDU = (104.3, 30.5)
SHORT = Effort(runs=2, more_runs=2, steps=300, prove_work=2.0)
"""Enough for towns of this size."""

Way = tuple[str, str, shapely.Geometry]


def rows_of_slabs(
    ground: shapely.Geometry, *, slab: tuple[float, float] = (40, 12), step: tuple[float, float] = (55, 30)
) -> list[shapely.Geometry]:
    """Slabs in rows inside a polygon, all of the same size, `step` from corner to corner, 8 m from its edge."""
    west, south, east, north = ground.bounds
    inside = ground.buffer(-8, join_style="mitre")
    drawn = [
        shapely.box(x, y, x + slab[0], y + slab[1])
        for y in np.arange(south + 8, north - 8 - slab[1] + 1e-6, step[1])
        for x in np.arange(west + 8, east - 8 - slab[0] + 1e-6, step[0])
    ]
    return [shape for shape in drawn if inside.covers(shape)]


def draw_layers(
    homes: Mapping[str, shapely.Geometry] | shapely.Geometry,
    *,
    buildings: Sequence[shapely.Geometry] = (),
    households: float | Sequence[float] = 40,
    streets: Iterable[Way] = (),
    barriers: Iterable[Way] = (),
    compounds: Mapping[str, shapely.Geometry] | None = None,
    sites: Mapping[str, shapely.Geometry] | None = None,
    groups: Mapping[str, shapely.Geometry] | None = None,
    fixed: Sequence[shapely.Geometry] = (),
    seeds: Sequence[shapely.Geometry] = (),
    posts: float = float("nan"),
    origin: tuple[float, float] = CHENGDU,
    **columns: Sequence[Any],
) -> Layers:
    """Draw layers in metres about an origin; further columns go to the buildings."""
    zone = metric_crs(origin[0])
    [corner] = project(np.array([shapely.Point(origin)], dtype=object), zone)

    def frame(shapes: Iterable[shapely.Geometry], **fields: Any) -> gpd.GeoDataFrame:
        moved = shapely.transform(
            np.array(list(shapes), dtype=object), lambda xy: xy + np.array([round(corner.x), round(corner.y)])
        )
        return gpd.GeoDataFrame(fields, geometry=gpd.GeoSeries(moved, crs=zone), crs=zone)

    def ways(rows: Iterable[Way], kind: str) -> gpd.GeoDataFrame:
        listed = list(rows)
        blank = [False] * len(listed)
        fields: dict[str, Any] = {kind: [row[0] for row in listed], "name": [row[1] for row in listed]}
        drawn = frame([row[2] for row in listed], **fields, bridge=blank, tunnel=blank)
        return to_degrees(drawn.astype({"bridge": bool, "tunnel": bool}))

    outlines = homes if isinstance(homes, Mapping) else {HOME: homes}
    n = len(buildings)
    nothing = [""] * n
    fields: dict[str, Any] = {
        "building_id": [f"b{k}" for k in range(n)],
        "households": np.broadcast_to(np.asarray(households, float), (n,)).copy(),
        "persons": np.full(n, np.nan),
        "compound": nothing,
        "group": nothing,
        "name": nothing,
        "workload": np.full(n, np.nan),
    }
    named = {"compounds": compounds or {}, "special_sites": sites or {}, "groups": groups or {}}
    communities = frame(
        outlines.values(),
        community_code=list(outlines),
        name=[f"社区{code[-2:]}" for code in outlines],
        urban_rural_code="111",
        town_code="",
        households=np.nan,
        persons=np.nan,
        posts=posts,
    )
    areas = {
        "compounds": frame(
            named["compounds"].values(), compound_id=list(named["compounds"]), name=list(named["compounds"])
        ),
        "special_sites": frame(named["special_sites"].values(), name=list(named["special_sites"]), kind="学校"),
        "groups": frame(named["groups"].values(), group=list(named["groups"])),
    }
    return Layers(
        communities=to_degrees(densify_outlines(communities)),
        streets=ways(streets, "highway"),
        buildings=to_degrees(frame(buildings, **(fields | columns))),
        barriers=ways(barriers, "kind"),
        compounds=to_degrees(areas["compounds"]),
        special_sites=to_degrees(areas["special_sites"]),
        groups=to_degrees(areas["groups"]),
        fixed_borders=to_degrees(frame(fixed)),
        seeds=to_degrees(frame(seeds, name=[""] * len(seeds))),
        household_basis="户籍户",
    )


@dataclass(frozen=True)
class Cut:
    """The first community of a town as far as its units."""

    ground: Ground
    blocks: Blocks
    cells: Cells
    units: Units
    corner: tuple[float, float]
    """Where the drawing's origin lies in the metres of the ground."""

    def unit_at(self, x: float, y: float) -> int:
        """The unit at a place of the drawing."""
        spot = shapely.Point(x + self.corner[0], y + self.corner[1])
        [face] = np.flatnonzero(shapely.contains(self.units.plane.faces, spot))
        return int(self.units.unit[face])

    def drawn(self, shapes: np.ndarray) -> np.ndarray:
        """Shapes in metres of the ground as they would be drawn."""
        return shapely.transform(shapes, lambda xy: xy - np.array(self.corner))


def cut_units(layers: Layers, rules: Rules | None = None, *, origin: tuple[float, float] = CHENGDU) -> Cut:
    """Lay out the first community and cut it into units, as the main path does."""
    rules = rules or Rules()
    task = prepare_tasks(layers, rules)[0]
    ground = lay_out(task, rules)
    lived = ground.dwellings.households > 0
    enclosures = np.concatenate([ground.compounds, ground.sites, ground.groups])
    lines, homes = ground.lines, ground.dwellings
    blocks = cut_blocks(lines.geometry, lines.barrier, ground.outline, homes.geometry, lived, enclosures)
    light = min(WHOLE_BLOCK_HOUSEHOLDS, rules.max_households / 10)
    cells = cut_cells(ground.outline, blocks, homes, ground.fixed, whole_block=light)
    names = [task.buildings[column].to_numpy(object) for column in ("compound", "group")]
    units = form_units(ground, blocks, cells, with_middles(ground, blocks), *names, rules)
    corner = project(np.array([shapely.Point(origin)], dtype=object), ground.crs)[0]
    return Cut(ground, blocks, cells, units, (round(corner.x), round(corner.y)))


@dataclass(frozen=True)
class Divided:
    """A plan, its parts, and what the checks say of it."""

    plan: Plan
    parts: list[DividedCommunity]
    card: Scorecard

    @property
    def counts(self) -> list[int]:
        """Households of the general grids."""
        return self.plan.grids.loc[self.plan.grids["kind"] == "general", "households"].tolist()


def divide(layers: Layers, rules: Rules | None = None, *, seed: int = 0, effort: Effort = SHORT) -> Divided:
    """Divide all communities and check the plan."""
    rules = rules or Rules()
    parts = [divide_community(task, rules, seed=seed, effort=effort) for task in prepare_tasks(layers, rules)]
    plan = assemble_plan(parts, layers, {})
    return Divided(plan, parts, check_promises(plan.grids, layers, rules))


def broken_promises(divided: Divided) -> dict[str, object]:
    """The hard promises that a plan breaks, with what breaks them."""
    places = {place.promise: place for place in divided.card.places}
    return {name: (divided.card.values[name], places.get(name)) for name in divided.card.broken}


def in_metres(frame: gpd.GeoDataFrame, origin: tuple[float, float] = CHENGDU) -> np.ndarray:
    """The shapes of a frame as they would be drawn."""
    zone = metric_crs(origin[0])
    [corner] = project(np.array([shapely.Point(origin)], dtype=object), zone)
    flat = project(frame.geometry.to_numpy(), zone)
    return shapely.transform(flat, lambda xy: xy - np.array([round(corner.x), round(corner.y)]))


STREET_KINDS = ("primary", "secondary", "tertiary", "residential", "service", "街巷")
BARRIER_KINDS = ("railway", "waterway", "wall", "water")


@st.composite
def outlines(draw: st.DrawFn) -> dict[str, shapely.Geometry]:
    """One to three communities side by side, straight or skew, some with a hole or an arm."""
    height = draw(st.integers(15, 45)) * 10
    widths = draw(st.lists(st.integers(15, 45), min_size=1, max_size=3))
    lean = draw(st.sampled_from([0, 0, 30, -47]))
    edges = np.cumsum([0, *widths]) * 10
    homes = {
        f"5100000000{k + 1:02d}": shapely.Polygon([(west, 0), (east, 0), (east + lean, height), (west + lean, height)])
        for k, (west, east) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    }
    middle = homes["510000000001"].centroid
    form = draw(st.sampled_from(["whole", "whole", "hole", "notch"]))
    if form == "hole":
        homes["510000000001"] -= shapely.box(middle.x - 30, middle.y - 25, middle.x + 35, middle.y + 30)
    elif form == "notch":
        homes["510000000001"] -= shapely.box(middle.x - 20, -10, middle.x + 25, height * 0.6)
    return homes


@st.composite
def lines_across(draw: st.DrawFn, ground: shapely.Geometry) -> shapely.LineString:
    """A line from side to side, or one that ends inside."""
    west, south, east, north = ground.bounds
    share = draw(st.integers(1, 9)) / 10
    tilt = draw(st.integers(-30, 30))
    begin, end = draw(st.sampled_from([(-0.1, 1.1), (-0.1, 1.1), (-0.1, 0.6), (0.3, 1.1), (0.25, 0.7)]))
    if draw(st.booleans()):
        x = west + share * (east - west)
        return shapely.LineString(
            [(x - tilt, south + begin * (north - south)), (x + tilt, south + end * (north - south))]
        )
    y = south + share * (north - south)
    return shapely.LineString([(west + begin * (east - west), y - tilt), (west + end * (east - west), y + tilt)])


@st.composite
def towns(draw: st.DrawFn) -> Layers:
    """A town of one to three communities with streets, lanes, slabs or points, barriers, compounds and sites."""
    homes = draw(outlines())
    ground = shapely.union_all(list(homes.values()))
    streets = []
    for k in range(draw(st.integers(0, 4))):
        line = draw(lines_across(ground))
        kind = draw(st.sampled_from(STREET_KINDS))
        streets.append((kind, f"{k}路", line))
        if kind in ("primary", "secondary") and draw(st.booleans()):
            streets.append((kind, f"{k}路", line.parallel_offset(draw(st.integers(8, 28)))))
    barriers = [
        (draw(st.sampled_from(BARRIER_KINDS)), "", draw(lines_across(ground))) for _ in range(draw(st.integers(0, 2)))
    ]
    slab = draw(st.sampled_from([(40, 12), (24, 10), (60, 14), (15, 15)]))
    gap = draw(st.sampled_from([(15, 18), (0, 16), (6, 25), (20, 8)]))
    slabs = rows_of_slabs(ground, slab=slab, step=(slab[0] + gap[0], slab[1] + gap[1]))
    wanted = draw(st.integers(0, min(len(slabs), 70)))
    chance = np.random.default_rng(draw(st.integers(0, 2**16)))
    slabs = [slabs[k] for k in np.sort(chance.choice(len(slabs), wanted, replace=False))] if slabs else []
    if draw(st.booleans()):
        slabs = [shapely.affinity.rotate(shape, float(chance.uniform(-8, 8))) for shape in slabs]
    as_points = draw(st.sampled_from(["none", "none", "some", "all"]))
    share = {"none": 0.0, "some": 0.4, "all": 1.0}[as_points]
    buildings = [shape.centroid if chance.random() < share else shape for shape in slabs]
    households = chance.integers(0, draw(st.sampled_from([12, 40, 90])), len(buildings)).astype(float)
    if len(buildings) and draw(st.integers(0, 9)) == 0:
        households[0] = 620.0
    west, south, east, north = ground.bounds
    boxes = []
    for _ in range(draw(st.integers(0, 3))):
        x, y = draw(st.integers(0, 8)) / 10, draw(st.integers(0, 8)) / 10
        corner = west + x * (east - west), south + y * (north - south)
        size = draw(st.integers(40, 160)), draw(st.integers(40, 160))
        box = shapely.box(*corner, corner[0] + size[0], corner[1] + size[1])
        through = shapely.intersects(box.boundary, np.array(slabs, dtype=object)).any()  # walls pass round dwellings
        if not through and all(box.disjoint(other) for other in boxes):
            boxes.append(box)
    compounds = {f"小区{k}": box for k, box in enumerate(boxes) if k != 1}
    sites = {"学校": boxes[1]} if len(boxes) > 1 else {}
    return draw_layers(
        homes, buildings=buildings, households=households, streets=streets, barriers=barriers,
        compounds=compounds, sites=sites,
    )  # fmt: skip
