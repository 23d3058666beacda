"""The service over a real PostGIS: what it reads is what is in force, within the area, a second after it changed."""

from __future__ import annotations

import contextlib
import io
import json
import time
from datetime import date, timedelta

import openpyxl
import pytest
from live_service import ELSEWHERE, FIRST, PASSWORD, SECOND, SINCE, TOWN, point_in

from app.api.boards import today
from app.store.areas import find_area
from app.store.changes import NewChange, record_changes
from app.store.keys import add_key, revoke_key
from app.store.webhooks import add_webhook
from tests.store.drawn_plans import community_code, draw_plan


def locate(client, point):
    return client.get("/locate", params={"lon": point[0], "lat": point[1]}).json()


def test_a_point_is_found_with_its_lead(live):
    told = locate(live.asking("county"), point_in(1, 1))
    assert told["grid"]["grid_code"] == FIRST
    assert told["grid"]["town_name"] == "城关街道"
    assert told["lead"] == {"name": "李明", "role": "网格长", "phone": "13800000001"}
    assert locate(live.asking("system"), point_in(1, 1))["lead"] == {"name": "李明", "role": "网格长"}
    assert locate(live.asking("county"), point_in(1, 2))["lead"] is None


def test_an_address_is_found_by_another_name_with_both_entrances_as_one(live):
    told = live.asking("county").get("/locate", params={"address": "云川县城关街道向阳小区三幢2单元501"}).json()
    assert told["certain"] is True
    assert [one["grid"]["grid_code"] for one in told["candidates"]] == [FIRST]
    told = live.asking("community").get("/locate", params={"address": "幸福苑3栋"}).json()
    assert told["candidates"] == []


def test_a_workbook_of_addresses_comes_back_with_grids_and_a_work_list(live):
    book = openpyxl.Workbook()
    for row in (["姓名", "详细地址"], ["甲", "向阳小区3栋"], ["乙", "火星路1号"], ["丙", "=1+1"], ["丁", "幸福苑三幢"]):
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    kind = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    answer = live.asking("county").post("/locate/workbook", content=held.getvalue(), headers=kind)
    assert answer.status_code == 200, answer.text
    made = openpyxl.load_workbook(io.BytesIO(answer.content))
    rows = list(made["数据"].iter_rows(values_only=True))[1:]
    assert [row[2] for row in rows] == ["确定", "未找到", "未找到", "确定"]
    assert [rows[0][3], rows[3][3]] == [FIRST, ELSEWHERE]
    assert "姓名" not in str(rows)
    assert "待核清单" in made.sheetnames
    for content in (b"", b"PK\x03\x04", b"<html>"):
        refused = live.asking("county").post("/locate/workbook", content=content, headers=kind)
        assert refused.status_code == 400
        assert "jiexiang-workbook" not in refused.text


def test_a_grid_is_the_bytes_that_postgis_wrote(live):
    answer = live.asking("county").get(f"/grids/{FIRST}")
    assert answer.headers["content-type"] == "application/geo+json"
    told = answer.json()
    assert told["id"] == FIRST
    assert told["properties"]["households"] == 400
    assert told["geometry"]["type"] == "MultiPolygon"
    again = live.asking("county").get(f"/grids/{FIRST}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_pages_go_on_where_the_last_one_ended(live):
    client = live.asking("county")
    address, seen = "/grids?limit=3", []
    while address:
        told = client.get(address).json()
        assert told["numberMatched"] == 4
        assert told["numberReturned"] == len(told["features"])
        seen += [one["id"] for one in told["features"]]
        address = next((link["href"] for link in told["links"] if link["rel"] == "next"), None)
    assert seen == sorted(seen)
    assert len(seen) == 4


def test_a_box_may_be_a_point_or_a_line(live):
    client = live.asking("county")
    lon, lat = point_in(1, 1)
    matched = {
        "point": client.get("/grids", params={"bbox": f"{lon},{lat},{lon},{lat}"}).json(),
        "line": client.get("/grids", params={"bbox": f"{lon},{lat},{lon + 0.005},{lat}"}).json(),
        "sea": client.get("/grids", params={"bbox": "80,30,80.1,30.1"}).json(),
    }
    assert [one["id"] for one in matched["point"]["features"]] == [FIRST]
    assert [one["id"] for one in matched["line"]["features"]] == [FIRST, ELSEWHERE]
    assert matched["sea"]["numberMatched"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3", "bbox=a,b,c,d", "bbox=NaN,30,120,31", "bbox=121,30,120,31", "bbox=120,31,121,30", "bbox=",
        "bbox=1,2,3,4,5,6", "bbox=-181,0,0,1", "limit=0", "limit=-1", "limit=1001", "limit=x", "limit=1e3", "limit=१",
        "offset=5", "crs=x", "filter=pg_sleep(1)", "at=2026-13-01", "at=20260101", "at=", "after=%00", "community=%00",
    ],
)  # fmt: skip
def test_parameters_that_peers_ignore_or_die_of_are_refused(live, query):
    assert live.asking("county").get(f"/grids?{query}").status_code == 400


def test_codes_that_cannot_be_codes_find_nothing(live):
    for code in ("' OR 1=1 --", "3.2E%2B14", "%E2%80%8B", "x" * 5000, "1" * 40, "..%2f..%2fetc%2fpasswd"):
        assert live.asking("county").get(f"/grids/{code}").status_code == 404, code
    assert live.asking("county").get("/grids/a%00b").status_code in (400, 404)


def test_sides_units_and_neighbours(live):
    client = live.asking("county")
    assert set(client.get(f"/grids/{FIRST}/sides").json()) == {"grid_code", "east", "south", "west", "north"}
    assert [one["id"] for one in client.get(f"/grids/{FIRST}/units").json()["features"]] == [f"{FIRST}-1"]
    [beside] = client.get(f"/grids/{SECOND}/neighbours").json()["neighbours"]
    assert beside["grid_code"] == FIRST
    assert beside["borders"][0]["barrier"] == "street"
    assert beside["lead"]["name"] == "李明"


def test_communities_and_towns(live):
    client = live.asking("county")
    assert [one["community_code"] for one in client.get("/communities").json()["communities"]] == [
        community_code(1),
        community_code(2),
    ]
    assert client.get(f"/communities/{community_code(1)}").json()["properties"]["grids"] == 2
    assert client.get("/towns").json()["towns"] == [
        {"town_code": TOWN, "name": "城关街道", "communities": 2, "grids": 4}
    ]


PLACES = ["/grids/{grid}", "/grids/{grid}/sides", "/grids/{grid}/neighbours", "/grids/{grid}/units"]


@pytest.mark.parametrize("path", [*PLACES, "/communities/{community}"])
@pytest.mark.parametrize(
    ("role", "inside", "outside"),
    [("community", (FIRST, community_code(1)), (ELSEWHERE, community_code(2))),
     ("worker", (FIRST, community_code(1)), (ELSEWHERE, community_code(2))),
     ("neighbour", (ELSEWHERE, community_code(2)), (FIRST, community_code(1)))],
)  # fmt: skip
def test_outside_the_area_nothing_is_there(live, path, role, inside, outside):
    client = live.asking(role)
    here, there = (path.format(grid=grid, community=community) for grid, community in (inside, outside))
    assert client.get(here).status_code == 200
    refused, nowhere = client.get(there), client.get(path.format(grid="1", community="1"))
    assert refused.status_code == nowhere.status_code == 404
    assert refused.json()["title"] == nowhere.json()["title"]


def test_lists_and_counts_end_at_the_border_of_the_area(live):
    assert live.asking("worker").get("/grids").json()["numberMatched"] == 1
    assert live.asking("community").get("/grids").json()["numberMatched"] == 2
    assert live.asking("community").get("/towns").json()["towns"][0]["grids"] == 2
    assert live.asking("community").get(f"/grids?community={community_code(2)}").json()["numberMatched"] == 0
    assert [one["name"] for one in live.asking("neighbour").get("/people").json()["people"]] == ["周强"]
    assert live.asking("neighbour").get(f"/people/{live.people['S1']}").status_code == 404
    grids = {one["grid_code"] for one in live.asking("community").get("/assignments").json()["assignments"]}
    assert grids == {FIRST}


def test_phone_numbers_are_for_those_who_need_them(live):
    for path in ("/people", "/assignments", f"/people/{live.people['S1']}", f"/grids/{SECOND}/neighbours"):
        assert "13800000001" in live.asking("county").get(path).text, path
        assert "138" not in live.asking("planner").get(path).text, path
        assert "138" not in live.asking("system").get(path).text, path


# -- signing in -------------------------------------------------------------------------------------------------------


def sign_in(live, name, password=PASSWORD, **headers):
    return live.asking("").post("/session", json={"name": name, "password": password}, headers=headers)


def test_a_person_signs_in_asks_and_signs_out(live):
    answer = sign_in(live, "u-worker")
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    token = {"Cookie": cookie.split(";")[0]}
    client = live.asking("")
    client.inner.cookies.clear()
    told = client.get("/me", headers=token).json()
    assert (told["name"], told["role"], told["area"]["scope"]) == ("u-worker", "worker", "grid")
    assert [one["grid_code"] for one in client.get("/me/grids", headers=token).json()["grids"]] == [FIRST]
    assert client.delete("/session", headers=token).status_code == 204
    client.inner.cookies.clear()
    assert client.get("/me", headers=token).status_code == 401


@pytest.mark.parametrize(("name", "password"), [("u-county", "wrong password 1"), ("nobody", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(live, name, password):
    answer = sign_in(live, name, password)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "用户名或密码不对"
    assert "set-cookie" not in answer.headers


def test_an_account_is_locked_after_failures(live):
    answers = [sign_in(live, "u-town", "wrong password 1") for _ in range(5)]
    assert answers[-1].status_code == 429
    assert sign_in(live, "u-town").status_code == 429


def test_a_page_of_another_site_cannot_use_a_session(live):
    cookie = sign_in(live, "u-county").headers["set-cookie"].split(";")[0]
    live.asking("").inner.cookies.clear()
    body = {"person_id": 1, "grid_code": FIRST, "role": "网格长", "since": "2030-01-01"}
    for header in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = live.asking("").post("/assignments", json=body, headers={"Cookie": cookie, **header})
        assert answer.status_code == 403
    assert sign_in(live, "u-county", Origin="https://evil.example").status_code == 403


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer jx_000000000000_secret", "Basic dTpw", "Bearer " + "x" * 5000, "Bearer \x80"],
)
def test_what_is_no_key_is_refused(live, header):
    assert live.asking("").get("/me", headers={"Authorization": header.encode("latin-1")}).status_code == 401


def test_a_key_is_refused_in_an_address(live):
    key = live.keys["county"]
    assert live.asking("").get(f"/me?key={key}").status_code in (400, 401)
    assert live.asking("").get(f"/locate?lon=105&lat=30&access_token={key}").status_code in (400, 401)


def test_a_key_that_is_revoked_is_refused_within_a_second(live):
    async def add_and_revoke(store):
        from app.store.areas import COUNTY
        from app.store.keys import add_key

        async with store.writing() as connection:
            return await add_key(connection, "short", COUNTY)

    key = live.run(add_and_revoke)
    header = {"Authorization": f"Bearer {key}"}
    assert live.asking("").get("/me", headers=header).json()["kind"] == "key"

    async def revoke(store):
        async with store.writing() as connection:
            await revoke_key(connection, key.split("_")[1])

    live.run(revoke)
    time.sleep(1.0)
    assert live.asking("").get("/me", headers=header).status_code == 401


# -- assignments ------------------------------------------------------------------------------------------------------


def assign(live, by="county", **changed):
    body = {"person_id": live.people["S2"], "grid_code": SECOND, "role": "专职网格员", "since": "2030-01-01", **changed}
    return live.asking(by).post("/assignments", json=body)


def test_an_assignment_is_made_moved_and_ended(live):
    made = assign(live, since=SINCE.isoformat())
    assert made.status_code == 201
    number = made.json()["id"]
    assert made.headers["location"] == f"/assignments/{number}"
    live.until_renewed()
    assert locate(live.asking("county"), point_in(1, 2))["lead"]["name"] == "何芳"
    moved = live.asking("county").post(f"/assignments/{number}/move", json={"grid_code": FIRST, "on": str(today())})
    assert moved.status_code == 201, moved.text
    live.until_renewed()
    assert locate(live.asking("county"), point_in(1, 2))["lead"] is None
    new = moved.json()["id"]
    ended = live.asking("county").post(f"/assignments/{new}/end", json={"on": str(today() + timedelta(days=1))})
    assert ended.status_code == 200
    history = (
        live.asking("county").get("/assignments", params={"person_id": live.people["S2"], "history": "true"}).json()
    )
    assert [one["grid_code"] for one in history["assignments"]] == [SECOND, FIRST]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"role": "网格长", "grid_code": FIRST, "since": "2026-06-01"}, 409),
        ({"person_id": 999_999}, 404), ({"grid_code": "1"}, 404), ({"grid_code": "3.2E+14"}, 404),
        ({"since": "2026-02-30"}, 400), ({"since": 20260101}, 400), ({"since": "1800-01-01"}, 409),
        ({"since": "2030-02-01", "until": "2030-01-01"}, 409), ({"role": "king"}, 400), ({"person_id": "1"}, 400),
        ({"person_id": 0}, 400), ({"person_id": 2**63}, 400), ({"extra": 1}, 400),
        ({"document_number": "x" * 501}, 400), ({"document_number": "a\x00b"}, 400),
    ],
)  # fmt: skip
def test_impossible_assignments_are_refused_and_nothing_is_written(live, changed, status):
    before = live.asking("county").get("/assignments?history=true&limit=1000").json()
    answer = assign(live, **changed)
    assert answer.status_code == status, answer.text
    assert live.asking("county").get("/assignments?history=true&limit=1000").json() == before


@pytest.mark.parametrize(("role", "status"), [("planner", 403), ("system", 403), ("worker", 403), ("neighbour", 403)])
def test_not_everybody_may_assign(live, role, status):
    assert assign(live, role, since="2031-01-01").status_code == status


def test_nobody_assigns_outside_the_own_area(live):
    assert assign(live, "community", grid_code=ELSEWHERE).status_code == 404
    assert assign(live, "community", person_id=live.people["S3"], since="2032-01-01").status_code == 404


def test_what_changed_meanwhile_is_not_changed_blindly(live):
    number = assign(live, since="2040-01-01").json()["id"]
    seen = live.asking("county").get(f"/assignments/{number}").headers["etag"]
    day = {"on": "2040-06-01"}
    client = live.asking("county")
    assert client.post(f"/assignments/{number}/end", json=day, headers={"If-Match": '"old"'}).status_code == 412
    assert client.post(f"/assignments/{number}/end", json=day, headers={"If-Match": seen}).status_code == 200
    assert client.post(f"/assignments/{number}/end", json=day, headers={"If-Match": seen}).status_code == 412


def test_of_two_writers_at_once_one_wins_and_the_other_is_told(live):
    import asyncio

    body = {"grid_code": SECOND, "role": "网格长", "since": "2050-01-01"}
    client = live.asking("county").inner

    async def both():
        return await asyncio.gather(
            *[client.post("/assignments", json={**body, "person_id": live.people[who]}) for who in ("S1", "S2", "S3")]
        )

    assert sorted(answer.status_code for answer in live.runner.run(both())) == [201, 409, 409]


# -- changes ----------------------------------------------------------------------------------------------------------


def test_changes_are_told_in_order_once_and_within_the_area(live):
    client = live.asking("county")
    seen, since = [], 0
    while True:
        told = client.get("/changes", params={"since": since, "limit": 3}).json()
        seen += [one["number"] for one in told["changes"]]
        if not told["changes"]:
            break
        since = told["last"]
    assert seen == sorted(set(seen))
    mine = live.asking("neighbour").get("/changes", params={"limit": 1000}).json()["changes"]
    assert {one["grid_code"] for one in mine} <= {ELSEWHERE, None}
    assert {one["community_code"] for one in mine} <= {community_code(2), None}


@pytest.mark.parametrize("query", ["since=-1", "since=x", f"since={2**53}", "limit=0", "limit=1001", "wait=61"])
def test_numbers_that_cannot_be_are_refused(live, query):
    assert live.asking("county").get(f"/changes?{query}").status_code == 400


def test_a_number_from_the_future_contradicts_what_is_there(live):
    answer = live.asking("county").get("/changes?since=99999999")
    assert answer.status_code == 409
    assert "请从 0 重新开始" in answer.json()["detail"]


@pytest.mark.parametrize("day", ["0", "1767225600", "20260101", "2026-01-01T00:00:00", "2026-1-1", "二〇二六年"])
@pytest.mark.parametrize("path", ["/assignments", "/standards", "/rooms", "/projects", "/grids", "/coverage"])
def test_a_day_is_a_written_day_and_no_number_of_seconds(live, path, day):
    assert live.asking("county").get(path, params={"at": day}).status_code == 400


@pytest.mark.parametrize("moment", ["0", "1767225600.5", "2026-01-01", "2026-01-01T00:00:00"])
def test_a_moment_says_where_the_clock_stood(live, moment):
    assert live.asking("county").get("/audit", params={"since": moment}).status_code == 400
    assert live.asking("county").get("/audit", params={"since": "2026-01-01T00:00:00+08:00"}).status_code == 200


def test_a_text_that_is_too_long_is_refused(live):
    for query in ({"community": "0" * 41}, {"after": "0" * 101}):
        assert live.asking("county").get("/grids", params=query).status_code == 400
    assert live.asking("county").get("/locate", params={"address": "街" * 501}).status_code == 400


def test_a_whole_number_may_be_written_with_a_point(live):
    """JSON Schema does not tell 3.0 from 3, and neither do some systems that write JSON."""
    asked = {"addresses": ["阳光花园3栋"], "limit": 2.0}
    assert live.asking("county").post("/locate", json=asked).status_code == 200
    assert live.asking("county").post("/locate", json={**asked, "limit": 2.5}).status_code == 400


def test_a_method_that_is_not_taken_names_those_of_this_address_alone(live):
    """`/standards/what-if` is no community, whatever `GET /standards/{community}` would take."""
    refused = live.asking("county").request("PUT", "/standards/what-if")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def test_a_change_is_awaited(live):
    import asyncio

    client = live.asking("county").inner

    async def wait_and_change():
        last = (await client.get("/changes?limit=1000")).json()["last"]
        waiting = asyncio.create_task(client.get(f"/changes?since={last}&wait=3"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        body = {"person_id": live.people["S2"], "grid_code": SECOND, "role": "专职网格员", "since": "2060-01-01"}
        await client.post("/assignments", json=body)
        began = time.monotonic()
        told = (await waiting).json()
        return told, time.monotonic() - began

    told, seconds = live.runner.run(wait_and_change())
    assert [one["kind"] for one in told["changes"]] == ["assignment.created"]
    assert seconds < 1.0


def test_few_may_wait_at_a_time(live):
    import asyncio

    client = live.asking("system").inner

    async def crowd():
        last = (await client.get("/changes?limit=1000")).json()["last"]
        return await asyncio.gather(*[client.get(f"/changes?since={last}&wait=1") for _ in range(6)])

    answers = live.runner.run(crowd())
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 429, 429]


# -- webhooks ---------------------------------------------------------------------------------------------------------


def test_another_system_is_told_signed_in_order_and_again_until_it_acknowledges(live):
    import asyncio
    import hashlib
    import hmac

    heard: list[tuple[dict[str, str], bytes]] = []
    answers = [500, 200, 200, 200, 200]

    async def hear(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.splitlines()[1:])}
        heard.append((headers, await reader.readexactly(int(headers["content-length"]))))
        status = answers[min(len(heard) - 1, len(answers) - 1)]
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def go():
        client = live.asking("county").inner
        async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            made = (await client.post("/webhooks", json={"url": f"http://127.0.0.1:{port}/hook"})).json()
            before = (await client.get("/webhooks")).json()["webhooks"][0]["delivered"]
            body = {
                "person_id": live.people["S2"],
                "grid_code": SECOND,
                "role": "网格党组织书记",
                "since": "2070-01-01",
            }
            assert (await client.post("/assignments", json=body)).status_code == 201
            async with asyncio.timeout(15):
                while (await client.get("/webhooks")).json()["webhooks"][0]["delivered"] == before:  # noqa: ASYNC110  it happens in the database
                    await asyncio.sleep(0.2)
            assert (await client.delete(f"/webhooks/{made['id']}")).status_code == 204
            return made

    made = live.runner.run(go())
    assert len(heard) >= 2
    for headers, body in heard[:2]:
        at, digest = (part.partition("=")[2] for part in headers["x-jiexiang-signature"].split(","))
        wanted = hmac.new(made["secret"].encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(digest, wanted)
        assert [one["kind"] for one in json.loads(body)["changes"]] == ["assignment.created"]
        assert "何芳" not in body.decode()


def until_told(live, number: int) -> dict:
    """Wait until an address has been told of a change, or could not be; return what is listed of it."""
    import asyncio

    async def record(store):
        async with store.writing() as connection:
            await record_changes(connection, [NewChange("plan.published", 1, None)])

    async def wait() -> dict:
        async with asyncio.timeout(8):
            while True:
                listed = (await live.asking("county").inner.get("/webhooks")).json()["webhooks"]
                [found] = [one for one in listed if one["id"] == number]
                if found["failures"] or found["delivered"] > before:
                    return found
                await asyncio.sleep(0.1)

    listed = live.asking("county").get("/webhooks").json()["webhooks"]
    before = next(one["delivered"] for one in listed if one["id"] == number)
    live.run(record)
    return live.runner.run(wait())


@pytest.mark.parametrize("url", ["http://a:b/x", "http://[::1", "http://1.2.3.999/", "http://xn--/", "http://a:99999/"])
def test_an_address_that_nothing_can_be_sent_to_keeps_no_other_waiting(live, url):
    async def add(store):
        async with store.writing() as connection:
            return [(await add_webhook(connection, one))[0] for one in (url, "http://127.0.0.1:9/")]

    bad, good = live.run(add)  # as they were added before addresses were looked at
    assert until_told(live, good)["last_error"] == "ConnectError"
    assert until_told(live, bad)["failures"] >= 1
    for number in (bad, good):
        assert live.asking("county").delete(f"/webhooks/{number}").status_code == 204


def test_the_body_of_an_acknowledgement_is_not_read(live):
    import asyncio

    async def pour(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(bytes(1 << 16))
                await writer.drain()

    server = live.runner.run(asyncio.start_server(pour, "127.0.0.1", 0))
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    number = live.asking("county").post("/webhooks", json={"url": url}).json()["id"]
    told = until_told(live, number)
    server.close()
    assert (told["failures"], told["last_error"]) == (0, "")
    assert live.asking("county").delete(f"/webhooks/{number}").status_code == 204


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x", "file:///etc/passwd", "http://user:pw@host/", "http:// x", "javascript:1", "http://a:b/x",
     "http://[::1", "http://1.2.3.999/", "http://xn--/", "http://a:99999/", "http://a:0/", "http://a..b/", "http://?x",
     f"http://{'a' * 64}/"],
)  # fmt: skip
def test_addresses_that_cannot_be_told_are_refused(live, url):
    assert live.asking("county").post("/webhooks", json={"url": url}).status_code == 400


def test_only_the_county_sets_up_webhooks(live):
    for role in ("planner", "community", "system"):
        assert live.asking(role).post("/webhooks", json={"url": "http://127.0.0.1/"}).status_code == 403


def test_a_key_of_the_county_that_is_bound_to_a_town_has_nothing_to_do_with_webhooks_and_audit(live):
    async def add(store):
        async with store.writing() as connection:
            return await add_key(connection, "town-county", await find_area(connection, TOWN), role="county")

    live.keys["town-county"] = live.run(add)
    made = live.asking("county").post("/webhooks", json={"url": "http://127.0.0.1:9/token-of-the-other-side"}).json()
    bound = live.asking("town-county")
    assert bound.get("/me").json()["role"] == "county"
    answers = [
        bound.get("/webhooks"),
        bound.post("/webhooks", json={"url": "http://127.0.0.1:9/"}),
        bound.delete(f"/webhooks/{made['id']}"),
        bound.get("/audit"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert live.asking("county").delete(f"/webhooks/{made['id']}").status_code == 204


# -- plans ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plan_bytes(tmp_path_factory):
    from app.files.plans import write_plan

    path = tmp_path_factory.mktemp("plan") / "plan.gpkg"
    write_plan(draw_plan(bands=3, note="今年"), path)
    return path.read_bytes()


def upload(client, content, kind="application/geopackage+sqlite3"):
    return client.post("/plans?title=今年", content=content, headers={"Content-Type": kind})


def test_a_plan_goes_all_the_way_and_look_ups_follow_within_a_second(live, plan_bytes):
    planner = live.asking("planner")
    made = upload(planner, plan_bytes)
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert upload(planner, plan_bytes).status_code == 409
    back = planner.get(f"/plans/{number}/file")
    assert back.content == plan_bytes
    notice = {"step": "public_notice", "notice_from": "2026-02-01", "notice_to": "2026-02-08", "why": "征求意见"}
    assert planner.post(f"/plans/{number}/steps", json={"step": "public_notice"}).status_code == 409
    assert planner.post(f"/plans/{number}/steps", json=notice).json()["status"] == "public_notice"
    objection = planner.post(f"/plans/{number}/objections", json={"text": "界线划错了", "lon": 105.001, "lat": 30.001})
    assert objection.status_code == 201
    answered = {"reply": "已改", "adopted": True}
    assert planner.post(f"/objections/{objection.json()['id']}/reply", json=answered).status_code == 200
    assert planner.get(f"/plans/{number}/objections").json()["objections"][0]["reply"] == "已改"
    assert planner.post(f"/plans/{number}/steps", json={"step": "reviewed"}).status_code == 409
    in_force = today()
    done = planner.post(f"/plans/{number}/publication", json={"effective": str(in_force), "document_number": "12号"})
    assert done.status_code == 200, done.text
    assert done.json()["grids"] == 6
    live.until_renewed()
    third = point_in(1, 3, bands=3)
    assert locate(planner, third)["grid"]["grid_code"] == f"{community_code(1)}003"
    assert planner.get("/grids").json()["numberMatched"] == 6
    earlier = {"lon": third[0], "lat": third[1], "at": str(in_force - timedelta(days=1))}
    assert planner.get("/locate", params=earlier).json()["grid"]["grid_code"] == SECOND
    steps = planner.get(f"/plans/{number}").json()["steps"]
    assert [one["step"] for one in steps][-2:] == ["public_notice", "published"]
    asked = {"on": str(in_force), "why": "有误", "again": live.plan_id}
    assert planner.post(f"/plans/{number}/withdrawal", json=asked).status_code == 200
    live.until_renewed()
    assert planner.get("/grids").json()["numberMatched"] == 4


def test_two_plans_are_laid_side_by_side(live, tmp_path):
    from app.files.plans import write_plan

    write_plan(draw_plan(bands=4, note="对照"), tmp_path / "plan.gpkg")
    planner = live.asking("planner")
    number = upload(planner, (tmp_path / "plan.gpkg").read_bytes()).json()["id"]
    told = planner.get(f"/plans/{number}/comparison?old={live.plan_id}").json()
    assert told["counted_by"] == "units"
    assert told["households"] == 400 * 8
    assert told["moved_households"] == 400 * 4
    assert {flow["change"] for flow in told["flows"] if flow["households"]} == {"拆分"}
    assert planner.get(f"/plans/{number}/comparison?old={number}").status_code == 409
    assert planner.get(f"/plans/{number}/comparison").status_code == 400
    assert planner.get(f"/plans/{number}/comparison?old=999999").status_code == 404
    assert live.asking("system").get(f"/plans/{number}/comparison?old={live.plan_id}").status_code == 403


@pytest.mark.parametrize("role", ["county", "planner"])
def test_files_that_are_no_plans_are_refused(live, role):
    for content in (b"", b"not a plan", b"<OGRVRTDataset/>", b"SQLite format 3\x00" * 10):
        answer = upload(live.asking(role), content)
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("bad-input")
        assert "jiexiang-upload" not in answer.text
    assert upload(live.asking(role), b"x", "text/html").status_code == 415


@pytest.mark.parametrize("role", ["town", "community", "worker", "system"])
def test_plans_are_handled_by_those_who_may(live, role, plan_bytes):
    client = live.asking(role)
    assert upload(client, plan_bytes).status_code == 403
    assert client.post(f"/plans/{live.plan_id}/publication", json={"effective": "2027-01-01"}).status_code == 403
    assert client.delete(f"/plans/{live.plan_id}").status_code == 403
    assert client.get("/plans").status_code == 200


def test_a_plan_with_a_broken_promise_is_not_published(live, tmp_path):
    from app.files.plans import write_plan

    path = tmp_path / "plan.gpkg"
    write_plan(draw_plan(gap=0.0001, note="有缝"), path)
    number = upload(live.asking("planner"), path.read_bytes()).json()["id"]
    answer = live.asking("planner").post(f"/plans/{number}/publication", json={"effective": "2027-01-01"})
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("refused")
    assert live.asking("planner").delete(f"/plans/{number}").status_code == 204


def test_a_draft_of_another_county_is_refused(live, tmp_path):
    from app.files.plans import write_plan

    path = tmp_path / "plan.gpkg"
    write_plan(draw_plan(county="888801001", note="别县"), path)
    assert upload(live.asking("planner"), path.read_bytes()).status_code == 409


def test_every_answer_is_json_or_a_problem(live):
    for path in ("/plans/999999", "/people/999999", "/assignments/999999", "/plans/0", "/people/x"):
        answer = live.asking("county").get(path)
        assert answer.status_code in (400, 404)
        assert json.loads(answer.content)["status"] == answer.status_code


def test_days_of_china_are_meant(live):
    assert live.service.boards.current.day == today()
    assert isinstance(today(), date)


def test_a_paper_is_filed_over_http_and_comes_back_as_a_file_to_keep(live, plan_bytes):
    planner = live.asking("planner")
    number = planner.get("/plans").json()["plans"][0]["id"]
    octets = {"Content-Type": "application/octet-stream"}
    filed = planner.post(f"/plans/{number}/papers?name=批复.pdf", content=b"%PDF-1.7 <script>", headers=octets)
    assert filed.status_code == 201, filed.text
    assert planner.get(f"/plans/{number}/papers").json()["papers"][-1] == filed.json()
    back = planner.get(filed.headers["location"])
    assert back.content == b"%PDF-1.7 <script>"
    assert back.headers["content-type"] == "application/octet-stream"
    assert back.headers["content-disposition"].startswith("attachment;")
    assert "filename*=UTF-8''%E6%89%B9%E5%A4%8D.pdf" in back.headers["content-disposition"]
    again = planner.post(f"/plans/{number}/papers?name=批复.pdf", content=b"%PDF-1.7 <script>", headers=octets)
    assert again.status_code == 409
    typed = planner.post(f"/plans/{number}/papers?name=a.pdf", content=b"x", headers={"Content-Type": "text/html"})
    assert typed.status_code == 415
    assert planner.get(f"/plans/{number}/papers/{2**40}").status_code == 404
