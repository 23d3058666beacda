"""Look-ups: of a point, of many, of an address; inside, on a border, outside, in a wrong datum, within one's area."""

from __future__ import annotations

import json

import numpy as np
import pytest
from toy_service import make_client

from app.geo.datum import from_plain
from app.settings import ServiceSettings


def ask(client, **query):
    return client.get("/locate", params=query)


def problem(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    told = response.json()
    assert told["status"] == status
    assert told["request_id"] == response.headers["x-request-id"]
    return told


def test_a_point_inside_has_its_grid_its_lead_and_the_way_to_the_border(county):
    told = ask(county, lon=120.005, lat=30.004).json()
    assert told["found"] is True
    assert told["grid"] == {
        "grid_code": "A1",
        "name": "第1网格",
        "kind": "general",
        "community_code": "AAAAAAAAAAAA",
        "community_name": "A社区",
        "town_code": "AAAAAAAAA",
        "town_name": "A镇",
    }
    assert told["lead"] == {"name": "李明", "role": "网格长", "phone": "13800000001"}
    assert told["distance_to_border_m"] == pytest.approx(0.004 * 110_852, abs=1)
    assert told["on_border"] is False


def test_a_point_on_a_border_belongs_to_the_lowest_code_and_says_that_it_is_on_it(county):
    told = ask(county, lon=120.01, lat=30.01).json()
    assert told["grid"]["grid_code"] == "A1"
    assert told["on_border"] is True
    assert told["distance_to_border_m"] == 0.0


def test_outside_the_nearest_grid_is_named_with_its_distance(county):
    told = ask(county, lon=120.005, lat=29.99).json()
    assert told == {
        "found": False,
        "nearest": {"grid_code": "A1", "name": "第1网格", "distance_m": pytest.approx(1108.5, abs=1)},
    }


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_coordinates_of_web_maps_are_brought_back(county, datum):
    [[lon, lat]] = from_plain(np.array([[120.018, 30.015]]), datum)
    assert ask(county, lon=lon, lat=lat, datum=datum).json()["grid"]["grid_code"] == "B5"
    assert ask(county, lon=lon, lat=lat).json().get("grid", {}).get("grid_code") != "B5"


def test_another_day_has_its_own_grids(county):
    assert ask(county, lon=120.015, lat=30.015, at="2025-01-01").json()["found"] is False
    assert ask(county, lon=120.015, lat=30.015, at="2026-12-01").json()["found"] is True


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"lon": "120.005"}, "query.lat"),
        ({}, "query.lon"),
        ({"lon": "east", "lat": "30"}, "query.lon"),
        ({"lon": "NaN", "lat": "30"}, "query.lon"),
        ({"lon": "1e999", "lat": "30"}, "query.lon"),
        ({"lon": "1_2", "lat": "30"}, "query.lon"),
        ({"lon": "", "lat": "30"}, "query.lon"),
        ({"lon": "120.005", "lat": "30.005", "datum": "mars"}, "query.datum"),
        ({"lon": "120.005", "lat": "30.005", "at": "yesterday"}, "query.at"),
        ({"lon": "120.005", "lat": "30.005", "crs": "4326"}, "query.crs"),
        ({"lon": ["120.005", "121"], "lat": "30.005"}, "query.lon"),
        ({"address": "阳光花园3栋", "lon": "120"}, "query.lon"),
        ({"address": "阳光花园3栋", "limit": "0"}, "query.limit"),
        ({"address": "阳光花园3栋", "limit": "99999999999999999999"}, "query.limit"),
    ],
)
def test_what_cannot_be_read_is_named_and_refused(county, query, where):
    told = problem(ask(county, **query), 400)
    assert where in {one["where"] for one in told["errors"]}


@pytest.mark.parametrize(
    ("lon", "lat", "words"),
    [(30.005, 120.005, "先写经度"), (500_000, 3_320_000, "投影坐标"), (2.35, 48.85, "不在中国范围内")],
)
def test_swapped_projected_and_foreign_coordinates_are_told_apart(county, lon, lat, words):
    assert words in problem(ask(county, lon=lon, lat=lat), 400)["detail"]


def test_nobody_is_told_nothing(asking):
    response = ask(asking(""), lon=120.005, lat=30.005)
    problem(response, 401)
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("caller", "inside", "outside"),
    [("town", (120.005, 30.015), (120.005, 30.005)), ("community", (120.005, 30.005), (120.005, 30.015)),
     ("worker", (120.015, 30.015), (120.005, 30.015))],
)  # fmt: skip
def test_outside_the_own_area_there_is_nothing(asking, caller, inside, outside):
    client = asking(caller)
    assert ask(client, lon=inside[0], lat=inside[1]).json()["found"] is True
    assert ask(client, lon=outside[0], lat=outside[1]).json() == {"found": False, "nearest": None}
    many = client.post("/locate", json={"points": [inside, outside]}).json()
    assert [code is None for code in many["results"]] == [False, True]
    assert len(many["grids"]) == 1


def test_the_nearest_grid_is_not_told_outside_the_own_area(asking):
    assert ask(asking("worker"), lon=120.005, lat=29.99).json() == {"found": False, "nearest": None}


@pytest.mark.parametrize(
    ("caller", "seen"), [("county", True), ("worker", True), ("planner", False), ("system", False)]
)
def test_phone_numbers_are_for_those_who_need_them(asking, caller, seen):
    answer = ask(asking(caller), lon=120.015, lat=30.015)
    assert ("phone" in answer.json()["lead"]) is seen
    many = asking(caller).post("/locate", json={"points": [[120.015, 30.015]]})
    assert ("13800000005" in many.text) is seen


def test_many_points_come_back_in_their_order(county):
    points = [[120.005, 30.005], [121.0, 31.0], [120.01, 30.005], [120.025, 30.025]]
    told = county.post("/locate", json={"points": points, "distances": True}).json()
    assert told["results"] == ["A1", None, "A1", "B9"]
    assert told["found"] == 3
    assert set(told["grids"]) == {"A1", "B9"}
    assert told["grids"]["A1"]["lead"]["name"] == "李明"
    assert told["distances_to_border_m"][1] is None
    assert told["distances_to_border_m"][2] == 0.0


def test_many_points_agree_with_one_by_one(county):
    xy = np.random.default_rng(3).uniform([119.99, 29.99], [120.04, 30.04], (60, 2)).round(3).tolist()
    together = county.post("/locate", json={"points": xy}).json()["results"]
    alone = [ask(county, lon=lon, lat=lat).json() for lon, lat in xy]
    assert together == [told["grid"]["grid_code"] if told["found"] else None for told in alone]


def test_no_points_are_an_answer_too(county):
    assert county.post("/locate", json={"points": []}).json()["results"] == []


def test_a_hundred_thousand_points_are_taken_and_no_more(county):
    points = [[120.005, 30.005]] * 100_000
    told = county.post("/locate", json={"points": points})
    assert told.json()["found"] == 100_000
    assert told.headers["content-encoding"] == "gzip"
    problem(county.post("/locate", json={"points": [*points, [120, 30]]}), 413)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b'{"points":', b'{"points":[[1]]}', b'{"points":[["120","30"]]}', b'{"points":[[true,30]]}',
        b'{"points":[[NaN,30]]}', b'{"points":[[1e999,30]]}', b'{"points":[[120,30,5]]}', b'{"points":[[30,120]]}',
        b'{"points":[],"srid":4326}', b'{"points":[],"datum":"mars"}', b'{"points":[],"points2":[]}',
        b'{"points":null}', b'\xff\xfe', b"[" * 5000,
        b'{"addresses":[1]}', b'{"addresses":["x"],"limit":0}', b'{"addresses":["\\ud800"]}',
    ],
)  # fmt: skip
def test_bodies_that_cannot_be_read_are_refused(county, body):
    response = county.post("/locate", content=body, headers={"Content-Type": "application/json"})
    problem(response, 400)


def test_the_point_that_is_wrong_is_named(county):
    told = problem(county.post("/locate", json={"points": [[120.005, 30.005], [30.0, 120.0]]}), 400)
    assert told["errors"][0]["where"] == "points.1"
    assert "先写经度" in told["errors"][0]["detail"]


def test_points_may_come_as_lines_with_their_own_numbers(county):
    lines = '{"id":7,"lon":120.005,"lat":30.005}\n{"id":"x\\"y","lon":121.0,"lat":31.0}\n\n{"lon":120.025,"lat":30.025}'
    answer = county.post("/locate", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in answer.text.splitlines()] == [
        {"id": 7, "grid_code": "A1", "community_code": "AAAAAAAAAAAA"},
        {"id": 'x"y', "grid_code": None, "community_code": None},
        {"grid_code": "B9", "community_code": "BBBBBBBBBBBB"},
    ]


def test_a_line_that_cannot_be_read_is_named(county):
    answer = county.post(
        "/locate",
        content='{"lon":120,"lat":30}\n{"lon":"x","lat":30}',
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert problem(answer, 400)["errors"][0]["where"] == "lines.1.lon"


def test_lines_cannot_break_out_of_their_line(county):
    answer = county.post(
        "/locate",
        content='{"lon":120,"lat":30}],[\n{"lon":120,"lat":30}',
        headers={"Content-Type": "application/x-ndjson"},
    )
    problem(answer, 400)


def test_other_kinds_of_bodies_are_not_read(county):
    problem(county.post("/locate", content="<a/>", headers={"Content-Type": "text/xml"}), 415)


def test_an_address_gives_candidates_with_the_part_that_matched(county):
    told = ask(county, address="云川县东镇阳光花园三幢2单元501").json()
    assert told["certain"] is True
    [first] = told["candidates"]
    assert first["building_id"] == 1
    assert first["matched"] == "阳光花园3栋2单元"
    assert first["grid"]["grid_code"] == "A1"
    assert first["lead"]["name"] == "李明"


def test_an_address_that_is_not_clear_says_why(county):
    told = ask(county, address="新阳光花园3栋").json()
    assert told["certain"] is False
    assert told["candidates"][0]["doubts"][0]["kind"] == "rest_before"


def test_a_building_without_a_grid_says_so(county):
    assert ask(county, address="新楼盘1栋").json()["candidates"][0]["grid"] is None


def test_an_address_outside_the_own_area_is_not_told_apart_from_none(asking):
    outside = ask(asking("community"), address="幸福苑3栋").json()
    nowhere = ask(asking("community"), address="火星路3栋").json()
    assert (outside["candidates"], outside["reason"]) == ([], "not_in_area")
    assert (nowhere["candidates"], nowhere["reason"]) == ([], "not_in_area")


def test_what_is_not_certain_comes_back_as_work(county):
    told = county.post("/locate", json={"addresses": ["阳光花园3栋", "火星路1号", "阳光3栋"]}).json()
    assert [result["certain"] for result in told["results"]] == [True, False, False]
    assert told["unmatched"] == [1, 2]
    assert told["results"][1]["reason"] == "unknown_name"


def test_an_answer_that_is_still_true_is_not_sent_again(county, asking):
    first = ask(county, lon=120.005, lat=30.005)
    etag = first.headers["etag"]
    assert "private" in first.headers["cache-control"]
    again = county.get("/locate", params={"lon": 120.005, "lat": 30.005}, headers={"If-None-Match": f'"x", W/{etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert ask(asking("worker"), lon=120.015, lat=30.015).headers["etag"] != etag


def test_head_is_answered_without_a_body(county):
    answer = county.head("/locate", params={"lon": 120.005, "lat": 30.005})
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100


def test_a_body_that_is_too_large_is_refused_before_it_is_read():
    client = make_client(ServiceSettings(log_requests=False, largest_body=1000))
    problem(client.post("/locate", content=b" " * 1001, headers={"Content-Type": "application/json"}), 413)

    async def pieces():
        for _ in range(20):
            yield b" " * 100

    problem(client.post("/locate", content=pieces(), headers={"Content-Type": "application/json"}), 413)
    client.close()
