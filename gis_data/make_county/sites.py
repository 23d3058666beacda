"""What stands in the blocks of the county town and the towns: schools, hospitals, parks, plants, markets; by place."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SITES", "SUPERBLOCK_HOUSEHOLDS", "SUPERBLOCK_NAME", "TOWER", "TOWER_HOUSEHOLDS", "TOWN_SITES", "Site"]

SUPERBLOCK_NAME, SUPERBLOCK_HOUSEHOLDS = "子虚国际城", 1900
TOWER, TOWER_HOUSEHOLDS = "开元公寓", 620


@dataclass(frozen=True)
class Site:
    """A school, hospital, park, plant or market that fills a block; markets are no special site."""

    kind: str
    name: str
    building: str
    levels: int
    special: bool = True


SITES = {  # by row and column of the cell and quarter of it
    (0, 6, "whole"): Site("plant", "子虚机械厂", "车间", 1),
    (5, 6, "whole"): Site("school", "子虚职业技术学院", "教学楼", 6),
    (1, 1, "sw"): Site("school", "子虚县第二中学", "教学楼", 5),
    (1, 3, "ne"): Site("hospital", "子虚县人民医院", "住院楼", 11),
    (1, 4, "nw"): Site("park", "人民公园", "", 1),
    (1, 4, "ne"): Site("office", "县政务服务中心", "办公楼", 8),
    (2, 1, "nw"): Site("school", "文昌小学", "教学楼", 4),
    (2, 5, "se"): Site("market", "兴业农贸市场", "交易大棚", 2, special=False),
    (3, 0, "sw"): Site("plant", "子虚县自来水厂", "厂房", 1),
    (3, 3, "se"): Site("school", "鼓楼小学", "教学楼", 4),
    (4, 1, "ne"): Site("school", "子虚中学", "教学楼", 6),
    (4, 2, "nw"): Site("park", "滨江公园", "", 1),
    (4, 5, "se"): Site("hospital", "子虚县中医医院", "门诊楼", 8),
    (5, 1, "sw"): Site("school", "梧桐小学", "教学楼", 4),
    (5, 3, "se"): Site("park", "新城体育公园", "", 1),
    (0, 2, "nw"): Site("market", "北站商贸城", "商铺", 3, special=False),
    (0, 4, "se"): Site("plant", "子虚丝绸厂", "车间", 2),
}
TOWN_SITES = {  # by number of the block in a town
    1: Site("school", "中心小学", "教学楼", 4),
    6: Site("hospital", "卫生院", "门诊楼", 4),
}
