"""`jiexiang draft`: from a ledger to tables that open in a spreadsheet and can be read again; geometry as it comes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyogrio
import pytest

HEADER = "社区,小区,楼栋,户数,人口,楼栋编号"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory) -> Path:
    """Write a ledger of two communities: compounds of six buildings, one over the maximum, and three villages."""
    lines = [HEADER]
    for compound, buildings, households in (("桃园", 6, 60), ("梅园", 12, 60), ("竹园", 6, 55)):
        lines += [
            f"甲社区,{compound},{k}栋,{households},{2 * households},{compound}{k}" for k in range(1, buildings + 1)
        ]
    lines += [
        f"乙村,{village},,{households},{3 * households},"
        for village, households in (("王庄", 180), ("李庄", 150), ("赵庄", 210))
    ]
    path = tmp_path_factory.mktemp("ledger") / "台账.csv"
    path.write_text("\n".join(lines), "utf-8")
    return path


def table(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # so that Excel reads it as UTF-8
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def points(folder: Path, compounds: tuple[str, ...]) -> str:
    """Write points of the buildings of some compounds."""
    names = [(compound, f"{k}号楼") for compound in compounds for k in range(1, 13)]
    x = [118.78 + 0.001 * k for k in range(len(names))]
    frame = gpd.GeoDataFrame(
        {"compound": [f"{compound}小区" for compound, _ in names], "name": [name for _, name in names]},
        geometry=gpd.points_from_xy(x, [32.04] * len(names)),
        crs=4490,
    )
    frame.to_file(folder / "points.gpkg", layer="buildings", driver="GPKG")
    return str(folder / "points.gpkg")


def test_a_draft_holds_every_row_once_and_adds_up(jiexiang_here, ledger, tmp_path):
    done = jiexiang_here("draft", ledger, "--out", tmp_path / "d", "--household-basis", "常住户")
    assert done.exit_code == 0, done.output
    rows, grids = table(tmp_path / "d" / "楼栋归属明细表.csv"), table(tmp_path / "d" / "网格台账.csv")
    assert len(rows) == len(table_of(ledger))
    assert [row["楼栋"] for row in rows] == [row["楼栋"] for row in table_of(ledger)]
    for grid in grids:
        own = [row for row in rows if row["现网格编码"] == grid["网格编码"]]
        assert sum(int(row["户数"]) for row in own) == int(grid["户数"])
        assert sum(int(row["人口"]) for row in own) == int(grid["人口"])
    urban = [grid for grid in grids if grid["社区(村)"] == "甲社区"]
    assert all(300 <= int(grid["户数"]) <= 500 and grid["是否超限"] == "否" for grid in urban)
    assert {grid["户数口径"] for grid in grids} == {"常住户"}
    assert not (tmp_path / "d" / "draft.gpkg").exists()
    book = openpyxl.load_workbook(tmp_path / "d" / "网格台账.xlsx")
    headings = [cell.value for cell in book["数据"][1]]
    codes = [row[headings.index("网格编码")].value for row in book["数据"].iter_rows(min_row=2)]
    assert codes == [grid["网格编码"] for grid in grids]
    assert "已落图 0 户" in done.output


def table_of(ledger: Path) -> list[dict[str, str]]:
    with ledger.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_pending_communities_have_internal_codes_and_a_total_that_cannot_be_divided_its_reason(
    jiexiang_here, ledger, tmp_path
):
    done = jiexiang_here("draft", ledger, "--out", tmp_path / "d", "--json")
    record = json.loads(done.stdout)
    assert [one["community_code"] for one in record["communities"]] == ["待赋码-甲社区", "待赋码-乙村"]
    assert {one["code"] for one in record["out_of_band"]} == {"total_indivisible"}
    assert "社区共540户" in record["out_of_band"][0]["text"]


def test_a_draft_read_again_gives_the_same_draft(jiexiang_here, ledger, tmp_path):
    jiexiang_here("draft", ledger, "--out", tmp_path / "a")
    again = jiexiang_here("draft", tmp_path / "a" / "楼栋归属明细表.csv", "--out", tmp_path / "b")
    assert again.exit_code == 0, again.output
    for name in ("楼栋归属明细表.csv", "网格台账.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_geometry_attaches_as_it_arrives_and_changes_no_grid(jiexiang_here, ledger, tmp_path):
    jiexiang_here("draft", ledger, "--out", tmp_path / "a")
    file = points(tmp_path, ("桃园", "梅园"))
    done = jiexiang_here("draft", ledger, "--buildings", file, "--out", tmp_path / "b", "--json")
    record = json.loads(done.stdout)["map"]
    assert record["mapped_households"] == 6 * 60 + 12 * 60
    assert record["mapped_by"] == {"building": 18}
    assert [(one["community"], one["place"], one["households"]) for one in record["unmapped"]] == [
        *(("甲社区", "竹园", 330),),
        *(("乙村", "王庄", 180), ("乙村", "李庄", 150), ("乙村", "赵庄", 210)),
    ]
    before, after = (table(tmp_path / name / "楼栋归属明细表.csv") for name in "ab")
    assert [row["现网格编码"] for row in before] == [row["现网格编码"] for row in after]
    drawn = pyogrio.read_dataframe(tmp_path / "b" / "draft.gpkg", layer="buildings")
    assert len(drawn) == 18
    assert set(drawn["grid_code"]) <= {row["现网格编码"] for row in after}


def test_doctor_lists_in_households_what_is_not_on_the_map(jiexiang_here, ledger, tmp_path):
    told = jiexiang_here("doctor", "--ledger", ledger, "--buildings", points(tmp_path, ("桃园", "梅园", "竹园")))
    assert told.exit_code == 1
    assert "未落图 540 户" in told.output
    assert "未落图：乙村 王庄 180 户" in told.output


def test_a_compound_without_buildings_is_on_the_map_by_its_outline(jiexiang_here, ledger, tmp_path):
    outlines = gpd.GeoDataFrame(
        {"name": ["王庄", "赵庄", "竹园小区"]},
        geometry=gpd.points_from_xy([118.7, 118.71, 118.72], [32.0] * 3).buffer(0.001),
        crs=4490,
    )
    outlines.to_file(tmp_path / "c.gpkg", driver="GPKG")
    done = jiexiang_here("doctor", "--ledger", ledger, "--compounds", tmp_path / "c.gpkg", "--json")
    record = json.loads(done.stdout)
    assert record["mapped_by"] == {"compound": 8}
    assert record["mapped_households"] == 180 + 210 + 330


def test_what_lies_in_another_community_than_the_ledger_says_is_told(jiexiang_here, ledger, tmp_path):
    outlines = gpd.GeoDataFrame(
        {"community_code": ["320199001001", "320199001002"], "name": ["甲社区", "乙村"]},
        geometry=gpd.points_from_xy([118.78, 119.0], [32.04, 32.04]).buffer(0.0085),
        crs=4490,
    )
    outlines.to_file(tmp_path / "o.gpkg", driver="GPKG")
    options = ("--communities", tmp_path / "o.gpkg", "--buildings", points(tmp_path, ("桃园", "梅园")))
    done = jiexiang_here("draft", ledger, *options, "--out", tmp_path / "d", "--json")
    record = json.loads(done.stdout)
    assert [one["community_code"] for one in record["communities"]] == ["320199001001", "320199001002"]
    assert [(one["place"], one["households"]) for one in record["map"]["astray"]] == [("梅园", 720)]


def test_coordinates_of_a_ledger_may_come_from_a_web_map(jiexiang_here, tmp_path):
    lon, lat = 121.431863, 31.027647
    (tmp_path / "台账.csv").write_text(
        "社区,小区,楼栋,户数,经度,纬度\n甲社区,桃园,1栋,360,121.43647333,31.02568413\n", "utf-8"
    )
    jiexiang_here("draft", tmp_path / "台账.csv", "--datum", "ledger=gcj02", "--out", tmp_path / "d")
    [point] = pyogrio.read_dataframe(tmp_path / "d" / "draft.gpkg").geometry
    assert abs(point.x - lon) < 1e-6
    assert abs(point.y - lat) < 1e-6


def test_faults_of_a_ledger_are_told_and_nothing_is_written(jiexiang_here, tmp_path):
    (tmp_path / "台账.csv").write_text(f"{HEADER}\n甲社区,桃园,1栋,约60,,\n,梅园,1栋,60,,\n", "utf-8")
    done = jiexiang_here("draft", tmp_path / "台账.csv", "--out", tmp_path / "d")
    assert done.exit_code == 2
    assert "第 2 行 D 列“户数”：是约数：“约60”" in done.output
    assert "第 3 行 A 列“社区”：没有填社区" in done.output
    assert not (tmp_path / "d").exists()


def test_nothing_in_a_table_runs_as_a_formula(jiexiang_here, tmp_path):
    (tmp_path / "台账.csv").write_text(f"{HEADER}\n甲社区,=HYPERLINK(1),1栋,360,,\n", "utf-8")
    jiexiang_here("draft", tmp_path / "台账.csv", "--out", tmp_path / "d")
    [row] = table(tmp_path / "d" / "楼栋归属明细表.csv")
    assert row["小区"] == "'=HYPERLINK(1)"
    again = jiexiang_here("draft", tmp_path / "d" / "楼栋归属明细表.csv", "--out", tmp_path / "e")
    assert again.exit_code == 0
    [same] = table(tmp_path / "e" / "楼栋归属明细表.csv")
    assert same == row


def test_nothing_is_overwritten_without_force(jiexiang_here, ledger, tmp_path):
    jiexiang_here("draft", ledger, "--out", tmp_path / "d")
    assert jiexiang_here("draft", ledger, "--out", tmp_path / "d").exit_code == 2
    assert jiexiang_here("draft", ledger, "--out", tmp_path / "d", "--force").exit_code == 0
