"""Other names of compounds and roads: former names, what people call them, and how else they are written."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

__all__ = ["list_aliases"]

SPOKEN = ("老{}", "{}大院", "{}那片")
FORMER_ROADS = {
    "人民大道": ("中街", "人民路"),
    "解放路": ("正街", "老正街"),
    "子虚大道": ("一环东路", "子虚路"),
    "滨河北路": ("河街", "沿江路"),
    "文昌路": ("文昌街", "庙街"),
    "建设路": ("环城路", "建设街"),
    "江南大道": ("江南路", "省道路"),
    "胜利路": ("南门路", "胜利街"),
}


def list_aliases(compounds: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """List other names with the thing they stand for, its kind, and what sort of name each is."""
    rows: list[tuple[str, str, str, str, str]] = []
    taken = set(compounds.name)
    for number, (code, name) in enumerate(zip(compounds.compound_id, compounds.name, strict=True)):
        if number % 3 == 0:
            alias = SPOKEN[int(rng.integers(0, len(SPOKEN)))].format(name[:2])
            if alias not in taken:
                taken.add(alias)
                rows.append(("小区", code, name, alias, "俗称"))
        elif number % 3 == 1 and name.endswith(("小区", "花园", "家园", "新城")):
            alias = name[:2] + {"小区": "新村", "花园": "山庄", "家园": "公寓", "新城": "广场"}[name[-2:]]
            if alias not in taken:
                taken.add(alias)
                rows.append(("小区", code, name, alias, "曾用名"))
        if name.endswith("二期"):
            rows.append(("小区", code, name, name.replace("二期", "2期"), "别写"))
    for name, (former, spoken) in FORMER_ROADS.items():
        rows += [("道路", "", name, former, "曾用名"), ("道路", "", name, spoken, "俗称")]
    return pd.DataFrame(rows, columns=["类别", "编码", "标准名称", "别名", "别名类型"])
