"""New housing projects at several stages, some with phases, some owing rooms."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_data.make_county.tables import as_table

__all__ = ["PROJECT_COLUMNS", "list_projects"]

PER_100_M2 = 50.0
PROJECT_COLUMNS = (
    *(
        "项目编号",
        "项目名称",
        "开发单位",
        "社区编码",
        "所属社区",
        "规划条件日期",
        "出让合同日期",
        "适用标准",
        "分期",
        "规划户数",
    ),
    *(
        "应配建面积",
        "规划面积",
        "竣工面积",
        "已移交面积",
        "缺口",
        "当前阶段",
        "是否集中配建",
        "不动产权证号",
        "接收单位",
        "移交日期",
    ),
    *("存在问题",),
)
STAGES = ("规划条件", "方案", "竣工", "验收", "移交", "登记", "启用")
# name, number of the urban community, conditions, [(phase, households, share of what is due, stage)], in one place
PROJECTS = (
    ("云栖府", 0, "2022-03-18", (("", 640, 1.04, "启用"),), True),
    ("江岸名邸", 11, "2021-11-02", (("", 812, 1.0, "登记"),), True),
    ("滨江壹号院", 13, "2022-08-30", (("", 1260, 0.62, "移交"),), True),
    ("学府里", 10, "2023-05-12", (("一期", 480, 0.5, "移交"), ("二期", 520, 1.6, "方案")), True),
    ("开元时代", 14, "2022-01-20", (("一期", 700, 1.1, "启用"), ("二期", 650, 0.95, "验收")), True),
    ("梧桐雅苑二期", 12, "2023-09-01", (("", 380, 0.0, "竣工"),), True),
    ("新城铂悦", 15, "2024-04-25", (("", 1530, 1.02, "方案"),), True),
    ("红星花语", 20, "2021-06-15", (("", 456, 0.81, "启用"),), False),
    ("兴业华庭", 21, "2024-10-08", (("", 900, 1.1, "规划条件"),), True),
    ("体育公园里", 19, "2023-02-14", (("", 540, 1.0, "验收"),), True),
    ("东风新里", 18, "2022-12-01", (("", 720, 1.0, "移交"),), True),
    ("北站广场公馆", 16, "2025-03-06", (("一期", 300, 1.0, "规划条件"), ("二期", 420, 1.0, "规划条件")), True),
)
NO_PAPERS = "东风新里"  # handed over, but nobody signed
SHORT_OF = 1e-6


def list_projects(communities: gpd.GeoDataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, object]]:
    """List the projects, and what each owes by the rule of 50 m² for every 100 households."""
    urban = communities[communities.urban_rural_code == "111"].reset_index(drop=True)
    rows: list[dict[str, object]] = []
    owing: dict[str, float] = {}
    unsigned: list[str] = []
    for number, (name, where, conditions, phases, in_one_place) in enumerate(PROJECTS, 1):
        project = f"XM{number:03d}"
        due_in_all, given_in_all = 0.0, 0.0
        for phase, households, share, stage in phases:
            due = PER_100_M2 * households / 100
            area = round(due * share, 1)
            step = STAGES.index(stage)
            row: dict[str, object] = {
                "项目编号": project,
                "项目名称": name,
                "开发单位": f"子虚县{name[:2]}置业有限公司",
                "社区编码": urban.community_code[where],
                "所属社区": urban.name[where],
                "规划条件日期": conditions,
                "出让合同日期": str(pd.Timestamp(conditions).date() + pd.Timedelta(days=70)),
                "适用标准": "每百户50㎡",
                "分期": phase,
                "规划户数": households,
                "应配建面积": due,
                "规划面积": max(area, round(due, 1) if share else 0.0),
                "当前阶段": stage,
                "是否集中配建": "是" if in_one_place else "否",
            }
            if step >= STAGES.index("竣工"):
                row["竣工面积"] = area
            if step >= STAGES.index("移交"):
                row["已移交面积"] = area
                if name != NO_PAPERS:
                    row |= {"接收单位": "镇街资产办", "移交日期": f"2025-{int(rng.integers(1, 12)):02d}-18"}
            if step >= STAGES.index("登记"):
                row["不动产权证号"] = f"子虚不动产权第{int(rng.integers(1000, 9999)):07d}号"
            given = float(str(row["规划面积"])) if step < STAGES.index("竣工") else area
            due_in_all, given_in_all = due_in_all + due, given_in_all + given
            row["缺口"] = max(round(due - given, 1), 0.0)
            rows.append(row)
        if given_in_all < due_in_all - SHORT_OF:
            owing[project] = round(due_in_all - given_in_all, 2)
        elif name == NO_PAPERS:
            unsigned.append(project)
    table = as_table(rows, PROJECT_COLUMNS)
    return table, {"missing_50_per_100_m2": owing, "without_papers": unsigned}
