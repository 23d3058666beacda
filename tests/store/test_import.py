"""`import`, `publish`, `withdraw` as people type them: all of it or nothing, and one clear error for what is bad."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
import shapely
from drawn_plans import SIDE, SOUTH, WEST, draw_plan, grid_code
from sqlalchemy import text

from app.files.plans import write_plan
from app.store.areas import COUNTY, find_area
from app.store.themes import read_old_grids, read_themes

HEADER = "人员编号,姓名,联系电话,角色,社区编码,网格编码,上岗日期,离岗日期"
STAFF = f"P1,甲,13800000000,网格长,999901001001,{grid_code(1, 1)},2024-03-01,"


@pytest.fixture
def plan_file(tmp_path):
    file = tmp_path / "plan.gpkg"
    write_plan(draw_plan(), file)
    return file


@pytest.fixture
def typed(jiexiang_here, store_settings, monkeypatch):
    """Return a function that runs the command line against the database of this test."""
    monkeypatch.setenv("DATABASE_URL", store_settings.database_url)
    monkeypatch.setenv("JIEXIANG_SKIPPED_STEPS", "reviewed,public_notice,approved")
    return jiexiang_here


@pytest.fixture
def rows(within):
    """Return a function that counts the rows of what a plan brings along."""

    def count() -> dict[str, int]:
        async def go(store):
            async with store.reading() as connection:
                tables = ("plans", "plan_grids", "communities", "people", "assignments", "buildings", "addresses")
                return {
                    table: await connection.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608  our own names
                    for table in (*tables, "aliases", "changes")
                }

        return within(go)

    return count


def write_staff(tmp_path, *lines: str):
    file = tmp_path / "staff.csv"
    file.write_text("\n".join([HEADER, *lines]), "utf-8-sig")
    return file


def test_everything_that_goes_with_a_plan_is_taken_in_and_published(typed, rows, plan_file, tmp_path):
    layer = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {
                    "楼栋编码": f"B{number}",
                    "户数": 400,
                    "名称": f"{number}号楼",
                    "小区": "花园",
                    "地址": "长街18号",
                },
                "geometry": shapely.geometry.mapping(
                    shapely.Point(WEST + SIDE * (0.5 + number // 2), SOUTH + SIDE * (0.75 - number % 2 / 2))
                ),
            }
            for number in range(4)
        ],
    }
    (tmp_path / "houses.geojson").write_text(json.dumps(layer), "utf-8")
    (tmp_path / "aliases.csv").write_text("类别,标准名称,别名\n小区,花园,老花园\n", "utf-8")
    staff = write_staff(tmp_path, STAFF, "P2,乙,,社区书记,999901001001,,2020-01-01,")
    words = ["--staff", staff, "--buildings", tmp_path / "houses.geojson", "--aliases", tmp_path / "aliases.csv"]
    done = typed("import", plan_file, *words, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["buildings"], told["addresses"], told["people"], told["assignments"]) == (4, 4, 2, 1)
    assert [note["kind"] for note in told["notes"] if note["layer"] == "staff"] == ["not_in_a_grid"]
    assert rows()["aliases"] == 1
    done = typed("publish", told["plan_id"], "--effective", "2026-01-01", "--by", "王", "--json")
    assert json.loads(done.stdout)["grids"] == 4
    done = typed("withdraw", told["plan_id"], "--on", "2026-06-01", "--json")
    assert json.loads(done.stdout)["left_without"] == 2
    assert typed("withdraw", told["plan_id"], "--on", "2026-06-01").exit_code == 1


def test_a_plan_of_the_store_is_exported_by_its_number_as_the_file_it_was(typed, plan_file, tmp_path):
    number = json.loads(typed("import", plan_file, "--json").stdout)["plan_id"]
    done = typed("export", number, "--format", "gpkg", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "plan.gpkg").read_bytes() == plan_file.read_bytes()
    assert typed("export", 77, "--format", "gpkg", "--out", tmp_path / "other").exit_code == 1
    assert not (tmp_path / "other").exists()


def test_staff_who_come_again_are_renewed_and_not_assigned_twice(typed, rows, plan_file, tmp_path):
    assert typed("import", plan_file, "--staff", write_staff(tmp_path, STAFF)).exit_code == 0
    write_plan(draw_plan(note="second"), tmp_path / "second.gpkg")
    done = typed("import", tmp_path / "second.gpkg", "--staff", write_staff(tmp_path, STAFF), "--json")
    assert (json.loads(done.stdout)["people"], json.loads(done.stdout)["assignments"]) == (1, 0)
    assert (rows()["people"], rows()["assignments"]) == (1, 1)


def test_who_serves_in_a_grid_that_the_plan_lacks_is_staff_without_a_grid_and_told(typed, plan_file, tmp_path):
    staff = write_staff(tmp_path, STAFF, "P2,乙,,网格长,999901001001,999901001001999,2024-03-01,")
    told = json.loads(typed("import", plan_file, "--staff", staff, "--json").stdout)
    assert (told["people"], told["assignments"]) == (2, 1)
    [note] = [note for note in told["notes"] if note["kind"] == "grid_gone"]
    assert "P2 999901001001999" in note["text"]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("P1,甲,,网格长,999901001001,3.2E+14,2024-03-01,", "表格软件"),
        (f"P1,甲,,网格长,999901001001,{grid_code(1, 1)},0203-03-01,", "日期不可能"),
        ("P1,甲,,网格长,888801001001,,2024-03-01,", "888801001001"),
        (f"{STAFF}\n{STAFF.replace('P1', 'P2')}", "已有网格长"),
    ],
)
def test_a_bad_row_of_staff_is_told_and_nothing_is_written(typed, rows, plan_file, tmp_path, line, word):
    before = rows()
    done = typed("import", plan_file, "--staff", write_staff(tmp_path, line))
    assert done.exit_code in (1, 2)
    assert word in done.output
    assert "Traceback" not in done.output
    assert rows() == before


def test_themes_and_the_grids_of_before_are_taken_in_with_the_area_of_each(typed, within, plan_file, tmp_path):
    (tmp_path / "ledger.csv").write_text("社区编码,党组织,党员数\n999901001001,党委,120\n999901001002,,80\n", "utf-8")
    compounds = [("C1", "甲苑", "有物业", 0.2), ("C2", "乙苑", "", 1.2)]
    features = [
        {
            "type": "Feature",
            "properties": {"compound_id": code, "name": name, "物业": value},
            "geometry": shapely.geometry.mapping(
                shapely.box(WEST + SIDE * at, SOUTH + SIDE / 4, WEST + SIDE * (at + 0.3), SOUTH + SIDE / 2)
            ),
        }
        for code, name, value, at in compounds
    ]
    layer = tmp_path / "compounds.geojson"
    layer.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    columns = [f"{tmp_path / 'ledger.csv'}:党组织", f"{tmp_path / 'ledger.csv'}:党员数", f"{layer}:物业"]
    words = [part for column in columns for part in ("--theme", column)]
    done = typed("import", plan_file, *words, "--before", f"{plan_file}:grids")
    assert done.exit_code == 0, done.output

    async def read(store):
        async with store.reading() as connection:
            east = await find_area(connection, "999901001002")
            areas = (COUNTY, east)
            return [
                (await read_themes(connection, area=one), await read_old_grids(connection, area=one)) for one in areas
            ]

    (themes, old), (own, mine) = within(read)
    told = [(one.title, one.level, [(value.code, value.value) for value in one.values]) for one in themes]
    assert told == [
        ("党组织", "community", [("999901001001", "党委"), ("999901001002", None)]),
        ("党员数", "community", [("999901001001", "120"), ("999901001002", "80")]),
        ("物业", "area", [("C1", "有物业"), ("C2", None)]),
    ]
    assert [[value.code for value in one.values] for one in own] == [["999901001002"], ["999901001002"], ["C2"]]
    assert (len(old), set(mine["grid_code"])) == (4, {grid_code(2, 1), grid_code(2, 2)})


def drop_column(file):
    with closing(sqlite3.connect(file)) as database:
        database.execute("ALTER TABLE grids DROP COLUMN reason_code")
        database.commit()


def run_sql(statement):
    def spoil(file):
        with closing(sqlite3.connect(file)) as database:
            database.execute(statement)
            database.commit()

    return spoil


def shorten(file):
    file.write_bytes(file.read_bytes()[:20000])


def write_vrt(file):
    file.write_text('<OGRVRTDataSource><OGRVRTLayer name="grids"/></OGRVRTDataSource>', "utf-8")


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (drop_column, "grids.reason_code"),
        (run_sql("DROP TABLE units"), "units"),
        (shorten, "已损坏"),
        (write_vrt, "不是 GeoPackage"),
        (run_sql("CREATE VIEW v AS SELECT * FROM grids"), "视图"),
        (run_sql("CREATE TRIGGER t AFTER INSERT ON grids BEGIN DELETE FROM units; END"), "触发器"),
        (lambda file: file.unlink(), "不存在"),
    ],
)
def test_a_file_that_is_no_plan_is_told_and_nothing_is_written(typed, rows, plan_file, spoil, word):
    spoil(plan_file)
    before = rows()
    done = typed("import", plan_file)
    assert (done.exit_code, word in done.output) == (2, True), done.output
    assert rows() == before


def test_a_plan_with_a_broken_promise_is_told_with_its_place_and_nothing_is_written(typed, rows, tmp_path):
    write_plan(draw_plan(gap=0.0001), tmp_path / "plan.gpkg")
    before = rows()
    done = typed("import", tmp_path / "plan.gpkg")
    assert done.exit_code == 2
    assert "未覆盖面积" in done.output
    assert "105.00" in done.output
    assert rows() == before


def test_a_plan_that_does_not_agree_with_the_buildings_is_refused(typed, rows, plan_file, tmp_path):
    point = {"type": "Point", "coordinates": [WEST + SIDE / 2, SOUTH + SIDE / 4]}
    feature = {"type": "Feature", "properties": {"households": 7}, "geometry": point}
    (tmp_path / "houses.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    before = rows()
    done = typed("import", plan_file, "--buildings", tmp_path / "houses.geojson")
    assert done.exit_code == 2
    assert "户数与楼栋不符" in done.output
    assert rows() == before


def test_the_plan_of_another_county_is_refused(typed, plan_file, tmp_path):
    assert typed("import", plan_file).exit_code == 0
    write_plan(draw_plan(county="888801001"), tmp_path / "other.gpkg")
    done = typed("import", tmp_path / "other.gpkg")
    assert done.exit_code == 1
    assert "另一个县区" in done.output


def test_a_database_that_is_not_there_is_told(jiexiang_here, plan_file, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    done = jiexiang_here("import", plan_file)
    assert done.exit_code == 1
    assert "数据库没有应答" in done.output


def test_the_original_file_is_left_alone(typed, plan_file, tmp_path):
    copy = tmp_path / "copy.gpkg"
    shutil.copy(plan_file, copy)
    typed("import", plan_file)
    assert plan_file.read_bytes() == copy.read_bytes()
