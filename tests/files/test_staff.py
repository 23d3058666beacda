"""Staff ledgers, other names, towns: read whole, or told row by row what is wrong."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from app.files.staff import read_other_names, read_staff, read_towns
from app.geo.errors import InputError

ROLES = ("网格长", "专职网格员")
HEADER = "人员编号,姓名,联系电话,角色,社区编码,网格编码,上岗日期,离岗日期"
GRID = "999901001001001"
GOOD = f"P1,甲,13800000000,网格长,999901001001,{GRID},2024-03-01,2025-01-01"


def write(tmp_path, *lines: str, header: str = HEADER):
    file = tmp_path / "table.csv"
    file.write_text("\n".join([header, *lines]), "utf-8-sig")
    return str(file)


def test_who_has_a_role_in_a_grid_and_who_has_not(tmp_path):
    rows, notes = read_staff(
        write(tmp_path, GOOD, f"P2,乙,,社区书记,999901001001,{GRID},,", "P3,丙,,网格长,,,,"), ROLES
    )
    assert [(row.staff_code, row.role) for row in rows] == [("P1", "网格长"), ("P2", ""), ("P3", "")]
    assert (rows[0].phone, str(rows[0].since), str(rows[0].until)) == ("13800000000", "2024-03-01", "2025-01-01")
    assert [(note.kind, note.count) for note in notes] == [("not_in_a_grid", 2)]


def test_one_person_in_two_grids_has_a_row_for_each(tmp_path):
    rows, _ = read_staff(write(tmp_path, GOOD, GOOD.replace(GRID, f"{GRID[:-1]}2")), ROLES)
    assert [row.grid_code for row in rows] == [GRID, f"{GRID[:-1]}2"]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("3.2E+14,甲,,网格长,999901001001,,2024-03-01,", "表格软件"),
        ("P1,甲,,网格长,999901001001,3.2E+14,2024-03-01,", "表格软件"),
        (f"P1,甲,,网格长,999901001001,{GRID},2024-13-41,", "2024-13-41"),
        (f"P1,甲,,网格长,999901001001,{GRID},2024-03-01,2023-01-01", "不可能"),
        (f"P1,甲,,网格长,999901001001,{GRID},,", "不可能"),
        (f"{GOOD}\nP1,乙,,,,,,", "重复"),
        (f"{GOOD}\n{GOOD}", "重复"),
        ("P1,,,网格长,,,,", "name"),
        (",甲,,网格长,,,,", "staff_code"),
    ],
)
def test_a_bad_row_is_told(tmp_path, line, word):
    with pytest.raises(InputError, match=word):
        read_staff(write(tmp_path, line), ROLES)


def test_other_names_are_of_compounds_and_roads(tmp_path):
    header = "类别,标准名称,别名"
    names = read_other_names(write(tmp_path, "小区,花园,老花园", "道路,长街,老街", header=header))
    assert [(one.kind, one.alias, one.name) for one in names] == [
        ("compound", "老花园", "花园"),
        ("road", "老街", "长街"),
    ]
    with pytest.raises(InputError, match="商店"):
        read_other_names(write(tmp_path, "商店,花园,老花园", header=header))


def test_towns_have_names_by_code(tmp_path):
    frame = gpd.GeoDataFrame({"town_code": ["999901001"], "name": ["乌有镇"]}, geometry=[shapely.box(105, 30, 106, 31)])
    frame.set_crs("EPSG:4490").to_file(tmp_path / "towns.gpkg")
    assert read_towns(str(tmp_path / "towns.gpkg")) == {"999901001": "乌有镇"}
