"""Ledgers say what the plan and its buildings say, add up, and read back give the same plan."""

from __future__ import annotations

import io

import numpy as np
import openpyxl
import pandas as pd
import pytest

from app.files.delimited import write_csv
from app.files.dwelling_ledger import read_dwelling_ledger
from app.geo.lineage import trace_lineage
from app.geo.rules import Rules
from app.reports.ledgers import Dwellings, list_buildings, list_changes, list_grids, settle_dwellings
from app.reports.tables import BUILDINGS, CHANGES, GRIDS
from app.reports.workbooks import MACHINE_SHEET, Sheet, make_workbook

GRID_NAMES = """
    序号 街道(乡镇) 社区(村) 网格编码 网格名称 网格类型 四至范围 面积(㎡)
    包含小区(自然村) 楼栋数 户数 户数口径 人口 流动人口 商户数 企事业单位数
    网格党组织 网格长 联系电话 专职网格员 联系电话 兼职网格员数 包联干部 是否超限 超限原因 生效日期 批复文号 备注
"""
BUILDING_NAMES = """
    社区 小区 楼栋 单元 地址(门牌) 标准地址编码 户数 人口 物业服务企业 建成年代 原网格 现网格 网格员 备注
"""
CHANGE_NAMES = """
    社区 原网格编码 原名称 原户数 调整方式 现网格编码 现名称 现户数 涉及小区楼栋 涉及户数 调整原因 网格员变化
"""


@pytest.mark.parametrize(
    ("table", "names"), [(GRIDS, GRID_NAMES), (BUILDINGS, BUILDING_NAMES), (CHANGES, CHANGE_NAMES)]
)
def test_ledgers_have_the_columns_that_offices_know_in_their_order(table, names):
    printed = ["联系电话" if "联系电话" in column.name else column.name for column in table.columns if column.printed]
    assert printed == names.split()
    assert len(set(table.names)) == len(table.names)


def test_a_grid_is_told_with_its_places_people_and_reason(plan, dwellings, roster):
    rows = list_grids(plan, dwellings, roster, {"320199001001": "虚构镇"})
    first, over = rows.iloc[0], rows.iloc[4]
    assert first["四至范围"] == "东至程阁老巷，南至人民路，西至社区西界，北至社区北界"
    assert first["包含小区(自然村)"] == "0号院、散楼1栋"
    assert (first["楼栋数"], first["户数"], first["街道(乡镇)"]) == (3, 412, "虚构镇")
    assert (first["网格长"], first["网格长联系电话"], first["专职网格员"]) == ("甄士隐", "19900000001", "贾雨村")
    assert (over["是否超限"], over["超限原因"]) == ("是", "社区共852户，只能分成612户和240户")


def test_households_of_buildings_and_of_grids_are_the_same(plan, dwellings):
    grids, buildings = list_grids(plan, dwellings), list_buildings(plan, dwellings)
    by_grid = buildings.groupby("现网格编码")["户数"].sum()
    counted = grids[grids["网格类型"] == "综合网格"].set_index("网格编码")["户数"]
    assert by_grid.to_dict() == counted.to_dict()


def test_a_compound_in_two_grids_is_told_as_a_part_in_both(plan, dwellings):
    rows = dwellings.rows.assign(compound=dwellings.rows["compound"].replace({"0号院": "大院", "1号院": "大院"}))
    told = list_grids(plan, Dwellings(rows))["包含小区(自然村)"]
    assert told[0].startswith("大院(部分)")
    assert told[1].startswith("大院(部分)")


def test_buildings_of_one_name_are_told_apart(plan, layers):
    same = layers.buildings.assign(name="楼", compound="院")
    rows = settle_dwellings(plan.grids, plan.communities, same, layers.compounds).rows
    assert not rows.duplicated(["community_code", "compound", "label"]).any()
    assert "楼(0-0)" in set(rows["label"])


def texts(values: pd.Series) -> list[str | None]:
    return [None if pd.isna(value) else value for value in values]


def read_back(workbook: bytes) -> pd.DataFrame:
    sheet = openpyxl.load_workbook(io.BytesIO(workbook))[MACHINE_SHEET]
    head, *rows = sheet.iter_rows(values_only=True)
    return pd.DataFrame(rows, columns=head)


def test_ledgers_read_back_give_the_same_plan(plan, layers, dwellings, roster):
    lineage = trace_lineage(plan.grids, plan.grids, plan.communities, layers.buildings)
    written = {
        GRIDS: list_grids(plan, dwellings, roster),
        BUILDINGS: list_buildings(plan, dwellings, roster, lineage),
    }
    for table, rows in written.items():
        back = read_back(make_workbook([Sheet(table, rows)]))
        assert list(back.columns) == table.names
        for column in table.columns:
            one, other = rows[column.name], back[column.name]
            if column.kind in ("whole", "amount"):
                ours, theirs = (pd.to_numeric(values).to_numpy(float) for values in (one, other))
                assert np.array_equal(ours, theirs, equal_nan=True), column.name
            else:
                assert [value or None for value in texts(one)] == texts(other), column.name
    grids, buildings = written[GRIDS], written[BUILDINGS]
    code_of = dict(zip(grids["社区(村)"] + grids["网格名称"], grids["网格编码"], strict=True))
    assigned = [code_of[home + grid] for home, grid in zip(buildings["社区"], buildings["现网格"], strict=True)]
    assert assigned == [plan.grids["grid_code"].iloc[row] for row in dwellings.rows["grid"]]


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_the_reader_of_ledgers_finds_the_same_plan_in_ours(plan, layers, dwellings, roster, tmp_path, suffix):
    lineage = trace_lineage(plan.grids, plan.grids, plan.communities, layers.buildings)
    rows = list_buildings(plan, dwellings, roster, lineage)
    content = make_workbook([Sheet(BUILDINGS, rows)]) if suffix == ".xlsx" else write_csv(rows)
    (tmp_path / f"ledger{suffix}").write_bytes(content)
    read = read_dwelling_ledger(str(tmp_path / f"ledger{suffix}"))
    assert read.household_basis == plan.about["household_basis"]
    for ours, theirs in (
        ("楼栋编号", "building_id"),
        ("楼栋", "building"),
        ("小区", "compound"),
        ("社区编码", "community_code"),
        ("户数", "households"),
        ("现网格", "grid"),
        ("现网格编码", "grid_code"),
        ("原网格编码", "old_grid_code"),
        ("网格员", "worker"),
    ):
        assert read.rows[theirs].tolist() == rows[ours].tolist(), ours


def test_moved_households_add_up_in_the_comparison(plan, layers, dwellings, roster):
    old = plan.grids.assign(grid_code=[f"旧{k // 2}" for k in range(6)]).dissolve(by="grid_code", as_index=False)
    lineage = trace_lineage(old, plan.grids, plan.communities, layers.buildings)
    rows = list_changes(lineage, dwellings, {}, Rules(), after=roster)
    assert rows["涉及户数"].sum() == lineage.moved_households > 0
    assert (rows.loc[rows["涉及户数"] > 0, "涉及小区楼栋"] != "").all()
    assert set(rows["现网格编码"]) == set(plan.grids["grid_code"])


def test_the_split_of_too_large_a_grid_says_why(plan, layers, dwellings):
    old = plan.grids.assign(grid_code=[f"旧{k // 2}" for k in range(6)]).dissolve(by="grid_code", as_index=False)
    lineage = trace_lineage(old, plan.grids, plan.communities, layers.buildings)
    rows = list_changes(lineage, dwellings, {}, Rules())
    assert "原网格800户，超过上限500户" in set(rows["调整原因"])
