"""《社区边界确认单》: for each pair of communities that disagree a map, the strips, lines to choose, signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from app.geo.crs import metric_crs, project
from app.geo.disputes import Candidate, Dispute
from app.geo.layers import Layers
from app.geo.measures import STREET_CLASSES, street_class
from app.reports.documents import Paper
from app.reports.fonts import printable, use_font
from app.reports.ledgers import Dwellings
from app.reports.sketches import draw_lines, fill, print_png, write
from app.reports.texts import clean, plain

__all__ = ["draw_dispute", "write_confirmations"]

SIZE_INCHES = (6.2, 2.6)
DPI = 200
AROUND = 0.25

FIRST_FILL, SECOND_FILL, STRIP_FILL = "#DCEBF7", "#E8F4DF", "#F4A582"
LOOKS = {"existing": ("#B2182B", "-"), "street": ("#1B7837", "--"), "compound": ("#762A83", ":")}
NUMBERS = ("一", "二", "三")
MOST_BUILDINGS_NAMED = 12


def write_confirmations(
    disputes: Sequence[Dispute], layers: Layers, dwellings: Dwellings, *, small: tuple[int, float] = (0, 0.0)
) -> bytes:
    """Write 《社区边界确认单》, a sheet for each pair; where all outlines fit, a page that says so.

    Parameters
    ----------
    disputes
        From `settle_disputes`.
    layers
        The layers of the disputes.
    dwellings
        Labels of the dwellings.
    small
        How many overlaps and gaps were too small to ask about, and their area in m².
    """
    if not disputes:
        paper = Paper("社区边界确认单")
        paper.say(
            f"经核对，{len(layers.communities)}个社区（村）的界线相互吻合，没有宽度超过5米的重叠或空白，无需逐对确认。"
        )
        _tell_small(paper, small)
        paper.sign("（核对单位）")
        return paper.save()
    paper = Paper("社区边界确认单")
    labels = dict(zip(dwellings.rows["building"], dwellings.rows["label"], strict=True))
    for number, dispute in enumerate(disputes):
        if number:
            paper.next_page("社区边界确认单")
        _write_one(paper, dispute, layers, labels, f"{number + 1}/{len(disputes)}")
    _tell_small(paper, small)
    return paper.save()


def _tell_small(paper: Paper, small: tuple[int, float]) -> None:
    if small[0]:
        paper.say(f"另有{small[0]}处宽度不超过5米的出入（共{small[1]:,.0f}平方米），视为制图误差，未列入。")


def _write_one(paper: Paper, dispute: Dispute, layers: Layers, labels: dict[int, str], number: str) -> None:
    one, other = (_name(layers.communities, row) for row in (dispute.first, dispute.second))
    paper.say(f"编号：{number}　　甲方：{one}　　乙方：{other}", indent=False)
    paper.picture(print_png(draw_dispute(dispute, layers), DPI), 152)
    paper.caption("争议地块示意图（内部使用）")
    rows = [
        [
            place + 1,
            strip.ground.kind,
            f"{strip.ground.width_m:.1f}",
            round(strip.ground.area_m2),
            len(strip.buildings),
            _whole(strip.households),
            _buildings(strip.buildings, labels, layers.buildings),
        ]
        for place, strip in enumerate(dispute.strips)
    ]
    paper.table(
        ["地块", "类型", "最宽(米)", "面积(㎡)", "楼栋", "户数", "楼栋名称"], rows, [11, 13, 18, 20, 13, 13, 68]
    )
    if _crosses_towns(dispute, layers.communities):
        paper.say("两社区分属不同街道（乡镇），该界线以勘界成果为准，本单只作情况报告，不作选择。")
        return
    paper.caption("可选的界线")
    paper.table(
        ["方案", "界线走向", f"归{one}", f"归{other}", "选择"],
        [
            [f"方案{NUMBERS[place]}", _words(candidate, dispute, one, other), *_shares(candidate), "□"]
            for place, candidate in enumerate(dispute.candidates)
        ]
        + [["其他", "（请在图上画出并说明）", "", "", "□"]],
        [17, 69, 28, 28, 14],
    )
    paper.caption("确认意见")
    blank = "（签章）　　年　月　日"
    paper.table(
        [f"甲方：{one}", f"乙方：{other}"],
        [[f"负责人：　　{blank}", f"负责人：　　{blank}"]],
        [78, 78],
        row_mm=15,
    )
    paper.table(
        ["街道办事处（乡镇人民政府）", "县级主管部门"],
        [[f"审核：　　　{blank}", f"备案：　　　{blank}"]],
        [78, 78],
        row_mm=15,
    )
    paper.caption("本单只用于社区网格划分，不改变行政区域界线。")


def _name(communities: gpd.GeoDataFrame, row: int) -> str:
    return clean(communities["name"].iloc[row]) or clean(communities["community_code"].iloc[row])


def _crosses_towns(dispute: Dispute, communities: gpd.GeoDataFrame) -> bool:
    towns = [clean(communities["town_code"].iloc[row]) for row in (dispute.first, dispute.second)]
    return all(towns) and towns[0] != towns[1]


def _whole(number: float) -> Any:
    return int(number) if number == int(number) else plain(number)


def _buildings(rows: Sequence[int], labels: dict[int, str], buildings: gpd.GeoDataFrame) -> str:
    names = [
        labels.get(row) or clean(buildings["name"].iloc[row] or buildings["building_id"].iloc[row]) for row in rows
    ]
    more = f"等{len(names)}栋" if len(names) > MOST_BUILDINGS_NAMED else ""
    return "、".join(names[:MOST_BUILDINGS_NAMED]) + more


def _words(candidate: Candidate, dispute: Dispute, one: str, other: str) -> str:
    if candidate.kind == "street":
        return f"沿{clean(candidate.name) or '无名道路'}中心线"
    if candidate.kind == "compound":
        names = clean(candidate.name)
        return f"按小区归属，小区不拆分{f'（{names}）' if names else ''}"
    owners = {strip.ground.kind: strip.ground.communities[0] == dispute.first for strip in dispute.strips}
    taken = [f"{kind}处归{one if first else other}" for kind, first in sorted(owners.items(), reverse=True)]
    return f"按现有图上界线：{'，'.join(taken)}"


def _shares(candidate: Candidate) -> list[str]:
    return [f"{buildings}栋{plain(households)}户" for buildings, households in (candidate.first, candidate.second)]


def draw_dispute(dispute: Dispute, layers: Layers) -> Figure:
    """Draw both communities about their strips, with streets, compounds, buildings and the lines to choose."""
    shapes = np.array([strip.ground.shape for strip in dispute.strips], dtype=object)
    crs = metric_crs(float(shapely.centroid(shapes[0]).x))
    strips = project(shapes, crs)
    figure = Figure(figsize=SIZE_INCHES)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.005, 0.005, 0.99, 0.99))
    axes.set_xticks([])
    axes.set_yticks([])
    view = _look_at(axes, strips)
    outlines = project(
        np.asarray(layers.communities.geometry.array, dtype=object)[[dispute.first, dispute.second]], crs
    )
    fill(axes, outlines, [FIRST_FILL, SECOND_FILL], edge="none", width=0, z=1)
    _draw_around(axes, layers, crs, view)
    fill(axes, strips, [STRIP_FILL] * len(strips), edge="#B2182B", width=0.6, z=5)
    for outline, colour in zip(outlines, ("#2166AC", "#4D9221"), strict=True):
        draw_lines(axes, np.array([shapely.boundary(outline)], dtype=object), colour, 1.6, "-", z=7)
    handles: list[Any] = [Patch(facecolor=STRIP_FILL, edgecolor="#B2182B", label="争议地块")]
    for row, colour, words in ((dispute.first, "#2166AC", "甲方"), (dispute.second, "#4D9221", "乙方")):
        name = printable(_name(layers.communities, row))[:14]
        handles.append(Line2D([], [], color=colour, lw=1.6, label=f"{words}现有界线：{name}"))
    for number, candidate in enumerate(dispute.candidates):
        colour, style = LOOKS[candidate.kind]
        line = project(np.array([candidate.line], dtype=object), crs)
        draw_lines(axes, line, "white", 4.0, "-", z=8)
        draw_lines(axes, line, colour, 2.2, style, z=9)
        handles.append(Line2D([], [], color=colour, lw=2.2, ls=style, label=f"方案{NUMBERS[number]}"))
    for number, strip in enumerate(strips):
        spot = shapely.point_on_surface(strip)
        write(axes, spot, str(number + 1), 10, "#67001F", z=12, bold=True)
    axes.legend(handles=handles, loc="lower left", prop=use_font(7), framealpha=0.92).set_zorder(20)
    return figure


def _look_at(axes: Axes, strips: Any) -> shapely.Geometry:
    left, low, right, high = shapely.total_bounds(strips)
    wide, tall = SIZE_INCHES
    metres = max((right - left) / wide, (high - low) / tall, 25.0) * (1 + 2 * AROUND)
    x, y = (left + right) / 2, (low + high) / 2
    axes.set_xlim(x - metres * wide / 2, x + metres * wide / 2)
    axes.set_ylim(y - metres * tall / 2, y + metres * tall / 2)
    return shapely.box(x - metres * wide / 2, y - metres * tall / 2, x + metres * wide / 2, y + metres * tall / 2)


def _draw_around(axes: Axes, layers: Layers, crs: Any, view: shapely.Geometry) -> None:
    """Draw what is seen of streets, compounds and buildings; dwellings bear their households."""
    streets = project(np.asarray(layers.streets.geometry.array, dtype=object), crs)
    for row in np.flatnonzero(shapely.intersects(view, streets)).tolist():
        kind = street_class(str(layers.streets["highway"].iloc[row]))
        if kind:
            width = 5.0 - 0.6 * STREET_CLASSES.index(kind)
            draw_lines(axes, streets[[row]], "#A0A0A0", width + 0.9, "-", z=2)
            draw_lines(axes, streets[[row]], "white", width, "-", z=2.5)
    compounds = project(np.asarray(layers.compounds.geometry.array, dtype=object), crs)
    seen = compounds[shapely.intersects(view, compounds)] if len(compounds) else compounds
    draw_lines(axes, shapely.boundary(seen), "#8C6D31", 0.9, "--", z=4)
    drawn = np.asarray(layers.buildings.geometry.array, dtype=object)
    near = np.flatnonzero(shapely.intersects(view, project(drawn, crs))) if len(drawn) else np.empty(0, int)
    households = layers.buildings["households"].to_numpy(float)
    for row in near.tolist():
        shape = project(drawn[[row]], crs)[0]
        if shape.geom_type in ("Polygon", "MultiPolygon"):
            colour = "#C9B79C" if households[row] > 0 else "#E3E3E3"
            fill(axes, np.array([shape], dtype=object), [colour], edge="#8A7F70", width=0.4, z=6)
        if households[row] > 0 and len(near) <= 150:
            write(axes, shapely.point_on_surface(shape), plain(households[row]), 5.5, "#333333", z=11)
