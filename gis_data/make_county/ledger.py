"""The community ledger: party bodies, renovation, pairing, budget; with the two-row head that offices like."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from gis_data.make_county.names import person_names

__all__ = ["LEDGER_HEADS", "LEDGER_TITLE", "keep_ledger"]

LEDGER_TITLE = "子虚县城乡社区基本情况台账"
LEDGER_HEADS = (
    ("", ("序号", "街道(乡镇)", "社区编码", "社区", "户数", "人口")),
    ("党组织", ("类型", "书记", "党员数")),
    ("党群服务中心亲民化改造", ("年度", "投入(元)")),
    ("结对共建", ("单位", "联系人")),
    ("经费(元/年)", ("年度预算", "上年执行")),
)
PARTY_BODIES = (("党委", 9), ("党总支", 56), ("党支部", 16))
DEPARTMENTS = (
    *(
        "县委办",
        "县府办",
        "县人大办",
        "县政协办",
        "组织部",
        "宣传部",
        "统战部",
        "政法委",
        "发改局",
        "教体局",
        "经信局",
        "公安局",
    ),
    *(
        "民政局",
        "司法局",
        "财政局",
        "人社局",
        "自然资源局",
        "生态环境局",
        "住建局",
        "交运局",
        "水务局",
        "农业农村局",
        "商务局",
    ),
    *(
        "文旅局",
        "卫健局",
        "退役军人局",
        "应急局",
        "审计局",
        "市场监管局",
        "统计局",
        "医保局",
        "税务局",
        "供电公司",
        "邮政公司",
    ),
)
BUDGET_URBAN, BUDGET_RURAL = 120_000, 100_000
RENOVATED = (2020, 2021, 2022)  # a third of the urban centres a year


def keep_ledger(communities: gpd.GeoDataFrame, towns: dict[str, str], rng: np.random.Generator) -> list[list[object]]:
    """Fill in a row for each community."""
    order = np.argsort(-communities.households.to_numpy() - 10_000 * (communities.urban_rural_code == "111").to_numpy())
    bodies = np.empty(len(communities), dtype=object)
    bodies[order] = [body for body, count in PARTY_BODIES for _ in range(count)]
    names = person_names(rng, 2 * len(communities))
    rows: list[list[object]] = []
    urban = 0
    for number, (town, code, name, kind, households, persons) in enumerate(
        communities[["town_code", "community_code", "name", "urban_rural_code", "households", "persons"]].itertuples(
            index=False, name=None
        )
    ):
        is_urban = kind == "111"
        budget = BUDGET_URBAN if is_urban else BUDGET_RURAL
        renovated: object = ""
        if is_urban:
            renovated = RENOVATED[urban % 3]
            urban += 1
        spent = budget if rng.random() < 0.7 else int(budget * float(rng.uniform(0.78, 0.99)) // 100 * 100)
        paid = int(rng.integers(20, 60)) * 10_000 if is_urban else ""
        rows.append(
            [
                *(number + 1, towns[town], code, name, households, persons),
                *(bodies[number], names[2 * number], int(persons * float(rng.uniform(0.02, 0.05)))),
                *(renovated, paid, DEPARTMENTS[number % len(DEPARTMENTS)], names[2 * number + 1], budget, spent),
            ]
        )
    return rows
