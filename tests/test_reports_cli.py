"""`report`, `export` and `verify --report` as typed: whole or not at all, honest about what is missing."""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import docx
import openpyxl
import pyogrio
import pytest

from app.files.plans import read_plan

ALL = (
    "01 关于乌有镇网格划分调整的请示.docx",
    "02 划分方案说明.docx",
    "03 网格台账.xlsx",
    "04 楼栋归属明细表.xlsx",
    "05 调整前后对照表.xlsx",
    "06 社区边界确认单.docx",
    "07 网格示意图(分图).zip",
    "07 网格示意图(总图).jpg",
    "07 网格示意图(总图+分图).pdf",
    "08 公示及意见采纳情况.docx",
    "08 公示附件(网格划分明细表).xlsx",
    "09 备案表.docx",
    "10 矢量数据(shp+gpkg).zip",
)


@pytest.fixture(scope="module")
def plan(demonstration):
    return demonstration.folder / "plan.gpkg"


@pytest.fixture(scope="module")
def papers(plan, town_options, jiexiang_here, tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers") / "out"
    options = ["--household-basis", "常住户", "--before", plan, "--place", "乌有镇", "--unit", "乌有镇人民政府"]
    done = jiexiang_here("report", plan, *town_options, *options, "--out", folder)
    assert done.exit_code == 0, done.output
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_file_set_has_every_file_under_its_number(papers):
    assert tuple(sorted(path.name for path in papers.iterdir())) == tuple(sorted(ALL))


def test_the_same_inputs_give_the_same_bytes(papers, plan, town_options, jiexiang, tmp_path):
    options = ["--household-basis", "常住户", "--before", plan, "--place", "乌有镇", "--unit", "乌有镇人民政府"]
    options += ["--only", "01,02,03,05,08,10", "--out", tmp_path / "again"]
    done = jiexiang("report", plan, *town_options, *options)
    assert done.returncode == 0, done.stderr
    again = digests(tmp_path / "again")
    assert len(again) == 7
    assert again.items() <= digests(papers).items()


def test_against_itself_every_grid_is_kept(papers):
    sheet = openpyxl.load_workbook(papers / "05 调整前后对照表.xlsx")["数据"]
    head, *rows = sheet.iter_rows(values_only=True)
    assert {row[head.index("调整方式")] for row in rows} == {"保留"}
    assert sum(row[head.index("涉及户数")] for row in rows) == 0


def test_the_vector_data_hold_the_plan(papers, plan, tmp_path):
    with zipfile.ZipFile(papers / "10 矢量数据(shp+gpkg).zip") as archive:
        archive.extractall(tmp_path)
    assert (tmp_path / "plan.gpkg").read_bytes() == plan.read_bytes()
    assert pyogrio.read_info(tmp_path / "shp" / "grids.shp")["features"] == len(read_plan(plan).grids)
    assert (tmp_path / "csv" / "网格台账.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_without_layers_what_cannot_be_told_is_left_to_be_filled_in(plan, jiexiang_here, tmp_path):
    done = jiexiang_here("report", plan, "--out", tmp_path, "--only", "02,04,05,06")
    assert done.exit_code == 0, done.output
    sheet = openpyxl.load_workbook(tmp_path / "04 楼栋归属明细表.xlsx")["楼栋归属明细表"]
    texts = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert any("未提供楼栋图层" in text for text in texts)
    text = "\n".join(one.text for one in docx.Document(str(tmp_path / "02 划分方案说明.docx")).paragraphs)
    assert "没有重新核验" in text
    assert "未提供原有网格" in text


def test_what_is_put_on_public_notice_names_who_leads_and_nobody_s_telephone(plan, jiexiang_here, tmp_path):
    codes = list(read_plan(plan).grids["grid_code"])
    staff = [(codes[0], "李明", "网格长"), (codes[0], "何芳", "专职网格员"), (codes[1], "周强", "包联干部")]
    rows = [",".join([*one, f"1380000000{number}"]) for number, one in enumerate(staff, 1)]
    (tmp_path / "staff.csv").write_text("\n".join(["网格编码,姓名,角色,联系电话", *rows]), "utf-8")
    options = ["--staff", tmp_path / "staff.csv", "--out", tmp_path / "out", "--only", "01,02,03,08,09"]
    done = jiexiang_here("report", plan, *options)
    assert done.exit_code == 0, done.output

    def read(path: Path) -> str:
        with zipfile.ZipFile(path) as archive:
            return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())

    told = {path.name: read(path) for path in (tmp_path / "out").iterdir()}
    assert {name for name, text in told.items() if "138000000" in text} == {"03 网格台账.xlsx"}
    for name in ("08 公示及意见采纳情况.docx", "08 公示附件(网格划分明细表).xlsx"):
        assert "李明" in told[name]
        assert [other for other in ("何芳", "周强") if other in told[name]] == []


def test_only_the_numbers_asked_for_are_written(plan, jiexiang_here, tmp_path):
    assert jiexiang_here("report", plan, "--out", tmp_path, "--only", "03,09").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["03 网格台账.xlsx", "09 备案表.docx"]


def test_a_number_that_there_is_not_is_refused(plan, jiexiang_here, tmp_path):
    done = jiexiang_here("report", plan, "--out", tmp_path / "out", "--only", "3")
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_nothing_is_left_where_a_file_cannot_be_made(plan, jiexiang_here, tmp_path, monkeypatch):
    def fill_the_disk(_case: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys.modules["app.jobs.report"], "write_record", fill_the_disk)
    assert jiexiang_here("report", plan, "--out", tmp_path / "out", "--only", "03,09").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_set_is_not_overwritten_without_force(plan, jiexiang_here, tmp_path):
    arguments = ("report", plan, "--out", tmp_path, "--only", "09")
    assert jiexiang_here(*arguments).exit_code == 0
    assert jiexiang_here(*arguments).exit_code == 2
    assert jiexiang_here(*arguments, "--force").exit_code == 0


def test_codes_can_be_carried_over(plan, town_options, jiexiang_here, tmp_path):
    old = read_plan(plan).grids
    renamed = old.assign(grid_code=[f"{code[:12]}{900 + k % 90:03d}" for k, code in enumerate(old["grid_code"])])
    renamed.to_file(tmp_path / "old.gpkg", layer="grids")
    options = ["--household-basis", "常住户", "--before", tmp_path / "old.gpkg", "--keep-codes", "--only", "03"]
    done = jiexiang_here("report", plan, *town_options, *options, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    sheet = openpyxl.load_workbook(tmp_path / "out" / "03 网格台账.xlsx")["数据"]
    head, *rows = sheet.iter_rows(values_only=True)
    assert {row[head.index("网格编码")] for row in rows} == set(renamed["grid_code"])


def test_an_export_is_written_whole(plan, jiexiang_here, tmp_path):
    done = jiexiang_here("export", plan, "--format", "shapefile", "--encoding", "gbk", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "grids.cpg").read_text() == "GBK"
    assert "第一网格".encode("gbk") in (tmp_path / "grids.dbf").read_bytes()


def test_the_checkup_of_existing_grids_is_a_workbook_and_a_map(plan, town_options, jiexiang_here, tmp_path):
    grids = read_plan(plan).grids
    grids = grids[["grid_code", "name", "community_code", "households", "geometry"]].iloc[1:]  # one is missing
    grids.to_file(tmp_path / "old.gpkg", layer="grids")
    (tmp_path / "staff.csv").write_text(
        "姓名,角色,网格编码,联系电话\n"
        + "".join(f"员{k // 2},专职,{code},1990000{k // 2:04d}\n" for k, code in enumerate(grids["grid_code"][1:])),
        "utf-8",
    )
    options = ["--household-basis", "常住户", "--staff", tmp_path / "staff.csv", "--report", tmp_path / "out"]
    done = jiexiang_here("verify", tmp_path / "old.gpkg", *town_options, *options)
    assert done.exit_code == 1
    sheet = openpyxl.load_workbook(tmp_path / "out" / "现有网格体检表.xlsx")["数据"]
    head, *rows = sheet.iter_rows(values_only=True)
    table = [dict(zip(head, row, strict=True)) for row in rows]
    whole = next(row for row in table if row["网格名称"] == "（全社区）")
    assert "不在任何网格内" in whole["未覆盖重叠"]
    people = {row["网格编码"]: row["人员问题"] for row in table}
    assert people[grids["grid_code"].iloc[0]] == "无网格员"
    assert people[grids["grid_code"].iloc[1]].startswith("一人多格")
    assert "现有网格体检" in (tmp_path / "out" / "现有网格体检图.html").read_text("utf-8")


@pytest.mark.long
def test_the_checkup_of_the_county_finds_what_was_planted(jiexiang, tmp_path):
    import json

    county = Path(__file__).parents[1] / "gis_data" / "county"
    truth = json.loads((county / "truth.json").read_text("utf-8"))
    layers = ("communities", "streets", "buildings", "barriers", "compounds", "special_sites")
    options = [part for layer in layers for part in (f"--{layer.replace('_', '-')}", f"{county}/county.gpkg:{layer}")]
    options += ["--household-basis", "常住户", "--staff", county / "staff.csv", "--report", tmp_path]
    done = jiexiang("verify", f"{county}/county.gpkg:grids_last_year", *options)
    assert done.returncode == 1, done.stderr
    sheet = openpyxl.load_workbook(io.BytesIO((tmp_path / "现有网格体检表.xlsx").read_bytes()))["数据"]
    head, *rows = sheet.iter_rows(values_only=True)
    table = [dict(zip(head, row, strict=True)) for row in rows]
    out = {row["网格编码"] for row in table if row["户数结论"] in ("户数超限", "户数不足", "空网格")}
    assert out == set(truth["last_year"]["out_of_band"])
    vacant = {row["网格编码"] for row in table if row["人员问题"] == "无网格员"}
    assert vacant == set(truth["staff"]["grids_without_worker"])
    doubled = {row["网格员"] for row in table if str(row["人员问题"]).startswith("一人多格")}
    assert len(doubled) == len(truth["staff"]["workers_on_two_grids"])
    stale = {row["网格编码"] for row in table if "楼栋合计" in str(row["编码与归属"])}
    assert stale >= set(truth["last_year"]["stale_households"])
