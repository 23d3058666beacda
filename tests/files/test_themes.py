"""A column of a ledger for a theme: found by its heading, keyed by code or name, refused in words."""

from __future__ import annotations

import geopandas as gpd
import openpyxl
import pytest
from shapely import box

from app.files.themes import read_theme
from app.geo.errors import InputError


@pytest.fixture
def ledger(tmp_path):
    """Write a ledger with a title and a heading of two merged rows."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["某县社区台账"])
    sheet.append(["序号", "社区编码", "社区", "党组织", None, "经费", None])
    sheet.append([None, None, None, "类型", "书记", "预算", "执行"])
    sheet.append([1, "330000000001", "甲社区", "党委", "张三", 120000, 1])
    sheet.append([2, "330000000002", "乙社区", None, None, None, 2])
    sheet.append(["合计", None, None, None, None, 120000, 3])
    for cells in ("A1:G1", "D2:E2", "F2:G2", "A2:A3", "B2:B3", "C2:C3"):
        sheet.merge_cells(cells)
    book.save(tmp_path / "ledger.xlsx")
    return str(tmp_path / "ledger.xlsx")


def test_a_column_is_found_by_the_end_of_its_merged_heading(ledger):
    theme = read_theme(f"{ledger}:类型")
    assert (theme.title, theme.level) == ("党组织类型", "community")
    assert dict(zip(theme.keys, theme.values, strict=True)) == {"330000000001": "党委", "330000000002": None}


def test_names_and_telephones_make_no_theme(ledger, tmp_path):
    """A page of a plan is opened by whoever gets it."""
    with pytest.raises(InputError) as caught:
        read_theme(f"{ledger}:书记")
    assert caught.value.faults[0].kind == "theme_personal"
    rows = ["社区编码,专职网格员,专职网格员数,备注,证", "330000000001,张三,3,见 13800000001,11010119900307888X"]
    (tmp_path / "staff.csv").write_text("\n".join(rows), "utf-8")
    assert read_theme(f"{tmp_path / 'staff.csv'}:专职网格员数").values == ("3",)
    for column in ("专职网格员", "备注", "证"):
        with pytest.raises(InputError) as caught:
            read_theme(f"{tmp_path / 'staff.csv'}:{column}")
        assert caught.value.faults[0].kind == "theme_personal"


def test_sums_are_no_row(ledger):
    assert read_theme(f"{ledger}:预算").values == (120000, None)


@pytest.mark.parametrize(("column", "kind"), [("没有", "theme_column"), ("", "theme_column")])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(ledger, column, kind):
    with pytest.raises(InputError) as caught:
        read_theme(f"{ledger}:{column}")
    assert [fault.kind for fault in caught.value.faults] == [kind]
    assert "党组织书记" in caught.value.faults[0].fact


def test_a_table_that_names_no_grid_community_or_compound_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("街道,户数,经费\n甲,1,2\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_theme(f"{tmp_path / 't.csv'}:经费")
    assert caught.value.faults[0].kind == "theme_key"


def test_two_rows_for_one_are_refused_by_their_numbers(tmp_path):
    (tmp_path / "t.csv").write_text("社区编码,社区,经费\n1,甲,2\n1,甲,3\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_theme(f"{tmp_path / 't.csv'}:经费")
    assert "第 2、3 个" in caught.value.faults[0].fact


def test_a_ledger_of_grids_may_name_their_communities_too(tmp_path):
    (tmp_path / "t.csv").write_text("社区编码,网格编码,走访\n1,1001,5\n1,1002,6\n", "utf-8")
    theme = read_theme(f"{tmp_path / 't.csv'}:走访")
    assert (theme.level, theme.keys) == ("grid", ("1001", "1002"))


def test_a_layer_of_compounds_brings_outlines_in_degrees_and_words_in_chinese(tmp_path):
    frame = gpd.GeoDataFrame(
        {"compound_id": ["c1"], "name": ["阳光花园"], "property_managed": ["yes"]},
        geometry=[box(500000, 3330000, 500100, 3330100)],
        crs="EPSG:4508",
    )
    frame.to_file(tmp_path / "c.gpkg", layer="compounds")
    theme = read_theme(f"{tmp_path / 'c.gpkg'}:compounds:property_managed")
    assert (theme.title, theme.level, theme.values, theme.names) == ("物业管理", "area", ("是",), ("阳光花园",))
    assert theme.shapes[0].bounds == pytest.approx((111, 30.09, 111.001, 30.09), abs=0.002)
