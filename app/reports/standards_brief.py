"""A brief on rooms and projects 核查简报: what is missing, where, by which standard, with a map and tables."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from app.geo.assessment import STATUSES, Assessment
from app.geo.crs import metric_crs, project
from app.geo.standards import Standard
from app.reports.documents import Paper
from app.reports.fonts import printable, use_font
from app.reports.sketches import fill, print_png, write

__all__ = ["draw_statuses", "write_brief"]

COLOURS = {"不达标": "#F4A582", "数据不足": "#D9D9D9", "待核实": "#FEE08B", "达标": "#A6DBA0"}
MOST_ROWS = 15
MOST_LABELS = 60
DPI = 180
WIDE_INCHES = 6.2


def write_brief(
    assessment: Assessment, standards: list[Standard] | tuple[Standard, ...], outlines: gpd.GeoDataFrame | None
) -> bytes:
    """Write the brief; without outlines of communities it has no map, and says so.

    Parameters
    ----------
    outlines
        Polygons in EPSG:4490 with community_code and name.
    """
    paper = Paper("社区用房和新建小区配建核查简报")
    counts = {status: sum(one.status == status for one in assessment.communities) for status in STATUSES}
    told = "，".join(f"{status}{count}个" for status, count in counts.items() if count)
    on = f"{assessment.as_of.year}年{assessment.as_of.month}月{assessment.as_of.day}日"
    counted = sum(one.counted_m2 for one in assessment.communities)
    paper.head("一、总体情况")
    paper.say(
        f"截至{on}，核查社区{len(assessment.communities)}个，计入社区用房{counted:,.0f}平方米，其中{told}。"
        f"计入面积以不动产权证、移交、租赁、借用、权属证明或实测报告为凭；没有凭证的列为待核实，没有面积或户数的列为数据不足，均不作达标计。"
    )
    short = assessment.by_shortfall()
    if short:
        missing = sum(one.shortfall_m2 or 0.0 for one in short)
        people = sum(one.community.households or 0.0 for one in short)
        paper.say(f"按最严的适用标准计，{len(short)}个社区共缺{missing:,.0f}平方米，涉及{people:,.0f}户。")
    paper.head("二、适用标准")
    for one in standards:
        if one.enabled:
            paper.say(f"{one.describe(assessment.as_of)}（来源：{one.source}）。")
    paper.head("三、分布情况")
    if outlines is None:
        paper.say("未提供社区边界，本期没有分布图。")
    else:
        paper.picture(print_png(draw_statuses(assessment, outlines), DPI), 150)
        paper.caption("社区用房核查结论分布示意图（内部使用）")
    paper.head("四、缺口较大的社区")
    if short:
        paper.table(
            ["社区", "户数", "计入(㎡)", "缺口(㎡)", "依据", "整改措施"],
            [
                [
                    one.community.name,
                    "不明" if one.community.households is None else f"{one.community.households:,.0f}",
                    f"{one.counted_m2:,.2f}",
                    f"{one.shortfall_m2:,.2f}",
                    one.binding.standard.id if one.binding else "",
                    one.remedy,
                ]
                for one in short[:MOST_ROWS]
            ],
            [24, 15, 20, 20, 25, 52],
        )
        if len(short) > MOST_ROWS:
            paper.say(f"其余{len(short) - MOST_ROWS}个社区见《社区办公和服务用房核查台账》。")
    else:
        paper.say("没有社区存在已确定的缺口。")
    if assessment.projects:
        _write_projects(paper, assessment)
    paper.sign("（核查单位）")
    return paper.save()


def _write_projects(paper: Paper, assessment: Assessment) -> None:
    paper.head("五、新建小区配建")
    troubled = [one for one in assessment.projects if one.status != "达标" or one.words]
    good = sum(one.status == "达标" for one in assessment.projects)
    paper.say(
        f"核查项目{len(assessment.projects)}个，达标{good}个。应配建面积按规划条件当时的标准和规划户数计算，分期项目按累计面积核对。"
    )
    if troubled:
        paper.table(
            ["项目", "阶段", "应配建(㎡)", "现有(㎡)", "结论", "问题"],
            [
                [
                    one.name,
                    one.stage,
                    "不明" if one.required_m2 is None else f"{one.required_m2:,.2f}",
                    "不明" if one.given_m2 is None else f"{one.given_m2:,.2f}",
                    one.status,
                    "；".join(one.words),
                ]
                for one in troubled
            ],
            [32, 18, 22, 22, 18, 44],
        )


def draw_statuses(assessment: Assessment, outlines: gpd.GeoDataFrame) -> Figure:
    """Draw communities in the colours of what was found; those that were not checked stay white."""
    west, _, east, _ = outlines.total_bounds
    shapes = project(np.asarray(outlines.geometry.array, dtype=object), metric_crs((west + east) / 2))
    left, low, right, high = shapely.total_bounds(shapes)
    tall = min(max(WIDE_INCHES * (high - low) / max(right - left, 1.0), 3.0), 7.5)
    figure = Figure(figsize=(WIDE_INCHES, tall))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.005, 0.005, 0.99, 0.99))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal")
    room = 0.03 * max(right - left, high - low)
    axes.set_xlim(left - room, right + room)
    axes.set_ylim(low - room, high + room)
    status = {one.community.code: one.status for one in assessment.communities}
    codes = [str(code) for code in outlines["community_code"]]
    colours = [COLOURS.get(status.get(code, ""), "#FFFFFF") for code in codes]
    fill(axes, shapes, colours, edge="#808080", width=0.5, z=1)
    areas = shapely.area(shapes)
    for row in np.argsort(-areas, kind="stable")[:MOST_LABELS].tolist():
        if status.get(codes[row]) != "达标" or len(codes) <= MOST_LABELS:
            spot = shapely.point_on_surface(shapes[row])
            write(axes, spot, printable(str(outlines["name"].iloc[row])), 5.5, "#222222", z=3)
    handles = [Patch(facecolor=colour, edgecolor="#808080", label=words) for words, colour in COLOURS.items()]
    axes.legend(handles=handles, loc="lower right", prop=use_font(8), framealpha=0.92)
    return figure
