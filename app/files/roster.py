"""Who works in which grid, as ledgers print it: 《网格人员配备表》 as CSV or workbook, without the codes of people."""

from __future__ import annotations

import pandas as pd

from app.files.messages import Findings
from app.files.tables import LedgerTable, read_ledger
from app.geo.layers import Contract, Field

__all__ = ["ROSTER", "read_roster"]

ROSTER = Contract(
    "roster",
    (),
    (
        Field("name", "text", "姓名", required=True),
        Field("role", "text", "角色 岗位 职务", required=True),
        Field("grid_code", "code", "网格编码 网格代码", required=True),
        Field("community_code", "code", "社区编码"),
        Field("phone", "code", "联系电话 电话 手机 手机号"),
        Field("left_on", "text", "离岗日期"),
    ),
)

ROLES = {
    "网格长": "网格长",
    "专职": "专职网格员",
    "专职网格员": "专职网格员",
    "网格员": "专职网格员",
    "兼职": "兼职网格员",
    "兼职网格员": "兼职网格员",
    "包联干部": "包联干部",
    "党组织书记": "党组织书记",
}
"""Roles that belong to a grid, by the words under which they are known; others belong to the community."""


def read_roster(spec: str) -> pd.DataFrame:
    """Read those who have a grid and have not left it: 网格编码, 姓名, 角色, 联系电话, in the order of the table.

    Raises
    ------
    InputError
        With everything that is wrong with the table.
    """
    findings = Findings("roster", spec)
    ledger = read_ledger(ROSTER, spec, findings, {})
    table = LedgerTable(ledger, ROSTER, findings)
    rows = []
    for k in range(len(ledger.rows)):
        code, role = table.text("grid_code", k).strip(), ROLES.get(table.text("role", k).strip())
        if not code or table.text("left_on", k).strip():
            continue
        if role is None:
            findings.refuse(
                "word_unknown", ledger.labels[k], field="角色", value=table.text("role", k), known="、".join(ROLES)
            )
            continue
        rows.append((code, table.text("name", k).strip(), role, table.text("phone", k).strip()))
    findings.settle()
    return pd.DataFrame(rows, columns=["网格编码", "姓名", "角色", "联系电话"])
