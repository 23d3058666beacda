"""Views of a plan against the grids that were there before, and of what is wrong with those."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from app.maps.languages import Say, speak, translate
from app.maps.views import BAD, PALE, WARN, Area, View, ViewClass

if TYPE_CHECKING:  # it brings along how grids descend, which a page that is drawn has no use for
    from app.geo.lineage import Change, Flow, Lineage

__all__ = ["view_changes", "view_checkup", "view_old_checkup"]

BECAME: tuple[tuple[Change, str, str, str, str], ...] = (
    ("保留", "保留（不变）", "kept as it was", PALE, ""),
    ("边界微调", "边界微调", "border adjusted", "#d1e5f0", "~"),
    ("拆分", "由拆分而来", "from one that was split", "#fdb863", "÷"),
    ("合并", "由合并而来", "from several merged", "#b2abd2", "＋"),
    ("新增", "新增", "new", "#5e3c99", "●"),
)
"""What became of a grid, in Chinese and English, its colour and its sign.

Purple and orange differ for colour-blind eyes; what stays is not filled.
"""


def view_changes(lineage: Lineage, language: str = "zh") -> View:
    """Fill only the grids that differ from those before, and tell how many households came from and went where.

    A grid has the class of what became of the old grid that it carries on; where it carries on none, that of the flow
    that brings most households.
    """
    coming: dict[int, list[Flow]] = defaultdict(list)
    leaving: dict[int, float] = defaultdict(float)
    kept: dict[int, Flow] = {}
    carried = {int(new): old for old, new in enumerate(lineage.carried_by.tolist()) if new >= 0}
    for flow in lineage.flows:
        if flow.new >= 0 and carried.get(flow.new) == flow.old and not flow.buildings:
            kept[flow.new] = flow
        elif flow.new >= 0:
            coming[flow.new].append(flow)
        if flow.old >= 0 and flow.households and lineage.carried_by[flow.old] >= 0:
            leaving[int(lineage.carried_by[flow.old])] += flow.households
    say = speak(language)
    place_of = {word: place for place, (word, *_) in enumerate(BECAME)}
    class_of, texts = {}, {}
    for row, code in enumerate(map(str, lineage.new.codes)):
        came = sorted(coming[row], key=lambda flow: (-flow.households, flow.old))
        change = kept[row].change if row in kept else came[0].change if came else "新增"
        class_of[code] = place_of[change]
        texts[code] = _tell(change, lineage, carried.get(row), came, leaving[row], language)
    count, old = lineage.moved_households, len(lineage.old.codes)
    return View(
        "changes",
        say("与原有网格对照", "Changes since the grids before"),
        "grid",
        tuple(ViewClass(say(chinese, english), colour, sign) for _, chinese, english, colour, sign in BECAME),
        class_of,
        texts,
        say(
            f"改变网格归属的共 {count:,.0f} 户；原有 {old} 个网格；列表只列有变化的网格",
            f"{count:,.0f} households are in another grid than before; {old} grids before; unchanged ones not listed",
        ),
        beside=("old",),
        unlisted=(place_of["保留"],),
    )


def _tell(change: str, lineage: Lineage, old: int | None, came: Sequence[Flow], left: float, language: str) -> str:
    say = speak(language)
    said = [translate(change, language)]
    if old is not None:
        said.append(say("承接", "carries on ") + _name(lineage, old, language))
    moved = sum(flow.households for flow in came)
    if moved:
        sources = say("、", ", ").join(_name(lineage, flow.old, language) for flow in came[:3])
        sources += say("等", " and others") if len(came) > 3 else ""
        said.append(say(f"自{sources}转入 {moved:,.0f} 户", f"{moved:,.0f} households from {sources}"))
    if left:
        said.append(say(f"转出 {left:,.0f} 户", f"{left:,.0f} households left"))
    return say("，", ", ").join(said)


def _name(lineage: Lineage, old: int, language: str) -> str:
    if old < 0:
        return speak(language)("未覆盖处", "where no grid was")
    return f"“{lineage.old.names[old] or lineage.old.codes[old]}”"


DRAWN = ["未覆盖重叠", "边界与图形", "被拆分小区", "编码与归属"]


def view_checkup(rows: pd.DataFrame, faulty: str, language: str = "zh") -> View:
    """Colour grids by what their checkup (体检) found: nothing, only households or posts amiss, or more.

    Parameters
    ----------
    rows
        Rows of 《现有网格体检表》; the verdict 结论 of a grid to be mended is `faulty`.
    """
    say = speak(language)
    own = rows[rows["网格编码"] != ""]
    faults = own[DRAWN].notna().any(axis=1)
    places = [2 if drawn else int(verdict == faulty) for drawn, verdict in zip(faults, own["结论"], strict=True)]
    told = own[["户数结论", *DRAWN, "人员问题"]].astype(object)
    said = ["；".join("" if pd.isna(text) else str(text) for text in row) for row in told.itertuples(index=False)]
    said = [re.sub("；+", "；", text).strip("；") for text in said]
    return View(
        "checkup",
        say("现有网格体检", "Checkup of the old grids"),
        "grid",
        _verdicts(say),
        dict(zip(own["网格编码"], places, strict=True)),
        dict(zip(own["网格编码"], said, strict=True)),
    )


def view_old_checkup(old: gpd.GeoDataFrame, language: str = "zh") -> View:
    """Show what the checkup of the grids before has found, on their own outlines under those in force.

    Parameters
    ----------
    old
        `grid_code`, `name`, `verdict` (the class of `view_checkup`) and `findings` of grids that were checked.
    """
    say = speak(language)
    codes = [str(code) for code in old["grid_code"]]
    names = [str(name) or code for name, code in zip(old["name"], codes, strict=True)]
    return View(
        "checkup",
        say("原有网格体检", "Checkup of the grids before"),
        "area",
        _verdicts(say),
        dict(zip(codes, map(int, old["verdict"]), strict=True)),
        {code: str(text) or say("正常", "sound") for code, text in zip(codes, old["findings"], strict=True)},
        say("导入时按户数、边界、覆盖、编码逐项核查", "Households, borders, cover and codes, checked when taken in"),
        tuple(Area(*one) for one in zip(codes, names, old.geometry, strict=True)),
    )


def _verdicts(say: Say) -> tuple[ViewClass, ...]:
    return (
        ViewClass(say("正常", "sound"), PALE),
        ViewClass(say("户数或人员需整改", "households or staff to be mended"), WARN, "!"),
        ViewClass(say("边界、覆盖或编码需整改", "borders, cover or codes to be mended"), BAD, "✗"),
    )
