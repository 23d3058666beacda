"""Printed maps 网格示意图: one sheet of the whole and one of each community, as PDF and as pictures."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from numpy.typing import NDArray
from pyproj import CRS
from shapely import STRtree

from app.geo.codes import grid_number
from app.geo.colours import FILLS, colour_neighbours
from app.geo.crs import metric_crs, project
from app.geo.labels import find_label_places, name_streets
from app.geo.measures import STREET_CLASSES, street_class
from app.geo.plan import Plan
from app.reports.fonts import printable, use_font
from app.reports.ledgers import grid_kind, say_sides

__all__ = ["Sketcher", "draw_lines", "fill", "print_jpg", "print_pdf", "print_png", "texts_of", "write"]

A3_INCHES = (16.54, 11.69)
JPG_DPI = 150
MARGIN = 0.06
"""Of the page a map shows, this much lies around its communities on each side."""

MOST_NAMED = 150
"""Grids of a sheet that are labelled with name and households; above it with their number alone."""

GRID_MARGIN = 0.2
OWN_FILL = "#FFF3C4"
OWN_LINE = "#B3261E"
SPECIAL_FILL = "#E0E0E0"
AROUND_FILL = "#F7F7F4"

WIDTHS = {"motorway": 3.2, "trunk": 3.2, "primary": 2.8, "secondary": 2.3, "tertiary": 2.0, "street": 1.4, "lane": 0.8}
"""Of streets, in points."""

BORDER_LOOKS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("motorway", "trunk", "primary", "secondary", "tertiary"), ("#B8431E", "-")),
    **dict.fromkeys(("street", "lane"), ("#5A4A42", "-")),
    "water": ("#1F78B4", "-"),
    "rail": ("#303030", "-."),
    "wall": ("#6A51A3", ":"),
    "open": ("#E31A1C", "--"),
}
BORDER_WORDS = (
    ("primary", "主次干路"),
    ("street", "街巷"),
    ("water", "河流水面"),
    ("rail", "铁路"),
    ("wall", "围墙"),
    ("open", "空地"),
)

COMMUNITY_LINE = "#6A1B9A"
NOTICE = "内部使用　审图号：（待填）"

Shapes = NDArray[np.object_]


@dataclass(frozen=True)
class _Ground:
    """A frame of the plan in metres."""

    frame: gpd.GeoDataFrame
    shapes: Shapes


AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
WATER_FILL = "#C3DCEE"


class Sketcher:
    """Draws sheets of one plan, in the metres of its place; on a card `barriers` too: water and railways."""

    def __init__(self, plan: Plan, barriers: gpd.GeoDataFrame | None = None) -> None:
        west, _, east, _ = plan.communities.total_bounds
        self.plan = plan
        self.crs: CRS = metric_crs((west + east) / 2)
        self._grids = self._in_metres(plan.grids)
        self._communities = self._in_metres(plan.communities)
        self._borders = self._in_metres(plan.borders)
        self._streets = self._in_metres(plan.streets)
        self._barriers = self._in_metres(barriers) if barriers is not None and len(barriers) else None
        self._fills = self._colour()

    def draw_whole(self, title: str) -> Figure:
        """Draw the sheet of all communities."""
        figure, axes = self._sheet(title, self._communities.shapes, (0.02, 0.03, 0.96, 0.88))
        rows = list(range(len(self._grids.shapes)))
        scale = self._lay_ground(axes, rows)
        self._label_grids(axes, rows, brief=len(rows) > MOST_NAMED)
        self._label_communities(axes)
        self._explain(axes, scale)
        return figure

    def draw_community(self, code: str) -> Figure:
        """Draw the sheet of one community, with the list of its grids beside it."""
        place = [str(one) for one in self._communities.frame["community_code"]].index(code)
        name = printable(self._communities.frame["name"].iloc[place]) or printable(code)
        own = [str(home) == code for home in self._grids.frame["community_code"]]
        rows = np.flatnonzero(own).tolist()
        outline = self._communities.shapes[[place]]
        figure, axes = self._sheet(f"{name}网格示意图", outline, (0.02, 0.03, 0.62, 0.88))
        scale = self._lay_ground(axes, rows, around=True)
        self._name_streets(axes)
        self._label_neighbours(axes, place)
        self._label_grids(axes, rows, brief=False)
        self._explain(axes, scale)
        self._list_grids(figure, sorted(rows, key=lambda row: str(self._grids.frame["grid_code"].iloc[row])))
        return figure

    def draw_all(self, title: str) -> Iterator[tuple[str, Figure]]:
        """Draw the sheet of the whole, then that of each community, each under its name."""
        yield title, self.draw_whole(title)
        for code, name in zip(self.plan.communities["community_code"], self.plan.communities["name"], strict=True):
            yield f"{code} {name}", self.draw_community(str(code))

    def draw_grid(self, axes: Axes, row: int, *, size: float) -> None:
        """Draw one grid, large, with the streets around it and the names of its neighbours, on axes of another sheet.

        `size` is that of the names of streets, in points.
        """
        shape = self._grids.shapes[row]
        left, low, right, high = shapely.bounds(shape)
        box = axes.get_position()
        wide, tall = np.array([box.width, box.height]) * _size_of(axes)
        metres = max((right - left) / wide, (high - low) / tall) * (1 + 2 * GRID_MARGIN)
        x, y = (left + right) / 2, (low + high) / 2
        axes.set_xlim(x - metres * wide / 2, x + metres * wide / 2)
        axes.set_ylim(y - metres * tall / 2, y + metres * tall / 2)
        axes.set_facecolor("#EDEBE4")
        view = shapely.box(axes.get_xlim()[0], axes.get_ylim()[0], axes.get_xlim()[1], axes.get_ylim()[1])
        others = np.flatnonzero(shapely.intersects(self._grids.shapes, view))
        others = others[others != row]
        fill(axes, self._grids.shapes[others], [AROUND_FILL] * len(others), edge="#8A8A8A", width=1.2, z=1)
        fill(axes, np.array([shape], dtype=object), [OWN_FILL], edge="none", width=0, z=2)
        self._draw_barriers(axes)
        self._draw_streets(axes, view, scale=size / 7.5)
        for barrier in ("water", "rail"):
            own = self._borders.shapes[(self._borders.frame["barrier"] == barrier).to_numpy()]
            draw_lines(axes, own, BORDER_LOOKS[barrier][0], 4.0, BORDER_LOOKS[barrier][1], z=5)
        edge = np.array([shapely.boundary(shape)], dtype=object)
        draw_lines(axes, edge, "white", 8.0, "-", z=6)
        draw_lines(axes, edge, OWN_LINE, 4.0, "-", z=7)
        spot = self._spots(self._grids)[row]
        metre = self._metres_per_point(axes)
        name = printable(self._grids.frame["name"].iloc[row])[:12]
        write(axes, spot, name, size * 1.5, OWN_LINE, z=12, bold=True)
        taken = [spot.buffer(size * metre * max(2.0, 0.8 * len(name)))]
        taken += self._name_streets(axes, size=size, taken=taken, every_m=300.0)
        room = shapely.difference(shapely.buffer(view, -2.5 * size * metre), shapely.buffer(shape, 3 * size * metre))
        home = self._grids.frame["community_code"].iloc[row]
        names = dict(zip(self._communities.frame["community_code"], self._communities.frame["name"], strict=True))
        for other in others.tolist():
            grid = self._grids.frame.iloc[other]
            text = printable(grid["name"])[:8]
            if grid["community_code"] != home:
                text = f"{printable(names.get(grid['community_code'], ''))[:8]}\n{text}"
            parts = shapely.get_parts(shapely.intersection(self._grids.shapes[other], room))
            parts = sorted((part for part in parts if part.area > 0), key=shapely.area)
            near = [part.representative_point().buffer(2.2 * size * metre) for part in parts]
            free = [one for one in near if not any(one.intersects(held) for held in taken)]
            if free:
                taken.append(free[-1])
                write(axes, free[-1].centroid, text, size, "#4A4A4A", z=11)
        self._point_north(axes, size)

    def _draw_barriers(self, axes: Axes) -> None:
        """Draw water and railways under the streets, wherever they run."""
        if self._barriers is None:
            return
        for kind in ("water", "rail"):
            own = self._barriers.shapes[(self._barriers.frame["kind"] == kind).to_numpy()]
            flat = np.isin(shapely.get_type_id(own), AREAS)
            fill(axes, own[flat], [WATER_FILL] * int(flat.sum()), edge=BORDER_LOOKS[kind][0], width=0.8, z=3)
            draw_lines(axes, own[~flat], BORDER_LOOKS[kind][0], 2.6, BORDER_LOOKS[kind][1], z=3)

    # --- the ground -------------------------------------------------------------------------------------------------

    def _in_metres(self, frame: gpd.GeoDataFrame) -> _Ground:
        return _Ground(frame, project(np.asarray(frame.geometry.array, dtype=object), self.crs))

    def _colour(self) -> list[str]:
        """Give neighbours different fills, across communities too; special grids are grey."""
        codes = [str(code) for code in self._grids.frame["grid_code"]]
        one, other = STRtree(self._grids.shapes).query(self._grids.shapes, predicate="dwithin", distance=5.0)
        pairs = {(codes[a], codes[b]): 1.0 for a, b in zip(one.tolist(), other.tolist(), strict=True) if a < b}
        colours = colour_neighbours(pairs, codes)
        kinds = [grid_kind(str(kind)) for kind in self._grids.frame["kind"]]
        return [
            SPECIAL_FILL if kind == "专属网格" else FILLS[colours[code]]
            for code, kind in zip(codes, kinds, strict=True)
        ]

    def _sheet(self, title: str, shown: Shapes, box: tuple[float, float, float, float]) -> tuple[Figure, Axes]:
        figure = Figure(figsize=A3_INCHES)
        FigureCanvasAgg(figure)
        figure.text(0.5, 0.955, printable(title), ha="center", va="center", fontproperties=use_font(24, bold=True))
        figure.text(0.98, 0.012, NOTICE, ha="right", va="bottom", fontproperties=use_font(9), color="#555555")
        axes = figure.add_axes(box)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_linewidth(1.2)
        left, low, right, high = shapely.total_bounds(shown)
        wide, tall = box[2] * A3_INCHES[0], box[3] * A3_INCHES[1]
        metres = max((right - left) / wide, (high - low) / tall) * (1 + 2 * MARGIN)
        x, y = (left + right) / 2, (low + high) / 2
        axes.set_xlim(x - metres * wide / 2, x + metres * wide / 2)
        axes.set_ylim(y - metres * tall / 2, y + metres * tall / 2)
        axes.set_aspect("equal")
        return figure, axes

    def _lay_ground(self, axes: Axes, rows: Sequence[int], *, around: bool = False) -> float:
        """Lay grids, streets, borders and outlines one over the other; return the metres of an inch."""
        view = shapely.box(axes.get_xlim()[0], axes.get_ylim()[0], axes.get_xlim()[1], axes.get_ylim()[1])
        if around:
            others = np.setdiff1d(np.arange(len(self._grids.shapes)), rows)
            fill(axes, self._grids.shapes[others], [AROUND_FILL] * len(others), edge="#BBBBBB", width=0.4, z=1)
        fill(axes, self._grids.shapes[list(rows)], [self._fills[row] for row in rows], edge="none", width=0, z=2)
        self._draw_streets(axes, view)
        chosen = {str(self._grids.frame["grid_code"].iloc[row]) for row in rows}
        self._draw_borders(axes, chosen)
        edges = shapely.boundary(self._communities.shapes)
        draw_lines(axes, edges, "white", 4.2, "-", z=7)
        draw_lines(axes, edges, COMMUNITY_LINE, 2.2, (0, (6, 2, 1, 2)), z=8)
        return float((axes.get_xlim()[1] - axes.get_xlim()[0]) / (axes.get_position().width * _size_of(axes)[0]))

    def _draw_streets(self, axes: Axes, view: shapely.Geometry, *, scale: float = 1.0) -> None:
        classes = np.array([street_class(str(kind)) or "" for kind in self._streets.frame["highway"]], dtype=object)
        seen = shapely.intersects(self._streets.shapes, view) if len(classes) else np.empty(0, bool)
        for kind in reversed(STREET_CLASSES):
            own = self._streets.shapes[(classes == kind) & seen]
            draw_lines(axes, own, "#9A9A9A", WIDTHS[kind] * scale + 0.9, "-", z=3)
        for kind in reversed(STREET_CLASSES):
            own = self._streets.shapes[(classes == kind) & seen]
            colour = "white" if kind in ("street", "lane") else "#FFE9B8"
            draw_lines(axes, own, colour, WIDTHS[kind] * scale, "-", z=4)

    def _draw_borders(self, axes: Axes, chosen: set[str]) -> None:
        columns = (self._borders.frame[name] for name in ("left_grid", "right_grid", "barrier"))
        drawn: dict[str, list[Any]] = {}
        for left, right, barrier, shape in zip(*columns, self._borders.shapes, strict=True):
            if {str(left), str(right)} & chosen:
                drawn.setdefault(str(barrier), []).append(shape)
        for barrier, shapes in sorted(drawn.items()):
            colour, style = BORDER_LOOKS.get(barrier, ("#5A4A42", "-"))
            lines = np.array(shapes, dtype=object)
            draw_lines(axes, lines, "white", 3.4, "-", z=5)
            draw_lines(axes, lines, colour, 1.9, style, z=6)

    # --- words ------------------------------------------------------------------------------------------------------

    def _label_grids(self, axes: Axes, rows: Sequence[int], *, brief: bool) -> None:
        minimum, maximum = (int(self.plan.about[name]) for name in ("min_households", "max_households"))
        places = find_label_places(np.asarray(self._grids.frame.geometry.array, dtype=object)[list(rows)])
        spots = project(np.array([shapely.Point(x, y) for x, y, _ in places], dtype=object), self.crs)
        for row, spot, (_, _, room_m) in zip(rows, spots, places, strict=True):
            grid = self._grids.frame.iloc[row]
            name = printable(grid["name"])
            number = grid_number(name)
            short = str(number) if number is not None else name[:6]
            households = int(grid.households)
            mark = "▲" if households > maximum else "▼" if households < minimum else ""
            if grid_kind(str(grid.kind)) == "专属网格":
                text = "\n".join(textwrap.wrap(name.removesuffix("专属网格"), 6)[:3])
            elif brief:
                text = short + mark
            else:
                text = f"{name[:14]}\n{households}户{mark}"
            size = float(np.clip(room_m / self._metres_per_point(axes) / 2.4, 5.5, 11))
            write(axes, spot, text, size, "#1A1A1A", z=11)

    def _metres_per_point(self, axes: Axes) -> float:
        left, right = axes.get_xlim()
        return float((right - left) / (axes.get_position().width * _size_of(axes)[0] * 72))

    def _label_communities(self, axes: Axes) -> None:
        """Write the name of each community where it is farthest from the labels of its grids."""
        metre = self._metres_per_point(axes)
        labels = self._spots(self._grids)
        for row, (name, shape) in enumerate(
            zip(self._communities.frame["name"], self._communities.shapes, strict=True)
        ):
            text = printable(name)[:12]
            left, low, right, high = shapely.bounds(shape)
            x, y = np.meshgrid(np.linspace(left, right, 25)[1:-1], np.linspace(low, high, 25)[1:-1])
            points = shapely.points(x.ravel(), y.ravel())
            points = points[shapely.contains(shape, points)]
            near = labels[shapely.dwithin(labels, shape, 0)]
            if not len(points) or not len(near):
                points, near = self._spots(self._communities)[[row]], near
            xy, taken = shapely.get_coordinates(points), shapely.get_coordinates(near)
            gaps = (xy[:, None, :] - taken[None, :, :]) / (metre * np.array([6.0 * len(text) + 24, 24.0]))
            room = np.abs(gaps).max(axis=2).min(axis=1, initial=np.inf)
            edge = shapely.distance(shapely.boundary(shape), points) / (metre * 5 * len(text))
            best = int(np.argmax(np.round(np.minimum(room, np.minimum(edge, 1.0) + 0.4), 3)))
            write(axes, points[best], text, 12, COMMUNITY_LINE, z=12, bold=True)

    def _label_neighbours(self, axes: Axes, place: int) -> None:
        """Write the names of the communities around one into what is seen of them."""
        view = shapely.box(axes.get_xlim()[0], axes.get_ylim()[0], axes.get_xlim()[1], axes.get_ylim()[1])
        for row, shape in enumerate(self._communities.shapes):
            seen = shapely.intersection(shape, view)
            if row == place or seen.area < 0.01 * view.area:
                continue
            spot = shapely.point_on_surface(max(shapely.get_parts(seen), key=shapely.area))
            name = printable(self._communities.frame["name"].iloc[row])[:12]
            write(axes, spot, name, 12, "#8A7A94", z=9, bold=True)

    def _spots(self, ground: _Ground) -> Shapes:
        places = find_label_places(np.asarray(ground.frame.geometry.array, dtype=object))
        return project(np.array([shapely.Point(x, y) for x, y, _ in places], dtype=object), self.crs)

    def _name_streets(
        self, axes: Axes, *, size: float = 7.5, taken: Sequence[Any] = (), every_m: float = 500.0
    ) -> list[Any]:
        """Write the names of streets along them, main streets first, none over another; return the places they take."""
        view = shapely.box(axes.get_xlim()[0], axes.get_ylim()[0], axes.get_xlim()[1], axes.get_ylim()[1])
        seen = shapely.intersects(self._streets.shapes, view) if len(self._streets.shapes) else np.empty(0, bool)
        frame = self._streets.frame[seen]
        if not len(frame):
            return []
        classes = np.array([street_class(str(kind)) or "" for kind in frame["highway"]], dtype=object)
        names = np.array([printable(name) for name in frame["name"]], dtype=object)
        lines = np.asarray(frame.geometry.array, dtype=object)
        metre = self._metres_per_point(axes)
        held: list[Any] = list(taken) or [spot.buffer(18 * metre) for spot in self._spots(self._grids)]
        for kind in STREET_CLASSES:
            own = classes == kind
            for name, x, y, angle, reach_m in sorted(
                name_streets(names[own], lines[own], every_m), key=lambda one: -one[4]
            ):
                spot = project(np.array([shapely.Point(x, y)], dtype=object), self.crs)[0]
                width = (size + 1) * len(name) * metre
                ground = shapely.Point(spot.x, spot.y).buffer(width / 2)
                if reach_m < width or not view.contains(spot) or any(ground.intersects(other) for other in held):
                    continue
                held.append(ground)
                write(axes, spot, name, size, "#444444", z=10, angle=angle)
        return held[len(taken) :]

    def _explain(self, axes: Axes, metres_per_inch: float) -> None:
        """Put the legend, a scale and north in the corners."""
        about = self.plan.about
        present = {str(barrier) for barrier in self._borders.frame["barrier"]}
        alike = {"primary": {"motorway", "trunk", "primary", "secondary", "tertiary"}, "street": {"street", "lane"}}
        handles: list[Any] = [Line2D([], [], color=COMMUNITY_LINE, lw=2.2, ls=(0, (6, 2, 1, 2)), label="社区界线")]
        for kind, words in BORDER_WORDS:
            if present & alike.get(kind, {kind}):
                colour, style = BORDER_LOOKS[kind]
                handles.append(Line2D([], [], color=colour, lw=1.9, ls=style, label=f"网格边界：{words}"))
        handles.append(Patch(facecolor=SPECIAL_FILL, edgecolor="#888888", label="专属网格"))
        words = f"▲户数超过{about['max_households']}　▼户数不足{about['min_households']}"
        handles.append(Line2D([], [], lw=0, label=printable(words)))
        legend = axes.legend(
            handles=handles, loc="lower left", prop=use_font(8.5), framealpha=0.92, edgecolor="#888888"
        )
        legend.set_zorder(20)
        self._draw_scale(axes, metres_per_inch)
        self._point_north(axes, 13)

    def _point_north(self, axes: Axes, size: float) -> None:
        axes.annotate(
            "北",
            xy=(0.968, 0.965),
            xytext=(0.968, 0.895),
            xycoords="axes fraction",
            ha="center",
            va="center",
            fontproperties=use_font(size, bold=True),
            arrowprops={"arrowstyle": "-|>", "lw": 1.6, "color": "black"},
            zorder=20,
        )

    def _draw_scale(self, axes: Axes, metres_per_inch: float) -> None:
        target = metres_per_inch * 1.6
        step = 10 ** np.floor(np.log10(target))
        length = float(max(k * step for k in (1, 2, 5) if k * step <= target))
        right, low = axes.get_xlim()[1], axes.get_ylim()[0]
        x, y = right - length - metres_per_inch * 0.35, low + metres_per_inch * 0.3
        half = x + length / 2
        for start, end, colour in ((x, half, "black"), (half, x + length, "white")):
            bar = [(start, y), (end, y), (end, y + metres_per_inch * 0.06), (start, y + metres_per_inch * 0.06)]
            fill(axes, np.array([shapely.Polygon(bar)], dtype=object), [colour], edge="black", width=0.8, z=20)
        words = f"{length:,.0f}米" if length < 1000 else f"{length / 1000:g}千米"
        spot = shapely.Point(half, y + metres_per_inch * 0.18)
        write(axes, spot, words, 9, "black", z=20)

    def _list_grids(self, figure: Figure, rows: Sequence[int]) -> None:
        """List grids beside the map with households and four sides, as large as the sheet allows."""
        grids = [self._grids.frame.iloc[row] for row in rows]
        for size in (10.5, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0):
            wide = int(36 * 10.5 / size)
            blocks = [self._entry(grid, wide) for grid in grids]
            step = size * 1.5 / 72 / A3_INCHES[1]
            if sum(len(block) + 0.6 for block in blocks) * step <= 0.86:
                break
        y = 0.905
        for block in blocks:
            for number, line in enumerate(block):
                if y < 0.03:
                    return
                bold = number == 0
                figure.text(0.655, y, line, va="top", fontproperties=use_font(size, bold=bold), color="#1A1A1A")
                y -= step
            y -= 0.6 * step

    def _entry(self, grid: Any, wide: int) -> list[str]:
        kind = grid_kind(str(grid.kind))
        households = "" if kind == "专属网格" else f"　{int(grid.households)}户"
        head = f"{printable(grid['name'])[:wide]}{households}"
        lines = [head, f"编码 {printable(grid.grid_code)}"[: 2 * wide]]
        lines += textwrap.wrap(f"四至：{printable(say_sides(grid))}", wide)
        if str(grid.reason):
            lines += textwrap.wrap(f"说明：{printable(grid.reason)}", wide)
        return lines


def _size_of(axes: Axes) -> NDArray[np.float64]:
    """Return width and height of the sheet in inches."""
    figure = axes.get_figure(root=True)
    return np.zeros(2) if figure is None else np.asarray(figure.get_size_inches(), dtype=np.float64)


# --- drawing ----------------------------------------------------------------------------------------------------------


def fill(axes: Axes, shapes: Shapes, colours: Sequence[str], *, edge: str, width: float, z: float) -> None:
    """Fill polygons, each in its colour."""
    paths = [_path_of(shape) for shape in shapes]
    axes.add_collection(
        PathCollection(paths, facecolors=list(colours), edgecolors=edge, linewidths=width, zorder=z), autolim=False
    )


def _path_of(shape: Any) -> Path:
    """Turn polygons into one path; holes run the other way and stay empty."""
    vertices, codes = [np.empty((0, 2))], [np.empty(0, np.uint8)]
    for polygon in shapely.get_parts(shapely.orient_polygons(shape)):
        for ring in (polygon.exterior, *polygon.interiors):
            xy = shapely.get_coordinates(ring)
            if len(xy):
                step = np.full(len(xy), Path.LINETO, np.uint8)
                step[0], step[-1] = Path.MOVETO, Path.CLOSEPOLY
                vertices.append(xy)
                codes.append(step)
    return Path(np.concatenate(vertices), np.concatenate(codes))


def draw_lines(axes: Axes, shapes: Shapes, colour: str, width: float, style: Any, *, z: float) -> None:
    """Draw lines in one look."""
    parts = shapely.get_parts(shapely.get_parts(shapes)) if len(shapes) else []
    runs = [shapely.get_coordinates(part) for part in parts]
    if runs:
        dashes = [style] * len(runs) if isinstance(style, tuple) else style
        drawn = LineCollection(
            runs, colors=colour, linewidths=width, linestyles=dashes, zorder=z, capstyle="round", joinstyle="round"
        )
        axes.add_collection(drawn, autolim=False)


def write(
    axes: Axes, spot: Any, text: str, size: float, colour: str, *, z: float, bold: bool = False, angle: float = 0.0
) -> None:
    """Write words at a point, with a white edge so that they read on anything."""
    axes.text(
        spot.x,
        spot.y,
        text,
        ha="center",
        va="center",
        rotation=angle,
        rotation_mode="anchor",
        color=colour,
        zorder=z,
        fontproperties=use_font(size, bold=bold),
        path_effects=[withStroke(linewidth=2.2, foreground="white")],
        clip_on=True,
        parse_math=False,
    )


def texts_of(figure: Figure) -> list[str]:
    """Return every text on a sheet."""
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def print_pdf(sheets: Iterable[Figure], title: str) -> bytes:
    """Print sheets as the pages of one PDF; the same sheets give the same bytes."""
    held = io.BytesIO()
    about = {"Title": printable(title), "Creator": "jiexiang", "Producer": "jiexiang", "CreationDate": None}
    with PdfPages(held, metadata=about) as pages:
        for sheet in sheets:
            pages.savefig(sheet)
    return held.getvalue()


def print_jpg(sheet: Figure, dpi: int = JPG_DPI) -> bytes:
    """Print a sheet as a picture for a chat group."""
    held = io.BytesIO()
    sheet.savefig(held, format="jpg", dpi=dpi, pil_kwargs={"quality": 88, "optimize": True})
    return held.getvalue()


def print_png(sheet: Figure, dpi: int = JPG_DPI) -> bytes:
    """Print a sheet as a picture for a document."""
    held = io.BytesIO()
    sheet.savefig(held, format="png", dpi=dpi, metadata={"Software": None})
    return held.getvalue()
