"""Last year's staff: 475 people of the communities, about a third of whom take no grid."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_data.make_county.names import person_names
from gis_data.make_county.places import share_exactly
from gis_data.make_county.tables import as_table

__all__ = ["STAFF_COLUMNS", "Staff", "appoint_staff"]

STAFF_URBAN, STAFF_RURAL = 336, 139
NUMBERS_FROM = 19900000000  # a range that was never given out
STAFF_COLUMNS = (
    *(
        "人员编号",
        "街道(乡镇)",
        "社区编码",
        "社区",
        "网格编码",
        "网格名称",
        "姓名",
        "角色",
        "人员类别",
        "政治面貌",
        "联系电话",
    ),
    *("户数", "上岗日期", "离岗日期", "备注"),
)
POSTS = ("社区书记", "社区主任", "社区副主任", "综合窗口", "民政专干", "人社专干")
PARTY = ("中共党员", "中共党员", "群众", "群众", "共青团员")
NO_WORKER = 3  # grids that nobody looks after
ON_TWO = 4  # people who look after two neighbouring grids


@dataclass(frozen=True)
class Staff:
    """The table, and the faults in it: grids without a worker, people on two grids, posts without a grid."""

    table: pd.DataFrame
    faults: dict[str, list[str]]


def appoint_staff(
    grids: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, towns: dict[str, str], rng: np.random.Generator
) -> Staff:
    """Appoint 336 people in urban communities and 139 in the others, about a third without a grid.

    Where a community has fewer people than grids, residents fill in part-time (兼职), beyond the 475.
    """
    urban = communities.urban_rural_code == "111"
    shares = {**_share(communities[urban], STAFF_URBAN), **_share(communities[~urban], STAFF_RURAL)}
    vacant = _vacant(grids)
    rows: list[dict[str, object]] = []
    faults: dict[str, list[str]] = {"grids_without_worker": sorted(vacant), "workers_on_two_grids": []}
    doubled = 0
    for code, name, town in zip(communities.community_code, communities.name, communities.town_code, strict=True):
        mine = grids[(grids.community_code == code) & ~grids.grid_code.isin(vacant)]
        people = shares[code]
        officers = max(1, round(people / 3))
        held = list(zip(mine.grid_code, mine.name, mine.households, strict=True))
        common = {"街道(乡镇)": towns[town], "社区编码": code, "社区": name}
        for number in range(officers):
            post = POSTS[min(number, len(POSTS) - 1)]
            rows.append(
                {**common, "角色": post, "人员类别": "常职" if number < 2 else "专职工作者", "备注": "不包网格"}
            )
        workers = people - officers
        for number, (grid_code, grid_name, households) in enumerate(held):
            facts = {**common, "网格编码": grid_code, "网格名称": grid_name, "户数": households}
            if number < workers:
                rows.append({**facts, "角色": "专职网格员", "人员类别": "专职工作者"})
            elif doubled < ON_TWO and number == workers and workers > 0:
                rows.append({**facts, "same": len(rows) - 1, "角色": "专职网格员", "人员类别": "专职工作者"})
                doubled += 1
            else:
                rows.append({**facts, "角色": "兼职网格员", "人员类别": "其他", "备注": "组长兼任"})
        surplus = max(workers - len(held), 0)
        helped = surplus - surplus // 5  # grids so large that two look after them (一格多员)
        seconds = sorted(held, key=lambda grid: (-grid[2], grid[0]))[:helped]
        rows += [
            {**common, "网格编码": grid_code, "网格名称": grid_name, "户数": households}
            | {"角色": "专职网格员", "人员类别": "专职工作者", "备注": "一格两员"}
            for grid_code, grid_name, households in seconds
        ]
        rows += [
            {**common, "角色": "社区工作者", "人员类别": "专职工作者", "备注": "不包网格"}
            for _ in range(surplus - len(seconds))
        ]
    return Staff(_fill(rows, faults, rng), faults)


def _share(communities: gpd.GeoDataFrame, total: int) -> dict[str, int]:
    counts = share_exactly(communities.persons.to_numpy(float) ** 0.8, total - len(communities)) + 1
    return dict(zip(communities.community_code, counts.tolist(), strict=True))


def _vacant(grids: gpd.GeoDataFrame) -> set[str]:
    """Choose the grids that nobody looks after: one in every so many."""
    step = len(grids) // NO_WORKER
    return {grids.grid_code[step // 2 + step * k] for k in range(NO_WORKER)}


def _fill(rows: list[dict[str, object]], faults: dict[str, list[str]], rng: np.random.Generator) -> pd.DataFrame:
    """Give everybody a name, a number, a telephone and a day."""
    names = person_names(rng, len(rows))
    days = pd.Timestamp("2019-03-01") + pd.to_timedelta(rng.integers(0, 2300, len(rows)), unit="D")
    party = rng.integers(0, len(PARTY), len(rows))
    for number, row in enumerate(rows):
        row["人员编号"] = f"P{number + 1:04d}"
        row["姓名"], row["政治面貌"] = names[number], PARTY[int(party[number])]
        row["联系电话"] = str(NUMBERS_FROM + number + 1)
        row["上岗日期"] = days[number].date().isoformat()
        first = row.pop("same", None)
        if isinstance(first, int):
            same = rows[first]
            for column in ("人员编号", "姓名", "政治面貌", "联系电话", "上岗日期"):
                row[column] = same[column]
            faults["workers_on_two_grids"].append(str(row["人员编号"]))
    return as_table(rows, STAFF_COLUMNS)
