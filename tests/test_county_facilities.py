"""The made-up county: every seeded shortfall is found and nothing else, and SQL written by hand adds up to the same."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing

import pytest

from tests.conftest import ROOT

COUNTY = ROOT / "gis_data" / "county"
TRUTH = json.loads((COUNTY / "truth.json").read_text("utf-8"))

BY_HAND = """
WITH shared(room, user, part) AS (  -- 60/40 and 55/45 by agreement; the third by households
    SELECT 用房编号, 社区, CASE 社区 WHEN '广场社区' THEN 0.60 WHEN '纺织社区' THEN 0.40
                                    WHEN '钟楼社区' THEN 0.55 WHEN '红星社区' THEN 0.45
                                    ELSE 户数 * 1.0 / SUM(户数) OVER (PARTITION BY 用房编号) END
    FROM (SELECT DISTINCT room.用房编号, home.社区, CAST(home.户数 AS INTEGER) AS 户数
          FROM rooms AS room JOIN rooms AS home ON instr(room.共用社区及分摊比例, home.社区) > 0)
), good AS (
    SELECT *, CAST(建筑面积 AS REAL) AS m2 FROM rooms
    WHERE 设施类别 NOT IN ('卫生服务站', '警务室') AND 是否投用 = '是' AND 建筑面积 <> '' AND 证据类型 <> ''
      AND 备注 NOT LIKE '%临时建筑%' AND NOT (楼层 LIKE '%地下%' AND 备注 LIKE '%未改造%')
      AND NOT (证据类型 = '租赁合同' AND 租期至 < :as_of)
)
SELECT code, ROUND(SUM(m2), 2) FROM (
    SELECT 社区编码 AS code, m2 FROM good WHERE 用房编号 NOT IN (SELECT room FROM shared)
    UNION ALL
    SELECT home.社区编码, ROUND(good.m2 * shared.part, 2)
    FROM good JOIN shared ON shared.room = good.用房编号
    JOIN (SELECT DISTINCT 社区, 社区编码 FROM rooms) AS home ON home.社区 = shared.user
) GROUP BY code
"""


@pytest.fixture(scope="module")
def record(jiexiang_here):
    options = ("--rooms", COUNTY / "rooms.csv", "--projects", COUNTY / "projects.csv", "--as-of", TRUTH["as_of"])
    return json.loads(jiexiang_here("check", *options, "--json").stdout)


def test_every_seeded_shortfall_of_a_community_is_found_and_nothing_else(record):
    found = {
        one["community_code"]: {
            "counted_m2": one["counted_m2"],
            "pending_m2": one["pending_m2"],
            "missing_m2": {
                finding["standard"]: finding["shortfall"]
                for finding in one["findings"]
                if finding["shortfall"] and not finding["advisory"]
            },
            "status": one["status"],
        }
        for one in record["communities"]
    }
    assert found == TRUTH["rooms"]["communities"]


def test_every_seeded_shortfall_of_a_project_is_found_and_nothing_else(record):
    missing = {one["project_id"]: one["shortfall_m2"] for one in record["projects"] if one["shortfall_m2"]}
    assert missing == TRUTH["projects"]["missing_50_per_100_m2"]
    unproven = [one["project_id"] for one in record["projects"] if one["status"] == "待核实"]
    assert unproven == TRUTH["projects"]["without_papers"]


def test_what_was_seeded_in_single_rooms_is_told(record):
    def communities_with(words):
        return {
            one["community_code"]
            for one in record["communities"]
            for room in one["rooms"]
            if words in room["reason"] + "".join(room["warnings"])
        }

    for seed, words in {
        "no_evidence": "没有证据材料",
        "lease_expired": "租期已过",
        "area_missing": "没有建筑面积",
        "measured_differs": "实测与申报相差",
        "lease_ending": "到期，还有",
        "temporary": "临时建筑",
        "basement": "地下室未改造",
        "vacated": "已腾退",
    }.items():
        assert communities_with(words) == set(TRUTH["rooms"]["seeded"][seed]), seed


def test_areas_that_count_are_those_of_sql_written_by_hand(record):
    with (COUNTY / "rooms.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    names = ", ".join(f'"{name.removesuffix("(㎡)")}" TEXT' for name in header)
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"CREATE TABLE rooms ({names})")
        database.executemany(f"INSERT INTO rooms VALUES ({', '.join('?' * len(header))})", rows)  # noqa: S608  marks only
        by_hand = dict(database.execute(BY_HAND, {"as_of": TRUTH["as_of"]}).fetchall())
    counted = {one["community_code"]: one["counted_m2"] for one in record["communities"] if one["counted_m2"]}
    assert counted == pytest.approx(by_hand)
    assert sum(counted.values()) == pytest.approx(sum(by_hand.values()))
