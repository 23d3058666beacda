"""《现有网格体检表》: every grid that there is with what is wrong with it, in the words of the check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from app.geo.census import count_households
from app.geo.layers import Layers
from app.geo.promises import HARD_PROMISES, PROMISE_WORDS, Scorecard
from app.geo.rejections import REJECTION_WORDS, Rejection
from app.geo.rules import Rules
from app.geo.survey import read_statements, survey_grids
from app.reports.ledgers import FULL_TIME, LEADER, PART_TIME, Roster
from app.reports.tables import CHECKUP, Column, Table
from app.reports.texts import clean, join_names
from app.reports.workbooks import Sheet, make_workbook

__all__ = ["FAULTY", "SOUND", "list_checkup", "write_checkup"]

SOUND, FAULTY = "正常", "需整改"

WHOLE_COMMUNITY = "（全社区）"

MOST_TOLD = 8
"""Findings that are told in one cell; the list of findings has all."""

COLUMN_OF: Mapping[str, str] = {
    **dict.fromkeys(("gap_m2", "spill_m2", "overlap_m2", "lost_households"), "未覆盖重叠"),
    **dict.fromkeys(
        ("invalid", "multipart", "necks", "edge_mismatch", "edge_mismatch_between", "buildings_cut", "slivers"),
        "边界与图形",
    ),
    "compounds_split": "被拆分小区",
    **dict.fromkeys(
        ("duplicate_codes", "orphan_communities", "unknown_community", "false_special", "wrong_count"), "编码与归属"
    ),
    **dict.fromkeys(("zigzag", "neck", "strip", "barrier_crossed", "sides_untold"), "边界与图形"),
    **dict.fromkeys(("compound_cut", "group_cut"), "被拆分小区"),
}
"""Where a promise that is broken, or a hit of the rejection check, is told."""

SCORES = Table(
    "核验指标",
    (Column("指标", width=44), Column("数值", width=16), Column("结论", width=12), Column("代码", width=24)),
)

FINDINGS = Table(
    "问题清单",
    (
        Column("序号", "whole", 6),
        Column("类别", width=26),
        Column("网格或社区编码", "code", 22),
        Column("情况", width=70),
        Column("处理建议", width=40),
        Column("经度", "code", 13),
        Column("纬度", "code", 13),
    ),
)


def list_checkup(
    grids: gpd.GeoDataFrame,
    layers: Layers,
    rules: Rules,
    scorecard: Scorecard,
    rejections: Sequence[Rejection],
    roster: Roster | None,
) -> pd.DataFrame:
    """List grids with what is wrong with each, and communities where something is in no grid at all.

    Parameters
    ----------
    grids
        As they were drawn, with whatever columns they have.
    layers, rules
        What they were checked against.
    scorecard, rejections
        What was found.
    roster
        Who works where; None where nobody said.
    """
    survey = survey_grids(grids, layers.communities)
    statements = read_statements(grids)
    counted = count_households(survey, statements, layers.buildings).counted
    stated = statements.households
    names = dict(zip(layers.communities["community_code"], layers.communities["name"], strict=True))
    told = _tell_by_code(scorecard, rejections)
    rows: list[dict[str, Any]] = []
    homes = np.append(survey.community_codes, "")[survey.grid_community]
    order = sorted(range(len(grids)), key=lambda row: (str(homes[row]), str(survey.grid_codes[row]), row))
    for row in order:
        code = clean(survey.grid_codes[row])
        special = bool(statements.special[row])
        band = "" if special else _judge_band(float(counted[row]), rules)
        people, trouble = _judge_people(roster, code, special=special)
        rows.append(
            _row(
                told.get(code, {}),
                home=str(homes[row]),
                names=names,
                code=code,
                name=clean(survey.grid_names[row]),
                kind="专属网格" if special else "综合网格",
                stated=None if stated is None or np.isnan(stated[row]) else float(stated[row]),
                counted=float(counted[row]),
                band=band,
                people=people,
                trouble=trouble,
            )
        )
    grid_codes = {clean(code) for code in survey.grid_codes}
    wholes = sorted({str(code) for code in survey.community_codes} & set(told) - grid_codes)
    rows += [_row(told[home], home=home, names=names, code="", name=WHOLE_COMMUNITY) for home in wholes]
    rows.sort(key=lambda one: (one["社区编码"], one["网格名称"] != WHOLE_COMMUNITY))
    for number, one in enumerate(rows):
        one["序号"] = number + 1
    return pd.DataFrame(rows, columns=CHECKUP.names)


def _tell_by_code(scorecard: Scorecard, rejections: Sequence[Rejection]) -> dict[str, dict[str, list[str]]]:
    """Gather what was found by the code of the grid or community, column by column."""
    told: dict[str, dict[str, list[str]]] = {}
    for place in scorecard.places:
        column = COLUMN_OF.get(place.promise)
        if column:
            told.setdefault(clean(place.code), {}).setdefault(column, []).append(place.words_zh)
    for hit in rejections:
        for code in hit.grid_codes if not hit.explained else ():
            said = told.setdefault(clean(code), {}).setdefault(COLUMN_OF[hit.kind], [])
            if hit.words_zh not in said:
                said.append(hit.words_zh)
    return told


def _judge_band(households: float, rules: Rules) -> str:
    if households == 0:
        return "空网格"
    if households > rules.max_households:
        return "户数超限"
    return "户数不足" if households < rules.min_households else "限内"


def _judge_people(roster: Roster | None, code: str, *, special: bool) -> tuple[str, str]:
    """Name who works in a grid, and say where nobody does or somebody has another grid too."""
    if roster is None:
        return "", ""
    workers = roster.find(code, FULL_TIME) or roster.find(code, LEADER) or roster.find(code, PART_TIME)
    if not workers:
        return "", "" if special else "无网格员"
    several = [name for name, phone in workers if roster.holds_several(name, phone)]
    return join_names([name for name, _ in workers]), f"一人多格：{join_names(several)}" if several else ""


def _row(
    found: Mapping[str, Sequence[str]],
    *,
    home: str,
    names: Mapping[str, str],
    code: str,
    name: str,
    kind: str = "",
    stated: float | None = None,
    counted: float | None = None,
    band: str = "",
    people: str = "",
    trouble: str = "",
) -> dict[str, Any]:
    cells = {
        column: "；".join(said[:MOST_TOLD]) + (f"；另{len(said) - MOST_TOLD}处" if len(said) > MOST_TOLD else "")
        for column, said in found.items()
    }
    faults = sum(len(said) for said in found.values()) + (band not in ("", "限内")) + bool(trouble)
    return {
        "社区(村)": clean(names.get(home, "")),
        "网格编码": code,
        "网格名称": name,
        "网格类型": kind,
        "台账户数": stated,
        "按楼栋核算户数": counted,
        "户数结论": band,
        **cells,
        "网格员": people,
        "人员问题": trouble,
        "问题数": faults,
        "结论": FAULTY if faults else SOUND,
        "社区编码": home,
    }


def write_checkup(
    rows: pd.DataFrame, scorecard: Scorecard, rejections: Sequence[Rejection], rules: Rules, basis: str
) -> bytes:
    """Write 《现有网格体检表》: the grids, then every finding with its place, then every promise and score."""
    faulty = int((rows["结论"] == FAULTY).sum())
    band = f"{rules.min_households}—{rules.max_households}户"
    above = f"户数口径：{basis}；户数限：{band}；共{len(rows)}行，其中{faulty}行需整改"
    return make_workbook(
        [
            Sheet(
                CHECKUP,
                rows,
                above,
                ("“未覆盖/重叠”等按图形重新计算，与台账填写无关；没有提供人员表的，人员各列为空。",),
            ),
            Sheet(FINDINGS, _list_findings(scorecard, rejections), "逐处列出，经纬度为2000国家大地坐标系"),
            Sheet(SCORES, _list_scores(scorecard), "硬性要求须为0；其余为参考"),
        ]
    )


def _list_findings(scorecard: Scorecard, rejections: Sequence[Rejection]) -> pd.DataFrame:
    rows = [
        (PROMISE_WORDS[place.promise][0], place.code, place.words_zh, "", place.longitude, place.latitude)
        for place in scorecard.places
    ]
    rows += [
        (
            REJECTION_WORDS[hit.kind][0],
            "、".join(hit.grid_codes),
            hit.words_zh,
            f"已说明：{hit.reason_zh}" if hit.explained else hit.remedy_zh,
            hit.longitude,
            hit.latitude,
        )
        for hit in rejections
    ]
    listed = [
        (number + 1, kind, code, words, remedy, f"{lon:.6f}", f"{lat:.6f}")
        for number, (kind, code, words, remedy, lon, lat) in enumerate(rows)
    ]
    return pd.DataFrame(listed, columns=FINDINGS.names)


def _list_scores(scorecard: Scorecard) -> pd.DataFrame:
    rows = []
    for name, (words, _) in PROMISE_WORDS.items():
        value = scorecard.values[name]
        shown = "—" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
        verdict = "" if name not in HARD_PROMISES else "未核验" if value is None else "不满足" if value else "满足"
        rows.append((words, shown, verdict, name))
    return pd.DataFrame(rows, columns=SCORES.names)
