"""The columns of every ledger, by the names that offices know, and how each is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["BUILDINGS", "CHANGES", "CHECKUP", "GRIDS", "Column", "Table"]


@dataclass(frozen=True)
class Column:
    """A column: its name in the machine's copy, unique there, and how it is printed.

    Kinds: `code` text that keeps every digit; `text`; `whole` and `amount` numbers. `group` stands over neighbours in
    the upper row of the printed header, `label` below it where the name alone would say it twice. `total` columns are
    added up in the last row; what is not `printed` stands in the machine's copy only.
    """

    name: str
    kind: Literal["code", "text", "whole", "amount"] = "text"
    width: float = 10
    group: str = ""
    label: str = ""
    total: bool = False
    printed: bool = True


@dataclass(frozen=True)
class Table:
    """A ledger: its title and its columns; the first `frozen` of those that are printed stay in view."""

    title: str
    columns: tuple[Column, ...]
    frozen: int = 0

    @property
    def names(self) -> list[str]:
        """Every column in order."""
        return [column.name for column in self.columns]


GRIDS = Table(
    "网格台账",
    (
        Column("序号", "whole", 4),
        Column("街道(乡镇)", width=9),
        Column("社区(村)", width=9),
        Column("网格编码", "code", 17, "网格"),
        Column("网格名称", width=10, group="网格"),
        Column("网格类型", width=6, group="网格"),
        Column("四至范围", width=30),
        Column("面积(㎡)", "whole", 9, total=True),
        Column("包含小区(自然村)", width=20),
        Column("楼栋数", "whole", 5.5, "规模", total=True),
        Column("户数", "whole", 6, "规模", total=True),
        Column("户数口径", width=7, group="规模"),
        Column("人口", "whole", 7, "规模", total=True),
        Column("流动人口", "whole", 6, "规模", total=True),
        Column("商户数", "whole", 6, "规模", total=True),
        Column("企事业单位数", "whole", 7, "规模", total=True),
        Column("网格党组织", width=8),
        Column("网格长", width=8, group="网格长", label="姓名"),
        Column("网格长联系电话", "code", 13, "网格长", "联系电话"),
        Column("专职网格员", width=8, group="专职网格员", label="姓名"),
        Column("专职网格员联系电话", "code", 13, "专职网格员", "联系电话"),
        Column("兼职网格员数", "whole", 7, total=True),
        Column("包联干部", width=8),
        Column("是否超限", width=5, group="户数超限"),
        Column("超限原因", width=24, group="户数超限"),
        Column("生效日期", width=9, group="批准"),
        Column("批复文号", width=9, group="批准"),
        Column("备注", width=7),
        Column("社区编码", "code", 15, printed=False),
    ),
    frozen=5,
)

PUBLISHED = frozenset(
    (
        *(
            "序号",
            "街道(乡镇)",
            "社区(村)",
            "网格编码",
            "网格名称",
            "网格类型",
            "四至范围",
            "面积(㎡)",
            "包含小区(自然村)",
        ),
        *("户数", "户数口径", "网格长", "备注", "社区编码"),
    )
)
NOTICED = Table("网格划分明细表", tuple(column for column in GRIDS.columns if column.name in PUBLISHED), frozen=5)
"""What of 《网格台账》 goes with a public notice: who leads a grid, no telephone, nothing of single homes."""

BUILDINGS = Table(
    "楼栋归属明细表",
    (
        Column("社区", width=13),
        Column("小区", width=18),
        Column("楼栋", width=18),
        Column("单元", width=8),
        Column("地址(门牌)", width=26),
        Column("标准地址编码", "code", 18),
        Column("户数", "whole", 7, total=True),
        Column("人口", "whole", 7, total=True),
        Column("物业服务企业", width=18),
        Column("建成年代", width=9),
        Column("原网格", width=14),
        Column("现网格", width=14),
        Column("网格员", width=10),
        Column("备注", width=12),
        Column("户数口径", printed=False),
        Column("楼栋编号", "code", 14, printed=False),
        Column("社区编码", "code", 15, printed=False),
        Column("原网格编码", "code", 19, printed=False),
        Column("现网格编码", "code", 19, printed=False),
    ),
    frozen=3,
)

CHANGES = Table(
    "网格调整前后对照表",
    (
        Column("社区", width=13),
        Column("原网格编码", "code", 19, "调整前", "网格编码"),
        Column("原名称", width=14, group="调整前", label="名称"),
        Column("原户数", "whole", 8, "调整前", "户数"),
        Column("调整方式", width=10),
        Column("现网格编码", "code", 19, "调整后", "网格编码"),
        Column("现名称", width=14, group="调整后", label="名称"),
        Column("现户数", "whole", 8, "调整后", "户数"),
        Column("涉及小区楼栋", width=52),
        Column("涉及户数", "whole", 9, total=True),
        Column("调整原因", width=30),
        Column("网格员变化", width=18),
    ),
    frozen=1,
)

CHECKUP = Table(
    "现有网格体检表",
    (
        Column("序号", "whole", 5),
        Column("社区(村)", width=13),
        Column("网格编码", "code", 19, "网格"),
        Column("网格名称", width=16, group="网格"),
        Column("网格类型", width=9, group="网格"),
        Column("台账户数", "whole", 8, "户数"),
        Column("按楼栋核算户数", "whole", 9, "户数", "楼栋核算", total=True),
        Column("户数结论", width=10, group="户数", label="结论"),
        Column("未覆盖重叠", width=26, group="体检发现", label="未覆盖/重叠"),
        Column("边界与图形", width=30, group="体检发现"),
        Column("被拆分小区", width=24, group="体检发现"),
        Column("编码与归属", width=22, group="体检发现"),
        Column("网格员", width=12, group="人员配备", label="网格员"),
        Column("人员问题", width=18, group="人员配备", label="问题"),
        Column("问题数", "whole", 7, total=True),
        Column("结论", width=9),
        Column("备注", width=12),
        Column("社区编码", "code", 15, printed=False),
    ),
    frozen=4,
)
