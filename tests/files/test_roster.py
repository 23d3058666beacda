"""The roster is read from the table that offices keep; those without a grid, and those who left, are not counted."""

from __future__ import annotations

import pytest

from app.files.roster import read_roster
from app.geo.errors import InputError

HEAD = "姓名,角色,网格编码,联系电话,离岗日期\n"


def test_those_who_have_a_grid_are_read(tmp_path):
    path = tmp_path / "staff.csv"
    path.write_text(
        HEAD
        + "甄士隐,网格长,999901001001001,19900000001,\n"
        + "贾雨村,专职,999901001001001,19900000002,\n"
        + "冷子兴,社区书记,,19900000003,\n"
        + "封肃,兼职网格员,999901001001002,,2025-01-31\n",
        "gb18030",
    )
    rows = read_roster(str(path))
    assert rows.to_numpy().tolist() == [
        ["999901001001001", "甄士隐", "网格长", "19900000001"],
        ["999901001001001", "贾雨村", "专职网格员", "19900000002"],
    ]


def test_a_role_that_nobody_knows_is_refused_with_its_row(tmp_path):
    (tmp_path / "staff.csv").write_text(HEAD + "甄士隐,格格,999901001001001,,\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_roster(str(tmp_path / "staff.csv"))
    assert (caught.value.faults[0].kind, caught.value.faults[0].feature) == ("word_unknown", "row 2")
