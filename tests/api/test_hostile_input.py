"""Bodies, numbers, headers and addresses made to break something: refused in words, never a fault of ours."""

from __future__ import annotations

import io
import resource
import zipfile

import openpyxl
import pytest
from live_service import FIRST, point_in
from test_access_matrix import EXPECTED

XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
LAUGHS = "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]><worksheet>&a9;</worksheet>'
SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet>&e;</worksheet>'
AFTER = ("/people", "/rooms", "/projects", "/facilities", "/standards")
POSTS = sorted(operation.partition(" ")[2] for operation in EXPECTED if operation.startswith("POST "))


def replace_sheet(content: bytes) -> bytes:
    """Make a workbook whose first sheet is something else."""
    book, held, made = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["详细地址"])
    book.save(held)
    with zipfile.ZipFile(held) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == "xl/worksheets/sheet1.xml" else old.read(name))
    return made.getvalue()


@pytest.mark.parametrize("sheet", [BOMB.encode(), OUTSIDE.encode(), b" " * 300_000_000, b"<worksheet>" * 100_000])
def test_workbooks_that_blow_up_are_refused(live, sheet):
    answer = live.asking("county").post("/locate/workbook", content=replace_sheet(sheet), headers=XLSX)
    assert answer.status_code in (400, 413)
    assert "root:" not in answer.text


def far(row: int, column: str = "A") -> bytes:
    """Write a sheet of addresses with a cell far from them."""
    cell = f'<row r="{row}"><c r="{column}{row}" t="n"><v>1</v></c></row>'
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>详细地址</t></is></c></row>'
    return f'<worksheet xmlns="{SHEETS}"><sheetData>{head}{cell}</sheetData></worksheet>'.encode()


@pytest.mark.parametrize(
    ("sheet", "status"), [(far(100_000_000), 413), (far(2**63), 413), (far(2, "ZZZ"), 400), (far(1_048_576), 200)]
)
def test_a_cell_far_from_the_addresses_costs_nothing(live, sheet, status):
    before = [resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    answer = live.asking("county").post("/locate/workbook", content=replace_sheet(sheet), headers=XLSX)
    after = [resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    assert answer.status_code == status, answer.text
    assert sum(after) - sum(before) < 8


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"a":' * 50_000, b'{"points": [[NaN, Infinity]]}', b'{"points": [[1e999, 1]]}', b"\xff\xfe{}",
     b'{"name": "\\ud800", "password": "x"}', b"9" * 5_000, b'{"on": 1' + b"0" * 5_000 + b"}", b"null", b'""', b""],
)  # fmt: skip
def test_bodies_that_cannot_be_read_are_refused(live, path, body):
    address = path.replace("{number}", "1")
    answer = live.asking("county").post(address, content=body, headers={"Content-Type": "application/json"})
    live.asking("county").inner.cookies.clear()
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    "address",
    ["/grids/../../etc/passwd", "/grids/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/static/..%2f/app", "/plans/1e9", "/plans/٣",
     "/plans/-1", "/people/99999999999999999999999", "/grids/%F0%9F%92%A9", "/grids/%ff%fe", "/grids/a%E2%80%AEb",
     "/grids?community='%3BDROP TABLE grids--", "/people?after=%27%20OR%201%3D1--", "/communities/%00",
     "/rooms/%27%22"],
)  # fmt: skip
def test_addresses_that_look_for_something_else_find_nothing(live, address):
    answer = live.asking("county").get(address)
    assert answer.status_code < 500
    assert "root:" not in answer.text
    assert live.asking("county").get("/grids").json()["numberMatched"] == 4


BEYOND = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
NOTE = {"id": "beyond-every-year", "grid_code": FIRST, "text": "x", "lon": point_in(1, 1)[0], "lat": point_in(1, 1)[1]}

ASSIGNED = {"person_id": 1, "role": "兼职网格员", "since": "2033-01-01"}


@pytest.mark.parametrize(
    ("method", "address", "options"),
    [
        *(("GET", "/audit", {"params": {"since": moment}}) for moment in BEYOND),
        *(("GET", "/audit", {"params": {"until": moment}}) for moment in BEYOND),
        *(("POST", "/m/notes", {"json": {**NOTE, "noted_at": moment}}) for moment in BEYOND),
        ("POST", "/session", {"json": {"name": "a\0b", "password": "wrong pass 1"}}),
        ("POST", "/session", {"json": {"name": "ab", "password": "wrong\0pass 1"}}),
        ("POST", "/sign-in", {"data": {"name": "a\0b", "password": "wrong pass 1"}}),
        ("POST", "/sign-in", {"data": {"name": "ab", "password": "wrong\0pass 1"}}),
        *(("GET", address, {"params": {"after": "a\0b"}}) for address in AFTER),
        *(("GET", address, {}) for address in ("/rooms/a%00b", "/projects/a%00b", "/facilities/a%00b")),
        ("GET", "/assignments", {"params": {"grid_code": "a\0b"}}),
        ("POST", "/assignments", {"json": {**ASSIGNED, "grid_code": "a\0b"}}),
        ("POST", "/m/notes", {"json": {**NOTE, "noted_at": "2026-01-31T08:00:00Z", "grid_code": "a\0b"}}),
    ],
)
def test_what_the_database_cannot_hold_is_refused_before_it_is_asked(live, method, address, options):
    answer = live.asking("county").request(method, address, **options)
    live.asking("county").inner.cookies.clear()
    assert answer.status_code in (400, 404), answer.text
    assert "argument" not in answer.text
    if address == "/sign-in":
        assert "<form" in answer.text


@pytest.mark.parametrize(
    "headers",
    [{"If-None-Match": '"' + "x" * 10_000}, {"Accept": "\x7f"}, {"Accept-Language": "zh;q=NaN"}, {"Range": "bytes=0-1"},
     {"X-Request-Id": "a" * 10_000}, {"Content-Length": "-1"}, {"Content-Length": "9" * 5_000},
     {"Cookie": "jiexiang=; " * 99},
     {"X-HTTP-Method-Override": "DELETE"}, {"Host": "evil.example"}, {"Authorization": "Bearer jx_%s_%s"}],
)  # fmt: skip
def test_headers_that_trick_others_trick_nobody(live, headers):
    answer = live.asking("county").get("/grids", headers=headers)
    assert answer.status_code in (200, 401, 413)
    assert "evil.example" not in answer.text
