"""Grids whose four sides were read from the map by eye: which ground they are, and what was written down.

A golden grid is told by places, not by coordinates of its outline, so that it needs no geometry of its own: the blocks
between streets in which some points lie, less what lies beyond a line (`cut`, keeping the side of the first point), or
the villagers' groups of some names. Everything else of its community is the grid 其余网格.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from app.geo.arrangement import arrange
from app.geo.crs import project
from app.geo.describe import look_around
from app.geo.ground import CommunityTask, Ground, lay_out, prepare_tasks
from app.geo.layers import Layers
from app.geo.rules import Rules
from app.geo.sides import describe_sides
from app.geo.surroundings import Surroundings

FOLDER = Path(__file__).with_name("golden")
REST = "其余网格"


@dataclass(frozen=True)
class Golden:
    """A grid and what was written down for it."""

    community: str
    at: Sequence[tuple[float, float]]
    cut: Sequence[tuple[float, float]]
    groups: Sequence[str]
    sides: str


def read_golden(place: str) -> list[Golden]:
    rows = tomllib.loads((FOLDER / f"{place}.toml").read_text("utf-8"))["grid"]
    return [
        Golden(row["community"], row.get("at", ()), row.get("cut", ()), row.get("groups", ()), row["sides"])
        for row in rows
    ]


class GoldenPlace:
    """The layers of a place, laid out community by community as they are asked for."""

    def __init__(self, layers: Layers) -> None:
        self.tasks = {task.code: task for task in prepare_tasks(layers, Rules())}
        self.laid: dict[str, tuple[Ground, Surroundings]] = {}

    def lay(self, community: str) -> tuple[CommunityTask, Ground, Surroundings]:
        task = self.tasks[community]
        if community not in self.laid:
            ground = lay_out(task, Rules())
            self.laid[community] = ground, look_around(task, ground.around, ground.crs)
        return task, *self.laid[community]

    def draw(self, golden: Golden) -> tuple[list[shapely.Geometry], Surroundings, Ground]:
        """Draw the grid, and after it the rest of its community."""
        task, ground, around = self.lay(golden.community)
        if golden.groups:
            names = task.groups["group"].to_numpy(object)
            missing = set(golden.groups) - set(names)
            assert not missing, f"{golden.community} has no groups {missing}"
            shape = shapely.union_all(ground.groups[np.isin(names, golden.groups)], grid_size=0.001)
            shape = shape & ground.outline
        else:
            faces = arrange(ground.lines.geometry, ground.outline).faces
            points = project(shapely.points(golden.at), ground.crs)
            shape = shapely.union_all(faces[shapely.intersects(faces, shapely.multipoints(points))])
            if golden.cut:
                [line] = project(np.array([shapely.LineString(golden.cut)], dtype=object), ground.crs)
                parts = shapely.get_parts(shapely.difference(shape, shapely.buffer(line, 0.01)))
                shape = parts[shapely.distance(parts, points[0]).argmin()]
        rest = shapely.difference(ground.outline, shapely.buffer(shape, 0.01, join_style="mitre"))
        others = [part for part in shapely.get_parts(rest).tolist() if part.area > 100]
        return [shape, *others], around, ground

    def tell(self, golden: Golden) -> str:
        shapes, around, _ = self.draw(golden)
        names = ["本网格", *[REST] * (len(shapes) - 1)]
        return describe_sides(np.array(shapes, dtype=object), names, around)[0].sentence()


def difference(golden: Golden, told: str) -> str:
    where = "、".join(golden.groups) or f"{golden.at[0][0]},{golden.at[0][1]}"
    return f"\n{golden.community} {where}\n  golden: {golden.sides}\n  now:    {told}"
