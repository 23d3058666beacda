"""Workbooks of addresses from strangers: read in a process of its own, or refused with a reason."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest

from app.files.address_lists import take_in_addresses
from app.geo.errors import InputError

NAME = "地址.xlsx"


@pytest.fixture
def path(tmp_path) -> Path:
    workbook = openpyxl.Workbook()
    for row in (["姓名", "详细地址"], ["甲", " 向阳小区3栋 "], ["乙", None], ["丙", "x" * 900]):
        workbook.active.append(row)
    workbook.save(tmp_path / "sent.xlsx")
    return tmp_path / "sent.xlsx"


def kind_of(path: Path, **limits) -> str:
    with pytest.raises(InputError) as caught:
        take_in_addresses(path, name=NAME, **{"most": 5_000, **limits})
    fault = caught.value.faults[0]
    assert fault.source == NAME
    assert str(path.parent) not in str(caught.value)
    return fault.kind


def test_the_column_of_addresses_comes_through(path):
    assert take_in_addresses(path, name=NAME, most=3) == ["向阳小区3栋", "", "x" * 500]


@pytest.mark.parametrize(
    ("limits", "kind"),
    [({"most": 2}, "sheet_rows"), ({"seconds": 0.01}, "list_unread"), ({"memory_bytes": 1 << 26}, "list_unread")],
)
def test_what_needs_more_than_a_list_does_is_refused(path, limits, kind):
    assert kind_of(path, **limits) == kind


def test_a_row_that_unpacks_to_gigabytes_takes_none_of_ours(path):
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[sheet] = parts[sheet].replace(b"</row></sheetData>", b"<c/>" * 20_000_000 + b"</row></sheetData>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert path.stat().st_size < 200_000
    assert kind_of(path) == "list_unread"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>", b"\xd0\xcf\x11\xe0"])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    (tmp_path / "sent.xlsx").write_bytes(content)
    assert kind_of(tmp_path / "sent.xlsx") in {"damaged", "pretends", "workbook_old_or_locked"}
