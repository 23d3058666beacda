"""Tell the four sides 四至 of grids, or hold notices that state them against the geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from app.files.columns import parse_columns
from app.files.messages import Note
from app.files.notice_lines import read_notice_lines
from app.files.plans import read_grids, read_plan
from app.files.sources import layer_names
from app.geo.crs import metric_crs, project
from app.geo.describe import look_around
from app.geo.errors import UsageError
from app.geo.ground import lines_around, prepare_tasks
from app.geo.layers import Layers
from app.geo.notices import Notice, plain_name, read_notice
from app.geo.rules import Rules
from app.geo.sides import Sides, describe_sides
from app.geo.sides_check import SideCheck, check_notice
from app.geo.surroundings import Surroundings
from app.geo.survey import survey_grids
from app.jobs.inputs import Inputs, keep_communities, read_inputs
from app.jobs.steps import OnStep, Steps

__all__ = ["GridSides", "NoticeCheck", "SidesDone", "SidesOrder", "sides"]

NATURAL = {"water": "waterway", "rail": "railway", "wall": "wall"}
"""What borders of a plan run on beside streets, as the layer of barriers calls it."""


@dataclass(frozen=True)
class SidesOrder:
    """Everything that four sides are asked with.

    `grids` is a plan, or grids drawn by hand; a plan brings communities and streets with it where none are given.
    `notices` is a text, or a file with one notice a line; `grid` says whose sides they are where the text does not.
    """

    grids: str
    inputs: Inputs
    notices: str = ""
    grid: str = ""
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class GridSides:
    """The four sides of one grid."""

    grid_code: str
    name: str
    community: str
    sides: Sides


@dataclass(frozen=True)
class NoticeCheck:
    """What became of one notice; `fault` says in Chinese and English why it could not be checked, '' if it was."""

    line: int
    text: str
    code: str
    name: str
    checks: tuple[SideCheck, ...]
    unread: str
    fault: tuple[str, str] = ("", "")

    @property
    def agrees(self) -> bool:
        """Whether every side was told, understood and found true."""
        return not self.fault[0] and all(check.verdict == "agrees" for check in self.checks)


@dataclass(frozen=True)
class SidesDone:
    """The sides of all grids where no notice was given, else what became of each notice."""

    grids: tuple[GridSides, ...]
    checks: tuple[NoticeCheck, ...]
    notes: tuple[Note, ...]

    @property
    def kept(self) -> bool:
        """Whether every notice agrees with the geometry."""
        return all(check.agrees for check in self.checks)

    @property
    def record(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "grids": [{**asdict(one), "sentence": one.sides.sentence()} for one in self.grids],
            "notices": [{**asdict(one), "agrees": one.agrees} for one in self.checks],
            "notes": [asdict(note) for note in self.notes],
        }


def sides(order: SidesOrder, *, on_step: OnStep) -> SidesDone:
    """Tell the four sides of grids, or check notices.

    Raises
    ------
    InputError, UsageError
        Grids, layers or notices cannot be read.
    """
    steps = Steps(on_step)
    with steps.take("read"):
        lines = _read_lines(order.notices)
        plan = _as_plan(order.grids)
        layers, notes = _read_layers(order, plan)
        drawn, more = read_grids(order.grids, layers.communities, columns=parse_columns(order.inputs.columns))
    with steps.take("check"):
        keep_communities(layers, order.only)
        if not order.notices and plan is not None:
            return SidesDone(_as_written(plan, order.only), (), (*notes, *more))
        homes = _settle(drawn, layers, order.only)
        if not order.notices:
            return SidesDone(tuple(one for home in homes for one in home.tell()), (), (*notes, *more))
        checks = tuple(_check(number, text, order.grid, homes) for number, text in lines)
    return SidesDone((), checks, (*notes, *more))


def _as_plan(grids: str) -> Path | None:
    path = Path(grids)
    return path if path.suffix == ".gpkg" and path.is_file() and "borders" in layer_names(path) else None


def _read_lines(notices: str) -> tuple[tuple[int, str], ...]:
    if not notices:
        return ()
    if read_notice(notices).told:
        return ((1, notices),)
    if Path(notices).is_file():
        return read_notice_lines(Path(notices))
    raise UsageError(f"--check {notices}：既不是四至文字（如 东至甲路，南至乙路，西至丙巷，北至丁河），也没有这个文件")


def _read_layers(order: SidesOrder, plan: Path | None) -> tuple[Layers, tuple[Note, ...]]:
    inputs = order.inputs
    if plan is None:
        if "communities" not in inputs.sources:
            raise UsageError("给出的不是划分方案，要用 --communities 给出社区面，用 --streets 给出街巷线")
        layers, report = read_inputs(inputs)
        return layers, tuple(report.notes)
    own = {name: f"{plan}:{name}" for name in ("communities", "streets")}
    layers, report = read_inputs(replace(inputs, sources={**own, **inputs.sources}, as_is=True))
    if "barriers" not in inputs.sources:
        layers = replace(layers, barriers=_barriers_of(read_plan(plan).borders, layers.barriers))
    return layers, tuple(report.notes)


def _as_written(plan: Path, only: Sequence[str]) -> tuple[GridSides, ...]:
    """Take the sides that a plan states, which were told from more layers than it holds."""
    written = read_plan(plan)
    names = dict(zip(written.communities["community_code"], written.communities["name"], strict=True))
    grids = written.grids[written.grids["community_code"].isin(only or list(names))]
    return tuple(
        GridSides(
            str(grid["grid_code"]),
            str(grid["name"]),
            str(names[grid["community_code"]]),
            Sides(*(str(grid[f"sides_{side}"]) for side in ("east", "south", "west", "north"))),
        )
        for _, grid in grids.iterrows()
    )


def _barriers_of(borders: gpd.GeoDataFrame, none: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Take rivers, railways and walls from the borders of a plan, which hold what of them lies between grids."""
    natural = borders[borders["barrier"].isin(NATURAL)].explode(ignore_index=True)
    if not len(natural):
        return none
    kinds = [NATURAL[word] for word in natural["barrier"]]
    return natural.assign(kind=kinds, bridge=False, tunnel=False)[["kind", "name", "bridge", "tunnel", "geometry"]]


@dataclass(frozen=True)
class _Home:
    """One community: its grids in metres, and what lies around."""

    code: str
    name: str
    outline: NDArray[np.object_]
    grid_codes: tuple[str, ...]
    grid_names: tuple[str, ...]
    shapes: NDArray[np.object_]
    around: Surroundings

    def tell(self) -> list[GridSides]:
        described = describe_sides(self.shapes, self.grid_names, self.around)
        rows = zip(self.grid_codes, self.grid_names, described, strict=True)
        return [GridSides(code, name, self.name, four) for code, name, four in rows]


def _settle(drawn: gpd.GeoDataFrame, layers: Layers, only: Sequence[str]) -> list[_Home]:
    survey = survey_grids(drawn, layers.communities)
    members = dict(zip(survey.community_codes, survey.members(), strict=True))
    homes = []
    for task in prepare_tasks(layers, Rules(), only):
        rows = members[task.code]
        crs = survey.zone_of_grid(int(rows[0])).crs if len(rows) else metric_crs(float(task.outline.centroid.x))
        around = look_around(task, lines_around(task, crs, Rules()), crs)
        names = tuple(str(survey.grid_names[row]) or str(survey.grid_codes[row]) for row in rows)
        codes = tuple(str(survey.grid_codes[row]) for row in rows)
        outline = project(np.array([task.outline], dtype=object), crs)
        homes.append(_Home(task.code, task.name, outline, codes, names, survey.grids[rows], around))
    return homes


def _check(number: int, text: str, grid: str, homes: Sequence[_Home]) -> NoticeCheck:
    notice = read_notice(text)
    if not notice.told:
        return NoticeCheck(number, text, "", "", (), "", ("看不出四至", "no four sides can be read in it"))
    title = grid or notice.title
    found = _find(title, homes)
    if len(found) != 1:
        return NoticeCheck(number, text, "", "", (), notice.unread, _no_one(title, len(found)))
    home, row = found[0]
    return _hold(number, text, notice, home, row)


def _hold(number: int, text: str, notice: Notice, home: _Home, row: int) -> NoticeCheck:
    if row < 0:
        checks = check_notice(notice, 0, home.outline, [home.name], home.around)
        return NoticeCheck(number, text, home.code, home.name, checks, notice.unread)
    checks = check_notice(notice, row, home.shapes, home.grid_names, home.around)
    return NoticeCheck(number, text, home.grid_codes[row], home.grid_names[row], checks, notice.unread)


def _no_one(title: str, found: int) -> tuple[str, str]:
    if found:
        fact = f"有{found}个网格都叫“{title}”，请写上社区名称或网格编码"
        return fact, f"{found} grids are called “{title}”: add the community's name, or the grid's code"
    if not title:
        return (
            "没有写是哪个网格的四至，请写在前面或用 --grid 指明",
            "it does not say whose sides these are: name the grid",
        )
    return f"没有叫“{title}”的网格或社区", f"no grid or community is called “{title}”"


def _find(title: str, homes: Sequence[_Home]) -> list[tuple[_Home, int]]:
    """Find the grid that a title means, by code or by community and name, or else the community (row -1)."""
    every = [(home, row) for home in homes for row in range(len(home.grid_codes))]
    plain = plain_name(title)
    if not plain:
        return every if len(every) == 1 else []
    coded = [(home, row) for home, row in every if home.grid_codes[row] in plain]
    if coded:
        return coded
    named = [(home, row) for home, row in every if plain_name(home.grid_names[row]) in plain]
    at_home = [
        (home, row) for home, row in named if home.code in plain or (home.name and plain_name(home.name) in plain)
    ]
    if named:
        longest = max(len(home.grid_names[row]) for home, row in at_home or named)
        return [(home, row) for home, row in at_home or named if len(home.grid_names[row]) == longest]
    return [(home, -1) for home in homes if plain in (home.code, plain_name(home.name))]
